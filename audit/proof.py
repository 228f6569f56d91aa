"""Looks for somebody in every table and every file, to show that nothing of them is left."""

import contextlib
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, LargeBinary, String, select

from audit import tables as t
from audit.backup import DATABASE_FILES
from audit.indexing import fold
from audit.searched_words import LANGUAGES
from audit.sought import Sought
from audit.store import Store

BLOCK_BYTES = 1 << 20

ROWS, PACKED_ROWS = 200, 20
"""Rows that are looked through together, and those with documents in them: of hours of talk and of mails with
attachments a few megabytes. Our choice."""


class Trace(msgspec.Struct, frozen=True):
    """Where something was found, and how often (rows of a table, places in a file)."""

    where: str
    count: int


class Proof(msgspec.Struct, frozen=True):
    """What a search for somebody found: `left` should be empty. `looked` counts tables, rows and files.

    `names` are places where only a name was found, maybe somebody else's. `log` has the strings that stand
    in the audit log, which cannot be changed: ids of interactions, and what people gave to commands.
    """

    left: tuple[Trace, ...]
    names: tuple[Trace, ...]
    log: tuple[str, ...]
    looked: dict[str, int]


def prove(store: Store, sure: Sequence[str], names: Sequence[str], folders: Sequence[Path] = ()) -> Proof:
    """Looks for strings that only one person or interaction has (`sure`), and for `names`, in every column of
    every table, in every file of the home but the database's own, and of these folders."""
    looked = {"tables": 0, "files": 0}
    left = [Trace(f"table {table}", count) for table, count in _tables(store, sure, looked)]
    named = [Trace(f"table {table}", count) for table, count in _tables(store, names, {})]
    row = t.audit_log.c
    log = {
        one
        for found in _rows_with(store, Sought((*sure, *names)), (row.subject, row.detail, row.who))
        for one in found
    }
    of_these = ((Sought(sure), left), (Sought(names), named))
    for file in _files(store, folders):
        looked["files"] += 1
        for wanted, into in of_these:
            if count := count_in(file, wanted):
                into.append(Trace(str(file), count))
    return Proof(tuple(left), tuple(named), tuple(sorted(log)), looked)


def _tables(store: Store, wanted: Sequence[str], looked: dict[str, int]) -> Iterator[tuple[str, int]]:
    """(table, rows in which one of the strings stands)."""
    if not wanted:
        return
    sought = Sought(wanted)
    for table in t.metadata.sorted_tables:
        if table in (t.erasure, t.audit_log):
            # An erasure that is under way knows what it looks for, and forgets it when it is done.
            continue
        looked["tables"] = looked.get("tables", 0) + 1
        asked = sought
        if table.name == "transcript":
            folded = (" ".join(fold(one, language)) for one in wanted for language in LANGUAGES)
            asked = Sought((*wanted, *folded))
        columns = [c for c in table.columns if isinstance(c.type, (String, LargeBinary))]
        if count := sum(1 for _ in _rows_with(store, asked, columns)):
            yield table.name, count


def _rows_with(store: Store, sought: Sought, columns: Sequence[ColumnElement[Any]]) -> Iterator[set[str]]:
    """Of each row in whose columns one of the strings stands, which."""
    if not columns:
        return
    packed = any(isinstance(column.type, LargeBinary) for column in columns)
    query = select(*columns).execution_options(yield_per=PACKED_ROWS if packed else ROWS)
    with store.reading() as connection:
        for some in connection.execute(query).partitions():
            texts = ["\0".join(map(_text, row)) for row in some]
            yield from sought.standing(texts).values()


def _text(value: str | bytes | None) -> str:
    """What stands in a column; packed documents as UTF-8."""
    if isinstance(value, bytes):
        with contextlib.suppress(zlib.error):
            value = zlib.decompress(value)
        return value.decode("utf-8", "replace")
    return value or ""


def _files(store: Store, folders: Sequence[Path]) -> Iterator[Path]:
    for folder in (store.home, *folders):
        for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
            database = folder == store.home and file.parent == folder and file.name in DATABASE_FILES
            if file.is_file() and not file.is_symlink() and not database:
                yield file


def in_database(store: Store, wanted: Sequence[str]) -> tuple[Trace, ...]:
    """Where one of the strings stands in the bytes of an SQLite database, also in space that is free."""
    if store.engine.dialect.name != "sqlite":
        return ()
    files = [Path(f"{store.engine.url.database}{end}") for end in ("", "-wal", "-journal")]
    sought = Sought(wanted)
    found = [Trace(str(file), count_in(file, sought)) for file in files if file.exists()]
    return tuple(trace for trace in found if trace.count)


def count_in(file: Path, sought: Sought) -> int:
    """How often one of the strings stands in a file, in any case of letters, or in its name; Parquet is
    unpacked, whatever the file is called."""
    if packed := _in_parquet(file, sought):
        return packed
    count = sought.count(file.name.lower().encode("utf-8", "surrogateescape"))
    before = b""
    try:
        with file.open("rb") as source:
            while sought.longest and (block := source.read(BLOCK_BYTES)):
                count += sought.count(before + block, after=len(before))
                # What lies over the border of two blocks is found with the second.
                before = (before + block)[-sought.longest :]
    except FileNotFoundError:
        return 0
    return count


PARQUET = b"PAR1"
"""How a Parquet file begins and ends; its columns are compressed."""


def _in_parquet(file: Path, sought: Sought) -> int:
    try:
        with file.open("rb") as source:
            if source.read(len(PARQUET)) != PARQUET:
                return 0
    except FileNotFoundError:
        return 0
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        batches = pq.ParquetFile(file).iter_batches()
        return sum(sought.count(repr(batch.to_pylist()).encode()) for batch in batches)
    except (pa.ArrowException, OSError):
        # Damaged, or gone: its bytes are looked through as they are.
        return 0
