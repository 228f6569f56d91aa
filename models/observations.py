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
import numpy as np

from models.arrays import Floats, Packed, Times, checked, pack, rounded, unpack
from models.camera import Camera
from models.errors import ComportError
from models.spans import TIME_DECIMALS as TIME_DECIMALS  # noqa: PLC0414
from models.spans import Span as Span  # noqa: PLC0414  what has a time is read together with its times
from models.spans import cut_out as cut_out  # noqa: PLC0414
from models.spans import span as span  # noqa: PLC0414
from models.spans import union as union  # noqa: PLC0414


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


class Word(msgspec.Struct, frozen=True, array_like=True, gc=False):
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
    sure: float = 1.0
    """How surely this voice was told from the others, 0..1; 1 for a channel or a name of its own."""


def channel_of(speaker: str | None) -> int:
    """The sound channel that a speaker label is heard on: N of `channel-N`, else the only one."""
    name, _, number = (speaker or "").rpartition("-")
    return int(number) if name == "channel" and number.isdigit() else 0


class Removed(msgspec.Struct, frozen=True):
    """Words that a recogniser gave and that nobody is likely to have said; `reason` tells why."""

    span: Span
    speaker: str | None
    text: str
    reason: str


class Cut(msgspec.Struct, frozen=True):
    """Card data or a secret that was said and taken out of the words before they were kept.

    `kind` is one of `models.secret_words.KINDS`, `confidence` 0..1 how surely it was that;
    `again`: it repeats what somebody had said before.
    """

    span: Span
    speaker: str | None
    kind: str
    confidence: float
    again: bool = False


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


PX, METRES, DEGREES, UNITS, LAB = 3, 10, 3, 10, 3
"""Binary places that are kept: 1/8 pixel, 1 mm, 1/8 degree, 0.001 of a score, 1/8 of a CIELAB unit: ten times
finer than the models."""


TRACK: dict[str, tuple[tuple[int, ...], int]] = {
    "boxes_px": ((4,), PX),
    "score": ((), UNITS),
    "pose_px": ((33, 3), UNITS),
    "pose_m": ((33, 3), METRES),
    "position_m": ((3,), METRES),
    "position_sd_m": ((2,), METRES),
    "expression": ((52,), UNITS),
    "head_deg": ((3,), DEGREES),
    "face_px": ((4,), PX),
    "hands_px": ((2, 21, 2), PX),
    "clothes_lab": ((2, 3), LAB),
    "clothes_sd": ((2, 3), LAB),
    "sharpness": ((), 0),
}
"""What a row of each array of `PersonTrack` holds: its shape, and the binary places kept."""

_NAMES = """
_neutral browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft
cheekSquintRight eyeBlinkLeft eyeBlinkRight eyeLookDownLeft eyeLookDownRight eyeLookInLeft eyeLookInRight
eyeLookOutLeft eyeLookOutRight eyeLookUpLeft eyeLookUpRight eyeSquintLeft eyeSquintRight eyeWideLeft
eyeWideRight jawForward jawLeft jawOpen jawRight mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft
mouthFrownRight mouthFunnel mouthLeft mouthLowerDownLeft mouthLowerDownRight mouthPressLeft mouthPressRight
mouthPucker mouthRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthSmileLeft
mouthSmileRight mouthStretchLeft mouthStretchRight mouthUpperUpLeft mouthUpperUpRight noseSneerLeft
noseSneerRight
"""
BLENDSHAPES = tuple(_NAMES.split())
"""What the 52 numbers of `PersonTrack.expression` are, by MediaPipe's names: movements of a face, 0..1."""


class PersonTrack(msgspec.Struct, frozen=True, eq=False):
    """One person over time: a row for each frame in which a person detector found that person.

    All arrays have n rows, are float32 and read-only; NaN stands where something could not be seen. In
    frames of `People.times_s` that are not in `times_s` the person was not found at all. Left and right are
    the person's own. Pixels are those of the picture as shown, whatever size it was looked at.
    """

    label: str
    """`person-0`, `person-1`… in order of first appearance; means nothing outside its recording."""
    times_s: Times
    """(n,) float64, rising."""
    boxes_px: Floats
    """(n, 4) left, top, right, bottom of the whole person."""
    score: Floats
    """(n,) the detector's 0..1."""
    pose_px: Floats
    """(n, 33, 3) x, y and visibility 0..1 of MediaPipe's pose landmarks; may lie outside the picture."""
    pose_m: Floats
    """(n, 33, 3) the same landmarks in metres around the hip centre, axes of the camera (x right, y down,
    z away from it)."""
    position_m: Floats
    """(n, 3) the hip centre relative to the camera, same axes (`geometry.horizontal` gives metres on the
    floor)."""
    position_sd_m: Floats
    """(n, 2) its standard deviation across and along the line of sight, without the part that the camera's
    unknown focal length adds for all people alike (`geometry.distance` adds that)."""
    expression: Floats
    """(n, 52) blendshapes 0..1 in the order of `BLENDSHAPES`."""
    head_deg: Floats
    """(n, 3) yaw, pitch, roll of the head to the line of sight: 0 faces the camera; yaw > 0 towards the right
    of the picture, pitch > 0 up, roll > 0 clockwise in the picture."""
    face_px: Floats
    """(n, 4) box around the face's landmarks."""
    hands_px: Floats
    """(n, 2, 21, 2) MediaPipe's hand landmarks x, y; left hand, right hand."""
    clothes_lab: Floats
    """(n, 2, 3) median CIELAB colour (D65) of torso and thighs."""
    clothes_sd: Floats
    """(n, 2, 3) its spread over the patch (1.48 times the median absolute deviation)."""
    sharpness: Floats
    """(n,) variance of the Laplacian of the upper half of the box in grey levels: higher is sharper."""

    def __post_init__(self) -> None:
        n = len(self.times_s)
        for name, (shape, places) in TRACK.items():
            values = rounded(getattr(self, name), places)
            if name == "pose_px" and values.ndim == 3:
                values[..., :2] = rounded(values[..., :2], PX)
            msgspec.structs.force_setattr(self, name, checked(values, (n, *shape)))
        times_s = checked(np.round(self.times_s, TIME_DECIMALS), (-1,), np.float64)
        if np.isnan(times_s).any() or (np.diff(times_s) <= 0).any():
            raise ValueError("times of a track that do not rise")
        msgspec.structs.force_setattr(self, "times_s", times_s)


class People(msgspec.Struct, frozen=True, eq=False):
    """Everybody who was seen, and when somebody looked."""

    times_s: Times
    """(m,) float64: the true times of all frames that were looked at."""
    size_px: tuple[int, int]
    """Picture (width, height) as shown."""
    camera: Camera
    """The camera that positions were computed with; `source` says how it is known."""
    up: tuple[float, float, float]
    """The direction away from the floor, in camera axes."""
    tracks: tuple[PersonTrack, ...]
    caveat: str = ""
    """One sentence for the scorecard when frames could not be decoded."""

    def __post_init__(self) -> None:
        times_s = checked(np.round(self.times_s, TIME_DECIMALS), (-1,), np.float64)
        msgspec.structs.force_setattr(self, "times_s", times_s)


class Look(msgspec.Struct, frozen=True, eq=False):
    """How the parts of one person look in some frames, as numbers to compare (`models.looks`)."""

    label: str
    """The label of the person's track."""
    times_s: Times
    """(n,) float64, rising."""
    parts: Floats
    """(n, 4, k) of head, face, chest and front; NaN for what could not be seen."""

    def __post_init__(self) -> None:
        times_s = checked(np.round(self.times_s, TIME_DECIMALS), (-1,), np.float64)
        msgspec.structs.force_setattr(self, "times_s", times_s)
        parts = checked(rounded(self.parts, UNITS), (len(times_s), 4, -1))
        msgspec.structs.force_setattr(self, "parts", parts)


class Looks(msgspec.Struct, frozen=True, eq=False):
    """How the people who were seen look."""

    people: tuple[Look, ...]


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
    """What was taken out of the utterances because nobody said it."""
    cut: tuple[Cut, ...] = ()
    """What was taken out of them because nobody may keep it."""
    levels: tuple[Levels, ...] | None = None
    people: People | None = None
    looks: Looks | None = None


class Observations(msgspec.Struct, frozen=True):
    """Everything perceived in one recording; `missing` says why a need has no answer."""

    recording: Recording
    provenance: tuple[Provenance, ...]
    missing: tuple[tuple[str, str], ...] = ()
    utterances: tuple[Utterance, ...] | None = None
    activity: tuple[Activity, ...] | None = None
    removed: tuple[Removed, ...] = ()
    cut: tuple[Cut, ...] = ()
    levels: tuple[Levels, ...] | None = None
    people: People | None = None
    looks: Looks | None = None

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


PERCEIVED = tuple(
    f for f in Observed.__struct_fields__ if f not in ("recording", "provenance", "removed", "cut")
)
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
    cut = tuple(one for o in observed for one in o.cut)
    return Observations(recording, tuple(provenance), missing, **answers, removed=removed, cut=cut)


def observed_name(recording: str, provenance: Provenance) -> str:
    """The file name (relative, two folders) of one answer: named by hash, so never written twice."""
    key = hashlib.sha256(f"{recording}\n{provenance.digest}".encode()).hexdigest()
    return f"{key[:2]}/{key}.json"


def _packed(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return pack(value)
    raise NotImplementedError(f"{type(value).__name__} is not kept in observations")


def _unpacked(wanted: type, value: Any) -> Any:
    return unpack(msgspec.convert(value, Packed))


_encode = msgspec.json.Encoder(order="deterministic", enc_hook=_packed).encode
_decode = msgspec.json.Decoder(Observed, dec_hook=_unpacked).decode


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
