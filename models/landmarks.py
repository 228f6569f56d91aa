"""One person in one picture: body, face and hands by MediaPipe, each on a crop by what was found before."""

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models import weights
from models.bodies import BodyModel, region_of
from models.clothes import clothes_of
from models.detector import Boxes, Picture, overlap
from models.pose import EARS, ELBOWS, HIPS, SHOULDERS, VISIBLE, WRISTS

Array = NDArray[np.float32]

POSE, FACE, HANDS = "pose_landmarker_full", "face_landmarker", "hand_landmarker"
"""Names of the weights."""

BODY = "body"
"""Name of the model that looks for a body at a known place, with the weights of `POSE`."""

POSE_MARGIN = 0.05
"""A person's box is widened by this share of its longer side on all sides. Measured on the 19 rendered clips:
the right body in 157 of 157 crops with 0.05, in 155 with 0.1, in 148 with none; square crops take the
neighbour's body in seven clips, and two people in one montage are found in 84 % only."""

SMALLEST_BODY_PX = 8
"""Below this a crop has nothing to see."""

POSE_OPTIONS = {"min_pose_detection_confidence": 0.3}
"""What the pose model asks of its own detector. Inside a person's box it may be lower than its default (0.5):
people in profile and from behind score low."""

FITS = 0.25
"""A pose whose visible landmarks overlap its box less (IoU) is of nothing: 99.8 % of the poses on rendered
clips fit better, and nine of ten that were made of 50-pixel people in a street fit worse."""

SAME_PLACE = 0.3
"""Boxes of one person in two frames that overlap less (IoU): the body is looked for anew."""

AROUND = 1.08
"""The circle around a body reaches so many times as far as its furthest point: the median of bodies on
rendered clips, nine in ten between 0.98 and 1.19."""

SAME_BODY = 0.25
"""Two poses whose landmarks lie closer than this share of the torso are of one body, found in two crops."""

HEAD_HALF = 1.2
"""Half the side of the head's crop in torso lengths. Measured: a tight crop loses smiles of turned heads."""

SMALLEST_FACE_PX = 12.0
"""A head smaller than this (ear to ear, or a quarter of the torso) has no face that could be read."""

GREY = 127
"""Brightness of what is added around a picture. Of 343 pictures of faces that touch the border, 340 are found
with a grey margin and 302 with a black one."""

HAND_HALF = 0.9
"""Half the side of a hand's crop in forearm lengths; a hand is about 0.75 forearms long (anthropometry: 19 cm
to 25 cm), and its palm has to be small in the crop for the palm detector."""

SMALLEST_HAND_PX = 24.0
"""A forearm shorter than this has a hand below 18 pixels, of which the model returns a mean hand."""


SIGHTING = np.dtype(
    [
        ("box", np.float32, 4),
        ("score", np.float32),
        ("pose_px", np.float32, (33, 3)),
        ("pose_m", np.float32, (33, 3)),
        ("expression", np.float32, 52),
        ("head_deg", np.float32, 3),
        ("face_px", np.float32, 4),
        ("hands_px", np.float32, (2, 21, 2)),
        ("clothes_lab", np.float32, (2, 3)),
        ("clothes_sd", np.float32, (2, 3)),
        ("sharpness", np.float32),
    ]
)
"""What was seen of one person in one frame, in pixels of the picture that was looked at; NaN for unseen. The
fields are those of `observations.PersonTrack`; a record takes 1.6 kB."""

Sighting = Any
"""One record of `SIGHTING`."""

PLACE = np.dtype([("box", np.float32, 4), ("region", np.float32, 4)])
"""Where a body was in a picture: the box of the person, and the region (x, y, side, angle) to look at next;
NaN where no body was seen."""

NOBODY: NDArray[np.void] = np.zeros(0, PLACE)


class Face(NamedTuple):
    """A face in one picture."""

    points_px: Array
    """(478, 2) its landmarks."""
    expression: Array
    """(52,) blendshapes in the order of `observations.BLENDSHAPES`."""
    head_deg: Array
    """(3,) yaw, pitch, roll as in `observations.PersonTrack`."""


def torso_px(one: Sighting) -> float:
    """Distance between the middles of shoulders and hips in the picture; NaN without a pose."""
    points = one["pose_px"][:, :2]
    left, right, left_hip, right_hip = points[[*SHOULDERS, *HIPS]]
    return float(np.hypot(*((left + right) / 2 - (left_hip + right_hip) / 2)))


_native = threading.Lock()

HANGS_M = 0.17
"""A wrist this far below its elbow is of an arm that hangs, whose fingers say nothing and are not looked at.
Rendered people: arms that hang 0.19 to 0.26 m (10 to 90 % of 2310), open palms 0.06 to 0.13, thumbs -0.01."""

FOREARM_OF_TORSO = 0.4
TO_PALM = 0.3
"""A forearm is at least 0.4 torsos long where it is not foreshortened (25 cm of 52, anthropometry, less a
margin); the palm lies 0.3 forearms beyond the wrist."""


@contextlib.contextmanager
def native_silence() -> Iterator[None]:
    """Hides what native code writes to file descriptor 2: MediaPipe's log lines have no other switch."""
    with _native:
        kept = os.dup(2)
        nothing = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nothing, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nothing)


class Landmarkers:
    """MediaPipe's three models for one thread; `close` them, or use as a context."""

    def __init__(self) -> None:
        """Raises `weights.MissingWeights` without the pose model; face and hands may be missing."""
        from mediapipe.tasks.python import vision

        face = {"output_face_blendshapes": True, "output_facial_transformation_matrixes": True}
        self.models: dict[str, Any] = {}
        """MediaPipe's landmarkers by the names of their weights, and `BODY`."""
        with native_silence():
            self.models[BODY] = BodyModel(weights.find(POSE))
            self._make(POSE, vision.PoseLandmarker, vision.PoseLandmarkerOptions, **POSE_OPTIONS)
            if _is_here(FACE):
                self._make(FACE, vision.FaceLandmarker, vision.FaceLandmarkerOptions, **face)
            if _is_here(HANDS):
                self._make(HANDS, vision.HandLandmarker, vision.HandLandmarkerOptions)

    def _make(self, name: str, kind: Any, options: Any, **more: object) -> None:
        from mediapipe.tasks import python as tasks

        base = tasks.BaseOptions(model_asset_path=str(weights.find(name)))
        self.models[name] = kind.create_from_options(options(base_options=base, **more))
        # MediaPipe writes its log lines when it is made and when it first runs.
        self.models[name].detect(_image(np.full((64, 64, 3), 127, np.uint8)))

    def __enter__(self) -> "Landmarkers":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Frees the native models; MediaPipe prints errors at exit when nobody does."""
        with native_silence():
            for one in self.models.values():
                one.close()

    def see(self, picture: Picture, boxes: Boxes) -> NDArray[np.void]:
        """Everybody in the picture as records of `SIGHTING`, in the order of `boxes`."""
        seen, _ = self.follow_bodies(picture, boxes, NOBODY)
        self.find_bodies(picture, seen)
        self.see_details(picture, seen)
        return seen

    def follow_bodies(
        self, picture: Picture, boxes: Boxes, before: NDArray[np.void]
    ) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """Everybody in the picture as records of `SIGHTING`, in the order of `boxes`, with the bodies of
        those whose places (`PLACE`) were known before; and where these bodies are now."""
        seen = np.full(len(boxes), np.nan).astype(SIGHTING)
        seen["box"], seen["score"] = boxes[:, :4], boxes[:, 4]
        places = _nowhere(seen)
        for one, place, known in zip(seen, places, _known(boxes, before), strict=True):
            crop, corner = _body_crop(picture, one["box"])
            if known is None or crop is None:
                continue
            moved = np.array([*corner, 0, 0], np.float32)
            body = self.models[BODY].detect(crop, known - moved)
            if body is not None:
                one["pose_px"], one["pose_m"] = body.points_px, body.points_m
                one["pose_px"][:, :2] += corner
                place["region"] = body.region + moved
        _let_go(seen, picture)
        places["region"][~_has_body(seen)] = np.nan
        return seen, places

    def find_bodies(self, picture: Picture, seen: NDArray[np.void]) -> NDArray[np.void]:
        """Adds the bodies of people in the picture who have none yet; and says where these are (`PLACE`)."""
        places = _nowhere(seen)
        if _has_body(seen).all():
            return places
        for number in np.flatnonzero(~_has_body(seen)):
            one = seen[number]
            crop, corner = _body_crop(picture, one["box"])
            if crop is None:
                continue
            found = self.models[POSE].detect(_image(crop))
            if found.pose_landmarks:
                points = [(p.x, p.y, p.visibility) for p in found.pose_landmarks[0]]
                one["pose_px"] = np.array(points) * [crop.shape[1], crop.shape[0], 1] + [*corner, 0]
                one["pose_m"] = [(p.x, p.y, p.z) for p in found.pose_world_landmarks[0]]
                places["region"][number] = _around(one["pose_px"][:, :2])
        _let_go(seen, picture)
        places["region"][~_has_body(seen)] = np.nan
        return places

    def see_details(self, picture: Picture, seen: NDArray[np.void]) -> None:
        """Adds face, hands, clothes and sharpness to people whose bodies were seen in the picture."""
        for one in seen:
            self._see_head(picture, one)
            self._see_hands(picture, one)
            one["clothes_lab"], one["clothes_sd"] = clothes_of(picture, one["pose_px"])
            one["sharpness"] = _sharpness(picture, one["box"])

    def _see_head(self, picture: Picture, one: Sighting) -> None:
        head = one["pose_px"][: EARS[1] + 1, :2].mean(axis=0)
        length_px = torso_px(one)
        if FACE not in self.models or not length_px / 4 >= SMALLEST_FACE_PX:
            return
        crop, corner = _square(picture, head[0], head[1], HEAD_HALF * length_px)
        if crop is None:
            return
        found = self.face(crop)
        if found is None:
            return
        points = found.points_px + corner
        if np.hypot(*(points.mean(axis=0) - head)) > length_px / 2:
            return  # somebody else's face
        one["face_px"] = [*points.min(axis=0), *points.max(axis=0)]
        one["expression"], one["head_deg"] = found.expression, found.head_deg

    def face(self, picture: Picture) -> "Face | None":
        """The clearest face in a picture, which should fill a good part of it; None where there is none.

        `FACE` must be among `models`.
        """
        found = self.models[FACE].detect(_image(picture))
        if not found.face_landmarks:
            return None
        height, width = picture.shape[:2]
        points = found.face_landmarks[0]
        across, down = np.array([p.x for p in points]) * width, np.array([p.y for p in points]) * height
        return Face(
            np.column_stack([across, down]).astype(np.float32),
            np.array([shape.score for shape in found.face_blendshapes[0]], np.float32),
            head_angles(np.asarray(found.facial_transformation_matrixes[0])[:3, :3]),
        )

    def _see_hands(self, picture: Picture, one: Sighting) -> None:
        if HANDS not in self.models:
            return
        pose_px = one["pose_px"]
        shortest_px = FOREARM_OF_TORSO * torso_px(one)
        for side, (elbow, wrist) in enumerate(zip(ELBOWS, WRISTS, strict=True)):
            forearm = pose_px[wrist, :2] - pose_px[elbow, :2]
            # In metres around the hips y points down.
            below_m = one["pose_m"][wrist, 1] - one["pose_m"][elbow, 1]
            raised = pose_px[wrist, 2] >= VISIBLE and below_m < HANGS_M
            # A forearm that points at the camera looks short: the torso bounds it from below.
            length_px = max(float(np.hypot(*forearm)), shortest_px)
            if not raised or not length_px >= SMALLEST_HAND_PX:
                continue
            at = pose_px[wrist, :2] + TO_PALM * forearm
            crop, corner = _square(picture, at[0], at[1], HAND_HALF * length_px)
            if crop is None:
                continue
            found = self.models[HANDS].detect(_image(crop))
            if found.hand_landmarks:
                points = np.array([(p.x, p.y) for p in found.hand_landmarks[0]])
                one["hands_px"][side] = points * len(crop) + corner


def head_angles(rotation: NDArray[np.float64]) -> Array:
    """Yaw, pitch, roll in degrees of a head, from MediaPipe's rotation (y up, z towards the camera).

    Yaw > 0 turns towards the right of the picture, pitch > 0 up, roll > 0 clockwise in the picture.
    """
    forward = rotation[:, 2]
    across = rotation[:, 0]
    yaw = np.degrees(np.arctan2(forward[0], forward[2]))
    pitch = np.degrees(np.arcsin(np.clip(forward[1], -1, 1)))
    roll = np.degrees(np.arctan2(-across[1], np.hypot(across[0], across[2])))
    return np.array([yaw, pitch, roll], np.float32)


def _known(boxes: Boxes, before: NDArray[np.void]) -> list[Array | None]:
    """For each box the region of the body that was there in the frame before, if one was.

    Each goes to the box that overlaps its old one most; who it is does not matter here.
    """
    found: list[Array | None] = [None] * len(boxes)
    places = before[np.isfinite(before["region"][:, 0])]
    if not len(places) or not len(boxes):
        return found
    shared = np.stack([overlap(box, places["box"]) for box in boxes])
    while shared.max() >= SAME_PLACE:
        number, place = np.unravel_index(shared.argmax(), shared.shape)
        found[number] = places["region"][place]
        shared[number], shared[:, place] = 0, 0
    return found


def _around(points: Array) -> Array:
    """The region of a body of which only the points (33, 2) are known."""
    hips, shoulders = points[list(HIPS)].mean(axis=0), points[list(SHOULDERS)].mean(axis=0)
    up = shoulders - hips
    furthest = np.hypot(*(points - hips).T).max()
    return region_of(hips, hips + up / max(1e-6, float(np.hypot(*up))) * AROUND * furthest)


def _nowhere(seen: NDArray[np.void]) -> NDArray[np.void]:
    """Records of `PLACE` for these people, without bodies."""
    places = np.full(len(seen), np.nan).astype(PLACE)
    places["box"] = seen["box"]
    return places


def _has_body(seen: NDArray[np.void]) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(seen["pose_px"][:, 0, 0]))


def _body_crop(picture: Picture, box: Array) -> tuple[Picture | None, NDArray[np.float32]]:
    """The part of the picture with somebody's body, if it is large enough, and its upper left corner (2,)."""
    left, top, right, bottom = box
    margin = POSE_MARGIN * max(right - left, bottom - top)
    crop, corner = _cut(picture, left - margin, top - margin, right + margin, bottom + margin)
    return (crop if min(crop.shape[:2]) >= SMALLEST_BODY_PX else None), corner


def _let_go(seen: NDArray[np.void], picture: Picture) -> None:
    """Takes away poses that do not fit their boxes; and where two crops hold the same body, the pose stays
    with the box that it fills better."""
    fits = [_fit(one, picture) for one in seen]
    for one, fit in zip(seen, fits, strict=True):
        if fit < FITS:
            one["pose_px"] = one["pose_m"] = np.nan
    order = sorted(range(len(seen)), key=lambda i: -fits[i])
    for rank, better in enumerate(order):
        for worse in order[rank + 1 :]:
            one, other = seen[better], seen[worse]
            apart = np.hypot(*(one["pose_px"][:, :2] - other["pose_px"][:, :2]).T)
            if np.median(apart) < SAME_BODY * torso_px(one):
                other["pose_px"] = other["pose_m"] = np.nan


def _fit(one: Sighting, picture: Picture) -> float:
    """How well the pose fills the box of its person, 0..1, as far as it lies in the picture."""
    points = one["pose_px"][one["pose_px"][:, 2] >= VISIBLE, :2]
    if len(points) == 0:
        return 0.0
    points = np.clip(points, 0, [picture.shape[1], picture.shape[0]])
    around = np.concatenate([points.min(axis=0), points.max(axis=0)]).astype(np.float32)
    return float(overlap(around, one["box"][None])[0])


def _cut(
    picture: Picture, left: float, top: float, right: float, bottom: float
) -> tuple[Picture, NDArray[np.float32]]:
    """The part of the picture inside a box, and its upper left corner (2,)."""
    height, width = picture.shape[:2]
    x, y = max(0, round(float(left))), max(0, round(float(top)))
    crop = picture[y : min(height, round(float(bottom))), x : min(width, round(float(right)))]
    return crop, np.array([x, y], np.float32)


def _square(picture: Picture, x: float, y: float, half: float) -> tuple[Picture | None, NDArray[np.float32]]:
    """A square part of the picture, `GREY` beyond its borders, and its upper left corner (2,)."""
    import cv2

    if not (np.isfinite(x) and np.isfinite(y) and half >= 4):
        return None, np.zeros(2, np.float32)
    left, top, side = round(x - half), round(y - half), max(8, round(2 * half))
    height, width = picture.shape[:2]
    inside = picture[max(0, top) : min(height, top + side), max(0, left) : min(width, left + side)]
    if inside.size == 0:
        return None, np.zeros(2, np.float32)
    if inside.shape[:2] == (side, side):
        return inside, np.array([left, top], np.float32)
    above, before = max(0, -top), max(0, -left)
    below, behind = side - above - inside.shape[0], side - before - inside.shape[1]
    crop = cv2.copyMakeBorder(
        inside, above, below, before, behind, cv2.BORDER_CONSTANT, value=(GREY, GREY, GREY)
    )
    return np.asarray(crop, np.uint8), np.array([left, top], np.float32)


def _sharpness(picture: Picture, box: Array) -> float:
    import cv2

    left, top, right, bottom = (round(float(v)) for v in box[:4])
    upper = picture[top : max(top + 1, (top + bottom) // 2), left:right]
    if upper.size == 0:
        return float("nan")
    # An edge of 8-bit pixels fits 16 bits.
    edges = cv2.Laplacian(cv2.cvtColor(upper, cv2.COLOR_RGB2GRAY), cv2.CV_16S)
    # The variance by its two sums takes a fifth of the time of OpenCV's meanStdDev.
    return float((cv2.norm(edges) ** 2 - cv2.sumElems(edges)[0] ** 2 / edges.size) / edges.size)


def _image(picture: Picture) -> Any:
    import mediapipe

    return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(picture))


def _is_here(name: str) -> bool:
    try:
        weights.find(name)
    except weights.MissingWeights:
        return False
    return True
