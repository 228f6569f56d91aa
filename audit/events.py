"""What happens in an interaction: its channel, who is who, and what is found at which time."""

from enum import StrEnum

import msgspec

from models.observations import Span


class Channel(StrEnum):
    CALL = "call"
    VIDEO = "video"
    IN_PERSON = "in_person"
    CHAT = "chat"
    EMAIL = "email"
    SOCIAL = "social"

    @property
    def is_text(self) -> bool:
        return self in (Channel.CHAT, Channel.EMAIL, Channel.SOCIAL)


class Role(StrEnum):
    AGENT = "agent"
    CUSTOMER = "customer"
    BOT = "bot"
    OTHER = "other"
    ANYONE = "anyone"
    """Only in rules: whoever it was."""


SURE = 0.5
"""A verdict resting on hearing or likeness below this is not given: even odds are a guess. For phrases that a
rubric has a fitted curve for (`audit.confidence`), the least likelihood of that curve is taken."""


class Event(msgspec.Struct, frozen=True):
    """Something that happened between two times; `confidence` is 0..1, `text` what was said, if anything.

    `likeness` is below 1 for words that are only like the phrase; `detail` tells people more, such as who was
    interrupted.
    """

    kind: str
    span: Span
    role: Role | None
    confidence: float
    text: str = ""
    likeness: float = 1.0
    detail: str = ""
    least: float = SURE
    """Below this confidence nothing is said of it."""
    how: str = ""
    """By which pattern and tolerance words were taken for the phrase."""

    @property
    def sure(self) -> bool:
        """Whether a verdict may rest on it."""
        return self.confidence >= self.least
