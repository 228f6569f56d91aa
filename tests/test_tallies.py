"""Sums by week and place are those of the scorecards, whatever is written; what is written marks what it changes."""

import json
from datetime import datetime
from importlib import import_module

import msgspec
import pytest
from sqlalchemy import event, func, literal_column, select

from audit import retention, tallies
from audit import tables as t
from audit.erasing import erase, of_interactions
from audit.judge import Verdict
from audit.pipeline import audit_file, rescore
from audit.releasing import keep_reply, release
from audit.retention import Due, Retention, Times, apply_retention
from audit.reviews import keep_review
from audit.rubricfile import load_rubric
from audit.store import open_store
from audit.tallies import (
    score_sums,
    settle,
    standard_sums,
    summed_scores,
    summed_standards,
    week_number,
    week_of,
)
from audit.upgrading import stand_again
from tests import build

KEYS = ("branch", "team", "agent", "channel", "rubric_name")

RUBRIC = """
- {id: greets, title: Greets, say: greeting}
- {id: parts, title: Offers help, say: offer-help}
"""


def chat_rubric(folder, standards=RUBRIC):
    path = folder / "house.yaml"
    path.write_text(build.rubric_text(standards).replace("[call]", "[chat]"))
    return load_rubric(path)


class House:
    """A store with chats of several days and places, and what people do with it."""

    def __init__(self, store, folder):
        self.store, self.folder = store, folder
        self.rubric = chat_rubric(folder)
        self.taken = [
            self.take(name, *facts)
            for name, *facts in (
                ("one", "2026-03-02", "Good morning", {"branch": "Rome", "team": "desk"}),
                ("two", "2026-03-08", "Now what", {"branch": "Rome", "team": "desk"}),
                ("three", "2026-03-09", "Good morning", {"branch": "Rome", "team": "night"}),
                ("four", "2026-03-09", "Good morning", {"team": "desk"}),
                ("five", "2025-12-28", "Good morning", {"language": "en"}),
            )
        ]

    def take(self, name, day, greeting, facts):
        lines = [
            {
                "at": f"{day}T09:00:00+00:00",
                "from": "agent",
                "name": "Tom",
                "text": f"{greeting}, it is Tom.",
            },
            {"at": f"{day}T09:01:00+00:00", "from": "customer", "name": name, "text": "My jacket is late."},
        ]
        path = self.folder / f"{name}.jsonl"
        path.write_text("\n".join(map(json.dumps, lines)))
        (self.folder / f"{name}.meta.yaml").write_text("\n".join(f"{n}: {v}" for n, v in facts.items()))
        return audit_file(path, [self.rubric], self.store).interaction.id

    def card(self, number):
        return self.store.scorecards(self.taken[number])[0]

    def another_wording(self):
        list(rescore(self.store, chat_rubric(self.folder, RUBRIC.replace("say: offer-help", "avoid: blame"))))

    def a_review(self):
        keep_review(self.store, self.card(0), "greets", Verdict.MISSED, "ana")

    def a_dispute(self):
        release(self.store, self.card(2), "ana")
        keep_reply(self.store, self.card(2), "tom", "I did greet.", "greets", disputes=True)

    def another_place(self):
        assert (
            self.take("one", "2026-03-02", "Good morning", {"branch": "Oslo", "team": "desk"})
            == self.taken[0]
        )

    def an_upgrade(self):
        with self.store.writing() as connection:
            connection.execute(
                t.scorecard.update().where(t.scorecard.c.reviewed > 0).values(standing_score=1.0)
            )
        stand_again(self.store)

    def an_erasure(self):
        assert erase(self.store, of_interactions(self.store, [self.taken[3]])).complete

    def the_keep_times(self):
        assert (
            apply_retention(self.store, Retention(every=Times(scorecards="1 day"))).removed["scorecards"] == 4
        )


@pytest.fixture
def house(database, tmp_path):
    store = open_store(tmp_path / "home", database)
    yield House(store, tmp_path)
    store.engine.dispose()


def from_scorecards(store):
    facts, rubric = t.interaction.c, t.scorecard.c.rubric_name
    with store.reading() as connection:
        week = week_number(connection.dialect.name)
        keys = (week, *(facts[name] for name in KEYS[:-1]), rubric)
        dated = (facts.started_at.is_not(None),)
        cells = {tuple(k or "" for k in one.key): one for one in score_sums(connection, keys, dated)}
        return {k: (c.scores, c.waiting, c.critical) for k, c in cells.items()}, standard_sums(
            connection, dated
        )


def from_sums(store):
    sums = t.score_sum.c
    with store.reading() as connection:
        keys = (sums.week, *(sums[name] for name in KEYS))
        cells = {
            one.key: (one.scores, one.waiting, one.critical) for one in summed_scores(connection, keys, ())
        }
        standards = summed_standards(connection, (t.verdict_sum.c.standard,), ())
        return cells, {name: (met, missed) for name, met, missed in standards}


def stale(store):
    with store.reading() as connection:
        return connection.execute(select(func.count()).select_from(t.stale_sum)).scalar_one()


def test_sums_are_those_of_the_scorecards_whatever_is_written(house):
    settle(house.store)
    assert [cell[0].n for cell in from_sums(house.store)[0].values()].count(2) == 1  # one week, one place
    for step in (
        house.another_wording,
        house.a_review,
        house.a_dispute,
        house.another_place,
    ):
        before = from_sums(house.store)
        assert before == from_scorecards(house.store)
        step()
        assert stale(house.store) > 0, step
        settle(house.store)
        assert stale(house.store) == 0
        assert from_sums(house.store) == from_scorecards(house.store) != before, step


def test_with_what_is_erased_its_sums_go(house):
    settle(house.store)
    for step in (house.an_erasure, house.the_keep_times):
        before = from_sums(house.store)
        step()
        assert stale(house.store) == 0
        assert from_sums(house.store) == from_scorecards(house.store) != before, step


def by_place(store):
    """(week, branch, team) → how many scores, their sum; and how often each standard was met."""
    sums, verdicts = t.score_sum.c, t.verdict_sum.c
    with store.reading() as connection:
        cells = summed_scores(connection, (sums.week, sums.branch, sums.team), ())
        standards = summed_standards(connection, (verdicts.week, verdicts.standard), ())
    return {one.key: (one.scores.n, one.scores.total) for one in cells}, {
        (week, name): (met, missed) for week, name, met, missed in standards
    }


@pytest.mark.parametrize("way", ["asked", "over its time"])
def test_scores_of_what_is_erased_stay_where_they_are_one_of_several(house, monkeypatch, way):
    store, night = house.store, {"branch": "Rome", "team": "night"}
    many = [
        house.take(f"many {n}", "2026-03-10", ("Good morning", "Now what")[n % 2], night) for n in range(5)
    ]
    settle(store)
    (before, met), early, late = by_place(store), week_of(on("2026-03-02")), week_of(on("2026-03-09"))
    assert before[late, "Rome", "night"][0] == 6
    # One of two in its week, one alone in its place, two of six.
    gone = [house.taken[0], house.taken[3], *many[:2]]
    if way == "asked":
        assert erase(store, msgspec.structs.replace(of_interactions(store, gone), keep_sums=True)).complete
    else:
        over = [Due("scorecards", store.interaction(one), 500) for one in gone]
        monkeypatch.setattr(retention, "due", lambda *_: over)
        assert apply_retention(store, Retention(keep_sums=True)).erased.complete
    after, met_after = by_place(store)
    alone = before.pop((late, "", "desk"))
    assert before.pop((early, "Rome", "desk"))[0] == 2 and after.pop((early, "Rome", "desk"))[0] == 1
    assert after == before | {(late, "", ""): alone}
    assert {k: v for k, v in met_after.items() if k[0] == late} == {
        k: v for k, v in met.items() if k[0] == late
    }
    # They are counted with what comes later, too, and once more when more is erased.
    house.take("new", "2026-03-11", "Good morning", night)
    assert erase(store, msgspec.structs.replace(of_interactions(store, many[2:4]), keep_sums=True)).complete
    n, total = before[late, "Rome", "night"]
    assert by_place(store)[0][late, "Rome", "night"] == (n + 1, total + 50.0)
    with store.reading() as connection:
        (row,) = connection.execute(select(t.kept_score).where(t.kept_score.c.team == "night")).all()
    assert row._asdict().keys() & {"agent", "interaction_id"} == set() and row.n == 4


def on(day):
    return datetime.fromisoformat(f"{day}T00:00:00+00:00")


@pytest.mark.parametrize(
    ("at_once", "transactions"),
    [
        # Four places in three weeks; of a week that is full nobody knows yet whether there are more.
        (50, 3),
        (1, 4 + 3),
    ],
)
def test_others_may_write_between_the_sums_of_two_places(house, monkeypatch, at_once, transactions):
    monkeypatch.setattr(tallies, "AT_ONCE", at_once)
    written = []
    event.listen(house.store.engine, "commit", written.append)
    settle(house.store)
    assert len(written) == transactions
    assert stale(house.store) == 0
    assert from_sums(house.store) == from_scorecards(house.store)


@pytest.mark.parametrize(
    "at", ["2026-03-08T23:59:59.999700+00:00", "2026-03-09T00:00:00+00:00", "1969-12-31T23:59:59.5+00:00"]
)
def test_the_week_of_an_interaction_is_that_of_its_whole_second(house, at):
    began = datetime.fromisoformat(at)
    mine = t.interaction.c.id == house.taken[0]
    with house.store.writing() as connection:
        connection.execute(t.interaction.update().where(mine).values(started_at=began))
        query = select(week_number(connection.dialect.name)).where(mine)
        assert connection.execute(query).scalar_one() == week_of(began)
        if connection.dialect.name == "sqlite":
            upgraded = import_module("audit.migrations.versions.0012_sums").WEEK_ON_SQLITE
            query = select(literal_column(upgraded)).select_from(t.interaction).where(mine)
            assert connection.execute(query).scalar_one() == week_of(began)


def test_an_upgrade_that_writes_anew_what_stands_counts(house):
    house.a_review()
    settle(house.store)
    house.an_upgrade()
    settle(house.store)
    assert from_sums(house.store) == from_scorecards(house.store)


def test_what_is_judged_again_alike_makes_nothing_stale(house):
    settle(house.store)
    assert len(list(rescore(house.store, house.rubric))) == 5
    assert stale(house.store) == 0


def test_only_the_weeks_that_are_asked_for_are_made_anew(house):
    new = week_of(began(house.store, house.taken[2]))
    settle(house.store, new, new)
    assert {key[0] for key in from_sums(house.store)[0]} == {new}
    assert stale(house.store) == 2


def began(store, interaction):
    with store.reading() as connection:
        return connection.execute(
            select(t.interaction.c.started_at).where(t.interaction.c.id == interaction)
        ).scalar_one()
