"""Examples inside standards: words, what is seen in brackets, and pauses."""

import pytest

from audit.examples import BadLine, CutsIn, Done, Pause, Said, read_lines
from audit.interactions import Role
from audit.workbench import run_examples
from tests import build


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Good morning.", [Said(None, "Good morning.")]),
        ("agent: Good morning.\n\ncustomer: Hello.", [Said(Role.AGENT, "Good morning."), Said(Role.CUSTOMER, "Hello.")]),
        ("agent:", []),
        ("[customer enters]", [Done("enters", Role.CUSTOMER, 0.2)]),
        ("[agent arms_crossed 3 s]", [Done("arms_crossed", Role.AGENT, 3)]),
        ("[agent arms_crossed]", [Done("arms_crossed", Role.AGENT, 0.6)]),
        ("[ too_close 2500 ms ]", [Done("too_close", None, 2.5)]),
        ("[2 s]", [Pause(2)]),
        ("[cuts in]", [CutsIn(1)]),
        ("[cuts in 2500 ms]", [CutsIn(2.5)]),
        ("agent: [sic] yes", [Said(Role.AGENT, "[sic] yes")]),
    ],
)  # fmt: skip
def test_a_line_is_said_seen_or_a_pause(text, lines):
    assert list(read_lines(text)) == lines


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("[agent arms_crosed 3 s]", "no event of the picture 'arms_crosed'; did you mean 'arms_crossed'?"),
        ("[agent silence 3 s]", "no event of the picture 'silence'"),
        ("[agent arms_crossed 3 m]", "'3 m' is not a number with a unit"),
        ("[agent arms_crossed 0.1 s]", "what lasts less than 0.6 s is no arms_crossed"),
        ("[cuts in 2 turns]", "'2 turns' is not a number with a unit"),
        ("[cuts off]", "expected a pause as [2 s], or who does what"),
        ("[2 turns]", "'2 turns' is not a number with a unit"),
        ("[she laughs out loud]", "expected a pause as [2 s], or who does what"),
    ],
)
def test_what_shows_nothing_is_refused(line, says):
    with pytest.raises(BadLine) as caught:
        list(read_lines(line))
    assert str(caught.value).startswith(f"'{line}'") and says in str(caught.value)


ARMS = "{id: a, title: A, by: agent, avoid: {event: arms_crossed, longer_than: 1 s}"
IN_TIME = "{id: a, title: A, during: {after: enters, by: customer, within: 5 s}, say: greeting"
WHEN = "{id: a, title: A, when: {event: enters, by: customer}, say: greeting"


@pytest.mark.parametrize(
    ("standard", "example", "verdict"),
    [
        (ARMS, "[agent arms_crossed 3 s]", "missed"),
        (ARMS, "[agent arms_crossed 0.9 s]", "met"),
        (ARMS, "[customer arms_crossed 3 s]", "met"),
        (ARMS, "[agent hands_on_hips 3 s]", "met"),
        (ARMS, "agent: Good morning.", "met"),
        (IN_TIME, "[customer enters]\n[4 s]\nagent: Good morning.", "met"),
        (IN_TIME, "[customer enters]\n[6 s]\nagent: Good morning.", "missed"),
        (IN_TIME, "[agent enters]\n[4 s]\nagent: Good morning.", "no_opportunity"),
        (WHEN, "[customer enters]\nagent: Good morning.", "met"),
        (WHEN, "[customer enters]\nagent: Yes?", "missed"),
        (WHEN, "agent: Good morning.", "no_opportunity"),
        ("{id: a, title: A, avoid: {event: silence, longer_than: 8 s}", "agent: So.\n[8 s]\nagent: Here.", "missed"),
        ("{id: a, title: A, avoid: {event: silence, longer_than: 8 s}", "agent: So.\n[7 s]\nagent: Here.", "met"),
    ],
)  # fmt: skip
def test_what_is_seen_decides_an_example(tmp_path, standard, example, verdict):
    written = example.replace("\n", "\\n")
    rubric = build.rubric(tmp_path, f'- {standard}, examples: {{{verdict}: ["{written}"]}}}}')
    (result,) = run_examples(rubric)
    assert (result.found, result.passed) == (verdict, True), result.reason


LONG = "customer: It broke on the first day and then nobody called me back"


@pytest.mark.parametrize(
    ("rule", "example", "verdict"),
    [
        ("by: agent, avoid: {event: interruption}", f"{LONG}\n[cuts in]\nagent: What is your order number please", "missed"),
        ("by: agent, avoid: {event: interruption}", f"{LONG}\nagent: What is your order number please", "met"),
        ("by: customer, avoid: {event: interruption}", f"{LONG}\n[cuts in]\nagent: What is your order number please", "met"),
        # Who says one word in between takes nobody the floor.
        ("by: agent, avoid: {event: interruption}", f"{LONG}\n[cuts in]\nagent: Yes", "met"),
        ("avoid: {event: interruption_yielded}", f"{LONG}\n[cuts in]\nagent: What is your order number please", "missed"),
        ("avoid: {event: interruption_yielded}", f"{LONG}\n[cuts in 4 s]\nagent: What is your order number please", "met"),
        ("avoid: {event: overlap}", f"{LONG}\n[cuts in 0.4 s]\nagent: Yes", "missed"),
        ("avoid: {event: overlap}", f"{LONG}\n[cuts in 0.2 s]\nagent: Yes", "met"),
        ("keep: {measure: interruptions, at_most: 0 times}", f"{LONG}\n[cuts in]\nagent: What is your order number please", "missed"),
        ("keep: {measure: interruptions, at_most: 0 times}", f"{LONG}\nagent: What is your order number please", "met"),
        ("keep: {measure: interruptions, at_most: 0 times}", "2 times", "missed"),
        # Whoever was cut off goes on: the next line comes after both.
        ("during: {last: 1 s}, say: greeting", f"{LONG}\n[cuts in 4 s]\nagent: Yes of course\nagent: Good morning", "met"),
    ],
)  # fmt: skip
def test_somebody_cuts_in(tmp_path, rule, example, verdict):
    written = example.replace("\n", "\\n")
    rubric = build.rubric(tmp_path, f'- {{id: a, title: A, {rule}, examples: {{{verdict}: ["{written}"]}}}}')
    (result,) = run_examples(rubric)
    assert (result.found, result.passed) == (verdict, True), result.reason
