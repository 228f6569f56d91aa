"""Where heads are turned: by the face where it is seen, else by nose and ears of the body."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.geometry import horizontal
from models.observations import People, PersonTrack
from models.pose import EARS, NOSE

Array = NDArray[np.float64]

NO_FACE_DEG = 40.0
"""A face that looks elsewhere than nose and ears by more is none: MediaPipe also finds faces on the backs of
heads. On rendered people 31 of 32 such faces differ by more, of 823 true ones none (`bench/heads.py`)."""

FACE_SD_DEG, BODY_SD_DEG = 5.0, 12.0
"""Errors of a head's yaw on rendered people: by the face 2 degrees in the median and 8 in nine of ten; by
nose and ears, seen from any side, 7 and 21 (`bench/heads.py`)."""


class Heads(NamedTuple):
    """Where the head of one person is turned, a row for each of the track's."""

    yaw_deg: Array
    """(n,) to the line of sight: 0 faces the camera, > 0 towards the right of the picture, 180 away from it;
    NaN where neither face nor body was seen."""
    sd_deg: Array
    """(n,) its standard deviation."""
    face: NDArray[np.bool_]
    """(n,) whether what was read of the face can be believed."""


def heads(people: People, track: PersonTrack) -> Heads:
    """Where the head of a person is turned, from any side."""
    ahead = np.asarray(track.pose_m[:, NOSE] - track.pose_m[:, list(EARS)].mean(axis=1), np.float64)
    # Around the hips the axes are the camera's: the line of sight is turned against them.
    camera = people.camera
    sight_deg = np.degrees(np.arctan2(track.pose_px[:, NOSE, 0] - camera.centre_px[0], camera.focal_px[0]))
    body_deg = np.degrees(np.arctan2(ahead[:, 0], -ahead[:, 2])) + sight_deg
    face_deg = np.asarray(track.head_deg[:, 0], np.float64)
    with np.errstate(invalid="ignore"):
        face = np.isfinite(face_deg) & ~(np.abs(turn(body_deg - face_deg)) > NO_FACE_DEG)
    yaw_deg = turn(np.where(face, face_deg, body_deg))
    return Heads(yaw_deg, np.where(face, FACE_SD_DEG, BODY_SD_DEG), face)


def turn(degrees: Array) -> Array:
    """The same angles between -180 and 180."""
    return np.asarray((degrees + 180) % 360 - 180)


class Towards(NamedTuple):
    """How far a head is turned from somebody else."""

    times_s: Array
    """(k,) when both were seen and could be located."""
    off_deg: Array
    """(k,) 0 when the head points at the other, up to 180, along the floor."""
    sd_deg: Array
    """(k,) its standard deviation, from the head and from where both stand."""


def towards(people: People, one: PersonTrack, other: PersonTrack) -> Towards:
    """How far the head of `one` is turned from `other`, as seen from above."""
    times_s, mine, theirs = np.intersect1d(one.times_s, other.times_s, return_indices=True)
    turned = heads(people, one)
    up = np.asarray(people.up)
    aside = horizontal(np.array([1.0, 0.0, 0.0]), up)
    aside /= np.linalg.norm(aside)
    forward = np.cross(up, aside)
    here = np.asarray(one.position_m[mine], np.float64)
    between = horizontal(np.asarray(other.position_m[theirs], np.float64) - here, up)

    def angle(vectors: Array) -> Array:
        return np.asarray(np.degrees(np.arctan2(vectors @ aside, vectors @ forward)))

    off_deg = np.abs(turn(angle(-here) - turned.yaw_deg[mine] - angle(between)))
    apart_m = np.maximum(0.1, np.linalg.norm(between, axis=1))
    # What moves either of them across the line between them turns that line.
    along_m = np.hypot(one.position_sd_m[mine, 1], other.position_sd_m[theirs, 1])
    across_m = np.hypot(one.position_sd_m[mine, 0], other.position_sd_m[theirs, 0])
    sight = here / np.maximum(0.1, np.linalg.norm(here, axis=1, keepdims=True))
    sideways = np.abs(np.cross(between, sight) @ up) / apart_m
    error_m = np.hypot(sideways * along_m, np.sqrt(1 - np.minimum(1, sideways) ** 2) * across_m)
    sd_deg = np.hypot(turned.sd_deg[mine], np.degrees(np.arctan2(error_m, apart_m)))
    known = np.isfinite(off_deg) & np.isfinite(sd_deg)
    return Towards(times_s[known], off_deg[known], sd_deg[known])
