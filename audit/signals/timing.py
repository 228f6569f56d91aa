"""Time in spoken conversations: silence, who talks how much and how fast, who interrupts."""

from audit.interactions import Conversation, Event, Role, cut, gaps
from audit.signals import EventKind, Measure, MeasureKind
from models.observations import Span

SILENCE_S = 3.0
"""A pause this long is a silence and not a breath between turns. Source: 97 % of the pauses of a real
call are shorter (`bench/pauses.py`)."""

TALKED_BEFORE_S = 0.5
"""The other party must have had the floor so long for a start to count as cutting in: our choice, so that
two people who start at the same moment interrupt nobody."""

CUT_IN_S = 1.0
"""Whoever cuts in goes on talking this long: our choice, above the length of a listener's "mhm" or "okay"."""

OVERLAP_S = 0.3
"""Both must talk at once this long: our choice, above the quick overlap of an ordinary change of turns."""

LEAST_SPEECH_S = 3.0
"""Rates and shares over less speech than this are noise."""

NO_SOUND = "no sound: only text came in"
WHO_SPOKE = "who spoke is unknown"


def longest_silence(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The longest stretch in the window in which nobody speaks, in seconds."""
    if not conversation.activity:
        return _untold("longest_silence", "s", window, NO_SOUND)
    silences = gaps(conversation.speech(Role.ANYONE), window)
    longest = max(silences, key=lambda s: s.duration_s, default=None)
    if longest is None:
        return Measure("longest_silence", 0.0, "s", window)
    return Measure("longest_silence", longest.duration_s, "s", window, evidence=(longest,))


def talk_share(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The role's share of all speech in the window, in per cent."""
    told = _known_speech("talk_share", "%", conversation, window)
    if told:
        return told
    own = sum(s.duration_s for s in cut(conversation.speech(of), window))
    everybody = sum(
        s.duration_s
        for role in dict.fromkeys(role for role, _ in conversation.activity)
        for s in cut(conversation.speech(role), window)
    )
    if everybody < LEAST_SPEECH_S:
        return _untold("talk_share", "%", window, f"only {everybody:.1f} s of speech")
    return Measure("talk_share", 100 * own / everybody, "%", window)


def words_per_minute(conversation: Conversation, of: Role, window: Span) -> Measure:
    """Words of the role per minute of its own speech in the window."""
    told = _known_speech("words_per_minute", "wpm", conversation, window)
    if told:
        return told
    if conversation.observations.utterances is None:
        return _untold(
            "words_per_minute", "wpm", window, conversation.missing.get("utterances", "no transcript")
        )
    speech_s = sum(s.duration_s for s in cut(conversation.speech(of), window))
    if speech_s < LEAST_SPEECH_S:
        return _untold("words_per_minute", "wpm", window, f"only {speech_s:.1f} s of speech by the {of}")
    words = [
        w
        for role, utterance in conversation.utterances
        if of in (role, Role.ANYONE)
        for w in utterance.words
        if w.span & window
    ]
    sure = sum(w.probability for w in words) / len(words) if words else 0.0
    return Measure("words_per_minute", len(words) / (speech_s / 60), "wpm", window, round(sure, 3))


def interruption(conversation: Conversation) -> tuple[Event, ...]:
    """Starts of one party while the other talks, going on over it; `role` is who cuts in."""
    found: list[Event] = []
    for role in dict.fromkeys(role for role, _ in conversation.activity):
        if role is None:
            continue
        others = [s for who, active in conversation.activity if who not in (role, None) for s in active.spans]
        for start in conversation.speech(role):
            for held in others:
                both = start & held
                if (
                    held.start_s + TALKED_BEFORE_S <= start.start_s < held.end_s
                    and both.duration_s >= OVERLAP_S
                    and start.duration_s >= CUT_IN_S
                ):
                    found.append(Event("interruption", both, role, 1.0))
    return tuple(sorted(found, key=lambda e: e.span))


def interruptions(conversation: Conversation, of: Role, window: Span) -> Measure:
    """How often the role cuts in while another talks."""
    told = _known_speech("interruptions", "times", conversation, window)
    if told:
        return told
    cuts = [e.span for e in interruption(conversation) if of in (e.role, Role.ANYONE) and e.span & window]
    return Measure("interruptions", float(len(cuts)), "times", window, evidence=tuple(cuts))


def silence(conversation: Conversation) -> tuple[Event, ...]:
    """Stretches of at least `SILENCE_S` in which nobody speaks."""
    if not conversation.activity:
        return ()
    return tuple(
        Event("silence", s, None, 1.0)
        for s in gaps(conversation.speech(Role.ANYONE), conversation.whole)
        if s.duration_s >= SILENCE_S
    )


def handle_time(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The length of the whole interaction in seconds."""
    return Measure("handle_time", conversation.duration_s, "s", conversation.whole)


def time_to_first_word(conversation: Conversation, of: Role, window: Span) -> Measure:
    """Seconds from the start of the window until the role first speaks."""
    told = _known_speech("time_to_first_word", "s", conversation, window)
    if told:
        return told
    first = next(iter(cut(conversation.speech(of), window)), None)
    if first is None:
        reason = f"the {of} never speaks"
        return Measure("time_to_first_word", window.duration_s, "s", window, reason=reason, still_open=True)
    return Measure("time_to_first_word", first.start_s - window.start_s, "s", window, evidence=(first,))


def time_to_greeting(conversation: Conversation, of: Role, window: Span) -> Measure:
    """Seconds from the start of the window until the role begins the phrase `greeting`."""
    greetings = [e for e in conversation.said("greeting", of) if e.span.start_s >= window.start_s]
    if not greetings:
        told = _known_speech("time_to_greeting", "s", conversation, window)
        if told or conversation.recognised:
            return told or _untold("time_to_greeting", "s", window, f"no greeting by the {of} was heard")
        reason = f"the {of} never greets"
        return Measure("time_to_greeting", window.duration_s, "s", window, reason=reason, still_open=True)
    first = greetings[0]
    waited_s = first.span.start_s - window.start_s
    return Measure("time_to_greeting", waited_s, "s", window, first.confidence, (first.span,))


def _known_speech(kind: str, unit: str, conversation: Conversation, window: Span) -> Measure | None:
    """What stands in the way of saying who spoke, None when nothing does."""
    if not conversation.activity:
        return _untold(kind, unit, window, NO_SOUND)
    if conversation.unknown_speech_s > 0:
        return _untold(kind, unit, window, WHO_SPOKE)
    return None


def _untold(kind: str, unit: str, window: Span, reason: str) -> Measure:
    return Measure(kind, None, unit, window, 0.0, reason=reason)


_ACTIVITY = frozenset({"activity"})
_WORDS = frozenset({"activity", "utterances"})

KINDS = (
    EventKind(
        "silence",
        f"nobody speaks for {SILENCE_S:.0f} s or more",
        _ACTIVITY,
        silence,
        of_party=False,
        shortest_s=SILENCE_S,
    ),
    EventKind(
        "interruption", "one party starts while the other talks and goes on over it", _ACTIVITY, interruption
    ),
    MeasureKind(
        "longest_silence",
        "longest time in which nobody speaks",
        "s",
        _ACTIVITY,
        longest_silence,
        of_party=False,
    ),
    MeasureKind("talk_share", "the party's share of all speech", "%", _ACTIVITY, talk_share),
    MeasureKind(
        "words_per_minute", "the party's words per minute of its speech", "wpm", _WORDS, words_per_minute
    ),
    MeasureKind("interruptions", "how often the party cuts in", "times", _ACTIVITY, interruptions),
    MeasureKind("handle_time", "length of the interaction", "s", frozenset(), handle_time, of_party=False),
    MeasureKind(
        "time_to_first_word", "time until the party first speaks", "s", _ACTIVITY, time_to_first_word
    ),
    MeasureKind(
        "time_to_greeting",
        "time until the party says the phrase 'greeting'",
        "s",
        _WORDS,
        time_to_greeting,
        phrase="greeting",
    ),
)
