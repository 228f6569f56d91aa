"""Copies that are played, made at once in tests that are about something else, and what takes long to copy."""

import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from audit import copies, copy_worker
from audit.redaction import secrets

FPS, SIZE_PX = 25, (640, 360)


def copied(store, one):
    """Has the copy of an interaction's recording made here and now; gives its path."""
    copies.asked_for(store, one.recording).parent.mkdir(parents=True, exist_ok=True)
    copies.asked_for(store, one.recording).write_text(f'"{one.id}"')
    copy_worker.work(store)
    gone = secrets(store.observations(one, ("utterances", "levels")))
    copy = copies.copy_of(store, one, store.recording(one.recording), gone)
    assert copy.ready, copy.failed
    return copy.path


def played(client, address, **more):
    """The answer of a recording's address, once its copy is made by the process behind."""
    end_s = time.monotonic() + 60
    while (answer := client.get(address, **more)).status_code == 503:
        assert time.monotonic() < end_s, answer.get_data(as_text=True)
        time.sleep(0.1)
    return answer


def film(path: Path, seconds: float) -> Path:
    """A video in which something moves, in MPEG-4 part 2 without sound."""
    width, height = SIZE_PX
    noise = np.random.default_rng(1).integers(0, 255, (height, 2 * width, 3), np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = 1_000_000
        for number in range(round(seconds * FPS)):
            left = number % width
            picture = np.ascontiguousarray(noise[:, left : left + width] // 4 + 64)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
