"""Who is to look at an interaction: chosen on its page or in the list, found again in the list."""

import functools
from http import HTTPStatus
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from audit import assigning
from audit.reviews import BadReview
from audit.store import Store
from web.interactions import PAGE_ROWS, find, list_page
from web.languages import gettext
from web.listing import asked, fields
from web.rights import person

MOST = PAGE_ROWS
"""Interactions that are given at once: those of a page."""


def room(store: Store) -> Blueprint:
    """The address of this room."""
    blueprint = Blueprint("assigning", __name__)
    for rule, view in (
        ("/interactions/<identity>/assignment", assign),
        ("/interactions/assignments", assign_many),
    ):
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound, methods=["POST"])
    return blueprint


def assign(store: Store, identity: str) -> ResponseReturnValue:
    found = find(store, identity)
    to = request.form.get("to", "").strip()[:80]
    assigning.assign(store, found.id, to, person().name)
    rubric = request.form.get("rubric", "")[:80] or None
    return redirect(url_for("interactions.interaction", identity=identity, rubric=rubric), 303)


def assign_many(store: Store) -> ResponseReturnValue:
    to = request.form.get("to", "").strip()[:80]
    chosen = {find(store, identity).id for identity in request.form.getlist("interaction")[:MOST]}
    if not chosen:
        return list_page(store, gettext("Choose interactions first.")), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with store.writing():
            for one in sorted(chosen):
                assigning.assign(store, one, to, person().name)
    except BadReview:
        problem = gettext("%(name)s does not see all of these. Nothing was changed.", name=to)
        return list_page(store, problem), HTTPStatus.UNPROCESSABLE_ENTITY
    # Only what the list knows: the builder of addresses takes words of its own, such as `endpoint`.
    where = {name: value for name, value in request.args.items() if name in ("older", "newer")}
    again: dict[str, Any] = fields(asked(request.args)) | where | {"given": len(chosen)}
    return redirect(url_for("interactions.index", **again), HTTPStatus.SEE_OTHER)
