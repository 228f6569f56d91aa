"""Tokens: shown once, kept as a digest, worth nothing once they are over, revoked, or their account is gone."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from audit import tables as t
from audit.cli import cli
from audit.scope import UserRole
from audit.store import NotStored, open_store
from audit.tokens import BadToken, TokenScope, add_token, bearer, revoke_token, tokens
from audit.users import add_user, remove_user, set_locked, set_role

PASSWORD = "correct horse battery"


def fill(folder, database=None):
    found = open_store(folder / "home", database)
    add_user(found, "ana", PASSWORD)
    add_user(found, "leo", PASSWORD, UserRole.LEAD, team="Milan desk")
    return found


@pytest.fixture
def store(tmp_path):
    return fill(tmp_path)


def test_a_token_speaks_for_its_account_with_its_scopes(tmp_path, database):
    store = fill(tmp_path, database)
    secret, made = add_token(store, "leo", [TokenScope.UPLOAD, TokenScope.READ], " BI\nexport ", days=7)
    assert re.fullmatch(r"comport_[\w-]{43}", secret)
    found = bearer(store, secret)
    assert (found.token.user, found.role, found.team) == ("leo", UserRole.LEAD, "Milan desk")
    assert (found.token.scopes, found.token.purpose) == (("read", "upload"), "BI export")
    assert found.token.expires_at - found.token.added_at == timedelta(days=7)
    assert tokens(store)[0].last_used_at > made.added_at


def test_two_tokens_are_never_alike_and_none_is_stored(store):
    secrets = {add_token(store, "ana", [TokenScope.READ])[0] for _ in range(4)}
    assert len(secrets) == 4
    with store.reading() as connection:
        stored = str(connection.execute(select(t.token)).all())
    assert not any(secret in stored or secret.removeprefix("comport_") in stored for secret in secrets)


def days_ago(store, number, column, days):
    with store.writing() as connection:
        when = {column: datetime.now(UTC) - timedelta(days=days)}
        connection.execute(update(t.token).where(t.token.c.id == number).values(**when))


def removed_and_added_again(store, made):
    remove_user(store, "leo")
    add_user(store, "leo", PASSWORD, UserRole.ADMIN)


@pytest.mark.parametrize(
    "end",
    [
        lambda store, made: revoke_token(store, made.number),
        lambda store, made: set_locked(store, "leo", True),
        lambda store, made: remove_user(store, "leo"),
        removed_and_added_again,
        lambda store, made: days_ago(store, made.number, "expires_at", 0),
    ],
    ids=["revoked", "locked", "removed", "account of the same name", "over"],
)
def test_a_token_ends(store, end):
    secret, made = add_token(store, "leo", [TokenScope.READ])
    assert bearer(store, secret) is not None
    end(store, made)
    assert bearer(store, secret) is None


def test_the_rights_are_those_of_today(store):
    secret, _ = add_token(store, "leo", [TokenScope.ADMIN])
    set_role(store, "leo", UserRole.AUDITOR)
    assert bearer(store, secret).role == UserRole.AUDITOR


@pytest.mark.parametrize("sent", ["", "comport_", "comport_\ud800", "comport_" + 43 * "A", "token"])
def test_what_is_no_token_is_nobody(store, sent):
    add_token(store, "ana", [TokenScope.READ])
    assert bearer(store, sent) is None


def test_the_digest_of_a_token_is_no_token(store):
    add_token(store, "ana", [TokenScope.READ])
    with store.reading() as connection:
        digest = connection.execute(select(t.token.c.digest)).scalar_one()
    assert bearer(store, digest) is bearer(store, f"comport_{digest}") is None


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"user": "eve"}, NotStored, "no user 'eve' is stored"),
        ({"scopes": []}, BadToken, "needs a scope, one or more of read, review, upload, admin"),
        ({"days": 0}, BadToken, "holds for 1 to 366 days, not 0"),
        ({"days": 400}, BadToken, "holds for 1 to 366 days, not 400"),
        ({"purpose": "x" * 81}, BadToken, "at most 80 letters, not 81"),
    ],
)
def test_a_token_that_cannot_be_made(store, change, error, says):
    with pytest.raises(error, match=says):
        add_token(store, **({"user": "ana", "scopes": [TokenScope.READ]} | change))
    assert tokens(store) == ()


def test_the_last_use_is_not_written_each_time(store):
    secret, made = add_token(store, "ana", [TokenScope.READ])
    bearer(store, secret)
    first = tokens(store)[0].last_used_at
    bearer(store, secret)
    assert tokens(store)[0].last_used_at == first
    days_ago(store, made.number, "last_used_at", 1)
    bearer(store, secret)
    assert tokens(store)[0].last_used_at > first


# The command


def run(home, *arguments):
    done = CliRunner().invoke(cli, ["--home", str(home), "token", *map(str, arguments)])
    return done.exit_code, done.output, done.exception


def test_a_token_from_the_command_line(tmp_path):
    store = open_store(tmp_path)
    add_user(store, "ana", PASSWORD)
    code, said, _ = run(tmp_path, "add", "ana", "--scopes", "read, review", "--days", 5, "--purpose", "BI")
    secret = said.splitlines()[-1]
    assert (code, bearer(store, secret).token.scopes) == (0, ("read", "review"))
    code, said, _ = run(tmp_path, "list")
    assert re.fullmatch(r"1\tana\tread,review\tuntil [\d-]{10}\tused [\d-]{10}\tBI\n", said)
    assert run(tmp_path, "revoke", 1)[0] == 0
    assert bearer(store, secret) is None
    assert "\trevoked\t" in run(tmp_path, "list")[1]
    (one,) = json.loads(run(tmp_path, "list", "--json")[1])["tokens"]
    assert {"digest", "secret"} & one.keys() == set() and one["revoked_at"]
    made = json.loads(run(tmp_path, "add", "ana", "--scopes", "admin", "--json")[1])
    assert bearer(store, made["secret"]).token.number == made["token"]["number"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "ana", "--scopes", "read,write"), "'write' is no scope; expected some of read, review"),
        (("add", "ana", "--scopes", "read", "--days", "999"), "999 is not in the range 1<=x<=366"),
        (("add", "eve", "--scopes", "read"), "no user 'eve' is stored"),
        (("revoke", "7"), "no token '7' is stored"),
        (("revoke", "comport_secret"), "named by its number, never by itself"),
    ],
)
def test_what_the_command_refuses(tmp_path, arguments, says):
    add_user(open_store(tmp_path), "ana", PASSWORD)
    code, said, problem = run(tmp_path, *arguments)
    assert code != 0
    assert says in f"{said}{problem}"
    assert "comport_secret" not in f"{said}{problem}"
