"""How words sound, as strings that can be compared letter by letter."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

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


class Alike(NamedTuple):
    """Pairs of words in order of the first: the number of each, and how alike they sound 0..1, `(n,)`."""

    words: NDArray[np.intp]
    others: NDArray[np.intp]
    alike: Floats


class Sounds:
    """How some words sound, made ready to be compared with many others."""

    def __init__(self, words: Sequence[str], language: str) -> None:
        self._language = language
        phones = [pronounced(word, language) for word in words]
        self._letters = _views([_letters(word) for word in words], _COARSE_LETTERS)
        self._phones = _views([one or "" for one in phones], _COARSE_PHONES)
        self._known = [i for i, one in enumerate(phones) if one is not None]
        self._unknown = [i for i, one in enumerate(phones) if one is None]
        self._known_phones = _some(self._phones, self._known)
        self._unknown_letters = _some(self._letters, self._unknown)

    def like(self, words: Sequence[str], least: float) -> list[Alike]:
        """Every pair of one of `words` and one of these that sound alike from `least` on, in a few parts.

        Likeness is the mean over two views, each 1 minus edits over the longer length: the phones themselves,
        and their classes. Words whose phones are not known are compared by their letters in the same way.
        """
        phones = [pronounced(word, self._language) for word in words]
        spoken = [i for i, one in enumerate(phones) if one is not None]
        spelt = [i for i, one in enumerate(phones) if one is None]
        by_phone = _views([phones[i] or "" for i in spoken], _COARSE_PHONES)
        by_letter = _views([_letters(word) for word in words], _COARSE_LETTERS)
        parts: tuple[tuple[Sequence[int], _Views, Sequence[int], _Views], ...] = (
            (spoken, by_phone, self._known, self._known_phones),
            (spoken, _some(by_letter, spoken), self._unknown, self._unknown_letters),
            (spelt, _some(by_letter, spelt), range(len(self._letters[0])), self._letters),
        )
        return [_alike(rows, ours, columns, theirs, least) for rows, ours, columns, theirs in parts]


def _letters(word: str) -> str:
    return word.replace("'", "")


_Views = tuple[list[str], list[str]]
"""Words as they sound, and the same with sounds that are taken for each other made one."""


def _views(words: list[str], coarse: dict[int, str]) -> _Views:
    return words, [word.translate(coarse) for word in words]


def _some(views: _Views, numbers: Sequence[int]) -> _Views:
    return [views[0][i] for i in numbers], [views[1][i] for i in numbers]


def _alike(rows: Sequence[int], words: _Views, columns: Sequence[int], others: _Views, least: float) -> Alike:
    """The pairs of a word and another that are alike enough; words and others bear the numbers `rows`, in
    order, and `columns`."""
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cdist

    if not rows or not columns:
        return Alike(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, np.float32))
    alike, coarse = (
        cdist(one, other, scorer=Levenshtein.normalized_similarity, dtype=np.float32)
        for one, other in zip(words, others, strict=True)
    )
    alike += coarse
    alike /= np.float32(2)
    enough = np.flatnonzero(alike >= np.float32(least))
    first, second = np.divmod(enough, len(columns))
    return Alike(np.array(rows)[first], np.array(columns)[second], alike.ravel()[enough])
