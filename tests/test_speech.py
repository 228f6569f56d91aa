"""Real recognisers on the spoken samples: PocketSphinx, and faster-whisper with the test model."""

from pathlib import Path

import numpy as np
import pytest

from models import media, speech
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
    "listening", [Listening("en", "pocketsphinx"), Listening("en", "whisper", TEST_WHISPER)]
)
def test_two_runs_give_the_same_bytes(tmp_path, listening):
    first, _ = observe(CALL, ALL, listening)
    # Something else is heard in between: no engine may remember it.
    observe(ROOT / "samples" / "short-enquiry.opus", ALL, listening)
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
    assert [a.spans for a in speech.detect_activity(Sound.of(np.zeros((2, 16000 * 5), np.float32)))] == [
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
        ([(0, 60)], [(0, 28), (28, 56), (56, 60)]),
        ([], []),
    ],
)
def test_regions_are_joined_over_short_pauses_and_cut_when_long(regions, windows):
    given = tuple(span(*r) for r in regions)
    assert list(speech._windows(given)) == [span(*w) for w in windows]


def test_the_length_is_what_was_decoded():
    observations, _ = observe(CALL, frozenset({"activity"}), Listening("en"))
    assert observations.recording.duration_s == pytest.approx(media.decode(CALL).sound.duration_s, abs=0.001)
