"""How parts of people look, as numbers that can be compared: a head's top, a lower face, a chest, the front.

The numbers are what the person detector makes of a crop half-way: features of its backbone at stride 8,
averaged over a grid. What they mean is told by pictures of the house that are read in the same way.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models import weights
from models.detector import WEIGHTS
from models.frames import Frames
from models.observations import Look, Looks, People, PersonTrack, Provenance
from models.onnx_form import joins, tapped
from models.people import detector, landmarkers
from models.perceiving import Listening, Perceiver, Progress, Source
from models.pose import EARS, HIPS, SHOULDERS, VISIBLE

Picture = NDArray[np.uint8]
Array = NDArray[np.float64]

VERSION = "1"
"""Raised whenever the numbers become others."""

MOST_FRAMES = 12
"""So many frames of a person are looked at, the sharpest of as many equal stretches of time: what somebody
wears seldom changes."""

FRONT, FACES = 0.3, 0.12
"""Shoulders so far apart across the body, in torsos, are of somebody seen from the front (0.75 straight on);
ears so far apart, in body scales, of a face that is turned to the camera (0.3 straight on)."""


class Part(NamedTuple):
    """A part of the body: where its crop lies and how large it is looked at."""

    at_px: tuple[int, int]
    """Upper left corner of its tile in the detector's picture; tiles lie 32 pixels apart."""
    size_px: tuple[int, int]
    smallest_px: float
    """Narrower crops have nothing to tell. Our choice: a badge, 15 % of the torso, is then 8 pixels wide."""


PARTS: dict[str, Part] = {
    "head": Part((288, 0), (96, 96), 20.0),
    "face": Part((0, 192), (96, 96), 16.0),
    "chest": Part((128, 0), (80, 128), 24.0),
    "front": Part((0, 0), (96, 144), 40.0),
}
"""In the order of `Look.parts`: top of the head, lower face, left side of the chest (where badges are), chest
to thighs."""

_SIDE_PX, _GREY, _STRIDE, _GRID = 416, 114, 8, 4

SIZE = 64 * _GRID**2
"""Numbers of a part: YOLOX nano has 64 channels at stride 8. Other strides and grids, HOG and colours tell no
better, or much worse where a thing is small (`docs/accuracy.md`)."""


class Embedder:
    """YOLOX nano up to its backbone's features, on the thread that calls it."""

    def __init__(self) -> None:
        """Raises `weights.MissingWeights` where they are not here."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        content = weights.find(WEIGHTS).read_bytes()
        # The neck joins the backbone's features of stride 16, then 8, to what it enlarged.
        _, self._name = joins(content)[:2]
        made = tapped(content, self._name)
        self._session = onnxruntime.InferenceSession(made, options, providers=["CPUExecutionProvider"])

    def __call__(self, crops: Mapping[str, Picture]) -> NDArray[np.float32]:
        """(4, `SIZE`) numbers of crops (RGB, as large as their `Part`) by part; NaN for those not there."""
        tiles = np.full((_SIDE_PX, _SIDE_PX, 3), _GREY, np.uint8)
        for name, crop in crops.items():
            (x, y), (width, height) = PARTS[name].at_px, PARTS[name].size_px
            tiles[y : y + height, x : x + width] = crop
        prepared = np.ascontiguousarray(tiles[:, :, ::-1].transpose(2, 0, 1)[None], np.float32)
        found = np.full((len(PARTS), SIZE), np.nan, np.float32)
        if crops:
            ((features,),) = self._session.run([self._name], {"images": prepared})
            for row, name in enumerate(PARTS):
                if name in crops:
                    pooled = _pooled(features, PARTS[name])
                    found[row] = pooled / max(1e-6, float(np.linalg.norm(pooled)))
        return found


def _pooled(features: NDArray[np.float32], part: Part) -> NDArray[np.float32]:
    """Means of features (channels, h, w) over a grid of the part's tile, in one row."""
    (x, y), (width, height) = part.at_px, part.size_px
    tile = features[:, y // _STRIDE : (y + height) // _STRIDE, x // _STRIDE : (x + width) // _STRIDE]
    down, across = (np.linspace(0, n, _GRID + 1).astype(int) for n in tile.shape[1:])
    means = [
        tile[:, down[i] : down[i + 1], across[j] : across[j + 1]].mean(axis=(1, 2))
        for i in range(_GRID)
        for j in range(_GRID)
    ]
    return np.asarray(np.concatenate(means), np.float32)


def crops_of(picture: Picture, pose_px: NDArray[np.floating]) -> dict[str, Picture]:
    """The parts that can be seen of somebody in an RGB picture, upright.

    `pose_px` are the pose landmarks (33, 3). A part is left out where its landmarks are not seen, where the
    person is turned away (chest and front) or looks away (face), and where it leaves the picture or is small.
    """
    found: dict[str, Picture] = {}
    for name, (middle, up, half) in _places(np.asarray(pose_px, np.float64)).items():
        right = np.array([-up[1], up[0]])
        corners = np.array(
            [middle + a * half[0] * right + b * half[1] * up for a in (-1, 1) for b in (-1, 1)]
        )
        limits = np.array([picture.shape[1], picture.shape[0]]) + 0.1 * half[0]
        inside = (corners >= -0.1 * half[0]).all() and (corners <= limits).all()
        if inside and 2 * half[0] >= PARTS[name].smallest_px:
            found[name] = _upright(picture, middle, up, right, half, PARTS[name].size_px)
    return found


_Place = tuple[Array, Array, tuple[float, float]]


def _places(pose_px: Array) -> dict[str, _Place]:
    """Of each part that faces the camera: its middle, which way is up, half its width and height."""
    points, seen = pose_px[:, :2], pose_px[:, 2] >= VISIBLE
    if np.isnan(points).any():
        return {}
    shoulders, hips = (points[list(pair)].mean(axis=0) for pair in (SHOULDERS, HIPS))
    torso = float(np.linalg.norm(shoulders - hips))
    ears, wide = (float(np.linalg.norm(points[a] - points[b])) for a, b in (EARS, SHOULDERS))
    # A torso looks short from above, shoulders and ears look near each other in profile.
    scale = max(torso, 1.2 * wide, 3.2 * ears)
    if not torso > 0:
        return {}
    up = (shoulders - hips) / torso
    right = np.array([-up[1], up[0]])
    eyes, mouth = points[[2, 5]].mean(axis=0), points[[9, 10]].mean(axis=0)
    crown = _unit(eyes - mouth) + up
    crown = crown / max(1e-6, float(np.linalg.norm(crown)))
    found: dict[str, _Place] = {}
    if seen[:9].any():
        found["head"] = (eyes + 0.16 * scale * crown, crown, (0.22 * scale, 0.22 * scale))
    turned = float((points[7] - points[8]) @ np.array([-crown[1], crown[0]])) / scale
    if seen[[0, 9, 10]].all() and turned >= FACES:
        found["face"] = (mouth + 0.02 * scale * crown, crown, (0.15 * scale, 0.15 * scale))
    if seen[[*SHOULDERS, *HIPS]].all() and float((points[11] - points[12]) @ right) / torso >= FRONT:
        # Their left is on the right of the picture.
        found["chest"] = (shoulders + torso * (0.175 * right - 0.3 * up), up, (0.225 * torso, 0.36 * torso))
        found["front"] = (hips + 0.10 * torso * up, up, (0.45 * torso, 0.65 * torso))
    return found


def _unit(vector: Array) -> Array:
    return np.asarray(vector / max(1e-6, float(np.linalg.norm(vector))))


def _upright(
    picture: Picture, middle: Array, up: Array, right: Array, half: tuple[float, float], size: tuple[int, int]
) -> Picture:
    import cv2

    across, down = half[0] * right, half[1] * up
    corners = np.array([middle - across + down, middle + across + down, middle - across - down], np.float32)
    width, height = size
    onto = np.array([[0, 0], [width, 0], [0, height]], np.float32)
    smooth = cv2.INTER_AREA if width < 2 * half[0] else cv2.INTER_LINEAR
    turned = cv2.warpAffine(
        picture,
        cv2.getAffineTransform(corners, onto),
        size,
        flags=smooth,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(turned, np.uint8)


def looks_of(
    picture: Picture, pose_px: NDArray[np.floating], embed: Embedder, parts: Collection[str] = tuple(PARTS)
) -> NDArray[np.float32]:
    """(4, `SIZE`) numbers of these parts of somebody in an RGB picture; NaN for those that cannot be seen,
    and for all others."""
    return embed({name: crop for name, crop in crops_of(picture, pose_px).items() if name in parts})


def read_pictures(
    pictures: Iterable[Picture], progress: Callable[[int], None] = lambda done: None
) -> list[NDArray[np.float32]]:
    """(4, `SIZE`) numbers of the largest person in each RGB picture; NaN for parts that cannot be seen there.

    A picture without a body is taken for one of the part alone, whichever that is.

    Raises:
        weights.MissingWeights: the detector or the pose model is not here.
    """
    embed, find = Embedder(), detector()
    found = []
    with landmarkers(1) as (only,):
        for picture in pictures:
            # Each by itself: nobody is where somebody was in the picture before.
            posed = [one for one in only.see(picture, find(picture)) if np.isfinite(one["pose_px"]).all()]
            if posed:
                largest = max(posed, key=lambda one: float(np.prod(one["box"][2:] - one["box"][:2])))
                found.append(looks_of(picture, largest["pose_px"], embed))
            else:
                found.append(embed({name: _whole(picture, part) for name, part in PARTS.items()}))
            progress(len(found))
    return found


def _whole(picture: Picture, part: Part) -> Picture:
    import cv2

    return np.asarray(cv2.resize(picture, part.size_px, interpolation=cv2.INTER_AREA), np.uint8)


def perceive_looks(
    path: Path,
    people: People,
    frames_per_s: float,
    parts: Collection[str],
    progress: Progress = lambda done_s, all_s: None,
) -> Looks:
    """How these parts of everybody in `people` look, who were seen in this video at so many frames a second.

    Raises:
        media.UnreadableMedia: there is no picture in it, or none that can be decoded.
        weights.MissingWeights: the detector is not here.
    """
    embed = Embedder()
    rows = {track.label: _best_rows(track) for track in people.tracks}
    wanted: dict[float, list[tuple[PersonTrack, int]]] = {}
    for track in people.tracks:
        for row in rows[track.label]:
            wanted.setdefault(float(track.times_s[row]), []).append((track, row))
    seen: dict[str, list[tuple[float, NDArray[np.float32]]]] = {label: [] for label in rows}
    for frame in Frames(path, frames_per_s) if wanted else ():
        time_s = round(frame.time_s, 3)
        for track, row in wanted.get(time_s, ()):
            pose_px = track.pose_px[row].copy()
            pose_px[:, :2] /= frame.scale
            seen[track.label].append((time_s, looks_of(frame.picture, pose_px, embed, parts)))
        progress(frame.time_s, frame.time_s)
        if time_s >= max(wanted):
            break
    return Looks(
        tuple(
            Look(label, np.array([t for t, _ in found]), np.array([numbers for _, numbers in found]))
            for label, found in seen.items()
            if found
        )
    )


def _best_rows(track: PersonTrack) -> list[int]:
    """The sharpest row with a pose of each of `MOST_FRAMES` equal stretches of the person's time."""
    known = np.flatnonzero(np.isfinite(track.pose_px[:, 0, 0]) & np.isfinite(track.sharpness))
    stretches = np.array_split(known, min(MOST_FRAMES, max(1, len(known))))
    return [int(rows[np.argmax(track.sharpness[rows])]) for rows in stretches if len(rows)]


def reader() -> str:
    """What reads looks on this machine: only what the same has read can be compared.

    Raises:
        weights.MissingWeights: the detector is not here.
    """
    return f"{VERSION} {weights.digest(weights.find(WEIGHTS))}"


def _provenance(listening: Listening, before: Mapping[str, Provenance]) -> Provenance | str:
    import onnxruntime

    try:
        version, _, used = reader().partition(" ")
    except weights.MissingWeights:
        return f"weights missing: comport weights fetch {WEIGHTS}"
    after = (("people", before["people"].digest[:16]), ("parts", " ".join(listening.looking.parts)))
    return Provenance("looks", f"onnxruntime {onnxruntime.__version__}", version, used, after)


def _perceive(source: Source) -> dict[str, Looks]:
    people = source.answers["people"].people
    if people is None:
        return {"looks": Looks(())}
    duration_s = source.recording.duration_s
    looking = source.listening.looking

    def progress(done_s: float, _: float) -> None:
        source.progress(done_s, duration_s)

    return {"looks": perceive_looks(source.path, people, looking.frames_per_s, looking.parts, progress)}


LOOKS = Perceiver("looks", ("people",), _provenance, _perceive, of="picture")
