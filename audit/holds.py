"""Legal holds: what nobody may erase, by hand or by keep times, until the hold is lifted."""

from collections.abc import Collection
from datetime import UTC, datetime

import msgspec
from sqlalchemy import delete, insert, select

from audit import tables as t
from audit.auditlog import Action, write
from audit.interactions import Role
from audit.store import NotStored, Store
from models.errors import ComportError

KINDS = ("customer", "interaction")


class Hold(msgspec.Struct, frozen=True):
    """`value` is the id of an interaction, or what a customer is known by."""

    number: int
    kind: str
    value: str
    reason: str
    held_by: str
    at: datetime


class Held(ComportError):
    """Something that must not be erased."""

    def __init__(self, what: str, reason: str, number: int) -> None:
        super().__init__(what, reason, number)
        self.what, self.reason, self.number = what, reason, number

    def __str__(self) -> str:
        lift = f"comport hold remove {self.number}"
        return f"{self.what}: held ({self.reason}); nothing was erased; to lift it: {lift}"


def add_hold(store: Store, kind: str, value: str, reason: str, by: str) -> Hold:
    """Holds an interaction, or all that there is and will be of a customer.

    A customer is held by what stays theirs when they change their name, see `_lasting`.

    Raises:
        NotStored: there is no such interaction or customer.
    """
    if kind == "interaction":
        value = store.interaction(value).id
    elif not interactions_of_customer(store, value):
        raise NotStored("customer", value, "`comport customer list` shows who is")
    else:
        value = _lasting(store, value)
    row = {"kind": kind, "value": value, "reason": reason, "held_by": by, "at": datetime.now(UTC)}
    same = (t.hold.c.kind == kind, t.hold.c.value == value)
    with store.writing() as connection:
        connection.execute(delete(t.hold).where(*same))
        connection.execute(insert(t.hold).values(**row))
        number = connection.execute(select(t.hold.c.id).where(*same)).scalar_one()
        write(connection, Action.HOLD, f"hold {number}", kind=kind)
    return Hold(number, **row)  # type: ignore[arg-type]


def _lasting(store: Store, who: str) -> str:
    """The identity that was typed, in the spelling that is stored; of who was named otherwise an id of the
    house's books, an address or number, else a name: our numbers go with what they were given for. As it was
    typed where only facts name them."""
    from audit.arrivals import e164
    from audit.customers import find_person
    from audit.identities import name_key

    try:
        person = find_person(store, Role.CUSTOMER, who)
    except NotStored as error:
        if error.what != "customer":
            raise
        return who
    spellings = (who.strip(), who.strip().lower(), e164(who.strip(), None))
    known = {
        kind: [i.value for i in person.identities if i.kind == kind] for kind in ("crm", "email", "phone")
    }
    values = [value for of_kind in known.values() for value in of_kind]
    names = [who] if name_key(who) in map(name_key, person.names) else person.names
    return next((one for one in values if one in spellings), next(iter((*values, *names)), who))


def remove_hold(store: Store, number: int) -> None:
    """Lifts a hold.

    Raises:
        NotStored: there is none of this number.
    """
    with store.writing() as connection:
        if not connection.execute(delete(t.hold).where(t.hold.c.id == number)).rowcount:
            raise NotStored("hold", str(number), "`comport hold list` shows all")
        write(connection, Action.HOLD, f"hold {number}", lifted=True)


def holds(store: Store) -> tuple[Hold, ...]:
    """All holds, the first one first."""
    with store.reading() as connection:
        rows = connection.execute(select(t.hold).order_by(t.hold.c.id)).all()
    return tuple(Hold(*row) for row in rows)


def interactions_of_customer(store: Store, who: str) -> tuple[str, ...]:
    """The ids of all interactions of a customer: of who is known over channels, or is named so in facts.

    Raises:
        NotStored: more than one customer fits.
    """
    from audit.customers import find_person, interactions_of

    row = t.interaction.c
    with store.reading() as connection:
        named = connection.execute(select(row.id).where(row.customer == who).order_by(row.id)).scalars().all()
    try:
        known = interactions_of(store, find_person(store, Role.CUSTOMER, who))
    except NotStored as error:
        if error.what != "customer":
            raise
        return tuple(named)
    return tuple(dict.fromkeys((*known, *(named if " " not in who else ()))))


def held(store: Store, interactions: Collection[str] | None = None) -> dict[str, Hold]:
    """Which of these interactions (None: of all) are held, and by which hold.

    Raises:
        Held: nobody can tell, for the customer of a hold is not found any more.
    """
    among = None if interactions is None else frozenset(interactions)
    found: dict[str, Hold] = {}
    for one in holds(store):
        names = _fit(store, one)
        if not names:
            raise Held(f"{one.value} (no customer is known so any more)", one.reason, one.number)
        found |= {name: one for name in names if among is None or name in among}
    return found


def _fit(store: Store, hold: Hold) -> tuple[str, ...]:
    """The interactions that a hold is about; where several customers have the name by now those of all."""
    from audit.identities import name_key

    if hold.kind == "interaction":
        return (hold.value,)
    try:
        return interactions_of_customer(store, hold.value)
    except NotStored:
        row, part, facts = t.person.c, t.taking_part.c, t.interaction.c
        same = row.role == Role.CUSTOMER.value, row.name_key == name_key(hold.value)
        theirs = select(part.interaction_id).join(t.person, row.id == part.person_id)
        theirs = theirs.where(row.root_id.in_(select(row.root_id).where(*same).scalar_subquery()))
        named = select(facts.id).where(facts.customer == hold.value)
        with store.reading() as connection:
            return tuple(connection.execute(theirs.union(named)).scalars())


def check_free(store: Store, interactions: Collection[str]) -> None:
    """Does nothing where none of them is held.

    Raises:
        Held: one is, or nobody can tell, for the customer of a hold is not found any more.
    """
    for name, hold in held(store, interactions).items():
        raise Held(name[:12], hold.reason, hold.number)
