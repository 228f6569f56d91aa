"""A format whose files hurt whoever reads them, and how a process comes to know it: for tests of batches.

`install(folder)` gives the environment of a process in which `NAME.poison` is a file that can be taken in. What
stands in it happens, in earnest.
"""

import os
from pathlib import Path

FORMAT = """
import ctypes, os, signal

NAME = "poison"
SUFFIXES = (".poison",)


def recognises(start):
    return start.suffix in SUFFIXES


def read(path, facts):
    match path.read_text().strip():
        case "crash":
            ctypes.string_at(0)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            # A call into C that never lets go of Python's lock.
            ctypes.PyDLL(None).sleep(600)
        case "eat":
            eaten = [b"x" * 1_000_000 + bytes([n % 256]) for n in range(1_000_000)]
        case "bug":
            raise KeyError("gone")
    yield from ()
"""

STARTUP = """
import audit.intake

audit.intake.__path__.append({folder!r})
"""


def install(folder: Path) -> dict[str, str]:
    """The environment of processes that know the format; its file is written into `folder`."""
    formats = folder / "formats"
    formats.mkdir(parents=True)
    (formats / "poison.py").write_text(FORMAT)
    (folder / "sitecustomize.py").write_text(STARTUP.format(folder=str(formats)))
    paths = [str(folder), str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
