"""What arms and hands do: crossed, on the hips, behind the back, pointing, open, at the face.

Every limit is in torsos or degrees in the axes of the own body (`audit.bodies`). Where no command is named, a
limit lies between what was read of the gesture and of all others on the rendered clips g01 to g08 and b01 to
b19: 5 to 95 % of frames are given (`docs/accuracy.md`).
"""

import numpy as np

from audit.bodies import FOUND_TORSO_PX, READABLE_TORSO_PX, Arm, Array, Body, Rows, body
from audit.interactions import Conversation
from audit.signals import EventKind
from audit.spells import DOES, at_times, doing, others
from models.geometry import horizontal
from models.observations import PersonTrack
from models.pose import HIPS, WRISTS

HELD_S = 0.6
"""A posture of the arms lasts at least so long (three frames at 5 a second): our choice, so that an arm in
passing is none."""

FACE_S = 1.2
"""A hand stays on the face for at least so long: of ten clips of signs one keeps a hand there for longer."""


def surely(values: Array, limit: float, soft: float) -> Array:
    """How surely `values` are above `limit`, 0..1: 0.5 at it, 1 by `soft` above, 0 by `soft` below."""
    return np.asarray(np.clip(0.5 + (values - limit) / (2 * soft), 0, 1))


def between(values: Array, low: float, high: float, soft: float) -> Array:
    """How surely `values` lie between two limits."""
    return np.minimum(surely(values, low, soft), surely(-values, -high, soft))


def least(*readings: Array) -> Array:
    """All of them together are as sure as the least."""
    return np.asarray(np.minimum.reduce(readings))


def both(one: Body, readings: tuple[Array, Array]) -> Array:
    """What both arms must do. Nobody can tell where no arm is seen, or where one does it and the other one
    is hidden and need not."""
    together = np.minimum(*readings)
    left, right = one.arms
    some = left.seen | right.seen
    visible_no = (left.seen & (readings[0] < DOES)) | (right.seen & (readings[1] < DOES))
    known = one.large & some & (visible_no | (together >= DOES) | (left.seen & right.seen))
    return np.where(known, together, np.nan)


HANGS_DEG, HANGS = -45.0, -0.7
"""A forearm that falls more steeply, with the wrist so far below the shoulder, hangs: -54 to -84 degrees,
-0.80 to -1.1 torsos."""


def hangs(arm: Arm) -> Rows:
    """Whether an arm hangs beside the body, as far as the pose model says, which places hidden arms, too."""
    return np.asarray((arm.forearm_rise_deg < HANGS_DEG) & (arm.wrist[:, 2] < HANGS))


def either(one: Body, readings: tuple[Array, Array]) -> Array:
    """What one arm does is enough. Nobody can tell where no arm is seen, or where the seen one does not and
    the hidden one need not hang beside the body."""
    shown = [np.where(arm.seen, read, 0.0) for arm, read in zip(one.arms, readings, strict=True)]
    found = np.maximum(*shown)
    clear = [arm.seen | hangs(arm) for arm in one.arms]
    some = one.arms[0].seen | one.arms[1].seen
    known = one.large & some & ((clear[0] & clear[1]) | (found >= DOES))
    return np.where(known, found, np.nan)


def seen_body(conversation: Conversation, track: PersonTrack) -> Body:
    people = conversation.observations.people
    return body(track, people.up if people else (0.0, -1.0, 0.0))


def arms_crossed(conversation: Conversation, track: PersonTrack) -> Array:
    """Each wrist near the other elbow (read 0.06 to 0.35, of other postures 0.54 and more), above the belly.

    Crossed arms hide one hand or both: one wrist and both elbows have to be seen.
    """
    one = seen_body(conversation, track)
    to_elbow = [np.linalg.norm(one.points[:, w] - one.points[:, e], axis=1) for w, e in ((15, 14), (16, 13))]
    readings = [
        least(
            surely(-gap, -0.45, 0.1), surely(arm.wrist[:, 2], -0.66, 0.08), surely(-arm.wrist[:, 0], 0.2, 0.1)
        )
        for gap, arm in zip(to_elbow, one.arms, strict=True)
    ]
    in_front = surely(one.arms[0].wrist[:, 1] + one.arms[1].wrist[:, 1], 0.0, 0.1)
    told = both(one, (least(readings[0], in_front), least(readings[1], in_front)))
    elbows = one.seen[:, 13] & one.seen[:, 14]
    return np.where((told >= DOES) & ~elbows, np.nan, told)


def hands_on_hips(conversation: Conversation, track: PersonTrack) -> Array:
    """Both hands at the waist with the elbows out.

    Wrists read 0.61 to 0.71 below the shoulders (hanging 0.80 and more) and 0.40 to 0.50 from the hip joint;
    elbows 0.12 to 0.27 outside the line from shoulder to wrist (others 0.15 at most, clasped hands 0.22).
    """
    one = seen_body(conversation, track)
    apart = surely(np.linalg.norm(one.points[:, 15] - one.points[:, 16], axis=1), 0.8, 0.1)
    spread = surely((one.arms[0].bow + one.arms[1].bow) / 2, 0.14, 0.04)
    readings = []
    for arm, wrist, hip in zip(one.arms, WRISTS, HIPS, strict=True):
        to_hip = np.linalg.norm(one.points[:, wrist] - one.points[:, hip], axis=1)
        readings.append(
            least(
                between(arm.wrist[:, 2], -0.79, -0.45, 0.06),
                surely(-to_hip, -0.6, 0.08),
                surely(arm.bow, 0.08, 0.04),
                between(arm.bend_deg, 60, 142, 8),
                apart,
                spread,
            )
        )
    return both(one, (readings[0], readings[1]))


def hands_behind_back(conversation: Conversation, track: PersonTrack) -> Array:
    """Both wrists behind the trunk (read 0.13 to 0.46) and near each other (0.33 to 0.73, hanging 0.65 to
    1.1), elbows behind the shoulders (0.14 to 0.32, hanging -0.11 to 0.11). In profile the
    hidden hand is read in the middle of the trunk.

    The trunk hides the hands of who faces the camera: shoulders and hips have to be seen, and where the
    wrists are hidden elsewhere nobody can tell.
    """
    one = seen_body(conversation, track)
    left, right = one.arms
    gap = np.linalg.norm(one.points[:, 15] - one.points[:, 16], axis=1)
    found = least(
        surely(-left.wrist[:, 1] - right.wrist[:, 1], 0.24, 0.12),
        surely(-np.maximum(left.wrist[:, 1], right.wrist[:, 1]), -0.03, 0.08),
        surely(-left.elbow[:, 1] - right.elbow[:, 1], 0.2, 0.08),
        surely(-gap, -0.8, 0.1),
        between(np.minimum(left.wrist[:, 2], right.wrist[:, 2]), -1.1, -0.5, 0.08),
    )
    trunk = one.large & one.seen[:, 23] & one.seen[:, 24]
    wrists = [one.seen[:, wrist] for wrist in WRISTS]
    in_front = [seen & (arm.wrist[:, 1] > 0) for seen, arm in zip(wrists, one.arms, strict=True)]
    known = trunk & ((found >= DOES) | in_front[0] | in_front[1] | (wrists[0] & wrists[1]))
    return np.where(known, found, np.nan)


def hands_in_pockets(conversation: Conversation, track: PersonTrack) -> Array:
    """Both wrists close to the hip joints (read 0.11 to 0.23, hanging 0.15 to 0.38) with the elbow bent (131
    to 136 degrees, hanging 144 and more) and outside the line from shoulder to wrist (0.16, hanging 0.07 at
    most).

    The pose model does not see a hand that the trunk or the pocket hides, so that of a hidden one its place
    beside the hip is enough. A hand at the belt looks the same, so it is never sure (`PERHAPS`).
    """
    one = seen_body(conversation, track)
    readings = []
    for arm, wrist, hip in zip(one.arms, WRISTS, HIPS, strict=True):
        to_hip = np.linalg.norm(one.points[:, wrist] - one.points[:, hip], axis=1)
        beside = least(
            surely(-to_hip, -0.28, 0.05),
            between(arm.wrist[:, 2], -1.0, -0.72, 0.05),
            between(arm.wrist[:, 1], -0.2, 0.2, 0.06),
        )
        shown = least(beside, between(arm.bend_deg, 105, 141, 6), surely(arm.bow, 0.11, 0.03))
        readings.append(np.where(arm.seen, shown, beside))
    return both(one, (readings[0], readings[1]))


STRAIGHT = 0.93
"""Fingers of open hands read 0.94 to 1.0; of a blurred pointing hand the model makes one with 0.7 to 0.9."""

UNREAD = 0.6
"""How sure a hand is at most that could not be read well: a forearm held out mostly ends in an open hand, a
stretched arm in a finger."""

PERHAPS = 0.45
"""How sure an event is at most that cannot be checked: below even odds, so that no verdict rests on it."""

RAISED_DEG, RAISED_SOFT_DEG = -25.0, 8.0
"""An arm that points is raised more than one that offers: -15 to -24 degrees (0 is level) against -26 and
less. It decides where the hand is too small to be read."""


def _out(arm: Arm) -> Array:
    """How surely the forearm is held out beside or before the body, below the shoulder.

    Forearms of open palms rise -28 to 0 degrees (the better arm), of hands laid on a counter -37 to -42, of
    hanging arms and hands on hips -51 and less; clasped and crossed hands are inside the shoulder by 0.1 and
    more.
    """
    reach = np.hypot(arm.wrist[:, 0], arm.wrist[:, 1])
    return least(
        surely(arm.forearm_rise_deg, -34, 6),
        between(arm.wrist[:, 2], -0.84, -0.1, 0.06),
        surely(arm.wrist[:, 0], -0.03, 0.06),
        surely(reach, 0.3, 0.06),
    )


def _stretched(arm: Arm) -> Array:
    """How surely the arm is stretched out, in whatever direction in front: 0.77 to 0.87 long."""
    return least(
        surely(np.linalg.norm(arm.wrist, axis=1), 0.66, 0.08),
        surely(arm.wrist[:, 0], -0.25, 0.08),
        surely(arm.wrist[:, 1], 0.1, 0.1),
        surely(arm.bend_deg, 98, 10),
        surely(-arm.wrist[:, 2], -0.4, 0.1),
    )


def _shape(one: Body, arm: Arm) -> tuple[Array, Array]:
    """How surely the hand's index finger alone is straight, and how surely all four are; NaN where its
    fingers cannot be read.

    Folded fingers are believed at any size, straight ones of large hands only, and where they are quite
    straight. A small hand whose fingers are
    all folded, with no thumb above them, may have a straight index finger (`UNREAD`).
    """
    index, rest = arm.fingers[:, 0], arm.fingers[:, 1:].mean(axis=1)
    folded = surely(-rest, -0.7, 0.15)
    alone = least(surely(index, 0.75, 0.15), folded)
    opened = surely(np.minimum(index, rest), 0.75, 0.1)
    small = one.torso_px < READABLE_TORSO_PX
    fist = np.minimum(least(folded, surely(-arm.thumb_above, -0.3, 0.1)), UNREAD)
    alone = np.where(small, np.fmax(alone, fist), alone)
    unsure = (opened >= DOES) & (small | (np.minimum(index, rest) < STRAIGHT))
    return np.where(unsure, np.nan, alone), np.where(unsure, np.nan, opened)


def _aimed(conversation: Conversation, track: PersonTrack, arm: Arm) -> Array:
    """How surely the arm points towards anybody, NaN where nobody else is seen.

    The depth of an arm is read badly (up to 76 degrees off the person pointed at), so that only who points
    away from everybody does not.
    """
    people = conversation.observations.people
    if people is None:
        return np.full(len(track.times_s), np.nan)
    up = np.array(people.up)
    line = horizontal(arm.points_m, up)
    found = np.full(len(track.times_s), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        for other in others(people, track):
            there = at_times(other, other.position_m.astype(float), track.times_s)
            to = horizontal(there - track.position_m, up)
            cosine = (line * to).sum(axis=1) / np.linalg.norm(line, axis=1) / np.linalg.norm(to, axis=1)
            found = np.fmax(found, surely(cosine, -0.2, 0.2))
    return found


def pointing(conversation: Conversation, track: PersonTrack) -> Array:
    """An arm stretched out to where somebody is, with the index finger alone straight; where the hand cannot
    be read, an arm raised nearly level. Two forearms held out explain rather than point."""
    one = seen_body(conversation, track)
    readings = []
    for arm, other in (one.arms, one.arms[::-1]):
        alone, _ = _shape(one, arm)
        raised, single = surely(arm.rise_deg, RAISED_DEG, RAISED_SOFT_DEG), 1 - _out(other)
        by_hand = least(alone, surely(arm.rise_deg, -50, 10), np.maximum(raised, single))
        how = np.where(np.isnan(alone), np.minimum(raised, single), by_hand)
        readings.append(least(_stretched(arm), how, _aimed(conversation, track, arm)))
    alone_there = np.isnan(readings[0]) & np.isnan(readings[1])
    told = either(one, (np.nan_to_num(readings[0]), np.nan_to_num(readings[1])))
    return np.where(alone_there, np.nan, told)


def open_palm(conversation: Conversation, track: PersonTrack) -> Array:
    """A forearm held out below the shoulder with an open hand, as in offering or explaining.

    Which way the palm faces cannot be read: its normal jumps on rendered clips. So a hand that rests on a
    counter is one, too. Where the hand is too small to be read, an arm that rather points is none; of a
    person who is large enough the hand has to be found.
    """
    one = seen_body(conversation, track)
    readings = []
    for arm, other in (one.arms, one.arms[::-1]):
        _, opened = _shape(one, arm)
        offered = np.maximum(surely(-arm.rise_deg, -RAISED_DEG, RAISED_SOFT_DEG), _out(other))
        guessed = np.minimum(offered, UNREAD)
        readings.append(least(_out(arm), np.where(np.isnan(opened), guessed, opened)))
    unread = [
        (out >= DOES) & np.isnan(arm.fingers[:, 0]) & (one.torso_px >= FOUND_TORSO_PX)
        for out, arm in zip(readings, one.arms, strict=True)
    ]
    left, right = (np.where(u, 0.0, r) for u, r in zip(unread, readings, strict=True))
    told = either(one, (left, right))
    return np.where((unread[0] | unread[1]) & (told < DOES), np.nan, told)


def thumbs_up(conversation: Conversation, track: PersonTrack) -> Array:
    """A raised forearm with folded fingers and the thumb above them."""
    one = seen_body(conversation, track)
    readings = []
    for arm in one.arms:
        folded = surely(-arm.fingers.max(axis=1), -0.75, 0.1)
        thumb = surely(arm.thumb_above, 0.4, 0.2)
        readings.append(np.nan_to_num(least(folded, thumb, surely(arm.forearm_rise_deg, -35, 10))))
    return either(one, (readings[0], readings[1]))


def hand_on_face(conversation: Conversation, track: PersonTrack) -> Array:
    """A hand over eyes, nose, mouth or ears in the picture (fingers read 0.03 to 0.12 from a landmark of the
    head, waving 0.44 and more) and near them in space (0.21 to 0.61, waving 0.66 and more), the arm bent
    (66 to 93 degrees).

    A telephone or a cup looks the same.
    """
    one = seen_body(conversation, track)
    readings = [
        least(
            surely(-one.to_head[:, side], -0.22, 0.08),
            surely(-one.hand_depth[:, side], -0.66, 0.1),
            surely(-arm.bend_deg, -115, 10),
            np.where(arm.seen, 1.0, 0.0),
        )
        for side, arm in enumerate(one.arms)
    ]
    found = np.maximum(*readings)
    # A hand on the face is seen there, whatever the arms below do.
    head: Rows = one.seen[:, 0] | (one.seen[:, 7] & one.seen[:, 8])
    return np.where(one.large & head, found, np.nan)


KINDS: tuple[EventKind, ...] = (
    doing("arms_crossed", "the arms are crossed before the chest", arms_crossed, HELD_S),
    doing("hands_on_hips", "both hands are on the hips", hands_on_hips, HELD_S),
    doing("hands_behind_back", "both hands are behind the back", hands_behind_back, HELD_S),
    doing("hands_in_pockets", "both hands are perhaps in pockets", hands_in_pockets, 1.0, most=PERHAPS),
    doing("pointing", "an arm and a finger point towards somebody", pointing, HELD_S),
    doing("open_palm", "a hand is held out open", open_palm, HELD_S),
    doing("thumbs_up", "a thumb is held up", thumbs_up, HELD_S),
    doing("hand_on_face", "a hand stays on the face", hand_on_face, FACE_S),
)
