"""The command line: thin shells over plain functions; only here errors become exit statuses."""

import importlib.metadata
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from models.errors import ComportError

if TYPE_CHECKING:
    from audit.pipeline import Audited
    from audit.rubric import Rubric
    from audit.store import Store

FAILED = 1
"""Something could not be done; 2 (usage) is click's own."""

INTERRUPTED = 130
"""128 + SIGINT, as shells expect after Ctrl-C."""

out = Console()
err = Console(stderr=True)


def main() -> None:
    """Runs the command line and exits: 0 done, 1 failed, 2 wrong usage."""
    # Commands of other packages (the dashboard's `serve`) come by entry point: nothing here imports web.
    for point in importlib.metadata.entry_points(group="comport.commands"):
        cli.add_command(point.load())
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        err.print("stopped; what was finished is stored", highlight=False)
        sys.exit(INTERRUPTED)
    except ComportError as error:
        complain(error)
        sys.exit(FAILED)


def complain(error: ComportError) -> None:
    """Prints an error on one line; the problems of a YAML file on a line each."""
    from audit.yamlfile import BadFile

    lines = map(str, error.problems) if isinstance(error, BadFile) else (error.line,)
    for line in lines:
        err.print(line, style="red", markup=False, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Prints one JSON object on one line."""
    from models.observations import to_json

    click.echo(to_json(value).decode())


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(importlib.metadata.version("comport"), prog_name="comport")
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="COMPORT_HOME",
    help="Where everything is kept.",
)
@click.pass_context
def cli(context: click.Context, home: Path | None) -> None:
    """Audits recorded customer service against a company's own behaviour standards."""
    import platformdirs

    context.obj = home or Path(platformdirs.user_data_dir("comport"))


def store_of(context: click.Context) -> "Store":
    import os

    from audit.store import open_store

    return open_store(context.obj, os.environ.get("COMPORT_DATABASE_URL"))


_rubric_option = click.option(
    "--rubric",
    "rubrics",
    multiple=True,
    required=True,
    help="A YAML file or the name of a pack; may be repeated.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="JSON for machines instead of tables.")


@cli.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@_rubric_option
@click.option(
    "--engine", type=click.Choice(["auto", "whisper", "pocketsphinx"]), default="auto", show_default=True
)
@click.option("--whisper", help="A faster-whisper model name, or a CTranslate2 folder.")
@_json_option
@click.pass_context
def audit(
    context: click.Context,
    paths: tuple[Path, ...],
    rubrics: tuple[str, ...],
    engine: str,
    whisper: str | None,
    as_json: bool,
) -> None:
    """Audit recordings, transcripts and chats (files or folders) and print their scorecards."""
    from audit.pipeline import find_rubric

    loaded = [find_rubric(name) for name in rubrics]
    failed = _audit_all(store_of(context), paths, loaded, engine, whisper, as_json)
    context.exit(FAILED if failed else 0)


def _audit_all(
    store: "Store",
    paths: tuple[Path, ...],
    rubrics: "list[Rubric]",
    engine: str,
    whisper: str | None,
    as_json: bool,
) -> int:
    """Audits every file, goes on after a bad one, and gives the number of those."""
    from audit.intake import Rejected, find_files
    from audit.pipeline import audit_file
    from audit.terminal import print_scorecard

    failed = 0
    files: list[Path] = []
    for path in paths:
        try:
            files += find_files(path)
        except Rejected as error:
            failed += 1
            complain(error)
    results: list[dict[str, Any]] = []
    for number, path in enumerate(files, start=1):
        try:
            with _progress(f"{number}/{len(files)} {path.name}", quiet=as_json) as report:
                audited = audit_file(path, rubrics, store, engine, whisper, report)
        except ComportError as error:
            failed += 1
            results.append({"path": str(path), "error": error.line})
            complain(error)
            continue
        results.append({"path": str(path), "new": audited.new, "scorecards": audited.scorecards})
        if not as_json:
            _print_audited(audited, print_scorecard)
    if as_json:
        print_json({"audited": results, "failed": failed})
    elif len(files) > 1 or failed:
        out.print(
            f"\n{len(files) - failed if files else 0} of {len(files)} audited"
            + (f", {failed} failed" if failed else "")
        )
    return failed


def _print_audited(audited: "Audited", print_scorecard: Callable[..., None]) -> None:
    for card in audited.scorecards:
        print_scorecard(out, audited.interaction, card, audited.observations.recording.duration_s)
    if not audited.new:
        out.print("[dim]known already: nothing was stored anew[/]", highlight=False)


@contextmanager
def _progress(title: str, quiet: bool = False, unit: str = "s of speech") -> Iterator[Any]:
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


@cli.command()
@click.argument("interaction", required=False)
@click.option("--search", default="", help="Only those with this in title, agent, customer or branch.")
@_json_option
@click.pass_context
def show(context: click.Context, interaction: str | None, search: str, as_json: bool) -> None:
    """Show what is stored: all interactions, or the scorecards of one (by id or title)."""
    from audit.terminal import print_rows, print_scorecard

    store = store_of(context)
    if interaction is None:
        rows = store.rows(search, limit=1000)
        if as_json:
            print_json({"interactions": rows})
        elif rows:
            print_rows(out, rows)
        else:
            out.print("nothing is stored yet; try: comport audit PATH --rubric voice-en", highlight=False)
        return
    found = store.interaction(interaction)
    cards = store.scorecards(found.id)
    if as_json:
        print_json({"interaction": found, "scorecards": cards})
        return
    duration_s = store.observations(found).recording.duration_s
    for card in cards:
        print_scorecard(out, found, card, duration_s)


@cli.command()
@_rubric_option
@_json_option
@click.pass_context
def rescore(context: click.Context, rubrics: tuple[str, ...], as_json: bool) -> None:
    """Judge everything stored again, from the stored observations, without opening a recording."""
    import time

    from audit.pipeline import find_rubric
    from audit.pipeline import rescore as rescore_all

    store = store_of(context)
    done = new = 0
    loaded = [find_rubric(name) for name in rubrics]
    total = sum(store.count(rubric.applies_to) for rubric in loaded)
    started_s = time.perf_counter()
    with _progress("judging", quiet=as_json, unit="interactions") as report:
        for rubric in loaded:
            for one in rescore_all(store, rubric):
                done += 1
                new += one.new
                report(done, total)
    took_s = time.perf_counter() - started_s
    if as_json:
        print_json({"rescored": done, "new": new, "took_s": round(took_s, 3)})
    else:
        out.print(f"{done} judged in {took_s:.1f} s, {new} scorecards are new", highlight=False)


@cli.group()
def rubric() -> None:
    """Check, test and list rubrics."""


@rubric.command("list")
@_json_option
def rubric_list(as_json: bool) -> None:
    """The rubrics that come with Comport."""
    from audit.pipeline import find_rubric, pack_names

    packs = [find_rubric(name) for name in pack_names()]
    if as_json:
        print_json(
            {"rubrics": [{"name": r.rubric, "title": r.title, "standards": len(r.standards)} for r in packs]}
        )
        return
    for r in packs:
        channels = ", ".join(r.applies_to)
        out.print(
            f"{r.rubric:12} {r.title} ({r.language}; {channels}; {len(r.standards)} standards)",
            highlight=False,
        )


@rubric.command("check")
@click.argument("names", nargs=-1, required=True)
def rubric_check(names: tuple[str, ...]) -> None:
    """Report every problem of rubrics with file and line."""
    from audit.pipeline import find_rubric

    failed = False
    for name in names:
        try:
            found = find_rubric(name)
        except ComportError as error:
            failed = True
            complain(error)
            continue
        out.print(
            f"{name}: {len(found.standards)} standards in {len(found.sections)} sections, no problems",
            highlight=False,
        )
    if failed:
        raise click.exceptions.Exit(FAILED)


@rubric.command("test")
@click.argument("names", nargs=-1, required=True)
@_json_option
def rubric_test(names: tuple[str, ...], as_json: bool) -> None:
    """Run the examples inside each standard."""
    from audit.pipeline import find_rubric
    from audit.workbench import run_examples

    results = [(name, result) for name in names for result in run_examples(find_rubric(name))]
    wrong = [(name, r) for name, r in results if not r.passed]
    if as_json:
        rows = [{"rubric": n, "standard": r.standard, "wanted": r.wanted, "found": r.found} for n, r in wrong]
        print_json({"examples": len(results), "wrong": rows})
    else:
        for name, r in wrong:
            text = " / ".join(r.text.split("\n"))
            out.print(
                f"{name}: {r.standard}: wanted {r.wanted}, found {r.found}: {text} ({r.reason})",
                style="red",
                markup=False,
            )
        out.print(
            f"{len(results) - len(wrong)} of {len(results)} examples give the verdict they should",
            highlight=False,
        )
    if wrong:
        raise click.exceptions.Exit(FAILED)


@cli.group()
def weights() -> None:
    """List and fetch model weights."""


@weights.command("list")
@_json_option
def weights_list(as_json: bool) -> None:
    """Every pinned artefact, and whether it is here."""
    from rich.table import Table

    from models import weights as w
    from models.weights_table import Artefact, WhisperModel

    items: list[Artefact | WhisperModel] = [*w.ARTEFACTS, *w.WHISPER_MODELS]
    if as_json:
        rows = [
            {"name": i.name, "state": w.state(i), "size_bytes": i.size_bytes, "licence": i.licence}
            for i in items
        ]
        print_json({"weights": rows, "cache": str(w.cache_folder())})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, justify in (
        ("name", "left"),
        ("state", "left"),
        ("size", "right"),
        ("licence", "left"),
        ("for", "left"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for i in items:
        table.add_row(i.name, w.state(i), f"{i.size_bytes / 1e6:.1f} MB", i.licence, i.purpose)
    out.print(table)
    out.print(f"[dim]cache {w.cache_folder()}, mirror {w.mirror_folder() or 'none'}[/]", highlight=False)


@weights.command("fetch")
@click.argument("names", nargs=-1, required=True)
@click.option("--if-reachable", is_flag=True, help="Say in one line what could not be had, and succeed.")
def weights_fetch(names: tuple[str, ...], if_reachable: bool) -> None:
    """Fetch weights by name (see `comport weights list`), resumable and checked by their hash."""
    from models import weights as w

    for name in names:
        try:
            with _progress(f"fetching {name}", unit="bytes") as report:
                path = w.fetch(name, report)
        except w.WeightsUnreachable as error:
            if not if_reachable:
                raise
            out.print(
                f"not fetched: {error.line}", style="yellow", markup=False, highlight=False, soft_wrap=True
            )
        else:
            out.print(f"{name}: ready at {path}", highlight=False, soft_wrap=True)


@cli.group()
def user() -> None:
    """Add, list and remove people who may log in."""


@user.command("add")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.pass_context
def user_add(context: click.Context, name: str, password_stdin: bool) -> None:
    """Add a person; the password is asked for twice."""
    from audit.users import add_user

    if password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    add_user(store_of(context), name, password)
    out.print(f"{name} can log in", highlight=False)


@user.command("list")
@click.pass_context
def user_list(context: click.Context) -> None:
    """Who may log in."""
    from audit.users import user_names

    for name in user_names(store_of(context)):
        click.echo(name)


@user.command("remove")
@click.argument("name")
@click.pass_context
def user_remove(context: click.Context, name: str) -> None:
    """Remove a person's account."""
    from audit.users import remove_user

    remove_user(store_of(context), name)


@cli.command()
@click.option(
    "--engine", type=click.Choice(["auto", "whisper", "pocketsphinx"]), default="auto", show_default=True
)
@click.pass_context
def demo(context: click.Context, engine: str) -> None:
    """Audit the samples that come with Comport and print their scorecards."""
    from audit.pipeline import PACKS, find_rubric, pack_names

    samples = PACKS.parent / "samples"
    rubrics = [find_rubric(name) for name in pack_names()]
    failed = _audit_all(store_of(context), (samples,), rubrics, engine, None, as_json=False)
    given = (
        context.parent is not None and context.parent.get_parameter_source("home") != ParameterSource.DEFAULT
    )
    home = f"--home {context.obj} " if given else ""
    command = f"{Path(sys.argv[0])} {home}"
    out.print(
        f"\nTo look at them:  {command}user add ana  &&  {command}serve", highlight=False, soft_wrap=True
    )
    context.exit(FAILED if failed else 0)


@cli.command()
@_json_option
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """What works on this machine, what is missing and how to get it."""
    from audit.doctor import examine

    rows = examine(context.obj)
    if as_json:
        print_json({"checks": rows})
    else:
        for row in rows:
            mark, style = ("✓", "green") if row.works else ("✗", "red" if row.needed else "yellow")
            out.print(f"[{style}]{mark}[/] {row.name}: {row.found}", highlight=False, soft_wrap=True)
            if row.remedy:
                out.print(f"    {row.remedy}", highlight=False, soft_wrap=True)
    context.exit(FAILED if any(row.needed and not row.works for row in rows) else 0)


@cli.command()
@click.pass_context
def upgrade(context: click.Context) -> None:
    """Bring the database of an older version up to date."""
    import os

    from audit.store import upgrade_store

    found = upgrade_store(context.obj, os.environ.get("COMPORT_DATABASE_URL"))
    out.print(f"the database is at schema {found}", highlight=False)
