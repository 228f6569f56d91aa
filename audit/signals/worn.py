"""What people wear, as far as pictures of the house show it: head covers, badges, aprons, face masks."""

import functools
from typing import NamedTuple

import numpy as np

from audit.interactions import Conversation, Role
from audit.lookbook import MARGIN, PART_OF, Lookbook, Teller, Thing, part_row
from audit.signals import Measure, MeasureKind
from audit.signals.timing import untold
from audit.spells import nobody_of, of_role, within
from models.observations import Span, span

FEWEST_FRAMES = 3
"""So many frames have to tell: one may show a hand, a bag, or somebody else's apron. Our choice."""

MIXED = 0.25
"""Who is told to wear a thing in more than this share of the frames, and not to in more than this too, may be
either: what somebody wears seldom changes within a visit. Our choice."""


class Vote(NamedTuple):
    """What the frames of one person say."""

    share: float
    """Of the frames that tell, those with the thing."""
    best_s: float
    """The frame that tells most surely."""


def _worn(thing: Thing, conversation: Conversation, of: Role, window: Span) -> Measure:
    """Of several people of the role who are there in the window the least share, of their whole visit: what
    somebody wears does not change, and of a short window there are too few frames."""
    name = f"{thing}_worn"
    reason, teller = _references(thing, conversation)
    if teller is None:
        return untold(name, "%", window, reason)
    if missing := nobody_of(conversation, of, window):
        return untold(name, "%", window, missing)
    looks = conversation.observations.looks
    if looks is None:
        return untold(name, "%", window, "nobody looked at what people wear: audit the recording again")
    by_label = {look.label: look for look in looks.people}
    votes: list[Vote | str] = []
    for track in of_role(conversation, of):
        if not within(track.times_s, window).any():
            continue
        look = by_label.get(track.label)
        if look:
            votes.append(vote(look.times_s, teller.scores(look.parts[:, part_row(thing)])))
        else:
            votes.append("could not be seen")
    known = [vote for vote in votes if isinstance(vote, Vote)]
    worst = min(known, default=None)
    if worst is None or (worst.share > 0.5 and len(known) < len(votes)):
        why = next((vote for vote in votes if isinstance(vote, str)), "it could not be seen")
        return untold(name, "%", window, f"{thing.replace('_', ' ')}: {why}")
    shown = (span(worst.best_s, min(worst.best_s + 0.2, conversation.duration_s)),)
    sure = round(max(worst.share, 1 - worst.share), 3)
    return Measure(name, round(100 * worst.share, 1), "%", window, sure, shown)


def _references(thing: Thing, conversation: Conversation) -> tuple[str, Teller | None]:
    """Why nothing can be compared, or what compares."""
    if conversation.observations.people is None:
        return "there is no picture", None
    folder = conversation.palette.folders.get(thing) if conversation.palette else None
    pictures = conversation.lookbook.of(thing) if conversation.lookbook else None
    if pictures is None or conversation.lookbook is None:
        there = folder or f"pictures/{thing}"
        return (
            f"no reference pictures: put pictures of people with it into {there}/with and of people without "
            f"it into {there}/without beside the rubric, then comport rubric pictures"
        ), None
    if pictures.lacking:
        return pictures.lacking, None
    if not _same_reader(conversation.lookbook, conversation):
        return "the reference pictures were read by another version: comport rubric pictures", None
    if not _looked_at(thing, conversation):
        return f"nobody looked at the {PART_OF[thing]}: audit the recording again", None
    return "", conversation.lookbook.teller(thing)


def _same_reader(lookbook: Lookbook, conversation: Conversation) -> bool:
    made = {p.need: f"{p.version} {p.weights}" for p in conversation.observations.provenance}
    return made.get("looks", lookbook.made) == lookbook.made


def _looked_at(thing: Thing, conversation: Conversation) -> bool:
    """Whether the thing's part of people was read; where nobody wrote down which parts were, all were."""
    made = next((p for p in conversation.observations.provenance if p.need == "looks"), None)
    parts = dict(made.parameters).get("parts") if made else None
    return parts is None or PART_OF[thing] in parts.split()


def vote(times_s: np.ndarray, told: np.ndarray) -> Vote | str:
    """What the frames say together, or why they say nothing."""
    seen = np.isfinite(told)
    if seen.sum() < FEWEST_FRAMES:
        return f"could be seen in fewer than {FEWEST_FRAMES} frames"
    sure = seen & (np.abs(np.nan_to_num(told)) >= MARGIN)
    if sure.sum() < FEWEST_FRAMES or sure.sum() < seen.sum() / 2:
        return "what was seen is like neither the pictures with it nor those without"
    share = float((told[sure] > 0).mean())
    if MIXED < share < 1 - MIXED:
        return f"{100 * share:.0f} % of the frames show it, the others do not"
    side = np.where(sure, told if share > 0.5 else -told, -np.inf)
    return Vote(share, float(times_s[int(side.argmax())]))


_NEEDS = frozenset({"people", "looks"})


def _kind(thing: Thing, means: str) -> MeasureKind:
    return MeasureKind(f"{thing}_worn", means, "%", _NEEDS, functools.partial(_worn, thing), colours=thing)


KINDS = (
    _kind("head_cover", "in how much of what was seen the party wears the house's cap, scarf or net"),
    _kind("badge", "in how much of what was seen the party wears the house's badge on the chest"),
    _kind("apron", "in how much of what was seen the party wears the house's apron"),
    _kind("face_mask", "in how much of what was seen the party wears a face mask"),
)
