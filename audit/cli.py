"""The command line: thin shells over plain functions; only here errors become exit statuses."""

import importlib.metadata
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from audit.answer_commands import answers
from audit.backup import backup
from audit.batch.commands import batch
from audit.cameras import camera as camera_commands
from audit.commands import doctor, upgrade, weights
from audit.console import (
    DATABASE,
    FAILED,
    INTERRUPTED,
    complain,
    err,
    json_option,
    out,
    print_json,
    progress_bar,
    store_of,
    tell_passed,
)
from audit.customer_commands import customer, employee
from audit.erasing_commands import erase, hold, retention
from audit.evaluate import evaluate
from audit.importing import import_command
from audit.journey_shown import journey
from audit.leaving import export
from audit.listing import search
from audit.log_commands import log_command
from audit.mail_commands import mail
from audit.outcome_commands import outcomes
from audit.picturing import picture
from audit.redacting import redact
from audit.restore import restore
from audit.reviewing import review
from audit.rubric_commands import rubric
from audit.token_commands import token
from audit.user_commands import user
from audit.webhook_commands import webhook
from models.errors import ComportError

if TYPE_CHECKING:
    from audit.pipeline import Audited
    from audit.rubric import Rubric
    from audit.store import Store
    from models.camera import Camera


def main() -> None:
    """Runs the command line and exits: 0 done, 1 failed, 2 wrong usage."""
    # Commands of other packages (the dashboard's `serve`) come by entry point: nothing here imports web.
    for point in importlib.metadata.entry_points(group="comport.commands"):
        cli.add_command(point.load())
    try:
        sys.exit(cli.main(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        err.print("stopped; what was finished is stored", highlight=False)
        sys.exit(INTERRUPTED)
    except ComportError as error:
        complain(error)
        sys.exit(FAILED)
    except OSError as error:
        if not error.filename:
            raise
        complain(f"{error.filename}: {error.strerror}; give another place, or mend its name or rights")
        sys.exit(FAILED)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(importlib.metadata.version("comport"), prog_name="comport")
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="COMPORT_HOME",
    help="Where everything is kept.",
)
@click.option(
    "--database",
    envvar="COMPORT_DATABASE_URL",
    metavar="ADDRESS",
    help="A team's PostgreSQL, postgresql://NAME@HOST/DATABASE, instead of a file in the home folder.",
)
@click.pass_context
def cli(context: click.Context, home: Path | None, database: str | None) -> None:
    """Audits recorded customer service against a company's own behaviour standards."""
    import platformdirs

    context.meta[DATABASE] = database

    context.obj = home or Path(platformdirs.user_data_dir("comport"))


for _command in (
    import_command,
    rubric,
    weights,
    user,
    camera_commands,
    doctor,
    upgrade,
    evaluate,
    picture,
    redact,
    review,
    search,
    log_command,
    mail,
    batch,
    customer,
    employee,
    outcomes,
    backup,
    export,
    erase,
    webhook,
    hold,
    retention,
    restore,
    answers,
    journey,
    token,
):
    cli.add_command(_command)

_rubric_option = click.option(
    "--rubric",
    "rubrics",
    multiple=True,
    required=True,
    help="A YAML file or the name of a pack; may be repeated.",
)


_engine_option = click.option(
    "--engine", type=click.Choice(["auto", "whisper", "pocketsphinx"]), default="auto", show_default=True
)


@cli.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@_rubric_option
@_engine_option
@click.option("--whisper", help="A faster-whisper model name, or a CTranslate2 folder.")
@click.option(
    "--camera",
    "camera_file",
    type=click.Path(path_type=Path),
    help="The camera of these videos: a file from comport camera calibrate, or a name of the dashboard's.",
)
@json_option
@click.pass_context
def audit(
    context: click.Context,
    paths: tuple[Path, ...],
    rubrics: tuple[str, ...],
    engine: str,
    whisper: str | None,
    camera_file: Path | None,
    as_json: bool,
) -> None:
    """Audit recordings, transcripts and chats (files or folders) and print their scorecards."""
    from audit.camera_files import file_of
    from audit.pipeline import find_rubric
    from models.camera import load_camera

    if whisper and engine == "pocketsphinx":
        raise click.UsageError("--whisper names a Whisper model; it does not go with --engine pocketsphinx")
    loaded = [find_rubric(name) for name in rubrics]
    used = load_camera(file_of(context.obj, camera_file)) if camera_file else None
    failed = _audit_all(store_of(context), paths, loaded, engine, whisper, used, as_json)
    context.exit(FAILED if failed else 0)


def _audit_all(
    store: "Store",
    paths: tuple[Path, ...],
    rubrics: "list[Rubric]",
    engine: str,
    whisper: str | None,
    camera: "Camera | None",
    as_json: bool,
) -> int:
    """Audits every file, goes on after a bad one, and gives the number of those."""
    from audit.arrivals import Rejected
    from audit.intake import arrivals, find_files, passed_over
    from audit.pipeline import audit_arrival
    from audit.terminal import print_summary

    failed = 0
    files: list[Path] = []
    passed: list[str] = []
    for path in paths:
        found, refused = find_files(path)
        files += found
        passed += map(str, passed_over(path, found))
        failed += len(refused)
        for problem in refused:
            complain(problem)
    done: list[Audited] = []
    results: list[dict[str, Any]] = []

    def fail(where: object, problem: object) -> None:
        results.append({"path": str(where), "error": getattr(problem, "line", problem)})
        complain(problem)  # type: ignore[arg-type]

    for number, path in enumerate(files, start=1):
        try:
            for arrival in arrivals(path):
                if isinstance(arrival, Rejected):
                    fail(path, arrival)
                    continue
                title = f"{number}/{len(files)} {arrival.interaction.title}"
                with progress_bar(title, quiet=as_json) as report:
                    audited = audit_arrival(arrival, rubrics, store, engine, whisper, report, camera)
                done.append(audited)
                results.append({"path": str(path), "new": audited.new, "scorecards": audited.scorecards})
                if not as_json:
                    _print_audited(audited)
        except ComportError as error:
            fail(path, error)
        except Exception as error:  # noqa: BLE001  a night's batch must not end at one file; Ctrl-C still does
            told = f"unexpected {type(error).__name__}: {error}; please report it with the file's format"
            fail(path, f"{path}: {told}")
    failed += sum("error" in result for result in results)
    if as_json:
        print_json({"audited": results, "failed": failed, "passed": passed})
    elif len(files) > 1 or failed or passed:
        if done:
            out.print()
            print_summary(out, done)
        out.print(f"{len(done)} audited" + (f", {failed} failed" if failed else ""), highlight=False)
        tell_passed(passed)
    return failed


def _print_audited(audited: "Audited") -> None:
    from audit.terminal import print_scorecard

    for card in audited.scorecards:
        print_scorecard(out, audited.interaction, card, audited.observations.recording.duration_s)
    if not audited.new:
        done = "its facts were brought up to date" if audited.facts_changed else "nothing was stored anew"
        out.print(f"[dim]known already: {done}[/]", highlight=False)


@cli.command()
@click.argument("interaction", required=False)
@click.option("--search", default="", help="Only those with these words in transcript or facts.")
@click.option("--limit", default=1000, show_default=True, help="At most so many, the last judged first.")
@json_option
@click.pass_context
def show(context: click.Context, interaction: str | None, search: str, limit: int, as_json: bool) -> None:
    """Show what is stored: all interactions, or the scorecards of one (by id or title)."""
    from audit.aftermath import outcomes_of
    from audit.reviews import card_stands
    from audit.terminal import print_rows, print_scorecard, print_stands

    store = store_of(context)
    if interaction is None:
        rows = store.rows(search, limit=limit + 1)
        if as_json:
            print_json({"interactions": rows[:limit], "more": len(rows) > limit})
            return
        if rows:
            print_rows(rows[:limit])
        elif search:
            out.print(f"nothing that is stored has '{search}' in it", highlight=False, markup=False)
        else:
            out.print("nothing is stored yet; try: comport audit PATH --rubric voice-en", highlight=False)
        if len(rows) > limit:
            out.print(f"only the last {limit} are shown; more with --limit", highlight=False)
        return
    found = store.interaction(interaction)
    cards = store.scorecards(found.id)
    became = outcomes_of(store, [found.id]).get(found.id, ())
    if as_json:
        stand = [card_stands(store, card) for card in cards]
        print_json({"interaction": found, "scorecards": cards, "stands": stand, "outcomes": became})
        return
    recording = store.recording(found.recording)
    duration_s = recording.duration_s if recording else 0.0
    for card in cards:
        print_scorecard(out, found, card, duration_s)
        print_stands(out, card, card_stands(store, card))
    for one in became:
        out.print(f"{one.kind} {one.value:g}, {one.at:%Y-%m-%d}", markup=False, highlight=False)


@cli.command()
@_rubric_option
@json_option
@click.pass_context
def rescore(context: click.Context, rubrics: tuple[str, ...], as_json: bool) -> None:
    """Judge everything stored again, from the stored observations, without opening a recording."""
    import time

    from audit.pipeline import find_rubric
    from audit.pipeline import rescore as rescore_all
    from audit.terminal import print_moves
    from audit.workbench.versions import stored_versions

    store = store_of(context)
    done = new = failed = 0
    loaded = [find_rubric(name) for name in rubrics]
    for own in () if as_json else loaded:
        kept = stored_versions(own.rubric, store)
        if (own.digest, own.version) not in kept and own.version in dict(kept).values():
            told = f"{own.rubric}: version {own.version} was stored with other content; raise its "
            out.print(f"{told}version, so that scorecards before and after can be told apart", style="yellow")
    total = sum(store.count(rubric.applies_to) for rubric in loaded)
    before = {(row.interaction.id, row.rubric): row.machine_score for row in store.rows(limit=None)}
    moved: list[tuple[str, float | None, float | None]] = []
    started_s = time.perf_counter()
    with progress_bar("judging", quiet=as_json, unit="interactions") as report:
        for rubric in loaded:
            for one in rescore_all(store, rubric):
                done += 1
                report(done, total)
                if isinstance(one.card, ComportError):
                    failed += 1
                    complain(one.card)
                    continue
                new += one.new
                old = before.get((one.interaction.id, one.card.rubric))
                if one.new and old != one.card.score.score:
                    moved.append((one.interaction.title, old, one.card.score.score))
    took_s = time.perf_counter() - started_s
    if as_json:
        print_json({"rescored": done - failed, "new": new, "failed": failed, "took_s": round(took_s, 3)})
    else:
        print_moves(out, moved)
        told = f"{done - failed} judged in {took_s:.1f} s, {new} scorecards are new" + (
            f", {failed} failed" if failed else ""
        )
        out.print(told, highlight=False)
        for channel, count in store.unjudged().items():
            told = f"{count} of channel {channel} have no scorecard: none of the rubrics is for it"
            out.print(told, style="yellow", highlight=False, soft_wrap=True)
    context.exit(FAILED if failed else 0)


@cli.command()
@_engine_option
@click.option("--serve", "serves", is_flag=True, help="Then open a filled dashboard, with an account for it.")
@click.pass_context
def demo(context: click.Context, engine: str, serves: bool) -> None:
    """Audit the samples that come with Comport and print their scorecards."""
    from audit.intake import find_files
    from audit.pipeline import PACKS, find_rubric, pack_names

    found, _ = find_files(PACKS.parent / "samples")
    # What was judged last stands on top in the dashboard: the video.
    samples = tuple(sorted(found, key=lambda path: path.suffix == ".mp4"))
    rubrics = [find_rubric(name) for name in pack_names()]
    failed = _audit_all(store_of(context), samples, rubrics, engine, None, None, as_json=False)
    given = (
        context.parent is not None and context.parent.get_parameter_source("home") != ParameterSource.DEFAULT
    )
    if serves and (serve := cli.commands.get("serve")) is not None:
        out.print(f"\nLog in as demo with the password {demo_account(store_of(context))}", highlight=False)
        context.invoke(serve)
        return
    home = f"--home {context.obj} " if given else ""
    command = f"{Path(sys.argv[0])} {home}"
    out.print(
        f"\nTo look at them:  {command}user add ana  &&  {command}serve", highlight=False, soft_wrap=True
    )
    context.exit(FAILED if failed else 0)


def demo_account(store: "Store") -> str:
    """Gives the account `demo`, made when there is none, a new password; that one is nobody's default."""
    import secrets

    from audit.scope import UserRole
    from audit.users import add_user, set_password, user_names

    password = secrets.token_urlsafe(12)
    if "demo" in user_names(store):
        set_password(store, "demo", password)
    else:
        add_user(store, "demo", password, UserRole.ADMIN)
    return password
