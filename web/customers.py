"""Customers, and the way of one of them through the house over all channels."""

import functools
import re

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from audit.customers import people
from audit.interactions import Role
from audit.store import Store
from web.api.customers import journey
from web.retention import holding
from web.rights import may, scope

ROWS = 50


def room(store: Store) -> Blueprint:
    """The pages of this room."""
    blueprint = Blueprint("customers", __name__)
    for rule, view in (("/customers", everybody), ("/customers/<number>", one)):
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound)
    return blueprint


def everybody(store: Store) -> ResponseReturnValue:
    words = request.args.get("search", "").strip()[:200]
    after = request.args.get("after", 0, type=int)
    found = people(store, Role.CUSTOMER, words, ROWS, min(max(after, 0), 2**31 - 1), scope())
    further = found[-1].number if len(found) == ROWS else None
    return render_template("customers.html", found=found, words=words, further=further)


def one(store: Store, number: str) -> ResponseReturnValue:
    if not re.fullmatch(r"[1-9]\d{0,8}", number, re.ASCII):
        abort(404)
    found = journey(store, int(number))
    theirs = [step.interaction for step in found.steps]
    return render_template(
        "journey.html", journey=found, holding=holding(store, theirs) if may("admin") else ()
    )
