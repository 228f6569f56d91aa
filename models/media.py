"""Media files: what they are, and their sound. Decoded by PyAV (FFmpeg)."""

import hashlib
from collections.abc import Callable
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

    A video without sound has no channels, sound without a picture no `size_px`.

    Raises:
        UnreadableMedia: empty, not media, without sound and picture, or with more channels than can be told
            apart (`MAX_CHANNELS`).
    """
    identity = digest_file(path)
    with opened(path) as container:
        picture = picture_of(container)
        fps: float | None = None
        size_px: tuple[int, int] | None = None
        if picture is not None:
            fps = float(picture.average_rate) if picture.average_rate else None
            size_px = _shown_size(container, picture)
        if not container.streams.audio:
            if picture is None:
                raise UnreadableMedia(
                    str(path), "neither a sound track nor a picture", "give a recording of either"
                )
            duration_s = _header_duration_s(container, picture)
            codec = picture.codec_context.name
            return Recording(identity, round(duration_s, 3), 0, 0, codec, fps, size_px)
        audio = container.streams.audio[0]
        channels = audio.codec_context.channels
        if not 1 <= channels <= MAX_CHANNELS:
            raise UnreadableMedia(
                str(path),
                f"{channels} sound channels",
                f"expected 1 or {MAX_CHANNELS}, one party each: export agent and customer as one file",
            )
        return Recording(
            identity,
            round(_header_duration_s(container, audio), 3),
            channels,
            audio.codec_context.sample_rate,
            audio.codec_context.name,
            fps,
            size_px,
        )


def _header_duration_s(container: "av.container.InputContainer", stream: Any) -> float:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return container.duration / 1_000_000 if container.duration is not None else 0.0


class Clock:
    """A file's clock that goes on where it jumps back (recordings put one behind the other) or further ahead
    than `LONGEST_GAP_S`: what follows a jump begins where the picture before it ended, as the sound does."""

    def __init__(self, start_s: float) -> None:
        self.start_s = start_s
        """What the clock shows at second 0."""
        self._last_s = 0.0
        self._usual_s = 0.0

    def read(self, shown_s: float) -> float:
        """Seconds from the beginning at which the clock shows this."""
        step_s = shown_s - self.start_s - self._last_s
        if not -JUMP_S <= step_s <= LONGEST_GAP_S:
            step_s = self._usual_s
            self.start_s = shown_s - self._last_s - step_s
        elif step_s > 0:
            self._usual_s = step_s
        self._last_s += step_s
        return self._last_s


def picture_duration_s(path: Path) -> float:
    """When the last frame of the picture ends, whatever the header says, without decoding it; 0 without one.

    Raises:
        UnreadableMedia: the file cannot be read.
    """
    import av
    import av.error

    with opened(path) as container:
        stream = picture_of(container)
        clock = Clock((container.start_time or 0) / av.time_base)
        last_s = 0.0
        try:
            for packet in container.demux(stream) if stream else ():
                if packet.pts is not None and packet.time_base is not None:
                    # Decoding times rise where those of pictures are out of order.
                    decoded = packet.pts if packet.dts is None else packet.dts
                    clock.read(float(decoded * packet.time_base))
                    end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                    last_s = max(last_s, end_s - clock.start_s)
        except av.error.FFmpegError:
            pass  # What follows a broken place cannot be seen either.
        return round(last_s, 3)


def jumps(path: Path, container: "av.container.InputContainer") -> bool:
    """Whether the clock jumps inside the file, or its pictures are `unordered`, so that a time cannot be
    sought in it. Only in the streams of MPEG, which may be put one behind the other, is the clock asked."""
    if unordered(container, picture_of(container)):
        return True
    if container.format.name not in ("mpegts", "mpeg") or container.duration is None:
        return False
    return abs(picture_duration_s(path) - container.duration / 1_000_000) > JUMP_S


def unordered(container: "av.container.InputContainer", stream: "av.VideoStream | None") -> bool:
    """Whether the times of pictures are those of their decoding, another order than that in which they are
    shown: AVI has no others, and its pictures may refer to later ones."""
    return container.format.name == "avi" and stream is not None and stream.codec_context.has_b_frames


def picture_of(container: "av.container.InputContainer") -> "av.VideoStream | None":
    """The first video track, None for sound alone; the cover of a song is none."""
    from av.stream import Disposition

    moving = (s for s in container.streams.video if not s.disposition & Disposition.attached_pic)
    return next(moving, None)


def _shown_size(container: "av.container.InputContainer", stream: "av.VideoStream") -> tuple[int, int]:
    """Width and height as shown: how a phone was held stands in the first frame only."""
    import av.error

    try:
        for frame in container.decode(stream):
            return shown_size(frame, stream)
    except (av.error.FFmpegError, ValueError):
        pass  # What cannot be decoded is told when somebody wants to see it.
    return stream.codec_context.width, stream.codec_context.height


def shown_size(frame: "av.VideoFrame", stream: "av.VideoStream") -> tuple[int, int]:
    """Width and height of a frame with square pixels and upright."""
    aspect = stream.sample_aspect_ratio
    width = round(frame.width * float(aspect)) if aspect else frame.width
    return (frame.height, width) if frame.rotation % 180 else (width, frame.height)


class Decoded(NamedTuple):
    """The sound, and a sentence about what could not be decoded."""

    sound: Sound
    caveat: str


def decode(path: Path, rate_hz: int = RATE_HZ, told: Callable[[float], None] | None = None) -> Decoded:
    """The sound at `rate_hz`, each frame at its own time: where the track has nothing there is silence.

    A file that ends in the middle of a packet gives what came before it; damaged packets are counted.
    `told` gets the seconds decoded, after each packet; what it raises ends the decoding.

    Raises:
        UnreadableMedia: nothing, or less than `SHORTEST_S`, could be decoded.
    """
    import av
    import av.error

    damaged = 0
    reason = ""
    with opened(path) as container:
        if not container.streams.audio:
            raise UnreadableMedia(str(path), "no sound track", "give a recording with sound")
        stream = container.streams.audio[0]
        layout = "stereo" if stream.codec_context.channels == 2 else "mono"
        joined = _Joined(rate_hz, layout, (container.start_time or 0) / av.time_base)
        packets = container.demux(stream)
        while True:
            try:
                for frame in next(packets).decode():
                    joined.add(frame)
                if told is not None:
                    told(joined.duration_s)
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

    @property
    def duration_s(self) -> float:
        """Of what was added."""
        return self._sound.length / self._rate_hz

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

JUMP_S = 1.0
"""A clock that goes back by less repeats or reorders frames; by more another recording begins."""

LONGEST_GAP_S = 12 * 3600
"""A timestamp that jumps further is a broken clock: a working day is the longest recording expected."""


def opened(path: Path) -> "av.container.InputContainer":
    """The file, opened for reading.

    Raises:
        UnreadableMedia: it is missing, empty or no recording.
    """
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
