"""Logging in and out."""

import functools
import secrets
from http import HTTPStatus
from urllib.parse import urlsplit

import msgspec
from flask import Blueprint, Flask, Response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_login import LoginManager, login_user, logout_user

from audit.store import Store
from audit.users import password_fits, user_names

PER_NAME = "5 per 15 minutes"
"""Wrong passwords for one account. Source: OWASP ASVS 5.0, 6.3.1 leaves the number to the application;
NIST SP 800-63B-4, 3.2.2 allows at most 100 in all."""

PER_ADDRESS = "30 per 15 minutes"
"""Wrong passwords from one address, which may be a whole office behind one router."""


class Person(msgspec.Struct, frozen=True):
    """Somebody who logged in, in the form Flask-Login expects."""

    name: str
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        return self.name


def room(app: Flask, store: Store, limiter: Limiter) -> Blueprint:
    """The pages of this room, with Flask-Login set up for `app`."""
    blueprint = Blueprint("accounts", __name__)
    manager = LoginManager(app)
    manager.session_protection = "strong"
    manager.user_loader(lambda name: Person(name) if name in user_names(store) else None)

    def login() -> ResponseReturnValue:
        if request.method == "GET":
            return _page(store)
        name, password = _asked_name(), request.form.get("password", "")
        if not password_fits(store, name, password):
            return _page(store, name, "This name and password do not belong together."), 401
        # Nothing of the visitor's session from before outlives the login.
        session.clear()
        session["id"] = secrets.token_urlsafe(24)
        session.permanent = True
        login_user(Person(name))
        return redirect(own_path(request.args.get("next", "")) or url_for("interactions.index"))

    def logout() -> ResponseReturnValue:
        logout_user()
        session.clear()
        return redirect(url_for("accounts.login"))

    def locked(limit: object) -> Response:
        message = "Too many wrong passwords. Wait 15 minutes, then try again."
        response = Response(_page(store, _asked_name(), message), HTTPStatus.TOO_MANY_REQUESTS)
        response.mimetype = "text/html"
        response.headers["Retry-After"] = str(15 * 60)
        return response

    wrong = functools.partial(
        limiter.limit,
        methods=["POST"],
        deduct_when=lambda response: response.status_code == HTTPStatus.UNAUTHORIZED,
        on_breach=locked,
    )
    limited = wrong(PER_NAME, key_func=_asked_name, scope="name")(wrong(PER_ADDRESS, scope="address")(login))
    blueprint.add_url_rule("/login", "login", limited, methods=["GET", "POST"])
    blueprint.add_url_rule("/logout", "logout", logout, methods=["POST"])
    return blueprint


def _asked_name() -> str:
    return request.form.get("name", "").strip().lower()[:80]


def _page(store: Store, name: str = "", problem: str = "") -> str:
    return render_template("login.html", name=name, problem=problem, nobody=not user_names(store))


def own_path(target: str) -> str:
    r"""`target` when it is a path of this site, else nothing; `//host` and `/\host` lead elsewhere."""
    parts = urlsplit(target)
    clean = target.isprintable() and "\\" not in target
    own = target.startswith("/") and not target.startswith("//") and not parts.scheme and not parts.netloc
    return target if clean and own else ""
