"""How a voice sounds: loudness, level, clipping and pitch of each channel, in small steps.

Nothing here is a verdict: gates, means and thresholds come later, so that any window and any speaker can be
asked about without opening the recording again.
"""

import functools
import importlib.metadata
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from models.observations import Activity, Levels, Provenance, Span, channel_of, union
from models.perceiving import Listening, Perceiver, Source
from models.sound import RATE_HZ, Sound, pieces
from models.tones import Listener

STEP_S = 0.1
"""The step of levels: loudness blocks of 400 ms overlap by three quarters (ITU-R BS.1770-4), so that each is
the mean of four steps."""

PITCH_STEP_S = 0.05
"""The step of pitch: two a syllable at the quickest. Praat's own is 12.5 ms at our floor and gives the same
median within 3 % at four times the cost."""

PITCH_FLOOR_HZ, PITCH_CEILING_HZ = 60.0, 500.0
"""Where pitch is looked for: wide enough for low men's and high women's voices (Praat's manual advises 75-300
for men and 100-500 for women)."""

PIECE_S = 30.0
"""The longest piece that pitch is looked for in at once."""

CLIPPED = 0.98
"""A sample of at least this size is at the end of the scale. Source: int16 recordings clip at 1.0, resampling
and lossy codecs blur that by 1 to 2 %: our choice."""

SILENT = -120.0
"""The level in dB that digital silence is given."""

PERCEPTION = "1"
"""Raised when our own part of listening would give other observations."""


def read(packed: bytes) -> NDArray[np.int16]:
    """A series of `Levels` as numbers, in its own unit."""
    return _read(packed)


@functools.lru_cache(maxsize=16)
def _read(packed: bytes) -> NDArray[np.int16]:
    values = np.frombuffer(zlib.decompress(packed), "<i2")
    values.flags.writeable = False
    return values


def _packed(values: NDArray[np.float64]) -> bytes:
    return zlib.compress(np.asarray(np.clip(np.round(values), -32768, 32767), "<i2").tobytes(), 6)


def levels(sound: Sound, activity: tuple[Activity, ...]) -> tuple[Levels, ...]:
    """The levels of each channel; pitch is looked for only where `activity` has speech."""
    meters = [_Meter() for _ in range(sound.channels)]
    for _, block in sound.blocks():
        for meter, track in zip(meters, block, strict=True):
            meter.add(track)
    found = []
    for channel, meter in enumerate(meters):
        speech = union(sorted(s for a in activity if channel_of(a.speaker) == channel for s in a.spans))
        found.append(meter.finish(_pitch(sound, channel, speech)))
    return tuple(found)


class _Meter:
    """Measures one channel block by block."""

    def __init__(self) -> None:
        self._listener = Listener()
        self._filter = k_weighting(RATE_HZ)
        self._state = np.zeros((len(self._filter), 2))
        self._rows: list[NDArray[np.float64]] = []

    def add(self, track: NDArray[np.float32]) -> None:
        from scipy.signal import sosfilt

        weighted, self._state = sosfilt(self._filter, track.astype(np.float64), zi=self._state)
        self._rows.append(
            np.stack(
                [
                    _decibels(_step_means(weighted**2)) - 0.691,
                    _decibels(_step_means(track.astype(np.float64) ** 2)),
                    _step_means((np.abs(track) >= CLIPPED).astype(np.float64)) * STEP_S * RATE_HZ,
                ]
            )
        )
        self._listener.add(track)

    def finish(self, pitch: NDArray[np.float64]) -> Levels:
        loudness, level, clipped = np.concatenate(self._rows, axis=1) if self._rows else np.zeros((3, 0))
        keys, tones, music = self._listener.finish()
        return Levels(
            _packed(loudness * 100),
            _packed(level * 100),
            _packed(clipped),
            _packed(pitch * 10),
            keys,
            tones,
            music,
        )


def k_weighting(rate_hz: int) -> NDArray[np.float64]:
    """The two filters of ITU-R BS.1770-4 (head and high-pass) as second-order sections, shape `(2, 6)`.

    The standard gives coefficients for 48 kHz; these are its analogue prototypes (De Man 2014, as in
    libebur128) at another rate.
    """
    sections = []
    gain, f0, quality = 10 ** (3.999843853973347 / 20), 1681.974450955533, 0.7071752369554196
    k, middle = np.tan(np.pi * f0 / rate_hz), gain**0.4996667741545416
    a0 = 1 + k / quality + k * k
    sections.append(
        [
            (gain + middle * k / quality + k * k) / a0,
            2 * (k * k - gain) / a0,
            (gain - middle * k / quality + k * k) / a0,
            1.0,
            2 * (k * k - 1) / a0,
            (1 - k / quality + k * k) / a0,
        ]
    )
    f0, quality = 38.13547087602444, 0.5003270373238773
    k = np.tan(np.pi * f0 / rate_hz)
    a0 = 1 + k / quality + k * k
    sections.append([1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / quality + k * k) / a0])
    return np.array(sections)


def _step_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    step = round(STEP_S * RATE_HZ)
    whole = len(values) - len(values) % step
    means = values[:whole].reshape(-1, step).mean(axis=1)
    return np.append(means, values[whole:].mean()) if whole < len(values) else means


def _decibels(power: NDArray[np.float64]) -> NDArray[np.float64]:
    return 10 * np.log10(np.maximum(power, 10 ** (SILENT / 10)))


def _pitch(sound: Sound, channel: int, speech: tuple[Span, ...]) -> NDArray[np.float64]:
    """The pitch in Hz of each `PITCH_STEP_S` of the channel, 0 where there is no voice."""
    from parselmouth import Sound as PraatSound

    found = np.zeros(round(sound.duration_s / PITCH_STEP_S) + 1)
    for piece in pieces(speech, PIECE_S):
        samples = sound.read(piece.start_s, piece.end_s)[channel].astype(np.float64)
        if len(samples) < RATE_HZ * 4 / PITCH_FLOOR_HZ:
            continue
        pitch = PraatSound(samples, RATE_HZ).to_pitch_ac(
            time_step=PITCH_STEP_S, pitch_floor=PITCH_FLOOR_HZ, pitch_ceiling=PITCH_CEILING_HZ
        )
        at = np.floor((piece.start_s + pitch.xs()) / PITCH_STEP_S + 1e-6).astype(int)
        inside = at < len(found)
        found[at[inside]] = pitch.selected_array["frequency"][inside]
    return found


def _provenance(listening: Listening, before: Mapping[str, Provenance]) -> Provenance:
    parameters = {
        "activity": before["activity"].digest[:16],
        "perception": PERCEPTION,
        "step_s": str(STEP_S),
        "pitch_step_s": str(PITCH_STEP_S),
        "pitch_hz": f"{PITCH_FLOOR_HZ:g}-{PITCH_CEILING_HZ:g}",
    }
    version = importlib.metadata.version("praat-parselmouth")
    return Provenance("levels", "praat", version, "", tuple(sorted(parameters.items())))


def _perceive(source: Source) -> dict[str, tuple[Levels, ...]]:
    return {"levels": levels(source.sound, source.answers["activity"].activity or ())}


LEVELS = Perceiver("levels", ("activity",), _provenance, _perceive)
