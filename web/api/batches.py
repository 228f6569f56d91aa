"""Batch runs: what was asked for, how far each is, and what became of every file."""

from datetime import datetime
from typing import Annotated

import msgspec

from audit.batch import ledger, report
from audit.batch.ledger import RunState
from audit.store import Store
from web.api.operations import Many, Operation, following
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


def batches(store: Store, query: Runs) -> Many[RunShown]:
    found = ledger.runs(store, query.limit, query.before)
    more = len(found) == query.limit and found[-1].id > 1
    further = following(f"{ROOT}/batches", query, before=found[-1].id) if more else None
    return Many(tuple(_shown(store, one) for one in found), further)


def batch(store: Store, number: int) -> RunWhole:
    run = ledger.run_of(store, number)
    totals = report.totals(store, run)
    return RunWhole(_shown(store, run), totals.scorecards, totals.scores)


def _shown(store: Store, run: ledger.Run) -> RunShown:
    files = {state.value: count for state, count in ledger.counts(store, run.id).items()}
    return RunShown(run.id, run.state, run.sources, run.rubrics, run.started_at, run.finished_at, files)


OPERATIONS = (
    Operation("GET", "/batches", batches, "Batch runs, newest first", Many[RunShown], Runs),
    Operation(
        *("GET", "/batches/<int(max=2147483647):number>", batch, "How far a run is, and its scores"),
        RunWhole,
    ),
)
