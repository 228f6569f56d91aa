"""Real recognisers on the spoken samples: PocketSphinx, and faster-whisper with the test model."""

import os
from pathlib import Path

import jiwer
import numpy as np
import pytest

from models import media, speech
from models.activity import detect_activity
from models.observations import save, span, to_json
from models.observe import Listening, observe
from models.sound import Sound
from models.weights import MissingWeights
from tests import build

ROOT = Path(__file__).parent.parent
CALL = ROOT / "samples" / "charged-twice.opus"
TEST_WHISPER = str(ROOT / "tests" / "weights" / "whisper-test-en")
ALL = frozenset({"activity", "utterances"})


@pytest.fixture(scope="module")
def whisper():
    observations, _ = observe(CALL, ALL, Listening("en", "whisper", TEST_WHISPER))
    return observations


@pytest.fixture(scope="module")
def sphinx():
    observations, _ = observe(CALL, ALL, Listening("en", "pocketsphinx"))
    return observations


def test_whisper_hears_who_says_what_and_when(whisper):
    first = whisper.utterances[0]
    assert first.speaker == "channel-0"
    assert first.text.startswith("Good morning, thank you for calling Northwind Bank.")
    assert first.words[0].span.start_s == pytest.approx(1.2, abs=0.4)
    assert all(a.span.start_s <= b.span.start_s for a, b in zip(first.words, first.words[1:], strict=False))
    customer = " ".join(u.text for u in whisper.utterances if u.speaker == "channel-1")
    assert "My payment was charged twice." in customer


def test_pocketsphinx_hears_the_same_call_worse_and_says_so(sphinx):
    agent = " ".join(u.text for u in sphinx.utterances if u.speaker == "channel-0")
    assert "thank you for calling" in agent
    words = next(p for p in sphinx.provenance if p.need == "utterances")
    assert (words.engine, words.weights) == ("pocketsphinx", "")
    assert "weak substitute" in words.caveat
    assert all(0 <= w.probability <= 1 for u in sphinx.utterances for w in u.words)


def test_provenance_names_engine_version_and_weights(whisper):
    words = next(p for p in whisper.provenance if p.need == "utterances")
    assert (words.engine, len(words.weights)) == ("faster-whisper", 64)
    assert dict(words.parameters)["model"] == "whisper-test-en"


@pytest.mark.parametrize(
    ("before", "listening"),
    [
        ("sphinx", Listening("en", "pocketsphinx")),
        ("whisper", Listening("en", "whisper", TEST_WHISPER)),
    ],
)
def test_two_runs_give_the_same_bytes(tmp_path, request, before, listening):
    first = request.getfixturevalue(before)
    # Something else is heard in between: no engine may remember it.
    other = media.decode(ROOT / "samples" / "short-enquiry.opus").sound.read()[0][: 16000 * 15]
    observe(build.write_wav(tmp_path / "other.wav", other), ALL, listening)
    again, new = observe(CALL, ALL, listening)
    assert to_json(first) == to_json(again)
    assert first.digest == again.digest
    paths = [save(one, tmp_path) for one in new]
    assert [p.read_bytes() for p in paths] == [to_json(one) for one in new]


def test_only_what_is_needed_is_perceived():
    observations, new = observe(CALL, frozenset({"activity"}), Listening("en", "pocketsphinx"))
    assert (observations.utterances, [o.provenance.need for o in new]) == (None, ["activity"])


def test_what_is_known_is_not_perceived_again(sphinx, tmp_path):
    stored = {p.need: build_answer(sphinx, p) for p in sphinx.provenance}
    nowhere = tmp_path / "moved away.opus"
    observations, new = observe(
        nowhere, ALL, Listening("en", "pocketsphinx"), lambda p: stored[p.need], sphinx.recording
    )
    assert (observations, new) == (sphinx, ())


def build_answer(observations, provenance):
    from models.observations import Observed

    return Observed(
        observations.recording.id, provenance, **{provenance.need: getattr(observations, provenance.need)}
    )


def test_progress_ends_at_all_of_the_speech():
    seen = []
    observe(
        CALL,
        ALL,
        Listening("en", "whisper", TEST_WHISPER),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == pytest.approx(seen[-1][1])


@pytest.fixture
def no_whisper(monkeypatch, tmp_path):
    """A machine without Whisper weights."""
    monkeypatch.setenv("COMPORT_WEIGHTS", str(tmp_path / "none"))
    monkeypatch.delenv("COMPORT_WEIGHTS_MIRROR", raising=False)


@pytest.mark.usefixtures("no_whisper")
class TestWithoutWhisperWeights:
    def test_english_is_heard_by_pocketsphinx(self):
        assert speech.choose_engine("auto", None, "en").name == "pocketsphinx"

    @pytest.mark.parametrize("language", ["it", "fa"])
    def test_other_languages_are_not_heard_and_the_reason_is_given(self, language):
        observations, _ = observe(CALL, ALL, Listening(language))
        assert observations.utterances is None
        assert observations.activity is not None
        assert "comport weights fetch small" in dict(observations.missing)["utterances"]

    def test_whisper_asked_for_by_name_is_missed_by_name(self):
        with pytest.raises(MissingWeights, match="comport weights fetch"):
            speech.choose_engine("whisper", "small", "en")

    def test_pocketsphinx_refuses_other_languages(self):
        with pytest.raises(speech.EngineMissing, match="PocketSphinx hears English, not 'it'"):
            speech.choose_engine("pocketsphinx", None, "it")


def test_silence_is_no_speech():
    assert [a.spans for a in detect_activity(Sound.of(np.zeros((2, 16000 * 5), np.float32)))] == [
        (),
        (),
    ]


def test_a_tone_is_transcribed_as_nothing(tmp_path):
    path = build.write_wav(tmp_path / "tone.wav", build.tone(4), np.zeros(64000))
    observations, _ = observe(path, ALL, Listening("en", "pocketsphinx"))
    assert observations.utterances == ()


def test_two_equal_channels_tell_no_parties_apart(tmp_path):
    sound = build.tone(2)
    path = build.write_wav(tmp_path / "equal.wav", sound, sound)
    observations, _ = observe(path, frozenset({"activity"}), Listening("en"))
    assert [a.speaker for a in observations.activity] == [None]


@pytest.mark.parametrize(
    ("regions", "windows"),
    [
        ([(0, 2), (2.5, 4)], [(0, 4)]),
        ([(0, 2), (3.0, 4)], [(0, 2), (3, 4)]),
        ([(0, 20), (20.5, 30)], [(0, 20), (20.5, 30)]),
        ([], []),
    ],
)
def test_regions_are_joined_over_short_pauses(regions, windows):
    sound = Sound.of(np.zeros((1, 16000), np.float32))
    assert speech._windows([span(*r) for r in regions], sound, 0) == [span(*w) for w in windows]


def test_long_speech_is_cut_where_it_is_quietest():
    samples = np.tile(build.tone(1), 60).astype(np.float32)
    samples[round(26.9 * 16000) : round(27.0 * 16000)] = 0
    first, second, third = speech._windows([span(0, 60)], Sound.of(samples[None]), 0)
    assert first.end_s == second.start_s == pytest.approx(26.95, abs=0.05)
    assert second.duration_s <= speech.WINDOW_S
    assert third.end_s == 60


def test_blocks_find_the_speech_that_the_whole_finds(monkeypatch):
    from models import activity

    sound = media.decode(CALL).sound
    whole = detect_activity(sound)
    monkeypatch.setattr(activity, "BLOCK_S", 20.0)
    for block, one in zip(detect_activity(sound), whole, strict=True):
        assert len(block.spans) == pytest.approx(len(one.spans), abs=1)
        covered = sum((a & b).duration_s for a in block.spans for b in one.spans)
        assert covered > 0.98 * sum(s.duration_s for s in one.spans)


def test_the_length_is_what_was_decoded():
    observations, _ = observe(CALL, frozenset({"activity"}), Listening("en"))
    assert observations.recording.duration_s == pytest.approx(media.decode(CALL).sound.duration_s, abs=0.001)


class Talking:
    """A recogniser whose languages and words are given: for the decisions around the real ones."""

    name, version, weights, caveat, batch_s = "talking", "1", "", "", 0.0
    languages: tuple[str, ...] = ()
    parameters: dict[str, str] = {}

    def __init__(self, shares):
        self.shares = shares

    def language_shares(self, sounds):
        return self.shares if sounds else None


@pytest.mark.parametrize(
    ("shares", "certain", "language"),
    [
        ({"it": 0.9, "en": 0.1}, False, "it"),
        ({"it": 0.6, "en": 0.4}, False, "en"),
        ({"it": 0.9, "en": 0.1}, True, "en"),
        ({"fa": 0.97}, False, "fa"),
        (None, False, "en"),
    ],
)
def test_the_language_is_the_one_expected_unless_another_is_heard_surely(shares, certain, language):
    sound = Sound.of(np.zeros((1, 16000 * 10), np.float32))
    listening = Listening("en", certain=certain)
    assert speech.language_of(sound, 0, [span(0, 9)], Talking(shares), listening) == language


@pytest.mark.weights
def test_the_multilingual_model_tells_how_likely_each_language_is(multilingual):
    from models.whisper import Whisper

    sound = media.decode(CALL).sound.read(0, 8)[0]
    engine = Whisper(multilingual)
    shares = engine.language_shares([sound, sound])
    assert sum(shares.values()) == pytest.approx(1, abs=0.01)
    assert engine.languages == ()
    assert engine.language_shares([]) is None


@pytest.fixture
def multilingual():
    folder = Path(os.environ.get("COMPORT_WEIGHTS_MIRROR", "")) / "whisper-test-multilingual"
    if not folder.is_dir():
        pytest.skip("no whisper-test-multilingual in COMPORT_WEIGHTS_MIRROR")
    return folder


def test_batches_hear_what_single_pieces_hear():
    engine = speech.choose_engine("whisper", TEST_WHISPER, "en")
    sound = media.decode(CALL).sound
    pieces = [p.sound for p in speech.pieces_of(sound, detect_activity(sound))]
    together = [p.words for p in engine.hear(pieces, "en")]
    alone = [engine.hear([piece], "en")[0].words for piece in pieces]
    words, wanted = (" ".join(w.text for p in heard for w in p) for heard in (together, alone))
    assert jiwer.wer(wanted, words) <= 0.05


def test_hotwords_are_part_of_how_it_was_heard():
    plain = speech.UTTERANCES.provenance(Listening("en", "whisper", TEST_WHISPER), {})
    named = speech.UTTERANCES.provenance(
        Listening("en", "whisper", TEST_WHISPER, hotwords=("Northwind",)), {}
    )
    assert plain.digest != named.digest
    assert dict(named.parameters)["hotwords"] == "Northwind"


@pytest.mark.parametrize(
    ("lengths_s", "places", "windows"),
    [
        ([10, 10, 10], [0, 10, 20], 1),
        ([10, 10, 10.5], [0, 10, 30], 2),
        ([28.4, 1, 28.4], [0, 28.4, 30], 2),
        ([28.4, 2, 5], [0, 30, 32], 2),
        ([], [], 0),
    ],
)
def test_pieces_are_packed_into_windows(lengths_s, places, windows, monkeypatch):
    from models import whisper

    monkeypatch.setattr(whisper, "PACKED_S", 30.0)
    assert whisper._pack(lengths_s) == (places, windows)
