"""What every command shares: output, progress, errors on one line, and the store."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from models.errors import ComportError

if TYPE_CHECKING:
    from rich.table import Table

    from audit.outbox import Delivered
    from audit.store import Store

FAILED = 1
"""Something could not be done; 2 (usage) is click's own."""

INTERRUPTED = 130
"""128 + SIGINT, as shells expect after Ctrl-C."""

UNLOGGED = frozenset({"customer", "who", "one", "other", "words", "comment", "because", "reason"})
"""Parameters of commands that name a customer, or hold what somebody wrote freely."""

DATABASE = "comport.database"
"""Where click keeps the address of the database that was named; None there means the file at home."""

out = Console()
err = Console(stderr=True)

PIPED_WIDTH = 1000
"""Letters of a line that goes into a pipe or file: what reads it there gets all of a table."""


def is_piped() -> bool:
    """Whether what is printed goes into a pipe or file, and no width (`COLUMNS`) is asked for it."""
    return not out.is_terminal and "COLUMNS" not in os.environ


def print_table(table: "Table") -> None:
    """Prints a table as wide as the terminal; into a pipe or file nothing of it is cut."""
    (Console(file=out.file, width=PIPED_WIDTH) if is_piped() else out).print(table)


def complain(error: ComportError | str) -> None:
    """Prints an error (or what is told of it) on one line; the problems of a YAML file on a line each."""
    from audit.yamlfile import BadFile

    if isinstance(error, BadFile):
        lines = [str(problem) for problem in error.problems]
    else:
        lines = [error.line if isinstance(error, ComportError) else " ".join(error.split())]
    for line in lines:
        err.print(line, style="red", markup=False, highlight=False, soft_wrap=True)


LIMIT_S = 30.0
"""So long PostgreSQL may take for a question of a page or a search, so that one that reads everything keeps
nobody else waiting. Our choice: all that `bench/million.py` asks takes less than 5 s on a busy machine."""

query_limit = click.option(
    "--query-limit",
    type=click.FloatRange(0.1),
    default=LIMIT_S,
    show_default=True,
    envvar="COMPORT_QUERY_LIMIT",
    help="Seconds that a question to PostgreSQL may take.",
)


def counted(interactions: int) -> str:
    """How many interactions, in words: "1 interaction", "12 interactions"."""
    return f"{interactions} interaction{'' if interactions == 1 else 's'}"


class Day(click.DateTime):
    """A day that is typed, such as 2026-03-01, as its first moment."""

    name = "day"

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "DAY"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"'{value}' is no day; write it as 2026-03-01", param, ctx)


NAMED = 5
"""So many of the files that were passed over are named; the account of an import names all with `--json`."""


def tell_passed(passed: Sequence[str]) -> None:
    """Prints on one line which files of folders no format knows; nothing where there is none."""
    if passed:
        named = ", ".join(Path(place).name for place in passed[:NAMED])
        more = f" and {len(passed) - NAMED} more" if len(passed) > NAMED else ""
        them = "it" if len(passed) == 1 else "them"
        told = f"{len(passed)} passed over, for no format knows {them}: {named}{more}"
        out.print(told, style="yellow", highlight=False, markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Prints one JSON object on one line."""
    from models.observations import to_json

    click.echo(to_json(value).decode())


def tell_delivered(context: click.Context, done: "Delivered", as_json: bool) -> None:
    """Says what a round of sending did, and ends the command: with `FAILED` unless all was delivered."""
    if as_json:
        print_json(done)
    else:
        told = f"{done.delivered} delivered, {done.failed} to be tried again, {done.dead} dead"
        out.print(told, highlight=False)
    context.exit(FAILED if done.failed or done.dead else 0)


def store_of(context: click.Context) -> "Store":
    """The store of the home folder and database that the command line names; the log has the command."""
    from audit.auditlog import Action, record
    from audit.database import StoreUnusable
    from audit.store import open_store

    store = open_store(context.obj, context.meta[DATABASE])
    given = {name: value for name, value in context.params.items() if value not in (None, False, "", ())}
    # The log cannot forget: what may name a customer is not written into it.
    given |= dict.fromkeys(UNLOGGED & given.keys(), "(not logged)")
    try:
        record(store, Action.COMMAND, context.command_path, **given)
    except StoreUnusable as error:
        # Whoever runs commands has the files: to refuse would protect nothing, and a full disk can be read.
        complain(error)
    return store


json_option = click.option("--json", "as_json", is_flag=True, help="JSON for machines instead of tables.")


@contextmanager
def progress_bar(title: str, quiet: bool = False, unit: str = "s of speech") -> Iterator[Any]:
    """A bar with an estimate on a terminal, nothing elsewhere; yields `report(done, all)`."""
    if quiet or not err.is_terminal:
        yield lambda done, total: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} " + unit),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
