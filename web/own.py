"""One's own account: who one is here, the password, and the second factor."""

from http import HTTPStatus

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter

from audit.auditlog import Action, record
from audit.mailing import set_wishes, wishes
from audit.second_factor import has_second_factor
from audit.store import Store
from audit.tokens import tokens
from audit.users import BadUser, password_fits, set_password
from web.languages import gettext as _
from web.languages import language
from web.rights import person
from web.sessions import Sessions

PER_NAME = "5 per 15 minutes"
"""Wrong passwords of whoever is logged in: a browser that was left open is no way to the password."""


def room(store: Store, limiter: Limiter, sessions: Sessions) -> Blueprint:
    """The pages of this room."""
    blueprint = Blueprint("own", __name__)

    def account() -> ResponseReturnValue:
        return account_page(store, sessions)

    def end_others() -> ResponseReturnValue:
        ended = sessions.end_others(person().name)
        record(store, Action.LOG_OUT, person().name, other_sessions=ended)
        return redirect(url_for("own.account", ended=ended), HTTPStatus.SEE_OTHER)

    def password() -> ResponseReturnValue:
        name, new = person().name, request.form.get("new", "")
        if not password_fits(store, name, request.form.get("password", "")):
            problem = _("This is not your password.")
        elif new != request.form.get("again", ""):
            problem = _("The new password was typed in two ways.")
        else:
            try:
                set_password(store, name, new, keep_tokens="keep_tokens" in request.form)
            except BadUser:
                problem = _("A password needs 12 to 256 letters, and is not easily guessed.")
            else:
                sessions.begin(name)
                return redirect(url_for("own.account", changed=1), HTTPStatus.SEE_OTHER)
        return account_page(store, sessions, problem), HTTPStatus.UNPROCESSABLE_ENTITY

    def notify() -> ResponseReturnValue:
        set_wishes(store, person().name, request.form.getlist("event"), language())
        return redirect(url_for("own.account", told=1), HTTPStatus.SEE_OTHER)

    def too_many(_limit: object) -> Response:
        page = account_page(store, sessions, _("Too many wrong passwords. Wait 15 minutes, then try again."))
        return Response(page, HTTPStatus.TOO_MANY_REQUESTS, mimetype="text/html")

    slowed = limiter.limit(
        PER_NAME,
        key_func=lambda: person().name,
        deduct_when=lambda response: response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY,
        on_breach=too_many,
    )(password)
    blueprint.add_url_rule("/account", "account", account)
    blueprint.add_url_rule("/account/notify", "notify", notify, methods=["POST"])
    blueprint.add_url_rule("/account/sessions", "end_others", end_others, methods=["POST"])
    blueprint.add_url_rule("/account/password", "password", slowed, methods=["POST"])
    return blueprint


def account_page(store: Store, sessions: Sessions, problem: str = "") -> str:
    """The page of one's own account, with what went wrong."""
    events, address = wishes(store, person().name)
    return render_template(
        "own.html",
        events=events,
        address=address,
        second_factor=has_second_factor(store, person().name),
        changed="changed" in request.args,
        told="told" in request.args,
        ended=request.args.get("ended", None, type=int),
        sessions=sessions.open(person().name),
        tokens=sum(one.user == person().name and one.holds for one in tokens(store)),
        problem=problem,
    )
