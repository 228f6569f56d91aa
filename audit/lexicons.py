"""Word lists that any rubric may borrow: lexicons, one YAML file each, whose lists are phrases by name.

A rubric names them under `use`. Only lists that its standards name and that it does not define itself are
taken, and they become phrases of the rubric: what is stored and shown needs no lexicon to be understood.
"""

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from audit import yamlfile
from audit.pattern import BadPattern, unfold
from audit.rubric import SLUG
from audit.rules import Texts
from audit.signals import kinds
from audit.yamlfile import Checked, Document, Path_, beside, nearest, texts_in
from models.language import UnknownLanguage, tokeniser

FOLDER = Path(__file__).parent.parent / "rubrics"
"""Where the lexicons that come with Comport lie: `lexicons/en` is the file `lexicons/en.yaml` here."""


TOLD = ("id", "title", "why", "purpose", "how", "value", "source", "basis", "ask", "examples")
"""Keys of a standard under which no phrase is named."""


class List(Checked):
    """One list: what its phrases have in common, where they come from, and the patterns."""

    means: str = Field(min_length=1)
    source: str = Field(min_length=1)
    phrases: Texts = Field(min_length=1)


class Lexicon(Checked):
    """Lists of phrases in one language; `slots` are those that its patterns use."""

    lexicon: str
    version: int = Field(ge=1, le=1_000_000)
    title: str
    language: str
    slots: dict[str, Texts] = {}
    lists: dict[str, List] = Field(min_length=1)

    def slots_of(self, name: str) -> dict[str, tuple[str, ...]]:
        """The slots that a list needs: all, if there is one in its patterns, for a word of a slot is nobody's
        `{name}`."""
        return self.slots if any("{" in pattern for pattern in self.lists[name].phrases) else {}


def lexicon_names() -> tuple[str, ...]:
    """The lexicons that come with Comport, as `lexicons/en`."""
    found = (FOLDER / "lexicons").glob("*.yaml")
    return tuple(sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in found))


@functools.cache
def packaged(name: str) -> Lexicon:
    """A lexicon that comes with Comport, by one of `lexicon_names`."""
    return load_lexicon(FOLDER / f"{name}.yaml")


def load_lexicon(path: Path) -> Lexicon:
    """The lexicon in a YAML file.

    Raises:
        yamlfile.BadFile: with every problem of the file, each at its line.
    """
    document = yamlfile.read_document(path)
    lexicon = yamlfile.check(document, Lexicon)
    if lexicon:
        _check_lists(document, lexicon)
    document.raise_problems()
    if lexicon is None:
        raise RuntimeError(f"{path}: refused without a problem")
    return lexicon


def _check_lists(document: Document, lexicon: Lexicon) -> None:
    try:
        tokeniser(lexicon.language)
    except UnknownLanguage as error:
        document.report(("language",), str(error))
        return
    for name, one in lexicon.lists.items():
        if not re.match(SLUG, name):
            document.report(("lists", name), f"'{name}': names are small letters, digits and hyphens")
        if name in kinds():
            text = f"'{name}' is the name of an event or measure; name the list otherwise"
            document.report(("lists", name), text)
        for index, pattern in enumerate(one.phrases):
            try:
                unfold(pattern, lexicon.language, lexicon.slots)
            except BadPattern as error:
                document.report(("lists", name, "phrases", index), str(error), where=name)


def lend(document: Document) -> tuple[str, ...]:
    """Puts the lists that a rubric names into its plain values, as phrases, and gives the names of all lists
    that it could borrow. Problems are reported in `document`."""
    lexicons = list(_read_used(document))
    names = tuple(dict.fromkeys(name for _, lexicon in lexicons for name in lexicon.lists))
    own, slots = (document.value.get(key, {}) for key in ("phrases", "slots"))
    if not isinstance(own, dict) or not isinstance(slots, dict):
        return names
    named = wanted(document.value)
    for at, lexicon in lexicons:
        for name in lexicon.lists:
            if name in named and name not in document.value.get("phrases", {}):
                _put(document, "phrases", name, lexicon.lists[name].phrases, at)
                for slot, values in lexicon.slots_of(name).items():
                    if slot not in document.value.get("slots", {}):
                        _put(document, "slots", slot, values, at)
    return names


def _put(document: Document, key: str, name: str, values: tuple[str, ...], at: Path_) -> None:
    if key not in document.value:
        document.put((key,), {}, at)
    document.put((key, name), list(values), at)


def wanted(rubric: dict[str, Any]) -> set[str]:
    """Every name in rules and phases, and the phrases that the events and measures among them look for."""
    texts = {text for key in ("sections", "phases") for text in texts_in(rubric.get(key), TOLD)}
    return texts | {getattr(kinds()[name], "phrase", "") for name in texts & kinds().keys()}


def _read_used(document: Document) -> Iterator[tuple[Path_, Lexicon]]:
    """The lexicons that the rubric names, in that order, each with where it names it."""
    written, language = document.value.get("use"), document.value.get("language")
    named = [written] if isinstance(written, str) else written if isinstance(written, list) else []
    for number, name in enumerate(named):
        at: Path_ = ("use", number)
        lexicon = _find(document, name, at) if isinstance(name, str) else None
        if lexicon and isinstance(language, str) and lexicon.language != language:
            text = f"'{name}' is in '{lexicon.language}', but the rubric in '{language}'"
            document.report(at, text)
        elif lexicon:
            yield at, lexicon


def _find(document: Document, name: str, at: Path_) -> Lexicon | None:
    """The lexicon of this name: one that comes with Comport, or a file in the rubric's folder."""
    if name in lexicon_names():
        return packaged(name)
    if not name.endswith((".yaml", ".yml")):
        document.report(at, f"unknown lexicon '{name}'{nearest(name, list(lexicon_names()))}")
        return None
    path = beside(document.path, name)
    if path is None:
        text = f"'{name}' lies outside the rubric's folder; put the lexicon beside the rubric"
        document.report(at, text)
        return None
    try:
        return load_lexicon(path)
    except yamlfile.BadFile as bad:
        document.problems += bad.problems
        return None


@functools.cache
def lender_of(phrase: str, language: str) -> str:
    """The lexicon of a language that comes with Comport and has this list; empty when there is none."""
    lexicons = ((name, packaged(name)) for name in lexicon_names())
    return next((name for name, one in lexicons if one.language == language and phrase in one.lists), "")
