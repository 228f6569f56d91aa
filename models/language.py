"""Words as a language writes them, and phrases found among them through spaCy and RapidFuzz."""

import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

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
Source: `bench/phrases.py`: within 0.003 of the best F1 at 10 and 20 % wrong words."""

NEAR = 0.72
"""From here to `FOUND` something like the phrase was heard: too much for 'not said' (same source)."""

CONTENT = 0.65
"""Each word of meaning in the phrase must be recognisable by itself, so that 'how can I tell you' is
not 'how can I help you' (same source)."""

NEAR_CONTENT = 0.5
"""The same for words that only raise a doubt: `help` may have been `hold`."""

COUNTERPART = 0.5
"""A small word may be misheard (`and` as `an`: 0.8), but not be another one (`my` and `your`: 0.33). Source:
`bench/phrases.py`: at 0.5 half as many false alarms as at 0.4, and nothing lost."""

NEGATIONS = frozenset(
    {"not", "no", "never", "nobody", "nothing", "without"}
    | {"non", "mai", "senza", "nessuno", "niente"}
    | {"نه", "هرگز", "بدون", "هیچ"}
)
"""Words that turn a sentence round (English, Italian, Persian), never taken for a slip of hearing."""

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


_Hit = tuple[str, int, int, float]
"""(phrase, first form, form after the last, likeness)."""


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


class Phrases:
    """Finds named phrases in words.

    `sequences` gives for each name the alternatives, each a tuple of normal forms (see `tokens`), `ANY`
    and the names in `SLOTS`. `not_names` are words that no `{name}` stands for, such as the house's own.
    """

    def __init__(
        self,
        language: str,
        sequences: Mapping[str, Iterable[tuple[str, ...]]],
        not_names: Iterable[str] = (),
    ) -> None:
        from spacy.matcher import Matcher, PhraseMatcher
        from spacy.tokens import Doc

        self.language = language
        vocabulary = tokeniser(language).vocab
        self._stop_words: set[str] = set(tokeniser(language).Defaults.stop_words)
        self._doc = functools.partial(Doc, vocabulary)
        self._literal = PhraseMatcher(vocabulary)
        self._open: list[_Sequence] = []
        self._tolerant: list[_Sequence] = []
        for name, alternatives in sequences.items():
            for body in filter(None, dict.fromkeys(_trim(alternative) for alternative in alternatives)):
                if any(element == ANY or element in SLOTS for element in body):
                    matcher = Matcher(vocabulary)
                    matcher.add(name, [_spacy_pattern(body, sorted(not_names))], greedy="LONGEST")
                    words = frozenset(e for e in body if e != ANY and e not in SLOTS)
                    self._open.append(_Sequence(name, " ".join(body), words, (), matcher))
                else:
                    self._literal.add(name, [self._doc(words=list(body))])
                self._add_tolerant(name, body)
        self._open_words = _SharedWords(self._open)
        self._tolerant_words = _SharedWords(self._tolerant)

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
        self._tolerant.append(_Sequence(name, text, frozenset(chunks[0]), content))

    def prepare(self, words: Sequence[str]) -> "Prepared":
        """The words of one speaker (with `BREAK` between breaths) made ready to be searched many times."""
        forms: list[str] = []
        owner: list[int] = []
        breaths: list[_Breath] = []
        begin, language = 0, self.language
        for index, word in enumerate(words):
            if word == BREAK:
                breaths.append(_Breath(forms, begin, len(forms)))
                forms.append(BREAK)
                owner.append(index)
                begin = len(forms)
                continue
            for form in tokens(word, language):
                forms.append(form)
                owner.append(index)
        breaths.append(_Breath(forms, begin, len(forms)))
        spoken = [breath for breath in breaths if breath.forms]
        return Prepared(forms, owner, spoken, self._tolerant_words.count(spoken))

    def find(self, prepared: "Prepared", tolerant: bool = True) -> list[Match]:
        """Every place where a phrase occurs, in order; `start` and `end` count the words prepared.

        Occurrences of one phrase do not overlap; with `tolerant` a phrase may be garbled (see `FOUND`).
        """
        document = self._doc(words=prepared.forms)
        names = document.vocab.strings
        hits = [(names[key], start, end, 1.0) for key, start, end in self._literal(document)]
        for breath, sequence in self._open_words.all_present(prepared.breaths):
            piece = self._doc(words=breath.forms)
            hits += [
                (sequence.name, breath.begin + start, breath.begin + end, 1.0)
                for _, start, end in sequence.matcher(piece)
            ]
        if tolerant:
            pairs = self._tolerant_words.most_present(prepared)
            hits += filter(None, (_align(sequence, breath, FOUND) for breath, sequence in pairs))
        return [prepared.match(hit) for hit in _best(hits)]

    def near(self, phrase: str, prepared: "Prepared") -> list[Match]:
        """Places like the phrase (at least `NEAR`) that `find` may not have taken, the likest first."""
        pairs = self._tolerant_words.most_present(prepared, phrase)
        hits = filter(None, (_align(sequence, breath, NEAR) for breath, sequence in pairs))
        return [prepared.match(hit) for hit in sorted(hits, key=lambda hit: -hit[3])]


class _Sequence(msgspec.Struct, frozen=True):
    """One way to say a phrase: its name, joined words, set of words, words of meaning, spaCy matcher."""

    name: str
    text: str
    words: frozenset[str]
    content: tuple[str, ...]
    matcher: Any = None


class _Breath:
    """Words said in one breath: `forms[begin:end]` of a longer list."""

    def __init__(self, forms: list[str], begin: int, end: int) -> None:
        self.begin, self.forms = begin, forms[begin:end]

    @functools.cached_property
    def text(self) -> str:
        return " ".join(self.forms)

    def covered(self, from_char: int, to_char: int) -> tuple[int, int]:
        """The forms of which at least half lies in the letters `[from_char, to_char)` of `text`."""
        first, last, offset = len(self.forms), 0, 0
        for index, form in enumerate(self.forms):
            if min(to_char, offset + len(form)) - max(from_char, offset) >= len(form) / 2:
                first, last = min(first, index), index + 1
            offset += len(form) + 1
        return (first, last) if last > first else (0, 1)


class Prepared(NamedTuple):
    """Words of one speaker: forms, the word each came from, breaths, and their `_SharedWords.count`."""

    forms: list[str]
    owner: list[int]
    breaths: list[_Breath]
    shared: NDArray[np.uint8]

    def match(self, hit: "_Hit") -> Match:
        """A hit among the forms as a match among the words."""
        name, start, end, likeness = hit
        return Match(name, self.owner[start], self.owner[end - 1] + 1, likeness)


class _SharedWords:
    """Which sequences share enough words with which breaths to be worth a closer look.

    Counted for all of them at once by adding rows of a 0/1 matrix: a loop in Python took ten times as long
    as all the rest of judging (2,100 sequences, 60 breaths a call; `bench/judge.py`).
    """

    def __init__(self, sequences: list[_Sequence]) -> None:
        self._sequences = sequences
        self._row = {word: i for i, word in enumerate(sorted({w for s in sequences for w in s.words}))}
        self._has = np.zeros((len(self._row), len(sequences)), np.uint8)
        for number, sequence in enumerate(sequences):
            self._has[[self._row[word] for word in sequence.words], number] = 1
        self._size = self._has.sum(axis=0, dtype=np.int16)
        self._of_name: dict[str, NDArray[np.intp]] = {}
        for name in dict.fromkeys(s.name for s in sequences):
            self._of_name[name] = np.array([i for i, s in enumerate(sequences) if s.name == name])

    def count(self, breaths: list[_Breath]) -> NDArray[np.uint8]:
        """How many words of each sequence (column) are in each breath (row); at most 255."""
        shared = np.zeros((len(breaths), len(self._sequences)), np.uint8)
        row = self._row
        for number, breath in enumerate(breaths):
            rows = [row[form] for form in set(breath.forms) if form in row]
            np.add.reduce(self._has[rows], axis=0, dtype=np.uint8, out=shared[number])
        return shared

    def all_present(self, breaths: list[_Breath]) -> Iterator[tuple[_Breath, _Sequence]]:
        """Every breath with every sequence all of whose words are in it."""
        for breath, sequence in np.argwhere(self.count(breaths) >= self._size).tolist():
            yield breaths[breath], self._sequences[sequence]

    def most_present(
        self, prepared: Prepared, only: str | None = None
    ) -> Iterator[tuple[_Breath, _Sequence]]:
        """Every breath with the two likeliest ways to say each phrase, half of whose words are there.

        The likeliest are the one with the largest share of its words present, and the one with most words
        present over absent (a longer one, of which some words were garbled).
        """
        rows = np.arange(len(prepared.breaths))
        for name in (only,) if only else self._of_name:
            numbers = self._of_name.get(name)
            if numbers is None or not len(rows):
                continue
            here, size = prepared.shared[:, numbers].astype(np.int16), self._size[numbers]
            by_share, by_surplus = (here / size).argmax(axis=1), (2 * here - size).argmax(axis=1)
            for chosen in (by_share, np.where(by_surplus == by_share, -1, by_surplus)):
                for row in rows[(chosen >= 0) & (2 * here[rows, chosen] >= size[chosen])].tolist():
                    yield prepared.breaths[row], self._sequences[int(numbers[chosen[row]])]


def _align(sequence: _Sequence, breath: _Breath, least: float) -> _Hit | None:
    """(phrase, start, end, likeness) of the place in a breath most like the sequence, if like enough."""
    if len(breath.text) < 0.8 * len(sequence.text):
        return None
    fuzz = _fuzz()
    place = fuzz.partial_ratio_alignment(sequence.text, breath.text, score_cutoff=least * 100)
    if place is None:
        return None
    first, last = breath.covered(place.dest_start, place.dest_end)
    heard = " ".join(breath.forms[first:last])
    likeness = fuzz.ratio(sequence.text, heard) / 100
    if likeness < least or likeness == 1.0 or len(heard) > MAX_LENGTH_EXCESS * len(sequence.text):
        return None
    content = CONTENT if least >= FOUND else NEAR_CONTENT
    if not _means_the_same(sequence, breath.forms[first:last], content):
        return None
    if first and breath.forms[first - 1] in NEGATIONS:
        return None
    return sequence.name, breath.begin + first, breath.begin + last, round(likeness, 3)


def _means_the_same(sequence: _Sequence, heard: list[str], content: float) -> bool:
    """Whether the words that differ are ones that a recogniser mishears, and not other words.

    Words of meaning must be alike (`content`, 0..1), small words may be dropped, put in or misheard but not
    be other ones, and no negation may come or go: 'I can not help you' is not 'I can help you', nor 'my
    parcel has' 'your parcel has'. Words side by side are compared together: recognisers split and join them.
    """
    from rapidfuzz.distance import Levenshtein

    said = sequence.text.split()
    for equal, edits in itertools.groupby(Levenshtein.opcodes(said, heard), lambda edit: edit.tag == "equal"):
        if equal:
            continue
        group = list(edits)
        meant = said[group[0].src_start : group[-1].src_end]
        found = heard[group[0].dest_start : group[-1].dest_end]
        if NEGATIONS.intersection(meant + found):
            return False
        has_content = any(word in sequence.content for word in meant)
        if not has_content and not (meant and found):
            continue
        least = content if has_content else COUNTERPART
        if _fuzz().ratio("".join(meant), "".join(found)) < least * 100:
            return False
    return True


@functools.cache
def _fuzz() -> Any:
    from rapidfuzz import fuzz

    return fuzz


def _trim(body: tuple[str, ...]) -> tuple[str, ...]:
    """`*` at either end of a phrase says nothing: it may stand for no word."""
    start, end = 0, len(body)
    while start < end and body[start] == ANY:
        start += 1
    while end > start and body[end - 1] == ANY:
        end -= 1
    return body[start:end]


def _spacy_pattern(body: tuple[str, ...], not_names: list[str]) -> list[dict[str, Any]]:
    pattern: list[dict[str, Any]] = []
    for element in body:
        if element == ANY:
            pattern.append({"ORTH": {"NOT_IN": [BREAK]}, "OP": f"{{0,{ANY_WORDS}}}"})
        else:
            barred = {"ORTH": {"NOT_IN": not_names}} if element == "{name}" else {}
            pattern += ({**token, **barred} for token in SLOTS.get(element, ({"ORTH": element},)))
    return pattern


def _best(hits: list[_Hit]) -> list[_Hit]:
    """Of overlapping hits of one phrase the likest, then the longest; in order of place."""
    taken: list[_Hit] = []
    for hit in sorted(set(hits), key=lambda h: (-h[3], h[1] - h[2], h[1], h[0])):
        if not any(hit[0] == t[0] and hit[1] < t[2] and t[1] < hit[2] for t in taken):
            taken.append(hit)
    return sorted(taken, key=lambda h: (h[1], h[2], h[0]))
