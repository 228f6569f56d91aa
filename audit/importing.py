"""`comport import`: takes in without judging, and gives account of everything that it was given."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
import msgspec
from sqlalchemy import insert, select

from audit import tables as t
from audit.console import FAILED, complain, json_option, out, print_json, progress_bar, store_of, tell_passed
from audit.database import StoreUnusable
from models.errors import ComportError

if TYPE_CHECKING:
    from audit.arrivals import Arrival
    from audit.pipeline import Judged
    from audit.rubric import Rubric
    from audit.store import Store

WANTED = ("started_at", "agent", "customer", "branch")
"""Facts that scorecards are found and compared by; where a source lacks them, the report says so."""


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

    taking = Taking(store, rubrics)
    came, refused = taking.came, taking.refused
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
        taking.file(path)
    taking.write()
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


TOGETHER, LETTERS_TOGETHER = 20, 1_000_000
"""Interactions in one transaction, as many as a batch hands out of short texts, and letters of them that wait
in memory at most. Our choice."""


class _Waiting(NamedTuple):
    path: Path
    kept: "Judged"
    came: Came


class Taking:
    """What was taken in and refused so far, and what waits to be written with others."""

    def __init__(self, store: "Store", rubrics: "Sequence[Rubric]" = ()) -> None:
        self._store, self._rubrics = store, rubrics
        self.came: list[Came] = []
        self.refused: list[Refused] = []
        self._waiting: list[_Waiting] = []
        self._letters = 0

    def file(self, path: Path) -> None:
        """Takes in a file; what is wrong with it is written down, and stops nothing."""
        from audit.arrivals import Rejected
        from audit.intake import arrivals

        try:
            for arrival in arrivals(path):
                if isinstance(arrival, Rejected):
                    self.refused.append(Refused(arrival.path, arrival.line_number, arrival.problem))
                    continue
                try:
                    self._one(path, arrival)
                except ComportError as error:
                    self.refused.append(_refused(path, error))
        except Exception as error:  # noqa: BLE001  thousands of files must not end at one; Ctrl-C still does
            self.refused.append(_refused(path, error))

    def _one(self, path: Path, arrival: "Arrival") -> None:
        from audit.pipeline import audit_arrival, keep_judged, registered

        about = arrival.interaction
        if any(one.came.id == about.id for one in self._waiting):
            self.write()
        kept, new = registered(arrival, self._store)
        lacks = tuple(fact for fact in WANTED if not getattr(about, fact))
        came = Came(about.id, str(path), about.title, about.channel.value, new, lacks)
        if self._rubrics:
            self._store.again(lambda: keep_judged(self._store, [kept]))
            audit_arrival(arrival, self._rubrics, self._store)
            self.came.append(came)
            return
        self._waiting.append(_Waiting(path, kept, came))
        self._letters += len(arrival.original or b"") + (len(kept.ready.words) if kept.ready else 0)
        if len(self._waiting) >= TOGETHER or self._letters > LETTERS_TOGETHER:
            self.write()

    def write(self) -> None:
        """Writes what waits in one transaction; what cannot be written keeps nothing else out."""
        some, self._waiting, self._letters = self._waiting, [], 0
        try:
            self._keep(some)
        except Exception as error:  # noqa: BLE001
            for one in some:
                try:
                    if len(some) == 1 or isinstance(error, StoreUnusable):
                        raise error
                    self._keep([one])
                except Exception as alone:  # noqa: BLE001
                    self.refused.append(_refused(one.path, alone))

    def _keep(self, some: list[_Waiting]) -> None:
        from audit.pipeline import keep_judged

        if some:
            self._store.again(lambda: keep_judged(self._store, [one.kept for one in some]))
            self.came += [one.came for one in some]


def _refused(path: Path, error: Exception) -> Refused:
    from audit.arrivals import Rejected
    from audit.yamlfile import BadFile

    if not isinstance(error, ComportError):
        told = f"unexpected {type(error).__name__}: {error}; please report it with the file's format"
        return Refused(str(path), None, " ".join(told.split()))
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
        tell_passed(report.passed)
        for fact, count in report.lacking.items():
            lacking = f"{count} ha{'s' if count == 1 else 've'} no {fact}: nobody said"
            out.print(lacking, style="yellow", highlight=False)
    context.exit(FAILED if report.rejected else 0)
