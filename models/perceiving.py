"""What every perceiver has in common: it answers one need about one recording.

A new kind of observation is one new file with a `Perceiver`, a field of its name in `observations.Observed`
and a row in `observe.PERCEIVERS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec

from models import media
from models.camera import Camera
from models.observations import Observed, Provenance, Recording
from models.sound import Sound, distinct

Progress = Callable[[float, float], None]
"""Gets seconds done and seconds in all."""


@dataclass(frozen=True)
class Looking:
    """How to look: frames a second, the camera where somebody calibrated it, and the parts of people
    (`models.looks.PARTS`) of which it is kept how they look.

    At five a second a gesture of one second is seen five times, and two people keep two processors busy for
    a third of the time.
    """

    frames_per_s: float = 5.0
    camera: Camera | None = None
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listening:
    """How to listen (the recogniser, its model, the language expected, names that may be spoken) and to look.

    `certain`: the language is known and not only expected, so that it need not be detected.
    """

    language: str
    engine: str = "auto"
    whisper: str | None = None
    certain: bool = False
    hotwords: tuple[str, ...] = ()
    looking: Looking = Looking()


Sense = Literal["sound", "picture"]


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
    def _picture_s(self) -> float:
        return media.picture_duration_s(self.path)

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

    def lacks(self, sense: Sense) -> str:
        """Why nothing can be perceived by this sense, empty when it can.

        Raises:
            media.UnreadableMedia: the file cannot be read.
        """
        if sense == "sound" and not self._probed.channels:
            return "the recording has no sound"
        if sense == "picture" and self._probed.size_px is None:
            return "the recording has no picture"
        return ""

    @property
    def recording(self) -> Recording:
        """What the file is, with the longer of the lengths of the sound as decoded and of the picture.

        Raises:
            media.UnreadableMedia: the file cannot be read or decoded.
        """
        if not self._probed.channels:
            return msgspec.structs.replace(self._probed, duration_s=self._picture_s)
        return msgspec.structs.replace(
            self._probed,
            duration_s=max(round(self.sound.duration_s, 3), self._picture_s),
            caveat=self._decoded.caveat,
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
    of: Sense = "sound"
    """What of a recording it needs: without it the need is missing."""
