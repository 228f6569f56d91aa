"""What became of interactions in the company's own books: satisfaction, repeat contact, sale.

They are imported, shown beside the scorecards, and compared with standards: a table of differences,
with how sure each is, and no word about causes.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import insert, or_, select, update

from audit import tables as t
from audit.arrivals import AHEAD, Rejected
from audit.folder import Row, rows
from audit.importing import Refused
from audit.judge import Verdict
from audit.scope import EVERYTHING, Scope
from audit.store import Store
from models.errors import ComportError

COLUMNS = ("interaction", "kind", "value", "at")

BATCH = 500
"""Rows of a file that are looked up and written together."""

_KIND = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_YES_NO = {"yes": 1.0, "true": 1.0, "sì": 1.0, "si": 1.0, "بله": 1.0, "no": 0.0, "false": 0.0, "خیر": 0.0}


class Outcome(msgspec.Struct, frozen=True):
    """What became of an interaction: a number (yes is 1, no is 0), and when that was told."""

    interaction: str
    kind: str
    value: float
    at: datetime


class Imported(msgspec.Struct, frozen=True):
    """What became of the rows of a file; `changed` had another value before."""

    taken: int
    known: int
    changed: int
    rejected: tuple[Refused, ...]


class _Read(NamedTuple):
    line: int | None
    key: str
    kind: str
    value: float
    at: datetime


def import_outcomes(store: Store, path: Path) -> Imported:
    """Takes in a table of outcomes (CSV, JSON, JSON lines); the same again changes nothing.

    A bad row is refused with its line, the others are taken. The same interaction, kind and time with another
    value is a correction.
    """
    counts = {"taken": 0, "known": 0, "changed": 0}
    refused: list[Refused] = []
    waiting = _read(path, refused)
    while some := list(islice(waiting, BATCH)):
        found = _interactions(store, path, {one.key for one in some})
        good: list[Outcome] = []
        for one in some:
            ids, began = found.get(one.key, ((), None))
            if len(ids) != 1:
                told = "is no interaction that is stored" if not ids else "fits more than one interaction"
                refused.append(Refused(str(path), one.line, f"'{one.key}' {told}"))
            elif began and one.at + timedelta(days=1) < began:
                told = f"at: {one.at:%Y-%m-%d} is before the interaction, which began {began:%Y-%m-%d}"
                refused.append(Refused(str(path), one.line, told))
            else:
                good.append(Outcome(ids[0], one.kind, one.value, one.at))
        for what in store.again(lambda good=good: _keep(store, good)):  # type: ignore[misc]
            counts[what] += 1
    return Imported(**counts, rejected=tuple(sorted(refused, key=lambda one: one.line or 0)))


def _read(path: Path, refused: list[Refused]) -> Iterator[_Read]:
    try:
        for row in rows(path):
            try:
                yield _checked(path, row)
            except ValueError as error:
                refused.append(Refused(str(path), row.line_number, str(error)))
    except Rejected as error:
        refused.append(Refused(error.path, error.line_number, error.problem))


def _checked(path: Path, row: Row) -> _Read:
    values = {name.strip().lower(): (value or "").strip() for name, value in row.values.items()}
    for column in COLUMNS:
        if not values.get(column):
            raise ValueError(f"no {column}; expected the columns {', '.join(COLUMNS)}")
    kind = values["kind"].lower().replace(" ", "-")
    if not _KIND.fullmatch(kind):
        raise ValueError(
            f"kind: '{values['kind'][:60]}' is no kind; write for example csat or repeat-contact"
        )
    written = values["value"].lower()
    try:
        value = _YES_NO[written] if written in _YES_NO else float(written)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"value: '{values['value'][:60]}' is no number, yes or no")
    return _Read(row.line_number, values["interaction"], kind, value, _time(values["at"]))


def _time(text: str) -> datetime:
    """The time; of a day its beginning in UTC."""
    try:
        at = datetime.fromisoformat(text)
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            at = at.replace(tzinfo=UTC)
        if at.tzinfo is None:
            raise ValueError(f"at: '{text}' has no time zone; write for example {text}+01:00 or {text}Z")
        at = at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if str(error).startswith("at:"):
            raise
        raise ValueError(
            f"at: '{text[:60]}' is no time like 2026-03-02T10:15:00+01:00, and no day"
        ) from error
    if at > datetime.now(UTC) + AHEAD:
        raise ValueError(f"at: '{text}' is in the future")
    return at


def _interactions(
    store: Store, path: Path, keys: set[str]
) -> dict[str, tuple[tuple[str, ...], datetime | None]]:
    """The interactions that each key names: by (the first letters of) an id, the id in another system, the
    path of the file (also from the table's folder), the title."""
    facts = t.interaction.c
    places: dict[str, set[str]] = {}
    for key in keys:
        for base in (Path.cwd(), path.parent):
            places.setdefault(str((base / key).resolve()), set()).add(key)
    begun = [key for key in keys if re.fullmatch("[0-9a-f]{6,64}", key)]
    ids = [facts.id.between(key, f"{key}g") for key in begun]
    query = select(facts.id, facts.path, facts.source_id, facts.title, facts.started_at).where(
        or_(facts.source_id.in_(keys), facts.path.in_(places), facts.title.in_(keys), *ids)
    )

    def read() -> Sequence[Any]:
        with store.reading() as connection:
            return connection.execute(query).all()

    found: dict[str, dict[str, datetime | None]] = {}
    for one in store.again(read):
        named = {one.source_id, one.title, *places.get(one.path, ())}
        named |= {key for key in begun if one.id.startswith(key)}
        for key in keys & named:
            found.setdefault(key, {})[one.id] = one.started_at
    return {key: (tuple(theirs), next(iter(theirs.values()))) for key, theirs in found.items()}


def _keep(store: Store, outcomes: Iterable[Outcome]) -> list[str]:
    row = t.outcome.c
    done: list[str] = []
    with store.writing() as connection:
        for one in outcomes:
            same = (row.interaction_id == one.interaction, row.kind == one.kind, row.at == one.at)
            known = connection.execute(select(row.value).where(*same)).scalar()
            if known is None:
                new = {"interaction_id": one.interaction, "kind": one.kind, "at": one.at, "value": one.value}
                connection.execute(insert(t.outcome).values(**new, added_at=datetime.now(UTC)))
                done.append("taken")
            elif known == one.value:
                done.append("known")
            else:
                connection.execute(update(t.outcome).where(*same).values(value=one.value))
                done.append("changed")
    return done


def outcomes_of(store: Store, interactions: Iterable[str]) -> dict[str, tuple[Outcome, ...]]:
    """The outcomes of some interactions by their ids, in order of time."""
    row = t.outcome.c
    wanted = select(t.outcome).where(row.interaction_id.in_(list(interactions))).order_by(row.at, row.id)

    def read() -> dict[str, tuple[Outcome, ...]]:
        found: dict[str, tuple[Outcome, ...]] = {}
        with store.reading() as connection:
            for one in connection.execute(wanted):
                told = Outcome(one.interaction_id, one.kind, one.value, one.at)
                found[one.interaction_id] = (*found.get(one.interaction_id, ()), told)
        return found

    return store.again(read)


class NoOutcomes(ComportError):
    """Nothing is stored that could be compared."""

    def __init__(self, kind: str, known: tuple[str, ...]) -> None:
        super().__init__(kind, known)
        self.kind, self.known = kind, known

    def __str__(self) -> str:
        known = ", ".join(self.known)
        told = f"known are {known}" if known else "import some first: comport outcomes import FILE.csv"
        return f"no outcomes of kind '{self.kind}' are stored for interactions with a scorecard; {told}"


LEAST = 10
"""With fewer interactions on a side no interval is given: one survey would turn it over. Our choice."""


class Difference(msgspec.Struct, frozen=True):
    """An outcome where a standard was met beside where it was missed.

    `difference` is the first mean less the second, `low` and `high` its 95 % confidence interval; None where
    there are too few on one side, or all are alike.
    """

    rubric: str
    standard: str
    met: int
    missed: int
    mean_met: float | None
    mean_missed: float | None
    difference: float | None
    low: float | None
    high: float | None


def by_standard(
    store: Store, kind: str, rubric: str = "", scope: Scope = EVERYTHING
) -> tuple[Difference, ...]:
    """How an outcome differs between interactions that met and that missed each standard, largest first.

    Verdicts are those that stand, with people's. Of several outcomes of an interaction the last one counts.
    The interval is Welch's for means and Newcombe's (method 10, Statistics in Medicine 17, 1998) for yes and
    no. It takes interactions as independent of each other, which those of one employee are not quite.

    Raises:
        NoOutcomes: none of this kind belongs to a judged interaction.
    """
    row, card = t.outcome.c, t.scorecard.c
    asked = (
        select(row.interaction_id, row.value, card.rubric_name, card.verdicts)
        .join(t.scorecard, card.interaction_id == row.interaction_id)
        .where(row.kind == kind, card.current, *scope.scorecards())
        .order_by(row.at, row.id)
    )
    if rubric:
        asked = asked.where(card.rubric_name == rubric)

    def read() -> tuple[dict[tuple[str, str], tuple[float, str]], tuple[str, ...]]:
        with store.reading() as connection:
            last = {
                (one.interaction_id, one.rubric_name): (one.value, one.verdicts)
                for one in connection.execute(asked)
            }
            kinds = tuple(connection.execute(select(row.kind).distinct().order_by(row.kind)).scalars())
        return last, kinds

    last, kinds = store.again(read)
    if not last:
        raise NoOutcomes(kind, kinds)
    values: dict[tuple[str, str], tuple[list[float], list[float]]] = {}
    for (_, name), (value, verdicts) in last.items():
        for word in verdicts.split():
            standard, _, verdict = word.partition(":")
            if verdict in (Verdict.MET, Verdict.MISSED):
                sides = values.setdefault((name, standard), ([], []))
                sides[verdict == Verdict.MISSED].append(value)
    told = [_difference(name, standard, *sides) for (name, standard), sides in values.items()]
    return tuple(
        sorted(told, key=lambda one: (one.low is None, -abs(one.difference or 0), one.rubric, one.standard))
    )


def _difference(rubric: str, standard: str, met: list[float], missed: list[float]) -> Difference:
    means = [sum(side) / len(side) if side else None for side in (met, missed)]
    first, second = means
    difference = None if first is None or second is None else first - second
    low, high = _interval(met, missed) if min(len(met), len(missed)) >= LEAST else (None, None)
    return Difference(rubric, standard, len(met), len(missed), first, second, difference, low, high)


def _interval(some: list[float], others: list[float]) -> tuple[float | None, float | None]:
    """The 95 % confidence interval of the difference of two means."""
    from scipy import stats

    if set(some) | set(others) <= {0.0, 1.0}:
        first, second = sum(some) / len(some), sum(others) / len(others)
        (low1, high1), (low2, high2) = (_wilson(sum(side), len(side)) for side in (some, others))
        below = math.hypot(first - low1, high2 - second)
        above = math.hypot(high1 - first, second - low2)
        return first - second - below, first - second + above
    if len(set(some)) == len(set(others)) == 1:
        return None, None
    found = stats.ttest_ind(some, others, equal_var=False).confidence_interval(0.95)
    return float(found.low), float(found.high)


def _wilson(yes: float, number: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    from scipy import stats

    found = stats.binomtest(round(yes), number).proportion_ci(0.95, "wilson")
    return float(found.low), float(found.high)
