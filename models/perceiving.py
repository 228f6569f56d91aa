"""What every perceiver has in common: it answers one need about one recording.

A new kind of observation is one new file with a `Perceiver`, a field of its name in `observations.Observed`
and a row in `observe.PERCEIVERS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from models import media
from models.observations import Observed, Provenance, Recording
from models.sound import Sound, distinct

Progress = Callable[[float, float], None]
"""Gets seconds done and seconds in all."""


@dataclass(frozen=True)
class Listening:
    """How to listen: the recogniser, its model, the language expected, and names that may be spoken.

    `certain`: the language is known and not only expected, so that it need not be detected.
    """

    language: str
    engine: str = "auto"
    whisper: str | None = None
    certain: bool = False
    hotwords: tuple[str, ...] = ()


@dataclass
class Source:
    """A recording while it is perceived; its sound is decoded once, when it is first asked for."""

    path: Path
    listening: Listening
    answers: dict[str, Observed] = field(default_factory=dict)
    """By need: what is known or was perceived before."""
    progress: Progress = lambda done_s, all_s: None

    @cached_property
    def _probed(self) -> Recording:
        return media.probe(self.path)

    @cached_property
    def _decoded(self) -> media.Decoded:
        return media.decode(self.path)

    @cached_property
    def sound(self) -> Sound:
        """The sound, with one channel when two carry the same.

        Raises:
            media.UnreadableMedia: it cannot be decoded.
        """
        return distinct(self._decoded.sound)

    @property
    def recording(self) -> Recording:
        """What the file is, with the length that was really decoded.

        Raises:
            media.UnreadableMedia: the file cannot be read or decoded.
        """
        return msgspec.structs.replace(
            self._probed, duration_s=round(self.sound.duration_s, 3), caveat=self._decoded.caveat
        )


@dataclass(frozen=True)
class Perceiver:
    """Answers one need.

    `provenance` says how it would perceive, given how the needs in `after` are answered, or why it cannot (a
    sentence); it raises what was asked for by name and is not here. `perceive` gives the fields of `Observed`
    that answer it.
    """

    need: str
    after: tuple[str, ...]
    provenance: Callable[[Listening, Mapping[str, Provenance]], Provenance | str]
    perceive: Callable[[Source], dict[str, Any]]
