"""Customers and employees over all channels, journeys, and what became of interactions."""

from http import HTTPStatus
from typing import Annotated

import msgspec

from audit.aftermath import Difference, by_standard
from audit.auditlog import Action, write
from audit.customers import Person, interactions_of, people
from audit.interactions import Role
from audit.journey import Journey, journey_of_person
from audit.store import NotStored, Store
from web.api.interactions import Facts, facts_of
from web.api.operations import Many, Operation, each, following
from web.api.problems import ROOT
from web.rights import scope


class Somebody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose name or identity begins with `search`; `after` is the number that the page before ended with."""

    search: Annotated[str, msgspec.Meta(max_length=200)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    after: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 0


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
    return _known(store, Role.CUSTOMER, number)


def customer_interactions(store: Store, number: int) -> Many[Facts]:
    theirs = interactions_of(store, _known(store, Role.CUSTOMER, number), scope())
    return each(facts_of(store.interaction(one, scope())) for one in theirs)


def journey(store: Store, number: int) -> Journey:
    told = journey_of_person(store, _known(store, Role.CUSTOMER, number), scope=scope())
    with store.writing() as connection:
        # It quotes what was said in each of them.
        for step in told.steps:
            write(connection, Action.VIEW, step.interaction, address="journey")
    return told


def list_employees(store: Store, query: Somebody) -> Many[Employee]:
    found = people(store, Role.AGENT, query.search, query.limit, query.after, scope())
    return Many(tuple(map(_employee, found)), _further("employees", query, found))


def employee(store: Store, number: int) -> Employee:
    return _employee(_known(store, Role.AGENT, number))


def employee_interactions(store: Store, number: int) -> Many[Facts]:
    theirs = interactions_of(store, _known(store, Role.AGENT, number), scope())
    return each(facts_of(store.interaction(one, scope())) for one in theirs)


def outcomes(store: Store, query: Kind) -> Many[Difference]:
    return each(by_standard(store, query.kind, query.rubric, scope()))


def _employee(one: Person) -> Employee:
    return Employee(one.number, one.names, one.interactions)


def _further(what: str, query: Somebody, found: tuple[Person, ...]) -> str | None:
    if len(found) < query.limit:
        return None
    return following(f"{ROOT}/{what}", query, after=found[-1].number)


def _known(store: Store, role: Role, number: int) -> Person:
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
