"""The misses of a standard to listen to: which, whose, from which moment, and that looking is logged."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from audit import tables as t
from audit.auditlog import entries
from audit.judge import Verdict
from audit.misses import SHOWN, misses
from audit.reviews import keep_review
from audit.scope import Scope, UserRole
from audit.store import open_store
from tests.test_overview import browser, page
from tests.test_rights import COLLEAGUE, EMPLOYEE, OTHER_TEAM, SEEN, TEAM, fill
from tests.test_web import keep_call, stereo
from web import create_app


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A store with the calls of `test_rights`, in each of which the agent blames the customer, and its app."""
    folder = tmp_path_factory.mktemp("misses")
    store = open_store(folder / "home")
    calls = fill(store, folder)
    return store, {call.id: title for title, call in calls.items()}, create_app(store)


@pytest.mark.parametrize("role", UserRole)
def test_each_role_is_shown_the_misses_it_may_see(site, role):
    store, titles, app = site
    shown = page(browser(app, role.value), "/standards/house/no-blame")
    links = [
        found
        for tag, given in shown.tags
        if tag == "a"
        and (found := re.match(r"/interactions/(\w+)\?rubric=house&at=([\d.]+)#(.+)", given.get("href", "")))
    ]
    assert {titles[one[1]] for one in links} == SEEN[role]
    assert {one[3] for one in links} == {"finding-no-blame"}
    # Each begins a second before its words, and each look is in the log.
    assert all(float(one[2]) > 0 for one in links)
    looked = {row.subject for row in entries(store, 100, who=role.value, action="view")}
    assert {titles[subject] for subject in looked} == SEEN[role]
    # Whose it was is for those who compare people.
    assert (COLLEAGUE in shown.text) == (role != UserRole.AGENT)


@pytest.mark.parametrize(
    ("standard", "scope", "expected"),
    [
        ("no-blame", Scope(), 4),
        ("no-blame", Scope(team=TEAM), 3),
        ("no-blame", Scope(team=OTHER_TEAM), 1),
        ("no-blame", Scope(team=""), 0),
        ("no-blame", Scope(employee=EMPLOYEE), 1),
        ("no-blame", Scope(employee="Nobody"), 0),
        ("greets", Scope(), 0),  # met
        ("answer", Scope(), 0),  # awaits a person
        ("none", Scope(), 0),
        ('"; --', Scope(), 0),
    ],
)
def test_only_what_was_missed_within_the_scope_counts(site, standard, scope, expected):
    found = misses(site[0], "house", standard, scope)
    assert len(found) == expected
    assert all(one.quote and one.at_s for one in found)
    assert misses(site[0], "other", standard, scope) == ()


def test_the_newest_come_first_and_a_persons_word_counts(tmp_path, database):
    store = open_store(tmp_path / "home", database)
    calls = [
        keep_call(store, tmp_path, stereo(tmp_path, f"{n}.wav", 14.0 + n), f"call {n}")
        for n in range(SHOWN + 2)
    ]
    with store.writing() as connection:
        for n, call in enumerate(calls):
            row = update(t.scorecard).where(t.scorecard.c.interaction_id == call.id)
            connection.execute(row.values(judged_at=datetime(2026, 3, 1 + n, tzinfo=UTC)))
    titles = [one.interaction.title for one in misses(store, "house", "no-blame")]
    assert titles == [f"call {n}" for n in range(SHOWN + 1, 1, -1)]
    [card] = store.scorecards(calls[-1].id)
    keep_review(store, card, "no-blame", Verdict.MET, "ana")
    keep_review(store, card, "greets", Verdict.MISSED, "ana")
    keep_review(store, card, "answer", Verdict.MISSED, "ana")
    assert misses(store, "house", "no-blame")[0].interaction == calls[-2]
    # The machine's moment is what there is to hear, and a question that only a person answered has none.
    [greets] = misses(store, "house", "greets")
    assert (greets.interaction, greets.at_s) == (calls[-1], 1.0) and "good morning" in greets.quote
    [answer] = misses(store, "house", "answer")
    assert (answer.at_s, answer.quote) == (None, "")


def test_a_standard_that_nobody_missed_says_so(site):
    assert (
        "It was missed nowhere that you may see."
        in page(browser(site[2], "admin"), "/standards/house/greets").text
    )
