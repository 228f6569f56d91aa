"""Distances between people: when they keep a standard, break it, and when nobody can tell."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from audit.cli import cli
from audit.interactions import Channel, Role
from audit.judge import Verdict, judge
from audit.pipeline import audit_file
from audit.rubricfile import load_rubric
from audit.signals import event_kinds
from audit.signals.proxemics import nearer, seen
from audit.yamlfile import BadFile
from models.camera import BadCamera, Camera, camera_yaml
from models.geometry import Distance, facing
from models.observations import Observed, Provenance, Recording, gather, span
from tests import build

CLIP = Path(__file__).parent / "video" / "two-people.mp4"
STANDARD = "- {{id: a, title: A, keep: {{measure: {measure}, between: [{low} m, {high} m]}}}}"


def standing(*places_m, n=10, looked=10, missing=()):
    """People who stand at (x, z) metres in front of the camera for `n` of the `looked` frames."""
    found = []
    for number, (x, z) in enumerate(places_m):
        arrays = {
            "times_s": np.arange(n) / 5,
            "position_m": np.tile([x, 0.0, z], (n, 1)),
            "position_sd_m": np.tile([0.02, 0.05], (n, 1)),
        }
        found.append(build.track(n, f"person-{number}", **arrays))
    seen = build.people(found, times_s=np.arange(looked) / 5)
    observed = Observed(build.IDENTITY, Provenance("people", "mediapipe", "1", "", ()), people=seen)
    recording = Recording(build.IDENTITY, looked / 5, 0, 0, "")
    return gather(recording, () if missing else (observed,), missing)


def verdict(tmp_path, observed, low, high, measure="distance", roles=None):
    rubric = build.rubric(tmp_path, STANDARD.format(measure=measure, low=low, high=high))
    [finding] = judge(rubric, build.conversation(rubric, observed, Channel.VIDEO, roles or {}))
    return finding


@pytest.mark.parametrize(
    ("apart_m", "low", "high", "expected"),
    [
        (1.2, 0.9, 2.1, Verdict.MET),
        (0.4, 0.9, 2.1, Verdict.MISSED),
        (3.6, 0.9, 2.1, Verdict.MISSED),
        (0.88, 0.9, 2.1, Verdict.CANNOT_TELL),
        (2.12, 0.9, 2.1, Verdict.CANNOT_TELL),
    ],
)
def test_a_distance_is_missed_only_when_all_that_it_may_be_is_outside(tmp_path, apart_m, low, high, expected):
    finding = verdict(tmp_path, standing((0, 4), (apart_m, 4)), low, high)
    assert finding.verdict == expected
    assert "in 9 of 10 cases" in finding.reason


@pytest.mark.parametrize(
    ("observed", "reason"),
    [
        (standing(), "nobody was seen"),
        (standing((0, 4)), "only one person was seen"),
        (standing((0, 4), (1, 4), (2, 4)), "3 people were seen, and who of them is the agent is unknown"),
        (standing((0, 4), (1.2, 4), n=3), "could be seen well enough only 30 % of the time"),
        (standing((np.nan, np.nan), (1.2, 4)), "nobody could be located"),
        (standing(missing=(("people", "the recording has no picture"),)), "the recording has no picture"),
    ],
)
def test_what_cannot_be_seen_cannot_be_told(tmp_path, observed, reason):
    finding = verdict(tmp_path, observed, 0.9, 2.1)
    assert finding.verdict == Verdict.CANNOT_TELL
    assert reason in finding.reason


def test_among_several_the_nearest_to_the_agent_counts(tmp_path):
    seen = standing((0, 4), (3, 4), (1.0, 4))
    finding = verdict(tmp_path, seen, 0.8, 1.2, roles={"person-0": Role.AGENT})
    assert finding.verdict == Verdict.MET
    assert finding.evidence[0].value == pytest.approx(1.0, abs=0.01)


def test_the_nearest_counts_one_step_too_close(tmp_path):
    seen = standing((0, 4), (1.2, 4))
    near = build.track(
        10,
        "person-1",
        position_m=np.array([[1.2, 0, 4]] * 8 + [[0.4, 0, 4]] * 2),
        position_sd_m=np.tile([0.02, 0.05], (10, 1)),
    )
    stepped = build.people([seen.people.tracks[0], near])
    observed = Observed(build.IDENTITY, Provenance("people", "mediapipe", "1", "", ()), people=stepped)
    whole = gather(Recording(build.IDENTITY, 2.0, 0, 0, ""), (observed,), ())
    assert verdict(tmp_path, whole, 0.9, 2.1).verdict == Verdict.MET
    assert verdict(tmp_path, whole, 0.9, 2.1, "nearest_distance").verdict == Verdict.MISSED


def test_the_moment_of_the_nearest_distance_is_the_evidence(tmp_path):
    seen = walking([(0, 4)] * 50, [(1.2, 4)] * 20 + [(0.5, 4)] * 6 + [(1.2, 4)] * 24)
    finding = verdict(tmp_path, seen, 0.9, 2.1, "nearest_distance")
    assert (finding.verdict, finding.evidence[0].value) == (Verdict.MISSED, pytest.approx(0.5, abs=0.02))
    assert [e.span for e in finding.evidence] == [span(3.9, 5.1)]


def walking(*ways, faces_deg=(), sd_m=(0.02, 0.05), seen_m=None):
    """People at these (x, z) metres, five frames a second, who face so far to the right of the camera."""
    tracks = []
    for number, way in enumerate(ways):
        n = len(way)
        pose_m = np.zeros((n, 33, 3))
        yaw = np.radians(faces_deg[number] if faces_deg else 0)
        # Left shoulder and hip of somebody who faces the camera are on the right of the picture.
        pose_m[:, [11, 23]] = np.array([np.cos(yaw), 0.0, np.sin(yaw)]) * 0.2
        pose_m[:, [12, 24]] = -pose_m[:, [11, 23]]
        arrays = {
            "position_m": np.array([[x, 0.0, z] for x, z in way], float),
            "position_sd_m": np.tile(sd_m, (n, 1)),
            "pose_m": pose_m,
        }
        tracks.append(build.track(n, f"person-{number}", **arrays))
    seen = build.people(tracks)
    observed = Observed(build.IDENTITY, Provenance("people", "mediapipe", "1", "", ()), people=seen)
    return gather(Recording(build.IDENTITY, max(map(len, ways)) / 5, 0, 0, ""), (observed,), ())


def house(tmp_path, standards, distances="{too_close: 0.76 m}"):
    text = build.rubric_text(standards)
    path = tmp_path / "house.yaml"
    path.write_text(text.replace("slots:", f"distances: {distances}\nslots:") if distances else text)
    return load_rubric(path)


BOTH = {"person-0": Role.AGENT, "person-1": Role.CUSTOMER}


def events(tmp_path, kind, observed, roles=BOTH):
    rubric = house(tmp_path, "- {id: a, title: A, ask: x}")
    found = event_kinds()[kind].find(build.conversation(rubric, observed, Channel.VIDEO, roles))
    return [(e.role, e.span.start_s, e.span.end_s) for e in found]


STEP = [(1.4, 4)] * 10 + [(1.0, 4), (0.55, 4)] + [(0.55, 4)] * 8 + [(1.0, 4)] + [(1.4, 4)] * 9
A, C = Role.AGENT, Role.CUSTOMER


@pytest.mark.parametrize(
    ("kind", "way", "expected"),
    [
        ("in_intimate_zone", [(0.3, 4)] * 10, [(A, 0.0, 1.9)]),
        ("in_intimate_zone", [(0.6, 4)] * 10, []),
        ("in_personal_zone", STEP, [(A, 1.9, 4.1)]),
        ("in_social_zone", STEP, [(A, 0.0, 1.9), (A, 4.1, 5.9)]),
        ("in_social_zone", [(4.2, 4)] * 10, []),
        # Two frames are too short for an event.
        ("in_personal_zone", [(1.5, 4)] * 10 + [(1.0, 4)] * 2 + [(1.5, 4)] * 10, []),
        ("too_close", STEP, [(A, 2.1, 3.9)]),
        ("too_close", [(0.8, 4)] * 20, []),
        # Alike near: the customer walks up, the agent does not move.
        ("approach", [(3.4 - 0.2 * i, 4) for i in range(10)] + [(1.4, 4)] * 10, [(C, 0.1, 2.1)]),
        ("approach", [(1.4 + 0.2 * i, 4) for i in range(10)], []),
        ("approach", [(1.4 - 0.02 * i, 4) for i in range(20)], []),
        # Comes nearer, but is still across the street.
        ("approach", [(9.0 - 0.2 * i, 4) for i in range(10)], []),
    ],
)
def test_zones_and_approaches_are_events(tmp_path, kind, way, expected):
    found = events(tmp_path, kind, walking([(0, 4)] * len(way), way))
    assert [who for who, *_ in found] == [who for who, *_ in expected]
    assert np.array([t for _, *t in found]).ravel() == pytest.approx(
        np.array([t for _, *t in expected]).ravel(), abs=0.21
    )


@pytest.mark.parametrize(
    ("faces_deg", "in_front", "beside"),
    [
        ((90, -90), True, False),
        ((60, -60), True, False),
        ((0, 0), False, True),
        ((20, -20), False, True),
        ((180, 180), False, True),
        ((0, 180), False, False),
        ((-90, 90), False, False),
        ((90, 0), False, False),
    ],
)
def test_how_people_stand_to_each_other(tmp_path, faces_deg, in_front, beside):
    """The agent is on the left, the customer 1.4 m to the right; 90 degrees is towards the right."""
    # The pose model sees everybody straight on: from a place to the right directions look turned to the left.
    aside_deg = [np.degrees(np.arctan2(x, 4)) for x in (-0.7, 0.7)]
    shown_deg = [facing + aside for facing, aside in zip(faces_deg, aside_deg, strict=True)]
    observed = walking([(-0.7, 4)] * 10, [(0.7, 4)] * 10, faces_deg=shown_deg)
    assert bool(events(tmp_path, "stands_in_front", observed)) == in_front
    assert bool(events(tmp_path, "stands_beside", observed)) == beside


def test_a_body_faces_where_its_shoulders_and_hips_do():
    people = walking([(0, 4)], [(4, 4)], faces_deg=(90, 45)).people
    np.testing.assert_allclose(facing(people, people.tracks[0]), [[1, 0, 0]], atol=1e-2)
    # Straight at the camera by its looks in a crop, and to the side of it: towards the camera's place.
    np.testing.assert_allclose(facing(people, people.tracks[1]), [[0, 0, -1]], atol=1e-2)


@pytest.mark.parametrize(
    ("metres", "low", "high", "limit", "expected"),
    [
        (1.0, 0.8, 1.2, 1.0, 0.5),
        (1.0, 0.8, 1.2, 1.2, 0.95),
        (1.0, 0.8, 1.2, 0.8, 0.05),
        # The wider side is the likelier one.
        (1.0, 0.9, 1.3, 1.0, 0.25),
        (1.0, 0.9, 1.3, 1.3, 0.925),
        (1.0, 1.0, 1.0, 1.1, 1.0),
    ],
)
def test_how_likely_people_are_nearer(metres, low, high, limit, expected):
    apart = Distance(*(np.array([v]) for v in (0.0, metres, low, high)))
    assert nearer(apart, limit) == pytest.approx([expected], abs=0.005)


AVOID = "- {id: a, title: A, avoid: {event: too_close, longer_than: 1 s}}"


@pytest.mark.parametrize(
    ("observed", "roles", "expected", "reason"),
    [
        (
            walking([(0, 4)] * 30, STEP),
            BOTH,
            Verdict.MISSED,
            "'too_close' at 0:02 (0.55 m, person-0 and person-1)",
        ),
        # Likelier nearer than not, but a part of the interval lies beyond the limit.
        (walking([(0, 4)] * 30, [(0.72, 4)] * 30), BOTH, Verdict.CANNOT_TELL, "% sure"),
        (walking([(0, 4)] * 30, [(1.2, 4)] * 30), BOTH, Verdict.MET, "did not happen"),
        (walking([(0, 4)] * 30, [(0.5, 4)] * 4 + [(1.2, 4)] * 26), BOTH, Verdict.MET, "did not happen"),
        # The agent alone is too near to nobody.
        (walking([(0, 4)] * 30), BOTH, Verdict.MET, "did not happen"),
        (walking([(0, 4)] * 30, STEP), {}, Verdict.MISSED, "'too_close' at 0:02"),
        (walking([(0, 4)] * 30, STEP, STEP), {}, Verdict.CANNOT_TELL, "only 0 % of the time"),
        (walking([(0, 4)] * 30, [(np.nan, np.nan)] * 30), BOTH, Verdict.CANNOT_TELL, "only 0 % of the time"),
        (walking([(0, 4)] * 9, [(1.2, 4)] * 30), BOTH, Verdict.CANNOT_TELL, "only 30 % of the time"),
        # Hesitates at the limit, and was perhaps nearer.
        (
            walking([(0, 4)] * 30, [(0.75, 4)] + [(0.758, 4)] * 29),
            BOTH,
            Verdict.CANNOT_TELL,
            "but not seen clearly",
        ),
        # So unsure that the true distance may as well be above the limit.
        (
            walking([(0, 4)] * 30, [(0.8, 4)] * 30, sd_m=(0.2, 0.2)),
            BOTH,
            Verdict.CANNOT_TELL,
            "only 0 % of the time",
        ),
    ],
)
def test_nobody_steps_nearer_than_the_house_allows(tmp_path, observed, roles, expected, reason):
    rubric = house(tmp_path, AVOID)
    [finding] = judge(rubric, build.conversation(rubric, observed, Channel.VIDEO, roles))
    assert (finding.verdict, reason in finding.reason) == (expected, True), finding.reason


def test_a_weak_detector_of_people_cannot_tell_that_nobody_stepped_nearer(tmp_path):
    rubric = house(tmp_path, AVOID)
    observed = walking([(0, 4)] * 10, [(1.2, 4)] * 10)
    by_hog = msgspec.structs.replace(observed.provenance[0], parameters=(("detector", "hog"),))
    weakly = msgspec.structs.replace(observed, provenance=(by_hog,))
    [sure], [unsure] = (
        judge(rubric, build.conversation(rubric, o, Channel.VIDEO, BOTH)) for o in (observed, weakly)
    )
    assert (sure.verdict, unsure.verdict) == (Verdict.MET, Verdict.CANNOT_TELL)
    assert "weak detector" in unsure.reason


def test_who_cannot_be_located_beside_the_agent_is_not_seen(tmp_path):
    rubric = house(tmp_path, AVOID)
    observed = walking([(0, 4)] * 10, [(1.2, 4)] * 4 + [(np.nan, np.nan)] * 6)
    conversation = build.conversation(rubric, observed, Channel.VIDEO, BOTH)
    assert seen(conversation, Role.ANYONE, conversation.whole) == pytest.approx(0.4)
    assert seen(conversation, Role.ANYONE, span(0, 0.8)) == 1


@pytest.mark.parametrize(
    ("standard", "distances", "problem"),
    [
        (
            AVOID,
            "",
            "'too_close' needs the house's limit at the top of the rubric: distances: {too_close: 0.76 m}",
        ),
        (AVOID, "{too_close: 3 s}", "expected a distance such as 0.76 m"),
        (AVOID, "{too_far: 3 m}", "unknown key 'too_far'"),
        (AVOID.replace("1 s", "0.2 s"), "{too_close: 70 cm}", "a too_close lasts at least 0.6 s"),
        ("- {id: a, title: A, by: agent, avoid: {event: too_close}}", "{too_close: 1 m}", "leave out 'by'"),
        ("- {id: a, title: A, say: greeting, during: {after: too_close}}", "", "needs the house's limit"),
    ],
)
def test_a_limit_that_is_missing_or_wrong_is_told(tmp_path, standard, distances, problem):
    with pytest.raises(BadFile) as caught:
        house(tmp_path, standard, distances)
    assert problem in str(caught.value)


@build.sees_people
def test_a_video_is_judged_by_what_is_seen_in_it(tmp_path):
    """The two stand 1.2 m apart; the camera is unknown, and the clip has no sound."""
    text = build.rubric_text(STANDARD.format(measure="distance", low=0.9, high=2.1))
    path = tmp_path / "counter.yaml"
    path.write_text(text.replace("applies_to: [call]", "applies_to: [call, video, in_person]"), "utf-8")
    [card] = audit_file(CLIP, [load_rubric(path)], None).scorecards
    assert card.findings[0].verdict == Verdict.MET
    assert card.findings[0].evidence[0].value == pytest.approx(1.2, abs=0.2)


@build.sees_people
def test_a_camera_given_is_the_one_that_metres_come_from(tmp_path):
    truth = json.loads(CLIP.with_name("two-people.truth.json").read_text("utf-8"))["camera"]
    known = Camera((truth["width"], truth["height"]), (truth["fx"], truth["fy"]), (truth["cx"], truth["cy"]))
    file = tmp_path / "camera.yaml"
    file.write_text(camera_yaml(known), "utf-8")
    rubric = tmp_path / "counter.yaml"
    text = build.rubric_text(STANDARD.format(measure="distance", low=0.9, high=2.1))
    rubric.write_text(text.replace("applies_to: [call]", "applies_to: [call, video]"), "utf-8")
    asked = ["--home", str(tmp_path / "home"), "audit", str(CLIP), "--rubric", str(rubric), "--json"]
    used, metres = [], []
    for more in ([], ["--camera", str(file)]):
        done = CliRunner().invoke(cli, [*asked, *more])
        assert done.exit_code == 0, done.output
        [result] = json.loads(done.stdout)["audited"]
        [card] = result["scorecards"]
        used += [dict(p["parameters"])["camera"] for p in card["provenance"]]
        metres.append(card["findings"][0]["evidence"][0]["value"])
    assert used[0] == ""
    assert f"{truth['fx']:.1f}" in used[1]
    assert abs(metres[1] - 1.2) < abs(metres[0] - 1.2)


def test_a_wrong_camera_file_is_told_in_one_line(tmp_path):
    file = tmp_path / "camera.yaml"
    file.write_text("focal: long", "utf-8")
    done = CliRunner().invoke(cli, ["audit", str(CLIP), "--rubric", "voice-en", "--camera", str(file)])
    assert isinstance(done.exception, BadCamera)
    assert "make it anew: comport camera calibrate" in done.exception.line
