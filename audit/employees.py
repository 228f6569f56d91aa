"""One employee: the trend, what they do better and worse than the others, and moments worth hearing."""

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, select

from audit import tables as t
from audit.interactions import Interaction
from audit.intervals import Compared, Sums, compare, level_of
from audit.judge import Verdict
from audit.overview import Stretch, Week, begun, titles_of, weeks_of
from audit.records import interaction_of
from audit.scope import EVERYTHING, Scope
from audit.scorecard import Scorecard
from audit.tallies import (
    score_sums,
    seen_in,
    settle,
    share_met,
    standard_sums,
    summed_scores,
    summed_standards,
    week_number,
    week_of,
)
from audit.transactions import Transactions

CLIPS = 3
"""Moments shown of one employee: as many as somebody listens to before a conversation. Our choice."""

LONGEST_CLIP_S = 60.0
"""What lasts longer, such as the pace of a whole call, is no moment. Our choice."""


class Clip(msgspec.Struct, frozen=True):
    """A moment that shows a standard met."""

    interaction: Interaction
    rubric: str
    standard: str
    at_s: float
    quote: str


class Employee(msgspec.Struct, frozen=True):
    """An employee in a stretch, beside the stretch before and beside everybody else.

    In `standards` `before` are the others, in percent met; `strengths` and `gaps` are those of them whose
    difference is more than chance, the largest first.
    """

    name: str
    stretch: Stretch
    whole: Compared
    weeks: tuple[Week, ...]
    others: tuple[Week, ...]
    """The same weeks of everybody else whose name is known; empty where there is nobody to compare with."""
    standards: tuple[Compared, ...]
    strengths: tuple[Compared, ...]
    gaps: tuple[Compared, ...]
    titles: dict[str, str]
    clips: tuple[Clip, ...]


def employee(store: Transactions, name: str, stretch: Stretch, scope: Scope = EVERYTHING) -> Employee | None:
    """What is known of an employee; None when nothing of them lies within the scope."""
    settle(store, week_of(stretch.since), week_of(stretch.last_day))
    return store.again(lambda: _employee(store, name, stretch, scope))


def _employee(store: Transactions, name: str, stretch: Stretch, scope: Scope) -> Employee | None:
    facts = t.interaction.c
    own = (facts.agent == name, *scope.scorecards())
    with store.reading() as connection:
        known = select(facts.id).join(t.scorecard, t.scorecard.c.interaction_id == facts.id)
        if connection.execute(known.where(t.scorecard.c.current, *own).limit(1)).scalar() is None:
            return None
        held = (*_began(stretch), *own)
        week = week_number(connection.dialect.name)
        by_week = {cell.key[0]: cell.scores for cell in score_sums(connection, (week,), held)}
        earlier = score_sums(connection, (), (*_began(stretch.before), *own))
        theirs = standard_sums(connection, held)
        of_nobody = (*_began(stretch), *scope.scorecards(), facts.agent.is_(None))
        alone = scope.employee is not None
        sums = t.score_sum
        elsewhere = (*begun(sums, stretch), *seen_in(sums, scope), sums.c.agent.not_in((name, "")))
        around = [] if alone else summed_scores(connection, (sums.c.week,), elsewhere)
        nobody = {} if alone else standard_sums(connection, of_nobody)
        of_others = _others(connection, stretch, scope, theirs, nobody)
        rubrics = known.with_only_columns(t.scorecard.c.rubric_name).where(t.scorecard.c.current, *held)
        # Rubrics name what they share in their own words: a caller, a guest.
        titles = titles_of(connection, *connection.execute(rubrics.distinct()).scalars())
        pairs = {key: (share_met(*theirs[key]), of_others[key]) for key in theirs}
        level = level_of(pairs.values())
        rows = [compare(key, *pair, level, shares=True) for key, pair in pairs.items()]
        rows.sort(key=lambda row: (-(row.difference or 0.0), titles.get(row.name, row.name)))
        strengths = tuple(row for row in rows if row.changed and (row.difference or 0.0) > 0)
        gaps = tuple(row for row in reversed(rows) if row.changed and (row.difference or 0.0) < 0)
        best = [row.name for row in strengths] or [row.name for row in rows]
        clips = _clips(connection, best, held)
    return Employee(
        name,
        stretch,
        compare("", sum(by_week.values(), Sums()), sum((one.scores for one in earlier), Sums())),
        weeks_of(stretch, by_week),
        weeks_of(stretch, {cell.key[0]: cell.scores for cell in around}) if around else (),
        tuple(sorted(rows, key=lambda row: (row.now.mean or 0.0, row.name))),
        strengths,
        gaps,
        titles,
        clips,
    )


def _began(within: Stretch) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """That an interaction began within a stretch."""
    at = t.interaction.c.started_at
    return at >= within.since, at < within.until


def _others(
    connection: Connection,
    stretch: Stretch,
    scope: Scope,
    theirs: Mapping[str, tuple[int, int]],
    nobody: Mapping[str, tuple[int, int]],
) -> dict[str, Sums]:
    """The share met by all other employees: of each standard met and missed `theirs` are the numbers of one,
    `nobody` has those of interactions whose employee is not known."""
    sums = t.verdict_sum
    held = (*begun(sums, stretch), *seen_in(sums, scope))
    everybody = {one: counts for one, *counts in summed_standards(connection, (sums.c.standard,), held)}
    return {
        standard: share_met(
            *(
                max(0, a - b - c)
                for a, b, c in zip(
                    everybody.get(standard, (0, 0)), own, nobody.get(standard, (0, 0)), strict=True
                )
            )
        )
        for standard, own in theirs.items()
    }


def _clips(
    connection: Connection, standards: Sequence[str], held: Sequence[ColumnElement[bool]]
) -> tuple[Clip, ...]:
    """A moment of each of these standards, of the best interaction in which it was met."""
    card = t.scorecard.c
    clips: list[Clip] = []
    for standard in standards:
        met = f" {standard}:{Verdict.MET} "
        query = (
            select(t.interaction, card.content)
            .join(t.interaction, t.interaction.c.id == card.interaction_id)
            .where(card.current, card.verdicts.contains(met, autoescape=True), *held)
            .order_by(card.standing_score.desc(), card.id.desc())
            .limit(1)
        )
        row = connection.execute(query).one_or_none()
        if row is None:
            continue
        found = msgspec.json.decode(row.content, type=Scorecard)
        finding = next(
            (f for f in found.findings if f.standard == standard and f.verdict == Verdict.MET), None
        )
        if finding is not None and finding.evidence:
            moment = finding.evidence[0]
            one = Clip(interaction_of(row), found.rubric, standard, moment.span.start_s, moment.quote or "")
            clips.append(one)
        if len(clips) == CLIPS:
            break
    return tuple(clips)


def employees(store: Transactions, stretch: Stretch, scope: Scope = EVERYTHING) -> tuple[Compared, ...]:
    """Everybody who has a score in a stretch, by name: nobody is ranked."""
    sums = t.score_sum
    settle(store, week_of(stretch.before.since), week_of(stretch.last_day))

    def read() -> tuple[Compared, ...]:
        with store.reading() as connection:
            now, before = (
                {
                    cell.key[0]: cell.scores
                    for cell in summed_scores(
                        connection, (sums.c.agent,), (*begun(sums, one), *seen_in(sums, scope))
                    )
                }
                for one in (stretch, stretch.before)
            )
        level = level_of((now[name], before.get(name, Sums())) for name in now)
        return tuple(
            compare(name, now[name], before.get(name, Sums()), level) for name in sorted(filter(None, now))
        )

    return store.again(read)
