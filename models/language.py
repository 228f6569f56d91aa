"""Words as a language writes them, and phrases found among them through spaCy and RapidFuzz."""

import functools
import itertools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from models.errors import ComportError

if TYPE_CHECKING:
    from spacy.language import Language

BREAK = "\n"
"""Stands between words that nobody could have said in one breath; no phrase reaches over it."""

ANY = "*"
"""In a pattern: any words, at most `ANY_WORDS`."""

ANY_WORDS = 5
"""Source: the design fixes five, the longest filler in the telephone formulas we read."""

SLOTS: Mapping[str, tuple[dict[str, Any], ...]] = {
    "{name}": ({"IS_ALPHA": True, "IS_STOP": False, "OP": "{1,3}"},),
    "{number}": ({"LIKE_NUM": True, "OP": "+"},),
}
"""Typed slots as spaCy token patterns."""

NEGATIONS = frozenset(
    {"not", "no", "never", "nobody", "nothing", "without"}
    | {"non", "mai", "senza", "nessuno", "niente"}
    | {"نه", "هرگز", "بدون", "هیچ"}
)
"""Words that turn a sentence round (English, Italian, Persian), never taken for a slip of hearing."""

FILLERS = frozenset({"um", "uh", "er", "erm", "uhm", "mm", "hm", "eh", "ehm", "mh", "ام", "اِ"})
"""Sounds of thinking that are no words (English, Italian, Persian), as transcripts write them."""


class UnknownLanguage(ComportError):
    """spaCy has no tokeniser for the language code."""

    def __init__(self, language: str) -> None:
        super().__init__(language)
        self.language = language

    def __str__(self) -> str:
        return f"unknown language '{self.language}'; expected an ISO 639-1 code such as en, it or fa"


@functools.lru_cache(maxsize=8)
def tokeniser(language: str) -> "Language":
    """spaCy's rules for a language, without any trained model.

    Raises:
        UnknownLanguage: spaCy has no such language.
    """
    import spacy

    # spaCy's folder of languages holds other modules too (`punctuation`): only codes are asked for.
    if not re.fullmatch(r"[a-z]{2,3}", language):
        raise UnknownLanguage(language)
    try:
        return spacy.blank(language)
    except (ImportError, AttributeError) as error:
        raise UnknownLanguage(language) from error


_LETTERS = str.maketrans({"ي": "ی", "ك": "ک", "ة": "ه", "’": "'", "\u200c": " ", "ـ": None})
"""Arabic letters as Persian writes them, the half-space as a space, no tatweel, one apostrophe.
Source: Unicode TR 53 and the Persian Academy's orthography."""


@functools.lru_cache(maxsize=65536)
def tokens(word: str, language: str) -> tuple[str, ...]:
    """The normal forms in one written word, punctuation dropped: `I'm` gives `i`, `am`."""
    document = tokeniser(language)(word.translate(_LETTERS))
    return tuple(
        form for token in document if (form := token.norm_.strip().lower()) and any(c.isalnum() for c in form)
    )


def tokens_of(text: str, language: str) -> tuple[str, ...]:
    """The normal forms of a whole text."""
    return tuple(itertools.chain.from_iterable(tokens(word, language) for word in text.split()))


@functools.lru_cache(maxsize=65536)
def frequency(word: str, language: str) -> float:
    """The share of a normal form among all words of the language, 0..1 (wordfreq); `SMALL_SHARE` or
    `RARE_SHARE` in languages that wordfreq does not know."""
    from wordfreq import word_frequency

    try:
        return float(word_frequency(word, language))
    except LookupError:
        return SMALL_SHARE if is_small(word, language) else RARE_SHARE


SMALL_SHARE, RARE_SHARE = 1e-3, 1e-5


def is_small(word: str, language: str) -> bool:
    """Whether the word carries grammar rather than meaning: a stop word of spaCy's, or of one or two
    letters."""
    return len(word) <= 2 or word in tokeniser(language).Defaults.stop_words
