"""Chats as a table (CSV or JSON lines), a message a row, with columns called as a company calls them."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from audit import yamlfile
from audit.arrivals import Arrival, Facts, Rejected, Start, digest_of
from audit.folder import Row, rows
from audit.interactions import Channel, Role
from audit.said import Message, Told, written

NAME = "chat as a table"
SUFFIXES = (".csv", ".tsv", ".jsonl")
COLUMNS_SUFFIX = ".columns.yaml"
USUAL = ("at", "from", "text")


class Columns(yamlfile.Checked):
    """Which column holds what; `senders` says who the values of `from` are, `time_format` how times look."""

    at: str = "at"
    sender: str = "from"
    text: str = "text"
    name: str | None = None
    conversation: str | None = None
    senders: dict[str, Role] = {}
    time_format: str | None = None


def recognises(start: Start) -> bool:
    """A table with its columns beside, or a CSV whose heading has `at`, `from` and `text`."""
    if _beside(start.path).is_file():
        return True
    heading = start.text.partition("\n")[0]
    names = {n.strip().strip('"') for n in heading.replace(";", ",").replace("\t", ",").split(",")}
    return start.suffix != ".jsonl" and set(USUAL) <= names


def _beside(path: Path) -> Path:
    """Where the columns of a table stand: in its own file, or in `columns.yaml` for all of the folder."""
    own = path.with_name(path.name.removesuffix(path.suffix) + COLUMNS_SUFFIX)
    return own if own.is_file() else path.with_name(COLUMNS_SUFFIX.removeprefix("."))


def read(path: Path, facts: Facts) -> Iterator[Arrival | Rejected]:
    """Each conversation as one arrival, the whole file where no column tells them apart.

    Raises:
        Rejected, yamlfile.BadFile: its columns are not there, or a row is no message.
    """
    columns = Columns()
    if _beside(path).is_file():
        document = yamlfile.read_document(_beside(path))
        columns = yamlfile.check(document, Columns) or Columns()
        document.raise_problems()
    found: dict[str, list[Message]] = {}
    broken: dict[str, Rejected] = {}
    for row in rows(path):
        which = _value(path, row, columns.conversation) if columns.conversation else ""
        try:
            found.setdefault(which, []).append(_message(path, facts, columns, row))
        except Rejected as error:
            # One broken row spoils its conversation: without it, somebody's words would be missing.
            broken.setdefault(which, error)
    for which, messages in found.items():
        if which in broken:
            continue
        said = [(m.at.isoformat(), m.speaker, str(m.role), m.text) for m in messages]
        told = Told(
            "chat table", digest_of("chat table", which, said), Channel.CHAT, source_id=which, title=which
        )
        try:
            yield written(path, facts, told, messages)
        except Rejected as error:
            yield Rejected(error.path, error.line_number, f"conversation {which}: {error.problem}")
    yield from broken.values()
    if not found and not broken:
        raise Rejected(str(path), None, "a table without rows")


def _message(path: Path, facts: Facts, columns: Columns, row: Row) -> Message:
    text = _value(path, row, columns.at)
    try:
        given = columns.time_format
        at = datetime.strptime(text, given) if given else datetime.fromisoformat(text)
    except ValueError as error:
        wanted = columns.time_format or "2026-03-02T10:15:00+01:00"
        raise Rejected(
            str(path), row.line_number, f"{columns.at}: '{text}' is not a time like {wanted}"
        ) from error
    if at.tzinfo is None and not facts.time_zone:
        raise Rejected(str(path), row.line_number, f"{columns.at}: '{text}' has no time zone; give time_zone")
    at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(facts.time_zone or "UTC"))
    sender = _value(path, row, columns.sender)
    roles = {**{str(r): r for r in Role if r != Role.ANYONE}, **columns.senders}
    if sender not in roles:
        told = f"{columns.sender}: nobody says who '{sender}' is; give senders in NAME{COLUMNS_SUFFIX}"
        raise Rejected(str(path), row.line_number, told)
    name = _value(path, row, columns.name) if columns.name else row.values.get("name", "")
    return Message(at, name, roles[sender], _value(path, row, columns.text))


def _value(path: Path, row: Row, column: str) -> str:
    if column not in row.values:
        listed = ", ".join(row.values)
        raise Rejected(str(path), row.line_number, f"no column '{column}'; it has {listed}")
    return row.values[column].strip()
