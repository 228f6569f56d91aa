"""The page of tokens: made for programs, shown once, used on the interface, and ended, without scripts."""

import logging
import re

import pytest

from audit.auditlog import entries
from audit.scope import UserRole
from audit.tokens import TokenScope, add_token, bearer, revoke_token, tokens
from audit.users import add_user, set_locked
from tests.test_tokens import days_ago
from tests.test_web import PASSWORD, app, client, log_in, store, token  # noqa: F401

FORM = {"user": "rita", "scope": ["read", "review"], "purpose": " BI  export ", "days": "30"}


@pytest.fixture(autouse=True)
def rita(store):  # noqa: F811
    add_user(store, "rita", PASSWORD, UserRole.REVIEWER)


def send(client, address="/admin/tokens", **form):  # noqa: F811
    return client.post(address, data=form | {"csrf_token": token(client, "/admin/tokens")})


def secret_in(answer):
    return re.search(r'<code class="secret" dir="ltr">(comport_[\w-]{43})</code>', answer.text)[1]


def test_a_token_is_made_and_shown_once(client, store, caplog):  # noqa: F811
    caplog.set_level(logging.DEBUG)
    answer = send(client, **FORM)
    secret = secret_in(answer)
    assert (answer.status_code, answer.location, answer.headers["Cache-Control"]) == (200, None, "no-store")
    made = bearer(store, secret).token
    assert (made.user, made.scopes, made.purpose) == ("rita", ("read", "review"), "BI export")
    assert (made.expires_at - made.added_at).days == 30
    page = client.get("/admin/tokens").text
    assert "BI export" in page and "read, review" in page and "Revoke token 1" in page
    kept = str(entries(store)) + str(client.get("/admin/log").text) + caplog.text
    assert secret not in page and secret not in kept and secret.removeprefix("comport_") not in kept
    logged = entries(store, 1, action="token added")[0]
    assert (logged.who, logged.subject, logged.detail["number"]) == ("ana", "rita", 1)
    assert logged.origin.startswith("browser at ")
    assert entries(store, action="change") == ()


def test_a_program_asks_with_it_until_it_is_revoked(app, client, store):  # noqa: F811
    secret, program = secret_in(send(client, **FORM)), app.test_client()

    def ask(path):
        return program.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {secret}"}).status_code

    assert (ask("interactions"), ask("tokens"), ask("users")) == (200, 403, 403)
    assert "It was never used." not in client.get("/admin/tokens").text
    answer = send(client, "/admin/tokens/1/revoke")
    assert (answer.status_code, answer.location) == (303, "/admin/tokens?revoked=1")
    page = client.get(answer.location).text
    assert "Token 1 is revoked." in page and "No token holds." in page and "Revoke token 1" not in page
    assert ask("interactions") == 401
    logged = entries(store, 1, action="token revoked")[0]
    assert (logged.who, logged.subject, logged.detail) == ("ana", "rita", {"number": 1})
    assert send(client, "/admin/tokens/1/revoke").status_code == 404


def test_a_form_that_is_sent_twice_makes_one_token(client, store):  # noqa: F811
    key = re.search(r'name="key" value="([\w-]{22})"', client.get("/admin/tokens").text)[1]
    first = send(client, **FORM, key=key)
    again = send(client, **FORM, key=key)
    assert secret_in(first) not in again.text and 'class="secret"' not in again.text
    assert "This form made token 1 already" in again.text and len(tokens(store)) == 1
    assert len(entries(store, 9, action="token added")) == 1
    other = send(client, **FORM | {"purpose": "another"}, key=key)
    assert (other.status_code, len(tokens(store))) == (422, 1)
    assert re.search(r'name="key" value="([\w-]{22})"', again.text)[1] != key


@pytest.mark.parametrize("scope", TokenScope)
def test_a_token_makes_none_with_scopes_that_it_lacks(app, store, scope):  # noqa: F811
    secret, _ = add_token(store, "ana", [TokenScope.ADMIN])
    sent = {"Authorization": f"Bearer {secret}"}
    asked = {"user": "ana", "scopes": sorted({"admin", scope})}
    answer = app.test_client().post("/api/v1/tokens", json=asked, headers=sent)
    made = scope == TokenScope.ADMIN
    assert (answer.status_code, len(tokens(store))) == ((201, 2) if made else (403, 1))
    if not made:
        assert f"scopes that it lacks: {scope}" in answer.json["detail"]
        assert entries(store, 1, action="refused")[0].origin.startswith("token 1 at ")


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"user": ""}, 422, "Choose whose it is."),
        ({"user": "eve"}, 422, "Choose whose it is."),
        ({"scope": []}, 422, "Choose at least one."),
        ({"scope": ["write"]}, 400, "could not be read"),
        ({"days": ""}, 422, "A whole number of days, 1 to 366."),
        ({"days": "0"}, 422, "A whole number of days, 1 to 366."),
        ({"days": "367"}, 422, "A whole number of days, 1 to 366."),
        ({"days": "-1"}, 422, "A whole number of days, 1 to 366."),
        ({"days": "²"}, 422, "A whole number of days, 1 to 366."),
        ({"days": "9" * 5000}, 422, "A whole number of days, 1 to 366."),
        ({"purpose": "x" * 81}, 422, "At most 80 letters."),
    ],
)
def test_what_cannot_be_made_is_told_and_kept_in_the_form(client, store, change, code, says):  # noqa: F811
    answer = send(client, **FORM | {"purpose": "nightly <b>"} | change)
    assert (answer.status_code, says in answer.text, tokens(store)) == (code, True, ())
    assert 'class="secret"' not in answer.text and "<b>" not in answer.text
    if code == 422 and "scope" not in change:
        assert answer.text.count('name="scope"') == 4
        assert answer.text.count(" checked") == 2


def test_days_are_taken_in_the_figures_of_persian(client, store):  # noqa: F811
    send(client, **FORM | {"days": "۹۰"})
    assert (tokens(store)[0].expires_at - tokens(store)[0].added_at).days == 90


def test_the_page_tells_which_hold_and_whose_account_is_locked(client, store):  # noqa: F811
    for purpose in ("over", "revoked", "holds"):
        add_token(store, "rita", [TokenScope.READ], f"this one {purpose}")
    days_ago(store, 1, "expires_at", 1)
    revoke_token(store, 2)
    set_locked(store, "rita", True)
    page = client.get("/admin/tokens").text
    held, over = page.split("Tokens that are over or revoked", 1)
    assert "this one holds" in held and "this one over" not in held and 'class="tag">locked' in held
    assert "Over since" in over and "Revoked on" in over and "Over since" not in held
    assert "this one over" in over and "this one revoked" in over and "this one holds" not in over
    assert page.count("Yes, revoke it") == 1


@pytest.mark.parametrize("revoked", ["7", "1", "x", "9" * 5000, "-1"])
def test_only_what_was_revoked_is_told_so(client, store, revoked):  # noqa: F811
    add_token(store, "rita", [TokenScope.READ])
    answer = client.get("/admin/tokens", query_string={"revoked": revoked})
    assert (answer.status_code, "is revoked." in answer.text) == (200, False)


@pytest.mark.parametrize("address", ["/admin/tokens/7/revoke", "/admin/tokens/comport_x/revoke"])
def test_what_is_no_number_of_a_token_is_not_there(client, store, address):  # noqa: F811
    assert send(client, address).status_code == 404


def test_a_reviewer_neither_sees_makes_nor_ends_tokens(app, client, store):  # noqa: F811
    secret, _ = add_token(store, "ana", [TokenScope.READ])
    browser = app.test_client()
    log_in(browser, "rita")
    form = FORM | {"csrf_token": token(browser, "/account")}
    assert 'href="/admin/tokens"' not in browser.get("/").text
    assert 'href="/admin/tokens"' in client.get("/admin/users").text
    assert browser.get("/admin/tokens").status_code == 403
    assert browser.post("/admin/tokens", data=form).status_code == 403
    assert browser.post("/admin/tokens/1/revoke", data=form).status_code == 403
    assert len(tokens(store)) == 1 and bearer(store, secret) is not None


def test_a_form_of_another_site_makes_and_ends_nothing(client, store):  # noqa: F811
    secret, _ = add_token(store, "ana", [TokenScope.READ])
    assert client.post("/admin/tokens", data=FORM).status_code == 400
    assert client.post("/admin/tokens/1/revoke").status_code == 400
    assert len(tokens(store)) == 1 and bearer(store, secret) is not None
