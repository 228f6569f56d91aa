"""`comport token`: what programs send to use the interface."""

import click

from audit.console import json_option, out, print_json, store_of
from models.errors import ComportError

SCOPES = ("read", "review", "upload", "admin")
"""As `audit.tokens.TokenScope` has them: named here so that help needs no database."""


@click.group()
def token() -> None:
    """Give programs access to the interface, and take it away."""


def _scopes(context: click.Context, option: click.Parameter, text: str) -> tuple[str, ...]:
    given = tuple(part.strip() for part in text.split(",") if part.strip())
    for one in given:
        if one not in SCOPES:
            raise click.BadParameter(f"'{one}' is no scope; expected some of {', '.join(SCOPES)}")
    return given


@token.command("add")
@click.argument("name")
@click.option("--scopes", required=True, callback=_scopes, metavar="A,B", help=f"Some of {','.join(SCOPES)}.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 366), help="How long it holds.")
@click.option("--purpose", default="", help="What it is for, to know it again in the list.")
@json_option
@click.pass_context
def token_add(
    context: click.Context, name: str, scopes: tuple[str, ...], days: int, purpose: str, as_json: bool
) -> None:
    """Make a token of the account NAME; it is shown once, and can do no more than the account."""
    from audit.tokens import TokenScope, add_token

    wanted = [TokenScope(one) for one in scopes]
    secret, made = add_token(store_of(context), name, wanted, purpose, days)
    if as_json:
        print_json({"secret": secret, "token": made})
        return
    out.print(f"token {made.number} of {name}, until {made.expires_at:%Y-%m-%d}; it is not shown again:")
    click.echo(secret)


@token.command("list")
@json_option
@click.pass_context
def token_list(context: click.Context, as_json: bool) -> None:
    """Which tokens there are, and when each was used last."""
    from audit.tokens import tokens

    found = tokens(store_of(context))
    if as_json:
        print_json({"tokens": found})
        return
    for one in found:
        used = f"used {one.last_used_at:%Y-%m-%d}" if one.last_used_at else "never used"
        over = "revoked" if one.revoked_at else f"until {one.expires_at:%Y-%m-%d}"
        facts = (str(one.number), one.user, ",".join(one.scopes), over, used, one.purpose)
        click.echo("\t".join(fact for fact in facts if fact))


class NotANumber(ComportError):
    """A token named by something else than its number."""

    def __init__(self, given: str) -> None:
        super().__init__(given)
        self.given = given

    def __str__(self) -> str:
        return "a token is named by its number, never by itself; `comport token list` shows the numbers"


@token.command("revoke")
@click.argument("number")
@click.pass_context
def token_revoke(context: click.Context, number: str) -> None:
    """Make the token of this NUMBER worthless."""
    from audit.tokens import revoke_token

    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise NotANumber(number)
    revoke_token(store_of(context), int(number))
