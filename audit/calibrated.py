"""What closed calibrations show: words side by side, and how far people, expert and machine agree.

With an expert everybody is compared with the expert, else with all the others, pair by pair. What the
machine could not tell is compared with nothing, as everywhere (`audit/agreement.py`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import combinations

import msgspec

from audit.agreement import Agreement, agreement
from audit.calibrating import Calibration, Heard, Word
from audit.judge import Verdict
from audit.reviews import standard_digest
from audit.store import Store

_Pairs = Counter[tuple[str, str]]

MACHINE = ""
"""The machine among the names of people, none of which is empty."""


class Beside(msgspec.Struct, frozen=True):
    """A standard with what everybody said of it; None: nothing before it was closed.

    `differ`: two people said different verdicts; `machine_alone`: they said one, the machine another.
    """

    standard: str
    title: str
    machine: Verdict
    words: dict[str, Word | None]
    differ: bool
    machine_alone: bool


class Result(msgspec.Struct, frozen=True):
    """A closed calibration: its standards, where people differ first, then where the machine does; of each
    person and of the machine the agreement, None where nothing could be compared."""

    calibration: Calibration
    standards: tuple[Beside, ...]
    people: dict[str, Agreement | None]
    machine: Agreement | None


class Judge(msgspec.Struct, frozen=True):
    """A person (an empty name: the machine) over all closed calibrations: agreement with the experts where
    there was one, with the others where there was none."""

    name: str
    with_expert: Agreement | None
    with_others: Agreement | None


class Understood(msgspec.Struct, frozen=True):
    """A standard over all closed calibrations of its newest wording in them.

    `people`: of pairs of people, each counted both ways, so that nobody goes first; `n` counts each once.
    `machine`: of the machine with each person.
    """

    rubric: str
    rubric_digest: str
    standard: str
    title: str
    calibrations: int
    people: Agreement | None
    machine: Agreement | None


class Overall(msgspec.Struct, frozen=True):
    """People by name, then the machine; standards, the most differently understood first."""

    people: tuple[Judge, ...]
    standards: tuple[Understood, ...]


def result(store: Store, one: Heard) -> Result:
    """What a closed calibration shows."""
    titles = {s.id: s.title for s in store.rubric(one.calibration.rubric_digest).standards}
    beside = [_beside(one, name, titles.get(name, name)) for name in one.calibration.standards]
    beside.sort(key=lambda row: (not row.differ, not row.machine_alone))
    said = _said(one)
    people = {name: _figure(_pairs(said, name, one.calibration.expert)) for name in one.words}
    machine = _figure(_pairs(said, MACHINE, one.calibration.expert))
    return Result(one.calibration, tuple(beside), people, machine)


def overall(store: Store, closed: Iterable[Heard]) -> Overall:
    """What closed calibrations, the newest first, show together."""
    closed = tuple(closed)
    with_expert: dict[str, _Pairs] = {}
    with_others: dict[str, _Pairs] = {}
    names = {MACHINE}
    for one in closed:
        said, expert = _said(one), one.calibration.expert
        names |= set(one.words)
        for name in said:
            kept = with_expert if expert else with_others
            kept.setdefault(name, Counter()).update(_pairs(said, name, expert))
    judges = tuple(
        Judge(name, _figure(with_expert.get(name)), _figure(with_others.get(name)))
        for name in (*sorted(names - {MACHINE}), MACHINE)
    )
    understood = sorted(_understood(store, closed), key=_least_alike)
    return Overall(judges if closed else (), tuple(understood))


def _beside(one: Heard, standard: str, title: str) -> Beside:
    words = {name: said.get(standard) for name, said in one.words.items()}
    verdicts, machine = {word.verdict for word in words.values() if word}, one.machine[standard]
    alone = len(verdicts) == 1 and machine not in verdicts and machine != Verdict.CANNOT_TELL
    return Beside(standard, title, machine, words, len(verdicts) > 1, alone)


def _said(one: Heard) -> dict[str, dict[str, Verdict]]:
    """Name → standard → verdict, the machine among them with what it could tell."""
    said: dict[str, dict[str, Verdict]] = {
        name: {standard: word.verdict for standard, word in words.items()}
        for name, words in one.words.items()
    }
    said[MACHINE] = {s: v for s, v in one.machine.items() if v != Verdict.CANNOT_TELL}
    return said


def _pairs(said: Mapping[str, Mapping[str, Verdict]], name: str, expert: str) -> _Pairs:
    """(own verdict, other's verdict) with the expert, or with all other people where there is none."""
    others = {expert} if expert else set(said) - {MACHINE}
    return Counter(
        (verdict.value, said[other][standard].value)
        for other in others - {name}
        for standard, verdict in said[name].items()
        if standard in said[other]
    )


def _figure(pairs: _Pairs | None) -> Agreement | None:
    return agreement(pairs) if pairs else None


def _understood(store: Store, closed: tuple[Heard, ...]) -> list[Understood]:
    newest: dict[tuple[str, str], str] = {}
    people: dict[tuple[str, str], _Pairs] = {}
    machine: dict[tuple[str, str], _Pairs] = {}
    count: Counter[tuple[str, str]] = Counter()
    shown: dict[tuple[str, str], tuple[str, str]] = {}
    for one in closed:
        rubric = one.calibration.rubric
        wording = {s.id: s for s in store.rubric(one.calibration.rubric_digest).standards}
        said = _said(one)
        for standard in one.calibration.standards:
            if standard not in wording:
                continue
            key, digest = (rubric, standard), standard_digest(wording[standard])
            if newest.setdefault(key, digest) != digest:
                continue
            shown.setdefault(key, (one.calibration.rubric_digest, wording[standard].title))
            count[key] += 1
            told = [said[name][standard].value for name in one.words if standard in said[name]]
            both = ((a, b) for pair in combinations(told, 2) for a, b in (pair, pair[::-1]))
            people.setdefault(key, Counter()).update(both)
            if standard in said[MACHINE]:
                found = said[MACHINE][standard].value
                machine.setdefault(key, Counter()).update((found, verdict) for verdict in told)
    return [
        Understood(
            *(rubric, digest, standard, title, count[rubric, standard]),
            _once(_figure(people.get((rubric, standard)))),
            _figure(machine.get((rubric, standard))),
        )
        for (rubric, standard), (digest, title) in shown.items()
    ]


def _once(both_ways: Agreement | None) -> Agreement | None:
    return msgspec.structs.replace(both_ways, n=both_ways.n // 2) if both_ways else None


def _least_alike(one: Understood) -> tuple[float, str, str]:
    return (one.people.agreed if one.people else 2.0, one.rubric, one.standard)
