"""One's own account on its page: the e-mail address, changed by whoever knows the password."""

import pytest
from sqlalchemy import update

from audit import tables as t
from audit.auditlog import entries
from audit.scope import UserRole
from audit.users import accounts, add_user, set_email
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
    assert send(client, "/account/email", email="ANA@northwind.example", password=PASSWORD).status_code == 303
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
