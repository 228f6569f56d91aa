"""`comport import`: takes in without judging, and gives account of everything that it was given."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from sqlalchemy import insert, select

from audit import tables as t
from audit.console import FAILED, complain, json_option, out, print_json, progress_bar, store_of
from models.errors import ComportError

if TYPE_CHECKING:
    from audit.arrivals import Arrival
    from audit.rubric import Rubric
    from audit.store import Store

WANTED = ("started_at", "agent", "customer", "branch")
"""Facts that scorecards are found and compared by; where a source lacks them, the report says so."""

NAMED = 5
"""So many of the files that were passed over are named; `--json` names all."""


class Refused(msgspec.Struct, frozen=True):
    """What was not taken, and why; `line` is None where the file has no lines."""

    file: str
    line: int | None
    reason: str


class Came(msgspec.Struct, frozen=True):
    """An interaction that was taken or known; `lacks` are facts of `WANTED` that nobody said."""

    id: str
    file: str
    title: str
    channel: str
    new: bool
    lacks: tuple[str, ...]


class Report(msgspec.Struct, frozen=True):
    """What became of everything in some files and folders."""

    paths: tuple[str, ...]
    taken: int
    known: int
    rejected: tuple[Refused, ...]
    lacking: dict[str, int]
    """How many interactions lack each fact of `WANTED`."""
    interactions: tuple[Came, ...] = ()
    passed: tuple[str, ...] = ()
    """Files in the folders that no format knows."""


def take_all(
    paths: Sequence[Path],
    store: "Store",
    rubrics: "Sequence[Rubric]" = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Takes in everything at these paths, audits it where rubrics are given, and keeps the report.

    What is known is not taken again: only its facts are brought up to date. A bad file stops nothing.
    """
    from audit.intake import find_files, passed_over

    came: list[Came] = []
    refused: list[Refused] = []
    files: list[Path] = []
    passed: list[str] = []
    for path in paths:
        found, problems = find_files(path)
        files += found
        named = {p.path for p in problems}
        passed += [place for p in passed_over(path, found) if (place := str(p)) not in named]
        refused += [Refused(p.path, p.line_number, p.problem) for p in problems]
    for number, path in enumerate(dict.fromkeys(files)):
        progress(number, len(files))
        for one in _take(path, store, rubrics):
            (came if isinstance(one, Came) else refused).append(one)  # type: ignore[arg-type]
    report = Report(
        tuple(map(str, paths)),
        sum(one.new for one in came),
        sum(not one.new for one in came),
        tuple(refused),
        {fact: count for fact in WANTED if (count := sum(fact in one.lacks for one in came))},
        tuple(came),
        tuple(passed),
    )
    short = msgspec.structs.replace(report, interactions=())
    with store.writing() as connection:
        row = {"at": datetime.now(UTC), "report": msgspec.json.encode(short).decode()}
        connection.execute(insert(t.intake_run).values(**row))
    return report


def _take(path: Path, store: "Store", rubrics: "Sequence[Rubric]") -> Iterator[Came | Refused]:
    from audit.arrivals import Rejected
    from audit.intake import arrivals

    try:
        for arrival in arrivals(path):
            if isinstance(arrival, Rejected):
                yield Refused(arrival.path, arrival.line_number, arrival.problem)
                continue
            try:
                yield _keep(path, arrival, store, rubrics)
            except ComportError as error:
                yield _refused(path, error)
    except ComportError as error:
        yield _refused(path, error)
    except Exception as error:  # noqa: BLE001  thousands of files must not end at one; Ctrl-C still does
        told = f"unexpected {type(error).__name__}: {error}; please report it with the file's format"
        yield Refused(str(path), None, " ".join(told.split()))


def _keep(path: Path, arrival: "Arrival", store: "Store", rubrics: "Sequence[Rubric]") -> Came:
    from audit.pipeline import audit_arrival, register

    new = register(arrival, store)
    if rubrics:
        audit_arrival(arrival, rubrics, store)
    about = arrival.interaction
    lacks = tuple(fact for fact in WANTED if not getattr(about, fact))
    return Came(about.id, str(path), about.title, about.channel.value, new, lacks)


def _refused(path: Path, error: ComportError) -> Refused:
    from audit.arrivals import Rejected
    from audit.yamlfile import BadFile

    if isinstance(error, Rejected):
        return Refused(error.path, error.line_number, error.problem)
    if isinstance(error, BadFile):
        first = error.problems[0]
        told = "; ".join(f"{p.where}: {p.text}" if p.where else p.text for p in error.problems)
        return Refused(first.path, first.line, told)
    return Refused(str(path), None, error.line.removeprefix(f"{path}: "))


def last_report(store: "Store") -> Report | None:
    """The report of the last import, without its list of interactions; None before the first."""
    with store.reading() as connection:
        kept = connection.execute(
            select(t.intake_run.c.report).order_by(t.intake_run.c.id.desc()).limit(1)
        ).scalar()
    return None if kept is None else msgspec.json.decode(kept, type=Report)


@click.command("import")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--rubric", "rubrics", multiple=True, help="Audit at once under this; may be repeated.")
@json_option
@click.pass_context
def import_command(
    context: click.Context, paths: tuple[Path, ...], rubrics: tuple[str, ...], as_json: bool
) -> None:
    """Take in files and folders without judging them, and account for each; without PATHS: the last account.

    Texts and transcripts are then judged by `comport rescore`, recordings by `comport audit`.
    """
    from audit.pipeline import find_rubric

    store = store_of(context)
    if paths:
        loaded = [find_rubric(name) for name in rubrics]
        with progress_bar("taking in", quiet=as_json, unit="files") as bar:
            report = take_all(paths, store, loaded, bar)
    elif (kept := last_report(store)) is not None:
        report = kept
    else:
        raise click.UsageError("nothing was imported yet; name files or folders")
    if as_json:
        print_json(report)
    else:
        for one in report.rejected:
            complain(f"{one.file}:{f'{one.line}:' if one.line else ''} {one.reason}")
        out.print(
            f"{report.taken} taken, {report.known} known, {len(report.rejected)} rejected", highlight=False
        )
        if report.passed:
            named = ", ".join(Path(place).name for place in report.passed[:NAMED])
            more = f" and {len(report.passed) - NAMED} more" if len(report.passed) > NAMED else ""
            told = f"{len(report.passed)} passed over, for no format knows them: {named}{more}"
            out.print(told, style="yellow", highlight=False, markup=False)
        for fact, count in report.lacking.items():
            out.print(f"{count} have no {fact}: nobody said", style="yellow", highlight=False)
    context.exit(FAILED if report.rejected else 0)
