"""Phrases in words that a recogniser got wrong: is it likelier that the phrase was said and misheard, or not?

Each heard word speaks for a phrase as far as it is rare by itself: "calling" after "thank you for" says
much, "for" says little. A word that sounds like the phrase's own speaks less for it; one that is missing or
one too many speaks against it. The sum is a log-likelihood ratio in nats, shrunk because words of a phrase
do not come alone.
"""

import functools
import itertools
import operator
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.language import ANY, ANY_WORDS, NEGATIONS
from models.meanings import NEVER, SUBSTITUTED, Floats, Gains, Meanings, Reading

FOUND = 12.5
"""A phrase counts as said from this many nats. This, `NEAR`, `ADDED` and some of `models.meanings` were
searched together on every second call of BT Oasis for the best F1 with less than one false alarm an hour
(`bench/word_errors.py --grid`)."""

NEAR = 8.0
"""From here to `FOUND` something like the phrase was heard: too much for 'not said'."""

ADDED = 8.0
"""What it costs that there is a word too many; it may not be a negation, nor stand where another word is
missing: 'my parcel has' is not 'your parcel has'."""

ROUNDING = 1e-3
"""The same nats, rounded and in another order, add up to a sum that differs by less."""

TRIED = 2
"""So many ways to say a phrase are looked at in each breath, the likeliest first."""

TRIED_NEAR = 3
"""So many places and ways are looked at for a phrase that was not found: one doubt is enough."""


Numbers = NDArray[np.intp]


class Hit(NamedTuple):
    """A phrase at forms `[start, end)`, and how far its words agree, 0..1."""

    phrase: str
    start: int
    end: int
    likeness: float
    pattern: str = ""
    """What was sought, where the words are not just it."""

    def moved(self, by: int) -> "Hit":
        return Hit(self.phrase, self.start + by, self.end + by, self.likeness, self.pattern)


class Garbled:
    """Finds phrases by their sound. `sequences` are (name, normal forms and `ANY`), without slots."""

    def __init__(self, language: str, sequences: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        # Those of one phrase stand together.
        by_name: dict[str, list[tuple[str, ...]]] = {}
        for name, body in sequences:
            by_name.setdefault(name, []).append(body)
        self.names = [name for name, bodies in by_name.items() for _ in bodies]
        self._bodies = [body for bodies in by_name.values() for body in bodies]
        self.meanings = Meanings(sorted({w for body in self._bodies for w in body if w != ANY}), language)
        number, drop = self.meanings.number, self.meanings.drop
        self._numbers = [[number[w] for w in body if w != ANY] for body in self._bodies]
        # Many sequences differ only in small words, or only in the others: each half is added up once.
        counted = [sorted(Counter(numbers).items()) for numbers in self._numbers]
        self._needed = _Halves([[p for p in pairs if drop[p[0]] == NEVER] for pairs in counted], len(number))
        self._small = _Halves([[p for p in pairs if drop[p[0]] > NEVER] for pairs in counted], len(number))
        borders = itertools.pairwise(itertools.accumulate(map(len, by_name.values()), initial=0))
        self.rows = dict(zip(by_name, borders, strict=True))
        """By a phrase's name the number of its first sequence, and the one after its last."""

    def halves(self, most: Floats) -> tuple[Floats, Floats]:
        """The most that can be said in each breath (column) for those words of sequences that may not be
        missing, and for the others, whatever their order; each half once. `most` is of `Reading.most`."""
        return np.asarray(self._needed.table @ most.T), np.asarray(self._small.table @ most.T)

    def bounds(self, phrase: str, halves: tuple[Floats, Floats]) -> Floats:
        """The most that can be said for each sequence (row) of a phrase in each breath (column)."""
        which = slice(*self.rows[phrase])
        return halves[0][self._needed.of[which]] + halves[1][self._small.of[which]]

    def candidates(self, halves: tuple[Floats, Floats], least: float) -> tuple[Numbers, Numbers, Floats]:
        """Where so much may be said: the numbers of sequence and breath, and the most that can be said there
        for it in nats, `(n,)` each."""
        needed, small = halves
        # Where one of the words was not heard, no sequence with it is looked at.
        cells = np.flatnonzero(needed > NEVER / 2)
        which, rows = np.divmod(cells, needed.shape[1])
        sequences, counts = self._needed.having(which)
        rows = rows.repeat(counts)
        says = needed.ravel()[cells].repeat(counts)
        says += small[self._small.of[sequences], rows]
        enough = np.flatnonzero(says >= least)
        return sequences[enough], rows[enough], says[enough]

    def hear(self, breaths: Sequence[tuple[str, ...]]) -> "Overheard":
        """The breaths, ready to be searched."""
        return Overheard(self, breaths)

    def hit(self, sequence: int, heard: "HeardBreath", near: bool) -> Hit | None:
        """The place in a breath that says most for the sequence, if that is enough and not word for word."""
        least = NEAR if near else FOUND
        if self._at_most(sequence, heard) < least - ROUNDING:
            return None
        return self._align(sequence, heard, least)

    def _at_most(self, sequence: int, heard: "HeardBreath") -> float:
        """No alignment says more than this: words that say something in order, each beside the one before,
        or for what `ADDED` costs further off, or over a gap."""
        body, drops = self._bodies[sequence], self.meanings.drop
        gapless = ANY not in body
        words = iter(self._numbers[sequence])
        start = reach = 0.0
        # By the number of forms up to its last word, the most that words so far say.
        ends: dict[int, float] = {}
        for element in body:
            if element == ANY:
                reach += ANY_WORDS
                continue
            number = next(words)
            drop = drops[number] if gapless else NEVER
            after = {end: says + drop for end, says in ends.items()} if drop > NEVER else {}
            for begin, end, gain in heard.places(number):
                best = start
                for before, says in ends.items():
                    if before <= begin:
                        further = begin - before - reach
                        so_far = says - ADDED * further if further > 0 else says
                        best = max(best, so_far)
                best += gain
                if best > after.get(end, NEVER):
                    after[end] = best
            start = start + drop if drop > NEVER else NEVER
            if not after and start == NEVER:
                return NEVER
            ends, reach = after, 0.0
        return max(ends.values(), default=NEVER)

    def _align(self, sequence: int, heard: "HeardBreath", least: float) -> Hit | None:
        body, forms, gains = self._bodies[sequence], heard.forms, heard.gains
        gapless = ANY not in body
        number_of, drops = self.meanings.number, self.meanings.drop
        joined = {second: number_of[word] for second, word in heard.joined.items()}
        # A cell is the best alignment that ends here: (nats, first form, letters lost, its last edit).
        row: list[_Cell] = [(0.0, j, 0.0, "") for j in range(len(forms) + 1)]
        last = len(body) - 1
        for position, element in enumerate(body):
            if element == ANY:
                row = [self._over_gap(row, forms, j) for j in range(len(forms) + 1)]
                continue
            number, letters = number_of[element], len(element)
            drop = drops[number] if gapless else NEVER
            after: list[_Cell] = []
            for j, here in enumerate(row):
                best = _NOWHERE
                if drop > NEVER and here[3] != "added":
                    best = (here[0] + drop, here[1], here[2] + letters, "dropped")
                if j:
                    gain = gains[j - 1].get(number)
                    if gain:
                        before = row[j - 1]
                        if before[0] + gain[0] > best[0]:
                            lost = before[2] + (1 - gain[1]) * letters
                            best = (before[0] + gain[0], before[1], lost, "")
                    if joined and joined.get(j - 1) == number:
                        before = row[j - 2]
                        said = self.meanings.gains(element, heard.near)[number][0] - SUBSTITUTED
                        if before[0] + said > best[0]:
                            best = (before[0] + said, before[1], before[2] + 1, "")
                    if position != last:
                        before = after[j - 1]
                        added = before[0] - ADDED
                        if added > best[0] and before[3] != "dropped" and forms[j - 1] not in NEGATIONS:
                            best = (added, before[1], before[2] + len(forms[j - 1]) / 2, "added")
                after.append(best)
            row = after
        score, start, lost, _ = max(row, key=_nats)
        end = next(j for j, cell in enumerate(row) if cell[0] == score)
        if score < least or lost == 0 or (start and forms[start - 1] in NEGATIONS):
            return None
        written = sum(len(word) for word in body if word != ANY)
        likeness = round(max(0.0, 1 - lost / written), 3)
        return Hit(self.names[sequence], start, end, likeness, " ".join(body))

    @staticmethod
    def _over_gap(row: list["_Cell"], forms: tuple[str, ...], j: int) -> "_Cell":
        """The best cell from which a gap of at most `ANY_WORDS` words, no negation among them, reaches
        `j`."""
        best = row[j]
        for k in range(j - 1, max(-1, j - ANY_WORDS - 1), -1):
            if forms[k] in NEGATIONS:
                break
            if row[k][0] > best[0]:
                best = row[k]
        return best


class _Halves:
    """A half of the words of each sequence, (number, how often) in order: `table` has each distinct half as a
    row, `of` by the number of a sequence that of its half."""

    def __init__(self, halves: list[list[tuple[int, int]]], words: int) -> None:
        from scipy.sparse import csr_array

        number = {half: i for i, half in enumerate(dict.fromkeys(map(tuple, halves)))}
        cells = [(times, i, word) for half, i in number.items() for word, times in half]
        values, *places = zip(*cells, strict=True) if cells else ((), (), ())
        shape = (len(number), words)
        self.table: Any = csr_array((np.array(values, np.float32), tuple(places)), shape=shape)
        self.of = np.array([number[tuple(half)] for half in halves], np.intp)
        self._sequences = np.argsort(self.of, kind="stable")
        self._counts = np.bincount(self.of, minlength=len(number))
        self._firsts = self._counts.cumsum() - self._counts

    def having(self, which: Numbers) -> tuple[Numbers, Numbers]:
        """The sequences that have one of these halves, those of each half together, and how many each has."""
        counts = self._counts[which]
        places = np.arange(counts.sum()) + (self._firsts[which] + counts - counts.cumsum()).repeat(counts)
        return self._sequences[places], counts


class HeardBreath:
    """A breath with what each of its forms says for the words of phrases."""

    def __init__(self, reading: Reading, row: int, near: bool) -> None:
        self.forms, self.joined, self.near = reading.breaths[row], reading.joined[row], near
        self._meanings = reading.meanings
        self._said = reading.said(row, near)
        self._places: dict[int, list[tuple[int, int, float]]] = {}

    @functools.cached_property
    def gains(self) -> list[Gains]:
        return [self._meanings.gains(form, self.near) for form in self.forms]

    def places(self, number: int) -> list[tuple[int, int, float]]:
        """(first form, form after the last, nats) wherever something is said for this word of phrases."""
        if number not in self._places:
            column = self._said[:, number].tolist()
            found = [(j, j + 1, nats) for j, nats in enumerate(column) if nats > NEVER]
            for second, word in self.joined.items():
                if self._meanings.number[word] == number:
                    said = self._meanings.gains(word, self.near)[number][0] - SUBSTITUTED
                    found.append((second - 1, second + 1, said))
            self._places[number] = found
        return self._places[number]


class Overheard:
    """Breaths in which phrases are sought by their sound."""

    def __init__(self, garbled: Garbled, breaths: Sequence[tuple[str, ...]]) -> None:
        self._garbled, self._breaths = garbled, breaths
        self._heard: dict[tuple[int, bool], HeardBreath] = {}
        self._hits: dict[tuple[int, int, bool], Hit | None] = {}
        self._candidates: dict[str, list[tuple[int, int]]] = {}

    @functools.cached_property
    def _reading(self) -> Reading:
        return Reading(self._garbled.meanings, self._breaths)

    @functools.cached_property
    def _near(self) -> tuple[Floats, Floats]:
        """`Garbled.halves`, if all that sounds near them is taken in."""
        return self._garbled.halves(self._reading.most(near=True))

    def find(self, known: Set[tuple[int, str]] = frozenset()) -> Iterator[tuple[int, Hit]]:
        """(number of the breath, hit in it): every phrase from `FOUND` on.

        `known` are breaths and phrases that need not be looked at.
        """
        if not self._breaths or not self._garbled.names:
            return
        halves = self._garbled.halves(self._reading.most(near=False))
        sequences, rows, says = self._garbled.candidates(halves, FOUND)
        # The likeliest first; what is equal stays in order of breath and sequence.
        order = np.lexsort((sequences, rows, -says))
        tried: Counter[tuple[int, str]] = Counter()
        for row, sequence in zip(rows[order].tolist(), sequences[order].tolist(), strict=True):
            key = (row, self._garbled.names[sequence])
            if key in known:
                continue
            tried[key] += 1
            if tried[key] <= TRIED and (hit := self._hit(row, sequence, near=False)):
                yield row, hit

    def near(self, phrase: str, where: Callable[[int], bool]) -> Iterator[tuple[int, Hit]]:
        """(number of the breath, hit in it): places from `NEAR` on, the likeliest to be the phrase first, in
        breaths of which `where` holds."""
        if phrase not in self._candidates:
            self._candidates[phrase] = self._likeliest(phrase)
        for row, sequence in self._candidates[phrase]:
            if where(row) and (hit := self._hit(row, sequence, near=True)):
                yield row, hit

    def _likeliest(self, phrase: str) -> list[tuple[int, int]]:
        """A few pairs of (breath, sequence) where the phrase may be, the likeliest first."""
        if not self._breaths or phrase not in self._garbled.rows:
            return []
        first, _ = self._garbled.rows[phrase]
        bounds = self._garbled.bounds(phrase, self._near).ravel()
        cells = np.flatnonzero(bounds >= NEAR)
        sequences, rows = np.divmod(cells, len(self._breaths))
        # What is equal stays in order of breath and sequence.
        order = np.lexsort((sequences, rows, -bounds[cells]))[:TRIED_NEAR]
        tried: Counter[int] = Counter()
        found = []
        for row, sequence in zip(rows[order].tolist(), (first + sequences[order]).tolist(), strict=True):
            tried[row] += 1
            if tried[row] <= TRIED:
                found.append((row, sequence))
        return found

    def _hit(self, row: int, sequence: int, near: bool) -> Hit | None:
        key = (row, sequence, near)
        if key not in self._hits:
            if (row, near) not in self._heard:
                self._heard[row, near] = HeardBreath(self._reading, row, near)
            self._hits[key] = self._garbled.hit(sequence, self._heard[row, near], near)
        return self._hits[key]


_Cell = tuple[float, int, float, str]

_nats = operator.itemgetter(0)

_NOWHERE: _Cell = (-1e9, 0, 0.0, "")
