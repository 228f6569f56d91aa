"""What people wear, as far as its colour tells."""

import numpy as np

from audit.interactions import Conversation, Role
from audit.palette import PARTS, Part, difference
from audit.signals import Measure, MeasureKind
from audit.signals.timing import untold
from audit.spells import nobody_of, of_role, within
from models.observations import PersonTrack, Span

FEWEST_READINGS = 5
"""The colour is the median of at least so many frames (one second): a hand or a bag spoils single ones."""


def upper_colour_difference(conversation: Conversation, of: Role, window: Span) -> Measure:
    """How far the party's upper clothes are from the nearest house colour."""
    return _difference("upper_colour_difference", "upper", conversation, of, window)


def lower_colour_difference(conversation: Conversation, of: Role, window: Span) -> Measure:
    """How far the party's lower clothes are from the nearest house colour."""
    return _difference("lower_colour_difference", "lower", conversation, of, window)


def _difference(name: str, part: Part, conversation: Conversation, of: Role, window: Span) -> Measure:
    """Of several people of the role that of the one who is furthest off."""
    colours = conversation.palette.of(part) if conversation.palette else ()
    if conversation.observations.people is None:
        return untold(name, "dE", window, "there is no picture")
    if not colours:
        return untold(name, "dE", window, f"the rubric names no colours of {part} clothes")
    missing = nobody_of(conversation, of, window)
    if missing:
        return untold(name, "dE", window, missing)
    medians = [
        float(np.median(known))
        for track in of_role(conversation, of)
        if len(known := _readings(track, part, colours, window)) >= FEWEST_READINGS
    ]
    if not medians:
        return untold(
            name, "dE", window, f"{part} clothes could be seen in fewer than {FEWEST_READINGS} frames"
        )
    return Measure(name, round(max(medians), 3), "dE", window)


def _readings(
    track: PersonTrack, part: Part, colours: tuple[str, ...], window: Span
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found = difference(track.clothes_lab[within(track.times_s, window), PARTS.index(part)], colours)
    return found[np.isfinite(found)]


_PEOPLE = frozenset({"people"})

KINDS = (
    MeasureKind(
        "upper_colour_difference",
        "how far upper clothes are from the house's colours (CIEDE2000)",
        "dE",
        _PEOPLE,
        upper_colour_difference,
        colours="upper",
    ),
    MeasureKind(
        "lower_colour_difference",
        "how far lower clothes are from the house's colours (CIEDE2000)",
        "dE",
        _PEOPLE,
        lower_colour_difference,
        colours="lower",
    ),
)
