"""Sums by week and place are those of the scorecards, whatever is written; what is written marks what it changes."""

import json
from datetime import datetime
from importlib import import_module

import pytest
from sqlalchemy import event, func, literal_column, select

from audit import tables as t
from audit import tallies
from audit.erasing import erase, of_interactions
from audit.judge import Verdict
from audit.pipeline import audit_file, rescore
from audit.releasing import keep_reply, release
from audit.retention import Retention, Times, apply_retention
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
