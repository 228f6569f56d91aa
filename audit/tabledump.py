"""All tables as lines of JSON and back, the same for SQLite and PostgreSQL."""

import base64
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import IO, Any

from sqlalchemy import Integer, LargeBinary, MetaData, Table, insert, select, text
from sqlalchemy.engine import Connection

from audit.tables import UtcTime, metadata
from models.errors import ComportError

ROWS = 500
"""Rows written to a database at a time."""

MARKED = {"time": UtcTime, "bytes": LargeBinary}
"""What JSON cannot say by itself: times become ISO 8601 in UTC, bytes base64."""


class RowsUnreadable(ComportError):
    """A line of a table that does not fit the table."""

    def __init__(self, table: str, line: int, found: str) -> None:
        super().__init__(table, line, found)
        self.table, self.row, self.found = table, line, found

    def __str__(self) -> str:
        return f"table {self.table}, row {self.row}: {self.found}; the backup was not made by Comport"


def marks() -> dict[str, dict[str, str]]:
    """For each table, parents first, its columns that are times or bytes."""
    return {
        table.name: {
            column.name: mark
            for column in table.columns
            for mark, kind in MARKED.items()
            if isinstance(column.type, kind)
        }
        for table in metadata.sorted_tables
    }


def write_rows(connection: Connection, table: str, into: IO[bytes]) -> int:
    """Writes a table, one row a line in the order of its key; gives how many rows that were."""
    shape = metadata.tables[table]
    query = select(shape).order_by(*shape.primary_key).execution_options(yield_per=ROWS)
    count = 0
    for row in connection.execute(query).mappings():
        line = {name: _plain(value) for name, value in row.items()}
        into.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        count += 1
    return count


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def read_rows(
    connection: Connection, dump: Mapping[str, Iterable[bytes]], marked: Mapping[str, Mapping[str, str]]
) -> None:
    """Writes the rows of all tables (parents first) into a database that has these tables, empty.

    The tables may be those of an earlier schema: they are looked at as they are.

    Raises:
        RowsUnreadable: a row does not fit its table.
    """
    found = MetaData()
    found.reflect(connection)
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA defer_foreign_keys=ON"))
    for name, lines in dump.items():
        table = found.tables.get(name)
        if table is None:
            raise RowsUnreadable(name, 0, "there is no such table")
        _read_table(connection, table, lines, marked.get(name, {}))


def _read_table(
    connection: Connection, table: Table, lines: Iterable[bytes], marked: Mapping[str, str]
) -> None:
    batch: list[dict[str, Any]] = []
    aware = connection.dialect.name != "sqlite"
    for number, line in enumerate(lines, start=1):
        batch.append(_row(table, number, line, marked, aware))
        if len(batch) == ROWS:
            connection.execute(insert(table), batch)
            batch.clear()
    if batch:
        connection.execute(insert(table), batch)
    if connection.dialect.name == "postgresql":
        _count_on(connection, table)


def _row(table: Table, number: int, line: bytes, marked: Mapping[str, str], aware: bool) -> dict[str, Any]:
    try:
        row = json.loads(line)
        if not isinstance(row, dict) or not row.keys() <= set(table.columns.keys()):
            raise ValueError("other columns than the table has")
        for name, mark in marked.items():
            if row.get(name) is None:
                continue
            if mark == "bytes":
                row[name] = base64.b64decode(row[name], validate=True)
            else:
                at = datetime.fromisoformat(row[name]).astimezone(UTC)
                row[name] = at if aware else at.replace(tzinfo=None)
    except (ValueError, TypeError) as error:
        raise RowsUnreadable(table.name, number, str(error)) from error
    return row


def _count_on(connection: Connection, table: Table) -> None:
    """Lets PostgreSQL go on after the highest number that was given out."""
    for column in table.primary_key:
        owned = connection.execute(
            text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": table.name, "column": column.name},
        ).scalar()
        if owned and isinstance(column.type, Integer):
            highest = select(column).order_by(column.desc()).limit(1)
            number = connection.execute(highest).scalar()
            if number is not None:
                connection.execute(text("SELECT setval(:owned, :number)"), {"owned": owned, "number": number})
