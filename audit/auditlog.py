"""Who did and saw what: a log that is only added to, each row sealed with the one before.

A row's digest is the SHA-256 of the digest before it and of all that the row says, so that a row that was
changed, removed or put elsewhere is found by `verify`. Triggers of the database forbid to change or remove
rows. Rows cut off at the end leave no trace in the rows before them: keep a `Seal` elsewhere to find that.

Writers take the database's write lock first, as all of Comport's do: so the rows of several processes are one
chain.
"""

import contextlib
import getpass
import hashlib
import socket
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select

from audit.tables import audit_log as log
from audit.transactions import Transactions
from models.transcripts import printable

START = "0" * 64
"""What the first row is sealed with."""

LONGEST_DETAIL = 1000
"""Letters kept of one detail: no comment and no path is needed whole to know what happened."""

LOOKED_THROUGH = 5000
"""Rows verified at a time: few enough for memory, many enough to be fast."""


class Action(StrEnum):
    """What happened."""

    VIEW = "view"
    PLAY = "play"
    LOG_IN = "log in"
    LOG_IN_REFUSED = "log in refused"
    LOG_OUT = "log out"
    REFUSED = "refused"
    REVIEW = "review"
    RELEASE = "release"
    ASSIGNED = "assigned"
    WITHDRAWN = "release withdrawn"
    REPLY = "reply"
    PROPOSED = "proposed"
    DECIDED = "proposal decided"
    CALIBRATION_BEGUN = "calibration begun"
    CALIBRATION_SAID = "calibration said"
    CALIBRATION_CLOSED = "calibration closed"
    USER_ADDED = "user added"
    USER_REMOVED = "user removed"
    ROLE = "role"
    PASSWORD = "password"  # noqa: S105  the name of what happened
    EMAIL = "e-mail address"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    SECOND_FACTOR_ON = "second factor on"
    SECOND_FACTOR_OFF = "second factor off"
    RECOVERY_CODE = "recovery code used"
    IDENTITY = "identity joined"
    TOKEN_ADDED = "token added"  # noqa: S105
    TOKEN_REVOKED = "token revoked"  # noqa: S105
    UPLOAD = "upload"
    BATCH = "batch"
    EXPORT = "export"
    ERASE = "erase"
    HOLD = "hold"
    KEEP_TIMES = "keep times"
    CAMERA = "camera"
    PEOPLE_JOINED = "people joined"
    PEOPLE_PARTED = "people parted"
    VERIFIED = "log verified"
    COMMAND = "command"
    CHANGE = "change"
    """Any other change on the dashboard."""


class Actor(msgspec.Struct, frozen=True):
    """Who acts, and from where: a browser's address, or a machine's name."""

    who: str
    origin: str


class Entry(msgspec.Struct, frozen=True):
    """One row; `subject` is what it happened to: an interaction's id, an account's name."""

    id: int
    at: datetime
    who: str
    origin: str
    action: str
    subject: str
    detail: dict[str, Any]
    digest: str


class Seal(msgspec.Struct, frozen=True):
    """The newest row as it was at some time: what later is no continuation of it was changed."""

    id: int
    digest: str

    def __str__(self) -> str:
        return f"{self.id}:{self.digest}"


class Verified(msgspec.Struct, frozen=True):
    """How many rows there are, the newest one's seal, and what is wrong with which row, if any is."""

    rows: int
    seal: Seal
    problems: tuple[str, ...]


_acting: ContextVar[Actor | None] = ContextVar("acting", default=None)


def actor() -> Actor:
    """Whoever acts now: who was named by `act_as`, else the user of this machine."""
    return _acting.get() or command_line()


def command_line() -> Actor:
    """The user of this machine."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Actor(f"os:{name}", f"command line on {socket.gethostname()}")


def act_as(who: Actor | None) -> None:
    """Says who acts from now on in this thread or task; None: the user of this machine again."""
    _acting.set(who)


@contextlib.contextmanager
def acting(who: Actor) -> Iterator[None]:
    """Says who acts within."""
    before = _acting.set(who)
    try:
        yield
    finally:
        _acting.reset(before)


def write(connection: Connection, action: Action, subject: str = "", /, **detail: Any) -> None:
    """Adds a row within a transaction of `Transactions.writing`: with its change, or not at all."""
    last = connection.execute(select(log.c.id, log.c.digest).order_by(log.c.id.desc()).limit(1)).one_or_none()
    number, before = (last.id + 1, last.digest) if last else (1, START)
    who = actor()
    told = {name: _plain(value) for name, value in detail.items() if value not in ("", None)}
    row = {
        "id": number,
        "at_us": round(datetime.now(UTC).timestamp() * 1e6),
        "who": _short(who.who, 120),
        "origin": _short(who.origin, 120),
        "action": action.value,
        "subject": _short(subject, 200),
        "detail": msgspec.json.encode(told).decode(),
    }
    connection.execute(insert(log).values(**row, digest=_seal(before, **row)))


def record(store: Transactions, action: Action, subject: str = "", /, **detail: Any) -> None:
    """Adds a row in a transaction of its own."""

    def add() -> None:
        with store.writing() as connection:
            write(connection, action, subject, **detail)

    store.again(add)


def _seal(before: str, **row: Any) -> str:
    names = ("id", "at_us", "who", "origin", "action", "subject", "detail")
    return hashlib.sha256(msgspec.json.encode([before, *(row[name] for name in names)])).hexdigest()


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float) else _short(str(value), LONGEST_DETAIL)


def _short(text: str, letters: int) -> str:
    # Half of a pair of surrogates, which a file name may have, is no text of a database.
    return printable(text.encode("utf-8", "replace").decode())[:letters]


def entries(
    store: Transactions,
    limit: int = 100,
    before: int | None = None,
    who: str = "",
    action: str = "",
    subject: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[Entry, ...]:
    """Rows, newest first, at most `limit`; `before` this number, from `since` until before `until`."""
    query = select(log).order_by(log.c.id.desc()).limit(limit)
    for column, value in ((log.c.who, who), (log.c.action, action), (log.c.subject, subject)):
        if value:
            query = query.where(column == value)
    if before is not None:
        query = query.where(log.c.id < before)
    if since is not None:
        query = query.where(log.c.at_us >= round(since.timestamp() * 1e6))
    if until is not None:
        query = query.where(log.c.at_us < round(until.timestamp() * 1e6))
    with store.reading() as connection:
        return tuple(_entry(row) for row in connection.execute(query))


def _entry(row: Any) -> Entry:
    at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=row.at_us)
    try:
        detail = msgspec.json.decode(row.detail, type=dict[str, Any])
    except msgspec.MsgspecError:
        detail = {"damaged": row.detail}
    return Entry(row.id, at, row.who, row.origin, row.action, row.subject, detail, row.digest)


def verify(store: Transactions, kept: Seal | None = None) -> Verified:
    """Looks through the whole log; `kept` is a seal from before that must still be in it."""
    problems: list[str] = []
    rows, number, digest = 0, 0, START
    met = None
    with store.reading() as connection:
        while batch := connection.execute(
            select(log).where(log.c.id > number).order_by(log.c.id).limit(LOOKED_THROUGH)
        ).all():
            for row in batch:
                rows += 1
                if row.id != number + 1:
                    problems.append(_missing(number + 1, row.id - 1))
                elif row.digest != _seal(digest, **row._mapping):
                    problems.append(f"row {row.id} was changed, or is not in its place")
                number, digest = row.id, row.digest
                if kept is not None and kept.id == row.id:
                    met = row.digest
    if kept is not None and met != kept.digest:
        found = "is not what it was" if met else "is gone"
        problems.append(f"row {kept.id}, of which the seal was kept, {found}")
    return Verified(rows, Seal(number, digest), tuple(problems))


def _missing(first: int, last: int) -> str:
    return f"row {first} is missing" if first == last else f"rows {first} to {last} are missing"
