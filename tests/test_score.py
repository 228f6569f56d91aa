"""The arithmetic, checked by hand."""

from pathlib import Path

import pytest

from audit.judge import Finding, Verdict
from audit.rubric import Rubric
from audit.score import add_up, show_sum

RUBRIC = {
    "rubric": "sums",
    "version": 1,
    "title": "Sums",
    "language": "en",
    "applies_to": ["call"],
    "sections": [
        {
            "id": "one",
            "title": "One",
            "weight": 20,
            "standards": [
                {"id": "a", "title": "A", "weight": 3, "ask": "?"},
                {"id": "b", "title": "B", "weight": 1, "ask": "?"},
            ],
        },
        {
            "id": "two",
            "title": "Two",
            "weight": 30,
            "standards": [
                {"id": "c", "title": "C", "weight": 2, "ask": "?", "critical": "section"},
                {"id": "d", "title": "D", "weight": 1, "ask": "?", "critical": "form"},
            ],
        },
    ],
}


def score(**credits: float | str):
    """Numbers are credits, `n` is no opportunity, `?` cannot tell."""
    findings = []
    for name in "abcd":
        given = credits[name]
        if isinstance(given, str):
            verdict = Verdict.NO_OPPORTUNITY if given == "n" else Verdict.CANNOT_TELL
            findings.append(Finding(name, verdict, None, 0, ""))
        else:
            findings.append(Finding(name, Verdict.MET if given == 1 else Verdict.MISSED, given, 1, ""))
    return add_up(Rubric.model_validate(RUBRIC), tuple(findings))


@pytest.mark.parametrize(
    ("credits", "sections", "form", "share"),
    [
        ({"a": 1, "b": 1, "c": 1, "d": 1}, [100, 100], 100, 1),
        ({"a": 1, "b": 0, "c": 1, "d": 1}, [75, 100], 90, 1),
        ({"a": 0.5, "b": 1, "c": 1, "d": 1}, [62.5, 100], 85, 1),
        ({"a": 1, "b": "n", "c": 1, "d": 1}, [100, 100], 100, 1),
        ({"a": 0, "b": "n", "c": 1, "d": 1}, [0, 100], 60, 1),
        ({"a": "n", "b": "n", "c": 1, "d": 0.5}, [None, 100 * 2.5 / 3], 100 * 2.5 / 3, 1),
        ({"a": "?", "b": 1, "c": 1, "d": 1}, [100, 100], 100, 0.7),
        ({"a": 1, "b": 1, "c": 0, "d": 1}, [100, 0], 40, 1),
        ({"a": 1, "b": 1, "c": 1, "d": 0}, [100, 0], 0, 1),
        ({"a": "?", "b": "?", "c": "?", "d": "?"}, [None, None], None, 0),
        ({"a": "n", "b": "n", "c": "n", "d": "n"}, [None, None], None, 0),
    ],
)
def test_the_sum_is_what_a_person_gets_by_hand(credits, sections, form, share):
    summed = score(**credits)
    assert [s.score for s in summed.sections] == [x if x is None else pytest.approx(x) for x in sections]
    assert summed.score == (form if form is None else pytest.approx(form))
    assert summed.assessed_share == pytest.approx(share, abs=1e-6)


def test_critical_misses_are_named():
    assert score(a=1, b=1, c=0, d=1).critical_misses == ("c",)
    both = score(a=1, b=1, c=0, d=0)
    assert (both.critical_misses, both.zeroed_by) == (("c", "d"), ("d",))
    assert score(a=1, b=1, c=0.1, d=1).critical_misses == ()


def test_the_sum_is_printed_so_that_it_can_be_followed():
    assert show_sum(score(a=1, b=0, c=1, d=1)) == "(20 × 75.0 + 30 × 100.0) / 50 = 90.0"
    assert show_sum(score(a="n", b="n", c=1, d=1)) == "(30 × 100.0) / 30 = 100.0"
    assert show_sum(score(a=1, b=1, c=1, d=0)) == "0, because d (critical for the form) was missed"
    assert show_sum(score(a="?", b="?", c="?", d="?")) == "nothing could be assessed"


BONUS = RUBRIC | {
    "sections": [
        RUBRIC["sections"][0],
        {
            "id": "extra",
            "title": "Extra",
            "weight": 30,
            "standards": [
                {"id": "c", "title": "C", "weight": 2, "ask": "?"},
                {"id": "d", "title": "D", "bonus": 5, "ask": "?"},
            ],
        },
    ]
}


@pytest.mark.parametrize(
    ("credits", "sections", "form", "share", "printed"),
    [
        ({"a": 1, "b": 0, "c": 0.5, "d": 1}, [75, 50], 65, 1, "(20 × 75.0 + 30 × 50.0) / 50 + 5.0 bonus = 65.0"),
        ({"a": 1, "b": 0, "c": 0.5, "d": 0}, [75, 50], 60, 1, "(20 × 75.0 + 30 × 50.0) / 50 = 60.0"),
        ({"a": 1, "b": 0, "c": 0.5, "d": "?"}, [75, 50], 60, 1, "(20 × 75.0 + 30 × 50.0) / 50 = 60.0"),
        ({"a": 1, "b": 1, "c": 1, "d": 1}, [100, 100], 100, 1, "(20 × 100.0 + 30 × 100.0) / 50 + 5.0 bonus = 100.0, capped at 100"),
        ({"a": 1, "b": 1, "c": "n", "d": 0.5}, [100, None], 100, 1, "(20 × 100.0) / 20 + 2.5 bonus = 100.0, capped at 100"),
        ({"a": "n", "b": "n", "c": "n", "d": 1}, [None, None], None, 0, "nothing could be assessed"),
    ],
)  # fmt: skip
def test_a_bonus_is_added_after_the_mean_and_capped(credits, sections, form, share, printed):
    findings = []
    for name, given in credits.items():
        verdict = {"n": Verdict.NO_OPPORTUNITY, "?": Verdict.CANNOT_TELL}.get(given, Verdict.MISSED)
        findings.append(Finding(name, verdict, None if isinstance(given, str) else given, 1, ""))
    summed = add_up(Rubric.model_validate(BONUS), tuple(findings))
    assert [s.score for s in summed.sections] == sections
    assert (summed.score, summed.assessed_share) == (form, share)
    assert show_sum(summed) == printed


def test_the_manual_s_sum_with_a_bonus_and_what_does_not_apply_is_right():
    manual = (Path(__file__).parent.parent / "docs" / "rubrics.md").read_text("utf-8")
    findings = (
        Finding("a", Verdict.MET, 1, 1, ""),
        Finding("b", Verdict.NO_OPPORTUNITY, None, 1, ""),
        Finding("c", Verdict.MISSED, 0.5, 1, ""),
        Finding("d", Verdict.MET, 1, 1, ""),
    )
    summed = add_up(Rubric.model_validate(BONUS), findings)
    assert summed.score == 75
    assert show_sum(summed) in manual
