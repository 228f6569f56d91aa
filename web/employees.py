"""Employees: who there is, and one of them with trend, strengths, gaps and moments worth hearing."""

import functools

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from audit.auditlog import Action, write
from audit.employees import employee, employees
from audit.overview import WEEKS, newest_stretch
from audit.store import Store
from web.rights import scope


def room(store: Store) -> Blueprint:
    """The pages of this room."""
    blueprint = Blueprint("employees", __name__)
    for rule, view in (("/employees", everybody), ("/employees/<path:name>", one)):
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound)
    return blueprint


def everybody(store: Store) -> ResponseReturnValue:
    weeks = asked_weeks()
    stretch = newest_stretch(store, weeks)
    rows = employees(store, stretch, scope())
    return render_template("employees.html", rows=rows, stretch=stretch, weeks=weeks, lengths=WEEKS)


def one(store: Store, name: str) -> ResponseReturnValue:
    weeks, seen = asked_weeks(), scope()
    if seen.employee not in (None, name):
        abort(404)
    found = employee(store, name, newest_stretch(store, weeks), seen)
    if found is None and seen.employee == name:
        return render_template("own_page.html", name=name)
    if found is None:
        abort(404)
    with store.writing() as connection:
        # It quotes what was said in each of them.
        for clip in found.clips:
            write(connection, Action.VIEW, clip.interaction.id, address="employee")
    return render_template(
        "employee.html",
        found=found,
        weeks=weeks,
        lengths=WEEKS,
        listed={
            "agent": name,
            "since": f"{found.stretch.since:%Y-%m-%d}",
            "until": f"{found.stretch.last_day:%Y-%m-%d}",
        },
    )


def asked_weeks() -> int:
    """The length of the stretch that an address asks for."""
    weeks = request.args.get("weeks", WEEKS[1], type=int)
    return weeks if weeks in WEEKS else WEEKS[1]
