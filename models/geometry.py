"""Metres: where people stand relative to the camera, and how far from each other."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.camera import Camera
from models.observations import People, PersonTrack
from models.pose import FEET, HIPS, KNEES, SHOULDERS, VISIBLE

Array = NDArray[np.float64]

SMALLEST_TORSO_PX = 20.0
"""A body whose torso is shorter in the picture is too small for the pose model: of PETS's people (50 pixels
high, torso 15) the body gives places that are 2.5 m off, the lower edge of the box 0.16 m (medians)."""

FEWEST_POINTS = 6
"""SQPNP needs three points; six keep one wrong landmark from deciding."""

ALONG_SD = 0.08
"""Relative standard deviation along the line of sight. MediaPipe gives everybody an average body: on rendered
people of 1.64 to 1.82 m the distance read is 1.02 to 0.86 of the truth (5.3 % around its mean); stature of
adults varies by 6 % (NCD-RisC). There is no common factor to correct: rendered people (tall) read 0.94,
people in four photographs 0.98, Panoptic's 1.04 (`comport eval people`)."""

ALONG_SD_CUT = 0.14
"""The same when fewer than `WHOLE` landmarks are seen: on rendered people 0.14 below 20, 0.05 above."""

WHOLE = 20

TILT_SD = 0.12
"""How far the pose model misjudges a body's tilt, radians. Who is seen from above is foreshortened: the
size read is off by this times the tangent of how steeply one looks down, and with it the distance. Of ten
people whom Panoptic shows from 41 to 72 degrees the depth is 0.14 of itself off, from 30 and less 0.07."""

ACROSS_SD_M = 0.06
"""Standard deviation across the line of sight: 0.03 to 0.08 m on rendered people, most in profile, where hips
are placed too far to the front."""

FOOT_SD_M = 0.10
"""How far the hips are from above the middle of the feet: half a step."""

FOOT_SD_PX, FOOT_SD_HEIGHT = 1.5, 0.02
"""How far the lowest point is off in the picture: pixels, and share of the person's height (twice as much
where only the box is known, which ends at a shadow or a shoe)."""

DISAGREE = 3.5
"""Feet and body that disagree by more standard deviations: the feet are hidden, the body decides."""


LEVEL = (0.0, -1.0, 0.0)
"""The direction away from the floor for a camera that is held level."""


def located(people: People, camera: Camera) -> People:
    """The same people with positions by this camera: nobody has to be looked at again when it is calibrated.

    Raises:
        camera.BadCamera: it is a camera of other pictures.
    """
    camera = camera.resized(people.size_px)
    up = upward(camera, people.tracks)
    tracks = tuple(_located(track, camera, np.array(up)) for track in people.tracks)
    return msgspec.structs.replace(people, camera=camera, up=up, tracks=tracks)


def _located(track: PersonTrack, camera: Camera, up: Array) -> PersonTrack:
    at_m, sd_m = np.full((len(track.times_s), 3), np.nan), np.full((len(track.times_s), 2), np.nan)
    for row, landmarks in enumerate(zip(track.pose_px, track.pose_m, track.boxes_px, strict=True)):
        place = locate(*landmarks, camera, up)
        if place is not None:
            at_m[row], sd_m[row] = place
    return msgspec.structs.replace(track, position_m=at_m, position_sd_m=sd_m)


class Position(NamedTuple):
    """The hip centre in camera axes (3,), its standard deviation across and along the line of sight (2,)."""

    at_m: Array
    sd_m: Array


def locate(
    pose_px: Array, pose_m: Array, box_px: Array, camera: Camera, up: Array | None = None
) -> Position | None:
    """Where somebody stands, from landmarks (33, 3) twice and a box (4,); None when too little could be seen.

    The body gives a position by its size; where the camera knows the floor, feet that are seen, or else the
    height of the hips, give another one, and both are weighted by how sure they are. `up` (3,) leads away
    from the floor where the camera does not know it.
    """
    body = _by_body(pose_px, pose_m, camera, np.array(LEVEL) if up is None else up)
    if camera.floor is None:
        return body
    other = _by_feet(pose_px, box_px, camera) or _by_hips(pose_px, pose_m, camera)
    return body if other is None else _weighted(body, other, camera)


def _by_body(pose_px: Array, pose_m: Array, camera: Camera, up: Array) -> Position | None:
    import cv2

    seen = (pose_px[:, 2] >= VISIBLE) & np.isfinite(pose_m[:, 0])
    if not _torso_px(pose_px) >= SMALLEST_TORSO_PX or seen.sum() < FEWEST_POINTS:
        return None
    points_px = _undistorted(pose_px[seen, :2], camera)
    points_m = np.ascontiguousarray(pose_m[seen], np.float64)
    try:
        solved, _, at = cv2.solvePnP(
            points_m, points_px, camera.matrix, np.zeros(0), flags=cv2.SOLVEPNP_SQPNP
        )
    except cv2.error:
        # OpenCV 5 cannot solve about one in twenty of small people.
        return None
    at_m = np.asarray(at, np.float64).reshape(-1)
    if not solved or not np.isfinite(at_m).all() or at_m[2] <= 0:
        return None
    away_m = float(np.linalg.norm(at_m))
    falls = min(0.98, abs(float(at_m @ up)) / away_m)
    tilted = TILT_SD * falls / math.sqrt(1 - falls**2)
    relative = math.hypot(ALONG_SD if seen.sum() >= WHOLE else ALONG_SD_CUT, tilted)
    return Position(at_m, np.array([ACROSS_SD_M, relative * away_m]))


def _by_feet(pose_px: Array, box_px: Array, camera: Camera) -> Position | None:
    feet = [i for i in FEET if pose_px[i, 2] >= VISIBLE]
    height_px = float(box_px[3] - box_px[1])
    if _torso_px(pose_px) >= SMALLEST_TORSO_PX:
        if len(feet) < len(FEET):
            return None
        point_px = pose_px[feet, :2].mean(axis=0)
        off_px = FOOT_SD_PX + FOOT_SD_HEIGHT * height_px
    elif box_px[3] < camera.size_px[1] - FOOT_SD_PX:
        point_px = np.array([(box_px[0] + box_px[2]) / 2, box_px[3]])
        off_px = FOOT_SD_PX + 2 * FOOT_SD_HEIGHT * height_px
    else:
        return None
    at_m = floor_point(point_px, camera)
    if at_m is None or camera.floor is None:
        return None
    # Half a body above the floor; what stands upright is as far away over the floor.
    up = camera.floor.up
    steepness, level = _falls(at_m, up)
    per_px = float(np.linalg.norm(at_m)) / camera.focal_px[1]
    across = math.hypot(FOOT_SD_M, off_px * per_px)
    along = math.hypot(FOOT_SD_M, off_px * per_px / steepness) / level
    return Position(at_m + HIP_HEIGHT_M * up, np.array([across, along]))


def _by_hips(pose_px: Array, pose_m: Array, camera: Camera) -> Position | None:
    """Where the line of sight to the hips is as high above the floor as hips are."""
    if camera.floor is None or not (pose_px[list(HIPS), 2] >= VISIBLE).all():
        return None
    at_m = floor_point(pose_px[list(HIPS), :2].mean(axis=0), camera, HIP_HEIGHT_M)
    if at_m is None:
        return None
    up = camera.floor.up
    thighs = pose_m[list(KNEES)] - pose_m[list(HIPS)]
    hang = -(thighs @ up) / np.linalg.norm(thighs, axis=1)
    stands = bool((pose_px[list(KNEES), 2] >= VISIBLE).all() and (hang >= HANG).all())
    steepness, _ = _falls(at_m, up)
    return Position(at_m, np.array([ACROSS_SD_M, (HIP_SD_M if stands else HIP_SD_ANY_M) / steepness]))


def _falls(at_m: Array, up: Array) -> tuple[float, float]:
    """How much of the line of sight to a point leads down, and how much over the floor: sine and cosine."""
    steepness = float(np.clip(abs(float(at_m @ up)) / np.linalg.norm(at_m), 0.02, 0.98))
    return steepness, math.sqrt(1 - steepness**2)


def _torso_px(pose_px: Array) -> float:
    middles = [pose_px[list(pair), :2].mean(axis=0) for pair in (SHOULDERS, HIPS)]
    return float(np.linalg.norm(middles[0] - middles[1]))


HIP_HEIGHT_M = 0.9
"""Height of the hip joints of an adult who stands (0.53 of 1.70 m); only the horizontal place is used."""

HIP_SD_M, HIP_SD_ANY_M = 0.10, 0.22
"""How much the height of hips varies: of adults who stand (0.05 m, anthropometry, and as much for a bent back
or knees; on Panoptic from above places read so are 0.10 m off), and of people who may sit (0.5 m high) or
stand."""

HANG = math.cos(math.radians(40))
"""Whose thighs both hang within 40 degrees stands: `posture.STANDS_DEG`."""


def floor_point(point_px: Array, camera: Camera, height_m: float = 0.0) -> Array | None:
    """Where the line of sight through a pixel (2,) is so high above the floor, camera axes; None where it
    never is, as above the horizon."""
    if camera.floor is None:
        return None
    (x, y) = _undistorted(np.asarray(point_px, np.float64)[None], camera)[0]
    line = np.array(
        [(x - camera.centre_px[0]) / camera.focal_px[0], (y - camera.centre_px[1]) / camera.focal_px[1], 1.0]
    )
    up = camera.floor.up
    # The camera is at the origin: the floor lies below it, at a negative height along `up`.
    below_m = float(np.asarray(camera.floor.translation_m) @ up) + height_m
    falls = float(line @ up)
    return None if falls * below_m <= 0 else line * (below_m / falls)


def _weighted(body: Position | None, other: Position, camera: Camera) -> Position:
    """Both places weighted by their certainty, over the floor."""
    if body is None or camera.floor is None:
        return other
    up = camera.floor.up
    forward = horizontal(other.at_m, up)
    forward = forward / max(1e-9, float(np.linalg.norm(forward)))
    aside = np.cross(up, forward)
    axes = np.stack([aside, forward])
    apart = axes @ (other.at_m - body.at_m)
    variances = np.stack([body.sd_m**2, other.sd_m**2])
    # What is unsure along the line of sight is so over the floor as far as the line leads over it.
    over = np.array([1.0, _falls(other.at_m, up)[1]])
    if (np.abs(apart) > DISAGREE * over * np.sqrt(variances.sum(axis=0))).any():
        return body
    share = variances[0] / variances.sum(axis=0)
    return Position(
        body.at_m + (share * apart) @ axes, np.sqrt(variances.prod(axis=0) / variances.sum(axis=0))
    )


def _undistorted(points_px: Array, camera: Camera) -> Array:
    """The points (k, 2) where a camera without distortion would show them."""
    points = np.ascontiguousarray(points_px, np.float64)
    if not camera.distortion:
        return points
    import cv2

    coefficients = np.asarray(camera.distortion, np.float64)
    ideal = cv2.undistortPoints(points[:, None], camera.matrix, coefficients, P=camera.matrix)
    return np.asarray(ideal, np.float64)[:, 0]


def horizontal(points_m: Array, up: Array) -> Array:
    """The points (…, 3) without their height along `up` (3,)."""
    return np.asarray(points_m - (points_m @ up)[..., None] * up, np.float64)


def upward(camera: Camera, tracks: Iterable[PersonTrack]) -> tuple[float, float, float]:
    """The direction away from the floor, in camera axes.

    It is the camera's own where it knows the floor; otherwise the camera is taken to be level from left to
    right, and to look down as far as the median body leans back (2.6 degrees off in the median of 28 rendered
    clips, 9 at most in all but one, which shows one head and torso). Level where nobody was seen.
    """
    if camera.floor is not None:
        return _three(camera.floor.up)
    bodies = [
        t.pose_m[:, list(SHOULDERS)].mean(axis=1) - t.pose_m[:, list(HIPS)].mean(axis=1) for t in tracks
    ]
    torsos = np.concatenate([np.zeros((0, 3)), *bodies]).astype(np.float64)
    torsos = torsos[torsos[:, 1] < 0]
    if not len(torsos):
        return LEVEL
    down = float(np.clip(np.median(np.arctan2(-torsos[:, 2], -torsos[:, 1])), *LOOKS_DOWN))
    return _three(np.array([0.0, -math.cos(down), -math.sin(down)]))


LOOKS_DOWN = (math.radians(-10), math.radians(60))
"""Cameras that people are seen by in full look up by at most 10 degrees, and down by at most 60."""


def _three(vector: Array) -> tuple[float, float, float]:
    x, y, z = (round(float(v), 6) for v in vector)
    return x, y, z


def facing(people: People, track: PersonTrack) -> Array:
    """Where somebody's body faces over time: (n, 3) horizontal vectors of length 1 in camera axes, NaN where
    no pose or place is known.

    The pose model sees each person in a crop, as if looked at straight on: its directions are turned by the
    line of sight. On 55 rendered people 5 degrees off in the median, 19 in 95 % of frames, 30 at most
    (`bench/visits.py`).
    """
    up = np.asarray(people.up)
    pose_m = np.asarray(track.pose_m, np.float64)
    across = sum((pose_m[:, left] - pose_m[:, right] for left, right in (SHOULDERS, HIPS)), np.zeros(3))
    seen_m = horizontal(np.cross(across, up), up)
    right, along = _axes(up)
    sight_m = horizontal(np.asarray(track.position_m, np.float64), up)
    turn = np.arctan2(sight_m @ right, sight_m @ along)
    x, z = seen_m @ right, seen_m @ along
    turned = np.outer(x * np.cos(turn) + z * np.sin(turn), right)
    turned += np.outer(z * np.cos(turn) - x * np.sin(turn), along)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(turned / np.linalg.norm(turned, axis=1, keepdims=True))


def _axes(up: Array) -> tuple[Array, Array]:
    """Axes of the floor (3,): towards the right of the picture, and along the middle of it."""
    right = horizontal(np.array([1.0, 0.0, 0.0]), up)
    right /= np.linalg.norm(right)
    return right, np.cross(up, right)


class Distance(NamedTuple):
    """The distance of two people over time, arrays (k,): times at which both could be located."""

    times_s: Array
    metres: Array
    """Horizontal, between hip centres."""
    low_m: Array
    high_m: Array
    """The ends of the 90 % interval."""


INTERVAL = (0.05, 0.95)


def distance(people: People, one: PersonTrack, other: PersonTrack) -> Distance:
    """How far two of `people` stand from each other whenever both could be located.

    The interval takes in how surely each was located and, for both alike, how well the focal length is known.
    """
    times_s, first, second = np.intersect1d(one.times_s, other.times_s, return_indices=True)
    known = np.isfinite(one.position_m[first, 0]) & np.isfinite(other.position_m[second, 0])
    first, second = first[known], second[known]
    up = np.asarray(people.up)
    places = [np.asarray(t.position_m[rows], np.float64) for t, rows in ((one, first), (other, second))]
    spreads = [np.asarray(t.position_sd_m[rows], np.float64) for t, rows in ((one, first), (other, second))]
    metres = np.linalg.norm(horizontal(places[0] - places[1], up), axis=1)
    drawn = _draws()
    # A focal length that is longer by a factor puts everybody further away by it, but not further aside.
    drawn[:, 4] = np.expm1(people.camera.focal_sd * drawn[:, 4])
    moves = np.zeros((len(metres), 5, 3))
    for number, (place, sd, sign) in enumerate(zip(places, spreads, (1, -1), strict=True)):
        line = place / np.linalg.norm(place, axis=1, keepdims=True)
        aside = np.cross(line, up)
        aside /= np.maximum(1e-9, np.linalg.norm(aside, axis=1, keepdims=True))
        moves[:, 2 * number] = sign * sd[:, :1] * aside
        moves[:, 2 * number + 1] = sign * sd[:, 1:] * line
        moves[:, 4, 2] += sign * place[:, 2]
    # Along two axes of the floor, what is drawn adds up in one product.
    spread = np.hypot(*((((places[0] - places[1]) @ a)[:, None] + (moves @ a) @ drawn.T) for a in _axes(up)))
    low, high = np.quantile(spread, INTERVAL, axis=1) if len(metres) else (metres, metres)
    return Distance(times_s[known], metres, np.minimum(low, metres), np.maximum(high, metres))


_DRAWS = 256
"""Points that stand for the errors: the ends of an interval move by less than 2 % from one set to another."""


def _draws() -> Array:
    """Normally distributed numbers (k, 5): across and along for each of two people, and focal length."""
    return np.random.default_rng(0).standard_normal((_DRAWS, 5))
