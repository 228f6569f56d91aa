"""The picture that belongs to a finding, and people as a player draws them over a video."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from audit.interactions import Interaction, Role, clock
from audit.judge import Finding
from audit.outcomes import Evidence
from audit.pictures import AROUND_S, SHOWN, Shot, heads_px, jpeg, present, shoot
from audit.rubric import Rubric, Standard
from audit.scorecard import Scorecard
from audit.signals import EventKind, MeasureKind, kinds
from audit.store import NotStored
from models.geometry import distance
from models.media import UnreadableMedia, digest_file
from models.observations import Observations, People, PersonTrack, Recording, Span, to_json

MOST_PAIRS = 6
"""So many pairs get a distance when nobody knows who the agent is: among four people all."""

FARTHEST_M = 6.0
"""Who stands farther apart than Hall's social zone and half as much has no line: they do not deal with each
other."""


def is_visual(standard: Standard) -> bool:
    """Whether the standard is about what was seen, so that a picture shows it."""
    return standard.show is not None or any("people" in kind.needs for kind in _kinds_of(standard))


def is_of_two(standard: Standard) -> bool:
    """Whether it is about how far two people stand from each other."""
    return any(
        "people" in kind.needs and (kind.unit == "m" if isinstance(kind, MeasureKind) else not kind.of_party)
        for kind in _kinds_of(standard)
    )


def _kinds_of(standard: Standard) -> list[EventKind | MeasureKind]:
    return [kinds()[name] for name in sorted(standard.names) if name in kinds()]


def moments(finding: Finding) -> tuple[Evidence, ...]:
    """The moments of a finding that a picture can show."""
    return tuple(e for e in finding.evidence if not e.quote)


def shot_of(
    evidence: Evidence, people: People, roles: Mapping[str, Role], of_two: bool = False
) -> Shot | None:
    """What to show of a moment: who is in its box; of a distance the frame in which it was as measured, or
    the smallest; else the middle of the span, while those it is about are seen. None when nobody was seen."""
    if evidence.box_px is not None:
        time_s = evidence.span.start_s
        there = {track.label: track for track, _ in present(people, time_s)}
        about_px = np.asarray(evidence.box_px)
        nearest = min(there, key=lambda label: _off_px(there[label], time_s, about_px), default=None)
        about = () if nearest is None else (nearest,)
        return Shot(time_s, about, words=clock(time_s), box_px=evidence.box_px)
    if of_two:
        measured_m = evidence.value if evidence.unit == "m" and evidence.value is not None else 0.0
        found = _nearest_to(measured_m, evidence, people, roles)
        if found is not None:
            return found
    mine = _of(evidence.role, people, roles)
    concerned = [t for t in people.tracks if t.label in mine] or list(people.tracks)
    times_s = np.concatenate([np.zeros(0), *(_within(t.times_s, evidence.span) for t in concerned)])
    if not len(times_s):
        return None
    counted, seen = np.unique(times_s, return_counts=True)
    best = counted[seen == seen.max()]
    middle_s = (evidence.span.start_s + evidence.span.end_s) / 2
    time_s = float(best[np.abs(best - middle_s).argmin()])
    seen_then = {track.label for track, _ in present(people, time_s)}
    words = f"{clock(time_s)} {evidence.note.replace('_', ' ')}".strip()
    return Shot(time_s, tuple(sorted(mine & seen_then)), words=words)


def _of(role: Role | None, people: People, roles: Mapping[str, Role]) -> set[str]:
    """The labels of the people of a role; nobody's where it is nobody's in particular."""
    if role in (None, Role.ANYONE):
        return set()
    return {track.label for track in people.tracks if roles.get(track.label) == role}


def _off_px(track: PersonTrack, time_s: float, box_px: Any) -> float:
    row = int(np.abs(track.times_s - time_s).argmin())
    return float(np.abs(track.boxes_px[row] - box_px).max())


def _within(times_s: Any, span: Span) -> Any:
    inside = times_s[(times_s >= span.start_s) & (times_s < span.end_s)]
    if len(inside) or not len(times_s):
        return inside
    # Shorter than the time between two frames: the one nearest to it.
    nearest = times_s[[np.abs(times_s - span.start_s).argmin()]]
    return nearest if abs(float(nearest[0]) - span.start_s) < 1 else inside


def _nearest_to(value_m: float, evidence: Evidence, people: People, roles: Mapping[str, Role]) -> Shot | None:
    best: tuple[float, Shot] | None = None
    for one, other in pairs_of(people, roles):
        read = distance(people, one, other)
        inside = (read.times_s >= evidence.span.start_s) & (read.times_s < evidence.span.end_s)
        if not inside.any():
            continue
        off_m = np.where(inside, np.abs(read.metres - value_m), np.inf)
        row = int(off_m.argmin())
        if best is None or off_m[row] < best[0]:
            time_s = float(read.times_s[row])
            about = tuple(sorted({one.label, other.label} & _of(evidence.role, people, roles)))
            apart = f"{read.metres[row]:.2f} m ({read.low_m[row]:.2f}-{read.high_m[row]:.2f})"
            shot = Shot(time_s, about, (one.label, other.label), apart, clock(time_s))
            best = (float(off_m[row]), shot)
    return best[1] if best else None


def pairs_of(people: People, roles: Mapping[str, Role]) -> Iterator[tuple[PersonTrack, PersonTrack]]:
    """The pairs whose distance is shown: each agent with everybody else; all, while they are few, when
    nobody knows the agent."""
    agents = [t for t in people.tracks if roles.get(t.label) == Role.AGENT]
    if agents:
        yield from ((a, t) for a in agents for t in people.tracks if roles.get(t.label) != Role.AGENT)
        return
    tracks = people.tracks
    if len(tracks) * (len(tracks) - 1) / 2 <= MOST_PAIRS:
        yield from ((one, other) for i, one in enumerate(tracks) for other in tracks[i + 1 :])


def finding_picture(
    path: Path,
    observations: Observations,
    card: Scorecard,
    rubric: Rubric,
    name: str,
    moment: int = 0,
    faces: bool = False,
) -> bytes:
    """The picture of a moment (counted from 0) of the finding on the standard of this name, as a JPEG file.

    `path` is the recording, `rubric` the one of the card.

    Raises:
        NotStored: nobody looked at a picture, there is no such finding or moment, or nobody was seen in it.
        UnreadableMedia: the video cannot be read.
    """
    people, roles = observations.people, dict(card.roles.of)
    if people is None:
        raise NotStored("picture of finding", name, "audit it under a rubric that looks at people")
    finding = next((f for f in card.findings if f.standard == name), None)
    standard = next((s for s in rubric.standards if s.id == name), None)
    if finding is None or standard is None:
        raise NotStored("finding", name, f"those with pictures: comport picture {card.interaction[:12]}")
    shown = moments(finding) if is_visual(standard) else ()
    shot = shot_of(shown[moment], people, roles, is_of_two(standard)) if moment < len(shown) else None
    if shot is None:
        raise NotStored("picture of finding", name, "nobody was seen at a moment of it")
    return jpeg(shoot(path, people, shot, roles, faces))


def unchanged(interaction: Interaction, recording: Recording) -> Path:
    """The path of the interaction's file, once it is sure that it is the one that was audited.

    Raises:
        UnreadableMedia: it is gone, or another one now.
    """
    path = Path(interaction.path)
    if digest_file(path) != recording.id:
        raise UnreadableMedia(str(path), "changed after it was audited", "audit it again")
    return path


DRAWN = (0, 7, 8, *range(11, 17), *range(23, 29), 31, 32)
"""The pose landmarks that a player draws: those of `pictures.BONES`."""


def people_json(people: People, roles: Mapping[str, Role]) -> bytes:
    """Everybody over time as JSON for a player: whole pixels, times in seconds, metres to the centimetre.

    `tracks`: label, role, `times_s` (n), `boxes` and `heads` (n of left, top, right, bottom), `points` (n of
    x and y of each of `drawn`, null where hidden). `pairs`: the two labels, `times_s`, `metres`, `low_m`,
    `high_m`. `zones`: the name and corners of each that the camera had when the video was audited.
    `around_s`: a head lies where it was found so near in time, as in the pictures of findings.
    """
    tracks = [
        {
            "label": track.label,
            "role": roles.get(track.label),
            "times_s": _numbers(track.times_s, 3),
            "boxes": np.round(track.boxes_px).astype(int).tolist(),
            "heads": np.round(heads_px(track, slice(None))).astype(int).tolist(),
            "points": _points(track),
        }
        for track in people.tracks
    ]
    apart = []
    for one, other in pairs_of(people, roles):
        read = distance(people, one, other)
        near = read.metres <= FARTHEST_M
        if near.any():
            apart.append(
                {
                    "labels": (one.label, other.label),
                    "times_s": _numbers(read.times_s[near], 3),
                    "metres": _numbers(read.metres[near], 2),
                    "low_m": _numbers(read.low_m[near], 2),
                    "high_m": _numbers(read.high_m[near], 2),
                }
            )
    step_s = float(np.median(np.diff(people.times_s))) if len(people.times_s) > 1 else 0.0
    return to_json(
        {
            "size_px": people.size_px,
            "step_s": round(step_s, 3),
            "drawn": DRAWN,
            "tracks": tracks,
            "pairs": apart,
            "zones": [
                {"name": zone.name, "corners": np.round(zone.corners_px).astype(int).tolist()}
                for zone in people.camera.zones
            ],
            "around_s": AROUND_S,
        }
    )


def _numbers(values: Any, places: int) -> list[float]:
    found: list[float] = np.round(np.asarray(values, np.float64), places).tolist()
    return found


def _points(track: PersonTrack) -> list[list[int | None]]:
    """x and y of each of `DRAWN` for each row, None where hidden."""
    pose = np.asarray(track.pose_px)[:, list(DRAWN)]
    hidden = ~np.isfinite(pose[..., 0]) | ~(pose[..., 2] >= SHOWN)
    places: Any = np.round(np.where(hidden[..., None], 0, pose[..., :2])).astype(int).astype(object)
    places[hidden] = None
    found: list[list[int | None]] = places.reshape(len(pose), -1).tolist()
    return found
