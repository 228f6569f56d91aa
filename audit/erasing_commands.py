"""`comport erase`, `hold` and `retention`: what has to go, what has to stay, and what goes by itself."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from audit.console import FAILED, complain, counted, json_option, out, print_json, print_table, store_of

if TYPE_CHECKING:
    from audit.erasing import Erased


@click.command()
@click.option("--customer", default="", help="All of a customer: an address, a number, a name.")
@click.option("--interaction", "interactions", multiple=True, help="One interaction; may be repeated.")
@click.option("--resume", is_flag=True, help="Only finish what was interrupted.")
@click.option("--keep-sums", is_flag=True, help="Let the scores go on counting in sums, without anybody.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def erase(
    context: click.Context,
    customer: str,
    interactions: tuple[str, ...],
    resume: bool,
    keep_sums: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase a customer or interactions everywhere that Comport wrote them, and search for what is left.

    Recordings that lie outside of the home folder are listed and left to you. Status 1: not all is gone.
    """
    from audit.erasing import erase as erase_all
    from audit.erasing import finish_all, of_customer, of_interactions

    if bool(customer) + bool(interactions) + resume != 1:
        raise click.UsageError("give --customer, --interaction or --resume")
    store = store_of(context)
    done = list(finish_all(store))
    if not resume:
        asked = (
            of_customer(store, customer)
            if customer
            else of_interactions(store, [store.interaction(one).id for one in interactions])
        )
        asked = msgspec.structs.replace(asked, keep_sums=keep_sums)
        if customer and not asked.interactions and not as_json:
            complain(
                f"nobody is stored as '{customer}': erased already, or typed otherwise than it is known; "
                f"`comport customer list` shows who there is"
            )
            if not yes:
                context.exit(FAILED)
        if not yes:
            told = f"Erase {counted(len(asked.interactions))} for ever?"
            click.confirm(told, abort=True)
        done.append(erase_all(store, asked))
    if as_json:
        print_json({"erased": done, "complete": all(one.complete for one in done)})
    else:
        for one in done:
            _tell(one)
        if not done:
            out.print("nothing was interrupted", highlight=False)
    context.exit(0 if all(one.complete for one in done) else FAILED)


def _tell(one: "Erased") -> None:
    def line(told: str, style: str = "") -> None:
        out.print(told, style=style, highlight=False, markup=False, soft_wrap=True)

    line(f"{counted(one.interactions)} erased")
    for what, count in sorted({**one.rows, **one.files}.items()):
        line(f"  {what}: {count}")
    for file in one.exports:
        line(f"  taken out of {file}")
    proof = one.proof
    line(f"searched: {', '.join(f'{count} {what}' for what, count in proof.looked.items())}")
    for trace in proof.left:
        complain(f"still in {trace.where}: {trace.count}")
    if not proof.left:
        line("nothing of it is left")
    for trace in proof.names:
        line(
            f"the name stands in {trace.where} ({trace.count}): look whether it is the same person", "yellow"
        )
    if proof.log:
        line(f"the audit log, which cannot be changed, has {', '.join(proof.log)}", "yellow")
    for file in one.outside:
        line(f"lies outside of Comport, delete it yourself: {file}", "yellow")
    for told in one.downloads:
        line(f"an export with it was {told}: see that it is deleted", "yellow")
    for note in one.notes:
        line(note, "dim")


@click.group()
def hold() -> None:
    """What must not be erased, by hand or by keep times."""


@hold.command("add")
@click.option("--customer", default="", help="All that there is and will be of a customer.")
@click.option("--interaction", default="", help="One interaction.")
@click.option("--reason", required=True, help="Why: a case, a request of an authority.")
@click.option("--by", "held_by", default=getpass.getuser, show_default="your account")
@click.pass_context
def hold_add(context: click.Context, customer: str, interaction: str, reason: str, held_by: str) -> None:
    """Hold a customer or an interaction."""
    from audit.holds import add_hold

    if bool(customer) == bool(interaction):
        raise click.UsageError("give --customer or --interaction")
    kind = "customer" if customer else "interaction"
    made = add_hold(store_of(context), kind, customer or interaction, reason, held_by)
    out.print(f"hold {made.number}: nothing of it is erased until it is removed", highlight=False)


@hold.command("list")
@json_option
@click.pass_context
def hold_list(context: click.Context, as_json: bool) -> None:
    """All holds."""
    from audit.holds import holds

    found = holds(store_of(context))
    if as_json:
        print_json({"holds": found})
        return
    for one in found:
        told = f"{one.number}  {one.kind} {one.value}: {one.reason} ({one.held_by}, {one.at:%Y-%m-%d})"
        out.print(told, highlight=False, markup=False, soft_wrap=True)
    if not found:
        out.print("nothing is held", highlight=False)


@hold.command("remove")
@click.argument("number", type=int)
@click.pass_context
def hold_remove(context: click.Context, number: int) -> None:
    """Lift a hold."""
    from audit.holds import remove_hold

    remove_hold(store_of(context), number)
    out.print(f"hold {number} is lifted", highlight=False)


@click.group()
def retention() -> None:
    """How long what is kept; it stands in retention.yaml of the home folder."""


_file_option = click.option(
    "--file", "path", type=click.Path(path_type=Path), help="Another file than retention.yaml at home."
)


@retention.command("show")
@_file_option
@json_option
@click.pass_context
def retention_show(context: click.Context, path: Path | None, as_json: bool) -> None:
    """How many days each kind is kept on each channel."""
    from rich.table import Table

    from audit.interactions import Channel
    from audit.retention import KINDS, NAME, read_retention

    times = read_retention(path or context.obj / NAME)
    rows: dict[str, dict[str, Any]] = {c.value: times.of(c).model_dump() for c in Channel}
    if as_json:
        print_json({"keep_days": rows, "keep_sums": times.keep_sums})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("days", *KINDS):
        table.add_column(name, justify="left" if name == "days" else "right")
    for channel, kept in rows.items():
        table.add_row(channel, *("forever" if kept[k] is None else str(kept[k]) for k in KINDS))
    print_table(table)
    if times.keep_sums:
        out.print("scores of what is erased go on counting in sums, without anybody", highlight=False)


@retention.command("apply")
@_file_option
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@json_option
@click.pass_context
def retention_apply(context: click.Context, path: Path | None, dry_run: bool, as_json: bool) -> None:
    """Remove what is over its time and not held; for cron, every night."""
    from audit.holds import held
    from audit.retention import NAME, apply_retention, due, read_retention

    times = read_retention(path or context.obj / NAME)
    store = store_of(context)
    if dry_run:
        over = list(due(store, times))
        kept = held(store, {one.interaction.id for one in over})
        rows: list[dict[str, Any]] = [
            {
                "interaction": d.interaction.id,
                "kind": d.kind,
                "age_days": d.age_days,
                "held": d.interaction.id in kept,
            }
            for d in over
        ]
        if as_json:
            print_json({"due": rows})
            return
        for row in rows:
            told = "held" if row["held"] else f"{row['kind']} would go"
            out.print(f"{row['interaction'][:12]}  {row['age_days']} days  {told}", highlight=False)
        out.print(f"{len(rows)} are over their time", highlight=False)
        return
    done = apply_retention(store, times)
    left = done.erased is not None and not done.erased.complete
    if as_json:
        print_json({"removed": done.removed, "held": done.held, "erased": done.erased})
    else:
        for kind, count in sorted(done.removed.items()):
            out.print(f"{kind} of {counted(count)} removed", highlight=False)
        out.print(f"{done.held} are over their time and held", highlight=False)
        if done.erased:
            _tell(done.erased)
    context.exit(FAILED if left else 0)
