"""Customers and employees over all channels, journeys, and what became of interactions."""

from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from flask_login import current_user

from audit.aftermath import Difference, by_standard
from audit.auditlog import Action, write
from audit.customers import Person, interactions_of, join_people, people
from audit.identities import State
from audit.interactions import Role
from audit.journey import Journey, journey_of_person
from audit.merging import Pair, decide_pair, pair_of, pairs
from audit.store import NotStored, Store
from web.api.interactions import Facts, facts_of
from web.api.operations import Made, Many, Operation, each, following, unchanged
from web.api.problems import ROOT
from web.rights import scope


class Somebody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose name or identity begins with `search`; `after` is the number that the page before ended with."""

    search: Annotated[str, msgspec.Meta(max_length=200)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    after: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 0


LONGEST_REASON = 200
"""Letters of why two are, or are not, one customer."""

_Reason = Annotated[str, msgspec.Meta(max_length=LONGEST_REASON)]
_Number = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class Links(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Links in which state, of which customer; `before` is the number of the last of the page before."""

    state: State | None = None
    customer: _Number | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    before: _Number | None = None


class Join(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two customers by their numbers, and why they are one."""

    one: _Number
    other: _Number
    because: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REASON)]


class Decided(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """They are one (`joined`) or two (`refused`), and why. `seen` is that of the sides as they were read."""

    state: Literal["joined", "refused"]
    because: _Reason = ""
    seen: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class Employee(msgspec.Struct, frozen=True):
    """An employee by the names and ids that interactions give."""

    number: int
    names: tuple[str, ...]
    interactions: int


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which outcome (csat, repeat…), and under which rubric."""

    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    rubric: Annotated[str, msgspec.Meta(max_length=80)] = ""


def list_customers(store: Store, query: Somebody) -> Many[Person]:
    found = people(store, Role.CUSTOMER, query.search, query.limit, query.after, scope())
    return Many(found, _further("customers", query, found))


def customer(store: Store, number: int) -> Person:
    return known(store, Role.CUSTOMER, number)


def customer_interactions(store: Store, number: int) -> Many[Facts]:
    theirs = interactions_of(store, known(store, Role.CUSTOMER, number), scope())
    return each(facts_of(store.interaction(one, scope())) for one in theirs)


def journey(store: Store, number: int) -> Journey:
    told = journey_of_person(store, known(store, Role.CUSTOMER, number), scope=scope())
    with store.writing() as connection:
        # It quotes what was said in each of them.
        for step in told.steps:
            write(connection, Action.VIEW, step.interaction, address="journey")
    return told


def links(store: Store, query: Links) -> Many[Pair]:
    of = known(store, Role.CUSTOMER, query.customer) if query.customer else None
    found = pairs(store, Role.CUSTOMER, query.state, of, query.limit, query.before)
    further = None
    if len(found) == query.limit:
        further = following(f"{ROOT}/customers/links", query, before=found[-1].link.number)
    return Many(found, further)


def link(store: Store, number: int) -> Pair:
    return pair_of(store, Role.CUSTOMER, number)


def join_customers(store: Store, body: Join) -> Made:
    with store.writing():
        one, other = (known(store, Role.CUSTOMER, number) for number in (body.one, body.other))
        number = join_people(store, one, other, current_user.name, body.because)
        return Made(link(store, number), f"{ROOT}/customers/links/{number}")


def decide_link(store: Store, number: int, body: Decided) -> Pair:
    with store.writing():
        unchanged(link(store, number))
        chosen = State(body.state)
        decide_pair(store, Role.CUSTOMER, number, chosen, current_user.name, body.because, body.seen)
        return link(store, number)


def list_employees(store: Store, query: Somebody) -> Many[Employee]:
    found = people(store, Role.AGENT, query.search, query.limit, query.after, scope())
    return Many(tuple(map(_employee, found)), _further("employees", query, found))


def employee(store: Store, number: int) -> Employee:
    return _employee(known(store, Role.AGENT, number))


def employee_interactions(store: Store, number: int) -> Many[Facts]:
    theirs = interactions_of(store, known(store, Role.AGENT, number), scope())
    return each(facts_of(store.interaction(one, scope())) for one in theirs)


def outcomes(store: Store, query: Kind) -> Many[Difference]:
    return each(by_standard(store, query.kind, query.rubric, scope()))


def _employee(one: Person) -> Employee:
    return Employee(one.number, one.names, one.interactions)


def _further(what: str, query: Somebody, found: tuple[Person, ...]) -> str | None:
    if len(found) < query.limit:
        return None
    return following(f"{ROOT}/{what}", query, after=found[-1].number)


def known(store: Store, role: Role, number: int) -> Person:
    """A person by the number of the list.

    Raises:
        NotStored: there is nobody of this number, or nothing of theirs may be seen.
    """
    [found] = people(store, role, limit=1, after=number - 1, scope=scope()) or (None,)
    if found is None or found.number != number:
        raise NotStored("person", str(number), "the list shows the numbers")
    return found


_PERSON = "<int:number>"

OPERATIONS = (
    Operation("GET", "/customers", list_customers, "Customers by their numbers", Many[Person], Somebody),
    Operation("GET", f"/customers/{_PERSON}", customer, "One customer", Person),
    Operation(
        *("GET", f"/customers/{_PERSON}/interactions", customer_interactions, "Theirs, the first one first"),
        Many[Facts],
    ),
    Operation("GET", f"/customers/{_PERSON}/journey", journey, "Their way through the house", Journey),
    Operation(
        *("GET", "/customers/links", links, "What may be, is or is not one customer"),
        Many[Pair],
        Links,
        problems=(HTTPStatus.NOT_FOUND,),
    ),
    Operation("GET", "/customers/links/<int:number>", link, "One link with both its sides", Pair),
    Operation(
        *("POST", "/customers/links", join_customers, "Makes one customer of two", Pair),
        body=Join,
        status=HTTPStatus.CREATED,
        problems=(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
    ),
    Operation(
        *("PATCH", "/customers/links/<int:number>", decide_link, "Joins or parts; undone by the other", Pair),
        body=Decided,
        problems=(HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED),
    ),
    Operation("GET", "/employees", list_employees, "Employees by their numbers", Many[Employee], Somebody),
    Operation("GET", f"/employees/{_PERSON}", employee, "One employee", Employee),
    Operation(
        *("GET", f"/employees/{_PERSON}/interactions", employee_interactions, "Theirs, the first one first"),
        Many[Facts],
    ),
    Operation(
        *("GET", "/outcomes", outcomes, "An outcome where standards were met and missed"),
        Many[Difference],
        Kind,
        problems=(HTTPStatus.NOT_FOUND,),
    ),
)
