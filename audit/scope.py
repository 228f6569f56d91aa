"""Roles of accounts, and what of the interactions each may see: all, those of a team, or their own that were
released to them."""

from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, exists, select

from audit import tables as t


class UserRole(StrEnum):
    """What somebody does with Comport; `web/rights.py` says what each may."""

    ADMIN = "admin"
    REVIEWER = "reviewer"
    TRAINER = "trainer"
    LEAD = "lead"
    AGENT = "agent"
    AUDITOR = "auditor"


class Scope(msgspec.Struct, frozen=True):
    """What may be seen: only what is of this team, only what was released of this employee.

    None does not narrow it. An empty name fits nothing, so that an account without its team sees none.
    """

    team: str | None = None
    employee: str | None = None

    def covers(self, team: str | None) -> bool:
        """Whether all interactions of this team (None: of none) are in it."""
        return self.employee is None and (self.team is None or team == self.team != "")

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


def scope_of(role: UserRole, team: str, employee: str) -> Scope:
    """What of the interactions an account may see: a lead's team, an agent's own that were released."""
    if role == UserRole.LEAD:
        return Scope(team=team)
    if role == UserRole.AGENT:
        # Two of one name in two teams are told apart where the account names the team.
        return Scope(team=team or None, employee=employee)
    return EVERYTHING
