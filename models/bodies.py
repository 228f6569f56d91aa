"""The body of somebody whose place in the picture is known from the frame before.

MediaPipe looks for a body anew in each picture (14.5 ms) and draws a mask of it, which nobody asks for (its
landmarks take 17.6 ms with it, 9.6 without; `docs/accuracy.md`). Here its landmark model alone runs (LiteRT),
without the mask, on the region that its own last answer gives, as MediaPipe does for one person in a video.
"""

import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.detector import Picture

Array = NDArray[np.float32]

MEMBER = "pose_landmarks_detector.tflite"
"""The landmark model inside the bundle of weights."""

Shape = tuple[int, ...]

_POINTS, _PRESENCE, _HEAT, _METRES = (1, 195), (1, 1), (1, 64, 64, 39), (1, 117)
"""Shapes of its answers, by which they are told apart in whatever file they come: points, whether a body is
there, maps of points, points in metres. The fifth is the mask."""

_INPUT_PX, _BODY_POINTS, _CENTRE, _TOP = 256, 33, 33, 34
"""Side of its input; points of the body; after them come the middle of the hips, and a point of the circle
around the whole body, upwards: they say where the body is."""

PRESENT = 0.5
"""A body is there from this probability on: MediaPipe's own value (`min_pose_presence_confidence`)."""

ROOM = 1.15
"""The region is wider than the circle by this. MediaPipe's value for videos is 1.25; with this one joints and
depths are as right as of bodies looked for anew (docs/accuracy.md, "Bodies that are followed")."""

_REACH = 3
"""A point is put at the centre of gravity of its map, within so many cells: MediaPipe's kernel of 7."""

_SURE = 0.5
"""A map that nowhere reaches this says nothing: MediaPipe's `min_confidence_to_refine`."""


class Body(NamedTuple):
    """A body in a picture."""

    points_px: Array
    """(33, 3): x, y, visibility 0..1."""
    points_m: Array
    """(33, 3): metres around the middle of the hips, as MediaPipe's world landmarks."""
    region: Array
    """(4,): where to look for it in the next frame: x, y, side in pixels, angle in radians."""


class BodyModel:
    """MediaPipe's landmark model of bodies for one thread."""

    ANSWERS = (_POINTS, _PRESENCE, _HEAT, _METRES)

    def __init__(self, bundle: Path) -> None:
        """`bundle` is the task bundle of the pose landmarker."""
        from ai_edge_litert.interpreter import Interpreter

        with zipfile.ZipFile(bundle) as inside:
            wanted = _pruned(inside.read(MEMBER), set(self.ANSWERS))
        self._model: Any = Interpreter(model_content=wanted, num_threads=1)
        self._model.allocate_tensors()
        self._input = self._model.get_input_details()[0]["index"]
        self._answers = {tuple(one["shape"]): one["index"] for one in self._model.get_output_details()}

    def detect(self, crop: Picture, region: Array) -> Body | None:
        """The body in a region (x, y, side, angle) of a crop; None where the model sees none."""
        import cv2

        to_crop = _placed(region)
        looked_at = cv2.warpAffine(
            crop, to_crop, (_INPUT_PX, _INPUT_PX), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        np.multiply(looked_at, np.float32(1 / 255), out=self._model.tensor(self._input)()[0])
        self._model.invoke()
        if float(self._answer(_PRESENCE).ravel()[0]) < PRESENT:
            return None
        raw = self._answer(_POINTS).reshape(-1, 5)[: _TOP + 1]
        inside = _refined(raw[:, :2] / np.float32(_INPUT_PX), self._answer(_HEAT)[0])
        points = inside * _INPUT_PX @ to_crop[:, :2].T + to_crop[:, 2]
        visible = _likely(raw[:_BODY_POINTS, 3:4])
        metres = self._answer(_METRES).reshape(-1, 3)[:_BODY_POINTS].copy()
        metres[:, :2] = metres[:, :2] @ _turn(region[3]).T
        return Body(
            np.concatenate([points[:_BODY_POINTS], visible], axis=1).astype(np.float32),
            metres,
            region_of(points[_CENTRE], points[_TOP]),
        )

    def close(self) -> None:
        """Nothing has to be done: the memory goes with the object."""

    def _answer(self, shape: Shape) -> Array:
        return np.asarray(self._model.get_tensor(self._answers[shape]))


def region_of(centre: NDArray[np.floating], top: NDArray[np.floating]) -> Array:
    """The region of a body, (4,), with its middle (2,) and the upper end (2,) of the circle around it."""
    across, up = float(top[0] - centre[0]), float(centre[1] - top[1])
    angle = np.pi / 2 - np.arctan2(up, across)
    turned = (angle + np.pi) % (2 * np.pi) - np.pi
    return np.array([centre[0], centre[1], 2 * ROOM * np.hypot(across, up), turned], np.float32)


def _turn(angle: float) -> NDArray[np.float64]:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _placed(region: Array) -> NDArray[np.float64]:
    """What turns places in the model's input into places in the crop, (2, 3)."""
    turn = _turn(float(region[3])) * float(region[2]) / _INPUT_PX
    middle = np.asarray(region[:2], np.float64) - turn @ np.full(2, _INPUT_PX / 2)
    return np.column_stack([turn, middle])


def _likely(raw: Array) -> Array:
    """Probabilities of what the model gives as logits."""
    return np.asarray(1 / (1 + np.exp(-raw)), np.float32)


def _refined(points: Array, heat: Array) -> Array:
    """Points (n, 2), 0..1, each moved to the centre of gravity around it of its map; `heat` is (h, w, n…)."""
    cells = np.array(heat.shape[1::-1], np.float32)
    middles = (points * cells).astype(int)
    columns, rows = (middles[:, axis, None] + np.arange(-_REACH, _REACH + 1) for axis in (0, 1))
    across, down = ((line >= 0) & (line < end) for line, end in ((columns, cells[0]), (rows, cells[1])))
    maps = np.arange(len(points))[:, None, None]
    near = heat[np.where(down, rows, 0)[:, :, None], np.where(across, columns, 0)[:, None, :], maps]
    near = np.where(down[:, :, None] & across[:, None, :], _likely(near), 0)
    sure = (near.max(axis=(1, 2)) >= _SURE) & down[:, _REACH] & across[:, _REACH]
    total = np.maximum(near.sum(axis=(1, 2)), 1e-9)
    x = (near.sum(axis=1) * columns).sum(axis=1) / total
    y = (near.sum(axis=2) * rows).sum(axis=1) / total
    return np.where(sure[:, None], np.stack([x, y], axis=1) / cells, points)


def _pruned(model: bytes, answers: set[Shape]) -> bytes:
    """A TFLite model with the answers of these shapes, without what only the others need."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    whole = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0))
    graph = whole.subgraphs[0]
    graph.outputs = [one for one in graph.outputs if tuple(graph.tensors[one].shape) in answers]
    needed, kept = set(graph.outputs), []
    for step in reversed(graph.operators):
        if needed.intersection(step.outputs):
            kept.append(step)
            needed.update(step.inputs)
    graph.operators = kept[::-1]
    # What is written about the model is of all its answers.
    whole.signatureDefs = whole.metadata = whole.metadataBuffer = None
    packed = flatbuffers.Builder(len(model))
    packed.Finish(whole.Pack(packed), b"TFL3")
    return bytes(packed.Output())
