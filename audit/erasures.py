"""Erasures that go on behind whoever asked: begun, watched, and finished after an interruption."""

import threading
from datetime import datetime

import msgspec
from sqlalchemy import select

from audit import tables as t
from audit.auditlog import Actor, acting, actor
from audit.erasing import Asked, Erased, begin, finish, open_erasures
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
        number = begin(self._store, asked)
        self._start(number)
        return number

    def resume(self) -> tuple[int, ...]:
        """Goes on with what was interrupted; gives the numbers of all that are not finished."""
        found = open_erasures(self._store)
        for one in found:
            self._start(one)
        return found

    def of(self, number: int) -> Erasure:
        """How far one is.

        Raises:
            NotStored: there is none of this number.
        """
        running = number in self._running
        gave = self._gave.get(number)
        row = t.erasure.c
        with self._store.reading() as connection:
            query = select(row.id, row.started_at, row.finished_at, row.report).where(row.id == number)
            found = connection.execute(query).one_or_none()
        if found is None:
            raise NotStored("erasure", str(number), "the page of holds shows all that are open")
        if found.report and not isinstance(gave, Erased):
            gave = msgspec.json.decode(found.report, type=Erased)
        erased, problem = (gave, "") if isinstance(gave, Erased) else (None, gave or "")
        return Erasure(number, found.started_at, found.finished_at, running, erased, problem)

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
