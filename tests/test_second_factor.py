"""The second factor: codes of an app and recovery codes, at the login and in one's own account."""

import re
import stat
import time

import pyotp
import pytest
from sqlalchemy import select, update

from audit import second_factor as factor
from audit.auditlog import entries
from audit.scope import UserRole
from audit.sealed import seal_secrets
from audit.sealing import KeyGone, Unsealable
from audit.store import open_store
from audit.tables import user
from audit.users import add_user, set_locked
from tests.test_web import ELSEWHERE, PASSWORD, WRONG, log_in, token
from web import create_app

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class Clock:
    """The true time, so much ahead."""

    def __init__(self):
        self.ahead_s, self._true_s = 0.0, time.time

    @property
    def now_s(self):
        return self._true_s() + self.ahead_s

    def to_the_middle_of_a_step(self):
        self.ahead_s += 30 - self.now_s % 30 + 10


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """What `time.time` tells."""
    one = Clock()
    monkeypatch.setattr(time, "time", lambda: one.now_s)
    return one


@pytest.fixture
def store(tmp_path):
    found = open_store(tmp_path / "home")
    add_user(found, "ana", PASSWORD)
    return found


def code(clock, steps=0):
    return pyotp.TOTP(SECRET).at(int(clock.now_s) + 30 * steps)


@pytest.fixture
def codes(store, clock):
    """The recovery codes of ana, who has a second factor since an hour."""
    given = factor.turn_on(store, "ana", SECRET, code(clock))
    clock.ahead_s += 3600
    return given


@pytest.fixture
def app(store):
    return create_app(store)


def half(app, place=None):
    """A browser after the right password."""
    browser = app.test_client()
    answer = log_in(browser, place=place)
    assert answer.location == "/login/code"
    return browser


def give(browser, given, place=None):
    form = {"csrf_token": token(browser, "/login/code", place), "code": given}
    return browser.post("/login/code", data=form, environ_overrides=place)


@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_holds_for_its_time_and_one_step_around(store, codes, clock, steps, fits):
    clock.to_the_middle_of_a_step()
    assert factor.passes(store, "ana", code(clock, steps)) == fits


def test_a_code_and_those_before_it_are_taken_once(store, codes, clock):
    clock.to_the_middle_of_a_step()
    assert factor.passes(store, "ana", code(clock))
    assert not factor.passes(store, "ana", code(clock))
    assert not factor.passes(store, "ana", code(clock, -1))
    assert factor.passes(store, "ana", code(clock, 1))


def test_the_code_that_turned_it_on_does_not_log_in(store, clock):
    factor.turn_on(store, "ana", SECRET, code(clock))
    assert not factor.passes(store, "ana", code(clock))


def test_a_recovery_code_is_taken_once_however_it_is_typed(store, codes):
    assert len(set(codes)) == 10 and all(re.fullmatch(r"[a-z2-7]{6}(-[a-z2-7]{6}){3}", one) for one in codes)
    assert factor.passes(store, "ana", codes[0].upper().replace("-", " "))
    assert not factor.passes(store, "ana", codes[0])
    assert factor.passes(store, "ana", codes[9])
    assert [one.detail["left"] for one in entries(store, action="recovery code used")] == [8, 9]


def test_no_code_of_an_account_is_kept_as_it_is(store, codes):
    with store.reading() as connection:
        kept = str(connection.exec_driver_sql("SELECT * FROM user_account").all())
    assert not any(one in kept or one.replace("-", "") in kept for one in codes)


@pytest.mark.parametrize("wrong", ["", "000000", "x" * 60, "ana", "a-b-c"])
def test_a_wrong_code_passes_nobody(store, codes, wrong):
    assert not factor.passes(store, "ana", wrong)
    assert not factor.passes(store, "nobody", wrong)


def test_a_locked_account_passes_with_no_code(store, codes, clock):
    add_user(store, "eve", PASSWORD, UserRole.ADMIN)
    set_locked(store, "ana", True)
    assert not factor.passes(store, "ana", code(clock))


# At the login


def test_the_password_alone_opens_nothing(app, codes, clock):
    browser = half(app)
    assert browser.get("/").location == "/login"
    assert browser.get("/account").location.startswith("/login")
    answer = give(browser, code(clock))
    assert (answer.status_code, answer.location) == (302, "/")
    assert browser.get("/").status_code == 200


def test_a_code_without_the_password_is_asked_of_nobody(app, codes, clock):
    browser = app.test_client()
    assert browser.get("/login/code").location == "/login"
    form = {"csrf_token": token(browser), "code": code(clock)}
    assert browser.post("/login/code", data=form).location == "/login"
    log_in(browser, "ana", WRONG)
    assert browser.get("/login/code").location == "/login"


def test_the_password_is_remembered_for_five_minutes(app, codes, clock):
    browser = half(app)
    clock.ahead_s += 280
    assert browser.get("/login/code").status_code == 200
    clock.ahead_s += 20
    assert browser.get("/login/code").location == "/login"


def test_where_one_wanted_to_go_is_kept(app, codes, clock):
    browser = app.test_client()
    answer = log_in(browser, target="/?search=refund")
    form = {"csrf_token": token(browser, answer.location), "code": code(clock)}
    assert browser.post(answer.location, data=form).location == "/?search=refund"


def test_codes_cannot_be_tried_for_ever(app, store, codes, clock):
    browser = half(app)
    assert [give(browser, "000000").status_code for _ in range(6)] == [401] * 5 + [429]
    assert give(browser, code(clock)).status_code == 429
    assert give(half(app, ELSEWHERE), code(clock), ELSEWHERE).status_code == 302
    refused = entries(store, action="log in refused")
    assert [one.detail for one in refused] == [{"because": "code"}] * 5


def test_codes_cannot_be_tried_from_many_places_for_ever(app, codes, clock):
    answers = []
    for n in range(11):
        place = {"REMOTE_ADDR": f"198.51.100.{n}"}
        browser = half(app, place)
        answers += [give(browser, "000000", place).status_code for _ in range(5)]
    assert answers == [401] * 50 + [429] * 5


def test_a_session_from_before_the_login_is_not_the_one_after_it(app, codes, clock):
    browser = app.test_client()
    token(browser)
    before = browser.get_cookie("comport").value
    log_in(browser)
    waiting = browser.get_cookie("comport").value
    give(browser, code(clock))
    after = browser.get_cookie("comport").value
    assert len({before, waiting, after}) == 3
    for fixed in (before, waiting):
        other = app.test_client()
        other.set_cookie("comport", fixed)
        assert other.get("/").location == "/login"
    # What was planted before the login does not outlive it.
    planted = app.test_client()
    with planted.session_transaction() as session:
        session["id"], session["since_s"], session["planted"] = "known", clock.now_s, "x"
    log_in(planted)
    with planted.session_transaction() as session:
        assert (session.get("id"), "planted" in session) == (None, False)


# In one's own account


def set_up(browser):
    page = browser.get("/account/second-factor").text
    return re.search(r'<code class="secret" dir="ltr">([^<]+)</code>', page)[1].replace(" ", "")


def test_it_is_turned_on_by_reading_a_picture_and_typing_a_code(app, store, clock):
    browser, other = app.test_client(), app.test_client()
    log_in(browser)
    log_in(other)
    secret = set_up(browser)
    page = browser.get("/account/second-factor").text
    assert set_up(browser) == secret and "<svg" in page and "style=" not in page
    form = {"csrf_token": token(browser, "/account"), "code": "000000"}
    assert browser.post("/account/second-factor", data=form).status_code == 422
    form["code"] = pyotp.TOTP(secret).at(int(clock.now_s))
    before = browser.get_cookie("comport").value
    answer = browser.post("/account/second-factor", data=form)
    recovery = re.findall(r"<li><code>([a-z2-7-]+)</code>", answer.text)
    assert len(recovery) == 10 and answer.headers["Cache-Control"] == "no-store"
    # The session was renewed, and every other one is over.
    assert browser.get_cookie("comport").value != before
    assert other.get("/").location == "/login"
    assert log_in(other).location == "/login/code"
    assert give(other, recovery[3]).status_code == 302


def test_it_is_turned_off_with_a_code_alone(app, store, codes, clock):
    browser = half(app)
    give(browser, code(clock))
    form = {"csrf_token": token(browser, "/account"), "code": code(clock)}
    assert browser.post("/account/second-factor/off", data=form).status_code == 422
    clock.ahead_s += 60
    form["code"] = code(clock)
    assert browser.post("/account/second-factor/off", data=form).status_code == 303
    assert not factor.has_second_factor(store, "ana")
    assert log_in(app.test_client()).location == "/"


def test_a_role_that_needs_one_sets_it_up_before_anything_else(store, clock):
    app = create_app(store, second_factor_of=[UserRole.ADMIN])
    add_user(store, "ben", PASSWORD)
    admin, reviewer = app.test_client(), app.test_client()
    log_in(admin)
    log_in(reviewer, "ben")
    assert reviewer.get("/").status_code == 200
    assert admin.get("/").location == "/account/second-factor"
    assert admin.get("/account").status_code == 200
    form = {"csrf_token": token(admin, "/account"), "code": pyotp.TOTP(set_up(admin)).at(int(clock.now_s))}
    assert admin.post("/account/second-factor", data=form).status_code == 200
    assert admin.get("/").status_code == 200


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"password": WRONG}, "This is not your password."),
        ({"again": "another long passwort"}, "typed in two ways"),
        ({"new": "short", "again": "short"}, "12 to 256 letters"),
        ({"new": "aaaabbbbaaaabbbb", "again": "aaaabbbbaaaabbbb"}, "not easily guessed"),
    ],
)
def test_a_password_is_changed_by_who_knows_it(app, store, change, says):
    browser, other = app.test_client(), app.test_client()
    log_in(browser)
    log_in(other)
    form = {"password": PASSWORD, "new": "another long password", "again": "another long password"}
    form["csrf_token"] = token(browser, "/account")
    answer = browser.post("/account/password", data=form | change)
    assert (answer.status_code, says in answer.text) == (422, True)
    assert other.get("/").status_code == 200
    assert browser.post("/account/password", data=form).status_code == 303
    assert browser.get("/").status_code == 200
    assert other.get("/").location == "/login"
    assert log_in(other, password="another long password").status_code == 302


def stored(store):
    with store.reading() as connection:
        return connection.execute(select(user.c.totp_secret).where(user.c.name == "ana")).scalar_one()


def test_the_secret_is_sealed_in_the_database(store, codes, clock):
    assert stored(store).startswith("sealed1:") and SECRET not in stored(store)
    key = store.home / "seal.key"
    assert (len(key.read_bytes()), stat.S_IMODE(key.stat().st_mode)) == (32, 0o600)
    assert factor.passes(store, "ana", code(clock))


def test_a_sealed_secret_is_worth_nothing_in_another_row(store, codes, clock):
    add_user(store, "ben", PASSWORD)
    with store.writing() as connection:
        connection.execute(update(user).values(totp_secret=stored(store)))
    with pytest.raises(Unsealable, match=r"seal\.key: does not open what is sealed for .*'ben'"):
        factor.passes(store, "ben", code(clock))
    assert factor.passes(store, "ana", code(clock))


@pytest.mark.parametrize("spoil", [lambda key: key.unlink(), lambda key: key.write_bytes(bytes(32))])
def test_without_its_key_nothing_is_let_in_and_no_new_key_is_made(store, app, codes, clock, spoil):
    spoil(store.home / "seal.key")
    browser = half(app)
    assert give(browser, code(clock)).status_code == 500
    assert browser.get("/").status_code == 302


@pytest.mark.parametrize("spoil", [lambda key: key.unlink(), lambda key: key.write_bytes(bytes(32))])
def test_a_recovery_code_lets_in_without_the_key(store, app, codes, spoil):
    spoil(store.home / "seal.key")
    browser = half(app)
    assert (give(browser, codes[0]).status_code, browser.get("/account").status_code) == (302, 200)
    assert give(half(app), codes[0]).status_code == 500


def test_no_new_key_is_made_while_something_is_sealed_with_the_old_one(store, codes, clock):
    add_user(store, "ben", PASSWORD)
    key = store.home / "seal.key"
    key.unlink()
    with pytest.raises(
        KeyGone, match=r"seal\.key: is away, .* put it back .* or turn them off .*second-factor-off"
    ):
        factor.turn_on(store, "ben", SECRET, code(clock))
    assert not key.exists() and not factor.has_second_factor(store, "ben")
    factor.turn_off(store, "ana")
    assert factor.turn_on(store, "ben", SECRET, code(clock)) and key.exists()


def test_what_an_earlier_version_stored_works_and_is_sealed_by_the_upgrade(store, codes, clock):
    with store.writing() as connection:
        connection.execute(update(user).values(totp_secret=SECRET))
    assert factor.passes(store, "ana", code(clock))
    seal_secrets(store)
    sealed = stored(store)
    seal_secrets(store)
    assert stored(store) == sealed != SECRET
    clock.ahead_s += 60
    assert factor.passes(store, "ana", code(clock))
