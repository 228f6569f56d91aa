"""Customers and employees over channels: who they are, which interactions are theirs, and what people decide.

A person here is all identities that hang together by joined links (`audit.identities`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, func, or_, select, update

from audit import tables as t
from audit.auditlog import Action
from audit.auditlog import write as write_log
from audit.identities import (
    GIVEN_KINDS,
    State,
    add_link,
    link_of,
    log,
    name_key,
    roots_of,
    settle,
    spellings,
)
from audit.interactions import Role
from audit.scope import EVERYTHING, Scope
from audit.store import NotStored
from audit.transactions import Transactions
from models.errors import ComportError


class Identity(msgspec.Struct, frozen=True):
    """One identity: `kind` is email, phone, crm, employee, name, or interaction for somebody who is known
    from one interaction alone."""

    number: int
    kind: str
    value: str


class Person(msgspec.Struct, frozen=True):
    """A customer or employee; `number` is that of the first identity, `names` are as they were given last."""

    number: int
    role: Role
    names: tuple[str, ...]
    identities: tuple[Identity, ...]
    interactions: int

    @property
    def title(self) -> str:
        """A name to show; else what else is known."""
        known = [one.value for one in self.identities if one.kind != "interaction"]
        return next(iter((*self.names, *known)), f"customer {self.number}")


class Decision(msgspec.Struct, frozen=True):
    """What was decided of a link, by whom, when and why."""

    state: State
    by: str
    why: str
    at: datetime


class Link(msgspec.Struct, frozen=True):
    """Two identities that are, may be or are not one person's, what speaks for it, and its log."""

    number: int
    state: State
    evidence: tuple[str, ...]
    one: Identity
    other: Identity
    names: tuple[str, str]
    log: tuple[Decision, ...]


class CannotJoin(ComportError):
    """Two people that cannot be joined as was asked."""

    def __init__(self, who: str, problem: str) -> None:
        super().__init__(who, problem)
        self.who, self.problem = who, problem

    def __str__(self) -> str:
        return f"{self.who}: {self.problem}"


_CALLED = {Role.CUSTOMER: "customer", Role.AGENT: "employee"}


def find_person(store: Transactions, role: Role, who: str) -> Person:
    """The person of this number (`12` or `#12`), with this identity (in any spelling), or of this name.

    Raises:
        NotStored: nobody, or more than one, fits.
    """
    return store.again(lambda: _find_person(store, role, who))


def _find_person(store: Transactions, role: Role, who: str) -> Person:
    row = t.person.c
    plain = who.strip()
    with store.reading() as connection:
        of_role = select(row.root_id).where(row.role == role.value).distinct()
        number = plain.removeprefix("#")
        # A number of the house's books may be all digits: it goes before ours.
        tries = [of_role.where(row.kind.in_(GIVEN_KINDS), row.value.in_(spellings(plain)))]
        if number.isascii() and number.isdigit() and len(number) < 10:
            tries.append(of_role.where(row.id == int(number)))
        if name_key(plain):
            tries.append(of_role.where(row.name_key == name_key(plain)))
        for query in tries:
            roots = connection.execute(query.limit(2)).scalars().all()
            if len(roots) == 1:
                return _people(connection, roots)[0]
            if roots:
                called = _CALLED[role]
                remedy = f"give an address or the number that `comport {called} list` shows"
                raise NotStored(f"single {called}", who, remedy)
    raise NotStored(_CALLED[role], who, f"`comport {_CALLED[role]} list` shows who is")


def person_with(store: Transactions, role: Role, number: int) -> Person:
    """The person to whom the identity of this number belongs.

    Raises:
        NotStored: there is no such identity of this role.
    """

    def read() -> Person:
        row = t.person.c
        with store.reading() as connection:
            query = select(row.root_id).where(row.id == number, row.role == role.value)
            root = connection.execute(query).scalar_one_or_none()
            if root is None:
                raise NotStored(_CALLED[role], f"#{number}", f"`comport {_CALLED[role]} list` shows who is")
            return _people(connection, [root])[0]

    return store.again(read)


def people(
    store: Transactions,
    role: Role,
    words: str = "",
    limit: int = 50,
    after: int = 0,
    scope: Scope = EVERYTHING,
) -> tuple[Person, ...]:
    """Customers or employees in order of their numbers, beyond the number `after`: those whose name or an
    identity begins with `words`, and who take part in an interaction of the scope."""

    def read() -> tuple[Person, ...]:
        row = t.person.c
        query = select(row.root_id).where(row.role == role.value, row.root_id > after).distinct()
        if words.strip():
            begun = [
                c.startswith(words.strip().casefold(), autoescape=True)
                for c in (row.name_key, func.lower(row.value))
            ]
            query = query.where(or_(*begun), or_(row.kind != "interaction", row.name_key != ""))
        if scope != EVERYTHING:
            part = t.taking_part.c
            seen = select(part.person_id).join(t.interaction, t.interaction.c.id == part.interaction_id)
            query = query.where(row.id.in_(seen.where(part.main, *scope.interactions())))
        with store.reading() as connection:
            roots = connection.execute(query.order_by(row.root_id).limit(limit)).scalars().all()
            return _people(connection, roots, scope)

    return store.again(read)


def _people(connection: Connection, roots: Sequence[int], scope: Scope = EVERYTHING) -> tuple[Person, ...]:
    row, part = t.person.c, t.taking_part.c
    rows: dict[int, list[Any]] = {root: [] for root in roots}
    known = select(t.person).where(row.root_id.in_(roots)).order_by(row.id)
    if scope != EVERYTHING:
        # What others than those of the scope told of them is not seen either.
        seen = select(part.person_id).join(t.interaction, t.interaction.c.id == part.interaction_id)
        known = known.where(row.id.in_(seen.where(*scope.interactions())))
    for one in connection.execute(known):
        rows[one.root_id].append(one)
    counted = (
        select(row.root_id, func.count(part.interaction_id.distinct()).label("interactions"))
        .join(t.taking_part, part.person_id == row.id)
        .join(t.interaction, t.interaction.c.id == part.interaction_id)
        .where(row.root_id.in_(roots), part.main, *scope.interactions())
        .group_by(row.root_id)
    )
    counts = {one.root_id: one.interactions for one in connection.execute(counted)}
    return tuple(
        Person(
            root,
            Role(found[0].role),
            tuple(dict.fromkeys(one.name for one in found if one.name_key)),
            tuple(Identity(one.id, one.kind, one.value) for one in found),
            counts.get(root, 0),
        )
        for root, found in rows.items()
    )


def interactions_of(store: Transactions, person: Person, scope: Scope = EVERYTHING) -> tuple[str, ...]:
    """The ids of a person's interactions within the scope, the first one first; those without a time come
    last."""

    def read() -> tuple[str, ...]:
        part, facts = t.taking_part.c, t.interaction.c
        numbers = [one.number for one in person.identities]
        theirs = (
            select(facts.id, facts.started_at)
            .join(t.taking_part, part.interaction_id == facts.id)
            .where(part.person_id.in_(numbers), part.main, *scope.interactions())
            .distinct()
        )
        with store.reading() as connection:
            found = connection.execute(theirs).all()
        ordered = sorted(found, key=lambda one: (one.started_at is None, one.started_at, one.id))
        return tuple(one.id for one in ordered)

    return store.again(read)


def customer_interactions(store: Transactions, customer: str) -> tuple[str, ...]:
    """The ids of all interactions of one customer over all channels, the first one first.

    `customer` is whatever `find_person` takes: an address, a customer number, our number, a name.

    Raises:
        NotStored: no or more than one customer fits.
    """
    return interactions_of(store, find_person(store, Role.CUSTOMER, customer))


def links(
    store: Transactions,
    role: Role,
    state: State | None = None,
    person: Person | None = None,
    number: int | None = None,
    limit: int | None = None,
    before: int | None = None,
) -> tuple[Link, ...]:
    """The links between identities, the last one first: all of a role, in one state, of one person, or the
    one of a number; at most `limit`, below the number `before`."""

    def read() -> tuple[Link, ...]:
        one, other, link = t.person.alias(), t.person.alias(), t.person_link.c
        query = (
            select(
                t.person_link,
                *(
                    side.c[name].label(f"{end}_{name}")
                    for end, side in (("a", one), ("b", other))
                    for name in ("kind", "value", "name")
                ),
            )
            .join(one, one.c.id == link.one_id)
            .join(other, other.c.id == link.other_id)
            .where(one.c.role == role.value)
            .order_by(link.id.desc())
        )
        if state:
            query = query.where(link.state == state.value)
        if person:
            numbers = [identity.number for identity in person.identities]
            query = query.where(or_(link.one_id.in_(numbers), link.other_id.in_(numbers)))
        if number is not None:
            query = query.where(link.id == number)
        if before is not None:
            query = query.where(link.id < before)
        if limit is not None:
            query = query.limit(limit)
        with store.reading() as connection:
            found = connection.execute(query).all()
            logs: dict[int, list[Decision]] = {row.id: [] for row in found}
            row = t.person_decision.c
            decided = select(t.person_decision).where(row.link_id.in_(logs)).order_by(row.id)
            for d in connection.execute(decided):
                logs[d.link_id].append(Decision(State(d.state), d.decided_by, d.why, d.at))
        return tuple(
            Link(
                row.id,
                State(row.state),
                msgspec.json.decode(row.evidence, type=tuple[str, ...]),
                Identity(row.one_id, row.a_kind, row.a_value),
                Identity(row.other_id, row.b_kind, row.b_value),
                (row.a_name, row.b_name),
                tuple(logs[row.id]),
            )
            for row in found
        )

    return store.again(read)


def decide(store: Transactions, number: int, state: State, by: str, why: str = "") -> None:
    """Joins (`JOINED`) or parts (`REFUSED`) the two ends of a link; the log keeps who, when and why.

    A refused link is not proposed again, and a joined one can be refused: so every merge can be undone.
    The log of who did what has the numbers of both ends.

    Raises:
        NotStored: there is no link of this number.
    """

    def write() -> None:
        row = t.person_link.c
        with store.writing() as connection:
            link = connection.execute(select(t.person_link).where(row.id == number)).one_or_none()
            if link is None:
                raise NotStored("link", str(number), "`comport customer proposals` lists those that wait")
            if link.state == state.value:
                return
            roots = roots_of(connection, link.one_id, link.other_id)
            if state != State.PROPOSED:
                # The reason may name a customer, and no row of this log is ever erased: it stays at the link.
                done = Action.PEOPLE_JOINED if state == State.JOINED else Action.PEOPLE_PARTED
                write_log(connection, done, f"link {number}", one=link.one_id, other=link.other_id)
            connection.execute(update(t.person_link).where(row.id == number).values(state=state.value))
            log(connection, number, state, by, why)
            settle(connection, roots)

    store.again(write)


def join(store: Transactions, role: Role, one: str, other: str, by: str, why: str) -> int:
    """Makes one person of two, as somebody knows them to be; gives the number of the link, to undo it.

    Raises:
        NotStored: nobody, or more than one, fits a name.
        CannotJoin: they are one already.
    """

    def whole() -> int:
        with store.writing():
            first, second = (_find_person(store, role, who) for who in (one, other))
            if first.number == second.number:
                raise CannotJoin(one, f"is the same {_CALLED[role]} as {other} already")
            return join_people(store, first, second, by, why)

    return store.again(whole)


def join_people(store: Transactions, one: Person, other: Person, by: str, why: str) -> int:
    """Makes one person of these two; gives the number of the link, to undo it.

    Raises:
        CannotJoin: they are one already.
    """
    if one.number == other.number:
        raise CannotJoin(one.title, f"is one {_CALLED[one.role]} already")

    def write() -> int:
        with store.writing() as connection:
            known = link_of(connection, one.number, other.number)
            if known is None:
                number = add_link(connection, one.number, other.number, State.PROPOSED, [why])
            else:
                number = known.id
            decide(store, number, State.JOINED, by, why)
            return number

    return store.again(write)
