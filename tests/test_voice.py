"""How a voice and its line sound, on sound whose loudness, pitch, noise and tones are known exactly."""

import re

import numpy as np
import pytest

from audit import voices
from audit.interactions import Channel, Conversation, Role, Roles
from audit.pipeline import audit_file, find_rubric
from audit.signals import event_kinds
from audit.speakers import Speakers
from bench.levels import conversing, heard, keyed, music, noise, quiet, sawtooth, sine, sounding
from models import media, voice
from models.observations import Activity, span, to_json
from models.observe import Listening, observe
from models.phrases import Phrases
from models.sound import RATE_HZ, Sound
from tests import build


def loudness(spoken: Conversation, of: Role) -> float | None:
    return voices.loudness(spoken, of, spoken.whole)


# Loudness (ITU-R BS.1770-4; the steps of level are those of EBU Tech 3341, where both channels carry the sine).


@pytest.mark.parametrize("db", [-20.0, -23.0, -33.0, -40.0])
def test_a_sine_of_997_hz_on_one_channel_is_three_below_its_peak(db):
    spoken = conversing(sine(20, 997, db=db), speech=(((0, 20),),))
    assert loudness(spoken, Role.AGENT) == pytest.approx(db - 3.01, abs=0.1)


@pytest.mark.parametrize(
    ("stretches", "lufs"),
    [
        ([(20, -23)], -23),  # case 1
        ([(20, -33)], -33),  # case 2
        ([(10, -36), (60, -23), (10, -36)], -23),  # case 3: the gate at -10 LU
        ([(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)], -23),  # case 4: and at -70 LUFS
        ([(20, -26), (20.1, -20), (20, -26)], -23),  # case 5: what passes the gate is averaged
    ],
)
def test_the_whole_sound_is_as_loud_as_the_ebu_says(stretches, lufs):
    both = np.concatenate([sine(length_s, 1000, db=db) for length_s, db in stretches])
    spoken = conversing(both, both, speech=((), ()))
    assert loudness(spoken, Role.ANYONE) == pytest.approx(lufs, abs=0.1)


def test_each_party_has_the_loudness_of_its_own_speech():
    agent = np.concatenate([sine(10, 997, db=-20), sine(10, 997, db=-50)])
    spoken = conversing(agent, sine(20, 997, db=-30), speech=(((0, 10),), ((10, 20),)))
    assert loudness(spoken, Role.AGENT) == pytest.approx(-23, abs=0.1)
    assert loudness(spoken, Role.CUSTOMER) == pytest.approx(-33, abs=0.1)
    assert voices.loudness(spoken, Role.AGENT, span(10, 20)) is None


def test_speakers_of_one_channel_are_told_apart_and_their_overlap_left_out():
    sound = Sound.of(np.concatenate([sine(10, 997, db=-20), sine(10, 997, db=-30)])[None].astype(np.float32))
    activity = (Activity("speaker-0", (span(0, 12),)), Activity("speaker-1", (span(10, 20),)))
    spoken = sounding(sound, activity, {"speaker-0": Role.AGENT, "speaker-1": Role.CUSTOMER})
    assert loudness(spoken, Role.AGENT) == pytest.approx(-23, abs=0.1)
    assert loudness(spoken, Role.CUSTOMER) == pytest.approx(-33, abs=0.1)


def test_silence_has_no_loudness():
    assert loudness(conversing(quiet(5), speech=(((0, 5),),)), Role.AGENT) is None


# Pitch


@pytest.mark.parametrize("hz", [80, 120, 210, 300])
def test_the_pitch_of_a_sawtooth(hz):
    spoken = conversing(sawtooth(5, hz), speech=(((0, 5),),))
    assert np.median(voices.pitches(spoken, Role.AGENT, spoken.whole)) == pytest.approx(hz, rel=0.01)


def test_pitch_is_taken_only_where_there_is_speech_and_voice():
    sound = np.concatenate([sawtooth(5, 120), sawtooth(5, 200), noise(5, 0.1)])
    spoken = conversing(sound, speech=(((0, 5), (10, 15)),))
    hz = voices.pitches(spoken, Role.AGENT, spoken.whole)
    assert np.allclose(hz, 120, rtol=0.02)
    assert 80 <= len(hz) <= 100


# Noise, clipping, level


@pytest.mark.parametrize("snr_db", [0, 5, 10, 20, 30])
def test_the_noise_of_a_line_is_heard_in_its_pauses(snr_db):
    signal = np.concatenate([quiet(3), sawtooth(10, 150), quiet(3)])
    power = np.mean(sawtooth(10, 150) ** 2)
    sound = signal + noise(16, np.sqrt(power) * 10 ** (-snr_db / 20))
    spoken = conversing(sound, speech=(((3, 13),),))
    measured = voices.signal_to_noise(spoken, Role.AGENT, spoken.whole)
    assert measured == pytest.approx(snr_db, abs=2)


def test_what_leaks_from_the_other_channel_is_no_noise():
    agent = np.concatenate([sawtooth(10, 150), 0.1 * sawtooth(10, 200), noise(5, 0.001)])
    customer = np.concatenate([quiet(10), sawtooth(10, 200), quiet(5)])
    spoken = conversing(agent, customer, speech=(((0, 10),), ((10, 20),)))
    assert voices.signal_to_noise(spoken, Role.AGENT, spoken.whole) > 35


def test_without_a_pause_the_noise_is_unknown():
    spoken = conversing(sawtooth(10, 150), speech=(((0, 10),),))
    assert voices.signal_to_noise(spoken, Role.AGENT, spoken.whole) is None


@pytest.mark.parametrize(("gain_db", "least", "most"), [(-1, 0, 0), (6, 60, 72), (20, 90, 96)])
def test_clipped_samples_are_counted(gain_db, least, most):
    spoken = conversing(np.clip(sine(5, 200, db=gain_db), -1, 1), speech=(((0, 5),),))
    assert least <= voices.clipped_share(spoken, Role.AGENT, spoken.whole) <= most


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (sawtooth(10, 150), ""),
        (sawtooth(10, 150) + noise(10, 0.1), "the agent's sound is too noisy (SNR "),
        (np.clip(20 * sawtooth(10, 150), -1, 1), "the agent's sound is clipped ("),
        (0.001 * sawtooth(10, 150), "the agent's sound is too faint (mean level -7"),
    ],
)
def test_poor_sound_says_why(sound, reason):
    pause = noise(3, 0.1) if "noisy" in reason else quiet(3)
    spoken = conversing(np.concatenate([sound, pause]), speech=(((0, 10),),))
    found = voices.poor(spoken, Role.AGENT)
    assert found.startswith(reason) and bool(found) == bool(reason)


# Keys, tones, music


@pytest.mark.parametrize(("press_s", "noise_db", "least"), [(0.15, 60, 12), (0.15, 20, 12), (0.1, 20, 10)])
def test_every_key_is_found_and_none_is_told(press_s, noise_db, least):
    (found,) = heard(keyed(press_s, noise_db))
    assert least <= len(found.keys) <= 12
    assert found.tones == ()
    assert found.keys[0].start_s == pytest.approx(0.13, abs=0.06)


@pytest.mark.parametrize(
    ("hz", "length_s"),
    [((350, 440), 1.0), ((480, 620), 0.5), ((440, 480), 2.0), ((425,), 1.0), ((1000,), 0.3), ((1400,), 0.5)],
)
def test_the_tones_of_networks_and_machines(hz, length_s):
    (found,) = heard(np.concatenate([quiet(1), sine(length_s, *hz), quiet(1)]))
    (tone,) = found.tones
    # Frequencies less than 50 Hz apart blur into each other.
    assert tone.hz == pytest.approx(hz, abs=12 if hz == (440, 480) else 4)
    assert (tone.span.start_s, tone.span.duration_s) == (
        pytest.approx(1, abs=0.06),
        pytest.approx(length_s, abs=0.11),
    )
    assert (found.keys, found.music) == ((), ())


def test_music_is_found_and_is_no_tone():
    (found,) = heard(np.concatenate([quiet(10), music(20), quiet(10)]))
    (where,) = found.music
    assert (where.start_s, where.end_s) == (pytest.approx(10, abs=0.1), pytest.approx(30, abs=0.1))


@pytest.mark.parametrize("sound", [noise(20, 0.1), quiet(20), sine(20, 425), sine(20, 50, 100, 150, db=-50)])
def test_noise_silence_a_tone_and_hum_are_no_music(sound):
    assert heard(sound)[0].music == ()


@pytest.mark.parametrize("name", ["careless", "charged-twice", "exemplary", "hold-handled", "short-enquiry"])
def test_speech_is_neither_key_nor_tone_nor_music(name):
    found = voice.levels(media.decode(build.SAMPLES / f"{name}.opus").sound, ())
    assert [(one.keys, one.tones, one.music) for one in found] == [((), (), ())] * 2


# As observations


def test_a_block_s_edge_changes_nothing():
    # A minute is one block: the same minute in the middle of two blocks sounds the same.
    minute = np.concatenate([music(20), keyed(0.15, 40), sine(2, 425), noise(20, 0.05)])
    minute = np.concatenate([minute, quiet(60 - len(minute) / RATE_HZ)])
    (plain,), (later,) = heard(minute), heard(np.concatenate([quiet(30), minute]))
    assert len(later.keys) == len(plain.keys) == 12
    # A spectrum reaches 14 ms over its step, so that a sound after silence may begin one step earlier.
    (before,), (after,) = plain.music, later.music
    assert after.start_s == pytest.approx(before.start_s + 30, abs=0.06)
    assert after.end_s == before.end_s + 30
    assert [t.span.shifted(30) for t in plain.tones] == [t.span for t in later.tones]
    level = voice.read(later.level)[300:900].astype(int) - voice.read(plain.level)[:600]
    assert np.abs(level).max() <= 1


def test_levels_are_perceived_once_and_always_the_same():
    call = build.SAMPLES / "exemplary.opus"
    first, new = observe(call, frozenset({"levels"}), Listening("en"))
    assert [o.provenance.need for o in new] == ["activity", "levels"]
    again, _ = observe(call, frozenset({"levels"}), Listening("en"))
    assert to_json(first) == to_json(again)
    assert len(to_json(first.levels)) < 2e6 / (3 * 3600) * first.recording.duration_s


def test_music_in_the_hold_of_a_real_call_makes_it_a_hold(tmp_path):
    """The hold of this sample lies at 38.8 to 49.8 s (its truth file), here with music on the agent's line."""
    sound = media.decode(build.SAMPLES / "hold-handled.opus").sound.read().astype(float)
    sound[1, 40 * RATE_HZ : 49 * RATE_HZ] += music(9)
    path = build.write_wav(tmp_path / "hold.wav", *sound)
    seen, _ = observe(path, frozenset({"levels"}), Listening("en"))
    roles = Roles((("channel-1", Role.AGENT), ("channel-0", Role.CUSTOMER)), "given", 1.0)
    spoken = Conversation(Channel.CALL, seen, roles, Speakers(Channel.CALL, seen, Phrases("en", {})))
    (hold,) = event_kinds()["unannounced_hold"].find(spoken)
    assert (hold.span.start_s, hold.span.end_s) == (
        pytest.approx(38.8, abs=0.3),
        pytest.approx(49.8, abs=0.3),
    )


def test_a_noisy_call_is_not_judged_by_its_words(tmp_path):
    sound = media.decode(build.SAMPLES / "charged-twice.opus").sound.read()
    path = build.write_wav(tmp_path / "noisy.wav", *(sound + noise(sound.shape[1] / RATE_HZ, 0.04)))
    (tmp_path / "noisy.meta.yaml").write_text("agent_channel: 0\n")
    model = str(build.SAMPLES.parent / "tests" / "weights" / "whisper-test-en")
    card = audit_file(path, [find_rubric("voice-en")], engine="whisper", whisper=model).scorecards[0]
    found = {f.standard: f for f in card.findings}
    assert (
        found["house-greeting"].verdict == found["no-blame"].verdict == found["pace"].verdict == "cannot_tell"
    )
    assert re.fullmatch(
        r"the agent's sound is too noisy \(SNR \d+ dB, at least 15 dB needed\)", found["no-blame"].reason
    )
    assert found["talk-share"].verdict == found["clear-line"].verdict == "met"
