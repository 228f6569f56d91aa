"""The administration: accounts and the log, on pages that work without scripts."""

import re

import pytest

from audit.auditlog import Action, Actor, acting, entries, record
from audit.scope import UserRole
from audit.second_factor import has_second_factor, new_secret, turn_on
from audit.users import accounts, add_user
from tests.test_web import PASSWORD, app, call, client, log_in, send, store, visitor  # noqa: F401
from web.wording import ACTIONS


def account(store, name):  # noqa: F811
    return next(one for one in accounts(store) if one.name == name)


def test_an_account_is_added_with_a_password_that_is_shown_once(app, client, store):  # noqa: F811
    answer = send(client, "/admin/users", name="Luca ", role="lead", team="Milan desk", password="1")
    password = re.search(r'<code class="secret" dir="ltr">([\w-]{20})</code>', answer.text)[1]
    assert answer.headers["Cache-Control"] == "no-store"
    assert (account(store, "luca").role, account(store, "luca").team) == ("lead", "Milan desk")
    assert log_in(app.test_client(), "luca", password).status_code == 302
    assert password not in client.get("/admin/users").text
    assert password not in str(entries(store))
    added = entries(store, action="user added", subject="luca")[0]
    assert (added.who, added.detail) == ("ana", {"role": "lead", "team": "Milan desk"})


def test_an_account_without_a_password_has_an_address(client, store):  # noqa: F811
    answer = send(client, "/admin/users", name="eve", role="auditor", email="Eve@Example.org")
    assert answer.status_code == 200 and 'class="secret"' not in answer.text
    assert (account(store, "eve").email, account(store, "eve").has_password) == ("eve@example.org", False)


@pytest.mark.parametrize(
    ("form", "code", "says"),
    [
        ({"name": "Ana", "role": "admin"}, 422, "exists already"),
        ({"name": "a b", "role": "admin"}, 422, "names are small letters"),
        ({"name": "ben", "role": "lead"}, 422, "a lead sees one team"),
        ({"name": "ben", "role": "boss"}, 400, ""),
        ({"name": "ben", "role": "admin", "email": "no address"}, 422, "is no e-mail address"),
    ],
)
def test_what_is_no_account_is_told(client, store, form, code, says):  # noqa: F811
    answer = send(client, "/admin/users", **form)
    assert (answer.status_code, says in answer.text) == (code, True)
    assert [one.name for one in accounts(store)] == ["ana"]


@pytest.mark.parametrize(
    ("form", "holds"),
    [
        ({"do": "role", "role": "agent", "employee": "Sarah Lind"}, lambda one: one.employee == "Sarah Lind"),
        ({"do": "lock"}, lambda one: one.locked),
        ({"do": "second-factor-off"}, lambda one: not one.second_factor),
    ],
)
def test_an_account_is_changed_and_its_sessions_are_over(app, client, store, form, holds):  # noqa: F811
    add_user(store, "ben", PASSWORD, UserRole.REVIEWER)
    browser = app.test_client()
    log_in(browser, "ben")
    assert send(client, "/admin/users/ben", **form).location == "/admin/users?done=ben"
    assert holds(account(store, "ben"))
    assert browser.get("/").location == "/login"
    assert entries(store)[0].who == "ana" and entries(store)[0].subject == "ben"


@pytest.mark.parametrize(
    ("email", "code", "kept"),
    [
        ("Ben@Northwind.example ", 303, "ben@northwind.example"),
        ("", 303, None),
        ("ben", 422, "old@northwind.example"),
        ("ada@northwind.example", 422, "old@northwind.example"),
    ],
)
def test_an_address_is_given_changed_and_taken_away(client, store, email, code, kept):  # noqa: F811
    add_user(store, "ben", PASSWORD, UserRole.REVIEWER, email="old@northwind.example")
    add_user(store, "ada", PASSWORD, UserRole.REVIEWER, email="ada@northwind.example")
    assert 'value="old@northwind.example"' in client.get("/admin/users").text
    assert send(client, "/admin/users/ben", do="email", email=email).status_code == code
    assert account(store, "ben").email == kept
    logged = entries(store, 1, action="e-mail address", subject="ben")
    assert [row.who for row in logged] == (["ana"] if code == 303 else [])


def test_a_password_is_reset_and_a_lock_is_opened(app, client, store):  # noqa: F811
    add_user(store, "ben", PASSWORD, UserRole.REVIEWER)
    send(client, "/admin/users/ben", do="lock")
    assert log_in(app.test_client(), "ben").status_code == 401
    answer = send(client, "/admin/users/ben", do="password")
    password = re.search(r'<code class="secret" dir="ltr">([\w-]{20})</code>', answer.text)[1]
    send(client, "/admin/users/ben", do="unlock")
    assert log_in(app.test_client(), "ben").status_code == 401
    assert log_in(app.test_client(), "ben", password).status_code == 302


def test_a_lost_second_factor_is_turned_off(client, store):  # noqa: F811
    import pyotp

    add_user(store, "ben", PASSWORD, UserRole.REVIEWER)
    secret = new_secret()
    turn_on(store, "ben", secret, pyotp.TOTP(secret).now())
    assert "Turn the second factor off" in client.get("/admin/users").text
    send(client, "/admin/users/ben", do="second-factor-off")
    assert not has_second_factor(store, "ben")


@pytest.mark.parametrize(
    ("name", "form", "code"),
    [
        ("ana", {"do": "lock"}, 422),
        ("ana", {"do": "role", "role": "auditor"}, 422),
        ("nobody", {"do": "lock"}, 404),
        ("ana", {"do": "remove"}, 400),
        ("ana", {}, 400),
    ],
)
def test_what_cannot_be_changed_is_told(client, store, name, form, code):  # noqa: F811
    assert send(client, f"/admin/users/{name}", **form).status_code == code
    assert (account(store, "ana").role, account(store, "ana").locked) == ("admin", False)


def test_names_are_shown_as_they_are_and_never_run(client, store):  # noqa: F811
    add_user(store, "ben", PASSWORD, UserRole.LEAD, team="<script>alert(1)</script>")
    with acting(Actor("<img src=x>", "a test")):
        record(store, Action.CHANGE, "<b>x</b>", note='"><script>alert(2)</script>')
    for address in ("/admin/users", "/admin/log"):
        text = client.get(address).text
        assert "<script>" not in text and "<img" not in text and "<b>x" not in text


# The log


def test_the_log_is_narrowed_and_goes_on_on_the_next_page(client, store):  # noqa: F811
    with acting(Actor("batch", "a test")):
        for n in range(150):
            record(store, Action.VIEW, f"call {n}")
    first = client.get("/admin/log?who=batch")
    assert "call 149" in first.text and "call 49<" not in first.text
    older = re.search(r'rel="next" href="([^"]+)"', first.text)[1].replace("&amp;", "&")
    second = client.get(older).text
    assert "call 49<" in second and "call 50<" not in second and 'rel="next"' not in second
    assert "call 7<" in client.get("/admin/log?subject=call+7").text
    assert "Nothing fits" in client.get("/admin/log?who=batch&action=play").text
    assert "Nothing fits" in client.get("/admin/log?until=2020-01-01").text
    assert client.get("/admin/log?since=yesterday").status_code == 400
    for before in (2**70, -(2**70)):
        assert client.get(f"/admin/log?before={before}").status_code == 200


def test_the_log_is_verified_on_its_page(client, store):  # noqa: F811
    answer = send(client, "/admin/log/verify")
    assert "and nothing was changed" in answer.text and entries(store)[0].action == "log verified"
    with store.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_log_no_update")
        connection.exec_driver_sql("UPDATE audit_log SET who = 'eve' WHERE id = 1")
    assert "row 1 was changed" in send(client, "/admin/log/verify").text


def test_every_action_has_a_name():
    assert set(ACTIONS) == set(Action)


def test_an_auditor_reads_the_log_and_changes_nobody(app, store):  # noqa: F811
    add_user(store, "eve", PASSWORD, UserRole.AUDITOR)
    browser = app.test_client()
    log_in(browser, "eve")
    home = browser.get("/").text
    assert 'href="/admin/log"' in home and 'href="/admin/users"' not in home
    assert browser.get("/admin/log").status_code == 200
    assert browser.get("/admin/users").status_code == 403
