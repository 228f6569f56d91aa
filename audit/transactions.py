"""Reading and writing in transactions that outlive a lost connection."""

import contextlib
import copy
import functools
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Engine
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError

from audit.database import (
    CANCELED,
    REFUSED,
    WAIT_MS,
    ConnectionLost,
    StoreUnusable,
    TooSlow,
    Unstorable,
    place,
    told,
)

PATIENCE_S = 60.0
"""So long a lost database is waited for: a server with a million scorecards was back from a crash within
seconds, a machine restarts within a minute."""

PAUSE_S = 0.2
"""Between two tries."""

ASKED_AT_ONCE = 1000
"""Values that one statement names: SQLite takes 32,766 parameters (a condition of 1,000 parts), PostgreSQL
65,535; a chat may have 100,000 parties."""

WRITTEN = "written"

P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V")


def pieces(values: Iterable[V], most: int = ASKED_AT_ONCE) -> Iterator[list[V]]:
    """The values in lists of at most so many, for statements that name each of them."""
    rest = iter(values)
    while piece := list(islice(rest, most)):
        yield piece


class Transactions:
    """Hands out transactions on one database; each thread has its own.

    `patience_s`: so long `again` waits for a database that is away. `limit_s`: so long a question may take on
    PostgreSQL, None for ever.
    """

    def __init__(self, engine: Engine, patience_s: float = PATIENCE_S) -> None:
        self.engine, self.patience_s = engine, patience_s
        self.limit_s: float | None = None
        # Each thread its own transaction: the dashboard's threads share one store.
        self._open = threading.local()

    def unhurried(self) -> Self:
        """The same database for work behind pages: its questions may take as long as they need."""
        one = copy.copy(self)
        one.limit_s = None
        return one

    @property
    def _pending(self) -> Connection | None:
        return getattr(self._open, "connection", None)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """One state of the database, whatever others write meanwhile; inside `writing` what it wrote so far.

        Raises:
            ConnectionLost: the server is away.
            StoreUnusable: the database cannot be read.
            TooSlow: a question takes longer than `limit_s`.
        """
        if self._pending is not None:
            yield self._pending
            return
        with self._explained("read", "check the file and its rights"), self._connect(False) as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self, wait_ms: int = WAIT_MS) -> Iterator[Connection]:
        """One transaction; inside another one it joins it, so that many writes can be one.

        `wait_ms`: so long it is waited for until others have written.

        Raises:
            ConnectionLost: the server is away; nothing was written, or (when it went away just while it
                stored the transaction) all of it.
            Unstorable: it does not take a value; nothing was written.
            StoreUnusable: the database cannot be written, for example because the disk is full.
        """
        if self._pending is not None:
            yield self._pending
            return
        remedy = "what was stored before is untouched: make room or mend the rights, then run the same again"
        with (
            self._explained(WRITTEN, remedy),
            self._connect(True, wait_ms) as connection,
            connection.begin(),
        ):
            self._open.connection = connection
            try:
                yield connection
            finally:
                self._open.connection = None

    def again(self, work: Callable[[], R]) -> R:
        """What `work` gives; it is run again when the connection was lost before it was done.

        What it wrote until then was undone by the database, but for a transaction that was stored in the very
        moment of the loss: so `work` must change nothing when it is done twice. Inside `writing` the whole
        transaction is lost, and only whoever began it can run it again.

        Raises:
            ConnectionLost: the database did not come back within `patience_s`.
        """
        if self._pending is not None:
            return work()
        end_s = time.monotonic() + self.patience_s
        while True:
            try:
                return work()
            except ConnectionLost:
                if time.monotonic() > end_s:
                    raise
                time.sleep(PAUSE_S)

    def _connect(self, writes: bool, wait_ms: int = WAIT_MS) -> Connection:
        options = {"writes": writes, "wait_ms": wait_ms, "limit_s": self.limit_s}
        try:
            return self.engine.connect().execution_options(**options)
        except DatabaseError as error:
            if self.engine.dialect.name == "sqlite":
                raise
            raise self._lost(error) from error

    def _lost(self, error: DatabaseError) -> ConnectionLost:
        return ConnectionLost(
            place(self.engine.url),
            f"no connection ({told(error, self.engine.url)})",
            "see that the server runs, then run the same again: what was stored before is untouched",
        )

    @contextlib.contextmanager
    def _explained(self, done: str, remedy: str) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except DatabaseError as error:
            code = getattr(error.orig, "sqlstate", None) or ""
            if self.limit_s and code == CANCELED:
                raise TooSlow(self.limit_s) from error
            if error.connection_invalidated:
                raise self._lost(error) from error
            if done == WRITTEN and (isinstance(error, DataError) or code.startswith(REFUSED)):
                raise Unstorable(place(self.engine.url), told(error, self.engine.url)) from error
            found = f"cannot be {done} ({told(error, self.engine.url)})"
            raise StoreUnusable(place(self.engine.url), found, remedy) from error


S = TypeVar("S", bound=Transactions)


def lasting(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """A method of a store that runs `again` when the connection was lost."""

    @functools.wraps(method)
    def run(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.again(lambda: method(self, *args, **kwargs))

    return run
