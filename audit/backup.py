"""`comport backup`: everything that is stored in one file, while others go on writing."""

import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click
import msgspec

from audit.console import counted, json_option, out, print_json, store_of
from models.errors import ComportError

if TYPE_CHECKING:
    from audit.store import Store

MANIFEST = "manifest.json"
TABLES = "tables"
HOME = "home"
RECORDINGS = "recordings"

FORMAT = 1
"""Raised when a backup is written in a way that earlier versions cannot read."""

LEFT_OUT = ("muted", "peaks", "batches")
"""Folders of the home that are made again when they are needed, or belong to a run that is going on."""

DATABASE_FILES = ("comport.db", "comport.db-wal", "comport.db-shm", "comport.db-journal")

BLOCK_BYTES = 1 << 20


class Member(msgspec.Struct, frozen=True):
    """A file of a backup: its name in it, its bytes and their SHA-256."""

    name: str
    size_bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds; it is the last file in it.

    `home` is the folder that was backed up: places inside it move with a restored home. `rows` says how many
    each table has, parents first, and `marks` which columns are times or bytes. `recordings` gives the file
    of each recording that lay outside of the home and was taken along.
    """

    format: int
    schema: str
    software: str
    made_at: str
    home: str
    rows: dict[str, int]
    marks: dict[str, dict[str, str]]
    members: tuple[Member, ...]
    recordings: dict[str, str] = {}
    lacking: tuple[str, ...] = ()
    """Files that the tables name and that were not there."""


class BackupUnsaved(ComportError):
    """A backup could not be written."""

    def __init__(self, path: str, found: str) -> None:
        super().__init__(path, found)
        self.path, self.found = path, found

    def __str__(self) -> str:
        return f"{self.path}: the backup cannot be written ({self.found}); nothing of it is left there"


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--recordings", is_flag=True, help="Also the recordings, which lie where they were audited.")
@click.option("--force", is_flag=True, help="Instead of a file that is there.")
@json_option
@click.pass_context
def backup(context: click.Context, file: Path, recordings: bool, force: bool, as_json: bool) -> None:
    """Write everything that is stored into one FILE (.tar), also while others are working.

    It holds what customers said and the keys of this home: only you can read it; keep it as safe as the home.
    """
    if file.exists() and not force:
        raise click.UsageError(f"{file} is there already; give another name, or --force")
    manifest = write_backup(store_of(context), file, recordings)
    size_bytes = file.stat().st_size
    if as_json:
        told = {"file": str(file), "size_bytes": size_bytes, "rows": manifest.rows}
        print_json({**told, "files": len(manifest.members), "lacking": manifest.lacking})
        return
    for name in manifest.lacking:
        out.print(f"not there: {name}", style="yellow", highlight=False, markup=False, soft_wrap=True)
    count = manifest.rows["interaction"]
    out.print(f"{file}: {counted(count)}, {size_bytes / 1e6:.1f} MB", highlight=False, soft_wrap=True)


def write_backup(store: "Store", path: Path, recordings: bool = False) -> Manifest:
    """Writes one state of the database, and the files that belong to it, into a tar file for its owner alone;
    whole or not at all.

    Rows are read in one transaction first: a file is always written before the row that names it.

    Raises:
        BackupUnsaved: the disk is full, the folder cannot be written, or a file cannot be read.
    """
    part: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".part-", delete=False) as file:
            part = Path(file.name)
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
                manifest = _fill(store, _Writer(archive), path, recordings)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, tarfile.TarError) as error:
        found = getattr(error, "strerror", None) or str(error)
        raise BackupUnsaved(str(path), found) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
    return manifest


class _Writer:
    """Adds files to an archive and notes their hashes."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self.members: list[Member] = []

    def add(self, name: str, source: IO[bytes], size_bytes: int) -> None:
        head = tarfile.TarInfo(name)
        head.size, head.mode = size_bytes, 0o600
        hashing = _Hashing(source)
        self._archive.addfile(head, hashing)
        self.members.append(Member(name, size_bytes, hashing.digest.hexdigest()))


class _Hashing(io.RawIOBase):
    """Reads on and hashes what it reads."""

    def __init__(self, source: IO[bytes]) -> None:
        super().__init__()
        self._source = source
        self.digest = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        block = self._source.read(size)
        self.digest.update(block)
        return block


def _fill(store: "Store", writer: _Writer, path: Path, recordings: bool) -> Manifest:
    from datetime import UTC, datetime

    from audit.database import SCHEMA
    from audit.scorecard import SOFTWARE
    from audit.tabledump import marks

    rows, named, outside = _tables(store, writer, recordings)
    lacking = [str(one) for one in named if not one.is_file()]
    for file in _files(store.home, path):
        _add_file(writer, f"{HOME}/{file.relative_to(store.home).as_posix()}", file)
    taken = {}
    for identity, file in outside.items():
        if file.is_file():
            taken[identity] = f"{RECORDINGS}/{identity}{file.suffix}"
            _add_file(writer, taken[identity], file)
        else:
            lacking.append(str(file))
    made = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = Manifest(
        *(FORMAT, SCHEMA, SOFTWARE, made, str(store.home.resolve()), rows, marks()),
        *(tuple(writer.members), taken, tuple(lacking)),
    )
    content = msgspec.json.encode(manifest)
    writer.add(MANIFEST, io.BytesIO(content), len(content))
    return manifest


def _tables(
    store: "Store", writer: _Writer, recordings: bool
) -> tuple[dict[str, int], list[Path], dict[str, Path]]:
    """Adds all tables as they are at one moment: (rows of each, files they name in the home, recordings that
    lie outside of it by their ids)."""
    from sqlalchemy import select

    from audit import tables as t
    from audit.tabledump import marks, write_rows

    rows: dict[str, int] = {}
    with store.reading() as connection:
        for name in marks():
            with tempfile.TemporaryFile() as file:
                rows[name] = write_rows(connection, name, file)
                size_bytes = file.tell()
                file.seek(0)
                writer.add(f"{TABLES}/{name}.jsonl", file, size_bytes)
        files = connection.execute(select(t.observation.c.file)).scalars().all()
        places = connection.execute(select(t.interaction.c.recording_id, t.interaction.c.path)).all()
    home = store.home.resolve()
    inside = [Path(place) for _, place in places if Path(place).is_relative_to(home)]
    outside = {key: Path(place) for key, place in places if not Path(place).is_relative_to(home)}
    return rows, [*(store.observations_folder / f for f in files), *inside], outside if recordings else {}


def _files(home: Path, but: Path) -> Iterator[Path]:
    """The files of a home that a backup takes, in order; links are not followed."""
    for folder, names, files in os.walk(home):
        here = Path(folder)
        if here == home:
            names[:] = [name for name in names if name not in LEFT_OUT]
        names.sort()
        for name in sorted(files):
            file = here / name
            unwanted = name.startswith(".part-") or name.endswith(".lock")
            if here == home and name in DATABASE_FILES:
                continue
            if not (unwanted or file.is_symlink()) and file.is_file() and file.absolute() != but.absolute():
                yield file


def _add_file(writer: _Writer, name: str, file: Path) -> None:
    try:
        with file.open("rb") as source:
            writer.add(name, source, os.fstat(source.fileno()).st_size)
    except FileNotFoundError:
        # Removed a moment ago, by whoever made it.
        return
