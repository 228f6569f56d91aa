"""Looks for somebody in every table and every file, to show that nothing of them is left."""

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import LargeBinary, String, func, or_, select

from audit import tables as t
from audit.backup import DATABASE_FILES
from audit.indexing import fold
from audit.store import Store

BLOCK_BYTES = 1 << 20


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
    log = {one for one in (*sure, *names) if _logged(store, one)}
    for file in _files(store, folders):
        looked["files"] += 1
        for wanted, into in ((sure, left), (names, named)):
            if count := count_in(file, wanted):
                into.append(Trace(str(file), count))
    return Proof(tuple(left), tuple(named), tuple(sorted(log)), looked)


def _tables(store: Store, wanted: Sequence[str], looked: dict[str, int]) -> Iterator[tuple[str, int]]:
    """(table, rows in which one of the strings stands)."""
    if not wanted:
        return
    for table in t.metadata.sorted_tables:
        if table in (t.erasure, t.audit_log):
            # An erasure that is under way knows what it looks for, and forgets it when it is done.
            continue
        looked["tables"] = looked.get("tables", 0) + 1
        texts = [c for c in table.columns if isinstance(c.type, String)]
        asked = [*wanted]
        if table.name == "transcript":
            asked += [" ".join(fold(one, language)) for one in wanted for language in ("en", "it", "fa")]
        like = [
            func.lower(column).contains(one.lower(), autoescape=True)
            for column in texts
            for one in asked
            if one
        ]
        with store.reading() as connection:
            count = 0
            if like:
                query = select(func.count()).select_from(table).where(or_(*like))
                count = connection.execute(query).scalar_one()
            for column in table.columns:
                if isinstance(column.type, LargeBinary):
                    rows = connection.execute(select(column).execution_options(yield_per=50)).scalars()
                    count += sum(_in_bytes(_opened(content), wanted) > 0 for content in rows)
        if count:
            yield table.name, count


def _opened(content: bytes) -> bytes:
    try:
        return zlib.decompress(content)
    except zlib.error:
        return content


def _in_bytes(content: bytes, wanted: Sequence[str]) -> int:
    lowered = content.lower()
    return sum(lowered.count(form) for one in wanted for form in _forms(one))


def _forms(text: str) -> set[bytes]:
    """A text as it may stand in a file: as it is, and as JSON escapes it."""
    plain = text.lower()
    escaped = msgspec.json.encode(plain).decode()[1:-1]
    ascii_only = plain.encode("ascii", "backslashreplace").decode().replace("\\x", "\\u00")
    return {form.encode() for form in (plain, escaped, ascii_only)}


def _files(store: Store, folders: Sequence[Path]) -> Iterator[Path]:
    for folder in (store.home, *folders):
        for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
            database = folder == store.home and file.parent == folder and file.name in DATABASE_FILES
            if file.is_file() and not file.is_symlink() and not database:
                yield file


def _logged(store: Store, one: str) -> bool:
    row = t.audit_log.c
    found = [func.lower(c).contains(one.lower(), autoescape=True) for c in (row.subject, row.detail, row.who)]
    with store.reading() as connection:
        return connection.execute(select(row.id).where(or_(*found)).limit(1)).first() is not None


def in_database(store: Store, wanted: Sequence[str]) -> tuple[Trace, ...]:
    """Where one of the strings stands in the bytes of an SQLite database, also in space that is free."""
    if store.engine.dialect.name != "sqlite":
        return ()
    files = [Path(f"{store.engine.url.database}{end}") for end in ("", "-wal", "-journal")]
    found = [Trace(str(file), count_in(file, wanted)) for file in files if file.exists()]
    return tuple(trace for trace in found if trace.count)


def count_in(file: Path, wanted: Sequence[str]) -> int:
    """How often one of the strings stands in a file, in any case of letters, or in its name; Parquet is
    unpacked, whatever the file is called."""
    if not wanted:
        return 0
    forms = {form for one in wanted for form in _forms(one)}
    if packed := _in_parquet(file, wanted):
        return packed
    longest = max(map(len, forms))
    count = sum(one.lower() in file.name.lower() for one in wanted)
    before = b""
    try:
        with file.open("rb") as source:
            while block := source.read(BLOCK_BYTES):
                here = (before + block).lower()
                count += sum(here.count(form) for form in forms)
                # What lies over the border of two blocks is found with the second; no string fits into this.
                before = here[-(longest - 1) :] if longest > 1 else b""
    except FileNotFoundError:
        return 0
    return count


PARQUET = b"PAR1"
"""How a Parquet file begins and ends; its columns are compressed."""


def _in_parquet(file: Path, wanted: Sequence[str]) -> int:
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
        return sum(_in_bytes(repr(batch.to_pylist()).encode(), wanted) for batch in batches)
    except (pa.ArrowException, OSError):
        # Damaged, or gone: its bytes are looked through as they are.
        return 0
