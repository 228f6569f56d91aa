"""`comport batch`: runs, and what became of them."""

from typing import TYPE_CHECKING, Any

import click

from audit.console import (
    DATABASE,
    FAILED,
    complain,
    json_option,
    out,
    print_json,
    progress_bar,
    store_of,
    tell_passed,
)
from models.errors import ComportError

if TYPE_CHECKING:
    from audit.batch.ledger import Run
    from audit.store import Store

ASIDE = 3
"""Exit status: everything is audited but what was set aside because it ended its workers."""


class NeedsPostgres(ComportError):
    """A batch over several machines with a database that lies in a file."""

    def __init__(self, scheduler: str) -> None:
        super().__init__(scheduler)
        self.scheduler = scheduler

    def __str__(self) -> str:
        return (
            f"--scheduler {self.scheduler}: workers on other machines cannot share an SQLite file; "
            "use PostgreSQL: comport --database postgresql://NAME@HOST/DATABASE batch …"
        )


class _SourceFirst(click.Group):
    """`comport batch SOURCE` means `comport batch run SOURCE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_SourceFirst)
def batch() -> None:
    """Audit thousands of recordings with nobody watching, and go on where it was stopped."""


class _Amount(click.ParamType[Any]):
    """`2 h`, `90 s`; `4 GB`, `500 MB`: in seconds, or bytes."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from dask.utils import parse_bytes, parse_timedelta

        if not isinstance(value, str):
            return value
        try:
            amount = float(parse_timedelta(value)) if self.name == "time" else parse_bytes(value)
        except (ValueError, KeyError):
            amount = -1
        if amount < 0:
            shown = "a time like '2 h' or '90 s'" if self.name == "time" else "an amount like '4 GB'"
            self.fail(f"'{value}' is not {shown}", param, ctx)
        return amount


@batch.command("run")
@click.argument("sources", nargs=-1, required=True)
@click.option(
    "--rubric", "rubrics", multiple=True, required=True, help="A YAML file or a pack; may be repeated."
)
@click.option(
    "--engine", type=click.Choice(["auto", "whisper", "pocketsphinx"]), default="auto", show_default=True
)
@click.option("--whisper", help="A faster-whisper model name, or a CTranslate2 folder.")
@click.option("--camera", type=click.Path(exists=True, dir_okay=False, resolve_path=True), help="The camera.")
@click.option("--workers", type=click.IntRange(1), help="Processes on this machine; one for each core.")
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler with workers, tcp://HOST:8786.")
@click.option("--gpu", is_flag=True, help="Recordings go only to workers started with --resources GPU=1.")
@click.option("--time-limit", type=_Amount("time"), default="2 h", show_default=True, help="For each file.")
@click.option(
    "--memory-limit", type=_Amount("memory"), default="0", help="For each worker, '4 GB'; its share if none."
)
@click.option("--again", is_flag=True, help="Audit also what an earlier batch audited and is unchanged.")
@json_option
@click.pass_context
def run_batch(
    context: click.Context,
    sources: tuple[str, ...],
    rubrics: tuple[str, ...],
    engine: str,
    whisper: str | None,
    camera: str | None,
    workers: int | None,
    scheduler: str | None,
    gpu: bool,
    time_limit: float,
    memory_limit: int,
    again: bool,
    as_json: bool,
) -> None:
    """Audit folders, files, patterns, lists (CSV with a column `path`) and addresses (s3://bucket/calls).

    The same command again goes on with a batch that was stopped; of one that is through it takes what is new.
    """
    from dask.system import CPU_COUNT
    from distributed.system import MEMORY_LIMIT

    from audit.batch import ledger
    from audit.batch import sources as places
    from audit.batch.driver import Cluster, drive
    from audit.batch.worker import Order
    from audit.pipeline import find_rubric
    from audit.tallies import settle

    if scheduler and workers:
        raise click.UsageError("--workers are of this machine, --scheduler has its own: give one of them")
    loaded = [find_rubric(name) for name in rubrics]
    store = store_of(context)
    if scheduler and store.engine.dialect.name == "sqlite":
        raise NeedsPostgres(scheduler)
    for one in loaded:
        store.keep_rubric(one)
    digests = tuple(sorted({one.digest for one in loaded}))
    settings = ledger.Settings(engine, whisper, camera)
    run = ledger.unfinished(store, sources, digests, settings)
    passed: list[str] = []
    if run is None:
        run = ledger.begin(store, sources, digests, settings, places.find(sources, passed), again)
    elif not as_json:
        out.print(f"going on with batch {run.id}", highlight=False)
    cluster = Cluster(workers or CPU_COUNT, scheduler, gpu)
    share = 0 if scheduler else MEMORY_LIMIT // cluster.workers
    home, database = (None, None) if scheduler else (str(store.home), context.meta[DATABASE])
    order = Order(run.id, time_limit, memory_limit or share, home, database)
    with progress_bar(f"batch {run.id}", quiet=as_json, unit="MB") as bar:
        drive(store, run, order, cluster, lambda done, of: bar(done / 1e6, of / 1e6))
    status = _tell(store, ledger.run_of(store, run.id), as_json)
    if not as_json:
        tell_passed(passed)
    # Else whoever opens the overview first would wait for it.
    settle(store)
    context.exit(status)


def _tell(store: "Store", run: "Run", as_json: bool) -> int:
    """Writes the report, prints it in short, and gives the exit status."""
    from audit.batch import ledger, report
    from audit.batch.ledger import State
    from audit.batch.worker import folder_of

    paths = report.write(store, run, folder_of(store.home, run.id))
    numbers = report.totals(store, run)
    if as_json:
        print_json({**_facts(run, numbers), "reports": [str(path) for path in paths]})
    else:
        bad = ledger.items(store, run.id, (State.FAILED, State.SET_ASIDE))
        for item, _ in zip(bad, range(20), strict=False):
            aside = f"{item.location}: set aside: " if item.state == State.SET_ASIDE else ""
            complain(f"{aside}{item.reason}")
        for line in report.summary(run, numbers):
            out.print(line, highlight=False, markup=False)
        out.print(f"report: {paths[0]} and {paths[1].name}", highlight=False, markup=False, soft_wrap=True)
    left = sum(numbers.states[state] for state in (State.FAILED, State.WAITING, State.RUNNING))
    return FAILED if left else ASIDE if numbers.states[State.SET_ASIDE] else 0


def _facts(run: "Run", numbers: Any) -> dict[str, Any]:
    return {
        "batch": run.id,
        "state": run.state,
        "sources": run.sources,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "files": numbers.files,
        "states": numbers.states,
        "scorecards": numbers.scorecards,
        "scores": {
            name: dict(zip(("number", "mean", "lowest", "highest"), of, strict=True))
            for name, of in numbers.scores.items()
        },
    }


@batch.command("status")
@click.argument("number", type=int, required=False)
@json_option
@click.pass_context
def status(context: click.Context, number: int | None, as_json: bool) -> None:
    """How far a batch is (the newest one without a number), and what failed in it."""
    from audit.batch import ledger, report

    store = store_of(context)
    run = ledger.run_of(store, number)
    numbers = report.totals(store, run)
    bad = list(ledger.items(store, run.id, (ledger.State.FAILED, ledger.State.SET_ASIDE)))
    now = ledger.running(store, run.id)
    if as_json:
        print_json({**_facts(run, numbers), "running": now, "without_scorecard": bad})
        return
    out.print(f"batch {run.id}: {', '.join(run.sources)}", highlight=False, markup=False, soft_wrap=True)
    for line in report.summary(run, numbers):
        out.print(line, highlight=False, markup=False)
    for item in now:
        told = f"running on {item.worker}: {item.location}"
        out.print(told, highlight=False, markup=False, soft_wrap=True)
    for item in bad:
        out.print(
            f"{item.state}: {item.location}: {item.reason.removeprefix(f'{item.location}: ')}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )


@batch.command("retry")
@click.argument("number", type=int)
@json_option
@click.pass_context
def retry(context: click.Context, number: int, as_json: bool) -> None:
    """Let what failed or was set aside in a batch wait again; then run the same batch again."""
    from audit.batch import behind

    again = behind.again(store_of(context), number)
    if as_json:
        print_json({"batch": number, "waiting_again": again})
    else:
        out.print(f"{again} files wait again; run the same batch again to audit them", highlight=False)


@batch.command("cancel")
@click.argument("number", type=int)
@json_option
@click.pass_context
def cancel(context: click.Context, number: int, as_json: bool) -> None:
    """Stop a batch for good: nothing more of it is begun, what is finished stays."""
    from audit.batch import behind, ledger

    store = store_of(context)
    behind.cancel(store, number)
    state = ledger.run_of(store, number).state
    if as_json:
        print_json({"batch": number, "state": state})
    else:
        out.print(f"batch {number} is {state}", highlight=False)
