import pickle

import numpy as np
import pytest

from models import media
from models.sound import Sound, peaks
from tests import build


@pytest.mark.parametrize(
    ("suffix", "codec", "rate_hz"),
    [
        ("wav", "pcm_s16le", 16000),
        ("wav", "pcm_mulaw", 8000),
        ("wav", "pcm_u8", 8000),
        ("wav", "pcm_s24le", 96000),
        ("mp3", "libmp3lame", 44100),
        ("m4a", "aac", 44100),
        ("ogg", "libopus", 48000),
        ("opus", "libopus", 48000),
        ("flac", "flac", 22050),
        ("mp4", "aac", 48000),
        ("aif", "pcm_s16be", 8000),
        ("caf", "pcm_s16le", 8000),
        ("w64", "pcm_s16le", 8000),
        ("mka", "libopus", 48000),
        ("ac3", "ac3", 48000),
        ("mpg", "mp2", 48000),
        ("ts", "mp2", 48000),
        ("flv", "libmp3lame", 44100),
        ("wmv", "mp2", 48000),
    ],
)
def test_every_common_format_gives_its_channels_at_16_khz(tmp_path, suffix, codec, rate_hz):
    left, right = build.tone(2, rate_hz, 300), build.tone(2, rate_hz, 700)
    path = build.encode(tmp_path / f"call.{suffix}", np.stack([left, right]), codec, rate_hz)

    recording, sound = media.probe(path), media.decode(path).sound.read()

    assert (recording.channels, recording.sample_rate_hz) == (2, rate_hz)
    assert sound.shape[0] == 2
    assert sound.shape[1] / media.RATE_HZ == pytest.approx(2, abs=0.1)
    for track, hz in zip(sound, (300, 700), strict=True):
        middle = track[8000:24000]
        assert np.argmax(np.abs(np.fft.rfft(middle))) == pytest.approx(hz, abs=3)


def test_a_renamed_copy_is_the_same_recording(tmp_path):
    path = build.write_wav(tmp_path / "a.wav", build.tone(1))
    copy = tmp_path / "b.wav"
    copy.write_bytes(path.read_bytes())
    assert media.probe(path) == media.probe(copy)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.wav", b"", "an empty file"),
        ("text.wav", b"Dear all,\nplease find attached\n", "not a recording"),
        ("noise.mp3", bytes(range(256)) * 40, "recording"),
    ],
)
def test_what_is_no_recording_is_refused_with_its_path(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(media.UnreadableMedia, match=says) as caught:
        media.probe(path)
        media.decode(path).sound.read()
    assert str(path) in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(media.UnreadableMedia, match="No such file"):
        media.probe(tmp_path / "none.wav")


def test_five_channels_are_refused_by_their_number(tmp_path):
    path = build.write_wav(tmp_path / "five.wav", *[build.tone(1)] * 5)
    with pytest.raises(media.UnreadableMedia, match="5 sound channels; expected 1 or 2"):
        media.probe(path)


def test_a_video_without_sound_has_no_channels_and_says_so_to_who_listens(tmp_path):
    import av

    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    recording = media.probe(path)
    assert (recording.channels, recording.sample_rate_hz, recording.size_px) == (0, 0, (64, 48))
    assert recording.duration_s == pytest.approx(0.2)
    with pytest.raises(media.UnreadableMedia, match="no sound track"):
        media.decode(path)


def test_sound_of_no_length_is_refused(tmp_path):
    path = build.write_wav(tmp_path / "zero.wav", np.zeros(0))
    with pytest.raises(media.UnreadableMedia, match=r"0\.00 s of sound"):
        media.decode(path)


def test_a_truncated_mp3_gives_what_came_before_the_cut(tmp_path):
    whole = build.encode(tmp_path / "whole.mp3", np.stack([build.tone(4, 44100)] * 2), "libmp3lame", 44100)
    cut = tmp_path / "cut.mp3"
    content = whole.read_bytes()
    cut.write_bytes(content[: len(content) // 2 + 37])
    seconds = media.decode(cut).sound.duration_s
    assert 1.5 < seconds < 2.5


def test_a_wav_whose_header_lies_about_its_length_gives_what_is_there(tmp_path):
    path = build.write_wav(tmp_path / "lies.wav", build.tone(2))
    content = bytearray(path.read_bytes())
    content[40:44] = (0x7FFFFFF0).to_bytes(4, "little")
    path.write_bytes(content)
    assert media.decode(path).sound.duration_s == pytest.approx(2, abs=0.05)


def test_peaks_are_the_loudest_sample_of_each_step():
    sound = np.zeros((2, 16000), np.float32)
    sound[0, 100], sound[1, 15999] = -0.5, 1.0
    loudest = peaks(Sound.of(sound), per_s=10)
    assert loudest.shape == (2, 10)
    assert loudest[0].tolist() == [64, *[0] * 9]
    assert loudest[1].tolist() == [*[0] * 9, 127]


def test_a_playlist_does_not_open_other_files(tmp_path):
    build.write_wav(tmp_path / "secret.wav", build.tone(1))
    path = tmp_path / "list.wav"
    path.write_text("ffconcat version 1.0\nfile secret.wav\n")
    with pytest.raises(media.UnreadableMedia, match="not a recording"):
        media.decode(path)


def test_sound_that_starts_late_stays_late(tmp_path):
    import av

    path = tmp_path / "late.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=5)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("aac", rate=48000, layout="mono")
        for number in range(20):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))
            frame.pts = number
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        sound = build.tone(2, 48000).astype(np.float32)[None]
        for start in range(0, 96000 - 1024, 1024):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(sound[:, start : start + 1024]), "fltp", "mono"
            )
            frame.sample_rate, frame.pts = 48000, start + 2 * 48000
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    heard = media.decode(path).sound.read()[0]
    assert np.abs(heard[: int(1.8 * 16000)]).max() < 0.01
    assert np.abs(heard[int(2.2 * 16000) : int(3.5 * 16000)]).max() > 0.2


def test_two_recordings_of_different_form_in_one_file_are_both_heard(tmp_path):
    one = build.encode(tmp_path / "one.mp3", np.stack([build.tone(2, 44100)] * 2), "libmp3lame", 44100)
    two = build.encode(tmp_path / "two.mp3", np.stack([build.tone(2, 22050)]), "libmp3lame", 22050, "mono")
    both = tmp_path / "both.mp3"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    assert media.decode(both).sound.duration_s > 1.9


def test_damage_is_told(tmp_path):
    path = build.encode(tmp_path / "a.mp3", np.stack([build.tone(20, 44100)] * 2), "libmp3lame", 44100)
    content = bytearray(path.read_bytes())
    for start in range(40_000, 150_000, 10_000):
        content[start : start + 400] = b"\x55" * 400
    path.write_bytes(content)
    decoded = media.decode(path)
    assert decoded.sound.duration_s > 15
    assert "damaged" in decoded.caveat
    assert media.decode(build.write_wav(tmp_path / "b.wav", build.tone(1))).caveat == ""


def test_sound_is_read_by_time_and_ends_where_it_ends():
    samples = np.stack([np.linspace(-1, 0.9, 32000), np.zeros(32000)]).astype(np.float32)
    sound = Sound.of(samples)
    assert sound.duration_s == 2.0
    np.testing.assert_allclose(sound.read(), samples, atol=1 / 32768)
    np.testing.assert_array_equal(sound.read(0.5, 1.0), sound.read()[:, 8000:16000])
    assert sound.read(1.9, 5.0).shape == (2, 1600)
    assert sound.read(3.0, 5.0).shape == (2, 0)
    assert sound.only(0).read(0.0, 0.5).shape == (1, 8000)
    blocks = list(sound.blocks(0.75))
    assert [start_s for start_s, _ in blocks] == [0.0, 0.75, 1.5]
    np.testing.assert_array_equal(np.concatenate([b for _, b in blocks], axis=1), sound.read())
