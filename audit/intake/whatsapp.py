"""A chat that WhatsApp exported as text, from Android or iOS, with dates in the order of its country."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from audit.arrivals import Arrival, Facts, Rejected, Start
from audit.interactions import Channel
from audit.jsonfile import read_bytes
from audit.said import Message, Told, written
from models.media import digest_file

NAME = "WhatsApp export"
SUFFIXES = (".txt",)

_LINE = re.compile(
    r"\[?(\d{1,4})[/.\-](\d{1,2})[/.\-](\d{1,4})[,،]?\s+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?\s*"
    r"([ap]\.?\s?m\.?|ق\.?\s?ظ\.?|ب\.?\s?ظ\.?)?\]?\s*(?:[-–]\s+)?(.*)",
    re.IGNORECASE | re.DOTALL,
)
_SENDER = re.compile(r"([^:]{1,80}):\s(.*)", re.DOTALL)
_OMITTED = re.compile(
    r"<[^<>]{1,60}(omitted|omessi|omesso|حذف شد|حذف شده)>|"
    r"(image|video|audio|sticker|GIF|document|Contact card|immagine|adesivo|documento) (omitted|omess[oa])",
    re.IGNORECASE,
)
"""What stands for a picture or a voice message: nothing was written."""

_MARKS = str.maketrans("", "", "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
"""Marks of the writing direction, which exports put around names and dates."""

MONTH_FIRST = frozenset({"US", "PH", "CA", "FM", "MH", "PW", "GU", "AS", "PR"})
"""Where the month is written first (Unicode CLDR, date format short)."""


class _Entry(NamedTuple):
    line_number: int
    numbers: tuple[int, int, int]
    at: time
    text: str


def recognises(start: Start) -> bool:
    """A text of which one of the first lines has a date and a time as WhatsApp writes them."""
    return any(_LINE.fullmatch(_plain(line)) for line in start.text.split("\n", 20)[:20])


def read(path: Path, facts: Facts) -> Iterator[Arrival | Rejected]:
    """The chat as one arrival; lines without a sender are WhatsApp's own, and left out.

    Raises:
        Rejected: it is not UTF-8, or whether day or month comes first can be told neither from its dates nor
        from `country`.
    """
    try:
        text = read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise Rejected(str(path), None, "not UTF-8; save it as UTF-8") from error
    entries = list(_entries(path, text))
    month_first = _month_first(path, facts, entries)
    zone = ZoneInfo(facts.time_zone) if facts.time_zone else None
    messages = []
    for entry in entries:
        at = datetime.combine(_day(path, entry, month_first), entry.at, zone)
        sender = _SENDER.fullmatch(entry.text)
        if sender and not _OMITTED.fullmatch(sender[2].strip()):
            name = sender[1].strip()
            messages.append(Message(at, name, facts.roles.get(name), sender[2]))
    told = Told("whatsapp", digest_file(path), Channel.CHAT)
    yield written(path, facts, told, messages)


def _plain(line: str) -> str:
    """A line without marks of direction, its digits as 0 to 9."""
    text = line.translate(_MARKS).replace("\u202f", " ").replace("\u00a0", " ").rstrip("\r")
    head, rest = text[:60], text[60:]
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in head) + rest


def _entries(path: Path, text: str) -> Iterator[_Entry]:
    """Each dated line with the undated ones that go on from it."""
    at: _Entry | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        found = _LINE.fullmatch(_plain(line))
        if found is None:
            if at:
                at = at._replace(text=f"{at.text}\n{line.translate(_MARKS)}")
            continue
        if at:
            yield at
        hour, minute, second = int(found[4]), int(found[5]), int(found[6] or 0)
        half = re.sub(r"[\s.]", "", found[7] or "").lower()
        if half:
            hour = hour % 12 + (12 if half in ("pm", "بظ") else 0)
        try:
            clock = time(hour, minute, second)
        except ValueError as error:
            raise Rejected(str(path), number, f"'{line[:40]}' has no time of day") from error
        at = _Entry(number, (int(found[1]), int(found[2]), int(found[3])), clock, found[8])
    if at:
        yield at


def _month_first(path: Path, facts: Facts, entries: list[_Entry]) -> bool:
    """Whether dates are month, day, year. Of dates that begin with the year it does not matter."""
    dates = [e.numbers for e in entries if e.numbers[0] < 1000]
    day, month = any(d[0] > 12 for d in dates), any(d[1] > 12 for d in dates)
    if day != month or not dates:
        return month
    if not day and facts.country:
        return facts.country in MONTH_FIRST
    if all(d[0] == d[1] for d in dates):
        return False
    first = "/".join(map(str, dates[0]))
    raise Rejected(
        str(path),
        entries[0].line_number,
        f"whether day or month comes first in {first} cannot be told; "
        f"write where they are from into {path.stem}.meta.yaml beside it, as country: GB",
    )


def _day(path: Path, entry: _Entry, month_first: bool) -> date:
    one, two, three = entry.numbers
    year, month, day = (
        (one, two, three) if one >= 1000 else (three, one, two) if month_first else (three, two, one)
    )
    year += 2000 if year < 100 else 0
    try:
        return _of_persian(year, month, day) if 1300 <= year < 1500 else date(year, month, day)
    except (ValueError, OverflowError) as error:
        told = "/".join(map(str, entry.numbers))
        raise Rejected(str(path), entry.line_number, f"there is no day {told}") from error


def _of_persian(year: int, month: int, day: int) -> date:
    """The day of the Persian solar calendar; leap years by the rule of 33 years, right from 1244 to 1472."""
    lengths = [31] * 6 + [30] * 5 + [30 if year % 33 in _LEAP else 29]
    if not (1 <= month <= 12 and 1 <= day <= lengths[month - 1]):
        raise ValueError(f"no day {year}/{month}/{day}")
    first, last = min(year, 1400), max(year, 1400)
    days = sum(366 if y % 33 in _LEAP else 365 for y in range(first, last))
    new_year = date(2021, 3, 21) + timedelta(days=days if year > 1400 else -days)
    return new_year + timedelta(days=sum(lengths[: month - 1]) + day - 1)


_LEAP = frozenset({1, 5, 9, 13, 17, 22, 26, 30})
