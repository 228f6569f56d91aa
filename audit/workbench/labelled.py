"""Verdicts on labelled transcripts beside those of the people who labelled them."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from audit.evaluate.labels import GIVEN, NAME, moment_of, read_labels
from audit.intake import take_in
from audit.judge import Finding, Verdict, judge_standard
from audit.outcomes import Outcome
from audit.rubric import Rubric, Standard
from audit.scorecard import look_at
from audit.trace import Step, tracing
from audit.yamlfile import BadFile, Problem
from models.observations import Span


class Compared(msgspec.Struct, frozen=True):
    """What a person and the judge say of one standard in one file, or at one of its lines."""

    standard: str
    wanted: Verdict
    found: Verdict
    file: str
    line: int | None
    reason: str

    @property
    def right(self) -> bool:
        return self.wanted == self.found

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Confusion(msgspec.Struct, frozen=True):
    """How often each verdict was wanted and found: `counts[wanted][found]`.

    `precision` is the share of right ones among those found, `recall` among those wanted, of `met` and
    `missed`; None where there are none. `coverage` is the share that could be told.
    """

    standard: str
    labels: int
    counts: dict[str, dict[str, int]]
    precision: dict[str, float | None]
    recall: dict[str, float | None]
    coverage: float


def judge_labels(folder: Path, rubric: Rubric) -> Iterator[Compared]:
    """Each label of the folder beside the rubric's verdict, file by file.

    Raises:
        BadFile: `labels.csv` has problems, or names a file that holds no words.
        Rejected: a transcript or chat cannot be read.
    """
    labels = read_labels(folder, [standard.id for standard in rubric.standards])
    standards = {standard.id: standard for standard in rubric.standards}
    for file, rows in itertools.groupby(sorted(labels, key=lambda label: label.file), lambda one: one.file):
        of_file = tuple(rows)
        arrival = take_in(file)
        if arrival.observations is None:
            problem = f"{file.name} holds no words yet; name a transcript or chat (.vtt, .jsonl)"
            raise BadFile((Problem(str(folder / NAME), of_file[0].row, "", problem),))
        conversation = look_at(arrival.interaction, arrival.observations, rubric)
        for label in of_file:
            moment = moment_of(label, arrival.observations)
            with tracing() as steps:
                finding = judge_standard(standards[label.standard], conversation, rubric.phases)
            found, reason = finding.verdict, finding.reason
            if label.line:
                found, reason = verdict_at(standards[label.standard], finding, steps[0], moment)
            shown = str(file.relative_to(folder))
            yield Compared(label.standard, label.verdict, found, shown, label.line, reason)


def verdict_at(standard: Standard, finding: Finding, judged: Step, moment: Span) -> tuple[Verdict, str]:
    """What the finding says of one moment: by opportunities whose evidence, else whose window, is there."""
    opportunities: list[tuple[Span, Outcome]] = [
        (step.given["window"], step.gave) for step in judged.inside if step.name == "outcome"
    ]
    if not opportunities:
        return finding.verdict, finding.reason
    here = [o for _, o in opportunities if any(_meet(e.span, moment) for e in o.evidence)]
    if here:
        return _worst(here)
    around = [o for w, o in opportunities if w.start_s <= moment.end_s and moment.start_s <= w.end_s]
    if not around:
        return Verdict.NO_OPPORTUNITY, "looked at other moments only"
    verdict, reason = _worst(around)
    shown = any(o.evidence for o in around)
    if standard.avoid and verdict == Verdict.MISSED and shown:
        return Verdict.MET, f"not on this line; elsewhere: {reason}"
    if not standard.avoid and verdict == Verdict.MET and shown:
        return Verdict.MISSED, f"not on this line; elsewhere: {reason}"
    return verdict, reason


def _meet(one: Span, moment: Span) -> bool:
    return bool(one & moment) or moment.start_s <= one.start_s <= one.end_s <= moment.end_s


def _worst(outcomes: list[Outcome]) -> tuple[Verdict, str]:
    worst = min(outcomes, key=lambda o: 1.0 if o.credit is None else o.credit)
    if worst.credit is not None and worst.credit < 1:
        return Verdict.MISSED, worst.reason
    unsure = next((o for o in outcomes if o.credit is None), None)
    return (Verdict.CANNOT_TELL, unsure.reason) if unsure else (Verdict.MET, worst.reason)


def confusions(compared: Iterable[Compared]) -> tuple[Confusion, ...]:
    """A table for each standard that was labelled, in order of its first label."""
    by_standard: dict[str, list[Compared]] = {}
    for one in compared:
        by_standard.setdefault(one.standard, []).append(one)
    return tuple(_confusion(standard, rows) for standard, rows in by_standard.items())


def _confusion(standard: str, rows: list[Compared]) -> Confusion:
    counts = {wanted.value: {found.value: 0 for found in Verdict} for wanted in GIVEN}
    for row in rows:
        counts[row.wanted.value][row.found.value] += 1

    def share(part: int, whole: int) -> float | None:
        return round(part / whole, 4) if whole else None

    assessed = [verdict.value for verdict in (Verdict.MET, Verdict.MISSED)]
    told = sum(row.found != Verdict.CANNOT_TELL for row in rows)
    return Confusion(
        standard,
        len(rows),
        counts,
        {v: share(counts[v][v], sum(row[v] for row in counts.values())) for v in assessed},
        {v: share(counts[v][v], sum(counts[v].values())) for v in assessed},
        round(told / len(rows), 4),
    )
