"""Accounts and tokens, for admins; the audit log, for auditors."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, cast

import msgspec
from werkzeug.exceptions import Forbidden

from audit import auditlog
from audit.scope import UserRole
from audit.second_factor import turn_off
from audit.store import NotStored, Store
from audit.tokens import DAYS, MOST_DAYS, Bearer, Token, TokenScope, add_token, revoke_token, tokens
from audit.users import (
    MAX_PASSWORD,
    Account,
    BadUser,
    accounts,
    add_user,
    remove_user,
    set_email,
    set_locked,
    set_password,
    set_role,
)
from web.api.operations import Made, Many, Operation, each, following, unchanged
from web.api.problems import ROOT
from web.tokens import this_bearer

_Short = Annotated[str, msgspec.Meta(max_length=80)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
_Time = Annotated[datetime, msgspec.Meta(tz=True)]
_Password = Annotated[str, msgspec.Meta(max_length=MAX_PASSWORD)]


class NewUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account; without a password only an identity provider lets it in."""

    name: _Name
    role: UserRole
    password: _Password | None = None
    team: _Short = ""
    employee: _Short = ""
    email: Annotated[str, msgspec.Meta(max_length=320)] | None = None


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be otherwise; what is null stays. A role comes with its team or employee; an empty e-mail
    address is none. `second_factor_off` is for whoever lost their app and their recovery codes."""

    role: UserRole | None = None
    team: _Short = ""
    employee: _Short = ""
    password: _Password | None = None
    locked: bool | None = None
    email: Annotated[str, msgspec.Meta(max_length=320)] | None = None
    second_factor_off: bool = False


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token of an account."""

    user: _Name
    scopes: Annotated[tuple[TokenScope, ...], msgspec.Meta(min_length=1)]
    purpose: _Short = ""
    days: Annotated[int, msgspec.Meta(ge=1, le=MOST_DAYS)] = DAYS


class Secret(msgspec.Struct, frozen=True):
    """The token itself, shown once, and what lists show of it."""

    secret: str
    token: Token


class Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rows of the log; `before` is the number of the last row of the page before."""

    who: Annotated[str, msgspec.Meta(max_length=120)] = ""
    action: _Short = ""
    subject: Annotated[str, msgspec.Meta(max_length=200)] = ""
    since: _Time | None = None
    until: _Time | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    before: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None = None


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A seal of the log that was kept from before, if any: it must still hold."""

    seal: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,18}:[0-9a-f]{64}$")] | None = None


class LogVerified(msgspec.Struct, frozen=True):
    """How many rows the log has, the newest one's seal, to be kept elsewhere, and what is wrong."""

    rows: int
    seal: str
    problems: tuple[str, ...]


def users(store: Store) -> Many[Account]:
    return each(accounts(store))


def user(store: Store, name: str) -> Account:
    found = next((one for one in accounts(store) if one.name == name), None)
    if found is None:
        raise NotStored("user", name, "the list shows who there is")
    return found


def make_user(store: Store, body: NewUser) -> Made:
    add_user(store, body.name, body.password, body.role, body.team, body.employee, body.email)
    return Made(user(store, body.name), f"{ROOT}/users/{body.name}")


def change_user(store: Store, name: str, body: Change) -> Account:
    if body.role is None and (body.team or body.employee):
        raise BadUser(name, "team and employee go with a role; give the role too")
    with store.writing():
        unchanged(user(store, name))
        if body.role is not None:
            set_role(store, name, body.role, body.team, body.employee)
        if body.password is not None:
            set_password(store, name, body.password)
        if body.email is not None:
            set_email(store, name, body.email)
        if body.locked is not None:
            set_locked(store, name, body.locked)
        if body.second_factor_off:
            turn_off(store, name)
    return user(store, name)


def drop_user(store: Store, name: str) -> None:
    with store.writing():
        unchanged(user(store, name))
        remove_user(store, name)


def list_tokens(store: Store) -> Many[Token]:
    return each(tokens(store))


def make_token(store: Store, body: NewToken) -> Made:
    # Else one for the keep times could give itself the words of customers.
    lacking = [one for one in body.scopes if one not in cast(Bearer, this_bearer()).token.scopes]
    if lacking:
        raise Forbidden(f"a token makes none with scopes that it lacks: {', '.join(lacking)}")
    secret, token = add_token(store, body.user, body.scopes, body.purpose, body.days)
    return Made(Secret(secret, token), f"{ROOT}/tokens")


def drop_token(store: Store, number: int) -> None:
    revoke_token(store, number)


def log(store: Store, query: Rows) -> Many[auditlog.Entry]:
    given = {name: getattr(query, name) for name in query.__struct_fields__}
    found = auditlog.entries(store, **given)
    more = len(found) == query.limit and found[-1].id > 1
    further = following(f"{ROOT}/log", query, before=found[-1].id) if more else None
    return Many(found, further)


def verify_log(store: Store, body: Kept) -> LogVerified:
    number, _, digest = (body.seal or "").partition(":")
    found = auditlog.verify(store, auditlog.Seal(int(number), digest) if body.seal else None)
    auditlog.record(store, auditlog.Action.VERIFIED, problems=len(found.problems))
    return LogVerified(found.rows, str(found.seal), found.problems)


_CHANGED = (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.UNPROCESSABLE_ENTITY)

OPERATIONS = (
    Operation("GET", "/users", users, "Every account", Many[Account]),
    Operation("GET", "/users/<name>", user, "One account", Account),
    Operation(
        *("POST", "/users", make_user, "Adds an account", Account),
        body=NewUser,
        status=HTTPStatus.CREATED,
        problems=(HTTPStatus.UNPROCESSABLE_ENTITY,),
    ),
    Operation(
        *("PATCH", "/users/<name>", change_user, "Changes role, password, address or lock", Account),
        body=Change,
        problems=_CHANGED,
    ),
    Operation(
        *("DELETE", "/users/<name>", drop_user, "Removes an account and its tokens", None),
        status=HTTPStatus.NO_CONTENT,
        problems=_CHANGED,
    ),
    Operation("GET", "/tokens", list_tokens, "Every token, never itself", Many[Token]),
    Operation(
        *("POST", "/tokens", make_token, "Makes a token; it is shown once", Secret),
        body=NewToken,
        status=HTTPStatus.CREATED,
        problems=(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
    ),
    Operation(
        *("DELETE", "/tokens/<int:number>", drop_token, "Makes a token worthless", None),
        status=HTTPStatus.NO_CONTENT,
    ),
    Operation(
        *("POST", "/log/verification", verify_log, "Whether a row of the log was changed or is gone"),
        LogVerified,
        body=Kept,
    ),
    Operation("GET", "/log", log, "Who did and saw what, newest first", Many[auditlog.Entry], Rows),
)
