"""Writes who took part in interactions: identities, what joins them, and what is proposed."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from audit import tables as t
from audit.identities import (
    COMPORT,
    Given,
    State,
    add_link,
    against,
    alike,
    given_by,
    join,
    log,
    name_key,
    numbers_in,
    roots_of,
    take_part,
)
from audit.interactions import Interaction, Role
from audit.transactions import pieces
from models.observations import Utterance


class People(NamedTuple):
    """Who an interaction names, and the numbers that are said in it."""

    interaction: Interaction
    given: tuple[Given, ...]
    numbers: tuple[str, ...]


def people_of(interaction: Interaction, said: Iterable[Utterance]) -> People:
    """The people of an interaction by its facts and words; the database is not asked."""
    given, numbers = given_by(interaction), numbers_in(said)
    if numbers and Role.CUSTOMER not in (one.role for one in given):
        # Nobody says who called; the order that they name may tell.
        given = (*given, Given(Role.CUSTOMER, (("interaction", interaction.id),), ""))
    return People(interaction, given, numbers)


def keep_people(connection: Connection, people: Sequence[People]) -> None:
    """Brings what is known of the people of some interactions up to date with their facts and words.

    What people decided about identities that are still named stays as it is. No interaction comes twice.
    """
    _keep_numbers(connection, people)
    number_of = _identities(connection, [given for one in people for given in one.given])
    parts: dict[str, dict[int, bool]] = {}
    for one in people:
        found = [_numbered(number_of, given) for given in one.given]
        mine = parts[one.interaction.id] = dict.fromkeys((n for numbers in found for n in numbers), False)
        mine |= {numbers[0]: True for numbers in found}
    take_part(connection, parts)
    ends = {number for one in people for given in one.given for number in _numbered(number_of, given)[1:]}
    linked = _links(connection, ends)
    for one in people:
        for given in one.given:
            (main, *others), (strongest, *rest) = _numbered(number_of, given), given.identities
            for (kind, value), number in zip(rest, others, strict=True):
                if (min(main, number), max(main, number)) in linked:
                    continue
                told = f"{one.interaction.id[:12]} gives {kind} {value} together with {' '.join(strongest)}"
                join(connection, main, number, told, renamed=strongest[0] == "employee" and kind == "name")
    shared = _shared(connection, [one.interaction.id for one in people if one.numbers])
    said_by = _who_said(connection, shared)
    for one in people:
        for given in one.given:
            if given.role == Role.CUSTOMER:
                main = _numbered(number_of, given)[0]
                _propose(connection, one, main, given.name, said_by)
    done = update(t.interaction).where(t.interaction.c.id.in_(parts)).values(joined=True)
    connection.execute(done)


def _keep_numbers(connection: Connection, people: Sequence[People]) -> None:
    row = t.mention.c
    known: dict[str, set[str]] = {one.interaction.id: set() for one in people}
    for one in connection.execute(select(t.mention).where(row.interaction_id.in_(known))):
        known[one.interaction_id].add(one.value)
    changed = {one.interaction.id: one.numbers for one in people}
    changed = {name: numbers for name, numbers in changed.items() if set(numbers) != known[name]}
    if rewritten := [name for name in changed if known[name]]:
        connection.execute(delete(t.mention).where(row.interaction_id.in_(rewritten)))
    rows = [{"interaction_id": name, "value": one} for name, numbers in changed.items() for one in numbers]
    if rows:
        connection.execute(insert(t.mention), rows)


_Key = tuple[str, str, str]
"""Role, kind and value of an identity."""


def _keys(given: Given) -> list[_Key]:
    return [(given.role.value, kind, value) for kind, value in given.identities]


def _numbered(number_of: dict[_Key, int], given: Given) -> list[int]:
    return [number_of[key] for key in _keys(given)]


def _identities(connection: Connection, given: Sequence[Given]) -> dict[_Key, int]:
    """The numbers of identities, new where they are; of the names that were given each keeps the longest."""
    row = t.person.c
    named: dict[_Key, str] = {}
    for one in given:
        for key in _keys(one):
            before = named.setdefault(key, one.name)
            if name_key(one.name) and (not name_key(before) or len(one.name) > len(before)):
                named[key] = one.name
    known = _known(connection, named)
    for key, (number, before) in known.items():
        name = named[key]
        if name_key(name) and len(name) > len(before):
            values = {"name": name, "name_key": name_key(name)}
            connection.execute(update(t.person).where(row.id == number).values(**values))
    fresh = [key for key in named if key not in known]
    if fresh:
        rows = [
            {
                "role": role,
                "kind": kind,
                "value": value,
                "root_id": 0,
                "name": named[role, kind, value],
                "name_key": name_key(named[role, kind, value]),
            }
            for role, kind, value in fresh
        ]
        connection.execute(insert(t.person), rows)
        connection.execute(update(t.person).where(row.root_id == 0).values(root_id=row.id))
        known |= _known(connection, fresh)
    return {key: number for key, (number, _) in known.items()}


def _known(connection: Connection, keys: Iterable[_Key]) -> dict[_Key, tuple[int, str]]:
    """The number and the name of each of these identities that is stored."""
    row = t.person.c
    found: dict[_Key, tuple[int, str]] = {}
    for (role, kind), values in _by_kind(keys).items():
        for some in pieces(values):
            these = row.value.in_(some)
            query = select(row.id, row.value, row.name).where(row.role == role, row.kind == kind, these)
            for number, value, name in connection.execute(query):
                found[role, kind, value] = (number, name)
    return found


def _links(connection: Connection, ends: Collection[int]) -> set[tuple[int, int]]:
    """Both ends of every link that has one of these."""
    link, found = t.person_link.c, set[tuple[int, int]]()
    for some in pieces(sorted(ends)):
        query = select(link.one_id, link.other_id).where(or_(link.one_id.in_(some), link.other_id.in_(some)))
        found |= {(one.one_id, one.other_id) for one in connection.execute(query)}
    return found


def _by_kind(keys: Iterable[_Key]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for role, kind, value in keys:
        found.setdefault((role, kind), []).append(value)
    return found


MOST_SHARED = 20
"""A number that is said in more interactions is the house's own: our choice."""

MOST_CANDIDATES = 50
"""So many of one name are looked at, and `MOST_PROPOSALS` proposed: a person has to decide each."""
MOST_PROPOSALS = 3

_Said = dict[str, dict[int, str]]
"""For each number that others say, too, the customers in whose interactions it is said, with their names as
names are compared."""


def _shared(connection: Connection, interactions: Collection[str]) -> list[str]:
    """The numbers of some interactions that several interactions say, but not so many that they are the
    house's own."""
    if not interactions:
        return []
    here, there = t.mention.alias(), t.mention.alias()
    some = select(there.c.value).where(there.c.value == here.c.value).correlate(here)
    times = select(func.count()).select_from(some.limit(MOST_SHARED + 1).subquery()).scalar_subquery()
    query = select(here.c.value, times).where(here.c.interaction_id.in_(interactions)).distinct()
    return [value for value, number in connection.execute(query) if 1 < number <= MOST_SHARED]


def _who_said(connection: Connection, numbers: Sequence[str]) -> _Said:
    part, row, said = t.taking_part.c, t.person.c, t.mention.c
    found: _Said = {}
    for some in pieces(numbers):
        query = (
            select(said.value, row.id, row.name_key)
            .join(t.taking_part, and_(part.interaction_id == said.interaction_id, part.main))
            .join(t.person, and_(row.id == part.person_id, row.role == Role.CUSTOMER.value))
            .where(said.value.in_(some))
        )
        for value, number, key in connection.execute(query):
            found.setdefault(value, {})[number] = key
    return found


def _propose(connection: Connection, people: People, main: int, name: str, said_by: _Said) -> None:
    """Proposes to join a customer with those of whom a number, or name and branch, is the same."""
    evidence: dict[int, list[str]] = {}
    key, branch = name_key(name), people.interaction.branch
    named: dict[int, str] = {}
    for value in people.numbers:
        for number, other in said_by.get(value, {}).items():
            if number != main and (not key or not other or alike({key}, {other})):
                evidence.setdefault(number, []).append(f"the number {value} is said by both")
                named[number] = other
    if len(key.split()) > 1:
        at_branch = _at_branch(connection, key, branch) - {main} if branch else set()
        same_name = {one for one in evidence if named.get(one) == key}
        for number in at_branch | same_name:
            here = [f"the same branch, {branch}"] if number in at_branch else []
            evidence[number] = [f"the same name, {name}", *here, *evidence.get(number, [])]
    left = MOST_PROPOSALS
    for number in sorted(evidence, key=lambda number: (-len(evidence[number]), number)):
        if not left:
            return
        roots = roots_of(connection, main, number)
        if len(roots) > 1 and not _linked(connection, roots) and not against(connection, roots):
            link = add_link(connection, main, number, State.PROPOSED, evidence[number])
            log(connection, link, State.PROPOSED, COMPORT, "; ".join(evidence[number]))
            left -= 1


def _at_branch(connection: Connection, key: str, branch: str) -> set[int]:
    """Customers of this name who were at this branch, the first `MOST_CANDIDATES`."""
    part, facts, row = t.taking_part.c, t.interaction.c, t.person.c
    there = (
        select(row.id)
        .join(t.taking_part, and_(part.person_id == row.id, part.main))
        .join(t.interaction, facts.id == part.interaction_id)
        .where(row.role == Role.CUSTOMER.value, row.name_key == key, facts.branch == branch)
        .limit(MOST_CANDIDATES)
    )
    return set(connection.execute(there).scalars())


def _linked(connection: Connection, roots: set[int]) -> bool:
    """Whether somebody has proposed or refused already that these are one."""
    link = t.person_link.c
    one, other = t.person.alias(), t.person.alias()
    first, second = sorted(roots)
    crossing = (
        select(link.id)
        .join(one, one.c.id == link.one_id)
        .join(other, other.c.id == link.other_id)
        .where(
            or_(
                and_(one.c.root_id == first, other.c.root_id == second),
                and_(one.c.root_id == second, other.c.root_id == first),
            )
        )
        .limit(1)
    )
    return connection.execute(crossing).scalar() is not None
