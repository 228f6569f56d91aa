"""Truth about recordings of people, as it lies in the data sets, and what of it a folder holds."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from models.errors import ComportError

SUFFIX = ".truth.json"


class BadTruth(ComportError):
    """A folder without truth, or truth that cannot be read."""

    def __init__(self, path: str, found: str, expected: str) -> None:
        super().__init__(path, found, expected)
        self.path, self.found, self.expected = path, found, expected

    def __str__(self) -> str:
        return f"{self.path}: {self.found}; expected {self.expected}"


class Lens(msgspec.Struct, frozen=True):
    """A camera without distortion: pixels, and where the world is seen from (`R` x + `t`, metres, z up)."""

    fx: float
    fy: float
    cx: float
    cy: float
    R: tuple[tuple[float, float, float], ...]
    t: tuple[float, float, float]


class Person(msgspec.Struct, frozen=True):
    """Who it is; `role` is `employee` or `customer`."""

    role: str
    sex: str = "unsaid"
    skin_tone: str = "unsaid"
    height_m: float | None = None
    uniform_srgb: tuple[int, int, int] | None = None


class Body(msgspec.Struct, frozen=True):
    """A person in one frame; `bbox2d` is left, top, right, bottom in pixels, `hip_centre` world metres."""

    hip_centre: tuple[float, float, float]
    head_in_frame: bool
    in_frame_fraction: float
    bbox2d: tuple[float | None, ...] | None = None
    smile: float = 0.0
    head_yaw_to_camera_deg: float | None = None

    @property
    def visible(self) -> bool:
        """More than a third of the body and the head: what a person detector can be asked for."""
        return self.head_in_frame and self.in_frame_fraction > 0.35 and None not in (self.bbox2d or [None])


class Apart(msgspec.Struct, frozen=True):
    ground_distance_m: float


class Moment(msgspec.Struct, frozen=True):
    """One frame: everybody by label, and each pair as `label|label`."""

    t: float
    persons: dict[str, Body]
    pairs: dict[str, Apart] = {}


class Labelled(msgspec.Struct, frozen=True):
    """A stretch of time in seconds in which a person does something."""

    label: str
    start: float
    end: float


class Happened(msgspec.Struct, frozen=True):
    event: str
    t: float


class Said(msgspec.Struct, frozen=True):
    speaker: str
    start: float
    end: float


class Truth(msgspec.Struct, frozen=True):
    """All that is known of a rendered clip."""

    duration_s: float
    camera: Lens
    persons: dict[str, Person]
    frames: tuple[Moment, ...]
    gestures: dict[str, tuple[Labelled, ...]] = {}
    events: tuple[Happened, ...] = ()
    intervals: dict[str, tuple[tuple[float, float], ...]] = {}
    transcript: tuple[Said, ...] = ()
    spec: dict[str, Any] = {}
    """How the clip was asked for; `expected_uniform_srgb` is what the employee should wear."""


class Found(NamedTuple):
    """What truth a folder and those below it hold: files of truth, or folders of a data set."""

    rendered: tuple[Path, ...]
    panoptic: tuple[Path, ...]
    pets: tuple[Path, ...]
    smiles: tuple[Path, ...]
    scenes: tuple[Path, ...]


VISIBLE = ("staff_visible", "customer_visible")
"""The columns that say whether anybody of a role is in a clip: yes, no or unclear."""


def find_truth(folder: Path) -> Found:
    """Everything that can be compared under `folder`.

    Raises:
        BadTruth: it is no folder, or there is no truth in it.
    """
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise BadTruth(str(folder), what, "a folder with recordings and their truth")
    labels = {path: columns(path) for path in sorted(folder.rglob("labels.csv"))}
    found = Found(
        tuple(sorted(folder.rglob(f"*{SUFFIX}"))),
        tuple(p.parent for p in sorted(folder.rglob("derived_pair_distances.csv"))),
        tuple(p.parent for p in sorted(folder.rglob("pair_distances.csv"))),
        tuple(path for path, names in labels.items() if {"file", "smile"} <= names),
        tuple(path for path, names in labels.items() if {"file", *VISIBLE} <= names),
    )
    if not any(found):
        kinds = "NAME.truth.json, labels.csv (smile, or staff_visible and customer_visible), PETS or Panoptic"
        raise BadTruth(str(folder), "no truth about people", f"some of: {kinds}")
    return found


def load_truth(path: Path) -> Truth:
    """The truth of a rendered clip.

    Raises:
        BadTruth: it cannot be read, or something is missing in it.
    """
    try:
        truth = msgspec.json.decode(path.read_bytes(), type=Truth)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadTruth(str(path), str(error), "the truth of a rendered clip") from error
    named = {said.speaker for said in truth.transcript} | truth.gestures.keys()
    for moment in truth.frames:
        named |= moment.persons.keys() | {name for pair in moment.pairs for name in pair.split("|")}
        if not all(pair.count("|") == 1 for pair in moment.pairs):
            raise BadTruth(str(path), f"pairs named {', '.join(moment.pairs)}", "two labels: one|other")
    if strangers := sorted(named - truth.persons.keys()):
        raise BadTruth(str(path), f"nothing of who {', '.join(strangers)} is", "every label among `persons`")
    return truth


def columns(path: Path) -> set[str]:
    """The names of a table's columns.

    Raises:
        BadTruth: it cannot be read.
    """
    return set(next(rows(path), {}))


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a table with names above its columns.

    Raises:
        BadTruth: it cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadTruth(str(path), str(error), "a table with commas") from error


def only(folder: Path, pattern: str) -> Path:
    """The first file of this kind in a folder.

    Raises:
        BadTruth: there is none.
    """
    found = sorted(folder.glob(pattern))
    if not found:
        raise BadTruth(str(folder), f"no {pattern}", "the data set as it is given out")
    return found[0]
