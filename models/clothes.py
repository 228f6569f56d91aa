"""The colour of what somebody wears, from patches that the pose places on torso and thighs."""

import numpy as np
from numpy.typing import NDArray

from models.pose import HIPS, VISIBLE

Array = NDArray[np.float32]

SHRINK = 0.6
"""Share of the torso's width and height that is looked at: its edges show arms, background and neck."""

FEWEST_PX = 30
"""A patch of fewer pixels has no colour that could be trusted."""

PATCH_PX = 16
"""Patches are sampled on a grid of this side: more pixels do not move a median."""

_ACROSS, _DOWN = np.meshgrid(np.linspace(0, 1, PATCH_PX), np.linspace(0, 1, PATCH_PX))
_GRID = np.stack(
    [(1 - _ACROSS) * (1 - _DOWN), _ACROSS * (1 - _DOWN), _ACROSS * _DOWN, (1 - _ACROSS) * _DOWN], axis=-1
).reshape(-1, 4)
_PLACES = (SHRINK * _GRID + (1 - SHRINK) / 4).astype(np.float32)
"""What each corner of a patch weighs (k, 4) in the places that are looked at: a grid inside the corners,
drawn together by `SHRINK` to their middle."""

_CORNERS = np.array([[11, 12, 24, 23], [23, 23, 25, 25], [24, 24, 26, 26]])
"""Landmarks at the corners of the patches: torso (shoulders, hips), left and right thigh (hip, knee)."""

_ASIDE = np.array([[0, 0, 0, 0], [-1, 1, 1, -1], [-1, 1, 1, -1]], np.float32)[:, :, None] * np.float32(0.2)
"""How far each corner is moved, in distances from hip to hip."""

_PARTS = ((0,), (1, 2))
"""The patches of torso and thighs."""


def clothes_of(picture: NDArray[np.uint8], pose_px: Array) -> tuple[Array, Array]:
    """Median CIELAB colour (D65) and spread of (torso, thighs), each (2, 3); NaN where it could not be seen.

    `pose_px` are the pose landmarks (33, 3) of somebody in an RGB picture.
    """
    median, spread = np.full((2, 3), np.nan, np.float32), np.full((2, 3), np.nan, np.float32)
    corners = pose_px[_CORNERS]
    seen = corners[:, :, 2].min(axis=1) >= VISIBLE
    if not seen.any():
        return median, spread
    corners = corners[:, :, :2] + _ASIDE * (pose_px[HIPS[1], :2] - pose_px[HIPS[0], :2])
    seen &= (SHRINK * np.ptp(corners, axis=1)).prod(axis=1) >= FEWEST_PX
    points = np.rint(_PLACES @ corners)
    for part, patches in enumerate(_PARTS):
        pixels = [_pixels(picture, points[patch]) for patch in patches if seen[patch]]
        inside = np.concatenate(pixels) if pixels else np.zeros((0, 3), np.uint8)
        if len(inside) >= FEWEST_PX:
            lab = _lab(inside)
            median[part] = _median(lab)
            spread[part] = 1.48 * _median(np.abs(lab - median[part]))
    return median, spread


def _pixels(picture: NDArray[np.uint8], points: Array) -> NDArray[np.uint8]:
    """The pixels at these points (k, 2) that lie in the picture."""
    x, y = points.T
    inside = (x >= 0) & (y >= 0) & (x < picture.shape[1]) & (y < picture.shape[0])
    return np.asarray(picture[y[inside].astype(int), x[inside].astype(int)])


def _median(rows: Array) -> Array:
    """The median of each column: numpy's own takes four times as long on so few."""
    in_order = np.sort(rows, axis=0)
    middle = len(rows) // 2
    odd = len(rows) % 2
    return np.asarray(in_order[middle] if odd else (in_order[middle - 1] + in_order[middle]) / 2, np.float32)


def _lab(pixels: NDArray[np.uint8]) -> Array:
    import cv2

    rgb = pixels[None].astype(np.float32) / 255
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[0], np.float32)
