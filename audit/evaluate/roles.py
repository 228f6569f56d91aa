"""Whether people are told apart as staff and customers, and counted, as the truth says."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from audit import yamlfile
from audit.evaluate.rendered import Clip
from audit.evaluate.truth import VISIBLE, rows
from audit.interactions import Role
from audit.palette import Palette
from audit.person_roles import person_roles
from models.camera import load_camera
from models.observations import People
from models.people import perceive_people
from models.perceiving import Progress

ROLES = (Role.AGENT, Role.CUSTOMER)
"""In the order of `truth.VISIBLE`."""

MIDDLE_S = 1.0
"""People are counted so long before and after the middle: in one frame somebody may be missed."""


CAMERA, HOUSE = ".camera.yaml", ".house.yaml"
"""The camera file of a clip, and the colours of its house (`appearance` of a rubric), by their suffixes."""


class Told(NamedTuple):
    """One question about a role: whether it was answered at all, and rightly."""

    answered: bool
    right: bool


def of_rendered(clips: Sequence[Clip]) -> list[Told]:
    """Of each person seen in rendered clips: the role by the house's colour, place and time."""
    told = []
    for clip in clips:
        found = dict(person_roles(clip.people, {}, house_of(clip)).of)
        for track, label in clip.persons.items():
            told.append(Told(track in found, found.get(track) == clip.role(label)))
    return told


def house_of(clip: Clip) -> Palette | None:
    """The colour of the employees' uniform, as it should be where one wears another."""
    worn = [p.uniform_srgb for p in clip.truth.persons.values() if p.role == "employee" and p.uniform_srgb]
    colour = clip.truth.spec.get("expected_uniform_srgb") or (worn[0] if worn else None)
    return Palette(upper=("#{:02x}{:02x}{:02x}".format(*colour),)) if colour else None


class Scene(NamedTuple):
    """One clip of a table: the answers about staff and customers, people in its middle and by the truth."""

    told: tuple[Told, ...]
    counted: int
    true_count: int | None


def scene(people: People, row: Mapping[str, str], house: Palette | None = None) -> Scene:
    """What was seen in a clip beside its row; `unclear` is no question. The role is answered when somebody
    has one; nobody is of a role when others are of the other one, or nobody was seen."""
    known = set(dict(person_roles(people, {}, house).of).values())
    answered = bool(known) or not people.tracks
    told = tuple(
        Told(answered, (role in known) == (row[column] == "yes") if answered else False)
        for column, role in zip(VISIBLE, ROLES, strict=True)
        if row[column] in ("yes", "no")
    )
    estimate = row.get("people_mid_frame_estimate", "")
    return Scene(told, in_the_middle(people), int(estimate) if estimate.isdigit() else None)


def in_the_middle(people: People) -> int:
    """How many people are found in the frames around the middle of a recording, in the median."""
    if not len(people.times_s):
        return 0
    around = people.times_s[np.abs(people.times_s - np.median(people.times_s)) <= MIDDLE_S]
    counted = [sum(bool((track.times_s == at).any()) for track in people.tracks) for at in around]
    return round(float(np.median(counted)))


def scenes(
    labels: Path, title: Callable[[str], AbstractContextManager[Progress]]
) -> list[tuple[Scene, Scene | None]]:
    """Every clip of a table `labels.csv` as it is, and as it is with what is known of its house.

    `NAME.camera.yaml` beside a clip tells where its counter is, `NAME.house.yaml` what colours its house
    wears; None where neither lies there.

    Raises:
        media.UnreadableMedia: a clip that is named cannot be read.
        camera.BadCamera, yamlfile.BadFile: one of the files beside it cannot be read.
    """
    found = []
    for row in rows(labels):
        with title(row["file"]) as report:
            path = labels.parent / row["file"]
            camera_file, house_file = path.with_suffix(CAMERA), path.with_suffix(HOUSE)
            camera = load_camera(camera_file) if camera_file.is_file() else None
            house = _house(house_file) if house_file.is_file() else None
            people = perceive_people(path, camera, progress=report)
            bare = msgspec.structs.replace(people, camera=msgspec.structs.replace(people.camera, zones=()))
            found.append((scene(bare, row), scene(people, row, house) if camera or house else None))
    return found


def _house(path: Path) -> Palette | None:
    document = yamlfile.read_document(path)
    palette = yamlfile.check(document, Palette)
    document.raise_problems()
    return palette


def summary(told: Sequence[Told]) -> dict[str, Any]:
    """How many questions, the share answered, and the share right of all and of those answered."""
    answered = [one for one in told if one.answered]
    return {
        "asked": len(told),
        "answered": _share(len(answered), len(told)),
        "accuracy": _share(sum(one.right for one in told), len(told)),
        "right_of_answered": _share(sum(one.right for one in answered), len(answered)),
    }


def counts(found: Sequence[Scene]) -> dict[str, Any]:
    """How far the number of people is from the truth."""
    off = [abs(one.counted - one.true_count) for one in found if one.true_count is not None]
    return {
        "clips": len(off),
        "count_mae": round(float(np.mean(off)), 3) if off else None,
        "within_one": _share(sum(n <= 1 for n in off), len(off)),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None
