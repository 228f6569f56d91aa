"""What a program asks for again, because it got no answer, is done once: known by the key that it chose."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert, select

from audit import tables as t
from audit.sealing import key_file
from audit.store import Store
from models.errors import ComportError

KNOWN_FOR = timedelta(days=1)
"""So long a key is known: a program that got no answer asks again within the hour. Our choice."""

LONGEST_KEY = 200
"""Letters of a key that a program chooses, as many as the columns take. Our choice."""

NO_KEY = f"a key has 1 to {LONGEST_KEY} plain letters"

SECRET, SECRET_BYTES = "secret.key", 32
"""The file of the home whose key the dashboard signs with. Source of its length: Flask's manual asks for a
long random key; 256 bits is the block of the HMAC that signs."""


class BadKey(ComportError):
    """A key by which nothing can be begun."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(key, problem)
        self.key, self.problem = key, problem

    def __str__(self) -> str:
        return f"Idempotency-Key '{self.key[:40]}': {self.problem}"


def once(store: Store, owner: str, key: str | None, asked: bytes, begin: Callable[[], str]) -> str:
    """What `begin` gives (up to 200 letters), done once for this owner and key in one transaction.

    The same asked for again with the same key gives what was given then. Without a key it is begun each time.

    Raises:
        BadKey: it is no key, or something else was begun with it.
    """
    if key is None:
        return begin()
    now = datetime.now(UTC)
    with store.writing() as connection:
        connection.execute(delete(t.begun).where(t.begun.c.at < now - KNOWN_FOR))
        place = known(store, owner, key, asked)
        if place is not None:
            return place
        place = begin()
        values = {"owner": owner, "key": key, "asked": keyed(store, asked), "place": place, "at": now}
        connection.execute(insert(t.begun).values(**values))
    return place


def known(store: Store, owner: str, key: str | None, asked: bytes) -> str | None:
    """What was begun with this key and is known still; None where nothing was, or there is no key.

    Raises:
        BadKey: it is no key, or something else was begun with it.
    """
    if key is None:
        return None
    if not is_key(key):
        raise BadKey(key, NO_KEY)
    row, since = t.begun.c, datetime.now(UTC) - KNOWN_FOR
    same = (row.owner == owner, row.key == key, row.at >= since)
    with store.reading() as connection:
        found = connection.execute(select(row.asked, row.place).where(*same)).one_or_none()
    # Keyed: what was asked for may be a telephone number, which whoever reads a plain hash could guess.
    if found is not None and found.asked != keyed(store, asked):
        raise BadKey(key, "something else was begun with it; choose a new one")
    return None if found is None else str(found.place)


def is_key(text: str) -> bool:
    """Whether a text may be the key of something that is begun."""
    return text.isascii() and text.isprintable() and 0 < len(text) <= LONGEST_KEY


def keyed(store: Store, text: bytes) -> str:
    """A hash (64 hexadecimal digits) that only whoever has the key of this home can make."""
    return hmac.digest(key_file(store.home / SECRET, SECRET_BYTES), text, hashlib.sha256).hex()
