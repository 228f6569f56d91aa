"""Who is who from frame to frame: ByteTrack links boxes; body and clothes find again who was lost."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detector import SCORE, overlap
from models.landmarks import Sighting
from models.pose import HIPS, SHOULDERS

Array = NDArray[np.float32]

LINK_OVERLAP = 0.05
"""Boxes of one person in two frames overlap at least so much (IoU). At 5 frames a second people who walk
overlap little; with this value identities were kept in clips of two and of three."""

LOST_S = 1.0
"""ByteTrack's prediction of a box is good for about a second; after that body and clothes decide."""

CLOTHES_APART = 8.0
"""Median colours further apart than this (CIELAB) are other clothes. The median of one person moved by 0.5 to
2.2 on stable torsos; a grey and a white jumper in one room were 10 apart."""

LIGHTNESS = 0.7
"""Lightness counts less than hue: it changes from lamp to lamp."""

SIZE_APART = 0.35
"""Torsos in metres, or boxes in pixels where there are no metres, whose ratio is further from 1 are other
bodies: our choice, wide, since near the border of the picture only a part is seen."""

FOUND_AGAIN_S = 15.0
"""Whoever is away for longer is somebody new: clothes tell few people apart, and the next customer in black
is not the one before (in a clip of people one by one they came 30 s apart). Our choice."""

CLOSE_IN_PLACE = 1.0
"""Somebody lost for less than `BRIEFLY_S` is found within so many box widths of where he was."""

BRIEFLY_S = 3.0
"""Longer than somebody walks past another one (0.6 m at 0.5 m/s is about a second): our choice."""

SHORTEST = 2
"""A track of fewer sightings, and below `SURE`, is a flicker of the detector and is left out."""

SURE = 0.6
"""A single sighting counts from this score on."""


@dataclass
class Tracklet:
    """Sightings that ByteTrack linked without doubt."""

    times_s: list[float] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)

    @property
    def span_s(self) -> tuple[float, float]:
        return self.times_s[0], self.times_s[-1]

    def look(self, of: slice = slice(None)) -> tuple[Array, Array]:
        """Median clothes (6,) and torso size (2,: metres of the body, pixels) of these sightings."""
        lab = np.array([one["clothes_lab"].reshape(-1) for one in self.sightings[of]])
        torso_m = [_torso_m(one) for one in self.sightings[of]]
        height_px = [float(one["box"][3] - one["box"][1]) for one in self.sightings[of]]
        return _median(lab), _median(np.array([torso_m, height_px]).T)


class Tracker:
    """Gets the sightings of one frame after the other; `finish` gives the people."""

    def __init__(self, frames_per_s: float) -> None:
        from trackers import ByteTrackTracker

        self._tracker = ByteTrackTracker(
            lost_track_buffer=round(LOST_S * 30),
            frame_rate=frames_per_s,
            track_activation_threshold=SCORE,
            minimum_consecutive_frames=1,
            minimum_iou_threshold=LINK_OVERLAP,
            high_conf_det_threshold=SCORE,
        )
        self._of: dict[int, Tracklet] = {}
        self._loose: list[tuple[float, Sighting]] = []
        """Sightings of the last frame without a number: ByteTrack waits for a second one."""
        self._single: list[Tracklet] = []

    def add(self, time_s: float, seen: NDArray[np.void]) -> None:
        """Links the people seen at `time_s` to those seen before."""
        numbers = self._numbers(time_s, seen)
        loose: list[tuple[float, Sighting]] = []
        for one, number in zip(seen, numbers, strict=True):
            if number < 0:
                loose.append((time_s, one))
                continue
            tracklet = self._of.get(number)
            if tracklet is None:
                tracklet = self._of[number] = Tracklet()
                self._take_first(tracklet, one)
            tracklet.times_s.append(time_s)
            tracklet.sightings.append(one)
        self._single += [Tracklet([at], [one]) for at, one in self._loose]
        self._loose = loose

    def _numbers(self, time_s: float, seen: NDArray[np.void]) -> list[int]:
        import supervision

        if not len(seen):
            self._tracker.update(supervision.Detections.empty(), timestamp=time_s)
            return []
        order = np.arange(len(seen))
        linked: Any = self._tracker.update(
            supervision.Detections(xyxy=seen["box"], confidence=seen["score"], data={"order": order}),
            timestamp=time_s,
        )
        numbers = [-1] * len(seen)
        for index, number in zip(linked.data["order"], linked.tracker_id, strict=True):
            numbers[int(index)] = int(number)
        return numbers

    def _take_first(self, tracklet: Tracklet, one: Sighting) -> None:
        """Gives a new tracklet its first sighting, which stood without a number in the frame before."""
        if not self._loose:
            return
        alike = overlap(one["box"], np.array([loose["box"] for _, loose in self._loose]))
        best = int(alike.argmax())
        if alike[best] >= LINK_OVERLAP:
            time_s, first = self._loose.pop(best)
            tracklet.times_s.append(time_s)
            tracklet.sightings.append(first)

    def finish(self) -> list[Tracklet]:
        """The people in order of their first sighting."""
        self._single += [Tracklet([at], [one]) for at, one in self._loose]
        tracklets = [*self._of.values(), *self._single]
        return [one for one in joined(tracklets) if len(one.times_s) >= SHORTEST or _score(one) >= SURE]


def joined(tracklets: list[Tracklet]) -> list[Tracklet]:
    """Tracklets of the same person made one, by body and clothes, in order of time."""
    people: list[Tracklet] = []
    for later in sorted(tracklets, key=lambda one: (one.span_s, tuple(one.sightings[0]["box"]))):
        lost = [
            (cost, number)
            for number, one in enumerate(people)
            if 0 < later.span_s[0] - one.span_s[1] <= FOUND_AGAIN_S
            and (cost := _cost(one, later)) is not None
        ]
        if not lost:
            people.append(Tracklet([*later.times_s], [*later.sightings]))
            continue
        found = people[min(lost)[1]]
        found.times_s += later.times_s
        found.sightings += later.sightings
    return people


_RECENT = 25
"""Sightings at the end and start of a gap that are compared: five seconds, in which the light stays."""


def _cost(one: Tracklet, other: Tracklet) -> float | None:
    """How unlike somebody found again is to somebody lost, None when they are two people."""
    clothes, size = one.look(slice(-_RECENT, None))
    clothes_again, size_again = other.look(slice(None, _RECENT))
    gap_s = other.span_s[0] - one.span_s[1]
    apart = _apart(clothes, clothes_again)
    ratio = size_again / size
    sizes = ratio[0] if np.isfinite(ratio[0]) else ratio[1]
    near = gap_s <= BRIEFLY_S and _near(one.sightings[-1]["box"], other.sightings[0]["box"])
    if np.isfinite(apart):
        return apart if apart <= CLOTHES_APART and abs(sizes - 1) <= SIZE_APART else None
    # Nothing to compare: only who is back at once and in the same place is the same.
    return CLOTHES_APART + gap_s if near and abs(ratio[1] - 1) <= SIZE_APART else None


def _near(box: Array, again: Array) -> bool:
    moved = np.abs((again[:4] - box[:4]).reshape(2, 2).mean(axis=0))
    return bool((moved <= CLOSE_IN_PLACE * (box[2] - box[0])).all())


def _apart(lab: Array, again: Array) -> float:
    """Distance of two sets of clothes in CIELAB, over the parts seen both times; NaN when none was."""
    difference = ((lab - again) * np.array([LIGHTNESS, 1, 1] * 2)).reshape(2, 3)
    parts = np.sqrt((difference**2).sum(axis=1))
    return float(np.nanmax(parts)) if np.isfinite(parts).any() else float("nan")


def _torso_m(one: Sighting) -> float:
    points = one["pose_m"]
    return float(np.linalg.norm(points[list(SHOULDERS)].mean(axis=0) - points[list(HIPS)].mean(axis=0)))


def _score(one: Tracklet) -> float:
    return max(float(seen["score"]) for seen in one.sightings)


def _median(rows: Array) -> Array:
    """The median of each column, NaN where a column has no number."""
    known = np.isfinite(rows).any(axis=0)
    found = np.full(rows.shape[1], np.nan)
    if known.any():
        found[known] = np.nanmedian(rows[:, known], axis=0)
    return np.asarray(found, np.float32)
