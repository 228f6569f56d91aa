"""Words of a conversation as arrays."""

import numpy as np
from numpy.typing import NDArray

from models.observations import Span


class Heard:
    """Words as arrays of shape `(n,)`, in order of their start."""

    def __init__(
        self,
        starts_s: NDArray[np.float64],
        ends_s: NDArray[np.float64],
        probabilities: NDArray[np.float64],
    ) -> None:
        self.starts_s, self.ends_s, self.probabilities = starts_s, ends_s, probabilities
        self._means: dict[Span, float] = {}

    def mean_probability(self, window: Span) -> float:
        """How surely the words in the window were heard, 0..1; 1 where there are none."""
        if window not in self._means:
            first, last = np.searchsorted(self.starts_s, (window.start_s, window.end_s)).tolist()
            inside = self.probabilities[first:last]
            self._means[window] = round(float(inside.mean()), 3) if inside.size else 1.0
        return self._means[window]
