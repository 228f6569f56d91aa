"""The people in a video over time: found, told apart, and their bodies, faces and hands measured.

One thread decodes and keeps track; two others run the models, each with its own, a frame at a time. Bodies
are looked for where they were in the frame before, so a thread waits for those of that frame; all else goes
side by side. Frames come back in order, so that what is found does not depend on which thread was faster.
"""

import contextlib
import ctypes
import queue
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models import weights
from models.camera import Camera, assumed_camera, metadata_camera
from models.detector import SUBSTITUTE, Boxes, Picture, Yolox, hog
from models.detector import WEIGHTS as DETECTOR
from models.frames import Frame, Frames
from models.geometry import LEVEL, located
from models.landmarks import FACE, HANDS, NOBODY, POSE, SIGHTING, Landmarkers
from models.observations import People, PersonTrack, Provenance
from models.perceiving import Listening, Perceiver, Progress, Source
from models.pose import HIPS, NOSE, VISIBLE
from models.tracking import Tracker, Tracklet

WORKERS = 2
"""Threads that run models; each has its own landmarkers, of 160 MB (growth of resident memory with each of
four; not kept as a bench). Our choice."""

GIVE_BACK_FRAMES = 300
"""After so many frames memory that is free goes back to the system: a minute of video at 5 a second.
Our choice; without it a video takes 50 MiB more (`docs/accuracy.md`, "Memory over a long video")."""

VERSION = "5"
"""Raised whenever the code here finds something else in the same video."""


def missing_weights() -> tuple[str, ...]:
    """The names of the weights for seeing people that are not on this machine, none when all are."""
    return tuple(name for name in (DETECTOR, POSE, FACE, HANDS) if not _ready(name))


def people_provenance(camera: Camera | None = None, frames_per_s: float = 5.0) -> Provenance | str:
    """How `perceive_people` sees on this machine, or why it cannot (a sentence)."""
    import mediapipe

    if not _ready(POSE):
        return f"weights missing: comport weights fetch {POSE}"
    finder = DETECTOR if _ready(DETECTOR) else "hog"
    used = [name for name in (DETECTOR, POSE, FACE, HANDS) if _ready(name)]
    lacking = [name for name in (FACE, HANDS) if not _ready(name)]
    parameters = {
        "detector": finder,
        "models": " ".join(used),
        "frames_per_s": f"{frames_per_s:g}",
        "camera": repr(camera) if camera else "",
    }
    caveats = [SUBSTITUTE] if finder == "hog" else []
    if lacking:
        what = " and ".join("faces" if name == FACE else "hands" for name in lacking)
        caveats.append(f"Nobody looked at {what}: comport weights fetch {' '.join(lacking)}")
    return Provenance(
        "people",
        f"mediapipe {mediapipe.__version__}",
        VERSION,
        " ".join(weights.digest(weights.find(name)) for name in used),
        tuple(sorted(parameters.items())),
        " ".join(caveats),
    )


def perceive_people(
    path: Path,
    camera: Camera | None = None,
    frames_per_s: float = 5.0,
    progress: Progress = lambda done_s, all_s: None,
) -> People:
    """Everybody who is seen in the video.

    Without `camera` the focal length comes from the video's metadata or is assumed. `progress` gets the time
    of the frame that was done, twice.

    Raises:
        media.UnreadableMedia: there is no picture in it, or none that can be decoded.
        weights.MissingWeights: the pose model is not here.
        camera.BadCamera: the camera is of other pictures than these.
    """
    frames = Frames(path, frames_per_s)
    tracker = Tracker(frames_per_s)
    times_s: list[float] = []
    with landmarkers(WORKERS) as workers:
        for frame, seen in sightings(frames, workers):
            times_s.append(frame.time_s)
            tracker.add(frame.time_s, _scaled(seen, frame.scale))
            if len(times_s) % GIVE_BACK_FRAMES == 0:
                _give_back_memory()
            progress(frame.time_s, frame.time_s)
    tracks = tuple(_track(f"person-{number}", person) for number, person in enumerate(tracker.finish()))
    caveat = frames.caveat
    if on_its_head(tracks):
        tracks, caveat = (), f"{caveat} {ON_ITS_HEAD}".strip()
    used = _camera_of(frames, camera)
    found = People(np.array(times_s), frames.size_px, used, LEVEL, tracks, caveat)
    return located(found, used)


ON_ITS_HEAD = (
    "People stand on their heads in the picture, so nobody was looked at: "
    "turn the video the right way up and audit it again."
)


def on_its_head(tracks: Sequence[PersonTrack]) -> bool:
    """Whether a picture is upside down: of most bodies, over all frames, the nose is below the hips.

    Nobody who stands or sits is seen so; who bends down or lies is, but not most of the time. Of the sample
    `service-desk` turned by 180 degrees it was so in all 46 bodies that were found, upright in none of 346.
    """
    below = total = 0
    for track in tracks:
        points = track.pose_px[:, [NOSE, *HIPS]]
        seen = (points[:, :, 2] >= VISIBLE).all(axis=1)
        below += int((points[seen, 0, 1] > points[seen, 1:, 1].max(axis=1)).sum())
        total += int(seen.sum())
    return below > total / 2


def looked_at(picture: Picture) -> People:
    """Everybody who is seen in one picture, RGB (h, w, 3)."""
    tracker = Tracker(1.0)
    with landmarkers(1) as (only,):
        tracker.add(0.0, only.see(picture, detector()(picture)))
    size_px = (picture.shape[1], picture.shape[0])
    tracks = tuple(_track(f"person-{number}", one) for number, one in enumerate(tracker.finish()))
    camera = assumed_camera(size_px)
    return located(People(np.zeros(1), size_px, camera, LEVEL, tracks), camera)


class Steps(NamedTuple):
    """Where bodies are in a frame (records of `landmarks.PLACE`), each as soon as it is known.

    Those that were found anew are followed two frames later, because the next frame does not wait for them:
    in a crowd of small people that takes most of the time, and both threads have to do it.
    """

    found_earlier: Future[NDArray[np.void]]
    """Those that were found anew in the frame before."""
    followed: Future[NDArray[np.void]]
    found: Future[NDArray[np.void]]


def sightings(
    frames: Iterable[Frame], workers: Sequence[Landmarkers]
) -> Iterator[tuple[Frame, NDArray[np.void]]]:
    """Each frame with the people in it as records of `SIGHTING`, in pixels of the picture looked at.

    One thread runs the models of each of `workers`, and nothing else: OpenCV is told to start no threads.
    """
    import cv2

    # They would spin while they wait, on processors that the models need: a frame takes 1 ms less of these
    # without them (docs/accuracy.md).
    cv2.setNumThreads(1)
    find = detector()
    idle: queue.SimpleQueue[Landmarkers] = queue.SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def look(picture: Picture, before: Steps, here: Steps) -> NDArray[np.void]:
        worker = idle.get()
        try:
            boxes = find(picture)
            known = np.concatenate([before.followed.result(), before.found_earlier.result()])
            seen, places = worker.follow_bodies(picture, boxes, known)
            here.followed.set_result(places)
            here.found.set_result(worker.find_bodies(picture, seen))
            worker.see_details(picture, seen)
            return seen
        finally:
            # Whoever waits must go on, whatever happened.
            for step in (here.followed, here.found):
                if not step.done():
                    step.set_result(NOBODY)
            idle.put(worker)

    under_way: deque[tuple[Frame, Future[NDArray[np.void]]]] = deque()
    here = Steps(_nobody(), _nobody(), _nobody())
    with ThreadPoolExecutor(len(workers), "people") as pool:
        try:
            for frame in frames:
                before, here = here, Steps(here.found, Future(), Future())
                under_way.append((frame, pool.submit(look, frame.picture, before, here)))
                # One frame waits for each thread, so that none is idle and memory stays small.
                if len(under_way) > 2 * len(workers):
                    done, seen = under_way.popleft()
                    yield done, seen.result()
            while under_way:
                done, seen = under_way.popleft()
                yield done, seen.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _nobody() -> Future[NDArray[np.void]]:
    """Where nobody is, known at once."""
    known: Future[NDArray[np.void]] = Future()
    known.set_result(NOBODY)
    return known


@contextlib.contextmanager
def landmarkers(count: int) -> Iterator[list[Landmarkers]]:
    """Landmarkers for so many threads, closed afterwards: MediaPipe prints errors at exit when nobody does.

    Raises:
        weights.MissingWeights: the pose model is not here.
    """
    made: list[Landmarkers] = []
    try:
        for _ in range(count):
            made.append(Landmarkers())
        yield made
    finally:
        for one in made:
            one.close()
        _give_back_memory()


def _give_back_memory() -> None:
    """Lets glibc return what the models used: 500 MB grew to 930 in twelve videos, with it they do not."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def detector() -> Callable[[Picture], Boxes]:
    """What finds people in a picture on this machine."""
    return Yolox() if _ready(DETECTOR) else hog()


def _camera_of(frames: Frames, camera: Camera | None) -> Camera:
    if camera is not None:
        return camera.resized(frames.size_px)
    if frames.focal_35mm is not None:
        return metadata_camera(frames.size_px, frames.focal_35mm)
    return assumed_camera(frames.size_px)


def _scaled(seen: NDArray[np.void], scale: float) -> NDArray[np.void]:
    """The sightings in pixels of the picture as shown."""
    seen["pose_px"][..., :2] *= scale
    for name in ("box", "face_px", "hands_px"):
        seen[name] *= scale
    return seen


def _track(label: str, person: Tracklet) -> PersonTrack:
    """The person's sightings as a track, not located yet."""
    seen = np.array(person.sightings, SIGHTING)
    unknown = np.full((len(seen), 3), np.nan)
    fields = {name: seen[name] for name in SIGHTING.names or () if name != "box"}
    return PersonTrack(
        label,
        np.array(person.times_s),
        boxes_px=seen["box"],
        position_m=unknown,
        position_sd_m=unknown[:, :2],
        **fields,
    )


def _ready(name: str) -> bool:
    try:
        weights.find(name)
    except weights.MissingWeights:
        return False
    return True


def _provenance(listening: Listening, before: Mapping[str, Provenance]) -> Provenance | str:
    return people_provenance(listening.looking.camera, listening.looking.frames_per_s)


def _perceive(source: Source) -> dict[str, People]:
    looking = source.listening.looking
    duration_s = source.recording.duration_s
    seen = perceive_people(
        source.path,
        looking.camera,
        looking.frames_per_s,
        lambda done_s, _: source.progress(done_s, duration_s),
    )
    return {"people": seen}


PEOPLE = Perceiver("people", (), _provenance, _perceive, of="picture")
