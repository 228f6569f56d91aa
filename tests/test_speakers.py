"""Whose voice it is: on one channel by how it sounds, on two by what leaks."""

import numpy as np
import pytest
from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate

from models import media, pyannote_voices, speakers, speech
from models.activity import detect_activity, voices
from models.leak import without_leak
from models.observations import Activity, Span, cut_out, span
from models.observe import observe
from models.perceiving import Listening
from models.sound import RATE_HZ, Sound, distinct, pieces
from models.weights import ARTEFACTS, state
from tests import build

_ENCODER = next(item for item in ARTEFACTS if item.name == speakers.WEIGHTS)
tells_voices = pytest.mark.skipif(
    state(_ENCODER) != "ready",
    reason="needs the weights speaker_encoder: comport weights fetch speaker_encoder",
)


@pytest.fixture(scope="module")
def call() -> np.ndarray:
    """A call of two voices, shape (2, n)."""
    return media.decode(build.SAMPLES / "short-enquiry.opus").sound.read()


def mixed(call: np.ndarray) -> Sound:
    return Sound.of(call.sum(axis=0, keepdims=True))


def annotated(activity: tuple[Activity, ...]) -> Annotation:
    found = Annotation()
    for active in activity:
        for number, s in enumerate(active.spans):
            found[Segment(s.start_s, s.end_s), f"{active.speaker} {number}"] = active.speaker
    return found


def error_rate(truth: tuple[Activity, ...], found: tuple[Activity, ...]) -> float:
    return DiarizationErrorRate(collar=0.5, skip_overlap=True)(annotated(truth), annotated(found))


@pytest.mark.weights
@tells_voices
def test_two_voices_on_one_channel_are_told_apart(call):
    found = voices(mixed(call), speakers.diarizer())
    assert [a.speaker for a in found] == ["speaker-0", "speaker-1"]
    assert error_rate(detect_activity(Sound.of(call)), found) < 0.05
    assert found[0].sure > 0.9


@pytest.mark.weights
@tells_voices
def test_the_same_sound_gives_the_same_voices(call):
    assert voices(mixed(call), speakers.diarizer()) == voices(mixed(call), speakers.diarizer())


@pytest.mark.weights
@tells_voices
@pytest.mark.parametrize("channel", [0, 1])
def test_one_voice_alone_is_one(call, channel):
    found = voices(Sound.of(call[channel : channel + 1]), speakers.diarizer())
    assert [(a.speaker, a.sure) for a in found] == [("speaker-0", 1.0)]


@pytest.mark.parametrize(
    ("degrees", "count", "sure"),
    [(90, 2, 1.0), (30, 2, 1.0), (23.5, 1, 0.5), (15, 1, 1.0), (0, 1, 1.0)],
)
def test_one_voice_that_may_be_two_is_not_surely_one(degrees, count, sure):
    """Two clusters of points at an angle: 23.5 degrees are a likeness of 0.917."""
    angles = np.repeat(np.radians([0, degrees]), 20) + np.tile(np.linspace(-0.01, 0.01, 20), 2)
    points = np.zeros((40, 256), np.float32)
    points[:, 0], points[:, 1] = np.cos(angles), np.sin(angles)
    means, found = speakers._groups(points)
    assert (len(means), found) == (count, sure)


@pytest.mark.weights
@tells_voices
def test_a_third_voice_is_found(call):
    other = media.decode(build.SAMPLES / "hold-handled.opus").sound.read()
    agents = [
        media.decode(build.SAMPLES / f"{n}.opus").sound.read()[0] for n in ("exemplary", "charged-twice")
    ]
    pieces = [*call[:, : 30 * RATE_HZ], *(a[: 30 * RATE_HZ] for a in agents), other[1, : 30 * RATE_HZ]]
    found = voices(Sound.of(np.concatenate(pieces)[None]), speakers.diarizer())
    assert len(found) >= 3


@pytest.mark.weights
@tells_voices
def test_speech_without_a_pause_is_looked_at_in_pieces(call):
    encoder = speakers.diarizer()
    sound = mixed(np.tile(call, 2)[:, : 100 * RATE_HZ])
    whole, apart = (encoder.voices(sound, spoken) for spoken in ((span(0, 100),), tuple(fives(100))))
    assert error_rate(whole, apart) < 0.1
    assert max(s.end_s for voice in whole for s in voice.spans) == 100
    assert sum(s.duration_s for voice in whole for s in voice.spans) == pytest.approx(100)


def fives(length_s: int) -> list[Span]:
    return [span(start_s, start_s + 5) for start_s in range(0, length_s, 5)]


@pytest.mark.weights
@tells_voices
def test_without_speech_there_is_no_voice():
    assert [a.spans for a in voices(Sound.of(np.zeros((1, 32000), np.float32)), speakers.diarizer())] == [()]


@pytest.mark.weights
@tells_voices
def test_a_syllable_too_short_to_tell_goes_to_the_voice_beside_it(call):
    encoder = speakers.diarizer()
    sound = mixed(call)
    speech = detect_activity(sound)[0].spans
    early = span(speech[0].start_s - 0.15, speech[0].start_s - 0.05)
    first, *_ = encoder.voices(sound, (early, *speech))
    assert first.spans[0] == early
    assert encoder.voices(sound, (early,)) == (Activity("speaker-0", (early,)),)


def test_without_weights_nobody_knows_who_spoke(call):
    assert [a.speaker for a in voices(mixed(call), None)] == [None]


@pytest.mark.weights
@tells_voices
def test_the_words_of_one_channel_go_to_their_voices(tmp_path, call):
    path = build.write_wav(tmp_path / "mono.wav", call.sum(axis=0))
    listening = Listening("en", "pocketsphinx")
    observations, _ = observe(path, frozenset({"activity", "utterances"}), listening)
    said = {u.speaker for u in observations.utterances}
    assert said == {"speaker-0", "speaker-1"}
    for utterance in observations.utterances:
        spans = next(a.spans for a in observations.activity if a.speaker == utterance.speaker)
        assert any(utterance.span & s for s in spans)


@pytest.mark.parametrize(("weaker_db", "late_s"), [(-10, 0.0), (-20, 0.02), (-30, 0.25)])
def test_what_leaks_from_the_other_channel_is_not_its_own_speech(call, weaker_db, late_s):
    late = round(late_s * RATE_HZ)
    leaking = call + np.random.default_rng(0).normal(0, 1e-3, call.shape).astype(np.float32)
    leaking[1, late:] += 10 ** (weaker_db / 20) * call[0, : call.shape[1] - late]
    sound = Sound.of(leaking)
    heard = detect_activity(sound)
    found = without_leak(sound, heard)
    truth = detect_activity(Sound.of(call))
    assert shared(heard[1], truth[1]) < 0.5
    assert shared(found[1], truth[1]) > 0.7
    assert shared(found[0], truth[0]) > 0.95


def shared(one: Activity, other: Activity) -> float:
    """What both have of what either has (intersection over union), in time."""
    both = sum((a & b).duration_s for a in one.spans for b in other.spans)
    return both / (sum(s.duration_s for s in (*one.spans, *other.spans)) - both)


@pytest.mark.parametrize("length_s", [0.02, 0.1, 0.3, 0.5])
def test_a_recording_too_short_to_compare_stays_as_it_is(call, length_s):
    sound = Sound.of(call[:, : round(length_s * RATE_HZ)])
    heard = tuple(Activity(f"channel-{n}", (span(0, length_s),)) for n in (0, 1))
    assert without_leak(sound, heard) == heard


def test_channels_without_a_leak_stay_as_they_are(call):
    sound = Sound.of(call)
    assert without_leak(sound, detect_activity(sound)) == detect_activity(sound)


@pytest.mark.parametrize(
    ("left", "right", "channels"),
    [
        ("a", "b", 2),
        ("a", "a", 1),
        ("a", "a quieter", 1),
        ("a and b", "a and b nearer", 1),
        ("a and b", "b and a", 2),
        ("a and b", "nothing", 1),
        ("nothing", "a and b", 1),
        ("nothing", "nothing", 1),
    ],
)
def test_channels_are_apart_only_where_they_tell_parties_apart(call, left, right, channels):
    a, b = call
    sounds = {
        "a": a,
        "b": b,
        "a quieter": a / 4,
        "a and b": a + b * 0.5,
        "b and a": b + a * 0.5,
        "a and b nearer": a + b * 0.6,
        "nothing": np.zeros_like(a),
    }
    found = distinct(Sound.of(np.stack([sounds[left], sounds[right]])))
    assert found.channels == channels
    if right == "a and b" and channels == 1:
        assert np.abs(found.read()).max() > 0.1


def test_overlaps_that_pyannote_finds_are_kept():
    found = pyannote_voices.by_first_word([("B", 3, 5), ("A", 0, 4), ("B", 7, 8)])
    assert found == (Activity("speaker-0", (Span(0, 4),)), Activity("speaker-1", (Span(3, 5), Span(7, 8))))


def test_pyannote_is_used_only_with_its_weights(monkeypatch, tmp_path):
    monkeypatch.setenv("COMPORT_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("COMPORT_WEIGHTS_MIRROR", "")
    assert pyannote_voices.find() is None
    assert speakers.diarizer() is None


@pytest.mark.parametrize(
    ("word", "speaker"),
    [
        ((1.0, 1.4), "a"),
        # From the very moment the other one stops.
        ((2.0, 2.4), "b"),
        ((1.7, 2.1), "a"),
        ((1.9, 2.3), "b"),
        ((4.2, 4.4), "b"),
        ((4.7, 4.9), "a"),
    ],
)
def test_a_word_is_said_by_whoever_speaks_during_most_of_it(word, speaker):
    both = (Activity("a", (span(0, 2), span(5, 6))), Activity("b", (span(2, 4),)))
    assert speech._voice_of(span(*word), both) == speaker


@pytest.mark.parametrize(
    ("spans", "longest_s", "parts"),
    [
        ([(0, 70), (80, 90)], 30, [(0, 30), (30, 60), (60, 70), (80, 90)]),
        ([(0.1, 60.1)], 30, [(0.1, 30.1), (30.1, 60.1)]),
        ([(1, 1.3)], 0.1, [(1, 1.1), (1.1, 1.2), (1.2, 1.3)]),
        ([], 30, []),
    ],
)
def test_long_spans_fall_into_pieces(spans, longest_s, parts):
    assert pieces([span(*s) for s in spans], longest_s) == tuple(span(*p) for p in parts)


@pytest.mark.parametrize(
    ("spans", "out", "left"),
    [
        ([(0, 5)], [(1, 2)], [(0, 1), (2, 5)]),
        ([(0, 5), (6, 8)], [(4, 7)], [(0, 4), (7, 8)]),
        ([(0, 5)], [(0, 5)], []),
        ([(0, 5)], [(5, 6)], [(0, 5)]),
        ([(1, 2)], [(0, 1.5), (1.7, 3)], [(1.5, 1.7)]),
    ],
)
def test_spans_are_cut_out_of_spans(spans, out, left):
    assert cut_out([Span(*s) for s in spans], [Span(*s) for s in out]) == tuple(Span(*s) for s in left)
