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


def likeness(words: Sequence[str], others: Sequence[str], language: str) -> NDArray[np.float32]:
    """How alike each of `words` sounds to each of `others`, shape `(len(words), len(others))`, 0..1.

    The mean over two views, each 1 minus edits over the longer length: the phones themselves, and their
    classes. Words whose phones are not known are compared by their letters in the same way.
    """
    by_letter = _alike([_letters(w) for w in words], [_letters(o) for o in others], _COARSE_LETTERS)
    spoken = [pronounced(w, language) for w in words]
    heard = [pronounced(o, language) for o in others]
    by_phone = _alike([s or "" for s in spoken], [h or "" for h in heard], _COARSE_PHONES)
    known = np.outer([s is not None for s in spoken], [h is not None for h in heard])
    return np.where(known, by_phone, by_letter)


def _letters(word: str) -> str:
    return word.replace("'", "")


def _alike(words: list[str], others: list[str], coarse: dict[int, str]) -> NDArray[np.float32]:
    by_class = [w.translate(coarse) for w in words], [o.translate(coarse) for o in others]
    return (_similarity(words, others) + _similarity(*by_class)) / np.float32(2)


def _similarity(words: list[str], others: list[str]) -> NDArray[np.float32]:
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cdist

    found: NDArray[np.float32] = cdist(
        words, others, scorer=Levenshtein.normalized_similarity, dtype=np.float32
    )
    return found
