"""Who took part in an interaction, as identities: the same strong one is the same person on every channel.

An identity is an e-mail address, a telephone number, an id; those that one interaction gives to one party
are joined. What speaks for less than that (the same name and the same order number) is only proposed. What
hangs together by joined links is one person; every link has its log, and can be cut again.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update

from audit import tables as t
from audit.arrivals import e164
from audit.interactions import Interaction, Party, Role
from audit.transactions import pieces
from models.observations import Utterance
from models.spoken_digits import normal, runs


class State(StrEnum):
    JOINED = "joined"
    PROPOSED = "proposed"
    REFUSED = "refused"


COMPORT = "comport"
"""Who decides where no person did."""

ROLES = (Role.CUSTOMER, Role.AGENT)

NO_NAMES = frozenset(
    {"agent", "bot", "caller", "client", "customer", "guest", "operator", "unknown", "user", "visitor"}
    | {"chiamante", "cliente", "operatore", "ospite", "utente", "مشتری", "کاربر", "مهمان", "اپراتور"}
)
"""What sources call a party whose name they do not know."""

_NUMBERED = re.compile(r"(speaker|spk|channel|caller|customer|visitor|guest|user)[ _-]?\d*")

_CODE = re.compile(r"\S*\d\S*\d\S*\d\S*")
"""A customer that is written like this is a number of the house's books and no name: our choice."""


class Given(NamedTuple):
    """A party as identities, the strongest first, each (kind, value)."""

    role: Role
    identities: tuple[tuple[str, str], ...]
    name: str


def name_key(name: str) -> str:
    """A name as names are compared: small letters, one space; empty for what is no name."""
    plain = " ".join(name.casefold().split())
    return "" if plain in NO_NAMES or _NUMBERED.fullmatch(plain) or _CODE.fullmatch(plain) else plain


GIVEN_KINDS = ("crm", "email", "employee", "name", "phone")
"""Kinds of identities that somebody may be looked for by: all but who is known from one interaction alone."""


def spellings(who: str) -> set[str]:
    """How an identity that was typed may be stored."""
    plain = who.strip()
    return {plain, plain.lower(), e164(plain, None)}


def given_by(interaction: Interaction) -> tuple[Given, ...]:
    """The customers and employees that the facts of an interaction name; nobody is guessed.

    A customer of whom nothing but a name is known is somebody of this interaction alone: there is more than
    one Maria Rossi. An employee's name is an identity: within a house it says who is meant.
    """
    found: dict[tuple[tuple[str, str], ...], Given] = {}
    for role, fact in ((Role.CUSTOMER, interaction.customer), (Role.AGENT, interaction.agent)):
        parties = [p for p in interaction.parties if p.role == role]
        if fact and fact not in (p.name for p in parties):
            parties.append(Party(role, fact))
        for party in parties:
            named = _customer(party) if role == Role.CUSTOMER else _employee(party)
            identities = tuple(dict.fromkeys(one for one in named if one[1]))
            if not identities and role == Role.CUSTOMER and name_key(party.name):
                # Two that the same interaction names stay two.
                identities = (("interaction", f"{interaction.id}/{name_key(party.name)}"),)
            if identities:
                found.setdefault(identities, Given(role, identities, party.name))
    return tuple(found.values())


def _customer(party: Party) -> Iterator[tuple[str, str]]:
    yield "crm", party.crm
    if _CODE.fullmatch(party.name) and not _NUMBERED.fullmatch(party.name.casefold()):
        yield "crm", party.name
    yield from _addresses(party)


def _employee(party: Party) -> Iterator[tuple[str, str]]:
    yield "employee", party.employee
    yield "name", name_key(party.name)
    yield from _addresses(party)


def _addresses(party: Party) -> Iterator[tuple[str, str]]:
    if "@" in party.email:
        yield "email", party.email.strip().lower()
    # Without its country a number may be anybody's.
    if party.phone.startswith("+"):
        yield "phone", party.phone


LEAST_DIGITS, MOST_DIGITS = 6, 16
"""Digits of a number that tells an order or a contract: shorter ones are amounts and postcodes, too."""

MOST_MENTIONS = 50
"""Numbers kept of one interaction: more is a list that somebody reads out. Our choice."""

_MIXED = re.compile(r"[a-z]{1,5}[-/]?\d{4,12}")


def numbers_in(said: Iterable[Utterance], least_digits: int = LEAST_DIGITS) -> tuple[str, ...]:
    """The numbers of orders, contracts, cases that are said or written, small letters, Western digits."""
    found: dict[str, None] = {}
    for one in said:
        words = [word.text for word in one.words]
        for word in map(normal, words):
            if _MIXED.fullmatch(word):
                found[word.replace("-", "").replace("/", "")] = None
        for run in runs(words, one.language):
            if least_digits <= len(run.digits) <= MOST_DIGITS:
                found[run.digits] = None
    return tuple(found)[:MOST_MENTIONS]


def take_part(connection: Connection, parts: Mapping[str, dict[int, bool]]) -> None:
    """Writes who takes part in each of some interactions, and whether as the strongest identity of a party;
    what nothing supports any more is forgotten."""
    row = t.taking_part.c
    before: dict[str, dict[int, bool]] = {interaction: {} for interaction in parts}
    known = select(row.interaction_id, row.person_id, row.main).where(row.interaction_id.in_(parts))
    for one in connection.execute(known):
        before[one.interaction_id][one.person_id] = one.main
    changed = [interaction for interaction, mine in parts.items() if before[interaction] != mine]
    if rewritten := [interaction for interaction in changed if before[interaction]]:
        connection.execute(delete(t.taking_part).where(row.interaction_id.in_(rewritten)))
    rows = [
        {"interaction_id": interaction, "person_id": number, "main": main}
        for interaction in changed
        for number, main in parts[interaction].items()
    ]
    if rows:
        connection.execute(insert(t.taking_part), rows)
    for interaction in rewritten:
        if gone := before[interaction].keys() - parts[interaction]:
            _drop_unsupported(connection, set(before[interaction]), gone)


def forget_people(connection: Connection, interaction: str) -> None:
    """Takes an interaction out: its numbers, who took part, and every identity and link that nothing else
    supports."""
    connection.execute(delete(t.mention).where(t.mention.c.interaction_id == interaction))
    take_part(connection, {interaction: {}})
    gone = update(t.interaction).where(t.interaction.c.id == interaction).values(joined=False)
    connection.execute(gone)


def _drop_unsupported(connection: Connection, before: set[int], gone: set[int]) -> None:
    """Removes identities that no interaction names any more, and links that Comport made by one that no
    longer gives both ends."""
    link, roots = t.person_link.c, roots_of(connection, *before)
    between = {
        one.id: one
        for some in pieces(gone)
        for one in connection.execute(select(t.person_link).where(_ends_in(some)))
    }
    for one in between.values():
        alone = {one.one_id, one.other_id} <= before and not _seen_together(connection, one)
        if alone and not _by_person(connection, one.id):
            connection.execute(delete(t.person_decision).where(t.person_decision.c.link_id == one.id))
            connection.execute(delete(t.person_link).where(link.id == one.id))
    forget_unnamed(connection, gone)
    settle(connection, roots)


def forget_unnamed(connection: Connection, people: set[int]) -> dict[str, int]:
    """Removes those of these identities that no interaction names, and their links; gives how many rows of
    which table are gone. Who the others are has to be found anew by `settle`."""
    row, part = t.person.c, t.taking_part.c
    named = {
        number
        for some in pieces(people)
        for number in connection.execute(select(part.person_id).where(part.person_id.in_(some))).scalars()
    }
    removed: dict[str, int] = {}
    for gone in pieces(people - named):
        links = select(t.person_link.c.id).where(_ends_in(gone))
        for table, where in (
            (t.person_decision, t.person_decision.c.link_id.in_(links)),
            (t.person_link, _ends_in(gone)),
            (t.person, row.id.in_(gone)),
        ):
            count = connection.execute(delete(table).where(where)).rowcount
            removed[table.name] = removed.get(table.name, 0) + count
    return removed


def _ends_in(people: Collection[int]) -> ColumnElement[bool]:
    link = t.person_link.c
    return or_(link.one_id.in_(people), link.other_id.in_(people))


def _seen_together(connection: Connection, link: Any) -> bool:
    part = t.taking_part.c
    both = (
        select(part.interaction_id)
        .where(part.person_id.in_((link.one_id, link.other_id)))
        .group_by(part.interaction_id)
        .having(func.count() > 1)
        .limit(1)
    )
    return connection.execute(both).scalar() is not None


def _by_person(connection: Connection, link: int) -> bool:
    row = t.person_decision.c
    people = select(row.id).where(row.link_id == link, row.decided_by != COMPORT).limit(1)
    return connection.execute(people).scalar() is not None


def settle(connection: Connection, roots: set[int]) -> None:
    """Finds anew what hangs together among the identities that had these roots."""
    row, link = t.person.c, t.person_link.c
    numbers: dict[int, int] = {}
    for some in pieces(roots):
        told = connection.execute(select(row.id, row.root_id).where(row.root_id.in_(some)))
        numbers |= {one.id: one.root_id for one in told}
    beside: dict[int, set[int]] = {number: set() for number in numbers}
    for some in pieces(numbers):
        asked = select(link.one_id, link.other_id).where(link.state == State.JOINED, _ends_in(some))
        for one, other in connection.execute(asked):
            if one in beside and other in beside:
                beside[one].add(other)
                beside[other].add(one)
    seen: set[int] = set()
    for number in sorted(numbers):
        if number in seen:
            continue
        reached, waiting = {number}, [number]
        while waiting:
            fresh = beside[waiting.pop()] - reached
            reached |= fresh
            waiting += fresh
        seen |= reached
        for moved in pieces(one for one in reached if numbers[one] != number):
            connection.execute(update(t.person).where(row.id.in_(moved)).values(root_id=number))


def log(connection: Connection, link: int, state: State, by: str, why: str) -> None:
    """Writes down who decided what of a link, when and why."""
    told = {"link_id": link, "state": state.value, "decided_by": by, "why": why, "at": datetime.now(UTC)}
    connection.execute(insert(t.person_decision).values(**told))


def link_of(connection: Connection, one: int, other: int) -> Any:
    """The link between two identities as a row, None where there is none."""
    row = t.person_link.c
    ends = (row.one_id == min(one, other), row.other_id == max(one, other))
    return connection.execute(select(t.person_link).where(*ends)).one_or_none()


def add_link(connection: Connection, one: int, other: int, state: State, evidence: list[str]) -> int:
    """A new link between two identities, without its first decision; gives its number."""
    told = {"state": state.value, "evidence": msgspec.json.encode(evidence).decode()}
    ends = {"one_id": min(one, other), "other_id": max(one, other)}
    (number,) = connection.execute(insert(t.person_link).values(**ends, **told)).inserted_primary_key or (0,)
    return int(number)


def roots_of(connection: Connection, *numbers: int) -> set[int]:
    """The roots of some identities."""
    row = t.person.c
    return {
        root
        for some in pieces(numbers)
        for root in connection.execute(select(row.root_id).where(row.id.in_(some))).scalars()
    }


def join(connection: Connection, main: int, number: int, evidence: str, renamed: bool) -> None:
    """Joins what one party was given, unless something speaks against it: then it is only proposed.

    `renamed`: the house's own books give the name, so that another name than before speaks against nothing.
    """
    if main == number or link_of(connection, main, number) is not None:
        return
    roots = roots_of(connection, main, number)
    speaks = against(connection, roots, not renamed) if len(roots) > 1 else ""
    state = State.PROPOSED if speaks else State.JOINED
    link = add_link(connection, main, number, state, [evidence, *([speaks] if speaks else [])])
    log(connection, link, state, COMPORT, speaks or evidence)
    if state == State.JOINED:
        settle(connection, roots)


def against(connection: Connection, roots: set[int], by_name: bool = True) -> str:
    """What speaks against that these are one person: two ids of the house's books, or two names. Empty where
    nothing does."""
    row = t.person.c
    people = connection.execute(select(t.person).where(row.root_id.in_(roots))).all()
    ids = sorted({one.value for one in people if one.kind in ("crm", "employee")})
    if len(ids) > 1:
        return f"two ids: {', '.join(ids)}"
    if not by_name:
        return ""
    names: dict[int, set[str]] = {root: set() for root in roots}
    for one in people:
        if one.name_key:
            names[one.root_id].add(one.name_key)
    some = [names[root] for root in sorted(roots)]
    if any(one and other and not alike(one, other) for one in some for other in some):
        return f"two names: {', '.join(sorted(set().union(*some)))}"
    return ""


def alike(some: set[str], others: set[str]) -> bool:
    """Whether one name of these may be one of those: "Laura" and "L. Keller" may be "Laura Keller"."""
    words = [sorted((one.split(), other.split()), key=len) for one in some for other in others]
    return any(all(any(_fits(word, other) for other in long) for word in short) for short, long in words)


def _fits(word: str, other: str) -> bool:
    initials = len(word.rstrip(".")) == 1 or len(other.rstrip(".")) == 1
    return word[0] == other[0] if initials else word == other
