"""What staff propose about the standards: shown, taken, and decided on by those who may."""

import functools
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.proposals import LONGEST_TEXT, Proposal, count_waiting, newest_digest, proposal, proposals
from audit.proposals import decide as keep_decision
from audit.proposals import propose as keep_proposal
from audit.store import Store
from web.rights import may, person

SHOWN = 20
"""Proposals that wait, listed over the standards: a meeting's worth. Our choice."""

OWN = 5
"""One's own proposals listed over the standards, the newest."""


def room(store: Store) -> Blueprint:
    """The pages of this room."""
    blueprint = Blueprint("proposals", __name__)
    for rule, view, method in (
        ("/proposals/<rubric>", of_rubric, "GET"),
        ("/proposals/<rubric>", propose, "POST"),
        ("/proposals/<rubric>/<int(max=2147483647):number>", decide, "POST"),
    ):
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound, methods=[method])
    return blueprint


def of_rubric(store: Store, rubric: str) -> ResponseReturnValue:
    """All proposals about a rubric, also about standards that it has no more, and the form for a new one."""
    found = store.rubric(newest_digest(store, rubric))
    return render_template(
        "rubric_proposals.html",
        rubric=found,
        titles={(rubric, one.id): one.title for one in found.standards},
        proposals=tuple(map(seen, proposals(store, rubric))),
        **_form(),
    )


def propose(store: Store, rubric: str) -> ResponseReturnValue:
    standard, text = request.form.get("standard", ""), request.form.get("text", "")
    number = keep_proposal(store, rubric, request.form.get("kind", ""), text, person().name, standard)
    return _back(store, proposal(store, number), "sent")


def decide(store: Store, rubric: str, number: int) -> ResponseReturnValue:
    if proposal(store, number).rubric != rubric:
        abort(HTTPStatus.NOT_FOUND)
    outcome, answer = request.form.get("outcome", ""), request.form.get("answer", "")
    return _back(store, keep_decision(store, number, outcome, answer, person().name), "decided")


def of_standard(store: Store, rubric: str, standard: str) -> dict[str, Any]:
    """What the page of a standard shows of proposals about it."""
    return {"proposals": tuple(map(seen, proposals(store, rubric, standard))), **_form()}


def summary(store: Store) -> dict[str, Any]:
    """What the page of all standards shows: what waits for whoever decides, and what came of one's own."""
    decides = may("decide")
    return {
        "waiting": tuple(map(seen, proposals(store, waiting=True, limit=SHOWN))) if decides else (),
        "waiting_count": count_waiting(store) if decides else 0,
        "own": proposals(store, by=person().name, limit=OWN),
    }


def seen(one: Proposal) -> Proposal:
    """A proposal as whoever asks may see it: `by` is empty where the name is not for them."""
    known = may("decide") or one.by == person().name
    return one if known else msgspec.structs.replace(one, by="")


def _form() -> dict[str, Any]:
    """What forms need, and what was sent just now."""
    return {
        "longest": LONGEST_TEXT,
        "sent": request.args.get("sent", 0, type=int),
        "decided": request.args.get("decided", 0, type=int),
    }


def _back(store: Store, one: Proposal, told: str) -> ResponseReturnValue:
    """To the page of the standard, or of the rubric's proposals where it has no page (any more)."""
    ids = {standard.id for standard in store.rubric(newest_digest(store, one.rubric)).standards}
    if one.standard in ids:
        page = url_for("standards.one", rubric=one.rubric, standard=one.standard)
    else:
        page = url_for("proposals.of_rubric", rubric=one.rubric)
    return redirect(f"{page}?{told}={one.number}#proposal-{one.number}", HTTPStatus.SEE_OTHER)
