"""How well a visible smile is told in labelled pictures of faces."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from audit.evaluate.matching import area_under_curve
from audit.evaluate.truth import BadTruth, rows
from models.faces import face_in, smile_score
from models.landmarks import Landmarkers
from models.perceiving import Progress

SMILES = 0.5
"""A score from here on is a smile (`audit.signals.face`)."""

MOST_NAMED = 20
"""So many pictures are named whose score says the contrary of their label, the worst first."""


class Read(NamedTuple):
    """One picture: its label, and the score 0..1; None where no face was found."""

    name: str
    smiles: bool
    score: float | None


def read(labels: Path, progress: Progress = lambda done, total: None) -> list[Read]:
    """Every picture of a table `labels.csv` with `file` and `smile` (1 or 0).

    Raises:
        BadTruth: a picture that is named cannot be read.
        weights.MissingWeights: the face model is not here.
    """
    import cv2

    table = list(rows(labels))
    found = []
    with Landmarkers() as models:
        for done, row in enumerate(table, start=1):
            path = labels.parent / row["file"]
            read = cv2.imread(str(path))
            if read is None:
                raise BadTruth(str(path), "no picture", f"what {labels.name} names")
            face = face_in(np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), np.uint8), models)
            score = None if face is None else float(smile_score(face.expression))
            found.append(Read(row["file"], bool(int(row["smile"])), score))
            progress(done, len(table))
    return found


def summary(read: Sequence[Read]) -> dict[str, Any]:
    """The area under the curve of the faces that were found, how many that are, and the most doubtful."""
    known = [(one, one.score) for one in read if one.score is not None]
    wrong = sorted(((abs(score - one.smiles), one.name) for one, score in known), reverse=True)
    called = [(one.smiles, score >= SMILES) for one, score in known]
    return {
        "pictures": len(read),
        "found": len(known),
        "auc": area_under_curve([score for _, score in known], [one.smiles for one, _ in known]),
        "smiles_found": sum(true and said for true, said in called),
        "smiles": sum(true for true, _ in called),
        "taken_for_smiles": sum(said and not true for true, said in called),
        "contrary": [name for off, name in wrong[:MOST_NAMED] if off >= SMILES],
    }
