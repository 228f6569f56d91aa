"""The words of a recording: by the best recogniser that is here, each speaker's channel for itself."""

import bisect
import functools
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from models import weights
from models.errors import ComportError
from models.invented import sift
from models.observations import Activity, Provenance, Removed, Span, Utterance, Word, channel_of, union
from models.perceiving import Listening, Perceiver, Progress, Source
from models.recogniser import Recogniser
from models.sound import Samples, Sound
from models.sphinx import PocketSphinx
from models.whisper import Whisper

WINDOW_S = 28.0
"""Longest piece given to a recogniser at once: Whisper hears 30 s, and each end is padded."""

PAD_S = 0.2
"""Sound kept around a region for the recogniser, so that weak first consonants are not cut."""

JOIN_S = 1.0
"""Regions of one speaker closer than this are heard together: a pause inside a turn. Source: 77 % of the
pauses within turns of a real call are shorter (`bench/pauses.py`)."""

UTTERANCE_GAP_S = 0.7
"""A longer gap between two words of a speaker starts a new utterance: about half of the pauses within turns
are longer (same source), so that utterances are the size of a sentence."""

DETECTION_PIECES, DETECTION_S = 6, 3.0
"""A channel's language is detected in so many of its pieces, spread evenly, each at least so long: Whisper
was trained to tell it from 30 s, and one piece may be a name or a greeting in another language. Our
choice."""

SURE_OF_LANGUAGE = 0.8
"""Below this mean probability the language expected is taken: our choice, well above that of two languages in
doubt."""

CUT_S = 2.0
"""Speech longer than a window is cut at the quietest moment of its last seconds, between words if there is
one."""


class EngineMissing(ComportError):
    """No recogniser on this machine can hear the language."""

    def __init__(self, language: str, reason: str) -> None:
        super().__init__(language, reason)
        self.language, self.reason = language, reason

    def __str__(self) -> str:
        return f"weights missing: {self.reason}"


def choose_engine(wanted: str, whisper: str | None, language: str) -> Recogniser:
    """The recogniser for a language: `wanted` is auto, whisper or pocketsphinx, `whisper` a name or folder.

    `auto` takes Whisper weights that are ready on this machine, else PocketSphinx for English.

    Raises:
        EngineMissing: nothing here can hear the language.
        weights.MissingWeights: the named Whisper weights are not here.
    """
    if wanted == "pocketsphinx":
        if language != "en":
            raise EngineMissing(language, f"PocketSphinx hears English, not '{language}'")
        return PocketSphinx()
    if wanted == "whisper" or whisper:
        return _whisper(weights.find_whisper(whisper or DEFAULT_WHISPER))
    ready = next((name for name in WHISPER_PREFERENCE if _fits(name, language) and _is_ready(name)), None)
    if ready:
        return _whisper(weights.find_whisper(ready))
    if language == "en":
        return PocketSphinx()
    raise EngineMissing(language, f"no recogniser for '{language}' is here; run: comport weights fetch small")


DEFAULT_WHISPER = "small"
WHISPER_PREFERENCE = (
    "small",
    "small.en",
    "base",
    "base.en",
    "medium",
    "tiny",
    "tiny.en",
    "large-v3-turbo",
    "large-v3",
)
"""Which ready weights `auto` takes: the best that a processor without GPU hears faster than real time."""


@functools.lru_cache(maxsize=2)
def _whisper(folder: Path) -> Whisper:
    return Whisper(folder)


def _fits(name: str, language: str) -> bool:
    return language == "en" or not name.endswith(".en")


def _is_ready(name: str) -> bool:
    try:
        weights.find_whisper(name)
    except weights.MissingWeights:
        return False
    return True


def utterances_provenance(engine: Recogniser, listening: Listening, heard: Provenance | None) -> Provenance:
    """How `transcribe` perceives with this recogniser, given how who speaks when was found."""
    detects = not listening.certain and not engine.languages
    parameters = {
        **engine.parameters,
        "language": f"detected, else {listening.language}" if detects else listening.language,
        "hotwords": ", ".join(listening.hotwords),
        "activity": heard.digest[:16] if heard else "",
        "window_s": str(WINDOW_S),
        "join_s": str(JOIN_S),
        "pad_s": str(PAD_S),
        "utterance_gap_s": str(UTTERANCE_GAP_S),
    }
    return Provenance(
        "utterances",
        engine.name,
        engine.version,
        engine.weights,
        tuple(sorted(parameters.items())),
        engine.caveat,
    )


def transcribe(
    sound: Sound,
    activity: tuple[Activity, ...],
    engine: Recogniser,
    listening: Listening,
    progress: Progress = lambda heard_s, all_s: None,
) -> tuple[tuple[Utterance, ...], tuple[Removed, ...]]:
    """The utterances of all channels in order of time, and what was taken out of them.

    `progress` gets the seconds heard and to hear. Only the pieces heard at once are in memory.
    """
    channels = [_voices_on(activity, channel) for channel in range(sound.channels)]
    windows = [_windows(_speech(voices), sound, channel) for channel, voices in enumerate(channels)]
    all_s = sum(window.duration_s for of_channel in windows for window in of_channel)
    heard_s = 0.0
    utterances: list[Utterance] = []
    removed: list[Removed] = []
    for channel, voices in enumerate(channels):
        language = language_of(sound, channel, windows[channel], engine, listening)
        only = voices[0].speaker if len(voices) == 1 else None
        speech = _speech(voices)
        for group in _batches(windows[channel], engine.batch_s):
            pieces = [_piece(sound, channel, window) for window in group]
            passages = engine.hear([piece.sound for piece in pieces], language, listening.hotwords)
            for piece, passage in zip(pieces, passages, strict=True):
                placed = tuple(
                    Word(w.span.shifted(piece.start_s), w.text, w.probability) for w in passage.words
                )
                words, out = sift(passage._replace(words=placed), language, only, speech)
                for speaker, said in _by_voice(words, voices):
                    utterances += (_utterance(part, speaker, language) for part in _split(said))
                removed += out
                heard_s += piece.window.duration_s
                progress(heard_s, all_s)
    order = sorted(utterances, key=lambda u: (u.span.start_s, u.speaker or ""))
    return tuple(order), tuple(sorted(removed, key=lambda r: (r.span, r.speaker or "")))


def _voices_on(activity: Sequence[Activity], channel: int) -> tuple[Activity, ...]:
    return tuple(active for active in activity if channel_of(active.speaker) == channel)


def _speech(voices: Sequence[Activity]) -> tuple[Span, ...]:
    """When any of the voices speaks."""
    return union(sorted(s for voice in voices for s in voice.spans))


def _by_voice(
    words: tuple[Word, ...], voices: Sequence[Activity]
) -> Iterator[tuple[str | None, tuple[Word, ...]]]:
    """The words in runs of one voice each: that which speaks during most of a word, else the nearest."""
    for speaker, run in itertools.groupby(words, key=lambda word: _voice_of(word.span, voices)):
        yield speaker, tuple(run)


def _voice_of(where: Span, voices: Sequence[Activity]) -> str | None:
    if len(voices) < 2:
        return voices[0].speaker if voices else None
    return max(voices, key=lambda voice: _nearness(where, voice.spans)).speaker


def _nearness(where: Span, spans: Sequence[Span]) -> float:
    """Seconds that `where` shares with `spans` (in order), or, below 0, how far the nearest is."""
    after = bisect.bisect_right(spans, where.start_s, key=lambda s: s.end_s)
    shared_s = sum(
        (where & one).duration_s
        for one in itertools.takewhile(
            lambda one: one.start_s < where.end_s, itertools.islice(spans, after, None)
        )
    )
    if shared_s > 0:
        return shared_s
    apart = [one.start_s - where.end_s for one in spans[after : after + 1]]
    apart += [where.start_s - one.end_s for one in spans[max(0, after - 1) : after]]
    return -min(apart, default=math.inf)


def _batches(windows: Sequence[Span], batch_s: float) -> Iterator[list[Span]]:
    """The windows in groups of at most `batch_s` seconds, padding included; each has at least one."""
    group: list[Span] = []
    for window in windows:
        if group and sum(one.duration_s + 2 * PAD_S for one in (*group, window)) > batch_s:
            yield group
            group = []
        group.append(window)
    if group:
        yield group


def language_of(
    sound: Sound, channel: int, windows: Sequence[Span], engine: Recogniser, listening: Listening
) -> str:
    """The language spoken on a channel: the one expected, unless another is detected surely."""
    if listening.certain or engine.languages:
        return listening.language
    long = [window for window in windows if window.duration_s >= DETECTION_S]
    chosen = long[:: max(1, math.ceil(len(long) / DETECTION_PIECES))]
    shares = engine.language_shares([_piece(sound, channel, window).sound for window in chosen])
    best = max(shares or {}, key=lambda language: (shares or {})[language], default=None)
    return best if best and shares and shares[best] >= SURE_OF_LANGUAGE else listening.language


def _utterance(words: tuple[Word, ...], speaker: str | None, language: str) -> Utterance:
    whole = Span(words[0].span.start_s, words[-1].span.end_s)
    return Utterance(whole, speaker, language, " ".join(w.text for w in words), words)


class Piece(NamedTuple):
    """What a recogniser is given at once: `sound` holds `window` and `PAD_S` around it, from `start_s` on."""

    window: Span
    start_s: float
    sound: Samples


def pieces_of(sound: Sound, activity: tuple[Activity, ...]) -> Iterator[Piece]:
    """The speech of each channel, cut for a recogniser."""
    for channel in range(sound.channels):
        for window in _windows(_speech(_voices_on(activity, channel)), sound, channel):
            yield _piece(sound, channel, window)


def _piece(sound: Sound, channel: int, window: Span) -> Piece:
    start_s = max(0.0, window.start_s - PAD_S)
    return Piece(window, start_s, sound.read(start_s, window.end_s + PAD_S)[channel])


def _windows(regions: Sequence[Span], sound: Sound, channel: int) -> list[Span]:
    """Regions of speech joined over short pauses, none longer than `WINDOW_S` (long ones are cut)."""
    found: list[Span] = []
    for region in regions:
        if (
            found
            and region.start_s - found[-1].end_s < JOIN_S
            and region.end_s - found[-1].start_s <= WINDOW_S
        ):
            found[-1] = Span(found[-1].start_s, region.end_s)
            continue
        rest = region
        while rest.duration_s > WINDOW_S:
            cut_s = _quietest(sound, channel, Span(rest.start_s + WINDOW_S - CUT_S, rest.start_s + WINDOW_S))
            found.append(Span(rest.start_s, cut_s))
            rest = Span(cut_s, rest.end_s)
        found.append(rest)
    return found


def _quietest(sound: Sound, channel: int, where: Span) -> float:
    """The moment in `where` around which the sound is weakest for `QUIET_S`."""
    step = round(QUIET_S * sound.rate_hz)
    samples = sound.read(where.start_s, where.end_s)[channel]
    power = np.square(samples[: len(samples) - len(samples) % step]).reshape(-1, step).mean(axis=1)
    at = int(power.argmin()) if len(power) else 0
    return round(where.start_s + (at + 0.5) * QUIET_S, 3)


QUIET_S = 0.05
"""About the closure of a stop consonant: the shortest pause in speech."""


def _split(words: tuple[Word, ...]) -> Iterator[tuple[Word, ...]]:
    start = 0
    for i in range(1, len(words) + 1):
        if i == len(words) or words[i].span.start_s - words[i - 1].span.end_s > UTTERANCE_GAP_S:
            if words[start:i]:
                yield words[start:i]
            start = i


def _provenance(listening: Listening, before: Mapping[str, Provenance]) -> Provenance | str:
    try:
        return utterances_provenance(_engine(listening), listening, before.get("activity"))
    except EngineMissing as error:
        # What was asked for by name must be there; only what was left open may be missing.
        if listening.engine != "auto" or listening.whisper:
            raise
        return error.line


def _perceive(source: Source) -> dict[str, Any]:
    active = source.answers["activity"].activity or ()
    engine = _engine(source.listening)
    utterances, removed = transcribe(source.sound, active, engine, source.listening, source.progress)
    return {"utterances": utterances, "removed": removed}


def _engine(listening: Listening) -> Recogniser:
    return choose_engine(listening.engine, listening.whisper, listening.language)


UTTERANCES = Perceiver("utterances", ("activity",), _provenance, _perceive)
