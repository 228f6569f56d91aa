"""What faces and heads do: when it is found, and when nobody can tell."""

from pathlib import Path

import numpy as np
import pytest

from audit.interactions import Channel, Role
from audit.judge import Verdict, judge
from audit.signals import event_kinds, measure_kinds
from models.faces import both, face_in, smile_score
from models.gaze import heads, towards
from models.landmarks import Landmarkers
from models.observations import BLENDSHAPES, Observed, Provenance, Recording, gather
from tests import build

FACES = Path(__file__).parent / "faces"


def looking(
    n,
    yaw_deg=0.0,
    pitch_deg=0.0,
    at_m=(0.0, 4.0),
    label="person-0",
    frames_per_s=5,
    sd_m=(0.05, 0.1),
    **movements,
):
    """Somebody at (x, z) metres; yaw, pitch and movements of the face are numbers or n of them."""
    yaw_deg, pitch_deg = (np.broadcast_to(v, n).astype(float) for v in (yaw_deg, pitch_deg))
    expression = np.zeros((n, 52))
    for name, value in movements.items():
        for side in ("Left", "Right"):
            expression[:, BLENDSHAPES.index(name + side)] = value
    # Beyond 60 degrees no face is found.
    hidden = np.abs(yaw_deg) > 60
    expression[hidden] = np.nan
    head_deg = np.stack([yaw_deg, pitch_deg, np.zeros(n)], axis=1)
    head_deg[hidden] = np.nan
    at_px = (320 + 640 * at_m[0] / at_m[1], 180.0)
    bodies = [build.looks(1, float(yaw), at_px) for yaw in yaw_deg]
    arrays = {name: np.concatenate([body[name] for body in bodies]) for name in bodies[0]}
    return build.track(
        n,
        label,
        times_s=np.arange(n) / frames_per_s,
        expression=expression,
        head_deg=head_deg,
        position_m=np.tile([at_m[0], 0.0, at_m[1]], (n, 1)),
        position_sd_m=np.tile(sd_m, (n, 1)),
        **arrays,
    )


def conversation(tmp_path, *tracks, roles=None, standard=None):
    seen = build.people(list(tracks))
    observed = Observed(build.IDENTITY, Provenance("people", "mediapipe", "1", "", ()), people=seen)
    recording = Recording(build.IDENTITY, float(seen.times_s[-1]) + 0.2, 0, 0, "")
    standards = standard or "- {id: a, title: A, avoid: {event: silence}}"
    rubric = build.rubric(tmp_path, standards)
    known = {"person-0": Role.AGENT, "person-1": Role.CUSTOMER} if roles is None else roles
    return rubric, build.conversation(rubric, gather(recording, (observed,), ()), Channel.VIDEO, known)


def found(tmp_path, kind, *tracks):
    """Spans of the agent's events of a kind, and how much of the time it could be seen."""
    _, one = conversation(tmp_path, *tracks)
    kind = event_kinds()[kind]
    spans = [(e.span.start_s, e.span.end_s) for e in kind.find(one) if e.role == Role.AGENT]
    return spans, kind.seen(one, Role.AGENT, one.whole)


def part(n, first, after, value, otherwise=0.0):
    values = np.full(n, otherwise)
    values[first:after] = value
    return values


@pytest.mark.parametrize(
    ("movements", "score"),
    [
        ({}, 0.0),
        ({"mouthSmile": 0.6}, 0.6),
        ({"mouthSmile": 0.4, "mouthStretch": 0.3, "mouthUpperUp": 0.2}, 0.8),
        ({"mouthSmile": 0.9, "mouthStretch": 0.6}, 1.0),
        ({"browDown": 0.9, "eyeBlink": 0.5}, 0.0),
        ({"mouthSmile": np.nan}, np.nan),
    ],
)
def test_a_smile_is_corners_width_and_teeth(movements, score):
    row = looking(1, **movements).expression
    assert smile_score(row) == pytest.approx([score], abs=0.002, nan_ok=True)
    assert smile_score(row[0]) == pytest.approx(score, abs=0.002, nan_ok=True)


def test_both_sides_count_alike():
    row = np.zeros(52)
    row[BLENDSHAPES.index("browDownLeft")] = 0.8
    assert both(row, "browDown") == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("smile", "yaw_deg", "spans", "seen"),
    [
        (0.0, 0.0, [], 1.0),
        (part(40, 10, 20, 0.8), 0.0, [(1.9, 3.9)], 1.0),
        (part(40, 10, 20, 0.4), 0.0, [], 1.0),
        (part(40, 10, 12, 0.8), 0.0, [], 1.0),  # two frames are a slip
        (part(40, 10, 30, 0.8) - part(40, 18, 20, 0.7), 0.0, [(1.9, 5.9)], 1.0),  # hidden by a word
        (part(40, 10, 30, 0.8) - part(40, 20, 30, 0.5), 0.0, [(1.9, 5.9)], 1.0),  # fading
        (0.0, 35.0, [], 0.0),  # a turned head may smile unseen
        (part(40, 10, 20, 0.8), 35.0, [(1.9, 3.9)], 0.25),  # but what is seen, is
        (0.8, 75.0, [], 0.0),
    ],
)
def test_smiles(tmp_path, smile, yaw_deg, spans, seen):
    assert found(tmp_path, "smile", looking(40, yaw_deg, mouthSmile=smile)) == (
        spans,
        pytest.approx(seen, abs=0.01),
    )


@pytest.mark.parametrize(
    ("event", "movement", "values", "yaw_deg", "pitch_deg", "spans", "seen"),
    [
        ("brow_lowered", "browDown", part(40, 10, 20, 0.7, 0.1), 0, 0, [(1.9, 3.9)], 0.25),
        ("brow_lowered", "browDown", 0.7, 0, 0, [], 0.0),  # it is how this face looks
        ("brow_lowered", "browDown", part(40, 10, 20, 0.7, 0.1), 40, 0, [], 0.0),
        ("eyes_closed", "eyeBlink", part(40, 10, 20, 0.8, 0.1), 0, 0, [(1.9, 3.9)], 1.0),
        ("eyes_closed", "eyeBlink", part(40, 10, 12, 0.8, 0.1), 0, 0, [], 1.0),  # a blink
        ("eyes_closed", "eyeBlink", 0.8, 0, -25, [], 0.0),  # reads something on the desk
    ],
)
def test_brows_and_eyes(tmp_path, event, movement, values, yaw_deg, pitch_deg, spans, seen):
    one = looking(40, yaw_deg, pitch_deg, **{movement: values})
    assert found(tmp_path, event, one) == (spans, seen)


@pytest.mark.parametrize(
    ("yaw_deg", "faces", "looks"),
    [
        (90.0, True, False),  # at the customer, two metres to the right of the picture
        (60.0, True, False),
        (0.0, False, True),  # into the camera
        (-90.0, False, True),
        (180.0, False, True),
        (42.0, False, False),  # in between
    ],
)
def test_heads_turn_to_somebody_or_away(tmp_path, yaw_deg, faces, looks):
    pair = looking(20, yaw_deg), looking(20, -90.0, at_m=(2.0, 4.0), label="person-1")
    for kind, expected in (("faces_other", faces), ("looks_away", looks)):
        spans, seen = found(tmp_path, kind, *pair)
        assert (spans, seen) == ([(0.0, 3.9)] if expected else [], 1.0)


def test_a_lowered_brow_decides_nothing(tmp_path):
    """Rendered brows that are clearly lowered read as none, and some faces at rest as lowered."""
    for brow in (part(40, 10, 20, 0.7, 0.1), 0.1):
        rule = "- {id: a, title: A, avoid: {event: brow_lowered}, by: agent}"
        rubric, one = conversation(tmp_path, looking(40, browDown=brow), standard=rule)
        [finding] = judge(rubric, one)
        assert finding.verdict == Verdict.CANNOT_TELL


def test_where_nobody_else_is_nobody_is_faced_and_nobody_looked_away_from(tmp_path):
    for kind in ("faces_other", "looks_away"):
        assert found(tmp_path, kind, looking(20, 0.0)) == ([], 1.0)


def test_colleagues_are_not_whom_a_head_turns_to(tmp_path):
    pair = looking(20, 90.0), looking(20, -90.0, at_m=(2.0, 4.0), label="person-1")
    _, one = conversation(tmp_path, *pair, roles={"person-0": Role.AGENT, "person-1": Role.AGENT})
    assert event_kinds()["faces_other"].find(one) == ()


def test_two_who_stand_one_behind_the_other_are_too_unsure(tmp_path):
    pair = looking(20, 0.0, sd_m=(0.3, 0.5)), looking(20, at_m=(0.1, 4.3), label="person-1", sd_m=(0.3, 0.5))
    assert found(tmp_path, "faces_other", *pair) == ([], 0.0)


def swinging(hz, degrees, frames_per_s, n_s=8.0, at_s=(3.0, 5.0)):
    """A head that goes to and fro by so many degrees in all, from and until these times, with a little noise."""
    times_s = np.arange(round(n_s * frames_per_s)) / frames_per_s
    inside = (times_s >= at_s[0]) & (times_s < at_s[1])
    noise = np.random.default_rng(1).normal(0, 0.5, len(times_s))
    return noise + np.where(inside, degrees / 2 * np.cos(2 * np.pi * hz * (times_s - at_s[0])), 0.0)


@pytest.mark.parametrize(
    ("hz", "degrees", "frames_per_s", "nods", "seen"),
    [
        (1.5, 12.0, 10, 1, 1.0),
        (2.5, 12.0, 10, 1, 1.0),
        (0.3, 12.0, 10, 0, 1.0),  # slow looks up and down
        (1.5, 2.0, 10, 0, 1.0),
        (1.2, 12.0, 5, 1, None),
        (1.2, 0.0, 5, 0, 0.0),  # between five pictures a second a nod may hide
        (1.2, 12.0, 3, 0, 0.0),
    ],
)
@pytest.mark.parametrize(("event", "axis"), [("nod", "pitch_deg"), ("head_shake", "yaw_deg")])
def test_nods_and_shakes(tmp_path, hz, degrees, frames_per_s, nods, seen, event, axis):
    turns = swinging(hz, degrees, frames_per_s)
    one = looking(len(turns), frames_per_s=frames_per_s, **{axis: turns})
    spans, share = found(tmp_path, event, one)
    assert len(spans) == nods
    assert seen is None or share == seen
    other = "head_shake" if event == "nod" else "nod"
    assert found(tmp_path, other, one)[0] == []


def measured(tmp_path, name, *tracks):
    _, one = conversation(tmp_path, *tracks)
    return measure_kinds()[name].take(one, Role.AGENT, one.whole)


def test_the_share_of_smiles_says_what_turned_heads_may_hide(tmp_path):
    smile = part(40, 0, 20, 0.8)
    plain = measured(tmp_path, "smile_share", looking(40, mouthSmile=smile))
    assert (plain.value, plain.low, plain.high, plain.coverage) == (50.0, 50.0, 50.0, 1.0)
    assert [e.duration_s for e in plain.evidence] == pytest.approx([4.0], abs=0.2)
    turned = measured(tmp_path, "smile_share", looking(40, part(40, 30, 40, 40.0), mouthSmile=smile))
    assert (turned.low, turned.high, turned.coverage) == (50.0, 75.0, 0.75)
    gone = measured(tmp_path, "smile_share", looking(40, part(40, 10, 40, 90.0), mouthSmile=smile))
    assert gone.coverage == 0.25
    assert "no face of the agent" in measured(tmp_path, "smile_share", looking(40, 90.0)).reason


def test_the_share_of_facing_counts_only_time_with_somebody_there(tmp_path):
    here = looking(20, 90.0)
    there = looking(10, -90.0, at_m=(2.0, 4.0), label="person-1")
    assert measured(tmp_path, "facing_share", here, there).value == 100.0
    aside = looking(20, part(20, 5, 20, -90.0, 90.0))
    assert measured(tmp_path, "facing_share", aside, there).value == 50.0
    assert "never seen with somebody" in measured(tmp_path, "facing_share", here).reason


@pytest.mark.parametrize(
    ("standard", "yaw_deg", "smile", "expected"),
    [
        ("avoid: {event: smile}, by: agent", 0.0, 0.8, Verdict.MISSED),
        ("avoid: {event: smile}, by: agent", 0.0, 0.0, Verdict.MET),
        ("avoid: {event: smile}, by: agent", 40.0, 0.0, Verdict.CANNOT_TELL),
        ("keep: {measure: smile_share, at_least: 30 %}", 0.0, 0.8, Verdict.MET),
        ("keep: {measure: smile_share, at_least: 30 %}", 0.0, 0.0, Verdict.MISSED),
        ("keep: {measure: smile_share, at_least: 30 %}", 40.0, 0.0, Verdict.CANNOT_TELL),
        ("keep: {measure: smile_share, at_least: 30 %}", 90.0, 0.0, Verdict.CANNOT_TELL),
        ("keep: {measure: facing_share, at_least: 30 %}", 0.0, 0.0, Verdict.CANNOT_TELL),
    ],
)
def test_verdicts_on_faces(tmp_path, standard, yaw_deg, smile, expected):
    rubric, one = conversation(
        tmp_path, looking(40, yaw_deg, mouthSmile=smile), standard=f"- {{id: a, title: A, {standard}}}"
    )
    [finding] = judge(rubric, one)
    assert finding.verdict == expected


@pytest.mark.parametrize("yaw_deg", [0.0, 45.0, 90.0, 135.0, 180.0, -120.0])
def test_a_head_is_read_from_every_side(yaw_deg):
    one = looking(3, yaw_deg, at_m=(0.0, 4.0))
    turned = heads(build.people([one]), one)
    assert np.abs((turned.yaw_deg - yaw_deg + 180) % 360 - 180).max() < 0.5
    assert turned.face.tolist() == [abs(yaw_deg) <= 60] * 3


@pytest.mark.parametrize(("at_m", "yaw_deg"), [((1.0, 3.0), 0.0), ((-1.0, 5.0), 0.0), ((1.5, 2.5), -60.0)])
def test_whom_a_head_faces_is_right_at_the_sides_of_the_picture(at_m, yaw_deg):
    """Everybody looks at the camera, or as much aside: so does the place that is looked at."""
    one = looking(3, yaw_deg, at_m=at_m)
    sight = np.arctan2(-at_m[0], -at_m[1]) - np.radians(yaw_deg)
    other = looking(3, 0.0, at_m=(at_m[0] + np.sin(sight), at_m[1] + np.cos(sight)), label="person-1")
    people = build.people([one, other])
    assert towards(people, one, other).off_deg.max() < 1.0


@build.sees_people
def test_smiles_in_pictures_of_faces():
    """Rendered faces of 62 to 151 pixels; a smile scores higher than every face without one."""
    from PIL import Image

    scores: dict[str, list[float]] = {"0": [], "1": []}
    with Landmarkers() as models:
        for line in (FACES / "labels.csv").read_text("utf-8").splitlines()[1:]:
            name, smile = line.split(",")
            face = face_in(np.asarray(Image.open(FACES / name).convert("RGB")), models)
            assert face is not None, name
            scores[smile].append(float(smile_score(face.expression)))
        assert face_in(np.full((64, 64, 3), 127, np.uint8), models) is None
    assert min(scores["1"]) > max(scores["0"]) + 0.1
