"""Customers that may be one: what speaks for it, what each side is, and what people decide of it."""

import functools
from http import HTTPStatus

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.customers import CannotJoin, Person, find_person, person_with
from audit.identities import State
from audit.interactions import Role
from audit.merging import Pair, decide_pair, join_pair, pair_of, pairs, waiting, weigh
from audit.store import NotStored, Store
from web.api.customers import LONGEST_REASON, known
from web.languages import gettext
from web.rights import person

ROWS = 25
"""Pairs on one page: somebody has to look at each."""


def room(store: Store) -> Blueprint:
    """The pages of this room."""
    blueprint = Blueprint("joining", __name__)
    numbered = "/customers/<int(max=2147483647):number>"
    for rule, view, method in (
        ("/customers/proposals", proposals, "GET"),
        (f"{numbered}/join", ask, "GET"),
        (f"{numbered}/join", join, "POST"),
        ("/customers/links/<int(max=2147483647):number>", decide, "POST"),
    ):
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound, methods=[method])
    return blueprint


def proposals(store: Store) -> ResponseReturnValue:
    before = request.args.get("before", type=int)
    found = pairs(
        store, Role.CUSTOMER, State.PROPOSED, limit=ROWS, before=min(max(before or 0, 0), 2**31 - 1) or None
    )
    return render_template(
        "proposals.html",
        found=found,
        count=waiting(store, Role.CUSTOMER),
        further=found[-1].link.number if len(found) == ROWS else None,
        decided=decided(store),
        longest=LONGEST_REASON,
    )


def decide(store: Store, number: int) -> ResponseReturnValue:
    chosen = {"join": State.JOINED, "part": State.REFUSED}.get(request.form.get("do", ""))
    if chosen is None:
        abort(HTTPStatus.BAD_REQUEST)
    why = _why()
    decide_pair(store, Role.CUSTOMER, number, chosen, person().name, why, request.form.get("seen", ""))
    of = request.form.get("of", type=int)
    if of is None:
        return redirect(url_for("joining.proposals", decided=number), HTTPStatus.SEE_OTHER)
    # Whose page it was may be part of another one now, or be one of two.
    one = person_with(store, Role.CUSTOMER, min(max(of, 0), 2**31 - 1))
    return redirect(url_for("customers.one", number=one.number, decided=number), HTTPStatus.SEE_OTHER)


def ask(store: Store, number: int) -> ResponseReturnValue:
    return _ask_page(store, known(store, Role.CUSTOMER, number), request.args.get("other", ""))


def join(store: Store, number: int) -> ResponseReturnValue:
    one = known(store, Role.CUSTOMER, number)
    beside = known(store, Role.CUSTOMER, min(max(request.form.get("with", 0, type=int), 0), 2**31 - 1))
    words, why = request.form.get("other", ""), _why()
    if not why:
        problem = gettext("Say why, for whoever looks at it later.")
        return _ask_page(store, one, words, problem, beside), HTTPStatus.UNPROCESSABLE_ENTITY
    link = join_pair(store, one, beside, person().name, why, request.form.get("seen", ""))
    return redirect(
        url_for("customers.one", number=min(one.number, beside.number), decided=link), HTTPStatus.SEE_OTHER
    )


def _ask_page(store: Store, one: Person, words: str, problem: str = "", other: Person | None = None) -> str:
    """The page that shows both sides before somebody joins them, or why there is no other side."""
    words, sides = words.strip()[:200], None
    if words:
        try:
            other = other or find_person(store, Role.CUSTOMER, words)
            if other.number == one.number:
                raise CannotJoin(one.title, "")
            sides = weigh(store, one, other)
        except NotStored:
            problem = gettext("No customer, or more than one, fits. Give an address or a number.")
        except CannotJoin:
            problem = gettext("This is the same customer already.")
    return render_template(
        "join.html", one=one, words=words, sides=sides, problem=problem, longest=LONGEST_REASON
    )


def decided(store: Store) -> Pair | None:
    """The pair that somebody just decided on, to undo it; None where there is none."""
    number = request.args.get("decided", 0, type=int)
    if not 0 < number < 2**31:
        return None
    try:
        found = pair_of(store, Role.CUSTOMER, number)
    except NotStored:
        return None
    return None if found.link.state == State.PROPOSED else found


def _why() -> str:
    why = " ".join(request.form.get("because", "").split())
    if len(why) > LONGEST_REASON:
        abort(HTTPStatus.BAD_REQUEST)
    return why
