"""Rubrics as files: read, and checked for everything that a single value cannot show."""

import functools
import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from audit import yamlfile
from audit.confidence import read_confidence
from audit.examples import BadLine, read_lines
from audit.interactions import Role
from audit.overlay import lay_treatment, lay_values
from audit.pattern import BadPattern, unfold
from audit.quantities import KIND_OF_UNIT, Quantity, parse_quantity
from audit.rubric import SLUG, Keep, Rubric, Standard
from audit.salvage import salvage
from audit.signals import event_kinds, measure_kinds
from audit.yamlfile import Document, Path_, nearest
from models.language import UnknownLanguage, tokeniser, tokens_of


def load_rubric(path: Path) -> Rubric:
    """The rubric in a YAML file.

    Raises:
        yamlfile.BadFile: with every problem of the file, each at its line.
    """
    document = yamlfile.read_document(path)
    laid = None
    if isinstance(document.value, dict):
        if document.value.pop("applied", None) is not None:
            document.report(("applied",), "'applied' is what overlays did; it is never written by hand")
        laid = lay_values(document)
    rubric = yamlfile.check(document, Rubric, functools.partial(_where, document))
    if isinstance(document.value, dict):
        _check_meaning(document)
    document.raise_problems()
    if rubric is None or laid is None:
        raise RuntimeError(f"{path}: refused without a problem")
    rubric = lay_treatment(rubric, laid)
    if not rubric.sections:
        document.report(("overlays",), "nothing is left: overlays forbid every standard of the rubric")
        document.raise_problems()
    confidence = read_confidence(path)
    return rubric.model_copy(update={"confidence": confidence}) if confidence else rubric


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


def _check_meaning(document: Document) -> None:
    """Reports what a single value cannot show: double ids, names that lead nowhere, units that do not fit.

    Works on the plain values, so that a rubric with an unknown key still shows all its other problems.
    """
    names = {key: _mapping(document.value.get(key)) for key in ("slots", "values", "phrases")}
    _check_phrases(document, names["slots"], names["phrases"])
    seen: dict[str, int] = {}
    for s, section in enumerate(_rows(document.value.get("sections"))):
        _check_id(document, ("sections", s, "id"), section, seen)
        for i, row in enumerate(_rows(section.get("standards") if isinstance(section, dict) else None)):
            place = ("sections", s, "standards", i)
            _check_id(document, (*place, "id"), row, seen)
            standard = _salvage(row)
            if standard:
                _Standing(document, list(names["phrases"]), list(names["values"]), standard, place).check()


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


def _salvage(row: Any) -> Standard | None:
    """The standard in a row; what is wrong in it is left out, so that the rest still shows its problems."""
    if not isinstance(row, dict):
        return None
    try:
        return Standard.model_validate(row)
    except ValidationError:
        named = {"id": "", "title": ""} | row
        return salvage(Standard, {k: str(v) if k in ("id", "title") else v for k, v in named.items()})


class _Standing:
    """One standard where it stands in the file."""

    def __init__(
        self, document: Document, phrases: list[str], values: list[str], standard: Standard, place: Path_
    ) -> None:
        self._document, self._standard, self._place = document, standard, place
        self._phrases, self._values = phrases, values

    def check(self) -> None:
        s = self._standard
        if s.value is not None and s.value not in self._values:
            self._report("value", f"undefined value '{s.value}'{nearest(s.value, self._values)}", s.value)
        for phrase in s.say.phrases if s.say else ():
            self._phrase("say", phrase)
        for event in s.do.events if s.do else ():
            self._event("do", event)
        if s.avoid:
            for phrase in s.avoid.said:
                self._phrase("avoid", phrase)
            if s.avoid.event:
                self._event("avoid", s.avoid.event)
            if s.avoid.longer_than:
                self._unit("avoid", "longer_than", s.avoid.longer_than, "s")
            self._party(s.avoid.event, s.by is not None, "by")
            self._length(s.avoid.event, s.avoid.longer_than)
        if s.keep:
            self._measure("keep", s.keep.measure, s.keep.amounts)
            self._check_values(s.keep)
        self._check_lines()
        if s.when:
            if s.when.said:
                self._phrase("when", s.when.said)
            if s.when.event:
                self._event("when", s.when.event)
                self._party(s.when.event, s.when.by != Role.ANYONE, "when")
            if s.when.measure:
                self._measure(
                    "when", s.when.measure, tuple(x for x in (s.when.at_least, s.when.at_most) if x)
                )
        if s.during:
            for key in ("first", "last"):
                amount = getattr(s.during, key)
                if amount and amount.unit not in ("s", "turns"):
                    self._report(
                        "during",
                        f"{key}: '{amount}' is {KIND_OF_UNIT[amount.unit]}; expected a time or turns",
                        amount,
                    )
            if s.during.within:
                self._unit("during", "within", s.during.within, "s")
            if s.during.anchor and s.during.anchor not in self._phrases:
                self._event("during", s.during.anchor, "phrase or event")

    def _report(self, key: str, text: str, written: object = "") -> None:
        """Reports under a key of the standard, at the line where what is `written` there stands."""
        for place in self._document.places_of(str(written), (*self._place, key)):
            self._document.report(place, text, where=self._standard.id)

    def _phrase(self, key: str, name: str) -> None:
        if name in self._phrases:
            return
        if name in event_kinds():
            written = {"say": f"do: {name}", "avoid": f"avoid: {{event: {name}}}"}
            instead = written.get(key, f"{key}: {{event: {name}}}")
            self._report(key, f"undefined phrase '{name}'; it is an event: write {instead}", name)
        else:
            self._report(key, f"undefined phrase '{name}'{nearest(name, self._phrases)}", name)

    def _event(self, key: str, name: str, what: str = "event") -> None:
        if name not in event_kinds():
            known = list(event_kinds()) + (self._phrases if "phrase" in what else [])
            self._report(key, f"unknown {what} '{name}'{nearest(name, known)}", name)
            return
        limit = event_kinds()[name].limit
        if limit and limit not in _mapping(self._document.value.get("distances")):
            example = f"distances: {{{limit}: 0.76 m}}"
            self._report(key, f"'{name}' needs the house's limit at the top of the rubric: {example}", name)

    def _party(self, event: str | None, has_party: bool, key: str) -> None:
        kind = event_kinds().get(event or "")
        if kind and not kind.of_party and has_party:
            self._report(key, f"nobody in particular makes a {event}: leave out 'by'", event)

    def _length(self, event: str | None, longer_than: Quantity | None) -> None:
        kind = event_kinds().get(event or "")
        if kind and longer_than and longer_than.value < kind.shortest_s:
            least = f"{kind.shortest_s:g} s"
            text = f"longer_than: a {event} lasts at least {least}; take {least} or more"
            self._report("avoid", text, longer_than)

    def _measure(self, key: str, name: str, amounts: tuple[Quantity, ...]) -> None:
        kind = measure_kinds().get(name)
        if kind is None:
            self._report(key, f"unknown measure '{name}'{nearest(name, list(measure_kinds()))}", name)
            return
        if kind.phrase and kind.phrase not in self._phrases:
            self._report(key, f"'{name}' needs a phrase named '{kind.phrase}'; define it under phrases", name)
        if kind.colours and not _mapping(self._document.value.get("appearance")).get(kind.colours):
            example = f'appearance: {{{kind.colours}: ["#006978"]}}'
            self._report(key, f"'{name}' needs the house's colours at the top of the rubric: {example}", name)
        for amount in amounts:
            self._unit(key, name, amount, kind.unit)

    def _unit(self, key: str, name: str, amount: Quantity, unit: str) -> None:
        if amount.unit != unit:
            self._report(
                key,
                f"wrong unit: '{amount}' is {KIND_OF_UNIT[amount.unit]}, but {name} is {KIND_OF_UNIT[unit]}",
                amount,
            )

    def _check_lines(self) -> None:
        """What examples show in brackets must be events that can be seen, or pauses."""
        for verdict in ("met", "missed", "no_opportunity"):
            for example in getattr(self._standard.examples, verdict):
                try:
                    list(read_lines(example))
                except BadLine as error:
                    self._report("examples", f"{verdict}: {error}", example)

    def _check_values(self, keep: Keep) -> None:
        """Examples of a `keep` are measured values: they must be quantities of the same unit."""
        kind = measure_kinds().get(keep.measure)
        for verdict in ("met", "missed"):
            for example in getattr(self._standard.examples, verdict):
                try:
                    amount = parse_quantity(example)
                except ValueError as error:
                    self._report("examples", f"{verdict}: {error}", example)
                    continue
                if kind and amount.unit != kind.unit:
                    text = f"{verdict}: '{example}' is {KIND_OF_UNIT[amount.unit]}"
                    self._report("examples", text, example)
