"""What staff propose about the standards: kept, decided once, and shown to whom it is for."""

from html import unescape

import pytest
from sqlalchemy import delete, select

from audit import tables as t
from audit.auditlog import entries, verify
from audit.erasing import erase, of_interactions
from audit.proposals import (
    LONGEST_TEXT,
    BadProposal,
    DecidedBefore,
    ProposalKind,
    Resolution,
    count_waiting,
    decide,
    proposal,
    proposals,
    propose,
)
from audit.rubricfile import load_rubric
from audit.scope import UserRole
from audit.store import NotStored, open_store
from audit.tokens import TokenScope, add_token
from audit.users import add_user
from tests import build
from tests.test_overview import browser, page
from tests.test_web import PASSWORD, STANDARDS, keep_call, stereo, token
from web import create_app
from web.api.findings import HIDDEN
from web.rights import RIGHTS, Right
from web.wording import OUTCOMES, PROPOSALS

WORDS = "Let it be said <script>alert(1)</script> within 20 s: callers wait"

DECIDES = {UserRole.ADMIN, UserRole.REVIEWER}


def fill(home, folder, address=None, roles=()):
    """A store whose rubric 'house' has the standards of the web tests, and an account of each of these roles."""
    store = open_store(home, address)
    store.keep_rubric(build.rubric(folder, STANDARDS))
    for role in roles:
        add_user(store, role.value, PASSWORD, role, "Milan desk", "Sarah Lind")
    return store


class Site:
    """A store with an account of each role, `tom`'s beside them, and the dashboard over it."""

    def __init__(self, folder):
        self.store = fill(folder / "home", folder, roles=UserRole)
        add_user(self.store, "tom", PASSWORD, UserRole.AGENT, employee="Tom Baker")
        self.app = create_app(self.store)
        self.browsers, self.tokens = {}, {}

    def of(self, role):
        """The logged-in browser of a role."""
        if role not in self.browsers:
            self.browsers[role] = browser(self.app, role.value)
        return self.browsers[role]

    def ask(self, role, method, path, scopes=tuple(TokenScope), **body):
        """What a program with a token of this role is answered."""
        key = (role, scopes)
        if key not in self.tokens:
            self.tokens[key] = add_token(self.store, role.value, scopes)[0]
        sent = {"json": body} if method != "GET" else {}
        headers = {"Authorization": f"Bearer {self.tokens[key]}"}
        return self.app.test_client().open(f"/api/v1{path}", method=method, headers=headers, **sent)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("proposals"))


@pytest.fixture
def store(site):
    """The store of the site, without proposals."""
    with site.store.writing() as connection:
        connection.execute(delete(t.proposal_decision))
        connection.execute(delete(t.proposal))
    return site.store


@pytest.fixture
def browsers(site, store):
    return site.of


@pytest.fixture
def ask(site, store):
    return site.ask


def send(client, address, **form):
    return client.post(address, data=form | {"csrf_token": token(client, "/account")})


# What is kept


@pytest.mark.parametrize(
    ("kind", "standard", "text", "error", "says"),
    [
        ("change", "greets", WORDS, None, ""),
        ("repeal", "greets", "x" * LONGEST_TEXT, None, ""),
        ("new", "", "سلام کردن در آغاز", None, ""),
        ("change", "greets", "", BadProposal, "nothing was said"),
        ("change", "greets", " \n\t ", BadProposal, "nothing was said"),
        ("change", "greets", "x" * (LONGEST_TEXT + 1), BadProposal, "at most 4000 letters, not 4001"),
        ("praise", "greets", "x", BadProposal, "'praise' is no kind; expected one of change, repeal, new"),
        ("", "greets", "x", BadProposal, "is no kind"),
        ("new", "greets", "x", BadProposal, "leave the standard out"),
        ("change", "", "x", BadProposal, "a change is about one standard; say which"),
        ("repeal", "", "x", BadProposal, "a repeal is about one standard"),
        ("change", "none", "x", NotStored, "no standard 'none'"),
        ("change", "GREETS", "x", NotStored, "no standard 'GREETS'"),
    ],
)
def test_what_can_be_proposed(store, kind, standard, text, error, says):
    if error is None:
        found = proposal(store, propose(store, "house", kind, text, "agent", standard))
        assert (found.rubric, found.version, found.standard, found.kind) == ("house", 1, standard, kind)
        assert (found.text, found.by, found.decision) == (text, "agent", None)
        return
    with pytest.raises(error, match=says):
        propose(store, "house", kind, text, "agent", standard)
    assert proposals(store) == ()


def test_nothing_is_proposed_about_a_rubric_that_nothing_was_judged_under(store):
    with pytest.raises(NotStored, match="no rubric 'other'"):
        propose(store, "other", "new", "x", "agent")


def test_a_proposal_is_decided_once_and_both_stand_in_the_log(tmp_path, database):
    store = fill(tmp_path / "home", tmp_path, database)
    first = propose(store, "house", "change", WORDS, "agent", "greets")
    assert propose(store, "house", "change", WORDS, "agent", "greets") == first
    other = propose(store, "house", "change", WORDS, "lead", "greets")
    new = propose(store, "house", "new", "Thanks the caller by name", "agent")
    assert count_waiting(store) == 3
    done = decide(store, first, "adopted", "  Yes,\nfrom March. ", "reviewer")
    assert (done.decision.outcome, done.decision.answer) == (Resolution.ADOPTED, "Yes, from March.")
    with pytest.raises(DecidedBefore, match=f"proposal {first}: reviewer has adopted it already"):
        decide(store, first, "declined", "No", "admin")
    assert proposal(store, first) == done
    # Decided, it may be proposed again.
    again = propose(store, "house", "change", WORDS, "agent", "greets")
    assert [one.number for one in proposals(store)] == [again, new, other, first]
    assert [one.number for one in proposals(store, "house", "")] == [new]
    assert [one.number for one in proposals(store, waiting=True)] == [again, new, other]
    assert proposals(store, waiting=False) == (done,)
    assert [one.number for one in proposals(store, by="lead")] == [other]
    assert [one.number for one in proposals(store, limit=1, before=again)] == [new]
    assert proposals(store, "other") == proposals(store, "house", "none") == ()
    rows = [(row.action, row.subject, row.detail) for row in entries(store, 100)]
    named = {"rubric_name": "house", "standard": "greets"}
    assert ("proposed", f"proposal {first}", named | {"kind": "change"}) in rows
    assert ("proposed", f"proposal {new}", {"rubric_name": "house", "kind": "new"}) in rows
    assert ("proposal decided", f"proposal {first}", named | {"outcome": "adopted"}) in rows
    assert sum(action == "proposed" for action, *_ in rows) == 4
    assert "March" not in str(rows) and "20 s" not in str(rows)
    assert verify(store).problems == ()


@pytest.mark.parametrize(
    ("number", "outcome", "answer", "error", "says"),
    [
        (1, "adopted", "", BadProposal, "owed an answer"),
        (1, "declined", " \n", BadProposal, "owed an answer"),
        (1, "declined", "x" * (LONGEST_TEXT + 1), BadProposal, "at most 4000 letters"),
        (1, "maybe", "x", BadProposal, "'maybe' is no outcome; expected one of adopted, declined"),
        (2, "adopted", "x", NotStored, "no proposal '2'"),
    ],
)
def test_a_decision_needs_an_answer(store, number, outcome, answer, error, says):
    assert propose(store, "house", "change", WORDS, "agent", "greets") == 1
    with pytest.raises(error, match=says):
        decide(store, number, outcome, answer, "reviewer")
    assert count_waiting(store) == 1


def test_a_proposal_says_which_version_it_is_about_and_outlives_its_standard(tmp_path):
    store = fill(tmp_path / "home", tmp_path, roles=(UserRole.ADMIN, UserRole.AGENT))
    app = create_app(store)
    old = propose(store, "house", "repeal", "Nobody is on hold any more", "agent", "thanks")
    text = build.rubric_text("- {id: greets, title: Greets the caller, say: greeting}")
    (tmp_path / "two.yaml").write_text(text.replace("version: 1", "version: 2"))
    store.keep_rubric(load_rubric(tmp_path / "two.yaml"))
    decide(store, old, "adopted", "Gone from version 2", "reviewer")
    new = propose(store, "house", "change", WORDS, "agent", "greets")
    assert [one.version for one in proposals(store)] == [2, 1]
    with pytest.raises(NotStored, match="none of this name now"):
        propose(store, "house", "change", "x", "agent", "thanks")
    client = browser(app, "agent")
    assert client.get("/standards/house/thanks").status_code == 404
    shown = page(client, "/proposals/house").text
    assert "Gone from version 2" in shown and "Greets the caller" in shown
    # A decision on what has no page of its own leads to the rubric's.
    propose(store, "house", "new", "x", "agent")
    answer = send(browser(app, "admin"), f"/proposals/house/{new + 1}", outcome="declined", answer="no")
    assert answer.location == f"/proposals/house?decided={new + 1}#proposal-{new + 1}"


def test_an_erasure_takes_names_out_of_proposals_and_answers(tmp_path):
    store = fill(tmp_path / "home", tmp_path)
    call = keep_call(store, tmp_path, stereo(tmp_path))
    number = propose(store, "house", "change", f"In {call.id} it was too early", "agent", "greets")
    decide(store, number, "declined", f"{call.id} is an exception", "reviewer")
    assert erase(store, of_interactions(store, [call.id])).complete
    found = proposal(store, number)
    assert (found.text, found.decision.answer) == ("In [erased] it was too early", "[erased] is an exception")


# Who may, and who sees the name


@pytest.mark.parametrize("role", UserRole)
def test_everybody_proposes_and_those_who_decide_decide(store, browsers, role):
    client = browsers(role)
    form = {"kind": "change", "standard": "greets", "text": f"{role} says so"}
    answer = send(client, "/proposals/house", **form)
    assert (answer.status_code, answer.location) == (303, "/standards/house/greets?sent=1#proposal-1")
    assert "Your proposal is kept." in client.get(answer.location).text
    code = send(client, "/proposals/house/1", outcome="adopted", answer="so be it").status_code
    assert (code == 303) == (role in DECIDES) == (Right.DECIDE in RIGHTS[role])
    assert code == (303 if role in DECIDES else 403)
    assert bool(proposal(store, 1).decision) == (role in DECIDES)


@pytest.mark.parametrize("role", UserRole)
@pytest.mark.parametrize("address", ["/standards/house/greets", "/proposals/house", "/standards"])
def test_who_proposed_it_is_for_those_who_decide_and_for_themselves(store, browsers, role, address):
    propose(store, "house", "change", "by tom", "tom", "greets")
    mine = propose(store, "house", "new", "by me", role.value)
    shown = browsers(role).get(address).text
    assert ("<bdi>tom</bdi>" in shown) == (role in DECIDES)
    if address == "/standards":
        assert ("2 proposals wait for a decision" in shown) == (role in DECIDES)
        assert ("by tom" in shown) == (role in DECIDES)
        assert "What you proposed" in shown and "by me" in shown
        return
    assert ("somebody" in shown) == (role not in DECIDES)
    assert "by tom" in shown
    assert ("comport rubric backtest" in shown) == (role in DECIDES)
    assert (f'id="proposal-{mine}"' in shown and ">you" in shown.replace(" ", "")) == (
        address != "/standards/house/greets"
    )


def test_words_are_shown_as_they_were_typed_and_run_nowhere(store, browsers):
    number = propose(store, "house", "change", WORDS, "agent", "greets")
    decide(store, number, "declined", '"><img src=x onerror=alert(1)>', "reviewer")
    propose(store, "house", "new", WORDS, "agent")
    for address in ("/standards/house/greets", "/proposals/house", "/standards"):
        text = browsers(UserRole.ADMIN).get(address).text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "<script>alert" not in text and "<img" not in text


@pytest.mark.parametrize(
    ("address", "form", "code", "says"),
    [
        ("/proposals/house", {"kind": "change", "standard": "greets", "text": " "}, 422, "nothing was said"),
        ("/proposals/house", {"kind": "new", "text": "x" * 4001}, 422, "at most 4000 letters"),
        ("/proposals/house", {"kind": "other", "text": "x"}, 422, "is no kind"),
        ("/proposals/house", {"text": "x"}, 422, "is no kind"),
        ("/proposals/house", {"kind": "change", "standard": "none", "text": "x"}, 404, "none of this name"),
        ("/proposals/other", {"kind": "new", "text": "x"}, 404, "audit something under it first"),
        ("/proposals/house/1", {"outcome": "adopted", "answer": ""}, 422, "owed an answer"),
        ("/proposals/house/1", {"outcome": "perhaps", "answer": "x"}, 422, "is no outcome"),
        (
            "/proposals/house/2",
            {"outcome": "adopted", "answer": "x"},
            409,
            "reviewer has declined it already",
        ),
        ("/proposals/other/1", {"outcome": "adopted", "answer": "x"}, 404, ""),
        ("/proposals/house/99", {"outcome": "adopted", "answer": "x"}, 404, ""),
        ("/proposals/house/99999999999", {"outcome": "adopted", "answer": "x"}, 404, ""),
    ],
)
def test_a_form_that_cannot_be_taken_says_why(store, browsers, address, form, code, says):
    propose(store, "house", "change", WORDS, "agent", "greets")
    decide(store, propose(store, "house", "new", WORDS, "agent"), "declined", "no", "reviewer")
    answer = send(browsers(UserRole.ADMIN), address, **form)
    assert answer.status_code == code and says in unescape(answer.text)
    assert len(proposals(store)) == 2 and count_waiting(store) == 1


def test_a_rubric_that_nobody_knows_has_no_page(browsers):
    assert browsers(UserRole.AGENT).get("/proposals/other").status_code == 404


# The interface for programs


OF_ONE = "/standards/house/greets/proposals"


@pytest.mark.parametrize("role", UserRole)
def test_programs_propose_list_and_decide_as_their_account_may(store, ask, role):
    made = ask(role, "POST", OF_ONE, kind="repeal", text=WORDS)
    assert (made.status_code, made.location) == (201, "/api/v1/proposals/1")
    told = {"number": 1, "rubric": "house", "version": 1, "standard": "greets", "kind": "repeal"}
    assert made.json.items() >= (told | {"text": WORDS, "by": role, "decision": None}).items()
    new = ask(role, "POST", "/standards/house/proposals", text="Thanks by name").json
    assert (new["kind"], new["standard"]) == ("new", None)
    assert [one["number"] for one in ask(role, "GET", OF_ONE).json["items"]] == [1]
    assert [one["number"] for one in ask(role, "GET", "/standards/house/proposals").json["items"]] == [2, 1]
    assert ask(role, "GET", "/proposals/1").json == made.json
    # Of others only those who decide learn the name.
    other = propose(store, "house", "new", "of tom", "tom")
    assert ask(role, "GET", f"/proposals/{other}").json["by"] == ("tom" if role in DECIDES else None)
    decided = ask(role, "POST", "/proposals/1/decision", outcome="adopted", answer="from March")
    assert decided.status_code == (200 if role in DECIDES else 403)
    if role in DECIDES:
        assert (
            decided.json["decision"].items()
            >= {"outcome": "adopted", "answer": "from March", "by": role}.items()
        )
        again = ask(role, "POST", "/proposals/1/decision", outcome="declined", answer="no")
        assert (again.status_code, again.mimetype) == (409, "application/problem+json")
    waiting = ask(role, "GET", "/proposals?waiting=true&limit=1").json
    assert [one["number"] for one in waiting["items"]] == [3]
    following = ask(role, "GET", waiting["next"].removeprefix("/api/v1")).json
    assert [one["number"] for one in following["items"]] == [2]


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", OF_ONE, {"kind": "new", "text": "x"}, 400),
        ("POST", OF_ONE, {"kind": "change", "text": ""}, 400),
        ("POST", OF_ONE, {"kind": "change", "text": " "}, 422),
        ("POST", OF_ONE, {"kind": "change", "text": "x" * 4001}, 400),
        ("POST", OF_ONE, {"kind": "change", "text": "x", "by": "ana"}, 400),
        ("POST", "/standards/house/none/proposals", {"kind": "change", "text": "x"}, 404),
        ("POST", "/standards/other/proposals", {"text": "x"}, 404),
        ("POST", "/standards/house/proposals", {"kind": "new", "text": "x"}, 400),
        ("GET", "/standards/house/none/proposals", {}, 404),
        ("GET", "/standards/other/proposals", {}, 404),
        ("GET", "/proposals/1", {}, 404),
        ("GET", "/proposals?waiting=perhaps", {}, 400),
        ("POST", "/proposals/1/decision", {"outcome": "adopted", "answer": "x"}, 404),
        ("POST", "/proposals/1/decision", {"outcome": "adopted"}, 400),
        ("POST", "/proposals/1/decision", {"outcome": "maybe", "answer": "x"}, 400),
    ],
)
def test_what_programs_are_refused(ask, method, path, body, code):
    assert ask(UserRole.ADMIN, method, path, **body).status_code == code


def test_a_token_without_review_reads_no_words_and_proposes_nothing(store, ask):
    propose(store, "house", "change", WORDS, "agent", "greets")
    decide(store, 1, "declined", "not now", "reviewer")
    alone = (TokenScope.READ,)
    found = ask(UserRole.AGENT, "GET", OF_ONE, alone).json["items"][0]
    assert (found["text"], found["decision"]["answer"], found["by"]) == (HIDDEN, HIDDEN, "agent")
    assert ask(UserRole.AGENT, "POST", OF_ONE, alone, kind="change", text="x").status_code == 403
    assert (
        ask(UserRole.ADMIN, "POST", "/proposals/1/decision", alone, outcome="adopted", answer="x").status_code
        == 403
    )


def test_kinds_and_outcomes_have_words_on_pages():
    assert set(PROPOSALS) == set(ProposalKind) and set(OUTCOMES) == set(Resolution)


def test_a_row_of_a_decision_is_one_of_each_proposal(store):
    number = propose(store, "house", "change", WORDS, "agent", "greets")
    decide(store, number, "adopted", "yes", "reviewer")
    with store.reading() as connection:
        rows = connection.execute(select(t.proposal_decision.c.proposal_id)).scalars().all()
    assert rows == [number]
