"""What a worker process does: takes items one after the other, audits them and closes them in the ledger."""

import errno
import functools
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from sqlalchemy import event

from audit.arrivals import Arrival, Rejected
from audit.batch import ledger
from audit.batch.guard import guarded
from audit.batch.ledger import State, Taken, Ticket
from audit.batch.sources import fetched, is_address
from audit.database import StoreUnusable
from audit.intake import arrivals
from audit.interactions import Interaction
from audit.pipeline import audit_arrival
from audit.rubric import Rubric
from audit.store import Store, open_store
from models.camera import Camera, load_camera
from models.errors import ComportError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What the system says when nothing more can be written: that is no fault of a recording."""


class Order(msgspec.Struct, frozen=True):
    """What a worker has to know besides the items; without `home` its environment says where all is."""

    run: int
    limit_s: float
    memory_bytes: int
    home: str | None = None
    database: str | None = None


class NotShared(ComportError):
    """A worker that does not see the home folder or the database of its batch."""

    def __init__(self, machine: str, home: str) -> None:
        super().__init__(machine, home)
        self.machine, self.home = machine, home

    def __str__(self) -> str:
        return (
            f"worker on {self.machine}: {self.home} is not the home folder of this batch; start workers with "
            "COMPORT_HOME (a folder that all machines share) and COMPORT_DATABASE_URL as the batch has them"
        )


class MachineTrouble(ComportError):
    """A disk or database that cannot be used just now; the recording that met it is tried again."""

    def __init__(self, machine: str, told: str) -> None:
        super().__init__(machine, told)
        self.machine, self.told = machine, told

    def __str__(self) -> str:
        return f"worker on {self.machine}: {self.told}"


def folder_of(home: Path, run: int) -> Path:
    """Where a run keeps its report, its lock, and what its workers say when they end."""
    return home / "batches" / str(run)


def said_by(home: Path, run: int, item: int) -> Path:
    """What the worker of an item says of its end."""
    return folder_of(home, run) / f"{item}.said"


def work(order: Order, items: tuple[int, ...]) -> int:
    """Audits these items, as far as nobody else does, and gives how many it closed.

    Raises:
        NotShared: this worker lacks what the batch works on.
        MachineTrouble: the disk is full, or the database away; items may be left running or waiting.
    """
    machine = socket.gethostname()
    try:
        bench = _bench(order)
        return bench.work(items, f"{machine}:{os.getpid()}")
    except Exception as error:
        if trouble := _trouble(error):
            raise MachineTrouble(machine, trouble) from error
        raise


def _trouble(error: BaseException | None) -> str:
    """What is wrong with the machine, when it is the machine."""
    while error is not None:
        if isinstance(error, StoreUnusable):
            return error.line
        if isinstance(error, OSError) and error.errno in FULL:
            return f"{error.filename or 'disk'}: {error.strerror}; make room"
        error = error.__cause__ or error.__context__
    return ""


@functools.lru_cache(maxsize=1)
def _bench(order: Order) -> "Bench":
    """Store and rubrics, opened once for each process; models are loaded once by those who use them."""
    home = Path(order.home or os.environ.get("COMPORT_HOME", ""))
    if not folder_of(home, order.run).is_dir():
        raise NotShared(socket.gethostname(), str(home))
    store = open_store(home, order.database if order.home else os.environ.get("COMPORT_DATABASE_URL"))
    if store.engine.dialect.name == "sqlite":
        # A power cut may then undo the last transactions, each of them whole: those items are audited again.
        event.listen(store.engine, "connect", lambda c, _: c.execute("PRAGMA synchronous=NORMAL"))
        store.engine.dispose()
    run = ledger.run_of(store, order.run)
    rubrics = tuple(store.rubric(digest) for digest in run.rubrics)
    for rubric in rubrics:
        # Made ready before the first recording, not in its time.
        _ = rubric.finder
    camera = load_camera(Path(run.settings.camera)) if run.settings.camera else None
    return Bench(store, order, run, rubrics, camera)


@dataclass
class Bench:
    """Everything that stays the same from item to item."""

    store: Store
    order: Order
    run: ledger.Run
    rubrics: tuple[Rubric, ...]
    camera: Camera | None
    queue: list[int] = field(default_factory=list)

    def work(self, items: tuple[int, ...], worker: str) -> int:
        self.queue = list(items)
        closed = 0
        following = self.store.again(lambda: self._next(0, worker))
        while ticket := following:
            said = said_by(self.store.home, self.order.run, ticket.item)
            try:
                with guarded(said, self.order.limit_s, self.order.memory_bytes):
                    one = Try(self, ticket)
                    one.audit()
                closed += 1
                following = one.following
            except Taken:
                following = self.store.again(functools.partial(self._next, ticket.item, worker))
        return closed

    def _next(self, after: int, worker: str) -> Ticket | None:
        with self.store.writing():
            return self.following(after, worker)

    def following(self, after: int, worker: str) -> Ticket | None:
        """The right to the next item that is still to be had, within the transaction that is open."""
        start = self.queue.index(after) + 1 if after else 0
        with self.store.writing() as connection:
            taken = (ledger.take(connection, item, worker) for item in self.queue[start:])
            return next((ticket for ticket in taken if ticket), None)


@dataclass
class Try:
    """One try of one item."""

    bench: Bench
    ticket: Ticket
    path: Path = Path()
    number: int = 0
    failures: list[str] = field(default_factory=list)
    following: Ticket | None = None

    def audit(self) -> None:
        """Audits every interaction of the item, and closes it with the last one."""
        location = self.ticket.location
        try:
            with fetched(location, folder_of(self.bench.store.home, self.bench.order.run)) as path:
                self.path = path
                for arrival, last in _each(path):
                    self._one(arrival, last)
        except Taken:
            raise
        except Exception as error:  # noqa: BLE001  a night's batch must not end at one file
            self._failed(error, last=True)

    def _one(self, arrival: Arrival | Rejected, last: bool) -> None:
        if isinstance(arrival, Rejected):
            self._failed(arrival, last)
            return
        location = self.ticket.location
        if is_address(location):
            facts = msgspec.structs.replace(arrival.interaction, path=location)
            arrival = msgspec.structs.replace(arrival, interaction=facts)

        def also(interaction: Interaction) -> None:
            self._note(interaction.id, "", last)

        settings = self.bench.run.settings
        try:
            audit_arrival(
                arrival,
                self.bench.rubrics,
                self.bench.store,
                settings.engine,
                settings.whisper,
                camera=self.bench.camera,
                also=also,
            )
        except Taken:
            raise
        except Exception as error:  # noqa: BLE001
            self._failed(error, last)
            return
        self.number += 1

    def _failed(self, error: Exception, last: bool) -> None:
        if _trouble(error):
            raise error
        if isinstance(error, ComportError):
            reason = error.line
        else:
            told = " ".join(str(error).split())
            reason = f"{self.ticket.location}: unexpected {type(error).__name__}: {told}"
        if is_address(self.ticket.location):
            # What was brought here has a name that says nothing.
            reason = reason.replace(str(self.path), self.ticket.location)
        self.failures.append(reason)
        self.bench.store.again(lambda: self._note(None, reason, last))
        self.number += 1

    def _note(self, interaction: str | None, reason: str, last: bool) -> None:
        bench, ticket = self.bench, self.ticket
        with bench.store.writing() as connection:
            ledger.note(connection, ticket, self.number, interaction, reason)
            if last:
                more = len(self.failures) - 1
                told = self.failures[0] + (f" (and {more} more)" if more else "") if self.failures else ""
                ledger.close(connection, ticket, State.FAILED if told else State.DONE, told)
                self.following = bench.following(ticket.item, ticket.worker)


def _each(path: Path) -> Iterator[tuple[Arrival | Rejected, bool]]:
    """What comes out of a file, each with whether it is the last of it."""
    stream = arrivals(path)
    held: Arrival | Rejected | None = None
    while True:
        try:
            one = next(stream, None)
        except Exception:
            if held is not None:
                yield held, False
            raise
        if held is not None:
            yield held, one is None
        elif one is None:
            raise Rejected(str(path), None, "holds no interaction")
        if one is None:
            return
        held = one
