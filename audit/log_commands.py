"""`comport log`: who did and saw what."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from audit.console import FAILED, Day, json_option, out, print_json, print_table, store_of

if TYPE_CHECKING:
    from audit.auditlog import Seal

_DAY = Day()


@click.group("log")
def log_command() -> None:
    """Who did and saw what: a log that is only added to."""


@log_command.command("show")
@click.option("--who", default="", help="Only of this account, or os:NAME of a user of the machine.")
@click.option("--action", default="", help="Only this, as `view` or `role`.")
@click.option("--subject", default="", help="Only what happened to this: an interaction's id, an account.")
@click.option("--since", type=_DAY, help="From this day (UTC).")
@click.option("--until", type=_DAY, help="To this day, included.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), help="At most so many.")
@json_option
@click.pass_context
def show(
    context: click.Context,
    who: str,
    action: str,
    subject: str,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    as_json: bool,
) -> None:
    """What happened, newest first."""
    from rich.table import Table
    from rich.text import Text

    from audit.auditlog import entries

    first = since.replace(tzinfo=UTC) if since else None
    last = until.replace(tzinfo=UTC) + timedelta(days=1) if until else None
    found = entries(store_of(context), limit, None, who, action, subject, first, last)
    if as_json:
        print_json({"entries": found})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("row", "when (UTC)", "who", "from", "did", "to", "detail"):
        table.add_column(name)
    for one in found:
        detail = " ".join(f"{name}={value}" for name, value in one.detail.items())
        cells = (str(one.id), f"{one.at:%Y-%m-%d %H:%M:%S}", one.who, one.origin, one.action)
        table.add_row(*(Text(cell) for cell in (*cells, one.subject, detail)))
    print_table(table)


class _SealType(click.ParamType):  # type: ignore[type-arg]
    name = "ROW:DIGEST"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> "Seal":
        from audit.auditlog import Seal

        found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", str(value))
        if not found:
            self.fail(f"'{value}' is no seal; give one that `comport log verify` has printed", param, context)
        return Seal(int(found[1]), found[2])


@log_command.command("verify")
@click.option("--seal", type=_SealType(), help="A seal that was printed before: it must still hold.")
@json_option
@click.pass_context
def verify(context: click.Context, seal: "Seal | None", as_json: bool) -> None:
    """Whether a row was changed, removed or moved; prints the newest row's seal, to be kept elsewhere."""
    from audit.auditlog import verify as look_through

    found = look_through(store_of(context), seal)
    if as_json:
        told = {"rows": found.rows, "seal": str(found.seal), "problems": found.problems}
        print_json(told | {"ok": not found.problems})
    else:
        for problem in found.problems:
            out.print(problem, style="red", highlight=False)
        state = "nothing was changed" if not found.problems else f"{len(found.problems)} problems"
        out.print(f"{found.rows} rows, {state}; seal {found.seal}", highlight=False, soft_wrap=True)
    context.exit(FAILED if found.problems else 0)
