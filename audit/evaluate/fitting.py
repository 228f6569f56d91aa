"""Fits how likely a found phrase was said (`audit.confidence`) to labelled words made wrong on purpose."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from audit.confidence import Confidence
from audit.evaluate.acts import Act, Acts, Finder, Line, read_acts, read_calls
from audit.evaluate.labels import NAME as LABELS
from audit.evaluate.labels import read_labels, text_of
from audit.evaluate.mishearing import mishear, neighbours, probability
from audit.evaluate.standards import PARTS, NoLabels, calibration_error, read_judgements
from audit.intake import take_in
from audit.interactions import SURE
from audit.judge import Verdict
from audit.rubric import Rubric
from models.errors import ComportError
from models.observations import Observations

ERROR_RATES = (0.05, 0.1, 0.2, 0.3, 0.4)
"""Shares of wrong words, from a good line to a bad one; PocketSphinx makes 18 % on clean synthetic calls
(docs/accuracy.md), and many more on a bad line."""

SEEDS = (1, 2)

PRIOR = 10.0
"""So strong is the pull of a phrase towards the common curve: the penalty on the square of its offset. Our
choice: a phrase needs tens of labels to have a curve of its own."""

FEWEST = 50
"""With fewer found phrases there is nothing to fit."""

THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)


class TooFew(ComportError):
    """Too few labelled phrases to fit a curve, or of one kind only."""

    def __init__(self, found: int, wrong: int) -> None:
        super().__init__(found, wrong)
        self.found, self.wrong = found, wrong

    def __str__(self) -> str:
        return (
            f"{self.found} phrases found in labelled calls, {self.wrong} of them wrong; expected at least "
            f"{FEWEST} with some of them wrong: label more calls"
        )


class Unwritable(ComportError):
    """A curve that cannot be kept."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path}: cannot be written ({self.problem}); give --fit a file in a folder that is there"


class Pair(NamedTuple):
    """A phrase found in misheard words: how surely (0..1), and whether it is right."""

    phrase: str
    raw: float
    right: bool


def fit(
    folder: Path, rubric: Rubric, wanted: float, read: Path | None = None
) -> tuple[Confidence, dict[str, Any]]:
    """The curve fitted to every second call and labelled line of a folder, and how it does on the others.

    Labelled are the lines of chats and transcripts of which `labels.csv` says whether they say a phrase. All
    words are made wrong and given probabilities as a recogniser does (`mishearing`). What is told:
    `ece_before`, `ece_after` (expected calibration error on the other half), `sure`, `curve`: per threshold
    the precision and the coverage on the other half, and `phrases`: for each how many were found there, how
    many of them wrongly, and its calibration error. `sure` is the smallest likelihood from which on the
    phrases found in the fitted half have the `wanted` precision (1 where they never have).

    Raises:
        NoLabels: no tagged calls and no labelled lines. TooFew: too few phrases in them. BadFile: the map,
            the calls or the labels are wrong.
    """
    calls = read_calls(folder)
    lines = labelled_lines(folder, rubric) if (folder / LABELS).is_file() else ()
    if not calls and not lines:
        raise NoLabels(str(folder))
    style = read_judgements(read) if read else frozenset()
    pairs, others = list[Pair](), list[Pair]()
    for half, part in ((pairs, PARTS["first"]), (others, PARTS["second"])):
        if calls:
            half.extend(misheard_pairs(calls[part], read_acts(folder, rubric), rubric, style))
        half.extend(_misheard_lines(lines[part], rubric))
    wrong = sum(not pair.right for pair in pairs)
    if len(pairs) < FEWEST or not 0 < wrong < len(pairs) or not others:
        raise TooFew(len(pairs), wrong)
    curve = _curve(
        pairs, rubric, wanted, f"{len(pairs)} phrases found in every second call and labelled line"
    )
    likely = [(_likely(curve, p), p.right) for p in others]
    told = {
        "ece_before": calibration_error([(p.raw, p.right) for p in others]),
        "ece_after": calibration_error(likely),
        "sure": curve.sure,
        "before": _point([(p.raw, p.right) for p in others], SURE),
        "after": _point(likely, curve.sure),
        "curve": [_point(likely, at) for at in sorted({*THRESHOLDS, curve.sure})],
        "phrases": {name: _of_phrase(curve, others, name) for name in sorted(curve.offsets)},
    }
    return curve, told


def _of_phrase(curve: Confidence, pairs: Sequence[Pair], name: str) -> dict[str, float | None]:
    likely = [(_likely(curve, pair), pair.right) for pair in pairs if pair.phrase == name]
    wrong = sum(not right for _, right in likely)
    return {"found": len(likely), "wrong": wrong, "ece": calibration_error(likely)}


class Labelled(NamedTuple):
    """A line of which a person said for some phrases whether it says them; `line.acts` are those it does."""

    line: Line
    judged: frozenset[str]


PARTY = "labelled"
"""Whose the labelled lines are."""


def labelled_lines(folder: Path, rubric: Rubric) -> tuple[Labelled, ...]:
    """The lines of chats and transcripts whose phrases `labels.csv` names, in its order.

    Raises:
        BadFile: a label is wrong, or its line has no words.
    """
    talks: dict[Path, Observations] = {}
    words: dict[str, tuple[str, ...]] = {}
    said: dict[str, dict[str, bool]] = {}
    for label in read_labels(folder, (*rubric.phrases, *(standard.id for standard in rubric.standards))):
        if label.line is None or label.standard not in rubric.phrases:
            continue
        if label.file not in talks:
            observed = take_in(label.file).observations
            if observed is None:
                raise NoLabels(str(label.file))
            talks[label.file] = observed
        where = f"{label.file.relative_to(folder)}:{label.line}"
        words[where] = tuple(text_of(label, talks[label.file]).split())
        said.setdefault(where, {})[label.standard] = label.verdict == Verdict.MET
    return tuple(
        Labelled(Line(where, PARTY, words[where], frozenset(n for n in ones if ones[n])), frozenset(ones))
        for where, ones in said.items()
    )


def _misheard_lines(lines: Sequence[Labelled], rubric: Rubric) -> Iterator[Pair]:
    """The same as `misheard_pairs` for labelled lines, of the phrases that somebody judged in them."""
    for judged in sorted({one.judged for one in lines}, key=sorted):
        acts = Acts(set=LABELS, party=PARTY, acts={name: Act(said=(name,)) for name in sorted(judged)})
        calls = [(one.line,) for one in lines if one.judged == judged]
        yield from misheard_pairs(calls, acts, rubric, frozenset())


def save(curve: Confidence, path: Path) -> None:
    """Writes the curve to a file, which lies beside the rubric's to be used.

    Raises:
        Unwritable: the file cannot be written.
    """
    text = yaml.safe_dump(curve.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    try:
        path.write_text(
            f"# Written by comport eval standards --fit; used where it lies beside its rubric.\n{text}"
        )
    except OSError as error:
        raise Unwritable(str(path), error.strerror or str(error)) from error


def misheard_pairs(
    calls: Sequence[Sequence[Line]], acts: Acts, rubric: Rubric, style: frozenset[tuple[str, str]]
) -> Iterator[Pair]:
    """Every phrase that is found in the calls when their words are made wrong (`ERROR_RATES`, `SEEDS`);
    disagreements (place, act) of `style` count as right."""
    finder = Finder(acts, rubric)
    lines = [line for call in calls for line in call]
    similar = neighbours([line.words for line in lines])
    for rate in ERROR_RATES:
        for seed in SEEDS:
            dice = random.Random(seed)  # noqa: S311  the same errors each time, no secret
            heard = iter(mishear([line.words for line in lines], rate, similar, dice))
            worse = [[_misheard(line, next(heard), dice) for line in call] for call in calls]
            found = finder.find(worse, tolerant=True)
            for line in lines:
                for name, said in found.get(line.where, {}).items():
                    right = name in line.acts or (line.where, name) in style
                    yield Pair(said.phrase, said.confidence, right)


def _misheard(line: Line, heard: list[tuple[str, bool]], dice: random.Random) -> Line:
    words = tuple(word for word, _ in heard)
    return line._replace(words=words, heard=tuple(probability(right, dice) for _, right in heard))


def _curve(pairs: Sequence[Pair], rubric: Rubric, wanted: float, made: str) -> Confidence:
    from sklearn.linear_model import LogisticRegression

    names = sorted({pair.phrase for pair in pairs if pair.phrase in rubric.phrases})
    raw = np.array([pair.raw for pair in pairs])
    own = np.array([[pair.phrase == name for name in names] for pair in pairs], float)
    right = np.array([pair.right for pair in pairs])
    # One penalty for all weights: the raw confidence is made large so that its slope is hardly held back.
    scale = 100.0
    model = LogisticRegression(C=1 / PRIOR, max_iter=2000).fit(np.column_stack([raw * scale, own]), right)
    slope, *offsets = (float(weight) for weight in model.coef_[0])
    curve = Confidence(
        made=made,
        wanted=wanted,
        sure=0.0,
        intercept=round(float(model.intercept_[0]), 4),
        slope=round(max(0.0, slope * scale), 4),
        offsets={name: round(offset, 4) for name, offset in zip(names, offsets, strict=True)},
    )
    return curve.model_copy(update={"sure": _least([(_likely(curve, p), p.right) for p in pairs], wanted)})


def _likely(curve: Confidence, pair: Pair) -> float:
    """The likelihood of a found phrase; what the map itself says the act by follows the common curve."""
    likely = curve.of(pair.phrase, pair.raw)
    return curve.likelihood(pair.raw) if likely is None else likely


def _least(likely: Sequence[tuple[float, bool]], wanted: float) -> float:
    """The smallest likelihood from which on at least the wanted share is right; 1 where there is none."""
    best, right, found = 1.0, 0, 0
    order = sorted(likely, reverse=True)
    for number, (likelihood, true) in enumerate(order):
        right, found = right + true, found + 1
        last = number + 1 == len(order) or order[number + 1][0] < likelihood
        if last and right / found >= wanted:
            best = likelihood
    return best


def _point(likely: Sequence[tuple[float, bool]], threshold: float) -> dict[str, float | None]:
    given = [true for likelihood, true in likely if likelihood >= threshold]
    return {
        "threshold": threshold,
        "precision": round(sum(given) / len(given), 3) if given else None,
        "coverage": round(len(given) / len(likely), 3),
    }
