"""Words made wrong as recognisers make them wrong, and how sure a recogniser would be of each."""

import random
from collections.abc import Callable, Sequence

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist
from wordfreq import top_n_list

from models.pronunciation import pronounced

KINDS, SHARES = ("other", "none", "extra"), (0.65, 0.2, 0.15)
"""A wrong word is another one, gone, or followed by one too many. The shares are our choice: recognisers
mostly substitute."""

PUT_IN = ("a", "and", "i", "it", "the", "to", "uh", "um", "you", "that")
"""Words that are put in: the small ones."""

NEIGHBOURS = 10
"""A wrong word is one of so many that sound most like it: the fewest phones (CMU dictionary) to change."""

VOCABULARY = 10_000
"""The commonest English words that can be heard instead, beside those of the transcripts."""

HEARD = (
    ((0.0, 0.2), 67, 236),
    ((0.2, 0.4), 170, 483),
    ((0.4, 0.6), 140, 193),
    ((0.6, 0.7), 105, 56),
    ((0.7, 0.8), 214, 53),
    ((0.8, 0.9), 462, 63),
    ((0.9, 1.0), 286, 21),
)
"""(range of the probability, right words, wrong words) of what PocketSphinx heard in calls with exact
scripts: our measurement, `bench/sphinx_probability.py` (docs/accuracy.md)."""


def neighbours(utterances: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """For each word the words that sound most like it; for one without known pronunciation those spelt most
    like it."""
    words = sorted({word for utterance in utterances for word in utterance})
    # The commoner first, so that of words equally alike the commoner ones are taken.
    vocabulary = [w for w in top_n_list("en", VOCABULARY) if len(w) > 1 or w in ("a", "i")]

    def nearest(said: list[str], others: list[str], as_heard: Callable[[str], str]) -> dict[str, list[str]]:
        if not said:
            return {}
        apart = cdist(
            [as_heard(w) for w in said],
            [as_heard(w) for w in others],
            scorer=Levenshtein.distance,
            dtype=np.uint8,
        )
        order = np.argsort(apart, axis=1, kind="stable")[:, : NEIGHBOURS + 1]
        return {
            w: [others[i] for i in row if others[i] != w][:NEIGHBOURS]
            for w, row in zip(said, order.tolist(), strict=True)
        }

    def sound(word: str) -> str:
        return pronounced(word.lower(), "en") or ""

    known = [w for w in words if sound(w)]
    return nearest(known, [v for v in vocabulary if sound(v)], sound) | nearest(
        [w for w in words if not sound(w)], vocabulary, str
    )


def worsen(
    utterances: list[list[str]], rate: float, similar: dict[str, list[str]], dice: random.Random
) -> list[list[str]]:
    """The utterances with this share of their words made wrong."""
    return [[word for word, _ in heard] for heard in mishear(utterances, rate, similar, dice)]


def mishear(
    utterances: Sequence[Sequence[str]], rate: float, similar: dict[str, list[str]], dice: random.Random
) -> list[list[tuple[str, bool]]]:
    """The same, each word with whether it is right."""
    worse: list[list[tuple[str, bool]]] = []
    for words in utterances:
        heard: list[tuple[str, bool]] = []
        for word in words:
            kind = dice.choices(KINDS, SHARES)[0] if dice.random() < rate else "right"
            if kind == "other":
                heard.append((dice.choice(similar[word]), False))
            elif kind != "none":
                heard.append((word, True))
            if kind == "extra":
                heard.append((dice.choice(PUT_IN), False))
        worse.append(heard)
    return worse


def probability(right: bool, dice: random.Random) -> float:
    """How sure a recogniser is of a word that is right or wrong, 0..1, drawn from `HEARD`."""
    ranges = [where for where, *_ in HEARD]
    low, high = dice.choices(ranges, [good if right else bad for _, good, bad in HEARD])[0]
    return dice.uniform(low, high)
