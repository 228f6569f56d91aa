"""Words as a language writes them, and phrases found among them through spaCy and RapidFuzz."""

import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

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

FOUND = 0.84
"""A phrase counts as said when its letters agree at least so far (Indel ratio 0..1).
Source: `bench/phrases.py`: below 0.8 unrelated sentences of real calls begin to match."""

NEAR = 0.68
"""From here to `FOUND` something like the phrase was heard: too much for 'not said' (same source)."""

CONTENT = 0.65
"""Each word of meaning in the phrase must be recognisable by itself, so that 'how can I tell you' is
not 'how can I help you' (same source)."""

MIN_TOLERANT_WORDS, MIN_TOLERANT_LETTERS = 3, 10
"""Shorter phrases are matched exactly: one wrong letter makes another word of them."""

MAX_LENGTH_EXCESS = 1.3
"""A garbled phrase is not longer than this times the phrase itself."""


class UnknownLanguage(ComportError):
    """spaCy has no tokeniser for the language code."""

    def __init__(self, language: str) -> None:
        super().__init__(language)
        self.language = language

    def __str__(self) -> str:
        return f"unknown language '{self.language}'; expected an ISO 639-1 code such as en, it or fa"


class Match(msgspec.Struct, frozen=True):
    """A phrase found at words `[start, end)`; `likeness` is 1.0 when every word agreed."""

    phrase: str
    start: int
    end: int
    likeness: float


@functools.lru_cache(maxsize=8)
def tokeniser(language: str) -> "Language":
    """spaCy's rules for a language, without any trained model.

    Raises:
        UnknownLanguage: spaCy has no such language.
    """
    import spacy

    try:
        return spacy.blank(language)
    except ImportError as error:
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


class Phrases:
    """Finds named phrases in words.

    `sequences` gives for each name the alternatives, each a tuple of normal forms (see `tokens`), `ANY`
    and the names in `SLOTS`.
    """

    def __init__(self, language: str, sequences: Mapping[str, Iterable[tuple[str, ...]]]) -> None:
        from spacy.matcher import Matcher, PhraseMatcher
        from spacy.tokens import Doc

        self.language = language
        vocabulary = tokeniser(language).vocab
        self._stop_words: set[str] = set(tokeniser(language).Defaults.stop_words)
        self._doc = functools.partial(Doc, vocabulary)
        self._literal = PhraseMatcher(vocabulary)
        self._open = Matcher(vocabulary)
        self._bit: dict[str, int] = {}
        self._tolerant: list[_Tolerant] = []
        self._has_open = False
        for name, alternatives in sequences.items():
            bodies = dict.fromkeys(_trim(alternative) for alternative in alternatives)
            for body in filter(None, bodies):
                if any(element == ANY or element in SLOTS for element in body):
                    self._open.add(name, [_spacy_pattern(body)], greedy="LONGEST")
                    self._has_open = True
                else:
                    self._literal.add(name, [self._doc(words=list(body))])
                self._add_tolerant(name, body)

    def _add_tolerant(self, name: str, body: tuple[str, ...]) -> None:
        chunks = [
            tuple(g)
            for literal, g in itertools.groupby(body, lambda e: e != ANY and e not in SLOTS)
            if literal
        ]
        if len(chunks) != 1:
            return
        content = tuple(w for w in chunks[0] if w not in self._stop_words and len(w) > 2)
        text = " ".join(chunks[0])
        if len(chunks[0]) < MIN_TOLERANT_WORDS or len(text) < MIN_TOLERANT_LETTERS or not content:
            return
        mask = 0
        for word in set(chunks[0]):
            mask |= 1 << self._bit.setdefault(word, len(self._bit))
        # Half of the words must have come through unharmed for the letters to be worth comparing.
        self._tolerant.append(_Tolerant(name, text, mask, (mask.bit_count() + 1) // 2, content))

    def find(self, words: Sequence[str], tolerant: bool = True) -> list[Match]:
        """Every place where a phrase occurs in `words` (with `BREAK` between breaths), in order.

        Occurrences of one phrase do not overlap; with `tolerant` a phrase may be garbled (see `FOUND`).
        """
        forms, owner = self._flatten(words)
        document = self._doc(words=forms)
        vocabulary = document.vocab
        hits = [(vocabulary.strings[key], start, end, 1.0) for key, start, end in self._literal(document)]
        if self._has_open:
            hits += [(vocabulary.strings[key], start, end, 1.0) for key, start, end in self._open(document)]
        if tolerant:
            hits += self._garbled(forms, FOUND)
        return [
            Match(name, owner[start], owner[end - 1] + 1, likeness)
            for name, start, end, likeness in _best(hits)
        ]

    def closest(self, phrase: str, words: Sequence[str]) -> Match | None:
        """The place most like the phrase that `find` did not take, at least `NEAR`; None if there is none."""
        forms, owner = self._flatten(words)
        hits = self._garbled(forms, NEAR, only=phrase)
        if not hits:
            return None
        name, start, end, likeness = max(hits, key=lambda hit: hit[3])
        return Match(name, owner[start], owner[end - 1] + 1, likeness)

    def _flatten(self, words: Sequence[str]) -> tuple[list[str], list[int]]:
        forms: list[str] = []
        owner: list[int] = []
        language = self.language
        for index, word in enumerate(words):
            for form in (BREAK,) if word == BREAK else tokens(word, language):
                forms.append(form)
                owner.append(index)
        return forms, owner

    def _garbled(
        self, forms: list[str], least: float, only: str | None = None
    ) -> list[tuple[str, int, int, float]]:
        from rapidfuzz import fuzz

        hits: list[tuple[str, int, int, float]] = []
        for begin, end in _breaths(forms):
            mask = 0
            for form in forms[begin:end]:
                mask |= 1 << self._bit[form] if form in self._bit else 0
            if not mask:
                continue
            text = ""
            for phrase in self._tolerant:
                if (phrase.mask & mask).bit_count() < phrase.least_shared or (only and phrase.name != only):
                    continue
                text = text or " ".join(forms[begin:end])
                if len(text) < 0.8 * len(phrase.text):
                    continue
                place = fuzz.partial_ratio_alignment(phrase.text, text, score_cutoff=least * 100)
                if place is None:
                    continue
                first, last = _covered(forms, begin, end, place.dest_start, place.dest_end)
                heard = " ".join(forms[first:last])
                likeness = fuzz.ratio(phrase.text, heard) / 100
                if likeness < least or likeness == 1.0 or len(heard) > MAX_LENGTH_EXCESS * len(phrase.text):
                    continue
                if least >= FOUND and any(
                    fuzz.partial_ratio(w, heard) < CONTENT * 100 for w in phrase.content
                ):
                    continue
                hits.append((phrase.name, first, last, round(likeness, 3)))
        return hits


class _Tolerant(msgspec.Struct, frozen=True):
    name: str
    text: str
    mask: int
    least_shared: int
    content: tuple[str, ...]


def _trim(body: tuple[str, ...]) -> tuple[str, ...]:
    """`*` at either end of a phrase says nothing: it may stand for no word."""
    start, end = 0, len(body)
    while start < end and body[start] == ANY:
        start += 1
    while end > start and body[end - 1] == ANY:
        end -= 1
    return body[start:end]


def _spacy_pattern(body: tuple[str, ...]) -> list[dict[str, Any]]:
    pattern: list[dict[str, Any]] = []
    for element in body:
        if element == ANY:
            pattern.append({"ORTH": {"NOT_IN": [BREAK]}, "OP": f"{{0,{ANY_WORDS}}}"})
        else:
            pattern += SLOTS.get(element, ({"ORTH": element},))
    return pattern


def _breaths(forms: list[str]) -> Iterable[tuple[int, int]]:
    begin = 0
    for index, form in enumerate(forms):
        if form == BREAK:
            if index > begin:
                yield begin, index
            begin = index + 1
    if len(forms) > begin:
        yield begin, len(forms)


def _covered(forms: list[str], begin: int, end: int, from_char: int, to_char: int) -> tuple[int, int]:
    """The forms of which at least half lies in the characters `[from_char, to_char)` of their joined text."""
    first, last, offset = end, begin, 0
    for index in range(begin, end):
        length = len(forms[index])
        if min(to_char, offset + length) - max(from_char, offset) >= length / 2:
            first, last = min(first, index), index + 1
        offset += length + 1
    return (first, last) if last > first else (begin, begin + 1)


def _best(hits: list[tuple[str, int, int, float]]) -> list[tuple[str, int, int, float]]:
    """Of overlapping hits of one phrase the likest, then the longest; in order of place."""
    taken: list[tuple[str, int, int, float]] = []
    for hit in sorted(set(hits), key=lambda h: (-h[3], h[1] - h[2], h[1], h[0])):
        if not any(hit[0] == t[0] and hit[1] < t[2] and t[1] < hit[2] for t in taken):
            taken.append(hit)
    return sorted(taken, key=lambda h: (h[1], h[2], h[0]))
