"""What happened is told once it is stored, signed, again until it is taken, and never inside of the house unasked."""

import base64
import hashlib
import hmac
import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from audit import tables as t
from audit.cli import cli
from audit.outbox import PAUSES_S
from audit.reviews import Verdict, keep_review
from audit.sealed import of_webhook, seal_secrets
from audit.sealing import KeyGone, unseal
from audit.store import NotStored, open_store
from audit.webhooks import (
    BadAddress,
    add_webhook,
    addresses,
    deliver,
    remove_webhook,
    signature,
    webhooks,
)
from tests import build
from tests.test_store import keep

NOW = datetime.now(UTC) + timedelta(hours=1)
"""Later than anything that a test does."""


@pytest.fixture
def store(tmp_path, database):
    one = open_store(tmp_path / "home", database)
    yield one
    one.engine.dispose()


@pytest.fixture
def receiver():
    """A real HTTP server: `got` has (path, headers, body) of what came, `answers` what it says, then 204."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.got.append((self.path, self.headers, body))
            status = server.answers.pop(0) if server.answers else 204
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.answers = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/hook?a=1"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def bodies(receiver):
    return [json.loads(body) for _, _, body in receiver.got]


def state(store):
    row = t.webhook_message.c
    with store.reading() as connection:
        found = connection.execute(select(row.state, row.tries, row.reason, row.next_at).order_by(row.id))
        return found.all()


def test_what_happened_is_told_signed_and_without_names(store, receiver, tmp_path):
    _, secret = add_webhook(store, receiver.url, ["scorecard", "review"], private=True)
    one, _, _, card, _ = keep(store, tmp_path, agent="Sara", customer="Laura Brown")
    keep_review(store, card, "a", Verdict.MISSED, "ana", "Laura said no")
    assert deliver(store, NOW).delivered == 2
    (path, headers, body), _ = receiver.got
    assert path == "/hook?a=1" and headers["Host"] == f"127.0.0.1:{receiver.server_port}"
    assert [b["type"] for b in bodies(receiver)] == ["scorecard", "review"]
    assert bodies(receiver)[0]["data"] == {
        "interaction": one.id, "rubric": "house", "rubric_version": 1, "score": card.score.score,
        "assessed_share": 1.0, "critical_misses": [], "cannot_tell": 0,
    }  # fmt: skip
    assert bodies(receiver)[1]["data"] == {
        "interaction": one.id, "rubric": "house", "rubric_version": 1, "score": 0.0, "standard": "a",
        "verdict": "missed", "machine": "met", "reviewer": "ana",
    }  # fmt: skip
    assert "Laura" not in str(receiver.got) and "Sara" not in str(receiver.got)
    # As a receiver checks it by the standard.
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 30
    # Nothing is told twice, and what is judged the same again is nothing new.
    store.keep_scorecard(card)
    assert deliver(store, NOW + timedelta(days=1)).delivered == 0


def kept(store):
    with store.reading() as connection:
        return connection.execute(select(t.webhook.c.secret).order_by(t.webhook.c.id)).scalars().all()


def test_secrets_are_sealed_each_for_its_address(store, receiver, tmp_path):
    _, secret = add_webhook(store, receiver.url, ["scorecard"], private=True)
    add_webhook(store, f"{receiver.url}&b=2", ["scorecard"], private=True)
    first, second = kept(store)
    assert first.startswith("sealed1:") and secret not in first
    with store.writing() as connection:
        connection.execute(update(t.webhook).values(secret=first))
    keep(store, tmp_path)
    assert deliver(store, NOW).delivered == 1
    assert [path for path, _, _ in receiver.got] == ["/hook?a=1"]
    assert [one.reason for one in webhooks(store)] == [
        "",
        "its secret does not open with seal.key of the home",
    ]
    with store.writing() as connection:
        connection.execute(update(t.webhook).where(t.webhook.c.id == 2).values(secret=second))
    assert deliver(store, NOW + timedelta(days=1)).delivered == 1


def test_without_the_key_nothing_is_sealed_anew_and_what_waits_is_sent_once_it_is_back(
    store, receiver, tmp_path
):
    add_webhook(store, receiver.url, ["scorecard"], private=True)
    key = store.home / "seal.key"
    away = key.rename(key.with_name("away"))
    with pytest.raises(KeyGone, match=r"webhook remove NUMBER"):
        add_webhook(store, f"{receiver.url}&b=2", ["scorecard"], private=True)
    keep(store, tmp_path)
    assert (deliver(store, NOW).delivered, receiver.got, key.exists()) == (0, [], False)
    assert [one.state for one in state(store)] == ["waiting"]
    away.rename(key)
    assert deliver(store, NOW + timedelta(days=1)).delivered == 1


def test_what_an_earlier_version_stored_is_used_and_sealed_by_the_upgrade(store, receiver, tmp_path):
    _, secret = add_webhook(store, receiver.url, ["scorecard"], private=True)
    with store.writing() as connection:
        connection.execute(update(t.webhook).values(secret=secret))
    keep(store, tmp_path)
    assert deliver(store, NOW).delivered == 1
    for _ in range(2):
        seal_secrets(store)
        [sealed] = kept(store)
        assert (
            sealed.startswith("sealed1:") and unseal(store.home, sealed, of_webhook(receiver.url)) == secret
        )


def test_the_signature_is_the_one_of_the_standard():
    # The example of the specification of Standard Webhooks.
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", '{"test": 2432232314}'
    told = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert told == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_only_what_is_wanted_is_told(store, receiver, tmp_path):
    add_webhook(store, receiver.url, ["critical_miss"], private=True)
    keep(store, tmp_path)
    assert state(store) == []
    rubric = build.rubric(tmp_path, "- {id: b, title: B, say: thanks-for-holding, critical: section}")
    _critical(store, tmp_path, rubric)
    assert deliver(store, NOW).delivered == 1
    assert bodies(receiver)[0]["type"] == "critical_miss"
    assert bodies(receiver)[0]["data"]["critical_misses"] == ["b"]


def _critical(store, tmp_path, rubric):
    from audit.scorecard import make_scorecard

    one = store.interaction(build.IDENTITY)
    store.keep_rubric(rubric)
    assert store.keep_scorecard(make_scorecard(one, store.observations(one), rubric))


def test_what_was_not_stored_is_not_told(store, receiver, tmp_path):
    add_webhook(store, receiver.url, ["scorecard"], private=True)

    def fail():
        with store.writing():
            keep(store, tmp_path)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert state(store) == []


def test_what_fails_is_tried_again_later_and_later_until_it_is_dead(store, receiver, tmp_path):
    add_webhook(store, receiver.url, ["scorecard"], private=True)
    keep(store, tmp_path)
    now = NOW
    for tries, pause_s in enumerate((*PAUSES_S, None), start=1):
        receiver.answers.append((500, 404, 302)[tries % 3])
        done = deliver(store, now)
        assert len(receiver.got) == tries
        if pause_s is None:
            assert (done.failed, done.dead) == (0, 1)
            break
        assert (done.failed, done.dead) == (1, 0)
        assert deliver(store, now + timedelta(seconds=pause_s - 1)) == type(done)(0, 0, 0)
        now += timedelta(seconds=pause_s)
    # The same id every time, by which a receiver knows it; a redirection is followed nowhere.
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 1
    assert {path for path, _, _ in receiver.got} == {"/hook?a=1"}
    assert [row.state for row in state(store)] == ["dead"]
    assert webhooks(store)[0].dead == 1
    assert deliver(store, now + timedelta(days=99)) == type(done)(0, 0, 0)


def test_after_a_failure_the_next_try_may_succeed_and_whoever_is_gone_is_left_alone(
    store, receiver, tmp_path
):
    add_webhook(store, receiver.url, ["scorecard"], private=True)
    keep(store, tmp_path)
    receiver.answers += [503]
    assert deliver(store, NOW).failed == 1
    assert "answered 503" in webhooks(store)[0].reason
    assert deliver(store, NOW + timedelta(seconds=6)).delivered == 1
    with store.writing() as connection:
        connection.execute(update(t.webhook_message).values(state="waiting", tries=0))
    receiver.answers += [410]
    assert deliver(store, NOW + timedelta(hours=1)).dead == 1


def test_a_server_that_is_away_is_told(store, receiver, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    add_webhook(store, f"http://127.0.0.1:{port}/", ["scorecard"], private=True)
    keep(store, tmp_path)
    assert deliver(store, NOW).failed == 1
    assert webhooks(store)[0].reason.startswith("no answer (")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://example.org/", "no plain http"),
        ("file:///etc/passwd", "no plain http"),
        ("javascript:alert(1)", "no plain http"),
        ("https://", "no plain http"),
        ("https://ana:word@93.184.215.14/", "no plain http"),
        ("https://93.184.215.14:99999/", "is no address"),
        ("http://127.0.0.1/", "lies inside of the house"),
        ("http://127.1/", "lies inside of the house"),
        ("http://0.0.0.0/", "lies inside of the house"),
        ("http://10.1.2.3/", "lies inside of the house"),
        ("http://192.168.1.1/", "lies inside of the house"),
        ("http://169.254.169.254/latest/meta-data", "lies inside of the house"),
        ("http://[::1]/", "lies inside of the house"),
        ("http://[::ffff:127.0.0.1]/", "lies inside of the house"),
        ("http://[fd00::1]/", "lies inside of the house"),
        ("http://localhost/", "lies inside of the house"),
        ("http://2130706433/", "lies inside of the house"),
        ("http://no-such-host.invalid/", "is not known"),
    ],
)
def test_nothing_is_sent_where_nobody_should_make_us_knock(tmp_path, url, problem):
    with pytest.raises(BadAddress, match=problem):
        addresses(url, private=False)


def test_a_name_that_later_points_inside_is_refused_when_it_is_sent(store, receiver, tmp_path):
    add_webhook(store, receiver.url, ["scorecard"], private=True)
    with store.writing() as connection:
        connection.execute(update(t.webhook).values(private=False))
    keep(store, tmp_path)
    assert deliver(store, NOW).failed == 1
    assert receiver.got == [] and "inside of the house" in webhooks(store)[0].reason
    assert addresses("https://93.184.215.14/x", private=False) == ("93.184.215.14",)


def test_a_webhook_is_removed_with_what_it_was_to_be_told(store, receiver, tmp_path):
    number, _ = add_webhook(store, receiver.url, ["scorecard"], private=True)
    keep(store, tmp_path)
    remove_webhook(store, number)
    assert (webhooks(store), state(store)) == ((), [])
    with pytest.raises(NotStored, match="no webhook"):
        remove_webhook(store, number)


def test_by_the_command_line(tmp_path, receiver):
    def run(*words):
        return CliRunner().invoke(cli, ["--home", str(tmp_path / "home"), "webhook", *words])

    assert isinstance(run("add", receiver.url, "--on", "review").exception, BadAddress)
    done = run("add", receiver.url, "--on", "review", "--on", "scorecard", "--allow-private")
    assert "whsec_" in done.output and "whsec_" not in run("list").output
    assert "review, scorecard 0 wait, 0 dead" in " ".join(run("list").output.split())
    keep(open_store(tmp_path / "home"), tmp_path)
    done = run("deliver", "--json")
    assert (done.exit_code, json.loads(done.output)["delivered"]) == (0, 1)
    assert "is removed" in run("remove", "1").output
