"""Phrases in words that a recogniser got wrong: is it likelier that the phrase was said and misheard, or not?

Each heard word speaks for a phrase as far as it is rare by itself: "calling" after "thank you for" says
much, "for" says little. A word that sounds like the phrase's own speaks less for it; one that is missing or
one too many speaks against it. The sum is a log-likelihood ratio in nats, shrunk because words of a phrase
do not come alone.
"""

import functools
import itertools
import math
import operator
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.language import ANY, ANY_WORDS, NEGATIONS, frequency
from models.pronunciation import Sounds

FOUND = 12.5
"""A phrase counts as said from this many nats. This and the six values below were searched together on every
second call of BT Oasis for the best F1 with less than one false alarm an hour (`bench/word_errors.py
--grid`)."""

NEAR = 8.0
"""From here to `FOUND` something like the phrase was heard: too much for 'not said'."""

EVIDENCE = 0.6
"""How far each word counts as evidence of its own."""

SOUND = 0.55
"""A word that sounds less like the phrase's own than this (0..1) is another word."""

NEAR_SOUND = 0.4
"""The same for words that only raise a doubt: "help" may have been "hold"."""

SUBSTITUTED = 3.0
"""What it costs that a word was heard as another one that sounds like it."""

DROPPED = 5.0
"""What it costs that a small word is missing; a word of meaning may not be missing, nor may a negation, nor
any word of a pattern with a gap."""

ADDED = 8.0
"""What it costs that there is a word too many; it may not be a negation, nor stand where another word is
missing: 'my parcel has' is not 'your parcel has'."""

SMALL = 1e-3
"""A word that makes up so much of a language (share of all words) is a small one, such as "you" and "for"."""

RAREST_NATS = 14.0
"""No word says more than this: names and misspellings are as rare as one likes."""

TRIED = 2
"""So many ways to say a phrase are looked at in each breath, the likeliest first."""

TRIED_NEAR = 3
"""So many places and ways are looked at for a phrase that was not found: one doubt is enough."""


class Hit(NamedTuple):
    """A phrase at forms `[start, end)`, and how far its words agree, 0..1."""

    phrase: str
    start: int
    end: int
    likeness: float

    def moved(self, by: int) -> "Hit":
        return Hit(self.phrase, self.start + by, self.end + by, self.likeness)


_NEVER = -99.0

MOST_KNOWN = 65536
"""So many heard words are remembered with the words of phrases they may be, about 0.5 kB each."""


class _Meant(NamedTuple):
    """The words of phrases that a heard one may be, the likest first: of each how alike they sound, and what
    the heard one says for it in nats. It says `says` for itself; the first `surely` are like enough for
    `SOUND`."""

    says: float
    numbers: NDArray[np.intp]
    alike: NDArray[np.float32]
    gains: NDArray[np.float32]
    surely: int


_NOTHING = (np.zeros(0, np.intp), np.zeros(0, np.float32))


class Garbled:
    """Finds phrases by their sound. `sequences` are (name, normal forms and `ANY`), without slots."""

    def __init__(self, language: str, sequences: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        from scipy.sparse import csr_array

        self._language = language
        self._names = [name for name, _ in sequences]
        self._bodies = [body for _, body in sequences]
        self._words = sorted({word for body in self._bodies for word in body if word != ANY})
        self._sounds = Sounds(self._words, language)
        self._number = {word: i for i, word in enumerate(self._words)}
        self._drop = [
            -DROPPED if frequency(w, language) >= SMALL and w not in NEGATIONS else _NEVER
            for w in self._words
        ]
        self._least = np.array(self._drop, np.float32)
        self._turning = np.array([word in NEGATIONS for word in self._words], bool)
        self._known: dict[str, _Meant] = {}
        self._gains = functools.lru_cache(maxsize=16384)(self._gains_of)
        has = [(i, self._number[w]) for i, body in enumerate(self._bodies) for w in body if w != ANY]
        ones, shape = np.ones(len(has), np.float32), (len(self._bodies), len(self._words))
        self._has = csr_array((ones, tuple(zip(*has, strict=True)) or ((), ())), shape=shape)
        self._of_name: dict[str, list[int]] = {}
        for number, name in enumerate(self._names):
            self._of_name.setdefault(name, []).append(number)

    def _learn(self, forms: Iterable[str]) -> None:
        """Makes sure that `forms` are among the known ones."""
        distinct = dict.fromkeys(forms)
        new = [form for form in distinct if form not in self._known]
        if len(self._known) + len(new) > MOST_KNOWN:
            self._known.clear()
            new = list(distinct)
        heard = [form for form in new if form not in NEGATIONS]
        alike = dict(zip(heard, self._sounds.like(heard, NEAR_SOUND), strict=True))
        for form in new:
            self._known[form] = self._meant_by(form, *alike.get(form, _NOTHING))

    def _meant_by(self, form: str, numbers: NDArray[np.intp], alike: NDArray[np.float32]) -> "_Meant":
        says = EVIDENCE * min(RAREST_NATS, -math.log(max(frequency(form, self._language), 1e-9)))
        own = self._number.get(form, -1)
        other = (numbers != own) & ~self._turning[numbers]
        numbers, alike = numbers[other], alike[other]
        order = np.argsort(-alike, kind="stable")
        numbers, alike = numbers[order], alike[order]
        gains = np.full(len(numbers), says - SUBSTITUTED, np.float32)
        if own >= 0:
            numbers, alike = np.insert(numbers, 0, own), np.insert(alike, 0, np.float32(1))
            gains = np.insert(gains, 0, np.float32(says))
        return _Meant(says, numbers, alike, gains, int(np.count_nonzero(alike >= SOUND)))

    def _gains_of(self, form: str, near: bool) -> dict[int, tuple[float, float]]:
        """For each word of the phrases that `form` may be: (what it says for it in nats, how alike they
        sound)."""
        self._learn([form])
        meant = self._known[form]
        most = None if near else meant.surely
        pairs = zip(meant.numbers[:most].tolist(), meant.alike[:most].tolist(), strict=True)
        gains = {number: (meant.says - SUBSTITUTED, alike) for number, alike in pairs}
        if form in self._number:
            gains[self._number[form]] = (meant.says, 1.0)
        return gains

    def bounds(self, breaths: Sequence[tuple[str, ...]], near: bool = False) -> NDArray[np.float32]:
        """The most that each breath (row) can say for each sequence (column), whatever the order of its
        words."""
        if not breaths or not self._bodies:
            return np.zeros((0, 0), np.float32)
        heard = [{*forms, *self._joined(forms).values()} for forms in breaths]
        self._learn(itertools.chain.from_iterable(heard))
        meant = [self._known[form] for form in itertools.chain.from_iterable(heard)]
        taken = [len(m.numbers) if near else m.surely for m in meant]
        rows = np.repeat(np.repeat(np.arange(len(heard)), [len(forms) for forms in heard]), taken)
        columns = np.concatenate([m.numbers[:n] for m, n in zip(meant, taken, strict=True)])
        gains = np.concatenate([m.gains[:n] for m, n in zip(meant, taken, strict=True)])
        best = np.tile(self._least, (len(breaths), 1))
        np.maximum.at(best, (rows, columns), gains)
        return np.asarray((self._has @ best.T).T)

    def _joined(self, forms: tuple[str, ...]) -> dict[int, str]:
        """The words of phrases that two heard words make ("north wind"), by the number of the second."""
        pairs = enumerate(map("".join, itertools.pairwise(forms)), start=1)
        return {number: pair for number, pair in pairs if pair in self._number}

    def find(
        self,
        breaths: Sequence[tuple[str, ...]],
        bounds: NDArray[np.float32],
        known: Set[tuple[int, str]] = frozenset(),
        near: str | None = None,
    ) -> Iterator[tuple[int, Hit]]:
        """(number of the breath, hit in it): every phrase from `FOUND` on, or the phrase `near` from `NEAR`
        on.

        `known` are breaths and phrases that need not be looked at.
        """
        least = FOUND if near is None else NEAR
        numbers = np.arange(len(self._names)) if near is None else np.array(self._of_name.get(near, []), int)
        if not bounds.size:
            return
        tried: dict[tuple[int, str], int] = {}
        rows, columns = np.nonzero(bounds[:, numbers] >= least)
        order = np.argsort(-bounds[rows, numbers[columns]], kind="stable")[: TRIED_NEAR if near else None]
        for row, sequence in zip(rows[order].tolist(), numbers[columns[order]].tolist(), strict=True):
            key = (row, self._names[sequence])
            tried[key] = tried.get(key, 0) + 1
            if (
                key not in known
                and tried[key] <= TRIED
                and (hit := self._align(sequence, breaths[row], near is not None))
            ):
                yield row, hit

    def _align(self, sequence: int, forms: tuple[str, ...], near: bool) -> Hit | None:
        """The place among `forms` that says most for the sequence, if that is enough and not word for
        word."""
        body = self._bodies[sequence]
        gapless = ANY not in body
        gains = [self._gains(form, near) for form in forms]
        joined = {second: self._number[word] for second, word in self._joined(forms).items()}
        # A cell is the best alignment that ends here: (nats, first form, letters lost, its last edit).
        # Plain tuples: this is where rescoring spends a third of its time.
        row: list[_Cell] = [(0.0, j, 0.0, "") for j in range(len(forms) + 1)]
        last = len(body) - 1
        for position, element in enumerate(body):
            if element == ANY:
                row = [self._over_gap(row, forms, j) for j in range(len(forms) + 1)]
                continue
            number, letters = self._number[element], len(element)
            drop = self._drop[number] if gapless else _NEVER
            after: list[_Cell] = []
            for j, here in enumerate(row):
                best = _NOWHERE
                if drop > _NEVER and here[3] != "added":
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
                        said = self._gains(element, near)[number][0] - SUBSTITUTED
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
        if score < (NEAR if near else FOUND) or lost == 0 or (start and forms[start - 1] in NEGATIONS):
            return None
        written = sum(len(word) for word in body if word != ANY)
        return Hit(self._names[sequence], start, end, round(max(0.0, 1 - lost / written), 3))

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


_Cell = tuple[float, int, float, str]

_nats = operator.itemgetter(0)

_NOWHERE: _Cell = (-1e9, 0, 0.0, "")
