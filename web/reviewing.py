"""What reviewers say of findings, and what waits for them next."""

import functools
import re
from collections.abc import Mapping
from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.judge import Verdict
from audit.reviews import BadReview, ReviewConflict, card_stands, keep_review, next_waiting, shown
from audit.scorecard import Scorecard
from audit.store import NotStored, Store
from web.in_place import in_place
from web.interactions import cards_of, find, judged_parts, judgement, newest_of
from web.languages import gettext
from web.rights import person, scope
from web.wording import VERDICTS


def room(store: Store) -> Blueprint:
    """The addresses of this room."""
    blueprint = Blueprint("reviewing", __name__)
    for rule, view, methods in (
        ("/interactions/<identity>/reviews", say, ["POST"]),
        ("/interactions/<identity>/reviews", newest, ["GET"]),
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
    try:
        keep_review(store, card, standard, Verdict(verdict), person().name, comment, seen)
    except ReviewConflict as error:
        if not in_place():
            raise
        late = gettext(
            "%(name)s said “%(verdict)s” after you opened it; look at it, then say yours again.",
            name=error.reviewer,
            verdict=VERDICTS[Verdict(error.verdict)],
        )
        return _changed(store, card, request.form, (standard, late)), HTTPStatus.CONFLICT
    if in_place():
        return _changed(store, card, request.form)
    page = url_for("interactions.interaction", identity=identity, rubric=card.rubric)
    return redirect(f"{page}#finding-{standard}", 303)


def newest(store: Store, identity: str) -> ResponseReturnValue:
    """What people said of a scorecard since an open page was made; nothing when there is nothing newer."""
    card = card_of(store, identity, request.args.get("rubric", ""))
    return _changed(store, card, request.args) or ("", HTTPStatus.NO_CONTENT)


def _changed(
    store: Store, card: Scorecard, known: Mapping[str, str], unkept: tuple[str, str] | None = None
) -> str:
    """The parts of the page that are not as it knows them (its field `newest`), and why a word was not kept.

    Of a finding they are sent when people said something newer of it; where the interaction was judged anew
    meanwhile, those of all findings. Empty when nothing is newer.
    """
    now = card_stands(store, card)
    number, _, judged = known.get("newest", "").partition(" ")
    since = int(number) if re.fullmatch(r"\d{1,18}", number, re.ASCII) else 0
    anew = judged != judgement(card)
    changed = {review.standard for review in now.history if anew or review.id > since}
    if anew:
        changed |= {finding.standard for finding in card.findings}
    if not changed and not unkept:
        return ""
    return render_template(
        "_changed.html",
        interaction=find(store, card.interaction),
        card=shown(card, now),
        parts=judged_parts(card, now, store.rubric(card.rubric_digest)),
        changed=changed,
        newest=newest_of(now),
        judged=judgement(card),
        unkept=unkept,
    )


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
