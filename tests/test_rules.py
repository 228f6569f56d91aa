"""The rule language: orders, combinations, windows, phases, counts, what must be perceived, and text."""

import pytest

from audit.interactions import Channel, Role
from audit.judge import judge, judge_standard
from audit.keeping import explain_keep
from audit.rubricfile import load_rubric
from audit.rules import Keep
from audit.workbench import enact
from audit.yamlfile import BadFile
from models.observations import Observed, Provenance, Recording, gather
from tests import build
from tests.bodies import SIZE_PX, person
from tests.test_gestures import CROSSED
from tests.test_rubric import standard_problems

PHASES = "phases: {opening: {first: 10 s}, body: {after: opening}, closing: {last: 10 s}, held: {between: [hold, thanks-for-holding]}}"
HELLO, NAME, HELP = "good morning", "my name is Sarah", "how can I help"


def found(tmp_path, standard: str, lines, phases: str = PHASES, channel=Channel.CALL, **observed):
    text = build.rubric_text(f"- {{id: a, title: A, {standard}}}").replace(
        "sections:", f"{phases}\nsections:", 1
    )
    path = tmp_path / "house.yaml"
    path.write_text(text)
    rubric = load_rubric(path)
    seen = build.observations(lines, **observed)
    roles = observed.get("roles")
    return judge(rubric, build.conversation(rubric, seen, channel, roles))[0]


ORDER = "order: [greeting, own-name, offer-help]"


@pytest.mark.parametrize(
    ("rule", "said", "verdict", "credit", "reason"),
    [
        (ORDER, [(0, HELLO), (5, NAME), (9, HELP)], "met", 1, "in order: 'greeting' at 0:00"),
        (ORDER, [(0, HELLO), (9, HELP)], "missed", 2 / 3, "'own-name' is missing"),
        (ORDER, [(0, HELP), (5, HELLO), (9, NAME)], "missed", 2 / 3, "'offer-help' at 0:00 came too early, before 'own-name'"),
        (ORDER, [(0, HELP), (5, NAME), (9, HELLO)], "missed", 1 / 3, "came too"),
        (ORDER, [(0, HELP), (5, HELLO), (9, NAME), (12, HELP)], "met", 1, "'offer-help' at 0:12"),
        (ORDER, [(0, "yes")], "missed", 0, "'greeting' is missing; 'own-name' is missing"),
        ("order: [{any: [blame, greeting]}, offer-help]", [(0, HELLO), (5, HELP)], "met", 1, ""),
        ("order: [greeting, {optional: own-name}, offer-help]", [(0, HELLO), (5, HELP)], "met", 1, ""),
        ("order: [greeting, {optional: own-name}, offer-help]", [(0, HELLO), (5, HELP), (9, NAME)], "missed", 2 / 3, "'own-name' at 0:09 came too late, after 'offer-help'"),
        ("order: [greeting, {step: offer-help, within: 6 s}]", [(0, HELLO), (6, HELP)], "met", 1, ""),
        ("order: [greeting, {step: offer-help, within: 6 s}]", [(0, HELLO), (60, HELP)], "missed", 0.5, "after 'greeting', wanted within 6 s"),
        ("order: [greeting, {step: offer-help, within: 6 s}]", [(0, HELLO), (20, HELLO), (24, HELP)], "met", 1, ""),
    ],
)  # fmt: skip
def test_an_order_earns_the_longest_run_of_its_steps(tmp_path, rule, said, verdict, credit, reason):
    gave = found(tmp_path, rule, [("agent", at_s, text) for at_s, text in said])
    assert (gave.verdict, gave.credit) == (verdict, pytest.approx(credit, abs=1e-6)), gave.reason
    assert reason in gave.reason


def test_an_order_holds_inside_one_written_message(tmp_path):
    for text, verdict in ((f"{HELLO} {NAME} {HELP}", "met"), (f"{HELP} {HELLO} {NAME}", "missed")):
        rubric = build.rubric(tmp_path, f"- {{id: a, title: A, {ORDER}}}")
        chat = rubric.model_copy(update={"applies_to": (Channel.CHAT,)})
        assert judge_standard(chat.standards[0], enact(f"agent: {text}", chat)).verdict == verdict


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        # What is missing may have been misheard; what came in the wrong order did not.
        ([(0, "thank you for calling Northwind"), (9, "thank you for voting")], "cannot_tell"),
        ([(0, "thank you for holding"), (9, "thank you for calling Northwind")], "missed"),
    ],
)
def test_an_unclear_step_leaves_an_order_open_and_a_wrong_one_does_not(tmp_path, said, verdict):
    lines = [("agent", at_s, text) for at_s, text in said]
    gave = found(tmp_path, "order: [greeting, thanks-for-holding]", lines, engine="faster-whisper")
    assert gave.verdict == verdict, gave.reason


NOD, SMILE, GREET, BLAME = "{do: nod}", "{do: smile}", "{say: greeting}", "{avoid: blame}"


@pytest.mark.parametrize(
    ("rule", "text", "verdict", "credit"),
    [
        # The picture is missing: `do` can never be told. "greeting" and "blame" can.
        (f"all: [{GREET}, {BLAME}]", HELLO, "met", 1),
        (f"all: [{GREET}, {BLAME}]", "yes", "missed", 0.5),
        (f"all: [{GREET}, {NOD}]", HELLO, "cannot_tell", None),
        (f"all: [{GREET}, {NOD}]", "yes", "missed", 0),
        (f"all: [{NOD}, {SMILE}]", "yes", "cannot_tell", None),
        # `not` is met only where no part of what is not wanted may have been done.
        (f"not: {{all: [{GREET}, {NOD}]}}", "yes", "cannot_tell", None),
        (f"not: {{all: [{GREET}, {NOD}]}}", HELLO, "cannot_tell", None),
        (f"not: {{any: [{GREET}, {NOD}]}}", HELLO, "missed", 0),
        # What zeroes the form must be sure to earn nothing: had the agent nodded, half would be earned.
        (f"critical: form, all: [{GREET}, {NOD}]", "yes", "cannot_tell", None),
        (f"critical: form, all: [{GREET}, {{say: hold}}]", "yes", "missed", 0),
        (f"critical: form, all: [{GREET}, {BLAME}, {NOD}]", "yes", "missed", 0.5),
        (f"critical: form, any: [{{all: [{GREET}, {NOD}]}}, {{say: hold}}]", "yes", "cannot_tell", None),
        (f"any: [{GREET}, {NOD}]", HELLO, "met", 1),
        (f"any: [{GREET}, {NOD}]", "yes", "cannot_tell", None),
        ("any: [{say: greeting}, {say: hold}]", "yes", "missed", 0),
        ("any: [{say: [greeting, own-name]}, {say: hold}]", HELLO, "missed", 0.5),
        (f"not: {GREET}", HELLO, "missed", 0),
        (f"not: {GREET}", "yes", "met", 1),
        (f"not: {NOD}", "yes", "cannot_tell", None),
        ("not: {say: [greeting, own-name]}", HELLO, "missed", 0.5),
        (f"all: [{{any: [{GREET}, {NOD}]}}, {{not: {{say: blame}}}}]", HELLO, "met", 1),
        (f"all: [{{any: [{GREET}, {NOD}]}}, {{not: {{say: hold}}}}]", "please hold", "missed", 0),
    ],
)
def test_rules_are_combined_in_three_values(tmp_path, rule, text, verdict, credit):
    lacking = (("people", "the recording has no picture"),)
    gave = found(tmp_path, rule, [("agent", 0, text)], missing=lacking)
    assert (gave.verdict, gave.credit) == (verdict, credit), gave.reason


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ("all: [{by: customer, say: greeting}, {say: hold}]", "met"),
        ("by: customer, all: [{say: greeting}, {by: agent, say: hold}]", "met"),
        ("all: [{say: greeting}, {say: hold}]", "missed"),
        ("all: [{during: {first: 3 s}, say: hold}, {by: customer, during: {last: 3 s}, say: greeting}]", "missed"),
        ("all: [{during: {last: 3 s}, say: hold}, {by: customer, during: {first: 3 s}, say: greeting}]", "met"),
        # An inner window lies inside the outer one.
        ("during: {first: 3 s}, all: [{during: {last: 30 s}, say: hold}, {by: customer, say: greeting}]", "missed"),
        # What does not apply is left out; where nothing applies there is no opportunity.
        ("all: [{during: {after: blame}, say: hold}, {by: customer, say: greeting}]", "met"),
        ("any: [{during: {after: blame}, say: hold}, {during: {after: cancel}, say: greeting}]", "no_opportunity"),
    ],
)  # fmt: skip
def test_inner_rules_have_their_own_party_and_window(tmp_path, rule, verdict):
    gave = found(tmp_path, rule, [("customer", 0, HELLO), ("agent", 10, "please hold")])
    assert gave.verdict == verdict, gave.reason


@pytest.mark.parametrize(
    ("when", "verdict"),
    [
        ("{all: [{said: cancel, by: customer}, {said: hold}]}", "missed"),
        ("{all: [{said: cancel, by: customer}, {said: blame}]}", "no_opportunity"),
        ("{any: [{said: cancel, by: agent}, {said: hold}]}", "missed"),
        ("{any: [{said: cancel, by: agent}, {said: blame}]}", "no_opportunity"),
        ("{not: {said: cancel}}", "no_opportunity"),
        ("{not: {said: blame}}", "missed"),
        ("{all: [{event: nod}, {said: blame}]}", "no_opportunity"),
        ("{all: [{event: nod}, {said: hold}]}", "cannot_tell"),
        ("{any: [{event: nod}, {said: hold}]}", "missed"),
        ("{any: [{event: nod}, {said: blame}]}", "cannot_tell"),
        ("{not: {event: nod}}", "cannot_tell"),
        ("{said: hold, at_least: 2 times}", "missed"),
        ("{said: hold, at_least: 3 times}", "no_opportunity"),
        ("{said: hold, at_most: 1}", "no_opportunity"),
        ("{said: hold, during: {first: 4 s}}", "no_opportunity"),
        ("{said: hold, during: closing}", "missed"),
    ],
)
def test_conditions_are_combined_like_rules(tmp_path, when, verdict):
    lines = [("customer", 0, "cancel my contract"), ("agent", 5, "please hold"), ("agent", 20, "please hold")]
    lacking = (("people", "the recording has no picture"),)
    gave = found(tmp_path, f"when: {when}, say: greeting", lines, missing=lacking)
    assert gave.verdict == verdict, gave.reason


TALK = [
    ("agent", 0, "please hold"),
    ("agent", 20, "thank you for holding"),
    ("agent", 40, HELLO),
    ("agent", 50, "please hold"),
    ("customer", 55, "yes"),
    ("agent", 60, "thank you for holding"),
    ("customer", 98, "fine then thanks bye"),
]


@pytest.mark.parametrize(
    ("during", "searched"),
    [
        ("{between: [hold, thanks-for-holding]}", [(0.8, 20), (50.8, 60)]),
        ("{between: [hold, thanks-for-holding], within: 10 s}", [(0.8, 10.8), (50.8, 60)]),
        ("{between: [thanks-for-holding, hold]}", [(21.6, 50)]),
        ("{after: hold, within: 5 s}", [(0.8, 5.8), (50.8, 55.8)]),
        ("{before: hold, within: 5 s}", [(0, 0), (45, 50)]),
        ("{after: opening}", [(10, 99.6)]),
        ("{before: closing, within: 10 s}", [(79.6, 89.6)]),
        ("opening", [(0, 10)]),
        ("body", [(10, 99.6)]),
        ("held", [(0.8, 20), (50.8, 60)]),
        ("{first: 5 s, in: held}", [(0.8, 5.8), (50.8, 55.8)]),
        ("{last: 5 s, in: body}", [(94.6, 99.6)]),
        ("{first: 1 turn, in: body}", [(10, 61.6)]),
        ("{after: thanks-for-holding, in: body, within: 1 s}", [(21.6, 22.6), (61.6, 62.6)]),
        ("{while: hold}", [(0, 0.8), (50, 50.8)]),
        ("{first: 1 turn, by: customer}", [(0, 55.4)]),
    ],
)
def test_a_window_is_where_it_says(tmp_path, during, searched):
    gave = found(tmp_path, f"during: {during}, avoid: blame", TALK)
    assert [(round(s.start_s, 3), round(s.end_s, 3)) for s in gave.searched] == searched, gave.reason


@pytest.mark.parametrize(
    ("during", "searched"),
    [
        # A phase is a part of the whole conversation, wherever it is named: not the first 10 s of a part.
        ("{after: opening, in: late}", []),
        ("{last: 5 s, in: opening}", [(5, 10)]),
        ("{while: opening, in: early}", [(0, 10)]),
        ("{while: late, in: closing}", [(89.6, 99.6)]),
    ],
)
def test_a_phase_is_where_it_is_whatever_it_is_sought_in(tmp_path, during, searched):
    phases = (
        "phases: {opening: {first: 10 s}, early: {first: 20 s}, late: {after: early}, closing: {last: 10 s}}"
    )
    gave = found(tmp_path, f"during: {during}, avoid: blame", TALK, phases)
    assert gave.verdict == ("met" if searched else "no_opportunity"), gave.reason
    if searched:
        assert [(round(s.start_s, 3), round(s.end_s, 3)) for s in gave.searched] == searched


def test_by_leaves_alone_what_nobody_in_particular_does(tmp_path):
    rule = "during: {first: 1 turn, by: customer, in: stands_in_front}, say: greeting"
    rubric = build.rubric(tmp_path, f"- {{id: a, title: A, {rule}}}")
    lines = "agent: Yes?\n[stands_in_front 20 s]\nagent: Good morning.\ncustomer: I come from the station."
    assert judge_standard(rubric.standards[0], enact(lines, rubric)).verdict == "met"


def test_a_second_part_that_never_came_is_no_window(tmp_path):
    gave = found(tmp_path, "during: {between: [thanks-for-holding, hold]}, say: greeting", TALK[:2])
    assert (gave.verdict, gave.reason) == (
        "no_opportunity",
        "'hold' never came after 'thanks-for-holding'",
    )


@pytest.mark.parametrize(
    ("when", "verdict", "quote"),
    [
        ("{not: {said: hold}}", "no_opportunity", "please hold"),
        ("{said: hold, at_most: 1 time}", "no_opportunity", "please hold"),
        ("{all: [{said: greeting}, {not: {said: hold}}]}", "no_opportunity", "please hold"),
    ],
)
def test_what_keeps_a_standard_from_applying_is_shown(tmp_path, when, verdict, quote):
    gave = found(tmp_path, f"when: {when}, avoid: blame", TALK)
    assert (gave.verdict, gave.evidence[0].quote) == (verdict, quote)


def test_a_question_for_a_person_is_not_asked_where_it_does_not_apply(tmp_path):
    for said, verdict in (("cancel", "no_opportunity"), ("hold", "cannot_tell")):
        gave = found(tmp_path, f"when: {{said: {said}}}, ask: Was it explained?", TALK)
        assert gave.verdict == verdict, gave.reason


def test_words_that_are_two_phrases_at_once_count_once(tmp_path):
    rule = "say: {any: [hold, offer-help], at_least: 2 times}"
    text = build.rubric_text(f"- {{id: a, title: A, {rule}}}").replace(
        "offer-help: [", 'offer-help: ["hold the line", '
    )
    (tmp_path / "house.yaml").write_text(text)
    rubric = load_rubric(tmp_path / "house.yaml")
    for words, verdict in (("please hold the line", "missed"), ("hold the line and please hold", "met")):
        assert judge_standard(rubric.standards[0], enact(words, rubric)).verdict == verdict


BLAMES = [("agent", at_s, "that is your fault") for at_s in (0, 20, 40)]


@pytest.mark.parametrize(
    ("rule", "seconds", "verdict", "credit"),
    [
        ("avoid: {said: blame, more_than: 3 times}", 60, "met", 1),
        ("avoid: {said: blame, more_than: 2 times}", 60, "missed", 0),
        ("avoid: {said: blame, more_than: 2, zero_at: 4}", 60, "missed", 0.5),
        ("avoid: {said: blame, more_than: 1 per min}", 180, "met", 1),
        ("avoid: {said: blame, more_than: 1 per min}", 120, "missed", 0),
        ("avoid: {said: blame, more_than: 1 time per minute, zero_at: 2 per min}", 120, "missed", 0.5),
        # A window shorter than a minute counts as a minute.
        ("during: {first: 10 s}, avoid: {said: blame, more_than: 1 per min}", 60, "met", 1),
        ("say: {phrase: blame, at_least: 3 times}", 60, "met", 1),
        ("say: {phrase: blame, at_least: 4 times}", 60, "missed", 0.75),
        ("say: {phrase: blame, at_least: 6 times, zero_at: 2 times}", 60, "missed", 0.25),
        ("say: {phrase: blame, at_most: 2 times}", 60, "missed", 0),
        ("say: {any: [greeting, blame], between: [2 times, 3 times]}", 60, "met", 1),
        ("say: {phrase: blame, at_least: 2 per min}", 180, "missed", 0.5),
    ],
)
def test_counts(tmp_path, rule, seconds, verdict, credit):
    gave = found(tmp_path, rule, [*BLAMES, ("customer", seconds - 0.4, "oh")])
    assert (gave.verdict, gave.credit) == (verdict, pytest.approx(credit)), gave.reason
    assert len(gave.evidence) == (1 if "first" in rule else 3)


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ("say: {phrase: blame, at_least: 2 times}", "met"),
        ("say: {phrase: blame, at_least: 4 times}", "cannot_tell"),
        ("avoid: {said: blame, more_than: 2 times}", "missed"),
        ("avoid: {said: blame, more_than: 3 times}", "cannot_tell"),
    ],
)
def test_a_count_of_words_that_were_not_all_understood_is_a_lower_limit(tmp_path, rule, verdict):
    spans = {"agent": [(0, 2), (20, 22), (40, 42), (100, 150)]}
    gave = found(tmp_path, rule, BLAMES, engine="faster-whisper", activity=spans, duration_s=160)
    assert gave.verdict == verdict, gave.reason


@pytest.mark.parametrize(
    ("rule", "verdict", "credit"),
    [
        ("do: {event: nod, at_least: 2 times}", "met", 1),
        ("do: {event: nod, at_least: 4 times}", "missed", 0.5),
        ("avoid: {event: nod, more_than: 1 time}", "missed", 0),
        ("avoid: {event: nod, more_than: 2 times}", "met", 1),
        ("order: [nod, greeting]", "met", 1),
        ("order: [greeting, {step: nod, by: customer}]", "missed", 0.5),
    ],
)
def test_what_is_seen_is_counted_and_ordered_too(tmp_path, rule, verdict, credit):
    rubric = build.rubric(tmp_path, f"- {{id: a, title: A, {rule}}}")
    example = "[agent nod 1 s]\nagent: Yes.\n[2 s]\n[agent nod 1 s]\nagent: Yes.\n[2 s]\nagent: Good morning."
    gave = judge_standard(rubric.standards[0], enact(example, rubric))
    assert (gave.verdict, gave.credit) == (verdict, credit), gave.reason


@pytest.mark.parametrize(
    ("needs", "probability", "verdict"),
    [
        ("", 0.7, "missed"),
        ("needs: {heard: 80 %}, ", 0.7, "cannot_tell"),
        ("needs: {heard: 50 %}, ", 0.55, "missed"),
        ("", 0.55, "cannot_tell"),
    ],
)
def test_a_standard_says_how_well_words_must_be_heard(tmp_path, needs, probability, verdict):
    lines = [("agent", 0, "the weather is nice today")]
    gave = found(tmp_path, f"{needs}say: greeting", lines, engine="pocketsphinx", probability=probability)
    assert gave.verdict == verdict, gave.reason


@pytest.mark.parametrize(("needs", "verdict"), [("", "met"), ("needs: {sure: 90 %}, ", "cannot_tell")])
def test_a_standard_says_how_sure_a_phrase_must_be(tmp_path, needs, verdict):
    gave = found(
        tmp_path, f"{needs}say: greeting", [("agent", 0, HELLO)], engine="pocketsphinx", probability=0.8
    )
    assert gave.verdict == verdict, gave.reason


ARMS_DOWN, ARMS_UP = "by: agent, avoid: {event: arms_crossed}", "do: arms_crossed"
APART = "keep: {measure: nearest_distance, at_least: 30 cm}"


@pytest.mark.parametrize(
    ("rule", "posture", "verdict", "reason"),
    [
        (ARMS_DOWN, {}, "met", "did not happen"),
        (f"needs: {{seen: 70 %}}, {ARMS_DOWN}", {}, "met", "did not happen"),
        (f"needs: {{seen: 75 %}}, {ARMS_DOWN}", {}, "cannot_tell", "the agent could be seen well enough only 70 % of the time"),
        # What was seen was seen, however long nobody looked.
        (f"needs: {{seen: 75 %}}, {ARMS_DOWN}", CROSSED, "missed", "'arms_crossed' at 0:00"),
        (ARMS_UP, {}, "missed", "not done: 'arms_crossed'"),
        (f"needs: {{seen: 75 %}}, {ARMS_UP}", {}, "cannot_tell", "only 70 % of the time"),
        (f"needs: {{seen: 75 %}}, {ARMS_UP}", CROSSED, "met", "'arms_crossed' at 0:00"),
        (f"needs: {{seen: 75 %}}, not: {{{ARMS_UP}}}", {}, "cannot_tell", "only 70 % of the time"),
        ("needs: {seen: 75 %}, order: [arms_crossed, nod]", {}, "cannot_tell", "only 70 % of the time"),
        ("needs: {seen: 75 %}, when: {event: arms_crossed, by: agent}, ask: Why?", {}, "cannot_tell", "awaits a person"),
        (f"needs: {{seen: 75 %}}, when: {{event: arms_crossed, by: agent}}, {APART}", {}, "cannot_tell", "whether it applies: the agent could be seen well enough only 70 % of the time"),
        (f"when: {{event: arms_crossed, by: agent}}, {APART}", {}, "no_opportunity", "did not occur"),
        (APART, {}, "met", "nearest distance 1.28 m, wanted at least 30 cm"),
        (f"needs: {{seen: 75 %}}, {APART}", {}, "cannot_tell", "the agent could be seen well enough only 70 % of the time"),
        (f"needs: {{seen: 75 %}}, when: {{measure: nearest_distance, at_least: 30 cm}}, {ARMS_UP}", {}, "cannot_tell", "whether it applies: somebody could be seen well enough only 70 %"),
    ],
)  # fmt: skip
def test_a_standard_says_for_how_long_somebody_must_be_seen(tmp_path, rule, posture, verdict, reason):
    """The agent is in the picture for 7 of 10 seconds."""
    rubric = build.rubric(tmp_path, f"- {{id: a, title: A, {rule}}}")
    agent, customer = (
        person(n=35, yaw_deg=60, **posture),
        person("person-1", n=50, x_m=1.0, z_m=2.2, yaw_deg=-90),
    )
    looked = build.people([agent, customer], size_px=SIZE_PX)
    observed = Observed(build.IDENTITY, Provenance("people", "mediapipe", "1", "", ()), people=looked)
    seen = gather(Recording(build.IDENTITY, 10.0, 0, 0, ""), (observed,), ())
    roles = {"person-0": Role.AGENT, "person-1": Role.CUSTOMER}
    gave = judge(rubric, build.conversation(rubric, seen, Channel.VIDEO, roles))[0]
    assert (gave.verdict, reason in gave.reason) == (verdict, True), gave.reason


@pytest.mark.parametrize(
    ("keep", "value", "unit", "sentence"),
    [
        ({"measure": "longest_silence", "at_most": "15 s"}, 20, "s", "longest silence 20.0 s, wanted at most 15 s"),
        ({"measure": "talk_share", "between": ["40 %", "60 %"]}, 71.26, "%", "talk share 71 %, wanted between 40 % and 60 %"),
        ({"measure": "nearest_distance", "at_least": "90 cm"}, 0.5, "m", "nearest distance 0.50 m, wanted at least 90 cm"),
        ({"measure": "handle_time", "at_least": "2 min"}, 61, "s", "handle time 61.0 s, wanted at least 2 min"),
        ({"measure": "interruptions", "at_most": "2 times"}, 1, "times", "interruptions 1 time, wanted at most 2 times"),
    ],
)  # fmt: skip
def test_a_measured_value_stands_beside_what_is_wanted(keep, value, unit, sentence):
    assert explain_keep(Keep(**keep), value, unit) == sentence


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ("keep: {measure: longest_silence, at_most: 5 s}", "no_opportunity"),
        ("avoid: {event: silence}", "no_opportunity"),
        ("do: nod", "no_opportunity"),
        ("when: {event: interruption, by: customer}, say: greeting", "no_opportunity"),
        ("during: {after: on_hold}, say: greeting", "no_opportunity"),
        ("all: [{say: greeting}, {keep: {measure: longest_silence, at_most: 5 s}}]", "met"),
        ("keep: {measure: time_to_greeting, at_most: 40 s}", "met"),
        ("keep: {measure: time_to_greeting, at_most: 5 s}", "missed"),
        ("during: {first: 20 s}, say: greeting", "missed"),
        ("during: {first: 40 s}, say: greeting", "met"),
        ("during: {while: greeting}, say: greeting", "met"),
        ("during: {while: greeting}, avoid: greeting", "missed"),
        ("during: {last: 1 s}, say: greeting", "met"),
    ],
)
def test_a_chat_is_judged_by_what_it_has(tmp_path, rule, verdict):
    rubric = build.rubric(tmp_path, f"- {{id: a, title: A, {rule}}}")
    chat = rubric.model_copy(update={"applies_to": (Channel.CHAT,)})
    example = enact("customer: Is anybody there?\n[30 s]\nagent: Good morning.", chat)
    gave = judge_standard(chat.standards[0], example)
    assert gave.verdict == verdict, gave.reason


def test_a_call_has_no_response_time_of_messages(tmp_path):
    gave = found(tmp_path, "keep: {measure: longest_response_time, at_most: 5 s}", [("agent", 0, HELLO)])
    assert gave.verdict == "no_opportunity"


@pytest.mark.parametrize(
    ("standard", "says"),
    [
        ("order: [greeting, ofer-help]", "unknown phrase or event 'ofer-help'; did you mean 'offer-help'?"),
        ("order: [greeting]", "order: takes at least two steps"),
        ("order: [greeting, {step: hold, within: 2 turns}]", "wrong unit: '2 turns' is turns"),
        ("order: [{step: hold, within: 2 s}, greeting]", "within: the first step has none before it"),
        ("all: [{say: greting}]", "undefined phrase 'greting'; did you mean 'greeting'?"),
        ("any: [{avoid: {event: silense}}, {say: hold}]", "unknown event 'silense'; did you mean 'silence'?"),
        ("not: {keep: {measure: talk_share, at_most: 3 s}}", "wrong unit: '3 s' is a time"),
        ("all: [{say: greeting, avoid: blame}]", "needs exactly one of say, do, avoid"),
        ("all: [{ask: why}]", "unknown key 'ask'"),
        ("say: {phrase: hold, at_least: 2 s}", "wrong unit: '2 s' is a time; expected a count as 2 times"),
        ("avoid: {said: hold, more_than: 2, zero_at: 9 per min}", "counts and counts per minute do not mix"),
        ("avoid: {said: hold, zero_at: 9}", "zero_at goes with more_than"),
        ("say: {all: [hold, blame], at_least: 2 times}", "counts go with one phrase"),
        ("during: openin, say: hold", "unknown phrase or event 'openin'"),
        ("during: {between: [hold, blme]}, say: hold", "'blme'; did you mean 'blame'?"),
        ("during: {while: hold, within: 2 s}, say: hold", "within goes with before, after or between"),
        ("when: {all: [{said: hlod}, {event: nod}]}, say: hold", "undefined phrase 'hlod'; did you mean 'hold'?"),
        ("when: {all: [{said: hold}], by: agent}, say: hold", "write them inside"),
        ("needs: {seen: 60 s}, say: hold", "seen: '60 s'; expected a share as 60 %"),
        ("keep: {measure: queue_length, at_most: 3 times}", "'3 times' is a count, but queue_length is a number of people"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_new_words_is_reported(tmp_path, standard, says):
    problems = standard_problems(tmp_path, f"- {{id: a, title: A, {standard}}}")
    assert len(problems) == 1 and problems[0].startswith("1: ") and says in problems[0], problems


@pytest.mark.parametrize(
    ("phases", "says"),
    [
        ("{a: {after: b}, b: {after: a}}", "circular: a → b → a"),
        ("{a: a}", "circular: a → a"),
        ("{a: {after: openin}, opening: {first: 9 s}}", "'openin'; did you mean 'opening'?"),
        ("{hold: {first: 9 s}}", "'hold' is the name of a phrase"),
        ("{silence: {first: 9 s}}", "'silence' is the name of an event"),
        ("{a: {first: 9 %}}", "expected a time or turns"),
        ("{a: {frist: 9 s}}", "unknown key 'frist'"),
    ],
)
def test_a_bad_phase_is_reported_at_its_line(tmp_path, phases, says):
    text = build.rubric_text("- {id: a, title: A, ask: x}").replace(
        "sections:", f"phases: {phases}\nsections:"
    )
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    line = text[: text.index("phases:")].count("\n") + 1
    with pytest.raises(BadFile) as caught:
        load_rubric(path)
    assert any(p.line == line and says in str(p) for p in caught.value.problems), str(caught.value)


@pytest.mark.parametrize(
    ("standard", "needs"),
    [
        ("all: [{say: greeting}, {any: [{do: nod}]}]", {"utterances", "activity", "levels", "people"}),
        ("not: {keep: {measure: longest_silence, at_most: 9 s}}", {"activity"}),
        ("ask: x, when: {not: {event: enters}}", {"people"}),
        ("during: seen, keep: {measure: longest_silence, at_most: 9 s}", {"activity", "people"}),
        ("order: [silence, nod]", {"activity", "people"}),
    ],
)
def test_inner_rules_say_what_has_to_be_perceived(tmp_path, standard, needs):
    text = build.rubric_text(f"- {{id: a, title: A, {standard}}}").replace(
        "sections:", "phases: {seen: {while: served}}\nsections:"
    )
    path = tmp_path / "house.yaml"
    path.write_text(text)
    rubric = load_rubric(path)
    assert rubric.needs == needs
    assert type(rubric).model_validate_json(rubric.model_dump_json()).digest == rubric.digest
