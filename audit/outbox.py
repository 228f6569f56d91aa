"""What outboxes of webhooks and mails share: when a message is tried again, and how long it is kept."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

PAUSES_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400)
"""After a try that failed, so long until the next: as Standard Webhooks recommends, 31.6 hours in all."""

KEPT_DAYS = 30
"""So long it can be looked up what was delivered. Our choice."""


class Delivered(msgspec.Struct, frozen=True):
    """What a round of sending did."""

    delivered: int
    failed: int
    dead: int


def after(reason: str, for_ever: bool, tries: int, at: datetime) -> dict[str, Any]:
    """What is written about a message that was tried at `at`, after so many tries before.

    `reason` says why it was not taken, "" where it was; `for_ever` that it never will be.
    """
    if not reason:
        return {"state": "delivered", "reason": "", "done_at": at}
    if for_ever or tries >= len(PAUSES_S):
        return {"state": "dead", "reason": reason, "done_at": at}
    return {"state": "waiting", "reason": reason, "next_at": at + timedelta(seconds=PAUSES_S[tries])}
