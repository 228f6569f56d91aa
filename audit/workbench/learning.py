"""Pictures of what people wear, read into the numbers that lie beside a rubric."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audit import yamlfile
from audit.lookbook import MARGIN, MOST_PICTURES, Lookbook, Thing, beside, left_out, packed, part_row
from audit.rubric import Rubric
from models.errors import ComportError
from models.looks import read_pictures, reader
from models.observations import write_whole

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")

SIDES = ("with", "without")
"""The two folders of pictures of a thing."""

LONGEST_PX = 1920
"""Larger pictures are looked at in this size, as frames of a video are."""


class NotLearnt(ComportError):
    """Pictures that cannot be read."""

    def __init__(self, place: str, found: str, remedy: str) -> None:
        super().__init__(place, found, remedy)
        self.place, self.found, self.remedy = place, found, remedy

    def __str__(self) -> str:
        return f"{self.place}: {self.found}; {self.remedy}"


class Learnt(NamedTuple):
    """What the pictures of one thing are worth."""

    thing: Thing
    with_it: int
    without: int
    unread: tuple[str, ...]
    """Names of pictures in which the part of the body could not be seen."""
    right: int
    wrong: int
    untold: int
    """How each picture is told by all the others."""
    lacking: str


def learn(path: Path, rubric: Rubric, progress: Callable[[int, int], None]) -> tuple[Learnt, ...]:
    """Reads the pictures that the rubric in a file names, and writes their numbers beside it.

    Raises:
        NotLearnt: the rubric names no folder, or one outside its own, none of them is there, one holds too
            many pictures, or a picture cannot be read.
        weights.MissingWeights: what is needed to see people is not here.
    """
    folders = rubric.appearance.folders if rubric.appearance else {}
    if not folders:
        example = "name a folder, for example appearance: {badge: pictures/badge}"
        raise NotLearnt(str(path), "names no pictures", example)
    files = [
        (thing, side, file)
        for thing, folder in folders.items()
        for side in SIDES
        for file in _pictures(path, f"{folder}/{side}")
    ]
    if not files:
        places = ", ".join(f"{folder}/{side}" for folder in folders.values() for side in SIDES)
        raise NotLearnt(str(path), "there are no pictures yet", f"put them into {places} beside it")
    pictures = (_opened(file) for _, _, file in files)
    read = read_pictures(pictures, lambda done: progress(done, len(files)))
    rows: dict[tuple[Thing, str], list[NDArray[np.float32]]] = {(t, s): [] for t in folders for s in SIDES}
    unread: dict[Thing, list[str]] = {thing: [] for thing in folders}
    for (thing, side, file), parts in zip(files, read, strict=True):
        row = parts[part_row(thing)]
        if np.isfinite(row).all():
            rows[thing, side].append(row)
        else:
            unread[thing].append(f"{side}/{file.name}")
    things = {t: (packed(np.array(rows[t, "with"])), packed(np.array(rows[t, "without"]))) for t in folders}
    book = Lookbook(made=reader(), things=things)
    write_whole(beside(path), book.model_dump_json(indent=1).encode())
    # Who may read the rubric may read this.
    beside(path).chmod(path.stat().st_mode)
    return tuple(_worth(thing, book, tuple(unread[thing])) for thing in folders)


def _pictures(rubric: Path, name: str) -> list[Path]:
    folder = yamlfile.beside(str(rubric), name)
    if folder is None:
        raise NotLearnt(str(rubric), f"'{name}' lies outside the rubric's folder", "put it beside the rubric")
    found = sorted(f for f in folder.glob("*") if f.suffix.lower() in ENDINGS) if folder.is_dir() else []
    if len(found) > MOST_PICTURES:
        raise NotLearnt(str(folder), f"{len(found)} pictures", f"leave {MOST_PICTURES} there at most")
    return found


def _opened(file: Path) -> NDArray[np.uint8]:
    """The picture, RGB, upright as its Exif says."""
    import cv2

    try:
        content = file.read_bytes()
    except OSError as error:
        found = f"cannot be read ({error.strerror})"
        raise NotLearnt(str(file), found, "give JPEG or PNG, or take it out") from error
    # OpenCV refuses no bytes at all with an error of its own.
    read = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    if read is None:
        raise NotLearnt(str(file), "no picture that can be read", "give JPEG or PNG, or take it out")
    scale = min(1.0, LONGEST_PX / max(read.shape[:2]))
    size = (max(1, round(read.shape[1] * scale)), max(1, round(read.shape[0] * scale)))
    smaller = cv2.resize(read, size, interpolation=cv2.INTER_AREA) if scale < 1 else read
    return np.asarray(cv2.cvtColor(smaller, cv2.COLOR_BGR2RGB), np.uint8)


def _worth(thing: Thing, book: Lookbook, unread: tuple[str, ...]) -> Learnt:
    pictures = book.of(thing)
    told = left_out(pictures) if pictures and not pictures.lacking else np.zeros(0)
    right, wrong = int((told >= MARGIN).sum()), int((told <= -MARGIN).sum())
    sizes = (len(pictures.with_it), len(pictures.without)) if pictures else (0, 0)
    lacking = pictures.lacking if pictures else ""
    return Learnt(thing, *sizes, unread, right, wrong, len(told) - right - wrong, lacking)
