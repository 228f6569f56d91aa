"""What agents say of scorecards that were released to them, as it is stored."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

import msgspec
from sqlalchemy import Connection, select

from audit import tables as t


class Reply(msgspec.Struct, frozen=True):
    """One word of an agent, of one standard or (empty) of the whole; `disputes` asks to look again."""

    id: int
    standard: str
    disputes: bool
    text: str
    author: str
    at: datetime


class _Said(Protocol):
    @property
    def standard(self) -> str: ...
    @property
    def at(self) -> datetime: ...


def replies_of(connection: Connection, interaction: str, rubric: str) -> tuple[Reply, ...]:
    """All that was said of an interaction's scorecard under a rubric, oldest first."""
    columns = t.reply.c
    rows = connection.execute(
        select(t.reply)
        .where(columns.interaction_id == interaction, columns.rubric_name == rubric)
        .order_by(columns.id)
    )
    return tuple(Reply(row.id, row.standard, row.disputes, row.text, row.author, row.at) for row in rows)


def open_disputes(replies: Iterable[Reply], reviews: Iterable[_Said]) -> tuple[str, ...]:
    """The standards with a dispute that nobody has reviewed since."""
    answered: dict[str, datetime] = {}
    for review in reviews:
        answered[review.standard] = max(review.at, answered.get(review.standard, review.at))
    open_ = (r for r in replies if r.disputes and not answered.get(r.standard, r.at) > r.at)
    return tuple(dict.fromkeys(r.standard for r in open_))
