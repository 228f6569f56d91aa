"""Findings into one number, with the sum that made it so that a person can check it by hand."""

import msgspec

from audit.judge import Finding, Verdict
from audit.rubric import Critical, Rubric, Standard


class Line(msgspec.Struct, frozen=True):
    """One standard in the sum: `points` = weight x credit (of a bonus its points x credit), None where it
    leaves the sum."""

    standard: str
    title: str
    verdict: Verdict
    weight: float
    credit: float | None
    points: float | None
    treatment: str = ""
    """`coaching`: shown, and in no sum."""
    overlay: str = ""
    """The overlay that treats it so; empty where the rubric itself does."""
    bonus: float | None = None
    """What it adds to the form's score with credit 1; None where it stands in the mean."""

    @property
    def in_mean(self) -> bool:
        """Whether its weight and credit are part of the section's mean."""
        return self.points is not None and self.bonus is None


class SectionScore(msgspec.Struct, frozen=True):
    """score = 100 x sum of points / sum of assessed weights; None when nothing was assessed.

    `awaiting` are critical misses that zero the section once a person has confirmed them.
    """

    section: str
    title: str
    weight: float
    score: float | None
    points: float
    assessed_weight: float
    zeroed_by: tuple[str, ...]
    lines: tuple[Line, ...]
    awaiting: tuple[str, ...] = ()


class Score(msgspec.Struct, frozen=True):
    """The form's score 0..100 (None when nothing was assessed), and how it came about.

    `assessed_share` is the share 0..1 of weight that applied and could be judged. `bonus` is what was added
    after the mean. Where critical misses await a person, `score` is without their zeroing and
    `if_confirmed` with it.
    """

    score: float | None
    assessed_share: float
    critical_misses: tuple[str, ...]
    zeroed_by: tuple[str, ...]
    sections: tuple[SectionScore, ...]
    bonus: float = 0.0
    awaiting: tuple[str, ...] = ()
    if_confirmed: float | None = None


def add_up(rubric: Rubric, findings: tuple[Finding, ...], confirmed: frozenset[str] = frozenset()) -> Score:
    """The score of `findings`, which stand in the rubric's order.

    `no_opportunity` and `cannot_tell` leave both sums, and so does what is shown for coaching. A critical
    standard with credit 0 zeroes its section or the form; where the rubric says `confirm: person` it does so
    once a person agrees, for the `confirmed` ones. A section with nothing assessed leaves the mean of the
    form. Bonus points are added to that mean, the sum is capped at 100.
    """
    by_standard = {finding.standard: finding for finding in findings}
    treated = {a.standard: a.overlay for a in rubric.applied if a.effect == "coaching"}
    sections: list[SectionScore] = []
    form_missed: list[str] = []
    applied = assessed = bonus = 0.0
    for section in rubric.sections:
        lines: list[Line] = []
        missed: list[str] = []
        in_mean = [s for s in section.standards if not s.treatment and not s.bonus]
        whole = sum(s.weight for s in in_mean)
        for standard in section.standards:
            finding = by_standard[standard.id]
            line = _line(standard, finding, treated.get(standard.id, ""))
            lines.append(line)
            if standard.treatment:
                continue
            if standard.bonus:
                bonus += line.points or 0.0
                continue
            # A section's weight is shared out over its standards, so that a long section counts no more.
            share = section.weight * standard.weight / whole
            applied += 0.0 if finding.verdict == Verdict.NO_OPPORTUNITY else share
            assessed += share if finding.verdict.assessed else 0.0
            if standard.critical and finding.credit == 0:
                missed.append(standard.id)
                form_missed += [standard.id] if standard.critical == Critical.FORM else []
        counted = [line for line in lines if line.in_mean]
        weight = sum(line.weight for line in counted)
        points = sum(line.points for line in counted if line.points is not None)
        zeroed = tuple(s for s in missed if s in confirmed or not rubric.confirm)
        awaiting = tuple(s for s in missed if s not in zeroed)
        score = None if not counted else 0.0 if zeroed else 100 * points / weight
        sections.append(
            SectionScore(
                section.id,
                section.title,
                section.weight,
                score,
                points,
                weight,
                zeroed,
                tuple(lines),
                awaiting,
            )
        )
    form_zeroed = tuple(s for s in form_missed if s in confirmed or not rubric.confirm)
    awaiting = tuple(name for s in sections for name in s.awaiting)
    if_confirmed = [msgspec.structs.replace(s, score=0.0) if s.awaiting else s for s in sections]
    return Score(
        0.0 if form_zeroed else _form(sections, bonus),
        round(assessed / applied, 6) if applied else 0.0,
        tuple(name for s in sections for name in (*s.zeroed_by, *s.awaiting)),
        form_zeroed,
        tuple(sections),
        bonus,
        awaiting,
        None if not awaiting else 0.0 if form_missed else _form(if_confirmed, bonus),
    )


def _line(standard: Standard, finding: Finding, overlay: str) -> Line:
    worth = standard.bonus or standard.weight
    left_out = finding.credit is None or standard.treatment
    return Line(
        standard.id,
        standard.title,
        finding.verdict,
        standard.weight,
        finding.credit,
        None if left_out or finding.credit is None else worth * finding.credit,
        standard.treatment or "",
        overlay,
        standard.bonus,
    )


def _form(sections: list[SectionScore], bonus: float) -> float | None:
    """The weighted mean of the sections that have a score, and the bonus, at most 100."""
    scored = [(s.weight, s.score) for s in sections if s.score is not None]
    if not scored:
        return None
    return min(100.0, sum(weight * score for weight, score in scored) / sum(w for w, _ in scored) + bonus)


def show_sum(score: Score) -> str:
    """The last line of the sum in words: `(20 x 66.7 + 30 x 100.0) / 50 + 5 bonus = 91.7`."""
    scored = [s for s in score.sections if s.score is not None]
    if score.score is None:
        return "nothing could be assessed"
    if score.zeroed_by:
        return f"0, because {', '.join(score.zeroed_by)} (critical for the form) was missed"
    terms = " + ".join(f"{s.weight:g} × {s.score:.1f}" for s in scored)
    bonus = f" + {score.bonus:.1f} bonus" if score.bonus else ""
    whole = _form(list(score.sections), 0.0) or 0.0
    capped = ", capped at 100" if whole + score.bonus > 100 else ""
    return f"({terms}) / {sum(s.weight for s in scored):g}{bonus} = {score.score:.1f}{capped}"


def show_awaited(score: Score) -> str:
    """What a person's confirmation would do, in words; empty when nothing awaits one."""
    if not score.awaiting or score.score is None or score.if_confirmed is None:
        return ""
    names = ", ".join(score.awaiting)
    return f"awaits confirmation by a person: {names}; if confirmed, the score is {score.if_confirmed:.1f}"
