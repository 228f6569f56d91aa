"""How somebody holds trunk, arms and hands, in the axes of the own body: the same from every side.

Lengths are in torsos (middle of the shoulders to middle of the hips), so that they fit tall and short people.
"""

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.observations import PersonTrack

Array = NDArray[np.float64]
Rows = NDArray[np.bool_]

SHOULDERS, ELBOWS, WRISTS, HIPS, KNEES, ANKLES = (11, 12), (13, 14), (15, 16), (23, 24), (25, 26), (27, 28)
FINGERS = ((15, 17, 19, 21), (16, 18, 20, 22))
"""Wrist, little finger, index finger and thumb of the left and of the right hand."""
HEAD = range(11)
"""MediaPipe's pose landmarks, left and right of the person; the first eleven are eyes, nose, ears, mouth."""

VISIBLE = 0.5
"""A landmark counts as seen from this visibility on: the middle of MediaPipe's scale."""

SMALLEST_TORSO_PX = 30.0
"""A body whose torso is shorter in the picture has arms of a few pixels: nobody can tell what they do. The
smallest on rendered clips has 60 and is read well; people in PETS's street have 15."""

READABLE_TORSO_PX = 95.0
"""From this size on an open hand is open. On rendered clips the hand model reads small hands as open: the
pointing ones of people with torsos of 61 to 78 pixels (3 of 5), and of none of 108 and more."""

VOTE_S = 0.4
"""The shape of a hand is the mean over so long before and after: it jumps from frame to frame."""


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
    """Whether the person is large enough, and shoulders are seen; nothing else holds where not."""
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
    """(n, 2) from each hand to the nearest landmark of the head, in the picture."""
    hand_depth: Array
    """(n, 2) the same in space."""


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
        gaps_px = [_nearest(pose_px[:, list(f), :2], pose_px[:, heads, :2]) / torso_px for f in FINGERS]
        hands = track.hands_px.astype(float)
        for side in (0, 1):
            by_hand = _nearest(hands[:, side], pose_px[:, heads, :2]) / torso_px
            gaps_px[side] = np.fmin(gaps_px[side], by_hand)
        return Body(
            points,
            torso_px,
            (torso_px >= SMALLEST_TORSO_PX) & seen[:, list(SHOULDERS)].all(axis=1),
            seen,
            (_arm(track, pose_m, points, seen, upright, 0), _arm(track, pose_m, points, seen, upright, 1)),
            axes[:, 1],
            _degrees(_dot(spine, upright)),
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
    """The mean of what is known from `VOTE_S` before to `VOTE_S` after, for rows (n, k) with a value."""
    known = ~np.isnan(values)
    first = np.searchsorted(times_s, times_s - VOTE_S - 1e-6)
    last = np.searchsorted(times_s, times_s + VOTE_S + 1e-6)
    zero = np.zeros((1, values.shape[1]))
    sums = np.concatenate([zero, np.where(known, values, 0).cumsum(axis=0)])
    counts = np.concatenate([zero, known.cumsum(axis=0)])
    return np.asarray(np.where(known, (sums[last] - sums[first]) / (counts[last] - counts[first]), np.nan))


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
