"""What a face visibly does: it smiles, lowers the brow, keeps the eyes closed. Movements, no more."""

import dataclasses

import msgspec
import numpy as np

from audit.interactions import Conversation, Event, Role
from audit.signals import Measure, MeasureKind
from audit.signals.timing import untold
from audit.spans import cut
from audit.spells import DOES, Readings, coverage, doing, of_role, within
from models.faces import both, smile_score
from models.gaze import heads
from models.observations import PersonTrack, Span, union

STEADY_S = 0.4
"""Readings are the median of those so near in time: one frame in six of small faces (25 pixels wide) is read
wrong, and a mouth that speaks hides its smile for two frames at a time."""

SMILE_STAYS = 0.2
"""A smile that was found (score 0.5) lasts until the score falls below this: on the rendered demo that is
when the truth falls below a half."""

SURE_SMILE = 0.7
"""A score from here on is a sure smile: of 102 faces that score more 100 are labelled as smiles, of 41 that
score 0.5 to 0.7 three quarters, of 167 below 0.2 one in twelve."""

SMILE_DEG = 20.0
"""A head turned further hides a smile, though it makes none: what does not read as a smile tells nothing. Of
real smiles 0.80 are found up to 10 degrees, 0.74 to 20, one of 4 beyond (`docs/accuracy.md`)."""

HIDDEN_DEG = 60.0
"""Beyond this nothing of a face is read: one in six is found at all."""

LEAST_SMILE_S = 0.6
"""Shorter ones are slips of the reading: smiles last 0.7 to 4 s (Ekman and Friesen 1982)."""

BROW_DEG = 25.0
LOWERED = 0.35
"""So much more than its owner's usual reading (median) is a lowered brow. The usual one differs much from
face to face: of 176 faces at rest one in twenty reads 0.56 or more. What is enough is our choice."""

BROW_SEEN_S = 4.0
"""What is usual is known of a face that was seen for so long."""

LEAST_BROW_S = 1.0

PERHAPS = 0.45
"""A lowered brow is never surer than this, below `outcomes.SURE`, and what reads as none is not judged: brows
of two rendered people that are plainly lowered read 0.16 to 0.29, the same faces at rest 0.30 and 0.43."""

CLOSED = 0.6
"""eyeBlink of closed eyes: rendered ones of two people read 0.65 to 0.75; of 343 pictures of faces one in a
hundred reads so."""

DOWN_DEG = -15.0
"""A head bent further down looks at something on the desk, and its eyes read as closed."""

LEAST_CLOSED_S = 1.0
"""Longer than any blink: these last 0.1 to 0.4 s (Caffier 2003)."""


def smiling(conversation: Conversation, track: PersonTrack) -> Readings:
    """The visible smile (n,), 0..1; NaN where no face was seen, or one so turned that no smile would show."""
    return _smile(conversation, track, SMILE_STAYS)


def told_smile(conversation: Conversation, track: PersonTrack) -> Readings:
    """The same, NaN also for the weak smiles of turned faces, which may be strong ones."""
    return _smile(conversation, track, DOES)


def _smile(conversation: Conversation, track: PersonTrack, least: float) -> Readings:
    turned_deg = _turned(conversation, track)
    smile = steady(track.times_s, np.where(turned_deg <= HIDDEN_DEG, smile_score(track.expression), np.nan))
    smile = np.where((turned_deg > SMILE_DEG) & (smile < least), np.nan, smile)
    return np.interp(smile, [0.0, DOES, SURE_SMILE], [0.0, DOES, 1.0])


def lowering(conversation: Conversation, track: PersonTrack) -> Readings:
    """How surely the brow is lower than is usual for this face (n,); NaN where it does not read so."""
    seen = _turned(conversation, track) <= BROW_DEG
    brow = steady(track.times_s, np.where(seen, both(track.expression, "browDown"), np.nan))
    if np.isfinite(brow).sum() * _step_s(conversation) < BROW_SEEN_S:
        return np.full(len(brow), np.nan)
    lowered = _scaled(brow - np.nanmedian(brow), LOWERED)
    return np.where(lowered >= DOES, lowered, np.nan)


def _perhaps_lowered(conversation: Conversation) -> tuple[Event, ...]:
    found = _BROW.find(conversation)
    return tuple(msgspec.structs.replace(e, confidence=min(PERHAPS, e.confidence)) for e in found)


def closing(conversation: Conversation, track: PersonTrack) -> Readings:
    """How far the eyes are closed (n,), 0..1; NaN where nobody can tell."""
    seen = (_turned(conversation, track) <= BROW_DEG) & (track.head_deg[:, 1] >= DOWN_DEG)
    return _scaled(np.where(seen, both(track.expression, "eyeBlink"), np.nan), CLOSED)


def smile_share(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The least share of the time in which the role's face smiles, in per cent, and where it does.

    Turned heads that do not seem to smile may do so: the true share lies between never and always.
    """
    people = conversation.observations.people
    if people is None:
        return untold("smile_share", "%", window, "there is no picture")
    smiles = judged = turned = 0
    for track in of_role(conversation, of):
        rows = within(track.times_s, window)
        smile, seen = (
            told_smile(conversation, track)[rows],
            (_turned(conversation, track) <= HIDDEN_DEG)[rows],
        )
        smiles += int((smile >= DOES).sum())
        judged += int(np.isfinite(smile).sum())
        turned += int((seen & np.isnan(smile)).sum())
    looked = int(within(people.times_s, window).sum())
    if not judged + turned:
        return untold("smile_share", "%", window, f"no face of the {of} was seen")
    low, high = (100 * found / (judged + turned) for found in (smiles, smiles + turned))
    share = round(min(1.0, judged / looked), 3)
    seen_smiles = union(sorted(e.span for e in _SMILE.find(conversation) if of in (Role.ANYONE, e.role)))
    return Measure(
        "smile_share", low, "%", window, evidence=cut(seen_smiles, window), low=low, high=high, coverage=share
    )


def steady(times_s: Readings, values: Readings) -> Readings:
    """The median (n,) of the values within `STEADY_S` of each; NaN where the value is."""
    if len(values) < 2:
        return np.asarray(values)
    reach = max(1, int(np.ceil(STEADY_S / np.median(np.diff(times_s)) - 1e-6)))
    near = []
    for offset in range(-reach, reach + 1):
        rows = np.clip(np.arange(len(values)) + offset, 0, len(values) - 1)
        close = (rows - np.arange(len(values)) == offset) & (
            np.abs(times_s[rows] - times_s) <= STEADY_S + 1e-6
        )
        near.append(np.where(close, values[rows], np.nan))
    seen = np.isfinite(values)
    found = np.full(len(values), np.nan)
    found[seen] = np.nanmedian(np.array(near)[:, seen], axis=0)
    return found


def _turned(conversation: Conversation, track: PersonTrack) -> Readings:
    """How far the face is turned from the camera (n,) in degrees, infinite where none was seen."""
    people = conversation.observations.people
    if people is None:
        return np.full(len(track.times_s), np.inf)
    turned = heads(people, track)
    return np.where(turned.face & np.isfinite(track.expression[:, 0]), np.abs(turned.yaw_deg), np.inf)


def _step_s(conversation: Conversation) -> float:
    people = conversation.observations.people
    return float(np.median(np.diff(people.times_s))) if people and len(people.times_s) > 1 else 0.0


def _scaled(values: Readings, does: float) -> Readings:
    """The values as readings: `does` becomes `DOES`."""
    return np.clip(values * (DOES / does), 0.0, 1.0)


def _smile_seen(conversation: Conversation, of: Role, window: Span) -> float:
    return coverage(conversation, of, window, told_smile)


_BROW = doing("brow_lowered", "the brow is perhaps lowered for a second or more", lowering, LEAST_BROW_S)
_SMILE = doing("smile", "a visible smile", smiling, LEAST_SMILE_S, SMILE_STAYS)

KINDS = (
    dataclasses.replace(_SMILE, seen=_smile_seen),
    dataclasses.replace(_BROW, find=_perhaps_lowered),
    doing("eyes_closed", "the eyes are closed for more than a blink", closing, LEAST_CLOSED_S, bridge_s=0.2),
    MeasureKind(
        "smile_share", "share of the time with a visible smile", "%", frozenset({"people"}), smile_share
    ),
)
