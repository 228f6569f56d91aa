"""Media files: what they are, and their sound. Decoded by PyAV (FFmpeg)."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from models.errors import ComportError
from models.observations import Recording
from models.sound import RATE_HZ, Sound, SoundWriter

if TYPE_CHECKING:
    import av
    import av.container

MAX_CHANNELS = 2
"""One party per channel: more channels are a microphone array or a film, not a service call."""

FORMATS = (
    "wav,w64,mp3,aac,ogg,flac,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,avi,asf,amr,au,aiff,caf,"
    "mpegts,mpeg,flv,gif,ac3,wv,tta,ape,mulaw,alaw,gsm,g722,g729"
)
"""The containers that are read. FFmpeg's playlists (concat, hls, dash) open other files and stay out."""

SHORTEST_S = 0.1
"""Below this there is not one phoneme to hear (10 analysis frames of 10 ms)."""


class UnreadableMedia(ComportError):
    """A media file cannot be opened, decoded, or holds no usable sound."""

    def __init__(self, path: str, found: str, expected: str) -> None:
        super().__init__(path, found, expected)
        self.path, self.found, self.expected = path, found, expected

    def __str__(self) -> str:
        return f"{self.path}: {self.found}; {self.expected}"


def digest_file(path: Path) -> str:
    """The SHA-256 of the file's bytes, as hex.

    Raises:
        UnreadableMedia: the file is missing or may not be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableMedia(
            str(path), error.strerror or str(error), "give a file that exists and may be read"
        ) from error


def probe(path: Path) -> Recording:
    """What the file holds, from its headers. These may lie about `duration_s` (0: unsaid); `decode` does not.

    Raises:
        UnreadableMedia: empty, not media, without sound, or with more than `MAX_CHANNELS` channels.
    """
    identity = digest_file(path)
    with _opened(path) as container:
        if not container.streams.audio:
            raise UnreadableMedia(str(path), "no sound track", "give a recording with sound")
        audio = container.streams.audio[0]
        channels = audio.codec_context.channels
        if not 1 <= channels <= MAX_CHANNELS:
            raise UnreadableMedia(
                str(path),
                f"{channels} sound channels",
                f"expected 1 or {MAX_CHANNELS}, one party each: export agent and customer as one file",
            )
        duration_s = 0.0
        if audio.duration is not None and audio.time_base is not None:
            duration_s = float(audio.duration * audio.time_base)
        elif container.duration is not None:
            duration_s = container.duration / 1_000_000
        fps: float | None = None
        size_px: tuple[int, int] | None = None
        if container.streams.video:
            video = container.streams.video[0]
            fps = float(video.average_rate) if video.average_rate else None
            size_px = (video.codec_context.width, video.codec_context.height)
        return Recording(
            identity,
            round(duration_s, 3),
            channels,
            audio.codec_context.sample_rate,
            audio.codec_context.name,
            fps,
            size_px,
        )


class Decoded(NamedTuple):
    """The sound, and a sentence about what could not be decoded."""

    sound: Sound
    caveat: str


def decode(path: Path, rate_hz: int = RATE_HZ) -> Decoded:
    """The sound at `rate_hz`, each frame at its own time: where the track has nothing there is silence.

    A file that ends in the middle of a packet gives what came before it; damaged packets are counted.

    Raises:
        UnreadableMedia: nothing, or less than `SHORTEST_S`, could be decoded.
    """
    import av
    import av.error

    damaged = 0
    reason = ""
    with _opened(path) as container:
        stream = container.streams.audio[0]
        layout = "stereo" if stream.codec_context.channels == 2 else "mono"
        joined = _Joined(rate_hz, layout, (container.start_time or 0) / av.time_base)
        packets = container.demux(stream)
        while True:
            try:
                for frame in next(packets).decode():
                    joined.add(frame)
            except (StopIteration, av.error.EOFError):
                break
            except av.error.InvalidDataError as error:
                damaged, reason = damaged + 1, str(error)
            except (av.error.FFmpegError, ValueError) as error:
                reason = str(error)
                break
        sound = joined.finish()
    if sound.duration_s < SHORTEST_S:
        raise UnreadableMedia(
            str(path),
            f"{sound.duration_s:.2f} s of sound could be decoded" + (f" ({reason})" if reason else ""),
            f"expected at least {SHORTEST_S} s: check that the recording was exported whole",
        )
    # The last packet of a cut file is always broken; only more than that can move the times.
    caveat = (
        ""
        if damaged <= 1
        else f"The recording is damaged in {damaged} places: times after them may be early."
    )
    return Decoded(sound, caveat)


class _Joined:
    """Frames resampled and laid one after the other, with silence where the recording has none."""

    def __init__(self, rate_hz: int, layout: str, start_s: float) -> None:
        self._rate_hz, self._layout, self._start_s = rate_hz, layout, start_s
        self._sound = SoundWriter(2 if layout == "stereo" else 1, rate_hz)
        self._form: tuple[Any, ...] = ()
        self._resampler: Any = None

    def add(self, frame: "av.AudioFrame") -> None:
        import av

        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form != self._form:
            self._flush()
            self._form = form
            self._resampler = av.AudioResampler(format="s16p", layout=self._layout, rate=self._rate_hz)
        if frame.time is not None:
            at = round((frame.time - self._start_s) * self._rate_hz)
            silent = at - self._sound.length
            if GAP_S * self._rate_hz < silent < LONGEST_GAP_S * self._rate_hz:
                self._flush()
                self._resampler = av.AudioResampler(format="s16p", layout=self._layout, rate=self._rate_hz)
                self._sound.add_silence(silent)
        for resampled in self._resampler.resample(frame):
            self._sound.add(resampled.to_ndarray())

    def finish(self) -> Sound:
        self._flush()
        return self._sound.finish()

    def _flush(self) -> None:
        for resampled in self._resampler.resample(None) if self._resampler else ():
            self._sound.add(resampled.to_ndarray())


GAP_S = 0.1
"""Smaller gaps between timestamps are the encoders' own padding (an AAC frame at 16 kHz lasts 64 ms)."""

LONGEST_GAP_S = 12 * 3600
"""A timestamp that jumps further is a broken clock: a working day is the longest recording expected."""


def _opened(path: Path) -> "av.container.InputContainer":
    import av
    import av.error

    try:
        if path.stat().st_size == 0:
            raise UnreadableMedia(str(path), "an empty file", "expected a recording: copy it again")
        allowed = {"format_whitelist": FORMATS}
        opened: Any = av.open(str(path), mode="r", metadata_errors="ignore", options=allowed)
        return opened  # type: ignore[no-any-return]
    except av.error.FFmpegError as error:
        raise UnreadableMedia(
            str(path),
            f"not a recording that FFmpeg can read ({error.strerror})",
            "expected wav, mp3, m4a, ogg, opus, flac, mp4 or the like",
        ) from error
    except OSError as error:
        raise UnreadableMedia(
            str(path), error.strerror or str(error), "give a file that exists and may be read"
        ) from error
