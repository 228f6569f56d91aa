"""The cameras of the house and the zones of their pictures, for admins."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from flask import Response

from audit import camera_files
from audit.camera_files import MOST_CORNERS, MOST_ZONES, Known
from audit.store import NotStored, Store
from models.camera import Zone, ZoneName
from web.api.operations import Many, Operation, each
from web.cameras import LATEST_S, Video, picture_of, videos

_Pixel = Annotated[float, msgspec.Meta(ge=-20_000, le=20_000)]
_Side = Annotated[int, msgspec.Meta(ge=1, le=20_000)]


class Drawn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the picture; its corners are pixels of the picture as shown."""

    name: ZoneName
    corners_px: Annotated[
        tuple[tuple[_Pixel, _Pixel], ...], msgspec.Meta(min_length=3, max_length=MOST_CORNERS)
    ]


class Drawing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All zones of a camera; its size only where the camera is new."""

    zones: Annotated[tuple[Drawn, ...], msgspec.Meta(max_length=MOST_ZONES)]
    size_px: tuple[_Side, _Side] | None = None


class CameraShown(msgspec.Struct, frozen=True):
    """A camera; `source` says how well it is known. Where its file cannot be read, `problem` says why."""

    name: str
    size_px: tuple[int, int] | None
    source: str | None
    has_floor: bool
    zones: tuple[Zone, ...]
    problem: str


def list_cameras(store: Store) -> Many[CameraShown]:
    return each(map(_shown, camera_files.cameras(store)))


class Moment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far into the video."""

    at_s: Annotated[int, msgspec.Meta(ge=0, le=LATEST_S)] = 0


def camera_videos(store: Store, camera: str) -> Many[Video]:
    known = camera_files.camera_of(store, camera).camera
    return each(videos(store, known.size_px) if known else ())


def camera_picture(store: Store, camera: str, identity: str, query: Moment) -> Response:
    if identity not in {one.id for one in camera_videos(store, camera).items}:
        raise NotStored("video of this camera", identity[:12], "its videos are listed beside")
    return picture_of(store, identity, query.at_s)


def keep_camera(store: Store, camera: str, body: Drawing) -> CameraShown:
    zones = [Zone(one.name, one.corners_px) for one in body.zones]
    try:
        return _shown(camera_files.keep_zones(store, camera, zones))
    except NotStored:
        if body.size_px is None:
            raise
        return _shown(camera_files.add_camera(store, camera, body.size_px, zones))


def drop_camera(store: Store, camera: str) -> None:
    camera_files.remove_camera(store, camera)


def _shown(one: Known) -> CameraShown:
    known = one.camera
    if known is None:
        return CameraShown(one.name, None, None, False, (), one.problem)
    return CameraShown(one.name, known.size_px, known.source, known.floor is not None, known.zones, "")


OPERATIONS = (
    Operation("GET", "/cameras", list_cameras, "The cameras of the house", Many[CameraShown]),
    Operation(
        *(
            "GET",
            "/cameras/<camera>/videos",
            camera_videos,
            "The newest videos of its shape, to draw zones on",
        ),
        Many[Video],
    ),
    Operation(
        *("GET", "/cameras/<camera>/videos/<identity>/picture", camera_picture, "A picture, with its faces"),
        "image/jpeg",
        Moment,
        problems=(HTTPStatus.UNPROCESSABLE_ENTITY,),
    ),
    Operation(
        *("PUT", "/cameras/<camera>", keep_camera, "Draws the zones of a camera, or adds one", CameraShown),
        body=Drawing,
        problems=(HTTPStatus.UNPROCESSABLE_ENTITY,),
    ),
    Operation(
        *("DELETE", "/cameras/<camera>", drop_camera, "Removes a camera", None),
        status=HTTPStatus.NO_CONTENT,
    ),
)
