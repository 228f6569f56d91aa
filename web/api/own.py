"""The account of whoever sends a token: shown, and changed with its password."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal, cast

import msgspec
from flask_login import current_user

from audit.mailing import set_wishes, wishes
from audit.store import Store
from audit.tokens import Bearer, TokenScope
from audit.users import MAX_PASSWORD, Account, BadUser, accounts, password_fits, set_email, set_password
from web.api.operations import Operation, unchanged
from web.own import LONGEST_ADDRESS
from web.tokens import this_bearer

_Event = Literal["critical_miss", "assigned"]
_Password = Annotated[str, msgspec.Meta(max_length=MAX_PASSWORD)]


class Own(msgspec.Struct, frozen=True):
    """The account, of what it is told by e-mail, and of the token that asks its number, scopes and end."""

    account: Account
    events: tuple[_Event, ...]
    token: int
    scopes: tuple[TokenScope, ...]
    expires_at: datetime


class OwnChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be otherwise; what is null stays. A new password or address needs the present `password`.

    A new password ends all sessions and revokes all tokens, this one too, unless `keep_tokens`. An empty
    e-mail address is none.
    """

    password: _Password = ""
    new_password: _Password | None = None
    keep_tokens: bool = False
    email: Annotated[str, msgspec.Meta(max_length=LONGEST_ADDRESS)] | None = None
    events: Annotated[tuple[_Event, ...], msgspec.Meta(max_length=2)] | None = None


def own_account(store: Store) -> Own:
    name = current_user.name
    events: tuple[_Event, ...] = ("critical_miss", "assigned")
    wanted, _ = wishes(store, name)
    mine = next(one for one in accounts(store) if one.name == name)
    asking = cast(Bearer, this_bearer()).token
    told = tuple(event for event in events if event in wanted)
    return Own(mine, told, asking.number, asking.scopes, asking.expires_at)


def change_own(store: Store, body: OwnChange) -> Own:
    name = current_user.name
    guarded = body.new_password is not None or body.email is not None
    if guarded and not password_fits(store, name, body.password):
        raise BadUser(name, "'password' is not the account's password")
    with store.writing():
        unchanged(own_account(store))
        if body.email is not None:
            set_email(store, name, body.email, own=True)
        if body.events is not None:
            set_wishes(store, name, body.events)
        if body.new_password is not None:
            set_password(store, name, body.new_password, body.keep_tokens)
        return own_account(store)


OPERATIONS = (
    Operation("GET", "/account", own_account, "The account of this token", Own),
    Operation(
        *("PATCH", "/account", change_own, "Changes password, e-mail address or what one is told of", Own),
        body=OwnChange,
        problems=(HTTPStatus.PRECONDITION_FAILED, HTTPStatus.UNPROCESSABLE_ENTITY),
        asks_password=True,
    ),
)
