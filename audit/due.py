"""Days and amounts that are promised, as values that can be compared."""

import functools
import itertools
import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from models.spoken_digits import normal, runs


class Due(NamedTuple):
    """A promised day; `by`: on it or before it."""

    day: date
    by: bool


class _Words(NamedTuple):
    days: dict[str, int]
    """Days ahead."""
    weekdays: tuple[str, ...]
    """Monday first."""
    months: tuple[str, ...]
    units: dict[str, int]
    """Days of each unit."""
    by: frozenset[str]


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


def _units(**listed: str) -> dict[str, int]:
    numbers = {"days": 1, "weeks": 7, "months": 30, "hours": 0}
    return {word: numbers[unit] for unit, words in listed.items() for word in words.split()}


_WORDS = {
    "en": _Words(
        {"today": 0, "tonight": 0, "tomorrow": 1},
        _listed("monday tuesday wednesday thursday friday saturday sunday"),
        _listed("january february march april may june july august september october november december"),
        _units(days="day days", weeks="week weeks", months="month months", hours="hour hours"),
        frozenset({"within"}),
    ),
    "it": _Words(
        {"oggi": 0, "stasera": 0, "domani": 1, "dopodomani": 2},
        _listed("lunedì martedì mercoledì giovedì venerdì sabato domenica"),
        _listed(
            "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"
        ),
        _units(days="giorno giorni", weeks="settimana settimane", months="mese mesi", hours="ora ore"),
        frozenset({"entro"}),
    ),
    "fa": _Words(
        {"امروز": 0, "امشب": 0, "فردا": 1, "پسفردا": 2},
        _listed("دوشنبه سهشنبه چهارشنبه پنجشنبه جمعه شنبه یکشنبه"),
        _listed("فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند"),
        _units(days="روز", weeks="هفته", months="ماه", hours="ساعت"),
        frozenset({"تا", "ظرف"}),
    ),
}

_ORDINALS = _listed(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)

_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_DAY_MONTH = re.compile(r"(\d{1,2})[-/.](\d{1,2})(?:[-/.](\d{2,4}))?")

JALALI_BEFORE = 1700
"""Years below it are of the Iranian calendar: 1405 is 2026."""


def due(text: str, language: str, day: date) -> Due | None:
    """The day that words mean when they are said on `day`; None where it cannot be told.

    Months are counted as 30 days, hours end on the same day. A weekday is the next one after today. In a date
    of figures the day comes first, except in English, where 5/3 may be either.
    """
    words = _WORDS.get(language)
    if words is None:
        return None
    said = [normal(word) for word in text.split()]
    found = _figures(said, language, day) or _named(said, text, language, words, day)
    return None if found is None else Due(found, any(word in words.by for word in said))


def _named(said: list[str], text: str, language: str, words: _Words, day: date) -> date | None:
    # A half-space or a space parts the names of days in two.
    pairs = ["".join(pair) for pair in itertools.pairwise(said)]
    number = _number(said, text, language)
    month = next((words.months.index(w) + 1 for w in said if w in words.months), None)
    if month and number:
        return _in_year(number, month, day, language == "fa")
    unit = next((words.units[w] for w in said if w in words.units), None)
    if unit is not None and number is not None:
        return day + timedelta(days=unit * min(number, 1000))
    ahead = next((words.days[w] for w in (*pairs, *said) if w in words.days), None)
    if ahead is not None:
        return day + timedelta(days=ahead)
    weekday = next((words.weekdays.index(w) for w in (*pairs, *said) if w in words.weekdays), None)
    if weekday is not None:
        return day + timedelta(days=(weekday - day.weekday() - 1) % 7 + 1)
    return None


def _number(said: list[str], text: str, language: str) -> int | None:
    for word in said:
        if ordinal := re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th|°)", word):
            return int(ordinal[1])
        if language == "en" and word in _ORDINALS:
            return _ORDINALS.index(word) + 1
        if language == "it" and word == "primo":
            return 1
    found = runs(text.split(), language)
    digits = found[0].digits if found else ""
    return int(digits) if digits.isdigit() and len(digits) < 5 else None


def _in_year(number: int, month: int, day: date, jalali: bool) -> date | None:
    """The next such day of a month, from a month ago on: what was promised may be over."""
    year = _jalali(day)[0] if jalali else day.year
    for some in (year - 1, year, year + 1):
        found = _date(some, month, number, jalali)
        if found and found >= day - timedelta(days=31):
            return found
    return None


def _figures(said: Iterable[str], language: str, day: date) -> date | None:
    for word in said:
        if iso := _ISO.fullmatch(word):
            year = int(iso[1])
            return _date(year, int(iso[2]), int(iso[3]), year < JALALI_BEFORE)
        if written := _DAY_MONTH.fullmatch(word):
            first, second = int(written[1]), int(written[2])
            if language == "en" and first <= 12 and second <= 12 and first != second:
                return None
            if second > 12:
                first, second = second, first
            if not written[3]:
                return _in_year(first, second, day, language == "fa")
            year = int(written[3]) + (2000 if len(written[3]) == 2 else 0)
            return _date(year, second, first, year < JALALI_BEFORE)
    return None


def _date(year: int, month: int, number: int, jalali: bool) -> date | None:
    import jdatetime

    try:
        if jalali:
            return jdatetime.date(year, month, number).togregorian()  # type: ignore[no-any-return]
        return date(year, month, number)
    except ValueError:
        return None


def _jalali(day: date) -> tuple[int, int, int]:
    import jdatetime

    found = jdatetime.date.fromgregorian(date=day)
    return found.year, found.month, found.day


_AMOUNT = re.compile(r"\d+(?:[.,٫٬]\d+)*")


@functools.lru_cache(maxsize=1024)
def amount(text: str, language: str) -> float | None:
    """The number in words of money: `1.200,50 euro` is 1200.5; None where there is none."""
    plain = " ".join(normal(word) for word in text.split())
    if figures := _AMOUNT.search(plain):
        parts = re.split(r"[.,٫٬]", figures[0])
        # Two digits at the end are hundredths, three are a thousand's group.
        whole, rest = (parts[:-1], parts[-1]) if len(parts) > 1 and len(parts[-1]) <= 2 else (parts, "")
        return float(f"{''.join(whole)}.{rest or '0'}")
    found = runs(text.split(), language)
    return float(found[0].digits) if found and found[0].digits.isdigit() else None
