"""What reviewers say of findings, and what waits for them next."""

import functools

from flask import Blueprint, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from audit.judge import Verdict
from audit.reviews import BadReview, card_stands, keep_review, next_waiting
from audit.scorecard import Scorecard
from audit.store import NotStored, Store
from web.interactions import cards_of, find
from web.rights import person, scope


def room(store: Store) -> Blueprint:
    """The addresses of this room."""
    blueprint = Blueprint("reviewing", __name__)
    for rule, view, methods in (
        ("/interactions/<identity>/reviews", say, ["POST"]),
        ("/interactions/<identity>/reviews.json", newest, ["GET"]),
        ("/next", next_, ["GET"]),
    ):
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound, methods=methods)
    return blueprint


def say(store: Store, identity: str) -> ResponseReturnValue:
    card = card_of(store, identity, request.form.get("rubric", ""))
    standard, verdict = request.form.get("standard", ""), request.form.get("verdict", "")
    if verdict not in set(Verdict):
        raise BadReview(standard, f"'{verdict[:40]}' is no verdict; expected one of {', '.join(Verdict)}")
    comment, seen = request.form.get("comment", ""), request.form.get("seen", 0, type=int)
    keep_review(store, card, standard, Verdict(verdict), person().name, comment, seen)
    page = url_for("interactions.interaction", identity=identity, rubric=card.rubric)
    return redirect(f"{page}#finding-{standard}", 303)


def newest(store: Store, identity: str) -> ResponseReturnValue:
    """The number of the newest review of a scorecard: an open page asks whether there is a newer one."""
    now = card_stands(store, card_of(store, identity, request.args.get("rubric", "")))
    return jsonify(newest=now.history[-1].id if now.history else 0)


def next_(store: Store) -> ResponseReturnValue:
    """The next interaction that waits for a person, or the list when nothing waits."""
    waiting = next_waiting(
        store, request.args.get("after", "")[:64], request.args.get("rubric", "")[:80], scope()
    )
    if waiting is None:
        return redirect(url_for("interactions.index", done=1))
    return redirect(url_for("interactions.interaction", identity=waiting[0], rubric=waiting[1]))


def card_of(store: Store, identity: str, rubric: str) -> Scorecard:
    """The current scorecard of an interaction under a rubric, both open to whoever asks.

    Raises:
        NotStored: there is none.
    """
    cards = cards_of(store, find(store, identity))
    card = next((one for one in cards if one.rubric == rubric), None)
    if card is None:
        raise NotStored("scorecard under", rubric[:80], "open the interaction again")
    return card
