"""People are told by e-mail once it is stored, in their language, until the server takes it, with nothing of anybody."""

import base64
import datetime as dt
import json
import socketserver
import ssl
import threading
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import event, func, select, update

from audit import mailing
from audit import tables as t
from audit.assigning import assign, assigned
from audit.auditlog import entries
from audit.cli import cli
from audit.mailing import (
    HELD_S,
    MOST_LINKS,
    WORDS,
    BadMailServer,
    deliver_mails,
    load_mail_server,
    set_wishes,
    tell,
)
from audit.outbox import KEPT_DAYS, PAUSES_S
from audit.reviews import BadReview
from audit.scope import UserRole
from audit.searching import Wanted, find
from audit.store import open_store
from audit.transactions import ASKED_AT_ONCE
from audit.users import BadUser, add_user, remove_user, set_email, set_locked
from tests.test_releasing import send
from tests.test_web import PASSWORD, keep_call, log_in, stereo, token
from web import create_app

NOW = datetime.now(UTC) + timedelta(hours=1)
"""Later than anything that a test does."""

CRITICAL = """
- {id: greets, title: Greets, say: greeting}
- {id: no-blame, title: Blames nobody, avoid: blame, critical: form}
"""


@pytest.fixture
def store(tmp_path):
    found = open_store(tmp_path / "home")
    add_user(found, "ana", PASSWORD, UserRole.ADMIN, email="ana@northwind.example")
    add_user(found, "rita", PASSWORD, UserRole.REVIEWER, email="rita@northwind.example")
    add_user(found, "leo", PASSWORD, UserRole.LEAD, team="Milan desk", email="leo@northwind.example")
    add_user(found, "sarah", PASSWORD, UserRole.AGENT, employee="Sarah Lind", email="s@northwind.example")
    return found


@pytest.fixture
def call(store, tmp_path):
    return keep_call(store, tmp_path, stereo(tmp_path))


class Handler(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321, 3207, 4954) as a client that sends needs."""

    def say(self, line):
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self):
        server, secure, to = self.server, False, []
        self.say("220 mail.example ready")
        while line := self.rfile.readline().decode().strip():
            verb, _, rest = line.partition(" ")
            verb = verb.upper()
            server.said.append(line if verb != "AUTH" else "AUTH")
            refused = server.answers.pop(0) if verb == server.refuses and server.answers else ""
            if refused:
                self.say(refused)
            elif verb == "EHLO":
                self.say("250-mail.example")
                for more in () if secure or not server.context else ("STARTTLS",):
                    self.say(f"250-{more}")
                self.say("250-AUTH PLAIN")
                self.say("250 SMTPUTF8")
            elif verb == "STARTTLS":
                self.say("220 go on")
                self.connection = server.context.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
                secure = True
            elif verb == "AUTH":
                server.logins.append((secure, base64.b64decode(rest.split()[1]).decode()))
                self.say("235 welcome")
            elif verb == "RCPT":
                to.append(rest)
                self.say("250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                body = b""
                while (piece := self.rfile.readline()) != b".\r\n":
                    body += piece
                server.got.append((secure, to, message_from_bytes(body, policy=default)))
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


@pytest.fixture
def post(tmp_path):
    """A real mail server with TLS by an authority of its own, and the file about it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(dt.datetime.now(UTC) - timedelta(days=1))
    made = made.not_valid_after(dt.datetime.now(UTC) + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (tmp_path / "authority.pem").write_bytes(pem)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "server.pem").write_bytes(pem + secret)
    server = socketserver.ThreadingTCPServer(("localhost", 0), Handler)
    server.daemon_threads = True
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(tmp_path / "server.pem")
    server.got, server.said, server.logins, server.answers, server.refuses = [], [], [], [], ""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.path = write_settings(tmp_path, server.server_address[1])
    yield server
    server.shutdown()
    server.server_close()


def write_settings(folder, port, **more):
    (folder / "mail.secret").write_text("hush hush\n")
    settings = {
        "host": "localhost",
        "port": port,
        "user": "comport",
        "password_file": "mail.secret",
        "authority_file": "authority.pem",
        "sender": "comport@northwind.example",
        "dashboard": "https://comport.northwind.example/",
        **more,
    }
    path = folder / "comport-mail.yaml"
    path.write_text(json.dumps({name: value for name, value in settings.items() if value is not None}))
    return path


def sent(store, post, now=NOW):
    done = deliver_mails(store, load_mail_server(post.path), now)
    return done.delivered, done.failed, done.dead


def states(store):
    row = t.mail_message.c
    with store.reading() as connection:
        return [tuple(r) for r in connection.execute(select(row.state, row.reason).order_by(row.id))]


def test_a_critical_miss_is_mailed_to_who_asked_and_may_see_it(store, tmp_path, post):
    for name, events in {"ana": ["assigned"], "rita": ["critical_miss"], "leo": ["critical_miss"]}.items():
        set_wishes(store, name, events, "en")
    set_wishes(store, "sarah", ["critical_miss"], "en")
    call = keep_call(store, tmp_path, stereo(tmp_path), standards=CRITICAL)
    # The lead's team is another one; an agent is told of nothing.
    assert sent(store, post) == (1, 0, 0)
    [(secure, to, mail)] = post.got
    assert (secure, to) == (True, ["TO:<rita@northwind.example>"])
    assert post.logins == [(True, "\0comport\0hush hush")]
    assert mail["Subject"] == "Comport: critical misses in 1 interaction(s)"
    assert f"https://comport.northwind.example/interactions/{call.id}" in mail.get_content().splitlines()
    # Nothing of anybody leaves the house.
    whole = mail.as_string()
    assert not [w for w in ("Sarah", "fault", call.title, "call.wav", "Blames", "house") if w in whole]
    assert sent(store, post) == (0, 0, 0)


def test_the_same_scorecard_again_tells_nobody_again(store, tmp_path, post):
    set_wishes(store, "rita", ["critical_miss"], "en")
    for _ in range(2):
        keep_call(store, tmp_path, stereo(tmp_path), standards=CRITICAL)
    assert len(states(store)) == 1


@pytest.mark.parametrize("language", WORDS)
def test_it_speaks_the_language_of_its_reader(store, call, post, language):
    set_wishes(store, "rita", ["assigned"], language)
    assign(store, call.id, "rita", "ana")
    assert sent(store, post) == (1, 0, 0)
    mail = post.got[0][2]
    assert mail["Content-Language"] == language
    assert mail["Subject"] == WORDS[language]["assigned"].format(n=1)
    assert WORDS[language].keys() == WORDS["en"].keys()


@pytest.mark.parametrize(("most", "links", "more"), [(MOST_LINKS, 2, 0), (1, 1, 1)])
def test_a_nights_batch_is_one_mail(store, tmp_path, post, monkeypatch, most, links, more):
    monkeypatch.setattr(mailing, "MOST_LINKS", most)
    set_wishes(store, "rita", ["critical_miss"], "en")
    ids = [keep_call(store, tmp_path, stereo(tmp_path, f"{n}.wav", 14.0 + n)).id for n in range(2)]
    with store.writing() as connection:
        for _ in range(MOST_LINKS):
            tell(connection, "critical_miss", ids)
    assert sent(store, post) == (2 * MOST_LINKS, 0, 0)
    [(_, _, mail)] = post.got
    told = mail.get_content()
    rest = "and 1 more: https://comport.northwind.example/interactions?critical=1"
    assert (told.count("/interactions/"), told.count(rest)) == (links, more)


def test_a_server_that_is_down_loses_nothing(store, call, post, tmp_path):
    set_wishes(store, "rita", ["assigned"], "en")
    assign(store, call.id, "rita", "ana")
    away = write_settings(tmp_path, 1)
    post.path = away
    assert sent(store, post) == (0, 1, 0)
    assert states(store) == [("waiting", "no answer (ConnectionRefusedError)")]
    # Not again before its time.
    assert sent(store, post, NOW + timedelta(seconds=PAUSES_S[0] - 1)) == (0, 0, 0)
    post.path = write_settings(tmp_path, post.server_address[1])
    assert sent(store, post, NOW + timedelta(seconds=PAUSES_S[0])) == (1, 0, 0)
    assert len(post.got) == 1


def test_after_the_last_try_it_is_dead(store, call, post, tmp_path):
    set_wishes(store, "rita", ["assigned"], "en")
    assign(store, call.id, "rita", "ana")
    post.path = write_settings(tmp_path, 1)
    at, tried = NOW, []
    for pause_s in (*PAUSES_S, 0):
        tried.append(sent(store, post, at))
        at += timedelta(seconds=pause_s)
    assert tried == [(0, 1, 0)] * len(PAUSES_S) + [(0, 0, 1)]


@pytest.mark.parametrize(
    ("refuses", "answer", "state"),
    [
        ("RCPT", "450 busy", ("waiting", "the address was refused (450)")),
        ("RCPT", "550 nobody here", ("dead", "the address was refused (550)")),
        ("DATA", "451 later", ("waiting", "the server answered 451")),
        ("AUTH", "535 who are you", ("waiting", "the server answered 535")),
    ],
)
def test_what_a_server_refuses(store, call, post, refuses, answer, state):
    set_wishes(store, "rita", ["assigned"], "en")
    assign(store, call.id, "rita", "ana")
    post.refuses, post.answers = refuses, [answer]
    sent(store, post)
    assert (post.got, states(store)) == ([], [state])


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        ("(ana@x.de", "the address was refused (550)"),
        ("anna@[firm", "no mail can be made of it (AttributeError)"),
        ("x,y@corp", "the address was refused (550)"),
        ("ana@x.de\r\nBcc: all@x.de", "no mail can be made of it (ValueError)"),
    ],
)
def test_an_address_of_which_no_mail_can_be_made_stops_nobody_elses(store, call, post, stored, reason):
    with store.writing() as connection:
        connection.execute(update(t.user).where(t.user.c.name == "ana").values(email=stored))
        for name in ("ana", "rita"):
            connection.execute(update(t.user).where(t.user.c.name == name).values(notify='["assigned"]'))
        tell(connection, "assigned", [call.id])
    post.refuses, post.answers = "RCPT", 2 * ["550 nobody here"] if stored == "x,y@corp" else []
    at, dead = NOW, 0
    for pause_s in (*PAUSES_S, 0):
        dead += sent(store, post, at)[2]
        at += timedelta(seconds=pause_s)
    assert [to for _, to, _ in post.got if to == ["TO:<rita@northwind.example>"]]
    assert (dead, states(store)) == (1, [("dead", reason), ("delivered", "")])


@pytest.mark.parametrize(
    "email",
    [
        "(rita@x.de",
        "anna@[firm",
        "x,y@corp",
        '"a"@x.de',
        "a@x.de;b@x.de",
        "a@b@c",
        "a\x01@x.de",
        "a\u202eb@x.de",
    ],
)
def test_an_account_has_no_address_that_cannot_stand_in_a_mail(store, email):
    with pytest.raises(BadUser, match="is no e-mail address"):
        set_email(store, "rita", email)


def test_of_two_rounds_at_once_each_mail_is_sent_by_one(store, call, post, monkeypatch):
    for name in ("ana", "rita"):
        set_wishes(store, name, ["assigned"], "en")
    with store.writing() as connection:
        tell(connection, "assigned", [call.id])
    began, first = threading.Event(), mailing._send

    def slow(server, rows, at):
        if not began.is_set():
            began.set()
            # What the first round has not begun is sent by the second, what it is sending is not.
            assert sent(store, post, NOW + timedelta(seconds=HELD_S - 1)) == (1, 0, 0)
        return first(server, rows, at)

    monkeypatch.setattr(mailing, "_send", slow)
    assert sent(store, post) == (1, 0, 0)
    assert len({tuple(to) for _, to, _ in post.got}) == len(post.got) == 2


def test_many_rows_are_taken_by_sets_and_old_ones_dropped(store, call, post):
    set_wishes(store, "rita", ["assigned"], "en")
    with store.writing() as connection:
        for _ in range(ASKED_AT_ONCE + 1):
            tell(connection, "assigned", [call.id])
    changed = []

    def count(_connection, _cursor, statement, *_):
        changed.append(statement.startswith("UPDATE mail_message"))

    event.listen(store.engine, "after_cursor_execute", count)
    assert sent(store, post) == (ASKED_AT_ONCE + 1, 0, 0)
    assert (sum(changed), len(post.got)) == (4, 1)
    with store.writing() as connection:
        tell(connection, "assigned", [call.id])
        tell(connection, "assigned", [call.id])
        row = t.mail_message.c
        newest = select(func.max(row.id)).scalar_subquery()
        old = update(t.mail_message).where(row.id == newest)
        connection.execute(old.values(made_at=NOW - timedelta(days=KEPT_DAYS, seconds=1)))
    assert sent(store, post) == (1, 0, 0)


def test_nothing_is_said_in_the_clear_or_to_a_server_that_nobody_vouches_for(store, call, post, tmp_path):
    set_wishes(store, "rita", ["assigned"], "en")
    assign(store, call.id, "rita", "ana")
    post.path = write_settings(tmp_path, post.server_address[1], authority_file=None)
    assert sent(store, post) == (0, 1, 0)
    assert post.logins == post.got == [] and "SSLCertVerificationError" in states(store)[0][1]
    post.context = None  # it offers no STARTTLS any more
    post.path = write_settings(tmp_path, post.server_address[1])
    sent(store, post, NOW + timedelta(days=1))
    assert post.logins == post.got == [] and "SMTPNotSupportedError" in states(store)[0][1]


@pytest.mark.parametrize(
    "change",
    [
        lambda store: set_wishes(store, "rita", [], "en"),
        lambda store: set_locked(store, "rita", True),
        lambda store: set_email(store, "rita", ""),
    ],
    ids=["asked no more", "locked", "no address"],
)
def test_who_wants_nothing_any_more_gets_nothing(store, call, post, change):
    set_wishes(store, "rita", ["assigned"], "en")
    assign(store, call.id, "rita", "ana")
    change(store)
    assert sent(store, post) == (0, 0, 1)
    assert post.got == [] and states(store) == [("dead", "nobody wants it any more")]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"security": "none", "host": "mail.example"}, "security none to mail.example"),
        ({"security": "perhaps"}, "Invalid enum value 'perhaps'"),
        ({"password": "here"}, "holds a password"),
        ({"password_file": "no.such"}, "cannot be read"),
        ({"dashboard": "comport"}, "dashboard is no address"),
        ({"sender": None}, "missing required field `sender`"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path, more, says):
    with pytest.raises(BadMailServer, match=r"comport-mail\.yaml: ") as told:
        load_mail_server(write_settings(tmp_path, 25, **more))
    assert says in str(told.value)


def test_the_command_sends_and_its_status_says_how_it_went(store, call, post, tmp_path):
    set_wishes(store, "rita", ["assigned"], "en")
    assign(store, call.id, "rita", "ana")
    arguments = ["--home", str(store.home), "mail", "deliver", "--json", "--settings", str(post.path)]
    done = CliRunner().invoke(cli, arguments)
    assert (done.exit_code, json.loads(done.output)) == (0, {"delivered": 1, "failed": 0, "dead": 0})
    with store.writing() as connection:
        connection.execute(update(t.mail_message).values(state="waiting", next_at=datetime.now(UTC)))
    assert CliRunner().invoke(cli, [*arguments[:-1], str(write_settings(tmp_path, 1))]).exit_code == 1


# Who is to look at it


def test_an_interaction_is_given_to_a_person_and_found_by_them(store, call):
    app, browsers = create_app(store), {}
    for name in ("ana", "rita"):
        browsers[name] = app.test_client()
        log_in(browsers[name], name)
    page = f"/interactions/{call.id}"
    shown = browsers["ana"].get(page).text
    assert "<option>rita</option>" in shown and "<option>leo</option>" not in shown
    assert send(browsers["ana"], call, "assignment", to="rita").status_code == 303
    assert (assigned(store, call.id).to, assigned(store, call.id).by) == ("rita", "ana")
    assert "To be looked at by <bdi>rita</bdi>" in browsers["rita"].get(page).text
    assert call.title in browsers["rita"].get("/interactions?mine=1").text
    assert call.title not in browsers["ana"].get("/interactions?mine=1").text
    [row] = entries(store, action="assigned")
    assert (row.who, row.subject, row.detail) == ("ana", call.id, {"to": "rita"})
    send(browsers["ana"], call, "assignment", to="")
    assert assigned(store, call.id) is None
    assert find(store, Wanted(assigned="rita")).rows == ()


@pytest.mark.parametrize("to", ["leo", "sarah", "nobody"])
def test_it_is_given_to_nobody_who_cannot_look_at_it(store, call, to):
    with pytest.raises(BadReview, match="cannot look at it"):
        assign(store, call.id, to, "ana")
    assert assigned(store, call.id) is None


def test_who_takes_it_for_themselves_is_not_told(store, call, post):
    set_wishes(store, "rita", ["assigned"], "en")
    assign(store, call.id, "rita", "rita")
    assert states(store) == []


def test_an_account_that_goes_takes_its_work_and_mails_along(store, call):
    set_wishes(store, "rita", ["assigned"], "en")
    assign(store, call.id, "rita", "ana")
    remove_user(store, "rita")
    assert assigned(store, call.id) is None and states(store) == []


def test_each_chooses_on_the_own_page_of_what_and_in_which_language(store):
    browser = create_app(store).test_client()
    log_in(browser, "rita")
    browser.post("/language", data={"csrf_token": token(browser, "/account"), "language": "fa", "next": "/"})
    form = {"csrf_token": token(browser, "/account"), "event": ["assigned", "other"]}
    assert browser.post("/account/notify", data=form).status_code == 303
    with store.reading() as connection:
        row = connection.execute(select(t.user).where(t.user.c.name == "rita")).one()
    assert (row.notify, row.language) == ('["assigned"]', "fa")
    # Whoever is told otherwise stays logged in, and hears that it was kept.
    assert '<p class="notice" role="status">' not in browser.get("/account").text
    assert '<p class="notice" role="status">' in browser.get("/account?told=1").text
