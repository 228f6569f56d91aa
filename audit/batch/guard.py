"""Ends this process when one recording takes too long or too much memory, or crashes it, and says so first.

It works from outside Python: a library that hangs or crashes in C cannot keep it from ending. What it says
stands in a file that whoever finds the process dead reads by `cause`.
"""

import contextlib
import faulthandler
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil

LOOK_S = 0.1
"""Between two looks at the memory."""

OVER_MEMORY, MEMORY = 77, "memory: "
"""The exit status and the first word of a process that took too much."""

_FRAME = re.compile(r'File ".*?/((?:models|audit)/(?!batch/)[^"]+)", line (\d+) in (\S+)')


@contextlib.contextmanager
def guarded(said: Path, limit_s: float, memory_bytes: int) -> Iterator[None]:
    """Ends the process when the block inside takes longer, or the process more memory, than allowed.

    `said` is there while the block runs and after the process was ended; 0 bytes mean no limit.
    """
    over = threading.Event()
    with said.open("w") as file:
        # Both write from C, without Python's lock.
        faulthandler.enable(file)
        faulthandler.dump_traceback_later(limit_s, exit=True, file=file)
        watch = threading.Thread(target=_watch_memory, args=(over, memory_bytes, said), daemon=True)
        if memory_bytes:
            watch.start()
        try:
            yield
        finally:
            over.set()
            faulthandler.cancel_dump_traceback_later()
            faulthandler.disable()
            if memory_bytes:
                watch.join()
            said.unlink(missing_ok=True)


def _watch_memory(over: threading.Event, memory_bytes: int, said: Path) -> None:
    this = psutil.Process()
    while not over.wait(LOOK_S):
        taken: int = this.memory_info().rss
        if taken > memory_bytes:
            with said.open("w") as file:
                file.write(f"{MEMORY}{taken}")
            os._exit(OVER_MEMORY)


def cause(said: Path, limit_s: float, memory_bytes: int) -> str:
    """Why the process that wrote `said` is dead, in words; the file is taken away."""
    try:
        text = said.read_text("utf-8", errors="replace")
    except OSError:
        text = ""
    said.unlink(missing_ok=True)
    frame = _FRAME.search(text)
    where = f", in {frame[1]} line {frame[2]} ({frame[3]})" if frame else ""
    if text.startswith(MEMORY):
        taken = int(text.removeprefix(MEMORY) or 0)
        return f"took {taken / 1e6:.0f} MB of memory, {memory_bytes / 1e6:.0f} MB are allowed"
    if "Timeout (" in text:
        return f"took longer than the {limit_s:g} s allowed{where}"
    crash = re.search(r"Fatal Python error: (.+)", text)
    if crash:
        return f"crashed: {crash[1]}{where}"
    return "killed, by the system for want of memory or by somebody"
