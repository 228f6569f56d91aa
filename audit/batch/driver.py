"""Hands the items of a run out to worker processes, over Dask, until every one of them is closed."""

import contextlib
import signal
import time
import uuid
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import msgspec

from audit.batch import ledger
from audit.batch.guard import cause
from audit.batch.ledger import Item, Run, RunState
from audit.batch.sources import is_recording, sweep
from audit.batch.worker import MachineTrouble, NotShared, Order, folder_of, said_by, work
from audit.database import StoreUnusable
from audit.store import Store
from models.errors import ComportError

if TYPE_CHECKING:
    from distributed import Client, Future

BUNDLE, BUNDLE_BYTES = 20, 4_000_000
"""Chats and transcripts handed out together, at most so many and so big: one takes some 10 ms, handing it out
some milliseconds (`bench/batch.py`)."""

PATIENCE_S = 600.0
"""So long a batch waits for workers, scheduler, database or room on the disk to come back: nights are long,
and somebody who is called needs some minutes."""

ASKING_S = 1.0
"""So long the lock of a batch is waited for: who only asks whether it is worked on has it for a moment. Our
choice."""

LONGEST_PAUSE_S = 30.0
LOOK_S = 1.0
"""Between two looks at who works and whether the run was cancelled."""

GPU = {"GPU": 1}
"""What recordings ask for with `gpu`: workers started with `--resources GPU=1`."""


class Cluster(msgspec.Struct, frozen=True):
    """Who works: `workers` processes of this machine, or those of a Dask scheduler at `address`."""

    workers: int
    address: str | None = None
    gpu: bool = False
    """Recordings go only to workers that are tagged with a GPU."""
    patience_s: float = PATIENCE_S


class CannotGoOn(ComportError):
    """A run that has to stop before it is through; it can be resumed."""

    def __init__(self, run: int, problem: str) -> None:
        super().__init__(run, problem)
        self.run, self.problem = run, problem

    def __str__(self) -> str:
        return f"batch {self.run} stopped: {self.problem}; what was finished is stored, run the same to go on"


class Busy(ComportError):
    """A run that another process works on."""

    def __init__(self, run: int) -> None:
        super().__init__(run)
        self.run = run

    def __str__(self) -> str:
        return f"batch {self.run} is being worked on already; see: comport batch status {self.run}"


def drive(store: Store, run: Run, order: Order, cluster: Cluster, report: Callable[[int, int], None]) -> None:
    """Audits what waits in a run until nothing does; `report` gets the bytes of what is over, and of all.

    Of one that was cancelled nothing is begun.

    Raises:
        Busy: another process does so already.
        CannotGoOn: workers, scheduler, database or disk stayed away for too long.
        KeyboardInterrupt: somebody stopped it, by Ctrl-C or SIGTERM; what was begun waits again.
    """
    folder = folder_of(store.home, run.id)
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / "lock")
    try:
        lock.acquire(timeout=ASKING_S)
    except filelock.Timeout as error:
        raise Busy(run.id) from error
    try:
        _pick_up(store, run, order)
        if not ledger.mark(store, run.id, RunState.RUNNING):
            return
        with _stoppable():
            over = _Driver(store, run, order, cluster, report).until_done()
        if over:
            ledger.mark(store, run.id, RunState.FINISHED)
        else:
            _give_back(store, run.id)
    except BaseException:
        with contextlib.suppress(StoreUnusable):
            _give_back(store, run.id)
            ledger.mark(store, run.id, RunState.INTERRUPTED)
        raise
    finally:
        _sweep(folder)
        lock.release()


def _give_back(store: Store, run: int) -> None:
    """What is out waits again; what was said of it counts no more."""
    for item in ledger.running(store, run):
        ledger.give_back(store, item)
        said_by(store.home, run, item.id).unlink(missing_ok=True)


def _pick_up(store: Store, run: Run, order: Order) -> None:
    """What a batch that was killed left running waits again; what was worked on may have been its end."""
    for item, why in _ended(store, order, ledger.running(store, run.id)):
        ledger.give_back(store, item, why)
    _sweep(folder_of(store.home, run.id))


def _ended(store: Store, order: Order, left: Iterable[Item]) -> list[tuple[Item, str]]:
    """What dead workers left running, each with how it ended its worker, "" for what only waited beside it.

    A worker has a bundle, and says which item it works on; when it says nothing, it may be any of them.
    """
    of_worker: dict[str, list[Item]] = {}
    for item in left:
        of_worker.setdefault(item.worker, []).append(item)
    found = []
    for items in of_worker.values():
        said = {item.id: said_by(store.home, order.run, item.id) for item in items}
        told = {number for number, path in said.items() if path.exists()} or set(said)
        for item in items:
            why = cause(said[item.id], order.limit_s, order.memory_bytes) if item.id in told else ""
            found.append((item, why))
    return found


def _sweep(folder: Path) -> None:
    """Removes what workers that are dead had brought here or said."""
    sweep(folder)
    for said in folder.glob("*.said"):
        said.unlink(missing_ok=True)


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM, as systemd and Kubernetes send it, stops as Ctrl-C does."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Lost(Exception):  # not ComportError: it never leaves this file
    """The scheduler is away."""


class _Driver:
    """One run on its way: bundles that wait, and those that are out."""

    def __init__(
        self, store: Store, run: Run, order: Order, cluster: Cluster, report: Callable[[int, int], None]
    ) -> None:
        self.store, self.run, self.order, self.cluster, self.report = store, run, order, cluster, report
        self.bytes: dict[int, int] = {}
        self.all_bytes = self.over_bytes = 0
        self.queue: deque[tuple[int, ...]] = deque()
        self.heavy: set[int] = set()
        self.out: dict[Future[int], tuple[int, ...]] = {}
        self.pause_s, self.paused_s = 1.0, 0.0

    def until_done(self) -> bool:
        """Whether everything is closed; False when the run was cancelled."""
        self._line_up()
        self.all_bytes = sum(self.bytes.values())
        while self.queue:
            try:
                with _connected(self.cluster, self.order) as client:
                    if not self._drain(client):
                        return False
            except (_Lost, OSError, TimeoutError) as error:
                self._wait(f"the scheduler is away ({' '.join(str(error).split()) or type(error).__name__})")
            self.out.clear()
            self.store.again(lambda: _give_back(self.store, self.run.id))
            self._line_up()
        return True

    def _line_up(self) -> None:
        """Everything that waits, the longest first; small files in bundles."""
        self.queue.clear()
        bundle: list[int] = []
        size = 0
        for number, location, size_bytes in self.store.again(lambda: ledger.waiting(self.store, self.run.id)):
            self.bytes[number] = size_bytes
            if is_recording(location):
                self.heavy.add(number)
                self.queue.append((number,))
                continue
            if bundle and (len(bundle) == BUNDLE or size + size_bytes > BUNDLE_BYTES):
                self.queue.append(tuple(bundle))
                bundle, size = [], 0
            bundle.append(number)
            size += size_bytes
        if bundle:
            self.queue.append(tuple(bundle))

    def _drain(self, client: "Client") -> bool:
        """Hands out and takes in until nothing is left; False when the run was cancelled."""
        from distributed import CancelledError, wait

        looked_s, workers = 0.0, {}
        while self.queue or self.out:
            if time.monotonic() - looked_s > LOOK_S:
                looked_s, workers = time.monotonic(), self._workers(client)
                if self.store.again(lambda: ledger.cancelled(self.store, self.run.id)):
                    client.cancel(list(self.out))
                    return False
            if workers:
                self._hand_out(client, workers)
            else:
                self._wait("no worker is there", pause_s=LOOK_S)
            if not self.out:
                continue
            try:
                wait(list(self.out), timeout=LOOK_S, return_when="FIRST_COMPLETED")
            except TimeoutError:
                continue
            except CancelledError as error:
                raise _Lost(f"{type(error).__name__} while it worked") from error
            for future in [f for f in self.out if f.status != "pending"]:
                self._take_in(future)
        return True

    def _workers(self, client: "Client") -> dict[str, Any]:
        """Who is there, by address, and how many recordings each can take."""
        if client.status != "running":
            raise _Lost
        found: dict[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
        many = next((w for w in found.values() if w["nthreads"] != 1), None)
        if many:
            told = (
                f"worker {many['name']} has {many['nthreads']} threads, a recording needs a process to itself"
            )
            raise CannotGoOn(self.run.id, f"{told}: start it with --nthreads 1 (and --nworkers for more)")
        if self.cluster.gpu and found and not any(w["resources"].get("GPU") for w in found.values()):
            raise CannotGoOn(self.run.id, "no worker was started with --resources GPU=1")
        return found

    def _hand_out(self, client: "Client", workers: dict[str, Any]) -> None:
        """As many bundles as there are workers: so the next one always goes to who is free."""
        free = len(workers) - len(self.out)
        gpus = sum(1 for w in workers.values() if w["resources"].get("GPU"))
        busy = sum(1 for bundle in self.out.values() if bundle[0] in self.heavy)
        skipped: list[tuple[int, ...]] = []
        while free > 0 and self.queue:
            bundle = self.queue.popleft()
            heavy = bundle[0] in self.heavy
            if self.cluster.gpu and heavy and busy >= gpus:
                skipped.append(bundle)
                continue
            busy += heavy
            free -= 1
            future = client.submit(
                work,
                self.order,
                bundle,
                key=f"comport-{self.run.id}-{bundle[0]}-{uuid.uuid4().hex}",
                pure=False,
                resources=GPU if self.cluster.gpu and heavy else None,
            )
            self.out[future] = bundle
        self.queue.extendleft(reversed(skipped))

    def _take_in(self, future: "Future[int]") -> None:
        """What came back: closed items, or what a dead worker or a full disk left over."""
        from distributed import CancelledError, KilledWorker
        from distributed.comm.core import CommClosedError

        bundle = self.out.pop(future)
        try:
            closed = future.result()
            # Else the scheduler would keep what is known by now, and have it done again when its worker dies.
            future.release()
        except MachineTrouble as trouble:
            self._left(bundle, died=False)
            self._wait(trouble.line)
            return
        except KilledWorker:
            closed = 0
        except NotShared:
            raise
        except (CancelledError, CommClosedError) as error:
            raise _Lost(str(error)) from error
        except Exception as error:
            told = " ".join(f"{type(error).__name__}: {error}".split())
            raise CannotGoOn(self.run.id, f"a worker cannot work ({told})") from error
        if closed:
            self.pause_s, self.paused_s = 1.0, 0.0
        left = self._left(bundle, died=True) if closed < len(bundle) else set()
        self.over_bytes += sum(self.bytes[number] for number in bundle if number not in left)
        self.report(self.over_bytes, self.all_bytes)

    def _left(self, bundle: tuple[int, ...], died: bool) -> set[int]:
        """Lines up what of a bundle is not closed: what ended its worker alone and last, the rest at once."""
        alone: set[int] = set()
        running = self.store.again(lambda: ledger.running(self.store, self.run.id, bundle))
        ended = _ended(self.store, self.order, running) if died else [(item, "") for item in running]
        for item, why in ended:
            if ledger.give_back(self.store, item, why) and why:
                self.queue.append((item.id,))
                alone.add(item.id)
        waiting = self.store.again(lambda: ledger.still_waiting(self.store, bundle))
        if rest := tuple(number for number in bundle if number in waiting - alone):
            self.queue.appendleft(rest)
        return waiting | alone

    def _wait(self, problem: str, pause_s: float | None = None) -> None:
        """Waits for what is away, longer each time.

        Raises:
            CannotGoOn: it has been away for too long.
        """
        if self.paused_s > self.cluster.patience_s:
            raise CannotGoOn(self.run.id, problem)
        time.sleep(pause_s or self.pause_s)
        self.paused_s += pause_s or self.pause_s
        if pause_s is None:
            self.pause_s = min(2 * self.pause_s, LONGEST_PAUSE_S)


@contextlib.contextmanager
def _connected(cluster: Cluster, order: Order) -> "Iterator[Client]":
    """A client of the scheduler at an address, or of one with its own worker processes here."""
    import logging

    from distributed import Client, LocalCluster

    if cluster.address:
        with Client(cluster.address, timeout=10, name="comport") as client:
            yield client
        return
    import dask

    settings = {
        # Only the guard ends a recording: a worker holds models, not data that could be spilled.
        "distributed.worker.memory.target": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.pause": False,
        "distributed.worker.memory.terminate": False,
        "distributed.scheduler.worker-ttl": f"{order.limit_s + 60:g} s",
        # A worker that starts again is not lost; after this time its nanny would be sent away with it.
        "distributed.deploy.lost-worker-timeout": "1000 days",
        "distributed.admin.system-monitor.gil.enabled": False,
    }
    with dask.config.set(settings):
        # What is started now inherits that Ctrl-C is not for it: the driver decides what stops when.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        # Of its health page, which nobody is told of: another batch has the usual port.
        warnings.filterwarnings("ignore", r"Port \d+ is already in use")
        try:
            here = LocalCluster(
                n_workers=cluster.workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                memory_limit=0,
                resources=GPU if cluster.gpu else {},
                silence_logs=logging.CRITICAL,
            )
        except RuntimeError as error:
            # A worker that is killed while it starts takes all of them along.
            raise _Lost(str(error)) from error
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        with here, Client(here) as client:
            yield client
