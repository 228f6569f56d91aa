"""The process that audits what was brought in, one file after another: `python -m audit.upload_worker HOME`.

It ends when nothing waits. Only one works for a home at a time; what an earlier one died of is tried again,
and set aside after `TRIES`.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import select, update

from audit import tables as t
from audit.arrivals import Rejected
from audit.auditlog import Actor, acting
from audit.batch.guard import cause, guarded
from audit.beside import DATABASE_URL
from audit.copies import prepare
from audit.intake import arrivals
from audit.pipeline import audit_arrival
from audit.store import Store, open_store
from audit.uploads import CAMERA, UploadState, uploads_folder
from models.camera import load_camera
from models.errors import ComportError

TRIES = 3
"""So often a file may end the process before it is set aside, as in batches."""

LIMIT_S = 4 * 3600.0
"""So long one file may take: hearing an hour takes less than an hour on two cores (docs/accuracy.md)."""

TOLD_S = 1.0
"""How far it is, is written so often."""


def main() -> None:
    """Works on everything that waits in the home named on the command line."""
    store = open_store(Path(sys.argv[1]), os.environ.get(DATABASE_URL))
    folder = uploads_folder(store)
    while _candidates(store):
        try:
            with FileLock(folder / "worker.lock").acquire(timeout=TOLD_S):
                while row := _take(store):
                    _work(store, row)
        except Timeout:
            return  # another one works, and looks again when it is done


def _candidates(store: Store) -> list[Any]:
    """What is not over and lies in this home, the oldest first."""
    row = t.upload.c
    query = select(t.upload).where(row.state.in_([UploadState.WAITING, UploadState.RUNNING]))
    with store.reading() as connection:
        found = connection.execute(query.order_by(row.added_at, row.id)).all()
    return [one for one in found if (uploads_folder(store) / one.id).is_dir()]


def _take(store: Store) -> Any:
    """The next file, marked as worked on; what runs already is left of a process that died."""
    for one in _candidates(store):
        said = _said(store, one.id)
        if one.tries >= TRIES:
            why = cause(said, LIMIT_S, 0)
            _note(store, one.id, UploadState.FAILED, [], [f"set aside after {one.tries} tries: {why}"])
            continue
        state = {"state": UploadState.RUNNING.value, "tries": one.tries + 1, "done_s": 0.0}
        _change(store, one.id, **state)
        return one
    return None


def _said(store: Store, upload: str) -> Path:
    return uploads_folder(store) / upload / "said"


def _work(store: Store, row: Any) -> None:
    path = uploads_folder(store) / row.id / row.file
    rubrics = [store.rubric(digest) for digest in json.loads(row.rubrics)]
    taken_by = path.with_name(CAMERA)
    done: list[str] = []
    reasons: list[str] = []

    def failed(error: object) -> None:
        told = (
            error.line if isinstance(error, ComportError) else f"unexpected {type(error).__name__}: {error}"
        )
        # Where files lie on the server is nothing for others.
        reasons.append(" ".join(told.split()).replace(str(path), row.file).replace(str(path.parent), ""))

    with acting(Actor(row.owner, "upload")), guarded(_said(store, row.id), LIMIT_S, 0):
        try:
            camera = load_camera(taken_by) if taken_by.exists() else None
            for one in arrivals(path):
                if isinstance(one, Rejected):
                    failed(one)
                    continue
                with _each(failed):
                    told = _progress(store, row.id)
                    audited = audit_arrival(one, rubrics, store, progress=told, camera=camera)
                    done.append(audited.interaction.id)
                    with contextlib.suppress(ComportError):
                        # What stands against a copy is told by the page of the interaction.
                        prepare(store, audited.interaction)
        except Exception as error:  # noqa: BLE001  the next file must not wait for a mended program
            failed(error)
    if not done and not reasons:
        reasons.append(f"{row.file}: holds no interaction")
    _note(store, row.id, UploadState.DONE if done else UploadState.FAILED, done, reasons)


@contextlib.contextmanager
def _each(failed: Callable[[object], None]) -> Iterator[None]:
    """One bad interaction of a file does not keep the others out."""
    try:
        yield
    except ComportError as error:
        failed(error)


def _progress(store: Store, upload: str) -> Callable[[float, float], None]:
    last_s = 0.0

    def tell(done_s: float, all_s: float) -> None:
        nonlocal last_s
        if time.monotonic() - last_s >= TOLD_S:
            last_s = time.monotonic()
            _change(store, upload, done_s=round(done_s, 1), all_s=round(all_s, 1))

    return tell


def _note(store: Store, upload: str, state: UploadState, done: list[str], reasons: list[str]) -> None:
    made = {"interactions": json.dumps(done), "reasons": json.dumps(reasons)}
    _change(store, upload, state=state.value, finished_at=datetime.now(UTC), **made)


def _change(store: Store, upload: str, **values: Any) -> None:
    def change() -> None:
        with store.writing() as connection:
            connection.execute(update(t.upload).where(t.upload.c.id == upload).values(**values))

    store.again(change)


if __name__ == "__main__":
    main()
