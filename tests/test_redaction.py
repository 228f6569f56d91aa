"""What must not be heard, read or seen is silent, marked and blurred; all the rest is what it was."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from click.testing import CliRunner

from audit.cli import cli
from audit.intake import take_in
from audit.interactions import Channel, Interaction, Party, Role
from audit.redaction import MARGIN_S, personal, secrets, silences
from audit.store import open_store
from models.frames import Frames
from models.media import decode, probe
from models.muting import CopyUnsaved, muted, suffix, write_muted
from models.observations import Observed, Provenance, Span, gather, span
from tests import build
from tests.test_pictures import SIZE_PX, person, rough

QUIET = (Span(1.0, 2.0), Span(3.5, 4.0))
CARD = "4242 4242 4242 4242"


def noise(seconds, rate_hz=16000, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * rate_hz))


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_copy_of_sound_is_silent_where_it_shall_be_and_the_same_elsewhere(tmp_path, rate_hz, channels):
    source = build.write_wav(
        tmp_path / "a.wav", *(noise(5, rate_hz, c) for c in range(channels)), rate_hz=rate_hz
    )
    recording = probe(source)
    copy = tmp_path / f"b{suffix(recording)}"
    write_muted(copy, source, recording, QUIET)
    before, after = decode(source, rate_hz).sound.read(), decode(copy, rate_hz).sound.read()
    assert after.shape == before.shape == (channels, 5 * rate_hz)
    silent = np.zeros(5 * rate_hz, bool)
    for one in QUIET:
        silent[round(one.start_s * rate_hz) : round(one.end_s * rate_hz)] = True
    assert not after[:, silent].any()
    assert np.array_equal(after[:, ~silent], before[:, ~silent])


@pytest.mark.parametrize(
    ("suffix_", "codec", "rate_hz"),
    [
        ("mp3", "libmp3lame", 44100),
        ("m4a", "aac", 44100),
        ("opus", "libopus", 48000),
        ("wav", "pcm_mulaw", 8000),
    ],
)
def test_a_copy_of_compressed_sound_is_the_sound_that_is_decoded(tmp_path, suffix_, codec, rate_hz):
    source = build.encode(
        tmp_path / f"a.{suffix_}", np.stack([noise(5, rate_hz), noise(5, rate_hz, 1)]), codec, rate_hz
    )
    write_muted(tmp_path / "b.flac", source, probe(source), QUIET)
    before, after = decode(source, rate_hz).sound.read(), decode(tmp_path / "b.flac", rate_hz).sound.read()
    assert after.shape == before.shape
    assert not after[:, rate_hz : 2 * rate_hz].any()
    assert np.array_equal(after[:, :rate_hz], before[:, :rate_hz])
    assert np.array_equal(after[:, 4 * rate_hz :], before[:, 4 * rate_hz :])


def test_a_tone_stands_for_silence_where_it_is_asked_for():
    sound = np.zeros((2, 16000), np.float32)
    toned = muted(sound, 10.0, 16000, [Span(10.25, 10.75)], tone=True)
    spectrum = np.abs(np.fft.rfft(toned[0, 4000:12000]))
    assert np.argmax(spectrum) * 2 == 1000
    assert not toned[:, :4000].any() and not toned[:, 12000:].any()
    assert not sound.any()


def film(path, codec="libx264", seconds=5):
    """A video of numbered cards, 5 a second, with a tone."""
    import av

    with av.open(str(path), "w") as container:
        picture = container.add_stream(codec, rate=5)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("aac", rate=48000, layout="mono")
        for number in range(5 * seconds):
            container.mux(picture.encode(av.VideoFrame.from_ndarray(build.card(number % 20), "rgb24")))
        container.mux(picture.encode(None))
        samples = np.asarray(build.tone(seconds, 48000) * 32767, np.int16)[None]
        frame = av.AudioFrame.from_ndarray(samples, "s16p", "mono")
        frame.sample_rate = 48000
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return path


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.mkv", "mpeg4"), ("a.mkv", "libx264")])
def test_a_copy_of_a_video_has_its_pictures_at_their_times_and_no_sound_where_it_shall_be(
    tmp_path, name, codec
):
    source = film(tmp_path / name, codec)
    copy = tmp_path / "copy.mp4"
    write_muted(copy, source, probe(source), QUIET)
    before, after = list(Frames(source, 5.0)), list(Frames(copy, 5.0))
    assert [f.time_s for f in after] == pytest.approx([f.time_s for f in before], abs=0.002)
    for one, other in zip(before, after, strict=True):
        assert np.abs(one.picture.astype(int) - other.picture).mean() < 6
    sound = decode(copy).sound
    assert np.abs(sound.read(1.05, 1.95)).max() < 0.003
    assert np.abs(sound.read(3.55, 3.95)).max() < 0.003
    for start_s, end_s in ((0.1, 0.95), (2.05, 3.45), (4.05, 4.9)):
        assert np.sqrt(np.square(sound.read(start_s, end_s)).mean()) == pytest.approx(0.3 / 2**0.5, rel=0.05)


def test_a_copy_that_cannot_be_written_says_so_and_leaves_nothing(tmp_path):
    source = build.write_wav(tmp_path / "a.wav", build.tone(2))
    (tmp_path / "file").write_text("")
    with pytest.raises(CopyUnsaved, match="cannot be written"):
        write_muted(tmp_path / "file" / "b.flac", source, probe(source), QUIET)
    (tmp_path / "c.flac").mkdir()
    with pytest.raises(CopyUnsaved):
        write_muted(tmp_path / "c.flac", source, probe(source), QUIET)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.wav", "c.flac", "file"]


# -- what has to be silent ---------------------------------------------------------------------------------


def observed(lines, engine="some-engine", **more):
    return build.observations(lines, duration_s=60.0, engine=engine, **more)


def test_sound_is_silent_from_before_the_first_digit_to_after_the_last_and_not_between_turns():
    found = secrets(observed([("c", 2.0, f"it is {CARD} thanks"), ("a", 20.0, f"so {CARD}")]))
    assert [(g.kind, g.where, g.speaker) for g in found] == [
        ("card number", "sound", "c"),
        ("card number", "sound", "a"),
    ]
    assert silences(found) == (span(2.8 - MARGIN_S, 4.4 + MARGIN_S), span(20.4 - MARGIN_S, 22.0 + MARGIN_S))


def test_nothing_is_silent_in_a_call_without_secrets():
    assert secrets(observed([("c", 2.0, "my order number is 4711"), ("a", 20.0, "thank you")])) == ()


def test_of_a_transcript_the_whole_passage_goes_for_its_words_have_no_times_of_their_own():
    found = secrets(observed([("c", 2.0, f"it is {CARD} thanks")], engine="transcript"))
    assert silences(found) == (span(2.0 - MARGIN_S, 2.0 + 7 * 0.4 + MARGIN_S),)


@pytest.mark.parametrize(
    ("pressed", "quiet"),
    [
        ([1.0], []),
        ([1.0, 2.0], []),
        ([1.0, 2.0, 3.0, 4.0], [(0.5, 4.6)]),
        ([1.0, 20.0, 40.0], []),
        ([1.0, 20.0, 21.0, 22.0], [(19.5, 22.6)]),
    ],
)
def test_numbers_keyed_in_are_silent_and_single_keys_are_not(pressed, quiet):
    levels = (build.line(), build.line([(at, at + 0.1) for at in pressed]))
    found = secrets(observed([("c", 50.0, "hello")], levels=levels))
    assert silences(found) == tuple(span(*q) for q in quiet)


# -- what leaves -------------------------------------------------------------------------------------------


def test_personal_data_and_customers_names_go_from_words_and_sound():
    call = build.interaction(
        customer="C-1007", parties=(Party(Role.CUSTOMER, "Laura Brown"), Party(Role.AGENT, "Tom"))
    )
    said, gone = personal(
        observed(
            [
                ("c", 0.0, "I am Laura Brown, and you may write to laura@example.org please"),
                ("a", 10.0, f"Tom here, Mrs. Brown's card is {CARD} thanks"),
            ]
        ),
        call,
    )
    assert [u.text for u in said] == [
        "I am [name] [name] and you may write to [email] please",
        "Tom here, Mrs. [name] card is [card number] thanks",
    ]
    assert {(g.kind, g.where) for g in gone} == {
        *(("name", w) for w in ("text", "sound")),
        *(("email", w) for w in ("text", "sound")),
        ("card number", "text"),
    }
    assert silences(gone)[0] == span(0.8 - MARGIN_S, 1.6 + MARGIN_S)


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "home")


def keep(store, path, lines, people=None, words=True, **facts):
    """Keeps a recording with these words and people, as a recogniser and a detector would have found them."""
    recording = probe(path)
    said = tuple(build.utterance(*one) for one in lines)
    answers = []
    if words:
        answers.append(
            Observed(recording.id, Provenance("utterances", "some-engine", "1", "", ()), utterances=said)
        )
    if people is not None:
        answers.append(
            Observed(recording.id, Provenance("people", "some-detector", "1", "", ()), people=people)
        )
    roles = (("channel-0", Role.AGENT), ("channel-1", Role.CUSTOMER), ("person-0", Role.AGENT))
    one = Interaction(recording.id, Channel.CALL, "a call", str(path), recording.id, roles=roles, **facts)
    store.keep(one, gather(recording, answers, ()), answers)
    return one


LINES = [
    ("channel-0", 0.2, "your card please"),
    ("channel-1", 2.0, f"it is {CARD}"),
    ("channel-0", 7.0, "thank you Laura"),
]


def redact(store, folder, *more):
    done = CliRunner().invoke(
        cli, ["--home", str(store.home), "redact", "a call", "--to", str(folder), *more]
    )
    assert done.exit_code == 0, done.output
    return done.output


def test_a_call_leaves_without_card_data_and_personal_data(store, tmp_path):
    keep(
        store,
        build.write_wav(tmp_path / "a.wav", noise(10), noise(10, seed=1)),
        LINES,
        customer="Laura Brown",
    )
    told = redact(store, tmp_path / "out")
    files = {p.suffix: p for p in (tmp_path / "out").iterdir()}
    assert set(files) == {".vtt", ".flac", ".json"}
    text = files[".vtt"].read_text("utf-8")
    assert "<v customer>it is [card number]" in text and "<v agent>thank you [name]" in text
    assert "4242" not in text + told and "Laura" not in text + told
    sound = decode(files[".flac"]).sound
    assert not sound.read(2.8, 4.4).any() and not sound.read(7.8, 8.2).any()
    assert np.array_equal(sound.read(5.0, 7.0), decode(tmp_path / "a.wav").sound.read(5.0, 7.0))
    removed = json.loads(files[".json"].read_text())["removed"]
    assert {(r["kind"], r["where"]) for r in removed} == {
        ("card number", "text"), ("card number", "sound"), ("name", "text"), ("name", "sound"),
    }  # fmt: skip
    assert "0:02 card number, from the sound" in told
    again = take_in(files[".vtt"]).observations
    assert [u.speaker for u in again.utterances] == ["agent", "customer", "agent"]


def test_a_chat_leaves_as_a_chat_that_can_be_taken_in_again(store, tmp_path):
    from audit.pipeline import audit_file, find_rubric

    rows = [
        ("agent", "Tom", "Hello Laura, your card number please?"),
        ("customer", "Laura Brown", f"{CARD} & laura@example.org"),
    ]
    lines = [
        {"at": datetime(2026, 3, 2, 9, i, tzinfo=UTC).isoformat(), "from": who, "name": name, "text": text}
        for i, (who, name, text) in enumerate(rows)
    ]
    (tmp_path / "a call.jsonl").write_text("\n".join(map(json.dumps, lines)))
    audit_file(tmp_path / "a call.jsonl", [find_rubric("chat-en")], store)
    redact(store, tmp_path / "out")
    (file,) = (tmp_path / "out").glob("*.jsonl")
    came = take_in(file)
    assert [u.text for u in came.observations.utterances] == [
        "Hello [name] your card number please?",
        "[card number] & [email]",
    ]
    assert came.interaction.channel == Channel.CHAT and came.interaction.customer is None
    assert [u.span.start_s for u in came.observations.utterances] == [0, 60]


def two():
    return build.people([person(0, 50), person(1, 400)], SIZE_PX)


def test_a_video_leaves_with_customers_faces_blurred_and_the_agents_shown(store, tmp_path):
    picture = np.random.default_rng(0).integers(0, 255, (*SIZE_PX[::-1], 3), np.uint8)
    path = build.write_video(tmp_path / "a.mp4", [picture] * 8)
    keep(store, path, [], two(), words=False)
    told = redact(store, tmp_path / "out")
    (file,) = (tmp_path / "out").glob("*.mp4")
    frames = list(Frames(file, 5.0))
    assert len(frames) == 8
    for frame in frames:
        assert rough(frame.picture, (435, 25, 465, 60)) < rough(frame.picture, (85, 25, 115, 60)) / 4
    assert "face, from the picture" in told


def test_what_nobody_looked_at_or_listened_to_stays_in_the_house(store, tmp_path):
    path = film(tmp_path / "a.mp4")
    keep(store, path, [], words=False)
    told = redact(store, tmp_path / "out")
    assert [p.suffix for p in (tmp_path / "out").iterdir()] == [".json"]
    assert "left out: the sound: its words were not recognised" in " ".join(told.split())
    assert "left out: the picture: nobody looked for people in it" in " ".join(told.split())


def test_a_tone_marks_what_was_said_in_what_leaves(store, tmp_path):
    keep(store, build.write_wav(tmp_path / "a.wav", noise(10)), LINES)
    redact(store, tmp_path / "out", "--tone", "--json")
    (file,) = (tmp_path / "out").glob("*.flac")
    heard = decode(file).sound.read(3.0, 4.0)[0]
    assert np.argmax(np.abs(np.fft.rfft(heard))) == 1000
