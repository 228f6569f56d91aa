"""How often sentences that mean alike, by the sentence encoder, are the same act of real calls.

    bench/paraphrases.py [DIR] [--part 0|1|2|3] [--json]

DIR holds calls as lines `party|words|act` in .txt files, party `a` being the agent (the layout of BT Oasis);
without DIR the folder shared/text/bt_oasis/train_clean beside the checkout is taken. `--part` takes every
fourth call, beginning with that one. For each act two or three sentences are given that a manual may give,
written without a look at the calls; no pattern helps them.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from models.paraphrases import Paraphrases

OASIS = Path(__file__).parent.parent.parent / "shared" / "text" / "bt_oasis" / "train_clean"

MEANS = {
    "hold": [
        "please hold the line for a moment",
        "I will just put you on hold while I check",
        "bear with me one moment please",
    ],
    "expressRegret": ["I am sorry about that", "I apologise for the trouble"],
    "bye": ["goodbye", "have a nice day, bye"],
    "thank": ["thank you very much", "thank you for calling"],
}

LEAST = (0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75)


def main() -> None:
    """Prints precision and recall of each act for each least cosine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=OASIS)
    parser.add_argument("--part", type=int, choices=range(4))
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    paths = sorted(arguments.folder.glob("*.txt"))
    if arguments.part is not None:
        paths = paths[arguments.part :: 4]
    read = (line.split("|") for path in paths for line in path.read_text("utf-8").splitlines())
    lines = [(words.split(), act.split("-")) for party, words, act in read if party == "a"]
    if lacking := Paraphrases("en", MEANS).lacking:
        sys.exit(f"no sentence encoder: {lacking}")
    figures: dict[str, dict[str, float]] = {}
    for act, sentences in MEANS.items():
        finder = Paraphrases("en", {act: sentences}, min(LEAST))
        best = np.array([max((a.likeness for a in finder.find(words)), default=0.0) for words, _ in lines])
        true = np.array([act in acts for _, acts in lines])
        figures[act] = {"said": int(true.sum())}
        for least in LEAST:
            found = best >= least
            right = int((found & true).sum())
            figures[act][f"precision_{least}"] = round(right / max(1, int(found.sum())), 3)
            figures[act][f"recall_{least}"] = round(right / max(1, int(true.sum())), 3)
    for act, of in figures.items():
        told = " ".join(f"{n}: {of[f'precision_{n}']:.2f}/{of[f'recall_{n}']:.2f}" for n in LEAST)
        print(f"{act} ({of['said']}): {told}")
    if arguments.json:
        print(json.dumps({"lines": len(lines), **figures}))


if __name__ == "__main__":
    main()
