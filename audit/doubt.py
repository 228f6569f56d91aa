"""Why something may have happened although it was not found: nobody could hear or see it."""

from audit.interactions import Conversation, Role
from audit.signals import event_kinds
from audit.spells import looked_share, nobody_of
from audit.trace import traced
from audit.voices import no_levels, unheard
from models.observations import Span

LEAST_HEARD = 0.6
"""Words heard with a mean probability below this are too weak to say that something was *not* said.
Source: `bench/sphinx_probability.py`: of words with a probability of 0.6 to 0.7 two in three are right."""

LEAST_SEEN = 0.5
"""Of what could be seen for less than this share of a window nothing is said: the rest may be otherwise."""

UNHEARD_SHARE = 0.4
"""So much speech in a window without one recognised word, and nothing can be called 'not said'."""


MAYBE_MORE = "somebody else may have been there: people were looked for by a weak detector"
"""Our measurement: at the service desk of the samples HOG finds the second person in at most 17 frames of 164
(`comport audit samples/service-desk.mp4` without yolox_nano)."""


@traced
def unseen(name: str, by: Role, conversation: Conversation, window: Span, least: float = LEAST_SEEN) -> str:
    """Why an event of this kind may have gone unseen in the window; empty when it could not.

    `least` is the share 0..1 of the window that has to be seen.
    """
    kind = event_kinds()[name]
    needs = kind.needs
    if conversation.acted is not None and "people" in needs:
        return ""
    reasons = [why for need, why in conversation.missing.items() if need in needs]
    if not reasons and "activity" in needs and (why := unheard(conversation)):
        return why
    if not reasons and "levels" in needs and conversation.observations.levels is None:
        return no_levels(conversation)
    if not reasons and "activity" in needs and kind.of_party and conversation.unknown_speech_s:
        return "who spoke is unknown"
    if not reasons and needs == {"utterances"}:
        if by != Role.ANYONE and any(e.role is None and e.span & window for e in kind.find(conversation)):
            return "it was said, but by whom is unknown"
        return deaf(conversation, by, window)
    if not reasons and "people" in needs and not kind.of_party and _weak_detector(conversation):
        return MAYBE_MORE
    if not reasons and kind.seen:
        share = kind.seen(conversation, by, window)
        if share < least:
            return nobody_of(conversation, by, window) or hidden(by, share)
        return unwatched(conversation, window, least)
    return reasons[0] if reasons else ""


def _weak_detector(conversation: Conversation) -> bool:
    used = (p.parameters for p in conversation.observations.provenance if p.need == "people")
    return any(("detector", "hog") in parameters for parameters in used)


def unwatched(conversation: Conversation, window: Span, least: float = LEAST_SEEN) -> str:
    """Why too little of the window has a picture; empty when enough has."""
    people = conversation.observations.people
    share = 1.0 if people is None else looked_share(people, window)
    return f"only {100 * share:.0f} % of the time has a picture" if share < least else ""


def hidden(by: Role, share: float) -> str:
    """That a role could be seen for only this share of a window."""
    who = "somebody" if by == Role.ANYONE else f"the {by}"
    return f"{who} could be seen well enough only {100 * share:.0f} % of the time"


@traced
def deaf(conversation: Conversation, by: Role, window: Span, least: float = LEAST_HEARD) -> str:
    """Why words in a window may have gone unheard; empty when hearing was good enough.

    `least` is the mean probability 0..1 that the words need.
    """
    known = conversation.deaf
    if (by, window, least) not in known:
        known[by, window, least] = _deaf(conversation, by, window, least)
    return known[by, window, least]


def _deaf(conversation: Conversation, by: Role, window: Span, least: float) -> str:
    if conversation.observations.utterances is None:
        return conversation.missing.get("utterances", "no transcript")
    words = conversation.heard(by)
    if not words.starts_s:
        return f"no words of the {by} are known" if by != Role.ANYONE else "no words are known"
    if not conversation.recognised:
        return ""
    spoken_s, unheard_s = _unheard_s(conversation, by, window)
    if spoken_s > 0 and unheard_s / spoken_s > UNHEARD_SHARE:
        return f"{unheard_s:.0f} of {spoken_s:.0f} s of speech could not be understood"
    if (heard := words.mean_probability(window)) < least:
        return f"the words were heard too weakly (mean probability {heard:.2f})"
    return ""


def _unheard_s(conversation: Conversation, by: Role, window: Span) -> tuple[float, float]:
    """Seconds of speech in a window that may be the role's, and of those without a recognised word."""
    words = conversation.heard(by)
    spoken_s = unheard_s = 0.0
    for begun_s, over_s, first_s in conversation.stretches(by):
        start_s, end_s = max(begun_s, window.start_s), min(over_s, window.end_s)
        if start_s < end_s:
            spoken_s += end_s - start_s
            if (first_s if start_s == begun_s else words.next_s(start_s)) >= end_s:
                unheard_s += end_s - start_s
    return spoken_s, unheard_s
