"""Parts of a call that are no conversation: menus, keys, answering machines, and the end of the line."""

from audit.interactions import Conversation, Event, Role
from audit.signals import EventKind
from audit.spans import cut
from models.observations import Span, channel_of, span

MENU, MACHINE = "ivr-menu", "voicemail-greeting"
"""Phrases of a rubric: what a menu says ("press one for"), what an answering machine says."""

JOIN_S = 30.0
"""Keys and words of a menu closer than this belong to one menu: our choice, about the longest read out."""

BEEP_S = (0.2, 3.0)
"""The length of an answering machine's beep: our choice."""

BEEP_AFTER_S = 15.0
"""The beep comes so soon after the machine's words: our choice."""

ANSWERED_S = 1.0
"""Whoever speaks for so long after the beep is there and no machine: our choice."""

DISCONNECT_HZ = (300, 700)
"""Where the tones of a closed line lie (ITU-T E.180, supplement 2: 400 to 480 Hz; 620 in North America)."""


def key_pressed(conversation: Conversation) -> tuple[Event, ...]:
    """Each press of a telephone key by whoever is on that channel; which key is not known."""
    levels = conversation.observations.levels or ()
    roles = [(channel_of(active.speaker), role) for role, active in conversation.activity]
    found = []
    for channel, one in enumerate(levels):
        of = [role for where, role in roles if where == channel]
        found += [Event("key_pressed", key, of[0] if len(of) == 1 else None, 1.0) for key in one.keys]
    return tuple(sorted(found, key=lambda e: e.span))


def ivr(conversation: Conversation) -> tuple[Event, ...]:
    """Automatic menus: from the first to the last of the words `ivr-menu` and the keys pressed among them.

    Keys count while no agent has spoken yet, or soon after words of a menu.
    """
    words = conversation.said(MENU, Role.ANYONE)
    speech = conversation.speech(Role.AGENT)
    agent_s = speech[0].start_s if speech and not words else 0.0
    parts = sorted((e.span, e.confidence) for e in words)
    for key in key_pressed(conversation):
        near = any(0 <= key.span.start_s - p.start_s <= JOIN_S for p, _ in parts)
        if near or key.span.start_s < agent_s:
            parts.append((key.span, 1.0))
    found: list[Event] = []
    for part, confidence in sorted(parts):
        joined = Event("ivr", part, None, confidence)
        if found and part.start_s - found[-1].span.end_s <= JOIN_S:
            last = found.pop()
            whole = Span(last.span.start_s, max(last.span.end_s, part.end_s))
            joined = Event("ivr", whole, None, max(confidence, last.confidence))
        found.append(joined)
    return tuple(found)


def voicemail(conversation: Conversation) -> tuple[Event, ...]:
    """What is said to an answering machine: from its beep to the end.

    A beep counts after the words `voicemail-greeting`, or when those who spoke before it never speak again
    while another does. Such words without any beep may be one (confidence 0.4).
    """
    greetings = conversation.said(MACHINE, Role.ANYONE)
    beeps = sorted(
        tone.span
        for one in conversation.observations.levels or ()
        for tone in one.tones
        if len(tone.hz) == 1 and BEEP_S[0] <= tone.span.duration_s <= BEEP_S[1]
    )
    end_s = conversation.duration_s
    for beep in beeps:
        greeted = [e for e in greetings if 0 <= beep.start_s - e.span.end_s <= BEEP_AFTER_S]
        if greeted:
            return (Event("voicemail", span(beep.start_s, end_s), None, greeted[-1].confidence),)
        before = _speakers(conversation, Span(0.0, beep.start_s))
        after = _speakers(conversation, Span(beep.end_s, end_s))
        if before and after and not before & after:
            return (Event("voicemail", span(beep.start_s, end_s), None, 0.7),)
    if greetings:
        return (Event("voicemail", span(greetings[0].span.end_s, end_s), None, 0.4),)
    return ()


def _speakers(conversation: Conversation, window: Span) -> set[str]:
    """The labels that speak for `ANSWERED_S` in the window."""
    return {
        active.speaker
        for _, active in conversation.activity
        if active.speaker and sum(s.duration_s for s in cut(active.spans, window)) >= ANSWERED_S
    }


def call_end(conversation: Conversation) -> tuple[Event, ...]:
    """From the last speech to the end of the recording; `detail` tells of the tone of a closed line.

    It may be empty, and still be what `before` and `after` look at.
    """
    speech = conversation.speech(Role.ANYONE)
    if not speech:
        return ()
    rest = span(speech[-1].end_s, conversation.duration_s)
    tones = [
        tone
        for one in conversation.observations.levels or ()
        for tone in one.tones
        if tone.span & rest and DISCONNECT_HZ[0] <= tone.hz[0] <= tone.hz[-1] <= DISCONNECT_HZ[1]
    ]
    return (Event("call_end", rest, None, 1.0, detail="with the tone of a closed line" if tones else ""),)


_SOUND = frozenset({"activity", "levels"})
_WORDS = frozenset({"activity", "utterances", "levels"})

KINDS = (
    EventKind("key_pressed", "somebody presses a key of the telephone", _SOUND, key_pressed),
    EventKind(
        "ivr",
        f"an automatic menu, known by keys, and by the phrase '{MENU}' if there is one",
        _WORDS,
        ivr,
        of_party=False,
    ),
    EventKind(
        "voicemail",
        f"words to an answering machine, known by its beep, and by the phrase '{MACHINE}' if there is one",
        _WORDS,
        voicemail,
        of_party=False,
    ),
    EventKind(
        "call_end", "from the last speech to the end of the recording", _SOUND, call_end, of_party=False
    ),
)
