"""What the judge writes down on its way, and that it does so only when it is asked."""

import pytest

from audit.judge import judge_standard
from audit.trace import traced, tracing
from audit.workbench import enact
from tests import build


@traced
def half(number: float, by: float = 2) -> float:
    return number / by


@traced
def quarter(number: float) -> float:
    return half(half(number))


def test_nothing_is_written_down_unless_it_is_asked_for():
    with tracing() as steps:
        pass
    assert (quarter(8), steps) == (2, [])


def test_calls_are_written_down_inside_each_other():
    with tracing() as steps:
        quarter(8)
        half(1, by=4)
    assert [(s.name, s.given, s.gave) for s in steps] == [
        ("quarter", {"number": 8}, 2),
        ("half", {"number": 1, "by": 4}, 0.25),
    ]
    assert [s.given["number"] for s in steps[0].all("half")] == [8, 4]


def test_an_error_leaves_the_trace_as_it_was():
    with tracing() as steps:
        with pytest.raises(ZeroDivisionError):
            half(1, 0)
        half(1)
    assert [s.gave for s in steps] == [0.5]


def test_a_traced_verdict_is_the_verdict(tmp_path):
    rubric = build.rubric(tmp_path, "- {id: a, title: A, when: {said: blame}, say: greeting}")
    conversation = enact("customer: That is your fault.\nagent: Yes?", rubric)
    (standard,) = rubric.standards
    with tracing() as steps:
        finding = judge_standard(standard, conversation)
    assert finding == judge_standard(standard, conversation)
    (root,) = steps
    assert root.gave == finding
    assert {"events_of", "said", "outcome"} <= {
        s.name for name in ("events_of", "said", "outcome") for s in root.all(name)
    }
