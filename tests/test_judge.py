"""Every verb: met, missed, no opportunity, cannot tell, and its boundary."""

import msgspec
import pytest

from audit.interactions import Channel
from audit.judge import Verdict, judge, judge_standard
from audit.rubricfile import load_rubric
from audit.workbench import enact
from models.observations import Utterance, span
from models.transcripts import spread
from tests import build

FORMULA = "good morning my name is Sarah how may I help you"
TELLING = {
    "met": Verdict.MET,
    "missed": Verdict.MISSED,
    "none": Verdict.NO_OPPORTUNITY,
    "unsure": Verdict.CANNOT_TELL,
}


def finding(tmp_path, standard: str, lines, channel=Channel.CALL, roles=None, **observed):
    rubric = build.rubric(tmp_path, f"- {standard}")
    seen = build.observations(lines, **observed)
    return judge(rubric, build.conversation(rubric, seen, channel, roles))[0]


SAY = "{id: a, title: A, during: {first: 15 s}, say: {all: [greeting, own-name, offer-help]}}"


@pytest.mark.parametrize(
    ("start_s", "text", "verdict", "credit"),
    [
        (1, FORMULA, "met", 1),
        (10.5, FORMULA, "met", 1),
        (14.5, FORMULA, "missed", 1 / 3),
        (1, "good morning my name is Sarah", "missed", 2 / 3),
        (1, "yes", "missed", 0),
        (15, FORMULA, "missed", 0),
    ],
)
def test_say_all_earns_the_share_that_was_said_in_time(tmp_path, start_s, text, verdict, credit):
    found = finding(tmp_path, SAY, [("agent", start_s, text), ("customer", 30, "I would like to order")])
    assert (found.verdict, found.credit) == (TELLING[verdict], pytest.approx(credit, abs=1e-6))
    assert found.searched == (span(0, 15),)


def test_say_shows_the_words_and_their_time(tmp_path):
    found = finding(tmp_path, SAY, [("agent", 2, FORMULA)])
    assert [(e.span.start_s, e.quote, e.role) for e in found.evidence] == [
        (2.0, "good morning", "agent"),
        (2.8, "my name is Sarah", "agent"),
        (4.4, "how may I help you", "agent"),
    ]
    assert "'greeting' at 0:02" in found.reason


def test_the_house_is_nobodys_name(tmp_path):
    standard = "{id: a, title: A, say: own-name}"
    assert finding(tmp_path, standard, [("agent", 0, "my name is Northwind")]).verdict == Verdict.MISSED
    assert finding(tmp_path, standard, [("agent", 0, "my name is Sara Northwind")]).verdict == Verdict.MET


def test_say_any_is_met_by_one_of_them(tmp_path):
    standard = "{id: a, title: A, say: {any: [greeting, offer-help]}}"
    assert finding(tmp_path, standard, [("agent", 0, "how can I help")]).verdict == Verdict.MET
    missed = finding(tmp_path, standard, [("agent", 0, "yes")])
    assert (missed.verdict, missed.credit) == (Verdict.MISSED, 0)


def test_what_the_customer_says_does_not_count_for_the_agent(tmp_path):
    assert finding(tmp_path, SAY, [("customer", 0, FORMULA), ("agent", 6, "yes")]).verdict == Verdict.MISSED


@pytest.mark.parametrize(
    ("lines", "verdict", "share"),
    [
        ([("agent", 0, "please hold"), ("agent", 20, "thank you for holding")], "met", 1),
        ([("agent", 0, "please hold"), ("agent", 20, "hello")], "missed", 0),
        ([("agent", 0, "please hold"), ("agent", 9, "thank you for holding"),
          ("agent", 70, "please hold the line"), ("agent", 90, "so")], "missed", 0.5),
        ([("agent", 0, "hello there")], "none", None),
        ([("agent", 0, "please hold"), ("agent", 40.9, "thank you for holding")], "missed", 0),
    ],
)  # fmt: skip
def test_every_hold_is_one_opportunity(tmp_path, lines, verdict, share):
    standard = "{id: a, title: A, during: {after: hold, within: 40 s}, say: thanks-for-holding}"
    found = finding(tmp_path, standard, lines)
    assert (found.verdict, found.credit) == (TELLING[verdict], share)


def test_the_anchor_may_be_bound_to_a_party(tmp_path):
    standard = "{id: a, title: A, during: {after: hold, by: agent, within: 40 s}, say: thanks-for-holding}"
    lines = [("customer", 0, "please hold"), ("agent", 20, "hello there")]
    assert finding(tmp_path, standard, lines).verdict == Verdict.NO_OPPORTUNITY
    assert finding(tmp_path, standard.replace("agent,", "customer,"), lines).verdict == Verdict.MISSED


@pytest.mark.parametrize(
    "standard",
    [
        "{id: a, title: A, when: {said: thanks-for-holding}, say: greeting}",
        "{id: a, title: A, during: {after: thanks-for-holding}, say: greeting}",
    ],
)
def test_something_like_what_makes_a_rule_apply_is_a_doubt(tmp_path, standard):
    lines = [("agent", 0, "thank you for voting")]
    heard = finding(tmp_path, standard, lines, engine="faster-whisper")
    assert heard.verdict == Verdict.CANNOT_TELL
    assert "whether it applies: something like 'thanks-for-holding' was heard at 0:00" in heard.reason
    assert finding(tmp_path, standard, lines).verdict == Verdict.NO_OPPORTUNITY


@pytest.mark.parametrize(
    ("customer", "agent", "verdict"),
    [
        ("I want to cancel my contract", "good morning", "met"),
        ("I want to cancel my contract", "yes", "missed"),
        ("I want to order", "yes", "none"),
    ],
)
def test_when_decides_whether_a_rule_applies(tmp_path, customer, agent, verdict):
    standard = "{id: a, title: A, when: {said: cancel, by: customer}, say: greeting}"
    assert (
        finding(tmp_path, standard, [("customer", 0, customer), ("agent", 9, agent)]).verdict
        == TELLING[verdict]
    )


@pytest.mark.parametrize(("end_s", "verdict"), [(119, "none"), (120, "missed"), (300, "missed")])
def test_when_a_measure_is_in_a_band(tmp_path, end_s, verdict):
    standard = "{id: a, title: A, when: {measure: handle_time, at_least: 2 min}, say: greeting}"
    assert finding(tmp_path, standard, [("agent", 0, "yes")], duration_s=end_s).verdict == TELLING[verdict]


def test_first_turn_is_all_that_was_said_before_the_other_spoke(tmp_path):
    standard = "{id: a, title: A, during: {first: 1 turn}, say: offer-help}"
    early = [("agent", 0, "good morning"), ("agent", 3, "how can I help"), ("customer", 6, "hello")]
    late = [("agent", 0, "good morning"), ("customer", 2, "hello"), ("agent", 4, "how can I help")]
    assert finding(tmp_path, standard, early).verdict == Verdict.MET
    assert finding(tmp_path, standard, late).verdict == Verdict.MISSED


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("that is your fault", "missed"), ("let me see", "met"), ("that is your vault", "met")],
)
def test_avoid_is_missed_by_a_word_that_was_said(tmp_path, text, verdict):
    found = finding(tmp_path, "{id: a, title: A, avoid: blame}", [("agent", 3, text), ("customer", 9, "oh")])
    assert found.verdict == TELLING[verdict]
    assert [e.quote for e in found.evidence] == ([text] if verdict == "missed" else [])


@pytest.mark.parametrize(("gap_s", "verdict"), [(9.9, "met"), (10.0, "met"), (10.1, "missed")])
def test_avoid_an_event_longer_than_a_time(tmp_path, gap_s, verdict):
    standard = "{id: a, title: A, avoid: {event: silence, longer_than: 10 s}}"
    spans = {"agent": [(0, 5), (5 + gap_s, 20 + gap_s)]}
    found = finding(tmp_path, standard, [("agent", 0, "good morning")], activity=spans)
    assert found.verdict == TELLING[verdict]


@pytest.mark.parametrize(
    ("gap_s", "verdict", "credit"), [(15, "met", 1), (22.5, "missed", 0.5), (30, "missed", 0)]
)
def test_keep_grades_between_target_and_limit(tmp_path, gap_s, verdict, credit):
    standard = "{id: a, title: A, keep: {measure: longest_silence, at_most: 15 s, zero_at: 30 s}}"
    spans = {"agent": [(0, 5), (5 + gap_s, 20 + gap_s)]}
    found = finding(tmp_path, standard, [("agent", 0, "good morning")], activity=spans)
    assert (found.verdict, found.credit) == (TELLING[verdict], pytest.approx(credit))
    assert found.evidence[0].span == span(5, 5 + gap_s)


def test_ask_awaits_a_person(tmp_path):
    found = finding(tmp_path, "{id: a, title: A, ask: Was it kind?}", [("agent", 0, "yes")])
    assert (found.verdict, found.credit, found.reason) == (Verdict.CANNOT_TELL, None, "awaits a person")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("that is your fault", "missed"), ("that is your vault", "unsure")],
)
def test_nobody_is_accused_of_words_that_only_sounded_like_forbidden_ones(tmp_path, text, verdict):
    found = finding(
        tmp_path, "{id: a, title: A, avoid: blame}", [("agent", 3, text)], engine="faster-whisper"
    )
    assert found.verdict == TELLING[verdict]


@pytest.mark.parametrize(
    "standard",
    [
        "{id: a, title: A, when: {said: cancel, by: customer}, say: greeting}",
        "{id: a, title: A, during: {after: cancel, by: customer}, say: greeting}",
    ],
)
def test_what_an_unknown_speaker_said_may_make_a_rule_apply(tmp_path, standard):
    found = finding(tmp_path, standard, [(None, 0, "I want to cancel my contract")], roles={})
    assert found.verdict == Verdict.CANNOT_TELL
    assert "'cancel' was said at 0:01, but by whom is unknown" in found.reason


@pytest.mark.parametrize("standard", ["{id: a, title: A, say: greeting}", "{id: a, title: A, avoid: blame}"])
def test_without_any_words_of_the_agent_nothing_is_said_of_them(tmp_path, standard):
    found = finding(tmp_path, standard, [("customer", 0, "hello is anybody there")])
    assert (found.verdict, found.reason) == (Verdict.CANNOT_TELL, "no words of the agent are known")


@pytest.mark.parametrize(("end_s", "verdict"), [(100, "missed"), (4, "unsure")])
def test_a_greeting_that_never_came_is_late_once_the_limit_has_passed(tmp_path, end_s, verdict):
    standard = "{id: a, title: A, keep: {measure: time_to_greeting, at_most: 5 s}}"
    assert finding(tmp_path, standard, [("agent", 0, "yes")], duration_s=end_s).verdict == TELLING[verdict]


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (
            [
                ("customer", 0, "hi"),
                ("agent", 10, "hello"),
                ("customer", 20, "x"),
                ("customer", 3620, "hello"),
            ],
            "missed",
        ),
        ([("customer", 0, "hi"), ("agent", 10, "hello"), ("customer", 20, "thanks bye")], "met"),
        ([("customer", 0, "hi")], "unsure"),
        ([("customer", 0, "hi"), ("customer", 40, "hello")], "unsure"),
        ([("customer", 0, "hi"), ("customer", 400, "hello")], "missed"),
    ],
)
def test_a_wait_that_the_end_cuts_off_is_at_least_as_long_as_is_known(tmp_path, lines, verdict):
    standard = "{id: a, title: A, keep: {measure: longest_response_time, at_most: 2 min}}"
    assert (
        finding(tmp_path, standard, lines, channel=Channel.CHAT, activity={}, duration_s=5000).verdict
        == TELLING[verdict]
    )


@pytest.mark.parametrize(
    ("band", "verdict"),
    [
        ("at_most: 50 s", "missed"),
        ("at_most: 150 s", "unsure"),
        ("at_least: 50 s", "met"),
        ("at_least: 150 s", "unsure"),
    ],
)
def test_a_lower_bound_tells_only_what_it_can(tmp_path, band, verdict):
    standard = f"{{id: a, title: A, keep: {{measure: time_to_first_word, {band}}}}}"
    spans = {"customer": [(0, 5)]}
    found = finding(tmp_path, standard, [], activity=spans, duration_s=100)
    assert found.verdict == TELLING[verdict]
    applies = f"{{id: a, title: A, when: {{measure: time_to_first_word, by: agent, {band}}}, say: greeting}}"
    met = {"missed": Verdict.NO_OPPORTUNITY, "unsure": Verdict.CANNOT_TELL, "met": Verdict.MISSED}[verdict]
    assert (
        finding(
            tmp_path,
            applies,
            [("customer", 0, "hello"), ("agent", 101, "yes")],
            activity=spans,
            duration_s=100,
        ).verdict
        == met
    )


@pytest.mark.parametrize(("rule", "verdict"), [("at_most: 0", "missed"), ("at_least: 1", "met")])
def test_a_measure_of_anyone_counts_everybody(tmp_path, rule, verdict):
    standard = f"{{id: a, title: A, by: anyone, keep: {{measure: interruptions, {rule}}}}}"
    spans = {"agent": [(4, 7)], "customer": [(0, 5)]}
    assert finding(tmp_path, standard, [], activity=spans, duration_s=9).verdict == TELLING[verdict]


# Weak perception gives "cannot tell", never a guess.


def test_not_transcribed_is_not_not_said(tmp_path):
    lacking = (("utterances", "weights missing, run: comport weights fetch small"),)
    found = finding(tmp_path, SAY, [("agent", 0, FORMULA)], missing=lacking)
    assert found.verdict == Verdict.CANNOT_TELL
    assert "comport weights fetch" in found.reason


def test_words_of_an_unknown_speaker_are_shown_but_not_counted(tmp_path):
    found = finding(tmp_path, SAY, [(None, 0, FORMULA)], roles={})
    assert found.verdict == Verdict.CANNOT_TELL
    assert "by whom is unknown" in found.reason
    assert found.evidence


@pytest.mark.parametrize(("probability", "verdict"), [(0.9, "missed"), (0.59, "unsure")])
def test_weakly_heard_words_cannot_show_that_something_was_not_said(tmp_path, probability, verdict):
    lines = [("agent", 0, "the weather is nice today")]
    found = finding(tmp_path, SAY, lines, engine="pocketsphinx", probability=probability)
    assert found.verdict == TELLING[verdict]


def test_speech_without_recognised_words_cannot_show_it_either(tmp_path):
    spans = {"agent": [(0, 2), (3, 12)]}
    found = finding(tmp_path, SAY, [("agent", 0, "well then yes")], engine="faster-whisper", activity=spans)
    assert found.verdict == Verdict.CANNOT_TELL
    assert "could not be understood" in found.reason


def test_something_like_the_phrase_is_a_doubt_when_recognised_and_none_when_written(tmp_path):
    standard = "{id: a, title: A, say: thanks-for-holding}"
    lines = [("agent", 0, "thank you for folding it")]
    heard = finding(tmp_path, standard, [("agent", 0, "thank you for voting")], engine="faster-whisper")
    assert heard.verdict == Verdict.CANNOT_TELL
    assert "something like 'thanks-for-holding' was heard at 0:00" in heard.reason
    assert finding(tmp_path, standard, [("agent", 0, "thank you for voting")]).verdict == Verdict.MISSED
    assert finding(tmp_path, standard, lines, engine="faster-whisper").verdict == Verdict.MET


def test_another_phrase_of_the_rubric_is_no_doubt(tmp_path):
    standard = "{id: a, title: A, say: thanks-for-holding}"
    lines = [("agent", 0, "thank you for calling Northwind")]
    assert finding(tmp_path, standard, lines, engine="faster-whisper").verdict == Verdict.MISSED


def test_a_weakly_heard_phrase_is_not_counted(tmp_path):
    found = finding(tmp_path, SAY, [("agent", 0, FORMULA)], engine="pocketsphinx", probability=0.4)
    assert found.verdict == Verdict.CANNOT_TELL
    assert "heard weakly" in found.reason


def test_a_forbidden_word_in_a_message_is_missed(tmp_path):
    rubric = build.rubric(tmp_path, "- {id: a, title: A, avoid: blame}")
    said = build.observations([])
    where = span(3, 3)
    message = Utterance(where, "agent", "en", "that is your fault", spread("that is your fault", where))
    seen = msgspec.structs.replace(
        said, utterances=(message,), recording=msgspec.structs.replace(said.recording, duration_s=9)
    )
    found = judge(rubric, build.conversation(rubric, seen, Channel.CHAT))[0]
    assert (found.verdict, found.evidence[0].quote) == (Verdict.MISSED, "that is your fault")


@pytest.mark.parametrize(
    ("rule", "message", "verdict"),
    [
        ("during: {after: hold}, say: thanks-for-holding", "please hold. thank you for holding", "met"),
        ("during: {after: hold}, say: thanks-for-holding", "thank you for holding. please hold", "missed"),
        ("during: {before: hold}, say: thanks-for-holding", "please hold. thank you for holding", "missed"),
        ("during: {before: hold}, say: thanks-for-holding", "thank you for holding. please hold", "met"),
        ("during: {between: [greeting, hold]}, avoid: blame", "good morning. that is your fault. please hold", "missed"),
        ("during: {between: [greeting, hold]}, avoid: blame", "that is your fault. good morning. please hold", "met"),
        ("order: [greeting, hold]", "good morning. please hold", "met"),
        ("order: [greeting, hold]", "please hold. good morning", "missed"),
        ("say: {any: [hold, thanks-for-holding], at_least: 2 times}", "please hold. thank you for holding", "met"),
        ("say: {any: [greeting, again], at_least: 2 times}", "good morning", "missed"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("more", [0.0, 30.0])
def test_the_words_of_a_message_come_one_after_the_other(tmp_path, rule, message, verdict, more):
    path = tmp_path / "house.yaml"
    text = build.rubric_text(f"- {{id: a, title: A, {rule}}}").replace(
        "phrases:\n", "phrases:\n  again: good morning\n", 1
    )
    path.write_text(text)
    where = span(3, 3)
    written = Utterance(where, "agent", "en", message, spread(message, where))
    said = build.observations([])
    recording = msgspec.structs.replace(said.recording, duration_s=3.001 + more)
    seen = msgspec.structs.replace(said, utterances=(written,), recording=recording)
    house = load_rubric(path)
    found = judge(house, build.conversation(house, seen, Channel.CHAT))[0]
    assert found.verdict == verdict
    assert {e.span for e in found.evidence} <= {where}


def test_messages_of_one_time_come_one_after_the_other(tmp_path):
    path = tmp_path / "house.yaml"
    path.write_text(build.rubric_text("- {id: a, title: A, order: [greeting, thanks-for-holding, hold]}"))
    where = span(3, 3)
    texts = ("good morning and once again thank you for holding", "please hold")
    written = tuple(Utterance(where, "agent", "en", text, spread(text, where)) for text in texts)
    recording = msgspec.structs.replace(build.observations([]).recording, duration_s=9)
    said = msgspec.structs.replace(build.observations([]), utterances=written, recording=recording)
    house = load_rubric(path)
    assert judge(house, build.conversation(house, said, Channel.CHAT))[0].verdict == "met"


def test_a_chat_has_no_silence_and_so_no_opportunity_to_break_it(tmp_path):
    standard = "{id: a, title: A, keep: {measure: longest_silence, at_most: 5 s}}"
    found = finding(tmp_path, standard, [("agent", 0, "hi")], channel=Channel.CHAT, activity={})
    assert (found.verdict, found.reason) == (Verdict.NO_OPPORTUNITY, "a chat has no sound: longest silence")


SEEN = "{id: a, title: A, during: {first: 10 s}"


@pytest.mark.parametrize(
    ("rule", "example", "verdict", "credit"),
    [
        ("do: nod", "[agent nod]\nagent: Yes.", "met", 1.0),
        ("do: nod", "[customer nod]\nagent: Yes.", "missed", 0.0),
        ("do: nod", "agent: Yes.\n[12 s]\n[agent nod]\nagent: Yes.", "missed", 0.0),
        ("do: [nod, smile]", "[agent nod]\nagent: Yes.", "missed", 0.5),
        ("do: {any: [nod, smile]}", "[agent nod]\nagent: Yes.", "met", 1.0),
        ("do: {any: [nod, smile]}", "agent: Yes.", "missed", 0.0),
        # Words and bearing in one standard.
        ("say: greeting, do: smile", "[agent smile 2 s]\nagent: Good morning.", "met", 1.0),
        ("say: greeting, do: smile", "agent: Good morning.", "missed", 0.5),
        ("say: greeting, do: smile", "[agent smile 2 s]\nagent: Yes?", "missed", 0.5),
        ("say: greeting, do: smile", "agent: Yes?", "missed", 0.0),
        ("do: stands_in_front", "[stands_in_front 2 s]\nagent: Yes.", "met", 1.0),
    ],
)
def test_do_is_met_by_what_is_seen_in_time(tmp_path, rule, example, verdict, credit):
    rubric = build.rubric(tmp_path, f"- {SEEN}, {rule}}}")
    finding = judge_standard(rubric.standards[0], enact(example, rubric))
    assert (finding.verdict, finding.credit) == (verdict, credit), finding.reason


@pytest.mark.parametrize(
    ("rule", "said", "verdict"),
    [
        ("do: smile", "good morning", "cannot_tell"),
        ("say: greeting, do: smile", "good morning", "cannot_tell"),
        # What surely was not said is missed, whatever could be seen.
        ("say: greeting, do: smile", "yes", "missed"),
    ],
)
def test_what_could_not_be_seen_is_not_missed(tmp_path, rule, said, verdict):
    rubric = build.rubric(tmp_path, f"- {SEEN}, {rule}}}")
    heard = build.observations([("agent", 0, said)], missing=(("people", "the recording has no picture"),))
    finding = judge_standard(rubric.standards[0], build.conversation(rubric, heard))
    assert finding.verdict == verdict, finding.reason
    assert verdict == "missed" or "no picture" in finding.reason
