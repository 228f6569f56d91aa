"""Batch runs: begun, watched, gone on with, stopped; how far each is, and what became of every file."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

import msgspec
from flask import current_app

from audit.batch import behind, ledger, report
from audit.batch.behind import LONGEST_SOURCE, MOST_SOURCES
from audit.batch.ledger import RunState
from audit.store import Store
from web.api.operations import Made, Many, Operation, begun, begun_before, following, unchanged
from web.api.problems import ROOT


class Runs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many runs; `before` is the number of the last of the page before."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    before: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None


class RunShown(msgspec.Struct, frozen=True):
    """A run with how many files are in each state."""

    number: int
    state: RunState
    sources: tuple[str, ...]
    rubrics: tuple[str, ...]
    started_at: datetime
    finished_at: datetime | None
    files: dict[str, int]


class RunWhole(msgspec.Struct, frozen=True):
    """A run, and of each rubric how many scores there are, their mean, the lowest and the highest."""

    run: RunShown
    scorecards: int
    scores: dict[str, tuple[int, float, float, float]]


class NewRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be audited, under which packs or stored rubrics: folders and files of the server that lie
    where the house lets batches be asked of. `anew`: also what an earlier batch audited and is unchanged."""

    sources: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_SOURCE)], ...],
        msgspec.Meta(min_length=1, max_length=MOST_SOURCES),
    ]
    rubrics: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=80)], ...],
        msgspec.Meta(min_length=1, max_length=MOST_SOURCES),
    ]
    anew: bool = False


def batches(store: Store, query: Runs) -> Many[RunShown]:
    found = ledger.runs(store, query.limit, query.before)
    more = len(found) == query.limit and found[-1].id > 1
    further = following(f"{ROOT}/batches", query, before=found[-1].id) if more else None
    return Many(tuple(_shown(store, one) for one in found), further)


def batch(store: Store, number: int) -> RunWhole:
    run = ledger.run_of(store, number)
    totals = report.totals(store, run)
    return RunWhole(_shown(store, run), totals.scorecards, totals.scores)


def begin_batch(store: Store, body: NewRun) -> Made:
    number = begun_before(store, "batch", body)
    if number is None:
        # A folder of many thousands is listed while others may write.
        places = current_app.config["BATCHES_FROM"]
        found = behind.listed(store, places, body.sources, body.rubrics)
        number = begun(store, "batch", body, lambda: behind.begin(store, found, body.anew).id)
    return _started(store, number)


def retry_batch(store: Store, number: int) -> Made:
    with store.writing():
        unchanged(batch(store, number))
        behind.again(store, number)
    return _started(store, number)


def cancel_batch(store: Store, number: int) -> RunShown:
    with store.writing():
        unchanged(batch(store, number))
        behind.cancel(store, number)
    return _shown(store, ledger.run_of(store, number))


def _started(store: Store, number: int) -> Made:
    behind.start(store, number)
    return Made(_shown(store, ledger.run_of(store, number)), f"{ROOT}/batches/{number}")


def _shown(store: Store, run: ledger.Run) -> RunShown:
    files = {state.value: count for state, count in ledger.counts(store, run.id).items()}
    return RunShown(run.id, run.state, run.sources, run.rubrics, run.started_at, run.finished_at, files)


_RUN = "/batches/<int:number>"

OPERATIONS = (
    Operation("GET", "/batches", batches, "Batch runs, newest first", Many[RunShown], Runs),
    Operation("GET", _RUN, batch, "How far a run is, and its scores", RunWhole),
    Operation(
        *("POST", "/batches", begin_batch, "Begins a run, or goes on with the same", RunShown),
        body=NewRun,
        status=HTTPStatus.ACCEPTED,
        problems=(HTTPStatus.UNPROCESSABLE_ENTITY,),
        once=True,
    ),
    Operation(
        *("POST", f"{_RUN}/retry", retry_batch, "Tries again what failed, and goes on", RunShown),
        status=HTTPStatus.ACCEPTED,
        problems=(HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED),
    ),
    Operation(
        *("POST", f"{_RUN}/cancel", cancel_batch, "Stops a run; what is finished stays", RunShown),
        problems=(HTTPStatus.PRECONDITION_FAILED,),
    ),
)
