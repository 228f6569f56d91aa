"""Speech: when somebody speaks (Silero) and the words (faster-whisper, or PocketSphinx for English)."""

import functools
import importlib.metadata
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from models import weights
from models.errors import ComportError
from models.observations import Activity, Provenance, Span, Utterance, Word, span
from models.perceiving import Listening, Perceiver, Source
from models.sound import RATE_HZ, Sound

if TYPE_CHECKING:
    from pocketsphinx import Decoder

Samples = NDArray[np.float32]
"""Shape `(n,)`, -1..1, at `RATE_HZ`."""

TURN_SILENCE_MS = 250
"""Speech falls apart into regions at silences of this length. Source: on a call of 278 s it
separated the turns; the library's default is 2000 ms."""

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


PERCEPTION = "1"
"""Raised when our own part of listening (decoding, windows, cutting) would give other observations."""


class EngineMissing(ComportError):
    """No recogniser on this machine can hear the language."""

    def __init__(self, language: str, reason: str) -> None:
        super().__init__(language, reason)
        self.language, self.reason = language, reason

    def __str__(self) -> str:
        return f"weights missing: {self.reason}"


class Engine(Protocol):
    """A speech recogniser. `hear` returns words with times relative to the sound it was given."""

    name: str
    version: str
    weights: str
    caveat: str

    @property
    def parameters(self) -> dict[str, str]: ...

    def hear(self, sound: Samples) -> tuple[Word, ...]: ...


class Whisper:
    """faster-whisper with one CTranslate2 model; beam search without sampling, so that it repeats itself."""

    name = "faster-whisper"
    caveat = ""
    beam_size = 5

    def __init__(self, folder: Path, language: str) -> None:
        self.folder, self.language = folder, language
        self.version = importlib.metadata.version("faster-whisper")
        self.weights = weights.digest(folder)
        self._model = _whisper_model(folder)

    @property
    def parameters(self) -> dict[str, str]:
        return {
            "model": self.folder.name,
            "language": self.language,
            "beam_size": str(self.beam_size),
            "compute_type": self._model.model.compute_type,
        }

    def hear(self, sound: Samples) -> tuple[Word, ...]:
        segments, _ = self._model.transcribe(
            sound,
            language=self.language,
            beam_size=self.beam_size,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
        )
        return tuple(
            Word(span(word.start, word.end), word.word.strip(), round(float(word.probability), 3))
            for segment in segments
            for word in segment.words or ()
            if word.word.strip()
        )


@functools.lru_cache(maxsize=1)
def _whisper_model(folder: Path) -> Any:  # the library has no types
    from faster_whisper import WhisperModel

    return WhisperModel(str(folder), device="auto", compute_type="default", local_files_only=True)


class PocketSphinx:
    """CMU PocketSphinx with the US English model of its package: works anywhere, hears worse."""

    name = "pocketsphinx"
    caveat = (
        "Words were recognised by PocketSphinx, a weak substitute for Whisper: some are wrong. "
        "Better: comport weights fetch small"
    )
    weights = ""

    def __init__(self) -> None:
        self.version = importlib.metadata.version("pocketsphinx")
        self._decoder = _sphinx_decoder()

    @property
    def parameters(self) -> dict[str, str]:
        return {"model": "en-us", "language": "en"}

    def hear(self, sound: Samples) -> tuple[Word, ...]:
        scored = self.hear_scored(sound)
        mean = sum(score for *_, score in scored) / len(scored) if scored else 0.0
        return tuple(Word(where, text, sphinx_probability(mean, score)) for where, text, score in scored)

    def hear_scored(self, sound: Samples) -> tuple[tuple[Span, str, float], ...]:
        """(span, word, score) of each word; the score is the acoustic one against the best senones, as a
        logarithm per frame of 10 ms, at most 0."""
        decoder = self._decoder
        # The front end adapts to what it heard before; the same sound must always give the same words.
        decoder.reinit_feat()
        decoder.start_utt()
        decoder.process_raw(
            (np.clip(sound, -1, 1) * 32767).astype(np.int16).tobytes(), no_search=False, full_utt=True
        )
        decoder.end_utt()
        frame_s = 1 / decoder.config["frate"]
        return tuple(
            (
                span(s.start_frame * frame_s, (s.end_frame + 1) * frame_s),
                s.word.partition("(")[0],
                math.log(max(s.ascore, 1e-300)) / (s.end_frame - s.start_frame + 1),
            )
            for s in decoder.seg() or ()
            if s.word[0] not in "<["
        )


@functools.lru_cache(maxsize=1)
def _sphinx_decoder() -> "Decoder":
    from pocketsphinx import Decoder

    return Decoder(samprate=RATE_HZ, loglevel="FATAL")


def sphinx_probability(mean: float, score: float) -> float:
    """How likely a word is right, 0..1, from the mean score of what was heard with it and its own score.

    PocketSphinx's own posterior is 1 for every word of its best path; these scores do tell good hearing
    from bad. Source: logistic regression over aligned words, clean and noisy, `bench/sphinx_probability.py`.
    """
    offset, by_mean, by_word = SPHINX_FIT
    return round(1 / (1 + math.exp(-(offset + by_mean * mean + by_word * (score - mean)))), 3)


SPHINX_FIT = (8.9, 2.36, 0.23)


def choose_engine(wanted: str, whisper: str | None, language: str) -> Engine:
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
        return Whisper(weights.find_whisper(whisper or DEFAULT_WHISPER), language)
    ready = next((name for name in WHISPER_PREFERENCE if _fits(name, language) and _is_ready(name)), None)
    if ready:
        return Whisper(weights.find_whisper(ready), language)
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


def _fits(name: str, language: str) -> bool:
    return language == "en" or not name.endswith(".en")


def _is_ready(name: str) -> bool:
    try:
        weights.find_whisper(name)
    except weights.MissingWeights:
        return False
    return True


def activity_provenance() -> Provenance:
    """How `detect_activity` perceives."""
    version = importlib.metadata.version("faster-whisper")
    parameters = {"min_silence_ms": str(TURN_SILENCE_MS), "threshold": "0.5", "perception": PERCEPTION}
    return Provenance("activity", "silero", version, "", tuple(sorted(parameters.items())))


def utterances_provenance(engine: Engine) -> Provenance:
    """How `transcribe` perceives with this engine."""
    parameters = {
        **engine.parameters,
        "activity": activity_provenance().digest[:16],
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


def speaker_of(channel: int, channels: int) -> str | None:
    """The label of who speaks on a channel; one channel alone may carry several people: None."""
    return f"channel-{channel}" if channels > 1 else None


def detect_activity(sound: Sound) -> tuple[Activity, ...]:
    """When there is speech on each channel."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(threshold=0.5, min_silence_duration_ms=TURN_SILENCE_MS, speech_pad_ms=0)
    return tuple(
        Activity(
            speaker_of(channel, sound.channels),
            tuple(
                span(region["start"] / RATE_HZ, region["end"] / RATE_HZ)
                for region in get_speech_timestamps(np.ascontiguousarray(track), options)
            ),
        )
        for channel, track in enumerate(sound.read())
    )


def transcribe(
    sound: Sound,
    activity: tuple[Activity, ...],
    engine: Engine,
    language: str,
    progress: Callable[[float, float], None] = lambda heard_s, all_s: None,
) -> tuple[Utterance, ...]:
    """The utterances of all channels in order of time; `progress` gets the seconds heard and to hear."""
    all_s = sum(window.duration_s for active in activity for window in _windows(active.spans))
    heard_s = 0.0
    utterances: list[Utterance] = []
    for piece in pieces_of(sound, activity):
        for group in _split(engine.hear(piece.sound)):
            placed = tuple(Word(w.span.shifted(piece.start_s), w.text, w.probability) for w in group)
            whole = Span(placed[0].span.start_s, placed[-1].span.end_s)
            text = " ".join(w.text for w in placed)
            utterances.append(Utterance(whole, piece.speaker, language, text, placed))
        heard_s += piece.window.duration_s
        progress(heard_s, all_s)
    return tuple(sorted(utterances, key=lambda u: (u.span.start_s, u.speaker or "")))


class Piece(NamedTuple):
    """What a recogniser is given at once: `sound`, shape `(n,)`, holds `window` and `PAD_S` around it."""

    speaker: str | None
    window: Span
    start_s: float
    sound: Samples


def pieces_of(sound: Sound, activity: tuple[Activity, ...]) -> Iterator[Piece]:
    """The speech of each channel, cut for a recogniser."""
    for channel, active in enumerate(activity):
        for window in _windows(active.spans):
            start_s, end_s = max(0.0, window.start_s - PAD_S), window.end_s + PAD_S
            yield Piece(active.speaker, window, start_s, sound.read(start_s, end_s)[channel])


def _windows(regions: tuple[Span, ...]) -> Iterator[Span]:
    """Regions of speech joined over short pauses, none longer than `WINDOW_S` (long ones are cut)."""
    pending: Span | None = None
    for region in regions:
        if pending and region.start_s - pending.end_s < JOIN_S and region.end_s - pending.start_s <= WINDOW_S:
            pending = Span(pending.start_s, region.end_s)
            continue
        if pending:
            yield pending
        pending = region
        while pending.duration_s > WINDOW_S:
            yield Span(pending.start_s, pending.start_s + WINDOW_S)
            pending = Span(pending.start_s + WINDOW_S, pending.end_s)
    if pending:
        yield pending


def _split(words: tuple[Word, ...]) -> Iterator[tuple[Word, ...]]:
    start = 0
    for i in range(1, len(words) + 1):
        if i == len(words) or words[i].span.start_s - words[i - 1].span.end_s > UTTERANCE_GAP_S:
            if words[start:i]:
                yield words[start:i]
            start = i


def _activity_provenance(listening: Listening, before: Mapping[str, Provenance]) -> Provenance:
    return activity_provenance()


def _detect_activity(source: Source) -> tuple[Activity, ...]:
    return detect_activity(source.sound)


ACTIVITY = Perceiver("activity", (), _activity_provenance, _detect_activity)


def _utterances_provenance(listening: Listening, before: Mapping[str, Provenance]) -> Provenance | str:
    try:
        return utterances_provenance(_engine(listening))
    except EngineMissing as error:
        # What was asked for by name must be there; only what was left open may be missing.
        if listening.engine != "auto" or listening.whisper:
            raise
        return error.line


def _transcribe(source: Source) -> tuple[Utterance, ...]:
    active = source.answers["activity"].activity or ()
    listening = source.listening
    return transcribe(source.sound, active, _engine(listening), listening.language, source.progress)


def _engine(listening: Listening) -> Engine:
    return choose_engine(listening.engine, listening.whisper, listening.language)


UTTERANCES = Perceiver("utterances", ("activity",), _utterances_provenance, _transcribe)
