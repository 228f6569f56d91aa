"""Media files: what they are, and their sound as arrays. Decoded by PyAV (FFmpeg)."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.errors import ComportError
from models.observations import Recording

if TYPE_CHECKING:
    import av.container

RATE_HZ = 16_000
"""The rate every engine here listens at (Whisper, Silero and PocketSphinx's US English model)."""

MAX_CHANNELS = 2
"""One party per channel: more channels are a microphone array or a film, not a service call."""

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
    """What the file holds, from its headers; `duration_s` is 0 where the header does not say.

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


def samples(path: Path, rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    """The sound as float32 of shape `(channels, n)` in -1..1 at `rate_hz`.

    A file that ends in the middle of a packet gives what could be decoded before it.

    Raises:
        UnreadableMedia: nothing, or less than `SHORTEST_S`, could be decoded.
    """
    import av
    import av.error

    blocks: list[NDArray[np.float32]] = []
    broken = ""
    with _opened(path) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(
            format="fltp", layout="stereo" if stream.codec_context.channels == 2 else "mono", rate=rate_hz
        )
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
                for frame in packet.decode():
                    blocks += [np.asarray(f.to_ndarray(), np.float32) for f in resampler.resample(frame)]
            except (StopIteration, av.error.EOFError):
                break
            except av.error.FFmpegError as error:
                # One damaged packet is skipped; the decoder goes on with the next.
                broken = str(error)
                if not isinstance(error, av.error.InvalidDataError):
                    break
        blocks += [np.asarray(f.to_ndarray(), np.float32) for f in resampler.resample(None)] if blocks else []
    sound = np.concatenate(blocks, axis=1) if blocks else np.zeros((1, 0), np.float32)
    if sound.shape[1] < SHORTEST_S * rate_hz:
        raise UnreadableMedia(
            str(path),
            f"{sound.shape[1] / rate_hz:.2f} s of sound could be decoded"
            + (f" ({broken})" if broken else ""),
            f"expected at least {SHORTEST_S} s: check that the recording was exported whole",
        )
    return sound


ALIKE = 1e-4
"""Two channels whose difference holds less than this share of their energy (-40 dB) carry the same sound:
below the noise that mp3 at 128 kbit/s adds to each."""


def distinct(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """`sound`, shape `(channels, n)`, as one channel when both carry the same and tell no parties apart."""
    if len(sound) == 1:
        return sound
    left, right = sound
    if float(np.sum((left - right) ** 2)) <= ALIKE * float(np.sum(left**2) + np.sum(right**2)):
        return sound[:1]
    return sound


def peaks(sound: NDArray[np.float32], per_s: int, rate_hz: int = RATE_HZ) -> NDArray[np.int8]:
    """The loudest sample of each step, shape `(channels, n)`, 0..127, `per_s` steps a second."""
    step = rate_hz // per_s
    whole = sound.shape[1] - sound.shape[1] % step
    loudest = np.abs(sound[:, :whole]).reshape(sound.shape[0], -1, step).max(axis=2, initial=0.0)
    return np.asarray(np.round(np.clip(loudest, 0, 1) * 127), np.int8)


def _opened(path: Path) -> "av.container.InputContainer":
    import av
    import av.error

    try:
        if path.stat().st_size == 0:
            raise UnreadableMedia(str(path), "an empty file", "expected a recording: copy it again")
        opened: Any = av.open(str(path), mode="r", metadata_errors="ignore")
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
