"""The interface for programs: what it gives to whom, and what it refuses."""

import json
import re

import msgspec
import pytest
from sqlalchemy import select, update

from audit import tables as t
from audit.scope import UserRole
from audit.store import open_store
from audit.tokens import TokenScope, add_token
from audit.users import add_user
from tests.test_rights import ALL, SEEN, fill
from tests.test_web import keep_call, stereo
from web import create_app
from web.api import OPERATIONS, whole
from web.rights import RIGHTS, RULES, Right
from web.tokens import SCOPE_OF, scope_needed

ROOT = "/api/v1"

EVERYTHING = tuple(TokenScope)


class Interface:
    """The interface over a filled store, and a token of each role with all scopes."""

    def __init__(self, folder):
        self.store = open_store(folder / "home")
        self.calls = fill(self.store, folder)
        self.app = create_app(self.store)
        self.client = self.app.test_client()
        self.secrets = {role: self.secret(role) for role in UserRole}

    def secret(self, role, *scopes):
        return add_token(self.store, role.value, scopes or EVERYTHING)[0]

    def ask(self, path, role=UserRole.ADMIN, method="GET", secret=None, headers=(), **body):
        sent = {"Authorization": f"Bearer {secret or self.secrets[role]}"} | dict(headers)
        return self.client.open(f"{ROOT}{path}", method=method, headers=sent, **body)

    def path(self, operation, title="released"):
        """The address of an operation about the call of this title."""
        [card] = self.store.scorecards(self.calls[title].id)
        parts = {
            **{"identity": self.calls[title].id, "rubric": card.rubric, "standard": "greets"},
            **{"digest": card.rubric_digest, "name": "nobody", "number": "1"},
            **{"upload": "0" * 32, "camera": "desk"},
        }
        if operation.name == "withdraw_scorecard":
            # What is released stays so for the other tests.
            parts["rubric"] = "nobody"
        if operation.path.startswith("/tokens"):
            parts["number"] = "1000000"
        return re.sub(r"<(?:[^>]*:)?(\w+)>", lambda found: parts[found[1]], operation.path)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Interface(tmp_path_factory.mktemp("api"))


NAMED = {one.name: one for one in OPERATIONS}

READING = [one for one in OPERATIONS if one.method == "GET"]


def is_problem(answer):
    """Whether an answer tells what is wrong as RFC 9457 has it, on one line."""
    told = answer.json
    return (
        answer.mimetype == "application/problem+json"
        and told.keys() == {"type", "title", "status", "detail"}
        and told["status"] == answer.status_code
        and "\n" not in told["detail"]
        and "Traceback" not in answer.text
    )


# Who may ask


@pytest.mark.parametrize("role", UserRole)
def test_each_role_asks_for_what_its_rights_allow_and_nothing_else(site, role):
    wrong = {}
    for one in OPERATIONS:
        answer = site.ask(site.path(one), role, one.method, json={})
        allowed = RULES[f"api.{one.name}"] in RIGHTS[role]
        if (answer.status_code == 403) == allowed or answer.status_code >= 500:
            wrong[one.name] = answer.status_code
    assert wrong == {}


@pytest.mark.parametrize("scope", TokenScope)
def test_a_token_is_good_for_its_scopes_alone(site, scope):
    secret = site.secret(UserRole.ADMIN, scope)
    for one in OPERATIONS:
        if RULES[f"api.{one.name}"] not in RIGHTS[UserRole.ADMIN]:
            continue
        answer = site.ask(site.path(one), method=one.method, secret=secret, json={})
        needed = scope_needed(f"api.{one.name}")
        assert (answer.status_code == 403) == (needed not in (None, scope)), one.name


def test_every_right_has_its_scope():
    assert set(SCOPE_OF) == set(Right) - {Right.PUBLIC}


@pytest.mark.parametrize(
    "sent",
    [{}, {"Authorization": "Bearer"}, {"Authorization": "Bearer comport_x"}, {"Authorization": "Basic eDp5"}],
)
def test_without_a_token_nothing_is_given(site, sent):
    for one in READING:
        answer = site.client.get(f"{ROOT}{site.path(one)}", headers=sent)
        if one.name == "openapi":
            assert answer.status_code == 200
        else:
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer"), one.name
            assert is_problem(answer)


def test_a_token_in_the_address_does_not_count(site):
    secret = site.secrets[UserRole.ADMIN]
    for name in ("token", "access_token", "Authorization"):
        assert site.client.get(f"{ROOT}/interactions?{name}={secret}").status_code == 401


def test_the_cookie_of_a_login_does_not_count(site):
    from tests.test_web import log_in

    browser = site.app.test_client()
    assert log_in(browser, "admin").status_code == 302
    assert browser.get("/").status_code == 200
    assert browser.get(f"{ROOT}/users").status_code == 401
    assert browser.post(f"{ROOT}/users", json={"name": "eve", "role": "admin"}).status_code == 401


def test_a_token_does_not_open_pages(site):
    answer = site.client.get("/", headers={"Authorization": f"Bearer {site.secrets[UserRole.ADMIN]}"})
    assert answer.location == "/login"


@pytest.mark.parametrize("role", UserRole)
def test_an_interaction_of_others_is_not_there(site, role):
    about = [one for one in READING if "<identity>" in one.path and RULES[f"api.{one.name}"] in RIGHTS[role]]
    for title in ALL:
        codes = {one.name: site.ask(site.path(one, title), role).status_code for one in about}
        if title in SEEN[role]:
            assert set(codes.values()) - {404} == {200}, codes
            assert codes["interaction"] == codes["media"] == codes["findings"] == 200
        else:
            assert set(codes.values()) == {404}, (title, codes)


@pytest.mark.parametrize("role", UserRole)
def test_lists_give_what_the_role_sees(site, role):
    for query in ("", "?search=morning"):
        listed = site.ask(f"/interactions{query}", role).json["items"]
        assert {one["interaction"]["title"] for one in listed} == SEEN[role]


def test_nothing_is_said_of_an_interaction_of_others(site):
    for name in ("add_review", "release_scorecard"):
        one = NAMED[name]
        said = {"standard": "greets", "verdict": "met"}
        assert site.ask(site.path(one, "elsewhere"), UserRole.LEAD, one.method, json=said).status_code == 404


@pytest.mark.parametrize("role", [UserRole.LEAD, UserRole.AGENT, UserRole.ADMIN])
def test_people_are_those_of_the_interactions_that_are_seen(site, role):
    def titles(kind):
        found = set()
        for one in site.ask(f"/{kind}", role).json["items"]:
            theirs = site.ask(f"/{kind}/{one['number']}/interactions", role).json["items"]
            assert site.ask(f"/{kind}/{one['number']}", role).status_code == 200
            assert theirs
            found |= {facts["title"] for facts in theirs}
        return found

    with site.store.reading() as connection:
        roles = set(connection.execute(select(t.person.c.role)).scalars())
    for kind, of in (("employees", "agent"), ("customers", "customer")):
        assert titles(kind) <= SEEN[role]
        if of in roles and role == UserRole.ADMIN:
            assert titles(kind)


def test_an_agent_is_not_told_who_looks_at_their_call(site):
    asked = f"/interactions/{site.calls['released'].id}/assignment"
    codes = {role: site.ask(asked, role).status_code for role in (UserRole.AGENT, UserRole.LEAD)}
    assert codes == {UserRole.AGENT: 403, UserRole.LEAD: 200}


def test_the_log_tells_which_token_looked_at_what(site):
    title = site.calls["kept"].id
    site.ask(f"/interactions/{title}", UserRole.AUDITOR)
    site.ask(f"/interactions/{title}/media", UserRole.AUDITOR)
    rows = site.ask(f"/log?who=auditor&subject={title}", UserRole.AUDITOR).json["items"]
    assert {row["action"] for row in rows} >= {"view", "play"}
    assert all(re.match(r"token \d+ at ", row["origin"]) for row in rows)


# How it answers


def test_what_is_there_is_told_by_its_etag(site):
    for one in READING:
        path = site.path(one)
        first = site.ask(path)
        if first.status_code != 200:
            continue
        etag = first.headers.get("ETag")
        assert etag, one.name
        again = site.ask(path, headers={"If-None-Match": etag})
        assert (again.status_code, again.data) == (304, b""), one.name


def test_no_cache_keeps_what_is_personal(site):
    for one in READING:
        kept = site.ask(site.path(one)).headers["Cache-Control"]
        assert kept == ("public, no-cache" if one.name == "openapi" else "private, no-store"), one.name


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_pages_come_one_after_another_and_none_is_left_out(site, limit):
    seen, path = [], f"/interactions?limit={limit}"
    while path:
        page = site.ask(path).json
        assert len(page["items"]) <= limit
        seen += [one["interaction"]["title"] for one in page["items"]]
        path = page["next"] and page["next"].removeprefix(ROOT)
    assert sorted(seen) == sorted(ALL)


def test_pages_stand_still_while_more_is_judged(site):
    first = site.ask("/interactions?limit=2").json
    [card] = site.store.scorecards(site.calls["kept"].id)
    rest = site.ask(first["next"].removeprefix(ROOT)).json
    site.store.keep_scorecard(msgspec.structs.replace(card, software="newer"))
    assert site.ask(first["next"].removeprefix(ROOT)).json["items"] == [
        one for one in rest["items"] if one["interaction"]["title"] != "kept"
    ]


def test_media_come_in_ranges(site):
    path = site.path(NAMED["media"])
    whole_ = site.ask(path)
    part = site.ask(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, whole_.data[10:20])
    beyond = site.ask(path, headers={"Range": f"bytes={len(whole_.data)}-"})
    assert (beyond.status_code, is_problem(beyond)) == (416, True)


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/nowhere", 404, "nothing is there"),
        ("/interactions/xyz", 404, "nothing is there"),
        (f"/interactions/{'0' * 64}", 404, "no interaction"),
        ("/interactions?limit=0", 400, "query: Expected `int` >= 1 - at `$.limit`"),
        ("/interactions?from=null", 400, "'from' is 'null'; leave it out"),
        ("/holds/99999999999", 404, "nothing is there"),
        ("/interactions?colour=red", 400, "unknown field `colour`"),
        ("/interactions?limit=1&limit=2", 400, "'limit' is given 2 times"),
        ("/interactions?since=soon", 400, "$.since"),
        ("/interactions?after=here", 400, "$.after"),
        (f"/rubrics/{'f' * 64}", 404, "no rubric 'ffffffffffff' is stored"),
        ("/users/nobody", 404, "no user 'nobody' is stored"),
        ("/outcomes?kind=csat", 404, "no outcomes of kind 'csat'"),
        ("/batches/7", 404, "no batch '7'"),
    ],
)
def test_what_is_wrong_is_told_on_one_line(site, path, status, says):
    answer = site.ask(path)
    assert (answer.status_code, is_problem(answer)) == (status, True)
    assert says in answer.json["detail"]


@pytest.mark.parametrize(
    ("sent", "status", "says"),
    [
        ({"data": b"{", "content_type": "application/json"}, 400, "body: Input data was truncated"),
        ({"data": b"{}", "content_type": "text/plain"}, 415, "expected a body of type application/json"),
        ({"json": {"standard": "greets"}}, 400, "missing required field `verdict`"),
        ({"json": {"standard": "greets", "verdict": "fine"}}, 400, "Invalid enum value 'fine'"),
        ({"json": {"standard": "nods", "verdict": "met"}}, 422, "standard 'nods': rubric house has none"),
        ({"json": {"standard": "greets", "verdict": "met", "comment": "a\0b"}}, 400, "the character U+0000"),
        ({"json": {"a\0b": 1}}, 400, "the character U+0000"),
        ({"data": b" " * 70_000, "content_type": "application/json"}, 413, "too large"),
    ],
)
def test_a_body_that_cannot_be_taken(site, sent, status, says):
    answer = site.ask(site.path(NAMED["add_review"]), method="POST", **sent)
    assert (answer.status_code, is_problem(answer)) == (status, True)
    assert says in answer.json["detail"]


def test_too_many_requests_have_to_wait(site, monkeypatch):
    monkeypatch.setattr("web.api.PER_MINUTE", 3)
    client = create_app(site.store).test_client()
    for secret in (site.secrets[UserRole.ADMIN], site.secrets[UserRole.AUDITOR]):
        answers = [
            client.get(f"{ROOT}/rubrics", headers={"Authorization": f"Bearer {secret}"}) for _ in range(5)
        ]
        assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
        assert answers[-1].headers["Retry-After"] == "60" and is_problem(answers[-1])


# Words


def test_a_token_for_reading_is_given_words_without_personal_data(site):
    plain = site.ask("/interactions").json["items"][0]["interaction"]["id"]
    reading = site.secret(UserRole.ADMIN, TokenScope.READ)
    for path, secret, redacted in (
        ("", reading, True),
        ("", None, False),
        ("?redacted=true", None, True),
        ("?redacted=false", reading, True),
    ):
        words = site.ask(f"/interactions/{plain}/transcript{path}", secret=secret).json
        assert (words["redacted"], len(words["lines"])) == (redacted, 3)


def test_no_personal_data_is_in_what_a_token_for_reading_is_given(tmp_path):
    store = open_store(tmp_path / "home")
    add_user(store, "ana", "correct horse battery")
    lines = [
        ("channel-0", 1.0, "good morning how may I help you"),
        ("channel-1", 6.0, "that is your fault write to laura.keller@example.com"),
    ]
    standards = "- {id: no-blame, title: Blames nobody, by: customer, avoid: blame}"
    one = keep_call(store, tmp_path, stereo(tmp_path), standards=standards, lines=lines)
    client = create_app(store).test_client()
    [card] = store.scorecards(one.id)
    assert "your fault" in card.findings[0].evidence[0].quote
    with store.writing() as connection:
        connection.execute(update(t.interaction).values(customer="laura"))
    paths = ("", "transcript", "scorecards/house/findings", "scorecards", "scorecards/house/reviews")
    for scope, shown in ((TokenScope.READ, False), (TokenScope.REVIEW, True)):
        secret, _ = add_token(store, "ana", [TokenScope.READ, scope])
        sent = {"Authorization": f"Bearer {secret}"}
        asked = [f"{one.id}/{path}".rstrip("/") for path in paths]
        told = {
            path: client.get(f"{ROOT}/interactions/{place}", headers=sent).text
            for path, place in zip(paths, asked, strict=True)
        }
        told["list"] = client.get(f"{ROOT}/interactions", headers=sent).text
        assert ("laura" in told["list"], "laura" in told[""]) == (shown, shown)
        assert ("laura.keller" in told["transcript"]) == shown
        assert ("your fault" in told["scorecards/house/findings"]) == shown
        assert any("laura" in text for text in told.values()) == shown
        assert (client.get(f"{ROOT}/interactions/{one.id}/media", headers=sent).status_code == 200) == shown


# What is said


def test_a_review_is_kept_and_the_score_follows(site):
    path = site.path(NAMED["add_review"], "kept").removesuffix("/reviews")
    before = {one["finding"]["standard"]: one for one in site.ask(f"{path}/findings").json["items"]}[
        "no-blame"
    ]
    said = {"standard": "no-blame", "verdict": "met", "comment": "a joke", "seen": before["seen"]}
    made = site.ask(f"{path}/reviews", UserRole.REVIEWER, "POST", json=said)
    assert (made.status_code, made.json["review"]["reviewer"]) == (201, "reviewer")
    after = {one["finding"]["standard"]: one for one in site.ask(f"{path}/findings").json["items"]}[
        "no-blame"
    ]
    assert (after["finding"]["verdict"], after["machine"]) == ("met", before["machine"])
    assert after["seen"] == made.json["review"]["id"]
    assert site.ask(path).json["score"]["score"] == made.json["score"]


def test_two_reviewers_do_not_overwrite_each_other(site):
    path = site.path(NAMED["add_review"], "colleague")
    said = {"standard": "greets", "verdict": "missed", "seen": 0}
    assert site.ask(path, UserRole.REVIEWER, "POST", json=said).status_code == 201
    answer = site.ask(path, UserRole.ADMIN, "POST", json=said | {"verdict": "met"})
    assert (answer.status_code, is_problem(answer)) == (409, True)
    assert "reviewer said 'missed' after you opened it" in answer.json["detail"]


def test_a_change_of_what_was_changed_meanwhile_is_refused(site):
    path = site.path(NAMED["add_review"], "elsewhere")
    etag = site.ask(path).headers["ETag"]
    said = {"standard": "greets", "verdict": "missed"}
    sent = {"If-Match": etag}
    assert site.ask(path, method="POST", json=said, headers=sent).status_code == 201
    assert site.ask(path, method="POST", json=said, headers=sent).status_code == 412
    assert site.ask(path, method="POST", json=said, headers={"If-Match": "*"}).status_code == 201


def test_an_account_is_added_changed_and_removed(site):
    new = {"name": "ned", "role": "lead", "team": "Milan desk", "password": "correct horse battery"}
    made = site.ask("/users", method="POST", json=new)
    assert (made.status_code, made.headers["Location"]) == (201, f"{ROOT}/users/ned")
    assert "password" not in made.json and "battery" not in made.text
    etag = site.ask("/users/ned").headers["ETag"]
    for status in (200, 412):
        refused = site.ask("/users/ned", method="PATCH", json={"team": "Rome desk"})
        assert (refused.status_code, "give the role too" in refused.json["detail"]) == (422, True)
        answer = site.ask("/users/ned", method="PATCH", json={"locked": True}, headers={"If-Match": etag})
        assert answer.status_code == status
    for email, status in (("ned@northwind.example", 200), ("ned", 422), ("", 200)):
        answer = site.ask("/users/ned", method="PATCH", json={"email": email})
        assert (answer.status_code, answer.json.get("email")) == (status, email or None) or status == 422
    token = site.ask("/tokens", method="POST", json={"user": "ned", "scopes": ["read"], "days": 1}).json
    assert site.ask("/interactions", secret=token["secret"]).status_code == 401, "ned is locked"
    site.ask("/users/ned", method="PATCH", json={"locked": False, "role": "agent", "employee": "Nobody"})
    assert site.ask("/interactions", secret=token["secret"]).json["items"] == []
    assert token["secret"] not in site.ask("/tokens").text
    assert site.ask(f"/tokens/{token['token']['number']}", method="DELETE").status_code == 204
    assert site.ask("/interactions", secret=token["secret"]).status_code == 401
    assert site.ask("/users/ned", method="DELETE").status_code == 204
    assert site.ask("/users/ned").status_code == 404
    answer = site.ask("/users/admin", method="PATCH", json={"locked": True})
    assert (answer.status_code, "last admin" in answer.json["detail"]) == (422, True)


def test_the_overview_is_of_what_the_role_sees(site):
    for role in (UserRole.ADMIN, UserRole.LEAD):
        told = site.ask("/overview?weeks=4", role).json
        assert told["whole"]["now"]["n"] == len(SEEN[role])
        assert len(told["weeks"]) == 4
    assert site.ask("/overview?weeks=5").status_code == 400


@pytest.mark.parametrize("name", ["late", "late at night", "پاسخ‌های دیر", "50% / Q1? #2", "è lento"])
def test_a_search_of_any_name_is_kept_changed_and_forgotten(site, name):
    wanted = {"words": "late", "channel": "call"}
    kept = site.ask("/searches", method="POST", json={"name": name, "wanted": wanted})
    path = kept.headers["Location"].removeprefix(ROOT)
    told = {"number": kept.json["number"], "name": name, "wanted": wanted, "owner": "admin", "shared": False}
    assert (kept.status_code, kept.json, site.ask(path).json) == (201, told, told)
    assert site.ask("/searches").json["items"] == [told]
    again = site.ask("/searches", method="POST", json={"name": name, "wanted": {"words": "later"}})
    assert again.json == told | {"wanted": {"words": "later"}}, "one of a name"
    assert site.ask("/searches", UserRole.AUDITOR).json["items"] == []
    assert site.ask(path, UserRole.AUDITOR).status_code == 404
    etag = site.ask(path).headers["ETag"]
    change = {"name": f"{name} new", "shared": True}
    for status in (200, 412):
        changed = site.ask(path, method="PATCH", json=change, headers={"If-Match": etag})
        assert changed.status_code == status
    shared = told | change | {"wanted": {"words": "later"}}
    assert site.ask(path, UserRole.AUDITOR).json == shared
    assert site.ask(path, method="PATCH", json={"wanted": wanted}).json == shared | {"wanted": wanted}
    assert site.ask("/searches", UserRole.AGENT).json["items"] == []
    # What others look for may be a customer's name.
    reading = site.secret(UserRole.AUDITOR, TokenScope.READ)
    assert {site.ask(one, secret=reading).status_code for one in ("/searches", path)} == {403}
    for method, body in (("PATCH", {"shared": False}), ("DELETE", None)):
        assert site.ask(path, UserRole.AUDITOR, method, json=body).status_code == 404
    assert [site.ask(path, method="DELETE").status_code for _ in range(2)] == [204, 404]


def test_two_searches_of_one_name_cannot_be(site):
    paths = [
        site.ask("/searches", method="POST", json={"name": name, "wanted": {}}).headers["Location"]
        for name in ("one", "other")
    ]
    taken = site.ask(paths[1].removeprefix(ROOT), method="PATCH", json={"name": "one"})
    assert (taken.status_code, is_problem(taken)) == (422, True)
    for path in paths:
        site.ask(path.removeprefix(ROOT), method="DELETE")


# The document


def test_the_document_names_every_address_and_every_address_is_there(site):
    there = {
        (rule.endpoint.removeprefix("api."), method.lower())
        for rule in site.app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in rule.methods - {"OPTIONS", "HEAD"}
    }
    told = {
        (one["operationId"], method)
        for methods in whole()["paths"].values()
        for method, one in methods.items()
    }
    assert told == there


def test_the_document_is_given_and_printed_alike(site):
    from click.testing import CliRunner

    from web.api.command import api

    printed = json.loads(CliRunner().invoke(api, ["openapi"]).output)
    assert printed == site.client.get(f"{ROOT}/openapi.json").json
    assert printed["openapi"] == "3.1.0"
