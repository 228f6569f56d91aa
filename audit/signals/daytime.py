"""What the clock on the wall shows: the local time of day of a moment of the conversation."""

from datetime import datetime
from zoneinfo import ZoneInfo

from audit.interactions import Conversation, Interaction, Role
from audit.quantities import DAY_S
from audit.signals import Measure, MeasureKind
from models.observations import Span


def began_s(interaction: Interaction) -> float | None:
    """Seconds since midnight, by the clock of the branch, at which an interaction began.

    None where its start or its time zone is unknown: the store keeps times in UTC, which says nothing of the
    clock that people saw.
    """
    if interaction.started_at is None or interaction.time_zone is None:
        return None
    start = datetime.fromisoformat(interaction.started_at).astimezone(ZoneInfo(interaction.time_zone))
    return start.hour * 3600.0 + start.minute * 60.0 + start.second


def time_of_day(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The local time of day at the beginning of the window, in seconds since midnight."""
    if conversation.began_s is None:
        reason = "nobody knows at which hour it was: its start and time_zone are not given"
        return Measure("time_of_day", None, "clock", window, 0.0, reason=reason)
    return Measure("time_of_day", (conversation.began_s + window.start_s) % DAY_S, "clock", window)


KINDS = (
    MeasureKind(
        "time_of_day", "the local time when it begins", "clock", frozenset(), time_of_day, of_party=False
    ),
)
