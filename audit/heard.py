"""Words of a conversation as columns."""

import bisect
import math

import numpy as np
from numpy.typing import NDArray

from models.observations import Span


class Heard:
    """Words in order of their start: when they begin and end, and how surely they were heard `(n,)`."""

    def __init__(
        self,
        starts_s: list[float],
        ends_s: list[float],
        probabilities: NDArray[np.float64],
    ) -> None:
        self.starts_s, self._ends_s, self.probabilities = starts_s, ends_s, probabilities
        self._means: dict[Span, float] = {}

    def next_s(self, time_s: float) -> float:
        """When the first word begins that ends after a time; infinite where there is none. If it does not lie
        in a stretch of speech that begins then, none does."""
        after = bisect.bisect_right(self._ends_s, time_s)
        return self.starts_s[after] if after < len(self.starts_s) else math.inf

    def mean_probability(self, window: Span) -> float:
        """How surely the words in the window were heard, 0..1; 1 where there are none."""
        if window not in self._means:
            first, last = (bisect.bisect_left(self.starts_s, s) for s in (window.start_s, window.end_s))
            inside = self.probabilities[first:last]
            mean = float(np.add.reduce(inside)) / inside.size if inside.size else 1.0
            self._means[window] = round(mean, 3)
        return self._means[window]
