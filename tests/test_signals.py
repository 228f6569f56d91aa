"""Events and measures of spoken and written conversations."""

import pytest

from audit import signals
from audit.interactions import Channel, Role
from models.observations import span
from tests import build


def measure(
    tmp_path, kind: str, lines, of=Role.AGENT, channel=Channel.CALL, roles=None, window=None, **observed
):
    rubric = build.rubric(tmp_path, "- {id: a, title: A, ask: x}")
    spoken = build.conversation(rubric, build.observations(lines, **observed), channel, roles)
    return signals.measure_kinds()[kind].take(spoken, of, window or spoken.whole)


TURNS = {"agent": [(1, 5), (10, 16)], "customer": [(6, 9), (30, 40)]}


@pytest.mark.parametrize(
    ("kind", "of", "value", "evidence"),
    [
        ("longest_silence", Role.AGENT, 14, (span(16, 30),)),
        ("talk_share", Role.AGENT, 100 * 10 / 23, ()),
        ("talk_share", Role.CUSTOMER, 100 * 13 / 23, ()),
        ("handle_time", Role.AGENT, 42, ()),
        ("time_to_first_word", Role.AGENT, 1, (span(1, 5),)),
        ("time_to_first_word", Role.CUSTOMER, 6, (span(6, 9),)),
        ("interruptions", Role.AGENT, 0, ()),
    ],
)
def test_measures_of_speech(tmp_path, kind, of, value, evidence):
    taken = measure(tmp_path, kind, [], of, activity=TURNS, duration_s=42)
    assert (taken.value, taken.evidence) == (pytest.approx(value), evidence)


def test_measures_look_at_their_window_only(tmp_path):
    taken = measure(tmp_path, "longest_silence", [], activity=TURNS, duration_s=42, window=span(0, 12))
    assert taken.evidence == (span(0, 1),) or taken.value == pytest.approx(1)


def test_words_per_minute_counts_the_words_over_the_partys_own_speech(tmp_path):
    lines = [("agent", 0, "one two three four five six seven eight nine ten"), ("customer", 5, "yes")]
    assert measure(tmp_path, "words_per_minute", lines).value == pytest.approx(150)


def test_time_to_greeting_is_the_start_of_the_phrase(tmp_path):
    lines = [("agent", 1, "yes hello good morning"), ("customer", 4, "good morning")]
    assert measure(tmp_path, "time_to_greeting", lines).value == pytest.approx(1.8)
    never = measure(tmp_path, "time_to_greeting", [("agent", 0, "yes")], duration_s=30)
    assert (never.value, never.still_open) == (30, True)
    assert measure(tmp_path, "time_to_greeting", [("agent", 0, "yes")], engine="pocketsphinx").value is None


@pytest.mark.parametrize(
    ("agent", "customer", "count"),
    [
        ((4, 7), (0, 5), 1),  # cuts in and goes on
        ((4.8, 7), (0, 5), 0),  # 0.2 s is an ordinary change of turns
        ((2, 2.6), (0, 5), 0),  # "mhm"
        ((0.3, 4), (0, 5), 0),  # both start at once
        ((5, 7), (0, 5), 0),  # after the other
    ],
)
def test_an_interruption_cuts_in_and_goes_on(tmp_path, agent, customer, count):
    spans = {"agent": [agent], "customer": [customer]}
    assert measure(tmp_path, "interruptions", [], activity=spans, duration_s=9).value == count


@pytest.mark.parametrize("kind", ["talk_share", "words_per_minute", "interruptions", "time_to_first_word"])
def test_who_spoke_must_be_known(tmp_path, kind):
    taken = measure(tmp_path, kind, [(None, 0, "good morning to you all")], roles={})
    assert (taken.value, taken.reason) == (None, "who spoke is unknown")


def test_silence_is_an_event_from_three_seconds(tmp_path):
    rubric = build.rubric(tmp_path, "- {id: a, title: A, ask: x}")
    spans = {"agent": [(0, 2), (4.9, 8), (11, 12)]}
    spoken = build.conversation(rubric, build.observations([], activity=spans, duration_s=12))
    assert [e.span for e in signals.event_kinds()["silence"].find(spoken)] == [span(8, 11)]


CHAT = [
    ("customer", 0, "hi"),
    ("customer", 20, "anyone"),
    ("agent", 50, "hello"),
    ("customer", 60, "x"),
    ("agent", 65, "y"),
]


@pytest.mark.parametrize(
    ("kind", "lines", "value"),
    [
        ("first_response_time", CHAT, 50),
        ("longest_response_time", CHAT, 50),
        ("longest_response_time", CHAT[2:], 5),
        ("first_response_time", [("agent", 0, "hi")], None),
    ],
)
def test_waiting_for_an_answer(tmp_path, kind, lines, value):
    taken = measure(tmp_path, kind, lines, channel=Channel.CHAT)
    assert taken.value == (value if value is None else pytest.approx(value))


def test_a_bot_does_not_wait_for_the_agent(tmp_path):
    lines = [("bot", 0, "welcome"), ("customer", 30, "hi"), ("agent", 40, "hello")]
    roles = {"bot": Role.BOT, "customer": Role.CUSTOMER, "agent": Role.AGENT}
    assert measure(tmp_path, "first_response_time", lines, channel=Channel.CHAT, roles=roles).value == 10


def test_a_customer_who_is_never_answered_waited_at_least_till_the_last_message(tmp_path):
    taken = measure(tmp_path, "first_response_time", CHAT[:2], channel=Channel.CHAT, duration_s=300)
    assert (taken.value, taken.still_open) == (20, True)


def test_a_call_has_no_messages(tmp_path):
    assert measure(tmp_path, "first_response_time", CHAT).reason == "not a written conversation"


def test_two_kinds_of_one_name_are_refused(monkeypatch):
    from audit.signals import messages, timing

    monkeypatch.setattr(messages, "KINDS", (*messages.KINDS, timing.KINDS[0]))
    signals.kinds.cache_clear()
    try:
        with pytest.raises(signals.DuplicateKind, match="'silence' is defined by another file too"):
            signals.kinds()
    finally:
        signals.kinds.cache_clear()


@pytest.mark.parametrize(
    "kind", ["longest_silence", "interruptions", "hold_time", "unannounced_holds", "talk_share"]
)
def test_where_nobody_ever_speaks_silence_says_nothing(tmp_path, kind):
    # Music, keys or an empty line: no conversation that somebody could have let fall silent.
    heard = build.observations(
        [], 60.0, "pocketsphinx", activity={None: []}, levels=(build.line(duration_s=60.0),)
    )
    conversation = build.conversation(build.rubric(tmp_path, "- {id: a, title: A, ask: Kind?}"), heard)
    measure = signals.measure_kinds()[kind].take(conversation, Role.AGENT, conversation.whole)
    assert (measure.value, "speak" in measure.reason or "speech" in measure.reason) == (None, True)
    assert signals.event_kinds()["silence"].find(conversation) == ()
    assert signals.event_kinds()["dead_air"].find(conversation) == ()
