"""How likely a phrase that was found was truly said: a curve fitted to labels, kept beside a rubric."""

import math
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

from pydantic import Field

from audit import yamlfile

SUFFIX = ".confidence.yaml"
"""`NAME.confidence.yaml` beside `NAME.yaml` holds the curve of its phrases."""

Share = Annotated[float, Field(ge=0, le=1)]


class Confidence(yamlfile.Checked):
    """Turns how alike and how surely heard the words of a phrase are (0..1) into how likely it was said.

    The likelihood is logistic in the raw confidence: a common curve, and an offset for each phrase that had
    labels, which few labels move little. Of other phrases nothing is known: they keep their raw confidence.
    """

    made: str
    """How the curve came about, in words."""
    wanted: Share
    """The precision for which `sure` was chosen."""
    sure: Share
    """Below this likelihood no verdict is given."""
    intercept: float
    slope: Annotated[float, Field(ge=0)]
    offsets: dict[str, float] = {}

    def of(self, phrase: str, raw: float) -> float | None:
        """The likelihood, 0..1, that a phrase found so surely was said; None where it had no labels."""
        if phrase not in self.offsets:
            return None
        return self.likelihood(raw, self.offsets[phrase])

    def likelihood(self, raw: float, offset: float = 0.0) -> float:
        """The likelihood, 0..1, of a raw confidence on the common curve moved by an offset."""
        nats = self.intercept + offset + self.slope * raw
        return round(1 / (1 + math.exp(-max(-30.0, min(30.0, nats)))), 3)


def beside(path: Path) -> Path:
    """Where the curve of the rubric in a file lies."""
    return path.with_name(path.stem + SUFFIX)


def read_confidence(rubric: Path, phrases: Collection[str]) -> Confidence | None:
    """The curve beside a rubric with these phrases; None where there is none.

    Raises:
        yamlfile.BadFile: it cannot be read or is of phrases that the rubric does not have, at its line.
    """
    path = beside(rubric)
    if not path.is_file():
        return None
    document = yamlfile.read_document(path)
    found = yamlfile.check(document, Confidence)
    for name in found.offsets if found else ():
        if name not in phrases:
            near = yamlfile.nearest(name, list(phrases))
            document.report(("offsets", name), f"no phrase '{name}' in {rubric.name}{near}", where="offsets")
    document.raise_problems()
    return found
