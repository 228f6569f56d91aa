"""Named phrases found among words: exactly by spaCy, and in words that a recogniser got wrong by their
sound."""

import bisect
import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.garbled import Garbled, Hit
from models.inflection import inflections
from models.language import ANY, ANY_WORDS, BREAK, FILLERS, MARK, SLOTS, normal, tokeniser


class Match(msgspec.Struct, frozen=True):
    """A phrase found at words `[start, end)`; `likeness` is 1.0 when every word agreed."""

    phrase: str
    start: int
    end: int
    likeness: float


class Breath(NamedTuple):
    """Words said in one breath: `forms`, of which the first is number `begin` of the speaker's."""

    begin: int
    forms: tuple[str, ...]


class Prepared:
    """Words of one speaker: their normal forms, the word each came from, and the breaths they were said
    in."""

    def __init__(
        self, forms: list[str], owners: list[tuple[int, int]], breaths: list[Breath], garbled: Garbled
    ) -> None:
        self.forms, self.breaths = forms, breaths
        self._owners, self._garbled = owners, garbled

    @functools.cached_property
    def bounds(self) -> NDArray[np.float32]:
        return self._garbled.bounds(self.texts)

    @functools.cached_property
    def near_bounds(self) -> NDArray[np.float32]:
        return self._garbled.bounds(self.texts, near=True)

    @property
    def texts(self) -> list[tuple[str, ...]]:
        return [breath.forms for breath in self.breaths]

    def match(self, hit: Hit) -> Match:
        """A hit among the forms as a match among the words."""
        name, start, end, likeness = hit
        return Match(name, self._owners[start][0], self._owners[end - 1][1] + 1, likeness)


class Phrases:
    """Finds named phrases in words.

    `sequences` gives for each name the alternatives, each a tuple of normal forms (see `language.tokens`),
    `ANY`, the names in `SLOTS`, and words after `MARK`, which stand for all their forms. `not_names` are
    words that no `{name}` stands for, such as the house's own.
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
        self._doc = functools.partial(Doc, vocabulary)
        self._literal = PhraseMatcher(vocabulary)
        self._open: list[_Open] = []
        tolerant: list[tuple[str, tuple[str, ...]]] = []
        used = {element for bodies in sequences.values() for body in bodies for element in body}
        marked = {element: element.removeprefix(MARK) for element in used if element.startswith(MARK)}
        forms_of = inflections(marked.values(), language)
        self._marked: dict[str, tuple[str, ...]] = {}
        for element, word in marked.items():
            for form in forms_of[word]:
                self._marked[form] = (*self._marked.get(form, ()), element)
        for name, alternatives in sequences.items():
            for body in filter(None, dict.fromkeys(_trim(alternative) for alternative in alternatives)):
                plain = tuple(element.removeprefix(MARK) for element in body)
                if plain != body or any(element == ANY or element in SLOTS for element in body):
                    matcher = Matcher(vocabulary)
                    pattern = _spacy_pattern(body, sorted(not_names), forms_of)
                    matcher.add(name, [pattern], greedy="LONGEST")
                    words = frozenset(e for e in body if e != ANY and e not in SLOTS)
                    self._open.append(_Open(name, words, matcher))
                else:
                    self._literal.add(name, [self._doc(words=list(body))])
                if not any(element in SLOTS for element in body):
                    tolerant.append((name, plain))
        self._skipped = FILLERS - used - self._marked.keys()
        with_word: dict[str, list[int]] = {}
        for number, one in enumerate(self._open):
            for word in one.words:
                with_word.setdefault(word, []).append(number)
        self._with_word = {word: np.array(numbers) for word, numbers in with_word.items()}
        self._sizes = np.array([len(one.words) for one in self._open], np.int16)
        self._garbled = Garbled(language, tolerant)

    def prepare(self, words: Sequence[str]) -> Prepared:
        """The words of one speaker (with `BREAK` between breaths) made ready to be searched many times.

        Fillers that are no word of any phrase are left out: "how can, um, I help you" says "how can I help
        you".
        """
        forms: list[str] = []
        owners: list[tuple[int, int]] = []
        breaths: list[Breath] = []
        start = 0
        for said_apart, group in itertools.groupby(words, key=BREAK.__eq__):
            many = list(group)
            if said_apart:
                forms += many
                owners += [(start, start)] * len(many)
            else:
                begin = len(forms)
                for form, first, last in normal(many, self.language):
                    if form not in self._skipped:
                        forms.append(form)
                        owners.append((start + first, start + last))
                if len(forms) > begin:
                    breaths.append(Breath(begin, tuple(forms[begin:])))
            start += len(many)
        return Prepared(forms, owners, breaths, self._garbled)

    def find(self, prepared: Prepared, tolerant: bool = True) -> list[Match]:
        """Every place where a phrase occurs, in order; `start` and `end` count the words prepared.

        Occurrences of one phrase do not overlap. With `tolerant` a phrase may be garbled (see
        `models.garbled`); it is then sought in the breaths that do not hold it exactly.
        """
        document = self._doc(words=prepared.forms)
        names = document.vocab.strings
        hits = [Hit(names[key], start, end, 1.0) for key, start, end in self._literal(document)]
        for breath in prepared.breaths:
            here = np.zeros(len(self._open), np.int16)
            there = set(breath.forms)
            if self._marked:
                there.update(*(self._marked.get(form, ()) for form in breath.forms))
            for element in there:
                if element in self._with_word:
                    here[self._with_word[element]] += 1
            for number in np.flatnonzero(here == self._sizes).tolist():
                piece = self._doc(words=list(breath.forms))
                hits += [
                    Hit(self._open[number].name, breath.begin + start, breath.begin + end, 1.0)
                    for _, start, end in self._open[number].matcher(piece)
                ]
        if tolerant:
            hits += self._garbled_hits(prepared, hits)
        return [prepared.match(hit) for hit in _best(hits)]

    def _garbled_hits(self, prepared: Prepared, exact: list[Hit]) -> Iterator[Hit]:
        begins = [breath.begin for breath in prepared.breaths]
        known = {(bisect.bisect_right(begins, hit.start) - 1, hit.phrase) for hit in exact}
        for number, hit in self._garbled.find(prepared.texts, prepared.bounds, known):
            yield hit.moved(begins[number])

    def near(self, phrase: str, prepared: Prepared) -> list[Match]:
        """Places more or less like the phrase that `find` may not have taken, the likest first."""
        found = self._garbled.find(prepared.texts, prepared.near_bounds, near=phrase)
        hits = [hit.moved(prepared.breaths[number].begin) for number, hit in found]
        return [prepared.match(hit) for hit in sorted(hits, key=lambda hit: -hit.likeness)]


class _Open(NamedTuple):
    """A way to say a phrase that has gaps, slots or marked words: its words, and spaCy's matcher for it."""

    name: str
    words: frozenset[str]
    matcher: Any


def _trim(body: tuple[str, ...]) -> tuple[str, ...]:
    """`*` at either end of a phrase says nothing: it may stand for no word."""
    start, end = 0, len(body)
    while start < end and body[start] == ANY:
        start += 1
    while end > start and body[end - 1] == ANY:
        end -= 1
    return body[start:end]


def _spacy_pattern(
    body: tuple[str, ...], not_names: list[str], forms_of: Mapping[str, frozenset[str]]
) -> list[dict[str, Any]]:
    pattern: list[dict[str, Any]] = []
    for element in body:
        if element == ANY:
            pattern.append({"ORTH": {"NOT_IN": [BREAK]}, "OP": f"{{0,{ANY_WORDS}}}"})
        elif element.startswith(MARK):
            pattern.append({"ORTH": {"IN": sorted(forms_of[element.removeprefix(MARK)])}})
        else:
            barred = {"ORTH": {"NOT_IN": not_names}} if element == "{name}" else {}
            pattern += ({**token, **barred} for token in SLOTS.get(element, ({"ORTH": element},)))
    return pattern


def _best(hits: list[Hit]) -> list[Hit]:
    """Of overlapping hits of one phrase the likest, then the longest; in order of place."""
    taken: list[Hit] = []
    for hit in sorted(set(hits), key=lambda h: (-h.likeness, h.start - h.end, h.start, h.phrase)):
        if not any(hit.phrase == t.phrase and hit.start < t.end and t.start < hit.end for t in taken):
            taken.append(hit)
    return sorted(taken, key=lambda h: (h.start, h.end, h.phrase))
