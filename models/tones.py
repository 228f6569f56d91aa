"""What sounds on a line and is no voice: keys of the telephone, steady tones, and music."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.observations import Span, Tone, span
from models.sound import RATE_HZ

Spectra = NDArray[np.float32]
"""Power spectra, shape `(frames, bins)`."""

FRAME, HOP = 1024, 800
"""Samples of a spectrum and from one to the next: 64 ms resolve 16 Hz, enough for the 73 Hz between two
rows of keys; 50 ms is half of the shortest key that a person presses."""

FRAMES_PER_S = RATE_HZ // HOP
BIN_HZ = RATE_HZ / FRAME

ROWS_HZ, COLUMNS_HZ = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0, 1633.0)
OFF_KEY = 0.018
"""A key's frequencies may be off by this share. Source: ITU-T Q.23 and Q.24, 1.5 % must be accepted and
3.5 % refused; the rest is our reading of the peak between two bins."""

TWIST_DB = 9.0
"""The two frequencies of a key differ in level by no more: ITU-T Q.24 allows 8 dB; 1 for our reading."""

PURE = 0.9
"""So much of a frame's power must lie in one or two peaks for a tone. Source: `bench/levels.py`: in 49
minutes of speech it finds no key and no tone, and it finds every key of 0.1 s in noise at 10 dB."""

KEY_PURE = 0.7
"""The same for the two frequencies of a key. Same source."""

LOWEST_TONE_HZ = 330.0
"""Lower peaks may be a voice. Tones of telephone networks begin at 350 Hz (ITU-T E.180, supplement 2)."""

QUIETEST_DB = -55.0
"""A frame below this level (full scale is 0) is called neither tone nor music: our choice, the level of
line noise on the calls we have."""

TONE_S = 0.2
"""Shorter tones are not kept: a vowel was steady for 0.15 s twice in those 49 minutes."""

STEADY_HZ = 12.0
"""One tone does not move further from frame to frame: less than a bin."""

MUSIC_S = 3.0
"""Music is looked for in windows of this length, one a second."""

MUSIC_WINDOWS = 3
"""So many windows in a row must be musical: 5 s in all. Two in a row were so by chance twice in 49 minutes of
speech (`bench/levels.py`)."""

MUSIC_BARS = 3.0
"""How steady the five steadiest frequencies of a window are together, 0..5, for music. Source: the measure
is the continuous frequency activation of Seyerlehner et al. (2007); the number `bench/levels.py`."""

MUSIC_GAPS = 0.4
"""Speech has gaps: for music at most this share of a window's frames may lie 10 dB below its mean. Source:
the low-energy frames of Scheirer and Slaney (1997); at 0.5 speech is taken for music once in 49 minutes, at
0.4 never (`bench/levels.py`)."""

_TOP = int(4000 / BIN_HZ)
"""Music and tones are looked for up to 4 kHz, the band of a telephone."""

_LOW = int(LOWEST_TONE_HZ / BIN_HZ)
_MUSIC_LOW = int(200 / BIN_HZ)
"""Below this lies the hum of the mains."""


@dataclass
class Listener:
    """Takes one channel block by block; `finish` says what was in it that is no voice."""

    _rest: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    _pure: list[NDArray[np.float32]] = field(default_factory=list)
    """Of each frame (first Hz, second Hz or 0, second below first in dB), zeros where it is no tone."""
    _power: list[NDArray[np.float32]] = field(default_factory=list)
    _bars: list[NDArray[np.uint8]] = field(default_factory=list)
    """Of each second and frequency in how many frames it stood out."""

    def add(self, samples: NDArray[np.float32]) -> None:
        """Takes the next samples, shape `(n,)`; all blocks but the last hold whole seconds."""
        sound = np.concatenate([self._rest, samples])
        frames = max(0, (len(sound) - FRAME) // HOP + 1)
        frames -= frames % FRAMES_PER_S
        if frames:
            spectra = _spectra(sound, frames)
            self._pure.append(_pure(spectra))
            # Whole and without the hum of the mains.
            powers = (spectra[:, low:].sum(axis=1) for low in (0, _MUSIC_LOW))
            self._power.append(_decibels(np.stack(list(powers), axis=1)) - _FULL_DB)
            stands_out = _stands_out(spectra[:, _MUSIC_LOW:_TOP])
            self._bars.append(
                np.asarray(stands_out.reshape(-1, FRAMES_PER_S, stands_out.shape[1]).sum(axis=1), np.uint8)
            )
        self._rest = sound[frames * HOP :]

    def finish(self) -> tuple[tuple[Span, ...], tuple[Tone, ...], tuple[Span, ...]]:
        """(keys, tones, music), each in order of time."""
        end_s = (len(self._rest) + sum(map(len, self._pure)) * HOP) / RATE_HZ
        # The last second is filled up with silence.
        self.add(np.zeros(RATE_HZ + FRAME, np.float32))
        if not self._power:
            return (), (), ()
        power, high = np.concatenate(self._power).T
        pure = np.concatenate(self._pure)
        pure[power < QUIETEST_DB] = 0
        toned = pure[:, 0] > 0
        keys, tones = [], []
        for where, hz, is_key in _runs(pure):
            if is_key:
                keys.append(where)
            elif where.duration_s >= TONE_S:
                tones.append(Tone(where, hz))
        music = _music(np.concatenate(self._bars), high, toned)
        return tuple(keys), tuple(tones), tuple(one & Span(0.0, end_s) for one in music)


def _spectra(sound: NDArray[np.float32], frames: int) -> Spectra:
    import scipy.fft

    window = np.hanning(FRAME).astype(np.float32)
    cut = np.lib.stride_tricks.sliding_window_view(sound, FRAME)[: frames * HOP : HOP]
    spectra: Spectra = np.abs(scipy.fft.rfft(cut * window, axis=1)) ** 2
    return spectra


_FULL_DB = float(10 * np.log10(FRAME * np.sum(np.hanning(FRAME) ** 2) / 2))
"""The power of a frame at full scale (samples of 1), one side of the spectrum."""


def _decibels(power: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(10 * np.log10(power + 1e-12), np.float32)


def _pure(spectra: Spectra) -> NDArray[np.float32]:
    """(first Hz, second Hz or 0, first above second in dB) of each frame, zeros where it is no tone."""
    rows = np.arange(len(spectra))
    band = spectra[:, :_TOP].copy()
    band[:, :_LOW] = 0
    found = np.zeros((len(spectra), 3), np.float32)
    held: list[NDArray[np.float32]] = []
    for which in (0, 1):
        top = np.clip(band.argmax(axis=1), 2, _TOP - 3)
        around = top[:, None] + np.arange(-2, 3)
        peak = band[rows[:, None], around]
        # The peak between the bins: a parabola through three logarithms.
        left, middle, right = _decibels(peak[:, 1]), _decibels(peak[:, 2]), _decibels(peak[:, 3])
        curve = left - 2 * middle + right
        shift = np.where(np.abs(curve) > 1e-6, 0.5 * (left - right) / np.where(curve == 0, 1, curve), 0)
        found[:, which] = (top + np.clip(shift, -0.5, 0.5)) * BIN_HZ
        held.append(peak.sum(axis=1))
        band[rows[:, None], around] = 0
    found[:, 2] = _decibels(held[0]) - _decibels(held[1])
    found[found[:, 2] > 20, 1] = 0
    # A key is known by its two frequencies too, so that it may be less pure.
    least = np.where(_is_key(found), KEY_PURE, PURE)
    tonal = held[0] + held[1] >= least * spectra.sum(axis=1)
    return np.where(tonal[:, None], found, 0)


def _runs(pure: NDArray[np.float32]) -> Iterator[tuple[Span, tuple[int, ...], bool]]:
    """(when, frequencies, whether it is a key) of frames in a row with the same tone."""
    keyed = _is_key(pure)
    ordered = np.sort(pure[:, :2], axis=1)
    sounding = ordered[:, 1] > 0
    moved = np.abs(np.diff(ordered, axis=0)).max(axis=1, initial=0.0) > STEADY_HZ
    breaks = 1 + np.flatnonzero((np.diff(sounding.astype(int)) != 0) | (moved & sounding[1:]))
    for first, end in itertools.pairwise([0, *breaks.tolist(), len(pure)]):
        if not sounding[first]:
            continue
        hz = tuple(round(f) for f in np.median(ordered[first:end], axis=0).tolist() if f > 0)
        where = span(first / FRAMES_PER_S, end / FRAMES_PER_S)
        yield where, hz, end - first >= 2 and bool(keyed[first:end].mean() > 0.5)


def _is_key(pure: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which frames hold the two frequencies of a key."""
    ordered = np.sort(pure[:, :2], axis=1)
    near = [
        (np.abs(ordered[:, [i]] / np.array(keys) - 1) <= OFF_KEY).any(axis=1)
        for i, keys in enumerate((ROWS_HZ, COLUMNS_HZ))
    ]
    return np.asarray(near[0] & near[1] & (pure[:, 2] <= TWIST_DB))


def _stands_out(band: Spectra) -> NDArray[np.bool_]:
    """Where a frequency is 3 dB above its surroundings of 21 bins."""
    from scipy.ndimage import uniform_filter1d

    level = _decibels(band)
    return np.asarray(level - uniform_filter1d(level, 21, axis=1) > 3.0)


def _music(bars: NDArray[np.uint8], power: NDArray[np.float32], toned: NDArray[np.bool_]) -> Iterator[Span]:
    """Stretches whose frequencies stay as in music, without gaps as in speech, and not of one tone only."""
    from scipy.ndimage import minimum_filter1d

    seconds = int(MUSIC_S)
    if len(bars) < seconds:
        return
    windows = np.lib.stride_tricks.sliding_window_view(bars, seconds, axis=0).sum(axis=2)
    share = windows.astype(np.float32) / (seconds * FRAMES_PER_S)
    above = share - minimum_filter1d(share, 21, axis=1)
    inner = above[:, 1:-1]
    peak = np.where((inner >= above[:, :-2]) & (inner > above[:, 2:]), inner, 0)
    steadiness = np.sort(peak, axis=1)[:, -5:].sum(axis=1)
    view = np.lib.stride_tricks.sliding_window_view
    levels: Spectra = view(power, seconds * FRAMES_PER_S)[::FRAMES_PER_S][: len(windows)]
    tones = view(toned, seconds * FRAMES_PER_S)[::FRAMES_PER_S][: len(windows)]
    mean_db = _decibels((10 ** (levels / 10)).mean(axis=1))
    gaps = (levels < mean_db[:, None] - 10).mean(axis=1)
    musical = (steadiness >= MUSIC_BARS) & (gaps <= MUSIC_GAPS) & (mean_db >= QUIETEST_DB)
    musical &= tones.mean(axis=1) < 0.5
    for value, group in itertools.groupby(range(len(musical)), key=lambda i: bool(musical[i])):
        held = list(group)
        if value and len(held) >= MUSIC_WINDOWS:
            # The first and the last window may begin or end in silence.
            first, end = (at * FRAMES_PER_S for at in (held[0], held[-1] + seconds))
            loud = first + np.flatnonzero(power[first:end] >= QUIETEST_DB)
            yield span(loud[0] / FRAMES_PER_S, (loud[-1] + 1) / FRAMES_PER_S)
