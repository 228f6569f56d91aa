"""Words as a language writes them, and phrases found among them through spaCy and RapidFuzz."""

import functools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from models import persian
from models.errors import ComportError

if TYPE_CHECKING:
    from spacy.language import Language

BREAK = "\n"
"""Stands between words that nobody could have said in one breath; no phrase reaches over it."""

ANY = "*"
"""In a pattern: any words, at most `ANY_WORDS`."""

ANY_WORDS = 5
"""Source: the design fixes five, the longest filler in the telephone formulas we read."""

MARK = "~"
"""In a pattern: before a word that stands for all its forms."""

SIGNS = f"{ANY}{MARK}{{"
"""What no normal form begins with, so that it is never taken for a sign of a pattern."""

CURRENCIES: Mapping[str, Mapping[str, str]] = {
    "en": {"€": "euros", "$": "dollars", "£": "pounds"},
    "it": {"€": "euro", "$": "dollari", "£": "sterline"},
}
"""Signs of money as the words that people say for them."""

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


def tokeniser(language: str) -> "Language":
    """spaCy's rules for a language, without any trained model.

    Raises:
        UnknownLanguage: spaCy has no such language.
    """
    made = _made(language)
    if made is None:
        raise UnknownLanguage(language)
    return made


@functools.lru_cache(maxsize=64)
def _made(language: str) -> "Language | None":
    import spacy

    # spaCy's folder of languages holds other modules too (`punctuation`): only codes are asked for.
    if not re.fullmatch(r"[a-z]{2,3}", language):
        return None
    try:
        made = spacy.blank(language)
    except (ImportError, AttributeError):
        return None
    for name in _NAMES.get(language, ()):
        made.vocab[name].is_stop = False
    return made


_NAMES: Mapping[str, tuple[str, ...]] = {"it": ("sara",)}
"""Given names that spaCy takes for small words; a `{name}` may be all the same: "sarà" without its accent.
"Mia" and "Primo" stay small words, for they are said far more often as such."""


_LETTERS = str.maketrans(
    {
        "’": "'",
        **dict.fromkeys(
            map(chr, (0xAD, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF))
        ),
    }
)
"""One apostrophe; no marks of the direction of writing, and no hyphens that show only where a line ends."""


@functools.lru_cache(maxsize=65536)
def pieces(word: str, language: str) -> tuple[tuple[str, bool], ...]:
    """The pieces of one written word, punctuation dropped, each with whether a half-space stands before it.

    Only Persian pieces are not yet normal forms: what stands beside them belongs to them (`normal`).
    """
    word = _respelled(word, language)
    if language in _PLAIN and word.isascii() and word.isalpha() and word not in _exceptions(language):
        # Of such words spaCy makes one token; without it they are ten times as fast.
        return ((word.lower(), False),)
    text = word.translate(_LETTERS)
    if language == "fa":
        # spaCy's rules for Persian cut verbs up that look like a noun with a pronoun.
        return tuple(
            (form, number > 0 and start == 0)
            for number, part in enumerate(persian.spelled(text).lower().split(persian.HALF_SPACE))
            for start, form in enumerate(_PERSIAN.findall(part))
        )
    if text.isalpha() and language in _PLAIN and text not in _exceptions(language):
        return ((text.lower(), False),)
    # The apostrophe of an Italian elision may stand anywhere or be missing: "dell'ordine", "dell' ordine".
    signs = SIGNS + "'" if language == "it" else SIGNS
    money = CURRENCIES.get(language, {})
    forms = tuple(
        form.rstrip("'") if language == "it" else form
        for token in tokeniser(language)(text)
        if (form := money.get(token.text) or token.norm_.strip().lower().lstrip(signs))
        and any(c.isalnum() for c in form)
    )
    if language == "en" and "'" in text and len(forms) > 1 and forms[-1] in _SHORT and forms[-2] in _SUBJECTS:
        forms = (*forms[:-1], _SHORT[forms[-1]])
    return tuple((form, False) for form in forms)


def _respelled(word: str, language: str) -> str:
    """A word as it is written with care: people who type leave out apostrophes and accents."""
    table = TYPED.get(language)
    if table is None:
        return word
    bare = word.strip(_AROUND).lower()
    if bare in table:
        return word.lower().replace(bare, table[bare])
    if language == "it" and (found := _ITALIAN_ACCENT.fullmatch(bare)) and bare not in _ITALIAN_CUT:
        # It may be the end of a quotation: only words that there are get an accent.
        made = found[1] + _ACCENTED[found[2]]
        return word.lower().replace(bare, made) if frequency(made, language) > 0 else word
    return word


_AROUND = '.,;:!?…"“”«»()'

_SHORT = {"'s": "is", "'d": "would"}
"""What stands behind a subject: "it's", "I'd". It may be "has" or "had", too, but seldom in formulas."""

_SUBJECTS = (
    {"i", "you", "he", "she", "it", "we", "they", "this", "that", "who", "what", "where", "when", "how"}
    | {"why", "there", "here", "everything", "nothing", "something", "name"}
)  # fmt: skip

TYPED: Mapping[str, Mapping[str, str]] = {
    "en": {
        **{"im": "I'm", "ive": "I've", "youre": "you're", "youve": "you've", "theyre": "they're"},
        **{"thats": "that's", "whats": "what's", "theres": "there's", "wheres": "where's", "hes": "he's"},
        **{"shes": "she's", "wanna": "want to", "gotta": "got to", "okay": "ok", "o.k": "ok"},
        **{"e-mail": "email", "e-mails": "emails"},
    },
    "it": {
        **{bare: bare[:-1] + "é" for bare in ("perche", "poiche", "finche", "affinche", "purche", "benche")},
        **{bare: bare[:-1] + "à" for bare in ("citta", "gia", "qualita", "novita", "possibilita", "liberta")},
        **{
            bare: bare[:-1] + "ì" for bare in ("cosi", "lunedi", "martedi", "mercoledi", "giovedi", "venerdi")
        },
        **{"piu": "più", "puo": "può", "cioe": "cioè", "percio": "perciò", "pero": "però"},
        **{"perchè": "perché", "poichè": "poiché", "finchè": "finché", "nè": "né", "sè": "sé"},
    },
}
"""Words that are none without their apostrophe or accent, and the two ways to write one."""

_ITALIAN_ACCENT = re.compile(r"(\w*?)(che|[aeiou])'")
"""An apostrophe in the stead of an accent: `e'`, `perche'`, `citta'`."""

_ITALIAN_CUT = (
    {"po'", "mo'", "di'", "fa'", "va'", "sta'", "da'", "be'", "ca'", "to'", "a'", "de'", "ne'", "co'"}
    | {"se'", "te'", "i'", "u'"}
)  # fmt: skip
"""Words that are cut short and so end in an apostrophe."""

_ACCENTED = {"a": "à", "e": "è", "che": "ché", "i": "ì", "o": "ò", "u": "ù"}


_PLAIN = ("en", "it")
"""Languages whose words of letters alone spaCy does not cut up, its exceptions left out (tested)."""


@functools.lru_cache(maxsize=8)
def _exceptions(language: str) -> frozenset[str]:
    """The written words that spaCy cuts up or writes otherwise."""
    made: Any = tokeniser(language).tokenizer
    return frozenset(made.rules)


_PERSIAN = re.compile(r"[^\W_]+(?:[.,:/'][^\W_]+)*")
"""A word of a Persian text, or a number, time or date in digits."""


def normal(words: Iterable[str], language: str) -> Iterator[tuple[str, int, int]]:
    """(normal form, number of the first and of the last word it was made of): `I'm` gives `i` and `am`."""
    if language != "fa":
        for index, word in enumerate(words):
            for form, _ in pieces(word, language):
                yield form, index, index
        return
    pending, begin, end = "", 0, 0
    for index, word in enumerate(words):
        for piece, half_space in pieces(word, language):
            if pending and persian.binds(pending, piece, half_space):
                pending, end = persian.bind(pending, piece), index
                continue
            yield from ((form, begin, end) for form in (persian.formal(pending) if pending else ()))
            pending, begin, end = piece, index, index
    yield from ((form, begin, end) for form in (persian.formal(pending) if pending else ()))


@functools.lru_cache(maxsize=65536)
def tokens(word: str, language: str) -> tuple[str, ...]:
    """The normal forms in one written word."""
    return tokens_of(word, language)


def tokens_of(text: str, language: str) -> tuple[str, ...]:
    """The normal forms of a whole text."""
    return tuple(form for form, _, _ in normal(text.split(), language))


@functools.lru_cache(maxsize=65536)
def frequency(word: str, language: str) -> float:
    """The share of a normal form among all words of the language, 0..1 (wordfreq); `SMALL_SHARE` or
    `RARE_SHARE` in languages that wordfreq does not know."""
    from wordfreq import get_frequency_dict, word_frequency

    try:
        if word.isascii() and word.isalpha() and word.islower() and language in _PLAIN:
            # One plain word has no parts to look up: the same number ten times as fast (tested).
            share = get_frequency_dict(language).get(word, 0.0)
            return float(round(share, math.floor(-math.log(share, 10)) + 3)) if share else 0.0
        return float(word_frequency(word, language))
    except LookupError:
        return SMALL_SHARE if is_small(word, language) else RARE_SHARE


SMALL_SHARE, RARE_SHARE = 1e-3, 1e-5


def is_small(word: str, language: str) -> bool:
    """Whether the word carries grammar rather than meaning: a stop word of spaCy's, or of one or two
    letters."""
    return len(word) <= 2 or word in tokeniser(language).Defaults.stop_words
