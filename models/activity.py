"""When each voice speaks, whatever is said: speech by Silero (as it comes with faster-whisper), then whose it
is, by channel or, where one channel carries several people, by how they sound."""

import importlib.metadata
from collections.abc import Iterator, Mapping

import numpy as np

from models.leak import without_leak
from models.observations import Activity, Provenance, Span, span
from models.perceiving import Listening, Perceiver, Source
from models.sound import RATE_HZ, Sound
from models.speakers import Diarizer, diarizer

TURN_SILENCE_MS = 250
"""Speech falls apart into regions at silences of this length. Source: on a call of 278 s it
separated the turns; the library's default is 2000 ms."""

BLOCK_S = 600.0
"""Speech is sought in blocks of this length, so that memory does not grow with the recording. A region that
reaches the end of a block is sought again in the next, so that blocks cut none that is shorter than one."""

SEAM_S = 1.0
"""A region so near to the end of a block may go on, and so long before a block the next one begins to
listen."""

DIGITAL_SILENCE = 1e-4
"""A block with no sample above this (-80 dBFS) holds nothing to look at: below the noise of a telephone line
(G.711 resolves -72 dBFS at best), so that hours of silence cost nothing."""

PERCEPTION = "4"
"""Raised when our own part of listening (decoding, blocks) would give other observations."""


def speaker_of(channel: int, channels: int) -> str | None:
    """The label of who speaks on a channel; one channel alone may carry several people: None."""
    return f"channel-{channel}" if channels > 1 else None


def detect_activity(sound: Sound) -> tuple[Activity, ...]:
    """When there is speech on each channel."""
    return tuple(
        Activity(speaker_of(channel, sound.channels), tuple(_regions(sound, channel)))
        for channel in range(sound.channels)
    )


def _regions(sound: Sound, channel: int) -> Iterator[Span]:
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(threshold=0.5, min_silence_duration_ms=TURN_SILENCE_MS, speech_pad_ms=0)
    at_s = 0.0
    while at_s < sound.duration_s:
        begin_s, end_s = max(0.0, at_s - SEAM_S), min(sound.duration_s, at_s + BLOCK_S)
        final = end_s >= sound.duration_s
        track = np.ascontiguousarray(sound.read(begin_s, end_s)[channel])
        next_s = end_s
        loud = track.size and float(np.abs(track).max()) > DIGITAL_SILENCE
        for region in get_speech_timestamps(track, options) if loud else ():
            start_s = max(at_s, begin_s + region["start"] / RATE_HZ)
            stop_s = begin_s + region["end"] / RATE_HZ
            if stop_s <= at_s:
                continue
            if not final and stop_s > end_s - SEAM_S and start_s > at_s:
                next_s = start_s
                break
            yield span(start_s, stop_s)
        at_s = next_s


def voices(sound: Sound, teller: Diarizer | None) -> tuple[Activity, ...]:
    """When each voice speaks: of each channel without what leaks in from the other, or, with one channel, of
    each voice that `teller` tells apart (without it, or where it finds no voice: of nobody knows whom)."""
    heard = detect_activity(sound)
    if sound.channels > 1:
        return without_leak(sound, heard)
    if teller is None or not heard[0].spans:
        return heard
    return teller.voices(sound, heard[0].spans) or heard


def activity_provenance(teller: Diarizer | None = None) -> Provenance:
    """How `voices` perceives with this way to tell voices apart."""
    version = importlib.metadata.version("faster-whisper")
    parameters = {"min_silence_ms": str(TURN_SILENCE_MS), "threshold": "0.5", "perception": PERCEPTION}
    if teller:
        parameters["voices"] = f"{teller.name} {teller.version}"
    return Provenance(
        "activity", "silero", version, teller.weights if teller else "", tuple(sorted(parameters.items()))
    )


def _provenance(listening: Listening, before: Mapping[str, Provenance]) -> Provenance:
    return activity_provenance(diarizer())


def _perceive(source: Source) -> dict[str, tuple[Activity, ...]]:
    return {"activity": voices(source.sound, diarizer())}


ACTIVITY = Perceiver("activity", (), _provenance, _perceive)
