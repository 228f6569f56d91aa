"""Turns, holds and the parts of a call: met, missed, cannot tell, and the boundary of each kind."""

import pytest

from audit import signals
from audit.interactions import Role
from audit.judge import Verdict, judge
from models.observations import span
from tests import build

MET, MISSED, UNSURE, NONE = Verdict.MET, Verdict.MISSED, Verdict.CANNOT_TELL, Verdict.NO_OPPORTUNITY

PHRASES = """
  identity-check: ["confirm your full name"]
  goes-on-hold: ["hold the line", "I will put you on hold"]
  ivr-menu: ["press one for"]
  voicemail-greeting: ["leave a message"]
"""


def conversation(tmp_path, lines=(), roles=None, standard="{id: a, title: A, ask: x}", **observed):
    text = build.rubric_text(f"- {standard}").replace("\nsections:", f"{PHRASES}sections:")
    path = tmp_path / "house.yaml"
    path.write_text(text)
    rubric = build.load_rubric(path)
    return rubric, build.conversation(rubric, build.observations(list(lines), **observed), roles=roles)


def events(tmp_path, kind: str, lines=(), **observed):
    return signals.event_kinds()[kind].find(conversation(tmp_path, lines, **observed)[1])


def measure(tmp_path, kind: str, lines=(), of=Role.AGENT, **observed):
    spoken = conversation(tmp_path, lines, **observed)[1]
    return signals.measure_kinds()[kind].take(spoken, of, spoken.whole)


def verdict(tmp_path, standard: str, lines=(), **observed) -> Verdict:
    rubric, spoken = conversation(tmp_path, lines, standard=f"{{id: a, title: A, {standard}}}", **observed)
    return judge(rubric, spoken)[0].verdict


# Interruption: who cuts in on whom, and who yields


@pytest.mark.parametrize(
    ("agent", "customer", "detail"),
    [
        ([(4, 7)], [(0, 5)], "over the customer, who stopped"),
        ([(4, 7)], [(0, 6)], "over the customer, who stopped"),
        ([(4, 9)], [(0, 6.1)], "over the customer, who went on"),  # 2.1 s is a fight for the floor
        ([(4, 7)], [(0, 5), (6, 8)], "over the customer, who went on"),  # begins again at once
        ([(4, 7)], [(0, 9)], "over the customer, who went on"),
    ],
)
def test_an_interruption_tells_who_yielded(tmp_path, agent, customer, detail):
    spans = {"agent": agent, "customer": customer}
    found = events(tmp_path, "interruption", activity=spans, duration_s=20)[0]
    assert (found.role, found.detail) == (Role.AGENT, detail)
    yielded = events(tmp_path, "interruption_yielded", activity=spans, duration_s=20)
    assert [e.span for e in yielded if e.role == Role.AGENT] == (
        [found.span] if detail.endswith("stopped") else []
    )


def test_the_evidence_of_an_interruption_says_who_cut_in_on_whom(tmp_path):
    standard = "{id: a, title: A, by: agent, avoid: {event: interruption}}"
    spans = {"agent": [(4, 7)], "customer": [(0, 5)]}
    rubric, spoken = conversation(tmp_path, standard=standard, activity=spans, duration_s=9)
    finding = judge(rubric, spoken)[0]
    assert finding.evidence[0].role == Role.AGENT
    assert finding.evidence[0].note == "interruption over the customer, who stopped"
    assert finding.reason == "'interruption' at 0:04 over the customer, who stopped"


@pytest.mark.parametrize(
    ("spans", "found"),
    [
        ({"agent": [(0, 5)], "customer": [(4, 6)]}, MISSED),
        ({"agent": [(0, 5)], "customer": [(5, 6)]}, MET),
        ({None: [(0, 5)]}, UNSURE),
    ],
)
def test_avoid_interruption_yielded(tmp_path, spans, found):
    rule = "by: customer, avoid: {event: interruption_yielded}"
    assert verdict(tmp_path, rule, activity=spans, duration_s=9, roles={} if None in spans else None) == found


# Overlap


@pytest.mark.parametrize(("from_s", "count"), [(4.7, 1), (4.71, 0), (5, 0)])
def test_an_overlap_lasts_three_tenths_of_a_second(tmp_path, from_s, count):
    spans = {"agent": [(0, 5)], "customer": [(from_s, 8)]}
    assert len(events(tmp_path, "overlap", activity=spans, duration_s=9)) == count


@pytest.mark.parametrize(
    ("spans", "limit", "found"),
    [
        ({"agent": [(0, 6)], "customer": [(4, 10)]}, 20, MET),
        ({"agent": [(0, 6)], "customer": [(4, 10)]}, 19, MISSED),
        ({"agent": [(0, 1)], "customer": [(0.5, 2)]}, 20, UNSURE),  # too little speech
        ({None: [(0, 6)]}, 20, UNSURE),
    ],
)
def test_keep_overlap_share(tmp_path, spans, limit, found):
    rule = f"by: anyone, keep: {{measure: overlap_share, at_most: {limit} %}}"
    roles = {} if None in spans else None
    assert verdict(tmp_path, rule, activity=spans, duration_s=12, roles=roles) == found


# Response latency

ANSWERS = {
    "customer": [(0, 4), (10, 14), (20, 24), (30, 34)],
    "agent": [(4.5, 9), (15, 19), (26, 29), (33, 38)],
}


def test_response_latency_is_the_median_wait_for_an_answer(tmp_path):
    taken = measure(tmp_path, "response_latency", activity=ANSWERS, duration_s=40)
    assert taken.value == pytest.approx((0.5 + 1) / 2)  # 0.5, 1, 2 and 0: the last one began early
    assert span(24, 26) in taken.evidence
    assert measure(
        tmp_path, "response_latency", of=Role.CUSTOMER, activity=ANSWERS, duration_s=40
    ).value == pytest.approx(1)


@pytest.mark.parametrize(
    ("spans", "limit", "found"),
    [
        (ANSWERS, "750 ms", MET),
        (ANSWERS, "740 ms", MISSED),
        ({"customer": [(0, 4), (10, 14)], "agent": [(5, 9), (15, 19)]}, "1 s", UNSURE),  # two answers
        ({None: [(0, 4)]}, "1 s", UNSURE),
    ],
)
def test_keep_response_latency(tmp_path, spans, limit, found):
    rule = f"keep: {{measure: response_latency, at_most: {limit}}}"
    roles = {} if None in spans else None
    assert verdict(tmp_path, rule, activity=spans, duration_s=40, roles=roles) == found


def test_a_murmur_takes_no_turn_and_a_hold_is_no_answer(tmp_path):
    spans = {key: list(value) for key, value in ANSWERS.items()}
    spans["agent"].append((1, 1.8))  # "mhm"
    spans["customer"].append((41, 43))
    spans["agent"] = sorted([*spans["agent"], (70, 75)])
    music = (build.line(music=[(45, 69)]),)
    taken = measure(tmp_path, "response_latency", activity=spans, duration_s=80, levels=music)
    assert taken.value == pytest.approx(0.75)


# Hold and dead air

ASKS = [("agent", 0, "please hold the line"), ("customer", 3, "yes of course")]
BACK = ("agent", 40, "thank you for holding")


@pytest.mark.parametrize(
    ("lines", "line", "holds"),
    [
        ([*ASKS, BACK], {}, [(4.2, 40)]),  # announced
        ([("customer", 0, "please hold the line"), BACK], {}, []),  # not by the agent
        ([("agent", 0, "let me see"), BACK], {}, []),  # nobody said so
        ([("agent", 0, "let me see"), BACK], {"music": [(5, 30)]}, [(1.2, 40)]),
        ([("agent", 0, "let me see"), BACK], {"tones": [(a, a + 1, 440) for a in range(3, 39, 4)]}, [(1.2, 40)]),
        ([("agent", 0, "let me see"), BACK], {"tones": [(10, 10.5, 440)]}, []),  # one beep
        ([("agent", 0, "please hold the line"), ("agent", 4.5, "so")], {}, []),  # 2.9 s
        ([("agent", 0, "please hold the line"), ("agent", 4.6, "so")], {}, [(1.6, 4.6)]),
        ([*ASKS, ("customer", 20, "hello"), BACK], {}, [(4.2, 40)]),  # a murmur
        ([*ASKS, ("agent", 20, "a moment"), BACK], {}, [(4.2, 20)]),  # one announcement, one hold
    ],
)  # fmt: skip
def test_a_hold_is_announced_or_has_music_or_tones(tmp_path, lines, line, holds):
    found = events(tmp_path, "on_hold", lines, levels=(build.line(**line),))
    assert [(e.span.start_s, e.span.end_s) for e in found] == holds


def test_music_that_was_taken_for_speech_is_still_a_hold(tmp_path):
    spans = {"agent": [(0, 2), (10, 30), (41, 44)], "customer": [(3, 4)]}
    lines = [("agent", 0, "please hold the line"), ("agent", 41, "thank you")]
    music = (build.line(music=[(5, 40)]),)
    (found,) = events(tmp_path, "on_hold", lines, activity=spans, duration_s=45, levels=music)
    assert (found.span, found.detail) == (span(4, 41), "announced, with music or tones")


@pytest.mark.parametrize(
    ("kind", "value"), [("hold_count", 2), ("hold_time", 15.4 + 18.8), ("longest_hold", 18.8)]
)
def test_measures_of_holds(tmp_path, kind, value):
    lines = [("agent", 0, "hold the line"), ("agent", 16.6, "hold the line"), ("agent", 36.6, "thanks")]
    assert measure(tmp_path, kind, lines).value == pytest.approx(value)


@pytest.mark.parametrize(
    ("limit", "back_s", "found"), [("36 s", 40, MET), ("36 s", 40.3, MISSED), ("36 s", 40.2, MET)]
)
def test_keep_longest_hold(tmp_path, limit, back_s, found):
    lines = [*ASKS, ("agent", back_s, "thank you")]
    rule = f"by: anyone, when: {{event: on_hold}}, keep: {{measure: longest_hold, at_most: {limit}}}"
    assert verdict(tmp_path, rule, lines) == found


def test_without_any_hold_its_length_does_not_matter(tmp_path):
    rule = "by: anyone, when: {event: on_hold}, keep: {measure: longest_hold, at_most: 9 s}"
    assert verdict(tmp_path, rule, [("agent", 0, "good morning")]) == NONE


@pytest.mark.parametrize(
    ("lines", "line", "found"),
    [
        ([*ASKS, BACK], {"music": [(5, 39)]}, MET),
        ([("agent", 0, "let me see"), BACK], {"music": [(5, 39)]}, MISSED),
        ([("agent", 0, "let me see"), BACK], {}, MET),  # dead air, but no hold
        ([("agent", 0, "let me see"), BACK], None, UNSURE),  # a transcript has no music
    ],
)
def test_avoid_unannounced_hold(tmp_path, lines, line, found):
    levels = None if line is None else (build.line(**line),)
    assert verdict(tmp_path, "avoid: {event: unannounced_hold}", lines, levels=levels) == found
    rule = "by: anyone, keep: {measure: unannounced_holds, at_most: 0 times}"
    assert verdict(tmp_path, rule, lines, levels=levels) == found


@pytest.mark.parametrize(
    ("engine", "music", "rule", "found"),
    [
        ("faster-whisper", [(5, 39)], "avoid: {event: unannounced_hold}", UNSURE),
        ("transcript", [(5, 39)], "avoid: {event: unannounced_hold}", MISSED),
        ("faster-whisper", [], "avoid: {event: dead_air}", UNSURE),
        ("transcript", [], "avoid: {event: dead_air}", MISSED),
        ("faster-whisper", [], "by: anyone, keep: {measure: hold_time, at_most: 60 s}", UNSURE),
        ("faster-whisper", [(5, 39)], "by: anyone, keep: {measure: hold_time, at_most: 60 s}", MET),
    ],
)
def test_a_hold_that_was_perhaps_announced_accuses_nobody(tmp_path, engine, music, rule, found):
    lines = [("agent", 0, "I will put on gold"), BACK]
    observed = {
        "engine": engine,
        "levels": (build.line(music=music, duration_s=42, spoken=[(0, 2), (40, 42)]),),
    }
    assert verdict(tmp_path, rule, lines, **observed) == found


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([("agent", 0, "let me see"), ("agent", 16.1, "so")], MET),  # 14.9 s
        ([("agent", 0, "let me see"), ("agent", 16.2, "so")], MISSED),
        ([("agent", 0, "hold the line"), ("agent", 40, "so")], MET),  # a hold
    ],
)
def test_avoid_dead_air(tmp_path, lines, found):
    assert verdict(tmp_path, "avoid: {event: dead_air}", lines) == found
    assert verdict(tmp_path, "avoid: {event: dead_air}", lines, activity={}) == UNSURE


# Keys, menus, machines, the end

CHANNELS = {"channel-0": Role.AGENT, "channel-1": Role.CUSTOMER}


def test_a_key_is_pressed_by_whoever_is_on_its_channel(tmp_path):
    spans = {"channel-0": [(10, 15)], "channel-1": [(0, 2)]}
    lines = (build.line(), build.line(keys=[(3, 3.2)]))
    found = events(tmp_path, "key_pressed", activity=spans, duration_s=20, roles=CHANNELS, levels=lines)
    assert [(e.role, e.text) for e in found] == [(Role.CUSTOMER, "")]
    rule = "by: customer, avoid: {event: key_pressed}"
    observed = {"activity": spans, "duration_s": 20, "roles": CHANNELS}
    assert verdict(tmp_path, rule, levels=lines, **observed) == MISSED
    assert verdict(tmp_path, rule, levels=lines[:1], **observed) == MET
    assert verdict(tmp_path, rule, **observed) == UNSURE


@pytest.mark.parametrize(
    ("lines", "keys", "menus"),
    [
        ([("bot", 0, "press one for service"), ("agent", 20, "good morning")], [(5, 5.2)], [(0, 5.2)]),
        ([("agent", 20, "good morning")], [(5, 5.2), (8, 8.2)], [(5, 8.2)]),  # before anybody answers
        ([("agent", 0, "good morning")], [(5, 5.2)], []),  # keyed in for the agent
        ([("bot", 0, "press one for x"), ("bot", 31.2, "press one for y")], [], [(0, 32.4)]),
        ([("bot", 0, "press one for x"), ("bot", 31.3, "press one for y")], [], [(0, 1.2), (31.3, 32.5)]),
    ],
)  # fmt: skip
def test_a_menu_is_known_by_its_words_and_keys(tmp_path, lines, keys, menus):
    roles = {"bot": Role.BOT, "agent": Role.AGENT}
    found = events(tmp_path, "ivr", lines, roles=roles, levels=(build.line(keys=keys),), duration_s=60)
    assert [(e.span.start_s, e.span.end_s) for e in found] == menus


SPEAKS = {"customer": [(0, 8)], "agent": [(11, 20)]}


@pytest.mark.parametrize(
    ("spans", "words", "tones", "found"),
    [
        (SPEAKS, "", [(9, 9.5, 1000)], [(9, 30)]),  # who spoke before the beep never speaks again
        ({**SPEAKS, "customer": [(0, 8), (22, 25)]}, "", [(9, 9.5, 1000)], []),  # somebody is there
        (SPEAKS, "", [], []),
        (SPEAKS, "", [(9, 9.1, 1000)], []),  # no beep
        ({None: [(0, 8), (11, 20)]}, "leave a message", [(9, 9.5, 1000)], [(9, 30)]),
    ],
)
def test_an_answering_machine_beeps_and_never_answers(tmp_path, spans, words, tones, found):
    lines = [(next(iter(spans)), 2, words)] if words else []
    seen = events(
        tmp_path, "voicemail", lines, activity=spans, duration_s=30, levels=(build.line(tones=tones),)
    )
    assert [(e.span.start_s, e.span.end_s) for e in seen] == found


def test_words_of_a_machine_without_a_beep_may_be_one(tmp_path):
    lines = [("customer", 0, "please leave a message"), ("agent", 5, "good morning")]
    assert verdict(tmp_path, "avoid: {event: voicemail}", lines, levels=(build.line(),)) == UNSURE


@pytest.mark.parametrize(("end_s", "found"), [(30, MET), (30.1, MISSED)])
def test_the_end_of_a_call_is_what_follows_the_last_speech(tmp_path, end_s, found):
    observed = {"activity": {"agent": [(0, 20)]}, "duration_s": end_s, "levels": (build.line(),)}
    assert verdict(tmp_path, "avoid: {event: call_end, longer_than: 10 s}", **observed) == found
    (end,) = events(tmp_path, "call_end", **observed)
    assert (end.span, end.detail) == (span(20, end_s), "")
    closed = (build.line(tones=[(25, 25.5, 425)]),)
    (end,) = events(tmp_path, "call_end", **{**observed, "levels": closed})
    assert end.detail == "with the tone of a closed line"


def test_how_people_part_is_looked_at_before_the_end_of_the_call(tmp_path):
    rule = "during: {before: call_end, within: 5 s}, say: greeting"
    lines = [("agent", 20, "good morning")]
    observed = {"duration_s": 60, "levels": (build.line(),)}
    assert verdict(tmp_path, rule, lines, **observed) == MET
    assert (
        verdict(tmp_path, rule.replace("before: call_end, within: 5 s", "last: 5 s"), lines, **observed)
        == MISSED
    )


# Time to identification, syllables


@pytest.mark.parametrize(
    ("lines", "engine", "found"),
    [
        ([("agent", 29, "please confirm your full name")], "transcript", MET),  # its words begin at 29.4
        ([("agent", 29.7, "please confirm your full name")], "transcript", MISSED),
        ([("agent", 0, "good morning"), ("customer", 40, "hello")], "transcript", MISSED),
        ([("agent", 0, "good morning"), ("customer", 40, "hello")], "faster-whisper", UNSURE),
    ],
)
def test_keep_time_to_identification(tmp_path, lines, engine, found):
    rule = "keep: {measure: time_to_identification, at_most: 30 s}"
    assert verdict(tmp_path, rule, lines, engine=engine) == found


TEN = "reservation reservation reservation reservation reservation reservation reservation reservation"


@pytest.mark.parametrize(
    ("text", "limit", "found"),
    [
        (TEN, "600 spm", MET),  # 4 syllables in 0.4 s
        (TEN, "599 spm", MISSED),
        (TEN + " 12345 67890", "600 spm", UNSURE),  # two of ten words in digits
        ("reservation", "600 spm", UNSURE),  # too little speech
    ],
)
def test_keep_syllables_per_minute(tmp_path, text, limit, found):
    rule = f"keep: {{measure: syllables_per_minute, at_most: {limit}}}"
    assert verdict(tmp_path, rule, [("agent", 0, text)]) == found


# Measures of the voice from stored levels

SPOKEN = {"agent": [(0, 10)], "customer": [(12, 15)]}


@pytest.mark.parametrize(
    ("rule", "line", "found"),
    [
        ("loudness, between: [-30 LUFS, -16 LUFS]", {"spoken_db": -30}, MET),
        ("loudness, between: [-30 LUFS, -16 LUFS]", {"spoken_db": -30.1}, MISSED),
        ("loudness, between: [-30 LUFS, -16 LUFS]", {"spoken_db": -75}, UNSURE),  # below every gate
        ("signal_to_noise, at_least: 20 dB", {"spoken_db": -20, "level_db": -40.1}, MET),
        ("signal_to_noise, at_least: 20 dB", {"spoken_db": -20, "level_db": -39}, MISSED),
        ("clipping, at_most: 1 %", {}, MET),
        ("pitch_median, at_most: 200 Hz", {}, UNSURE),  # no voiced sound
        ("pitch_range, at_least: 2 semitones", {}, UNSURE),
    ],
)
def test_keep_a_measure_of_the_voice(tmp_path, rule, line, found):
    levels = (build.line(duration_s=20, spoken=[(0, 10)], **line),)
    observed = {"activity": SPOKEN, "duration_s": 20}
    rule = f"keep: {{measure: {rule}}}"
    assert verdict(tmp_path, rule, levels=levels, **observed) == found
    assert verdict(tmp_path, rule, levels=None, **observed) == UNSURE
    assert (
        verdict(tmp_path, rule, levels=levels, **{**observed, "roles": {}, "activity": {None: [(0, 10)]}})
        == UNSURE
    )


# Poor sound

NOISY = {"spoken_db": -20, "level_db": -28}


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("say: greeting", UNSURE),
        ("avoid: blame", UNSURE),
        ("during: {after: greeting}, say: offer-help", UNSURE),
        ("when: {said: cancel, by: agent}, by: customer, say: greeting", UNSURE),
        ("keep: {measure: words_per_minute, at_most: 500 wpm}", UNSURE),
        ("keep: {measure: talk_share, at_most: 90 %}", MET),  # needs no words
        ("by: customer, say: greeting", MISSED),  # its sound is good
    ],
)
def test_poor_sound_makes_what_depends_on_it_untold(tmp_path, rule, found):
    lines = [
        ("channel-0", 0, "good morning how may I help you " * 3),
        ("channel-1", 12, "I would like to order " * 2),
    ]
    quiet = {"spoken_db": -20, "level_db": -80}
    levels = tuple(
        build.line(duration_s=20, spoken=[s], **line) for s, line in (((0, 8.4), NOISY), ((12, 16), quiet))
    )
    observed = {"engine": "faster-whisper", "duration_s": 20, "roles": CHANNELS}
    assert verdict(tmp_path, rule, lines, levels=levels, **observed) == found


def test_poor_sound_gives_its_reason_and_a_transcript_has_none(tmp_path):
    lines = [("agent", 0, "good morning how may I help you " * 3)]
    levels = (build.line(duration_s=20, spoken=[(0, 8.4)], **NOISY),)
    for engine, found in (("faster-whisper", UNSURE), ("transcript", MET)):
        rubric, spoken = conversation(
            tmp_path,
            lines,
            standard="{id: a, title: A, say: greeting}",
            engine=engine,
            levels=levels,
            duration_s=20,
        )
        finding = judge(rubric, spoken)[0]
        assert finding.verdict == found
        if found == UNSURE:
            assert finding.reason == "the agent's sound is too noisy (SNR 7 dB, at least 15 dB needed)"
