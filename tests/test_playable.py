"""Every kind of recording plays in a real browser: as it is, or as the copy that is served in its place."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from audit.store import open_store
from audit.users import add_user
from models.media import probe
from models.playable import unplayable
from tests import build
from tests.copying import copied
from tests.serving import CHROMIUM, enter, served
from tests.test_web import PASSWORD, keep_call, keep_video
from web import create_app

SECONDS, FPS, SIZE_PX = 2, 25, (352, 288)

KINDS = [
    # file, codec and pixels of the picture, codec and rate of the sound; because of what browsers get a copy
    ("h264-aac.mp4", ("libx264", "yuv420p"), ("aac", 48000), ""),
    ("h264-mp3.mp4", ("libx264", "yuv420p"), ("libmp3lame", 44100), ""),
    ("h264-silent.mp4", ("libx264", "yuv420p"), None, ""),
    ("h264-444.mp4", ("libx264", "yuv444p"), ("aac", 48000), "h264"),
    ("h264-10-bit.mp4", ("libx264", "yuv420p10le"), ("aac", 48000), "h264"),
    ("h264-ac3.mp4", ("libx264", "yuv420p"), ("ac3", 48000), "ac3"),
    # Chromium plays its sound and shows no picture, and tells of no error.
    ("hevc-aac.mp4", ("libx265", "yuv420p"), ("aac", 48000), "hevc"),
    ("hevc-silent.mp4", ("libx265", "yuv420p"), None, "hevc"),
    ("hevc-opus.mkv", ("libx265", "yuv420p"), ("libopus", 48000), "opus"),
    ("mpeg4-aac.mp4", ("mpeg4", "yuv420p"), ("aac", 48000), "mpeg4"),
    ("av1-opus.mp4", ("libsvtav1", "yuv420p"), ("libopus", 48000), ""),
    ("av1-opus.webm", ("libsvtav1", "yuv420p"), ("libopus", 48000), ""),
    ("vp9-opus.webm", ("libvpx-vp9", "yuv420p"), ("libopus", 48000), ""),
    ("vp9-opus.mp4", ("libvpx-vp9", "yuv420p"), ("libopus", 48000), ""),
    ("vp8-opus.webm", ("libvpx", "yuv420p"), ("libopus", 48000), ""),
    ("vp8-opus.mkv", ("libvpx", "yuv420p"), ("libopus", 48000), "opus"),
    ("h264-aac.mkv", ("libx264", "yuv420p"), ("aac", 48000), "aac"),
    ("h264-aac.mov", ("libx264", "yuv420p"), ("aac", 48000), "aac"),
    ("h264-mp3.avi", ("libx264", "yuv420p"), ("libmp3lame", 44100), "mp3float"),
    ("h264-aac.ts", ("libx264", "yuv420p"), ("aac", 48000), "aac"),
    ("h264-aac.flv", ("libx264", "yuv420p"), ("aac", 44100), "aac"),
    ("mpeg4-mp3.avi", ("mpeg4", "yuv420p"), ("libmp3lame", 44100), "mp3float"),
    ("mpeg4-ulaw.avi", ("mpeg4", "yuv420p"), ("pcm_mulaw", 8000), "pcm_mulaw"),
    ("mjpeg-pcm.avi", ("mjpeg", "yuvj420p"), ("pcm_s16le", 16000), "pcm_s16le"),
    ("mpeg2-mp2.mpg", ("mpeg2video", "yuv420p"), ("mp2", 48000), "mp2"),
    ("prores-pcm.mov", ("prores", "yuv422p10le"), ("pcm_s16le", 48000), "pcm_s16le"),
    ("wmv2-wma2.wmv", ("wmv2", "yuv420p"), ("wmav2", 44100), "wmav2"),
    ("h263-amr.3gp", ("h263", "yuv420p"), ("libopencore_amrnb", 8000), "amrnb"),
    ("pcm.wav", None, ("pcm_s16le", 8000), ""),
    ("ulaw.wav", None, ("pcm_mulaw", 8000), "pcm_mulaw"),
    ("alaw.wav", None, ("pcm_alaw", 8000), "pcm_alaw"),
    ("g722.wav", None, ("g722", 16000), "g722"),
    ("adpcm.wav", None, ("adpcm_ima_wav", 8000), "adpcm_ima_wav"),
    ("g729.g729", None, ("g729", 8000), "g729"),
    ("amr.amr", None, ("libopencore_amrnb", 8000), "amrnb"),
    ("alac.m4a", None, ("alac", 44100), "alac"),
    ("aac.m4a", None, ("aac", 44100), ""),
    ("mp3.mp3", None, ("libmp3lame", 44100), ""),
    ("opus.opus", None, ("libopus", 48000), ""),
    ("flac.flac", None, ("flac", 44100), ""),
    # A name that tells of another container than there is.
    ("really-mkv.mp4", ("libx264", "yuv420p"), ("aac", 48000), "aac"),
]

MONO = {"libopencore_amrnb", "g722"}

PLAYED = """async address => {
  const media = document.createElement('video')
  media.src = address
  media.muted = true
  document.body.append(media)
  const said = await new Promise(done => {
    media.onloadeddata = () => done('')
    media.onerror = () => done(media.error.message)
    setTimeout(() => done('nothing came'), 20000)
  })
  const heard = () => media.webkitAudioDecodedByteCount
  const shown = () => media.webkitDecodedFrameCount
  await media.play().catch(() => undefined)
  for (let n = 0; n < 200 && !media.ended && media.currentTime < 0.8; n++)
    await new Promise(done => setTimeout(done, 50))
  const found = {said, width: media.videoWidth, shown: shown(), heard: heard(), seconds: media.duration}
  media.remove()
  return found
}"""
"""Plays what lies at an address for a while, without a sound, and tells what the browser decoded."""


def encoded(folder: Path, name: str, picture, sound) -> Path:
    """A recording of a moving bar and a tone."""
    path = folder / name
    if name.endswith(".g729"):
        # No encoder is at hand: any ten bytes are a frame of 10 ms.
        path.write_bytes(np.random.default_rng(1).bytes(10 * 100 * SECONDS))
        return path
    form = "matroska" if name.startswith("really-mkv") else None
    with av.open(str(path), "w", format=form) as container:
        shown = heard = None
        if picture:
            shown = container.add_stream(picture[0], rate=FPS)
            (shown.width, shown.height), shown.pix_fmt = SIZE_PX, picture[1]
        if sound:
            codec, rate_hz = sound
            layout = "mono" if codec in MONO else "stereo"
            heard = container.add_stream(codec, rate=rate_hz, layout=layout)
            if codec == "wmav2":
                heard.bit_rate = 128_000
        for packet in (*_frames(shown), *_tone(heard, sound)):
            container.mux(packet)
    return path


def _frames(stream):
    packets = []
    for number in range(SECONDS * FPS if stream else 0):
        picture = np.full((SIZE_PX[1], SIZE_PX[0], 3), 60, np.uint8)
        picture[:, 4 * number : 4 * number + 20] = (220, 40, 40)
        frame = av.VideoFrame.from_ndarray(picture, "rgb24")
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        packets += stream.encode(frame)
    return packets + (stream.encode(None) if stream else [])


def _tone(stream, sound):
    if not stream:
        return []
    codec, rate_hz = sound
    layout = "mono" if codec in MONO else "stereo"
    samples = build.tone(SECONDS, rate_hz).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(
        np.stack([samples] * (1 if layout == "mono" else 2)), format="fltp", layout=layout
    )
    frame.sample_rate = rate_hz
    form = stream.codec_context.format
    size = stream.codec_context.frame_size
    resampler = av.AudioResampler(format=form, layout=layout, rate=rate_hz, frame_size=size)
    pieces = (*resampler.resample(frame), *resampler.resample(None), None)
    return [packet for piece in pieces for packet in stream.encode(piece)]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """A store with a recording of each kind: (store, name → interaction)."""
    folder = tmp_path_factory.mktemp("kinds")
    store, found = open_store(folder / "home"), {}
    add_user(store, "ana", PASSWORD)
    for name, picture, sound, _ in KINDS:
        path = encoded(folder, name, picture, sound)
        if sound:
            channels = range(probe(path).channels)
            found[name] = keep_call(store, folder, path, name, channels=tuple(channels))
        else:
            found[name] = keep_video(store, folder, path, name, watched=False)
    return store, found


@pytest.fixture(scope="module")
def page(recordings, chromium):
    """A window of somebody who has logged in."""
    with served(create_app(recordings[0])) as site:
        context = chromium.new_context()
        page = context.new_page()
        enter(page, f"{site}/interactions", "ana", PASSWORD)
        page.wait_for_selector("table.list")
        yield page
        context.close()


@pytest.mark.parametrize(("name", "because"), [(name, because) for name, _, _, because in KINDS])
def test_which_browsers_play_is_told_by_the_file(recordings, name, because):
    store, found = recordings
    one = found[name]
    assert unplayable(Path(one.path), store.recording(one.recording)) == because


@pytest.mark.chromium
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install the system's package 'chromium'")
@pytest.mark.parametrize(
    ("name", "picture", "sound", "because"), [pytest.param(*kind, id=kind[0]) for kind in KINDS]
)
def test_what_is_served_plays_with_picture_and_sound(recordings, page, name, picture, sound, because):
    store, found = recordings
    one = found[name]
    assert (str(copied(store, one)) == one.path) is (not because)
    told = page.evaluate(PLAYED, f"/interactions/{one.id}/media")
    assert told["said"] == ""
    assert told["seconds"] == pytest.approx(SECONDS, abs=0.3)
    assert (told["width"] > 0, told["shown"] > 0) == (bool(picture), bool(picture))
    assert (told["heard"] > 0) is bool(sound)
