"""Batches: begun of what lies in the folders that the house has named, watched, gone on with, and stopped."""

import functools
import re
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.batch import behind, ledger
from audit.batch.behind import LONGEST_SOURCE, MOST_SOURCES, BadBatch
from audit.batch.ledger import RunState, State
from audit.batch.sources import UnusableSource
from audit.pipeline import pack_names
from audit.store import Store
from web.languages import figures, gettext, percent
from web.listing import rubric_names
from web.streaming import stream
from web.wording import told

RUNS = 50
"""Batches on the page, the newest; and files without a scorecard on the page of one."""

_BAD = (State.FAILED, State.SET_ASIDE)


def room(store: Store) -> Blueprint:
    """The pages of this room."""
    blueprint = Blueprint("batches", __name__)
    for rule, view, method in (
        ("/batches", everything, "GET"),
        ("/batches", begin, "POST"),
        ("/batches/<number>", one, "GET"),
        ("/batches/<number>/events", events, "GET"),
        ("/batches/<number>/retry", again, "POST"),
        ("/batches/<number>/cancel", cancel, "POST"),
    ):
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound, methods=[method])
    return blueprint


def everything(store: Store) -> ResponseReturnValue:
    return _page(store)


def begin(store: Store) -> ResponseReturnValue:
    sources = [line.strip() for line in request.form.get("sources", "").splitlines() if line.strip()]
    rubrics = request.form.getlist("rubric")[:MOST_SOURCES]
    problems: dict[str, str] = {}
    if not sources:
        problems["sources"] = gettext("Name at least one folder or file.")
    elif len(sources) > MOST_SOURCES or any(len(line) > LONGEST_SOURCE for line in sources):
        most = {"count": figures(MOST_SOURCES), "letters": figures(LONGEST_SOURCE)}
        problems["sources"] = gettext("At most %(count)s lines, each of %(letters)s letters.", **most)
    if not rubrics:
        problems["rubric"] = gettext("Choose what it is to be judged under.")
    if problems:
        return _page(store, problems), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        found = behind.listed(store, current_app.config["BATCHES_FROM"], sources, rubrics)
        run = behind.begin(store, found, anew="anew" in request.form)
    except (BadBatch, UnusableSource) as error:
        where = "sources" if error.source else "rubric"
        return _page(store, {where: told(error)}, lang="en"), HTTPStatus.UNPROCESSABLE_ENTITY
    behind.start(store, run.id)
    return _begun(run.id)


def one(store: Store, number: str) -> ResponseReturnValue:
    run = _run(store, number)
    counts = ledger.counts(store, run.id)
    bad = [item for item, _ in zip(ledger.items(store, run.id, _BAD), range(RUNS), strict=False)]
    open_ = run.finished_at is None
    begins = "begun" in request.args and run.state == RunState.INTERRUPTED
    worked_on = run.state == RunState.RUNNING and behind.is_worked_on(store, run.id)
    return render_template(
        "batch.html",
        run=run,
        told=_told(run, counts),
        bad=bad,
        over=not begins and _is_over(run),
        begins=begins,
        open=open_,
        # What nobody works on any more is gone on with, whatever its state says.
        again=not begins and not worked_on and (run.state != RunState.FINISHED or bool(bad)),
    )


def events(store: Store, number: str) -> Response:
    asked = _run(store, number).id
    # A page that shows another state than the batch has by now is opened anew.
    shown = request.args.get("shown", RunState.RUNNING.value)

    def state() -> tuple[dict[str, Any], bool]:
        run = ledger.run_of(store, asked)
        over = run.state.value != shown
        return _told(run, ledger.counts(store, asked)) | {"over": over}, over

    return stream(state)


def again(store: Store, number: str) -> ResponseReturnValue:
    run = _run(store, number)
    behind.again(store, run.id)
    behind.start(store, run.id)
    return _begun(run.id)


def cancel(store: Store, number: str) -> ResponseReturnValue:
    run = _run(store, number)
    behind.cancel(store, run.id)
    return redirect(url_for("batches.one", number=run.id), HTTPStatus.SEE_OTHER)


def _begun(number: int) -> ResponseReturnValue:
    return redirect(url_for("batches.one", number=number, begun=1), HTTPStatus.SEE_OTHER)


def _page(store: Store, problems: dict[str, str] | None = None, lang: str = "") -> str:
    runs = [(run, ledger.counts(store, run.id)) for run in ledger.runs(store, RUNS)]
    return render_template(
        "batches.html",
        runs=[(run, _told(run, counts)) for run, counts in runs],
        places=current_app.config["BATCHES_FROM"],
        rubrics=sorted({*pack_names(), *rubric_names(store)}),
        chosen=request.form.getlist("rubric"),
        problems=problems or {},
        problem_lang=lang,
    )


def _run(store: Store, number: str) -> ledger.Run:
    if not re.fullmatch(r"[1-9]\d{0,8}", number, re.ASCII):
        abort(HTTPStatus.NOT_FOUND)
    return ledger.run_of(store, int(number))


def _is_over(run: ledger.Run) -> bool:
    return run.state != RunState.RUNNING


def _told(run: ledger.Run, counts: dict[State, int]) -> dict[str, Any]:
    done, of = sum(counts[state] for state in ledger.OVER), sum(counts.values())
    text = gettext(
        "%(done)s of %(of)s files (%(share)s), %(running)s running, %(bad)s without a scorecard",
        done=figures(done),
        of=figures(of),
        share=percent(done / of if of else 1.0),
        running=figures(counts[State.RUNNING]),
        bad=figures(sum(counts[state] for state in _BAD)),
    )
    return {"share": done / of if of else 1.0, "text": text, "over": _is_over(run)}
