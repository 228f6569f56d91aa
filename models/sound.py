"""Decoded sound that takes no memory however long it is, and plain facts about it."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

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
    """Channels that are read, the first of those in the file."""
    length: int
    """Samples in each channel."""
    rate_hz: int = RATE_HZ

    @classmethod
    def of(cls, samples: NDArray[np.float32], rate_hz: int = RATE_HZ) -> "Sound":
        """Samples of shape `(channels, n)` in -1..1 as sound; what is beyond is clipped."""
        writer = SoundWriter(len(samples), rate_hz)
        writer.add(np.asarray(np.clip(np.round(samples * FULL_SCALE), -32768, 32767), np.int16))
        return writer.finish()

    @property
    def duration_s(self) -> float:
        return self.length / self.rate_hz

    def first(self) -> "Sound":
        """The same sound with its first channel only."""
        return Sound(self._file, self._stored, 1, self.length, self.rate_hz)

    def read(self, start_s: float = 0.0, end_s: float = float("inf")) -> NDArray[np.float32]:
        """The samples in `[start_s, end_s)`, shape `(channels, n)`, -1..1; less where the sound ends."""
        start = min(self.length, max(0, round(start_s * self.rate_hz)))
        end = min(self.length, max(start, round(min(end_s, self.duration_s) * self.rate_hz)))
        frame_bytes = 2 * self._stored
        self._file.seek(start * frame_bytes)
        content = self._file.read((end - start) * frame_bytes)
        frames = np.frombuffer(content, np.int16).reshape(-1, self._stored)[:, : self.channels]
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


ALIKE = 1e-4
"""Two channels whose difference holds less than this share of their energy (-40 dB) carry the same sound:
our choice."""


def distinct(sound: Sound) -> Sound:
    """The sound with one channel when both carry the same and tell no parties apart."""
    if sound.channels == 1:
        return sound
    apart = together = 0.0
    for _, (left, right) in sound.blocks():
        apart += float(np.sum((left - right) ** 2))
        together += float(np.sum(left**2) + np.sum(right**2))
    return sound.first() if apart <= ALIKE * together else sound


def peaks(sound: Sound, per_s: int) -> NDArray[np.int8]:
    """The loudest sample of each step, shape `(channels, n)`, 0..127, `per_s` steps a second."""
    step = sound.rate_hz // per_s
    found = []
    for _, block in sound.blocks(step * per_s * 60 / sound.rate_hz):
        whole = block.shape[1] - block.shape[1] % step
        loudest = np.abs(block[:, :whole]).reshape(len(block), -1, step).max(axis=2, initial=0.0)
        found.append(np.asarray(np.round(np.clip(loudest, 0, 1) * 127), np.int8))
    return np.concatenate(found, axis=1) if found else np.zeros((sound.channels, 0), np.int8)
