"""The second factor on the dashboard: asked for after the password, turned on and off by its owner."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import segno
from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from markupsafe import Markup

from audit import second_factor as factor
from audit.auditlog import Action, act_as, record
from audit.store import Store
from web.accounts import own_path
from web.languages import gettext as _
from web.logbook import of_browser
from web.own import account_page
from web.rights import needs_second_factor, person
from web.sessions import Sessions

PER_PAIR = "5 per 15 minutes"
"""Wrong codes for one account from one place."""

PER_NAME = "50 per day"
"""Wrong codes for one account from everywhere. Three codes of a million hold at a time: who has the password
and tries so many for a year gets into one account of twenty. RFC 6238, 5.1 asks for a limit; the number is
ours."""

WRONG = (HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY)


def room(store: Store, limiter: Limiter, sessions: Sessions) -> Blueprint:
    """The pages of this room."""
    blueprint = Blueprint("second_factor", __name__)

    def ask() -> ResponseReturnValue:
        name = sessions.waiting()
        if name is None:
            return redirect(url_for("accounts.login", next=request.args.get("next")))
        if request.method == "GET":
            return _asked()
        if not factor.passes(store, name, request.form.get("code", "")):
            record(store, Action.LOG_IN_REFUSED, name, because="code")
            return _asked(_("This code does not fit, or was used already.")), HTTPStatus.UNAUTHORIZED
        sessions.begin(name)
        act_as(of_browser())
        record(store, Action.LOG_IN, name, by="password and code")
        return redirect(own_path(request.args.get("next", "")) or url_for("overview.start"))

    def set_up() -> ResponseReturnValue:
        name = person().name
        if factor.has_second_factor(store, name):
            return redirect(url_for("own.account"))
        secret = session.setdefault("new_secret", factor.new_secret())
        if request.method == "GET":
            return _picture(secret, name)
        codes = factor.turn_on(store, name, secret, request.form.get("code", ""))
        if codes is None:
            problem = _("This code does not fit. Wait for the next one.")
            return _picture(secret, name, problem), HTTPStatus.UNPROCESSABLE_ENTITY
        sessions.begin(name)
        return render_template("recovery.html", codes=codes)

    def turn_off() -> ResponseReturnValue:
        name = person().name
        if not factor.passes(store, name, request.form.get("code", "")):
            problem = _("This code does not fit, or was used already.")
            return account_page(store, sessions, problem), HTTPStatus.UNPROCESSABLE_ENTITY
        factor.turn_off(store, name)
        sessions.begin(name)
        return redirect(url_for("own.account"), HTTPStatus.SEE_OTHER)

    def whose() -> str:
        return sessions.waiting() or of_browser().who

    def slowed(view: Any) -> Any:
        place: Callable[[], str] = lambda: f"{get_remote_address()} {whose()}"  # noqa: E731
        for limit, key in ((PER_PAIR, place), (PER_NAME, whose)):
            view = limiter.shared_limit(
                limit,
                scope=f"codes, {limit}",
                key_func=key,
                methods=["POST"],
                deduct_when=lambda response: response.status_code in WRONG,
                on_breach=_too_many,
            )(view)
        return view

    blueprint.add_url_rule("/login/code", "ask", slowed(ask), methods=["GET", "POST"])
    blueprint.add_url_rule("/account/second-factor", "set_up", slowed(set_up), methods=["GET", "POST"])
    blueprint.add_url_rule("/account/second-factor/off", "turn_off", slowed(turn_off), methods=["POST"])
    return blueprint


def _too_many(_limit: object) -> Response:
    page = _asked(_("Too many wrong codes. Try again later, or ask an admin."))
    response = Response(page, HTTPStatus.TOO_MANY_REQUESTS, mimetype="text/html")
    response.headers["Retry-After"] = str(15 * 60)
    return response


def _asked(problem: str = "") -> str:
    return render_template("code.html", problem=problem)


def _picture(secret: str, name: str, problem: str = "") -> str:
    drawn = segno.make(factor.address_of(secret, name), error="m")
    return render_template(
        "second_factor.html",
        # Black on white in dark mode too: not every camera reads it the other way round.
        picture=Markup(drawn.svg_inline(omitsize=True, dark="#000", light="#fff")),  # noqa: S704  segno's own words
        secret=" ".join(secret[n : n + 4] for n in range(0, len(secret), 4)),
        required=needs_second_factor(),
        problem=problem,
    )
