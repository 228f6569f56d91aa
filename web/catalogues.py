"""Brings the catalogues up to date with what the pages say: python -m web.catalogues

It prints what is still untranslated. What no page says any more leaves a catalogue.
"""

import io
import sys

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from web.languages import HERE, catalogue, file_of

_HEADER = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: {plurals}\\n"\n\n'
)
_PLURALS = {"it": "nplurals=2; plural=(n != 1);", "fa": "nplurals=2; plural=(n > 1);"}
"""Source: gettext's manual, "Plural forms"; of Italian without the form of millions."""


def wanted() -> Catalog:
    """Everything that pages and scripts say, out of their sources."""
    catalog = Catalog()
    kinds = [("templates/**.html", "jinja2"), ("ui/src/**.ts", "javascript"), ("*.py", "python")]
    ignore = [("ui/node_modules/**", "ignore"), ("static/**", "ignore")]
    options = {"templates/**.html": {"trimmed": "true"}, "ui/src/**.ts": {"parse_template_string": "true"}}
    keywords = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
    found = extract_from_dir(HERE, [*ignore, *kinds], options, keywords)
    for file, _, message, _, context in found:
        catalog.add(message, locations=[(file, 0)], context=context)
    return catalog


def update() -> dict[str, list[str]]:
    """Brings every catalogue up to date with the sources; gives what is still untranslated in each."""
    template, missing = wanted(), {}
    for code, plurals in _PLURALS.items():
        catalog = catalogue(code)
        catalog.update(template, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        written = io.BytesIO()
        write_po(written, catalog, width=0, sort_output=True, omit_header=True, include_lineno=False)
        text = _HEADER.format(plurals=plurals) + written.getvalue().decode()
        file_of(code).write_text(text, "utf-8")
        missing[code] = [str(m.id) for m in catalog if m.id and not all(forms(m))]
    return missing


def forms(message: Message) -> tuple[str, ...]:
    """A translation in each of its forms; one that is empty is still to be written."""
    string = message.string or ""
    return (string,) if isinstance(string, str) else tuple(string)


if __name__ == "__main__":
    for of, left in update().items():
        sys.stdout.write("\n  ".join([f"{of}: {len(left)} untranslated", *left]) + "\n")
