"""Scorecards released to the agents whom they are about, and what these say of them."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import delete, insert, select, update

from audit import tables as t
from audit.auditlog import Action, write
from audit.replies import Reply, replies_of
from audit.reviews import LONGEST_COMMENT, BadReview, no_standard, standing
from audit.scorecard import Scorecard
from audit.tallies import outdate
from models.transcripts import printable

if TYPE_CHECKING:
    from audit.store import Store


class Release(msgspec.Struct, frozen=True):
    """That an agent may see a scorecard: since when, by whom, and the score that stood then."""

    by: str
    at: datetime
    score: float | None


def release(store: "Store", card: Scorecard, by: str) -> bool:
    """Lets the agent see the scorecard from now on; False when they could already, and nothing changes.

    It is the scorecard of this interaction under this rubric: what people say of it later is seen too.

    Raises:
        BadReview: nobody knows which agent it is about.
    """
    row = t.release.c
    with store.writing() as connection:
        agent = connection.execute(
            select(t.interaction.c.agent).where(t.interaction.c.id == card.interaction)
        ).scalar()
        if not agent:
            raise BadReview("*", "the interaction names no agent, so it can be released to nobody")
        known = select(row.at).where(row.interaction_id == card.interaction, row.rubric_name == card.rubric)
        if connection.execute(known).scalar() is not None:
            return False
        score = standing(connection, card, store.rubric)["standing_score"]
        connection.execute(
            insert(t.release).values(
                interaction_id=card.interaction,
                rubric_name=card.rubric,
                rubric_digest=card.rubric_digest,
                score=score,
                released_by=by,
                at=datetime.now(UTC),
            )
        )
        write(connection, Action.RELEASE, card.interaction, rubric_name=card.rubric, agent=agent, score=score)
    return True


def withdraw(store: "Store", card: Scorecard) -> bool:
    """Lets the agent see the scorecard no more; False when they could not, and nothing changes.

    What they said of it stays, and they see it again when it is released again.
    """
    row = t.release.c
    with store.writing() as connection:
        mine = (row.interaction_id == card.interaction, row.rubric_name == card.rubric)
        was = connection.execute(select(t.release).where(*mine)).one_or_none()
        if was is None:
            return False
        connection.execute(delete(t.release).where(*mine))
        # When it was given and by whom is told here: the row is gone.
        told = {"rubric_name": card.rubric, "released_by": was.released_by, "released_at": was.at.isoformat()}
        write(connection, Action.WITHDRAWN, card.interaction, **told)
    return True


def release_of(store: "Store", interaction: str, rubric: str) -> Release | None:
    """When and by whom the scorecard of an interaction under a rubric was released; None when it was not."""
    row = t.release.c
    query = select(t.release).where(row.interaction_id == interaction, row.rubric_name == rubric)
    with store.reading() as connection:
        found = connection.execute(query).one_or_none()
    return Release(found.released_by, found.at, found.score) if found else None


def keep_reply(
    store: "Store", card: Scorecard, author: str, text: str, standard: str = "", disputes: bool = False
) -> None:
    """Stores what an agent says of a released scorecard; a dispute waits until somebody reviewed it.

    Raises:
        BadReview: it was not released, there is no such standard, a dispute names none, or the text is
            empty or too long.
    """
    text = printable(text).strip()
    if not text:
        raise BadReview(standard or "*", "nothing was said; write what should be looked at")
    if len(text) > LONGEST_COMMENT:
        raise BadReview(standard or "*", f"a comment has at most {LONGEST_COMMENT} letters, not {len(text)}")
    if standard not in {"", *(finding.standard for finding in card.findings)}:
        raise no_standard(card, standard)
    if disputes and not standard:
        raise BadReview("*", "a dispute is about one finding; say which")
    if release_of(store, card.interaction, card.rubric) is None:
        raise BadReview(standard or "*", "the scorecard was not released yet")
    with store.writing() as connection:
        connection.execute(
            insert(t.reply).values(
                interaction_id=card.interaction,
                rubric_name=card.rubric,
                standard=standard,
                disputes=disputes,
                text=text,
                author=author,
                at=datetime.now(UTC),
            )
        )
        columns = t.scorecard.c
        current = (columns.interaction_id == card.interaction, columns.rubric_name == card.rubric)
        connection.execute(
            update(t.scorecard)
            .where(*current, columns.current)
            .values(**standing(connection, card, store.rubric))
        )
        outdate(connection, (card.interaction,))
        # Not the text: it may name a customer, and the log cannot forget.
        told = {"rubric_name": card.rubric, "standard": standard, "disputes": disputes}
        write(connection, Action.REPLY, card.interaction, **told)


def card_replies(store: "Store", card: Scorecard) -> tuple[Reply, ...]:
    """What was said of a stored scorecard, oldest first."""
    with store.reading() as connection:
        return replies_of(connection, card.interaction, card.rubric)
