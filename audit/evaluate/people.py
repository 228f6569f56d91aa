"""How right what is seen of people is: distances, gestures, smiles, events and roles against truth."""

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from audit.evaluate import metres, roles, smiles
from audit.evaluate.matching import Tally, tally, together
from audit.evaluate.rendered import (
    LABELS,
    PASSED_OVER,
    Clip,
    Place,
    labelled,
    places,
    smile_starts_s,
    smiling,
    watch,
)
from audit.evaluate.truth import BadTruth, Found, find_truth
from audit.interactions import Role
from audit.signals import event_kinds
from audit.signals.proxemics import closer_than
from models.camera import assumed_camera
from models.errors import ComportError
from models.geometry import located
from models.observations import Span
from models.perceiving import Progress

Title = Callable[[str], contextlib.AbstractContextManager[Progress]]
"""Gets what is looked at, gives a function that is told how far it is."""

JUDGED = ("arms_crossed", "hands_on_hips", "pointing", "open_palm", "hands_behind_back", "hand_on_face")
"""The gestures whose mean F1 is `gesture_f1`."""

ALSO = ("thumbs_up", "hands_in_pockets", "leaning", "sitting", "handshake", "gives_object")
"""Reported beside them: of most the clips of gestures hold none, so that what is found there is false."""

TOO_CLOSE_M = 0.76
"""The nearest that an employee may stand without a reason (2.5 feet): the rendered demo's truth counts so."""


KNOWN, UNKNOWN = "rendered, right camera", "rendered, unknown camera"

RANGE_FIGURES = ("pairs", "found_share", "mae_m", "median_m", "bias_m", "interval_coverage")


def evaluate_people(folder: Path, title: Title) -> dict[str, Any]:
    """Every figure for which the folder has truth, the others None; `tables` holds what they come from.

    Raises:
        BadTruth: there is no truth, or some that cannot be read.
        media.UnreadableMedia, weights.MissingWeights: what it is about cannot be looked at.
    """
    found = find_truth(folder)
    tables: dict[str, Any] = {}
    pairs: dict[str, list[metres.Pair]] = {}
    clips = [_watched(path, title) for path in found.rendered]
    if clips:
        pairs[KNOWN], pairs[UNKNOWN] = _pairs(clips, known=True), _pairs(clips, known=False)
        tables["signals"] = signals(clips)
        tables["events"] = events(clips)
        tables["geometry only"] = by_group(clips)
    real = _real_people(found, title)
    pairs |= real
    if pairs:
        tables["metres"] = {name: metres.figures(of) for name, of in pairs.items()}
        tables["ranges"] = {
            f"{name}, {between}": {k: told[k] for k in RANGE_FIGURES}
            for name, of in pairs.items()
            for between, told in metres.by_range(of).items()
        }
    if found.smiles:
        tables["smiles"] = _smiles_told(found.smiles, title)
    if told := _roles_told(clips, found, title):
        tables["roles"] = told
    return _figures(tables, list(real)) | {"tables": tables}


def _smiles_told(tables: Sequence[Path], title: Title) -> dict[str, Any]:
    read = []
    for labels in tables:
        with title(labels.parent.name) as report, _explained(labels):
            read += smiles.read(labels, report)
    return smiles.summary(read)


def _roles_told(clips: Sequence[Clip], found: Found, title: Title) -> dict[str, Any]:
    told = roles.of_rendered(clips)
    tables = {"rendered": roles.summary(told)} if told else {}
    for labels in found.scenes:
        with _explained(labels):
            seen = roles.scenes(labels, title)
        best = [house or bare for bare, house in seen]
        told += [one for scene in best for one in scene.told]
        name = labels.parent.name
        for called, of in ((name, [bare for bare, _ in seen]), (f"{name}, house known", best)):
            if called == name or any(house for _, house in seen):
                asked = [one for scene in of for one in scene.told]
                tables[called] = roles.summary(asked) | roles.counts(of)
    return tables | {"accuracy": roles.summary(told)["accuracy"]} if told else {}


def _watched(path: Path, title: Title) -> Clip:
    with title(path.name) as report, _explained(path):
        return watch(path, report)


def _real_people(found: Found, title: Title) -> dict[str, list[metres.Pair]]:
    told = {}
    sets = [("panoptic", one, metres.panoptic) for one in found.panoptic]
    sets += [("pets", one, metres.pets) for one in found.pets]
    for name, folder, read in sets:
        with title(f"{name} {folder.name}") as report, _explained(folder):
            told[f"{name} ({folder.name})"] = read(folder, report)
    return told


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """What is missing, no number or no XML in truth becomes an error that names it."""
    try:
        yield
    except ComportError:
        raise
    except (KeyError, ValueError, TypeError, IndexError, SyntaxError, OSError) as error:
        found = f"truth with {type(error).__name__} {error}"
        raise BadTruth(str(path), found, "the data set as it is given out") from error


def _pairs(clips: Sequence[Clip], known: bool) -> list[metres.Pair]:
    found = []
    for clip in clips:
        people = clip.people if known else located(clip.people, assumed_camera(clip.people.size_px))
        found += clip.pairs(people)
    return found


def signals(clips: Sequence[Clip]) -> dict[str, dict[str, Any]]:
    """For each kind of event how often it was found rightly, and how far off in time."""
    told = {}
    for kind in (*JUDGED, *ALSO):
        if kind in event_kinds():
            told[kind] = _row([_gestures(clip, kind, role) for clip in clips for role in _roles(clip)])
    if "smile" in event_kinds():
        told["smile"] = _row([_smiles(clip, role) for clip in clips for role in _roles(clip)])
    return told


def _roles(clip: Clip) -> list[Role | None]:
    """The roles that somebody has by the truth, and None for people who are not there."""
    return [*dict.fromkeys(map(clip.role, clip.truth.persons)), None]


def _of(clip: Clip, role: Role | None) -> list[str]:
    return [label for label in clip.truth.persons if clip.role(label) == role]


def _gestures(clip: Clip, kind: str, role: Role | None) -> tuple[Tally, float]:
    names = {label for label, of in LABELS.items() if of == kind}
    true = [s for one in _of(clip, role) for s in labelled(clip, one, names)]
    over = [s for one in _of(clip, role) for s in labelled(clip, one, {PASSED_OVER.get(kind, "")})]
    return tally(clip.found(kind, role), true, over), _idle_s(clip, role)


def _smiles(clip: Clip, role: Role | None) -> tuple[Tally, float]:
    spans = [smiling(clip, one) for one in _of(clip, role)]
    true, over = ([s for both in spans for s in both[which]] for which in (0, 1))
    return tally(clip.found("smile", role), true, over), 0.0


def _idle_s(clip: Clip, role: Role | None) -> float:
    """Seconds for which people of the role who make no gesture at all in this clip are in it."""
    people = _of(clip, role)
    idle = [] if any(labelled(clip, one, {*LABELS, *PASSED_OVER.values()}) for one in people) else people
    step_s = clip.truth.duration_s / max(1, len(clip.truth.frames))
    return step_s * sum(m.persons[one].visible for m in clip.truth.frames for one in idle if one in m.persons)


def _row(each: list[tuple[Tally, float]]) -> dict[str, Any]:
    whole = together(one for one, _ in each)
    idle_s = sum(idle for _, idle in each)
    idle_alarms = sum(one.false_alarms for one, idle in each if idle)
    return {
        "true": whole.hits + whole.misses,
        "hits": whole.hits,
        "false_alarms": whole.false_alarms,
        "precision": whole.precision,
        "recall": whole.recall,
        "f1": whole.f1,
        "start_off_s": _median_size(whole.starts_off_s),
        "end_off_s": _median_size(whole.ends_off_s),
        "idle_min": round(idle_s / 60, 2),
        "idle_alarms_per_min": round(60 * idle_alarms / idle_s, 3) if idle_s else None,
    }


def _median_size(values: Sequence[float]) -> float | None:
    return round(float(np.median(np.abs(values))), 3) if len(values) else None


def events(clips: Sequence[Clip]) -> list[dict[str, Any]]:
    """Each event whose true time is known to the frame: when it was, when it was found, seconds between.

    What was not found is off by the length of the clip.
    """
    told = []
    for clip in clips:
        for what, true_s, found in _timed(clip):
            nearest = min(found, key=lambda s: abs(s.start_s - true_s), default=None)
            off_s = clip.truth.duration_s if nearest is None else abs(nearest.start_s - true_s)
            told.append(
                {
                    "clip": clip.name,
                    "event": what,
                    "true_s": round(true_s, 3),
                    "found_s": None if nearest is None else nearest.start_s,
                    "off_s": round(off_s, 3),
                }
            )
    return told


def _timed(clip: Clip) -> Iterator[tuple[str, float, tuple[Span, ...]]]:
    """(what, its true start, what was found of this kind) of events in clips that hold more than gestures."""
    truth, kinds = clip.truth, event_kinds()
    for happened in truth.events:
        if happened.event == "employee_greets" and "greeted" in kinds:
            yield "greeting", happened.t, clip.found("greeted", Role.AGENT)
    for label in _of(clip, Role.AGENT):
        for start_s in smile_starts_s(clip, label) if "smile" in kinds else ():
            yield "smile", start_s, clip.found("smile", Role.AGENT)
    for start_s, _ in truth.intervals.get("under_0_76m", ()):
        near = closer_than(clip.conversation, TOO_CLOSE_M)
        yield "too close", start_s, tuple(e.span for e in near)
    if truth.events and "arms_crossed" in kinds:
        for label in _of(clip, Role.AGENT):
            for crossed in labelled(clip, label, {"arms_crossed"}):
                yield "arms crossed", crossed.start_s, clip.found("arms_crossed", Role.AGENT)


def by_group(clips: Sequence[Clip]) -> dict[str, dict[str, Any]]:
    """Persons of the rendered clips by sex, skin tone and height: share of frames in which they are found,
    how far from their true place, and gestures found. It says how the geometry fares, and of fairness to
    real people nothing."""
    groups: dict[str, list[tuple[Clip, str]]] = {}
    for clip in clips:
        for label, person in clip.truth.persons.items():
            tall = "height unsaid" if person.height_m is None else _height(person.height_m)
            for group in (person.sex, f"{person.skin_tone} skin", tall):
                groups.setdefault(group, []).append((clip, label))
    placed: dict[tuple[str, str], list[Place]] = {}
    for clip in clips:
        for place in places(clip):
            placed.setdefault((clip.name, place.label), []).append(place)
    return {name: _group(members, placed) for name, members in sorted(groups.items())}


HEIGHTS_M = (1.7, 1.8)


def _height(height_m: float) -> str:
    low, high = HEIGHTS_M
    if height_m < low:
        return f"below {low:.2f} m"
    return f"{low:.2f} to {high:.2f} m" if height_m < high else f"from {high:.2f} m"


def _group(members: list[tuple[Clip, str]], placed: dict[tuple[str, str], list[Place]]) -> dict[str, Any]:
    seen = [place for clip, label in members for place in placed.get((clip.name, label), ())]
    off_m = [place.off_m for place in seen if not math.isnan(place.off_m)]
    made = [
        tally(clip.found(kind, clip.role(label)), labelled(clip, label, names))
        for clip, label in members
        for kind in JUDGED
        if kind in event_kinds() and (names := {name for name, of in LABELS.items() if of == kind})
    ]
    return {
        "persons": len(members),
        "frames": len(seen),
        "found_share": round(sum(p.found for p in seen) / len(seen), 3) if seen else None,
        "place_mae_m": round(float(np.mean(off_m)), 3) if off_m else None,
        "gesture_recall": together(made).recall,
    }


def _figures(tables: dict[str, Any], real: list[str]) -> dict[str, float | None]:
    """The figures by name, from the tables."""
    distances = tables.get("metres", {})
    known, unknown = distances.get(KNOWN, {}), distances.get(UNKNOWN, {})
    medians = [distances[name]["median_m"] for name in real if distances[name]["median_m"] is not None]
    shares = [distances[name]["found_share"] for name in real] or [known.get("found_share")]
    f1 = [tables["signals"][kind]["f1"] for kind in JUDGED if kind in tables.get("signals", {})]
    f1 = [one for one in f1 if one is not None]
    return {
        "distance_mae_m": known.get("mae_near_m"),
        # Of several data sets of real people the worst.
        "distance_median_m": max(medians, default=None),
        "interval_coverage": unknown.get("interval_coverage"),
        "zone_accuracy": known.get("zone_accuracy"),
        "found_share": min((s for s in shares if s is not None), default=None),
        "gesture_f1": round(sum(f1) / len(f1), 3) if f1 else None,
        "smile_auc": tables.get("smiles", {}).get("auc"),
        "event_time_error_s": max((one["off_s"] for one in tables.get("events", ())), default=None),
        "role_accuracy": tables.get("roles", {}).get("accuracy"),
    }
