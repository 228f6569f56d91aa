"""Who of the people in a picture is the agent: by what is given, uniform, place, voice and time present."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audit.interactions import Role, Roles
from audit.palette import HOUSE_COLOUR, PARTS, Palette, difference
from models.camera import ZoneName
from models.observations import People, PersonTrack

SURE_ODDS = math.log(0.65 / 0.35)
"""From these odds on somebody has a role: cues that contradict each other give none. Our choice."""

UNIFORM = (0.95, 0.1)
"""How likely somebody is the agent who wears the house colours, and who does not while another does: our
choice. Rendered people: 29 of 29 in house colours told from 29 others (`docs/accuracy.md`)."""

PLACE = (0.95, 0.1)
"""The same behind the counter, and never there. Staff come out to the floor, customers do not go behind."""

CAME_IN = 0.2
"""Who comes in by the entrance while somebody looks is an agent in one of five cases: our choice."""

MOST_BY_VOICE = 0.95
"""No voice makes a role surer than a uniform does, however surely it was joined to the person."""

STAYED = (0.85, 0.7)
"""The one who is there before and after the others, and the one who is there either before or after them
(the other way round for the others). Our choice: a customer who waits long looks so too."""

MARGIN_S = 1.0
"""Before or after others by less is no sign: people step out of sight, and are lost for some frames."""

LEAST_PRESENT_S = 2.0
"""Whoever is seen for less (a passer-by, a reflection) says nothing about who else is who: our choice."""

BEHIND, NEVER = 0.6, 0.1
"""Shares of the time from which and up to which somebody is, or is not, in a zone: our choice."""


class _Cue(NamedTuple):
    """How likely somebody is the agent by one cue, 0..1, and the cue in words."""

    agent: float
    words: str


def person_roles(
    people: People,
    given: Mapping[str, Role],
    palette: Palette | None = None,
    voices: Mapping[str, tuple[Role, float]] | None = None,
) -> Roles:
    """The role of each person; those whom nothing tells apart have none.

    `given` are roles known beforehand by label (they are not doubted), `palette` the house's colours,
    `voices` the roles of the voices that were joined to people, and how surely they were. Cues are taken for
    independent: their odds multiply.
    """
    if not people.tracks:
        return Roles((), "nobody was seen", 0.0)
    cues: dict[str, list[_Cue]] = {track.label: [] for track in people.tracks}
    for found in (
        _by_uniform(people.tracks, palette),
        _by_place(people),
        _by_voice(people.tracks, voices or {}),
        _by_time(people),
    ):
        for label, cue in found.items():
            cues[label].append(cue)
    of: list[tuple[str, Role]] = []
    sureness: list[float] = []
    told: list[str] = []
    for track in people.tracks:
        role, sure, why = _weighed(given.get(track.label), cues[track.label])
        if role is not None:
            of.append((track.label, role))
            sureness.append(sure)
            told += [f"{track.label} is the agent ({why})"] if role == Role.AGENT else []
    if not of:
        alone = len(people.tracks) == 1
        unknown = "whether the one person seen" if alone else f"who of the {len(people.tracks)} people seen"
        return Roles((), f"{unknown} is the agent is unknown", 0.0)
    how = ", ".join(told) or f"no agent among the {len(people.tracks)} people seen"
    return Roles(tuple(of), how, round(min(sureness), 3))


def together(voices: Roles, persons: Roles) -> Roles:
    """Both as one: as sure as the less sure of the two."""
    return Roles(
        (*voices.of, *persons.of), f"{voices.how}; {persons.how}", min(voices.confidence, persons.confidence)
    )


def _weighed(given: Role | None, cues: Sequence[_Cue]) -> tuple[Role | None, float, str]:
    """(role, how sure 0..1, why): 0 are even odds, 1 is certainty."""
    if given is not None:
        return given, 1.0, "given with it"
    odds = sum(math.log(cue.agent / (1 - cue.agent)) for cue in cues)
    if abs(odds) < SURE_ODDS:
        return None, 0.0, ""
    why = ", ".join(cue.words for cue in cues if (cue.agent > 0.5) == (odds > 0))
    return (Role.AGENT if odds > 0 else Role.CUSTOMER), math.tanh(abs(odds) / 2), why


def _by_uniform(tracks: Sequence[PersonTrack], palette: Palette | None) -> dict[str, _Cue]:
    worn = {t.label: wears(t, palette) for t in tracks} if palette else {}
    if True not in worn.values():
        # Nobody in house colours: a wrong uniform makes nobody a customer.
        return {}
    cues = {True: _Cue(UNIFORM[0], "in the house colours"), False: _Cue(UNIFORM[1], "in other colours")}
    return {label: cues[does] for label, does in worn.items() if does is not None}


def wears(track: PersonTrack, palette: Palette) -> bool | None:
    """Whether somebody wears the house's colours, by the median over time; None when it could not be seen.

    A house that names colours of upper clothes is known by them: dark trousers are everybody's.
    """
    found = [
        None if math.isnan(middle) else middle <= HOUSE_COLOUR
        for number, part in enumerate(PARTS)
        if palette.of(part)
        for middle in [_middle(difference(track.clothes_lab[:, number], palette.of(part)))]
    ]
    return None if not found or found[0] is None else False not in found


def _middle(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else math.nan


def _by_place(people: People) -> dict[str, _Cue]:
    found: dict[str, _Cue] = {}
    names = {zone.name for zone in people.camera.zones}
    for track in people.tracks:
        behind = in_zone(people, track, "counter")
        if "counter" in names and behind.mean() >= BEHIND:
            found[track.label] = _Cue(PLACE[0], "behind the counter")
        elif "counter" in names and behind.mean() <= NEVER:
            found[track.label] = _Cue(PLACE[1], "never behind the counter")
        elif track.times_s[0] >= people.times_s[0] + MARGIN_S and in_zone(people, track, "entrance")[0]:
            found[track.label] = _Cue(CAME_IN, "came in by the entrance")
    return found


def in_zone(people: People, track: PersonTrack, name: ZoneName) -> NDArray[np.bool_]:
    """(n,) when the middle of the lower edge of somebody's box lies in a zone of this name: the feet, or
    where a counter hides the rest."""
    boxes = np.asarray(track.boxes_px, np.float64)
    foot_px = np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]])
    inside = np.zeros(len(foot_px), bool)
    for zone in people.camera.zones:
        if zone.name == name:
            inside |= zone.holds(foot_px)
    return inside


def _by_voice(tracks: Sequence[PersonTrack], voices: Mapping[str, tuple[Role, float]]) -> dict[str, _Cue]:
    found: dict[str, _Cue] = {}
    for track in tracks:
        role, sure = voices.get(track.label, (None, 0.0))
        sure = min(max(sure, 0.5), MOST_BY_VOICE)
        if role == Role.AGENT:
            found[track.label] = _Cue(sure, "speaks as the agent")
        elif role == Role.CUSTOMER:
            found[track.label] = _Cue(1 - sure, "speaks as a customer")
    return found


def _by_time(people: People) -> dict[str, _Cue]:
    """The one person who is there from the first to the last, while others come and go."""
    first_s, last_s = float(people.times_s[0]), float(people.times_s[-1])
    late, early, stays = [], [], []
    for track in people.tracks:
        came_s, left_s = float(track.times_s[0]), float(track.times_s[-1])
        if left_s - came_s < LEAST_PRESENT_S:
            continue
        came_late, left_early = came_s - first_s >= MARGIN_S, last_s - left_s >= MARGIN_S
        late += [track.label] if came_late else []
        early += [track.label] if left_early else []
        stays += [] if came_late or left_early else [track.label]
    moved = dict.fromkeys(late + early)
    if len(stays) != 1 or not moved:
        return {}
    whole = set(late) & set(early)
    cues = {label: _Cue(1 - STAYED[label not in whole], "came or left meanwhile") for label in moved}
    return cues | {stays[0]: _Cue(STAYED[not whole], "there while others came and left")}
