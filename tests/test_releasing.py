"""Scorecards released to agents, and what these say of them."""

import pytest

from audit.auditlog import entries
from audit.erasing import erase, of_customer
from audit.holds import add_hold, holds
from audit.interactions import Party
from audit.judge import Verdict
from audit.releasing import card_replies, keep_reply, release, release_of, withdraw
from audit.reviews import BadReview, card_stands, keep_review, next_waiting
from audit.scope import UserRole
from audit.searching import Wanted, find
from audit.store import open_store
from audit.users import add_user
from tests.test_customers import CUSTOMER, DAYS, keep
from tests.test_web import PASSWORD, keep_call, log_in, stereo, token
from tests.test_web_reviews import article
from web import create_app


@pytest.fixture
def store(tmp_path):
    found = open_store(tmp_path / "home")
    add_user(found, "rita", PASSWORD, UserRole.REVIEWER)
    add_user(found, "sarah", PASSWORD, UserRole.AGENT, employee="Sarah Lind")
    return found


@pytest.fixture
def call(store, tmp_path):
    return keep_call(store, tmp_path, stereo(tmp_path))


@pytest.fixture
def browsers(store):
    """A function that gives the logged-in browser of an account."""
    app, open_ = create_app(store), {}

    def of(name):
        if name not in open_:
            open_[name] = app.test_client()
            assert log_in(open_[name], name).status_code == 302
        return open_[name]

    return of


def send(browser, call, address, **form):
    form |= {"rubric": "house", "csrf_token": token(browser, "/account")}
    return browser.post(f"/interactions/{call.id}/{address}", data=form)


def test_an_agent_sees_a_scorecard_once_it_is_released(browsers, store, call):
    page = f"/interactions/{call.id}"
    assert browsers("sarah").get(page).status_code == 404
    assert "Release to <bdi>Sarah Lind</bdi>" in browsers("rita").get(page).text
    assert send(browsers("rita"), call, "release").status_code == 303
    assert browsers("sarah").get(page).status_code == 200
    assert "may see it since" in browsers("sarah").get(page).text
    found = release_of(store, call.id, "house")
    [card] = store.scorecards(call.id)
    assert (found.by, found.score) == ("rita", card.score.score)
    # Once more changes nothing.
    assert send(browsers("rita"), call, "release").status_code == 303
    assert release_of(store, call.id, "house") == found


def test_what_people_said_stands_in_a_release(store, call):
    [card] = store.scorecards(call.id)
    now = keep_review(store, card, "greets", Verdict.MISSED, "rita")
    release(store, card, "rita")
    assert release_of(store, call.id, "house").score == now.score.score != card.score.score


def test_a_dispute_waits_for_a_reviewer_and_is_settled_by_a_review(browsers, store, call):
    [card] = store.scorecards(call.id)
    for standard in card_stands(store, card).waiting:
        keep_review(store, card, standard, Verdict.MET, "rita")
    assert next_waiting(store, "", "house") is None
    release(store, card, "rita")
    answer = send(
        browsers("sarah"), call, "replies", standard="no-blame", kind="dispute", text="I did <b>not</b>"
    )
    assert answer.location.endswith("#finding-no-blame")
    assert card_stands(store, card).waiting == ("no-blame",)
    assert find(store, Wanted(needs_person=True)).rows[0].waiting == 1
    assert next_waiting(store, "", "house") == (call.id, "house")
    found = article(browsers("rita").get(f"/interactions/{call.id}").text, "no-blame")
    assert "Disputed sarah" in found and "I did &lt;b&gt;not&lt;/b&gt;" in found
    assert "The dispute waits for a person." in found
    keep_review(store, card, "greets", Verdict.MET, "rita")
    assert card_stands(store, card).waiting == ("no-blame",)
    keep_review(store, card, "no-blame", Verdict.MISSED, "rita", "listen at 0:10")
    assert card_stands(store, card).disputed == () and next_waiting(store, "", "house") is None
    found = article(browsers("sarah").get(f"/interactions/{call.id}").text, "no-blame")
    assert "listen at 0:10" in found and "The dispute waits" not in found


def test_a_comment_waits_for_nobody(browsers, store, call):
    [card] = store.scorecards(call.id)
    before = card_stands(store, card).waiting
    release(store, card, "rita")
    send(browsers("sarah"), call, "replies", standard="greets", kind="comment", text="thank you")
    send(browsers("sarah"), call, "replies", text="a good day")
    assert card_stands(store, card).waiting == before
    assert [(r.standard, r.disputes, r.text) for r in card_replies(store, card)] == [
        ("greets", False, "thank you"),
        ("", False, "a good day"),
    ]
    assert "a good day" in browsers("rita").get(f"/interactions/{call.id}").text


def test_a_dispute_outlives_a_new_judgement(tmp_path, database):
    store = open_store(tmp_path / "home", database)
    call = keep_call(store, tmp_path, stereo(tmp_path))
    [card] = store.scorecards(call.id)
    release(store, card, "rita")
    keep_reply(store, card, "sarah", "look again", "greets", disputes=True)
    before = find(store, Wanted()).rows[0].waiting
    keep_call(store, tmp_path, tmp_path / "call.wav", probability=0.9)
    [again] = store.scorecards(call.id)
    assert again != card and "greets" in card_stands(store, again).waiting
    assert find(store, Wanted()).rows[0].waiting >= before


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"text": " "}, "nothing was said"),
        ({"text": "x" * 4001}, "at most 4000 letters, not 4001"),
        ({"text": "x", "standard": "other"}, "rubric house has none of this name"),
        ({"text": "x", "kind": "dispute"}, "a dispute is about one finding"),
    ],
)
def test_what_is_no_reply_is_told(browsers, store, call, form, says):
    [card] = store.scorecards(call.id)
    release(store, card, "rita")
    answer = send(browsers("sarah"), call, "replies", **form)
    assert (answer.status_code, says in answer.text) == (422, True)
    assert card_replies(store, card) == ()


def test_nothing_is_said_of_what_was_not_released(store, call):
    [card] = store.scorecards(call.id)
    with pytest.raises(BadReview, match="was not released yet"):
        keep_reply(store, card, "sarah", "look again", "greets", disputes=True)


def test_an_agent_releases_nothing_and_a_reviewer_replies_to_nothing(browsers, store, call):
    [card] = store.scorecards(call.id)
    release(store, card, "rita")
    assert send(browsers("sarah"), call, "release").status_code == 403
    assert send(browsers("rita"), call, "replies", text="x").status_code == 403


def test_a_release_is_taken_back_and_the_agent_sees_nothing_any_more(browsers, store, call):
    page = f"/interactions/{call.id}"
    [card] = store.scorecards(call.id)
    release(store, card, "rita")
    keep_reply(store, card, "sarah", "a good day")
    assert browsers("sarah").get(page).status_code == 200
    assert "Take it back" not in browsers("sarah").get(page).text
    assert send(browsers("sarah"), call, "withdraw").status_code == 403
    assert "Take it back" in browsers("rita").get(page).text
    assert send(browsers("rita"), call, "withdraw").status_code == 303
    assert release_of(store, call.id, "house") is None
    assert browsers("sarah").get(page).status_code == 404
    assert call.title not in browsers("sarah").get("/interactions").text
    [row] = entries(store, action="release withdrawn")
    assert (row.who, row.subject, row.detail["released_by"]) == ("rita", call.id, "rita")
    # Once more changes nothing; what was said is there again with the next release.
    assert withdraw(store, card) is False and len(entries(store, action="release withdrawn")) == 1
    assert send(browsers("rita"), call, "release").status_code == 303
    assert "a good day" in browsers("sarah").get(page).text


def test_who_is_erased_is_taken_out_of_what_people_wrote_of_others(store, call):
    keep(store, "mail", Party(CUSTOMER, "Laura Keller", email="laura@example.com"), started_at=DAYS[0])
    [card] = store.scorecards(call.id)
    keep_review(store, card, "greets", Verdict.MISSED, "rita", "as with Laura@example.com last week")
    release(store, card, "rita")
    keep_reply(store, card, "sarah", "that was laura@example.com, not this one", "greets", False)
    add_hold(store, "interaction", call.id, "the case of laura@example.com", "ana")
    done = erase(store, of_customer(store, "laura@example.com"))
    assert done.complete and done.proof.left == ()
    [review], [reply], [hold] = (
        card_stands(store, card).history,
        card_replies(store, card),
        holds(store),
    )
    assert review.comment == "as with [erased] last week"
    assert reply.text == "that was [erased], not this one"
    assert hold.reason == "the case of [erased]"
