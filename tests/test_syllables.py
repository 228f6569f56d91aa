"""Syllables by spelling."""

import pytest

from models.syllables import _english, _vowels, syllables


@pytest.mark.parametrize(
    ("word", "language", "count"),
    [
        ("thank", "en", 1),
        ("calling", "en", 2),
        ("Reservation,", "en", 4),
        ("I'm", "en", 1),
        ("Northwind", "en", 2),  # in no dictionary
        ("grazie", "it", 2),
        ("buongiorno", "it", 3),
        ("attendere", "it", 4),
        ("linea", "it", 3),
        ("più", "it", 1),
        ("città", "it", 2),
        ("qualcosa", "it", 3),
        ("سلام", "fa", None),
        ("12345", "en", None),
        ("-", "en", None),
        ("hallo", "de", None),
    ],
)
def test_syllables_of_a_word(word, language, count):
    assert syllables(word, language) == count


def test_the_rule_for_unknown_english_words_is_right_for_five_in_six():
    known = {word: count for word, count in _vowels().items() if word.isalpha()}
    assert sum(_english(word) == count for word, count in known.items()) / len(known) > 5 / 6
