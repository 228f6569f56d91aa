"""Batches that go on behind whoever asked for them: `python -m audit.batch.behind HOME NUMBER`.

`begin`, `again` and `cancel` say what is to be done, `start` sees that a process does it. What such a process
has to complain of stands in `behind.txt` of the batch's folder.
"""

import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import filelock

from audit.auditlog import Action, write
from audit.batch import ledger, report
from audit.batch.driver import Busy, Cluster, drive
from audit.batch.ledger import Found, Run, RunState
from audit.batch.sources import find
from audit.batch.worker import Order, folder_of
from audit.beside import DATABASE_URL, start_beside
from audit.store import Store, open_store
from audit.tallies import settle
from audit.uploads import newest_version
from models.errors import ComportError

LIMIT_S = 2 * 3600.0
"""For each file, as `comport batch` has it."""

MOST_SOURCES, LONGEST_SOURCE = 50, 1000
"""Folders and files that a batch asked for through the server names, and letters of each. Our choice."""

COMPLAINTS = "behind.txt"


class BadBatch(ComportError):
    """A batch that cannot be begun."""

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(source, problem)
        self.source, self.problem = source, problem

    def __str__(self) -> str:
        return f"{self.source[:200] or 'batch'}: {self.problem}"


class Listed(NamedTuple):
    """What a batch is asked of: its sources without links, the digests of its rubrics, and its files."""

    sources: list[str]
    digests: tuple[str, ...]
    files: list[Found]


def listed(store: Store, places: Collection[Path], sources: Sequence[str], rubrics: Sequence[str]) -> Listed:
    """What lies in these folders and files, under these rubrics (packs, or names of stored ones).

    It may take long, so it is asked for before anything is written. Whoever asks has no account of this
    machine: so all has to lie in one of the `places`.

    Raises:
        BadBatch: a source lies elsewhere, or a rubric is none.
    """
    asked = [_place(places, source) for source in sources]
    digests = tuple(sorted({newest_version(store, rubric, BadBatch) for rubric in rubrics}))
    if not asked or not digests:
        raise BadBatch("", "names no source" if digests else "names no rubric")
    return Listed(asked, digests, list(find(asked)))


def begin(store: Store, of: Listed, anew: bool = False) -> Run:
    """The batch of what was listed: one that is not over, or a new one.

    `anew` audits also what an earlier one audited and is unchanged.
    """
    settings = ledger.Settings()
    with store.writing() as connection:
        known = ledger.unfinished(store, of.sources, of.digests, settings)
        if known is not None:
            return known
        run = ledger.begin(store, of.sources, of.digests, settings, of.files, anew)
        ledger.mark(store, run.id, RunState.INTERRUPTED)
        write(connection, Action.BATCH, f"batch {run.id}", files=len(of.files))
    return ledger.run_of(store, run.id)


def _place(places: Collection[Path], source: str) -> str:
    """The source as a path without links.

    Raises:
        BadBatch: it lies in none of the places, or is nothing there that a batch takes so.
    """
    path = Path(source)
    if not any(path.is_relative_to(place) for place in places) or ".." in path.parts:
        told = ", ".join(map(str, places)) or "none; name them with `comport serve --batches-from FOLDER`"
        raise BadBatch(source, f"lies in no folder that batches may be asked of ({told})")
    try:
        real = path.resolve()
        there = real.exists() and any(real.is_relative_to(place.resolve()) for place in places)
    except (OSError, RuntimeError):
        # A name that is too long, a folder that is not ours to read, links in a circle.
        there = False
    if not there:
        raise BadBatch(source, "no such file or folder")
    if real.suffix.lower() == ".csv":
        raise BadBatch(source, "a list may name what lies elsewhere; name its folder")
    return str(real)


def again(store: Store, number: int) -> int:
    """Lets what failed or was set aside in a batch wait again; gives how many. Also goes on with one that was
    interrupted or cancelled.

    Raises:
        NotStored: there is none of this number.
        Busy: it is being worked on.
    """
    with store.writing() as connection:
        run = ledger.run_of(store, number)
        # Whoever begins to work on it now has to wait until it is marked.
        if is_worked_on(store, number):
            raise Busy(number)
        waiting = ledger.retry(store, run.id)
        write(connection, Action.BATCH, f"batch {number}", retried=waiting)
    return waiting


def cancel(store: Store, number: int) -> None:
    """Stops a batch for good: nothing more of it is begun, what is finished stays. Nothing where it is over.

    Raises:
        NotStored: there is none of this number.
    """
    with store.writing() as connection:
        if ledger.run_of(store, number).finished_at is None:
            ledger.mark(store, number, RunState.CANCELLED)
            write(connection, Action.BATCH, f"batch {number}", cancelled=True)


def is_worked_on(store: Store, number: int) -> bool:
    """Whether a process of this machine works on a batch."""
    folder = folder_of(store.home, number)
    if not folder.is_dir():
        return False
    try:
        with filelock.FileLock(folder / "lock").acquire(blocking=False):
            return False
    except filelock.Timeout:
        return True


def start(store: Store, number: int) -> None:
    """Sees that a process works on a batch that is not over."""
    if ledger.run_of(store, number).finished_at is not None or is_worked_on(store, number):
        return
    folder = folder_of(store.home.resolve(), number)
    folder.mkdir(parents=True, exist_ok=True)
    start_beside(store, "audit.batch.behind", str(number), complaints=folder / COMPLAINTS)


def main() -> None:
    """Works on the batch that the command line names until it is over."""
    from dask.system import CPU_COUNT
    from distributed.system import MEMORY_LIMIT

    home, number = Path(sys.argv[1]), int(sys.argv[2])
    database = os.environ.get(DATABASE_URL)
    store = open_store(home, database)
    order = Order(number, LIMIT_S, MEMORY_LIMIT // CPU_COUNT, str(home), database)
    try:
        drive(store, ledger.run_of(store, number), order, Cluster(CPU_COUNT), lambda _done, _of: None)
    except Busy:
        return  # another one works on it
    except KeyboardInterrupt:
        return  # somebody ended it: it waits to be gone on with
    except ComportError as error:
        sys.exit(error.line)
    report.write(store, ledger.run_of(store, number), folder_of(home, number))
    settle(store)


if __name__ == "__main__":
    main()
