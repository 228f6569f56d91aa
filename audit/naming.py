"""The names and units in a rubric's rules: whether each leads somewhere and fits."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from audit.examples import BadLine, is_dialogue, read_lines
from audit.interactions import Role
from audit.lexicons import TOLD, lender_of
from audit.quantities import KIND_OF_UNIT, Quantity, parse_quantity
from audit.rubric import SLUG, Standard
from audit.rules import Avoid, Band, During, Keep, Part, Rule, Verb, When
from audit.salvage import salvage
from audit.signals import event_kinds, measure_kinds
from audit.yamlfile import Document, Path_, nearest

COUNTS = ("times", "per min")


class Known(NamedTuple):
    """The names that a rubric defines, in the order in which it does."""

    phrases: tuple[str, ...]
    values: tuple[str, ...]
    phases: tuple[str, ...]
    distances: tuple[str, ...]
    colours: tuple[str, ...]
    lent: tuple[str, ...] = ()
    """Names of the lists in the lexicons that it uses."""
    language: str = ""
    whole: bool = True
    """Whether all could be read that it borrows; if not, a phrase that it lacks may be among that."""


class _Names:
    """Checks names where they stand in the file, and reports at the nearest line that the file has."""

    def __init__(self, document: Document, known: Known, where: str) -> None:
        self._document, self._known, self._where = document, known, where

    def _report(self, place: Path_, text: str, written: object = "") -> None:
        """Reports under a key, at the line where what is `written` there stands."""
        for at in self._document.places_of(str(written), place):
            self._document.report(at, text, where=self._where)

    def _phrase(self, place: Path_, key: str, name: str) -> None:
        if name in self._known.phrases:
            return
        if name in event_kinds():
            written = {"say": f"do: {name}", "avoid": f"avoid: {{event: {name}}}"}
            instead = written.get(key, f"{key}: {{event: {name}}}")
            self._report(place, f"undefined phrase '{name}'; it is an event: write {instead}", name)
        elif not self._known.whole:
            return
        elif lender := lender_of(name, self._known.language):
            told = f"undefined phrase '{name}'; '{lender}' has it: write use: {lender} at the top"
            self._report(place, told, name)
        else:
            known = [*self._known.phrases, *self._known.lent]
            self._report(place, f"undefined phrase '{name}'{nearest(name, known)}", name)

    def _event(self, place: Path_, name: str, what: str = "event", more: tuple[str, ...] = ()) -> None:
        if name in more:
            return
        if name not in event_kinds():
            if what != "event" and not self._known.whole:
                return
            self._report(place, f"unknown {what} '{name}'{nearest(name, [*event_kinds(), *more])}", name)
            return
        limit = event_kinds()[name].limit
        if limit and limit not in self._known.distances:
            example = f"distances: {{{limit}: 0.76 m}}"
            self._report(place, f"'{name}' needs the house's limit at the top of the rubric: {example}", name)

    def _party(self, place: Path_, event: str | None, has_party: bool) -> None:
        kind = event_kinds().get(event or "")
        if kind and not kind.of_party and has_party:
            self._report(place, f"nobody in particular makes a {event}: leave out 'by'", event)

    def _measure(self, place: Path_, name: str, amounts: tuple[Quantity, ...]) -> None:
        kind = measure_kinds().get(name)
        if kind is None:
            self._report(place, f"unknown measure '{name}'{nearest(name, list(measure_kinds()))}", name)
            return
        if kind.phrase and kind.phrase not in self._known.phrases and self._known.whole:
            self._report(
                place, f"'{name}' needs a phrase named '{kind.phrase}'; define it under phrases", name
            )
        if kind.colours and kind.colours not in self._known.colours:
            given = '["#006978"]' if kind.unit == "dE" else f"pictures/{kind.colours}"
            needed = "the house's colours" if kind.unit == "dE" else "a folder of pictures"
            example = f"appearance: {{{kind.colours}: {given}}}"
            self._report(place, f"'{name}' needs {needed} at the top of the rubric: {example}", name)
        for amount in amounts:
            self._unit(place, name, amount, kind.unit)

    def _unit(self, place: Path_, name: str, amount: Quantity, unit: str) -> None:
        if not amount.fits(unit):
            self._report(
                place,
                f"wrong unit: '{amount}' is {KIND_OF_UNIT[amount.unit]}, but {name} is {KIND_OF_UNIT[unit]}",
                amount,
            )

    def _counts(self, place: Path_, amounts: tuple[Quantity, ...]) -> None:
        """Limits of a count: all of them times, or all of them times per minute."""
        for amount in amounts:
            if amount.unit not in COUNTS:
                expected = "expected a count as 2 times, or 3 per min"
                self._report(
                    place, f"wrong unit: '{amount}' is {KIND_OF_UNIT[amount.unit]}; {expected}", amount
                )
            elif amount.unit == "times" and amount.value != int(amount.value):
                self._report(place, f"'{amount}': how often is a whole number, or so many per min", amount)
        if len({amount.unit for amount in amounts} & set(COUNTS)) > 1:
            self._report(place, "wrong unit: counts and counts per minute do not mix")

    def _reachable(self, place: Path_, at_least: Quantity | None) -> None:
        if at_least and not at_least.value:
            self._report((*place, "at_least"), f"at_least: '{at_least}' is always so; take more")

    def during(self, place: Path_, during: During) -> None:
        """The anchors and lengths of a window."""
        for key in ("first", "last"):
            amount = getattr(during, key)
            if amount and amount.unit not in ("s", "turns"):
                kind = KIND_OF_UNIT[amount.unit]
                self._report(place, f"{key}: '{amount}' is {kind}; expected a time or turns", amount)
        if during.within:
            self._unit(place, "within", during.within, "s")
        phases, phrases = self._known.phases, self._known.phrases
        what = "phrase, event or phase" if phases else "phrase or event"
        for name in during.anchors:
            self._event(place, name, what, (*phases, *phrases))
            self._party(place, name, during.by != Role.ANYONE)
        if during.in_:
            self._event(place, during.in_, "phase or event", (*phases, *phrases))


def check_phases(document: Document, known: Known, phases: dict[str, Any]) -> None:
    """Reports names of phases that are taken or ill formed, and phases that lead to themselves."""
    read: dict[str, During] = {}
    for name, value in phases.items():
        place = ("phases", name)
        if not re.match(SLUG, name):
            document.report(place, f"'{name}': names are small letters, digits and hyphens")
        if name in known.phrases or name in event_kinds():
            what = "a phrase" if name in known.phrases else "an event"
            document.report(place, f"'{name}' is the name of {what}; name the phase otherwise")
        part: During | None
        try:
            part = TypeAdapter(Part).validate_python(value)
        except ValidationError:
            # Reported with the other values of wrong form; what is right of it is looked at all the same.
            part = salvage(During, value)
        if part:
            read[name] = part
            _Names(document, known, name).during(place, part)
    for name in read:
        circle = _circle(name, read)
        if circle:
            document.report(("phases", name), f"circular: {' → '.join(circle)}", where=name)


def check_lists(document: Document) -> None:
    """Reports empty lists of rules, conditions or names beside something else, and names that stand twice in
    one: what nobody looks at may be what was meant."""
    for place, key, value, beside in _lists(document.value.get("sections"), ("sections",)):
        at = (*place, key)
        if not value and beside and key in ("all", "any"):
            document.report(at, f"{key}: empty, beside {' and '.join(beside)}; take one of them out")
        texts = [one for one in value if isinstance(one, str)]
        for name in sorted({name for name in texts if texts.count(name) > 1} if key != "order" else ()):
            again = len(value) - 1 - value[::-1].index(name)
            document.report((*at, again), f"{key}: '{name}' stands twice; keep one")


_RULES = (
    "say",
    "do",
    "avoid",
    "keep",
    "order",
    "ask",
    "all",
    "any",
    "not",
    "said",
    "event",
    "measure",
    "phrase",
)


def _lists(value: Any, place: Path_) -> Iterator[tuple[Path_, str, list[Any], list[str]]]:
    """The lists under a key that rules or names stand under, each with its place and the keys beside it."""
    for step in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        inner = value[step]
        if isinstance(inner, list) and step in _RULES:
            beside = [other for other in value if other in _RULES and other != step]
            yield place, step, inner, beside
        if step not in TOLD:
            yield from _lists(inner, (*place, step))


def check_named(document: Document, known: Known, key: str) -> None:
    """Reports names of phrases in a list or mapping that the rubric does not have. A list may name what the
    rubric's lexicons have, although no standard does."""
    value = document.value.get(key)
    names = list(value) if isinstance(value, dict | list) else [value]
    lent = known.lent if isinstance(value, list) else ()
    for name in (name for name in names if isinstance(name, str) and name not in lent):
        _Names(document, known, key)._phrase((key,), "say", name)


def _circle(name: str, phases: dict[str, During]) -> list[str]:
    """The way from a phase back to itself, empty when there is none."""
    waiting = [[name]]
    seen: set[str] = set()
    while waiting:
        way = waiting.pop()
        for other in phases[way[-1]].names:
            if other == name:
                return [*way, name]
            if other in phases and other not in seen:
                seen.add(other)
                waiting.append([*way, other])
    return []


class Standing(_Names):
    """One standard where it stands in the file."""

    def __init__(self, document: Document, known: Known, standard: Standard, place: Path_) -> None:
        super().__init__(document, known, standard.id)
        self._standard, self._place = standard, place

    def check(self) -> None:
        """Reports every name that leads nowhere, and every unit that does not fit."""
        s = self._standard
        if s.value is not None and s.value not in self._known.values:
            known = list(self._known.values)
            self._report(
                (*self._place, "value"), f"undefined value '{s.value}'{nearest(s.value, known)}", s.value
            )
        for place, rule, by in _rules(s, self._place, None):
            self._rule(place, rule, by)
        for place, one in _conditions(s.when, (*self._place, "when")):
            self._when(place, one)
        for key in ("seen", "heard", "sure"):
            amount = getattr(s.needs, key)
            if amount and (amount.unit != "%" or amount.value > 100):
                self._report((*self._place, "needs", key), f"{key}: '{amount}'; expected a share as 60 %")
        self._check_lines()
        if s.keep:
            self._check_values(s.keep)

    def _rule(self, place: Path_, rule: Rule, by: Role | None) -> None:
        for phrase in rule.say.phrases if rule.say else ():
            self._phrase((*place, "say"), "say", phrase)
        for event in rule.do.events if rule.do else ():
            self._event((*place, "do"), event)
        for verb in (Verb.SAY, Verb.DO):
            counted: Band | None = getattr(rule, verb)
            if counted:
                self._counts((*place, verb), counted.amounts)
                self._reachable((*place, verb), counted.at_least)
        if rule.avoid:
            self._avoid((*place, "avoid"), rule.avoid)
            self._party((*place, "by"), rule.avoid.event, by is not None)
        if rule.keep:
            self._measure((*place, "keep"), rule.keep.measure, rule.keep.amounts)
        for number, step in enumerate(rule.order or ()):
            at = (*place, "order", number)
            for name in step.names:
                self._event(at, name, "phrase or event", self._known.phrases)
                self._party(at, name, step.by is not None)
            if step.within:
                self._unit(at, "within", step.within, "s")
            if step.within and number == 0:
                self._report(at, "within: the first step has none before it")
        if rule.during:
            self.during((*place, "during"), rule.during)

    def _avoid(self, place: Path_, avoid: Avoid) -> None:
        for phrase in avoid.said:
            self._phrase(place, "avoid", phrase)
        if avoid.event:
            self._event(place, avoid.event)
        if avoid.longer_than:
            self._unit(place, "longer_than", avoid.longer_than, "s")
        self._counts(place, tuple(x for x in (avoid.more_than, avoid.zero_at) if x))
        kind = event_kinds().get(avoid.event or "")
        if kind and avoid.longer_than and avoid.longer_than.value < kind.shortest_s:
            least = f"{kind.shortest_s:g} s"
            told = f"longer_than: a {avoid.event} lasts at least {least}; take {least} or more"
            self._report(place, told, avoid.longer_than)

    def _when(self, place: Path_, when: When) -> None:
        limits = tuple(x for x in (when.at_least, when.at_most) if x)
        if when.said:
            self._phrase(place, "when", when.said)
        if when.event:
            self._event(place, when.event)
            self._party(place, when.event, when.by != Role.ANYONE)
        if when.measure:
            self._measure(place, when.measure, limits)
        else:
            self._counts(place, limits)
            self._reachable(place, when.at_least)
        if when.during:
            self.during((*place, "during"), when.during)

    def _check_lines(self) -> None:
        """What examples show in brackets must be events that can be seen, or pauses."""
        for verdict in ("met", "missed", "no_opportunity"):
            for example in getattr(self._standard.examples, verdict):
                try:
                    list(read_lines(example))
                except BadLine as error:
                    self._report((*self._place, "examples"), f"{verdict}: {error}", example)

    def _check_values(self, keep: Keep) -> None:
        """Examples of a `keep` are measured values, of the same unit, or dialogues."""
        kind = measure_kinds().get(keep.measure)
        for verdict in ("met", "missed"):
            for example in getattr(self._standard.examples, verdict):
                place = (*self._place, "examples")
                if is_dialogue(example):
                    continue
                try:
                    amount = parse_quantity(example)
                except ValueError as error:
                    self._report(place, f"{verdict}: {error}", example)
                    continue
                if kind and not amount.fits(kind.unit):
                    self._report(place, f"{verdict}: '{example}' is {KIND_OF_UNIT[amount.unit]}", example)


def _rules(rule: Rule, place: Path_, by: Role | None) -> Iterator[tuple[Path_, Rule, Role | None]]:
    """A rule and all inside it, each with its place in the file and whom it is about."""
    whose = rule.by or by
    yield place, rule, whose
    for key, inner in ((Verb.ALL, rule.all), (Verb.ANY, rule.any)):
        for number, one in enumerate(inner):
            yield from _rules(one, (*place, str(key), number), whose)
    if rule.not_:
        yield from _rules(rule.not_, (*place, "not"), whose)


def _conditions(when: When | None, place: Path_) -> Iterator[tuple[Path_, When]]:
    """The single conditions of a `when`, each with its place in the file."""
    if when is None:
        return
    if not when.inner:
        yield place, when
    for key, inner in (("all", when.all), ("any", when.any)):
        for number, one in enumerate(inner):
            yield from _conditions(one, (*place, key, number))
    yield from _conditions(when.not_, (*place, "not"))
