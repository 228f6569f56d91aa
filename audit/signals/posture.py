"""How people stand, and what two of them do together: sitting, leaning, backs, handshakes, things given."""

import numpy as np

from audit.bodies import Array, Body, Rows
from audit.interactions import Conversation
from audit.signals import EventKind
from audit.signals.gestures import HELD_S, PERHAPS, least, seen_body, surely
from audit.spells import DOES, at_times, doing, others
from models.geometry import horizontal
from models.observations import PersonTrack

LEANS_DEG = 25.0
"""A trunk that leans further from upright leans. Upright people on rendered clips read 4 degrees, 95 % of
them below 10, and the camera's own tilt is unknown by up to 9 (`geometry.upward`)."""

SITS_DEG, STANDS_DEG = 55.0, 40.0
"""Thighs that rise from straight down by more are of somebody who sits, by less of somebody who stands: of
rendered people who stand 95 % read below 25 degrees; on a chair they are nearly level."""

TURNED_DEG = 135.0
"""Who faces further away than this from somebody turns the back to them: a quarter of the circle is behind.
Where a chest faces is read 9 degrees off in the median, 22 in 95 % of frames (2088 on rendered clips)."""

STEEP_DEG = 35.0
"""A camera that looks down more steeply shows trunks and legs foreshortened: from Panoptic's ceiling (about
50 degrees) the pose model makes two of four people who stand sit; from 28 degrees none."""

SETTLED_S = 1.0
"""Postures of the whole body last at least so long: our choice."""


def leaning(conversation: Conversation, track: PersonTrack) -> Array:
    """The trunk leans by `LEANS_DEG` or more; hips have to be seen. Whether on something cannot be seen."""
    one = seen_body(conversation, track)
    known = one.large & one.seen[:, 23] & one.seen[:, 24] & _from_the_side(conversation)
    return np.where(known, surely(one.lean_deg, LEANS_DEG, 8), np.nan)


def sitting(conversation: Conversation, track: PersonTrack) -> Array:
    """Both thighs are nearly level; hips and knees have to be seen."""
    one = seen_body(conversation, track)
    return np.where(
        _legs(one) & _from_the_side(conversation), surely(one.thigh_deg.min(axis=1), SITS_DEG, 15), np.nan
    )


def standing(conversation: Conversation, track: PersonTrack) -> Array:
    """Both thighs hang down; hips and knees have to be seen. Who walks stands."""
    one = seen_body(conversation, track)
    return np.where(
        _legs(one) & _from_the_side(conversation), surely(-one.thigh_deg.max(axis=1), -STANDS_DEG, 15), np.nan
    )


def _from_the_side(conversation: Conversation) -> bool:
    people = conversation.observations.people
    return people is not None and -people.up[2] < np.sin(np.radians(STEEP_DEG))


def _legs(one: Body) -> Rows:
    legs = one.seen[:, 23] & one.seen[:, 24] & one.seen[:, 25] & one.seen[:, 26]
    return np.asarray(one.large & legs)


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


MEET = 0.3
"""Hands that meet are not further apart than this in the picture, in torsos (15 cm; wrists of a handshake are
about 20 cm apart, less the fingers between them)."""

MEET_M = 0.35
"""The same in metres between wrists in space, where each place is known to about 0.1 m."""


def handshake(conversation: Conversation, track: PersonTrack) -> Array:
    """The right hand meets the right hand of somebody, both arms held out."""
    return _meeting(conversation, track, ((1, 1),))


def gives_object(conversation: Conversation, track: PersonTrack) -> Array:
    """A hand meets a hand of somebody, both arms held out, and it is no handshake.

    Neither the thing nor who gives it can be seen, so that it is an event of both and never sure (`PERHAPS`).
    """
    readings = _meeting(conversation, track, ((0, 0), (0, 1), (1, 0)))
    shaken = _meeting(conversation, track, ((1, 1),))
    return np.where(shaken >= DOES, 0.0, readings)


def _meeting(conversation: Conversation, track: PersonTrack, hands: tuple[tuple[int, int], ...]) -> Array:
    """How surely one of these pairs of hands (own, theirs) meets; NaN where none of them is seen."""
    people = conversation.observations.people
    if people is None:
        return np.full(len(track.times_s), np.nan)
    mine = seen_body(conversation, track)
    found = np.full(len(track.times_s), np.nan)
    for other in others(people, track):
        theirs = seen_body(conversation, other)

        def at(values: Array, other: PersonTrack = other) -> Array:
            return at_times(other, values, track.times_s)

        for own, their in hands:
            one, two = mine.arms[own], theirs.arms[their]
            seen = mine.large & one.seen & (at((theirs.large & two.seen).astype(np.float64)) == 1)
            wrist, wrists = 15 + own, other.pose_px[:, 15 + their, :2].astype(np.float64)
            apart_px = np.linalg.norm(track.pose_px[:, wrist, :2] - at(wrists), axis=1)
            torso_px = np.fmin(mine.torso_px, at(theirs.torso_px))
            place = (other.position_m + other.pose_m[:, 15 + their]).astype(np.float64)
            apart_m = np.linalg.norm(track.position_m + track.pose_m[:, wrist] - at(place), axis=1)
            reading = least(
                surely(-apart_px / torso_px, -MEET, 0.1),
                surely(-apart_m, -MEET_M, 0.1),
                surely(one.forearm_rise_deg, -45, 10),
                at(surely(two.forearm_rise_deg, -45, 10)),
                surely(one.wrist[:, 1], 0.25, 0.1),
                at(surely(two.wrist[:, 1], 0.25, 0.1)),
            )
            found = np.fmax(found, np.where(seen, reading, np.nan))
    return found


KINDS: tuple[EventKind, ...] = (
    doing("leaning", f"the trunk leans by {LEANS_DEG:.0f} degrees or more", leaning, SETTLED_S),
    doing("back_turned", "the back is turned to everybody else", back_turned, SETTLED_S),
    doing("sitting", "somebody sits", sitting, SETTLED_S),
    doing("standing", "somebody stands or walks", standing, SETTLED_S),
    doing("handshake", "two people shake right hands", handshake, HELD_S),
    doing("gives_object", "hands meet, perhaps to hand something over", gives_object, HELD_S, most=PERHAPS),
)
