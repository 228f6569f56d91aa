"""Named phrases found among words: word for word, by spaCy's patterns, and by their sound in words that a
recogniser got wrong."""

import bisect
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from models.conditions import in_condition
from models.garbled import Garbled, Hit, Overheard
from models.inflection import inflections
from models.language import ANY, ANY_WORDS, BREAK, FILLERS, MARK, frequency, normal, pieces, tokeniser
from models.literals import Literals, gapped
from models.negation import ends_clause, has_negator, is_negated
from models.observations import Provenance
from models.paraphrases import Alike, Paraphrases
from models.slots import SLOTS, Token, all_ways, ways

MOST_KNOWN = 65536
"""So many written words are remembered with their forms."""


class Match(msgspec.Struct, frozen=True):
    """A phrase found at words `[start, end)`; `likeness` is 1.0 when every word agreed."""

    phrase: str
    start: int
    end: int
    likeness: float
    pattern: str = ""
    """What was sought, where the words are not just it: they fill its slots and gaps, are other forms of its
    words, or are only like them."""
    negated: bool = False
    """Whether it is said of what is not, "I can't promise", or is a question in a condition."""
    meant: bool = False
    """Whether only the meaning agrees: then `pattern` is the sentence that it is like."""

    @property
    def how(self) -> str:
        """By which pattern and tolerance the words were taken for the phrase."""
        if not self.pattern:
            return "word for word"
        if self.meant:
            return f"means “{self.pattern}” ({self.likeness:.0%} alike)"
        return f"{self.likeness:.0%} like “{self.pattern}”" if self.likeness < 1 else f"as “{self.pattern}”"


class Breath(NamedTuple):
    """Words said in one breath: `forms`, of which the first is number `begin` of the speaker's."""

    begin: int
    forms: tuple[str, ...]


class Prepared:
    """Words of one speaker: their normal forms, the first and the last word that each came from, and the
    breaths they were said in."""

    def __init__(
        self,
        words: Sequence[str],
        forms: list[str],
        firsts: list[int],
        lasts: list[int],
        sounds: list[Match],
        garbled: Garbled,
        paraphrases: Paraphrases,
    ) -> None:
        self.forms, self.sounds = forms, sounds
        self._words, self._firsts, self._lasts = words, firsts, lasts
        self._garbled, self._paraphrases = garbled, paraphrases
        ends = [number for number, form in enumerate(forms) if form == BREAK]
        begins = (0, *(end + 1 for end in ends))
        self.breaths = [
            Breath(begin, tuple(forms[begin:end]))
            for begin, end in zip(begins, (*ends, len(forms)), strict=True)
            if begin < end
        ]

    @functools.cached_property
    def overheard(self) -> Overheard:
        """The breaths, in which phrases are sought by their sound."""
        return self._garbled.hear([breath.forms for breath in self.breaths])

    @functools.cached_property
    def alike(self) -> list[Alike]:
        """The sentences that mean, or perhaps mean, the same as a phrase."""
        return self._paraphrases.find(self._words)

    def match(self, hit: Hit, negated: bool = False) -> Match:
        """A hit among the forms as a match among the words."""
        name, start, end, likeness, pattern = hit
        return Match(name, self._firsts[start], self._lasts[end - 1] + 1, likeness, pattern, negated)

    def words_of(self, breath: int) -> tuple[int, int]:
        """The first word of a breath, and the one after its last."""
        begin, forms = self.breaths[breath]
        return self._firsts[begin], self._lasts[begin + len(forms) - 1] + 1

    def is_negated(self, hit: Hit, language: str, own: bool, asks: bool = False) -> bool:
        """Whether what was found is negated; `own`: its pattern has a negator; `asks`: a condition counts
        as negated, too."""
        number = bisect.bisect_right(self.breaths, hit.start, key=lambda breath: breath.begin) - 1
        begin, forms = self.breaths[number]

        def parted(index: int) -> bool:
            """Whether a sign stands before this form."""
            last = self._lasts[begin + index - 1]
            return last < self._firsts[begin + index] and ends_clause(self._words[last])

        if asks and in_condition(forms, hit.start - begin, language, parted):
            return True
        return is_negated(forms, hit.start - begin, hit.end - begin, language, parted, own)


class Phrases:
    """Finds named phrases in words.

    `sequences` gives for each name the alternatives, each a tuple of normal forms (see `language.tokens`),
    `ANY`, the names in `SLOTS`, and words after `MARK`, which stand for all their forms. `not_names` are
    words that no `{name}` stands for, such as the house's own. Phrases of `also_negated` are found also where
    they are negated, without a remark. Phrases of `questions` ask: in a condition they count as negated.
    Phrases of `regrets` may only ask to say something again, which others tell (`audit.asking`).
    `paraphrases` finds those that are said in other words.
    """

    def __init__(
        self,
        language: str,
        sequences: Mapping[str, Iterable[tuple[str, ...]]],
        not_names: Iterable[str] = (),
        also_negated: Iterable[str] = (),
        paraphrases: Paraphrases | None = None,
        questions: Iterable[str] = (),
        regrets: Iterable[str] = (),
    ) -> None:
        from spacy.matcher import Matcher
        from spacy.tokens import Doc

        self.language = language
        vocabulary = tokeniser(language).vocab
        self._doc = functools.partial(Doc, vocabulary)
        self._literal = Literals()
        self._paraphrases = paraphrases or Paraphrases(language, {})
        self._also_negated = frozenset(also_negated)
        self.questions, self.regrets = frozenset(questions), frozenset(regrets)
        self._own_negator = frozenset(
            name
            for name, bodies in sequences.items()
            if any(has_negator([e.removeprefix(MARK) for e in body], language) for body in bodies)
        )
        self._open: list[_Open] = []
        tolerant: list[tuple[str, tuple[str, ...]]] = []
        # "Um" as a phrase is found by itself, and still stands in the way of no other.
        self._sounds: dict[str, list[str]] = {}
        for name, bodies in sequences.items():
            for body in filter(_is_sound, bodies):
                self._sounds.setdefault(body[0], []).append(name)
        used = {e for bodies in sequences.values() for body in bodies if not _is_sound(body) for e in body}
        marked = {element: element.removeprefix(MARK) for element in used if element.startswith(MARK)}
        forms_of = inflections(marked.values(), language)
        self._marked: dict[str, tuple[str, ...]] = {}
        for element, word in marked.items():
            for form in forms_of[word]:
                self._marked[form] = (*self._marked.get(form, ()), element)
        for name, alternatives in sequences.items():
            bodies = dict.fromkeys(_trim(one) for one in alternatives if not _is_sound(one))
            for body in filter(None, bodies):
                plain = tuple(element.removeprefix(MARK) for element in body)
                words = tuple(e for e in body if e != ANY and e not in SLOTS)
                if any(element in SLOTS for element in body):
                    matcher = Matcher(vocabulary)
                    patterns = _spacy_patterns(body, sorted(not_names), forms_of, language)
                    matcher.add(name, patterns, greedy="LONGEST")
                    self._open.append(_Open(name, body, words, matcher))
                    continue
                tolerant.append((name, plain))
                if plain != body or ANY in body:
                    self._open.append(_Open(name, body, words))
                else:
                    self._literal.add(name, body)
        self._skipped = FILLERS - used - self._marked.keys()
        # Each is looked for where the rarest of its words is, or a form of it.
        self._by_word: dict[str, list[_Open]] = {}
        for one in self._open:
            rarest = min(one.words, key=lambda w: frequency(w.removeprefix(MARK), language), default="")
            for form in forms_of[rarest.removeprefix(MARK)] if rarest in marked else (rarest,):
                self._by_word.setdefault(form, []).append(one)
        self._rarest, self._forms_marked = frozenset(self._by_word), frozenset(self._marked)
        self._garbled = Garbled(language, tolerant)
        self._sounding: dict[str, tuple[str, ...]] = {}
        self._form = functools.lru_cache(maxsize=MOST_KNOWN)(self._forms_of)

    def learn(self, words: Iterable[str]) -> None:
        """Looks up how words sound before they are searched: many at once are much faster than few."""
        known = map(self._form, dict.fromkeys(words))
        self._garbled.meanings.learn(itertools.chain.from_iterable(known))

    def prepare(self, words: Sequence[str]) -> Prepared:
        """The words of one speaker (with `BREAK` between breaths) made ready to be searched many times.

        Fillers that are no word of any phrase are left out: "how can, um, I help you" says "how can I help
        you".
        """
        if self.language == "fa":
            whole = list(self._joined(words))
            sounds = [Match(name, a, b + 1, 1.0) for f, a, b in whole for name in self._sounds.get(f, ())]
            kept = [one for one in whole if one[0] not in self._skipped]
            forms, firsts, lasts = [f for f, _, _ in kept], [a for _, a, _ in kept], [b for _, _, b in kept]
        else:
            known = list(map(self._form, words))
            forms = list(itertools.chain.from_iterable(known))
            firsts = lasts = [n for n, part in enumerate(known) for _ in part]
            # Few words are such a sound, and all of them were just met.
            some = () if self._sounding.keys().isdisjoint(words) else enumerate(words)
            sounds = [Match(name, n, n + 1, 1.0) for n, w in some for name in self._sounding.get(w, ())]
        return Prepared(words, forms, firsts, lasts, sounds, self._garbled, self._paraphrases)

    def _forms_of(self, word: str) -> tuple[str, ...]:
        """The normal forms of a word that are no fillers."""
        if word == BREAK:
            return (BREAK,)
        forms = tuple(form for form, _ in pieces(word, self.language))
        if names := tuple(name for form in forms for name in self._sounds.get(form, ())):
            self._sounding[word] = names
        return tuple(form for form in forms if form not in self._skipped)

    def _joined(self, words: Sequence[str]) -> Iterator[tuple[str, int, int]]:
        """The normal forms of words that may belong together, each with its first and last word."""
        start = 0
        for said_apart, group in itertools.groupby(words, key=BREAK.__eq__):
            many = list(group)
            if said_apart:
                yield from ((BREAK, start + number, start + number) for number in range(len(many)))
            else:
                yield from ((f, start + a, start + b) for f, a, b in normal(many, self.language))
            start += len(many)

    def find(self, prepared: Prepared, tolerant: bool = True) -> list[Match]:
        """Every place where a phrase occurs, in order; `start` and `end` count the words prepared.

        Occurrences of one phrase do not overlap. With `tolerant` a phrase may be garbled (see
        `models.garbled`); it is then sought in the breaths that do not hold it exactly.
        """
        hits = [Hit(*found, 1.0) for found in self._literal.find(prepared.forms)]
        hits += self._open_hits(prepared)
        if tolerant:
            hits += self._garbled_hits(prepared, hits)
        found = [prepared.match(hit, self._is_negated(hit, prepared)) for hit in _best(hits)]
        meant = [self._meant(a) for a in prepared.alike if a.likeness >= self._paraphrases.least]
        more = [m for m in meant if not any(_same_place(m, f) for f in found)] + prepared.sounds
        return sorted([*found, *more], key=lambda m: (m.start, m.end)) if more else found

    def _meant(self, alike: Alike) -> Match:
        name, start, end, likeness, sentence, negated = alike
        return Match(
            name, start, end, likeness, sentence, negated and name not in self._also_negated, meant=True
        )

    def lacking(self, phrase: str) -> str:
        """What has to be done before the phrase can be found in other words; empty where that is not wanted
        or all is there."""
        return self._paraphrases.lacking if self.has_meaning(phrase) else ""

    @property
    def meanings(self) -> Provenance | None:
        """Which encoder finds phrases in other words; None where none is asked for or there is none."""
        return self._paraphrases.provenance

    def has_meaning(self, phrase: str) -> bool:
        """Whether the phrase is found in other words, too."""
        return phrase in self._paraphrases.names

    def _is_negated(self, hit: Hit, prepared: Prepared) -> bool:
        if hit.phrase in self._also_negated:
            return False
        own, asks = hit.phrase in self._own_negator, hit.phrase in self.questions
        return prepared.is_negated(hit, self.language, own, asks)

    def _open_hits(self, prepared: Prepared) -> Iterator[Hit]:
        everywhere = self._by_word.get("", [])
        for begin, forms in prepared.breaths if self._open else ():
            there = set(forms)
            here = everywhere + [one for form in there & self._rarest for one in self._by_word[form]]
            if not here:
                continue
            for form in there & self._forms_marked:
                there.update(self._marked[form])
            document = None
            for one in dict.fromkeys(here):
                if not there.issuperset(one.words) or not self._in_order(one.words, forms):
                    continue
                if one.matcher is None:
                    places = gapped(one.body, forms, self._stands_for)
                else:
                    document = document or self._doc(words=list(forms))
                    places = ((start, end) for _, start, end in one.matcher(document))
                for start, end in places:
                    yield Hit(one.name, begin + start, begin + end, 1.0, " ".join(one.body))

    def _stands_for(self, element: str, form: str) -> bool:
        return element == form or element in self._marked.get(form, ())

    def _in_order(self, words: tuple[str, ...], forms: tuple[str, ...]) -> bool:
        """Whether all of `words` stand among the forms, one after the other."""
        at = iter(forms)
        return all(any(self._stands_for(word, form) for form in at) for word in words)

    def _garbled_hits(self, prepared: Prepared, exact: list[Hit]) -> Iterator[Hit]:
        begins = [breath.begin for breath in prepared.breaths]
        known = {(bisect.bisect_right(begins, hit.start) - 1, hit.phrase) for hit in exact}
        for number, hit in prepared.overheard.find(known):
            yield hit.moved(begins[number])

    def near(
        self,
        phrase: str,
        prepared: Prepared,
        tolerant: bool = True,
        where: Callable[[int, int], bool] = lambda first, end: True,
    ) -> list[Match]:
        """Places more or less like the phrase that `find` may not have taken, the likest first.

        Without `tolerant` only those that may mean it. Places that sound like it are left out in breaths of
        which `where` does not hold: their first word, and the one after their last.
        """

        def sought(breath: int) -> bool:
            return where(*prepared.words_of(breath))

        found = prepared.overheard.near(phrase, sought) if tolerant else ()
        hits = [hit.moved(prepared.breaths[number].begin) for number, hit in found]
        near = [prepared.match(hit) for hit in hits]
        meant = (self._meant(a) for a in prepared.alike if a.phrase == phrase)
        near += [m for m in meant if m.likeness < self._paraphrases.least and not m.negated]
        return sorted(near, key=lambda match: -match.likeness)


@dataclass(frozen=True, eq=False)
class _Open:
    """A way to say a phrase that has gaps, slots or marked words: its words in order, and with slots spaCy's
    matcher for it."""

    name: str
    body: tuple[str, ...]
    words: tuple[str, ...]
    matcher: Any = None


def _is_sound(body: tuple[str, ...]) -> bool:
    """Whether a phrase is nothing but a sound of thinking."""
    return len(body) == 1 and body[0] in FILLERS


def _trim(body: tuple[str, ...]) -> tuple[str, ...]:
    """`*` at either end of a phrase says nothing: it may stand for no word."""
    start, end = 0, len(body)
    while start < end and body[start] == ANY:
        start += 1
    while end > start and body[end - 1] == ANY:
        end -= 1
    return body[start:end]


def _spacy_patterns(
    body: tuple[str, ...], not_names: list[str], forms_of: Mapping[str, frozenset[str]], language: str
) -> list[list[Token]]:
    """Every way to say a body: a slot has several."""
    parts: list[tuple[tuple[Token, ...], ...]] = []
    for element in body:
        if element == ANY:
            parts.append((({"ORTH": {"NOT_IN": [BREAK]}, "OP": f"{{0,{ANY_WORDS}}}"},),))
        elif element.startswith(MARK):
            parts.append((({"ORTH": {"IN": sorted(forms_of[element.removeprefix(MARK)])}},),))
        elif element == "{name}":
            barred = {"ORTH": {"NOT_IN": not_names}}
            parts.append(tuple(tuple(t | barred for t in way) for way in ways(element, language)))
        elif element in SLOTS:
            parts.append(ways(element, language))
        else:
            parts.append((({"ORTH": element},),))
    return all_ways(parts)


def _same_place(one: Match, other: Match) -> bool:
    return one.phrase == other.phrase and one.start < other.end and other.start < one.end


def _best(hits: list[Hit]) -> list[Hit]:
    """Of overlapping hits of one phrase the likest, then the longest; in order of place."""
    taken: list[Hit] = []
    for hit in sorted(set(hits), key=lambda h: (-h.likeness, h.start - h.end, h.start, h.phrase, h.pattern)):
        if not any(hit.phrase == t.phrase and hit.start < t.end and t.start < hit.end for t in taken):
            taken.append(hit)
    return sorted(taken, key=lambda h: (h.start, h.end, h.phrase))
