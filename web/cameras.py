"""Administration of cameras: which there are, and the zones drawn on a picture that each took."""

import functools
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import get_args

import msgspec
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from audit import tables as t
from audit.camera_files import add_camera, camera_of, cameras, keep_zones, remove_camera
from audit.pictures import jpeg
from audit.store import Store
from models.camera import SHAPE_TOLERANCE, BadCamera, Zone, ZoneName, zone_of
from models.frames import picture_at
from web.interactions import find, recording_of
from web.playback import file_problem

VIDEOS = 30
"""The newest videos are offered to draw on."""

LATEST_S = 120
"""So far into a video a picture is taken at most: where it cannot be searched, all before it is decoded."""


class Video(msgspec.Struct, frozen=True):
    """A video to draw on; `size_px` is that of its picture."""

    id: str
    title: str
    size_px: tuple[int, int]


def room(store: Store) -> Blueprint:
    """The pages of this room."""
    blueprint = Blueprint("cameras", __name__)
    for rule, view, method in (
        ("/admin/cameras", everything, "GET"),
        ("/admin/cameras", add, "POST"),
        ("/admin/cameras/<camera>", one, "GET"),
        ("/admin/cameras/<camera>", change, "POST"),
        ("/admin/cameras/pictures/<identity>.jpg", picture, "GET"),
    ):
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound, methods=[method])
    return blueprint


def everything(store: Store) -> ResponseReturnValue:
    return render_template(
        "cameras.html", cameras=cameras(store), videos=videos(store), done=request.args.get("done", "")
    )


def add(store: Store) -> ResponseReturnValue:
    name = request.form.get("name", "").strip().lower()
    chosen = request.form.get("video", "")
    size_px = recording_of(store, find(store, chosen)).size_px
    if size_px is None:
        raise BadCamera("camera", "a recording without a picture", "choose a video")
    add_camera(store, name, size_px)
    return redirect(url_for("cameras.one", camera=name, video=chosen), HTTPStatus.SEE_OTHER)


def one(store: Store, camera: str) -> ResponseReturnValue:
    found = camera_of(store, camera)
    fitting = videos(store, found.camera.size_px) if found.camera else ()
    wanted = request.args.get("video", "")
    video = next((v for v in fitting if v.id == wanted), next(iter(fitting), None))
    return render_template(
        "camera.html",
        found=found,
        videos=fitting,
        video=video,
        at_s=_at_s(),
        latest_s=LATEST_S,
        zones=[(zone.name, _written(zone)) for zone in found.camera.zones] if found.camera else [],
        kinds=get_args(ZoneName),
        done="done" in request.args,
    )


def change(store: Store, camera: str) -> ResponseReturnValue:
    if request.form.get("do") == "remove":
        remove_camera(store, camera)
        return redirect(url_for("cameras.everything", done=camera), HTTPStatus.SEE_OTHER)
    names, corners = request.form.getlist("zone"), request.form.getlist("corners")
    if request.form.get("do") != "zones" or len(names) != len(corners):
        abort(HTTPStatus.BAD_REQUEST)
    drawn = [_read(camera, *both) for both in zip(names, corners, strict=True) if both[1].strip()]
    keep_zones(store, camera, drawn, request.form.get("seen", ""))
    video = request.form.get("video") or None
    return redirect(url_for("cameras.one", camera=camera, video=video, done=1), HTTPStatus.SEE_OTHER)


def picture(store: Store, identity: str) -> ResponseReturnValue:
    return picture_of(store, identity, _at_s())


def picture_of(store: Store, identity: str, at_s: int) -> Response:
    """The picture of a video so many seconds into it, as it is: with faces. 404 where it has none."""
    found = find(store, identity)
    recording, path = recording_of(store, found), Path(found.path)
    if recording.size_px is None or file_problem(path, recording):
        abort(404)
    response = Response(jpeg(picture_at(path, at_s).picture), mimetype="image/jpeg")
    response.cache_control.private = True
    response.cache_control.no_store = True
    return response


def _at_s() -> int:
    return min(LATEST_S, max(0, request.args.get("at", 0, type=int)))


def videos(store: Store, size_px: tuple[int, int] | None = None) -> Sequence[Video]:
    """The newest videos; of this size only those of the same shape, as one camera takes them."""
    row, of = t.interaction.c, t.recording.c
    query = (
        select(row.id, row.title, of.width_px, of.height_px)
        .join(t.recording, of.id == row.recording_id)
        .where(of.width_px.is_not(None), of.width_px > 0, of.height_px > 0)
        .order_by(row.added_at.desc(), row.id)
    )
    if size_px:
        shape = size_px[0] / size_px[1]
        query = query.where(
            of.width_px * 1.0 / of.height_px / shape >= 1 - SHAPE_TOLERANCE,
            of.width_px * 1.0 / of.height_px / shape <= 1 + SHAPE_TOLERANCE,
        )
    with store.reading() as connection:
        found = connection.execute(query.limit(VIDEOS)).all()
    return tuple(Video(one.id, one.title, (one.width_px, one.height_px)) for one in found)


def _written(zone: Zone) -> str:
    """The corners of a zone as the form has them: `412,300 905,310 880,120`."""
    return " ".join(f"{x:g},{y:g}" for x, y in zone.corners_px)


def _read(camera: str, name: str, corners: str) -> Zone:
    if name not in get_args(ZoneName):
        raise BadCamera(camera, f"zone '{name[:40]}'", f"expected {' or '.join(get_args(ZoneName))}")
    try:
        return zone_of(name, corners.split())
    except (ValueError, msgspec.ValidationError) as error:
        found = f"corners '{corners[:60]}'"
        raise BadCamera(camera, found, "expected pixels like 412,300 905,310 880,120") from error
