"""`comport restore`: a home as a backup holds it, checked to the last byte before anything is written."""

import hashlib
import re
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from audit.backup import BLOCK_BYTES, FORMAT, HOME, MANIFEST, RECORDINGS, TABLES, Manifest
from audit.console import DATABASE, json_option, out, print_json
from models.errors import ComportError

if TYPE_CHECKING:
    from sqlalchemy import Connection

LONGEST_MANIFEST_BYTES = 1 << 30
"""Two million files; one that is longer was not made by Comport."""


class BackupUnusable(ComportError):
    """A file that is no backup, a damaged one, or one of a later version."""

    def __init__(self, path: str, found: str) -> None:
        super().__init__(path, found)
        self.path, self.found = path, found

    def __str__(self) -> str:
        return f"{self.path}: {self.found}; nothing was restored: take another backup"


class PlaceTaken(ComportError):
    """There is something where a backup should go."""

    def __init__(self, place: str, found: str) -> None:
        super().__init__(place, found)
        self.place, self.found = place, found

    def __str__(self) -> str:
        return f"{self.place}: {self.found}; restore into an empty place: choose another --home or --database"


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
@click.pass_context
def restore(context: click.Context, file: Path, as_json: bool) -> None:
    """Restore FILE, which `comport backup` wrote, into an empty home and database.

    A backup of SQLite can be restored into PostgreSQL and the other way round.
    """
    manifest = restore_backup(file, context.obj, context.meta[DATABASE])
    if as_json:
        print_json({"home": str(context.obj), "rows": manifest.rows, "files": len(manifest.members)})
        return
    from audit.database import SCHEMA

    told = f"{manifest.rows['interaction']} interactions as of {manifest.made_at} are in {context.obj}"
    out.print(told, highlight=False, markup=False, soft_wrap=True)
    if manifest.schema != SCHEMA:
        out.print("an earlier version made it; run now: comport upgrade", style="yellow", highlight=False)


def restore_backup(file: Path, home: Path, url: str | None = None) -> Manifest:
    """Makes the home and database that a backup holds, whole or not at all; every hash is checked before.

    Raises:
        BackupUnusable: it is damaged, holds what no backup holds, or was made by a later version.
        PlaceTaken: the home or the database is not empty.
        StoreUnusable: the database cannot be opened.
    """
    home = home.absolute()
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise PlaceTaken(str(home), "is not empty")
    try:
        with tarfile.open(file, "r:") as archive:
            members, manifest = _checked(file, archive)
            home.parent.mkdir(parents=True, exist_ok=True)
            # Inside of a home that is there: it may be a disk of its own, to which nothing can be renamed.
            near = home if home.exists() else home.parent
            with tempfile.TemporaryDirectory(dir=near, prefix=".restore-") as folder:
                made = Path(folder) / "home"
                _write_files(archive, members, made)
                _write_database(archive, members, manifest, made, home, url)
                if home.exists():
                    for one in made.iterdir():
                        one.replace(home / one.name)
                else:
                    made.replace(home)
    except tarfile.TarError as error:
        raise BackupUnusable(str(file), f"no tar file, or a damaged one ({error})") from error
    except OSError as error:
        raise PlaceTaken(str(home), f"cannot be written ({error.strerror or error})") from error
    return manifest


NAME = re.compile(rf"{TABLES}/[a-z_]+\.jsonl|({HOME}|{RECORDINGS})/[^\x00-\x1f\\]+|{re.escape(MANIFEST)}")


def _checked(file: Path, archive: tarfile.TarFile) -> tuple[dict[str, tarfile.TarInfo], Manifest]:
    """The files of a backup by their names, and its manifest; all of it was found to be right."""

    def bad(found: str) -> BackupUnusable:
        return BackupUnusable(str(file), found)

    members: dict[str, tarfile.TarInfo] = {}
    for member in archive:
        name = member.name
        shown = name[:80]
        if not member.isreg() or member.issparse():
            raise bad(f"'{shown}' is no plain file")
        if not NAME.fullmatch(name) or any(part in ("", ".", "..") for part in name.split("/")):
            raise bad(f"'{shown}' is no name in a backup")
        if name in members:
            raise bad(f"'{shown}' is in it twice")
        members[name] = member
    if MANIFEST not in members or members[MANIFEST].size > LONGEST_MANIFEST_BYTES:
        raise bad(f"it has no {MANIFEST}: no backup of Comport, or one that was cut short")
    try:
        content = b"".join(_blocks(archive, members[MANIFEST]))
        told = msgspec.json.decode(content)
        if isinstance(told, dict) and told.get("format") != FORMAT:
            raise bad(f"format {told.get('format')}, expected {FORMAT}: made by another version of Comport")
        manifest = msgspec.convert(told, Manifest)
    except msgspec.MsgspecError as error:
        raise bad(f"{MANIFEST} is damaged ({error})") from error
    listed = {one.name: one for one in manifest.members}
    for name in members.keys() ^ {*listed, MANIFEST}:
        raise bad(f"'{name[:80]}' is {'not in the manifest' if name in members else 'missing'}")
    for name, one in listed.items():
        digest = hashlib.sha256()
        for block in _blocks(archive, members[name]):
            digest.update(block)
        if (members[name].size, digest.hexdigest()) != (one.size_bytes, one.sha256):
            raise bad(f"'{name[:80]}' is damaged")
    return members, manifest


def _blocks(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    source = archive.extractfile(member)
    while source is not None and (block := source.read(BLOCK_BYTES)):
        yield block


def _write_files(archive: tarfile.TarFile, members: dict[str, tarfile.TarInfo], made: Path) -> None:
    made.mkdir(mode=0o700)
    for name, member in members.items():
        top, _, rest = name.partition("/")
        if top in (HOME, RECORDINGS):
            path = made / (rest if top == HOME else name)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with path.open("xb") as into:
                path.chmod(0o600)
                for block in _blocks(archive, member):
                    into.write(block)


def _write_database(
    archive: tarfile.TarFile,
    members: dict[str, tarfile.TarInfo],
    manifest: Manifest,
    made: Path,
    home: Path,
    url: str | None,
) -> None:
    """The database of the backup at its own schema, all of it or nothing."""
    from audit.database import SCHEMA, connect, migrate, place
    from audit.tabledump import read_rows

    if not manifest.schema.isdigit() or int(manifest.schema) > int(SCHEMA):
        told = f"schema {manifest.schema[:20]}, expected {SCHEMA} at most: made by a later version of Comport"
        raise BackupUnusable(str(archive.name), told)
    engine, schema = connect(made, url)
    try:
        if schema is not None:
            raise PlaceTaken(place(engine.url), "the database is not empty")
        names = [n for n in manifest.rows if f"{TABLES}/{n}.jsonl" in members]
        dump = {n: _lines(archive, members[f"{TABLES}/{n}.jsonl"]) for n in names}
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            migrate(connection, manifest.schema)
            read_rows(connection, dump, manifest.marks)
            _move(connection, manifest, home)
    finally:
        engine.dispose()


def _lines(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    source = archive.extractfile(member)
    yield from source or ()


def _move(connection: "Connection", manifest: Manifest, home: Path) -> None:
    """Gives what lay in the old home its place in the new one, and recordings that came along theirs."""
    from sqlalchemy import select, update

    from audit import tables as t

    row: Any = t.interaction.c
    old = Path(manifest.home)
    for identity, recording, place in connection.execute(select(row.id, row.recording_id, row.path)).all():
        here = manifest.recordings.get(recording)
        if here is None and not Path(place).is_relative_to(old):
            continue
        new = home / (here or Path(place).relative_to(old))
        connection.execute(update(t.interaction).where(row.id == identity).values(path=str(new)))
