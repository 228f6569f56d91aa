"""`comport outcomes`: what became of interactions, and how it differs where standards were met and missed."""

from pathlib import Path

import click

from audit.console import FAILED, complain, json_option, out, print_json, print_table, progress_bar, store_of


@click.group()
def outcomes() -> None:
    """Import what became of interactions (CSAT, repeat contact, sale) and compare it with standards."""


@outcomes.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@json_option
@click.pass_context
def import_command(context: click.Context, path: Path, as_json: bool) -> None:
    """Take in a table with the columns interaction, kind, value, at; the same again changes nothing.

    An interaction is named by its id, its id in the system it came from, its file or its title.
    """
    from audit.aftermath import import_outcomes

    done = import_outcomes(store_of(context), path)
    if as_json:
        print_json(done)
    else:
        for one in done.rejected:
            complain(f"{one.file}:{f'{one.line}:' if one.line else ''} {one.reason}")
        told = (
            f"{done.taken} taken, {done.known} known, {done.changed} corrected, {len(done.rejected)} rejected"
        )
        out.print(told, highlight=False)
    context.exit(FAILED if done.rejected else 0)


@outcomes.command("list")
@click.argument("interaction")
@json_option
@click.pass_context
def list_command(context: click.Context, interaction: str, as_json: bool) -> None:
    """What became of one interaction (by id or title)."""
    from audit.aftermath import outcomes_of

    store = store_of(context)
    found = store.interaction(interaction)
    theirs = outcomes_of(store, [found.id]).get(found.id, ())
    if as_json:
        print_json({"outcomes": theirs})
        return
    for one in theirs:
        out.print(f"{one.at:%Y-%m-%d %H:%M}  {one.kind}  {one.value:g}", markup=False, highlight=False)
    if not theirs:
        out.print("nobody has told what became of it", highlight=False)


@outcomes.command("by-standard")
@click.option("--kind", default="csat", show_default=True, help="Of which outcome.")
@click.option("--rubric", default="", help="Judged under the rubric of this name.")
@json_option
@click.pass_context
def by_standard_command(context: click.Context, kind: str, rubric: str, as_json: bool) -> None:
    """How an outcome differs where each standard was met and missed: numbers and intervals, no causes."""
    from rich.table import Table

    from audit.aftermath import LEAST, by_standard

    with progress_bar("comparing", quiet=as_json):
        found = by_standard(store_of(context), kind, rubric)
    if as_json:
        print_json({"kind": kind, "differences": found})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("rubric", "standard", "met", f"{kind} met", "missed", f"{kind} missed", "difference"):
        table.add_column(heading, justify="left" if heading in ("rubric", "standard") else "right")
    table.add_column("95 % interval", justify="right")

    def shown(value: float | None, sign: str = "") -> str:
        return "–" if value is None else f"{value:{sign}.2f}"

    for one in found:
        interval = (
            f"{one.low:+.2f} to {one.high:+.2f}"
            if one.low is not None and one.high is not None
            else f"under {LEAST}"
            if min(one.met, one.missed) < LEAST
            else "all alike"
        )
        numbers = (str(one.met), shown(one.mean_met), str(one.missed), shown(one.mean_missed))
        table.add_row(one.rubric, one.standard, *numbers, shown(one.difference, "+"), interval)
    print_table(table)
    intervals = sum(one.low is not None for one in found)
    told = "A difference is no cause: hard cases are rated low and miss more standards."
    if intervals:
        told += f" Of {intervals} intervals about {intervals / 20:.1f} leave out 0 by chance alone."
    out.print(told, style="dim", highlight=False)
