"""What a face shows: the visible smile in one number, for videos and for pictures of one face."""

import numpy as np
from numpy.typing import NDArray

from models import weights
from models.detector import Picture
from models.landmarks import FACE, GREY, Face, Landmarkers
from models.observations import BLENDSHAPES

Array = NDArray[np.float64]

FACE_SIDE_PX = 256
"""Pictures of one face are brought to this size: the input of MediaPipe's face mesh."""

FACE_MARGINS = (0.15, 0.25, 0.4)
"""Margins around a picture of one face, as shares of its side; what is read with each is averaged. Without
any, 336 of 343 pictures are found, and the area under the curve of mouthSmile is 0.89, not 0.93."""

WIDER, BARED = 1.0, 0.5
"""What mouthStretch and mouthUpperUp add to mouthSmile: a smile also widens the mouth and bares the upper
teeth. Round numbers: weights that are searched do no better on other pictures (`bench/smile.py`)."""


def both(expression: NDArray[np.floating], movement: str) -> Array:
    """The mean (…) of a movement on the left and the right, of blendshapes (…, 52)."""
    sides = [BLENDSHAPES.index(movement + side) for side in ("Left", "Right")]
    return np.asarray(np.asarray(expression[..., sides], np.float64).mean(axis=-1))


def smile_score(expression: NDArray[np.floating], wider: float = WIDER, bared: float = BARED) -> Array:
    """How much a face visibly smiles, (…) 0..1, by its blendshapes (…, 52); NaN where no face was seen."""
    corners = both(expression, "mouthSmile")
    more = wider * both(expression, "mouthStretch") + bared * both(expression, "mouthUpperUp")
    return np.asarray(np.minimum(1.0, corners + more))


def face_in(picture: Picture, models: Landmarkers) -> Face | None:
    """The face that fills a picture (h, w, 3), in the mean of what is read with each of `FACE_MARGINS`.

    None where no face is found. Its landmarks are those of the picture enlarged to `FACE_SIDE_PX`.

    Raises:
        weights.MissingWeights: the face model is not here.
    """
    import cv2

    weights.find(FACE)
    scale = FACE_SIDE_PX / max(picture.shape[:2])
    # Small faces are enlarged smoothly: corners of pixels look like folds.
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    large = cv2.resize(picture, size, interpolation=how)
    read = []
    for margin in FACE_MARGINS:
        px = round(margin * FACE_SIDE_PX)
        grey = (GREY, GREY, GREY)
        around = cv2.copyMakeBorder(large, px, px, px, px, cv2.BORDER_CONSTANT, value=grey)
        found = models.face(np.asarray(around, np.uint8))
        if found is not None:
            read.append(found._replace(points_px=found.points_px - np.float32(px)))
    return Face(*(np.mean(values, axis=0) for values in zip(*read, strict=True))) if read else None
