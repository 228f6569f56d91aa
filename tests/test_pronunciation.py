"""How alike words sound: by phones in English, by letters elsewhere."""

import numpy as np
import pytest

from models.pronunciation import Sounds, pronounced


def like(sounds, words, least):
    """All parts together."""
    return [np.concatenate(part) for part in zip(*sounds.like(words, least), strict=True)]


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
    _, numbers, likeness = like(Sounds([unlike, alike], language), [word], 0.75)
    assert (numbers.tolist(), likeness.shape) == ([1], (1,))
    assert 0.75 < likeness[0] < 1 or pronounced(word, language) == pronounced(alike, language)


def test_the_same_word_is_wholly_alike_and_other_languages_have_no_phones():
    _, _, likeness = like(Sounds(["hello"], "en"), ["hello"], 0.5)
    assert likeness.tolist() == [1.0]
    assert pronounced("knight", "en") == pronounced("night", "en")
    assert pronounced("night", "it") is None


def test_each_word_is_compared_as_if_it_were_alone():
    sounds = Sounds(["hold", "northwind", "please", "zxqv", "help"], "en")
    words = ["fold", "norwind", "qqq", "pleas", "help", "zxq"]

    def told(words, least):
        rows, numbers, likeness = like(sounds, words, least)
        return [(numbers[rows == i].tolist(), likeness[rows == i].tolist()) for i in range(len(words))]

    assert told(words, 0.4) == [told([word], 0.4)[0] for word in words]
    assert all(np.all(np.diff(part.words) >= 0) for part in sounds.like(words, 0.4))
    assert [numbers for numbers, _ in told(words, 0.6)] == [[0], [1], [], [2], [4], [3]]
    assert [len(part) for part in like(sounds, [], 0.4)] == [0, 0, 0]
