"""Processes of our own that work on a home for others, and go on when whoever started them is gone."""

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

from audit.store import Store

DATABASE_URL = "COMPORT_DATABASE_URL"
"""The variable that says which database belongs to the home."""


def start_beside(
    store: Store, module: str, *arguments: str, complaints: Path | None = None
) -> "subprocess.Popen[bytes]":
    """Starts `python -m MODULE HOME ARGUMENTS…` on the home and the database of a store; gives the process.

    What it has to complain of is added to the file `complaints`; without one it goes where ours goes.
    """
    # By the environment, which no list of processes shows to others. Also that of SQLite: what our own
    # environment says may be another one.
    environment = os.environ | {DATABASE_URL: store.engine.url.render_as_string(hide_password=False)}
    with complaints.open("ab") if complaints else contextlib.nullcontext() as told:
        process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", module, str(store.home.resolve()), *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=told,
            start_new_session=True,
        )
    # Else it stays in the list of processes when it is over.
    threading.Thread(target=process.wait, daemon=True).start()
    return process
