"""Administration: who has an account, as what, and the log of who did and saw what."""

import functools
import secrets
from datetime import datetime, timedelta
from http import HTTPStatus

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.auditlog import Action, entries, record, verify
from audit.scope import UserRole
from audit.searching import day_of
from audit.second_factor import turn_off
from audit.store import Store
from audit.users import accounts, add_user, set_email, set_locked, set_password, set_role

PAGE_ROWS = 100
"""Rows of the log on one page."""

NEWEST = 2**53
"""More rows than there ever are: the first page ends before it."""

PASSWORD_BYTES = 15
"""120 bits: a password that nobody guesses, until its owner changes it."""


def room(store: Store) -> Blueprint:
    """The pages of this room."""
    blueprint = Blueprint("admin", __name__)
    for rule, view, method in (
        ("/admin/users", users, "GET"),
        ("/admin/users", add, "POST"),
        ("/admin/users/<account>", change, "POST"),
        ("/admin/log", log, "GET"),
        ("/admin/log/verify", verify_log, "POST"),
    ):
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound, methods=[method])
    return blueprint


def users(store: Store) -> ResponseReturnValue:
    return _users_page(store)


def add(store: Store) -> ResponseReturnValue:
    name = request.form.get("name", "").strip().lower()
    password = secrets.token_urlsafe(PASSWORD_BYTES) if request.form.get("password") else None
    add_user(store, name, password, _role(), _given("team"), _given("employee"), _given("email") or None)
    return _users_page(store, name, password or "")


def change(store: Store, account: str) -> ResponseReturnValue:
    match request.form.get("do"):
        case "role":
            set_role(store, account, _role(), _given("team"), _given("employee"))
        case "password":
            password = secrets.token_urlsafe(PASSWORD_BYTES)
            set_password(store, account, password)
            return _users_page(store, account, password)
        case "email":
            set_email(store, account, _given("email"))
        case "lock" | "unlock" as what:
            set_locked(store, account, what == "lock")
        case "second-factor-off":
            turn_off(store, account)
        case _:
            abort(HTTPStatus.BAD_REQUEST)
    return redirect(url_for("admin.users", done=account), HTTPStatus.SEE_OTHER)


def log(store: Store) -> ResponseReturnValue:
    return _log_page(store)


def verify_log(store: Store) -> ResponseReturnValue:
    found = verify(store)
    record(store, Action.VERIFIED, problems=len(found.problems))
    return _log_page(store, verified=found)


def _users_page(store: Store, new: str = "", password: str = "") -> str:
    done = request.args.get("done", "")
    return render_template("users.html", accounts=accounts(store), new=new, password=password, done=done)


def _log_page(store: Store, **more: object) -> str:
    asked = {name: _asked(name) for name in ("who", "action", "subject", "since", "until")}
    first, last = _day("since", asked["since"]), _day("until", asked["until"])
    found = entries(
        store,
        PAGE_ROWS + 1,
        min(max(request.args.get("before", NEWEST, type=int), 0), NEWEST),
        asked["who"],
        asked["action"],
        asked["subject"],
        first,
        last + timedelta(days=1) if last else None,
    )
    rows = found[:PAGE_ROWS]
    older = rows[-1].id if len(found) > PAGE_ROWS else None
    given = {name: value for name, value in asked.items() if value}
    return render_template("log.html", rows=rows, older=older, asked=asked, given=given, **more)


def _asked(name: str) -> str:
    return request.args.get(name, "").strip()[:200]


def _given(name: str) -> str:
    return request.form.get(name, "").strip()[:200]


def _role() -> UserRole:
    try:
        return UserRole(request.form.get("role", ""))
    except ValueError:
        abort(HTTPStatus.BAD_REQUEST)


def _day(field: str, written: str) -> datetime | None:
    return day_of(field, written) if written else None
