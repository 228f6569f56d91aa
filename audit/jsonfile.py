"""JSON that other systems wrote: one document, or a list of any length read as a stream."""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import msgspec

from audit.arrivals import START_BYTES, Rejected
from audit.jsonevents import TooDeep, events

T = TypeVar("T")

BOM = b"\xef\xbb\xbf"

LARGEST_BYTES = 256 * 1024 * 1024
"""No document about one conversation is larger: Amazon writes 2.2 kB a second of speech with every word's
time and confidence, 190 MB in 24 hours."""


def decode(path: Path, kind: type[T], strict: bool = True) -> T:
    """The document in a file; unless `strict`, numbers may be written as text.

    Raises:
        Rejected: it cannot be read, is larger than `LARGEST_BYTES`, is no JSON, or not of this kind.
    """
    return decode_bytes(path, read_bytes(path), kind, strict)


def read_bytes(path: Path) -> bytes:
    """What is in a file of at most `LARGEST_BYTES`, without a byte order mark.

    Raises:
        Rejected: it cannot be read, or is larger.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise Rejected(str(path), None, f"cannot be read: {error.strerror}") from error
    if len(content) > LARGEST_BYTES:
        limit = f"{LARGEST_BYTES // 1024 // 1024} MiB"
        raise Rejected(str(path), None, f"larger than {limit}, too large for one conversation")
    return content.removeprefix(BOM)


def decode_bytes(path: Path, content: bytes, kind: type[T], strict: bool = True, line: int = 0) -> T:
    """The document in these bytes, which begin after `line` lines of the file.

    Raises:
        Rejected: they are no JSON, or not of this kind.
    """
    try:
        return msgspec.json.decode(content, type=kind, strict=strict)
    except msgspec.ValidationError as error:
        raise Rejected(str(path), line + 1 if line else None, _told(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        at = re.search(r"\(byte (\d+)\)", str(error))
        before = content[: int(at[1])] if at else content.rstrip()
        told = "ends too early" if "truncated" in str(error) else str(error)
        raise Rejected(str(path), line + 1 + before.count(b"\n"), f"not JSON: {told}") from error
    except RecursionError as error:
        raise Rejected(str(path), None, "nested too deeply") from error


def convert(path: Path, value: Any, kind: type[T], where: str, strict: bool = True) -> T:
    """A decoded JSON value as another type; `where` says what it is.

    Raises:
        Rejected: it is not of this kind.
    """
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        raise Rejected(str(path), None, f"{where}: {_told(error)}") from error


def _told(error: msgspec.ValidationError) -> str:
    told, _, place = str(error).partition(" - at `")
    return f"{place.rstrip('`').removeprefix('$').lstrip('.')}: {told}" if place else told


class Item(NamedTuple):
    """One object of a file that holds many: what it is called in messages, and itself."""

    where: str
    line_number: int | None
    value: dict[str, Any]


def items(path: Path, under: tuple[str, ...] = ()) -> Iterator[Item | Rejected]:
    """The objects in a file, one by one, in little memory: JSON lines, a list, or one object.

    `under` are the keys whose list is meant where the file is one object that has one of them. A file that
    breaks off gives what stands before the break, and then the rejection.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(BOM)) != BOM:
                file.seek(0)
            at = file.tell()
            head = file.read(START_BYTES)
            file.seek(at)
            if _lines_of_objects(head):
                yield from _of_lines(path, file)
            else:
                key = _key_of(file, under) if under else None
                file.seek(at)
                yield from _of_document(path, file, key)
    except OSError as error:
        yield Rejected(str(path), None, f"cannot be read: {error.strerror}")


def _lines_of_objects(head: bytes) -> bool:
    """Whether the first line is an object for itself, and another object follows."""
    first, _, rest = head.lstrip().partition(b"\n")
    try:
        return isinstance(json.loads(first), dict) and rest.lstrip()[:1] == b"{"
    except (ValueError, RecursionError):
        return False


def _of_lines(path: Path, file: BinaryIO) -> Iterator[Item | Rejected]:
    for number in itertools.count(1):
        line = file.readline(LARGEST_BYTES + 1)
        if not line:
            return
        if len(line) > LARGEST_BYTES:
            yield Rejected(str(path), number, "this line is too large for one conversation")
            return
        if not line.strip():
            continue
        try:
            value = decode_bytes(path, line, dict[str, Any], line=number - 1)
        except Rejected as error:
            yield Rejected(str(path), number, error.problem)
        else:
            yield Item(f"line {number}", number, value)


def _of_document(path: Path, file: BinaryIO, key: str | None) -> Iterator[Item | Rejected]:
    import ijson
    from ijson.common import ObjectBuilder

    source, number = _Source(file), 0
    builder: Any = None
    start = 0
    try:
        for event, value, depth, keys in events(source):
            if builder is None:
                if not _begins(event, depth, keys, key):
                    continue
                number += 1
                if event != "start_map":
                    yield Rejected(str(path), None, f"item {number} is no object")
                    continue
                builder, start = ObjectBuilder(), depth
            builder.event(event, value)
            if event == "end_map" and depth == start:
                yield Item(f"item {number}", None, builder.value)
                builder = None
                source.left = LARGEST_BYTES
    except ijson.JSONError as error:
        what = error.args[0]
        what = what.decode(errors="replace") if isinstance(what, bytes) else str(what)
        told = "ends too early" if "premature EOF" in what else f"not JSON: {what.splitlines()[0]}"
        yield Rejected(str(path), source.lines, f"{told}; {number - bool(builder)} items before it are whole")
    except (TooDeep, _TooLarge, UnicodeDecodeError, OverflowError) as error:
        yield Rejected(str(path), source.lines, str(error))


def _begins(event: str, depth: int, keys: tuple[str, ...], key: str | None) -> bool:
    """Whether an item begins here: an outermost object, or what is in the outermost list or that of `key`."""
    if event in ("start_array", "end_array", "map_key", "end_map"):
        return False
    if key is not None:
        return depth == 2 and keys == (key, "")
    return (depth == 0 and event == "start_map") or (depth == 1 and keys == ("",))


class _TooLarge(Exception):
    """An item is too large for one conversation."""


class _Source:
    """A file that is read on only while the item at hand stays below `LARGEST_BYTES`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.left, self.lines = file, LARGEST_BYTES, 1

    def read(self, size: int = -1) -> bytes:
        if self.left <= 0:
            raise _TooLarge("an item too large for one conversation")
        got = self._file.read(size)
        self.left -= len(got)
        self.lines += got.count(b"\n")
        return got


def _key_of(file: BinaryIO, under: tuple[str, ...]) -> str | None:
    """The first of these keys that the outermost object has, None where it has none."""
    import ijson

    try:
        for event, value, depth, _ in events(file):
            if event == "map_key" and depth == 1 and value in under:
                return str(value)
            if event == "start_array" and depth == 0:
                return None
    except (ijson.JSONError, TooDeep, UnicodeDecodeError):
        pass
    return None
