"""Languages of the pages: which one a visitor reads, its catalogue, its figures, and its calendar.

The catalogues are `translations/LANGUAGE/LC_MESSAGES/messages.po`, read as they are when a page first needs
them: there is nothing to compile. `python -m web.catalogues` brings them up to date with the pages.
"""

import functools
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import jdatetime
from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, get_decimal_symbol
from babel.support import NullTranslations, Translations
from flask import Blueprint, Flask, has_request_context, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import Babel, Domain, get_locale
from flask_babel import gettext as _gettext
from flask_babel import ngettext as _ngettext

LANGUAGES = {"en": "English", "it": "Italiano", "fa": "فارسی"}
"""Code → what the language calls itself."""

RIGHT_TO_LEFT = frozenset({"fa"})

CHOSEN = "comport-language"
"""The cookie of a language that was chosen; without it the browser's own languages decide."""

CHOSEN_S = 365 * 24 * 3600

HERE = Path(__file__).parent
TRANSLATED = HERE / "translations"


class _Written(Domain):  # type: ignore[misc]
    """Translations out of the catalogues as they are written."""

    def get_translations(self) -> NullTranslations:
        return _translations(language())

    def get_translations_cache(self, ctx: object) -> dict[str, NullTranslations]:
        return {}


def register(app: Flask) -> None:
    """Lets every page be read in the language of its visitor."""
    babel = Babel(app, locale_selector=_chosen)
    babel.domain_instance = _Written()
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.add_template_filter(figures)
    app.add_template_global(LANGUAGES, "LANGUAGES")  # type: ignore[arg-type]
    app.context_processor(
        lambda: {
            "language": language(),
            "direction": "rtl" if language() in RIGHT_TO_LEFT else "ltr",
            "script_words": script_words(language()),
        }
    )


def room() -> Blueprint:
    """The address that keeps a chosen language."""
    blueprint = Blueprint("languages", __name__)
    blueprint.add_url_rule("/language", "choose", choose, methods=["POST"])
    return blueprint


def choose() -> ResponseReturnValue:
    from web.accounts import own_path

    target = own_path(request.form.get("next", "")) or url_for("overview.start")
    answer = make_response(redirect(target, 303))
    wanted = request.form.get("language", "")
    if wanted in LANGUAGES:
        answer.set_cookie(CHOSEN, wanted, max_age=CHOSEN_S, secure=request.is_secure, samesite="Lax")
    return answer


def _chosen() -> str:
    if not has_request_context():
        return "en"
    kept = request.cookies.get(CHOSEN, "")
    return kept if kept in LANGUAGES else request.accept_languages.best_match(LANGUAGES, "en")


def language() -> str:
    """The code of the language that this page is read in."""
    locale = get_locale()
    return locale.language if locale else "en"


@functools.cache
def _translations(code: str) -> NullTranslations:
    if code == "en":
        return NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(code))
    compiled.seek(0)
    return Translations(compiled)


def catalogue(code: str) -> Catalog:
    """The catalogue of a language, as it is written."""
    with file_of(code).open("rb") as file:
        return read_po(file, locale=code)


def file_of(code: str) -> Path:
    """Where the catalogue of a language lies."""
    return TRANSLATED / code / "LC_MESSAGES" / "messages.po"


@functools.cache
def script_words(code: str) -> dict[str, str]:
    """What scripts say, English → this language."""
    if code == "en":
        return {}
    scripts = (m for m in catalogue(code) if any(file.endswith(".ts") for file, _ in m.locations))
    return {str(message.id): str(message.string) for message in scripts}


def gettext(english: str, **values: object) -> str:
    """A sentence in the language of the page, with `%(name)s` filled in."""
    return str(_gettext(english, **values))


def ngettext(one: str, many: str, count: int, **values: object) -> str:
    """A sentence for this many of something."""
    return str(_ngettext(one, many, count, **values))


def number(value: float | None, decimals: int = 1) -> str:
    """A number as pages show it, in the figures of the language; an en dash when there is none."""
    if value is None:
        return "–"
    pattern = f"0.{'0' * decimals}" if decimals else "0"
    written = format_decimal(value, format=pattern, locale=language(), numbering_system="default")
    return written.translate(_PERSIAN) if language() == "fa" else written


def plain(value: float) -> str:
    """A number with as few digits as it needs: a weight of 3 or 2.5."""
    return figures(f"{value:g}")


def percent(share: float | None, decimals: int = 0) -> str:
    """A share 0 to 1 in percent: `95 %`."""
    sign = "٪" if language() == "fa" else "%"
    return "–" if share is None else f"{number(100 * share, decimals)}\N{NO-BREAK SPACE}{sign}"


def figures(text: object) -> str:
    """A text with its figures and decimal points as the language writes them: times, sums, counts."""
    code = language()
    if code == "en":
        return str(text)
    symbol = get_decimal_symbol(code, numbering_system="default")
    written = re.sub(r"(?<=\d)\.(?=\d)", symbol, str(text))
    return written.translate(_PERSIAN) if code == "fa" else written


_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def day(at: datetime | str) -> str:
    """A day and minute in UTC, as `2026-03-02 09:15 UTC`: the store keeps no other zone.

    In Persian the Jalali date stands before it.
    """
    exact = (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(UTC)
    shown = exact.strftime("%Y-%m-%d %H:%M UTC")
    if language() != "fa":
        return shown
    jalali = jdatetime.date.fromgregorian(date=exact.date(), locale="fa_IR")
    isolated = f"\N{LEFT-TO-RIGHT ISOLATE}{shown}\N{POP DIRECTIONAL ISOLATE}"
    return f"{figures(jalali.strftime('%-d %B %Y'))} ({isolated})"


def date(at: datetime) -> str:
    """A day alone, as `2026-03-02`; in Persian the Jalali one before it."""
    return day(at).replace(at.astimezone(UTC).strftime(" %H:%M UTC"), "")


def short_day(at: datetime) -> str:
    """A day under a chart: `7 Sep`, in Persian the Jalali one."""
    if language() == "fa":
        return figures(jdatetime.date.fromgregorian(date=at.date(), locale="fa_IR").strftime("%-d %b"))
    return str(format_date(at, "d MMM", locale=language()))
