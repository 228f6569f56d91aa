"""How a party sounds: its levels within its own speech, and whether that is good enough to judge by."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from audit.interactions import Conversation, Role
from audit.spans import common, cut, gaps
from audit.trace import traced
from models.observations import Levels, Span, channel_of, union
from models.sound import RATE_HZ
from models.voice import PITCH_STEP_S, SILENT, STEP_S, read

NO_SOUND = "no sound: only text came in"
NOBODY_SPEAKS = "nobody speaks in the whole recording"


def unheard(conversation: Conversation) -> str:
    """Why nothing can be said of speech and of silence between it; empty where somebody speaks."""
    if not conversation.activity:
        return NO_SOUND
    return "" if conversation.speech(Role.ANYONE) else NOBODY_SPEAKS


BLOCK = 4
"""Steps in a loudness block of 400 ms (ITU-R BS.1770-4)."""

ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0
"""Blocks below the first, or this far below the mean of the rest, are no part of the loudness (BS.1770-4)."""

LEAST_SPEECH_S = 3.0
"""A voice is measured over no less speech than this: our choice, as for rates and shares."""

PAUSE_MARGIN_S = 0.2
"""Pauses begin and end so far from speech, so that weak sounds at its edges count as no noise: our choice."""

LEAST_PAUSE_S = 1.0
"""The noise of a line is measured over no less pause than this: our choice."""

PAUSE_QUANTILE = 0.25
"""The noise is as loud as the quieter quarter of the steps in pauses: breath and weak speech are in the
louder ones. Our choice; for steady noise it reads 0.2 dB too good (`bench/levels.py`)."""

CLEANEST_DB = 60.0
"""No signal-to-noise ratio is called better: beyond it digital silence and a quiet room are alike."""

LEAST_SNR_DB = 15.0
"""Noisier sound is not judged by its words or its pitch. Source: `bench/poor_sound.py`: of PocketSphinx's
words a third are wrong at 17 dB and more than half at 12 dB; the calls we have lie above 22 dB."""

MOST_CLIPPED = 10.0
"""So many per cent of a party's samples may be clipped. Same source: 2 % cost few words, at 10 % the errors
have doubled."""

FAINTEST_DB = -65.0
"""Fainter speech is not judged by its words. Same source: between -62 and -72 dB the errors double."""


def steps(spans: Iterable[Span], length: int, step_s: float = STEP_S) -> NDArray[np.bool_]:
    """Which of `length` steps lie wholly inside `spans`."""
    mask = np.zeros(length, bool)
    for one in spans:
        mask[int(np.ceil(one.start_s / step_s - 1e-6)) : int(one.end_s / step_s + 1e-6)] = True
    return mask


def _own(conversation: Conversation, of: Role, window: Span) -> Iterator[tuple[Levels, tuple[Span, ...]]]:
    """(levels, its own speech) of each voice of the party in the window."""
    levels = conversation.observations.levels or ()
    for role, active in conversation.activity:
        channel = channel_of(active.speaker)
        if channel < len(levels) and (of == Role.ANYONE or role in (of, None)):
            # Where somebody else speaks on the same channel, nobody is measured.
            others = sorted(
                s
                for _, other in conversation.activity
                if other is not active and channel_of(other.speaker) == channel
                for s in other.spans
            )
            own = common(active.spans, gaps(union(others), conversation.whole))
            yield levels[channel], cut(own, window)


def speech_s(conversation: Conversation, of: Role, window: Span) -> float:
    """Seconds of the party's speech that can be measured."""
    return sum(s.duration_s for _, spans in _own(conversation, of, window) for s in spans)


def loudness(conversation: Conversation, of: Role, window: Span) -> float | None:
    """The integrated loudness in LUFS (ITU-R BS.1770-4) of the party's speech, or of `ANYONE`: of the whole
    sound in the window; None where nothing is loud enough to pass the gates."""
    if of == Role.ANYONE:
        levels = conversation.observations.levels or ()
        power = sum((_power(one.loudness) for one in levels), np.zeros(1))
        blocks = _blocks(power, steps([window], len(power)))
    else:
        blocks = np.concatenate(
            [
                _blocks(power, steps(spans, len(power)))
                for one, spans in _own(conversation, of, window)
                for power in [_power(one.loudness)]
            ]
            or [np.zeros(0)]
        )
    blocks = blocks[blocks > _of_decibels(ABSOLUTE_GATE_LUFS)]
    if len(blocks):
        blocks = blocks[blocks > _of_decibels(RELATIVE_GATE_LU) * blocks.mean()]
    return float(10 * np.log10(blocks.mean())) if len(blocks) else None


def _power(packed: bytes) -> NDArray[np.float64]:
    return _of_decibels(read(packed) / 100)


def _of_decibels(value: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return np.asarray(10 ** (np.asarray(value) / 10), float)


def _blocks(power: NDArray[np.float64], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The mean power of each block whose steps all lie inside."""
    if len(power) < BLOCK:
        return np.zeros(0)
    view = np.lib.stride_tricks.sliding_window_view
    whole = view(inside, BLOCK).all(axis=1)
    return np.asarray(view(power, BLOCK).mean(axis=1)[whole], float)


def signal_to_noise(conversation: Conversation, of: Role, window: Span) -> float | None:
    """How far the party's speech in the window lies above the noise of its line in dB, at most `CLEANEST_DB`;
    None without enough speech, or without pauses to measure the noise in. The worst voice counts."""
    ratios = []
    for one, spans in _own(conversation, of, window):
        level = read(one.level) / 100
        spoken = steps(spans, len(level))
        everybody = [
            Span(s.start_s - PAUSE_MARGIN_S, s.end_s + PAUSE_MARGIN_S)
            for s in conversation.speech(Role.ANYONE)
        ]
        pauses = ~_touched(everybody, len(level))
        if spoken.sum() * STEP_S < LEAST_SPEECH_S or pauses.sum() * STEP_S < LEAST_PAUSE_S:
            continue
        noise = _of_decibels(float(np.quantile(level[pauses], PAUSE_QUANTILE)))
        speech = max(float(_of_decibels(level[spoken]).mean() - noise), float(_of_decibels(SILENT)))
        ratios.append(min(CLEANEST_DB, float(10 * np.log10(speech / noise))))
    return min(ratios, default=None)


def _touched(spans: Iterable[Span], length: int) -> NDArray[np.bool_]:
    """Which of `length` steps any of the spans reaches into."""
    mask = np.zeros(length, bool)
    for one in spans:
        mask[max(0, int(one.start_s / STEP_S)) : int(np.ceil(one.end_s / STEP_S))] = True
    return mask


def clipped_share(conversation: Conversation, of: Role, window: Span) -> float | None:
    """The share of clipped samples in the party's speech in per cent, None without enough speech."""
    shares = [
        read(one.clipped)[inside].mean()
        for one, spans in _own(conversation, of, window)
        if (inside := steps(spans, len(read(one.clipped)))).sum() * STEP_S >= LEAST_SPEECH_S
    ]
    return float(max(shares)) / (STEP_S * RATE_HZ) * 100 if shares else None


def level(conversation: Conversation, of: Role, window: Span) -> float | None:
    """The mean level of the party's speech in dB below full scale, None without enough speech."""
    found = [
        float(10 * np.log10(_power(one.level)[inside].mean()))
        for one, spans in _own(conversation, of, window)
        if (inside := steps(spans, len(read(one.level)))).sum() * STEP_S >= LEAST_SPEECH_S
    ]
    return min(found, default=None)


def pitches(conversation: Conversation, of: Role, window: Span) -> NDArray[np.float64]:
    """The pitch in Hz of each voiced moment of the party's speech, without jumps by an octave.

    What lies below 0.75 times the lower quartile or above 1.5 times the upper one is left out: the bounds of
    Hirst (2007) for a second look by Praat.
    """
    rows = [
        read(one.pitch)[steps(spans, len(read(one.pitch)), PITCH_STEP_S)] / 10
        for one, spans in _own(conversation, of, window)
    ]
    voiced = np.concatenate(rows or [np.zeros(0)])
    voiced = voiced[voiced > 0]
    if not len(voiced):
        return voiced
    low, high = np.quantile(voiced, [0.25, 0.75])
    return np.asarray(voiced[(voiced >= 0.75 * low) & (voiced <= 1.5 * high)])


def no_levels(conversation: Conversation) -> str:
    """Why nothing is known of the sound, where `Observations.levels` is None."""
    if not conversation.observations.recording.channels:
        return NO_SOUND
    return conversation.missing.get("levels", "the sound was not measured yet; audit the recording again")


@traced
def poor(conversation: Conversation, of: Role) -> str:
    """Why words and pitch of the party cannot be trusted for its sound; empty when they can, and when nothing
    is known of the sound (a transcript)."""
    if of not in conversation.poor:
        conversation.poor[of] = _poor(conversation, of)
    return conversation.poor[of]


def _poor(conversation: Conversation, of: Role) -> str:
    asked = (conversation, of, conversation.whole)
    whose = "the sound" if of == Role.ANYONE else f"the {of}'s sound"
    ratio, clipped, mean = signal_to_noise(*asked), clipped_share(*asked), level(*asked)
    if ratio is not None and ratio < LEAST_SNR_DB:
        return f"{whose} is too noisy (SNR {ratio:.0f} dB, at least {LEAST_SNR_DB:.0f} dB needed)"
    if clipped is not None and clipped > MOST_CLIPPED:
        return f"{whose} is clipped ({clipped:.0f} % of the samples, at most {MOST_CLIPPED:.0f} % allowed)"
    if mean is not None and mean < FAINTEST_DB:
        return f"{whose} is too faint (mean level {mean:.0f} dB, at least {FAINTEST_DB:.0f} dB needed)"
    return ""
