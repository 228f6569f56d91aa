import json
import os
import pickle
import re
import socket
import stat
import subprocess
import sys
import threading
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

import msgspec
import numpy as np
import pytest
from flask import request

from audit.database import StoreUnusable
from audit.interactions import Channel, Interaction, Role
from audit.pipeline import audit_file
from audit.rubricfile import load_rubric
from audit.scorecard import make_scorecard
from audit.store import open_store
from audit.users import add_user, remove_user
from models.camera import Zone, assumed_camera
from models.media import decode, probe
from models.observations import Activity, Observed, Provenance, gather, union
from tests import build, serving
from tests.copying import played
from web import create_app
from web.accounts import own_path
from web.playback import playback_of
from web.rights import RULES, Right
from web.server import AddressUnusable, open_server

PUBLIC = {endpoint for endpoint, right in RULES.items() if right == Right.PUBLIC}

PASSWORD = "correct horse battery"
WRONG = "wrong horse battery"

STANDARDS = """
- id: greets
  title: Greets the caller
  why: Callers decide in the first seconds.
  how: Smile first, then speak.
  source: Manual 4.2
  weight: 3
  during: {first: 15 s}
  say: greeting
- {id: no-blame, title: Blames nobody, weight: 2, avoid: blame}
- {id: thanks, title: Thanks for holding, say: thanks-for-holding}
- {id: silence, title: Leaves no long silence, keep: {measure: longest_silence, at_most: 15 s}}
- {id: answer, title: Gives the right answer, ask: Was it right?}
"""

LINES = [
    ("channel-0", 1.0, "good morning my name is Sarah how may I help you"),
    ("channel-1", 6.0, "I want to <script>alert(1)</script> cancel my contract"),
    ("channel-0", 10.0, "well that is your fault then"),
]

VTT = """WEBVTT

00:00:01.000 --> 00:00:04.000
<v Agent>good morning, how may I help you

00:00:05.000 --> 00:00:08.000
<v Customer>please cancel my contract
"""

CHAT = [
    {"at": "2026-03-02T10:15:00+01:00", "from": "agent", "name": "Sara", "text": "good morning"},
    {
        "at": "2026-03-02T10:16:30+01:00",
        "from": "customer",
        "name": "Ali",
        "text": "سلام, where is my parcel?",
    },
]


def keep_call(
    store,
    folder,
    path,
    title="a call",
    probability=1.0,
    channels=(0, 1),
    standards=STANDARDS,
    lines=LINES,
    rubric=None,
):
    """Keeps a recording with words as a recogniser would have heard them, judged; gives the interaction."""
    rubric = rubric or build.rubric(folder, standards)
    recording = probe(path)
    said = tuple(
        build.utterance(speaker, start_s, text, probability)
        for speaker, start_s, text in lines
        if int(speaker[-1]) in channels
    )
    speakers = dict.fromkeys(u.speaker for u in said)
    active = tuple(Activity(s, union(u.span for u in said if u.speaker == s)) for s in speakers)
    answers = (
        Observed(recording.id, Provenance("activity", "silero", "1", "", ()), activity=active),
        Observed(
            recording.id,
            Provenance("utterances", "some-engine", "1", "f" * 64, (), "Heard by a weak substitute."),
            utterances=said,
        ),
    )
    observed = gather(recording, answers, ())
    roles = (("channel-0", Role.AGENT), ("channel-1", Role.CUSTOMER))
    facts = {"agent": "Sarah Lind", "started_at": "2026-03-02T09:00:00+00:00", "roles": roles}
    one = Interaction(recording.id, Channel.CALL, title, str(path), recording.id, **facts)
    store.keep(one, observed, answers)
    store.keep_rubric(rubric)
    store.keep_scorecard(make_scorecard(one, observed, rubric))
    return one


def stereo(folder, name="call.wav", seconds=14.0):
    return build.write_wav(folder / name, build.tone(seconds), build.tone(seconds, hz=220.0))


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


def token(client, path="/login", place=None):
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get(path, environ_overrides=place).text)[1]


def log_in(client, name="ana", password=PASSWORD, target=None, place=None):
    """What the login answers; `place` is what the server knows of where it came from."""
    form = {"csrf_token": token(client, place=place), "name": name, "password": password}
    query = {"next": target} if target else None
    return client.post("/login", data=form, query_string=query, environ_overrides=place)


def send(client, address, /, form_of="/account", **form):
    """What is answered to a form that is sent as the page `form_of` would send it."""
    return client.post(address, data=form | {"csrf_token": token(client, form_of)})


@pytest.fixture
def visitor(app):
    """A browser of somebody who has not logged in."""
    return app.test_client()


@pytest.fixture
def client(app):
    """A browser of ana, who has."""
    one = app.test_client()
    assert log_in(one).status_code == 302
    return one


class Words(HTMLParser):
    """The words of a page as a reader sees them, and every tag with its attributes."""

    def __init__(self, html):
        super().__init__()
        self.tags, self._data = [], []
        self.feed(html)
        self.text = " ".join(" ".join(self._data).split())

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self._data.append(data)


def page(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return Words(answer.text)


# Logging in


def test_every_route_but_the_public_ones_leads_to_the_login(app, visitor, call):
    closed = [r for r in app.url_map.iter_rules() if r.endpoint not in PUBLIC]
    assert {r.endpoint for r in closed} >= {"interactions.index", "interactions.media", "accounts.logout"}
    for rule in closed:
        parts = {name: 1 if name == "number" else call.id for name in rule.arguments}
        path = app.url_map.bind("localhost").build(rule.endpoint, parts)
        for method in rule.methods - {"OPTIONS"}:
            form = {"csrf_token": token(visitor)} if method == "POST" else None
            answer = visitor.open(path, method=method, data=form)
            # Programs are told so; people are led there.
            expected = (401, "") if rule.endpoint.startswith("api.") else (302, "/login")
            assert (answer.status_code, (answer.location or "").split("?")[0]) == expected, rule
    for rule in app.url_map.iter_rules():
        if rule.endpoint in PUBLIC - {"static"} and "GET" in rule.methods:
            # The code is asked for after the password, and there is no provider here.
            code = {"second_factor.ask": 302, "provider.begin": 404, "provider.back": 404}
            assert visitor.get(rule.rule).status_code == code.get(rule.endpoint, 200)


def test_a_right_password_leads_on_to_the_page_that_was_asked_for(visitor, call):
    asked = visitor.get(f"/interactions/{call.id}?rubric=house")
    target = re.search(r"next=(.+)", asked.location)[1]
    answer = visitor.post(
        asked.location, data={"csrf_token": token(visitor), "name": "ana", "password": PASSWORD}
    )
    assert "interactions" in target
    assert (answer.status_code, answer.location) == (302, f"/interactions/{call.id}?rubric=house")
    assert visitor.get(answer.location).status_code == 200


@pytest.mark.parametrize(("name", "password"), [("ana", WRONG), ("bob", PASSWORD), ("", "")])
def test_a_wrong_name_or_password_is_told_the_same(visitor, name, password):
    answer = log_in(visitor, name, password)
    assert answer.status_code == 401
    assert "do not belong together" in answer.text
    assert visitor.get("/").location.startswith("/login")


ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}


@pytest.mark.parametrize("names", [["ana"] * 6, ["Ana ", "ana", "ANA", "ana", "aNa", "ana"]])
def test_five_wrong_passwords_close_an_account_to_an_address_for_a_while(app, names):
    clients = [app.test_client() for _ in names]
    codes = [log_in(c, n, WRONG).status_code for c, n in zip(clients, names, strict=True)]
    assert codes == [401] * 5 + [429]
    right = log_in(app.test_client())
    assert right.status_code == 429
    assert "Wait 15 minutes" in right.text
    assert right.headers["Retry-After"] == "900"


def test_wrong_passwords_from_one_address_do_not_shut_the_owner_out_elsewhere(app):
    assert [log_in(app.test_client(), "ana", WRONG).status_code for _ in range(6)][-1] == 429
    assert log_in(app.test_client(), place=ELSEWHERE).status_code == 302


def test_wrong_passwords_from_many_addresses_close_an_account_but_not_on_the_owners_browser(app, client):
    client.post("/logout", data={"csrf_token": token(client, "/")})
    places = [{"REMOTE_ADDR": f"198.51.100.{n // 5}"} for n in range(51)]
    codes = [log_in(app.test_client(), "ana", WRONG, place=place).status_code for place in places]
    assert codes == [401] * 50 + [429]
    assert log_in(app.test_client(), place=ELSEWHERE).status_code == 429
    assert log_in(client, place=ELSEWHERE).status_code == 302


def test_a_known_browser_is_no_way_into_another_account_or_to_more_tries(app, client, store):
    add_user(store, "bob", PASSWORD)
    assert [log_in(client, "bob", WRONG).status_code for _ in range(6)] == [401] * 5 + [429]
    assert log_in(app.test_client(), "bob").status_code == 429
    assert [log_in(client, "ana", WRONG).status_code for _ in range(6)] == [401] * 5 + [429]
    client.set_cookie("comport-browser", "forged", path="/login")
    assert log_in(client, "bob").status_code == 429


def test_an_address_that_tries_many_names_is_shut_out_and_others_are_not(app, visitor):
    codes = [log_in(visitor, f"name{n}", WRONG).status_code for n in range(31)]
    assert codes == [401] * 30 + [429]
    assert log_in(app.test_client(), place=ELSEWHERE).status_code == 302


def test_behind_a_proxy_visitors_are_told_apart_and_cookies_need_tls(store):
    app = create_app(store, behind_proxy=True)

    def come(address, password):
        one = app.test_client()
        proxied = {
            "X-Forwarded-For": address,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "comport.example",
        }
        place = {f"HTTP_{k.upper().replace('-', '_')}": v for k, v in proxied.items()}
        place["HTTP_REFERER"] = "https://comport.example/login"
        return log_in(one, "ana", password, place=place)

    assert [come("203.0.113.5", WRONG).status_code for _ in range(6)] == [401] * 5 + [429]
    # What a visitor claims stands left of what the proxy adds.
    assert come("192.0.2.7, 203.0.113.5", PASSWORD).status_code == 429
    answer = come("203.0.113.9", PASSWORD)
    assert answer.status_code == 302
    cookies = {c.split("=")[0] for c in answer.headers.getlist("Set-Cookie")}
    assert cookies == {"__Host-comport", "comport-browser"}
    assert all("Secure" in c.split("; ") for c in answer.headers.getlist("Set-Cookie"))


def test_without_a_proxy_nobody_can_say_where_they_come_from(app):
    claims = [{"HTTP_X_FORWARDED_FOR": f"203.0.113.{n}"} for n in range(6)]
    assert [log_in(app.test_client(), "ana", WRONG, place=c).status_code for c in claims] == [401] * 5 + [429]


def test_right_passwords_do_not_count(app):
    assert [log_in(app.test_client()).status_code for _ in range(8)] == [302] * 8


@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_forms_without_their_token_are_refused(client, path):
    answer = client.post(path, data={"name": "ana", "password": PASSWORD})
    assert answer.status_code == 400
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("/interactions/1?rubric=a", "/interactions/1?rubric=a"),
        ("https://evil.example", ""),
        ("//evil.example", ""),
        ("/\\evil.example", ""),
        ("\\\\evil.example", ""),
        ("/\t/evil.example", ""),
        ("javascript:alert(1)", ""),
        ("evil.example", ""),
        ("https://[evil", ""),
        ("", ""),
    ],
)
def test_the_login_leads_to_own_pages_only(visitor, target, kept):
    assert own_path(target) == kept
    assert log_in(visitor, target=target).location == (kept or "/")


def test_the_session_of_before_the_login_does_not_go_on(visitor):
    with visitor.session_transaction() as session:
        session["planted"] = "by somebody else"
    old = visitor.get_cookie("comport").value
    log_in(visitor)
    with visitor.session_transaction() as session:
        assert "planted" not in session
        assert session["id"]
    assert visitor.get_cookie("comport").value != old
    visitor.set_cookie("comport", old)
    assert visitor.get("/").status_code == 302


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor):
    (cookie,) = (c for c in log_in(visitor).headers.getlist("Set-Cookie") if c.startswith("comport="))
    assert {"HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))


def test_logging_out_ends_it(client):
    assert client.post("/logout", data={"csrf_token": token(client, "/")}).location == "/login"
    assert client.get("/").status_code == 302


def test_a_copied_cookie_is_worth_nothing_after_the_logout(app, client):
    copied = client.get_cookie("comport").value
    other = app.test_client()
    assert log_in(other).status_code == 302
    client.post("/logout", data={"csrf_token": token(client, "/")})
    client.set_cookie("comport", copied)
    assert client.get("/").status_code == 302
    assert other.get("/").status_code == 200


def test_pages_do_not_renew_the_session_cookie(client):
    client.get("/")
    assert client.get("/").headers.getlist("Set-Cookie") == []


def test_a_new_account_of_the_same_name_does_not_revive_a_session(client, store):
    remove_user(store, "ana")
    add_user(store, "ana", "another long password")
    assert client.get("/").status_code == 302


def test_a_removed_person_is_out_at_once(client, store):
    remove_user(store, "ana")
    assert client.get("/").status_code == 302


def test_the_login_says_how_to_make_the_first_account(tmp_path):
    fresh = create_app(open_store(tmp_path / "new")).test_client()
    assert "comport user add" in fresh.get("/login").text


def test_the_secret_key_is_made_once_and_is_its_owners_alone(app, store):
    path = store.home / "secret.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert app.secret_key == create_app(store).secret_key == path.read_bytes()
    assert len(app.secret_key) == 32
    assert [p.name for p in store.home.iterdir() if "secret" in p.name] == ["secret.key"]


def test_two_installations_have_different_keys(app, tmp_path):
    assert create_app(open_store(tmp_path / "other")).secret_key != app.secret_key


# Headers and errors


@pytest.mark.parametrize("path", ["/", "/login", "/nowhere", "/static/site.css", "/healthz"])
def test_every_answer_carries_the_security_headers(client, path):
    headers = client.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "media-src": "'self' blob:",
        "connect-src": "'self'",
        "font-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_pages_have_no_inline_script_or_style(client, call):
    for path in ("/", f"/interactions/{call.id}", "/nowhere"):
        for tag, attributes in Words(client.get(path).text).tags:
            assert tag != "style"
            assert tag != "script" or attributes.get("src", "").startswith("/static/")
            assert not [name for name in attributes if name == "style" or name.startswith("on")], tag


def test_pages_with_personal_data_are_not_kept_by_the_browser(client, call):
    for path in ("/", f"/interactions/{call.id}", f"/interactions/{call.id}/peaks.json"):
        assert client.get(path).headers["Cache-Control"] == "no-store"
    assert "private" in client.get(f"/interactions/{call.id}/media").headers["Cache-Control"]


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("/nowhere", 404, "There is nothing here"),
        ("/interactions/" + "0" * 64, 404, "no interaction"),
        ("/interactions/" + "0" * 64 + "/media", 404, "no interaction"),
        ("/interactions/" + "0" * 64 + "/peaks.json", 404, "no interaction"),
        ("/interactions?older=7", 400, "expected one that a page of the list has given"),
        ("/interactions?since=yesterday", 400, "expected a day such as"),
        ("/interactions/" + "0" * 60_000, 404, "There is nothing here"),
        ("/logout", 405, "This cannot be done here"),
    ],
)
def test_errors_are_pages(client, path, code, said):
    answer = client.get(path)
    assert answer.status_code == code
    assert said in Words(answer.text).text
    assert 'href="/"' in answer.text


def test_an_unexpected_error_shows_nothing_of_the_inside(app, client, store):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE scorecard RENAME TO gone")
    answer = client.get("/")
    assert answer.status_code == 500
    assert "went wrong on our side" in answer.text
    assert "scorecard" not in answer.text


ODD = [
    "",
    "0",
    "-1",
    "1.5",
    "nan",
    "9" * 5000,
    "\0",
    "a\0b",
    "%",
    "\\",
    "'\"<>",
    "é" * 300,
    "[",
    "{{7*7}}",
]


@pytest.mark.parametrize("value", ODD)
def test_no_value_of_a_parameter_breaks_a_page(client, call, value):
    quoted = quote(value, errors="surrogatepass")
    # No text of PostgreSQL can hold a NUL: no page asks for one.
    refused = {400} if "\0" in value else set()
    for path, codes in (
        *(
            (f"/{page}={quoted}", {200})
            for page in ("?branch", "?weeks", "customers?search", "customers?after")
        ),
        (f"/next?after={quoted}", {200}),
        (f"/employees/{quoted}", {200, 404, 308}),
        (f"/employees?weeks={quoted}", {200}),
        (f"/interactions?older={quoted}", {200, 400}),
        (f"/interactions?newer={quoted}&since={quoted}", {200, 400}),
        (
            f"/interactions?verdict={quoted}&standard={quoted}&from={quoted}&to={quoted}&waiting={quoted}",
            {200},
        ),
        (f"/interactions?search={quoted}", {200}),
        (f"/interactions?search=%ff&agent={quoted}", {200}),
        (f"/interactions/{call.id}?rubric={quoted}", {200, 404}),
        (f"/interactions/{quoted}", {200, 404}),
        (f"/interactions/{quoted}/media", {404}),
        (f"/interactions/{quoted}/peaks.json", {404}),
        (f"/login?next={quoted}", {200}),
    ):
        code = client.get(path, follow_redirects=True).status_code
        assert code in (refused or codes), path
    for name, password in ((value, PASSWORD), ("ana", value)):
        assert log_in(client, name, password, target=value).status_code in (refused or {302, 401, 429})
    ranged = client.get(f"/interactions/{call.id}/media", headers={"Range": f"bytes={quoted}"})
    assert ranged.status_code in (200, 206, 416)


@pytest.mark.parametrize(
    "sent",
    [
        {"query_string": "to=x&to=%00"},
        {"query_string": "%00=x"},
        {"data": {"to": ["x", "a\0b"]}},
        {"data": {"\0": "x"}},
        {"data": {"to": "a\0b"}, "content_type": "multipart/form-data"},
    ],
)
def test_a_nul_is_refused_wherever_it_stands(client, call, sent):
    data = sent.get("data", {}) | {"csrf_token": token(client, "/account")}
    asked = {**sent, "data": data}
    assert client.post(f"/interactions/{call.id}/assignment", **asked).status_code == 400


def test_letters_that_are_none_break_no_form(visitor):
    body = f"csrf_token={quote(token(visitor))}&name=%ed%a0%80&password=%ff%ed%a0%80"
    form = "application/x-www-form-urlencoded"
    assert visitor.post("/login?next=%ed%a0%80", data=body, content_type=form).status_code == 401


def test_a_player_gets_the_silences_of_a_call(client, call, video):
    answer = client.get(f"/interactions/{call.id}/waits.json?rubric=house")
    assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (
        200,
        "application/json",
        "no-store",
    )
    assert [one["kind"] for one in answer.json] == []
    assert f"/interactions/{call.id}/waits.json?rubric=house" in client.get(f"/interactions/{call.id}").text
    assert client.get(f"/interactions/{call.id}/waits.json?rubric=other").status_code == 404
    assert client.get(f"/interactions/{video.id}/waits.json").status_code == 404
    assert "waits.json" not in client.get(f"/interactions/{video.id}").text


def test_errors_name_no_folder_of_the_server(client, call, store):
    Path(call.path).unlink()
    (store.home / "peaks").write_text("a file where a folder should be")
    path = f"/interactions/{call.id}/peaks.json"
    for answer in (client.get(path), client.get(path, headers={"Accept": "application/json"})):
        assert answer.status_code == 422
        assert "call.wav" in answer.text
        assert str(store.home.parent) not in answer.text


def test_whoever_has_not_logged_in_is_told_that_something_failed_and_not_what(app, visitor):
    def fail():
        raise StoreUnusable("sqlite:////srv/comport/comport.db", "the disk is full", "make room")

    app.view_functions["healthz"] = fail
    for headers in ({}, {"Accept": "application/json"}):
        answer = visitor.get("/healthz", headers=headers)
        assert answer.status_code == 500
        assert "went wrong on our side" in answer.text
        assert "comport.db" not in answer.text
        assert "disk" not in answer.text


def test_when_accounts_cannot_be_read_it_is_said_on_a_page(app, client, store):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE user_account RENAME TO gone")
    answer = client.get("/")
    assert answer.status_code == 500
    assert "went wrong on our side" in answer.text


# Starting it


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one.getsockname()[1]


def run_serve(home, *options):
    command = [Path(sys.executable).with_name("comport"), "--home", home, "serve", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_port_that_is_taken_is_told_in_one_line(store, taken):
    done = run_serve(store.home, "--port", str(taken))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"port {taken} is in use; choose another with --port\n"


@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1"])
def test_a_host_that_is_not_this_machine_is_told_in_one_line(store, host):
    done = run_serve(store.home, "--host", host)
    assert done.returncode == 1
    assert host in done.stderr
    assert "--host" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("port", ["99999", "0", "-1", "many"])
def test_a_port_that_cannot_be_is_wrong_usage(store, port):
    done = run_serve(store.home, f"--port={port}")
    assert done.returncode == 2
    assert "--port" in done.stderr
    assert "the dashboard is at" not in done.stderr


def test_an_unusable_address_survives_another_process():
    error = AddressUnusable("127.0.0.1", 8420, "port 8420 is in use")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("behind_proxy", [False, True])
def test_only_behind_a_proxy_the_server_lets_its_headers_through(store, behind_proxy):
    app = create_app(store, behind_proxy)
    app.view_functions["healthz"] = lambda: f"{request.scheme} {request.remote_addr}"
    server = open_server(app, "127.0.0.1", 0, behind_proxy)
    threading.Thread(target=server.run, daemon=True).start()
    asked = Request(f"http://127.0.0.1:{server.effective_port}/healthz")
    asked.add_header("X-Forwarded-For", "203.0.113.9")
    asked.add_header("X-Forwarded-Proto", "https")
    with urlopen(asked) as answer:
        assert answer.read().decode() == ("https 203.0.113.9" if behind_proxy else "http 127.0.0.1")
    serving.stop(server)


# The list


def test_the_list_shows_score_share_and_critical_misses(client, call):
    shown = page(client, "/interactions")
    assert "a call" in shown.text
    assert "Sarah Lind" in shown.text
    assert "house v1" in shown.text
    # greets 3, no-blame 0 of 2, thanks 0 of 1, silence 1 of 1: 100 x 4 / 7
    assert "57.1" in shown.text
    assert ("a", f"/interactions/{call.id}?rubric=house") in [(t, a.get("href")) for t, a in shown.tags]


def test_an_empty_list_tells_how_to_start(client):
    assert "comport audit call.wav --rubric voice-en" in page(client, "/interactions").text


@pytest.mark.parametrize(
    ("words", "found"),
    [("sarah", True), ("A CALL", True), ('"your fault"', True), ("nobody", False), ("%", False)],
)
def test_the_search_looks_in_facts_and_words(client, call, words, found):
    answer = client.get("/interactions", query_string={"search": words})
    assert (call.id in answer.text) is found
    assert found or "Nothing fits" in answer.text


def test_what_is_asked_for_stays_in_the_form(client, call):
    asked = {"verdict": "missed", "standard": "blame", "to": "90,5", "channel": "call", "waiting": "1"}
    html = client.get("/interactions", query_string=asked).text
    for part in (
        '<option value="missed" selected>',
        'name="standard" value="blame"',
        'name="to" value="90.5"',
        '<option value="call" selected>',
        'value="1" checked',
    ):
        assert part in html


def test_long_lists_have_pages(client, store, tmp_path):
    rubric = build.rubric(tmp_path, STANDARDS)
    for n in range(53):
        path = tmp_path / f"call-{n:02}.vtt"
        path.write_text(VTT.replace("contract", f"contract {n}"))
        audit_file(path, [rubric], store)
    rows = re.compile('class="row" href="([^"]+)"')
    first = client.get("/interactions?search=contract")
    older = unescape(re.search('rel="next" href="([^"]+)"', first.text)[1])
    second = client.get(older)
    newer = unescape(re.search('rel="prev" href="([^"]+)"', second.text)[1])
    shown = [rows.findall(answer.text) for answer in (first, second, client.get(newer))]
    assert [len(part) for part in shown] == [50, 3, 50]
    assert shown[2] == shown[0]
    assert len({*shown[0], *shown[1]}) == 53
    assert "search=contract" in older and "search=contract" in newer
    assert 'rel="prev"' not in first.text
    assert 'rel="next"' not in second.text


# One interaction


def test_an_interaction_shows_verdict_reason_evidence_and_standard(client, call):
    shown = page(client, f"/interactions/{call.id}")
    assert "Blames nobody Missed 'blame' at 0:10" in shown.text
    assert "0:10 Agent that is your fault" in shown.text
    assert "Why Callers decide in the first seconds." in shown.text
    assert "Source Manual 4.2" in shown.text
    assert "searched 0:00–0:14" in shown.text
    assert "Heard by a weak substitute." in shown.text


def test_an_interaction_shows_what_overlays_did_coaching_bonus_and_what_awaits_a_person(
    client, store, tmp_path
):
    standards = STANDARDS.replace("weight: 2, avoid", "critical: form, avoid")
    standards = standards.replace("weight: 3\n", "bonus: 5\n").replace("say: thanks-for-holding", "do: smile")
    call = keep_call(store, tmp_path, stereo(tmp_path), standards=standards)
    path = tmp_path / "house.yaml"
    path.write_text(path.read_text() + "overlays: [law/eu, sector/bank]\n")
    rubric = load_rubric(path)
    store.keep_rubric(rubric)
    store.keep_scorecard(make_scorecard(call, store.observations(call), rubric))
    shown = page(client, f"/interactions/{call.id}").text
    assert "What overlays did" in shown
    assert "sector/bank adds the standard 'Never asks for a code'" in shown
    assert "law/eu “Thanks for holding” is shown for coaching and never scored" in shown
    assert "shown for coaching, not scored (law/eu)" in shown
    assert "bonus 5 × 1.00 = 5.00" in shown
    assert "awaits confirmation by a person: “Blames nobody”; if confirmed, the score is 0.0" in shown


def test_chips_seek_a_second_before_their_evidence(client, call):
    chips = [a for t, a in page(client, f"/interactions/{call.id}").tags if "data-moment" in a]
    blame = next(a for a in chips if a["data-verdict"] == "missed" and "searched" not in a["class"])
    # "well that is your fault": the second word, 0.4 s after the utterance's start
    assert (float(blame["data-moment"]), float(blame["data-seek"])) == (10.4, 9.4)
    assert blame["href"] == f"/interactions/{call.id}/media#t=9.4"
    assert all(float(a["data-seek"]) >= 0 for a in chips)


def test_the_sum_can_be_checked_by_hand(client, call):
    shown = page(client, f"/interactions/{call.id}").text
    assert "3 × 1.00 = 3.00" in shown
    assert "2 × 0.00 = 0.00" in shown
    assert "100 × 4.00 / 7 = 57.1" in shown
    assert "(1 × 57.1) / 1 = 57.1" in shown
    assert "Gives the right answer Cannot tell 1 – –" in shown


def test_the_sum_names_critical_standards_by_their_titles(client, store, call, tmp_path):
    path = tmp_path / "critical.yaml"
    path.write_text(
        build.rubric_text("- {id: no-blame, title: Blames nobody, avoid: blame, critical: form}").replace(
            "rubric: house", "rubric: critical"
        )
    )
    rubric = load_rubric(path)
    store.keep_rubric(rubric)
    store.keep_scorecard(make_scorecard(call, store.observations(call), rubric))
    shown = page(client, f"/interactions/{call.id}?rubric=critical").text
    assert "0, because “Blames nobody” (critical for the form) was missed" in shown
    assert "0, because “Blames nobody” (critical) was missed" in shown
    assert "no-blame" not in shown


@pytest.mark.parametrize(
    "damage", [Path.unlink, lambda path: path.write_text("{"), lambda path: path.write_bytes(b"\xff")]
)
def test_without_its_observations_an_interaction_still_shows_facts_and_scorecard_and_plays_nothing(
    client, store, call, damage
):
    for path in store.observations_folder.rglob("*.json"):
        damage(path)
    shown = page(client, f"/interactions/{call.id}")
    assert "The transcript cannot be shown" in shown.text
    assert "Length 0:14" in shown.text
    assert "Blames nobody Missed" in shown.text
    assert "100 × 4.00 / 7 = 57.1" in shown.text
    assert "nobody knows where card data is said" in shown.text
    assert "audio" not in [t for t, _ in shown.tags]
    assert client.get(f"/interactions/{call.id}/media").status_code == 404
    assert str(store.home) not in shown.text


def test_words_of_low_probability_are_marked(client, store, tmp_path):
    clear = keep_call(store, tmp_path, stereo(tmp_path, "clear.wav"), "clear", 0.9)
    weak = keep_call(store, tmp_path, stereo(tmp_path, "weak.wav", 15.0), "weak", 0.4)
    for one, marked in ((clear, False), (weak, True)):
        words = [
            a["class"]
            for t, a in page(client, f"/interactions/{one.id}").tags
            if t == "span" and "data-start" in a
        ]
        assert words
        assert {("weak" in w) for w in words} == {marked}


def test_what_was_said_or_named_never_becomes_markup(client, store, tmp_path):
    one = keep_call(store, tmp_path, stereo(tmp_path), "<img src=x onerror=alert(1)>")
    for path in (
        "/interactions",
        f"/interactions/{one.id}",
        "/interactions?search=<script>alert(1)</script>",
    ):
        shown = page(client, path)
        assert "alert(1)" in shown.text
        assert not [t for t, a in shown.tags if t == "img" or (t == "script" and "src" not in a)]


def test_a_written_chat_has_clock_times_and_no_player(client, store, tmp_path):
    path = tmp_path / "chat.jsonl"
    path.write_text("\n".join(json.dumps(m) for m in CHAT))
    rubric = tmp_path / "chat.yaml"
    rubric.write_text(build.rubric_text(STANDARDS).replace("[call]", "[chat]"))
    one = audit_file(path, [load_rubric(rubric)], store).interaction
    shown = page(client, f"/interactions/{one.id}")
    assert "Customer 09:16:30 1:30 سلام, where is my parcel?" in shown.text
    assert "clock times in UTC" in shown.text
    assert "2026-03-02 09:15 UTC" in shown.text
    assert "2026-03-02 09:15 UTC" in page(client, "/interactions").text
    assert not [t for t, _ in shown.tags if t in ("audio", "video")]
    assert client.get(f"/interactions/{one.id}/media").status_code == 404
    assert client.get(f"/interactions/{one.id}/peaks.json").status_code == 404


def test_a_transcript_without_sound_has_no_player_and_chips_lead_into_it(client, store, tmp_path):
    path = tmp_path / "call.vtt"
    path.write_text(VTT)
    one = audit_file(path, [build.rubric(tmp_path, STANDARDS)], store).interaction
    shown = page(client, f"/interactions/{one.id}")
    assert not [t for t, _ in shown.tags if t == "audio"]
    assert "#transcript" in [a.get("href") for t, a in shown.tags if "data-moment" in a]


def test_each_rubric_has_its_own_scorecard_newest_first(client, store, call, tmp_path):
    second = tmp_path / "second.yaml"
    text = build.rubric_text("- {id: hold, title: Speaks of holding, say: hold}")
    second.write_text(
        text.replace("rubric: house", "rubric: other").replace("House standards", "Other standards")
    )
    rubric = load_rubric(second)
    store.keep_rubric(rubric)
    store.keep_scorecard(make_scorecard(call, store.observations(call), rubric))
    newest = page(client, f"/interactions/{call.id}")
    assert "Speaks of holding" in newest.text
    assert "Greets the caller" not in newest.text
    assert "Greets the caller" in page(client, f"/interactions/{call.id}?rubric=house").text
    assert client.get(f"/interactions/{call.id}?rubric=third").status_code == 404


def test_an_interaction_is_not_found_by_a_part_of_its_id_or_by_its_title(client, call):
    assert client.get(f"/interactions/{call.id[:20]}").status_code == 404
    assert client.get("/interactions/a call").status_code == 404


# Media


def test_media_come_whole_or_in_ranges(client, call):
    content = Path(call.path).read_bytes()
    whole = client.get(f"/interactions/{call.id}/media")
    assert (whole.status_code, whole.mimetype, whole.data) == (200, "audio/wav", content)
    part = client.get(f"/interactions/{call.id}/media", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.data) == (206, content[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(content)}"
    beyond = client.get(f"/interactions/{call.id}/media", headers={"Range": f"bytes={len(content)}-"})
    assert beyond.status_code == 416


def test_a_missing_recording_is_said_on_the_page(client, call):
    Path(call.path).unlink()
    shown = page(client, f"/interactions/{call.id}")
    assert "call.wav is no longer where it was audited" in shown.text
    assert "audio" not in [t for t, _ in shown.tags]
    assert client.get(f"/interactions/{call.id}/media").status_code == 404


@pytest.mark.parametrize(
    "place", ["/proc/self/mem", f"/{'n' * 300}/call.wav", "/proc/self/mem/call.wav", "/proc"]
)
def test_a_recording_that_cannot_be_read_costs_the_player_alone(client, store, call, place):
    store.keep(msgspec.structs.replace(call, path=place), store.observations(call), ())
    shown = page(client, f"/interactions/{call.id}")
    name = Path(place).name
    assert f"The recording {name} " in shown.text
    assert "audio" not in [t for t, _ in shown.tags]
    assert "fault" in shown.text
    assert "Blames nobody Missed" in shown.text
    assert client.get(f"/interactions/{call.id}/media").status_code == 404


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_entered_costs_the_player_alone(client, store, tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir()
    one = keep_call(store, tmp_path, stereo(folder))
    folder.chmod(0)
    shown = page(client, f"/interactions/{one.id}")
    folder.chmod(0o700)
    assert "call.wav cannot be read (Permission denied)" in shown.text
    assert "Blames nobody Missed" in shown.text


def test_a_recording_that_was_changed_is_not_played_as_the_audited_one(client, call, tmp_path):
    stereo(tmp_path, "call.wav", 20.0)
    shown = page(client, f"/interactions/{call.id}").text
    assert "was changed after it was audited" in shown
    assert "Blames nobody Missed" in shown
    assert client.get(f"/interactions/{call.id}/media").status_code == 404
    assert client.get(f"/interactions/{call.id}/peaks.json").status_code == 422


@pytest.mark.parametrize(
    ("name", "codec", "layout", "rate_hz", "mime"),
    [
        ("call.wav", "pcm_s16le", "stereo", 8000, "audio/wav"),
        ("call.opus", "libopus", "stereo", 48000, "audio/ogg"),
        ("call.flac", "flac", "mono", 16000, "audio/flac"),
        ("call.mp3", "libmp3lame", "mono", 44100, "audio/mpeg"),
        ("call.m4a", "aac", "stereo", 44100, "audio/mp4"),
        ("mulaw.wav", "pcm_mulaw", "stereo", 8000, None),
        ("call.avi", "pcm_s16le", "stereo", 8000, None),
    ],
)
def test_of_what_a_browser_cannot_play_a_copy_is_played_and_the_page_says_so(
    client, store, tmp_path, name, codec, layout, rate_hz, mime
):
    tone = build.tone(14.0, rate_hz)
    sound = [tone, tone] if layout == "stereo" else [tone]
    path = build.encode(tmp_path / name, sound, codec, rate_hz, layout)
    one = keep_call(store, tmp_path, path)
    shown = page(client, f"/interactions/{one.id}")
    assert "audio" in [t for t, _ in shown.tags]
    assert ("Browsers cannot play" in shown.text) is (mime is None)
    assert "mp3float" not in shown.text
    assert ("mp3, mono" in shown.text) is (name == "call.mp3")
    got = played(client, f"/interactions/{one.id}/media")
    assert playback_of(path, probe(path), ()).mime == (mime or "audio/flac") == got.mimetype
    assert (got.data == path.read_bytes()) is (mime is not None)
    if not mime:
        (tmp_path / "got.flac").write_bytes(got.data)
        copy, whole = decode(tmp_path / "got.flac").sound.read(0.0, 14.0), decode(path).sound.read(0.0, 14.0)
        assert np.abs(copy - whole).max() < 1e-4
        assert client.get(f"/interactions/{one.id}/media").data == got.data
    assert client.get(f"/interactions/{one.id}/peaks.json").status_code == 200


@pytest.mark.parametrize(
    ("name", "codec"), [("call.wav", "pcm_s16le"), ("call.wav", "pcm_mulaw"), ("call.m4a", "aac")]
)
def test_where_card_data_is_said_the_player_gets_a_copy_that_is_silent_there(
    client, store, tmp_path, name, codec
):
    path = build.encode(tmp_path / name, np.stack([build.tone(14.0, 8000)] * 2), codec, 8000)
    spoken = [*LINES, ("channel-1", 4.0, "it is 4242 4242 4242 4242")]
    one = keep_call(store, tmp_path, path, lines=spoken)
    shown = page(client, f"/interactions/{one.id}")
    assert "Card data or a secret is said at 0:04: nothing is heard there." in shown.text
    assert "4242" not in shown.text
    assert "audio" in [t for t, _ in shown.tags]
    got = played(client, f"/interactions/{one.id}/media")
    assert (got.status_code, got.mimetype) == (200, "audio/flac")
    assert got.data != path.read_bytes()
    (tmp_path / "got.flac").write_bytes(got.data)
    heard = decode(tmp_path / "got.flac").sound
    assert not heard.read(4.8, 6.4).any()
    assert np.abs(heard.read(7.0, 8.0)).max() > 0.2
    part = client.get(f"/interactions/{one.id}/media", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.data) == (206, got.data[100:200])


def test_the_waveform_has_a_row_for_each_channel_and_is_made_once(client, store, tmp_path):
    quiet = build.tone(14.0) * 0
    one = keep_call(store, tmp_path, build.write_wav(tmp_path / "call.wav", build.tone(14.0), quiet))
    first = client.get(f"/interactions/{one.id}/peaks.json")
    left, right = first.json["peaks"]
    assert len(left) == len(right) == 14 * first.json["per_s"]
    assert first.json["duration_s"] == 14.0
    assert all(abs(value - 38) <= 2 for value in left[5:-5])  # 0.3 of 127
    assert set(right) <= {0, 1}
    # From the cache: the file itself is no longer needed.
    Path(one.path).unlink()
    assert client.get(f"/interactions/{one.id}/peaks.json").data == first.data


def test_a_damaged_waveform_is_an_error_for_scripts_in_json(client, call):
    Path(call.path).unlink()
    answer = client.get(f"/interactions/{call.id}/peaks.json", headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert "call.wav" in answer.json["error"]


# People in videos


CLIP = Path(__file__).parent / "video" / "two-people.mp4"

SEEN = """
- {id: arms, title: Keeps the arms open, avoid: {event: arms_crossed}}
- {id: near, title: Keeps a distance, keep: {measure: distance, at_least: 0.5 m}}
- {id: neat, title: Is neat, ask: Is it?, show: person}
- {id: pace, title: Speaks calmly, keep: {measure: words_per_minute, at_most: 160 wpm}}
"""


def standing(number, left_px, n=10):
    """Somebody who stands in a box of 100 by 300 pixels from `left_px` on, seen for 2 s."""
    pose = np.zeros((n, 33, 3))
    pose[..., 2] = 1.0
    pose[..., :2] = (left_px + 50, 150)
    for joint, x, y in (
        (11, 80, 90),
        (12, 20, 90),
        (23, 70, 190),
        (24, 30, 190),
        (25, 70, 250),
        (26, 30, 250),
    ):
        pose[:, joint, :2] = (left_px + x, y)
    return build.track(
        n,
        f"person-{number}",
        boxes_px=np.tile([left_px, 10.0, left_px + 100, 310], (n, 1)),
        pose_px=pose,
        face_px=np.tile([left_px + 35.0, 20, left_px + 65, 60], (n, 1)),
        position_m=np.tile([number * 1.2, 0.0, 4.0], (n, 1)),
        position_sd_m=np.full((n, 2), 0.02),
    )


def keep_video(store, folder, path=CLIP, title="a video", watched=True, zones=()):
    """Keeps a video with two people as somebody would have seen them, judged; gives the interaction."""
    rubric = build.rubric(folder, SEEN)
    camera = msgspec.structs.replace(assumed_camera((640, 360)), zones=zones)
    people = build.people([standing(0, 100), standing(1, 400)], camera=camera)
    provenance = Provenance("people", "mediapipe", "1", "", ())
    answers = (Observed(probe(path).id, provenance, people=people),) if watched else ()
    observed = gather(probe(path), answers, () if watched else (("people", "weights missing"),))
    roles = (("person-0", Role.AGENT), ("person-1", Role.CUSTOMER))
    one = Interaction(
        observed.recording.id, Channel.VIDEO, title, str(path), observed.recording.id, roles=roles
    )
    store.keep(one, observed, answers)
    store.keep_rubric(rubric)
    store.keep_scorecard(make_scorecard(one, observed, rubric))
    return one


@pytest.fixture
def video(store, tmp_path):
    return keep_video(store, tmp_path)


def test_a_player_gets_the_people_with_their_roles_and_distance(client, video):
    answer = client.get(f"/interactions/{video.id}/people.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert [t["role"] for t in answer.json["tracks"]] == ["agent", "customer"]
    assert answer.json["pairs"][0]["metres"] == [1.2] * 10
    assert answer.json["zones"] == []
    assert 'data-overlay="faces"' in client.get(f"/interactions/{video.id}").text
    assert 'data-overlay="zones"' not in client.get(f"/interactions/{video.id}").text


def test_a_player_gets_the_zones_that_the_camera_had(client, store, tmp_path):
    corners = ((5.0, 200.4), (90.0, 200.0), (90.0, 350.0))
    one = keep_video(store, tmp_path, zones=(Zone("counter", corners),))
    told = client.get(f"/interactions/{one.id}/people.json").json
    assert told["zones"] == [{"name": "counter", "corners": [[5, 200], [90, 200], [90, 350]]}]
    assert 'data-overlay="zones"' in client.get(f"/interactions/{one.id}").text


def test_a_finding_shows_its_picture(client, video):
    shown = page(client, f"/interactions/{video.id}")
    addresses = [a["src"] for tag, a in shown.tags if tag == "img" and "/frames/" in a["src"]]
    assert [re.search(r"frames/(\w+)\.jpg", a)[1] for a in addresses] == ["near", "neat", "neat"]
    for address in addresses:
        answer = client.get(address)
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
        assert answer.data[:2] == b"\xff\xd8"
        assert "private" in answer.headers["Cache-Control"]
        again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
    assert len({client.get(a).data for a in addresses}) == 3


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("frames/near.jpg", 200),
        ("frames/near.jpg?rubric=house", 200),
        ("frames/near.jpg?rubric=other", 404),
        ("frames/near.jpg?moment=7", 404),
        ("frames/near.jpg?moment=-1", 200),
        ("frames/arms.jpg", 404),  # it did not happen
        ("frames/pace.jpg", 404),
        ("frames/none.jpg", 404),
    ],
)
def test_there_is_a_picture_of_what_was_seen_alone(client, video, what, code):
    assert client.get(f"/interactions/{video.id}/{what}").status_code == code


@pytest.mark.parametrize("what", ["people.json", "frames/greets.jpg"])
def test_of_sound_there_are_no_people_and_no_pictures(client, call, what):
    assert client.get(f"/interactions/{call.id}/{what}").status_code == 404
    assert client.get(f"/interactions/{'0' * 64}/{what}").status_code == 404


def test_nobody_is_shown_where_nobody_looked(client, store, tmp_path):
    one = keep_video(store, tmp_path, watched=False)
    assert client.get(f"/interactions/{one.id}/people.json").status_code == 404
    assert client.get(f"/interactions/{one.id}/frames/near.jpg").status_code == 404
    assert "<canvas" not in client.get(f"/interactions/{one.id}").text


def test_a_video_that_was_changed_gives_no_picture(client, store, tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(CLIP.read_bytes())
    one = keep_video(store, tmp_path, path)
    assert client.get(f"/interactions/{one.id}/frames/near.jpg").status_code == 200
    path.write_bytes(CLIP.read_bytes() + b"more")
    assert client.get(f"/interactions/{one.id}/frames/near.jpg").status_code == 404
    shown = page(client, f"/interactions/{one.id}")
    assert [a for tag, a in shown.tags if tag == "img"] == []


def test_a_video_without_sound_can_be_played(client, video):
    shown = page(client, f"/interactions/{video.id}")
    assert ("video", f"/interactions/{video.id}/media") in [(t, a.get("src")) for t, a in shown.tags]
    assert "h264, no sound, 640 × 360" in shown.text
    assert client.get(f"/interactions/{video.id}/media").mimetype == "video/mp4"
    assert client.get(f"/interactions/{video.id}/peaks.json").status_code == 404


def test_of_a_video_that_browsers_cannot_play_a_copy_is_played(client, store, tmp_path):
    path = tmp_path / "seen.mkv"
    path.write_bytes(CLIP.read_bytes())
    one = keep_video(store, tmp_path, path)
    assert "Browsers cannot play this recording (mkv, h264)" in page(client, f"/interactions/{one.id}").text
    got = played(client, f"/interactions/{one.id}/media")
    assert (got.status_code, got.mimetype) == (200, "video/mp4")
    (tmp_path / "got.mp4").write_bytes(got.data)
    before, after = probe(path), probe(tmp_path / "got.mp4")
    assert (after.codec, after.size_px) == ("h264", before.size_px)
    assert abs(after.duration_s - before.duration_s) < 0.1
