"""People in a video: where they are while it plays, and the pictures of findings."""

import functools
import hashlib
from http import HTTPStatus
from pathlib import Path

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from audit.evidence import finding_picture, people_json
from audit.store import NotStored, Store
from web.interactions import card_asked_for, find, observations_of, recording_of
from web.playback import file_problem


def room(store: Store) -> Blueprint:
    """The addresses of this room."""
    blueprint = Blueprint("people", __name__)
    for rule, view in (
        ("/interactions/<identity>/people.json", people),
        ("/interactions/<identity>/frames/<standard>.jpg", frame),
    ):
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound)
    return blueprint


def people(store: Store, identity: str) -> Response:
    found = find(store, identity)
    observations = observations_of(store, found)
    if observations is None or observations.people is None:
        raise NotStored("people of interaction", found.title, "nobody looked at its picture")
    card = card_asked_for(store, found)
    roles = dict(card.roles.of if card else found.roles)
    return Response(people_json(observations.people, roles), mimetype="application/json")


def frame(store: Store, identity: str, standard: str) -> ResponseReturnValue:
    moment = max(0, request.args.get("moment", 0, type=int))
    found = find(store, identity)
    card = card_asked_for(store, found)
    if card is None:
        abort(404)
    recording, path = recording_of(store, found), Path(found.path)
    if recording.size_px is None or file_problem(path, recording):
        abort(404)
    seen = (recording.id, card.observations_digest, repr(card.roles.of), card.software)
    facts = (*seen, card.rubric_digest, standard, moment)
    etag = hashlib.sha256(repr(facts).encode()).hexdigest()
    if etag in request.if_none_match:
        return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": f'"{etag}"'})
    observations = observations_of(store, found)
    if observations is None:
        abort(404)
    content = finding_picture(path, observations, card, store.rubric(card.rubric_digest), standard, moment)
    response = Response(content, mimetype="image/jpeg")
    response.set_etag(etag)
    response.cache_control.private = True
    response.cache_control.no_cache = True
    return response
