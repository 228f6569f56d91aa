"""How rightly things that people wear are told by pictures: caps, masks, badges and aprons painted on people.

    bench/worn.py FOLDER … [--pictures 5 8 16] [--json]

A FOLDER holds videos and pictures; NAME.truth.json beside one (rendered people) tells its people apart, of
others the largest person counts. Each of `DESIGNS` houses has a cap, a mask, a badge and an apron of its own;
half of the people wear each, and a third of the others what is easily taken for it: a band in the hair, a
beard, a pocket, a shirt of the apron's colour. Few people serve as reference pictures, one picture each, all
others are asked about. What is painted is flat and has no folds: synthetic, and easier than cloth.
"""

import argparse
import collections
import itertools
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from audit.lookbook import MARGIN, PART_OF, Pictures, Thing, part_row, scores
from audit.signals.worn import FEWEST_FRAMES, Vote, vote
from models.frames import Frame, Frames
from models.landmarks import Landmarkers
from models.looks import PARTS, SIZE, Embedder, looks_of
from models.people import landmarkers, sightings

DESIGNS, SPLITS, FRAMES, FRAMES_PER_S = 3, 4, 5, 2.0

CLOTH = (
    (20, 90, 60),
    (150, 25, 45),
    (25, 40, 110),
    (20, 20, 24),
    (235, 232, 225),
    (200, 120, 20),
    (90, 60, 40),
)
PLASTIC = ((240, 240, 240), (245, 225, 120), (20, 40, 110), (200, 200, 205), (160, 20, 30))
FLEECE = ((150, 190, 225), (235, 238, 240), (30, 30, 34))
HAIR = ((20, 16, 12), (80, 64, 48), (120, 100, 70))

PICTURES = (".jpg", ".png")
VIDEOS = (".mp4", ".mkv", ".avi", ".gif")

Colour = tuple[int, ...]


class Seen(NamedTuple):
    """Somebody in one frame, cut out with a margin."""

    picture: np.ndarray
    pose_px: np.ndarray


class Person(NamedTuple):
    """Somebody in one clip; `who` is the same in all clips of a rendered character."""

    who: str
    frames: list[Seen]


def people_in(video: Path, workers: list[Landmarkers]) -> list[Person]:
    truth_file = video.with_name(video.stem + ".truth.json")
    truth = json.loads(truth_file.read_text("utf-8")) if truth_file.exists() else None
    found: dict[str, list[Seen]] = collections.defaultdict(list)
    read = pictures_in(video) if video.suffix in PICTURES else Frames(video, FRAMES_PER_S)
    for number, (frame, seen) in enumerate(sightings(read, workers)):
        if number == FRAMES:
            break
        posed = [one for one in seen if np.isfinite(one["pose_px"]).all()]
        if truth is None:
            posed = sorted(posed, key=lambda one: -float(np.prod(one["box"][2:] - one["box"][:2])))[:1]
        for one in posed:
            who = video.stem if truth is None else character(truth, frame.time_s, one["box"] * frame.scale)
            if who:
                found[who].append(cut_out(frame.picture, one["pose_px"]))
    return [Person(who, frames) for who, frames in found.items()]


def pictures_in(file: Path) -> Iterator[Frame]:
    read = cv2.imread(str(file))
    if read is not None:
        scale = min(1.0, 1600 / max(read.shape[:2]))
        smaller = cv2.resize(read, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        yield Frame(0.0, np.asarray(cv2.cvtColor(smaller, cv2.COLOR_BGR2RGB), np.uint8), 1.0)


def character(truth: dict[str, Any], time_s: float, box: np.ndarray) -> str:
    """Who of the truth has the box nearest to this one."""
    frame = min(truth["frames"], key=lambda f: abs(f["t"] - time_s))
    off = {}
    for label, person in frame["persons"].items():
        if None not in (person.get("bbox2d") or [None]):
            off[label] = float(np.abs(np.array(person["bbox2d"]) - box).max())
    nearest = min(off, key=lambda label: off[label], default=None)
    return truth["persons"][nearest]["character"] if nearest and off[nearest] < 60 else ""


def cut_out(picture: np.ndarray, pose_px: np.ndarray) -> Seen:
    low, high = pose_px[:, :2].min(axis=0), pose_px[:, :2].max(axis=0)
    margin = 0.5 * float((high - low).max())
    left, top = np.maximum(0, low - margin).astype(int)
    right, bottom = (high + margin).astype(int)
    moved = pose_px.copy()
    moved[:, :2] -= (left, top)
    return Seen(picture[top:bottom, left:right].copy(), moved)


class Body:
    """Where things are painted: on the torso from the hips (0) to the shoulders (1), and on the head."""

    def __init__(self, pose_px: np.ndarray) -> None:
        at = pose_px[:, :2].astype(np.float64)
        shoulders, self.hips = at[[11, 12]].mean(axis=0), at[[23, 24]].mean(axis=0)
        self.torso = float(np.linalg.norm(shoulders - self.hips))
        self.up = (shoulders - self.hips) / self.torso
        self.right = np.array([-self.up[1], self.up[0]])
        ears, wide = (float(np.linalg.norm(at[a] - at[b])) for a, b in ((7, 8), (11, 12)))
        self.scale = max(self.torso, 1.2 * wide, 3.2 * ears)
        self.eyes, self.mouth = at[[2, 5]].mean(axis=0), at[[9, 10]].mean(axis=0)
        crown = (self.eyes - self.mouth) / max(1e-6, float(np.linalg.norm(self.eyes - self.mouth))) + self.up
        self.crown = crown / max(1e-6, float(np.linalg.norm(crown)))
        self.aside = np.array([-self.crown[1], self.crown[0]])
        self.faces = float((at[7] - at[8]) @ self.aside) / self.scale
        self.turned = float(np.clip((at[0] - at[[7, 8]].mean(axis=0)) @ self.aside / max(1.0, ears), -1, 1))

    def on_torso(self, *points: tuple[float, float]) -> np.ndarray:
        return np.array([self.hips + self.torso * (x * self.right + y * self.up) for x, y in points])

    def on_head(self, middle: np.ndarray, *points: tuple[float, float]) -> np.ndarray:
        return np.array([middle + self.scale * (x * self.aside + y * self.crown) for x, y in points])


def paint(
    picture: np.ndarray, corners: np.ndarray, colour: Colour, rng: np.random.Generator, much: float = 0.95
) -> np.ndarray:
    """The picture with a patch of a colour that keeps light and shade of what it covers."""
    low = np.maximum(0, corners.min(axis=0) - 8).astype(int)
    high = (corners.max(axis=0) + 8).astype(int)
    inside = slice(low[1], high[1]), slice(low[0], high[0])
    under = picture[inside]
    mask = np.zeros(under.shape[:2], np.float32)
    if not mask.size:
        return picture
    cv2.fillPoly(mask, [np.rint((corners - low) * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    if (mask > 0.5).sum() < 6:
        return picture
    light = cv2.GaussianBlur(cv2.cvtColor(under, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 2.0)
    shade = np.clip((light + 25) / (np.median(light[mask > 0.5]) + 25), 0.55, 1.45)
    lit = np.clip(picture.mean() / 110, 0.5, 1.2)
    layer = np.array(colour, np.float32) * lit * shade[..., None] + rng.normal(0, 4, light.shape)[..., None]
    share = much * cv2.GaussianBlur(mask, (0, 0), 0.8)[..., None]
    painted = picture.copy()
    painted[inside] = np.clip(under * (1 - share) + layer * share, 0, 255).astype(np.uint8)
    return painted


def worn(thing: Thing, picture: np.ndarray, body: Body, house: Any, rng: np.random.Generator) -> np.ndarray:
    """The picture with the house's thing on somebody."""
    cloth = CLOTH[house.integers(len(CLOTH))]
    j = rng.normal(0, 0.02, 4)
    if thing == "apron":
        wide, low = house.uniform(0.85, 1.1), -0.55 - house.uniform(-0.1, 0.15)
        bib, waist, top = 0.19 * wide + j[0], 0.36 * wide + j[1], 0.78 + j[2]
        half = [(bib, top), (bib + 0.03, 0.35), (waist, 0.2), (waist + 0.04, low + j[3])]
        picture = paint(picture, body.on_torso(*half, *((-x, y) for x, y in reversed(half))), cloth, rng)
        for side in (-1, 1):
            strap = ((side * bib, top), (side * (bib - 0.05), top), (side * 0.09, 1.02), (side * 0.13, 1.02))
            picture = paint(picture, body.on_torso(*strap), cloth, rng)
        return picture
    if thing == "badge":
        plastic = PLASTIC[house.integers(len(PLASTIC))]
        ink = (30, 30, 30) if sum(plastic) > 360 else (240, 240, 240)
        wide, high = house.uniform(0.065, 0.095), house.uniform(0.035, 0.055)
        x, y = 0.17 + j[0], 0.68 + 2 * j[1]
        plate = [(x + a * wide, y + b * high + a * j[2] / 2) for a, b in ((-1, 1), (1, 1), (1, -1), (-1, -1))]
        line = [(x + a * 0.8 * wide, y + b * high) for a, b in ((-1, 0.1), (1, 0.1), (1, -0.5), (-1, -0.5))]
        picture = paint(picture, body.on_torso(*plate), plastic, rng, 1.0)
        return paint(picture, body.on_torso(*line), ink, rng)
    if thing == "head_cover":
        base, high = 0.07 + j[0] / 2, 0.2 + j[1] / 2
        dome = [(0.185 * np.cos(a), base + high * np.sin(a)) for a in np.linspace(0, np.pi, 24)]
        picture = paint(picture, body.on_head(body.eyes, *dome), cloth, rng)
        if body.faces > 0.05:
            x = 0.12 * body.turned
            visor = [
                (-0.17 + x, base),
                (0.17 + x, base),
                (0.13 + 1.4 * x, base - 0.055),
                (-0.13 + 1.4 * x, base - 0.055),
            ]
            picture = paint(picture, body.on_head(body.eyes, *visor), tuple(int(0.7 * c) for c in cloth), rng)
        return picture
    half, x = 0.125 * min(1.0, max(0.5, body.faces / 0.28)), 0.06 * body.turned
    mask = [(-half, 0.06), (x, 0.1 + j[0] / 2), (half, 0.06), (0.95 * half, -0.04)]
    mask += [(0.5 * (half + x), -0.11), (0.5 * (x - half), -0.11), (-0.95 * half, -0.04)]
    return paint(picture, body.on_head(body.mouth, *mask), FLEECE[house.integers(len(FLEECE))], rng)


def alike(thing: Thing, picture: np.ndarray, body: Body, house: Any, rng: np.random.Generator) -> np.ndarray:
    """The picture with what is easily taken for the house's thing."""
    cloth = CLOTH[house.integers(len(CLOTH))]
    if thing == "apron":
        shirt = ((-0.36, 0.98), (0.36, 0.98), (0.33, 0.0), (-0.33, 0.0))
        return paint(picture, body.on_torso(*shirt), cloth, rng, 0.85)
    if thing == "badge":
        pocket = ((0.07, 0.76), (0.27, 0.76), (0.27, 0.54), (0.07, 0.54))
        return paint(picture, body.on_torso(*pocket), tuple(rng.integers(20, 220, 3)), rng, 0.35)
    if thing == "head_cover":
        band = ((-0.17, 0.12), (0.17, 0.12), (0.16, 0.17), (-0.16, 0.17))
        return paint(picture, body.on_head(body.eyes, *band), cloth, rng)
    half = 0.11 * min(1.0, max(0.5, body.faces / 0.28))
    beard = (
        (-half, 0.03),
        (-0.6 * half, -0.01),
        (0.6 * half, -0.01),
        (half, 0.03),
        (0.7 * half, -0.1),
        (-0.7 * half, -0.1),
    )
    return paint(picture, body.on_head(body.mouth, *beard), HAIR[rng.integers(len(HAIR))], rng, 0.8)


def dressed(people: list[Person], design: int, embed: Embedder) -> tuple[np.ndarray, list[np.ndarray]]:
    """Which of the things (in the order of `PART_OF`) each person wears, (n, 4), and the numbers of each in
    every frame, (frames, 4, `SIZE`)."""
    rng = np.random.default_rng(design)
    wears = rng.random((len(people), len(PART_OF))) < 0.5
    tempts = rng.random(wears.shape) < 1 / 3
    rows = []
    for person, on, near in zip(people, wears, tempts, strict=True):
        seen = []
        for frame in person.frames:
            picture, body = frame.picture, Body(frame.pose_px)
            # The apron first: a badge is worn on it.
            for thing in ("apron", "badge", "head_cover", "face_mask"):
                number = list(PART_OF).index(thing)
                house = np.random.default_rng(zlib.crc32(f"{design} {thing}".encode()))
                if on[number]:
                    picture = worn(thing, picture, body, house, rng)
                elif near[number]:
                    picture = alike(thing, picture, body, house, rng)
            seen.append(looks_of(picture, frame.pose_px, embed))
        rows.append(np.array(seen).reshape(-1, len(PARTS), SIZE))
    return wears, rows


def split(
    people: list[Person], wears: np.ndarray, rows: list[np.ndarray], each: int, seed: int
) -> tuple[Pictures, set[str]]:
    """References, one frame a person, `each` with and without, and who served as one."""
    rng = np.random.default_rng(seed)
    chosen: dict[bool, list[np.ndarray]] = {True: [], False: []}
    used: set[str] = set()
    for number in rng.permutation(len(people)):
        known = np.flatnonzero(np.isfinite(rows[number][:, 0]))
        side = chosen[bool(wears[number])]
        if len(known) and len(side) < each and people[number].who not in used:
            side.append(rows[number][rng.choice(known)])
            used.add(people[number].who)
    return Pictures(*(np.array(chosen[on]).reshape(-1, SIZE) for on in (True, False))), used


def figures(told: list[tuple[bool, bool | None]]) -> dict[str, float | int | None]:
    """Of (truly worn, told so; None: not told): share told, precision and recall of "worn" among those told,
    and of how many "not worn" is wrong."""
    known = [(true, said) for true, said in told if said is not None]
    hits, false = sum(t and s for t, s in known), sum(s and not t for t, s in known)
    missed, right = sum(t and not s for t, s in known), sum(not t and not s for t, s in known)

    def share(part: int, whole: int) -> float | None:
        return round(part / whole, 3) if whole else None

    return {
        "asked": len(told),
        "told": share(len(known), len(told)),
        "right_of_told": share(hits + right, len(known)),
        "precision": share(hits, hits + false),
        "recall": share(hits, hits + missed),
        "wrongly_accused": share(missed, missed + right),
    }


def measured(people: list[Person], counts: list[int]) -> dict[str, Any]:
    """For each number of reference pictures, per thing: figures of single frames, and of people over them."""
    embed = Embedder()
    told: dict[tuple[int, str, str], list[tuple[bool, bool | None]]] = collections.defaultdict(list)
    for design in range(DESIGNS):
        wears, rows = dressed(people, design, embed)
        for number, thing in enumerate(PART_OF):
            part = [one[:, part_row(thing)] for one in rows]
            for each, seed in itertools.product(counts, range(SPLITS)):
                pictures, used = split(people, wears[:, number], part, each, seed)
                if min(map(len, pictures)) < each:
                    continue
                for person, on, own in zip(people, wears[:, number], part, strict=True):
                    if person.who in used or not np.isfinite(own[:, 0]).any():
                        continue
                    read = scores(pictures, own)
                    for one in read[np.isfinite(read)]:
                        said = bool(one > 0) if abs(one) >= MARGIN else None
                        told[each, thing, "frames"].append((bool(on), said))
                    if len(own) < FEWEST_FRAMES:
                        continue
                    voted = vote(np.arange(len(read)) / FRAMES_PER_S, read)
                    said = voted.share > 0.5 if isinstance(voted, Vote) else None
                    told[each, thing, "persons"].append((bool(on), said))
    return {
        f"{each} pictures": {
            thing: {of: figures(told[each, thing, of]) for of in ("frames", "persons")} for thing in PART_OF
        }
        for each in counts
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument(
        "--pictures",
        type=int,
        nargs="+",
        default=[8],
        help="reference pictures with, and as many without, a thing",
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    videos = [
        video
        for folder in options.folders
        for video in sorted(folder.iterdir())
        if video.suffix in PICTURES + VIDEOS
    ]
    with landmarkers(1) as workers:
        people = [person for video in videos for person in people_in(video, workers)]
    found = {"people": len(people)} | measured(people, options.pictures)
    print(json.dumps(found) if options.json else json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
