"""How far the copy is that is played of a recording, told to its open page; a failed one is tried again."""

import functools
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, redirect, url_for
from flask.typing import ResponseReturnValue

from audit import copies
from audit.store import Store
from web.interactions import copy_asked, find, gone_of, recording_of
from web.playback import copy_told, file_problem, is_media
from web.streaming import stream


def room(store: Store) -> Blueprint:
    """The addresses of this room."""
    blueprint = Blueprint("copying", __name__)
    for rule, view, methods in (
        ("/interactions/<identity>/copy/events", events, ["GET"]),
        ("/interactions/<identity>/copy", again, ["POST"]),
    ):
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound, methods=methods)
    return blueprint


def events(store: Store, identity: str) -> Response:
    found = find(store, identity)
    recording, gone = recording_of(store, found), gone_of(store, found)
    if not is_media(recording) or file_problem(Path(found.path), recording) or gone is None:
        abort(404)

    def state() -> tuple[dict[str, Any], bool]:
        copy = copy_asked(store, found, recording, gone)
        return copy_told(copy), copy.ready or bool(copy.failed)

    return stream(state)


def again(store: Store, identity: str) -> ResponseReturnValue:
    found = find(store, identity)
    if not is_media(recording_of(store, found)):
        abort(404)
    copies.ask(store, found, again=True)
    return redirect(url_for("interactions.interaction", identity=identity), 303)
