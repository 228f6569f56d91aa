"""Who is who, what they wear and when a customer is received, on recordings of which it is known.

    bench/visits.py FOLDER … [--json]

A FOLDER holds one of these:
- `NAME.mp4` with `NAME.truth.json` (rendered people): roles by the house's colours (those that most employees
  wear) and by the time present; how far clothes are from these colours; when the customer comes, is noticed
  and greeted, is stepped too close to (nearer than 0.76 m), and leaves, with speech where the truth puts it;
- `labels.csv` (`file,…,staff_visible,customer_visible,…`) with short clips: whether staff and customers are
  found, with what a shop would draw or name (`HINTS`), and without.
"""

import argparse
import collections
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from audit.interactions import Channel, Conversation, Role, Roles
from audit.palette import HOUSE_COLOUR, Palette, difference
from audit.person_roles import person_roles
from audit.signals import event_kinds
from audit.signals.proxemics import closer_than
from audit.speakers import Speakers
from models.camera import Zone, assumed_camera
from models.geometry import facing
from models.observations import Activity, Observed, People, PersonTrack, Provenance, Recording, gather, span
from models.people import perceive_people
from models.phrases import Phrases

TOO_CLOSE_M = 0.76

HINTS: dict[str, Palette | Zone] = {
    "nofi010": Zone("counter", ((1400, 1080), (1500, 700), (1750, 480), (1920, 420), (1920, 1080))),
    "nofi012": Zone("counter", ((215, 90), (330, 90), (330, 175), (215, 175))),
    "nofi013": Zone("counter", ((215, 90), (330, 90), (330, 175), (215, 175))),
    "nofi057": Palette(upper=("#b4284a",)),
    "nofi058": Palette(upper=("#b4284a",)),
    "nofi059": Palette(upper=("#b4284a",)),
    "nofi060": Palette(upper=("#b4284a",)),
    "nofi100": Zone("counter", ((0, 180), (130, 160), (330, 300), (480, 300), (480, 360), (0, 360))),
    "nofi101": Zone("counter", ((60, 60), (150, 60), (190, 200), (110, 260), (60, 230))),
    "nofi118": Zone("counter", ((380, 100), (640, 150), (640, 520), (400, 520))),
}
"""What was drawn on one frame of a scene: the floor behind the counter, or the colour of the aprons."""


def truths(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for file in sorted(folder.glob("*.truth.json")):
        yield (
            file.with_name(file.name.removesuffix(".truth.json") + ".mp4"),
            json.loads(file.read_text("utf-8")),
        )


def labelled(people: People, truth: dict[str, Any]) -> dict[str, str]:
    """Which person of the truth each track is: whose box overlaps most with its own, over all its frames."""
    frames = truth["frames"]
    times_s = np.array([frame["t"] for frame in frames])
    found = {}
    for track in people.tracks:
        shared: collections.Counter[str] = collections.Counter()
        for time_s, box in zip(track.times_s, track.boxes_px, strict=True):
            persons = frames[int(np.abs(times_s - time_s).argmin())]["persons"]
            for who, person in persons.items():
                if None not in (person.get("bbox2d") or [None]):
                    shared[who] += overlap(box, np.array(person["bbox2d"]))
        if shared:
            found[track.label] = shared.most_common(1)[0][0]
    return found


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Shared area of two boxes over the area of both."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = float(np.prod(np.maximum(sides, 0)))
    return shared / (float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])) - shared)


def true_role(truth: dict[str, Any], who: str) -> Role:
    return Role.AGENT if truth["persons"][who]["role"] == "employee" else Role.CUSTOMER


def conversation(people: People, truth: dict[str, Any], who: dict[str, str]) -> Conversation:
    """The clip with the true roles, and speech where the truth puts it."""
    spoken: dict[str, list[Any]] = {}
    for turn in truth.get("transcript") or ():
        spoken.setdefault(turn["speaker"], []).append(span(turn["start"], turn["end"]))
    parts = [Observed("", Provenance("people", "bench", "1", "", ()), people=people)]
    if spoken:
        active = tuple(Activity(speaker, tuple(spans)) for speaker, spans in spoken.items())
        parts.append(Observed("", Provenance("activity", "bench", "1", "", ()), activity=active))
    seen = gather(Recording("", truth["duration_s"], 0, 0, ""), parts, ())
    of = {label: true_role(truth, one) for label, one in who.items()}
    of |= {speaker: true_role(truth, speaker) for speaker in spoken}
    speakers = Speakers(Channel.VIDEO, seen, Phrases("en", {}))
    return Conversation(Channel.VIDEO, seen, Roles(tuple(of.items()), "given", 1.0), speakers)


def late(found: Conversation, truth: dict[str, Any]) -> dict[str, float | None]:
    """Seconds from the truth to what was found, for every event that the truth has; None where not found."""
    true = {event["event"]: event["t"] for event in truth.get("events", ())}
    pairs = {
        "enters": true.get("customer_enters"),
        "noticed": true.get("employee_turns_to_customer"),
        "greeted": true.get("employee_greets"),
        "leaves": true.get("customer_leaves"),
    }
    told: dict[str, float | None] = {}
    for kind, true_s in pairs.items():
        if true_s is not None:
            # An agent may come and go as well.
            events = [
                e
                for e in event_kinds()[kind].find(found)
                if e.role == Role.CUSTOMER or kind not in ("enters", "leaves")
            ]
            told[kind] = _off([e.span.start_s for e in events], true_s)
    for start_s, end_s in truth.get("intervals", {}).get("under_0_76m", ()):
        events = closer_than(found, TOO_CLOSE_M)
        told["too_close begins"] = _off([e.span.start_s for e in events], start_s)
        told["too_close ends"] = _off([e.span.end_s for e in events], end_s)
    return told


def _off(times_s: list[float], true_s: float) -> float | None:
    return min((round(t - true_s, 2) for t in times_s), key=abs, default=None)


def bodies_off_deg(people: People, truth: dict[str, Any], who: dict[str, str]) -> Iterator[float]:
    """How far off the direction of each body is read, frame by frame."""
    rotation = np.array(truth["camera"]["R"])
    times_s = np.array([frame["t"] for frame in truth["frames"]])
    for track in people.tracks:
        for time_s, read in zip(track.times_s, facing(people, track), strict=True):
            frame = truth["frames"][int(np.abs(times_s - time_s).argmin())]
            true = rotation @ _pointing(frame["persons"][who[track.label]]["body_yaw_deg"])
            if np.isfinite(read).all():
                yield float(np.degrees(np.arccos(np.clip(read @ true / np.linalg.norm(true), -1, 1))))


def _pointing(yaw_deg: float) -> np.ndarray:
    """The truth's world: 0 faces -y, 90 faces +x."""
    return np.array([np.sin(np.radians(yaw_deg)), -np.cos(np.radians(yaw_deg)), 0.0])


STANDING = {"stands_in_front": (0, 35), "stands_beside": (55, 125)}
"""Degrees from each body's front to the other person, 10 from where the events' limits are."""


def standing(found: Conversation, truth: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(how employee and customer stand by the truth, whether that, the other or neither is found)."""
    persons = truth["frames"][len(truth["frames"]) // 2]["persons"]
    if not {"employee", "customer"} <= persons.keys():
        return
    places = [np.array(persons[who]["hip_centre"]) for who in ("employee", "customer")]
    way = (places[1] - places[0]) * [1, 1, 0]
    fronts = [_pointing(persons[who]["body_yaw_deg"]) for who in ("employee", "customer")]
    cosines = [float(f @ w) / float(np.linalg.norm(way)) for f, w in zip(fronts, (way, -way), strict=True)]
    off_deg = np.degrees(np.arccos(np.clip(cosines, -1, 1)))
    kinds = {kind for kind in STANDING if event_kinds()[kind].find(found)}
    for kind, (least, most) in STANDING.items():
        if (off_deg >= least).all() and (off_deg <= most).all():
            yield kind, "right" if kind in kinds else "wrong" if kinds else "none"


def rendered(folder: Path) -> dict[str, Any]:
    """Roles, colours and events of rendered clips."""
    clips = [(perceive_people(video), truth) for video, truth in truths(folder)]
    worn = collections.Counter(
        "#{:02x}{:02x}{:02x}".format(*person["uniform_srgb"])
        for _, truth in clips
        for person in truth["persons"].values()
        if person["role"] == "employee"
    )
    house = worn.most_common(1)[0][0]
    by_uniform: collections.Counter[str] = collections.Counter()
    by_time: collections.Counter[str] = collections.Counter()
    colours: dict[bool, list[float]] = {True: [], False: []}
    events = {}
    off_deg: list[float] = []
    stands: collections.Counter[str] = collections.Counter()
    for (people, truth), (video, _) in zip(clips, truths(folder), strict=True):
        who = labelled(people, truth)
        for counts, palette in ((by_uniform, Palette(upper=(house,))), (by_time, None)):
            roles = dict(person_roles(people, {}, palette).of)
            for label, one in who.items():
                right = roles.get(label) == true_role(truth, one)
                counts["unknown" if label not in roles else "right" if right else "wrong"] += 1
        for track in people.tracks:
            if track.label in who and (off := _colour(track, house)) is not None:
                own = "#{:02x}{:02x}{:02x}".format(*truth["persons"][who[track.label]]["uniform_srgb"])
                colours[own == house].append(off)
        talk = conversation(people, truth, who)
        off_deg += bodies_off_deg(people, truth, who)
        stands.update(f"{kind} {how}" for kind, how in standing(talk, truth))
        if told := late(talk, truth):
            events[video.stem] = told
    return {
        "roles_by_uniform": dict(by_uniform),
        "roles_by_time": dict(by_time),
        "house_colour_at_most": max(colours[True], default=None),
        "other_colours_at_least": min(colours[False], default=None),
        "clothes": len(colours[True]) + len(colours[False]),
        "colours_told_right": sum(c <= HOUSE_COLOUR for c in colours[True])
        + sum(c > HOUSE_COLOUR for c in colours[False]),
        "events_late_s": events,
        "bodies_off_deg": {q: round(float(np.quantile(off_deg, q)), 1) for q in (0.5, 0.95, 1.0)}
        if off_deg
        else {},
        "standing": dict(stands),
    }


def _colour(track: PersonTrack, house: str) -> float | None:
    known = difference(track.clothes_lab[:, 0], [house])
    known = known[np.isfinite(known)]
    return round(float(np.median(known)), 1) if len(known) else None


def filmed(folder: Path) -> dict[str, Any]:
    """Whether staff and customers of the labelled clips are found."""
    told: dict[str, collections.Counter[str]] = {
        "with_hints": collections.Counter(),
        "without": collections.Counter(),
    }
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (folder / row["file"]).exists()]
    for row in rows:
        people = perceive_people(folder / row["file"])
        hint = HINTS.get(Path(row["file"]).stem)
        camera = assumed_camera(people.size_px)
        if isinstance(hint, Zone):
            camera = msgspec.structs.replace(camera, zones=(hint,))
        shown = msgspec.structs.replace(people, camera=camera)
        palette = hint if isinstance(hint, Palette) else None
        for counts, seen, house in ((told["with_hints"], shown, palette), (told["without"], people, None)):
            roles = {role for _, role in person_roles(seen, {}, house).of}
            for role, key in ((Role.AGENT, "staff_visible"), (Role.CUSTOMER, "customer_visible")):
                what = key.removesuffix("_visible")
                counts[f"{what}_found"] += row[key] == "yes" and role in roles
                counts[f"{what}_there"] += row[key] == "yes"
                counts[f"{what}_invented"] += row[key] == "no" and role in roles
    return {key: dict(counts) for key, counts in told.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = {
        folder.name: filmed(folder) if (folder / "labels.csv").exists() else rendered(folder)
        for folder in options.folders
    }
    print(json.dumps(found) if options.json else json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
