"""Copies of recordings that are played in their place: silent where they have to be, in a form for browsers.

A process behind makes them (`audit/copy_worker.py`). In `muted/` of the home lie under the id of a recording
the copy (`ID.….flac`, `.mp4`), that it is asked for (`ID.asked`, gone as soon as nobody wants it any more),
how far it is or why it failed (`ID.told`), and a lock while it is made (`ID.lock`).
"""

import contextlib
import hashlib
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from audit.beside import start_beside
from audit.interactions import Interaction
from audit.redaction import Gone, secrets, silences
from audit.store import Store
from models.errors import ComportError
from models.muting import PART, suffix
from models.observations import Recording, Span, write_whole
from models.playable import unplayable

AT_ONCE = 2
"""Processes that copy for one home at a time: a long video then does not hold up a short call, and the rest
of the machine goes on. Our choice."""

COPIES = 2
"""Raised when copies are made otherwise: those made before are then made anew."""

STOPPED_S = 60.0
"""So long somebody who erases waits for a making to stop. It looks after each packet; only what is read
before the first one takes longer: some seconds for a gigabyte."""

AGAIN_S = 5.0
"""For one recording a process is not started sooner again: one that dies at once would be started all the
time. Our choice."""

LOOK_S = 0.2
"""So long one waits for a lock that others hold only to look whether it is free."""

SUFFIXES = (".flac", ".mp4")


class Copy(msgspec.Struct, frozen=True):
    """The file that is played, whether it is there, how much of it is made (0 to 1), and why it cannot be."""

    path: Path
    ready: bool
    share: float = 0.0
    failed: str = ""


class Told(msgspec.Struct):
    """How far the copy of this name is; `tries` are those that were begun."""

    name: str = ""
    tries: int = 0
    share: float = 0.0
    failed: str = ""


class CopyUnready(ComportError):
    """A copy that is being made."""

    def __init__(self, name: str, share: float) -> None:
        super().__init__(name, share)
        self.name, self.share = name, share

    def __str__(self) -> str:
        return f"{self.name}: its copy for playing is being made ({self.share:.0%}); ask again in a while"


class CopyFailed(ComportError):
    """A copy that could not be made."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name, self.why = name, why

    def __str__(self) -> str:
        return f"{self.name}: the copy that is played could not be made: {self.why}"


class StillMade(ComportError):
    """A copy whose making does not stop."""

    def __init__(self, recording: str) -> None:
        super().__init__(recording)
        self.recording = recording

    def __str__(self) -> str:
        return (
            f"recording {self.recording[:12]}: its copy is still being made after {STOPPED_S:.0f} s; end the "
            "process audit.copy_worker, then run the same again, or of an erasure: comport erase --resume"
        )


def copy_of(
    store: Store, interaction: Interaction, recording: Recording, gone: Iterable[Gone], as_it_is: bool = False
) -> Copy:
    """What is played of a recording: itself where nothing is `gone` from its sound and browsers play it,
    else a copy. `as_it_is` gives a copy only where something has to be silent.

    Raises:
        UnreadableMedia: the recording cannot be read.
    """
    quiet, source = quiet_in(recording, gone), Path(interaction.path)
    if not quiet and (as_it_is or not unplayable(source, recording)):
        return Copy(source, True, 1.0)
    path = place(store, recording, quiet)
    if path.exists():
        return Copy(path, True, 1.0)
    told = told_of(store, recording.id)
    if told.name != path.name:
        return Copy(path, False)
    return Copy(path, False, told.share, told.failed)


def quiet_in(recording: Recording, gone: Iterable[Gone]) -> tuple[Span, ...]:
    """When a recording has to be silent; never where it has no sound."""
    return silences(gone) if recording.channels else ()


def place(store: Store, recording: Recording, quiet: tuple[Span, ...]) -> Path:
    """Where the copy that is silent then lies."""
    name = hashlib.sha256(repr((quiet, COPIES)).encode()).hexdigest()[:16]
    return _beside(store, recording.id, f"{name}{suffix(recording)}")


def told_of(store: Store, recording: str) -> Told:
    """How far a copy is, as its maker wrote it last; nothing where it writes just now."""
    try:
        return msgspec.json.decode(_beside(store, recording, "told").read_bytes(), type=Told)
    except (OSError, msgspec.DecodeError):
        return Told()


def prepare(store: Store, interaction: Interaction) -> None:
    """Has the copy of a recording made, if it needs one, before anybody opens it.

    Raises:
        ComportError: the recording or what was heard in it cannot be read.
    """
    recording = store.recording(interaction.recording)
    if recording is None or not (recording.channels or recording.size_px):
        return
    gone = secrets(store.observations(interaction, ("utterances", "levels")))
    if not copy_of(store, interaction, recording, gone).ready:
        ask(store, interaction)


def ask(store: Store, interaction: Interaction, again: bool = False) -> None:
    """Has a copy made; `again` also when it failed before.

    Raises:
        ObservationsUnsaved: the disk is full or the folder cannot be written.
    """
    recording = interaction.recording
    asked = asked_for(store, recording)
    if again:
        _beside(store, recording, "told").unlink(missing_ok=True)
    if not asked.exists():
        asked.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(asked, msgspec.json.encode(interaction.id))
    look_after(store, recording)


def asked_for(store: Store, recording: str) -> Path:
    """The file that is there as long as somebody wants a copy."""
    return _beside(store, recording, "asked")


_started: dict[str, tuple[float, subprocess.Popen[bytes]]] = {}
_starting = threading.Lock()


def look_after(store: Store, recording: str) -> None:
    """Sees that a process makes, or will make, the copy of a recording that was asked for."""
    with _starting:
        now_s = time.monotonic()
        for one, (since_s, process) in list(_started.items()):
            if process.poll() is not None and now_s - since_s > AGAIN_S:
                del _started[one]
        running = sum(process.poll() is None for _, process in _started.values())
        if recording in _started or running >= AT_ONCE or is_held(_beside(store, recording, "lock")):
            return
        if all(map(is_held, slots(store))):
            return
        _started[recording] = now_s, start_beside(store, "audit.copy_worker")


def slots(store: Store) -> list[Path]:
    """The locks of those who may make copies at a time."""
    return [store.home / "muted" / f"maker-{number}.lock" for number in range(AT_ONCE)]


def is_held(lock: Path) -> bool:
    """Whether somebody holds a lock."""
    if not lock.exists():
        return False
    try:
        with FileLock(lock).acquire(blocking=False):
            return False
    except Timeout:
        return True


@contextlib.contextmanager
def made_by_us(store: Store, recording: str, timeout_s: float = LOOK_S) -> Iterator[None]:
    """Nobody else makes or removes the copy of a recording inside of this block.

    Raises:
        Timeout: somebody did so all that time.
    """
    path = _beside(store, recording, "lock")
    with FileLock(path).acquire(timeout=timeout_s):
        try:
            yield
        finally:
            # Whoever waits for it sees that its file is gone, and makes another one.
            path.unlink(missing_ok=True)


def kept(store: Store, recording: str) -> list[Path]:
    """The copies of a recording that are there."""
    folder = _beside(store, recording, "").parent
    return [file for file in folder.glob(f"{recording}.*") if file.suffix in SUFFIXES]


def forget(store: Store, recordings: Iterable[str]) -> int:
    """Removes the copies of recordings and stops those that are being made; gives how many there were.

    Raises:
        StillMade: one does not stop.
    """
    count = 0
    for recording in recordings:
        asked = asked_for(store, recording)
        if not asked.parent.is_dir():
            continue
        asked.unlink(missing_ok=True)
        try:
            with made_by_us(store, recording, STOPPED_S):
                count += len(kept(store, recording))
                for file in asked.parent.glob(f"{recording}.*"):
                    file.unlink(missing_ok=True)
        except Timeout as error:
            raise StillMade(recording) from error
    return count


def remove_parts(store: Store, recording: str) -> None:
    """Removes what a process that was killed left of a copy."""
    for file in _beside(store, recording, "").parent.glob(f"{recording}.*{PART}*"):
        file.unlink(missing_ok=True)


def tell(store: Store, recording: str, told: Told) -> None:
    """Writes down how far a copy is or why it failed, for `told_of`; nothing where it is whole."""
    path = _beside(store, recording, "told")
    if told.failed or told.share < 1.0:
        path.write_bytes(msgspec.json.encode(told))
    else:
        path.unlink(missing_ok=True)


def said_of(store: Store, recording: str) -> Path:
    """The file in which a maker says why it ends (`audit.batch.guard`)."""
    return _beside(store, recording, "said")


def _beside(store: Store, recording: str, what: str) -> Path:
    return store.home / "muted" / recording[:2] / f"{recording}.{what}"
