"""Sessions of the dashboard, and what a password has to be and ends."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from audit.auditlog import entries
from audit.store import open_store
from audit.tables import login, user
from audit.tokens import TokenScope, add_token, bearer
from audit.users import BadUser, add_user, set_password
from tests.test_web import PASSWORD, keep_call, log_in, stereo, token
from web import create_app
from web.sessions import BY_ITSELF, IDLE_S, SESSION_S

NEW = "another long password"


@pytest.fixture
def store(tmp_path):
    found = open_store(tmp_path / "home")
    add_user(found, "ana", PASSWORD)
    return found


@pytest.fixture
def call(store, tmp_path):
    return keep_call(store, tmp_path, stereo(tmp_path))


@pytest.fixture
def app(store):
    return create_app(store)


@pytest.fixture
def client(app):
    """A browser in which ana is logged in."""
    found = app.test_client()
    assert log_in(found).status_code == 302
    return found


def sessions_of(store, **values):
    """Gives the sessions that were begun other times, as if they had been begun or seen then."""
    with store.engine.begin() as connection:
        connection.execute(update(user).values(added_at=datetime(2026, 1, 1, tzinfo=UTC)))
        connection.execute(update(login).values(**values))


@pytest.mark.parametrize(("since_login_s", "code"), [(SESSION_S - 60, 200), (SESSION_S + 1, 302)])
def test_a_session_ends_a_fixed_time_after_the_login(client, store, since_login_s, code):
    sessions_of(store, begun_at=datetime.now(UTC) - timedelta(seconds=since_login_s))
    # However often a page was asked for since then.
    assert [client.get("/").status_code for _ in range(3)] == [code] * 3


@pytest.mark.parametrize(("idle_s", "code"), [(IDLE_S - 60, 200), (IDLE_S + 1, 302)])
def test_a_session_ends_when_nothing_is_done(client, store, idle_s, code):
    then = datetime.now(UTC) - timedelta(seconds=idle_s)
    sessions_of(store, begun_at=then, seen_at=then)
    assert client.get("/interactions").status_code == code
    # Whoever did something has as long again.
    assert client.get("/interactions").status_code == code


def test_what_an_open_page_asks_for_by_itself_keeps_no_session_alive(client, call, store):
    then = datetime.now(UTC) - timedelta(seconds=IDLE_S - 60)
    sessions_of(store, begun_at=then, seen_at=then)
    asks = f"/interactions/{call.id}/reviews?rubric=house"
    assert client.get(asks).status_code == 200

    def seen_s():
        with store.reading() as connection:
            return (connection.execute(select(login.c.seen_at)).scalar_one() - then).total_seconds()

    assert seen_s() == 0
    assert client.get("/interactions").status_code == 200
    assert seen_s() > IDLE_S - 120


def test_no_page_waits_for_a_writer_to_note_that_it_was_asked_for(client, call, store):
    secret, _ = add_token(store, "ana", [TokenScope.READ])
    then = datetime.now(UTC) - timedelta(seconds=IDLE_S - 60)
    sessions_of(store, begun_at=then, seen_at=then)
    with open_store(store.home).writing():
        began_s = time.monotonic()
        assert client.get("/interactions").status_code == 200
        assert bearer(store, secret) is not None
        assert time.monotonic() - began_s < 20
    assert client.get("/interactions").status_code == 200
    with store.reading() as connection:
        assert connection.execute(select(login.c.seen_at)).scalar_one() > then


def test_every_address_of_progress_is_one_that_a_page_asks_for_by_itself(app):
    endpoints = {one.endpoint for one in app.url_map.iter_rules()}
    assert {one for one in endpoints if one.endswith("events")} < BY_ITSELF < endpoints


def test_a_logout_counts_in_every_server_process(store, client):
    other = create_app(store).test_client()
    other.set_cookie("comport", client.get_cookie("comport").value)
    assert other.get("/").status_code == 200
    client.post("/logout", data={"csrf_token": token(client, "/")})
    assert other.get("/").status_code == 302


def test_the_other_sessions_are_seen_and_ended(app, client, store):
    other = app.test_client()
    log_in(other)
    page = client.get("/account").text
    assert page.count("this browser") == 1 and page.count("last seen") == 2
    over = app.test_client()
    log_in(over)
    with store.engine.begin() as connection:
        then = datetime.now(UTC) - timedelta(seconds=IDLE_S + 1)
        newest = select(func.max(login.c.id)).scalar_subquery()
        connection.execute(update(login).where(login.c.id == newest).values(seen_at=then))
    # One that is over is neither shown nor counted.
    answer = client.post("/account/sessions", data={"csrf_token": token(client, "/account")})
    assert answer.location == "/account?ended=1"
    assert (client.get("/").status_code, other.get("/").status_code) == (200, 302)
    assert "End all others" not in client.get("/account").text
    [row] = entries(store, action="log out")
    assert row.detail == {"other_sessions": 1}


@pytest.mark.parametrize("known", [None, "", "another one"])
def test_a_cookie_without_a_session_is_refused(client, known):
    with client.session_transaction() as session:
        session.pop("id")
        if known is not None:
            session["id"] = known
    assert client.get("/").status_code == 302


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "iloveyou1234",
        "letmein12345",
        "qwertyuiop12",
        "baseball2024!",
        "hunter2hunter2",
        "19841984198419",
        "abcdefghijkl",
        "aaaabbbbaaaabbbb",
        "P@ssw0rd1234",
        "my comport words",
        "anabel-and-more",
    ],
)
def test_a_password_that_is_known_or_soon_guessed_is_refused(store, password):
    with pytest.raises(BadUser, match="easily guessed"):
        add_user(store, "anabel", password)


@pytest.mark.parametrize(
    "password",
    [PASSWORD, NEW, "zebra crossing at dusk", "چراغ سبز کنار رودخانه", " ".join(map(str, range(100, 164)))],
)
def test_a_password_of_some_words_is_taken(store, password):
    add_user(store, "anabel", password)


def change(client, **form):
    form |= {"password": PASSWORD, "new": NEW, "again": NEW, "csrf_token": token(client, "/account")}
    return client.post("/account/password", data=form)


@pytest.mark.parametrize("keep", [False, True])
def test_a_new_password_revokes_tokens_unless_they_are_kept(client, store, keep):
    secret, _ = add_token(store, "ana", [TokenScope.READ])
    assert "Keep my 1 token for programs" in client.get("/account").text
    assert change(client, **({"keep_tokens": "1"} if keep else {})).status_code == 303
    assert (bearer(store, secret) is not None) == keep
    [row] = entries(store, action="password")
    assert row.detail == {"tokens_revoked": 0 if keep else 1}


def test_a_password_from_an_admin_revokes_tokens_too(store):
    secret, _ = add_token(store, "ana", [TokenScope.READ])
    assert set_password(store, "ana", NEW) == 1
    assert bearer(store, secret) is None
    assert set_password(store, "ana", PASSWORD) == 0
