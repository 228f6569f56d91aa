"""Decoded sound that takes no memory however long it is, and plain facts about it."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from models.observations import Span, span

RATE_HZ = 16_000
"""The rate every engine here listens at (Whisper, Silero and PocketSphinx's US English model)."""

Samples = NDArray[np.float32]
"""Sound of one channel, shape `(n,)`, -1..1, at `RATE_HZ`."""

BLOCK_S = 60.0
"""Sound is looked through in pieces of this length: a few megabytes."""

FULL_SCALE = 32768.0
"""Sound is kept as 16-bit samples: 96 dB, more than any engine here tells apart."""


@dataclass(frozen=True)
class Sound:
    """Sound in a temporary file without a name, read by time; the file goes with the last user of it."""

    _file: IO[bytes]
    _stored: int
    """Channels in the file."""
    channels: int
    """Channels that are read."""
    length: int
    """Samples in each channel."""
    rate_hz: int = RATE_HZ
    _skipped: int = 0
    """Channels of the file before those that are read."""

    @classmethod
    def of(cls, samples: NDArray[np.float32], rate_hz: int = RATE_HZ) -> "Sound":
        """Samples of shape `(channels, n)` in -1..1 as sound; what is beyond is clipped."""
        writer = SoundWriter(len(samples), rate_hz)
        writer.add(np.asarray(np.clip(np.round(samples * FULL_SCALE), -32768, 32767), np.int16))
        return writer.finish()

    @property
    def duration_s(self) -> float:
        return self.length / self.rate_hz

    def only(self, channel: int) -> "Sound":
        """The same sound with one of its channels only."""
        return Sound(self._file, self._stored, 1, self.length, self.rate_hz, self._skipped + channel)

    def read(self, start_s: float = 0.0, end_s: float = float("inf")) -> NDArray[np.float32]:
        """The samples in `[start_s, end_s)`, shape `(channels, n)`, -1..1; less where the sound ends."""
        start = min(self.length, max(0, round(start_s * self.rate_hz)))
        end = min(self.length, max(start, round(min(end_s, self.duration_s) * self.rate_hz)))
        frame_bytes = 2 * self._stored
        self._file.seek(start * frame_bytes)
        content = self._file.read((end - start) * frame_bytes)
        read = slice(self._skipped, self._skipped + self.channels)
        frames = np.frombuffer(content, np.int16).reshape(-1, self._stored)[:, read]
        return np.ascontiguousarray(frames.T, np.float32) / np.float32(FULL_SCALE)

    def blocks(self, length_s: float = BLOCK_S) -> Iterator[tuple[float, NDArray[np.float32]]]:
        """(start in seconds, samples) of one piece after the other."""
        step = round(length_s * self.rate_hz)
        for start in range(0, self.length, step):
            yield start / self.rate_hz, self.read(start / self.rate_hz, (start + step) / self.rate_hz)


class SoundWriter:
    """Writes 16-bit blocks of shape `(channels, n)` one after the other into a `Sound`."""

    def __init__(self, channels: int, rate_hz: int = RATE_HZ) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed when the last reader is gone
        self._channels, self._rate_hz = channels, rate_hz
        self.length = 0

    def add(self, block: NDArray[np.int16]) -> None:
        self._file.write(np.ascontiguousarray(block.T).tobytes())
        self.length += block.shape[1]

    def add_silence(self, length: int) -> None:
        # A hole in the file reads as zeros and takes no room.
        self._file.seek(length * 2 * self._channels, 1)
        self.length += length

    def finish(self) -> Sound:
        self._file.truncate(self.length * 2 * self._channels)
        self._file.flush()
        return Sound(self._file, self._channels, self._channels, self.length, self._rate_hz)


SAME_DB = 3.0
"""Two channels carry the same sound where their levels keep the same distance to within so much (standard
deviation). Measured: 0 for one sound copied, 4.1 for two voices placed 4.3 dB to each side, 30 to 59 on calls
with a party on each channel. Nearer voices cannot be told by their channel (`leak.MARGIN_DB`)."""

LOUD_DB, FLOOR_DB = 25.0, -80.0
"""Levels are compared in tenths of a second at most so far below the loudest, above the noise of a line."""


def distinct(sound: Sound) -> Sound:
    """The sound with one channel when both carry the same, or one nothing, and tell no parties apart."""
    if sound.channels == 1:
        return sound
    levels = levels_db(sound, 0.1)
    loudest = levels.max(axis=1, initial=FLOOR_DB)
    if loudest.min() <= FLOOR_DB:
        return sound.only(int(loudest.argmax()))
    both = levels.max(axis=0)
    left, right = levels[:, both > both.max() - LOUD_DB]
    return sound.only(int(loudest.argmax())) if np.std(left - right) < SAME_DB else sound


def pieces(spans: Iterable[Span], longest_s: float) -> tuple[Span, ...]:
    """The same time in spans no longer than `longest_s`, each following the last."""
    parts = (
        span(start_s, min(one.end_s, start_s + longest_s))
        for one in spans
        for start_s in np.arange(one.start_s, one.end_s, longest_s)
    )
    return tuple(part for part in parts if part)


def levels_db(sound: Sound, step_s: float) -> NDArray[np.float64]:
    """Mean level of each step in dB below full scale, at least `FLOOR_DB`, shape (channels, steps)."""
    step = round(step_s * sound.rate_hz)
    found = [np.zeros((sound.channels, 0))]
    for _, block in sound.blocks(step * 1000 / sound.rate_hz):
        whole = block.shape[1] - block.shape[1] % step
        power = np.square(block[:, :whole], dtype=np.float64).reshape(len(block), -1, step).mean(axis=2)
        found.append(10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10))))
    return np.concatenate(found, axis=1)


def peaks(sound: Sound, per_s: int) -> NDArray[np.int8]:
    """The loudest sample of each step, shape `(channels, n)`, 0..127, `per_s` steps a second."""
    step = sound.rate_hz // per_s
    found = []
    for _, block in sound.blocks(step * per_s * 60 / sound.rate_hz):
        whole = block.shape[1] - block.shape[1] % step
        loudest = np.abs(block[:, :whole]).reshape(len(block), -1, step).max(axis=2, initial=0.0)
        found.append(np.asarray(np.round(np.clip(loudest, 0, 1) * 127), np.int8))
    return np.concatenate(found, axis=1) if found else np.zeros((sound.channels, 0), np.int8)
