"""`comport mail`: who is told by e-mail what happened."""

from pathlib import Path

import click

from audit.console import FAILED, json_option, out, print_json, store_of

_settings = click.option(
    "--settings",
    "path",
    required=True,
    envvar="COMPORT_MAIL",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A YAML file about the mail server (docs/export.md); or COMPORT_MAIL.",
)


@click.group()
def mail() -> None:
    """Tell people by e-mail of critical misses and of what is theirs to look at."""


@mail.command("deliver")
@_settings
@json_option
@click.pass_context
def deliver(context: click.Context, path: Path, as_json: bool) -> None:
    """Send what is due; let cron run it every minute."""
    from audit.mailing import deliver_mails, load_mail_server

    done = deliver_mails(store_of(context), load_mail_server(path))
    if as_json:
        print_json(done)
    else:
        told = f"{done.delivered} delivered, {done.failed} to be tried again, {done.dead} dead"
        out.print(told, highlight=False)
    context.exit(FAILED if done.failed or done.dead else 0)
