"""How well phrases are found again in words that a recogniser got wrong, and how often where none is.

    bench/phrases.py DIR [--files 600] [--rubric voice-en] [--json]

DIR holds transcripts of real calls as lines `party|words|act`, party `a` being the agent. The rubric's
phrases in the agents' exact words are the reference; only patterns that tolerance applies to are counted
(`Phrases`). Then 0, 10, 20 and 30 % of the words are made wrong as recognisers make them wrong, and the
phrases are sought again: with the constants of `models.language`, and with each of them changed in turn
(`*` marks the value in force).

What is found beyond the reference counts as false although some of it is none ("I'll check" for "I will
check it"). Wrong words are chosen by spelling, which flatters a comparison by letters.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rapidfuzz import fuzz, process

from audit.pipeline import find_rubric
from models import language
from models.language import BREAK, Match, Phrases, Prepared

ERROR_RATES = (0.0, 0.1, 0.2, 0.3)

KINDS, SHARES = ("other", "none", "extra"), (0.7, 0.2, 0.1)
"""A wrong word is another one, gone, or followed by one too many. The shares are our choice: recognisers
mostly substitute."""

NEIGHBOURS = 5
"""A wrong word is one of the so many in the vocabulary that are spelt most like it."""

WORDS_PER_HOUR = 9_000
"""An hour of one person's speech at 150 words a minute."""

SEEDS = (1, 2)

GRIDS: dict[str, tuple[float, ...]] = {
    "FOUND": (0.76, 0.78, 0.80, 0.82, 0.84, 0.86, 0.88, 0.90, 0.92),
    "CONTENT": (0.45, 0.55, 0.65, 0.75, 0.85),
    "COUNTERPART": (0.2, 0.3, 0.4, 0.5, 0.6),
}
NEAR_GRIDS: dict[str, tuple[float, ...]] = {
    "NEAR": (0.60, 0.64, 0.68, 0.72, 0.76, 0.80),
    "NEAR_CONTENT": (0.3, 0.4, 0.5, 0.6, 0.7),
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
        return 2 * self.right / max(1, 2 * self.right + self.false + self.said - self.right)

    @property
    def false_per_hour(self) -> float:
        return self.false / self.words * WORDS_PER_HOUR


class Heard(NamedTuple):
    """Utterances after the errors, ready to be searched; word `i` belongs to utterance `of[i]`."""

    prepared: Prepared
    of: list[int]
    words: int


Places = Counter[tuple[str, int]]
"""How often each phrase is in each utterance."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=600)
    parser.add_argument("--rubric", default="voice-en")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    utterances = read(sorted(arguments.folder.glob("*.txt"))[: arguments.files])
    if not utterances:
        raise SystemExit(f"{arguments.folder}: no lines 'a|words|act' in its .txt files")
    sequences = formulas(arguments.rubric)
    phrases, names = Phrases("en", sequences), list(sequences)
    exact = hear(phrases, utterances)
    said = places(phrases.find(exact.prepared, tolerant=False), exact)
    similar = neighbours(utterances)
    heard = {
        rate: [hear(phrases, worsen(utterances, rate, similar, random.Random(seed))) for seed in SEEDS]
        for rate in ERROR_RATES
    }
    print(f"{exact.words} words of agents, {said.total()} phrases said, {len(SEEDS)} runs for each rate")
    print("\nwrong words  precision  recall    F1  false/h   (exact only: recall, F1)")
    chosen: dict[float, Score] = {}
    for rate, trials in heard.items():
        score, strict = find(phrases, trials, said), find(phrases, trials, said, tolerant=False)
        chosen[rate] = score
        print(
            f"{rate:10.0%}  {score.precision:9.3f} {score.recall:7.3f} {score.f1:6.3f}"
            f" {score.false_per_hour:7.2f}   ({strict.recall:.3f}, {strict.f1:.3f})"
        )
    for name, values in GRIDS.items():
        print(f"\n{name:12}" + "".join(f"   F1 at {rate:3.0%}  false/h" for rate in ERROR_RATES))
        for value in values:
            with changed(name, value):
                row = [find(phrases, trials, said) for trials in heard.values()]
            mark = "*" if value == getattr(language, name) else " "
            print(f"{value:11.2f}{mark}" + "".join(f"{s.f1:12.3f} {s.false_per_hour:8.2f}" for s in row))
    for name, values in NEAR_GRIDS.items():
        print(f"\n{name:12}" + "".join(f"  doubted {rate:3.0%}  false/h" for rate in ERROR_RATES[1:]))
        for value in values:
            with changed(name, value):
                row = [doubt(phrases, names, heard[rate], said) for rate in ERROR_RATES[1:]]
            mark = "*" if value == getattr(language, name) else " "
            print(f"{value:11.2f}{mark}" + "".join(f"{s.recall:13.3f} {s.false_per_hour:8.2f}" for s in row))
    figures = {f"f1_at_{rate * 100:.0f}": round(score.f1, 3) for rate, score in chosen.items()}
    figures["false_alarms_per_hour"] = round(max(s.false_per_hour for s in chosen.values()), 2)
    print(json.dumps(figures) if arguments.json else figures)


def read(paths: list[Path]) -> list[list[str]]:
    """The words of each utterance of an agent."""
    lines = (line for path in paths for line in path.read_text("utf-8", "replace").splitlines())
    rows = (line.split("|") for line in lines)
    spoken = [row[1].split() for row in rows if len(row) >= 3 and row[0] == "a"]
    return [words for words in spoken if words]


def formulas(rubric: str) -> dict[str, list[tuple[str, ...]]]:
    """The patterns of a rubric that are long enough, and plain enough, to be found when garbled."""
    sequences = {
        name: [
            body
            for body in bodies
            if language.ANY not in body
            and not any(word in language.SLOTS for word in body)
            and len(body) >= language.MIN_TOLERANT_WORDS
            and len(" ".join(body)) >= language.MIN_TOLERANT_LETTERS
        ]
        for name, bodies in find_rubric(rubric).sequences.items()
    }
    return {name: bodies for name, bodies in sequences.items() if bodies}


def neighbours(utterances: list[list[str]]) -> dict[str, list[str]]:
    """For each word the words of the vocabulary that are spelt most like it."""
    vocabulary = sorted({word for words in utterances for word in words})
    alike = process.cdist(vocabulary, vocabulary, scorer=fuzz.ratio, dtype=np.uint8)
    np.fill_diagonal(alike, 0)
    nearest = np.argsort(-alike.astype(np.int16), axis=1, kind="stable")[:, :NEIGHBOURS]
    return {
        word: [vocabulary[i] for i in row] for word, row in zip(vocabulary, nearest.tolist(), strict=True)
    }


def worsen(
    utterances: list[list[str]], rate: float, similar: dict[str, list[str]], dice: random.Random
) -> list[list[str]]:
    """The utterances with this share of their words made wrong."""
    vocabulary = [word for words in utterances for word in words]
    worse: list[list[str]] = []
    for words in utterances:
        heard: list[str] = []
        for word in words:
            kind = dice.choices(KINDS, SHARES)[0] if dice.random() < rate else "right"
            if kind == "other":
                heard.append(dice.choice(similar[word]))
            elif kind != "none":
                heard.append(word)
            if kind == "extra":
                heard.append(dice.choice(vocabulary))
        worse.append(heard)
    return worse


def hear(phrases: Phrases, utterances: list[list[str]]) -> Heard:
    words: list[str] = []
    of: list[int] = []
    for number, utterance in enumerate(utterances):
        words += [*utterance, BREAK]
        of += [number] * (len(utterance) + 1)
    return Heard(phrases.prepare(words), of, sum(map(len, utterances)))


def places(matches: list[Match], heard: Heard) -> Places:
    return Counter((m.phrase, heard.of[m.start]) for m in matches)


def find(phrases: Phrases, trials: list[Heard], said: Places, tolerant: bool = True) -> Score:
    """What `Phrases.find` finds of what was said, over all trials."""
    return compare([places(phrases.find(h.prepared, tolerant), h) for h in trials], trials, said)


def doubt(phrases: Phrases, names: list[str], trials: list[Heard], said: Places) -> Score:
    """What `Phrases.near` gives of what was said and not found: `right` and `said` count only that."""
    scores: list[Score] = []
    for heard in trials:
        found = phrases.find(heard.prepared)
        taken = places(found, heard)
        near = [m for name in names for m in phrases.near(name, heard.prepared)]
        doubted = Counter({key: 1 for key in places(near, heard) if key not in taken})
        scores.append(compare([doubted], [heard], said - taken))
    return Score(*map(sum, zip(*scores, strict=True)))


def compare(found: list[Places], trials: list[Heard], said: Places) -> Score:
    right = sum((said & f).total() for f in found)
    return Score(
        right,
        sum(f.total() for f in found) - right,
        said.total() * len(trials),
        sum(h.words for h in trials),
    )


@contextmanager
def changed(name: str, value: float) -> Iterator[None]:
    """One constant of `models.language` at another value."""
    before = getattr(language, name)
    setattr(language, name, value)
    try:
        yield
    finally:
        setattr(language, name, before)


if __name__ == "__main__":
    main()
