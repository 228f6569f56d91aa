"""How right bodies are that are followed, beside bodies looked for anew, on rendered people (truth is exact).

    bench/following.py FOLDER [--every-s 2.4] [--rooms 1.1 1.15 1.25] [--json]

FOLDER holds `NAME.mp4` with `NAME.truth.json`. One frame in so many seconds is looked at by MediaPipe's pose
landmarker, and by its landmark model alone, twice, each time on the region that the answer before gives; once
with each value of `bodies.ROOM`. Printed are for each way: bodies asked for and not seen, how far joints in
the picture are off in lengths of the torso (mean, 90th percentile), and the depth by the right camera as a
share of the true one (mean, standard deviation, mean error).
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from models import bodies
from models.camera import Camera
from models.detector import Picture, Yolox, overlap
from models.frames import Frames
from models.geometry import locate
from models.landmarks import BODY, NOBODY, Landmarkers

JOINTS = {"shoulder": (11, 12), "elbow": (13, 14), "wrist": (15, 16), "hip": (23, 24), "knee": (25, 26)}
"""Names in the truth (`_l`, `_r`), and MediaPipe's landmarks."""

SAME = 0.4
"""A box is the actor's whose joints it overlaps by more (IoU)."""

TIMES = 2
"""A region settles in two steps."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every-s", type=float, default=2.4)
    parser.add_argument("--rooms", type=float, nargs="+", default=[bodies.ROOM])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with Landmarkers() as models:
        for path in sorted(arguments.folder.rglob("*.truth.json")):
            truth = json.loads(path.read_text("utf-8"))
            lens = truth["camera"]
            camera = Camera(
                (lens["width"], lens["height"]), (lens["fx"], lens["fy"]), (lens["cx"], lens["cy"])
            )
            for picture, box, actor in looks(path, truth, arguments.every_s):
                for way, seen in seen_each_way(models, picture, box, arguments.rooms):
                    found[way].append(errors(seen, actor, lens, camera))
    figures = {way: table(rows) for way, rows in found.items()}
    print(json.dumps(figures) if arguments.json else figures)


def looks(path: Path, truth: dict[str, Any], every_s: float) -> Iterator[tuple[Picture, Any, dict[str, Any]]]:
    """Pictures with the box (5,) of somebody in them, and the truth of that person."""
    find = Yolox()
    moments = {round(moment["t"], 2): moment for moment in truth["frames"]}
    next_s = 0.0
    for frame in Frames(path.with_name(path.name.replace(".truth.json", ".mp4")), truth["fps"]):
        moment = moments.get(round(frame.time_s, 2))
        if moment is None or frame.time_s < next_s - 1e-6:
            continue
        next_s = frame.time_s + every_s
        boxes = find(frame.picture)
        for actor in moment["persons"].values():
            points = np.clip(list(actor["joints2d"].values()), 0, frame.picture.shape[1::-1])
            around = np.concatenate([points.min(axis=0), points.max(axis=0)]).astype(np.float32)
            shared = overlap(around, boxes) if len(boxes) else np.zeros(1)
            if shared.max() > SAME:
                yield frame.picture, boxes[shared.argmax()], actor


def seen_each_way(
    models: Landmarkers, picture: Picture, box: Any, rooms: list[float]
) -> Iterator[tuple[str, Any]]:
    """The person in the box as a record of `landmarks.SIGHTING`: looked for anew, and followed."""
    anew, _ = models.follow_bodies(picture, box[None], NOBODY)
    places = models.find_bodies(picture, anew)
    if np.isnan(places["region"]).any():
        return
    yield "anew", anew[0]
    usual = bodies.ROOM
    for room in rooms:
        bodies.ROOM = room
        known = places.copy()
        known["region"][:, 2] *= room / usual
        for _ in range(TIMES):
            followed, known = models.follow_bodies(picture, box[None], known)
        yield f"{BODY} {room:g}", followed[0]
    bodies.ROOM = usual


def errors(seen: Any, actor: dict[str, Any], lens: dict[str, Any], camera: Camera) -> tuple[float, float]:
    """How far joints are off in torsos, and depth as a share of the true one; NaN where no body was seen."""
    names = [name + side for name in JOINTS for side in ("_l", "_r")]
    true = np.array([actor["joints2d"][name] for name in names])
    read = seen["pose_px"][[number for pair in JOINTS.values() for number in pair], :2]
    inside = ((true > 0) & (true < camera.size_px)).all(axis=1)
    torso = np.hypot(*(true[:2].mean(axis=0) - true[6:8].mean(axis=0)))
    at = locate(seen["pose_px"], seen["pose_m"], seen["box"], camera)
    depth = (np.array(lens["R"]) @ actor["hip_centre"] + lens["t"])[2]
    off = np.hypot(*(read - true)[inside].T).mean() / torso if inside.any() else np.nan
    return float(off), float(np.nan if at is None else at.at_m[2] / depth)


def table(rows: list[tuple[float, float]]) -> dict[str, float]:
    off, depth = np.array(rows).T
    figures = {
        "joints_off": np.nanmean(off),
        "joints_off_p90": np.nanpercentile(off, 90),
        "depth": np.nanmean(depth),
        "depth_sd": np.nanstd(depth),
        "depth_error": np.nanmean(np.abs(depth - 1)),
    }
    counts = {"bodies": len(rows), "not_seen": int(np.isnan(off).sum())}
    return counts | {name: round(float(value), 3) for name, value in figures.items()}


if __name__ == "__main__":
    main()
