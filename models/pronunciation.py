"""How words sound, as strings that can be compared letter by letter."""

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_PHONES = {
    phone: chr(0x61 + number)
    for number, phone in enumerate(
        [
            "AA",
            "AE",
            "AH",
            "AO",
            "AW",
            "AY",
            "B",
            "CH",
            "D",
            "DH",
            "EH",
            "ER",
            "EY",
            "F",
            "G",
            "HH",
            "IH",
            "IY",
            "JH",
            "K",
            "L",
            "M",
            "N",
            "NG",
            "OW",
            "OY",
            "P",
            "R",
            "S",
            "SH",
            "T",
            "TH",
            "UH",
            "UW",
            "V",
            "W",
            "Y",
            "Z",
            "ZH",
        ]
    )
}
"""A sign for each phone of the CMU dictionary."""

_CLASSES = (
    "AA AE AH AO EH IH UH ER",  # short vowels
    "AW AY EY IY OW OY UW",  # long vowels and diphthongs
    "B P", "D T DH TH", "G K", "CH JH SH ZH", "S Z", "F V", "M N NG", "L R", "W Y HH",
)  # fmt: skip
"""Phones that recognisers take for each other most: of one manner and place, voiced or not.
Source: the confusions of consonants over a telephone band in Miller and Nicely (1955)."""

_COARSE_PHONES = str.maketrans(
    {_PHONES[phone]: str(number) for number, group in enumerate(_CLASSES) for phone in group.split()}
)
_LETTER_CLASSES = (
    *("aeiouàèéìòùy", "bp", "dt", "gkcq", "sz", "fv", "mn", "lr"),
    *("اآعأ", "تط", "سصث", "زذضظ", "حه", "قغ"),
)
_COARSE_LETTERS = str.maketrans({letter: group[0] for group in _LETTER_CLASSES for letter in group})
"""Letters of one sound or nearly one: Latin as in English and Italian, and the Persian letters that are
pronounced the same."""


@functools.cache
def _dictionary() -> dict[str, str]:
    """The pronunciations that come with PocketSphinx (CMU dictionary, 134,000 English words)."""
    from pocketsphinx import get_model_path

    entries: dict[str, str] = {}
    text = Path(get_model_path("en-us/cmudict-en-us.dict")).read_text("utf-8")
    for line in text.splitlines():
        word, *phones = line.split()
        if "(" not in word:
            entries[word] = "".join(_PHONES[phone] for phone in phones)
    return entries


@functools.lru_cache(maxsize=65536)
def pronounced(word: str, language: str) -> str | None:
    """The phones of an English word, a sign each; None for other languages and unknown words."""
    return _dictionary().get(word) if language == "en" else None


class Sounds:
    """How some words sound, made ready to be compared with many others."""

    def __init__(self, words: Sequence[str], language: str) -> None:
        self._language = language
        phones = [pronounced(word, language) for word in words]
        self._letters = _views([_letters(word) for word in words], _COARSE_LETTERS)
        self._phones = _views([one or "" for one in phones], _COARSE_PHONES)
        self._known = np.array([one is not None for one in phones], bool)

    def likeness(self, words: Sequence[str]) -> NDArray[np.float32]:
        """How alike each of `words` sounds to each of these, shape `(len(words), number of these)`, 0..1.

        The mean over two views, each 1 minus edits over the longer length: the phones themselves, and their
        classes. Words whose phones are not known are compared by their letters in the same way.
        """
        phones = [pronounced(word, self._language) for word in words]
        known = np.outer([one is not None for one in phones], self._known)
        by_letter = by_phone = np.zeros(known.shape, np.float32)
        if not known.all():
            by_letter = _alike(_views([_letters(word) for word in words], _COARSE_LETTERS), self._letters)
        if known.any():
            by_phone = _alike(_views([one or "" for one in phones], _COARSE_PHONES), self._phones)
        return np.where(known, by_phone, by_letter)


def _letters(word: str) -> str:
    return word.replace("'", "")


_Views = tuple[list[str], list[str]]
"""Words as they sound, and the same with sounds that are taken for each other made one."""


def _views(words: list[str], coarse: dict[int, str]) -> _Views:
    return words, [word.translate(coarse) for word in words]


def _alike(words: _Views, others: _Views) -> NDArray[np.float32]:
    return (_similarity(words[0], others[0]) + _similarity(words[1], others[1])) / np.float32(2)


def _similarity(words: list[str], others: list[str]) -> NDArray[np.float32]:
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cdist

    found: NDArray[np.float32] = cdist(
        words, others, scorer=Levenshtein.normalized_similarity, dtype=np.float32
    )
    return found
