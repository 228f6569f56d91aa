"""Kept views of the list of interactions: its filters under a name, one's own or shared with others."""

import functools
from http import HTTPStatus
from typing import Any

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from audit.saved import (
    EVERYBODY,
    Saved,
    forget_search,
    rename_search,
    save_search,
    searches_seen,
    share_search,
)
from audit.searching import Wanted
from audit.store import NotStored, Store
from web.listing import asked, fields
from web.rights import may, person, scope


def room(store: Store) -> Blueprint:
    """The addresses of this room; the views stand on the list's own page."""
    blueprint = Blueprint("views", __name__)
    for rule, view in (("/views", keep), ("/views/<int(max=2147483647):number>", change)):
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound, methods=["POST"])
    return blueprint


def seen(store: Store) -> tuple[Saved, ...]:
    """The views that whoever asks may open: their own, and of others what is shared with them.

    Agents see nobody else's: a filter may name a customer.
    """
    return searches_seen(store, person().name, scope().team, others=may("compare"))


def mine(store: Store, number: int) -> Saved:
    """The view of this number that whoever asks keeps.

    Raises:
        NotStored: it is none, or another's.
    """
    found = [one for one in seen(store) if one.number == number and one.owner == person().name]
    if not found:
        raise NotStored("search", str(number), "the list shows yours")
    return found[0]


def sharing(wanted: bool) -> str | None:
    """With whom a view of whoever asks is shared: their team, or everybody where they have none."""
    if not wanted or not may("compare"):
        return None
    return scope().team or EVERYBODY


def keep(store: Store) -> ResponseReturnValue:
    wanted = asked(request.args)
    save_search(store, person().name, _given(), wanted, sharing(bool(request.form.get("shared"))))
    return _list(wanted)


def change(store: Store, number: int) -> ResponseReturnValue:
    one = mine(store, number)
    match request.form.get("do"):
        case "rename":
            rename_search(store, one.owner, one.name, _given())
        case "share" | "own" as what:
            share_search(store, one.owner, one.name, sharing(what == "share"))
        case "delete":
            forget_search(store, one.owner, one.name)
        case _:
            abort(HTTPStatus.BAD_REQUEST)
    return _list(one.wanted)


def _list(wanted: Wanted) -> ResponseReturnValue:
    again: dict[str, Any] = fields(wanted)
    return redirect(url_for("interactions.index", **again), HTTPStatus.SEE_OTHER)


def _given() -> str:
    return request.form.get("name", "")
