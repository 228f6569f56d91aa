"""The best pictures of somebody, for a person to judge what no machine should."""

from typing import NamedTuple

import numpy as np

from audit.interactions import Conversation, Role
from audit.spells import of_role
from models.observations import Span, span

PICTURES = 3

APART_S = 1.0
"""Pictures closer in time than this show the same: our choice."""


class Portrait(NamedTuple):
    """A frame in which somebody is seen well: it is shown from the start of `span` until the next one."""

    span: Span
    box_px: tuple[float, float, float, float]
    """Left, top, right, bottom of the person in the picture as shown."""


def portraits(conversation: Conversation, of: Role) -> tuple[Portrait, ...]:
    """The sharpest pictures of the people of a role, at most `PICTURES`, `APART_S` or more apart, in order of
    time; those that show the torso go before others. Empty where the role was not seen."""
    people = conversation.observations.people
    if people is None:
        return ()
    ranked = sorted(
        (
            bool(np.isnan(track.clothes_lab[row, 0, 0])),
            -float(np.nan_to_num(track.sharpness[row])),
            number,
            row,
        )
        for number, track in enumerate(of_role(conversation, of))
        for row in range(len(track.times_s))
    )
    tracks = of_role(conversation, of)
    chosen: list[Portrait] = []
    for _, _, number, row in ranked:
        track = tracks[number]
        start_s = float(track.times_s[row])
        if len(chosen) < PICTURES and all(abs(start_s - c.span.start_s) >= APART_S for c in chosen):
            after = int(np.searchsorted(people.times_s, start_s, side="right"))
            end_s = float(people.times_s[after]) if after < len(people.times_s) else conversation.duration_s
            left, top, right, bottom = (round(float(v), 1) for v in track.boxes_px[row])
            chosen.append(Portrait(span(start_s, end_s), (left, top, right, bottom)))
    return tuple(sorted(chosen))
