"""Erasures that go on behind whoever asked: begun, watched, and finished after an interruption."""

import threading
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import Select, select

from audit import tables as t
from audit.auditlog import Actor, acting, actor
from audit.erasing import Asked, Erased, begin, finish, of_customer, of_interactions, open_erasures
from audit.store import NotStored, Store
from models.errors import ComportError


class Erasure(msgspec.Struct, frozen=True):
    """How far an erasure is; `erased` is what it removed and the search afterwards, once it ran.

    Of one that ran in this process it has all; of an older one no places where only a name was found: those
    were forgotten with whom it was about. `problem` says why it stopped.
    """

    number: int
    started_at: datetime
    finished_at: datetime | None
    running: bool
    erased: Erased | None = None
    problem: str = ""

    @property
    def complete(self) -> bool:
        return self.finished_at is not None and not self.running


def asked_of(store: Store, kind: str, value: str) -> Asked:
    """All of a `customer` or of an `interaction` (`audit.holds.KINDS`), named as in `comport erase`.

    Raises:
        NotStored: there is no such interaction, or more than one customer fits.
    """
    if kind == "interaction":
        return of_interactions(store, [store.interaction(value).id])
    return of_customer(store, value)


class Erasures:
    """The erasures of one process; one runs at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store.unhurried()
        self._working, self._starting = threading.Lock(), threading.Lock()
        self._running: set[int] = set()
        self._gave: dict[int, Erased | str] = {}

    def begin(self, asked: Asked) -> int:
        """Begins an erasure and gives its number; it goes on in a thread of its own.

        Raises:
            Held: something of it is under a legal hold; then nothing is erased.
        """
        number = self.write_down(asked)
        self._start(number)
        return number

    def write_down(self, asked: Asked) -> int:
        """The number of an erasure that is written down, for `resume` to go on with."""
        return begin(self._store, asked)

    def resume(self, number: int | None = None) -> tuple[int, ...]:
        """Goes on with what was interrupted, or with one of it; gives the numbers of those not finished."""
        found = tuple(one for one in open_erasures(self._store) if number in (None, one))
        for one in found:
            self._start(one)
        return found

    def of(self, number: int) -> Erasure:
        """How far one is.

        Raises:
            NotStored: there is none of this number.
        """
        found = self._read(select(t.erasure).where(t.erasure.c.id == number))
        if not found:
            raise NotStored("erasure", str(number), "the page of holds shows all that are open")
        return found[0]

    def newest(self, limit: int, before: int | None = None) -> tuple[Erasure, ...]:
        """At most so many, the newest first; those `before` a number."""
        row = t.erasure.c
        query = select(t.erasure).order_by(row.id.desc()).limit(limit)
        return self._read(query if before is None else query.where(row.id < before))

    def _read(self, query: Select[Any]) -> tuple[Erasure, ...]:
        # What runs is looked at first: of what ended since then the row says so.
        running = frozenset(self._running)
        with self._store.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(self._erasure(row, row.id in running) for row in rows)

    def _erasure(self, row: Any, running: bool) -> Erasure:
        gave = self._gave.get(row.id)
        if row.report and not isinstance(gave, Erased):
            gave = msgspec.json.decode(row.report, type=Erased)
        erased, problem = (gave, "") if isinstance(gave, Erased) else (None, gave or "")
        return Erasure(row.id, row.started_at, row.finished_at, running, erased, problem)

    def _start(self, number: int) -> None:
        with self._starting:
            if number in self._running:
                return
            self._running.add(number)
        threading.Thread(target=self._run, args=(number, actor()), daemon=True).start()

    def _run(self, number: int, by: Actor) -> None:
        with self._working, acting(by):
            try:
                self._gave[number] = finish(self._store, number)
            except ComportError as error:
                self._stopped(number, error.line)
            except Exception as error:  # noqa: BLE001  whoever waits must hear that it stopped
                self._stopped(number, f"unexpected {type(error).__name__}: {error}")
            finally:
                self._running.discard(number)

    def _stopped(self, number: int, why: str) -> None:
        """Keeps why one stopped, unless it was done before: then it was only begun again too late."""
        before = self._gave.get(number)
        if not (isinstance(before, Erased) and before.complete):
            self._gave[number] = why


_of: WeakKeyDictionary[Store, Erasures] = WeakKeyDictionary()


def erasures_of(store: Store) -> Erasures:
    """Those of this process over this store: pages and the interface for programs see the same."""
    return _of.setdefault(store, Erasures(store))
