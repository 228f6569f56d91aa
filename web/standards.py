"""Standards: each with why, purpose, how and examples, and how far people agree with the machine on it."""

import functools

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from audit import tables as t
from audit.agreement import agreements, apart
from audit.auditlog import Action, write
from audit.misses import misses
from audit.overview import WEEKS, newest_stretch, standard_weeks
from audit.rubric import Rubric
from audit.store import Store
from web import proposals
from web.employees import asked_weeks
from web.rights import may, scope


def room(store: Store) -> Blueprint:
    """The pages of this room."""
    blueprint = Blueprint("standards", __name__)
    for rule, view in (("/standards", everything), ("/standards/<rubric>/<standard>", one)):
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound)
    return blueprint


def everything(store: Store) -> ResponseReturnValue:
    rubrics = _newest(store)
    return render_template(
        "standards.html",
        rubrics=rubrics,
        agreements=agreements(store),
        titles={(of.rubric, one.id): one.title for of in rubrics for one in of.standards},
        **proposals.summary(store),
    )


def one(store: Store, rubric: str, standard: str) -> ResponseReturnValue:
    found = next((r for r in _newest(store, rubric) if r.rubric == rubric), None)
    known = {s.id: s for s in found.standards} if found else {}
    if found is None or standard not in known:
        abort(404)
    differ = apart(store, rubric, standard, *scope().scorecards())
    weeks = asked_weeks()
    # An agent sees what was released to them, which is in no sum.
    trend = (
        standard_weeks(store, rubric, standard, newest_stretch(store, weeks), scope())
        if may("compare")
        else ()
    )
    missed = misses(store, rubric, standard, scope())
    # What people said of them may quote them.
    quoted = dict.fromkeys((*(of.interaction for of in differ), *(of.interaction.id for of in missed)))
    with store.writing() as connection:
        for identity in quoted:
            write(connection, Action.VIEW, identity, address="standard")
    return render_template(
        "standard.html",
        rubric=found,
        standard=known[standard],
        agreement=agreements(store).get((rubric, standard)),
        apart=differ,
        **proposals.of_standard(store, rubric, standard),
        trend=trend,
        listed={"rubric": rubric, "standard": standard, "verdict": "missed"},
        weeks=weeks,
        lengths=WEEKS,
        misses=missed,
    )


def _newest(store: Store, name: str = "") -> tuple[Rubric, ...]:
    """The newest version of every rubric that something was judged under, by name (of one, by its name)."""
    added = t.rubric.c
    query = select(added.name, func.max(added.added_at)).group_by(added.name).order_by(added.name)
    if name:
        query = query.where(added.name == name)
    with store.reading() as connection:
        rows = connection.execute(query).all()
        digests = []
        for row in rows:
            newest = select(added.digest).where(added.name == row[0], added.added_at == row[1]).limit(1)
            digests.append(connection.execute(newest).scalar_one())
    return tuple(map(store.rubric, digests))
