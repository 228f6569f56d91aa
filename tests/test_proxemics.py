"""Distances between people: when they keep a standard, break it, and when nobody can tell."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from audit.cli import cli
from audit.interactions import Channel, Role
from audit.judge import Verdict, judge
from audit.pipeline import audit_file
from audit.rubricfile import load_rubric
from models.camera import BadCamera, Camera, camera_yaml
from models.observations import Observed, Provenance, Recording, gather
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
