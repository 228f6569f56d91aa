"""Scores that go on counting though their interactions are erased: added to sums in which nobody is.

What stays is a number of scorecards, their scores added up and how often each standard was met, for a week, a
branch, a team, a channel and a rubric: no interaction, no customer, no employee, no day, no word.
"""

from collections import Counter
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from audit import tables as t
from audit.tallies import add, scores_of, verdicts_of, week_number, within
from audit.transactions import pieces

LEAST = 5
"""Scorecards of a week, place, channel and rubric of which none can be told from the others. Our choice."""

_Cell = tuple[str, str, str, str]
"""Branch, team, channel, rubric."""


def keep_sums(connection: Connection, interactions: Collection[str]) -> None:
    """Adds what stands on the scorecards of interactions that are about to go to the sums that stay.

    Where fewer than `LEAST` are in the same branch and team they stay as the whole house's; where the house
    has no more of that week, channel and rubric nothing of them stays.
    """
    facts = t.interaction.c
    for some in pieces(interactions):
        these = (facts.id.in_(some), facts.started_at.is_not(None))
        weeks = select(week_number(connection.dialect.name)).where(*these).distinct()
        for week in connection.execute(weeks).scalars().all():
            _keep(connection, week, (*these, *within(week)))


def _keep(connection: Connection, week: int, these: tuple[ColumnElement[bool], ...]) -> None:
    dialect = connection.dialect.name
    near, house = _crowds(connection, week)

    def of(branch: str, team: str, channel: str, rubric: str) -> dict[str, Any] | None:
        if near[branch, team, channel, rubric] < LEAST:
            if house[channel, rubric] < LEAST:
                return None
            branch = team = ""
        return {"week": week, "branch": branch, "team": team, "channel": channel, "rubric_name": rubric}

    places = set()
    for _, branch, team, _, *kind, n, total, squares, _, critical in connection.execute(
        scores_of(week, dialect, these)
    ).all():
        if row := of(branch, team, *kind):
            places.add((row["branch"], row["team"]))
            sums = {"n": n, "total": total, "squares": squares, "critical": critical}
            add(connection, t.kept_score, row | sums)
    for _, branch, team, *kind, standard, met, missed in connection.execute(
        verdicts_of(week, dialect, these)
    ).all():
        if row := of(branch, team, *kind):
            add(connection, t.kept_verdict, row | {"standard": standard, "met": met, "missed": missed})
    own = postgresql if dialect == "postgresql" else sqlite
    for branch, team in places:
        stale = own.insert(t.stale_sum).values(week=week, branch=branch, team=team)
        connection.execute(stale.on_conflict_do_nothing())


def _crowds(connection: Connection, week: int) -> tuple[Counter[_Cell], Counter[tuple[str, str]]]:
    """How many scores a week has in each place, channel and rubric, and in each channel and rubric of the
    whole house, with those that stayed before."""
    near: Counter[_Cell] = Counter()
    for one in connection.execute(scores_of(week, connection.dialect.name, within(week))):
        _, branch, team, _, channel, rubric, n, *_ = one
        near[branch, team, channel, rubric] += n
    kept = t.kept_score.c
    stayed = select(kept.branch, kept.team, kept.channel, kept.rubric_name, kept.n).where(kept.week == week)
    for *cell, n in connection.execute(stayed):
        near[tuple(cell)] += n
    house: Counter[tuple[str, str]] = Counter()
    for (_, _, channel, rubric), n in near.items():
        house[channel, rubric] += n
    return near, house
