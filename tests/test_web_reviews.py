"""What reviewers say on the dashboard, without scripts: forms, answers and pages."""

import re

import pytest

from audit.judge import Verdict
from audit.reviews import card_stands, keep_review
from tests.test_web import app, call, client, keep_call, log_in, stereo, store, token, visitor  # noqa: F401


def say(client, call, standard="greets", verdict="missed", seen=0, comment="", rubric="house"):  # noqa: F811
    page = f"/interactions/{call.id}"
    form = {"rubric": rubric, "standard": standard, "verdict": verdict, "seen": seen, "comment": comment}
    form["csrf_token"] = token(client, page)
    return client.post(f"{page}/reviews", data=form)


def article(page, standard):
    """The finding of a standard as text, without markup."""
    html = re.search(rf'<article[^>]*id="finding-{standard}".*?</article>', page, re.DOTALL)[0]
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_a_verdict_goes_beside_the_machines_and_into_the_score(client, store, call):  # noqa: F811
    before = client.get(f"/interactions/{call.id}").text
    assert "The machine:" not in before
    answer = say(client, call, verdict="missed", comment="no <b>name</b>")
    assert answer.status_code == 303 and answer.location.endswith("?rubric=house#finding-greets")
    page = client.get(answer.location).text
    found = article(page, "greets")
    assert "Missed said ana" in found and "no &lt;b&gt;name&lt;/b&gt;" in found
    assert "The machine: Met" in found
    [card] = store.scorecards(call.id)
    stands = card_stands(store, card).score.score
    assert stands < card.score.score
    assert f"<b>{stands:.1f}</b>" in page
    assert f"<b>{stands:.1f}</b>" in client.get("/interactions").text


def test_an_earlier_word_stays_in_the_history(client, call):  # noqa: F811
    say(client, call, verdict="missed", comment="first")
    say(client, call, verdict="met", seen=1, comment="second")
    found = article(client.get(f"/interactions/{call.id}").text, "greets")
    assert re.search("Met said ana.*second.*1 earlier word of people.*Missed.*first", found)


def test_somebody_elses_word_is_not_overwritten_unseen(app, client, store, call):  # noqa: F811
    [card] = store.scorecards(call.id)
    keep_review(store, card, "greets", Verdict.MET, "ben")
    answer = say(client, call, verdict="missed", seen=0)
    assert answer.status_code == 409
    assert "ben said &#39;met&#39; after you opened it" in answer.text
    assert len(card_stands(store, card).history) == 1
    assert say(client, call, verdict="missed", seen=1).status_code == 303


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"verdict": "fine"}, 422, "is no verdict; expected one of met, missed"),
        ({"standard": "nothing"}, 422, "rubric house has none of this name"),
        ({"rubric": "other"}, 404, "no scorecard under"),
        ({"comment": "x" * 4001}, 422, "a comment has at most 4000 letters"),
    ],
)
def test_what_is_no_review_is_told(client, store, call, change, code, says):  # noqa: F811
    answer = say(client, call, **change)
    assert answer.status_code == code
    assert says in answer.text
    [card] = store.scorecards(call.id)
    assert card_stands(store, card).history == ()


def known(client, call):  # noqa: F811
    """What the page says that it knows of what people said, as it sends it on."""
    page = client.get(f"/interactions/{call.id}?rubric=house").text
    return re.search(r'name="newest" value="([^"]*)"', page)[1]


def parts(answer):
    """The ids of the parts that an answer in place has, in their order."""
    return re.findall(r'id="([\w-]+)"[^>]* hx-swap-oob="true"', answer.text)


def test_an_open_page_asks_for_what_somebody_said_since(client, store, call):  # noqa: F811
    address, asks = f"/interactions/{call.id}/reviews", {"rubric": "house", "newest": known(client, call)}
    answer = client.get(address, query_string=asks)
    assert (answer.status_code, answer.text) == (204, "")
    say(client, call)
    answer = client.get(address, query_string=asks)
    assert answer.status_code == 200
    found = parts(answer)
    assert {"newest", "caveats", "result", "sum", "says-greets", "choices-greets"} < set(found)
    assert not any("no-blame" in part for part in found)
    asks["newest"] = re.search(r'name="newest" value="([^"]*)"', answer.text)[1]
    assert asks["newest"].startswith("1 ")
    assert client.get(address, query_string=asks).status_code == 204
    # Of what was judged anew every finding is another one.
    asks["newest"] = "1 0123456789abcdef"
    assert any("no-blame" in part for part in parts(client.get(address, query_string=asks)))


@pytest.mark.parametrize("newest", ["", " ", "x", "9" * 99, "-1 x", "<b>"])
def test_what_no_page_would_know_is_answered_with_all_parts(client, call, newest):  # noqa: F811
    asks = {"rubric": "house", "newest": newest}
    answer = client.get(f"/interactions/{call.id}/reviews", query_string=asks)
    assert (answer.status_code, parts(answer).count("says-greets")) == (200, 1)
    assert re.search(r'name="newest" value="0 [0-9a-f]{16}"', answer.text)


def test_a_verdict_in_place_is_answered_with_what_it_changed(client, store, call):  # noqa: F811
    page = f"/interactions/{call.id}"
    form = {"rubric": "house", "standard": "greets", "verdict": "missed", "seen": 0}
    form |= {"csrf_token": token(client, page), "newest": known(client, call)}
    sent = {"HX-Request": "true"}
    answer = client.post(f"{page}/reviews", data=form, headers=sent)
    assert answer.status_code == 200 and "HX-Request" in answer.headers["Vary"]
    assert {"newest", "result", "mark-greets", "says-greets", "choices-greets", "points-greets"} <= set(
        parts(answer)
    )
    assert "utterance" not in answer.text and "says-no-blame" not in parts(answer)
    [card] = store.scorecards(call.id)
    assert f"<b>{card_stands(store, card).score.score:.1f}</b>" in answer.text
    # Every part has its place in the page.
    whole = client.get(page).text
    assert [one for one in parts(answer) if whole.count(f'id="{one}"') != 1] == []
    keep_review(store, card, "greets", Verdict.MET, "ben", "heard it")
    refused = client.post(f"{page}/reviews", data=form, headers=sent)
    assert refused.status_code == 409
    assert "heard it" in refused.text and "ben said “Met” after you opened it" in refused.text
    assert "problem-greets" in parts(refused)


def test_next_goes_through_what_waits_and_ends_at_the_list(client, store, call, tmp_path):  # noqa: F811
    other = keep_call(store, tmp_path, stereo(tmp_path, "other.wav", 20.0), "another")
    seen = client.get("/next").location
    assert seen == f"/interactions/{call.id}?rubric=house"
    seen = client.get(f"/next?after={call.id}&rubric=house").location
    assert seen == f"/interactions/{other.id}?rubric=house"
    assert (
        client.get(f"/next?after={other.id}&rubric=house").location == f"/interactions/{call.id}?rubric=house"
    )
    for one in (call, other):
        [card] = store.scorecards(one.id)
        for standard in card_stands(store, card).waiting:
            keep_review(store, card, standard, Verdict.MET, "ana")
    ended = client.get(f"/next?after={other.id}&rubric=house")
    assert "Nothing else waits for a person." in client.get(ended.location).text
