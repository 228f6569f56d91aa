"""One's own account: who one is here, the password, the e-mail address, and the second factor."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter

from audit.auditlog import Action, record
from audit.mailing import set_wishes, wishes
from audit.store import Store
from audit.tokens import tokens
from audit.users import BadUser, accounts, password_fits, set_email, set_password
from web.languages import gettext as _
from web.languages import language
from web.rights import person
from web.sessions import Sessions

PER_NAME = "5 per 15 minutes"
"""Wrong passwords of whoever is logged in: a browser that was left open is no way to the password."""

LONGEST_ADDRESS = 200

View = Callable[..., Any]


def slowed(limiter: Limiter, on_breach: Callable[[object], Response]) -> Callable[[View], View]:
    """Limits how often somebody may be wrong about their own password, wherever it is asked for."""
    return limiter.shared_limit(
        PER_NAME,
        scope="own password",
        key_func=lambda: person().name,
        deduct_when=lambda response: response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY,
        on_breach=on_breach,
    )


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

    def email() -> ResponseReturnValue:
        name, address = person().name, request.form.get("email", "").strip()
        if not password_fits(store, name, request.form.get("password", "")):
            problem = _("This is not your password.")
        else:
            try:
                if len(address) > LONGEST_ADDRESS:
                    raise BadUser(name, "the address is too long")
                changed = set_email(store, name, address, own=True)
            except BadUser:
                problem = _("This is no e-mail address, or another account has it.")
            else:
                if not changed:
                    return redirect(url_for("own.account"), HTTPStatus.SEE_OTHER)
                sessions.begin(name)
                return redirect(url_for("own.account", addressed=1), HTTPStatus.SEE_OTHER)
        return account_page(store, sessions, problem), HTTPStatus.UNPROCESSABLE_ENTITY

    def notify() -> ResponseReturnValue:
        set_wishes(store, person().name, request.form.getlist("event"), language())
        return redirect(url_for("own.account", told=1), HTTPStatus.SEE_OTHER)

    def too_many(_limit: object) -> Response:
        page = account_page(store, sessions, _("Too many wrong passwords. Wait 15 minutes, then try again."))
        return Response(page, HTTPStatus.TOO_MANY_REQUESTS, mimetype="text/html")

    guarded = slowed(limiter, too_many)
    blueprint.add_url_rule("/account", "account", account)
    blueprint.add_url_rule("/account/notify", "notify", notify, methods=["POST"])
    blueprint.add_url_rule("/account/sessions", "end_others", end_others, methods=["POST"])
    blueprint.add_url_rule("/account/password", "password", guarded(password), methods=["POST"])
    blueprint.add_url_rule("/account/email", "email", guarded(email), methods=["POST"])
    return blueprint


def account_page(store: Store, sessions: Sessions, problem: str = "") -> str:
    """The page of one's own account, with what went wrong."""
    events, address = wishes(store, person().name)
    mine = next(one for one in accounts(store) if one.name == person().name)
    return render_template(
        "own.html",
        events=events,
        address=address,
        typed=request.form.get("email", address),
        longest_address=LONGEST_ADDRESS,
        mine=mine,
        addressed="addressed" in request.args,
        second_factor=mine.second_factor,
        changed="changed" in request.args,
        told="told" in request.args,
        ended=request.args.get("ended", None, type=int),
        sessions=sessions.open(person().name),
        tokens=sum(one.user == person().name and one.holds for one in tokens(store)),
        problem=problem,
    )
