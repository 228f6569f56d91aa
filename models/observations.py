"""What was perceived in a recording, with no opinion: frozen types, and how they are saved.

Times are seconds from the start of the recording, spans are half-open `[start_s, end_s)`.
Channels are counted from 0 (0 is left). Nothing here knows a rubric or a role: *who* a channel
belongs to is decided later, in `audit.interactions`.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from models.errors import ComportError

TIME_DECIMALS = 3
"""Times are kept to the millisecond: finer than any engine here resolves (10 to 20 ms), and
coarse enough that two runs write the same bytes."""


class ObservationsUnreadable(ComportError):
    """A stored observations file is damaged."""

    def __init__(self, path: str, found: str) -> None:
        super().__init__(path, found)
        self.path, self.found = path, found

    def __str__(self) -> str:
        return f"{self.path}: damaged observations ({self.found}); audit the recording again to renew them"


class ObservationsUnsaved(ComportError):
    """Observations could not be written, usually because the disk is full."""

    def __init__(self, path: str, found: str) -> None:
        super().__init__(path, found)
        self.path, self.found = path, found

    def __str__(self) -> str:
        return (
            f"{self.path}: cannot save observations ({self.found}); what was stored before is untouched: "
            "make room or mend the folder's rights, then run the same command again"
        )


class Span(msgspec.Struct, frozen=True, order=True, array_like=True):
    """A half-open stretch of time `[start_s, end_s)` in seconds; empty spans are falsy."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return max(0.0, self.end_s - self.start_s)

    def __bool__(self) -> bool:
        return self.end_s > self.start_s

    def __and__(self, other: "Span") -> "Span":
        """The overlap of both spans, empty when they do not meet."""
        start_s = max(self.start_s, other.start_s)
        return Span(start_s, max(start_s, min(self.end_s, other.end_s)))

    def shifted(self, by_s: float) -> "Span":
        return span(self.start_s + by_s, self.end_s + by_s)


def span(start_s: float, end_s: float) -> Span:
    """A span rounded to `TIME_DECIMALS`, never negative in length."""
    start_s = round(float(start_s), TIME_DECIMALS)
    return Span(start_s, max(start_s, round(float(end_s), TIME_DECIMALS)))


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The time that any of `spans` (in order of start) covers, as spans that do not touch."""
    joined: list[Span] = []
    for one in spans:
        if joined and one.start_s <= joined[-1].end_s:
            joined[-1] = Span(joined[-1].start_s, max(joined[-1].end_s, one.end_s))
        else:
            joined.append(one)
    return tuple(joined)


class Recording(msgspec.Struct, frozen=True):
    """What a media file is: `id` is the SHA-256 of its bytes, so a renamed copy is the same recording."""

    id: str
    duration_s: float
    channels: int
    """Sound channels: 0 (none), 1 or 2."""
    sample_rate_hz: int
    codec: str
    fps: float | None = None
    size_px: tuple[int, int] | None = None
    """Picture (width, height) of a video as shown, None for sound."""
    caveat: str = ""
    """One sentence for the scorecard when the file is damaged."""


class Word(msgspec.Struct, frozen=True, array_like=True):
    """One spoken word; `probability` 0..1 is the engine's own, 1.0 for text that a person wrote."""

    span: Span
    text: str
    probability: float


class Utterance(msgspec.Struct, frozen=True):
    """What one speaker said without a break.

    `speaker` is a label that means nothing outside its recording (`channel-0`, a name in a
    transcript), None when it is unknown who spoke.
    """

    span: Span
    speaker: str | None
    language: str
    text: str
    words: tuple[Word, ...]


class Activity(msgspec.Struct, frozen=True):
    """When there was speech, whatever was said: spans of one speaker, in order, not overlapping."""

    speaker: str | None
    spans: tuple[Span, ...]


class Removed(msgspec.Struct, frozen=True):
    """Words that a recogniser gave and that nobody is likely to have said; `reason` tells why."""

    span: Span
    speaker: str | None
    text: str
    reason: str


class Tone(msgspec.Struct, frozen=True, array_like=True):
    """A steady tone of one or two frequencies in Hz, as telephone lines and answering machines make them."""

    span: Span
    hz: tuple[int, ...]


class Levels(msgspec.Struct, frozen=True):
    """How one sound channel sounds: series of 16-bit numbers (`models.voice.read` unpacks them), and what
    in it is no voice."""

    loudness: bytes
    """K-weighted power of each `voice.STEP_S`, in 0.01 LUFS."""
    level: bytes
    """Power of each `voice.STEP_S`, in 0.01 dB below full scale."""
    clipped: bytes
    """Clipped samples of each `voice.STEP_S`."""
    pitch: bytes
    """Pitch of each `voice.PITCH_STEP_S`, in 0.1 Hz, 0 where there is no voice."""
    keys: tuple[Span, ...]
    """When a key of the telephone was pressed; never which one: people key in their PIN."""
    tones: tuple[Tone, ...]
    music: tuple[Span, ...]


class Provenance(msgspec.Struct, frozen=True):
    """Who perceived it, so that the same input and provenance give the same bytes."""

    need: str
    engine: str
    version: str
    weights: str
    """SHA-256 of the weights, empty for an engine without any of its own."""
    parameters: tuple[tuple[str, str], ...]
    caveat: str = ""
    """One sentence for the scorecard when this engine is a weak substitute."""

    @property
    def digest(self) -> str:
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


class Observed(msgspec.Struct, frozen=True):
    """The answer to one need for one recording: what one observations file holds."""

    recording: str
    provenance: Provenance
    utterances: tuple[Utterance, ...] | None = None
    activity: tuple[Activity, ...] | None = None
    removed: tuple[Removed, ...] = ()
    """What was taken out of the utterances."""
    levels: tuple[Levels, ...] | None = None


class Observations(msgspec.Struct, frozen=True):
    """Everything perceived in one recording; `missing` says why a need has no answer."""

    recording: Recording
    provenance: tuple[Provenance, ...]
    missing: tuple[tuple[str, str], ...] = ()
    utterances: tuple[Utterance, ...] | None = None
    activity: tuple[Activity, ...] | None = None
    removed: tuple[Removed, ...] = ()
    levels: tuple[Levels, ...] | None = None

    @property
    def digest(self) -> str:
        """A name for what was perceived and by what, the same whenever both are the same."""
        parts = [self.recording.id, *sorted(p.digest for p in self.provenance), *map(str, self.missing)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


UNDETERMINED = "und"
"""The code of ISO 639-2 for a language that nobody said."""


def spoken_language(observations: Observations) -> str | None:
    """The language of most words, None when there are none or nobody said which."""
    words: dict[str, int] = {}
    for utterance in observations.utterances or ():
        if utterance.language == UNDETERMINED:
            continue
        words[utterance.language] = words.get(utterance.language, 0) + len(utterance.words)
    return max(sorted(words), key=lambda language: words[language], default=None)


PERCEIVED = tuple(f for f in Observed.__struct_fields__ if f not in ("recording", "provenance", "removed"))
"""The needs that can be answered, each a field of `Observed` and of `Observations`."""


def gather(
    recording: Recording, observed: Iterable[Observed], missing: tuple[tuple[str, str], ...]
) -> Observations:
    """One `Observations` from the answers to single needs."""
    observed = tuple(observed)
    answers = {
        need: next((found for o in observed if (found := getattr(o, need)) is not None), None)
        for need in PERCEIVED
    }
    provenance = sorted((o.provenance for o in observed), key=lambda p: p.need)
    removed = tuple(words for o in observed for words in o.removed)
    return Observations(recording, tuple(provenance), missing, **answers, removed=removed)


def observed_name(recording: str, provenance: Provenance) -> str:
    """The file name (relative, two folders) of one answer: named by hash, so never written twice."""
    key = hashlib.sha256(f"{recording}\n{provenance.digest}".encode()).hexdigest()
    return f"{key[:2]}/{key}.json"


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Observed).decode


def save(observed: Observed, folder: Path) -> Path:
    """The path under `folder` that now holds `observed`; written whole or not at all.

    Raises:
        ObservationsUnsaved: the disk is full or the folder cannot be written.
    """
    path = folder / observed_name(observed.recording, observed.provenance)
    write_whole(path, _encode(observed))
    return path


def write_whole(path: Path, content: bytes) -> None:
    """Writes `content` to `path` so that a reader, a crash or a full disk never sees half of it.

    Raises:
        ObservationsUnsaved: the disk is full or the folder cannot be written.
    """
    part: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(part).replace(path)
    except OSError as error:
        raise ObservationsUnsaved(str(path), error.strerror or str(error)) from error
    finally:
        if part is not None:
            Path(part).unlink(missing_ok=True)


def load(path: Path) -> Observed:
    """The answer that `save` wrote to `path`.

    Raises:
        ObservationsUnreadable: the file is missing, cut short or not ours.
    """
    try:
        return _decode(path.read_bytes())
    except OSError as error:
        raise ObservationsUnreadable(str(path), error.strerror or str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ObservationsUnreadable(str(path), str(error)) from error


def to_json(value: Any) -> bytes:
    """`value` (built of these types) as JSON with sorted keys: the same value gives the same bytes."""
    return _encode(value)
