"""Time in written conversations: how long a message waits for its answer."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from audit.interactions import Conversation, Role
from audit.signals import Measure, MeasureKind
from models.observations import Span, span

NOT_WRITTEN = "not a written conversation"


def first_response_time(conversation: Conversation, of: Role, window: Span) -> Measure:
    """Seconds from the first message of another person (bots do not wait) until the role's first after it."""
    return _measure("first_response_time", _first, conversation, of, window)


def longest_response_time(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The longest time in seconds that somebody waited for the role's next message.

    A wait that the record's end cuts off is as long as is known, and marked `still_open`.
    """
    return _measure("longest_response_time", _longest, conversation, of, window)


class _Wait(NamedTuple):
    span: Span
    answered: bool


def _waits(conversation: Conversation, of: Role) -> Iterator[_Wait]:
    """Each wait for the role. One that the record's end cuts off lasts to the last message of who waits."""
    asked_s: float | None = None
    last_s = 0.0
    for role, message in conversation.utterances:
        if role == of:
            if asked_s is not None:
                yield _Wait(span(asked_s, message.span.start_s), True)
            asked_s = None
        elif role != Role.BOT:
            asked_s = message.span.start_s if asked_s is None else asked_s
            last_s = message.span.start_s
    if asked_s is not None:
        yield _Wait(span(asked_s, last_s), False)


def _first(waits: list[_Wait]) -> _Wait | None:
    return waits[0] if waits else None


def _longest(waits: list[_Wait]) -> _Wait | None:
    """The longest; a last message that nobody followed up ("thanks, bye") needed no answer."""
    answered = [w for w in waits if w.answered]
    unanswered = [w for w in waits if not w.answered and (w.span or not answered)]
    return max(answered + unanswered, key=lambda w: w.span.duration_s, default=None)


def _measure(
    kind: str,
    choose: Callable[[list[_Wait]], _Wait | None],
    conversation: Conversation,
    of: Role,
    window: Span,
) -> Measure:
    if not conversation.channel.is_text:
        return Measure(kind, None, "s", window, 0.0, reason=NOT_WRITTEN)
    waits = [w for w in _waits(conversation, of) if window.start_s <= w.span.start_s < window.end_s]
    wait = choose(waits)
    if wait is None:
        return Measure(kind, None, "s", window, 0.0, reason=f"nobody waited for the {of}")
    reason = "" if wait.answered else f"the {of} had not answered when the record ends"
    evidence = (wait.span,)
    return Measure(kind, wait.span.duration_s, "s", window, 1.0, evidence, reason, not wait.answered)


KINDS = (
    MeasureKind(
        "first_response_time",
        "time until the party first answers a message",
        "s",
        frozenset({"utterances"}),
        first_response_time,
        written=True,
    ),
    MeasureKind(
        "longest_response_time",
        "longest wait for the party's next message",
        "s",
        frozenset({"utterances"}),
        longest_response_time,
        written=True,
    ),
)
