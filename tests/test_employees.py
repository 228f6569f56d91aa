"""The pages of employees and standards: what somebody may see of whom, strengths and gaps, agreement."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, literal, select

from audit import tables as t
from audit.agreement import agreement, agreements, apart
from audit.auditlog import entries
from audit.employees import employee, employees
from audit.judge import Verdict
from audit.overview import newest_stretch
from audit.releasing import release
from audit.reviews import keep_review
from audit.rubricfile import load_rubric
from audit.scope import Scope, UserRole
from audit.store import open_store
from audit.users import add_user
from tests import build
from tests.test_overview import browser, company, keep
from tests.test_web import PASSWORD, keep_call, page, stereo
from web import create_app


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("employees")
    found = open_store(folder / "home")
    rubric, rows = company(folder)
    # Cy greets always, the others two times of three.
    rows = [
        (*row[:6], row[6].replace("greets:missed missed", "greets:met met") if row[1] == "Cy" else row[6])
        for row in rows
    ]
    keep(found, rubric, rows)
    add_user(found, "ana", PASSWORD)
    add_user(found, "cy", PASSWORD, UserRole.AGENT, "", "Cy")
    add_user(found, "lea", PASSWORD, UserRole.LEAD, "Rome desk")
    return found


@pytest.fixture(scope="module")
def site(store):
    return create_app(store)


def test_strengths_and_gaps_are_what_differs_from_the_others_by_more_than_chance(store):
    stretch = newest_stretch(store, 4)
    cy, ada = (employee(store, name, stretch) for name in ("Cy", "Ada"))
    assert [row.name for row in cy.strengths] == ["greets"] and cy.gaps == ()
    assert [row.name for row in ada.gaps] == ["greets"] and ada.strengths == ()
    assert ada.whole.changed and ada.whole.difference < -15
    assert not cy.whole.changed
    assert employee(store, "Nobody", stretch) is None


def test_who_may_see_one_alone_compares_them_with_nobody(store):
    with store.writing() as connection:
        card = t.scorecard.c
        own = select(
            card.interaction_id, card.rubric_name, card.rubric_digest, literal("ana"), card.judged_at
        )
        own = own.join(t.interaction, t.interaction.c.id == card.interaction_id).where(
            t.interaction.c.agent == "Ada"
        )
        given = ["interaction_id", "rubric_name", "rubric_digest", "released_by", "at"]
        connection.execute(insert(t.release).from_select(given, own))
    alone = employee(store, "Ada", newest_stretch(store, 4), Scope(employee="Ada"))
    assert alone.strengths == () and all(row.before.n == 0 for row in alone.standards)
    assert alone.others == ()


def test_the_others_are_employees_and_not_what_nobody_is_known_of(tmp_path):
    store = open_store(tmp_path / "home")
    rubric, rows = company(tmp_path)
    keep(store, rubric, [(row[0], None if row[1] == "Cy" else row[1], *row[2:]) for row in rows])
    found = employee(store, "Ada", newest_stretch(store, 4))
    of_bo = employee(store, "Bo", newest_stretch(store, 4))
    assert {row.name: row.before for row in found.standards} == {row.name: row.now for row in of_bo.standards}
    assert [(week.begins, week.scores.n) for week in found.others] == [
        (w.begins, w.scores.n) for w in of_bo.weeks
    ]
    means = [week.scores.mean for week in of_bo.weeks]
    assert [week.scores.mean for week in found.others] == pytest.approx(means)


def test_employees_come_by_name_and_not_by_score(store):
    assert [row.name for row in employees(store, newest_stretch(store, 4))] == ["Ada", "Bo", "Cy"]


@pytest.mark.parametrize(
    ("who", "path", "code"),
    [
        ("ana", "/employees", 200),
        ("ana", "/employees/Ada", 200),
        ("ana", "/employees/Nobody", 404),
        ("lea", "/employees/Cy", 200),
        ("lea", "/employees/Ada", 404),
        ("cy", "/employees", 403),
        ("cy", "/employees/Ada", 404),
        ("cy", "/employees/Cy", 200),  # nothing was released yet: it says so
        ("cy", "/standards", 200),
        ("ana", "/standards/house/greets", 200),
        ("ana", "/standards/house/none", 404),
        ("ana", "/standards/none/greets", 404),
    ],
)
def test_who_may_see_whom(site, who, path, code):
    assert browser(site, who).get(path).status_code == code


@pytest.mark.parametrize("path", ["/employees/Cy", "/interactions"])
def test_an_agent_of_whom_nothing_was_released_is_told_so(site, path):
    told = browser(site, "cy").get(path).text
    assert "Nothing is released to you yet" in told and "comport" not in told


@pytest.mark.parametrize(
    ("pairs", "n", "agreed", "kappa"),
    [
        (
            {("met", "met"): 20, ("missed", "missed"): 15, ("met", "missed"): 5, ("missed", "met"): 10},
            50,
            0.7,
            0.4,
        ),
        ({("met", "met"): 3}, 3, 1.0, None),
        ({("met", "missed"): 2, ("missed", "met"): 2}, 4, 0.0, -1.0),
    ],
)
def test_agreement_and_kappa(pairs, n, agreed, kappa):
    found = agreement(Counter(pairs))
    assert (found.n, found.agreed) == (n, pytest.approx(agreed))
    assert found.kappa == (None if kappa is None else pytest.approx(kappa))


def test_a_standard_has_the_title_that_the_rubrics_of_its_employee_give_it(tmp_path):
    store = open_store(tmp_path / "home")
    rubric, rows = company(tmp_path)
    keep(store, rubric, rows)
    counter = build.rubric_text("- {id: greets, title: Greets the guest, say: greeting}")
    (tmp_path / "counter.yaml").write_text(counter.replace("rubric: house", "rubric: counter"), "utf-8")
    store.keep_rubric(load_rubric(tmp_path / "counter.yaml"))
    assert employee(store, "Ada", newest_stretch(store, 4)).titles["greets"] == "Greets"


def test_an_agent_is_compared_with_nobody_on_the_page_either(site, store):
    with store.writing() as connection:
        card = t.scorecard.c
        own = select(
            card.interaction_id, card.rubric_name, card.rubric_digest, literal("ana"), card.judged_at
        )
        own = own.join(t.interaction, t.interaction.c.id == card.interaction_id)
        given = ["interaction_id", "rubric_name", "rubric_digest", "released_by", "at"]
        bo = own.where(t.interaction.c.agent == "Bo")
        connection.execute(insert(t.release).from_select(given, bo))
    add_user(store, "bo", PASSWORD, UserRole.AGENT, "", "Bo")
    told = browser(site, "bo").get("/employees/Bo").text
    assert "Every standard, the least met first" in told
    assert not [word for word in ("the others", "Strengths", "Gaps") if word in told]


def test_a_standard_shows_where_people_differ_and_a_clip_opens_its_moment(tmp_path):
    store = open_store(tmp_path / "home")
    add_user(store, "ana", PASSWORD)
    call = keep_call(store, tmp_path, stereo(tmp_path))
    [card] = store.scorecards(call.id)
    client = browser(create_app(store))
    clips = [
        a["href"]
        for t, a in page(client, "/employees/Sarah Lind").tags
        if t == "a" and "at=" in a.get("href", "")
    ]
    assert f"/interactions/{call.id}?rubric=house&at=0.0#finding-greets" in clips
    [seen_row, *_] = entries(store, action="view", subject=call.id)
    assert (seen_row.who, seen_row.detail) == ("ana", {"address": "employee"})
    keep_review(store, card, "greets", Verdict.MET, "ana")
    keep_review(store, card, "no-blame", Verdict.MET, "ana", "a joke")
    keep_review(store, card, "thanks", Verdict.MET, "ben")
    keep_review(store, card, "thanks", Verdict.MISSED, "ana")  # the newest word counts
    assert agreements(store)["house", "greets"].agreed == 1.0
    assert agreements(store)["house", "thanks"].agreed == 1.0
    [one] = apart(store, "house", "no-blame")
    assert (one.machine, one.person, one.comment) == (Verdict.MISSED, Verdict.MET, "a joke")
    seen = Scope(employee="Sarah Lind").scorecards()
    with store.writing() as connection:
        row = {"interaction_id": call.id, "rubric_name": "other", "rubric_digest": card.rubric_digest}
        now = datetime.now(UTC)
        connection.execute(insert(t.release).values(**row, released_by="ana", at=now))
    assert apart(store, "house", "no-blame", *seen) == ()  # another scorecard of it was released
    release(store, card, "ana")
    assert apart(store, "house", "no-blame", *seen) == (one,)
    shown = page(client, "/standards/house/no-blame")
    assert "machine: Missed, person: Met" in shown.text and "a joke" in shown.text
    assert entries(store, 1, action="view")[0].detail == {"address": "standard"}
    assert "Smile first, then speak." in page(client, "/standards/house/greets").text
