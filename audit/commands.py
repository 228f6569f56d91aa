"""Commands around the main job: weights, the state of the machine, upgrades."""

import click
from rich.markup import escape

from audit.console import (
    DATABASE,
    FAILED,
    complain,
    json_option,
    out,
    print_json,
    print_table,
    progress_bar,
    store_of,
)


@click.group()
def weights() -> None:
    """List and fetch model weights."""


@weights.command("list")
@json_option
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
    print_table(table)
    out.print(f"[dim]cache {w.cache_folder()}, mirror {w.mirror_folder() or 'none'}[/]", highlight=False)


@weights.command("fetch")
@click.argument("names", nargs=-1, required=True)
@click.option("--if-reachable", is_flag=True, help="Say in one line what could not be had, and succeed.")
def weights_fetch(names: tuple[str, ...], if_reachable: bool) -> None:
    """Fetch weights by name (see `comport weights list`), resumable and checked by their hash."""
    from models import weights as w

    for name in names:
        try:
            with progress_bar(f"fetching {name}", unit="bytes") as report:
                path = w.fetch(name, report)
        except w.WeightsUnreachable as error:
            if not if_reachable:
                raise
            out.print(
                f"not fetched: {error.line}", style="yellow", markup=False, highlight=False, soft_wrap=True
            )
        else:
            out.print(f"{name}: ready at {path}", highlight=False, soft_wrap=True)


@click.command()
@json_option
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """What works on this machine, what is missing and how to get it."""
    from audit.doctor import examine

    rows = examine(context.obj, context.meta[DATABASE])
    if as_json:
        print_json({"checks": rows})
    else:
        for row in rows:
            mark, style = ("✓", "green") if row.works else ("✗", "red" if row.needed else "yellow")
            out.print(
                f"[{style}]{mark}[/] {escape(f'{row.name}: {row.found}')}", highlight=False, soft_wrap=True
            )
            if row.remedy:
                out.print(f"    {escape(row.remedy)}", highlight=False, soft_wrap=True)
    context.exit(FAILED if any(row.needed and not row.works for row in rows) else 0)


@click.command()
@click.pass_context
def upgrade(context: click.Context) -> None:
    """Bring the database of an older version up to date, and cut card data out of what it stored."""
    from audit.database import upgrade_store
    from audit.recutting import recut
    from audit.sealed import seal_secrets
    from audit.tallies import settle
    from audit.upgrading import index_missing, stand_again

    found = upgrade_store(context.obj, context.meta[DATABASE])
    store = store_of(context)
    out.print(f"the database is at schema {found}", highlight=False)
    seal_secrets(store)
    stand_again(store)
    done = recut(store)
    with progress_bar("indexing what is stored", unit="interactions") as report:
        index_missing(store, report)
    settle(store)
    if done.looked_at:
        told = (
            f"{done.looked_at} stored transcripts were looked through, {done.with_card_data} held card data"
        )
        out.print(
            f"{told} or secrets, now cut out; {done.scorecards} scorecards quoted them", highlight=False
        )
    if done.documents:
        out.print(f"card data was cut out of {done.documents} documents kept whole", highlight=False)
    for error in done.unreadable:
        complain(error)
