import json
import pickle
import threading

import pytest
from click.testing import CliRunner

from audit import database as db
from audit.cli import cli
from audit.interactions import Role
from audit.judge import Verdict
from audit.pipeline import rescore
from audit.reviews import (
    LONGEST_COMMENT,
    BadReview,
    ReviewConflict,
    card_stands,
    keep_review,
    stands,
)
from audit.scorecard import make_scorecard
from audit.store import open_store
from models.observations import Observed
from tests import build
from tests.test_migrations import SAVED, fill

STANDARDS = """
- {id: greets, title: Greets, weight: 1, say: greeting}
- {id: no-blame, title: Blames nobody, weight: 1, avoid: blame, critical: form}
- {id: answer, title: Gives the right answer, weight: 2, ask: Was it right?}
- {id: thanks, title: Thanks for holding, weight: 1, say: thanks-for-holding, when: {said: hold, by: agent}}
"""
# Greets is met, blame is met, the answer awaits a person, nobody was put on hold.

LINES = [
    ("agent", 0, "good morning my name is Sarah how may I help you"),
    ("customer", 5, "I have a question"),
]
BLAMING = [*LINES, ("agent", 9, "well that is your fault then")]


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "home")


def keep(store, tmp_path, lines=LINES, standards=STANDARDS, confirm=False):
    """A judged call in the store; gives its scorecard."""
    rubric = build.rubric(tmp_path, standards)
    if confirm:
        rubric = rubric.model_copy(update={"confirm": "person"})
    observed = build.observations(lines)
    one = build.interaction(roles=(("agent", Role.AGENT), ("customer", Role.CUSTOMER)))
    parts = [
        Observed(observed.recording.id, p, **{p.need: getattr(observed, p.need)}) for p in observed.provenance
    ]
    card = make_scorecard(one, observed, rubric)
    store.keep(one, observed, parts)
    store.keep_rubric(rubric)
    store.keep_scorecard(card)
    return card


@pytest.mark.parametrize(
    ("said", "score", "waiting"),
    [
        ({}, 100.0, ("answer",)),
        ({"answer": "met"}, 100.0, ()),
        ({"answer": "missed"}, 50.0, ()),
        ({"answer": "no_opportunity"}, 100.0, ()),
        ({"answer": "cannot_tell"}, 100.0, ()),
        ({"greets": "missed"}, 50.0, ("answer",)),
        ({"greets": "met"}, 100.0, ("answer",)),
        ({"no-blame": "missed", "answer": "met"}, 0.0, ()),
        ({"thanks": "missed"}, 100 * 2 / 3, ("answer",)),
    ],
)
def test_people_s_verdicts_make_the_score_that_stands(store, tmp_path, said, score, waiting):
    card = keep(store, tmp_path)
    for standard, verdict in said.items():
        keep_review(store, card, standard, Verdict(verdict), "ana")
    now = card_stands(store, card)
    assert now.score.score == pytest.approx(score)
    assert now.waiting == waiting
    # The machine's scorecard is what it was.
    assert store.scorecards(card.interaction) == (card,)
    [row] = store.rows()
    assert (row.score, row.machine_score) == (pytest.approx(score), 100.0)
    assert (row.waiting, row.reviewed) == (len(waiting), len(said))


def test_a_critical_miss_counts_once_a_person_confirmed_it(store, tmp_path):
    card = keep(store, tmp_path, BLAMING, confirm=True)
    assert (card.score.score, card.score.awaiting, card.score.if_confirmed) == (50.0, ("no-blame",), 0.0)
    assert card_stands(store, card).waiting == ("no-blame", "answer")
    now = keep_review(store, card, "no-blame", Verdict.MISSED, "ana")
    assert (now.score.score, now.score.awaiting, now.score.zeroed_by) == (0.0, (), ("no-blame",))
    now = keep_review(store, card, "no-blame", Verdict.MET, "ana", "he quotes the customer")
    assert (now.score.score, now.waiting) == (100.0, ("answer",))


def test_the_newest_word_holds_and_every_word_stays(store, tmp_path):
    card = keep(store, tmp_path)
    keep_review(store, card, "greets", Verdict.MISSED, "ana", "no name said")
    now = keep_review(store, card, "greets", Verdict.MET, "ben")
    assert [(r.reviewer, r.verdict, r.machine, r.comment) for r in now.history] == [
        ("ana", Verdict.MISSED, Verdict.MET, "no name said"),
        ("ben", Verdict.MET, Verdict.MET, ""),
    ]
    assert now.of["greets"].reviewer == "ben" and now.of["greets"].agrees


@pytest.mark.parametrize(
    ("reviewer", "seen", "taken"),
    [("ben", 0, False), ("ben", 1, True), ("ben", None, True), ("ana", 0, True)],
)
def test_nobody_overwrites_what_they_did_not_see(store, tmp_path, reviewer, seen, taken):
    card = keep(store, tmp_path)
    keep_review(store, card, "greets", Verdict.MISSED, "ana", seen=0)
    if taken:
        now = keep_review(store, card, "greets", Verdict.MET, reviewer, seen=seen)
        assert now.of["greets"].verdict == Verdict.MET
        return
    with pytest.raises(ReviewConflict, match="ana said 'missed' after you opened it") as caught:
        keep_review(store, card, "greets", Verdict.MET, reviewer, seen=seen)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert len(card_stands(store, card).history) == 1


def test_of_two_who_review_at_once_one_is_told(store, tmp_path):
    card = keep(store, tmp_path)
    told = []

    def say(name):
        try:
            keep_review(store, card, "greets", Verdict.MISSED, name, seen=0)
        except ReviewConflict as error:
            told.append(error.reviewer)

    people = [threading.Thread(target=say, args=(name,)) for name in ("ana", "ben")]
    for one in people:
        one.start()
    for one in people:
        one.join()
    [kept] = card_stands(store, card).history
    assert told == [kept.reviewer]


@pytest.mark.parametrize(
    ("standard", "comment", "says"),
    [
        ("greet", "", "rubric house has none of this name; did you mean greets"),
        ("Greets ", "", "rubric house has none of this name; did you mean greets"),
        ("zzz", "", "rubric house has none of this name; it has .*greets"),
        ("greets", "x" * (LONGEST_COMMENT + 1), "a comment has at most 4000 letters, this one 4001"),
    ],
)
def test_what_cannot_be_a_review_is_refused(store, tmp_path, standard, comment, says):
    card = keep(store, tmp_path)
    with pytest.raises(BadReview, match=says):
        keep_review(store, card, standard, Verdict.MET, "ana", comment)
    assert card_stands(store, card).history == ()


@pytest.mark.parametrize(
    ("standards", "holds"),
    [
        (STANDARDS + "- {id: offer, title: Offers help, say: offer-help}\n", True),
        (STANDARDS.replace("title: Greets,", "title: Greets warmly,"), False),
    ],
    ids=["another standard is new", "this standard is worded anew"],
)
def test_a_review_holds_as_long_as_the_wording_of_its_standard(store, tmp_path, standards, holds):
    card = keep(store, tmp_path)
    keep_review(store, card, "greets", Verdict.MISSED, "ana")
    again = build.rubric(tmp_path, standards)
    [judged] = rescore(store, again)
    now = stands(judged.card, again, card_stands(store, judged.card).history)
    assert ("greets" in now.of) is holds
    [row] = store.rows()
    assert row.reviewed == holds
    assert row.score == pytest.approx(now.score.score)
    assert len(now.history) == 1


def test_scorecards_of_an_earlier_version_stand_as_the_machine_found_them(tmp_path, database):
    fill(tmp_path, database, json.loads(SAVED["0002"].read_text("utf-8")))
    db.upgrade_store(tmp_path, database)
    [row] = open_store(tmp_path, database).rows()
    assert (row.score, row.machine_score, row.waiting, row.reviewed) == (100.0, 100.0, 1, 0)


def run(store, *arguments):
    return CliRunner().invoke(cli, ["--home", str(store.home), *arguments])


TITLE = "gives the right ANSWER"
"""A person names a standard as the scorecard shows it."""


def test_the_command_line_reviews(store, tmp_path):
    card = keep(store, tmp_path, BLAMING, confirm=True)
    done = run(store, "review", "add", "a call", "no-blame", "agree", "--by", "ana", "--comment", "heard it")
    assert "the score stands at 0.0 (the machine's is 50.0)" in done.output
    done = json.loads(run(store, "review", "add", "a call", TITLE, "met", "--by", "ana", "--json").output)
    assert (done["score"], done["waiting"], done["review"]["standard"]) == (0.0, [], "answer")
    listed = run(store, "review", "list", card.interaction).output
    assert "heard it" in listed and "waits for a person: nothing" in listed
    shown = run(store, "show", "a call").output
    assert "With people's verdicts: 0.0" in shown and "no-blame  ana, as the machine; heard it" in shown


def test_of_several_scorecards_the_only_one_with_the_standard_is_meant(store, tmp_path):
    keep(store, tmp_path)
    other = build.rubric(tmp_path, STANDARDS.replace("id: answer", "id: advice").replace("RIGHT", "BEST"))
    other = other.model_copy(update={"rubric": "other"})
    observed = build.observations(LINES)
    one = build.interaction(roles=(("agent", Role.AGENT), ("customer", Role.CUSTOMER)))
    store.keep_rubric(other)
    store.keep_scorecard(make_scorecard(one, observed, other))
    assert "kept" in run(store, "review", "add", "a call", "advice", "met", "--by", "ana").output
    done = run(store, "review", "add", "a call", "greets", "met", "--by", "ana")
    assert "has several scorecards" in str(done.exception)


def test_a_card_that_is_not_there_is_named(store, tmp_path):
    keep(store, tmp_path)
    done = run(store, "review", "add", "a call", "greets", "met", "--by", "ana", "--rubric", "other")
    assert "has no scorecard under 'other'; it has one of house" in str(done.exception)
