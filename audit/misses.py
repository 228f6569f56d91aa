"""The newest misses of a standard: moments to listen to before one speaks of it or changes it."""

import msgspec
from sqlalchemy import select

from audit import tables as t
from audit.interactions import Interaction
from audit.judge import Finding, Verdict
from audit.scope import EVERYTHING, Scope
from audit.scorecard import Scorecard
from audit.searching import Wanted, find
from audit.transactions import Transactions

SHOWN = 5
"""Misses of one standard: as many as somebody listens to at once. Our choice."""


class Miss(msgspec.Struct, frozen=True):
    """An interaction in which a standard was missed.

    `at_s` is where in it, in seconds from its beginning: the first moment that shows it, else where what was
    expected was looked for; None where the finding names neither. `quote` is what was said there.
    """

    interaction: Interaction
    rubric: str
    at_s: float | None
    quote: str


def misses(
    store: Transactions, rubric: str, standard: str, scope: Scope = EVERYTHING, limit: int = SHOWN
) -> tuple[Miss, ...]:
    """Interactions of the scope in which the standard counts as missed now, last judged first.

    What people said goes before the machine, as in searches.
    """
    wanted = Wanted(rubric=rubric, standards=(standard,), verdict=Verdict.MISSED)
    rows = find(store, wanted, limit, scope=scope).rows
    found = {row.interaction.id: row.interaction for row in rows}
    card = t.scorecard.c
    query = select(card.interaction_id, card.content).where(
        card.current, card.rubric_name == rubric, card.interaction_id.in_(found)
    )
    with store.reading() as connection:
        contents = {row.interaction_id: row.content for row in connection.execute(query)}
    # What was judged anew or erased between the two questions is left out.
    return tuple(
        _miss(one, rubric, standard, contents[identity])
        for identity, one in found.items()
        if identity in contents
    )


def _miss(interaction: Interaction, rubric: str, standard: str, content: str) -> Miss:
    card = msgspec.json.decode(content, type=Scorecard)
    finding = next((one for one in card.findings if one.standard == standard), None)
    return Miss(interaction, rubric, *_moment(finding))


def _moment(finding: Finding | None) -> tuple[float | None, str]:
    """(seconds from the beginning, words) of what shows it."""
    if finding is not None and finding.evidence:
        first = finding.evidence[0]
        return first.span.start_s, first.quote
    if finding is not None and finding.searched:
        return finding.searched[0].start_s, ""
    return None, ""
