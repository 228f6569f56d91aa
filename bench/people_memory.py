"""How much memory seeing people takes over a long video.

    bench/people_memory.py VIDEO [--minutes 60] [--frames-per-s 5] [--json]

The packets of the video are repeated, unchanged, until it is so long; then everybody in it is perceived, as
an audit does. `minutes_mb` is the resident memory (VmRSS) after each minute of video, `peak_mb` the greatest
ever; `mb_per_minute` is how fast it grows, by a straight line through the minutes after the first sixth, and
`people_mb_per_minute` how much of that are the people found, which are kept until the end. Each minute is
also written to the standard error as it comes.
"""

import argparse
import json
import resource
import sys
import tempfile
from pathlib import Path

import av
import msgspec
import numpy as np
import psutil

from models.observations import People
from models.people import perceive_people

MB = 1e6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("video", type=Path)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--frames-per-s", type=float, default=5.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    minutes_mb: list[float] = []
    own = psutil.Process()

    def note(done_s: float, _: float) -> None:
        while done_s >= 60 * (len(minutes_mb) + 1) - 1 / arguments.frames_per_s:
            minutes_mb.append(round(own.memory_info().rss / MB, 1))
            print(f"minute {len(minutes_mb)}: {minutes_mb[-1]} MB", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        long = repeated(arguments.video, Path(folder), 60 * arguments.minutes)
        people = perceive_people(long, frames_per_s=arguments.frames_per_s, progress=note)
    settled = minutes_mb[len(minutes_mb) // 6 :]
    slope = float(np.polyfit(range(len(settled)), settled, 1)[0]) if len(settled) > 1 else None
    figures = {
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MB, 1),
        "mb_per_minute": None if slope is None else round(slope, 2),
        "people_mb_per_minute": round(size_mb(people) / float(people.times_s[-1]) * 60, 2),
        "frames": len(people.times_s),
        "tracks": len(people.tracks),
        "minutes_mb": minutes_mb,
    }
    print(json.dumps(figures) if arguments.json else figures)


def repeated(video: Path, folder: Path, seconds: float) -> Path:
    """A video of that many seconds and at most one pass more in `folder`: the picture again and again."""
    long = folder / f"long{video.suffix}"
    with av.open(str(long), "w") as target:
        stream = None
        shift = passed = 0
        while not stream or passed * stream.time_base < seconds:
            with av.open(str(video)) as source:
                picture = source.streams.video[0]
                first = picture.start_time or 0
                stream = stream or target.add_stream_from_template(picture)
                stream.time_base = picture.time_base
                for packet in source.demux(picture):
                    if packet.pts is None or packet.dts is None:
                        continue
                    packet.pts, packet.dts = packet.pts - first + shift, packet.dts - first + shift
                    passed = max(passed, packet.pts + (packet.duration or 0))
                    packet.stream = stream
                    target.mux(packet)
                if passed == shift:
                    raise SystemExit(f"{video}: no picture; give a video")
                shift = passed
    return long


def size_mb(people: People) -> float:
    """What everybody's sightings take."""
    values = (value for track in people.tracks for value in msgspec.structs.asdict(track).values())
    return sum(value.nbytes for value in values if isinstance(value, np.ndarray)) / MB


if __name__ == "__main__":
    main()
