"""How well formulas are found again in words that a recogniser got wrong, and how often where none is.

    bench/word_errors.py [DIR] [--rubric voice-en] [--part all|tune|test] [--seeds 1 2] [--grid] [--json]

DIR holds transcripts of real calls as lines `party|words|…` in .txt files, party `a` being the agent (the
layout of BT Oasis). Without DIR the folder shared/text/bt_oasis/train_clean beside the checkout is taken,
and where that is missing the exact scripts of the samples.

Formulas are the phrases that the rubric's agents have to say. Whatever they find in the exact words is the
reference, each phrase in each utterance, those of a single word included. Then 0, 10, 20 and 30 % of the
words are made wrong (`worsen`) and the phrases are sought again. What is found beyond the reference is a
false alarm, also where the wrong words happen to be a formula word for word ("buy" heard as "bye"). With
`--grid` the same figures with each constant of `models.garbled` and `models.meanings` changed in turn.
"""

import argparse
import json
import random
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from audit.evaluate.mishearing import neighbours, worsen
from audit.intake import take_in
from audit.interactions import Role
from audit.pipeline import find_rubric
from audit.rubric import Rubric
from models import garbled, meanings
from models.language import BREAK
from models.phrases import Match, Phrases, Prepared

ROOT = Path(__file__).parent.parent
OASIS = ROOT.parent / "shared" / "text" / "bt_oasis" / "train_clean"

ERROR_RATES = (0.0, 0.1, 0.2, 0.3)

WORDS_PER_HOUR = 9_000
"""An hour of one person's speech at 150 words a minute."""

LONG = 3
"""Words of a long phrase."""

GRIDS: dict[str, tuple[float, ...]] = {
    "FOUND": (9.0, 10.5, 12.0, 12.5, 13.0, 14.0),
    "SOUND": (0.45, 0.5, 0.55, 0.6, 0.65),
    "EVIDENCE": (0.5, 0.6, 0.7),
    "SUBSTITUTED": (1.0, 2.0, 3.0, 4.0),
    "DROPPED": (3.0, 5.0, 7.0),
    "ADDED": (4.0, 6.0, 8.0, 10.0),
}


class Score(NamedTuple):
    """What was found of what was said, in `words` words."""

    right: int
    false: int
    said: int
    words: int

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.false)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.said)

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, self.right + self.false + self.said)

    @property
    def false_per_hour(self) -> float:
        return self.false / max(1, self.words) * WORDS_PER_HOUR


class Heard(NamedTuple):
    """Utterances after the errors, ready to be searched; word `i` belongs to utterance `of[i]`."""

    prepared: Prepared
    of: list[int]
    words: list[str]


Places = Counter[tuple[str, int]]
"""How often each phrase is in each utterance."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", default=OASIS if OASIS.is_dir() else ROOT / "samples")
    parser.add_argument("--rubric", default="voice-en")
    parser.add_argument(
        "--part", choices=["all", "tune", "test"], default="all", help="every call, or every other"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument(
        "--grid", action="store_true", help="also with each constant of models.garbled changed"
    )
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    utterances = read(arguments.folder, arguments.part)
    if not utterances:
        raise SystemExit(f"{arguments.folder}: no .txt files of lines 'a|words|…', and no .vtt files")
    rubric = find_rubric(arguments.rubric)
    phrases = formulas(rubric)
    exact = hear(phrases, utterances)
    matches = phrases.find(exact.prepared, tolerant=False)
    said = places(matches, exact)
    long = {(m.phrase, exact.of[m.start]) for m in matches if m.end - m.start >= LONG}
    similar = neighbours(utterances)
    heard = {
        rate: [
            hear(phrases, worsen(utterances, rate, similar, random.Random(seed))) for seed in arguments.seeds
        ]
        for rate in ERROR_RATES
    }
    print(f"{arguments.folder.name}: {len(exact.words) - len(utterances)} words, {said.total()} phrases said")
    print(
        "\nwrong words  precision  recall    F1  false/h   without tolerance: F1  false/h   long ones: recall"
    )
    chosen: dict[float, Score] = {}
    for rate, trials in heard.items():
        score, strict = search(phrases, trials, said), search(phrases, trials, said, tolerant=False)
        chosen[rate] = score
        of_long = Counter({key: count for key, count in said.items() if key in long})
        tolerant_long, strict_long = (search(phrases, trials, of_long, t).recall for t in (True, False))
        told = f"{rate:10.0%}  {score.precision:9.3f} {score.recall:7.3f} {score.f1:6.3f}"
        told += f" {score.false_per_hour:7.2f}          {strict.f1:14.3f} {strict.false_per_hour:8.2f}"
        print(f"{told}      {tolerant_long:.3f} ({strict_long:.3f})")
    if arguments.grid:
        print_grids(rubric, heard, said)
    figures = {f"f1_at_{rate * 100:.0f}": round(score.f1, 3) for rate, score in chosen.items()}
    figures["false_alarms_per_hour"] = round(max(s.false_per_hour for s in chosen.values()), 2)
    print(json.dumps(figures) if arguments.json else figures)


def read(folder: Path, part: str = "all") -> list[list[str]]:
    """The words of each utterance of an agent."""
    spoken: list[list[str]] = []
    for number, path in enumerate(sorted(folder.glob("*.txt"))):
        if part == "all" or (number % 2 == 0) == (part == "tune"):
            rows = (line.split("|") for line in path.read_text("utf-8", "replace").splitlines())
            spoken += [row[1].split() for row in rows if len(row) >= 3 and row[0] == "a"]
    for path in sorted(folder.glob("*.vtt")):
        observations = take_in(path).observations
        said = observations.utterances if observations else None
        spoken += [u.text.split() for u in said or () if u.speaker == "Agent"]
    return [words for words in spoken if words]


def hear(phrases: Phrases, utterances: list[list[str]]) -> Heard:
    words: list[str] = []
    of: list[int] = []
    for number, utterance in enumerate(utterances):
        words += [*utterance, BREAK]
        of += [number] * (len(utterance) + 1)
    return Heard(phrases.prepare(words), of, words)


def formulas(rubric: Rubric) -> Phrases:
    """The phrases that the rubric's agents have to say; what must not be said is never found by likeness."""
    wanted = {name for s in rubric.standards if s.say and s.party == Role.AGENT for name in s.say.phrases}
    return Phrases(rubric.language, {name: rubric.sequences[name] for name in sorted(wanted)})


def places(matches: list[Match], heard: Heard) -> Places:
    return Counter((m.phrase, heard.of[m.start]) for m in matches)


def search(phrases: Phrases, trials: list[Heard], said: Places, tolerant: bool = True) -> Score:
    """What `Phrases.find` finds of what was said, over all trials."""
    found = [places(phrases.find(h.prepared, tolerant), h) for h in trials]
    right = sum((said & f).total() for f in found)
    words = sum(len(h.words) for h in trials)
    return Score(right, sum(f.total() for f in found) - right, said.total() * len(trials), words)


def print_grids(rubric: Rubric, heard: dict[float, list[Heard]], said: Places) -> None:
    """The figures with each constant of `models.garbled` changed in turn; `*` marks the value in force."""
    for name, values in GRIDS.items():
        print(f"\n{name:12}" + "".join(f"   F1 at {rate:3.0%}  false/h" for rate in ERROR_RATES))
        modules = [one for one in (garbled, meanings) if hasattr(one, name)]
        before = getattr(modules[0], name)
        for value in values:
            for module in modules:
                setattr(module, name, value)
            changed = formulas(rubric)
            row = [search(changed, trials, said) for trials in heard.values()]
            mark = "*" if value == before else " "
            print(f"{value:11.2f}{mark}" + "".join(f"{s.f1:12.3f} {s.false_per_hour:8.2f}" for s in row))
        for module in modules:
            setattr(module, name, before)


if __name__ == "__main__":
    main()
