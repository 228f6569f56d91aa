"""Where nobody speaks in a recording, for a player: silences, and holds among them."""

from typing import Literal

import msgspec

from audit.interactions import Conversation, Interaction
from audit.rubric import Rubric
from audit.scorecard import Scorecard
from audit.signals.hold import on_hold
from audit.signals.timing import silence
from audit.spans import gaps
from audit.speakers import Speakers
from models.observations import Observations, Span

NEEDS = ("activity", "utterances", "levels")
"""What has to be perceived of a recording for its waits."""

SURE = 0.5
"""A hold of less confidence is shown as the silence that it surely is."""


class Wait(msgspec.Struct, frozen=True):
    """A stretch of a recording in seconds in which somebody waits."""

    kind: Literal["silence", "hold"]
    start_s: float
    end_s: float


def waits(
    interaction: Interaction, observations: Observations, card: Scorecard, rubric: Rubric
) -> tuple[Wait, ...]:
    """Silences of at least `timing.SILENCE_S` and holds in order of time, none over another: of a silence
    what no hold covers. Roles are those of the card, phrases those of its rubric, as when it was judged.
    """
    speakers = Speakers(interaction.channel, observations, rubric.finder, rubric.confidence)
    conversation = Conversation(interaction.channel, observations, card.roles, speakers)
    held = tuple(sorted(e.span for e in on_hold(conversation) if e.confidence >= SURE))
    found = [_wait("hold", s) for s in held]
    found += [_wait("silence", part) for e in silence(conversation) for part in gaps(held, e.span)]
    return tuple(sorted(found, key=lambda one: one.start_s))


def _wait(kind: Literal["silence", "hold"], of: Span) -> Wait:
    return Wait(kind, round(of.start_s, 3), round(of.end_s, 3))
