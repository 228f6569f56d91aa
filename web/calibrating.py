"""Blind calibration: who is asked, what each says unseen by the others, and what it shows once closed."""

import functools
from http import HTTPStatus

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.assigning import assignable
from audit.calibrated import overall, result
from audit.calibrating import (
    LEAST,
    MOST,
    Calibration,
    Word,
    all_heard,
    begin,
    calibration,
    calibrations,
    heard,
    may_say,
    own_words,
)
from audit.calibrating import close as close_it
from audit.calibrating import say as keep_word
from audit.judge import Verdict
from audit.reviews import BadReview
from audit.rubric import Rubric, Standard
from audit.store import Store
from web.in_place import in_place
from web.interactions import cards_of, find, listening, observations_of, recording_of
from web.languages import figures, gettext
from web.reviewing import card_of
from web.rights import may, person, scope

SHOWN = 50
"""Closed calibrations listed, the newest: a year of weekly ones. Our choice."""


def room(store: Store) -> Blueprint:
    """The pages of this room."""
    blueprint = Blueprint("calibrating", __name__)
    numbered = "/calibrations/<int(max=2147483647):number>"
    for rule, view, method in (
        ("/interactions/<identity>/calibration", ask, "GET"),
        ("/interactions/<identity>/calibration", start, "POST"),
        ("/calibrations", everything, "GET"),
        (numbered, one, "GET"),
        (f"{numbered}/words", say, "POST"),
        (f"{numbered}/closing", close, "POST"),
    ):
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound, methods=[method])
    return blueprint


def known(store: Store, number: int) -> Calibration:
    """The calibration of this number whose interaction whoever asks may see; that they look at it is logged.

    Raises:
        NotStored: there is none.
    """
    found = calibration(store, number, scope())
    g.looked_at = found.interaction
    return found


def ask(store: Store, identity: str) -> ResponseReturnValue:
    return _ask_page(store, identity, request.args.get("rubric", ""))


def start(store: Store, identity: str) -> ResponseReturnValue:
    rubric, chosen = request.form.get("rubric", ""), request.form.getlist("person")
    card = card_of(store, identity, rubric)
    if not LEAST <= len(set(chosen)) <= MOST:
        problem = gettext(
            "Choose at least %(least)s people, at most %(most)s.", least=figures(LEAST), most=figures(MOST)
        )
        return _ask_page(store, identity, rubric, problem), HTTPStatus.UNPROCESSABLE_ENTITY
    expert = request.form.get("expert", "")
    if expert and expert not in chosen:
        problem = gettext("The expert is one of those who are asked: choose them, too.")
        return _ask_page(store, identity, rubric, problem), HTTPStatus.UNPROCESSABLE_ENTITY
    number = begin(store, card, chosen, person().name, expert)
    return redirect(url_for("calibrating.one", number=number), HTTPStatus.SEE_OTHER)


def everything(store: Store) -> ResponseReturnValue:
    me = person().name
    open_ = calibrations(store, scope(), closed=False)
    return render_template(
        "calibrations.html",
        mine=[each for each in open_ if each.waits_for(me)],
        others=[each for each in open_ if not each.waits_for(me)],
        closed=calibrations(store, scope(), closed=True, limit=SHOWN),
        overall=overall(store, all_heard(store, scope())),
    )


def one(store: Store, number: int) -> ResponseReturnValue:
    found = known(store, number)
    rubric = store.rubric(found.rubric_digest)
    if found.closed_at is not None:
        shown = result(store, heard(store, number, scope()))
        return render_template("calibration.html", calibration=found, rubric=rubric, result=shown)
    if not may_say(store, number, person().name):
        return render_template("calibration.html", calibration=found, rubric=rubric, result=None)
    interaction = find(store, found.interaction)
    card = next((card for card in cards_of(store, interaction) if card.rubric == found.rubric), None)
    observations, recording = observations_of(store, interaction), recording_of(store, interaction)
    return render_template(
        "calibration_blind.html",
        **listening(store, interaction, recording, observations, card),
        card=card,
        blind=True,
        calibration=found,
        rubric=rubric,
        sections=_asked(found, rubric, own_words(store, number, person().name)),
    )


def say(store: Store, number: int) -> ResponseReturnValue:
    known(store, number)
    standard, verdict = request.form.get("standard", ""), request.form.get("verdict", "")
    if verdict not in set(Verdict):
        raise BadReview(standard, f"'{verdict[:40]}' is no verdict; expected one of {', '.join(Verdict)}")
    now = keep_word(store, number, standard, Verdict(verdict), person().name, request.form.get("comment", ""))
    page = url_for("calibrating.one", number=number)
    if not in_place():
        return redirect(page if now.closed_at else f"{page}#finding-{standard}", HTTPStatus.SEE_OTHER)
    if now.closed_at:
        # With the last word everything is shown, on the same address.
        return Response(headers={"HX-Redirect": page})
    wording = next(s for s in store.rubric(now.rubric_digest).standards if s.id == standard)
    word = own_words(store, number, person().name)[standard]
    return render_template("_calibrated.html", calibration=now, standard=wording, word=word)


def close(store: Store, number: int) -> ResponseReturnValue:
    known(store, number)
    close_it(store, number, person().name, any_=may("admin"))
    return redirect(url_for("calibrating.one", number=number), HTTPStatus.SEE_OTHER)


def _asked(
    of: Calibration, rubric: Rubric, words: dict[str, Word]
) -> list[tuple[str, list[tuple[Standard, Word | None]]]]:
    """The sections of the rubric: title, and the standards that are judged, with one's own words."""
    found = [
        (section.title, [(s, words.get(s.id)) for s in section.standards if s.id in of.standards])
        for section in rubric.sections
    ]
    return [section for section in found if section[1]]


def _ask_page(store: Store, identity: str, rubric: str, problem: str = "") -> str:
    card = card_of(store, identity, rubric)
    return render_template(
        "calibrate.html",
        interaction=find(store, identity),
        card=card,
        people=assignable(store, identity),
        chosen=request.form.getlist("person"),
        expert=request.form.get("expert", ""),
        most=MOST,
        problem=problem,
    )
