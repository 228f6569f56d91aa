"""What the machine says, in the language of the page: reasons of verdicts and caveats of scorecards.

They are kept as English sentences: that is the record. Each is put together of the sentences in
`web/sentences.py`; a page finds which ones, and says the same in its own language. What stands in a slot
keeps its direction (`<bdi>`). A sentence that is not known stays English, and is marked as such.
"""

import functools
import re
from collections.abc import Callable
from itertools import chain, groupby

from markupsafe import Markup, escape

from web.languages import figures, gettext, language
from web.sentences import CUES, MEASURES, NEEDS, ROLES, SENTENCES, THE, UNITS, VOICES

JOINED = "; "
"""What stands between the parts of a reason."""

_NAME = r"'[^']+'"
_UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_VALUE = rf"-?\d+(?:[.:]\d+)?(?:e-?\d+)?(?: min \d\d s| ?(?:{_UNIT})(?!\w))?"


def _one_of(names: dict[str, str]) -> str:
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))


_VOICE = rf"{_one_of(VOICES)}|voice \d+|{_NAME}|[\w.-]+(?: \d+)?"
_TIME = r"\d+:\d\d(?::\d\d)?"

_SLOTS = {
    "name": _NAME,
    "names": rf"{_NAME}(?:(?:, | or ){_NAME})*",
    "events": rf"{_NAME} at {_TIME}(?:(?!; ).)*",
    "time": _TIME,
    "count": r"-?\d+(?:\.\d+)?",
    "value": _VALUE,
    "wanted": rf"(?:at most|at least) {_VALUE}|between {_VALUE} and {_VALUE}",
    "limits": rf"from {_VALUE}(?: up to {_VALUE})?|up to {_VALUE}|",
    "role": _one_of(ROLES),
    "who": _one_of(THE),
    "measure": _one_of(MEASURES),
    "needs": rf"(?:{_one_of(NEEDS)})(?:, (?:{_one_of(NEEDS)}))*",
    "voice": _VOICE,
    "formulas": rf"\d+ by (?:{_VOICE})(?: against \d+ by (?:{_VOICE}))*",
    "cues": rf"(?:{_one_of(CUES)})(?:, (?:{_one_of(CUES)}))*",
    "label": r"[\w.-]+(?: \d+)?",
    "words": r"[a-z_ ]+",
    "text": r".+",
    "own": r".+",
    "rest": r".+",
}
"""Kind of slot → what may stand in it. A slot is called by its kind, with a digit where there are several."""


@functools.cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    def pattern(sentence: str) -> re.Pattern[str]:
        parts = re.split(r"%\((\w+)\)s", sentence.replace("%%", "%"))
        made = "".join(
            f"(?P<{part}>{_SLOTS[part.rstrip('0123456789')]})" if number % 2 else re.escape(part)
            for number, part in enumerate(parts)
        )
        return re.compile(made, re.DOTALL | re.IGNORECASE)

    return tuple((sentence, pattern(sentence)) for sentence in SENTENCES)


def reason(text: str) -> str | Markup:
    """A reason or caveat as the page says it."""
    return text if language() == "en" else _said(language(), text)


@functools.lru_cache(maxsize=20_000)
def _said(_language: str, text: str) -> Markup:
    end = "." if text.endswith(".") else ""
    found = _match(text) or (_match(text[:-1]) if end else None)
    if found is not None:
        sentence, slots = found
        try:
            said = _escaped(sentence) % {name: _slot(name, value) for name, value in slots.items()}
        except KeyError:  # letters that only look like those of a word that is known
            return in_english(text)
        return said + ("" if not end or sentence.endswith(".") else ".")
    if JOINED not in text:
        return in_english(text)
    # What stays English together reads in its own direction together.
    runs = groupby(text.split(JOINED), lambda part: _said(_language, part) == in_english(part))
    said_in_order = (
        [in_english(JOINED.join(parts))] if stays else [_said(_language, part) for part in parts]
        for stays, parts in runs
    )
    return escape(gettext(JOINED)).join(chain.from_iterable(said_in_order))


def in_english(text: str) -> Markup:
    """A text that has no translation, marked as English and read in the direction of English."""
    return Markup('<span lang="en" dir="ltr">{}</span>').format(text)


def _escaped(sentence: str) -> Markup:
    """A sentence in the language of the page, with its slots still open."""
    said = gettext(sentence)
    return escape(said.replace("%%", "٪") if language() == "fa" else said)


def _match(text: str) -> tuple[str, dict[str, str]] | None:
    for sentence, pattern in _patterns():
        if found := pattern.fullmatch(text):
            return sentence, found.groupdict()
    return None


def _slot(name: str, value: str) -> Markup:
    return _SHOWN[name.rstrip("0123456789")](value)


def _bdi(text: object) -> Markup:
    return Markup("<bdi>{}</bdi>").format(text)


def _names(value: str) -> Markup:
    found = [_bdi(f"“{name}”") for name in re.findall(r"'([^']+)'", value)]
    return escape(gettext(" or ") if " or " in value else gettext(", ")).join(found)


_EVENT = re.compile(
    rf"'([^']+)' at ({_TIME})((?:(?!, {_NAME} at {_TIME}| and \d+ more$).)*)", re.DOTALL | re.IGNORECASE
)


def _events(value: str) -> Markup:
    more = re.search(r" and (\d+) more$", value)
    parts = [
        escape(gettext("%(name)s at %(time)s")) % {"name": _bdi(f"“{name}”"), "time": _bdi(figures(at))}
        + (Markup(" ") + _bdi(detail.strip()) if detail.strip() else Markup(""))
        for name, at, detail in _EVENT.findall(value)
    ]
    said = escape(gettext(", ")).join(parts)
    return said + escape(gettext(" and %(count)s more", count=figures(more[1]))) if more else said


def measured(value: str) -> Markup:
    """A value as the judge writes it (`0.7 s`, `1 min 05 s`), in figures and units of the page's language."""
    long = re.fullmatch(r"(-?\d+) min (\d\d) s", value)
    if long:
        return Markup("{} {}").format(measured(f"{long[1]} min"), measured(f"{int(long[2])} s"))
    found = re.fullmatch(rf"(-?\d+(?:[.:]\d+)?(?:e-?\d+)?) ?({_UNIT})?", value)
    if not found:
        return _bdi(value)
    unit = gettext(UNITS[found[2]]) if found[2] else ""
    return _bdi(f"{figures(found[1])}\N{NO-BREAK SPACE}{unit}".strip())


def _wanted(value: str) -> Markup:
    for sentence in ("between %(value)s and %(value2)s", "at most %(value)s", "at least %(value)s"):
        first = sentence.partition("%")[0]
        if value.startswith(first):
            ends = dict(zip(("value", "value2"), value.removeprefix(first).split(" and "), strict=False))
            said = escape(gettext(sentence))
            return said % {name: measured(end) for name, end in ends.items()}
    return _bdi(value)


def _limits(value: str) -> Markup:
    parts = re.findall(rf"(from|up to) ({_VALUE})", value.lower())
    words = {"from": "from %(value)s on", "up to": "up to %(value)s"}
    return Markup(" ").join(escape(gettext(words[word])) % {"value": measured(end)} for word, end in parts)


def _of(table: dict[str, str]) -> Callable[[str], Markup]:
    return lambda value: escape(gettext(table[value.lower()]))


def _all_of(table: dict[str, str]) -> Callable[[str], Markup]:
    one_of = _of(table)
    return lambda value: escape(gettext(", ")).join(map(one_of, value.split(", ")))


def _voice(value: str) -> Markup:
    if value.lower() in VOICES:
        return escape(gettext(VOICES[value.lower()]))
    numbered = re.fullmatch(r"voice (\d+)", value, re.IGNORECASE)
    if numbered:
        return escape(gettext("voice %(count)s", count=figures(numbered[1])))
    return _names(value) if value.startswith("'") else _bdi(value)


def _formulas(value: str) -> Markup:
    said = re.findall(rf"(\d+) by ({_VOICE})", value, re.IGNORECASE)
    return escape(gettext(" against ")).join(
        escape(gettext("%(count)s by %(voice)s")) % {"count": _bdi(figures(count)), "voice": _voice(voice)}
        for count, voice in said
    )


_SHOWN: dict[str, Callable[[str], Markup]] = {
    "name": _names,
    "names": _names,
    "events": _events,
    "time": lambda value: _bdi(figures(value)),
    "count": lambda value: _bdi(figures(value)),
    "value": measured,
    "wanted": _wanted,
    "limits": _limits,
    "role": _of(ROLES),
    "who": _of(THE),
    "measure": _of(MEASURES),
    "needs": _all_of(NEEDS),
    "cues": _all_of(CUES),
    "voice": _voice,
    "formulas": _formulas,
    "label": _bdi,
    "words": _bdi,
    "text": lambda value: Markup('<bdi lang="en">{}</bdi>').format(value),
    "own": _bdi,
    "rest": lambda value: _said(language(), value),
}
