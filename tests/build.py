"""Observations, conversations, rubrics and media from plain values, for tests that read as tables."""

import math
import textwrap
import wave
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import WhitespaceSplit

from audit.interactions import Channel, Conversation, Interaction, Role, Roles
from audit.rubric import Rubric
from audit.rubricfile import load_rubric
from audit.speakers import Speakers
from models.camera import assumed_camera
from models.cutting import cut
from models.observations import (
    TRACK,
    Activity,
    Levels,
    Observations,
    Observed,
    People,
    PersonTrack,
    Provenance,
    Recording,
    Tone,
    Utterance,
    Word,
    gather,
    span,
    union,
)
from models.onnx_form import INT64, model, node, tensor, value
from models.weights import ARTEFACTS, state

SAMPLES = Path(__file__).parent.parent / "samples"

IDENTITY = "ab" * 32

WORD_S = 0.4


def utterance(speaker: str | None, start_s: float, text: str, probability: float = 1.0) -> Utterance:
    """Words of `WORD_S` each, one after the other."""
    words = tuple(
        Word(span(start_s + i * WORD_S, start_s + (i + 1) * WORD_S), word, probability)
        for i, word in enumerate(text.split())
    )
    return Utterance(span(start_s, start_s + len(words) * WORD_S), speaker, "en", text, words)


def observations(
    lines: list[tuple[str | None, float, str]],
    duration_s: float | None = None,
    engine: str = "transcript",
    probability: float = 1.0,
    activity: dict[str | None, list[tuple[float, float]]] | None = None,
    missing: tuple[tuple[str, str], ...] = (),
    levels: tuple[Levels, ...] | None = None,
    cuts: bool = True,
) -> Observations:
    """What was said as (speaker, start, text); speech is where the words are unless `activity` says otherwise."""
    said = tuple(utterance(speaker, start_s, text, probability) for speaker, start_s, text in lines)
    speakers = dict.fromkeys(u.speaker for u in said)
    if activity is None:
        active = tuple(Activity(s, union(sorted(u.span for u in said if u.speaker == s))) for s in speakers)
    else:
        active = tuple(Activity(s, tuple(span(*x) for x in spans)) for s, spans in activity.items())
    last_s = max((s.end_s for a in active for s in a.spans), default=0.0)
    recording = Recording(IDENTITY, duration_s or last_s, 2, 16000, "pcm_s16le")
    lacking = {need for need, _ in missing}
    observed = []
    if "activity" not in lacking:
        observed.append(Observed(IDENTITY, Provenance("activity", engine, "1", "", ()), activity=active))
    if "utterances" not in lacking:
        observed.append(Observed(IDENTITY, Provenance("utterances", engine, "1", "", ()), utterances=said))
    if levels is not None:
        observed.append(Observed(IDENTITY, Provenance("levels", "praat", "1", "", ()), levels=levels))
    return gather(recording, tuple(map(cut, observed)) if cuts else tuple(observed), missing)


def line(
    keys: list[tuple[float, float]] | None = None,
    tones: list[tuple[float, float, float]] | None = None,
    music: list[tuple[float, float]] | None = None,
    duration_s: float = 0.0,
    level_db: float = -120.0,
    spoken: list[tuple[float, float]] | None = None,
    spoken_db: float = -20.0,
) -> Levels:
    """A sound channel with these keys, tones (start, end, Hz) and music; `spoken_db` loud at `spoken` times."""
    steps = np.full(round(duration_s * 10), level_db * 100)
    for start_s, end_s in spoken or ():
        steps[round(start_s * 10) : round(end_s * 10)] = spoken_db * 100
    series = zlib.compress(steps.astype("<i2").tobytes())
    return Levels(
        series,
        series,
        zlib.compress(np.zeros(len(steps), "<i2").tobytes()),
        zlib.compress(b""),
        tuple(span(*k) for k in keys or ()),
        tuple(Tone(span(a, b), (round(hz),)) for a, b, hz in tones or ()),
        tuple(span(*m) for m in music or ()),
    )


def interaction(channel: Channel = Channel.CALL, **facts: object) -> Interaction:
    return Interaction(IDENTITY, channel, "a call", "/recordings/a.wav", IDENTITY, **facts)  # type: ignore[arg-type]


def conversation(
    rubric: Rubric,
    observed: Observations,
    channel: Channel = Channel.CALL,
    roles: dict[str, Role] | None = None,
) -> Conversation:
    """Speakers named `agent` and `customer` have these roles unless `roles` says otherwise."""
    known = {"agent": Role.AGENT, "customer": Role.CUSTOMER} if roles is None else roles
    speakers = Speakers(channel, observed, rubric.finder)
    given = Roles(tuple(known.items()), "given", 1.0)
    return Conversation(
        channel,
        observed,
        given,
        speakers,
        rubric.appearance,
        rubric.too_close_m,
        lookbook=rubric.lookbook,
    )


RUBRIC = """
rubric: house
version: 1
title: House standards
language: en
applies_to: [call]
slots: {brand: Northwind}
values: {respect: Every customer is a guest.}
phrases:
  greeting: ["good (morning|afternoon)", "thank you for calling {brand}"]
  own-name: ["my name is {name}"]
  offer-help: ["how (can|may) I help (you)?"]
  hold: ["please hold (the line)?"]
  thanks-for-holding: ["thank you for holding"]
  blame: ["that is your fault"]
  cancel: ["cancel my contract"]
sections:
- id: all
  title: Everything
  standards:
"""


def rubric_text(standards: str) -> str:
    return RUBRIC + textwrap.indent(textwrap.dedent(standards).strip(), "  ") + "\n"


def rubric(tmp_path: Path, standards: str) -> Rubric:
    """The rubric above with these standards (YAML list items)."""
    path = tmp_path / "house.yaml"
    path.write_text(rubric_text(standards))
    return load_rubric(path)


def words_tokeniser(vocabulary: dict[str, int]) -> Tokenizer:
    """A tokenizer of whole words, small letters; one of them is [UNK]."""
    tokeniser = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokeniser.normalizer = Lowercase()
    tokeniser.pre_tokenizer = WhitespaceSplit()
    return tokeniser


def sentence_encoder(folder: Path, *concepts: str) -> Path:
    """The folder of a sentence encoder to which the words of each concept mean the same, all others little."""
    vocabulary, rows = {"[UNK]": 0}, [[0.0] * len(concepts) + [0.2]]
    for concept, words in enumerate(concepts):
        for word in words.split():
            vocabulary[word] = len(rows)
            rows.append([float(concept == n) for n in range(len(concepts))] + [0.0])
    table = np.array(rows, "<f4")
    inputs = [value(name, "batch", "tokens", kind=INT64) for name in ("input_ids", "attention_mask")]
    out = value("last_hidden_state", "batch", "tokens", table.shape[1])
    gather = node("Gather", ["table", "input_ids"], ["last_hidden_state"])
    folder.mkdir()
    made = model("words", [gather], [tensor("table", table.shape, table.tobytes())], inputs, [out])
    (folder / "model.onnx").write_bytes(made)
    words_tokeniser(vocabulary).save(str(folder / "tokenizer.json"))
    return folder


def tone(seconds: float, rate_hz: int = 16000, hz: float = 440.0) -> np.ndarray:
    return 0.3 * np.sin(2 * math.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)


def write_wav(path: Path, *channels: np.ndarray, rate_hz: int = 16000) -> Path:
    """16-bit WAV of the given channels, each float -1..1."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        samples = np.stack(channels, axis=1)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def encode(path: Path, sound: np.ndarray, codec: str, rate_hz: int, layout: str = "stereo") -> Path:
    """`sound` (channels, n) encoded by PyAV into the container that the suffix names."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate_hz, layout=layout)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(sound, np.float32), format="fltp", layout=layout
        )
        frame.sample_rate = rate_hz
        resampler = av.AudioResampler(
            format=stream.codec_context.format,
            layout=layout,
            rate=rate_hz,
            frame_size=stream.codec_context.frame_size,
        )
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


TRACK_SHAPES = {name: shape for name, (shape, _) in TRACK.items()}


def track(
    n: int, label: str = "person-0", seed: int = 0, still: bool = False, **arrays: object
) -> PersonTrack:
    """A track of n rows at 5 a second; arrays that are not given hold noise (hands: nothing)."""
    random = np.random.default_rng(seed)
    given = {name: random.normal(size=(1 if still else n, *shape)) for name, shape in TRACK_SHAPES.items()}
    given = {name: np.repeat(a, n, axis=0) if still else a for name, a in given.items()}
    given |= {"hands_px": np.full((n, 2, 21, 2), np.nan), "times_s": np.arange(n) / 5} | arrays
    return PersonTrack(label, **given)


def people(tracks: list[PersonTrack], size_px: tuple[int, int] = (640, 360), **more: object) -> People:
    """These tracks, seen by an assumed camera; somebody looked whenever one of them has a row."""
    times_s = np.unique(np.concatenate([np.zeros(0), *(one.times_s for one in tracks)]))
    given: dict = {
        "times_s": times_s,
        "size_px": size_px,
        "camera": assumed_camera(size_px),
        "up": (0.0, -1.0, 0.0),
    } | more
    return People(tracks=tuple(tracks), **given)


def write_video(
    path: Path,
    pictures: list[np.ndarray],
    times_s: list[float] | None = None,
    fps: int = 5,
    codec: str = "mpeg4",
    turned_deg: int = 0,
) -> Path:
    """RGB pictures as a video, at `fps` or each at its own time; `turned_deg` as a phone writes it down."""
    import av

    height, width = pictures[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height = width, height
        stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
        if codec == "mpeg4":
            stream.options = {"qscale": "2"}
            stream.bit_rate = 8_000_000
        if turned_deg:
            stream.set_display_rotation(turned_deg)
        ticks = 1000 if times_s else fps
        stream.codec_context.time_base = Fraction(1, ticks)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts = round(times_s[number] * ticks) if times_s else number
            frame.time_base = Fraction(1, ticks)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def card(number: int, width: int = 64, height: int = 48) -> np.ndarray:
    """A picture that tells its number (as brightness) and which way is up (a red bar on top)."""
    picture = np.full((height, width, 3), 20 + 10 * number, np.uint8)
    picture[: height // 4] = (255, 0, 0)
    return picture


_PEOPLE = ("yolox_nano", "pose_landmarker_full", "face_landmarker", "hand_landmarker")
_LACKING = [item.name for item in ARTEFACTS if item.name in _PEOPLE and state(item) != "ready"]


def sees_people(test: Callable[..., None]) -> Callable[..., None]:
    """Marks a test that runs the models which see people; it is skipped where they are not here."""
    reason = f"needs the weights {', '.join(_LACKING)}: comport weights fetch {' '.join(_LACKING)}"
    return pytest.mark.weights(pytest.mark.skipif(bool(_LACKING), reason=reason)(test))


def looks(n: int, yaw_deg: float, at_px: tuple[float, float] = (320.0, 180.0)) -> dict[str, np.ndarray]:
    """Bodies (n rows of `pose_px`, `pose_m`) at one place whose nose and ears say where the head looks."""
    pose_m, pose_px = np.zeros((n, 33, 3)), np.ones((n, 33, 3))
    pose_m[:, 0] = [0.1 * math.sin(math.radians(yaw_deg)), -0.6, -0.1 * math.cos(math.radians(yaw_deg))]
    pose_m[:, [7, 8]] = [0.0, -0.6, 0.0]
    pose_px[..., :2] = at_px
    return {"pose_m": pose_m, "pose_px": pose_px}
