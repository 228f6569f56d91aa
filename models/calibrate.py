"""A camera from pictures of a checkerboard, and where its floor is from points that somebody measured."""

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.camera import FLOOR_FOCAL_SD, BadCamera, Camera, Floor

Array = NDArray[np.float64]

FEWEST_BOARDS = 5
"""Fewer views leave the focal length off by several percent (Zhang 2000, section 5.1)."""

MOST_BOARDS = 40
"""More views of one board only take longer."""

MOST_ERROR_PX = 1.0
"""Root mean square error above which a calibration is none; good ones have 0.1 to 0.5 (OpenCV's tutorial)."""

MOST_FLOOR_ERROR_PX = 10.0
"""Mean error of the measured points of the floor above which one of them must be wrong: our choice, at 1280
pixels about 2 cm at 3 m."""


FOCAL_STEPS, TELLING_PX = 5, 1.0
"""A focal length that is a third longer or shorter (5 steps of the search) has to fit the points worse by at
least a pixel in the mean: as exactly as somebody marks them."""


def from_checkerboard(
    pictures: Iterable[NDArray[np.uint8]], corners: tuple[int, int], square_m: float, where: str
) -> tuple[Camera, float]:
    """The camera that took these RGB pictures, and the root mean square error in pixels.

    `corners` are the inner corners (columns, rows) of the board, `square_m` the side of a square; `where`
    names the pictures in errors.

    Raises:
        BadCamera: too few pictures show the whole board, they differ in size, or do not fit together.
    """
    import cv2

    board = np.zeros((corners[0] * corners[1], 3), np.float32)
    board[:, :2] = np.mgrid[: corners[0], : corners[1]].T.reshape(-1, 2) * square_m
    found: list[NDArray[np.float32]] = []
    size_px: tuple[int, int] | None = None
    for picture in pictures:
        shown = (picture.shape[1], picture.shape[0])
        if size_px not in (None, shown):
            raise BadCamera(where, f"pictures of {size_px} and {shown} pixels", "expected one size")
        size_px = shown
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        seen, points = cv2.findChessboardCornersSB(grey, corners)
        if seen:
            found.append(np.asarray(points, np.float32))
        if len(found) == MOST_BOARDS:
            break
    if size_px is None or len(found) < FEWEST_BOARDS:
        raise BadCamera(
            where,
            f"the whole board with {corners[0]}x{corners[1]} inner corners is seen in {len(found)} pictures",
            f"expected {FEWEST_BOARDS} or more, the board held at different angles and places",
        )
    error_px, matrix, distortion, _, _ = cv2.calibrateCamera(
        [board] * len(found), found, size_px, np.eye(3), np.zeros(5)
    )
    if not error_px <= MOST_ERROR_PX:
        raise BadCamera(
            where, f"corners are off by {error_px:.1f} pixels", "use sharp pictures of a flat board"
        )
    (fx, _, cx), (_, fy, cy) = (tuple(float(v) for v in row) for row in matrix[:2])
    bend = tuple(float(v) for v in np.ravel(distortion)[:5])
    return Camera(size_px, (fx, fy), (cx, cy), bend), float(error_px)


def with_floor(
    camera: Camera,
    points_px: Sequence[tuple[float, float]],
    points_m: Sequence[tuple[float, float]],
    where: str,
) -> tuple[Camera, float]:
    """The camera with its floor, from four or more points in pixels and metres, and their mean error (px).

    Metres are counted from any point, along any two directions at a right angle. Where the camera's focal
    length is not calibrated it is found from the same points.

    Raises:
        BadCamera: too few points, on one line, or not fitting together.
    """
    if len(points_px) < 4:
        raise BadCamera(where, f"{len(points_px)} points of the floor", "expected four or more")
    floor = np.column_stack([np.asarray(points_m, np.float64), np.zeros(len(points_m))])
    spread = np.linalg.svd(floor[:, :2] - floor[:, :2].mean(axis=0), compute_uv=False)
    if spread[1] < 0.05 * spread[0]:
        raise BadCamera(where, "points of the floor on one line", "choose the corners of a square")
    image = np.asarray(points_px, np.float64)
    if camera.source != "calibrated":
        camera = _with_focal(camera, image, floor, where)
    error_px, found = _floor(camera, image, floor)
    if found is None or error_px > MOST_FLOOR_ERROR_PX:
        raise BadCamera(
            where,
            f"the points of the floor are off by {error_px:.0f} pixels",
            "check each pixel and each metre, and their order",
        )
    return msgspec.structs.replace(camera, floor=found), error_px


def _with_focal(camera: Camera, image: Array, floor: Array, where: str) -> Camera:
    """The camera with the focal length that fits the points best, the middle of the picture as its centre."""
    from scipy.optimize import minimize_scalar

    def tried(log_focal: float) -> Camera:
        focal_px = float(np.exp(log_focal))
        return msgspec.structs.replace(
            camera, focal_px=(focal_px, focal_px), source="calibrated", focal_sd=FLOOR_FOCAL_SD
        )

    def error(log_focal: float) -> float:
        return _floor(tried(log_focal), image, floor)[0]

    longest = max(camera.size_px)
    # From a field of view of 130 degrees to one of 8.
    steps = np.linspace(np.log(0.23 * longest), np.log(7.0 * longest), 60)
    errors = [error(step) for step in steps]
    best = int(np.argmin(errors))
    around = (errors[max(0, best - FOCAL_STEPS)], errors[min(len(steps) - 1, best + FOCAL_STEPS)])
    tells = np.isfinite(around).all() and min(around) > errors[best] + TELLING_PX
    if best in (0, len(steps) - 1) or not tells:
        raise BadCamera(
            where,
            "the points of the floor do not tell the focal length (they look the same from near and far)",
            "choose points further apart, in front and behind, or calibrate by a checkerboard first",
        )
    found = minimize_scalar(error, bounds=(steps[best - 1], steps[best + 1]), method="bounded")
    return tried(float(found.x))


def _floor(camera: Camera, image: Array, floor: Array) -> tuple[float, Floor | None]:
    """The mean error in pixels and the place of the floor that fits best, with the camera above it."""
    import cv2

    bend = np.asarray(camera.distortion or (0.0,) * 5, np.float64)
    best: tuple[float, Floor | None] = (float("inf"), None)
    # Whoever counts metres clockwise sees the floor in a mirror: both ways are tried.
    for points in (floor, floor * [1, -1, 1]):
        try:
            _, turns, shifts, _ = cv2.solvePnPGeneric(
                points, image, camera.matrix, bend, flags=cv2.SOLVEPNP_IPPE
            )
        except cv2.error:
            continue
        for turn, shift in zip(turns, shifts, strict=True):
            rotation = cv2.Rodrigues(turn)[0]
            if float((-rotation.T @ shift)[2, 0]) <= 0:
                continue  # a camera below the floor
            shown, _ = cv2.projectPoints(points, turn, shift, camera.matrix, bend)
            error_px = float(np.linalg.norm(shown[:, 0] - image, axis=1).mean())
            if error_px < best[0]:
                rows = [(float(row[0]), float(row[1]), float(row[2])) for row in rotation]
                x, y, z = (float(v) for v in np.ravel(shift))
                best = (error_px, Floor((rows[0], rows[1], rows[2]), (x, y, z)))
    return best
