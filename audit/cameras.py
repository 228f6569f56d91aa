"""`comport camera`: calibrates a camera once, so that distances are right."""

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import numpy as np
from numpy.typing import NDArray

from audit.console import out
from models.camera import (
    BadCamera,
    Camera,
    Zone,
    assumed_camera,
    camera_yaml,
    check_zone,
    load_camera,
    zone_of,
)

FRAMES_PER_S = 1.0
"""A board in a video is looked for once a second: it has to be held still anyway."""


class _Board(click.ParamType[tuple[int, int]]):
    name = "COLUMNSxROWS"

    def convert(
        self, value: str, param: click.Parameter | None, context: click.Context | None
    ) -> tuple[int, int]:
        columns, _, rows = value.lower().partition("x")
        if not (columns.isdigit() and rows.isdigit() and int(columns) > 2 and int(rows) > 2):
            self.fail(f"{value!r} is no board; expected inner corners like 9x6", param, context)
        return int(columns), int(rows)


class _Point(click.ParamType[tuple[tuple[float, float], tuple[float, float]]]):
    name = "X,Y=METRES,METRES"

    def convert(
        self, value: str, param: click.Parameter | None, context: click.Context | None
    ) -> tuple[tuple[float, float], tuple[float, float]]:
        try:
            pixels, metres = (tuple(map(float, side.split(","))) for side in value.split("="))
            (x, y), (east, north) = pixels, metres
        except ValueError:
            self.fail(f"{value!r} is no point; expected pixels=metres like 412,633=0,2.5", param, context)
        return (x, y), (east, north)


class _Zone(click.ParamType[Zone]):
    name = "NAME=X,Y/X,Y/X,Y"

    def convert(self, value: str, param: click.Parameter | None, context: click.Context | None) -> Zone:
        named, _, corners = value.partition("=")
        try:
            return zone_of(named, corners.split("/"))
        except (ValueError, msgspec.ValidationError):
            self.fail(
                f"{value!r} is no zone; expected counter or entrance and its corners in pixels, like "
                "counter=412,300/905,310/880,120",
                param,
                context,
            )


@click.group()
def camera() -> None:
    """Calibrate cameras, so that distances are right."""


@camera.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--board", type=_Board(), help="Inner corners of a printed checkerboard, for example 9x6.")
@click.option("--square", "square_m", type=float, help="The side of one of its squares in metres.")
@click.option("--floor", "points", type=_Point(), multiple=True, help="A point of the floor; four or more.")
@click.option("--from", "known", type=click.Path(path_type=Path), help="A camera file to add the floor to.")
def calibrate(
    file: Path,
    pictures: tuple[Path, ...],
    board: tuple[int, int] | None,
    square_m: float | None,
    points: tuple[tuple[tuple[float, float], tuple[float, float]], ...],
    known: Path | None,
) -> None:
    """Write the camera file FILE from PICTURES (or videos) that the camera took.

    A checkerboard (--board and --square) gives the lens; points of the floor (--floor, pixels=metres) tell
    where people stand. Both may be given; with the floor alone the focal length is found from it.
    """
    from models.calibrate import from_checkerboard, with_floor

    where = str(pictures[0])
    if not board and not points:
        raise click.UsageError("give --board and --square, or --floor at least four times, or both")
    if board and (square_m is None or not square_m > 0):
        raise click.UsageError("--board needs --square: the side of a square in metres, for example 0.025")
    if known:
        found = load_camera(known)
    elif board and square_m:
        found, error_px = from_checkerboard(_pictures(pictures), board, square_m, where)
        out.print(f"lens: corners off by {error_px:.2f} pixels", highlight=False)
    else:
        first = next(_pictures(pictures))
        found = assumed_camera((first.shape[1], first.shape[0]))
    if points:
        found, error_px = with_floor(found, [p for p, _ in points], [m for _, m in points], where)
        out.print(f"floor: points off by {error_px:.1f} pixels", highlight=False)
    file.write_text(camera_yaml(found), "utf-8")
    out.print(_told(found, file), highlight=False, soft_wrap=True)


@camera.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("picture", required=False, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--zone",
    "drawn",
    type=_Zone(),
    multiple=True,
    required=True,
    help="counter or entrance, and its corners.",
)
def zones(file: Path, picture: Path | None, drawn: tuple[Zone, ...]) -> None:
    """Write zones of the picture into the camera file FILE: who is who is told by where people are.

    Corners are pixels of the picture that the file was calibrated with. A camera that nobody calibrated needs
    a PICTURE (or video) of it; distances then stay as unsure as without a file. Zones drawn before are
    replaced.
    """
    if picture is not None and not file.exists():
        first = next(_pictures((picture,)))
        known = assumed_camera((first.shape[1], first.shape[0]))
    else:
        known = load_camera(file)
    for zone in drawn:
        check_zone(zone, known.size_px, str(file))
    file.write_text(camera_yaml(msgspec.structs.replace(known, zones=drawn)), "utf-8")
    out.print(f"{file}: {', '.join(zone.name for zone in drawn)}", highlight=False, soft_wrap=True)


def _told(found: Camera, file: Path) -> str:
    focal = f"focal length {found.focal_px[0]:.0f} pixels at {found.size_px[0]}x{found.size_px[1]}"
    if found.floor is None:
        return f"{file}: {focal}, no floor"
    height_m = -float(np.asarray(found.floor.translation_m) @ found.floor.up)
    return f"{file}: {focal}, {height_m:.2f} m above the floor"


def _pictures(paths: tuple[Path, ...]) -> Iterator[NDArray[np.uint8]]:
    """All pictures, and a frame a second of videos, RGB, at their own size."""
    import cv2

    from models.frames import Frames

    for path in paths:
        read = cv2.imread(str(path))
        if read is not None:
            yield np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), np.uint8)
            continue
        for frame in Frames(path, FRAMES_PER_S):
            if frame.scale != 1:
                raise BadCamera(
                    str(path), "a video of more than 1920 pixels", "give pictures cut from it, at full size"
                )
            yield frame.picture
