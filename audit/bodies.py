"""How somebody holds trunk, arms and hands, in the axes of the own body: the same from every side.

Lengths are in torsos (middle of the shoulders to middle of the hips), so that they fit tall and short people.
"""

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.observations import PersonTrack
from models.pose import ELBOWS, FINGERS, HEAD, HIPS, KNEES, SHOULDERS, VISIBLE, WRISTS

Array = NDArray[np.float64]
Rows = NDArray[np.bool_]

SMALLEST_TORSO_PX = 30.0
"""A body whose torso is shorter in the picture has arms of a few pixels: nobody can tell what they do. The
smallest on rendered clips has 60 and is read well; people in PETS's street have 15."""

READABLE_TORSO_PX = 85.0
"""From this size on an open hand is open. The hand model reads small hands as open: on rendered clips the
pointing ones of people with torsos of 61 to 78 pixels (3 of 5), and of none of 108 and more."""

FOUND_TORSO_PX = 95.0
"""From this size on a hand that is held out is found: in half of the frames or more on rendered clips, of
people with torsos of 90 in one of five."""

UNSTEADY = 0.15
"""Relative standard deviation of the torso's length in the picture within `VOTE_S`: above it the pose model
guesses from frame to frame. Rendered people 0.01 to 0.04; walking up to a camera 3 m away 0.09; blurred
people at counters, of whom it makes another body in each frame, 0.2 to 0.5."""

LIES_DEG = 60.0
"""A trunk that leans further lies, or is no trunk: nothing here holds for it."""

VOTE_S = 0.4
"""The shape of a hand is the mean over so long before and after: it jumps from frame to frame."""


TIPS = 0.12
"""So far beyond the knuckles that the pose model gives reach the tips of bent fingers (6 cm of 50)."""


class Arm(NamedTuple):
    """One arm over time; vectors (n, 3) go outwards, forwards and upwards from its shoulder, in torsos."""

    elbow: Array
    wrist: Array
    bow: Array
    """(n,) how far the elbow stands outside the line from shoulder to wrist."""
    bend_deg: Array
    """(n,) angle of the elbow: 180 is straight."""
    rise_deg: Array
    """(n,) how far the line from shoulder to wrist rises above the horizon; -90 hangs."""
    forearm_rise_deg: Array
    """(n,) the same of the line from elbow to wrist."""
    points_m: Array
    """(n, 3) from shoulder to wrist, axes of the camera."""
    seen: Rows
    """Whether elbow and wrist are."""
    fingers: Array
    """(n, 4) how straight index, middle, ring and little finger look, 1 is straight; NaN without a hand."""
    thumb_above: Array
    """(n,) how far the tip of the thumb is above all fingers, in lengths of the palm; NaN without a hand."""


class Body(NamedTuple):
    """One person over time, n rows."""

    points: Array
    """(n, 33, 3) the landmarks to the own left, forwards and upwards from the middle of the shoulders."""
    torso_px: Array
    large: Rows
    """Whether the person is large enough, stands or sits, and shoulders are seen steadily; nothing else holds
    where not."""
    seen: Rows
    """(n, 33) which landmarks are."""
    arms: tuple[Arm, Arm]
    forward_m: Array
    """(n, 3) where the chest faces, axes of the camera, of length 1."""
    lean_deg: Array
    """(n,) angle between the trunk and upright."""
    thigh_deg: Array
    """(n, 2) angle between thighs and straight down: 90 is level."""
    to_head: Array
    """(n, 2) from each hand to the nearest landmark of the head, in the picture: from its fingers, where they
    were not found from its knuckles less `TIPS`."""
    hand_depth: Array
    """(n, 2) from its knuckles in space."""


def body(track: PersonTrack, up: tuple[float, float, float]) -> Body:
    """What the track's poses say, `up` being away from the floor in axes of the camera."""
    return _body(track, up)


@functools.lru_cache(maxsize=8)
def _body(track: PersonTrack, up: tuple[float, float, float]) -> Body:
    pose_m, pose_px = track.pose_m.astype(float), track.pose_px.astype(float)
    upright = np.array(up)
    with np.errstate(invalid="ignore", divide="ignore"):
        shoulders, hips = (pose_m[:, list(pair)].mean(axis=1) for pair in (SHOULDERS, HIPS))
        trunk = shoulders - hips
        torso_m = np.linalg.norm(trunk, axis=1)
        spine = trunk / torso_m[:, None]
        across = pose_m[:, SHOULDERS[0]] - pose_m[:, SHOULDERS[1]]
        across -= _dot(across, spine)[:, None] * spine
        across /= np.linalg.norm(across, axis=1)[:, None]
        axes = np.stack([across, np.cross(across, spine), spine], axis=1)
        points = np.einsum("nij,nkj->nki", axes, pose_m - shoulders[:, None]) / torso_m[:, None, None]
        middles = [pose_px[:, list(pair), :2].mean(axis=1) for pair in (SHOULDERS, HIPS)]
        torso_px = np.linalg.norm(middles[0] - middles[1], axis=1)
        seen = pose_px[..., 2] >= VISIBLE
        thighs = [pose_m[:, knee] - pose_m[:, hip] for hip, knee in zip(HIPS, KNEES, strict=True)]
        heads = list(HEAD)
        gaps_px = []
        for side, fingers in enumerate(FINGERS):
            by_hand = _nearest(track.hands_px[:, side].astype(float), pose_px[:, heads, :2])
            by_pose = _nearest(pose_px[:, list(fingers), :2], pose_px[:, heads, :2]) / torso_px - TIPS
            gaps_px.append(np.where(np.isnan(by_hand), by_pose, by_hand / torso_px))
        lean_deg = _degrees(_dot(spine, upright))
        mean, squared = (_voted(track.times_s, v[:, None])[:, 0] for v in (torso_px, torso_px**2))
        steady = squared - mean**2 <= (UNSTEADY * mean) ** 2
        trunk_seen = seen[:, list(SHOULDERS)].all(axis=1) & steady & (lean_deg < LIES_DEG)
        return Body(
            points,
            torso_px,
            (torso_px >= SMALLEST_TORSO_PX) & trunk_seen,
            seen,
            (_arm(track, pose_m, points, seen, upright, 0), _arm(track, pose_m, points, seen, upright, 1)),
            axes[:, 1],
            lean_deg,
            np.stack([180 - _degrees(_cosine(t, upright)) for t in thighs], axis=1),
            np.stack(gaps_px, axis=1),
            np.stack([_nearest(points[:, list(f)], points[:, heads]) for f in FINGERS], axis=1),
        )


def _arm(track: PersonTrack, pose_m: Array, points: Array, seen: Rows, upright: Array, side: int) -> Arm:
    shoulder, elbow, wrist = SHOULDERS[side], ELBOWS[side], WRISTS[side]
    outwards = np.array([1.0 - 2 * side, 1, 1])
    to_elbow = (points[:, elbow] - points[:, shoulder]) * outwards
    to_wrist = (points[:, wrist] - points[:, shoulder]) * outwards
    along = _dot(to_elbow, to_wrist) / _dot(to_wrist, to_wrist)
    points_m = pose_m[:, wrist] - pose_m[:, shoulder]
    hand = track.hands_px[:, side].astype(float)
    fingers = np.stack([_straight(hand[:, first : first + 4]) for first in (5, 9, 13, 17)], axis=1)
    palm_px = np.linalg.norm(hand[:, 9] - hand[:, 0], axis=1)
    thumb = (hand[:, 5:, 1].min(axis=1) - hand[:, 4, 1]) / palm_px
    return Arm(
        to_elbow,
        to_wrist,
        to_elbow[:, 0] - along * to_wrist[:, 0],
        180 - _degrees(_cosine(to_elbow, to_wrist - to_elbow)),
        90 - _degrees(_cosine(points_m, upright)),
        90 - _degrees(_cosine(pose_m[:, wrist] - pose_m[:, elbow], upright)),
        points_m,
        seen[:, elbow] & seen[:, wrist],
        _voted(track.times_s, fingers),
        _voted(track.times_s, thumb[:, None])[:, 0],
    )


def _straight(joints: Array) -> Array:
    """(n,) how straight fingers (n, 4, 2) look: from end to end by way of the joints. A straight one stays
    straight from every side."""
    bones = np.linalg.norm(np.diff(joints, axis=1), axis=2).sum(axis=1)
    return np.asarray(np.linalg.norm(joints[:, -1] - joints[:, 0], axis=1) / bones)


def _voted(times_s: Array, values: Array) -> Array:
    """The mean of what is known of `values` (n, k) up to `VOTE_S` before and after; NaN where nothing is."""
    known = ~np.isnan(values)
    first = np.searchsorted(times_s, times_s - VOTE_S - 1e-6)
    last = np.searchsorted(times_s, times_s + VOTE_S + 1e-6)
    zero = np.zeros((1, values.shape[1]))
    sums = np.concatenate([zero, np.where(known, values, 0).cumsum(axis=0)])
    counts = np.concatenate([zero, known.cumsum(axis=0)])
    return np.asarray((sums[last] - sums[first]) / (counts[last] - counts[first]))


def _nearest(some: Array, others: Array) -> Array:
    """(n,) the least distance between points (n, a, d) and (n, b, d)."""
    apart = np.linalg.norm(some[:, :, None] - others[:, None], axis=3)
    return np.asarray(apart.min(axis=(1, 2)))


def _dot(one: Array, other: Array) -> Array:
    return np.asarray((one * other).sum(axis=-1))


def _cosine(one: Array, other: Array) -> Array:
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    return np.asarray(_dot(one, other) / lengths)


def _degrees(cosine: Array) -> Array:
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
