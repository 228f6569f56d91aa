"""Blind calibration: several people judge one scorecard's standards without seeing each other.

What is said here is no review: it changes no score. Until a calibration is closed nobody is given another's
words here, nor what the machine found; the log tells that somebody judged, never how.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, func, insert, select, update

from audit import tables as t
from audit.assigning import able
from audit.auditlog import Action, write
from audit.judge import Verdict
from audit.reviews import LONGEST_COMMENT, BadReview
from audit.scope import EVERYTHING, Scope
from audit.scorecard import Scorecard
from audit.store import NotStored, Store
from models.errors import ComportError
from models.transcripts import printable

LEAST, MOST = 2, 20
"""People of one calibration: two can differ; more than a room holds compare nothing. Our choice."""


class Asked(msgspec.Struct, frozen=True):
    """Somebody who was asked, and of how many standards they said something; `gone`: their account is."""

    name: str
    said: int
    gone: bool


class Calibration(msgspec.Struct, frozen=True):
    """A calibration without any word that was said in it; `standards` are those that the scorecard judged.

    `expert` is empty where the words are compared with one another; `closed_at` is None while it is open.
    """

    number: int
    interaction: str
    title: str
    rubric: str
    rubric_digest: str
    standards: tuple[str, ...]
    begun_by: str
    expert: str
    at: datetime
    closed_at: datetime | None
    people: tuple[Asked, ...]

    def waits_for(self, name: str) -> bool:
        """Whether this person was asked and has not said everything."""
        left = len(self.standards)
        mine = (one for one in self.people if one.name == name and not one.gone)
        return self.closed_at is None and any(one.said < left for one in mine)


class Word(msgspec.Struct, frozen=True):
    """What somebody said of a standard."""

    verdict: Verdict
    comment: str
    at: datetime


class Heard(msgspec.Struct, frozen=True):
    """All of a closed calibration: what the machine had found when it began, and name → standard → word."""

    calibration: Calibration
    machine: dict[str, Verdict]
    words: dict[str, dict[str, Word]]


class CalibrationClosed(ComportError):
    """It is closed: nothing can be said any more."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    def __str__(self) -> str:
        return f"calibration {self.number}: it is closed: nothing can be said any more; see its result"


class CalibrationOpen(ComportError):
    """It is open: nobody is given what was said."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    def __str__(self) -> str:
        return (
            f"calibration {self.number}: it is open, so nobody sees what was said; "
            "wait until all are done, or whoever began it closes it"
        )


class NotAsked(ComportError):
    """It is not for this person to do."""

    def __init__(self, number: int, problem: str) -> None:
        super().__init__(number, problem)
        self.number, self.problem = number, problem

    def __str__(self) -> str:
        return f"calibration {self.number}: {self.problem}"


def begin(store: Store, card: Scorecard, people: Iterable[str], by: str, expert: str = "") -> int:
    """Asks these accounts to judge every standard of a scorecard; gives the number of the calibration.

    Raises:
        BadReview: they are too few or too many, one of them does not review or see the interaction, the
            expert is none of them, or the scorecard is being calibrated already.
    """
    names = tuple(dict.fromkeys(people))
    if not LEAST <= len(names) <= MOST:
        raise BadReview("*", f"choose {LEAST} to {MOST} people, not {len(names)}")
    if expert and expert not in names:
        raise BadReview("*", f"the expert '{expert[:80]}' is none of those who are asked")
    row = t.calibration.c
    with store.writing() as connection:
        known = dict(able(connection, card.interaction))
        wrong = next((name for name in names if name not in known), None)
        if wrong is not None:
            raise BadReview("*", f"'{wrong[:80]}' cannot look at it; choose those who review, and see it")
        same = (row.interaction_id == card.interaction, row.rubric_name == card.rubric)
        open_ = connection.execute(select(row.id).where(*same, row.closed_at.is_(None))).scalar()
        if open_ is not None:
            raise BadReview("*", f"it is being calibrated already, as number {open_}; close that first")
        machine = {finding.standard: finding.verdict for finding in card.findings}
        made = connection.execute(
            insert(t.calibration).values(
                interaction_id=card.interaction,
                rubric_name=card.rubric,
                rubric_digest=card.rubric_digest,
                machine=msgspec.json.encode(machine).decode(),
                begun_by=by,
                expert=expert,
                at=datetime.now(UTC),
            )
        )
        number = int(made.inserted_primary_key[0])  # type: ignore[index]
        of = {"calibration_id": number, "interaction_id": card.interaction}
        asked = [{"name": name, "user_id": known[name], **of} for name in names]
        connection.execute(insert(t.calibration_person), asked)
        told = {"rubric_name": card.rubric, "people": ", ".join(names), "expert": expert}
        write(connection, Action.CALIBRATION_BEGUN, card.interaction, calibration=number, **told)
    return number


def say(
    store: Store, number: int, standard: str, verdict: Verdict, name: str, comment: str = ""
) -> Calibration:
    """Keeps what somebody says of a standard, in the place of what they said before; with the last word of
    the last person it closes. Gives the calibration as it is then.

    Raises:
        NotStored: there is no such calibration.
        NotAsked: this account was not asked.
        CalibrationClosed: it is closed.
        BadReview: it has no such standard, or the comment is too long.
    """
    comment = printable(comment).strip()
    if len(comment) > LONGEST_COMMENT:
        raise BadReview(standard, f"a comment has at most {LONGEST_COMMENT} letters, this one {len(comment)}")
    with store.writing() as connection:
        one = _one(connection, number)
        if name not in _asked_now(connection, number):
            raise NotAsked(number, f"'{name}' was not asked; whoever began it says who judges")
        if one.closed_at is not None:
            raise CalibrationClosed(number)
        if standard not in one.standards:
            raise BadReview(standard, f"there is none of this name; there are {', '.join(one.standards)}")
        word, said = (
            t.calibration_word,
            {"verdict": verdict.value, "comment": comment, "at": datetime.now(UTC)},
        )
        mine = {"calibration_id": number, "name": name, "standard": standard}
        changed = update(word).where(*(word.c[column] == value for column, value in mine.items()))
        if not connection.execute(changed.values(**said)).rowcount:
            connection.execute(insert(word).values(**mine, **said, interaction_id=one.interaction))
        # Not the verdict: whoever reads the log may be one of them.
        write(connection, Action.CALIBRATION_SAID, one.interaction, calibration=number, standard=standard)
        one = _one(connection, number)
        if all(asked.gone or asked.said == len(one.standards) for asked in one.people):
            one = _close(connection, one)
    return one


def close(store: Store, number: int, by: str, any_: bool = False) -> bool:
    """Ends a calibration, whatever was not said yet; False when it was closed before, and nothing changes.

    `any_`: also one that somebody else began.

    Raises:
        NotStored: there is no such calibration.
        NotAsked: somebody else began it.
    """
    with store.writing() as connection:
        one = _one(connection, number)
        if by != one.begun_by and not any_:
            raise NotAsked(number, f"only {one.begun_by}, who began it, or an admin closes it")
        if one.closed_at is not None:
            return False
        _close(connection, one)
    return True


def _close(connection: Connection, one: Calibration) -> Calibration:
    row, now = t.calibration, datetime.now(UTC)
    connection.execute(update(row).where(row.c.id == one.number).values(closed_at=now))
    write(connection, Action.CALIBRATION_CLOSED, one.interaction, calibration=one.number)
    return msgspec.structs.replace(one, closed_at=now)


def calibration(store: Store, number: int, scope: Scope = EVERYTHING) -> Calibration:
    """The calibration of this number whose interaction is in the scope.

    Raises:
        NotStored: there is none.
    """
    with store.reading() as connection:
        return _one(connection, number, scope)


def calibrations(
    store: Store,
    scope: Scope = EVERYTHING,
    *,
    closed: bool | None = None,
    limit: int | None = None,
    before: int | None = None,
) -> tuple[Calibration, ...]:
    """Those of the scope, the newest first: open, closed or both; of those with a lower number than `before`
    at most `limit`."""
    row = t.calibration.c
    query = _listed(scope).order_by(row.id.desc()).limit(limit)
    if closed is not None:
        query = query.where(row.closed_at.is_not(None) if closed else row.closed_at.is_(None))
    if before is not None:
        query = query.where(row.id < before)
    with store.reading() as connection:
        return _read(connection, connection.execute(query).all())


def own_words(store: Store, number: int, name: str) -> dict[str, Word]:
    """Standard → what this person themself said, open or closed."""
    with store.reading() as connection:
        return _words(connection, (number,), name).get(number, {}).get(name, {})


def may_say(store: Store, number: int, name: str) -> bool:
    """Whether this account was asked: one of the same name that was made later was not."""
    with store.reading() as connection:
        return name in _asked_now(connection, number)


def heard(store: Store, number: int, scope: Scope = EVERYTHING) -> Heard:
    """All that was said in a closed calibration.

    Raises:
        NotStored: there is no such calibration in the scope.
        CalibrationOpen: it is open.
    """
    with store.reading() as connection:
        one = _one(connection, number, scope)
        if one.closed_at is None:
            raise CalibrationOpen(number)
        return _heard(connection, (one,))[0]


def all_heard(store: Store, scope: Scope = EVERYTHING) -> tuple[Heard, ...]:
    """Every closed calibration of the scope, the newest first."""
    row = t.calibration.c
    query = _listed(scope).where(row.closed_at.is_not(None)).order_by(row.id.desc())
    with store.reading() as connection:
        return _heard(connection, _read(connection, connection.execute(query).all()))


def _listed(scope: Scope) -> Select[Any]:
    facts = t.interaction.c
    query = select(t.calibration, facts.title).join(t.interaction, facts.id == t.calibration.c.interaction_id)
    return query.where(*scope.interactions())


def _one(connection: Connection, number: int, scope: Scope = EVERYTHING) -> Calibration:
    found = _read(connection, connection.execute(_listed(scope).where(t.calibration.c.id == number)).all())
    if not found:
        raise NotStored("calibration", str(number), "the page of calibrations lists what there is")
    return found[0]


def _read(connection: Connection, rows: Iterable[Row[Any]]) -> tuple[Calibration, ...]:
    rows = tuple(rows)
    person, word = t.calibration_person.c, t.calibration_word.c
    numbers = [row.id for row in rows]
    counted = select(word.calibration_id, word.name, func.count()).group_by(word.calibration_id, word.name)
    said = {
        (number, name): count
        for number, name, count in connection.execute(counted.where(word.calibration_id.in_(numbers)))
    }
    people: dict[int, list[Asked]] = {}
    query = select(person.calibration_id, person.name, person.user_id).order_by(person.name)
    for number, name, user in connection.execute(query.where(person.calibration_id.in_(numbers))):
        people.setdefault(number, []).append(Asked(name, said.get((number, name), 0), user is None))
    return tuple(
        Calibration(
            row.id,
            row.interaction_id,
            row.title,
            row.rubric_name,
            row.rubric_digest,
            tuple(msgspec.json.decode(row.machine)),
            row.begun_by,
            row.expert,
            row.at,
            row.closed_at,
            tuple(people.get(row.id, ())),
        )
        for row in rows
    )


def _asked_now(connection: Connection, number: int) -> frozenset[str]:
    """The accounts that were asked, and are still there."""
    person = t.calibration_person.c
    query = select(t.user.c.name).join(t.calibration_person, person.user_id == t.user.c.id)
    return frozenset(connection.execute(query.where(person.calibration_id == number)).scalars())


def _words(
    connection: Connection, numbers: Iterable[int], name: str | None = None
) -> dict[int, dict[str, dict[str, Word]]]:
    """Calibration → name → standard → word; of one person, or of all."""
    word = t.calibration_word.c
    query = select(t.calibration_word).where(word.calibration_id.in_(tuple(numbers)))
    if name is not None:
        query = query.where(word.name == name)
    found: dict[int, dict[str, dict[str, Word]]] = {}
    for row in connection.execute(query):
        mine = found.setdefault(row.calibration_id, {}).setdefault(row.name, {})
        mine[row.standard] = Word(Verdict(row.verdict), row.comment, row.at)
    return found


def _heard(connection: Connection, closed: tuple[Calibration, ...]) -> tuple[Heard, ...]:
    numbers = [one.number for one in closed]
    words, row = _words(connection, numbers), t.calibration.c
    query = select(row.id, row.machine).where(row.id.in_(numbers))
    machine = {
        number: msgspec.json.decode(found, type=dict[str, Verdict])
        for number, found in connection.execute(query)
    }
    return tuple(
        Heard(
            one,
            machine[one.number],
            {asked.name: words.get(one.number, {}).get(asked.name, {}) for asked in one.people},
        )
        for one in closed
    )
