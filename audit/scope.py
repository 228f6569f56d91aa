"""Which interactions somebody may see: all, those of a team, or their own that were released to them."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, exists, select

from audit import tables as t


class Scope(msgspec.Struct, frozen=True):
    """What may be seen: only what is of this team, only what was released of this employee.

    None does not narrow it. An empty name fits nothing, so that an account without its team sees none.
    """

    team: str | None = None
    employee: str | None = None

    def interactions(self) -> tuple[ColumnElement[bool], ...]:
        """What must hold of a row of `interaction`."""
        facts, given = t.interaction.c, t.release.c
        parts: list[ColumnElement[bool]] = []
        if self.team is not None:
            parts += [facts.team == self.team, facts.team != ""]
        if self.employee is not None:
            released = exists(select(given.interaction_id).where(given.interaction_id == facts.id))
            parts += [facts.agent == self.employee, facts.agent != "", released]
        return tuple(parts)

    def scorecards(self) -> tuple[ColumnElement[bool], ...]:
        """What must hold of a row of `scorecard`, its interaction included."""
        if self == EVERYTHING:
            return ()
        card, given = t.scorecard.c, t.release.c
        of: Any = select(t.interaction.c.id).where(
            t.interaction.c.id == card.interaction_id, *self.interactions()
        )
        parts = [exists(of.correlate(t.scorecard))]
        if self.employee is not None:
            same = (given.interaction_id == card.interaction_id, given.rubric_name == card.rubric_name)
            parts.append(exists(select(given.interaction_id).where(*same)))
        return tuple(parts)


EVERYTHING = Scope()
"""Of whoever may see all, and of the command line, whose user has the files."""
