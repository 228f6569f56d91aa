"""Logging in and out."""

import functools
import secrets
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from itsdangerous import BadData, URLSafeTimedSerializer

from audit.auditlog import Action, act_as, record
from audit.second_factor import has_second_factor
from audit.store import Store
from audit.users import password_fits, user_names
from web.languages import gettext
from web.logbook import of_browser
from web.rights import person
from web.sessions import Sessions

PER_PAIR = "5 per 15 minutes"
"""Wrong passwords for one account from one place. Source: OWASP ASVS 5.0, 6.3.1 leaves the number to the
application; NIST SP 800-63B-4, 3.2.2 allows at most 100 in all."""

PER_PLACE = "30 per 15 minutes"
"""Wrong passwords from one place, which may be a whole office behind one router."""

PER_NAME = "50 per 15 minutes"
"""Wrong passwords for one account from everywhere: ten places that give their all. Whoever else tries them,
the account's owner is let in on a browser that is known."""

KNOWN_BROWSER = "comport-browser"
"""The cookie of a browser on which an account logged in before. Its wrong passwords are counted apart, so
that others cannot shut it out. Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies"."""

KNOWN_S = 90 * 24 * 3600
"""A browser that nobody logged in on for a quarter of a year is strange again: our choice."""


def room(app: Flask, store: Store, limiter: Limiter, sessions: Sessions) -> Blueprint:
    """The pages of this room, with Flask-Login set up for `app`."""
    blueprint = Blueprint("accounts", __name__)
    manager = LoginManager(app)
    manager.session_protection = "strong"
    manager.user_loader(sessions.person)

    def login() -> ResponseReturnValue:
        if request.method == "GET":
            return login_page(store)
        name, password = _asked_name(), request.form.get("password", "")
        if not password_fits(store, name, password):
            record(store, Action.LOG_IN_REFUSED, _known_name(store, name), because="password")
            return login_page(store, name, gettext("This name and password do not belong together.")), 401
        target = own_path(request.args.get("next", ""))
        if has_second_factor(store, name):
            sessions.wait(name)
            return _with_known_browser(
                make_response(redirect(url_for("second_factor.ask", next=target or None))), name
            )
        sessions.begin(name)
        act_as(of_browser())
        record(store, Action.LOG_IN, name)
        answer = redirect(target or url_for("overview.start"))
        return _with_known_browser(make_response(answer), name)

    def logout() -> ResponseReturnValue:
        record(store, Action.LOG_OUT, person().name)
        sessions.end()
        return redirect(url_for("accounts.login"))

    def locked(limit: object) -> Response:
        message = gettext("Too many wrong passwords. Wait 15 minutes, then try again.")
        response = Response(login_page(store, _asked_name(), message), HTTPStatus.TOO_MANY_REQUESTS)
        response.mimetype = "text/html"
        response.headers["Retry-After"] = str(15 * 60)
        return response

    wrong = functools.partial(
        limiter.limit,
        methods=["POST"],
        deduct_when=lambda response: response.status_code == HTTPStatus.UNAUTHORIZED,
        on_breach=locked,
    )
    limited = wrong(PER_PLACE, key_func=_place, scope="place")(login)
    limited = wrong(PER_PAIR, key_func=lambda: f"{_place()} {_asked_name()}", scope="pair")(limited)
    limited = wrong(PER_NAME, key_func=lambda: _known_browser() or _asked_name(), scope="name")(limited)
    blueprint.add_url_rule("/login", "login", limited, methods=["GET", "POST"])
    blueprint.add_url_rule("/logout", "logout", logout, methods=["POST"])
    return blueprint


def _asked_name() -> str:
    return request.form.get("name", "").strip().lower()[:80]


def _known_name(store: Store, name: str) -> str:
    """The name when there is such an account: what else is typed there may be a password."""
    return name if name in user_names(store) else "a name that is none"


def _place() -> str:
    """Where a password is tried: this browser when its account is known on it, else its address."""
    return _known_browser() or get_remote_address()


def _browsers() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or b"", salt=KNOWN_BROWSER)


def _known_browser() -> str:
    """The id of this browser when the asked name logged in on it before, else nothing."""
    try:
        name, identity = _browsers().loads(request.cookies.get(KNOWN_BROWSER, ""), max_age=KNOWN_S)
    except BadData:
        return ""
    return str(identity) if name == _asked_name() else ""


def _with_known_browser(answer: Response, name: str) -> Response:
    answer.set_cookie(
        KNOWN_BROWSER,
        str(_browsers().dumps([name, _known_browser() or secrets.token_urlsafe(24)])),
        max_age=KNOWN_S,
        path=url_for("accounts.login"),
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return answer


def login_page(store: Store, name: str = "", problem: str = "") -> str:
    """The page to log in, with what went wrong."""
    return render_template(
        "login.html",
        name=name,
        problem=problem,
        nobody=not user_names(store),
        provider=current_app.config["PROVIDER"],
    )


def own_path(target: str) -> str:
    r"""`target` when it is a path of this site, else nothing; `//host` and `/\host` lead elsewhere."""
    clean = target.isprintable() and "\\" not in target
    if not clean or not target.startswith("/") or target.startswith("//"):
        return ""
    parts = urlsplit(target)
    return "" if parts.scheme or parts.netloc else target
