"""What heard words may have been, among the words of phrases, and what they say for each."""

import bisect
import functools
import itertools
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.language import NEGATIONS, frequency
from models.pronunciation import Sounds

EVIDENCE = 0.6
"""How far each word counts as evidence of its own. This and the next three values were searched together
with those of `models.garbled`, see there."""

SOUND = 0.55
"""A word that sounds less like the phrase's own than this (0..1) is another word."""

SUBSTITUTED = 3.0
"""What it costs that a word was heard as another one that sounds like it."""

DROPPED = 5.0
"""What it costs that a small word is missing; a word of meaning may not be missing, nor may a negation, nor
any word of a pattern with a gap."""

NEAR_SOUND = 0.4
"""As `SOUND`, for words that only raise a doubt: "help" may have been "hold"."""

SMALL = 1e-3
"""A word that makes up so much of a language (share of all words) is a small one, such as "you" and "for"."""

RAREST_NATS = 14.0
"""No word says more than this: names and misspellings are as rare as one likes."""

NEVER = -99.0
"""What it costs that a word is missing that may not be."""

MOST_KNOWN = 65536
"""So many heard words are remembered with what they may be, about 0.5 kB each."""

Floats = NDArray[np.float32]

Gains = dict[int, tuple[float, float]]
"""What a heard word says for words of phrases, by their numbers: (nats, how alike they sound 0..1)."""


class Meanings:
    """What heard words may be among the words of phrases.

    A heard word says something for itself, and less for a word that it sounds like. What is known of a heard
    word is kept: the words that it may be, those that sound near it last, lie one after the other in flat
    arrays.
    """

    def __init__(self, words: Sequence[str], language: str) -> None:
        self.number = {word: i for i, word in enumerate(words)}
        self.drop = [
            -DROPPED if frequency(w, language) >= SMALL and w not in NEGATIONS else NEVER for w in words
        ]
        """What it costs that a word is missing, by its number."""
        self._language = language
        self._sounds = Sounds(words, language)
        self.least = np.array(self.drop, np.float32)
        """The same as an array."""
        self._turning = np.array([word in NEGATIONS for word in words], bool)
        self._joined = {(word[:end], word[end:]): word for word in words for end in range(1, len(word))}
        self._pairs = frozenset(self._joined)
        self.gains = functools.lru_cache(maxsize=16384)(self._gains)
        self._forget()

    def _forget(self) -> None:
        self._known: dict[str, int] = {}
        self._says: list[float] = []
        self._begins, self._counts, self._surely = (np.zeros(0, np.intp) for _ in range(3))
        self._filled = 0
        self._numbers = np.zeros(0, np.intp)
        self._alike, self._nats = np.zeros(0, np.float32), np.zeros(0, np.float32)

    def learn(self, forms: Iterable[str]) -> None:
        """Makes sure that `forms` are among the known ones."""
        distinct = dict.fromkeys(forms)
        new = [form for form in distinct if form not in self._known]
        if not new:
            return
        if len(self._known) + len(new) > MOST_KNOWN:
            self._forget()
            new = list(distinct)
        says = [EVIDENCE * min(RAREST_NATS, -math.log(max(frequency(f, self._language), 1e-9))) for f in new]
        own = np.array([self.number.get(form, -1) for form in new])
        heard = np.array([i for i, form in enumerate(new) if form not in NEGATIONS], np.intp)
        nats = np.array(says)
        itself, less = np.flatnonzero(own >= 0), (nats - SUBSTITUTED).astype(np.float32)
        surely = [_Meant(itself, own[itself], np.ones(len(itself), np.float32), nats[itself])]
        perhaps: list[_Meant] = []
        for words, numbers, alike in self._sounds.like([new[i] for i in heard.tolist()], NEAR_SOUND):
            rows = heard[words]
            other, sure = (numbers != own[rows]) & ~self._turning[numbers], alike >= np.float32(SOUND)
            for into, which in ((surely, other & sure), (perhaps, other & ~sure)):
                some = np.flatnonzero(which)
                into.append(_Meant(rows[some], numbers[some], alike[some], less[rows[some]]))
        self._keep(new, says, surely, perhaps)

    def _keep(
        self, forms: list[str], says: list[float], surely: "list[_Meant]", perhaps: "list[_Meant]"
    ) -> None:
        """Takes in new forms, and what they surely or perhaps mean."""
        counted = [np.bincount(meant.rows, minlength=len(forms)) for meant in (*surely, *perhaps)]
        counts, sure = np.sum(counted, axis=0), np.sum(counted[: len(surely)], axis=0)
        begins = self._filled + np.cumsum(counts) - counts
        self._known |= {form: len(self._says) + i for i, form in enumerate(forms)}
        self._says += says
        self._begins = np.append(self._begins, begins)
        self._counts, self._surely = np.append(self._counts, counts), np.append(self._surely, sure)
        begin, self._filled = self._filled, self._filled + int(counts.sum())
        if self._filled > len(self._numbers):
            self._numbers, self._alike, self._nats = (
                np.concatenate((all_of[:begin], np.empty(2 * self._filled - begin, all_of.dtype)))
                for all_of in (self._numbers, self._alike, self._nats)
            )
        for meant, here in zip((*surely, *perhaps), counted, strict=True):
            # Those of one form stand together in each part, and behind those of the parts before.
            places = (begins - np.cumsum(here) + here).repeat(here) + np.arange(len(meant.rows))
            self._numbers[places], self._alike[places], self._nats[places] = meant[1:]
            begins = begins + here

    def _gains(self, form: str, near: bool) -> Gains:
        """What a heard word says; `near` takes words in that only raise a doubt."""
        self.learn([form])
        row = self._known[form]
        begin, says = int(self._begins[row]), self._says[row]
        which = slice(begin, begin + int((self._counts if near else self._surely)[row]))
        pairs = zip(self._numbers[which].tolist(), self._alike[which].tolist(), strict=True)
        gains = {number: (says - SUBSTITUTED, alike) for number, alike in pairs}
        if form in self.number:
            gains[self.number[form]] = (says, 1.0)
        return gains

    def meant(self, forms: list[str]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], Floats]:
        """How many meanings each form has, and how many that do not only raise a doubt; then of all of them,
        form by form and those first, the numbers of the words, and what is said for them in nats."""
        try:
            known = np.array([self._known[form] for form in forms], np.intp)
        except KeyError:
            self.learn(forms)
            known = np.array([self._known[form] for form in forms], np.intp)
        taken = self._counts[known]
        ends = taken.cumsum()
        which = np.arange(taken.sum())
        which += (self._begins[known] - ends + taken).repeat(taken)
        return taken, self._surely[known], self._numbers[which], self._nats[which]

    def joined(self, forms: Sequence[str]) -> dict[int, str]:
        """The words of phrases that two heard words make ("north wind"), by the number of the second."""
        known = self._pairs.intersection(itertools.pairwise(forms))
        places = enumerate(itertools.pairwise(forms), 1) if known else ()
        return {i: self._joined[pair] for i, pair in places if pair in known}


class _Meant(NamedTuple):
    """What heard forms may mean, in order of the forms, `(n,)` each: the number of the form and of the word,
    how alike they sound, and what is said in nats."""

    rows: NDArray[np.intp]
    numbers: NDArray[np.intp]
    alike: Floats
    nats: NDArray[np.floating]


class Reading:
    """What the forms of breaths may be among the words of phrases."""

    def __init__(self, meanings: Meanings, breaths: Sequence[tuple[str, ...]]) -> None:
        self.meanings, self.breaths = meanings, breaths
        forms = list(itertools.chain.from_iterable(breaths))
        self._begins = [0, *itertools.accumulate(map(len, breaths))]
        self.joined: list[dict[int, str]] = [{} for _ in breaths]
        for second, word in meanings.joined(forms).items():
            row = bisect.bisect_right(self._begins, second) - 1
            if second > self._begins[row]:
                self.joined[row][second - self._begins[row]] = word
        rows = np.arange(len(breaths)).repeat(np.diff(self._begins))
        if any(self.joined):
            forms += [word for words in self.joined for word in words.values()]
            rows = np.append(rows, [row for row, words in enumerate(self.joined) for _ in words])
        self._taken, surely, self._numbers, self._nats = meanings.meant(forms)
        self._ends = self._taken.cumsum()
        begins = self._ends - self._taken
        self._sure = np.arange(len(self._nats)) < (begins + surely).repeat(self._taken)
        self._cells = (rows * len(meanings.least)).repeat(self._taken)
        self._cells += self._numbers

    def most(self, near: bool) -> Floats:
        """The most that each breath (row) says for each word (column), or what it costs without it; `near`
        takes in what only raises a doubt."""
        best = np.empty((len(self.breaths), len(self.meanings.least)), np.float32)
        best[:] = self.meanings.least
        which = slice(None) if near else self._sure
        np.maximum.at(best.reshape(-1), self._cells[which], self._nats[which])
        return best

    def said(self, row: int, near: bool) -> Floats:
        """What each form (row) of a breath says for each word (column) in nats, `NEVER` for other words."""
        first, end = self._begins[row], self._begins[row + 1]
        taken = self._taken[first:end]
        says = np.full((end - first, len(self.meanings.least)), NEVER, np.float32)
        which = slice(self._ends[first] - taken[0], self._ends[end - 1])
        forms, numbers, nats = (
            np.arange(end - first).repeat(taken),
            self._numbers[which],
            self._nats[which],
        )
        if not near:
            sure = self._sure[which]
            forms, numbers, nats = forms[sure], numbers[sure], nats[sure]
        says[forms, numbers] = nats
        return says
