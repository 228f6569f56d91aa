"""Who is to look at an interaction."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Connection, delete, insert, select

from audit import tables as t
from audit.auditlog import Action, write
from audit.mailing import tell
from audit.reviews import BadReview
from audit.scope import Scope, UserRole, scope_of
from audit.webhooks import announce

if TYPE_CHECKING:
    from audit.store import Store

ASSIGNED_TO = (UserRole.ADMIN, UserRole.REVIEWER, UserRole.LEAD)
"""Who says what holds of findings: `web/rights.py` gives these the right."""


class Assigned(msgspec.Struct, frozen=True):
    """Who is to look at an interaction, since when, and who said so."""

    to: str
    by: str
    at: datetime


def assignable(store: "Store", interaction: str) -> tuple[str, ...]:
    """The accounts that an interaction can be given to: who reviews, and sees it."""
    with store.reading() as connection:
        return tuple(name for name, _ in able(connection, interaction))


def reviewers(store: "Store", team: str | None) -> tuple[str, ...]:
    """The accounts that interactions of a team (None: of any) can be given to, by name; those of whoever
    reviews one team alone are among those of any."""
    with store.reading() as connection:
        return tuple(name for name, _, scope in _reviewing(connection) if team is None or scope.covers(team))


def assigned_among(store: "Store", interactions: Collection[str]) -> dict[str, str]:
    """Who is to look at which of these interactions; of the others it is nobody in particular."""
    row = t.assignment.c
    query = select(row.interaction_id, t.user.c.name).join(t.user, t.user.c.id == row.user_id)
    with store.reading() as connection:
        found = connection.execute(query.where(row.interaction_id.in_(interactions))).all()
    return {one[0]: one[1] for one in found}


def assigned(store: "Store", interaction: str) -> Assigned | None:
    """Who is to look at an interaction; None when nobody in particular."""
    row = t.assignment.c
    query = select(t.user.c.name, row.assigned_by, row.at).join(t.user, t.user.c.id == row.user_id)
    with store.reading() as connection:
        found = connection.execute(query.where(row.interaction_id == interaction)).one_or_none()
    return Assigned(*found) if found else None


def assign(store: "Store", interaction: str, to: str, by: str) -> None:
    """Says who is to look at an interaction from now on; an empty name: nobody in particular any more.

    Raises:
        BadReview: there is no such account, or it does not review or see this interaction.
    """
    with store.writing() as connection:
        number = dict(able(connection, interaction)).get(to)
        if to and number is None:
            raise BadReview("*", f"'{to[:80]}' cannot look at it; choose one who reviews, and sees it")
        row = t.assignment.c
        before = connection.execute(select(row.user_id).where(row.interaction_id == interaction)).scalar()
        if before == number:
            return
        connection.execute(delete(t.assignment).where(row.interaction_id == interaction))
        if number is not None:
            values = {"user_id": number, "assigned_by": by, "at": datetime.now(UTC)}
            connection.execute(insert(t.assignment).values(interaction_id=interaction, **values))
            announce(connection, "assigned", [{"interaction": interaction}])
            if to != by:
                tell(connection, "assigned", [interaction], only=number)
        write(connection, Action.ASSIGNED, interaction, to=to)


def able(connection: Connection, interaction: str) -> list[tuple[str, int]]:
    """(name, number) of the accounts that an interaction can be given to, by name."""
    team = connection.execute(select(t.interaction.c.team).where(t.interaction.c.id == interaction)).scalar()
    return [(name, number) for name, number, scope in _reviewing(connection) if scope.covers(team)]


def _reviewing(connection: Connection) -> list[tuple[str, int, Scope]]:
    """(name, number, what they see) of the accounts that say what holds of findings, by name."""
    row = t.user.c
    asked = select(row.name, row.id, row.role, row.team, row.employee).where(
        row.role.in_([role.value for role in ASSIGNED_TO]), row.locked_at.is_(None)
    )
    found = connection.execute(asked.order_by(row.name))
    return [(one.name, one.id, scope_of(UserRole(one.role), one.team, one.employee)) for one in found]
