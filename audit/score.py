"""Findings into one number, with the sum that made it so that a person can check it by hand."""

import msgspec

from audit.judge import Finding, Verdict
from audit.rubric import Critical, Rubric


class Line(msgspec.Struct, frozen=True):
    """One standard in the sum: `points` = weight x credit, None where it leaves the sum."""

    standard: str
    title: str
    verdict: Verdict
    weight: float
    credit: float | None
    points: float | None


class SectionScore(msgspec.Struct, frozen=True):
    """score = 100 x sum of points / sum of assessed weights; None when nothing was assessed."""

    section: str
    title: str
    weight: float
    score: float | None
    points: float
    assessed_weight: float
    zeroed_by: tuple[str, ...]
    lines: tuple[Line, ...]


class Score(msgspec.Struct, frozen=True):
    """The form's score 0..100 (None when nothing was assessed), and how it came about.

    `assessed_share` is the share 0..1 of weight that applied and could be judged.
    """

    score: float | None
    assessed_share: float
    critical_misses: tuple[str, ...]
    zeroed_by: tuple[str, ...]
    sections: tuple[SectionScore, ...]


def add_up(rubric: Rubric, findings: tuple[Finding, ...]) -> Score:
    """The score of `findings`, which stand in the rubric's order.

    `no_opportunity` and `cannot_tell` leave both sums. A critical standard with credit 0 zeroes its
    section or the form. A section with nothing assessed leaves the mean of the form.
    """
    by_standard = {finding.standard: finding for finding in findings}
    sections: list[SectionScore] = []
    form_zeroed: list[str] = []
    applied = assessed = 0.0
    for section in rubric.sections:
        lines: list[Line] = []
        zeroed: list[str] = []
        for standard in section.standards:
            finding = by_standard[standard.id]
            points = None if finding.credit is None else standard.weight * finding.credit
            lines.append(
                Line(standard.id, standard.title, finding.verdict, standard.weight, finding.credit, points)
            )
            # A section's weight is shared out over its standards, so that a long section counts no more.
            share = section.weight * standard.weight / sum(s.weight for s in section.standards)
            applied += 0.0 if finding.verdict == Verdict.NO_OPPORTUNITY else share
            assessed += share if finding.verdict.assessed else 0.0
            if standard.critical and finding.credit == 0:
                zeroed.append(standard.id)
                form_zeroed += [standard.id] if standard.critical == Critical.FORM else []
        counted = [line for line in lines if line.points is not None]
        weight = sum(line.weight for line in counted)
        points = sum(line.points for line in counted if line.points is not None)
        score = None if not counted else 0.0 if zeroed else 100 * points / weight
        sections.append(
            SectionScore(
                section.id, section.title, section.weight, score, points, weight, tuple(zeroed), tuple(lines)
            )
        )
    scored = [s for s in sections if s.score is not None]
    form_weight = sum(s.weight for s in scored)
    total = sum(s.weight * s.score for s in scored if s.score is not None)
    return Score(
        None if not scored else 0.0 if form_zeroed else total / form_weight,
        round(assessed / applied, 6) if applied else 0.0,
        tuple(name for s in sections for name in s.zeroed_by),
        tuple(form_zeroed),
        tuple(sections),
    )


def show_sum(score: Score) -> str:
    """The last line of the sum in words: `(20 x 66.7 + 30 x 100.0) / 50 = 86.7`."""
    scored = [s for s in score.sections if s.score is not None]
    if score.score is None:
        return "nothing could be assessed"
    if score.zeroed_by:
        return f"0, because {', '.join(score.zeroed_by)} (critical for the form) was missed"
    terms = " + ".join(f"{s.weight:g} × {s.score:.1f}" for s in scored)
    return f"({terms}) / {sum(s.weight for s in scored):g} = {score.score:.1f}"
