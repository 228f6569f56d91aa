"""Where people are in a picture: a box around each."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import weights

Picture = NDArray[np.uint8]
Boxes = NDArray[np.float32]
"""(k, 5): left, top, right, bottom in pixels of the picture, score 0..1; the best first."""

SCORE, OVERLAP = 0.3, 0.45
"""A box counts from this score on; of two that overlap more than this (IoU) the better one stays. The values
of YOLOX's own demo; with them the number of people was right in every frame of 19 rendered clips."""

MOST_PEOPLE = 40
"""More people than this are a crowd, of which the best seen are taken: at 40 a frame takes two seconds."""

_INPUT_PX, _GREY, _STRIDES, _PERSON = 416, 114, (8, 16, 32), 0
"""YOLOX nano: side of its input, colour of the border, strides of its grids, class of people in COCO."""

WEIGHTS = "yolox_nano"

SUBSTITUTE = (
    "People were looked for by OpenCV's HOG detector, a weak substitute that misses those who are near, cut "
    f"off or seated. Better: comport weights fetch {WEIGHTS}"
)


class Yolox:
    """YOLOX nano on the thread that calls it; one may be shared by several threads."""

    def __init__(self) -> None:
        """Raises `weights.MissingWeights` where they are not here."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        path = str(weights.find(WEIGHTS))
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(self, prepared: NDArray[np.float32]) -> NDArray[np.float32]:
        """The raw answers (3549, 85) to a picture as `letterboxed` gives it."""
        (found,) = self._session.run(None, {"images": prepared})
        return np.asarray(found[0], np.float32)

    def __call__(self, picture: Picture) -> Boxes:
        height, width = picture.shape[:2]
        raw = self.run(letterboxed(picture))
        scores = raw[:, 4] * raw[:, 5 + _PERSON]
        likely = np.flatnonzero(scores >= SCORE)
        # A person counts only where no other class of thing is likelier.
        likely = likely[raw[likely, 5:].argmax(axis=1) == _PERSON]
        cells, strides = (part[likely] for part in _grid())
        centres = (raw[likely, :2] + cells) * strides
        halves = np.exp(raw[likely, 2:4]) * strides / 2
        boxes = np.concatenate([centres - halves, centres + halves], axis=1)
        boxes = np.clip(boxes * max(height, width) / _INPUT_PX, 0, [width, height, width, height])
        return _suppressed(np.column_stack([boxes, scores[likely]]).astype(np.float32))


def letterboxed(picture: Picture) -> NDArray[np.float32]:
    """The picture as YOLOX wants it: upper left corner of a grey square, BGR, 0..255, planes first."""
    import cv2

    scale = _INPUT_PX / max(picture.shape[:2])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    square = np.empty((1, 3, _INPUT_PX, _INPUT_PX), np.float32)
    square[:, :, size[1] :] = square[:, :, : size[1], size[0] :] = _GREY
    for plane, one in enumerate(
        reversed(cv2.split(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)))
    ):
        square[0, plane, : size[1], : size[0]] = one
    return square


@functools.cache
def _grid() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cell (x, y) and stride of each of the 3549 answers, shapes (n, 2) and (n, 1)."""
    cells, strides = [], []
    for stride in _STRIDES:
        side = _INPUT_PX // stride
        y, x = np.mgrid[:side, :side]
        cells.append(np.stack([x, y], axis=-1).reshape(-1, 2))
        strides.append(np.full((side * side, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)


def hog() -> Callable[[Picture], Boxes]:
    """OpenCV's own detector of standing people, for machines without weights."""
    import cv2

    machine = cv2.HOGDescriptor()
    machine.setSVMDetector(np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector()))
    return functools.partial(_hog, machine)


_HOG_LONGEST_PX = 640
"""HOG looks for people of 128 pixels and more; a larger picture only takes longer."""


def _hog(machine: Any, picture: Picture) -> Boxes:
    import cv2

    scale = min(1.0, _HOG_LONGEST_PX / max(picture.shape[:2]))
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    if size[0] < 64 or size[1] < 128:
        return np.zeros((0, 5), np.float32)
    grey = cv2.cvtColor(cv2.resize(picture, size), cv2.COLOR_RGB2GRAY)
    found, weight = machine.detectMultiScale(grey, winStride=(8, 8), scale=1.05)
    if not len(found):
        return np.zeros((0, 5), np.float32)
    corners = np.asarray(found, np.float32)
    boxes = np.concatenate([corners[:, :2], corners[:, :2] + corners[:, 2:]], axis=1) / scale
    # The margin to the border of a support vector machine as something between 0 and 1.
    scores = 1 / (1 + np.exp(-np.asarray(weight, np.float32).reshape(-1)))
    return _suppressed(np.column_stack([boxes, scores]).astype(np.float32))


def _suppressed(boxes: Boxes) -> Boxes:
    """Without those that overlap a better one; ties are broken by place: the order is always the same."""
    boxes = boxes[np.lexsort((boxes[:, 1], boxes[:, 0], -boxes[:, 4]))]
    kept: list[int] = []
    left = np.arange(len(boxes))
    while len(left) and len(kept) < MOST_PEOPLE:
        kept.append(left[0])
        left = left[1:][overlap(boxes[left[0]], boxes[left[1:]]) <= OVERLAP]
    return boxes[kept]


def overlap(box: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union 0..1 of a box (4 or more,) with each of (k, 4 or more), shape (k,)."""
    both = _area(np.minimum(box[2:4], boxes[:, 2:4]) - np.maximum(box[:2], boxes[:, :2]))
    areas = _area(boxes[:, 2:4] - boxes[:, :2])
    own = float(_area(box[None, 2:4] - box[None, :2])[0])
    return np.asarray(both / np.maximum(own + areas - both, 1e-9), np.float32)


def _area(sides: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of rectangles with these sides (k, 2), 0 where one is negative."""
    width, height = np.maximum(sides, 0).T
    return np.asarray(width * height)
