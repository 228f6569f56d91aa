"""Words of a conversation as columns."""

import bisect

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
        self.starts_s, self.ends_s, self.probabilities = starts_s, ends_s, probabilities
        self._means: dict[Span, float] = {}

    def mean_probability(self, window: Span) -> float:
        """How surely the words in the window were heard, 0..1; 1 where there are none."""
        if window not in self._means:
            first, last = (bisect.bisect_left(self.starts_s, s) for s in (window.start_s, window.end_s))
            inside = self.probabilities[first:last]
            mean = float(np.add.reduce(inside)) / inside.size if inside.size else 1.0
            self._means[window] = round(mean, 3)
        return self._means[window]
