"""How alike words sound: by phones in English, by letters elsewhere."""

import pytest

from models.pronunciation import Sounds, pronounced


@pytest.mark.parametrize(
    ("word", "alike", "unlike", "language"),
    [
        ("please", "pleas", "people", "en"),
        ("night", "knight", "nothing", "en"),
        ("holding", "folding", "help", "en"),
        ("northwind", "norwind", "support", "en"),
        ("grazie", "grasie", "prego", "it"),
        ("صبر", "سبر", "سلام", "fa"),
    ],
)
def test_what_sounds_like_a_word_is_liker_than_what_is_spelt_like_it(word, alike, unlike, language):
    like, other = Sounds([alike, unlike], language).likeness([word])[0]
    assert like > 0.75 > other


def test_the_same_word_is_wholly_alike_and_other_languages_have_no_phones():
    assert Sounds(["hello"], "en").likeness(["hello"])[0, 0] == 1.0
    assert pronounced("knight", "en") == pronounced("night", "en")
    assert pronounced("night", "it") is None
