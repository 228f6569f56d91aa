"""How people stand, and what two of them do together: sitting, leaning, backs, handshakes, things given."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.bodies import Array, Body, Rows
from audit.interactions import Conversation
from audit.signals import EventKind
from audit.signals.gestures import HELD_S, PERHAPS, hangs, least, seen_body, surely
from audit.spells import DOES, at_times, doing, others
from models.geometry import horizontal
from models.observations import PersonTrack

LEANS_DEG = 25.0
"""A trunk that leans further from upright leans. Upright people on rendered clips read 4 degrees, 95 % of
them below 10, and the camera's own tilt is unknown by up to 9 (`geometry.upward`)."""

DEEP_DEG, TOWARDS = 10.0, 0.71
"""Who faces the camera or turns away from it (by 45 degrees at most) and reads this much may lean: 36 degrees
towards the camera read as 12 on a rendered clip, upright people as up to 10 (`docs/accuracy.md`)."""

SITS_DEG, STANDS_DEG = 55.0, 40.0
"""Thighs that rise from straight down by more are of somebody who sits, by less of somebody who stands: of
rendered people who stand 95 % read below 25 degrees, on stools 72 to 92."""

TURNED_DEG = 135.0
"""Who faces further away than this from somebody turns the back to them: a quarter of the circle is behind.
Where a chest faces is read 9 degrees off in the median, 22 in 95 % of frames (2088 on rendered clips)."""

STEEP_DEG = 35.0
"""A camera that looks down more steeply shows trunks and legs foreshortened: from Panoptic's ceiling (about
50 degrees) the pose model makes two of four people who stand sit; from 28 degrees none."""

SETTLED_S = 1.0
"""Postures of the whole body last at least so long: our choice."""


def leaning(conversation: Conversation, track: PersonTrack) -> Array:
    """The trunk leans by `LEANS_DEG` or more; hips have to be seen, and less of it from the side. Whether on
    something cannot be seen."""
    one = seen_body(conversation, track)
    known = one.large & one.seen[:, 23] & one.seen[:, 24] & _from_the_side(conversation)
    along = np.abs(one.forward_m[:, 2]) > TOWARDS
    known &= ~(along & (one.lean_deg >= DEEP_DEG) & (one.lean_deg < LEANS_DEG))
    return np.where(known, surely(one.lean_deg, LEANS_DEG, 8), np.nan)


def sitting(conversation: Conversation, track: PersonTrack) -> Array:
    """Both thighs are nearly level; hips and a knee have to be seen (`_legs`)."""
    one = seen_body(conversation, track)
    return np.where(
        _legs(one) & _from_the_side(conversation), surely(one.thigh_deg.min(axis=1), SITS_DEG, 15), np.nan
    )


def standing(conversation: Conversation, track: PersonTrack) -> Array:
    """Both thighs hang down; hips and a knee have to be seen (`_legs`). Who walks stands."""
    one = seen_body(conversation, track)
    return np.where(
        _legs(one) & _from_the_side(conversation), surely(-one.thigh_deg.max(axis=1), -STANDS_DEG, 15), np.nan
    )


def _from_the_side(conversation: Conversation) -> bool:
    people = conversation.observations.people
    return people is not None and -people.up[2] < np.sin(np.radians(STEEP_DEG))


def _legs(one: Body) -> Rows:
    """Whether hips and both knees are seen, or one knee and the hidden thigh, where the pose model puts it,
    does the same: in profile the near leg hides the other one."""
    hips, knees = one.seen[:, 23] & one.seen[:, 24], one.seen[:, 25:27]
    same = (one.thigh_deg.min(axis=1) >= SITS_DEG) | (one.thigh_deg.max(axis=1) <= STANDS_DEG)
    return np.asarray(one.large & hips & (knees.all(axis=1) | (knees.any(axis=1) & same)))


def back_turned(conversation: Conversation, track: PersonTrack) -> Array:
    """The chest faces away from everybody else who was located; nobody can tell of who is alone."""
    people = conversation.observations.people
    if people is None:
        return np.full(len(track.times_s), np.nan)
    one = seen_body(conversation, track)
    up = np.array(people.up)
    faces = horizontal(one.forward_m, up)
    away = np.full(len(track.times_s), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        for other in others(people, track):
            there = at_times(other, other.position_m.astype(float), track.times_s)
            to = horizontal(there - track.position_m, up)
            cosine = (faces * to).sum(axis=1) / np.linalg.norm(faces, axis=1) / np.linalg.norm(to, axis=1)
            away = np.fmin(away, np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    known = one.large & one.seen[:, 23] & one.seen[:, 24] & ~np.isnan(away)
    return np.where(known, surely(away, TURNED_DEG, 20), np.nan)


SHAKE, SHAKE_SOFT = 0.2, 0.1
"""Right hands that shake have their index fingers' knuckles not further apart in the picture, in torsos: read
0.02 to 0.07 on rendered clips, over a thing handed over 0.43 to 0.45, a step before it 0.85 and more."""

SHAKE_M, SHAKE_SOFT_M = 0.35, 0.1
"""The same between wrists in space: 0.16 to 0.25, where each place is known to about 0.1 m."""

GIVE, GIVE_M = 0.62, 0.45
"""Hands that hold the same thing: knuckles in the picture 0.43 to 0.45, wrists in space 0.28 to 0.34 over a
box of 15 cm; on their way to it 0.85 and 0.49 and more."""

REACH_M = 2.0
"""Who stands further from somebody touches no hand: twice an arm with its hand (0.75 m), and bending."""


def handshake(conversation: Conversation, track: PersonTrack) -> Array:
    """The right hand meets the right hand of somebody, both arms held out."""
    return _meeting(conversation, track, ((1, 1),), SHAKE, SHAKE_M)


def gives_object(conversation: Conversation, track: PersonTrack) -> Array:
    """A hand comes as near to a hand of somebody as a thing that both hold, and it is no handshake.

    Neither the thing nor who gives it can be seen, so that it is an event of both and never sure (`PERHAPS`).
    """
    readings = _meeting(conversation, track, ((0, 0), (0, 1), (1, 0), (1, 1)), GIVE, GIVE_M)
    return np.where(handshake(conversation, track) >= DOES, 0.0, readings)


def _meeting(
    conversation: Conversation,
    track: PersonTrack,
    hands: tuple[tuple[int, int], ...],
    limit: float,
    limit_m: float,
) -> Array:
    """How surely one of these pairs of hands (own, theirs) is so near; NaN where nobody else is there, where
    one of somebody in reach is hidden and need not hang, and where they meet in the picture and nobody knows
    whether in space: seen from aside or above, wrists of hands that shake were read up to 0.8 m apart."""
    people = conversation.observations.people
    n = len(track.times_s)
    if people is None:
        return np.full(n, np.nan)
    mine = seen_body(conversation, track)
    found, hidden, some = np.zeros(n), np.zeros(n, bool), np.zeros(n, bool)
    with np.errstate(invalid="ignore"):
        for other in others(people, track):
            theirs = seen_body(conversation, other)

            def at(values: NDArray[Any], other: PersonTrack = other) -> Array:
                return at_times(other, values.astype(np.float64), track.times_s)

            there = at(other.position_m)
            present = at(np.ones(len(other.times_s))) == 1
            far = np.linalg.norm(track.position_m - there, axis=1) > REACH_M
            for own, their in hands:
                seen, out, no = _held_out(track, mine, own)
                seen_there, out_there, no_there = (at(v) for v in _held_out(other, theirs, their))
                apart_px = np.linalg.norm(
                    track.pose_px[:, 19 + own, :2] - at(other.pose_px[:, 19 + their, :2]), axis=1
                )
                apart = apart_px / np.fmin(mine.torso_px, at(theirs.torso_px))
                place_m = at(other.position_m + other.pose_m[:, 15 + their])
                apart_m = np.linalg.norm(track.position_m + track.pose_m[:, 15 + own] - place_m, axis=1)
                in_picture = least(surely(-apart, -limit, SHAKE_SOFT), out, out_there)
                in_space = surely(-apart_m, -limit_m, SHAKE_SOFT_M)
                both_seen = present & (seen == 1) & (seen_there == 1)
                found = np.fmax(found, np.where(both_seen & ~far, least(in_picture, in_space), 0.0))
                hidden |= present & ~far & ~both_seen & (no == 0) & ~(no_there == 1)
                # Also where somebody's place, or what an arm does, is not known.
                hidden |= both_seen & ~far & ~(in_picture < DOES) & ~(in_space >= DOES)
            some |= present
    known = mine.large & some & (~hidden | (found >= DOES))
    return np.where(known, found, np.nan)


def _held_out(track: PersonTrack, one: Body, side: int) -> tuple[Array, Array, Array]:
    """Whether the hand is seen (0 or 1), how surely its arm is held out, and whether it is clear that it is
    not. The trunk often hides the elbow of an arm whose hand is found."""
    arm = one.arms[side]
    hand = one.seen[:, 15 + side] | ~np.isnan(track.hands_px[:, side, 0, 0])
    out = least(surely(arm.forearm_rise_deg, -45, 10), surely(arm.wrist[:, 1], 0.25, 0.1))
    clear_no = (out < DOES) & (hand | hangs(arm))
    return (one.large & hand).astype(np.float64), out, (one.large & clear_no).astype(np.float64)


KINDS: tuple[EventKind, ...] = (
    doing("leaning", f"the trunk leans by {LEANS_DEG:.0f} degrees or more", leaning, SETTLED_S),
    doing("back_turned", "the back is turned to everybody else", back_turned, SETTLED_S),
    doing("sitting", "somebody sits", sitting, SETTLED_S),
    doing("standing", "somebody stands or walks", standing, SETTLED_S),
    doing("handshake", "two people shake right hands", handshake, HELD_S),
    doing("gives_object", "hands meet, perhaps to hand something over", gives_object, HELD_S, most=PERHAPS),
)
