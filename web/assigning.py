"""Who is to look at an interaction: chosen on its page, found again in the list."""

import functools

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from audit import assigning
from audit.store import Store
from web.interactions import find
from web.rights import person


def room(store: Store) -> Blueprint:
    """The address of this room."""
    blueprint = Blueprint("assigning", __name__)
    bound = functools.update_wrapper(functools.partial(assign, store), assign)
    blueprint.add_url_rule("/interactions/<identity>/assignment", "assign", bound, methods=["POST"])
    return blueprint


def assign(store: Store, identity: str) -> ResponseReturnValue:
    found = find(store, identity)
    to = request.form.get("to", "").strip()[:80]
    assigning.assign(store, found.id, to, person().name)
    rubric = request.form.get("rubric", "")[:80] or None
    return redirect(url_for("interactions.interaction", identity=identity, rubric=rubric), 303)
