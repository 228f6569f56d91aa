"""Time in spoken conversations: silence, who talks how much and how fast, who interrupts."""

import msgspec

from audit.interactions import Conversation, Event, Role
from audit.signals import EventKind, Measure, MeasureKind, once
from audit.spans import cut, gaps, latest
from audit.voices import unheard
from models.observations import Span, Word
from models.syllables import syllables

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

YIELD_S = 2.0
"""Who is interrupted and yields stops within this time: our choice. Who gets the floor is settled within a
few syllables (Schegloff 2000); 2 s are about eight."""

LEAST_SPEECH_S = 3.0
"""Rates and shares over less speech than this are noise."""

LEAST_COUNTED = 0.9
"""The syllables of so many of the words must be known for a rate: our choice."""

YIELDED = "stopped"

WHO_SPOKE = "who spoke is unknown"


@once
def pauses(conversation: Conversation) -> tuple[Span, ...]:
    """When nobody speaks, however shortly."""
    return gaps(conversation.speech(Role.ANYONE), conversation.whole)


def longest_silence(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The longest stretch in the window in which nobody speaks, in seconds."""
    if why := unheard(conversation):
        return untold("longest_silence", "s", window, why)
    whole = window == conversation.whole
    silences = pauses(conversation) if whole else gaps(conversation.speech(Role.ANYONE), window)
    longest = max(silences, key=lambda s: s.duration_s, default=None)
    if longest is None:
        return Measure("longest_silence", 0.0, "s", window)
    return Measure("longest_silence", longest.duration_s, "s", window, evidence=(longest,))


def talk_share(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The role's share of all speech in the window, in per cent."""
    told = known_speech("talk_share", "%", conversation, window)
    if told:
        return told
    own = sum(s.duration_s for s in cut(conversation.speech(of), window))
    everybody = sum(
        s.duration_s
        for role in dict.fromkeys(role for role, _ in conversation.activity)
        for s in cut(conversation.speech(role), window)
    )
    if everybody < LEAST_SPEECH_S:
        return untold("talk_share", "%", window, f"only {everybody:.1f} s of speech")
    return Measure("talk_share", 100 * own / everybody, "%", window)


def words_per_minute(conversation: Conversation, of: Role, window: Span) -> Measure:
    """Words of the role per minute of its own speech in the window."""
    told, words, speech_s = _spoken("words_per_minute", "wpm", conversation, of, window)
    if told:
        return told
    return Measure("words_per_minute", len(words) / (speech_s / 60), "wpm", window, _surely(words))


def syllables_per_minute(conversation: Conversation, of: Role, window: Span) -> Measure:
    """Syllables of the role per minute of its own speech in the window, by the spelling of its words."""
    told, words, speech_s = _spoken("syllables_per_minute", "spm", conversation, of, window)
    if told:
        return told
    language = conversation.language
    counted = [n for w in words if (n := syllables(w.text, language)) is not None]
    if len(counted) < LEAST_COUNTED * len(words):
        reason = f"the syllables of only {len(counted)} of {len(words)} words ({language}) can be counted"
        return untold("syllables_per_minute", "spm", window, reason)
    # Words that cannot be counted (numbers in digits) are taken to be as long as the others.
    each = sum(counted) / len(counted) if counted else 0.0
    rate = each * len(words) / (speech_s / 60)
    return Measure("syllables_per_minute", rate, "spm", window, _surely(words))


def _spoken(
    kind: str, unit: str, conversation: Conversation, of: Role, window: Span
) -> tuple[Measure | None, list[Word], float]:
    """(what stands in the way, the role's words in the window, seconds of its speech)."""
    told = known_speech(kind, unit, conversation, window)
    if told:
        return told, [], 0.0
    if conversation.observations.utterances is None:
        return untold(kind, unit, window, conversation.missing.get("utterances", "no transcript")), [], 0.0
    speech_s = sum(s.duration_s for s in cut(conversation.speech(of), window))
    if speech_s < LEAST_SPEECH_S:
        return untold(kind, unit, window, f"only {speech_s:.1f} s of speech by the {of}"), [], speech_s
    start_s, end_s = window.start_s, window.end_s
    words = [
        w
        for role, utterance in conversation.utterances
        if of in (role, Role.ANYONE)
        for w in utterance.words
        if start_s < w.span.end_s and w.span.start_s < end_s and w.span.start_s < w.span.end_s
    ]
    return None, words, speech_s


def _surely(words: list[Word]) -> float:
    return round(sum(w.probability for w in words) / len(words), 3) if words else 0.0


@once
def interruption(conversation: Conversation) -> tuple[Event, ...]:
    """Starts of one party while the other talks, going on over it; `role` is who cuts in, `detail` says who
    was cut off and whether that party yielded: stopped within `YIELD_S` and stayed silent meanwhile."""
    found: list[Event] = []
    for role in dict.fromkeys(role for role, _ in conversation.activity):
        if role is None:
            continue
        others = [(who, active.spans) for who, active in conversation.activity if who not in (role, None)]
        for start in conversation.speech(role):
            for who, spans in others:
                held = latest(spans, start.start_s)
                if held is None:
                    continue
                both = start & held
                if (
                    held.start_s + TALKED_BEFORE_S <= start.start_s < held.end_s
                    and both.duration_s >= OVERLAP_S
                    and start.duration_s >= CUT_IN_S
                ):
                    # The last they say before the other is done: the same as before, or they began again.
                    last = latest(conversation.speech(who), start.end_s - 0.001) or held
                    again = last.start_s >= held.end_s
                    yields = both.duration_s <= YIELD_S and held.end_s < start.end_s and not again
                    detail = f"over the {who}, who {YIELDED if yields else 'went on'}"
                    found.append(Event("interruption", both, role, 1.0, detail=detail))
    return tuple(sorted(found, key=lambda e: e.span))


def interruption_yielded(conversation: Conversation) -> tuple[Event, ...]:
    """The interruptions after which the other party stopped."""
    return tuple(
        msgspec.structs.replace(e, kind="interruption_yielded")
        for e in interruption(conversation)
        if e.detail.endswith(YIELDED)
    )


def interruptions(conversation: Conversation, of: Role, window: Span) -> Measure:
    """How often the role cuts in while another talks."""
    told = known_speech("interruptions", "times", conversation, window)
    if told:
        return told
    cuts = [e.span for e in interruption(conversation) if of in (e.role, Role.ANYONE) and e.span & window]
    return Measure("interruptions", float(len(cuts)), "times", window, evidence=tuple(cuts))


def silence(conversation: Conversation) -> tuple[Event, ...]:
    """Stretches of at least `SILENCE_S` in which nobody speaks."""
    if unheard(conversation):
        return ()
    return tuple(Event("silence", s, None, 1.0) for s in pauses(conversation) if s.duration_s >= SILENCE_S)


def handle_time(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The length of the whole interaction in seconds."""
    return Measure("handle_time", conversation.duration_s, "s", conversation.whole)


def time_to_first_word(conversation: Conversation, of: Role, window: Span) -> Measure:
    """Seconds from the start of the window until the role first speaks."""
    told = known_speech("time_to_first_word", "s", conversation, window)
    if told:
        return told
    first = next(iter(cut(conversation.speech(of), window)), None)
    if first is None:
        reason = f"the {of} never speaks"
        return Measure("time_to_first_word", window.duration_s, "s", window, reason=reason, still_open=True)
    return Measure("time_to_first_word", first.start_s - window.start_s, "s", window, evidence=(first,))


def time_to_greeting(conversation: Conversation, of: Role, window: Span) -> Measure:
    """Seconds from the start of the window until the role begins the phrase `greeting`."""
    return _time_to("time_to_greeting", "greeting", conversation, of, window)


def time_to_identification(conversation: Conversation, of: Role, window: Span) -> Measure:
    """Seconds from the start of the window until the role begins the phrase `identity-check`."""
    return _time_to("time_to_identification", "identity-check", conversation, of, window)


def _time_to(kind: str, phrase: str, conversation: Conversation, of: Role, window: Span) -> Measure:
    found = [e for e in conversation.said(phrase, of) if e.span.start_s >= window.start_s]
    if not found:
        told = None if conversation.channel.is_text else known_speech(kind, "s", conversation, window)
        if told or conversation.recognised or conversation.said(phrase, None):
            return told or untold(kind, "s", window, f"no '{phrase}' by the {of} was heard")
        reason = f"the {of} never says '{phrase}'"
        return Measure(kind, window.duration_s, "s", window, reason=reason, still_open=True)
    first = found[0]
    waited_s = first.span.start_s - window.start_s
    return Measure(kind, waited_s, "s", window, first.confidence, (first.span,))


def known_speech(kind: str, unit: str, conversation: Conversation, window: Span) -> Measure | None:
    """What stands in the way of saying who spoke, None when nothing does."""
    if why := unheard(conversation):
        return untold(kind, unit, window, why)
    if conversation.unknown_speech_s > 0:
        return untold(kind, unit, window, WHO_SPOKE)
    return None


def untold(kind: str, unit: str, window: Span, reason: str) -> Measure:
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
    EventKind(
        "interruption_yielded",
        f"an interruption after which the other party stops within {YIELD_S:.0f} s",
        _ACTIVITY,
        interruption_yielded,
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
    MeasureKind(
        "syllables_per_minute",
        "the party's syllables per minute of its speech",
        "spm",
        _WORDS,
        syllables_per_minute,
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
        written=False,
    ),
    MeasureKind(
        "time_to_identification",
        "time until the party says the phrase 'identity-check'",
        "s",
        _WORDS,
        time_to_identification,
        phrase="identity-check",
        written=False,
    ),
)
