"""Whose voice is heard where one sound channel carries several: by how voices sound, not by what they say.

Each stretch of speech is cut into windows, a speaker encoder gives each window a point, and Ward's clustering
finds as many groups of points as there are voices. Only one voice at a time is found: where two people speak
at once, the louder is heard. `models.pyannote_voices` finds both, for who has its weights.
"""

import functools
import importlib.metadata
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from models import weights
from models.observations import Activity, Span, span, union
from models.sound import RATE_HZ, Samples, Sound, pieces

Array = NDArray[np.float32]

WEIGHTS = "speaker_encoder"

WINDOW, HOP, BANDS, FRAME, STEP = 160, 40, 40, 400, 160
"""A window has 160 frames of 40 mel bands (1.6 s), each frame 25 ms long and 10 ms after the last: what the
encoder was trained on. Windows follow each other by 40 frames; by 20 the errors are the same and it takes
twice as long (`comport eval speech` on the calls of docs/accuracy.md)."""

FRAMES_PER_S = RATE_HZ // STEP

PIECE_S = 30.0
"""Speech without a pause is looked at in pieces of this length: 10 minutes of it at once took 2.4 GB."""

SHORTEST = 20
"""Shorter stretches (0.2 s) say too little of a voice: they are given to the voice heard next to them."""

TELLING_S = 0.8
"""Only stretches this long, half a window, make the groups of voices: the shortest ("yes") lie anywhere."""

LOUDNESS = 10 ** (-30 / 20)
"""Quiet speech is made as loud as -30 dBFS before it is encoded, as the encoder's makers do."""

MOST_VOICES = 4
"""More voices are not looked for: an agent, a customer, and one to whom each may hand over."""

APART, MORE_APART = 0.915, 0.82
"""The mean points of two voices may be alike (cosine) by at most so much, of more voices by less. Measured:
two people on one channel 0.55 to 0.91 (26 calls, real and synthetic), one person cut in two 0.92 to 0.96 (16
recordings), two people cut in three 0.83 and more. Between 0.90 and 0.92 it may be either."""

SURELY_ONE, EVEN = 0.92, 0.5
"""Below the first one voice may be two: that it is one is then no surer than the second, even odds."""

LEAST, LEAST_OF_MORE, LEAST_SHARE = 4, 8, 0.05
"""Windows that a second voice has at least, and a third or fourth; less is music, noise or a laugh."""

CLUSTERED = 2000
"""Of more windows (13 minutes of speech) so many, evenly spread, make the groups, which the others join.
Ward's clustering keeps all distances: 32 MB."""

ROUNDS = 5
"""Each window joins the nearest group, and the groups' means follow, at most so often."""

STAY = 0.3
"""How much better (cosine) another voice must fit to be heard after the last. No effect on our calls from 0.1
to 0.6: silence parts most voices."""

SURE = 0.4
"""Groups this far apart (mean silhouette) are told apart surely. Measured: at 0.4 and above the diarization
error is below 0.05, at 0.31 (a call of 10 s) it is 0.16; at 0.27 to 0.34 the agent was still told rightly in
four of four calls of a minute."""


class Diarizer(Protocol):
    """Tells voices on one channel apart. It repeats itself: the same sounds give the same voices."""

    name: str
    version: str
    weights: str

    def voices(self, sound: Sound, speech: Sequence[Span]) -> tuple[Activity, ...]:
        """When each voice speaks, in order of first appearance: `speaker-0`, `speaker-1`…; none if there is
        no speech. Spans of different voices may overlap."""
        ...


class Windows(NamedTuple):
    """Pieces of speech as the encoder sees them: points (n, 256) of unit length, and where each piece is."""

    points: Array
    spans_s: NDArray[np.float64]
    """(n, 2) start and end of each."""
    region: NDArray[np.int64]
    """(n,) number of the stretch of speech it lies in."""


class VoiceEncoder:
    """The built-in way: a speaker encoder (256 numbers for 1.6 s) and Ward's clustering."""

    name = "speaker encoder"

    def __init__(self, path: Path) -> None:
        import onnxruntime

        self.version = importlib.metadata.version("onnxruntime")
        self.weights = weights.digest(path)
        options = onnxruntime.SessionOptions()
        # Threads that wait while spinning cost a third more of the processors, which others could use.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def voices(self, sound: Sound, speech: Sequence[Span]) -> tuple[Activity, ...]:
        speech = pieces(speech, PIECE_S)
        windows = self._windows(sound, speech)
        if not len(windows.points):
            return (Activity("speaker-0", union(speech)),) if speech else ()
        long = windows.spans_s[:, 1] - windows.spans_s[:, 0] >= TELLING_S
        groups, sure = _groups(windows.points[long] if long.any() else windows.points)
        return _activity(_told(windows, groups, speech), sure)

    def encode(self, mels: Array) -> Array:
        """Points (n, 256) of windows (n, 160, 40) of mel power."""
        (points,) = self._session.run(None, {"mels": mels})
        return np.asarray(points, np.float32)

    def _windows(self, sound: Sound, speech: Sequence[Span]) -> Windows:
        gain = _gain(sound, speech)
        points, spans_s, region = [], [], []
        for number, stretch in enumerate(speech):
            mels = _mels(sound.read(stretch.start_s, stretch.end_s)[0] * gain)
            if len(mels) < SHORTEST:
                continue
            starts = _starts(len(mels))
            # A stretch shorter than a window is heard over and over until it fills one.
            heard = np.stack([np.resize(mels[s : s + WINDOW], (WINDOW, BANDS)) for s in starts])
            points.append(self.encode(heard))
            begins = stretch.start_s + starts / FRAMES_PER_S
            ends = np.minimum(begins + WINDOW / FRAMES_PER_S, stretch.end_s)
            spans_s.append(np.stack([begins, ends], axis=1))
            region.append(np.full(len(starts), number))
        if not points:
            return Windows(np.zeros((0, 256), np.float32), np.zeros((0, 2)), np.zeros(0, np.int64))
        return Windows(np.concatenate(points), np.concatenate(spans_s), np.concatenate(region))


def _gain(sound: Sound, speech: Sequence[Span]) -> np.float32:
    """What makes the speech as loud as `LOUDNESS`; nothing is made quieter."""
    power = seconds = 0.0
    for stretch in speech:
        power += float(np.sum(np.square(sound.read(stretch.start_s, stretch.end_s)[0], dtype=np.float64)))
        seconds += stretch.duration_s
    rms = np.sqrt(power / max(1.0, seconds * RATE_HZ))
    return np.float32(max(1.0, LOUDNESS / max(rms, 1e-6)))


@functools.cache
def _filters() -> Array:
    from faster_whisper.feature_extractor import FeatureExtractor

    return np.asarray(FeatureExtractor.get_mel_filters(RATE_HZ, FRAME, BANDS), np.float32)


def _mels(samples: Samples) -> Array:
    """Mel power (frames, 40) as the encoder was trained on: Hann window, Slaney's bands, no logarithm."""
    padded = np.pad(samples, FRAME // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::STEP]
    hann = np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME), np.float32)
    spectrum = np.fft.rfft(frames * hann, axis=1)
    power = np.asarray(spectrum.real**2 + spectrum.imag**2, np.float32)
    return power @ _filters().T


def _starts(length: int) -> NDArray[np.int64]:
    """First frames of windows that cover `length` frames evenly."""
    last = max(0, length - WINDOW)
    return np.unique(np.round(np.linspace(0, last, 1 + -(-last // HOP))).astype(np.int64))


def _groups(points: Array) -> tuple[Array, float]:
    """Mean points (voices, 256) of the voices, and how surely they are told apart, 0..1."""
    from sklearn.metrics import silhouette_score

    some = points[:: -(-len(points) // CLUSTERED)]
    sure = 1.0
    for count in range(min(MOST_VOICES, len(some) - 1), 1, -1):
        means, label = _cluster(some, count)
        sizes = np.bincount(label, minlength=count)
        alike = float(np.max(means @ means.T - 2 * np.eye(count)))
        limit, least = (APART, LEAST) if count == 2 else (MORE_APART, LEAST_OF_MORE)
        if sizes.min() < max(least, LEAST_SHARE * len(some)):
            continue
        if alike < limit:
            apart = float(silhouette_score(some, label, metric="cosine"))
            return means, round(float(np.clip(apart / SURE, 0.0, 1.0)), 3)
        if count == 2 and alike < SURELY_ONE:
            sure = EVEN
    return _unit(points.mean(axis=0, keepdims=True)), sure


def _cluster(points: Array, count: int) -> tuple[Array, NDArray[np.int64]]:
    from sklearn.cluster import AgglomerativeClustering

    label = np.asarray(AgglomerativeClustering(count, linkage="ward").fit_predict(points), np.int64)
    means = _means(points, label, count)
    for _ in range(ROUNDS):
        nearest = np.argmax(points @ means.T, axis=1)
        if len(np.unique(nearest)) < count or np.array_equal(nearest, label):
            break
        label = nearest
        means = _means(points, label, count)
    return means, label


def _means(points: Array, label: NDArray[np.int64], count: int) -> Array:
    return _unit(np.stack([points[label == number].mean(axis=0) for number in range(count)]))


def _unit(points: Array) -> Array:
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), np.float32)


TICK_S = 0.1
"""Who speaks is decided ten times a second."""


def _told(windows: Windows, means: Array, speech: Sequence[Span]) -> Iterator[tuple[int, Span]]:
    """(voice, when) in order of time; each stretch of speech is whole."""
    likeness = windows.points @ means.T
    voice: int | None = None
    unsaid: list[Span] = []
    for number, stretch in enumerate(speech):
        inside = windows.region == number
        if not inside.any():
            # Too short to tell: it goes to the voice before, or, at the very beginning, to the first one.
            if voice is None:
                unsaid.append(stretch)
            else:
                yield voice, stretch
            continue
        for voice, where in _within(stretch, windows.spans_s[inside], likeness[inside]):
            for early in unsaid:
                yield voice, early
            unsaid.clear()
            yield voice, where


def _within(
    stretch: Span, spans_s: NDArray[np.float64], likeness: NDArray[np.float32]
) -> Iterator[tuple[int, Span]]:
    """Who speaks in one stretch: the windows around each tick, the near ones more, and no needless change."""
    ticks_s = np.arange(stretch.start_s + TICK_S / 2, stretch.end_s, TICK_S)
    if not len(ticks_s):
        ticks_s = np.array([stretch.start_s])
    centres_s, halves_s = spans_s.mean(axis=1), (spans_s[:, 1] - spans_s[:, 0]) / 2
    near = np.clip(1 - np.abs(ticks_s[:, None] - centres_s) / halves_s, 1e-3, None)
    fits = near @ likeness / near.sum(axis=1, keepdims=True)
    path = _steadiest(fits)
    changes = [0, *(np.flatnonzero(np.diff(path)) + 1), len(path)]
    for first, after in itertools.pairwise(changes):
        start_s = stretch.start_s + first * TICK_S
        end_s = stretch.end_s if after == len(path) else stretch.start_s + after * TICK_S
        yield int(path[first]), span(start_s, end_s)


def _steadiest(fits: NDArray[np.float32]) -> NDArray[np.int64]:
    """The best path through (ticks, voices) where each change costs `STAY` (Viterbi)."""
    voices = fits.shape[1]
    change = STAY * (1 - np.eye(voices))
    best = fits[0]
    back = np.zeros(fits.shape, np.int64)
    for tick in range(1, len(fits)):
        ways = best[None, :] - change
        back[tick] = ways.argmax(axis=1)
        best = ways.max(axis=1) + fits[tick]
    path = np.zeros(len(fits), np.int64)
    path[-1] = best.argmax()
    for tick in range(len(fits) - 1, 0, -1):
        path[tick - 1] = back[tick, path[tick]]
    return path


def _activity(told: Iterator[tuple[int, Span]], sure: float) -> tuple[Activity, ...]:
    spans: dict[int, list[Span]] = {}
    for voice, where in told:
        of_voice = spans.setdefault(voice, [])
        if of_voice and of_voice[-1].end_s == where.start_s:
            of_voice[-1] = Span(of_voice[-1].start_s, where.end_s)
        else:
            of_voice.append(where)
    first = sorted(spans.values(), key=lambda s: s[0].start_s)
    return tuple(Activity(f"speaker-{n}", tuple(of_voice), sure) for n, of_voice in enumerate(first))


def diarizer() -> Diarizer | None:
    """The best way to tell voices apart that is on this machine; None when no weights for it are here."""
    from models import pyannote_voices

    folder = pyannote_voices.find()
    if folder is not None:
        return pyannote_voices.Pyannote(folder)
    try:
        return _encoder(weights.find(WEIGHTS))
    except weights.MissingWeights:
        return None


@functools.lru_cache(maxsize=1)
def _encoder(path: Path) -> VoiceEncoder:
    return VoiceEncoder(path)
