"""Rubrics as files: read, and checked for everything that a single value cannot show."""

import functools
import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from audit import yamlfile
from audit.confidence import read_confidence
from audit.lexicons import lend
from audit.lookbook import read_lookbook
from audit.naming import Known, Standing, check_lists, check_named, check_phases
from audit.overlay import lay_treatment, lay_values
from audit.pattern import BadPattern, unfold
from audit.quantities import parse_quantity
from audit.rubric import SLUG, Rubric, Standard
from audit.salvage import salvage
from audit.signals import event_kinds
from audit.yamlfile import Document, Path_
from models.language import UnknownLanguage, tokeniser, tokens_of

LEAST_ALIKE = 40
"""Below this share (%) most sentences on the same subject are alike: about half of what is found is wrong
(docs/accuracy.md)."""


BESIDE = ("confidence", "lookbook")
"""Keys of what lies in files of its own."""


def load_rubric(path: Path, *, with_pictures: bool = True) -> Rubric:
    """The rubric in a YAML file, with what lies beside it; not `with_pictures`: without its lookbook.

    Raises:
        yamlfile.BadFile: with every problem of the file, each at its line.
    """
    document = yamlfile.read_document(path)
    laid, lent, whole = None, tuple[str, ...](), True
    if isinstance(document.value, dict):
        if document.value.pop("applied", None) is not None:
            document.report(("applied",), "'applied' is what overlays did; it is never written by hand")
        for key in BESIDE:
            if key in document.value:
                told = f"'{key}' lies in a file beside the rubric; it is never written in it"
                document.report((key,), told)
                del document.value[key]
        known = len(document.problems)
        lent = lend(document)
        laid = lay_values(document)
        whole = len(document.problems) == known
    rubric = yamlfile.check(document, Rubric, functools.partial(_where, document))
    if isinstance(document.value, dict):
        _check_meaning(document, lent, whole)
    document.raise_problems()
    if rubric is None or laid is None:
        raise RuntimeError(f"{path}: refused without a problem")
    rubric = lay_treatment(rubric, laid)
    if not rubric.sections:
        document.report(("overlays",), "nothing is left: overlays forbid every standard of the rubric")
        document.raise_problems()
    beside = {
        "confidence": read_confidence(path, rubric.phrases),
        "lookbook": read_lookbook(path) if with_pictures else None,
    }
    found = {key: value for key, value in beside.items() if value}
    return rubric.model_copy(update=found) if found else rubric


def _where(document: Document, place: Path_) -> str:
    """The id of the standard or section around a place."""
    found, value = "", document.value
    for step in place:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(value, dict) and isinstance(value.get("id"), str):
            found = value["id"]
    return found


def _check_meaning(document: Document, lent: tuple[str, ...], whole: bool) -> None:
    """Reports what a single value cannot show: double ids, names that lead nowhere, units that do not fit.

    `lent` are the names of the lists that it can borrow; not `whole`: not all that it borrows could be read,
    and a phrase may be there. Works on the plain values, so that a rubric with an unknown key still shows all
    its other problems.
    """
    names = {key: _mapping(document.value.get(key)) for key in ("slots", "values", "phrases", "phases")}
    _check_phrases(document, names["slots"], names["phrases"])
    known = Known(
        tuple(names["phrases"]),
        tuple(names["values"]),
        tuple(names["phases"]),
        tuple(_mapping(document.value.get("distances"))),
        tuple(key for key, colours in _mapping(document.value.get("appearance")).items() if colours),
        lent,
        str(document.value.get("language")),
        whole,
    )
    check_phases(document, known, names["phases"])
    check_lists(document)
    for key in ("also_negated", "questions", "regrets"):
        check_named(document, known, key)
    _check_means(document, known)
    seen: dict[str, int] = {}
    for s, section in enumerate(_rows(document.value.get("sections"))):
        _check_id(document, ("sections", s, "id"), section, seen)
        for i, row in enumerate(_rows(section.get("standards") if isinstance(section, dict) else None)):
            place = ("sections", s, "standards", i)
            _check_id(document, (*place, "id"), row, seen)
            standard = _salvage(row)
            if standard:
                Standing(document, known, standard, place).check()


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _rows(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _check_id(document: Document, place: Path_, row: Any, seen: dict[str, int]) -> None:
    name = row.get("id") if isinstance(row, dict) else None
    if not isinstance(name, str):
        return
    if name in seen:
        document.report(place, f"duplicate id '{name}', first on line {seen[name]}", where=name)
    seen.setdefault(name, document.line_of(place))


def _check_phrases(document: Document, slots: dict[str, Any], phrases: dict[str, Any]) -> None:
    language = document.value.get("language")
    try:
        tokeniser(str(language))
    except UnknownLanguage as error:
        if isinstance(language, str):
            document.report(("language",), str(error))
        language = "en"
    known = {
        name: (value,) if isinstance(value, str) else tuple(v for v in _rows(value) if isinstance(v, str))
        for name, value in slots.items()
    }
    for name, values in known.items():
        if not values or not all(tokens_of(value, str(language)) for value in values):
            document.report(("slots", name), f"'{name}': empty; a slot stands for at least one word")
            known[name] = ("x",)
    for key, named in (("slots", slots), ("phrases", phrases)):
        for name in named:
            if not re.match(SLUG, name):
                document.report((key, name), f"'{name}': names are small letters, digits and hyphens")
    for name, value in phrases.items():
        patterns = [value] if isinstance(value, str) else _rows(value)
        if name in event_kinds():
            document.report(("phrases", name), f"'{name}' is the name of an event; name the phrase otherwise")
        if isinstance(value, list) and not patterns:
            document.report(("phrases", name), "no patterns; expected at least one", where=name)
        for index, pattern in enumerate(patterns):
            try:
                if isinstance(pattern, str):
                    unfold(pattern, str(language), known)
            except BadPattern as error:
                document.report(("phrases", name, index), str(error), where=name)


def _check_means(document: Document, known: Known) -> None:
    """Reports what cannot stand under `means`, and under `alike` what is no share."""
    check_named(document, known, "means")
    for name, value in _mapping(document.value.get("means")).items():
        sentences = [value] if isinstance(value, str) else _rows(value)
        if isinstance(value, list) and not sentences:
            document.report(("means", name), "no sentences; expected at least one", where=name)
        for index, sentence in enumerate(sentences):
            if isinstance(sentence, str) and (not sentence.strip() or set(sentence) & set("|*{}~")):
                told = f"'{sentence}': expected a sentence as people say it; patterns stand under phrases"
                document.report(("means", name, index), told, where=name)
    alike = document.value.get("alike")
    if alike is not None:
        try:
            amount = parse_quantity(alike)
        except ValueError:
            # Reported with the other values of wrong form.
            return
        if amount.unit != "%" or not LEAST_ALIKE <= amount.value <= 100:
            document.report(("alike",), f"alike: '{alike}'; expected a share from {LEAST_ALIKE} to 100 %")


def _salvage(row: Any) -> Standard | None:
    """The standard in a row; what is wrong in it is left out, so that the rest still shows its problems."""
    if not isinstance(row, dict):
        return None
    try:
        return Standard.model_validate(row)
    except ValidationError:
        named = {"id": "", "title": ""} | row
        return salvage(Standard, {k: str(v) if k in ("id", "title") else v for k, v in named.items()})
