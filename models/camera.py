"""Cameras: how a point in metres falls on a picture, and the small file that keeps it."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import yaml
from numpy.typing import NDArray

from models.errors import ComportError

Source = Literal["calibrated", "metadata", "assumed"]

ASSUMED_FOV_DEG = 60.0
"""Field of view over the longer side of the picture when nobody says: see `ASSUMED_FOCAL_SD`."""

ASSUMED_FOCAL_SD = 0.25
"""Relative standard deviation of an assumed focal length. With 60 degrees its 90 % interval reaches from 42
to 82 degrees: from the main camera of a phone that films (26 to 30 mm, 62 to 69 degrees, cropped to 50 to 60
for stabilising) over webcams (60 to 78) to wide fixed lenses (4 mm on 1/2.8 inch: 80). Our choice."""

METADATA_FOCAL_SD = 0.08
"""Focal lengths in metadata belong to the whole sensor; filming crops it by up to 20 % for stabilising."""

CALIBRATED_FOCAL_SD = 0.01
"""A checkerboard gives the focal length to about 1 % from five pictures on (Zhang 2000, section 5.1)."""


FLOOR_FOCAL_SD = 0.05
"""Four points of the floor, marked to two pixels, give the focal length to about 5 %
(`tests/test_camera.py`)."""


class BadCamera(ComportError):
    """A camera file, or what a camera is to be calibrated from, cannot be used."""

    def __init__(self, where: str, found: str, expected: str) -> None:
        super().__init__(where, found, expected)
        self.where, self.found, self.expected = where, found, expected

    def __str__(self) -> str:
        return f"{self.where}: {self.found}; {self.expected}"


class Floor(msgspec.Struct, frozen=True):
    """Where the floor is: `x_camera = rotation @ x_floor + translation_m`, metres, floor at z = 0, z up."""

    rotation: tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
    translation_m: tuple[float, float, float]

    @property
    def up(self) -> NDArray[np.float64]:
        """The floor's normal in camera axes, shape (3,), away from the floor."""
        return np.asarray(self.rotation, np.float64)[:, 2]


ZoneName = Literal["counter", "entrance"]


class Zone(msgspec.Struct, frozen=True):
    """A part of the picture that somebody drew: where staff stand behind the `counter`, or the `entrance`."""

    name: ZoneName
    corners_px: tuple[tuple[float, float], ...]

    def holds(self, points_px: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Which of the points (n, 2) lie in it."""
        from skimage.measure import points_in_poly

        inside = points_in_poly(points_px, np.asarray(self.corners_px))  # type: ignore[no-untyped-call]
        return np.asarray(inside, np.bool_)


class Camera(msgspec.Struct, frozen=True):
    """A pinhole camera with OpenCV's axes: x right, y down, z forward; pixels of the picture as shown."""

    size_px: tuple[int, int]
    focal_px: tuple[float, float]
    centre_px: tuple[float, float]
    distortion: tuple[float, ...] = ()
    """OpenCV's k1, k2, p1, p2, k3; empty for none."""
    floor: Floor | None = None
    source: Source = "calibrated"
    focal_sd: float = CALIBRATED_FOCAL_SD
    """Relative standard deviation of the focal length."""
    zones: tuple[Zone, ...] = ()
    """Parts of the picture that tell who is who."""

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The intrinsic matrix, shape (3, 3)."""
        (fx, fy), (cx, cy) = self.focal_px, self.centre_px
        return np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])

    def resized(self, size_px: tuple[int, int]) -> "Camera":
        """The same camera for pictures scaled to `size_px`.

        Raises:
            BadCamera: the pictures have another shape, so that they are no scaled ones.
        """
        if size_px == self.size_px:
            return self
        across, down = size_px[0] / self.size_px[0], size_px[1] / self.size_px[1]
        if abs(across / down - 1) > SHAPE_TOLERANCE:
            raise BadCamera(
                "camera",
                f"calibrated for {self.size_px}, the video shows {size_px}",
                "calibrate with pictures as the camera records them",
            )
        return msgspec.structs.replace(
            self,
            size_px=size_px,
            focal_px=(self.focal_px[0] * across, self.focal_px[1] * down),
            centre_px=(self.centre_px[0] * across, self.centre_px[1] * down),
            zones=tuple(
                Zone(zone.name, tuple((x * across, y * down) for x, y in zone.corners_px))
                for zone in self.zones
            ),
        )


SHAPE_TOLERANCE = 0.02
"""Encoders round the sides of a picture to even numbers or to 16: up to 2 % of a small one."""


def assumed_camera(size_px: tuple[int, int]) -> Camera:
    """A camera for pictures of which nothing is known: `ASSUMED_FOV_DEG` over the longer side."""
    focal_px = max(size_px) / 2 / math.tan(math.radians(ASSUMED_FOV_DEG) / 2)
    centre_px = (size_px[0] / 2, size_px[1] / 2)
    return Camera(size_px, (focal_px, focal_px), centre_px, source="assumed", focal_sd=ASSUMED_FOCAL_SD)


def metadata_camera(size_px: tuple[int, int], focal_35mm: float) -> Camera:
    """A camera whose focal length is known as the equivalent on 35 mm film (diagonal 43.27 mm)."""
    focal_px = focal_35mm * math.hypot(*size_px) / math.hypot(36.0, 24.0)
    centre_px = (size_px[0] / 2, size_px[1] / 2)
    return Camera(size_px, (focal_px, focal_px), centre_px, source="metadata", focal_sd=METADATA_FOCAL_SD)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    size_px: tuple[int, int]
    focal_px: tuple[float, float]
    centre_px: tuple[float, float]
    distortion: tuple[float, ...] = ()
    floor: Floor | None = None
    focal_sd: float = CALIBRATED_FOCAL_SD
    source: Source = "calibrated"
    zones: tuple[Zone, ...] = ()


def load_camera(path: Path) -> Camera:
    """The camera that a file made by `comport camera calibrate` describes.

    Raises:
        BadCamera: the file is missing, no YAML, or describes no camera.
    """
    expected = "make it anew: comport camera calibrate"
    try:
        read = yaml.safe_load(path.read_text("utf-8"))
        known = msgspec.convert(read, _File, strict=False)
    except OSError as error:
        raise BadCamera(str(path), error.strerror or str(error), expected) from error
    except (yaml.YAMLError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise BadCamera(str(path), f"no camera file ({' '.join(str(error).split())})", expected) from error
    numbers = [*known.size_px, *known.focal_px]
    if not all(math.isfinite(n) and n > 0 for n in numbers):
        raise BadCamera(str(path), "a size or focal length that is no positive number", expected)
    if len(known.distortion) not in (0, 4, 5):
        raise BadCamera(
            str(path), f"{len(known.distortion)} distortion numbers", "expected k1, k2, p1, p2, k3"
        )
    for zone in known.zones:
        check_zone(zone, known.size_px, str(path))
    if known.floor is not None:
        rotation = np.asarray(known.floor.rotation)
        if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3) or np.linalg.det(rotation) < 0:
            raise BadCamera(str(path), "a floor whose rotation is none", expected)
    return Camera(**msgspec.structs.asdict(known))


def zone_of(name: str, corners: Iterable[str]) -> Zone:
    """A zone by its name and its corners in pixels, each written as `412,300`.

    Raises:
        ValueError: a corner is no numbers.
        msgspec.ValidationError: no zone is called so, or a corner has not two numbers.
    """
    points = [tuple(map(float, corner.split(","))) for corner in corners]
    return msgspec.convert({"name": name, "corners_px": points}, Zone)


EDGE_PX = 1.0
"""A corner may lie so far outside: whoever draws along the border of the picture hits it by a pixel."""


def check_zone(zone: Zone, size_px: tuple[int, int], where: str) -> None:
    """Sees that a zone can hold anybody.

    Raises:
        BadCamera: it has too few corners, or one lies outside the picture.
    """
    corners = np.asarray(zone.corners_px, np.float64).reshape(-1, 2)
    if len(corners) < 3:
        raise BadCamera(where, f"zone '{zone.name}' with {len(corners)} corners", "expected three or more")
    inside = (corners >= -EDGE_PX) & (corners <= np.asarray(size_px) + EDGE_PX)
    if not inside.all():
        x, y = next(corner for corner, within in zip(corners, inside, strict=True) if not within.all())
        width, height = size_px
        raise BadCamera(
            where,
            f"zone '{zone.name}' has a corner at {x:g},{y:g}, outside the picture of {width}x{height}",
            f"give its corners as pixels of the picture as shown: 0 to {width} across, 0 to {height} down",
        )


def camera_yaml(camera: Camera) -> str:
    """The text of a camera file, numbers rounded to six digits after the point."""
    fields = msgspec.to_builtins(_File(*(getattr(camera, name) for name in _File.__struct_fields__)))
    return str(yaml.safe_dump(_plain(fields), sort_keys=False, default_flow_style=None))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item not in (None, ())}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return round(float(value), 6) if isinstance(value, float | np.floating) else value
