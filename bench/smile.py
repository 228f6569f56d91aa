"""How well smiles are told in labelled pictures of faces.

    bench/smile.py FOLDER [--json]

FOLDER holds `labels.csv` (columns `file`, and `smile` 1 or 0) and the pictures, one face each. Printed are
the areas under the ROC curve of mouthSmile alone and of `models.faces.smile_score`; of weights that were
searched on one half of the pictures, on the other half (100 times), beside what the score gets there; both
kinds of error by how far the head is turned; and the pictures that the score holds for the contrary of their
label.
"""

import argparse
import csv
import itertools
import json
from pathlib import Path

import numpy as np
from PIL import Image

from models.faces import BARED, WIDER, both, face_in, smile_score
from models.landmarks import Landmarkers

GRID = tuple(itertools.product((0.0, 0.25, 0.5, 1.0, 1.5, 2.0), (0.0, 0.25, 0.5, 1.0)))
"""Weights that are tried."""

HALVINGS = 100

SMILES = 0.5
"""A score from here on is a smile (`audit.signals.face`)."""

TURNS_DEG = ((0, 10), (10, 20), (20, 90))


def auc(smiles: np.ndarray, scores: np.ndarray) -> float:
    """The share of pairs of a smile and none in which the smile has the higher score."""
    apart = scores[smiles][:, None] - scores[~smiles]
    return float(np.mean((apart > 0) + 0.5 * (apart == 0)))


def held_out(smiles: np.ndarray, rows: np.ndarray) -> tuple[float, float]:
    """Areas on pictures that were not looked at: by weights searched on the others, and by those in use."""
    random = np.random.default_rng(0)
    tried = [smile_score(rows, *weights) for weights in GRID]
    used = smile_score(rows, WIDER, BARED)
    found = []
    for _ in range(HALVINGS):
        kinds = [random.permutation(np.flatnonzero(smiles == kind)) for kind in (True, False)]
        search, rest = (np.concatenate([kind[start::2] for kind in kinds]) for start in (0, 1))
        best = max(tried, key=lambda scores: auc(smiles[search], scores[search]))
        found.append((auc(smiles[rest], best[rest]), auc(smiles[rest], used[rest])))
    searched, fixed = np.mean(found, axis=0)
    return float(searched), float(fixed)


def figures(folder: Path) -> dict[str, object]:
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        labels = [(row["file"], row["smile"] == "1") for row in csv.DictReader(file)]
    read, turns, true, names = [], [], [], []
    with Landmarkers() as models:
        for name, smile in labels:
            picture = np.asarray(Image.open(folder / name).convert("RGB"))
            face = face_in(picture, models)
            if face is not None:
                read.append(face.expression)
                turns.append(abs(float(face.head_deg[0])))
                true.append(smile)
                names.append(name)
    rows, smiles, turned = np.array(read), np.array(true), np.array(turns)
    scores = smile_score(rows)
    searched, fixed = held_out(smiles, rows)
    wrong = sorted(zip(np.abs(scores - smiles), names, strict=True), reverse=True)
    return {
        "pictures": len(labels),
        "found": len(rows),
        "mouth_corners_auc": round(auc(smiles, both(rows, "mouthSmile")), 4),
        "smile_auc": round(auc(smiles, scores), 4),
        "searched_on_halves_auc": round(searched, 4),
        "on_the_same_halves_auc": round(fixed, 4),
        "by_turn": [
            {
                "deg": f"{low}-{high}",
                "smiles": int((here & smiles).sum()),
                "smiles_found": int((here & smiles & (scores >= SMILES)).sum()),
                "others": int((here & ~smiles).sum()),
                "others_taken_for_smiles": int((here & ~smiles & (scores >= SMILES)).sum()),
            }
            for low, high in TURNS_DEG
            for here in [(turned >= low) & (turned < high)]
        ],
        "most_wrong": [name for off, name in wrong[:30] if off >= SMILES],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="How well smiles are told in labelled pictures.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = figures(asked.folder)
    if asked.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
