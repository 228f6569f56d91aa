"""What the things that people wear look like: pictures of the house, read into numbers beside a rubric.

`NAME.looks.json` beside `NAME.yaml` holds, for each thing, the numbers of pictures of people with it and of
people without it (`models.looks`); `comport rubric pictures` writes it. The pictures themselves are not kept.
"""

import base64
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from audit.yamlfile import BadFile, Checked, Problem
from models.looks import PARTS, SIZE

Array = NDArray[np.float64]

Thing = Literal["head_cover", "badge", "apron", "face_mask"]

PART_OF: Mapping[Thing, str] = {
    "head_cover": "head",
    "badge": "chest",
    "apron": "front",
    "face_mask": "face",
}
"""Where on a body each thing is looked for: a part of `models.looks.PARTS`."""

SUFFIX = ".looks.json"

FEWEST_PICTURES = 5
"""So many pictures with and without a thing are needed: of the frames that tell of a badge 0.81 are right
with three of each, 0.95 with five (`docs/accuracy.md`, "What people wear")."""

MARGIN = 0.25
"""A crop is told when its score, -1 without and 1 with the thing, is that far from the middle."""

STIFFNESS = 0.1
"""How much is added to the pictures' own likeness, as a share of its mean, so that single ones do not decide:
0.1 and 1 tell alike (`docs/accuracy.md`)."""


MOST_PICTURES = 200
"""So many of each side are read at most: ten times as many as `docs/rubrics.md` asks for. Our choice; what
comparing takes grows with its square."""

MOST_BYTES = 8 * MOST_PICTURES * SIZE * 4
"""More than eight sides of as many rows take: 2 bytes a number, in base64 4/3 of it."""


class Lookbook(Checked):
    """The numbers of the pictures: of each thing those with it and those without it."""

    made: str
    """What read them: only what the same has read can be compared."""
    things: dict[Thing, tuple[str, str]]
    """With, without: float16 rows of `SIZE` numbers, in base64."""

    def of(self, thing: Thing) -> "Pictures | None":
        """The pictures of a thing; None where there are none."""
        return Pictures(*map(_unpacked, self.things[thing])) if thing in self.things else None

    def teller(self, thing: Thing) -> "Teller":
        """What compares with the pictures of a thing that is among `things`."""
        if thing not in self._tellers:
            self._tellers[thing] = compare(Pictures(*map(_unpacked, self.things[thing])))
        return self._tellers[thing]

    @functools.cached_property
    def _tellers(self) -> "dict[Thing, Teller]":
        return {}

    @property
    def parts(self) -> frozenset[str]:
        """The parts of people that the things are looked for on (`models.looks.PARTS`)."""
        return frozenset(PART_OF[thing] for thing in self.things)


class Pictures(NamedTuple):
    """Numbers (n, `SIZE`) of pictures with a thing, and of pictures without it."""

    with_it: Array
    without: Array

    @property
    def lacking(self) -> str:
        """What is missing before anything could be told, in words; empty when nothing is."""
        if min(len(self.with_it), len(self.without)) >= FEWEST_PICTURES:
            return ""
        have = f"{len(self.with_it)} with it and {len(self.without)} without"
        return f"too few reference pictures ({have}); {FEWEST_PICTURES} of each are needed"


def packed(rows: NDArray[np.floating]) -> str:
    """Rows (n, `SIZE`) as text."""
    return base64.b64encode(np.asarray(rows, "<f2").reshape(-1, SIZE).tobytes()).decode()


def _unpacked(text: str) -> Array:
    return np.frombuffer(base64.b64decode(text, validate=True), "<f2").reshape(-1, SIZE).astype(np.float64)


class Teller(NamedTuple):
    """What pictures with a thing and without it differ in."""

    middle: Array
    weights: Array

    def scores(self, rows: NDArray[np.floating]) -> Array:
        """How much each row (n, `SIZE`) looks like the pictures with the thing: 1, or like those without it:
        -1. NaN stays."""
        return np.asarray((rows - self.middle) @ self.weights, np.float64)


def compare(pictures: Pictures) -> Teller:
    """A ridge regression on the pictures, both sides weighing the same, so that what differs between them
    counts and what all have in common does not."""
    known = np.concatenate([pictures.with_it, pictures.without])
    wanted = np.repeat([1.0, -1.0], [len(pictures.with_it), len(pictures.without)])
    middle = (pictures.with_it.mean(axis=0) + pictures.without.mean(axis=0)) / 2
    known = known - middle
    alike = known @ known.T
    alike += STIFFNESS * np.trace(alike) / len(alike) * np.eye(len(alike))
    return Teller(middle, known.T @ np.linalg.solve(alike, wanted))


def scores(pictures: Pictures, rows: NDArray[np.floating]) -> Array:
    """`Teller.scores` of rows by pictures that are compared with once only."""
    return compare(pictures).scores(rows)


def left_out(pictures: Pictures) -> Array:
    """The score of each picture by all others, those with the thing first: towards the right side 1, towards
    the wrong one -1, within `MARGIN` of 0 nothing is told. Two pictures of each side are needed."""
    told = []
    for number, sign in enumerate((1.0, -1.0)):
        for row in range(len(pictures[number])):
            rest = list(pictures)
            rest[number] = np.delete(rest[number], row, axis=0)
            told.append(sign * float(scores(Pictures(*rest), pictures[number][row : row + 1])[0]))
    return np.array(told)


def beside(path: Path) -> Path:
    """Where the numbers of the pictures of the rubric in a file lie."""
    return path.with_name(path.stem + SUFFIX)


def read_lookbook(rubric: Path) -> Lookbook | None:
    """What lies beside a rubric; None where nothing does.

    Raises:
        yamlfile.BadFile: it cannot be read, or is damaged.
    """
    path = beside(rubric)
    if not path.is_file():
        return None
    remedy = f"make it anew: comport rubric pictures {rubric.name}"
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadFile((Problem(str(path), 1, "", f"more than {MOST_BYTES:,} bytes; {remedy}"),))
        found = Lookbook.model_validate_json(path.read_bytes())
        wrong = next(filter(None, (_wrong(side) for pair in found.things.values() for side in pair)), "")
    except (ValidationError, ValueError, OSError) as error:
        raise BadFile((Problem(str(path), 1, "", f"damaged ({type(error).__name__}); {remedy}"),)) from error
    if wrong:
        raise BadFile((Problem(str(path), 1, "", f"damaged ({wrong}); {remedy}"),))
    return found


def _wrong(side: str) -> str:
    """What is wrong with the rows of one side, in words; empty when nothing is."""
    rows = _unpacked(side)
    if len(rows) > MOST_PICTURES:
        return f"{len(rows)} pictures of a side, at most {MOST_PICTURES}"
    # Float16 leaves a length of 1 within a thousandth; infinite and missing numbers have no length.
    if not (np.abs(np.linalg.norm(rows, axis=1) - 1) < 0.01).all():
        return "rows of numbers that no picture has"
    return ""


def part_row(thing: Thing) -> int:
    """The row of a thing's part in `observations.Look.parts`."""
    return list(PARTS).index(PART_OF[thing])
