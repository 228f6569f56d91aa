"""The process that makes the copies that are played, in the order in which they were asked for:
`python -m audit.copy_worker HOME`.

It ends when nothing waits. `AT_ONCE` of them work for a home at a time, each at another recording. What one
of them died of is tried again, and given up after `TRIES`.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from audit import copies
from audit.batch.guard import cause, guarded
from audit.beside import DATABASE_URL
from audit.copies import Told
from audit.evidence import unchanged
from audit.interactions import Interaction
from audit.redaction import secrets
from audit.store import NotStored, Store, open_store
from models.errors import ComportError
from models.muting import write_muted

TRIES = 3
"""So often a making may end the process before it is given up, as audits are."""

LIMIT_S = 4 * 3600.0
"""So long one copy may take, as one upload. Our choice."""

NICE = 5
"""Pages of the same machine go first; beside audits that take all of it a copy still gets a third of their
share. Our choice."""

TOLD_S = 0.5
"""How far it is, is written so often, and so often it is asked whether somebody still wants it."""


class _Stopped(Exception):
    """Nobody wants the copy any more."""


def main() -> None:
    """Makes every copy that is asked for in the home named on the command line."""
    os.nice(NICE)
    work(open_store(Path(sys.argv[1]), os.environ.get(DATABASE_URL)))


def work(store: Store) -> None:
    """Makes every copy that is asked for and that nobody else makes."""
    goes_on = True
    while goes_on:
        with _slot(store) as free:
            goes_on = free and _next(store)


@contextmanager
def _slot(store: Store) -> Iterator[bool]:
    """Whether this process may make a copy inside of the block."""
    for path in copies.slots(store):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            lock = FileLock(path).acquire(timeout=copies.LOOK_S)
        except Timeout:
            continue
        with lock:
            yield True
            return
    yield False


def _next(store: Store) -> bool:
    """Makes one copy; False where none waits."""
    for asked in sorted((store.home / "muted").glob("??/*.asked"), key=_since):
        try:
            with copies.made_by_us(store, asked.stem):
                if asked.exists():
                    _make(store, asked)
                    return True
        except Timeout:
            continue
    return False


def _since(asked: Path) -> float:
    try:
        return asked.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _make(store: Store, asked: Path) -> None:
    """Makes the copy that was asked for; its lock is held."""
    recording, told = asked.stem, Told()
    try:
        interaction = store.interaction(msgspec.json.decode(asked.read_bytes(), type=str))
    except (NotStored, msgspec.DecodeError):
        asked.unlink(missing_ok=True)
        return
    copies.remove_parts(store, recording)
    try:
        _write(store, interaction, asked, told)
    except _Stopped:
        return
    except ComportError as error:
        told.failed = _line(error, interaction)
    except OSError as error:
        told.failed = error.strerror or type(error).__name__  # its text has a folder of this machine
    except Exception as error:  # noqa: BLE001  the next copy must not wait for a mended program
        told.failed = f"unexpected {type(error).__name__}: {error}"
    try:
        copies.tell(store, recording, told)
    except OSError as error:
        # The disk is full: whoever asks again is told so as soon as that is written down.
        sys.stderr.write(f"copy of {recording[:12]}: {told.failed or error.strerror}\n")
    asked.unlink(missing_ok=True)


def _write(store: Store, interaction: Interaction, asked: Path, told: Told) -> None:
    recording = store.recording(interaction.recording)
    if recording is None:
        raise NotStored("recording", interaction.recording[:12], "audit it again")
    quiet = copies.quiet_in(recording, secrets(store.observations(interaction, ("utterances", "levels"))))
    path = copies.place(store, recording, quiet)
    if path.exists():
        told.share = 1.0
        return
    before = copies.told_of(store, recording.id)
    told.name, told.tries = path.name, before.tries + 1 if before.name == path.name else 1
    said = copies.said_of(store, recording.id)
    if told.tries > TRIES:
        told.failed = f"given up after {TRIES} tries: {cause(said, LIMIT_S, 0)}"
        return
    copies.tell(store, recording.id, told)
    last_s = time.monotonic()

    def tell(share: float) -> None:
        nonlocal last_s
        if share < 1.0 and time.monotonic() - last_s < TOLD_S:
            return
        last_s = time.monotonic()
        if not asked.exists():
            raise _Stopped
        told.share = round(share, 3)
        copies.tell(store, recording.id, told)

    with guarded(said, LIMIT_S, 0):
        write_muted(path, unchanged(interaction, recording), recording, quiet, told=tell)
    for other in copies.kept(store, recording.id):
        if other != path:
            other.unlink(missing_ok=True)


def _line(error: ComportError, interaction: Interaction) -> str:
    """What went wrong, without the folders of this machine."""
    text = str(error)
    for field in (*error.args, interaction.path):
        if isinstance(field, str) and field.startswith("/"):
            text = text.replace(field, Path(field).name)
    return " ".join(text.split())


if __name__ == "__main__":
    main()
