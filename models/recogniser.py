"""What a speech recogniser is to Comport."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from models.observations import Word
from models.sound import Samples


class Passage(NamedTuple):
    """The words in one piece of sound, with times from its start, and how the recogniser judged itself."""

    words: tuple[Word, ...]
    log_probability: float = 0.0
    """Mean over the tokens, at most 0; 0 where the recogniser does not say."""
    no_speech: float = 0.0
    """How likely nobody speaks, 0..1; 0 where the recogniser does not say."""


class Recogniser(Protocol):
    """A speech recogniser. It repeats itself: the same sounds give the same words."""

    name: str
    version: str
    weights: str
    caveat: str
    batch_s: float
    """How many seconds of sound it hears best at once, in pieces; 0: one piece at a time."""
    languages: tuple[str, ...]
    """ISO 639-1 codes it can hear; empty for many."""

    @property
    def parameters(self) -> dict[str, str]: ...

    def language_shares(self, sounds: Sequence[Samples]) -> dict[str, float] | None:
        """How likely each language is spoken in all of `sounds`, adding up to 1; None when it cannot tell."""
        ...

    def hear(self, sounds: Sequence[Samples], language: str, hotwords: Sequence[str] = ()) -> list[Passage]:
        """A passage for each piece of at most `speech.WINDOW_S` and its padding."""
        ...
