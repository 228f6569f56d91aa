"""Administration of what is kept: keep times, legal holds, and the erasure of a customer with its proof."""

import functools
from collections.abc import Collection
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.erasing import open_erasures
from audit.erasures import Erasures, asked_of, erasures_of
from audit.holds import KINDS as HOLDABLE
from audit.holds import Held, Hold, add_hold, held, holds, remove_hold
from audit.retention import KINDS, NAME, count_due, keep_times, read_retention
from audit.store import NotStored, Store
from audit.yamlfile import BadFile
from web.keep_times import Typed, mark, shown, typed
from web.languages import gettext
from web.reasons import in_english
from web.rights import person
from web.streaming import stream
from web.wording import told

LONGEST = 200
"""Letters of whom or what a form names, and of a reason."""


def room(store: Store) -> Blueprint:
    """The pages of this room."""
    blueprint = Blueprint("retention", __name__)
    erasures = erasures_of(store)
    for rule, view, method in (
        ("/admin/retention", everything, "GET"),
        ("/admin/retention", keep, "POST"),
        ("/admin/holds", hold, "POST"),
        ("/admin/holds/<int(max=2147483647):number>", lift, "POST"),
        ("/admin/erase", ask, "GET"),
    ):
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound, methods=[method])
    for rule, run, method in (
        ("/admin/erase", erase, "POST"),
        ("/admin/erasures", resume, "POST"),
        ("/admin/erasures/<int(max=2147483647):number>", erasure, "GET"),
        ("/admin/erasures/<int(max=2147483647):number>/events", events, "GET"),
    ):
        bound_too = functools.update_wrapper(functools.partial(run, store, erasures), run)
        blueprint.add_url_rule(rule, run.__name__, bound_too, methods=[method])
    return blueprint


def everything(store: Store) -> ResponseReturnValue:
    return _page(store)


def keep(store: Store) -> ResponseReturnValue:
    """Shows what the next run would remove by the times of the form; keeps them once that was looked at."""
    try:
        with store.writing():
            now = read_retention(store.home / NAME)
            asked = typed(request.form, now.keep_sums)
            wanted = asked.times
            if wanted is None:
                wrong = gettext("Nothing was changed: look at the marked times.")
                return _page(store, wrong, asked), HTTPStatus.UNPROCESSABLE_ENTITY
            if request.form.get("was") != mark(now):
                late = gettext("Somebody else has changed the times meanwhile. Nothing was changed.")
                return _page(store, late), HTTPStatus.CONFLICT
            if request.form.get("looked") == mark(wanted):
                keep_times(store, asked.of)
                return redirect(url_for("retention.everything", done=1), HTTPStatus.SEE_OTHER)
    except BadFile:
        return _page(store), HTTPStatus.CONFLICT
    return _page(store, asked=asked)


def hold(store: Store) -> ResponseReturnValue:
    kind, value, reason = (_given(name) for name in ("kind", "value", "reason"))
    if kind not in HOLDABLE:
        abort(HTTPStatus.BAD_REQUEST)
    if not value or not reason:
        return _page(store, gettext("Say what is held, and why.")), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        add_hold(store, kind, value, reason, person().name)
    except NotStored as error:
        return _page(store, in_english(told(error))), HTTPStatus.NOT_FOUND
    return redirect(url_for("retention.everything", done=1), HTTPStatus.SEE_OTHER)


def holding(store: Store, interactions: Collection[str]) -> tuple[Hold, ...]:
    """The holds that keep some of these; none where the customer of a hold is not found any more, which
    the page of holds and every erasure tell."""
    try:
        return tuple(dict.fromkeys(held(store, interactions).values()))
    except Held:
        return ()


def lift(store: Store, number: int) -> ResponseReturnValue:
    remove_hold(store, number)
    return redirect(url_for("retention.everything", done=1), HTTPStatus.SEE_OTHER)


def ask(store: Store) -> ResponseReturnValue:
    kind, value = request.args.get("kind", ""), _plain(request.args.get("value", ""))
    return _asking(store, kind, value) if value else redirect(url_for("retention.everything"))


def erase(store: Store, erasures: Erasures) -> ResponseReturnValue:
    kind, value = _given("kind"), _given("value")
    if _given("again") != value or not value:
        problem = gettext("What was typed is not what is to be erased. Nothing was erased.")
        return _asking(store, kind, value, problem), HTTPStatus.UNPROCESSABLE_ENTITY
    if kind not in HOLDABLE:
        abort(HTTPStatus.BAD_REQUEST)
    asked = asked_of(store, kind, value)
    if asked.nothing:
        raise NotStored(kind, value, "nothing of it is stored")
    asked = msgspec.structs.replace(asked, keep_sums="keep_sums" in request.form)
    number = erasures.begin(asked)
    return redirect(url_for("retention.erasure", number=number), HTTPStatus.SEE_OTHER)


def resume(store: Store, erasures: Erasures) -> ResponseReturnValue:
    open_ = erasures.resume()
    where = url_for("retention.erasure", number=open_[0]) if open_ else url_for("retention.everything")
    return redirect(where, HTTPStatus.SEE_OTHER)


def erasure(store: Store, erasures: Erasures, number: int) -> ResponseReturnValue:
    return render_template("erasure.html", found=erasures.of(number))


def events(store: Store, erasures: Erasures, number: int) -> Response:
    erasures.of(number)

    def state() -> tuple[dict[str, Any], bool]:
        over = not erasures.of(number).running
        return {"share": 1.0 if over else 0.0, "text": gettext("Is being erased"), "over": over}, over

    return stream(state)


def _page(store: Store, problem: str = "", asked: Typed | None = None) -> str:
    try:
        times, broken = read_retention(store.home / NAME), ""
    except BadFile as error:
        times, broken = None, told(error).replace(str(store.home / NAME), NAME)
    looked = asked.times if asked else None
    counted, changed = None, bool(looked and times and mark(looked) != mark(times))
    if times and (looked or "due" in request.args):
        try:
            counted = count_due(store, looked or times)
        except Held as error:
            problem = problem or in_english(told(error))
    return render_template(
        "retention.html",
        problem=problem,
        broken=broken,
        rows=asked.rows if asked else shown(times) if times else {},
        kinds=KINDS,
        was=mark(times) if times else "",
        looked=mark(looked) if looked and counted and changed else "",
        keep_sums=bool(times and times.keep_sums),
        due=counted,
        holds=holds(store),
        open=open_erasures(store),
        done="done" in request.args,
    )


def _asking(store: Store, kind: str, value: str, problem: str = "") -> str:
    asked, keeping = None, {}
    if value and kind in HOLDABLE:
        try:
            asked = asked_of(store, kind, value)
            keeping = held(store, asked.interactions)
        except NotStored as error:
            problem = problem or in_english(told(error))
        except Held as error:
            # Nothing can be erased, whatever was typed.
            asked, problem = None, in_english(told(error))
    return render_template(
        "erase.html",
        kind=kind,
        value=value,
        problem=problem,
        asked=asked,
        held=keeping,
    )


def _given(name: str) -> str:
    return _plain(request.form.get(name, ""))


def _plain(text: str) -> str:
    return text.strip()[:LONGEST]
