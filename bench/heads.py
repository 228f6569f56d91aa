"""How right heads and faces are read on rendered people, whose truth is exact, and which nods can be found.

    bench/heads.py FOLDER [--json]

FOLDER holds `NAME.mp4` with `NAME.truth.json`. Printed are: the error of the head's yaw by the face, and by
nose and ears; faces that are none (more than 60 degrees off), and how many are let go; frames of eye contact
found and false; frames of smiles found, missed and not judged by how far the head is turned; whose voice is
whose, where the clip has sound; and the share found of simulated nods of 10 degrees by their speed and the
frames a second.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from audit.interactions import Channel, Conversation, Roles
from audit.mouths import voices_of
from audit.signals.face import told_smile
from audit.signals.heads import FACES_DEG, nodding
from audit.speakers import Speakers
from audit.spells import DOES
from models.camera import Camera, assumed_camera
from models.detector import overlap
from models.gaze import heads, towards, turn
from models.observations import TRACK, Activity, Observed, People, PersonTrack, Provenance, Recording, gather
from models.observe import observe
from models.perceiving import Listening, Looking
from models.phrases import Phrases

SAME = 0.3
"""A track is the actor whose box it overlaps by more (IoU)."""

SMILES, NO_SMILE = 0.9, 0.1
"""The truth is a control value 0..1; what lies between is left out."""

TURNS_DEG = ((0, 20), (20, 30), (30, 45), (45, 60))

NO_FACE_DEG = 60.0

NODS_HZ, NOD_DEG, NOD_TURNS, NOISE_DEG, NODS = (0.8, 1.2, 1.6, 2.0, 2.5, 3.0, 3.5), 10.0, 2.5, 1.0, 40

FRAMES_PER_S = (5, 10, 15)


def looked_upon(people: People) -> Conversation:
    """A conversation of which only these people are known."""
    observed = Observed("", Provenance("people", "", "", "", ()), people=people)
    recording = Recording("", float(people.times_s[-1]), 0, 0, "")
    observations = gather(recording, (observed,), ())
    speakers = Speakers(Channel.VIDEO, observations, Phrases("en", {}))
    return Conversation(Channel.VIDEO, observations, Roles((), "", 0.0), speakers)


def actors(track: PersonTrack, truth: dict) -> list[tuple[str, dict] | None]:
    """Name and truth of who is seen in each row of a track."""
    found: list[tuple[str, dict] | None] = []
    for time_s, box in zip(track.times_s, track.boxes_px, strict=True):
        frame = truth["frames"][min(len(truth["frames"]) - 1, round(float(time_s) * truth["fps"]))]
        there = [(name, one) for name, one in frame["persons"].items() if one["bbox2d"]]
        fits = [float(overlap(box, np.array([one["bbox2d"]], np.float32))[0]) for _, one in there]
        best = int(np.argmax(fits)) if fits else -1
        found.append(there[best] if fits and fits[best] > SAME else None)
    return found


class Tally:
    """What was counted in all clips."""

    def __init__(self) -> None:
        self.errors_deg: dict[str, list[float]] = defaultdict(list)
        self.none = {"let go": 0, "believed": 0}
        self.contact = {"true": 0, "found": 0, "right": 0}
        self.smiles: dict[str, dict[str, int]] = {}
        self.voices: dict[str, dict[str, object]] = {}

    def add(self, people: People, truth: dict) -> dict[str, str]:
        """Counts a clip; the actor's name by the track's label is returned."""
        conversation, names = looked_upon(people), {}
        seen = {track.label: actors(track, truth) for track in people.tracks}
        for track in people.tracks:
            known = [one for one in seen[track.label] if one]
            if not known:
                continue
            names[track.label] = max({n for n, _ in known}, key=[n for n, _ in known].count)
            turned, smile = heads(people, track), told_smile(conversation, track)
            for row, one in enumerate(seen[track.label]):
                if one is None:
                    continue
                off = abs(turn(turned.yaw_deg[row] - one[1]["head_yaw_to_camera_deg"]))
                face_off = abs(turn(track.head_deg[row, 0] - one[1]["head_yaw_to_camera_deg"]))
                if face_off > NO_FACE_DEG:
                    self.none["believed" if turned.face[row] else "let go"] += 1
                elif np.isfinite(off):
                    self.errors_deg["face" if turned.face[row] else "nose and ears"].append(float(off))
                if np.isfinite(track.expression[row, 0]) and face_off <= NO_FACE_DEG:
                    self._add_smile(one[1]["smile"], float(smile[row]), abs(one[1]["head_yaw_to_camera_deg"]))
            for other in people.tracks:
                if other is not track:
                    self._add_contact(people, track, other, seen)
        return names

    def _add_smile(self, true: float, read: float, turned_deg: float) -> None:
        for low, high in TURNS_DEG:
            if low <= turned_deg < high and not NO_SMILE < true < SMILES:
                row = self.smiles.setdefault(f"{low}-{high}", dict.fromkeys(_OUTCOMES, 0))
                said = "not judged" if np.isnan(read) else "found" if read >= DOES else "missed"
                row[f"smiles {said}" if true >= SMILES else f"others {said}"] += 1

    def _add_contact(self, people: People, one: PersonTrack, other: PersonTrack, seen: dict) -> None:
        found = towards(people, one, other)
        mine = np.searchsorted(one.times_s, found.times_s)
        theirs = np.searchsorted(other.times_s, found.times_s)
        for a, b, off_deg in zip(mine, theirs, found.off_deg, strict=True):
            me, them = seen[one.label][a], seen[other.label][b]
            if me and them and them[0] in me[1].get("toward", {}):
                true, read = me[1]["toward"][them[0]]["eye_contact"], off_deg < FACES_DEG
                self.contact["true"] += true
                self.contact["found"] += bool(read)
                self.contact["right"] += bool(true and read)


_OUTCOMES = [f"{who} {said}" for who in ("smiles", "others") for said in ("found", "missed", "not judged")]


def nods_found(hz: float, frames_per_s: int) -> float:
    """The share found of simulated nods."""
    random = np.random.default_rng(0)
    found = 0
    for _ in range(NODS):
        times_s = np.arange(20 * frames_per_s) / frames_per_s
        since_s = times_s - 5 - random.random()
        pitch = random.normal(0, NOISE_DEG, len(times_s))
        nods = (since_s >= 0) & (since_s < NOD_TURNS / hz)
        pitch[nods] -= NOD_DEG / 2 * (1 - np.cos(2 * np.pi * hz * since_s[nods]))
        head = np.stack([np.zeros(len(pitch)), pitch, np.zeros(len(pitch))], axis=1)
        people = _head(times_s, head)
        found += bool((nodding(looked_upon(people), people.tracks[0])[nods] == 1).any())
    return round(found / NODS, 2)


def _head(times_s: np.ndarray, head_deg: np.ndarray) -> People:
    """One person of whom the head is seen."""
    unseen = {name: np.full((len(times_s), *shape), np.nan) for name, (shape, _) in TRACK.items()}
    track = PersonTrack("person-0", times_s, **{**unseen, "head_deg": head_deg})
    return People(times_s, (640, 360), assumed_camera((640, 360)), (0.0, -1.0, 0.0), (track,))


def figures(folder: Path) -> dict[str, object]:
    tally = Tally()
    for path in sorted(folder.glob("*.truth.json")):
        truth = json.loads(path.read_text("utf-8"))
        given = truth["camera"]
        size_px = (given["width"], given["height"])
        camera = Camera(size_px, (given["fx"], given["fy"]), (given["cx"], given["cy"]))
        clip = path.with_name(path.name.removesuffix(".truth.json") + ".mp4")
        listening = Listening("en", looking=Looking(camera=camera))
        observations, _ = observe(clip, frozenset({"people", "activity"}), listening)
        if observations.people is None:
            continue
        names = tally.add(observations.people, truth)
        heard: tuple[Activity, ...] = observations.activity or ()
        if any(a.speaker for a in heard):
            voices = voices_of(observations.people, heard)
            tally.voices[clip.stem] = {
                names.get(label, label): {"voice": voice, "confidence": sure}
                for label, (voice, sure) in voices.items()
            }
    contact = tally.contact
    return {
        "yaw_error_deg": {
            how: {
                "frames": len(errors),
                "median": round(float(np.median(errors)), 1),
                "nine_in_ten": round(float(np.quantile(errors, 0.9)), 1),
            }
            for how, errors in sorted(tally.errors_deg.items())
        },
        "faces_that_are_none": tally.none,
        "eye_contact": {
            "frames": contact["true"],
            "precision": round(contact["right"] / contact["found"], 3) if contact["found"] else None,
            "recall": round(contact["right"] / contact["true"], 3) if contact["true"] else None,
        },
        "smile_frames_by_turn": dict(sorted(tally.smiles.items())),
        "voices": tally.voices,
        "nods_found": {
            f"{frames_per_s} a second": {f"{hz} Hz": nods_found(hz, frames_per_s) for hz in NODS_HZ}
            for frames_per_s in FRAMES_PER_S
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="How right heads and faces are read on rendered people.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = figures(asked.folder)
    if asked.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
