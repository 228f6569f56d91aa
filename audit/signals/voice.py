"""The sound of a voice and of its line: loudness, pitch, clipping, noise."""

from collections.abc import Callable

import numpy as np

from audit import voices
from audit.interactions import Conversation, Role
from audit.signals import Measure, MeasureKind
from audit.signals.timing import known_speech, untold
from audit.voices import LEAST_SPEECH_S, no_levels, speech_s
from models.observations import Span
from models.voice import PITCH_STEP_S

LEAST_VOICED_S = 2.0
"""Pitch is taken over no less voiced sound than this: our choice; in 3 s of speech about 2 s are voiced."""

LOW_QUANTILE, HIGH_QUANTILE = 0.1, 0.9
"""The range of pitch lies between these: single highest and lowest values are mostly errors of measurement
(De Looze and Hirst 2008 take quantiles for that reason)."""

Figure = Callable[[Conversation, Role, Span], float | None]


def loudness(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The loudness of the party's speech in LUFS; of `ANYONE` that of the whole sound in the window."""
    return _figure("loudness", "LUFS", voices.loudness, conversation, of, window)


def signal_to_noise(conversation: Conversation, of: Role, window: Span) -> Measure:
    """How far the party's speech lies above the noise of its line, in dB."""
    return _figure("signal_to_noise", "dB", voices.signal_to_noise, conversation, of, window)


def clipping(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The share of clipped samples in the party's speech, in per cent."""
    return _figure("clipping", "%", voices.clipped_share, conversation, of, window)


def pitch_median(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The median pitch of the party's voice in Hz."""
    return _pitch("pitch_median", "Hz", lambda hz: float(np.median(hz)), conversation, of, window)


def pitch_range(conversation: Conversation, of: Role, window: Span) -> Measure:
    """How lively the party's voice is: semitones between the lowest and the highest tenth of its pitch."""
    return _pitch("pitch_range", "semitones", _range, conversation, of, window)


def _range(hz: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
    low, high = np.quantile(hz, [LOW_QUANTILE, HIGH_QUANTILE])
    return float(12 * np.log2(high / low))


def _pitch(
    kind: str,
    unit: str,
    of_pitches: Callable[["np.ndarray[tuple[int], np.dtype[np.float64]]"], float],
    conversation: Conversation,
    of: Role,
    window: Span,
) -> Measure:
    told = _measured(kind, unit, conversation, of, window)
    muffled = voices.poor(conversation, of)
    if told or muffled:
        return told or untold(kind, unit, window, muffled)
    hz = voices.pitches(conversation, of, window)
    if len(hz) * PITCH_STEP_S < LEAST_VOICED_S:
        return untold(kind, unit, window, f"only {len(hz) * PITCH_STEP_S:.1f} s of voice by the {of}")
    return Measure(kind, of_pitches(hz), unit, window)


def _figure(
    kind: str, unit: str, figure: Figure, conversation: Conversation, of: Role, window: Span
) -> Measure:
    told = _measured(kind, unit, conversation, of, window)
    if told:
        return told
    value = figure(conversation, of, window)
    if value is None:
        return untold(kind, unit, window, "too few pauses to hear the noise of the line in")
    return Measure(kind, value, unit, window)


def _measured(kind: str, unit: str, conversation: Conversation, of: Role, window: Span) -> Measure | None:
    """What stands in the way of measuring the party's voice, None when nothing does."""
    if conversation.observations.levels is None:
        return untold(kind, unit, window, no_levels(conversation))
    told = known_speech(kind, unit, conversation, window) if of != Role.ANYONE else None
    if told:
        return told
    spoken_s = speech_s(conversation, of, window)
    if spoken_s < LEAST_SPEECH_S:
        return untold(kind, unit, window, f"only {spoken_s:.1f} s of speech by the {of}")
    return None


_LEVELS = frozenset({"activity", "levels"})

KINDS = (
    MeasureKind("loudness", "loudness of the party's speech", "LUFS", _LEVELS, loudness),
    MeasureKind(
        "signal_to_noise", "how far the party's speech lies above the noise", "dB", _LEVELS, signal_to_noise
    ),
    MeasureKind("clipping", "share of clipped samples in the party's speech", "%", _LEVELS, clipping),
    MeasureKind("pitch_median", "median pitch of the party's voice", "Hz", _LEVELS, pitch_median),
    MeasureKind(
        "pitch_range", "how far the party's pitch moves, without extremes", "semitones", _LEVELS, pitch_range
    ),
)
