"""Files that somebody brings in over the network: kept in the home folder, audited by a process behind.

`bring` stores a file and its row, `look_after` sees that a process works on what waits
(`audit/upload_worker.py`), `upload_of` says how far it is.
"""

import hashlib
import json
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

import msgspec
from filelock import FileLock
from pydantic import ValidationError
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from audit import tables as t
from audit.arrivals import Facts
from audit.auditlog import Action, write
from audit.beside import start_beside
from audit.camera_files import camera_of
from audit.intake import FACTS_SUFFIX, RECORDING_SUFFIXES, formats
from audit.once import NO_KEY, is_key
from audit.pipeline import find_rubric, pack_names
from audit.store import NotStored, Store
from models.camera import camera_yaml
from models.errors import ComportError
from models.transcripts import printable

MOST_BYTES = 1_000_000_000
"""Of one file: an hour of video at 2 Mbit/s. Below what the server itself takes (waitress: 1 GiB)."""

LONGEST_NAME = 120
"""Letters of a file's name. Our choice."""

CAMERA = ".camera.yaml"
"""Beside the file: the camera that took it. No file that is brought in can have this name."""

PIECE_BYTES = 1 << 20


class UploadState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    """Something of it was audited; `reasons` say what was not."""
    FAILED = "failed"


OVER = (UploadState.DONE, UploadState.FAILED)


class Upload(msgspec.Struct, frozen=True):
    """A file that was brought in: how far it is (seconds of it, and of all), and what came of it."""

    id: str
    owner: str
    file: str
    size_bytes: int
    rubrics: tuple[str, ...]
    """Digests of the versions that it is judged under."""
    state: UploadState
    done_s: float
    all_s: float
    interactions: tuple[str, ...]
    reasons: tuple[str, ...]
    added_at: datetime
    finished_at: datetime | None


class BadUpload(ComportError):
    """A file that cannot be taken."""

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(file, problem)
        self.file, self.problem = file, problem

    def __str__(self) -> str:
        return f"{self.file[:LONGEST_NAME] or 'upload'}: {self.problem}"


class TooLarge(BadUpload):
    """A file of more than `MOST_BYTES`."""


def uploads_folder(store: Store) -> Path:
    """Where the files lie, each in a folder of its upload's id."""
    return store.home / "uploads"


def bring(
    store: Store,
    owner: str,
    name: str,
    content: IO[bytes],
    rubrics: Sequence[str],
    facts: Mapping[str, str] | None = None,
    key: str | None = None,
    camera: str = "",
) -> tuple[Upload, bool]:
    """Keeps a file to be audited under these rubrics (packs, or names of stored ones); whether it is new.

    `facts` are those of a `.meta.yaml`, `camera` names the one of the house that took a video. Of the same
    `owner` and `key` it is taken once: the same sent again gives what it gave.

    Raises:
        BadUpload: name, facts, camera or rubrics cannot be taken, or the key was used for something else.
        TooLarge: it has more than `MOST_BYTES`.
    """
    name = _file_name(name)
    checked = _facts(name, facts or {})
    digests = tuple(dict.fromkeys(newest_version(store, rubric, BadUpload, name) for rubric in rubrics))
    if not digests:
        raise BadUpload(name, "under which rubric? Name one or more")
    if key is not None and not is_key(key):
        raise BadUpload(name, NO_KEY)
    taken_by = _camera(store, name, camera) if camera else None
    identity = secrets.token_hex(16)
    folder = uploads_folder(store) / identity
    folder.mkdir(parents=True, mode=0o700)
    try:
        digest, size_bytes = _keep(name, content, folder / name)
        told = [name, digest, checked, digests] + ([taken_by] if taken_by else [])
        asked = hashlib.sha256(msgspec.json.encode(told)).hexdigest()
        if taken_by:
            # As it is now: who draws other zones meanwhile changes nothing of this.
            (folder / CAMERA).write_text(taken_by, "utf-8")
        if checked:
            beside = folder / f"{Path(name).stem}{FACTS_SUFFIX}"
            beside.write_text(json.dumps(checked, ensure_ascii=False), "utf-8")
        row: dict[str, Any] = {"id": identity, "owner": owner, "key": key, "asked": asked, "file": name}
        row |= {"size_bytes": size_bytes, "rubrics": json.dumps(digests), "state": UploadState.WAITING.value}
        known = _add(store, row)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if known is not None:
        shutil.rmtree(folder, ignore_errors=True)
        if known.asked != asked:
            raise BadUpload(name, f"the key '{key}' was used for another upload; choose a new one")
        return _upload(known), False
    return upload_of(store, identity), True


def _add(store: Store, row: dict[str, Any]) -> Any:
    """Stores the row; gives the one that has this owner and key already instead."""
    same = (t.upload.c.owner == row["owner"], t.upload.c.key == row["key"])
    try:
        with store.writing() as connection:
            known = connection.execute(select(t.upload).where(*same)).one_or_none() if row["key"] else None
            if known is None:
                connection.execute(insert(t.upload).values(added_at=datetime.now(UTC), **row))
                write(connection, Action.UPLOAD, row["id"], size_bytes=row["size_bytes"])
            return known
    except IntegrityError:
        with store.reading() as connection:
            return connection.execute(select(t.upload).where(*same)).one()


def upload_of(store: Store, identity: str) -> Upload:
    """How far an upload is.

    Raises:
        NotStored: there is none of this id.
    """
    with store.reading() as connection:
        row = connection.execute(select(t.upload).where(t.upload.c.id == identity)).one_or_none()
    if row is None:
        raise NotStored("upload", identity, "the list shows what was brought in")
    return _upload(row)


def uploads(store: Store, owner: str | None, limit: int = 50) -> tuple[Upload, ...]:
    """What `owner` (None: anybody) brought in, the newest first."""
    query = select(t.upload).order_by(t.upload.c.added_at.desc(), t.upload.c.id).limit(limit)
    if owner is not None:
        query = query.where(t.upload.c.owner == owner)
    with store.reading() as connection:
        return tuple(_upload(row) for row in connection.execute(query))


def look_after(store: Store) -> None:
    """Sees that a process works on what waits: starts one where none does."""
    if not _waits(store):
        return
    try:
        with FileLock(uploads_folder(store) / "worker.lock").acquire(blocking=False):
            pass
    except TimeoutError:
        return  # one works
    start_beside(store, "audit.upload_worker")


def _waits(store: Store) -> bool:
    with store.reading() as connection:
        query = select(t.upload.c.id).where(t.upload.c.state.in_(["waiting", "running"])).limit(1)
        found = connection.execute(query)
        return found.scalar() is not None and uploads_folder(store).is_dir()


def _file_name(name: str) -> str:
    """The name without any folder before it, in letters that every disk and terminal takes."""
    plain = printable(name.replace("\\", "/").rpartition("/")[2]).strip().lstrip(".")
    suffixes = RECORDING_SUFFIXES | {suffix for form in formats() for suffix in form.SUFFIXES}
    if Path(plain).suffix.lower() not in suffixes:
        told = f"'{plain[-20:]}' has none of the endings {' '.join(sorted(suffixes))}"
        raise BadUpload("", told)
    if len(plain) > LONGEST_NAME or len(plain.encode()) > 200:
        raise BadUpload("", f"a name has at most {LONGEST_NAME} letters")
    return plain


def _facts(name: str, facts: Mapping[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {key: printable(value) for key, value in facts.items() if value.strip()}
    if given.get("agent_channel", "").strip() in ("0", "1"):
        given["agent_channel"] = int(given["agent_channel"])
    try:
        return Facts.model_validate(given).model_dump(mode="json", exclude_unset=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadUpload(name, f"{where[:40]}: {first['msg']}") from error


def _camera(store: Store, name: str, camera: str) -> str:
    """The file of a camera of the house."""
    try:
        found = camera_of(store, camera)
    except NotStored as error:
        raise BadUpload(name, error.line) from error
    if found.camera is None:
        raise BadUpload(name, found.problem)
    return camera_yaml(found.camera)


def newest_version(
    store: Store, rubric: str, bad: Callable[[str, str], ComportError] = BadUpload, of: str = ""
) -> str:
    """The digest of a pack, or of the version of a stored rubric that was added last.

    Raises:
        ComportError: `bad(of, why)`, where it is neither.
    """
    row = t.rubric.c
    newest = select(row.digest).where(row.name == rubric).order_by(row.added_at.desc()).limit(1)
    with store.reading() as connection:
        stored = connection.execute(newest).scalar()
    if stored is not None:
        return str(stored)
    if rubric not in pack_names():
        known = ", ".join(pack_names())
        raise bad(of, f"no rubric '{rubric[:80]}' is stored, and it is no pack: {known}")
    found = find_rubric(rubric)
    store.keep_rubric(found)
    return found.digest


def _keep(name: str, content: IO[bytes], path: Path) -> tuple[str, int]:
    """Writes a stream into a file; its SHA-256 and size in bytes."""
    digest, size_bytes = hashlib.sha256(), 0
    try:
        with path.open("xb") as file:
            while piece := content.read(PIECE_BYTES):
                size_bytes += len(piece)
                if size_bytes > MOST_BYTES:
                    raise TooLarge(name, f"has more than the {MOST_BYTES / 1e6:.0f} MB that are taken")
                digest.update(piece)
                file.write(piece)
    except OSError as error:
        raise BadUpload(name, f"cannot be kept: {error.strerror or error}") from error
    if not size_bytes:
        raise BadUpload(name, "is empty")
    return digest.hexdigest(), size_bytes


def _upload(row: Any) -> Upload:
    return Upload(
        row.id,
        row.owner,
        row.file,
        row.size_bytes,
        tuple(json.loads(row.rubrics)),
        UploadState(row.state),
        row.done_s,
        row.all_s,
        tuple(json.loads(row.interactions)),
        tuple(json.loads(row.reasons)),
        row.added_at,
        row.finished_at,
    )
