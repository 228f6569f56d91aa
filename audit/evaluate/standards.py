"""How right standards are on words of which people said what they are: tagged calls, and verdicts beside
transcripts."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from audit.case import Case
from audit.evaluate.acts import Finder, Line, read_acts, read_calls
from audit.evaluate.labels import NAME as LABELS
from audit.evaluate.labels import Label, moment_of, read_labels
from audit.intake import take_in
from audit.interactions import SURE, Conversation, Role
from audit.judge import Verdict, judge_standard, outcome
from audit.roles import converse
from audit.rubric import Rubric
from audit.yamlfile import BadFile, Problem
from models.errors import ComportError
from models.observations import Span

BINS = 10
"""Confidences are put into so many bins of equal width for the expected calibration error (Guo et al. 2017,
On Calibration of Modern Neural Networks, use 15; few labels fill no more than ten)."""

MOMENT_S = 0.001
"""A written message has no length; so long is the window that it is looked for in."""


Part = Literal["all", "first", "second"]

PARTS = {"all": slice(None), "first": slice(0, None, 2), "second": slice(1, None, 2)}
"""All calls, the first and every other after it, or the second and every other."""


class NoLabels(ComportError):
    """A folder of which nobody said what is true."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return (
            f"{self.path}: nothing to compare with; expected NAME.txt files of lines party|words|act, "
            f"or transcripts beside a {LABELS} with the columns file,line,standard,verdict"
        )


class Decision(NamedTuple):
    """One thing that could be found, beside its truth."""

    name: str
    """The act, standard or phrase."""
    where: str
    """Its place, `FILE:LINE`."""
    true: bool
    confidence: float
    """How surely it was found, 0..1; 0 where it was not."""
    told: bool = True
    """Whether a verdict was given; False is `cannot tell`."""

    @property
    def found(self) -> bool:
        return self.told and self.confidence > 0


def evaluate_standards(
    folder: Path, rubric: Rubric, part: Part = "all", read: Path | None = None
) -> dict[str, Any]:
    """The figures of all acts and standards together, of each under `each`, and every one that is wrong.

    `part` takes every second call only. `read` is what somebody said of disagreements after reading them
    (`read_judgements`): those that are a matter of tagging are left out.

    `precision`: of what was found, the share that is true; `recall`: of what is true, the share that was
    found; `coverage`: of what is true or perhaps found, the share with a verdict; `ece`: the expected
    calibration error of what was found. Each None where there is nothing to divide by. `wrong` holds the
    places (`FILE:LINE`) that are `missed` and `false`, per name.

    Raises:
        NoLabels: the folder holds no tagged call and no labels.
        BadFile: with every problem of the labels, the map or the calls.
    """
    calls = read_calls(folder)
    labelled = (folder / LABELS).is_file()
    if not calls and not labelled:
        raise NoLabels(str(folder))
    decisions = list(_of_calls(folder, rubric, calls[PARTS[part]])) if calls else []
    decisions += _of_labels(folder, rubric) if labelled else []
    style = read_judgements(read) if read else frozenset()
    return report([d for d in decisions if (d.where, d.name) not in style or d.found == d.true])


def read_judgements(path: Path) -> frozenset[tuple[str, str]]:
    """(place, act) of each disagreement that is a matter of tagging, by a CSV file with the columns `call`,
    `line`, `act`, `judgement` (`style` or `error`) and `why`.

    Raises:
        BadFile: a row is not of this form, at its line.
    """
    style: set[tuple[str, str]] = set()
    problems: list[Problem] = []
    try:
        lines = path.read_text("utf-8-sig").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile((Problem(str(path), 1, "", f"cannot be read as UTF-8 text: {error}"),)) from error
    reader = csv.DictReader(lines)
    for row in reader:
        judgement = row.get("judgement")
        if judgement not in ("style", "error") or not (
            row.get("call") and row.get("line") and row.get("act")
        ):
            text = "expected call,line,act,judgement,why with the judgement style or error"
            problems.append(
                Problem(
                    str(path), reader.line_num, "", f"found '{','.join(map(str, row.values()))[:60]}', {text}"
                )
            )
        elif judgement == "style":
            style.add((f"{row['call']}:{row['line']}", str(row["act"])))
    if problems:
        raise BadFile(tuple(problems))
    return frozenset(style)


def _of_calls(folder: Path, rubric: Rubric, calls: Sequence[tuple[Line, ...]]) -> Iterator[Decision]:
    acts = read_acts(folder, rubric)
    found = Finder(acts, rubric).find(calls)
    for line in (line for call in calls for line in call if line.where in found):
        for name in acts.acts:
            said = found[line.where].get(name)
            yield decide(name, line.where, name in line.acts, said.confidence if said else 0.0)


def decide(name: str, where: str, true: bool, confidence: float) -> Decision:
    """The decision on something found with this confidence: below `SURE` nobody can tell."""
    return Decision(name, where, true, confidence, not 0 < confidence < SURE)


def _of_labels(folder: Path, rubric: Rubric) -> Iterator[Decision]:
    standards = {standard.id: standard for standard in rubric.standards}
    talks: dict[Path, Conversation] = {}
    for label in read_labels(folder, (*standards, *rubric.phrases)):
        if label.file not in talks:
            arrival = take_in(label.file)
            if arrival.observations is None:
                raise NoLabels(str(label.file))
            talks[label.file] = converse(arrival.interaction, arrival.observations, rubric)
        verdict, confidence = _verdict(label, rubric, talks[label.file])
        where = f"{label.file.relative_to(folder)}:{label.line or 'all'}"
        sure = confidence if verdict == Verdict.MET else 0.0
        told = verdict != Verdict.CANNOT_TELL
        yield Decision(label.standard, where, label.verdict == Verdict.MET, sure, told)


def _verdict(label: Label, rubric: Rubric, talk: Conversation) -> tuple[Verdict, float]:
    """The machine's verdict on what a label is about, and how sure it is."""
    standard = next((s for s in rubric.standards if s.id == label.standard), None)
    if standard is not None and label.line is None:
        finding = judge_standard(standard, talk, rubric.phases)
        return finding.verdict, finding.confidence
    moment = moment_of(label, talk.observations)
    window = Span(moment.start_s, max(moment.end_s, moment.start_s + MOMENT_S))
    if standard is not None:
        told = outcome(standard, standard.by, Case(talk, rubric.phases), window)
        if told.credit is None:
            return Verdict.CANNOT_TELL, 0.0
        return (Verdict.MET if told.credit == 1 else Verdict.MISSED), told.confidence
    said = [
        e for e in talk.said(label.standard, Role.ANYONE) if window.start_s <= e.span.start_s < window.end_s
    ]
    confidence = max((event.confidence for event in said), default=0.0)
    if not said:
        return Verdict.MISSED, 1.0
    return (Verdict.MET, confidence) if confidence >= SURE else (Verdict.CANNOT_TELL, 0.0)


def report(decisions: Sequence[Decision]) -> dict[str, Any]:
    """The figures of `evaluate_standards`."""
    each: dict[str, list[Decision]] = {}
    for one in decisions:
        each.setdefault(one.name, []).append(one)
    wrong = {
        name: {
            "missed": [d.where for d in ones if d.true and not d.found],
            "false": [d.where for d in ones if d.found and not d.true],
        }
        for name, ones in each.items()
    }
    return {
        **figures(decisions),
        "each": {name: figures(ones) for name, ones in each.items()},
        "wrong": wrong,
    }


def figures(decisions: Iterable[Decision]) -> dict[str, Any]:
    """`precision`, `recall`, `coverage`, `ece`, and what they are counted from: `true`, `found`, `right`."""
    asked = [d for d in decisions if d.true or d.found or not d.told]
    true = sum(d.true for d in asked)
    found = [d for d in asked if d.found]
    right = sum(d.true for d in found)
    return {
        "precision": _share(right, len(found)),
        "recall": _share(right, true),
        "coverage": _share(sum(d.told for d in asked), len(asked)),
        "ece": calibration_error([(d.confidence, d.true) for d in found]),
        "true": true,
        "found": len(found),
        "right": right,
    }


def _share(part: int, of: int) -> float | None:
    return round(part / of, 3) if of else None


def calibration_error(pairs: Sequence[tuple[float, bool]]) -> float | None:
    """How far confidence (0..1) is from the share that is right, 0..1: the mean over `BINS` bins, weighed by
    how many are in each; None of nothing."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in pairs:
        bins.setdefault(min(BINS - 1, int(confidence * BINS)), []).append((confidence, right))
    apart = (abs(sum(c for c, _ in one) - sum(r for _, r in one)) for one in bins.values())
    return round(sum(apart) / len(pairs), 3) if pairs else None
