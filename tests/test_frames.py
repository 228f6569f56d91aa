"""Pictures of a video: the right ones, at their true times, the right way up."""

import numpy as np
import pytest

from audit.pictures import sheet
from models import media
from models.frames import Frames, picture_at
from tests import build
from tests.build import card, write_video


def numbers(frames) -> list[int]:
    """Which cards these are."""
    return [round((float(f.picture[-5:].mean()) - 20) / 10) for f in frames]


def test_five_a_second_of_thirty_are_the_first_of_each_step(tmp_path):
    path = write_video(tmp_path / "a.mp4", [card(n // 6) for n in range(60)], fps=30)
    frames = list(Frames(path, 5))
    assert [f.time_s for f in frames] == pytest.approx([n / 5 for n in range(10)], abs=0.001)
    assert numbers(frames) == list(range(10))


def test_a_variable_frame_rate_keeps_the_true_times(tmp_path):
    times_s = [0.0, 0.05, 0.1, 0.9, 1.0, 1.05, 3.0]
    path = write_video(tmp_path / "a.mkv", [card(n) for n in range(7)], times_s, fps=30)
    frames = list(Frames(path, 5))
    assert [f.time_s for f in frames] == pytest.approx([0.0, 0.9, 1.0, 3.0], abs=0.002)
    assert numbers(frames) == [0, 3, 4, 6]


def _moving(number: int) -> np.ndarray:
    """A textured picture that moves, so that no frame is coded as a copy of another."""
    x, y = np.meshgrid(np.arange(96) + 3 * number, np.arange(64) + number)
    return np.stack([(x * 5) % 256, (y * 7) % 256, (x * y) % 256], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
@pytest.mark.parametrize("per_s", [0.5, 2.0, 4.9, 5.0, 12.0])
def test_frames_nobody_looks_at_change_nothing_in_the_others(tmp_path, name, per_s):
    path = write_video(tmp_path / name, [_moving(n) for n in range(60)], fps=25, codec="libx264")
    chosen = list(Frames(path, per_s))
    whole = list(Frames(path, 1000))
    assert (len(whole), len(chosen)) == (60, int(2.36 * per_s + 0.02) + 1)
    at = {frame.time_s: frame.picture for frame in whole}
    for frame in chosen:
        assert (frame.picture == at[frame.time_s]).all()


def test_of_frames_nobody_looks_at_those_are_left_out_that_no_other_needs(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.mp4", [_moving(n) for n in range(60)], fps=25, codec="libx264")
    decoded = []
    monkeypatch.setattr(
        media.Clock, "read", lambda _, shown_s: decoded.append(round(25 * shown_s)) or shown_s
    )
    assert len(list(Frames(path, 5))) == 12
    assert set(range(0, 60, 5)) < set(decoded) and len(decoded) < 50


def test_a_slower_video_gives_every_frame(tmp_path):
    path = write_video(tmp_path / "a.mp4", [card(n) for n in range(4)], fps=2)
    assert [f.time_s for f in Frames(path, 5)] == pytest.approx([0, 0.5, 1, 1.5])


@pytest.mark.parametrize("turned_deg", [0, 90, 180, 270])
def test_a_phone_held_another_way_is_shown_upright(tmp_path, turned_deg):
    lying = np.ascontiguousarray(np.rot90(card(5), -turned_deg // 90))
    path = write_video(tmp_path / "a.mp4", [lying] * 3, turned_deg=turned_deg)
    frames = Frames(path, 5)
    picture = next(iter(frames)).picture
    assert picture.shape == (48, 64, 3)
    assert frames.size_px == media.probe(path).size_px == (64, 48)
    assert picture[3, 32, 0] > 180 and picture[3, 32, 1] < 90


def test_8k_is_looked_at_smaller_and_measured_as_shown(tmp_path):
    path = write_video(tmp_path / "a.mp4", [np.full((4320, 7680, 3), 90, np.uint8)], codec="mpeg4")
    frames = Frames(path, 5)
    (only,) = list(frames)
    assert (only.picture.shape, only.scale) == ((1080, 1920, 3), 4.0)
    assert frames.size_px == media.probe(path).size_px == (7680, 4320)


def test_an_animated_gif_is_a_video_without_sound(tmp_path):
    path = write_video(tmp_path / "a.gif", [card(2 * n) for n in range(6)], fps=5, codec="gif")
    recording = media.probe(path)
    assert (recording.channels, recording.size_px) == (0, (64, 48))
    assert media.picture_duration_s(path) == pytest.approx(1.2, abs=0.05)
    assert [f.time_s for f in Frames(path, 5)] == pytest.approx([n / 5 for n in range(6)], abs=0.02)


def test_one_frame_is_a_video(tmp_path):
    assert [f.time_s for f in Frames(write_video(tmp_path / "a.mp4", [card(1)]), 5)] == [0.0]


def test_pictures_of_avi_come_in_the_order_in_which_they_are_shown(tmp_path):
    path = write_video(tmp_path / "a.avi", [card(n) for n in range(20)], fps=5, codec="libx264")
    frames = list(Frames(path, 5))
    assert numbers(frames) == list(range(20))
    assert [f.time_s for f in frames] == pytest.approx([n / 5 for n in range(20)], abs=0.21)
    assert numbers([picture_at(path, 2.0)]) == [10]


def test_a_damaged_middle_is_left_out_and_told(tmp_path):
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(40)]
    path = write_video(tmp_path / "a.avi", pictures, fps=5)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 60_000] = random.integers(0, 255, 60_000, np.uint8).tobytes()
    path.write_bytes(content)
    frames = Frames(path, 5)
    times_s = [f.time_s for f in frames]
    assert "damaged" in frames.caveat
    assert times_s[0] == 0 and times_s[-1] > 4
    assert (np.diff(times_s) > 0).all()


@pytest.mark.parametrize(("name", "codec"), [("a.ts", "mpeg2video"), ("a.mpg", "mpeg2video")])
def test_recordings_put_one_behind_the_other_are_seen_one_after_the_other(tmp_path, name, codec):
    pictures = [card(n // 10) for n in range(0, 75)]
    whole = write_video(tmp_path / name, pictures, fps=25, codec=codec).read_bytes()
    path = tmp_path / f"both-{name}"
    path.write_bytes(whole + whole)
    times_s = [f.time_s for f in Frames(path, 5)]
    assert times_s == pytest.approx([n / 5 for n in range(30)], abs=0.1)
    assert media.picture_duration_s(path) == pytest.approx(6, abs=0.1)
    assert picture_at(path, 4.0).time_s == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize(
    ("shown_s", "seconds"),
    [
        ([5.0, 5.2, 5.4], [0.0, 0.2, 0.4]),
        ([0.0, 0.2, 0.1, 0.3], [0.0, 0.2, 0.1, 0.3]),
        ([0.0, 2.0, 4.0, 0.0, 2.0], [0.0, 2.0, 4.0, 6.0, 8.0]),
        ([0.0, 0.2, 144_000.0, 144_000.2], [0.0, 0.2, 0.4, 0.6]),
        ([0.0, 0.2, 144_000.0, 0.4, 0.6], [0.0, 0.2, 0.4, 0.6, 0.8]),
        ([0.0, 0.2, 3600.0], [0.0, 0.2, 3600.0]),
    ],
    ids=["starts late", "reordered", "begins again", "40 h ahead", "one wrong time", "an hour of nothing"],
)
def test_a_clock_goes_on_where_it_jumps(shown_s, seconds):
    clock = media.Clock(shown_s[0])
    assert [clock.read(s) for s in shown_s] == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (16, 9), (1920, 2), (2, 64)])
def test_the_smallest_pictures_are_pictures(tmp_path, size):
    width, height = size
    shown = [np.full((height, width, 3), 100, np.uint8)] * 4
    frames = Frames(write_video(tmp_path / "a.gif", shown, codec="gif"), 5)
    assert {f.picture.shape for f in frames} == {(height, width, 3)}
    assert sheet(tmp_path / "a.gif", None, [0.0, 0.5], ()).shape[1] == 1280


def test_the_cover_of_a_song_is_no_picture(tmp_path):
    path = song_with_cover(tmp_path / "a.mp3", card(3))
    recording = media.probe(path)
    assert (recording.channels, recording.size_px) == (1, None)
    assert media.picture_duration_s(path) == 0
    with pytest.raises(media.UnreadableMedia, match="no picture"):
        next(iter(Frames(path, 5)))


def song_with_cover(path, cover):
    import av
    from av.stream import Disposition

    plain = build.encode(
        path.with_name("plain.mp3"), np.stack([build.tone(1, 44100)]), "libmp3lame", 44100, "mono"
    )
    with av.open(str(path), "w") as container, av.open(str(plain)) as song:
        sound = container.add_stream_from_template(song.streams.audio[0])
        image = container.add_stream("mjpeg", rate=1)
        image.height, image.width = cover.shape[:2]
        image.pix_fmt, image.disposition = "yuvj420p", Disposition.attached_pic
        container.mux(image.encode(av.VideoFrame.from_ndarray(cover, format="rgb24")))
        container.mux(image.encode(None))
        for packet in song.demux(song.streams.audio[0]):
            if packet.size:
                packet.stream = sound
                container.mux(packet)
    return path


def test_a_whole_video_has_no_caveat(tmp_path):
    frames = Frames(write_video(tmp_path / "a.mp4", [card(1)] * 5), 5)
    assert len(list(frames)) == 5
    assert frames.caveat == ""


def test_sound_alone_has_no_picture(tmp_path):
    path = build.write_wav(tmp_path / "a.wav", build.tone(1))
    with pytest.raises(media.UnreadableMedia, match="no picture"):
        next(iter(Frames(path, 5)))


def test_a_video_cut_off_in_its_first_frame_is_refused(tmp_path):
    path = write_video(
        tmp_path / "a.avi", [np.random.default_rng(0).integers(0, 255, (96, 128, 3), np.uint8)]
    )
    content = path.read_bytes()
    start = content.index(b"movi")
    path.write_bytes(content[: start + 20] + bytes(len(content) - start - 20))
    with pytest.raises(media.UnreadableMedia, match="frame|recording"):
        list(Frames(path, 5))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.gif"])
@pytest.mark.parametrize(
    ("time_s", "number"), [(0.0, 0), (0.2, 1), (1.0, 5), (1.9, 10), (3.8, 19), (3.9, 19), (99.0, 19)]
)
def test_the_picture_at_a_time_is_the_first_from_then_on_or_the_last(tmp_path, name, time_s, number):
    codec = "gif" if name.endswith("gif") else "mpeg4"
    path = write_video(tmp_path / name, [card(n) for n in range(20)], fps=5, codec=codec)
    found = picture_at(path, time_s)
    assert numbers([found]) == [number]
    assert found.time_s == pytest.approx(number / 5, abs=0.02)


def test_the_picture_at_a_time_of_a_phone_is_upright(tmp_path):
    lying = np.ascontiguousarray(np.rot90(card(5), -1))
    found = picture_at(write_video(tmp_path / "a.mp4", [lying] * 9, turned_deg=90), 1.0)
    assert found.picture.shape == (48, 64, 3)
    assert found.picture[3, 32, 0] > 180 and found.picture[3, 32, 1] < 90


def test_there_is_no_picture_at_a_time_of_sound(tmp_path):
    path = build.write_wav(tmp_path / "a.wav", build.tone(1))
    with pytest.raises(media.UnreadableMedia, match="no picture"):
        picture_at(path, 0.5)
