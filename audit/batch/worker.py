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
from audit.batch.ledger import Ticket
from audit.batch.sources import fetched, is_address
from audit.database import StoreUnusable
from audit.intake import arrivals
from audit.pipeline import Judged, judge_arrival, keep_judged
from audit.rubric import Rubric
from audit.store import Store, open_store
from models.camera import Camera, load_camera
from models.errors import ComportError

TOGETHER = 50
"""So many interactions are written in one transaction at most: a transaction costs some 25 statements,
however many interactions it writes (`tests/test_batch_worker.py` counts them), and what is lost with a worker
is done again. Our choice."""

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
    """Everything that stays the same from item to item, and what is judged and not written yet."""

    store: Store
    order: Order
    run: ledger.Run
    rubrics: tuple[Rubric, ...]
    camera: Camera | None
    unwritten: "list[_End]" = field(default_factory=list)
    lost: set[Ticket] = field(default_factory=set)
    """Tickets that are no longer good."""
    closed: int = 0

    def work(self, items: tuple[int, ...], worker: str) -> int:
        self.unwritten, self.lost, self.closed = [], set(), 0
        for ticket in self.store.again(lambda: self._take(items, worker)):
            said = said_by(self.store.home, self.order.run, ticket.item)
            with guarded(said, self.order.limit_s, self.order.memory_bytes):
                _Try(self, ticket).audit()
        self.write()
        return self.closed

    def _take(self, items: tuple[int, ...], worker: str) -> list[Ticket]:
        with self.store.writing() as connection:
            return ledger.take(connection, items, worker)

    def add(self, end: "_End") -> None:
        """Has it written with others; one that is the same interaction as another is written after it."""
        one = end.judged
        if one and any(
            o.judged and o.judged.arrival.interaction.id == one.arrival.interaction.id for o in self.unwritten
        ):
            self.write()
        self.unwritten.append(end)
        if len(self.unwritten) >= TOGETHER:
            self.write()

    def write(self) -> None:
        """Writes all that is judged in one transaction; what cannot be written keeps nothing else out."""
        ends, self.unwritten = self.unwritten, []
        try:
            self._write(ends)
        except Exception as error:
            if _trouble(error):
                raise
            for end in ends:
                try:
                    self._write([end])
                except Exception as alone:  # noqa: BLE001
                    self._write([end.trial.failed(alone, end.number, end.last)])

    def _write(self, ends: "list[_End]") -> None:
        def write() -> tuple[set[Ticket], int]:
            tickets = {end.trial.ticket for end in ends}
            with self.store.writing() as connection:
                held = ledger.held(connection, tickets)
                mine = [end for end in ends if end.trial.ticket in held]
                if judged := [end.judged for end in mine if end.judged]:
                    keep_judged(self.store, judged)
                ledger.note(connection, [end.result for end in mine])
                over = [(end.trial.ticket, end.trial.told) for end in mine if end.last]
                ledger.close(connection, over)
            return tickets - held, len(over)

        if ends:
            lost, closed = self.store.again(write)
            self.lost |= lost
            self.closed += closed


@dataclass(frozen=True)
class _End:
    """What became of the `number`th interaction of an item, on its way to the ledger."""

    trial: "_Try"
    number: int
    judged: Judged | None
    reason: str
    last: bool

    @property
    def result(self) -> ledger.Result:
        interaction = self.judged.arrival.interaction.id if self.judged else None
        return ledger.Result(self.trial.ticket, self.number, interaction, self.reason)


@dataclass(eq=False)
class _Try:
    """One try of one item."""

    bench: Bench
    ticket: Ticket
    path: Path = Path()
    number: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        """Why not all of the item could be audited; empty when it was."""
        more = len(self.failures) - 1
        return self.failures[0] + (f" (and {more} more)" if more else "") if self.failures else ""

    def audit(self) -> None:
        """Audits every interaction of the item; the last one closes it."""
        location = self.ticket.location
        try:
            with fetched(location, folder_of(self.bench.store.home, self.bench.order.run)) as path:
                self.path = path
                for arrival, last in _each(path):
                    if self.ticket in self.bench.lost:
                        return
                    self.bench.add(self._one(arrival, last))
                    self.number += 1
        except Exception as error:  # noqa: BLE001
            self.bench.add(self.failed(error, self.number, last=True))

    def _one(self, arrival: Arrival | Rejected, last: bool) -> _End:
        if isinstance(arrival, Rejected):
            return self.failed(arrival, self.number, last)
        location = self.ticket.location
        if is_address(location):
            facts = msgspec.structs.replace(arrival.interaction, path=location)
            arrival = msgspec.structs.replace(arrival, interaction=facts)
        bench, settings = self.bench, self.bench.run.settings
        try:
            judged = judge_arrival(
                arrival, bench.rubrics, bench.store, settings.engine, settings.whisper, camera=bench.camera
            )
        except Exception as error:  # noqa: BLE001
            return self.failed(error, self.number, last)
        return _End(self, self.number, judged, "", last)

    def failed(self, error: Exception, number: int, last: bool) -> _End:
        """That the `number`th interaction could not be audited, and whether it is the last one.

        Raises:
            Exception: it is the machine's fault.
        """
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
        return _End(self, number, None, reason, last)


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
