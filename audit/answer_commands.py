"""`comport answers`: the file of approved answers, and what is really answered."""

from pathlib import Path

import click
from rich.markup import escape

from audit.console import FAILED, complain, json_option, out, print_json, print_table, progress_bar, store_of
from audit.interactions import Channel


@click.group()
def answers() -> None:
    """The same question over all channels: check the file of approved answers, compare what is answered."""


@answers.command("check")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
@click.pass_context
def check(context: click.Context, paths: tuple[Path, ...], as_json: bool) -> None:
    """Every problem of files of approved answers, with file and line."""
    from audit.answers import load_answers
    from audit.yamlfile import BadFile

    problems = []
    for path in paths:
        try:
            found = load_answers(path)
        except BadFile as error:
            problems += list(error.problems)
            if not as_json:
                complain(error)
        else:
            if not as_json:
                asked = f"{len(found.questions)} question{'' if len(found.questions) == 1 else 's'}"
                told = f"{asked} in {', '.join(found.languages)}"
                out.print(f"{path}: {told}", markup=False, highlight=False, soft_wrap=True)
    if as_json:
        print_json(
            {
                "problems": [
                    {"path": p.path, "line": p.line, "where": p.where, "text": p.text} for p in problems
                ]
            }
        )
    context.exit(FAILED if problems else 0)


@answers.command("compare")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--channel", "channels", multiple=True, type=click.Choice([c.value for c in Channel]))
@click.option("--all", "everything", is_flag=True, help="Show right answers, too.")
@json_option
@click.pass_context
def compare_command(
    context: click.Context, path: Path, channels: tuple[str, ...], everything: bool, as_json: bool
) -> None:
    """What was answered to each question on each channel, and every answer that is not the approved one."""
    from rich.table import Table

    from audit.answers import load_answers
    from audit.journey_shown import shown_moment
    from audit.sameness import Given, compare

    loaded = load_answers(path)
    wanted = tuple(Channel(c) for c in channels) or tuple(Channel)
    with progress_bar("reading", quiet=as_json, unit="interactions") as report:
        found = compare(store_of(context), loaded, wanted, report)
    if as_json:
        print_json(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("question", "channel", "asked", "approved", "wrong", "cannot tell", "unanswered"):
        table.add_column(heading, justify="left" if heading in ("question", "channel") else "right")
    for one in found.counts:
        numbers = (one.asked, one.approved, one.wrong, one.cannot_tell, one.unanswered)
        table.add_row(escape(one.question), one.channel, *map(str, numbers))
    print_table(table)
    for answer in found.answers:
        if everything or answer.given != Given.APPROVED:
            out.print(
                f"{answer.given.replace('_', ' ')}: {answer.question}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
            out.print(f"    {shown_moment(answer.asked)}", markup=False, highlight=False, soft_wrap=True)
            if answer.answer:
                out.print(f"    {shown_moment(answer.answer)}", markup=False, highlight=False, soft_wrap=True)
    for told in found.caveats:
        complain(told)
