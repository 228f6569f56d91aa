"""Who asks by which token, and what the token is for."""

from http import HTTPStatus

from flask import Flask, Request, abort, g, request
from flask.typing import ResponseReturnValue
from flask_limiter.util import get_remote_address

from audit.store import Store
from audit.tokens import Bearer, TokenScope, bearer
from web.rights import RULES, Right
from web.sessions import Person

PER_MINUTE = 600
"""Requests of one token (or, without one, of one address): ten a second, for programs that go through all
interactions. Our choice; OWASP ASVS 5.0, 2.4.1 asks for a limit."""

SCOPE_OF = {
    Right.OWN: TokenScope.READ,
    Right.READ: TokenScope.READ,
    Right.COMPARE: TokenScope.READ,
    Right.LOG: TokenScope.READ,
    Right.EXPORT: TokenScope.READ,
    Right.REVIEW: TokenScope.REVIEW,
    Right.RELEASE: TokenScope.REVIEW,
    Right.REPLY: TokenScope.REVIEW,
    Right.JOIN: TokenScope.REVIEW,
    Right.DECIDE: TokenScope.REVIEW,
    Right.BRING: TokenScope.UPLOAD,
    Right.ADMIN: TokenScope.ADMIN,
}
"""The scope that a token needs for what asks for a right."""

PERSONAL = frozenset(
    f"api.{name}"
    for name in (
        *("media", "frame", "people_seen", "camera_picture", "list_customers", "customer"),
        *("customer_interactions", "journey"),
        *("searches", "search"),  # what somebody looked for may be a customer
    )
)
"""What shows who customers are, or lets them be heard or seen: neither `read` nor `admin` is enough."""

CHANGES = frozenset(
    f"api.{name}"
    for name in (
        *("make_search", "change_search", "drop_search", "change_own"),
        *("propose_standard", "propose_change"),
    )
)
"""What changes something though it asks for no right of its own."""


def register(app: Flask, store: Store) -> None:
    """Lets tokens speak for their accounts, on the interface alone; cookies of a login do not count there."""

    def load(sent: Request) -> Person | None:
        if request.blueprint != "api":
            return None
        kind, _, secret = sent.headers.get("Authorization", "").partition(" ")
        found = bearer(store, secret.strip()) if kind.lower() == "bearer" else None
        g.bearer = found
        if found is None:
            return None
        # A token is no password that somebody guessed or fished: no code is asked for beside it.
        return Person(found.token.user, found.role, found.team, found.employee, second_factor=True)

    app.login_manager.request_loader(load)  # type: ignore[attr-defined]


def this_bearer() -> Bearer | None:
    """The bearer of this request, once somebody asked who it is."""
    found: Bearer | None = g.get("bearer")
    return found


def whose() -> str:
    """Whose requests are counted together: those of a token, or of an address without one."""
    from flask_login import current_user

    known = this_bearer() if current_user.is_authenticated else None
    return f"token {known.token.number}" if known else f"address {get_remote_address()}"


def scope_needed(endpoint: str) -> TokenScope | None:
    """The scope that an endpoint asks a token for; None where it asks for nothing."""
    if endpoint in PERSONAL | CHANGES:
        return TokenScope.REVIEW
    right = RULES[endpoint]
    return None if right == Right.PUBLIC else SCOPE_OF[right]


def check_scope() -> ResponseReturnValue | None:
    """Refuses what the token is not for; the role was asked before (`web.rights.check`)."""
    needed, found = scope_needed(request.endpoint or ""), this_bearer()
    if needed is not None and (found is None or needed not in found.token.scopes):
        abort(HTTPStatus.FORBIDDEN, f"this token lacks the scope '{needed}'")
    return None


def sees_personal_data() -> bool:
    """Whether this token is given words as they were said."""
    found = this_bearer()
    return found is not None and TokenScope.REVIEW in found.token.scopes
