"""`comport mail`: who is told by e-mail what happened."""

from pathlib import Path

import click

from audit.console import json_option, store_of, tell_delivered

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

    tell_delivered(context, deliver_mails(store_of(context), load_mail_server(path)), as_json)
