"""Promised days and amounts in three languages, as values."""

from datetime import date

import pytest

from audit.due import amount, due

SAID = date(2026, 3, 3)  # a Tuesday, 12 Esfand 1404


@pytest.mark.parametrize(
    ("language", "text", "day", "by"),
    [
        ("en", "today", "2026-03-03", False),
        ("en", "tomorrow", "2026-03-04", False),
        ("en", "Tuesday", "2026-03-10", False),
        ("en", "friday", "2026-03-06", False),
        ("en", "in five days", "2026-03-08", False),
        ("en", "within 2 weeks", "2026-03-17", True),
        ("en", "the 5th of April", "2026-04-05", False),
        ("en", "March the fifth", "2026-03-05", False),
        ("en", "february 20", "2026-02-20", False),
        ("en", "january 5", "2027-01-05", False),
        ("en", "2026-03-09", "2026-03-09", False),
        ("en", "25/3", "2026-03-25", False),
        ("en", "5/3", None, False),
        ("en", "30 february", None, False),
        ("en", "soon", None, False),
        ("it", "domani", "2026-03-04", False),
        ("it", "dopodomani", "2026-03-05", False),
        ("it", "entro tre giorni", "2026-03-06", True),
        ("it", "tra due settimane", "2026-03-17", False),
        ("it", "il primo aprile", "2026-04-01", False),
        ("it", "5/3", "2026-03-05", False),
        ("it", "venerdì", "2026-03-06", False),
        ("fa", "فردا", "2026-03-04", False),
        ("fa", "پس‌فردا", "2026-03-05", False),
        ("fa", "پس فردا", "2026-03-05", False),
        ("fa", "سه شنبه", "2026-03-10", False),
        ("fa", "پنج‌شنبه", "2026-03-05", False),
        ("fa", "سه روز دیگر", "2026-03-06", False),
        ("fa", "ظرف دو هفته", "2026-03-17", True),
        ("fa", "۵ فروردین", "2026-03-25", False),
        ("fa", "۱۴۰۵/۰۱/۱۵", "2026-04-04", False),
        ("de", "morgen", None, False),
    ],
)
def test_words_mean_a_day(language, text, day, by):
    found = due(text, language, SAID)
    assert found == (None if day is None else (date.fromisoformat(day), by))


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "49.90 euros", 49.9),
        ("en", "1,200 dollars", 1200.0),
        ("en", "£1,200.50", 1200.5),
        ("en", "forty nine pounds", 49.0),
        ("it", "1.200,50 euro", 1200.5),
        ("it", "quarantanove euro", 49.0),
        ("fa", "۵۰ هزار تومان", 50.0),
        ("fa", "۱۲۰۰ تومان", 1200.0),
        ("en", "some money", None),
    ],
)
def test_words_mean_an_amount(language, text, value):
    assert amount(text, language) == value
