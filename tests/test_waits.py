"""Silences and holds as a player shows them."""

import pytest

from audit.interactions import Role
from audit.scorecard import make_scorecard
from audit.waits import Wait, waits
from tests import build

PHRASES = """
  goes-on-hold: ["hold the line", "I will put you on hold"]
"""


def found(tmp_path, lines, **observed):
    text = build.rubric_text("- {id: a, title: A, ask: x}").replace("\nsections:", f"{PHRASES}sections:")
    path = tmp_path / "house.yaml"
    path.write_text(text)
    rubric = build.load_rubric(path)
    seen = build.observations(lines, **observed)
    one = build.interaction(roles=(("agent", Role.AGENT), ("customer", Role.CUSTOMER)))
    return waits(one, seen, make_scorecard(one, seen, rubric), rubric)


BACK = ("agent", 20, "thank you for holding")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ([("agent", 0, "please hold the line"), BACK], [Wait("hold", 1.6, 20)]),
        ([("agent", 0, "let me see now"), BACK], [Wait("silence", 1.6, 20)]),
        ([("agent", 18, "let me see now"), BACK], [Wait("silence", 0, 18)]),
        # What ends no hold for the one who waits does not make two of it.
        ([("agent", 0, "please hold the line"), ("customer", 9, "hm"), BACK], [Wait("hold", 1.6, 20)]),
        (
            [("agent", 0, "please hold the line"), ("customer", 9, "yes I am still here my friend"), BACK],
            [Wait("hold", 1.6, 9), Wait("silence", 11.8, 20)],
        ),
    ],
)
def test_waits_are_holds_and_the_silences_that_are_none(tmp_path, said, wanted):
    assert [one for one in found(tmp_path, said) if one.start_s < 20] == wanted


def test_a_hold_that_is_only_perhaps_one_is_shown_as_the_silence_that_it_is(tmp_path):
    said = [("agent", 0, "I will put on gold"), BACK]
    assert [w.kind for w in found(tmp_path, said, engine="faster-whisper") if w.start_s < 20] == ["silence"]


def test_where_nobody_speaks_nothing_is_a_wait(tmp_path):
    assert found(tmp_path, [], duration_s=30.0) == ()
