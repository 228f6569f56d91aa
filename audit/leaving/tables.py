"""Writes tables as CSV and Parquet, and scorecards as lines of JSON."""

import abc
import csv
import io
import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from audit.leaving.rows import FINDINGS, SCORECARDS, TABLES, Column, Leaving, as_json, cells, found

if TYPE_CHECKING:
    import pyarrow as pa

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A cell that begins so is a formula to a spreadsheet, which would run what a customer wrote (OWASP, CSV
Injection)."""

JOINED = "; "
"""Between the values of a list in a cell of CSV."""


class Writer(abc.ABC):
    """Writes scorecards into the files of one format in a folder; `files` are their paths."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.files: list[Path] = []

    def _open(self, name: str) -> IO[bytes]:
        self.files.append(self._folder / name)
        file = self.files[-1].open("xb")
        self.files[-1].chmod(0o600)
        return file

    @abc.abstractmethod
    def write(self, batch: list[Leaving]) -> None:
        """Adds these scorecards."""

    @abc.abstractmethod
    def close(self) -> None:
        """Ends the files."""


class JsonWriter(Writer):
    """One object a line."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._file = self._open("scorecards.jsonl")

    def write(self, batch: list[Leaving]) -> None:
        for one in batch:
            self._file.write(json.dumps(as_json(one), ensure_ascii=False).encode() + b"\n")

    def close(self) -> None:
        self._file.close()


class CsvWriter(Writer):
    """UTF-8 with a mark at the beginning, by which spreadsheets tell it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._files = {
            name: io.TextIOWrapper(self._open(f"{name}.csv"), "utf-8-sig", newline="") for name in TABLES
        }
        self._tables = {name: csv.writer(file) for name, file in self._files.items()}
        for name, columns in TABLES.items():
            self._tables[name].writerow([column.name for column in columns])

    def write(self, batch: list[Leaving]) -> None:
        for name, rows in _tables(batch).items():
            self._tables[name].writerows([cell(value) for value in row.values()] for row in rows)

    def close(self) -> None:
        for file in self._files.values():
            file.close()


def cell(value: Any) -> str:
    """A value as a cell of CSV; a text that a spreadsheet would take for a formula gets an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        value = JOINED.join(value)
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return str(value)


class ParquetWriter(Writer):
    """Columns with types; times in UTC to the microsecond."""

    def __init__(self, folder: Path) -> None:
        import pyarrow.parquet as pq

        super().__init__(folder)
        self._files = {name: self._open(f"{name}.parquet") for name in TABLES}
        self._tables = {
            name: pq.ParquetWriter(file, shape(TABLES[name]), compression="zstd")
            for name, file in self._files.items()
        }

    def write(self, batch: list[Leaving]) -> None:
        import pyarrow as pa

        for name, rows in _tables(batch).items():
            self._tables[name].write_table(pa.Table.from_pylist(list(rows), shape(TABLES[name])))

    def close(self) -> None:
        for name, table in self._tables.items():
            table.close()
            self._files[name].close()


def shape(columns: tuple[Column, ...]) -> "pa.Schema":
    """The schema of a Parquet file."""
    import pyarrow as pa

    kinds = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "time": pa.timestamp("us", tz="UTC"),
        "list": pa.list_(pa.string()),
    }
    return pa.schema([(column.name, kinds[column.kind]) for column in columns])


def _tables(batch: list[Leaving]) -> dict[str, Iterable[dict[str, Any]]]:
    return {
        "scorecards": [cells(SCORECARDS, one) for one in batch],
        "findings": [cells(FINDINGS, each) for one in batch for each in found(one)],
    }
