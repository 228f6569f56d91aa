"""The pictures of a video at a chosen rate, each at its true time, upright and with square pixels."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.media import (
    LONGEST_GAP_S,
    Clock,
    UnreadableMedia,
    jumps,
    opened,
    picture_of,
    shown_size,
    unordered,
)

if TYPE_CHECKING:
    import av

LONGEST_PX = 1920
"""Pictures are scaled down to this on their longer side: more shows a face of a room no better to the models
(they look at 192 to 256 pixels of each crop), and an 8K frame would take 100 MB."""

_TOLERANCE = 0.02
"""Timestamps are rounded (Matroska: to a millisecond): a frame this share of a step early is in time."""

_STEPS_KEPT = 64
"""Frames are at most 16 out of order (H.264, H.265): more steps than that need not be remembered."""

_ROUNDING = 1e-6
"""Far more than sums of times are wrong by, far less than a step."""


class Frame(NamedTuple):
    """One picture, RGB (h, w, 3); `scale` times its pixels are those of the picture as shown."""

    time_s: float
    picture: NDArray[np.uint8]
    scale: float


@dataclass
class Frames:
    """The frames of a video, decoded one after the other while they are asked for."""

    path: Path
    per_s: float
    size_px: tuple[int, int] = (0, 0)
    """As shown; known from the first frame on."""
    focal_35mm: float | None = None
    """Focal length as on 35 mm film, where a phone wrote it down."""
    duration_s: float = 0.0
    """Time of the last frame that was decoded."""
    _damaged: int = field(default=0, repr=False)

    @property
    def caveat(self) -> str:
        """A sentence about what could not be decoded, once all frames were read."""
        if not self._damaged:
            return ""
        return f"The picture is damaged in {self._damaged} places: what happened there was not seen."

    def __iter__(self) -> Iterator[Frame]:
        """The first frame of each step of 1 / `per_s` seconds.

        Raises:
            UnreadableMedia: there is no picture, or not one frame could be decoded.
        """
        import av

        with opened(self.path) as container:
            stream = picture_of(container)
            if stream is None:
                raise UnreadableMedia(str(self.path), "no picture", "give a video")
            # The models need the other processors.
            stream.thread_type = "NONE"
            start_s = (container.start_time or 0) / av.time_base
            self.focal_35mm = _focal_35mm({**container.metadata, **stream.metadata})
            clock = Clock(start_s)
            last_step = -1
            last_s = -1.0
            usual_s = 1 / float(stream.average_rate) if stream.average_rate else 0.04
            first = 0 if unordered(container, stream) else None
            unwanted = _Unwanted(start_s, self.per_s) if first is None else None
            for frame in self._decoded(container, stream, unwanted):
                at_s = frame.time
                if first is not None and frame.dts is not None and frame.time_base is not None:
                    # They come in the order in which they are shown, the first one late.
                    first = first or frame.dts
                    at_s = start_s + float((frame.dts - first) * frame.time_base)
                time_s = clock.read(at_s) if at_s is not None else last_s + usual_s
                if time_s <= last_s:
                    continue  # a repeated frame
                last_s = self.duration_s = max(0.0, time_s)
                step = int(_place(last_s, self.per_s))
                if step > last_step:
                    last_step = step
                    yield self._upright(frame, stream, last_s)
        if last_step < 0:
            raise UnreadableMedia(
                str(self.path), "no frame could be decoded", "check that the video was exported whole"
            )

    def _decoded(
        self,
        container: "av.container.InputContainer",
        stream: "av.VideoStream",
        unwanted: "_Unwanted | None" = None,
    ) -> Iterator["av.VideoFrame"]:
        import av.error

        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
                if unwanted is not None:
                    skips = not self._damaged and unwanted.holds(packet)
                    stream.codec_context.skip_frame = "NONREF" if skips else "DEFAULT"
                for frame in packet.decode():
                    if frame.is_corrupt:
                        self._damaged += 1
                    else:
                        yield frame
            except (StopIteration, av.error.EOFError):
                return
            except av.error.InvalidDataError:
                self._damaged += 1
            except (av.error.FFmpegError, ValueError):
                self._damaged += 1
                return

    def _upright(self, frame: "av.VideoFrame", stream: "av.VideoStream", time_s: float) -> Frame:
        shown = shown_size(frame, stream)
        self.size_px = self.size_px if any(self.size_px) else shown
        scale = max(1.0, max(shown) / LONGEST_PX)
        width, height = (max(1, round(side / scale)) for side in shown)
        turned = frame.rotation % 360
        across, down = (height, width) if turned % 180 else (width, height)
        picture = np.asarray(frame.reformat(across, down, "rgb24", threads=1).to_ndarray(), np.uint8)
        upright = np.ascontiguousarray(np.rot90(picture, turned // 90))
        return Frame(time_s, upright, self.size_px[0] / width)


class _Unwanted:
    """Which packets come after another one of the same step: nobody looks at their frames, so that they need
    not be decoded where no other frame refers to them.

    Every packet is asked about once, in the order of the file. Where the clock jumps, all are wanted from
    there on.
    """

    def __init__(self, start_s: float, per_s: float) -> None:
        self._start_s, self._per_s = start_s, per_s
        self._first: dict[int, int] = {}
        """The earliest time of the packets of each of the last steps, in units of their clock."""
        self._last: int | None = None
        """When the packet before was to be decoded, in the same units."""
        self._jumped = False

    def holds(self, packet: "av.Packet[av.VideoStream]") -> bool:
        """Whether it is one of them."""
        if packet.pts is None or packet.dts is None or packet.time_base is None:
            return False
        on = 0 if self._last is None else packet.dts - self._last
        self._last = packet.dts
        self._jumped = self._jumped or not 0 <= on * packet.time_base <= LONGEST_GAP_S
        place = _place(float(packet.pts * packet.time_base) - self._start_s, self._per_s)
        # Where two steps meet a rounding error decides.
        if self._jumped or place < 0 or abs(place - round(place)) < _ROUNDING:
            return False
        first = self._first.setdefault(int(place), packet.pts)
        if first < packet.pts:
            return True
        self._first[int(place)] = packet.pts
        if len(self._first) > _STEPS_KEPT:
            del self._first[next(iter(self._first))]
        return False


def _place(time_s: float, per_s: float) -> float:
    """In which step a time is: the whole part."""
    return time_s * per_s + _TOLERANCE


def _focal_35mm(metadata: dict[str, str]) -> float | None:
    """What phones write: Apple's QuickTime key, or the same name of Exif."""
    for key, value in metadata.items():
        if key.lower().replace("_", "").endswith(("focallength.35mmequivalent", "focallengthin35mmfilm")):
            try:
                focal_mm = float(value)
            except ValueError:
                continue
            if 8 <= focal_mm <= 400:
                return focal_mm
    return None


EARLY_S = 0.002
"""Times of observations are rounded to the millisecond: a frame this much earlier is the one meant."""


def picture_at(path: Path, time_s: float) -> Frame:
    """The first frame from a time on; the last one of the video where there is none.

    Raises:
        UnreadableMedia: there is no picture, or not one frame could be decoded.
    """
    return _sought(path, time_s) or _read_through(path, time_s)


def _sought(path: Path, time_s: float) -> Frame | None:
    """The frame by seeking; None where the container cannot be searched."""
    import av
    import av.error

    frames = Frames(path, 1.0)
    with opened(path) as container:
        stream = picture_of(container)
        if stream is None:
            return None
        if jumps(path, container):
            return None
        start_s = (container.start_time or 0) / av.time_base
        try:
            container.seek(max(0, int((time_s + start_s - EARLY_S) * av.time_base)))
        except av.error.FFmpegError:
            return None
        for number, frame in enumerate(frames._decoded(container, stream)):
            if frame.time is None or (number == 0 and frame.time - start_s > time_s + EARLY_S):
                return None
            if frame.time - start_s > time_s + LONGEST_GAP_S:
                return None
            if frame.time - start_s >= time_s - EARLY_S:
                return frames._upright(frame, stream, frame.time - start_s)
    return None


def _read_through(path: Path, time_s: float) -> Frame:
    """The frame by decoding all before it."""
    last: Frame | None = None
    for last in Frames(path, 1000.0):
        if last.time_s >= time_s - EARLY_S:
            break
    if last is None:
        raise UnreadableMedia(str(path), "no picture", "give a video")
    return last
