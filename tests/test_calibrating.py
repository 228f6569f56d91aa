"""Blind calibration: who may say what, what nobody is told while it is open, and what it shows once closed."""

import re

import pytest
from sqlalchemy import select

from audit import tables as t
from audit.agreement import Agreement
from audit.auditlog import Action, entries
from audit.calibrated import MACHINE, overall, result
from audit.calibrating import (
    CalibrationClosed,
    CalibrationOpen,
    NotAsked,
    all_heard,
    begin,
    calibration,
    calibrations,
    close,
    heard,
    may_say,
    own_words,
    say,
)
from audit.erasing import erase, of_interactions
from audit.judge import Verdict
from audit.leaving.rows import as_json, leaving
from audit.reviews import BadReview, card_stands
from audit.scope import Scope, UserRole
from audit.store import NotStored, open_store
from audit.users import add_user, remove_user, set_locked
from tests import build
from tests.test_web import PASSWORD, STANDARDS, keep_call, stereo

MET, MISSED, CANNOT = Verdict.MET, Verdict.MISSED, Verdict.CANNOT_TELL

NAMES = ("greets", "no-blame", "thanks", "silence", "answer")

MACHINE_SAID = {
    **{"greets": MET, "no-blame": MISSED, "thanks": MISSED},
    **{"silence": MET, "answer": CANNOT},
}
"""What the machine finds of the call of `tests/test_web.py`."""


def people(store):
    for name, role, team in (
        ("ana", UserRole.ADMIN, ""),
        ("luca", UserRole.LEAD, "Milan desk"),
        ("rita", UserRole.REVIEWER, ""),
        ("sam", UserRole.REVIEWER, ""),
        ("tom", UserRole.TRAINER, ""),
    ):
        add_user(store, name, PASSWORD, role, team)


@pytest.fixture
def store(tmp_path):
    found = open_store(tmp_path / "home")
    people(found)
    return found


@pytest.fixture
def card(store, tmp_path):
    [found] = store.scorecards(keep_call(store, tmp_path, stereo(tmp_path)).id)
    assert {one.standard: one.verdict for one in found.findings} == MACHINE_SAID
    return found


def say_all(store, number, name, verdicts=(), standards=NAMES):
    """This person says of each standard these verdicts, of the others that they were met."""
    for standard in standards:
        say(store, number, standard, dict(verdicts).get(standard, MET), name, f"{name} heard it")


def test_it_closes_with_the_last_word_of_the_last_person(tmp_path, database):
    store = open_store(tmp_path / "home", database)
    people(store)
    [card] = store.scorecards(keep_call(store, tmp_path, stereo(tmp_path)).id)
    number = begin(store, card, ["rita", "sam", "rita"], "ana", "sam")
    say_all(store, number, "rita")
    one = calibration(store, number)
    assert one.closed_at is None and (one.waits_for("rita"), one.waits_for("sam")) == (False, True)
    assert [(asked.name, asked.said) for asked in one.people] == [("rita", 5), ("sam", 0)]
    with pytest.raises(CalibrationOpen, match="nobody sees what was said"):
        heard(store, number)
    say(store, number, "greets", MISSED, "rita", "too late")
    say_all(store, number, "sam", standards=NAMES[:-1])
    assert calibration(store, number).closed_at is None
    say(store, number, "answer", MISSED, "sam")
    found = heard(store, number)
    assert found.machine == MACHINE_SAID
    said = {name: {s: w.verdict for s, w in words.items()} for name, words in found.words.items()}
    met = dict.fromkeys(NAMES, MET)
    assert said == {"rita": met | {"greets": MISSED}, "sam": met | {"answer": MISSED}}
    assert found.words["rita"]["greets"].comment == "too late"
    assert [one.number for one in calibrations(store, closed=True)] == [number]
    assert calibrations(store, closed=False) == () and all_heard(store) == (found,)


def test_what_is_said_is_no_review_and_changes_no_score_nor_export(store, card):
    def stands():
        [row] = store.rows()
        return card_stands(store, card), row, as_json(leaving(store, row, card, personal=True))

    before = stands()
    number = begin(store, card, ["rita", "sam"], "ana")
    for name in ("rita", "sam"):
        say_all(store, number, name, {"greets": MISSED})
    assert stands() == before and before[0].history == ()


def test_the_log_tells_that_somebody_judged_and_never_how(store, card):
    number = begin(store, card, ["rita", "sam"], "ana")
    say(store, number, "greets", CANNOT, "rita", "half of a word")
    assert close(store, number, "ana")
    told = entries(store, 3)
    assert [(row.action, row.subject, row.detail["calibration"]) for row in told] == [
        (action, card.interaction, number)
        for action in (Action.CALIBRATION_CLOSED, Action.CALIBRATION_SAID, Action.CALIBRATION_BEGUN)
    ]
    assert not [row for row in told if re.search("cannot|half|missed|met", str(row.detail))]


@pytest.mark.parametrize(
    ("asked", "expert", "says"),
    [
        (["rita"], "", "choose 2 to 20 people, not 1"),
        (["rita", "rita"], "", "choose 2 to 20 people, not 1"),
        ([f"p{n}" for n in range(21)], "", "choose 2 to 20 people, not 21"),
        (["rita", "tom"], "", "'tom' cannot look at it"),
        (["rita", "nobody"], "", "'nobody' cannot look at it"),
        (["rita", "luca"], "", "'luca' cannot look at it"),
        (["rita", "sam"], "ana", "the expert 'ana' is none of those who are asked"),
    ],
)
def test_who_is_asked_reviews_and_sees_it(store, card, asked, expert, says):
    with pytest.raises(BadReview, match=says):
        begin(store, card, asked, "ana", expert)
    assert calibrations(store) == ()


def test_one_scorecard_is_calibrated_once_at_a_time(store, card):
    number = begin(store, card, ["rita", "sam"], "ana")
    with pytest.raises(BadReview, match=f"already, as number {number}"):
        begin(store, card, ["ana", "sam"], "rita")
    close(store, number, "ana")
    assert begin(store, card, ["ana", "sam"], "rita") > number


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"name": "ana"}, NotAsked, "'ana' was not asked"),
        ({"standard": "nothing"}, BadReview, "there is none of this name; there are greets, "),
        ({"comment": "x" * 4001}, BadReview, "at most 4000 letters"),
        ({"number": 999}, NotStored, "no calibration '?999"),
    ],
)
def test_what_cannot_be_said(store, card, change, error, says):
    number = begin(store, card, ["rita", "sam"], "ana")
    asked = {"number": number, "standard": "greets", "verdict": MET, "name": "rita"} | change
    with pytest.raises(error, match=says):
        say(store, **asked)
    assert own_words(store, number, "rita") == {}


def test_it_is_closed_once_by_whoever_began_it(store, card):
    number = begin(store, card, ["rita", "sam"], "rita")
    for name in ("sam", "ana"):
        with pytest.raises(NotAsked, match="only rita, who began it, or an admin closes it"):
            close(store, number, name)
    say(store, number, "greets", MISSED, "rita")
    assert close(store, number, "ana", any_=True)
    at = calibration(store, number).closed_at
    assert not close(store, number, "rita")
    assert calibration(store, number).closed_at == at
    with pytest.raises(CalibrationClosed, match="nothing can be said any more"):
        say(store, number, "greets", MET, "rita")
    assert own_words(store, number, "rita")["greets"].verdict == MISSED
    assert heard(store, number).words["sam"] == {}


def test_a_lead_sees_those_of_the_team(store, card):
    number = begin(store, card, ["rita", "sam"], "ana")
    close(store, number, "ana")
    team = Scope(team="Milan desk")
    assert calibrations(store, team) == () == all_heard(store, team)
    for ask in (calibration, heard):
        with pytest.raises(NotStored):
            ask(store, number, team)
    with store.writing() as connection:
        connection.execute(t.interaction.update().values(team="Milan desk"))
    assert [one.number for one in calibrations(store, team)] == [number]
    assert begin(store, card, ["luca", "sam"], "luca") > number


def test_a_later_account_of_the_same_name_was_not_asked(store, card):
    number = begin(store, card, ["rita", "sam"], "ana")
    say(store, number, "greets", MISSED, "rita")
    remove_user(store, "rita")
    add_user(store, "rita", PASSWORD, UserRole.REVIEWER)
    assert not may_say(store, number, "rita") and not calibration(store, number).waits_for("rita")
    with pytest.raises(NotAsked):
        say(store, number, "greets", MET, "rita")
    say_all(store, number, "sam")
    assert heard(store, number).words["rita"]["greets"].verdict == MISSED


def test_a_locked_account_is_not_asked(store, card):
    set_locked(store, "sam", True)
    with pytest.raises(BadReview, match="'sam' cannot look at it"):
        begin(store, card, ["rita", "sam"], "ana")


def test_with_an_interaction_its_calibrations_are_erased(tmp_path, database):
    store = open_store(tmp_path / "home", database)
    people(store)
    calls = [keep_call(store, tmp_path, stereo(tmp_path, f"{n}.wav", 14.0 + n), str(n)) for n in (1, 2)]
    numbers = []
    for call in calls:
        [card] = store.scorecards(call.id)
        numbers.append(begin(store, card, ["rita", "sam"], "ana"))
        say(store, numbers[-1], "greets", MISSED, "rita", f"as in {calls[0].id}")
    done = erase(store, of_interactions(store, [calls[0].id]))
    assert done.complete
    assert {name: done.rows[name] for name in done.rows if name.startswith("calibration")} == {
        "calibration": 1,
        "calibration_person": 2,
        "calibration_word": 1,
    }
    assert [one.number for one in calibrations(store)] == [numbers[1]]
    with store.reading() as connection:
        assert connection.execute(select(t.calibration_word.c.comment)).all() == [("as in [erased]",)]


# What it shows


def closed(store, card, said, expert=""):
    """A calibration in which each name says of each standard; None: nothing. Gives all that was heard."""
    number = begin(store, card, said, "ana", expert)
    for name, verdicts in said.items():
        for standard, verdict in zip(NAMES, verdicts, strict=True):
            if verdict:
                say(store, number, standard, verdict, name)
    close(store, number, "ana", any_=True)
    return heard(store, number)


def test_where_people_differ_comes_first_then_where_the_machine_does(store, card):
    one = closed(store, card, {"rita": (MET, MET, MISSED, MET, MET), "sam": (MET, MET, MISSED, MISSED, MET)})
    shown = result(store, one)
    assert [(row.standard, row.differ, row.machine_alone) for row in shown.standards] == [
        ("silence", True, False),
        ("no-blame", False, True),
        ("greets", False, False),
        ("thanks", False, False),
        ("answer", False, False),
    ]
    first = shown.standards[0]
    assert (first.title, first.machine) == ("Leaves no long silence", MET)
    assert {name: word.verdict for name, word in first.words.items()} == {"rita": MET, "sam": MISSED}


@pytest.mark.parametrize(
    ("said", "expert", "people", "machine"),
    [
        # Worked by hand: 4 of 5 alike; chance (4 × 3 + 1 × 2) / 25 = 0.56, kappa (0.8 - 0.56) / 0.44.
        (
            {"rita": (MET, MET, MISSED, MET, MET), "sam": (MET, MET, MISSED, MISSED, MET)},
            "sam",
            {"rita": (5, 0.8, 0.24 / 0.44), "sam": None},
            # Machine met, missed, missed, met: with sam 2 of 4, chance (2 × 2 + 2 × 2) / 16.
            (4, 0.5, 0.0),
        ),
        # Three without an expert: each with both others.
        (
            {"rita": (MET, MET, None, None, None), "sam": (MET, MISSED, None, None, None), "ana": (MET,) * 5},
            "",
            {"ana": (4, 0.75, 0.0), "rita": (4, 0.75, 0.0), "sam": (4, 0.5, 0.0)},
            # Of greets all three, of no-blame sam alone, of thanks and silence ana.
            (8, 5 / 8, 1 / 4),
        ),
        # Both always said the same one verdict: nothing that chance could be told from.
        (
            {"rita": (MET,) * 5, "sam": (MET,) * 5},
            "",
            {"rita": (5, 1.0, None), "sam": (5, 1.0, None)},
            (8, 0.5, 0.0),
        ),
        # Nothing in common: no figure.
        (
            {"rita": (MET, None, None, None, None), "sam": (None, None, None, None, MET)},
            "",
            {"rita": None, "sam": None},
            (1, 1.0, None),
        ),
    ],
)
def test_agreement_of_people_and_machine(store, card, said, expert, people, machine):
    shown = result(store, closed(store, card, said, expert))

    def near(figure):
        return figure and Agreement(figure[0], *(v if v is None else pytest.approx(v) for v in figure[1:]))

    assert shown.people == {name: near(figure) for name, figure in people.items()}
    assert shown.machine == near(machine)
    judges = {one.name: one for one in overall(store, all_heard(store)).people}
    side = "with_expert" if expert else "with_others"
    assert {name: getattr(judges[name], side) for name in people} == shown.people
    assert getattr(judges[MACHINE], side) == shown.machine


def test_over_all_the_most_differently_understood_standard_comes_first(store, card, tmp_path):
    closed(store, card, {"rita": (MET, MET, MISSED, MET, MET), "sam": (MET, MET, MISSED, MISSED, MET)})
    closed(store, card, {"rita": (MET, MISSED, MISSED, MET, MET), "ana": (MET, MET, MISSED, MISSED, MET)})
    found = overall(store, all_heard(store))
    alike = {one.standard: (one.calibrations, one.people.n, one.people.agreed) for one in found.standards}
    assert alike == {
        "silence": (2, 2, 0.0),
        "no-blame": (2, 2, 0.5),
        **dict.fromkeys(("answer", "greets", "thanks"), (2, 2, 1.0)),
    }
    assert list(alike)[:2] == ["silence", "no-blame"]
    machine = {one.standard: one.machine and (one.machine.n, one.machine.agreed) for one in found.standards}
    assert machine["no-blame"] == (4, 0.25) and machine["answer"] is None
    assert [one.name for one in found.people] == ["ana", "rita", "sam", MACHINE]


def test_over_all_only_the_newest_wording_counts(store, card, tmp_path):
    closed(store, card, {"rita": (MET,) * 5, "sam": (MISSED,) * 5})
    (tmp_path / "new").mkdir()
    worded = STANDARDS.replace("Smile first, then speak.", "Speak first, then smile.")
    rubric = build.rubric(tmp_path / "new", worded)
    call = keep_call(store, tmp_path, stereo(tmp_path, "new.wav", 20.0), "new", rubric=rubric)
    [new] = store.scorecards(call.id)
    assert new.rubric_digest != card.rubric_digest
    closed(store, new, {"rita": (MET,) * 5, "sam": (MET,) * 5})
    found = {one.standard: one for one in overall(store, all_heard(store)).standards}
    assert (found["greets"].calibrations, found["greets"].people.agreed) == (1, 1.0)
    assert (found["thanks"].calibrations, found["thanks"].people.agreed) == (2, 0.5)


def test_without_calibrations_there_is_nothing_to_show(store):
    found = overall(store, all_heard(store))
    assert (found.people, found.standards) == ((), ())
