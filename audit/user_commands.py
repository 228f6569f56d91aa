"""`comport user`: who may log in, and as what."""

import sys
from collections.abc import Callable
from typing import Any

import click

from audit.console import json_option, out, print_json, store_of

ROLES = ("admin", "reviewer", "trainer", "lead", "agent", "auditor")
"""The roles, as `audit.scope.UserRole` has them: named here so that help needs no database."""


@click.group()
def user() -> None:
    """Say who may log in, and as what."""


def _of_whom(command: Callable[..., Any]) -> Callable[..., Any]:
    team = click.option("--team", default="", help="Of a lead: the team, as the interactions name it.")
    employee = click.option("--employee", default="", help="Of an agent: their name in the interactions.")
    return team(employee(command))


@user.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), help="The first is an admin, others are reviewers.")
@_of_whom
@click.option("--email", help="By which an identity provider may know them.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--no-password", is_flag=True, help="Only an identity provider lets them in.")
@click.pass_context
def user_add(
    context: click.Context,
    name: str,
    role: str | None,
    team: str,
    employee: str,
    email: str | None,
    password_stdin: bool,
    no_password: bool,
) -> None:
    """Add a person; the password is asked for twice."""
    from audit.scope import UserRole
    from audit.users import add_user

    password = None if no_password else _password(password_stdin)
    wanted = UserRole(role) if role else None
    given = add_user(store_of(context), name, password, wanted, team, employee, email)
    out.print(f"{name} can log in ({given})", highlight=False, markup=False)


@user.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@_of_whom
@click.pass_context
def user_role(context: click.Context, name: str, role: str, team: str, employee: str) -> None:
    """Give a person another role."""
    from audit.scope import UserRole
    from audit.users import set_role

    set_role(store_of(context), name, UserRole(role), team, employee)
    out.print(f"{name} is {role} now; open sessions are over", highlight=False, markup=False)


@user.command("password")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--keep-tokens", is_flag=True, help="Their tokens go on; otherwise they are revoked.")
@click.pass_context
def user_password(context: click.Context, name: str, password_stdin: bool, keep_tokens: bool) -> None:
    """Give a person another password; it is asked for twice. Their tokens are revoked, too."""
    from audit.users import set_password

    revoked = set_password(store_of(context), name, _password(password_stdin), keep_tokens)
    tokens = f", {revoked} tokens revoked" if revoked else ""
    told = f"{name} has another password; open sessions are over{tokens}"
    out.print(told, highlight=False, markup=False)


@user.command("email")
@click.argument("name")
@click.argument("address")
@click.pass_context
def user_email(context: click.Context, name: str, address: str) -> None:
    """Give a person an e-mail address; an empty one takes it away."""
    from audit.users import set_email

    set_email(store_of(context), name, address)


@user.command("lock")
@click.argument("name")
@click.pass_context
def user_lock(context: click.Context, name: str) -> None:
    """Let a person log in no more, without removing the account."""
    from audit.users import set_locked

    set_locked(store_of(context), name, True)


@user.command("unlock")
@click.argument("name")
@click.pass_context
def user_unlock(context: click.Context, name: str) -> None:
    """Open a locked account again."""
    from audit.users import set_locked

    set_locked(store_of(context), name, False)


@user.command("second-factor-off")
@click.argument("name")
@click.pass_context
def user_second_factor_off(context: click.Context, name: str) -> None:
    """Ask a person for no codes any more, who lost the app and the recovery codes."""
    from audit.second_factor import turn_off

    turn_off(store_of(context), name)


@user.command("list")
@json_option
@click.pass_context
def user_list(context: click.Context, as_json: bool) -> None:
    """Who may log in, and as what."""
    from audit.users import accounts

    found = accounts(store_of(context))
    if as_json:
        print_json({"users": found})
        return
    for one in found:
        of = " ".join(part for part in (one.team, one.employee) if part)
        facts = (one.role.value, of, "locked" if one.locked else "")
        click.echo("\t".join((one.name, *(fact for fact in facts if fact))))


@user.command("remove")
@click.argument("name")
@click.pass_context
def user_remove(context: click.Context, name: str) -> None:
    """Remove a person's account."""
    from audit.users import remove_user

    remove_user(store_of(context), name)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise click.UsageError("a password is typed at a terminal, or comes with --password-stdin")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
