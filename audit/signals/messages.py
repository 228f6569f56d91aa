"""Time in written conversations: how long a message waits for its answer."""

from collections.abc import Iterator

from audit.interactions import Conversation, Role
from audit.signals import Measure, MeasureKind
from models.observations import Span, span

NOT_WRITTEN = "not a written conversation"


def first_response_time(conversation: Conversation, of: Role, window: Span) -> Measure:
    """Seconds from the first message of another person (bots do not wait) until the role's first after it."""
    return _wait("first_response_time", list(_waits(conversation, of))[:1], conversation, of, window)


def longest_response_time(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The longest time in seconds that somebody waited for the role's next message.

    A last message that needed no answer ("thanks, bye") is no wait, unless the role never wrote at all.
    """
    return _wait("longest_response_time", list(_waits(conversation, of)), conversation, of, window)


def _waits(conversation: Conversation, of: Role) -> Iterator[Span]:
    asked_s: float | None = None
    for role, message in conversation.utterances:
        if role == of:
            if asked_s is not None:
                yield span(asked_s, message.span.start_s)
            asked_s = None
        elif asked_s is None and role != Role.BOT:
            asked_s = message.span.start_s
    if asked_s is not None and not any(role == of for role, _ in conversation.utterances):
        yield span(asked_s, conversation.duration_s)


def _wait(kind: str, waits: list[Span], conversation: Conversation, of: Role, window: Span) -> Measure:
    if not conversation.channel.is_text:
        return Measure(kind, None, "s", window, 0.0, reason=NOT_WRITTEN)
    inside = [w for w in waits if window.start_s <= w.start_s < max(window.end_s, window.start_s + 1)]
    longest = max(inside, key=lambda w: w.duration_s, default=None)
    if longest is None:
        return Measure(kind, None, "s", window, 0.0, reason=f"nobody waited for the {of}")
    return Measure(kind, longest.duration_s, "s", window, evidence=(longest,))


KINDS = (
    MeasureKind(
        "first_response_time",
        "time until the party first answers a message",
        "s",
        frozenset({"utterances"}),
        first_response_time,
    ),
    MeasureKind(
        "longest_response_time",
        "longest wait for the party's next message",
        "s",
        frozenset({"utterances"}),
        longest_response_time,
    ),
)
