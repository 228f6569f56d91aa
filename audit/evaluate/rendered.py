"""Rendered clips: what was seen in one, beside everything that is known of it."""

import functools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from audit.evaluate.metres import FRAME_S, Array, Pair, at_box, pair_at
from audit.evaluate.truth import SUFFIX, BadTruth, Body, Lens, Moment, Truth, load_truth
from audit.interactions import Channel, Conversation, Role, Roles
from audit.signals import event_kinds
from audit.speakers import Speakers
from models.camera import Camera
from models.geometry import horizontal
from models.observations import Observations, People, PersonTrack, Span, span
from models.observe import Listening, observe
from models.perceiving import Looking, Progress
from models.phrases import Phrases

LABELS = {
    "arms_crossed": "arms_crossed",
    "hands_on_hips": "hands_on_hips",
    "hands_behind_back": "hands_behind_back",
    "pointing": "pointing",
    "open_palms": "open_palm",
    "open_palm_right": "open_palm",
    "hand_on_face": "hand_on_face",
    "thumbs_up": "thumbs_up",
    "hands_in_pockets": "hands_in_pockets",
    "handshake": "handshake",
    "gives_object": "gives_object",
    "leaning_on_counter": "leaning",
    "sitting": "sitting",
}
"""The labels of rendered gestures, and the kinds of event that they are."""

PASSED_OVER = {"open_palm": "wave", "hands_in_pockets": "hand_in_pocket", "leaning": "leaning_a_little"}
"""Labels that show what a kind looks for and something else too: they count neither way."""

SMILES, FRONTAL_DEG = 0.5, 30.0
"""A rendered smile above this (of a mouth pulled to 1) has to be seen up to this turn of the head: beyond it
MediaPipe's mouthSmile falls below 0.29, and a person in front sees one corner of the mouth."""


@dataclass(frozen=True)
class Clip:
    """One rendered clip; `people` were located by the right camera."""

    name: str
    truth: Truth
    observations: Observations

    @functools.cached_property
    def people(self) -> People:
        """Everybody who was seen.

        Raises:
            BadTruth: nobody could look, because weights are missing.
        """
        if self.observations.people is None:
            reason = dict(self.observations.missing).get("people", "no picture")
            raise BadTruth(self.name, reason, "a video that can be looked at")
        return self.observations.people

    @functools.cached_property
    def moments(self) -> tuple[tuple[Moment, dict[str, PersonTrack | None]], ...]:
        """Each frame of the truth that was looked at, with the track of everybody who is visible in it."""
        found = []
        for moment in self.truth.frames:
            time_s = round(moment.t, 3)
            if np.abs(self.people.times_s - time_s).min(initial=np.inf) < FRAME_S:
                boxes = {label: _box(body) for label, body in moment.persons.items() if body.visible}
                who = {label: at_box(self.people, box, time_s) for label, box in boxes.items()}
                found.append((moment, who))
        return tuple(found)

    @functools.cached_property
    def persons(self) -> dict[str, str]:
        """Label of a track → who it is by the truth, in most frames; nobody's tracks are not in it."""
        votes: dict[str, Counter[str]] = {}
        for _, who in self.moments:
            for label, track in who.items():
                if track is not None:
                    votes.setdefault(track.label, Counter())[label] += 1
        return {track: counted.most_common(1)[0][0] for track, counted in votes.items()}

    def role(self, label: str) -> Role:
        """The true role of a person of the truth."""
        return Role.AGENT if self.truth.persons[label].role == "employee" else Role.CUSTOMER

    @functools.cached_property
    def conversation(self) -> Conversation:
        """What was observed with the true roles filled in, of tracks and of sound channels."""
        of = {track: self.role(label) for track, label in self.persons.items()}
        of |= self._voices()
        speakers = Speakers(Channel.IN_PERSON, self.observations, Phrases("en", {}))
        return Conversation(
            Channel.IN_PERSON, self.observations, Roles(tuple(of.items()), "true", 1.0), speakers
        )

    def _voices(self) -> dict[str, Role]:
        """The role that speaks most while there is sound on each channel."""
        found = {}
        for active in self.observations.activity or ():
            shared_s: dict[Role, float] = {}
            for said in self.truth.transcript:
                role, spoken = self.role(said.speaker), Span(said.start, said.end)
                together_s = sum((spoken & s).duration_s for s in active.spans)
                shared_s[role] = shared_s.get(role, 0.0) + together_s
            if active.speaker is not None and any(shared_s.values()):
                found[active.speaker] = max(shared_s, key=lambda role: shared_s[role])
        return found

    def found(self, kind: str, role: Role | None) -> tuple[Span, ...]:
        """When a person of this role does it, as far as was found."""
        return tuple(e.span for e in event_kinds()[kind].find(self.conversation) if e.role == role)

    def pairs(self, people: People) -> list[Pair]:
        """Every two people of the truth who are both visible; `people` are the same, by any camera."""
        tracks = {track.label: track for track in people.tracks}

        def same(track: PersonTrack | None) -> PersonTrack | None:
            return None if track is None else tracks[track.label]

        found = []
        for moment, who in self.moments:
            for names, pair in moment.pairs.items():
                one, other = names.split("|")
                if one in who and other in who:
                    time_s, true_m = round(moment.t, 3), pair.ground_distance_m
                    found.append(pair_at(people, same(who[one]), same(who[other]), time_s, true_m))
        return found


class Place(NamedTuple):
    """A person in one frame: whether a track was found, and how far off it was located (NaN: not at all)."""

    label: str
    found: bool
    off_m: float


def places(clip: Clip) -> Iterator[Place]:
    """Everybody who is visible in each frame that was looked at; metres are horizontal."""
    lens, up = clip.truth.camera, np.asarray(clip.people.up, np.float64)
    for moment, who in clip.moments:
        for label, track in who.items():
            off_m = np.nan
            if track is not None:
                row = int(np.abs(track.times_s - moment.t).argmin())
                true_m = np.array(lens.R) @ np.array(moment.persons[label].hip_centre) + np.array(lens.t)
                read_m = np.asarray(track.position_m[row], np.float64)
                off_m = float(np.linalg.norm(horizontal(read_m - true_m, up)))
            yield Place(label, track is not None, off_m)


def watch(path: Path, progress: Progress = lambda done_s, all_s: None) -> Clip:
    """The clip that a truth file belongs to, looked at and listened to.

    Raises:
        BadTruth: the truth cannot be read, or its video is not beside it.
        media.UnreadableMedia: the video cannot be read.
    """
    truth = load_truth(path)
    name = path.name.removesuffix(SUFFIX)
    video = path.with_name(f"{name}.mp4")
    if not video.is_file():
        raise BadTruth(str(path), f"no {video.name}", "the video beside its truth")
    looking = Looking(camera=_camera(truth.camera, video))
    needs = frozenset({"people", "activity"})
    observations, _ = observe(video, needs, Listening("en", looking=looking), progress=progress)
    return Clip(name, truth, observations)


def _camera(lens: Lens, video: Path) -> Camera:
    from models.media import probe

    size_px = probe(video).size_px or (0, 0)
    return Camera(size_px, (lens.fx, lens.fy), (lens.cx, lens.cy))


def _box(body: Body) -> Array:
    return np.array(body.bbox2d, np.float64)


def labelled(clip: Clip, label: str, names: set[str]) -> tuple[Span, ...]:
    """When a person of the truth does something with one of these names."""
    done = clip.truth.gestures.get(label, ())
    return tuple(span(one.start, one.end) for one in done if one.label in names)


def smiling(clip: Clip, label: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """When a person smiles with the face to the camera, and when that cannot be asked for: a face that is
    turned away, or a smile on its way."""
    bodies = [(m.t, m.persons[label]) for m in clip.truth.frames if label in m.persons]
    sure = [(t, b.smile >= SMILES and _frontal(b)) for t, b in bodies]
    perhaps = [(t, b.smile > 0 and not (b.smile >= SMILES and _frontal(b))) for t, b in bodies]
    return _stretches(sure, clip.truth.duration_s), _stretches(perhaps, clip.truth.duration_s)


def smile_starts_s(clip: Clip, label: str) -> list[float]:
    """When the truth's `intervals` say that a person begins to smile, while the face can be seen."""
    starts = [start_s for start_s, _ in clip.truth.intervals.get("employee_smile_over_half", ())]
    seen = {round(m.t, 3): m.persons[label] for m in clip.truth.frames if label in m.persons}
    return [s for s in starts if (body := seen.get(round(s, 3))) is not None and _frontal(body)]


def _frontal(body: Body) -> bool:
    turned = body.head_yaw_to_camera_deg
    return body.visible and turned is not None and abs(turned) <= FRONTAL_DEG


def _stretches(marked: list[tuple[float, bool]], end_s: float) -> tuple[Span, ...]:
    """The spans in which the mark holds; a frame lasts until the next one."""
    found: list[Span] = []
    open_s: float | None = None
    for time_s, holds in [*marked, (end_s, False)]:
        if holds and open_s is None:
            open_s = time_s
        elif not holds and open_s is not None:
            found.append(span(open_s, time_s))
            open_s = None
    return tuple(found)
