"""`comport webhook`: where other systems are told what happened."""

import click

from audit.console import json_option, out, print_json, store_of, tell_delivered
from audit.webhooks import EVENTS


@click.group()
def webhook() -> None:
    """Tell other systems what happened, signed."""


@webhook.command("add")
@click.argument("url")
@click.option(
    "--on", "events", multiple=True, required=True, type=click.Choice(EVENTS), help="May be repeated."
)
@click.option("--allow-private", is_flag=True, help="The address may lie inside of the house.")
@json_option
@click.pass_context
def add(
    context: click.Context, url: str, events: tuple[str, ...], allow_private: bool, as_json: bool
) -> None:
    """Send what happens to URL from now on; prints the secret that signatures are checked with, once."""
    from audit.webhooks import add_webhook

    number, secret = add_webhook(store_of(context), url, events, allow_private)
    if as_json:
        print_json({"webhook": number, "secret": secret})
        return
    out.print(f"webhook {number}; its secret, shown only now:", highlight=False)
    out.print(secret, highlight=False, markup=False, soft_wrap=True)


@webhook.command("list")
@json_option
@click.pass_context
def list_(context: click.Context, as_json: bool) -> None:
    """All webhooks, with what waits and what could not be delivered."""
    from audit.webhooks import webhooks

    found = webhooks(store_of(context))
    if as_json:
        print_json({"webhooks": found})
        return
    for one in found:
        told = f"{one.number}  {one.url}  {', '.join(one.events)}  {one.waiting} wait, {one.dead} dead"
        why = f"  ({one.reason})" if one.reason else ""
        out.print(told + why, highlight=False, markup=False, soft_wrap=True)
    if not found:
        out.print("there is none; add one: comport webhook add URL --on scorecard", highlight=False)


@webhook.command("deliver")
@json_option
@click.pass_context
def deliver(context: click.Context, as_json: bool) -> None:
    """Send what is due; let cron run it every minute."""
    from audit.webhooks import deliver as send

    tell_delivered(context, send(store_of(context)), as_json)


@webhook.command("remove")
@click.argument("number", type=int)
@click.pass_context
def remove(context: click.Context, number: int) -> None:
    """Tell URL nothing any more."""
    from audit.webhooks import remove_webhook

    remove_webhook(store_of(context), number)
    out.print(f"webhook {number} is removed", highlight=False)
