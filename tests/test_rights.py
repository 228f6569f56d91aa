"""Who may open what: every role asks for every route, and nobody gets what is not theirs."""

import pytest
from sqlalchemy import update

from audit import tables as t
from audit.assigning import ASSIGNED_TO
from audit.releasing import release
from audit.reviews import next_waiting
from audit.scope import EVERYTHING, Scope, UserRole, scope_of
from audit.searching import Wanted, find
from audit.store import NotStored, open_store
from audit.tallies import outdate
from audit.users import BadUser, accounts, add_user, password_fits, set_locked, set_password, set_role
from tests.test_web import PASSWORD, keep_call, log_in, stereo, token
from web import create_app
from web.rights import RIGHTS, RULES, Right

TEAM, OTHER_TEAM = "Milan desk", "Rome desk"
EMPLOYEE, COLLEAGUE = "Sarah Lind", "Ben Adler"

CALLS = (
    ("released", EMPLOYEE, TEAM),
    ("kept", EMPLOYEE, TEAM),
    ("colleague", COLLEAGUE, TEAM),
    ("elsewhere", COLLEAGUE, OTHER_TEAM),
)

ALL = {title for title, _, _ in CALLS}
SEEN = dict.fromkeys(UserRole, ALL) | {
    UserRole.LEAD: {"released", "kept", "colleague"},
    UserRole.AGENT: {"released"},
}
"""Role → the calls that its account sees."""


def fill(store, folder):
    """Keeps the calls, two of them released, and an account of each role; gives the calls by their titles."""
    calls = {}
    for number, (title, agent, team) in enumerate(CALLS):
        one = keep_call(store, folder, stereo(folder, f"{title}.wav", 14.0 + number), title)
        row = update(t.interaction).where(t.interaction.c.id == one.id)
        with store.writing() as connection:
            outdate(connection, [one.id])
            connection.execute(row.values(agent=agent, team=team))
            outdate(connection, [one.id])
        calls[title] = one
    for title in ("released", "colleague"):
        [card] = store.scorecards(calls[title].id)
        assert release(store, card, "rita")
    for role in UserRole:
        team = TEAM if role == UserRole.LEAD else ""
        add_user(store, role.value, PASSWORD, role, team, EMPLOYEE if role == UserRole.AGENT else "")
    return calls


class Site:
    """The dashboard with a logged-in browser of each role."""

    def __init__(self, folder):
        self.store = open_store(folder / "home")
        self.calls = fill(self.store, folder)
        self.app = create_app(self.store)
        self.browsers = {}
        for role in UserRole:
            self.log_in(role)

    def log_in(self, role):
        browser = self.browsers[role] = self.app.test_client()
        assert log_in(browser, role.value).status_code == 302

    def routes(self):
        """Every (endpoint, method, the names of the parts of its address); `test_api.py` has those of the
        interface."""
        return [
            (rule.endpoint, method, rule.arguments)
            for rule in self.app.url_map.iter_rules()
            if not rule.endpoint.startswith("api.")
            for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})
        ]

    def address(self, endpoint, method, arguments, title):
        """The address of an endpoint, with its parts about the call of this title."""
        known = {"standard": "greets", "filename": "site.css", "number": "999999"}
        parts = {name: known.get(name, self.calls[title].id) for name in arguments}
        return self.app.url_map.bind("localhost").build(endpoint, parts, method=method)

    def ask(self, role, endpoint, method, arguments, title):
        """What a role is answered; of an address with parts about the call of this title."""
        path = self.address(endpoint, method, arguments, title)
        browser = self.browsers[role]
        form = None if method == "GET" else {"csrf_token": token(browser, "/login")}
        answer = browser.open(path, method=method, data=form)
        if endpoint == "accounts.logout":
            self.log_in(role)
        return answer


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("rights"))


# Routes


def test_every_route_has_a_rule_and_every_rule_a_route(site):
    assert {rule.endpoint for rule in site.app.url_map.iter_rules()} == set(RULES)


@pytest.mark.parametrize("role", UserRole)
def test_each_role_opens_the_routes_of_its_rights_and_no_other(site, role):
    wrong = {}
    for endpoint, method, arguments in site.routes():
        code = site.ask(role, endpoint, method, arguments, "released").status_code
        allowed = RULES[endpoint] in RIGHTS[role]
        if (code == 403) == allowed or code >= 500:
            wrong[endpoint, method] = code
    assert wrong == {}


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        ("admin", "admin bring compare decide export join log own public read release review"),
        ("reviewer", "bring compare decide join own public read release review"),
        ("trainer", "compare own public read"),
        ("lead", "compare export own public read release review"),
        ("agent", "own public read reply"),
        ("auditor", "compare export log own public read"),
    ],
)
def test_what_each_role_may(role, rights):
    assert sorted(RIGHTS[UserRole(role)]) == rights.split()


def test_a_route_without_a_rule_is_refused_to_everybody(site, caplog):
    app = create_app(site.store)
    app.add_url_rule("/new", "new", lambda: "secret")
    for role in UserRole:
        browser = app.test_client()
        log_in(browser, role.value)
        answer = browser.get("/new")
        assert (answer.status_code, "secret" in answer.text) == (403, False)
    assert "new has no rule in web/rights.py" in caplog.text


@pytest.mark.parametrize("role", [UserRole.ADMIN])
def test_nothing_is_changed_by_a_form_of_another_site(site, role):
    open_ = {}
    for endpoint, method, arguments in site.routes():
        # The interface for programs takes a token in a header, which no form sends, and no cookie.
        if method != "GET" and not endpoint.startswith("api."):
            path = site.address(endpoint, method, arguments, "released")
            answer = site.browsers[role].open(path, method=method, data={"name": "eve", "role": "admin"})
            if answer.status_code != 400 or "not sent from a page of this dashboard" not in answer.text:
                open_[endpoint] = answer.status_code
    assert open_ == {}


def test_every_answer_tells_browsers_what_it_may_be(site):
    app = create_app(site.store, behind_proxy=True)
    for browser, tls in ((site.browsers[UserRole.ADMIN], False), (app.test_client(), True)):
        for endpoint, method, arguments in site.routes():
            if method == "GET":
                headers = browser.get(site.address(endpoint, method, arguments, "released")).headers
                policy = headers["Content-Security-Policy"]
                assert policy.startswith("default-src 'none'; script-src 'self';"), endpoint
                assert "frame-ancestors 'none'" in policy and "unsafe" not in policy, endpoint
                assert headers["X-Content-Type-Options"] == "nosniff", endpoint
                assert ("Strict-Transport-Security" in headers) == tls, endpoint


def test_behind_tls_the_session_is_of_this_very_host(site):
    browser = create_app(site.store, behind_proxy=True).test_client()
    cookie = browser.get("/login", base_url="https://comport.example").headers["Set-Cookie"]
    assert cookie.startswith("__Host-comport=") and "Secure; HttpOnly; Path=/; SameSite=Lax" in cookie


# Interactions of others


@pytest.mark.parametrize("role", UserRole)
def test_an_interaction_of_others_is_not_there(site, role):
    seen = {}
    for title in ALL:
        codes = {
            endpoint: site.ask(role, endpoint, "GET", arguments, title).status_code
            for endpoint, method, arguments in site.routes()
            if "identity" in arguments and method == "GET" and RULES[endpoint] in RIGHTS[role]
        }
        if title not in SEEN[role]:
            assert set(codes.values()) == {404}, (title, codes)
        elif codes["interactions.interaction"] == codes["interactions.media"] == 200:
            seen[title] = codes["interactions.waveform"]
    assert seen == dict.fromkeys(SEEN[role], 200)


@pytest.mark.parametrize("role", [UserRole.LEAD])
def test_nothing_can_be_said_of_an_interaction_of_others(site, role):
    browser, other = site.browsers[role], site.calls["elsewhere"]
    form = {"rubric": "house", "standard": "greets", "verdict": "met", "csrf_token": token(browser, "/")}
    assert browser.post(f"/interactions/{other.id}/reviews", data=form).status_code == 404


@pytest.mark.parametrize("role", UserRole)
@pytest.mark.parametrize(
    "address",
    [
        "/interactions",
        "/interactions?search=morning",
        "/interactions?agent=Ben+Adler",
        "/interactions?team=Rome+desk",
    ],
)
def test_lists_and_searches_show_what_the_role_sees(site, role, address):
    page = site.browsers[role].get(address).text
    fits = {title for title, agent, team in CALLS if address.count("=") == 0 or "search" in address}
    fits |= {title for title, agent, _ in CALLS if "agent" in address and agent == COLLEAGUE}
    fits |= {title for title, _, team in CALLS if "team" in address and team == OTHER_TEAM}
    assert {title for title in ALL if f'dir="auto">{title}</a>' in page} == SEEN[role] & fits


def test_the_next_that_waits_is_one_of_the_own_team(site):
    found, after = set(), ""
    while (one := site.browsers[UserRole.LEAD].get(f"/next?after={after}&rubric=house").location) and (
        after := one.split("/")[2].split("?")[0]
    ) not in found:
        found.add(after)
    assert found == {site.calls[title].id for title in SEEN[UserRole.LEAD]}


def test_a_scope_narrows_on_every_database(tmp_path, database):
    store = open_store(tmp_path / "home", database)
    calls = fill(store, tmp_path)
    for scope, titles in (
        (EVERYTHING, ALL),
        (Scope(team=TEAM), SEEN[UserRole.LEAD]),
        (Scope(team=""), set()),
        (Scope(employee=EMPLOYEE), {"released"}),
        (Scope(employee=COLLEAGUE), {"colleague"}),
        (Scope(team=OTHER_TEAM, employee=COLLEAGUE), set()),
        (Scope(employee=""), set()),
    ):
        for words in ("", "morning"):
            found = find(store, Wanted(words), scope=scope).rows
            assert {row.interaction.title for row in found} == titles, scope
        for title, one in calls.items():
            assert bool(store.scorecards(one.id, scope)) == (title in titles), scope
            if title not in titles:
                with pytest.raises(NotStored):
                    store.interaction(one.id, scope)
        assert (next_waiting(store, "", "house", scope) is not None) == bool(titles), scope


# Accounts


def test_an_agent_is_offered_no_verdicts_and_a_reviewer_is(site):
    path = f"/interactions/{site.calls['released'].id}"
    pages = {role: site.browsers[role].get(path).text for role in UserRole}
    assert {role for role, page in pages.items() if "data-review" in page and "data-next" in page} == {
        UserRole.ADMIN,
        UserRole.REVIEWER,
        UserRole.LEAD,
    }


@pytest.fixture
def store(tmp_path):
    found = open_store(tmp_path / "home")
    add_user(found, "ana", PASSWORD)
    return found


def roles(store):
    return {one.name: (one.role, one.team, one.employee) for one in accounts(store)}


def test_the_first_account_is_an_admin_and_the_others_are_reviewers(store):
    add_user(store, "ben", PASSWORD)
    assert roles(store) == {"ana": ("admin", "", ""), "ben": ("reviewer", "", "")}


@pytest.mark.parametrize(
    ("role", "team", "employee", "says"),
    [
        ("lead", " ", "Sarah", "say which, as the interactions name it"),
        ("agent", "Milan", "", "say their name as the interactions do"),
    ],
)
def test_a_role_about_somebody_needs_to_know_whom(store, role, team, employee, says):
    for change in (add_user, set_role):
        arguments = ("ben", PASSWORD) if change is add_user else ("ana",)
        with pytest.raises(BadUser, match=says):
            change(store, *arguments, UserRole(role), team, employee)
    assert roles(store) == {"ana": ("admin", "", "")}


def test_the_last_admin_stays_one(store):
    for change in (lambda: set_role(store, "ana", UserRole.AUDITOR), lambda: set_locked(store, "ana", True)):
        with pytest.raises(BadUser, match="is the last admin"):
            change()
    add_user(store, "eve", PASSWORD, UserRole.ADMIN)
    set_locked(store, "ana", True)
    with pytest.raises(BadUser, match="is the last admin"):
        set_role(store, "eve", UserRole.AUDITOR)


@pytest.mark.parametrize(
    ("change", "logs_in"),
    [
        (lambda store: set_role(store, "ben", UserRole.AUDITOR), True),
        (lambda store: set_password(store, "ben", "another long password"), False),
        (lambda store: set_locked(store, "ben", True), False),
    ],
)
def test_a_changed_account_has_to_log_in_again(store, change, logs_in):
    add_user(store, "ben", PASSWORD)
    app = create_app(store)
    browser = app.test_client()
    log_in(browser, "ben")
    assert browser.get("/interactions").status_code == 200
    change(store)
    assert browser.get("/").location == "/login"
    assert (log_in(browser, "ben").status_code == 302) == logs_in


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("eleven lett", "needs 12 to 256 letters"),
        ("x" * 257, "needs 12 to 256 letters"),
        ("abababababab", "easily guessed"),
        ("I am ROSA and tired", "easily guessed"),
        ("welcome to Comport", "easily guessed"),
        ("twelve letter", None),
        ("سلام ای دوست گرامی", None),
    ],
)
def test_a_password_is_long_and_not_easily_guessed(store, password, says):
    if says is None:
        add_user(store, "rosa", password)
        assert password_fits(store, "rosa", password)
        assert not password_fits(store, "rosa", password + "x" * 300)
        return
    with pytest.raises(BadUser, match=says):
        add_user(store, "rosa", password)


def test_a_password_is_compared_whole(store):
    longest = "ab cd ef gh " * 21 + "abcd"
    add_user(store, "ben", longest)
    assert [password_fits(store, "ben", longest + more) for more in ("", "x", "xx")] == [True, False, False]


def test_an_account_without_a_password_is_let_in_by_none(store):
    add_user(store, "ben", None)
    assert log_in(create_app(store).test_client(), "ben", "nobody has this password").status_code == 401


def test_an_interaction_is_given_to_whoever_may_review():
    assert set(ASSIGNED_TO) == {role for role, rights in RIGHTS.items() if Right.REVIEW in rights}


@pytest.mark.parametrize(
    ("role", "team", "employee", "covered"),
    [
        (UserRole.REVIEWER, "", "", {TEAM, "", None}),
        (UserRole.LEAD, TEAM, "", {TEAM}),
        (UserRole.LEAD, "", "", set()),
        (UserRole.AGENT, TEAM, EMPLOYEE, set()),
    ],
)
def test_whose_scope_covers_a_team(role, team, employee, covered):
    found = scope_of(role, team, employee)
    assert {one for one in (TEAM, "", None) if found.covers(one)} == covered
