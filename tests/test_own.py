"""One's own account, on its page and for programs: changed by whoever knows its password."""

import pyotp
import pytest
from sqlalchemy import update

from audit import tables as t
from audit.auditlog import entries
from audit.scope import UserRole
from audit.second_factor import new_secret, turn_on
from audit.tokens import TokenScope, add_token
from audit.users import accounts, add_user, password_fits, set_email
from tests.test_web import PASSWORD, app, client, log_in, send, store, token  # noqa: F401
from web import create_app

WRONG = "not the password of ana"


def address_of(store, name="ana"):  # noqa: F811
    return next((one.email, one.email_own) for one in accounts(store) if one.name == name)


def test_the_address_is_shown_changed_and_taken_back(app, client, store):  # noqa: F811
    assert "None is known." in client.get("/account").text
    other = app.test_client()
    log_in(other)
    answer = send(client, "/account/email", email=" Ana@Northwind.example ", password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/account?addressed=1")
    page = client.get(answer.location).text
    assert "Your e-mail address was kept" in page and ">ana@northwind.example</bdi>" in page
    assert address_of(store) == ("ana@northwind.example", True)
    # Whoever is logged in elsewhere has to show that they know the password, too.
    assert other.get("/account").location.startswith("/login")
    assert "(given by themself)" in client.get("/admin/users").text
    send(client, "/account/email", email="", password=PASSWORD)
    assert address_of(store) == (None, False)
    rows = entries(store, 9, action="e-mail address")
    assert [(row.who, row.subject, row.detail) for row in rows] == [("ana", "ana", {"own": True})] * 2
    assert entries(store, 9, action="change") == ()


def test_what_an_admin_gave_stays_given_by_an_admin(client, store):  # noqa: F811
    set_email(store, "ana", "ana@northwind.example")
    log_in(client)
    answer = send(client, "/account/email", email="ANA@northwind.example", password=PASSWORD)
    # Nothing changed, and no other session is over.
    assert (answer.status_code, answer.location) == (303, "/account")
    assert address_of(store) == ("ana@northwind.example", False)
    send(client, "/account/email", email="other@northwind.example", password=PASSWORD)
    set_email(store, "ana", "other@northwind.example")
    assert address_of(store) == ("other@northwind.example", False)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"password": WRONG}, "This is not your password."),
        ({"password": ""}, "This is not your password."),
        ({"email": "nobody"}, "This is no e-mail address, or another account has it."),
        ({"email": "a@b.example, c@d.example"}, "This is no e-mail address, or another account has it."),
        ({"email": f"{'x' * 60}@{'y' * 150}.example"}, "This is no e-mail address, or another"),
        ({"email": "ben@northwind.example"}, "This is no e-mail address, or another account has it."),
    ],
)
def test_what_cannot_be_taken_is_told(client, store, form, says):  # noqa: F811
    add_user(store, "ben", PASSWORD, email="ben@northwind.example")
    asked = {"email": "ana@northwind.example", "password": PASSWORD} | form
    answer = send(client, "/account/email", **asked)
    assert (answer.status_code, says in answer.text) == (422, True)
    assert f'value="{asked["email"]}"' in answer.text
    assert (address_of(store), entries(store, 9, action="e-mail address")) == ((None, False), ())


def test_wrong_passwords_are_counted_together_wherever_they_are_asked_for(app, client, store):  # noqa: F811
    add_user(store, "ben", PASSWORD)
    new = {"new": "another long password", "again": "another long password"}
    for number in range(6):
        where, more = (("/account/email", {"email": "a@x.example"}), ("/account/password", new))[number % 2]
        answer = send(client, where, password=WRONG, **more)
        assert answer.status_code == (422 if number < 5 else 429)
    assert "Too many wrong passwords." in answer.text
    right = send(client, "/account/email", email="a@x.example", password=PASSWORD)
    assert (right.status_code, address_of(store)) == (429, (None, False))
    other = app.test_client()
    log_in(other, "ben")
    assert send(other, "/account/email", email="b@x.example", password=PASSWORD).status_code == 303


def test_a_form_of_another_site_changes_no_address(client, store):  # noqa: F811
    form = {"email": "eve@x.example", "password": PASSWORD}
    assert client.post("/account/email", data=form).status_code == 400
    assert address_of(store) == (None, False)


@pytest.mark.parametrize("role", [UserRole.AGENT, UserRole.AUDITOR])
def test_every_role_has_its_own_address(app, store, role):  # noqa: F811
    add_user(store, "one", PASSWORD, role, employee="Sara")
    browser = app.test_client()
    log_in(browser, "one")
    assert send(browser, "/account/email", email="one@x.example", password=PASSWORD).status_code == 303
    assert address_of(store, "one") == ("one@x.example", True)


def test_who_has_no_password_is_sent_to_an_admin(store):  # noqa: F811
    browser = create_app(store).test_client()
    log_in(browser)
    with store.writing() as connection:
        connection.execute(update(t.user).values(password_hash=""))
    page = browser.get("/account").text
    assert "This account has no password" in page and 'name="email"' not in page
    assert send(browser, "/account/email", email="a@x.example", password="").status_code == 422


# By programs


@pytest.fixture
def ask(app, store):  # noqa: F811
    """Asks the interface with a token of ana, of all scopes unless others are given."""
    secrets = {
        scopes: add_token(store, "ana", scopes)[0] for scopes in (tuple(TokenScope), (TokenScope.READ,))
    }

    def asked(path="/account", method="GET", scopes=tuple(TokenScope), headers=(), **body):
        sent = {"Authorization": f"Bearer {secrets[scopes]}"} | dict(headers)
        return app.test_client().open(f"/api/v1{path}", method=method, headers=sent, **body)

    return asked


def test_a_program_changes_the_account_of_its_token(ask, store):  # noqa: F811
    mine = ask().json
    assert (mine["account"]["name"], mine["account"]["email"], mine["events"]) == ("ana", None, [])
    assert (mine["token"], mine["scopes"]) == (1, ["read", "review", "upload", "admin"])
    told = ask(method="PATCH", json={"events": ["assigned"]})
    assert (told.status_code, told.json["events"]) == (200, ["assigned"])
    change = {"email": "Ana@x.example", "password": PASSWORD}
    changed = ask(method="PATCH", json=change).json
    assert (changed["account"]["email"], changed["account"]["email_own"]) == ("ana@x.example", True)
    assert ask().json["events"] == ["assigned"]
    late = ask(method="PATCH", headers={"If-Match": '"old"'}, json={"events": []})
    assert late.status_code == 412
    [row] = entries(store, 9, action="e-mail address")
    assert row.origin.startswith("token 1 at ") and entries(store, 9, action="change") == ()


def test_a_new_password_ends_the_token_unless_it_is_kept(ask, store):  # noqa: F811
    new = {"password": PASSWORD, "new_password": "another long password"}
    assert ask(method="PATCH", json=new | {"keep_tokens": True}).status_code == 200
    assert password_fits(store, "ana", "another long password")
    back = {"password": "another long password", "new_password": PASSWORD}
    assert ask(method="PATCH", json=back).status_code == 200
    assert ask().status_code == 401


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"new_password": "another long password"}, 422, "'password' is not the account's password"),
        ({"email": "a@x.example", "password": WRONG}, 422, "'password' is not the account's password"),
        ({"email": "", "password": WRONG}, 422, "'password' is not the account's password"),
        ({"password": PASSWORD, "new_password": "short"}, 422, "needs 12 to 256 letters"),
        ({"password": PASSWORD, "email": "nobody"}, 422, "is no e-mail address"),
        ({"events": ["all"]}, 400, "Invalid enum value 'all'"),
        ({"role": "admin"}, 400, "unknown field `role`"),
    ],
)
def test_what_is_not_to_be_changed_so_is_told(ask, store, change, code, says):  # noqa: F811
    answer = ask(method="PATCH", json={"events": ["assigned"]} | change)
    assert (answer.status_code, says in answer.json["detail"]) == (code, True)
    assert (ask().json["events"], address_of(store)) == ([], (None, False))


def test_wrong_passwords_of_programs_and_pages_are_counted_together(ask, client, store):  # noqa: F811
    wrong = {"password": WRONG, "new_password": "another long password"}
    for number in range(5):
        if number % 2:
            assert ask(method="PATCH", json=wrong).status_code == 422
        else:
            assert send(client, "/account/email", email="", password=WRONG).status_code == 422
    answer = ask(method="PATCH", json=wrong | {"password": PASSWORD})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert answer.mimetype == "application/problem+json" and "15 minutes" in answer.json["detail"]
    assert send(client, "/account/email", email="", password=PASSWORD).status_code == 429
    assert password_fits(store, "ana", PASSWORD) and ask().status_code == 200


def test_a_token_for_reading_changes_nothing(ask):
    assert ask(scopes=(TokenScope.READ,)).status_code == 200
    assert ask(method="PATCH", scopes=(TokenScope.READ,), json={"events": []}).status_code == 403


def test_an_admin_helps_whoever_lost_their_second_factor(ask, store):  # noqa: F811
    secret = new_secret()
    assert turn_on(store, "ana", secret, pyotp.TOTP(secret).now())
    assert ask().json["account"]["second_factor"]
    assert ask("/users/ana", "PATCH", json={"second_factor_off": True}).status_code == 200
    assert not ask().json["account"]["second_factor"]
    assert entries(store, 9, action="second factor off")


def test_the_log_is_verified_by_programs_also_against_a_seal(ask, store):  # noqa: F811
    found = ask("/log/verification", "POST", json={}).json
    assert (found["rows"], found["problems"]) == (len(entries(store)) - 1, [])
    assert ask("/log/verification", "POST", json={"seal": found["seal"]}).json["problems"] == []
    gone = ask("/log/verification", "POST", json={"seal": f"1:{'0' * 64}"}).json["problems"]
    assert gone == ["row 1, of which the seal was kept, is not what it was"]
    assert ask("/log/verification", "POST", json={"seal": "1"}).status_code == 400
    assert [row.detail["problems"] for row in entries(store, 9, action="log verified")] == [1, 0, 0]
