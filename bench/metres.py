"""How right the metres between people are, on recordings of which they are known.

    bench/metres.py FOLDER … [--json]

A FOLDER holds one of these, as they lie in the data sets:
- `NAME.mp4` with `NAME.truth.json` (rendered people: camera, `pairs`): by the right camera, and by one of
  which nothing is known;
- Panoptic: `CC_CC_FRAME.jpg`, `camera_parameters.json`, `derived_*.csv` (five calibrated cameras);
- PETS 2009: `view001.mp4`, `View_001.xml` (Tsai), `ground_truth.csv`, `pair_distances.csv` (floor plane).
"""

import argparse
import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np

from models.camera import Camera, Floor, assumed_camera
from models.geometry import distance, located
from models.observations import People, PersonTrack
from models.people import looked_at, perceive_people

ZONES_M, MARGIN_M = (0.45, 1.2, 3.6), 0.15
"""Hall's borders, and how near to one a truth does not count."""


PETS_FPS = 10
"""The video's own rate; truth counts its frames."""


class Pair(NamedTuple):
    """Two people at one time: the distance read (NaN when one was not found), its interval, and the truth."""

    read_m: float
    low_m: float
    high_m: float
    true_m: float


def figures(pairs: list[Pair]) -> dict[str, float | int | None]:
    """What the pairs say together; None where there is nothing to say."""
    read, low, high, true = np.array(pairs).reshape(-1, 4).T
    found = np.isfinite(read)
    errors, near = np.abs(read - true), found & (true <= 2.5)
    far = found & (np.abs(true[:, None] - ZONES_M).min(axis=1) >= MARGIN_M)
    right = np.digitize(read, ZONES_M) == np.digitize(true, ZONES_M)

    def mean(values: np.ndarray, among: np.ndarray) -> float | None:
        return round(float(values[among].mean()), 3) if among.any() else None

    return {
        "pairs": len(pairs),
        "found_share": mean(found, true > 0),
        "mae_m": mean(errors, found),
        "mae_to_2.5_m": mean(errors, near),
        "median_m": round(float(np.median(errors[found])), 3) if found.any() else None,
        "bias_m": mean(read - true, found),
        "zone_accuracy": mean(right, far),
        "interval_coverage": mean((low <= true) & (true <= high), found),
        "interval_width_m": mean(high - low, found),
    }


def pair_at(
    people: People, one: PersonTrack | None, other: PersonTrack | None, time_s: float, true_m: float
) -> Pair:
    if one is not None and other is not None:
        read = distance(people, one, other)
        row = np.flatnonzero(np.abs(read.times_s - time_s) < 0.011)
        if len(row):
            return Pair(read.metres[row[0]], read.low_m[row[0]], read.high_m[row[0]], true_m)
    return Pair(math.nan, math.nan, math.nan, true_m)


def rendered(folder: Path) -> Iterator[tuple[str, list[Pair]]]:
    for path in sorted(folder.glob("*.truth.json")):
        truth = json.loads(path.read_text())
        video = path.with_name(path.name.replace(".truth.json", ".mp4"))
        seen = perceive_people(video)
        size_px, given = seen.size_px, truth["camera"]
        right = Camera(size_px, (given["fx"], given["fy"]), (given["cx"], given["cy"]))
        for name, camera in (("right camera", right), ("unknown camera", assumed_camera(size_px))):
            by_camera = located(seen, camera)
            pairs = []
            for frame in truth["frames"]:
                time_s = round(frame["t"], 3)
                if np.abs(seen.times_s - time_s).min() > 0.011:
                    continue
                who = {label: _at(by_camera, np.array(p["bbox2d"]), time_s) for label, p in _visible(frame)}
                for names, pair in frame["pairs"].items():
                    one, other = names.split("|")
                    if one in who and other in who:
                        true_m = pair["ground_distance_m"]
                        pairs.append(pair_at(by_camera, who[one], who[other], time_s, true_m))
            yield f"{name}: {video.stem}", pairs


def _visible(frame: dict) -> Iterator[tuple[str, dict]]:
    for label, person in frame["persons"].items():
        if (
            person["head_in_frame"]
            and person["in_frame_fraction"] > 0.35
            and None not in (person["bbox2d"] or [None])
        ):
            yield label, person


def _at(people: People, box: np.ndarray, time_s: float) -> PersonTrack | None:
    """Whose box at this time overlaps the true one best, at least by 0.3."""
    best, found = 0.3, None
    for track in people.tracks:
        for row in np.flatnonzero(np.abs(track.times_s - time_s) < 0.011):
            alike = _overlap(track.boxes_px[row], np.clip(box, 0, [*people.size_px] * 2))
            if alike > best:
                best, found = alike, track
    return found


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    sides = np.clip(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0, None)
    areas = np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])
    return float(np.prod(sides) / (areas - np.prod(sides)))


def panoptic(folder: Path) -> Iterator[tuple[str, list[Pair]]]:
    import cv2

    cameras = {c["name"]: c for c in json.loads((folder / "camera_parameters.json").read_text())["cameras"]}
    points, truths = _rows(folder / "derived_image_points.csv"), _rows(folder / "derived_pair_distances.csv")
    for image in sorted({row["image"] for row in points}):
        given = cameras[image[:5]]
        matrix = np.array(given["K"])
        # Panoptic's floor is y = 0 with y down; ours is z = 0 with z up.
        turn = np.array(given["R"]) @ np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
        shift = tuple(np.array(given["t"]).reshape(-1) / 100)
        camera = Camera(
            tuple(given["resolution"]),
            (matrix[0, 0], matrix[1, 1]),
            (matrix[0, 2], matrix[1, 2]),
            tuple(given["distCoef"]),
            Floor(tuple(map(tuple, turn)), shift),
        )
        picture = cv2.cvtColor(cv2.imread(str(folder / image)), cv2.COLOR_BGR2RGB)
        seen = located(looked_at(picture), camera)
        who = {
            r["person"]: _nearest(seen, float(r["torso_u"]), float(r["torso_v"]))
            for r in points
            if r["image"] == image
        }
        inside = {r["person"] for r in points if r["image"] == image and r["torso_in_image"] == "1"}
        pairs = [
            pair_at(seen, who[row["person_a"]], who[row["person_b"]], 0.0, float(row["distance_m"]))
            for row in truths
            if row["frame"] in image and {row["person_a"], row["person_b"]} <= inside
        ]
        yield f"panoptic: {image}", pairs


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


def pets(folder: Path, most_frames: int) -> Iterator[tuple[str, list[Pair]]]:
    boxes: dict[int, dict[str, np.ndarray]] = {}
    for row in _rows(folder / "ground_truth.csv"):
        x, y, w, h = (float(row[k]) for k in "xywh")
        boxes.setdefault(int(row["frame"]), {})[row["person"]] = np.array([x, y, x + w, y + h])
    truths: dict[int, list[tuple[str, str, float]]] = {}
    for row in _rows(folder / "pair_distances.csv"):
        if float(row["distance_m"]) < 5:
            truth = (row["person_a"], row["person_b"], float(row["distance_m"]))
            truths.setdefault(int(row["frame"]), []).append(truth)
    seen = perceive_people(folder / "view001.mp4", frames_per_s=1.0)
    seen = located(seen, tsai(folder / "View_001.xml").resized(seen.size_px))
    pairs = []
    for time_s in seen.times_s[:most_frames]:
        frame = round(time_s * PETS_FPS)
        who = {label: _at(seen, box, time_s) for label, box in boxes.get(frame, {}).items()}
        pairs += [pair_at(seen, who.get(a), who.get(b), time_s, true) for a, b, true in truths.get(frame, [])]
    yield "pets: view001, pairs under 5 m", pairs


def tsai(path: Path) -> Camera:
    """A camera calibrated after Tsai: millimetres, a world with z up, distortion by one coefficient."""
    parts = ElementTree.parse(path).getroot()
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
    shift = tuple(outer[k] / 1000 for k in ("tx", "ty", "tz"))
    bend = -inner["kappa1"] * inner["focal"] ** 2
    size_px = (int(geometry["width"]), int(geometry["height"]))
    return Camera(size_px, (fx, fy), (inner["cx"], inner["cy"]), (bend, 0.0, 0.0, 0.0), Floor(turn, shift))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--frames", type=int, default=10_000, help="of PETS at most so many, one a second")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    groups: dict[str, list[Pair]] = {}
    for folder in arguments.folders:
        if (folder / "camera_parameters.json").exists():
            found = panoptic(folder)
        elif (folder / "View_001.xml").exists():
            found = pets(folder, arguments.frames)
        else:
            found = rendered(folder)
        for name, pairs in found:
            if pairs:
                told = figures(pairs)
                print(f"{name}: {told}")
                groups.setdefault(name.partition(":")[0], []).extend(pairs)
    summary = {name: figures(pairs) for name, pairs in groups.items()}
    print(json.dumps(summary) if arguments.json else summary)


if __name__ == "__main__":
    main()
