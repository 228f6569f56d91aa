"""Scorecards given to their agents, and what these say of them."""

import functools

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from audit.releasing import keep_reply
from audit.releasing import release as give_out
from audit.releasing import withdraw as take_back
from audit.store import Store
from web.reviewing import card_of
from web.rights import person


def room(store: Store) -> Blueprint:
    """The addresses of this room."""
    blueprint = Blueprint("releasing", __name__)
    for rule, view in (
        ("/interactions/<identity>/release", release),
        ("/interactions/<identity>/withdraw", withdraw),
        ("/interactions/<identity>/replies", reply),
    ):
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound, methods=["POST"])
    return blueprint


def release(store: Store, identity: str) -> ResponseReturnValue:
    card = card_of(store, identity, request.form.get("rubric", ""))
    give_out(store, card, person().name)
    return redirect(url_for("interactions.interaction", identity=identity, rubric=card.rubric), 303)


def withdraw(store: Store, identity: str) -> ResponseReturnValue:
    card = card_of(store, identity, request.form.get("rubric", ""))
    take_back(store, card)
    return redirect(url_for("interactions.interaction", identity=identity, rubric=card.rubric), 303)


def reply(store: Store, identity: str) -> ResponseReturnValue:
    card = card_of(store, identity, request.form.get("rubric", ""))
    standard = request.form.get("standard", "")
    disputes = request.form.get("kind") == "dispute"
    keep_reply(store, card, person().name, request.form.get("text", ""), standard, disputes)
    page = url_for("interactions.interaction", identity=identity, rubric=card.rubric)
    return redirect(f"{page}#finding-{standard}" if standard else f"{page}#replies", 303)
