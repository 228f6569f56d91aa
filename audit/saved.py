"""Searches that somebody keeps under a name, alone or with others."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import delete, insert, or_, select, update

from audit import tables as t
from audit.searching import BadSearch, Wanted
from audit.store import NotStored
from audit.transactions import Transactions
from models.transcripts import printable

LONGEST_NAME = 80

EVERYBODY = ""
"""A search that is shared with this is seen by all who may see those of others."""


class Saved(msgspec.Struct, frozen=True):
    """A search that somebody keeps; `shared_with` is a team or `EVERYBODY`, None where it is theirs alone."""

    number: int
    owner: str
    name: str
    wanted: Wanted
    shared_with: str | None = None


def save_search(
    store: Transactions, owner: str, name: str, wanted: Wanted, shared_with: str | None = None
) -> Saved:
    """Keeps a search of `owner` under a name, in the place of an earlier one of that name, and gives it.

    Raises:
        BadSearch: the name is empty or too long.
    """
    plain = _name(name)
    row = t.saved_search.c
    values = {
        "wanted": msgspec.json.encode(wanted).decode(),
        "at": datetime.now(UTC),
        "shared_with": shared_with,
    }

    def write() -> None:
        with store.writing() as connection:
            same = (row.owner == owner, row.name == plain)
            if not connection.execute(update(t.saved_search).where(*same).values(**values)).rowcount:
                connection.execute(insert(t.saved_search).values(owner=owner, name=plain, **values))

    store.again(write)
    return _one(store, owner, plain)


def _name(name: str) -> str:
    plain = " ".join(printable(name).split())
    if not 0 < len(plain) <= LONGEST_NAME:
        raise BadSearch("name", name, f"1 to {LONGEST_NAME} letters")
    return plain


def saved_searches(store: Transactions, owner: str) -> dict[str, Wanted]:
    """The searches that somebody keeps, by name."""
    return {one.name: one.wanted for one in _saved(store, t.saved_search.c.owner == owner)}


def searches_seen(
    store: Transactions, owner: str, team: str | None, others: bool = True
) -> tuple[Saved, ...]:
    """The searches that somebody keeps, and with `others` those that others share with them, by name.

    `team` is theirs; None: they see every team's.
    """
    row = t.saved_search.c
    seen: list[Any] = [row.owner == owner]
    if others:
        seen.append(row.shared_with.is_not(None) if team is None else row.shared_with.in_((EVERYBODY, team)))
    return _saved(store, or_(*seen))


def _saved(store: Transactions, *where: Any) -> tuple[Saved, ...]:
    row = t.saved_search.c
    kept = select(row.id, row.owner, row.name, row.wanted, row.shared_with).where(*where)

    def read() -> tuple[Saved, ...]:
        with store.reading() as connection:
            found = connection.execute(kept.order_by(row.name, row.owner)).all()
        return tuple(
            Saved(one.id, one.owner, one.name, msgspec.json.decode(one.wanted, type=Wanted), one.shared_with)
            for one in found
        )

    return store.again(read)


def saved_search(store: Transactions, owner: str, name: str) -> Wanted:
    """One of them.

    Raises:
        NotStored: there is none of this name.
    """
    return _one(store, owner, name).wanted


def _one(store: Transactions, owner: str, name: str) -> Saved:
    kept = {one.name: one for one in _saved(store, t.saved_search.c.owner == owner)}
    if name not in kept:
        known = ", ".join(kept)
        raise NotStored("search", name, f"{owner} keeps {known}" if known else f"{owner} keeps none")
    return kept[name]


def rename_search(store: Transactions, owner: str, name: str, new: str) -> str:
    """Calls a search that is kept otherwise, and gives its name from now on.

    Raises:
        NotStored: there is none of this name.
        BadSearch: the new name is empty, too long, or another search's.
    """
    number, plain = _one(store, owner, name).number, _name(new)
    if plain != name and plain in saved_searches(store, owner):
        raise BadSearch("name", plain, "a name that no other search of yours has")
    _change(store, lambda row: update(t.saved_search).where(row.id == number).values(name=plain))
    return plain


def share_search(store: Transactions, owner: str, name: str, shared_with: str | None) -> None:
    """Shares a search that is kept with a team or `EVERYBODY`, or with nobody any more (None).

    Raises:
        NotStored: there is none of this name.
    """
    number = _one(store, owner, name).number
    _change(store, lambda row: update(t.saved_search).where(row.id == number).values(shared_with=shared_with))


def forget_search(store: Transactions, owner: str, name: str) -> None:
    """Removes a search that is kept.

    Raises:
        NotStored: there is none of this name.
    """
    number = _one(store, owner, name).number
    _change(store, lambda row: delete(t.saved_search).where(row.id == number))


def _change(store: Transactions, statement: Callable[[Any], Any]) -> None:
    def write() -> None:
        with store.writing() as connection:
            connection.execute(statement(t.saved_search.c))

    store.again(write)
