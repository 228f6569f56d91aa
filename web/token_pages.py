"""Administration of tokens: which there are, a form that makes one, which is shown once, and their end."""

import functools
import secrets
from http import HTTPStatus

import msgspec
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.once import once
from audit.store import Store
from audit.tokens import (
    DAYS,
    LONGEST_PURPOSE,
    MOST_DAYS,
    BadToken,
    Token,
    TokenScope,
    add_token,
    revoke_token,
    tokens,
)
from audit.users import accounts
from web.languages import figures, gettext
from web.rights import person

KEY_BYTES = 16
"""128 bits: no two forms have the same key."""


def room(store: Store) -> Blueprint:
    """The pages of this room."""
    blueprint = Blueprint("tokens", __name__)
    for rule, view, method in (
        ("/admin/tokens", everything, "GET"),
        ("/admin/tokens", add, "POST"),
        ("/admin/tokens/<int(max=2147483647):number>/revoke", revoke, "POST"),
    ):
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound, methods=[method])
    return blueprint


def everything(store: Store) -> ResponseReturnValue:
    return _page(store, revoked=request.args.get("revoked", type=int))


def add(store: Store) -> ResponseReturnValue:
    """Makes a token; its secret is in this answer, which no cache keeps, and nowhere else.

    The same form sent again makes no second one, which would hold though nobody ever saw it.
    """
    name, purpose = request.form.get("user", ""), request.form.get("purpose", "")
    days, scopes = _days(), _scopes()
    problems: dict[str, str] = {}
    if name not in {one.name for one in accounts(store)}:
        problems["user"] = gettext("Choose whose it is.")
    if not scopes:
        problems["scope"] = gettext("Choose at least one.")
    if not 1 <= days <= MOST_DAYS:
        problems["days"] = gettext("A whole number of days, 1 to %(most)s.", most=figures(MOST_DAYS))
    if problems:
        return _page(store, problems), HTTPStatus.UNPROCESSABLE_ENTITY
    begun: list[tuple[str, Token]] = []

    def begin() -> str:
        begun.append(add_token(store, name, scopes, purpose, days))
        return str(begun[0][1].number)

    asked = msgspec.json.encode(["token of the page", name, scopes, purpose, days])
    try:
        number = once(store, person().name, request.form.get("key"), asked, begin)
    except BadToken:
        problems["purpose"] = gettext("At most %(letters)s letters.", letters=figures(LONGEST_PURPOSE))
        return _page(store, problems), HTTPStatus.UNPROCESSABLE_ENTITY
    if not begun:
        return _page(store, again=int(number))
    return _page(store, secret=begun[0][0], made=begun[0][1])


def revoke(store: Store, number: int) -> ResponseReturnValue:
    revoke_token(store, number)
    return redirect(url_for("tokens.everything", revoked=number), HTTPStatus.SEE_OTHER)


def _page(
    store: Store,
    problems: dict[str, str] | None = None,
    secret: str = "",
    made: Token | None = None,
    revoked: int | None = None,
    again: int | None = None,
) -> str:
    found = tokens(store)[::-1]
    holding = {one.number for one in found if one.holds}
    return render_template(
        "tokens.html",
        holding=[one for one in found if one.number in holding],
        over=[one for one in found if one.number not in holding],
        locked={one.name for one in accounts(store) if one.locked},
        names=[one.name for one in accounts(store)],
        # After it was made the form is empty again, as it is for the next one.
        typed=request.form if problems else {"days": figures(DAYS)},
        chosen=request.form.getlist("scope") if problems else [],
        problems=problems or {},
        longest=LONGEST_PURPOSE,
        most_days=MOST_DAYS,
        secret=secret,
        made=made,
        again=again,
        key=secrets.token_urlsafe(KEY_BYTES),
        revoked=revoked if any(one.number == revoked and one.revoked_at for one in found) else None,
    )


def _days() -> int:
    """The days of the form, in the figures of any script; 0 where none are written."""
    written = request.form.get("days", "").strip()
    return int(written) if written.isdecimal() and len(written) <= len(str(MOST_DAYS)) else 0


def _scopes() -> list[TokenScope]:
    try:
        return [TokenScope(one) for one in request.form.getlist("scope")]
    except ValueError:
        abort(HTTPStatus.BAD_REQUEST)
