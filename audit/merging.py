"""Two that may be one person, weighed before somebody decides: what each side is known by, how often and when
they were last there, and what was said of the link between them.

What is shown of a side is what it would be without the link: so the same words tell what a proposal would
join and what its undoing would part.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, func, or_, select

from audit import tables as t
from audit.customers import Identity, Link, Person, decide, join_people, links
from audit.identities import State, roots_of
from audit.interactions import Role
from audit.store import NotStored
from audit.transactions import Transactions, pieces
from models.errors import ComportError


class Side(msgspec.Struct, frozen=True):
    """One of two: the number that it would have alone, its names, what it is known by, how many interactions
    are its own, over which channels, and when the last one with a known time began."""

    number: int
    names: tuple[str, ...]
    identities: tuple[Identity, ...]
    interactions: int
    channels: tuple[str, ...]
    last_at: datetime | None

    @property
    def title(self) -> str:
        """A name to show; else what else is known."""
        known = [one.value for one in self.identities if one.kind != "interaction"]
        return next(iter((*self.names, *known)), f"#{self.number}")


class Weighed(msgspec.Struct, frozen=True):
    """Both sides. `still_one`: other links join them without this one. `seen` stands for what was shown: it
    changes with the identities of a side and with each decision."""

    one: Side
    other: Side
    still_one: bool
    seen: str


class Pair(msgspec.Struct, frozen=True):
    """A link and what it is about."""

    link: Link
    sides: Weighed


class PairChanged(ComportError):
    """Two were changed, or decided on, after they were shown."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"{self.what}: it is not any more what was shown; look at both again"


def pairs(
    store: Transactions,
    role: Role,
    state: State | None = None,
    person: Person | None = None,
    limit: int | None = None,
    before: int | None = None,
) -> tuple[Pair, ...]:
    """Links with both their sides, the last one first: as `audit.customers.links` finds them."""
    return store.again(lambda: _paired(store, links(store, role, state, person, limit=limit, before=before)))


def pair_of(store: Transactions, role: Role, number: int) -> Pair:
    """The link of this number with both its sides.

    Raises:
        NotStored: there is none of this number between two of this role.
    """
    found = store.again(lambda: _paired(store, links(store, role, number=number)))
    if not found:
        raise NotStored("link", str(number), "the list of proposals shows those that wait")
    return found[0]


def waiting(store: Transactions, role: Role) -> int:
    """How many proposals wait for somebody to decide."""
    link, one = t.person_link.c, t.person.c
    query = (
        select(func.count())
        .select_from(t.person_link)
        .join(t.person, one.id == link.one_id)
        .where(link.state == State.PROPOSED.value, one.role == role.value)
    )

    def read() -> int:
        with store.reading() as connection:
            return connection.execute(query).scalar_one()

    return store.again(read)


def weigh(store: Transactions, one: Person, other: Person) -> Weighed:
    """Both sides of two that somebody may join."""

    def read() -> Weighed:
        with store.reading() as connection:
            return _weighed(connection, [(one.number, other.number, None, "")])[0]

    return store.again(read)


def decide_pair(
    store: Transactions, role: Role, number: int, state: State, by: str, why: str, seen: str | None
) -> None:
    """Joins or parts the two ends of a link, if they still are what was shown; `seen` None does not ask.

    Raises:
        NotStored: there is none of this number between two of this role.
        PairChanged: somebody decided on it, or a side has other identities, since it was shown.
    """

    def write() -> None:
        with store.writing():
            _same(seen, pair_of(store, role, number).sides, f"link {number}")
            decide(store, number, state, by, why)

    store.again(write)


def join_pair(store: Transactions, one: Person, other: Person, by: str, why: str, seen: str | None) -> int:
    """Joins two people, if they still are what was shown; gives the number of the link, to undo it.

    Raises:
        CannotJoin: they are one already.
        PairChanged: a side has other identities since it was shown.
    """

    def write() -> int:
        with store.writing():
            _same(seen, weigh(store, one, other), f"#{one.number} and #{other.number}")
            return join_people(store, one, other, by, why)

    return store.again(write)


def _same(seen: str | None, now: Weighed, what: str) -> None:
    if seen is not None and seen != now.seen:
        raise PairChanged(what)


def _paired(store: Transactions, found: Sequence[Link]) -> tuple[Pair, ...]:
    asked = [(one.one.number, one.other.number, one.number, f"{one.state} {len(one.log)}") for one in found]
    with store.reading() as connection:
        return tuple(map(Pair, found, _weighed(connection, asked)))


def _weighed(connection: Connection, asked: Sequence[tuple[int, int, int | None, str]]) -> list[Weighed]:
    """Both sides of each: the numbers of both ends, of the link between them, and what was decided of it."""
    row, link = t.person.c, t.person_link.c
    known: dict[int, Any] = {}
    for roots in pieces(sorted(roots_of(connection, *(end for one in asked for end in one[:2])))):
        for found in connection.execute(select(t.person).where(row.root_id.in_(roots))):
            known[found.id] = found
    beside: dict[int, list[tuple[int, int]]] = {number: [] for number in known}
    for some in pieces(known):
        ends = or_(link.one_id.in_(some), link.other_id.in_(some))
        joined = select(link.id, link.one_id, link.other_id).where(link.state == State.JOINED.value, ends)
        for number, first, second in connection.execute(joined):
            if first in beside and second in beside:
                beside[first].append((second, number))
                beside[second].append((first, number))
    contacts = _contacts(connection, known)
    weighed = []
    for first, second, but, decided in asked:
        one, other = (_reached(beside, end, but) for end in (first, second))
        told = msgspec.json.encode([but, decided, sorted(one), sorted(other)])
        seen = hashlib.sha256(told).hexdigest()[:16]
        first_side, other_side = (_side([known[n] for n in sorted(of)], contacts) for of in (one, other))
        weighed.append(Weighed(first_side, other_side, second in one, seen))
    return weighed


def _reached(beside: dict[int, list[tuple[int, int]]], start: int, but: int | None) -> set[int]:
    """All identities that hang together with one, without one link."""
    reached, waiting_ = {start}, [start]
    while waiting_:
        for number, link in beside[waiting_.pop()]:
            if link != but and number not in reached:
                reached.add(number)
                waiting_.append(number)
    return reached


_Contact = tuple[str, str, datetime | None]
"""The id, the channel and the start of an interaction."""


def _contacts(connection: Connection, people: Iterable[int]) -> dict[int, list[_Contact]]:
    part, facts = t.taking_part.c, t.interaction.c
    found: dict[int, list[_Contact]] = {}
    for some in pieces(people):
        query = (
            select(part.person_id, facts.id, facts.channel, facts.started_at)
            .join(t.interaction, facts.id == part.interaction_id)
            .where(part.person_id.in_(some), part.main)
        )
        for number, *contact in connection.execute(query):
            found.setdefault(number, []).append((contact[0], contact[1], contact[2]))
    return found


def _side(rows: Sequence[Any], contacts: dict[int, list[_Contact]]) -> Side:
    theirs = {contact for one in rows for contact in contacts.get(one.id, ())}
    return Side(
        rows[0].id,
        tuple(dict.fromkeys(one.name for one in rows if one.name_key)),
        tuple(Identity(one.id, one.kind, one.value) for one in rows),
        len(theirs),
        tuple(sorted({channel for _, channel, _ in theirs})),
        max((at for _, _, at in theirs if at), default=None),
    )
