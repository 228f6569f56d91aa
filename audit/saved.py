"""Searches that somebody keeps under a name."""

from datetime import UTC, datetime

import msgspec
from sqlalchemy import delete, insert, select, update

from audit import tables as t
from audit.searching import BadSearch, Wanted
from audit.store import NotStored
from audit.transactions import Transactions

LONGEST_NAME = 80


def save_search(store: Transactions, owner: str, name: str, wanted: Wanted) -> None:
    """Keeps a search of `owner` under a name, in the place of an earlier one of that name.

    Raises:
        BadSearch: the name is empty or too long.
    """
    plain = " ".join(name.split())
    if not 0 < len(plain) <= LONGEST_NAME:
        raise BadSearch("name", name, f"1 to {LONGEST_NAME} letters")
    row = t.saved_search.c
    values = {"wanted": msgspec.json.encode(wanted).decode(), "at": datetime.now(UTC)}

    def write() -> None:
        with store.writing() as connection:
            same = (row.owner == owner, row.name == plain)
            if not connection.execute(update(t.saved_search).where(*same).values(**values)).rowcount:
                connection.execute(insert(t.saved_search).values(owner=owner, name=plain, **values))

    store.again(write)


def saved_searches(store: Transactions, owner: str) -> dict[str, Wanted]:
    """The searches that somebody keeps, by name."""
    row = t.saved_search.c
    kept = select(row.name, row.wanted).where(row.owner == owner).order_by(row.name)

    def read() -> dict[str, Wanted]:
        with store.reading() as connection:
            found = connection.execute(kept).all()
        return {one.name: msgspec.json.decode(one.wanted, type=Wanted) for one in found}

    return store.again(read)


def saved_search(store: Transactions, owner: str, name: str) -> Wanted:
    """One of them.

    Raises:
        NotStored: there is none of this name.
    """
    kept = saved_searches(store, owner)
    if name not in kept:
        known = ", ".join(kept)
        raise NotStored("search", name, f"{owner} keeps {known}" if known else f"{owner} keeps none")
    return kept[name]


def forget_search(store: Transactions, owner: str, name: str) -> None:
    """Removes a search that is kept.

    Raises:
        NotStored: there is none of this name.
    """
    saved_search(store, owner, name)
    row = t.saved_search.c

    def write() -> None:
        with store.writing() as connection:
            connection.execute(delete(t.saved_search).where(row.owner == owner, row.name == name))

    store.again(write)
