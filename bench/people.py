"""How fast people are seen, beside the same models alone on the same crops, in the same run.

    bench/people.py VIDEO [--frames-per-s 5] [--most FRAMES] [--turns 3] [--json]

First every input that a model gets is kept. Then everything is done again without keeping anything: decoding,
finding, landmarks, tracks. Then the bare models get the kept inputs, prepared beforehand, on as many threads.
These two take turns, because a machine is not always equally fast, and their times are added up. Both clocks
start when the models are loaded, that of the whole with the first frame done. `realtime_factor` is seconds of
video seen in one second; `cpu_ratio` is the ratio of processor time, which depends less on what else the
machine does.
"""

import argparse
import itertools
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from models import people
from models.detector import Yolox, letterboxed
from models.frames import Frame, Frames
from models.landmarks import BODY, POSE, Landmarkers
from models.tracking import Tracker


class Recorded:
    """A model that keeps what it was given, in the order of frames of its thread."""

    def __init__(self, model: Any, name: str, log: list[tuple[str, Any]]) -> None:
        self._model, self._name, self._log = model, name, log

    def detect(self, *given: Any) -> Any:
        self._log.append((self._name, given))
        return self._model.detect(*given)

    def close(self) -> None:
        self._model.close()


class Recording(Landmarkers):
    """Landmarkers that keep what their models were given."""

    log: list[tuple[str, Any]] = []

    def __init__(self) -> None:
        super().__init__()
        self.models = {name: Recorded(model, name, self.log) for name, model in self.models.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("video", type=Path)
    parser.add_argument("--frames-per-s", type=float, default=5.0)
    parser.add_argument("--most", type=int, default=300, help="frames at most, kept in memory")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    def frames() -> Iterator[Frame]:
        return itertools.islice(Frames(arguments.video, arguments.frames_per_s), arguments.most)

    workers = [Recording() for _ in range(people.WORKERS)]
    prepared = [letterboxed(frame.picture) for frame, _ in people.sightings(frames(), workers)]
    for worker in workers:
        worker.close()
    log = Recording.log
    count = len(prepared)

    whole, bare = [], []
    for _ in range(arguments.turns):
        whole.append(_whole(frames(), arguments.frames_per_s))
        bare.append(_bare(prepared, log))
    whole_s, whole_cpu_s = np.sum(whole, axis=0) / (count - 1) / arguments.turns
    bare_s, bare_cpu_s = np.sum(bare, axis=0) / count / arguments.turns
    figures = {
        "ratio": round(bare_s / whole_s, 3),
        "frames_per_s": round(1 / whole_s, 2),
        "bare_frames_per_s": round(1 / bare_s, 2),
        "realtime_factor": round(1 / whole_s / arguments.frames_per_s, 2),
        "cpu_ratio": round(bare_cpu_s / whole_cpu_s, 3),
        "cpu_ms_per_frame": round(1000 * whole_cpu_s, 1),
        "frames": count,
        "people_per_frame": round(sum(name in (POSE, BODY) for name, _ in log) / count, 2),
    }
    print(json.dumps(figures) if arguments.json else figures)


def _whole(frames: Iterator[Frame], frames_per_s: float) -> tuple[float, float]:
    """Seconds, and seconds of the processors, that everything takes from the first frame to the last."""
    tracker = Tracker(frames_per_s)
    started_s = started_cpu_s = 0.0
    with people.landmarkers(people.WORKERS) as workers:
        for frame, seen in people.sightings(frames, workers):
            started_s = started_s or time.perf_counter()
            started_cpu_s = started_cpu_s or time.process_time()
            tracker.add(frame.time_s, seen)
        tracker.finish()
        return time.perf_counter() - started_s, time.process_time() - started_cpu_s


def _bare(prepared: list[Any], log: list[tuple[str, Any]]) -> tuple[float, float]:
    """Seconds, and seconds of the processors, that the models take for these inputs of the detector and
    of all others, on as many threads as the whole has."""
    find = Yolox()
    own = threading.local()
    made: list[Landmarkers] = []

    def prepare() -> None:
        own.landmarkers = Landmarkers()
        made.append(own.landmarkers)

    def crop(job: tuple[str, Any]) -> None:
        own.landmarkers.models[job[0]].detect(*job[1])

    with ThreadPoolExecutor(people.WORKERS, initializer=prepare) as pool:
        list(pool.map(crop, log[: 4 * people.WORKERS]))
        started_s, started_cpu_s = time.perf_counter(), time.process_time()
        jobs: list[Any] = [pool.submit(find.run, tensor) for tensor in prepared]
        jobs += [pool.submit(crop, job) for job in log]
        for job in jobs:
            job.result()
        bare_s, bare_cpu_s = time.perf_counter() - started_s, time.process_time() - started_cpu_s
    for one in made:
        one.close()
    return bare_s, bare_cpu_s


if __name__ == "__main__":
    main()
