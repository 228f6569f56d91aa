"""Copies of recordings that are silent over stretches of time, and whose picture may be painted over."""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.errors import ComportError
from models.frames import Frame, Frames
from models.media import decode, jumps, opened, picture_of
from models.observations import Recording, Span
from models.playable import copied_to_mp4
from models.sound import Sound

if TYPE_CHECKING:
    import av
    import av.container

TONE_HZ, TONE = 1000, 0.1
"""The tone that may stand for silence: 1 kHz, 20 dB below full scale, with which broadcasters line up their
levels (SMPTE RP 155)."""

BLOCK_S = 1.0
"""Sound is written in pieces of this length, so that picture and sound lie side by side in the file."""

VIDEO_RATE_HZ = 48_000
"""The rate of the sound beside a picture: the usual one of video."""

QUALITY = "20"
"""H.264's constant rate factor of pictures made anew: a little better than x264's own 23."""

TICKS_HZ = 1000
"""Pictures made anew have times to the millisecond."""

Paint = Callable[[Frame], None]
"""Paints over the picture of a frame where it lies."""

PART = ".part-"

Told = Callable[[float], None]
"""Gets how much of a copy is made, 0 to 1, some times a second; what it raises ends the making."""

DECODED_SHARE, DECODED_SHARE_OF_VIDEO = 0.5, 0.1
"""How much of the making the decoding of the sound is, alone and beside a picture: about what it takes."""


class CopyUnsaved(ComportError):
    """A copy of a recording could not be written, usually because the disk is full."""

    def __init__(self, path: str, found: str) -> None:
        super().__init__(path, found)
        self.path, self.found = path, found

    def __str__(self) -> str:
        return (
            f"{self.path}: the copy cannot be written ({self.found}); make room or mend the folder's rights"
        )


def suffix(recording: Recording) -> str:
    """How the name of a copy ends: sound becomes FLAC, which loses nothing, a video MP4."""
    return ".flac" if recording.size_px is None else ".mp4"


def write_muted(
    path: Path,
    source: Path,
    recording: Recording,
    silences: Sequence[Span],
    tone: bool = False,
    paint: Paint | None = None,
    told: Told = lambda _share: None,
) -> None:
    """Writes a copy of `source` to `path` (named with `suffix`), whole or not at all, for its owner alone.

    All channels are silent during `silences` (in order, not overlapping), or carry a tone: a voice leaks into
    the other channel. The other sound of recordings without a picture is what it was, sample for sample at
    16 bits. With `paint` every picture is made anew. What a killed process leaves of a copy is named as it,
    with `PART` behind.

    Raises:
        UnreadableMedia: the source cannot be decoded.
        CopyUnsaved: the disk is full or the folder cannot be written.
    """
    import av.error

    part: Path | None = None
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}{PART}", delete=False) as file:
            part = Path(file.name)
        if recording.size_px is None:
            _write_sound(part, source, recording, silences, tone, told)
        else:
            _write_video(part, source, recording, silences, tone, paint, told)
        # Else a power failure might leave a whole name with half a copy.
        with part.open("rb") as file:
            os.fsync(file.fileno())
        told(1.0)
        part.replace(path)
    except (OSError, av.error.FFmpegError) as error:
        raise CopyUnsaved(str(path), error.strerror or str(error)) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def muted(
    block: NDArray[np.float32], start_s: float, rate_hz: int, silences: Iterable[Span], tone: bool = False
) -> NDArray[np.float32]:
    """The samples (channels, n) that begin at `start_s`, with silence or a tone where there shall be none."""
    done = block.copy()
    for one in silences:
        first = max(0, round((one.start_s - start_s) * rate_hz))
        end = min(block.shape[1], round((one.end_s - start_s) * rate_hz))
        if first >= end:
            continue
        done[:, first:end] = 0.0
        if tone:
            times_s = start_s + np.arange(first, end) / rate_hz
            done[:, first:end] = TONE * np.sin(2 * np.pi * TONE_HZ * times_s)
    return done


class _Track:
    """The sound of a copy: written as far as the picture has come."""

    def __init__(
        self,
        container: "av.container.OutputContainer",
        codec: str,
        sound: Sound,
        silences: Sequence[Span],
        tone: bool,
        told: Told = lambda _done_s: None,
    ) -> None:
        self._container, self._sound, self._told = container, sound, told
        self._layout = "stereo" if sound.channels == 2 else "mono"
        self._stream: Any = container.add_stream(codec, rate=sound.rate_hz, layout=self._layout)
        self._blocks = (
            (start_s, muted(block, start_s, sound.rate_hz, silences, tone))
            for start_s, block in sound.blocks(BLOCK_S)
        )
        self._written_s = 0.0

    def write(self, until_s: float) -> None:
        import av

        while self._written_s <= until_s:
            start_s, block = next(self._blocks, (0.0, None))
            if block is None:
                return
            whole = np.asarray(np.clip(np.round(block * 32768), -32768, 32767), np.int16)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(whole), "s16p", self._layout)
            frame.sample_rate = self._sound.rate_hz
            frame.time_base = Fraction(1, self._sound.rate_hz)
            frame.pts = round(start_s * self._sound.rate_hz)
            self._container.mux(self._stream.encode(frame))
            self._written_s = start_s + block.shape[1] / self._sound.rate_hz
            self._told(self._written_s)

    def finish(self) -> None:
        self.write(float("inf"))
        self._container.mux(self._stream.encode(None))


def _write_sound(
    path: Path, source: Path, recording: Recording, silences: Sequence[Span], tone: bool, told: Told
) -> None:
    import av

    heard = _shares(told, recording, 0.0, DECODED_SHARE)
    sound = decode(source, recording.sample_rate_hz, heard).sound
    written = _shares(told, recording, DECODED_SHARE, 1.0)
    with av.open(str(path), "w", format="flac") as container:
        _Track(container, "flac", sound, silences, tone, written).finish()


def _shares(told: Told, recording: Recording, first: float, last: float) -> Told:
    """Tells seconds of a recording as shares from `first` to `last`."""
    length_s = recording.duration_s
    return lambda done_s: told(first + (last - first) * min(1.0, done_s / length_s if length_s else 0.0))


def _write_video(
    path: Path,
    source: Path,
    recording: Recording,
    silences: Sequence[Span],
    tone: bool,
    paint: Paint | None,
    told: Told,
) -> None:
    import av

    first = DECODED_SHARE_OF_VIDEO if recording.channels else 0.0
    sound = (
        decode(source, VIDEO_RATE_HZ, _shares(told, recording, 0.0, first)).sound
        if recording.channels
        else None
    )
    written = _shares(told, recording, first, 1.0)
    # The index goes to the front, so that a player need not read to the end.
    options = {"movflags": "+faststart"}
    with av.open(str(path), "w", format="mp4", options=options) as container, opened(source) as read:
        picture = picture_of(read)
        copies = paint is None and picture is not None and copied_to_mp4(picture) and not jumps(source, read)
        packets = (
            _copied(container, read, picture)
            if copies and picture is not None
            else _made_anew(container, source, recording, paint)
        )
        track = None
        for time_s, packet in packets:
            if (
                packet is None
            ):  # The picture's stream stands; the sound's has to as well before the first packet.
                track = _Track(container, "aac", sound, silences, tone) if sound else None
                continue
            written(time_s)
            if track:
                track.write(time_s)
            container.mux(packet)
        if track:
            track.finish()


Packets = Iterator[tuple[float, Any]]
"""(time in seconds, packet) of the picture; the first has None for a packet, once the stream is there."""


def _copied(
    container: "av.container.OutputContainer",
    read: "av.container.InputContainer",
    picture: "av.VideoStream",
) -> Packets:
    """The pictures as they are, from second 0 on."""
    import av

    stream = container.add_stream_from_template(picture)
    yield 0.0, None
    start_s = (read.start_time or 0) / av.time_base
    for packet in read.demux(picture):
        if packet.pts is None or packet.time_base is None:
            continue  # the last, empty one
        earlier = round(start_s / packet.time_base)
        packet.pts -= earlier
        if packet.dts is not None:
            packet.dts -= earlier
        packet.stream = stream
        yield float(packet.pts * packet.time_base), packet


def _made_anew(
    container: "av.container.OutputContainer", source: Path, recording: Recording, paint: Paint | None
) -> Packets:
    """The pictures upright, with square pixels and painted over, as H.264."""
    import av

    frames = Frames(source, recording.fps or USUAL_FPS)
    stream: Any = None
    for frame in frames:
        if paint is not None:
            paint(frame)
        height, width = (side - side % 2 for side in frame.picture.shape[:2])
        if stream is None:
            stream = container.add_stream("libx264", rate=round(recording.fps or USUAL_FPS))
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.options = {"crf": QUALITY}
            stream.codec_context.time_base = Fraction(1, TICKS_HZ)
            yield 0.0, None
        shown = av.VideoFrame.from_ndarray(
            np.ascontiguousarray(frame.picture[: stream.height, : stream.width]), "rgb24"
        )
        shown.pts = round(frame.time_s * TICKS_HZ)
        shown.time_base = Fraction(1, TICKS_HZ)
        for packet in stream.encode(shown):
            yield frame.time_s, packet
    for packet in stream.encode(None) if stream else ():
        yield frames.duration_s, packet


USUAL_FPS = 25.0
"""The rate of a picture whose file does not say it."""
