"""Customers, and the way of one of them through the house over all channels."""

import functools
import re

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from audit.customers import people
from audit.interactions import Role
from audit.merging import pairs, waiting
from audit.store import Store
from web.api.customers import LONGEST_REASON, journey
from web.joining import decided
from web.retention import holding
from web.rights import may, scope

ROWS = 50

LINKS = 50
"""Links between a customer's identities on their page, the newest: who has more is rare. Our choice."""


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
    proposed = waiting(store, Role.CUSTOMER) if may("join") else 0
    return render_template("customers.html", found=found, words=words, further=further, proposed=proposed)


def one(store: Store, number: str) -> ResponseReturnValue:
    if not re.fullmatch(r"[1-9]\d{0,8}", number, re.ASCII):
        abort(404)
    found = journey(store, int(number))
    theirs = [step.interaction for step in found.steps]
    return render_template(
        "journey.html",
        journey=found,
        holding=holding(store, theirs) if may("admin") else (),
        links=pairs(store, Role.CUSTOMER, person=found.customer, limit=LINKS) if may("join") else (),
        decided=decided(store) if may("join") else None,
        longest=LONGEST_REASON,
    )
