"""Events that were found beside those that are true: how many, how many not, and how far off in time."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from models.observations import Span

ALIKE = 0.5
"""An event is the true one when they share at least this part of the shorter of both."""


class Tally(NamedTuple):
    """How many were found, found wrongly and not found; seconds from the true starts and ends, signed."""

    hits: int = 0
    false_alarms: int = 0
    misses: int = 0
    starts_off_s: tuple[float, ...] = ()
    ends_off_s: tuple[float, ...] = ()

    @property
    def precision(self) -> float | None:
        """None when nothing was found."""
        found = self.hits + self.false_alarms
        return round(self.hits / found, 3) if found else None

    @property
    def recall(self) -> float | None:
        """None when there is nothing to find."""
        true = self.hits + self.misses
        return round(self.hits / true, 3) if true else None

    @property
    def f1(self) -> float | None:
        """None when there is nothing to find: then false alarms say more."""
        if not self.hits + self.misses:
            return None
        return round(2 * self.hits / (2 * self.hits + self.false_alarms + self.misses), 3)


def tally(found: Sequence[Span], true: Sequence[Span], passed_over: Sequence[Span] = ()) -> Tally:
    """Each true span takes the found one that shares most with it; no span counts twice.

    What was found within `passed_over`, and is no hit, counts neither way.
    """
    pairs = sorted(
        ((-(f & t).duration_s, i, j) for i, f in enumerate(found) for j, t in enumerate(true) if _alike(f, t))
    )
    taken: dict[int, int] = {}
    for _, i, j in pairs:
        if i not in taken and j not in taken.values():
            taken[i] = j
    wrong = [
        f for i, f in enumerate(found) if i not in taken and not any(_alike(f, one) for one in passed_over)
    ]
    hits = sorted(taken.items())
    return Tally(
        len(hits),
        len(wrong),
        len(true) - len(hits),
        tuple(round(found[i].start_s - true[j].start_s, 3) for i, j in hits),
        tuple(round(found[i].end_s - true[j].end_s, 3) for i, j in hits),
    )


def together(tallies: Iterable[Tally]) -> Tally:
    """The sum."""
    hits = false_alarms = misses = 0
    starts_off_s: list[float] = []
    ends_off_s: list[float] = []
    for one in tallies:
        hits, false_alarms, misses = hits + one.hits, false_alarms + one.false_alarms, misses + one.misses
        starts_off_s += one.starts_off_s
        ends_off_s += one.ends_off_s
    return Tally(hits, false_alarms, misses, tuple(starts_off_s), tuple(ends_off_s))


def _alike(one: Span, other: Span) -> bool:
    shorter_s = min(one.duration_s, other.duration_s)
    return (one & other).duration_s >= ALIKE * shorter_s > 0


def area_under_curve(scores: Sequence[float], positive: Sequence[bool]) -> float | None:
    """The share of pairs of a positive and a negative in which the positive has the higher score, ties by
    half (the area under the ROC curve); None unless there are both."""
    import numpy as np
    from scipy.stats import rankdata

    is_positive = np.asarray(positive, bool)
    positives = int(is_positive.sum())
    negatives = len(is_positive) - positives
    if not positives or not negatives:
        return None
    ranks = rankdata(scores)
    wins = float(ranks[is_positive].sum()) - positives * (positives + 1) / 2
    return round(wins / (positives * negatives), 4)
