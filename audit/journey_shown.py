"""How moments and journeys are told in a terminal."""

from audit.contacts import Moment
from audit.interactions import clock


def shown_moment(moment: Moment) -> str:
    """`2026-03-02 chat Jacket in the wrong size 1:07 customer “…”`."""
    day = moment.started_at[:10] if moment.started_at else "time unknown"
    who = moment.role or "somebody"
    where = f"{day} {moment.channel} {moment.title} {clock(moment.span.start_s)}"
    return f"{where} {who} “{moment.quote}”"
