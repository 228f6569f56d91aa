"""How right the metres between people are, on recordings of which they are known.

Two data sets of real people are read as they are given out:
- Panoptic: `CC_CC_FRAME.jpg`, `camera_parameters.json`, `derived_*.csv` (calibrated cameras);
- PETS 2009: a video, `View_*.xml` (Tsai), `ground_truth.csv`, `pair_distances.csv` (floor plane).
"""

import itertools
import json
import math
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from audit.evaluate.truth import BadTruth, only, rows
from audit.signals.proxemics import INTIMATE_M, PERSONAL_M, SOCIAL_M
from models.camera import Camera, Floor
from models.geometry import distance, located
from models.observations import People, PersonTrack
from models.people import looked_at, perceive_people
from models.perceiving import Progress

Array = NDArray[np.float64]

ZONES_M, MARGIN_M = (INTIMATE_M, PERSONAL_M, SOCIAL_M), 0.15
"""Hall's borders, and how near to one a truth does not count."""

NEAR_M = 2.5
"""Up to here people of a counter stand from each other: `mae_near_m` is about these pairs."""

FRAME_S = 0.011
"""Times of truth and video are rounded: less than this apart they are of one frame."""

PETS_FPS = 10
"""The video's own rate; truth counts its frames."""

PETS_LOOKS_PER_S = 1.0
"""People who walk are elsewhere a second later: more frames say little more."""

PETS_FARTHEST_M = 5.0
"""Pairs of which the truth is more are not people who deal with each other."""


class Pair(NamedTuple):
    """Two people at one time: the distance read (NaN when one was not found), its interval, and the truth."""

    read_m: float
    low_m: float
    high_m: float
    true_m: float


def figures(pairs: list[Pair]) -> dict[str, float | int | None]:
    """What the pairs say together; None where there is nothing to say."""
    read, low, high, true = np.array(pairs, np.float64).reshape(-1, 4).T
    found = np.isfinite(read)
    errors, near = np.abs(read - true), found & (true <= NEAR_M)
    far = found & (np.abs(true[:, None] - ZONES_M).min(axis=1) >= MARGIN_M)
    right = np.digitize(read, ZONES_M) == np.digitize(true, ZONES_M)

    def mean(values: NDArray[Any], among: NDArray[np.bool_]) -> float | None:
        return round(float(values[among].mean()), 3) if among.any() else None

    return {
        "pairs": len(pairs),
        "found_share": mean(found, true > 0),
        "mae_m": mean(errors, found),
        "mae_near_m": mean(errors, near),
        "median_m": round(float(np.median(errors[found])), 3) if found.any() else None,
        "bias_m": mean(read - true, found),
        "zone_accuracy": mean(right, far),
        "interval_coverage": mean((low <= true) & (true <= high), found),
        "interval_width_m": mean(high - low, found),
    }


RANGES_M = (INTIMATE_M, PERSONAL_M, NEAR_M, SOCIAL_M)


def by_range(pairs: list[Pair]) -> dict[str, dict[str, float | int | None]]:
    """The figures of the pairs by how far apart they truly are; ranges without pairs are not in it."""
    edges = (0.0, *RANGES_M, math.inf)
    found = {}
    for low, high in itertools.pairwise(edges):
        inside = [pair for pair in pairs if low <= pair.true_m < high]
        if inside:
            found[f"from {low:g} m" if math.isinf(high) else f"{low:g} to {high:g} m"] = figures(inside)
    return found


def pair_at(
    people: People, one: PersonTrack | None, other: PersonTrack | None, time_s: float, true_m: float
) -> Pair:
    """The pair of two tracks at a time; not found when one of them is None or was not seen then."""
    if one is not None and other is not None:
        read = distance(people, one, other)
        row = np.flatnonzero(np.abs(read.times_s - time_s) < FRAME_S)
        if len(row):
            return Pair(read.metres[row[0]], read.low_m[row[0]], read.high_m[row[0]], true_m)
    return Pair(math.nan, math.nan, math.nan, true_m)


def at_box(people: People, box: Array, time_s: float) -> PersonTrack | None:
    """Whose box at this time overlaps the true one best, at least by 0.3."""
    best, found = 0.3, None
    for track in people.tracks:
        for row in np.flatnonzero(np.abs(track.times_s - time_s) < FRAME_S):
            alike = _overlap(track.boxes_px[row], np.clip(box, 0, [*people.size_px] * 2))
            if alike > best:
                best, found = alike, track
    return found


def _overlap(one: NDArray[Any], other: NDArray[Any]) -> float:
    sides = np.clip(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0, None)
    areas = np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])
    return float(np.prod(sides) / (areas - np.prod(sides)))


def panoptic(folder: Path, progress: Progress = lambda done, total: None) -> list[Pair]:
    """The pairs of all pictures of a Panoptic folder; a person whose torso lies outside one is no part of it.

    Raises:
        BadTruth: a file is missing or cannot be read.
    """
    import cv2

    given = json.loads(only(folder, "camera_parameters.json").read_text("utf-8"))["cameras"]
    cameras = {one["name"]: one for one in given}
    points = list(rows(folder / "derived_image_points.csv"))
    truths = list(rows(folder / "derived_pair_distances.csv"))
    pairs: list[Pair] = []
    images = sorted({row["image"] for row in points})
    for done, image in enumerate(images, start=1):
        read = cv2.imread(str(only(folder, image)))
        if read is None:
            raise BadTruth(str(folder / image), "no picture", "the data set as it is given out")
        picture = np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), np.uint8)
        seen = located(looked_at(picture), _panoptic_camera(cameras[image[:5]]))
        here = [r for r in points if r["image"] == image]
        who = {r["person"]: _nearest(seen, float(r["torso_u"]), float(r["torso_v"])) for r in here}
        inside = {r["person"] for r in here if r["torso_in_image"] == "1"}
        pairs += [
            pair_at(seen, who[row["person_a"]], who[row["person_b"]], 0.0, float(row["distance_m"]))
            for row in truths
            if row["frame"] in image and {row["person_a"], row["person_b"]} <= inside
        ]
        progress(done, len(images))
    return pairs


def _panoptic_camera(given: dict[str, Any]) -> Camera:
    matrix = np.array(given["K"])
    # Panoptic's floor is y = 0 with y down; ours is z = 0 with z up. Its unit is the centimetre.
    turn = np.array(given["R"]) @ np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    first, second, third = ((float(x), float(y), float(z)) for x, y, z in turn)
    x, y, z = (float(v) / 100 for v in np.array(given["t"]).reshape(-1))
    wide, high = given["resolution"]
    return Camera(
        (wide, high),
        (matrix[0, 0], matrix[1, 1]),
        (matrix[0, 2], matrix[1, 2]),
        tuple(given["distCoef"]),
        Floor((first, second, third), (x, y, z)),
    )


def _nearest(people: People, x: float, y: float) -> PersonTrack | None:
    """Whose torso is nearest to a point, within half its length."""
    best, found = math.inf, None
    for track in people.tracks:
        corners = track.pose_px[0, [11, 12, 23, 24], :2]
        length = np.hypot(*(corners[:2].mean(axis=0) - corners[2:].mean(axis=0)))
        apart = np.hypot(*(corners.mean(axis=0) - (x, y)))
        if apart < min(best, max(length / 2, 60)):
            best, found = apart, track
    return found


def pets(folder: Path, progress: Progress = lambda done, total: None) -> list[Pair]:
    """The pairs under `PETS_FARTHEST_M` of a PETS folder, in the frames of its truth that are looked at.

    Raises:
        BadTruth: a file is missing or cannot be read.
    """
    boxes: dict[int, dict[str, Array]] = {}
    for row in rows(folder / "ground_truth.csv"):
        x, y, w, h = (float(row[k]) for k in "xywh")
        boxes.setdefault(int(row["frame"]), {})[row["person"]] = np.array([x, y, x + w, y + h])
    truths: dict[int, list[tuple[str, str, float]]] = {}
    for row in rows(folder / "pair_distances.csv"):
        if float(row["distance_m"]) < PETS_FARTHEST_M:
            truth = (row["person_a"], row["person_b"], float(row["distance_m"]))
            truths.setdefault(int(row["frame"]), []).append(truth)
    last_s = max(truths, default=0) / PETS_FPS
    looked = perceive_people(
        only(folder, "*.mp4"), None, PETS_LOOKS_PER_S, lambda done_s, _: progress(done_s, last_s)
    )
    seen = located(looked, tsai(only(folder, "View_*.xml")).resized(looked.size_px))
    pairs: list[Pair] = []
    for time_s in seen.times_s:
        frame = round(time_s * PETS_FPS)
        who = {label: at_box(seen, box, time_s) for label, box in boxes.get(frame, {}).items()}
        pairs += [pair_at(seen, who.get(a), who.get(b), time_s, true) for a, b, true in truths.get(frame, [])]
    return pairs


def tsai(path: Path) -> Camera:
    """A camera calibrated after Tsai: millimetres, a world with z up, distortion by one coefficient."""
    parts = ElementTree.parse(path).getroot()  # noqa: S314  expat itself limits what entities grow to
    geometry, inner, outer = ({key: float(value) for key, value in part.attrib.items()} for part in parts)
    fx = inner["focal"] * inner["sx"] / geometry["dpx"]
    fy = inner["focal"] / geometry["dpy"]
    sa, ca = math.sin(outer["rx"]), math.cos(outer["rx"])
    sb, cb = math.sin(outer["ry"]), math.cos(outer["ry"])
    sg, cg = math.sin(outer["rz"]), math.cos(outer["rz"])
    turn = (
        (cb * cg, cg * sa * sb - ca * sg, sa * sg + ca * cg * sb),
        (cb * sg, sa * sb * sg + ca * cg, ca * sb * sg - cg * sa),
        (-sb, cb * sa, ca * cb),
    )
    shift = (outer["tx"] / 1000, outer["ty"] / 1000, outer["tz"] / 1000)
    bend = -inner["kappa1"] * inner["focal"] ** 2
    size_px = (int(geometry["width"]), int(geometry["height"]))
    return Camera(size_px, (fx, fy), (inner["cx"], inner["cy"]), (bend, 0.0, 0.0, 0.0), Floor(turn, shift))
