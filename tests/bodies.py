"""People built from joints, so that a gesture can be tested from every side."""

import numpy as np

from models.observations import PersonTrack
from tests import build

TORSO_M = 0.5
FOCAL_PX, SIZE_PX = 800.0, (1280, 720)

HANGS = ((0.1, -0.05, -0.5), (0.12, 0.05, -0.98))
"""An arm: elbow and wrist outwards, forwards, upwards from the shoulder, in torsos."""

_HEAD = [
    *((0, 0.1, 0.7), (0.02, 0.09, 0.74), (0.03, 0.09, 0.74), (0.04, 0.09, 0.74), (-0.02, 0.09, 0.74)),
    *((-0.03, 0.09, 0.74), (-0.04, 0.09, 0.74), (0.08, 0, 0.7), (-0.08, 0, 0.7)),
    *((0.03, 0.08, 0.65), (-0.03, 0.08, 0.65)),
]


def joints(left=HANGS, right=HANGS, thighs=(0.0, -0.45), shin=-0.45) -> np.ndarray:
    """(33, 3) metres to the own left, forwards and upwards from the hips."""
    found = np.zeros((33, 3))
    found[:11] = _HEAD
    for side, arm in enumerate((left, right)):
        out = 1 - 2 * side
        shoulder = np.array([0.17 * out, 0, TORSO_M])
        elbow, wrist = (shoulder + TORSO_M * np.array(p) * [out, 1, 1] for p in arm)
        along = (wrist - elbow) / np.linalg.norm(wrist - elbow)
        found[[11 + side, 13 + side, 15 + side]] = shoulder, elbow, wrist
        found[[17 + side, 19 + side, 21 + side]] = wrist + 0.08 * along
        hip = np.array([0.12 * out, 0, 0])
        knee = hip + np.array([0, *thighs])
        found[[23 + side, 25 + side, 27 + side]] = hip, knee, knee + np.array([0, 0, shin])
        found[[29 + side, 31 + side]] = knee + np.array([0, 0.1, shin])
    return found


FOLDED, STRAIGHT = 0.0, 1.0


def hand_px(wrist, along, fingers, thumb_up=False) -> np.ndarray:
    """(21, 2) a hand in the picture; `fingers` says of index to little finger whether they are straight."""
    along = along / np.linalg.norm(along)
    aside = np.array([-along[1], along[0]])
    hand = np.zeros((21, 2))
    for number, straight in enumerate(fingers):
        knuckle = 24 * along + (number - 1.5) * 6 * aside
        steps = [8, 16, 24] if straight else [6, 2, -6]
        hand[5 + 4 * number] = knuckle
        for joint, step in enumerate(steps):
            hand[6 + 4 * number + joint] = knuckle + step * along
    for joint in range(4):
        tip = np.array([0, -12.0 * (joint + 1)]) if thumb_up else (4.0 * joint) * along - 10 * aside
        hand[1 + joint] = tip
    return hand + wrist


def person(
    label: str = "person-0",
    yaw_deg: float = 0.0,
    x_m: float = 0.0,
    z_m: float = 3.0,
    n: int = 10,
    hidden: tuple[int, ...] = (),
    hands: tuple = (None, None),
    mirrored: bool = False,
    lean_deg: float = 0.0,
    focal_px: float = FOCAL_PX,
    **how,
) -> PersonTrack:
    """Somebody who holds a posture for `n` frames; `yaw_deg` 0 faces the camera, 90 the right of the picture."""
    points = joints(**how)
    if mirrored:
        points = points * [-1, 1, 1]
        pairs = [*range(11)[::-1], *(i + 1 - 2 * ((i - 11) % 2) for i in range(11, 33))]
        points = points[[0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9, *pairs[11:]]]
        hidden = tuple(pairs[i] if i > 10 else i for i in hidden)
        hands = hands[::-1]
    if lean_deg:
        angle = np.radians(lean_deg)
        upper = points[:, 2] > 0
        forward, up = points[upper, 1].copy(), points[upper, 2].copy()
        points[upper, 1] = forward * np.cos(angle) + up * np.sin(angle)
        points[upper, 2] = up * np.cos(angle) - forward * np.sin(angle)
    yaw = np.radians(-yaw_deg if mirrored else yaw_deg)
    left, forward, up = points.T
    across, depth = left * np.cos(yaw) + forward * np.sin(yaw), left * np.sin(yaw) - forward * np.cos(yaw)
    pose_m = np.stack([across, -up, depth], axis=1)
    place = np.array([x_m, 0.2, z_m])
    at = pose_m + place
    pixels = focal_px * at[:, :2] / at[:, 2:] + np.array(SIZE_PX) / 2
    visible = np.full((33, 1), 0.99)
    visible[list(hidden)] = 0.1
    hands_px = np.full((2, 21, 2), np.nan)
    for side, fingers in enumerate(hands):
        if fingers:
            along = pixels[15 + side] - pixels[13 + side]
            hands_px[side] = hand_px(pixels[15 + side], along, **fingers)
    box = [*pixels.min(axis=0), *pixels.max(axis=0)]
    arrays = {
        "pose_m": pose_m,
        "pose_px": np.concatenate([pixels, visible], axis=1),
        "position_m": place,
        "position_sd_m": [0.05, 0.1],
        "boxes_px": box,
        "hands_px": hands_px,
    }
    return build.track(
        n, label, **{name: np.repeat(np.array(a)[None], n, axis=0) for name, a in arrays.items()}
    )
