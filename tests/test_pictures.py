"""Pictures of findings: the right moment, drawn on, with nobody else's face."""

import json
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from audit.cli import cli
from audit.evidence import is_of_two, is_visual, people_json, shot_of
from audit.interactions import Channel, Role
from audit.outcomes import Evidence
from audit.pictures import COLOURS, LINE_COLOUR, Shot, heads_px, jpeg, sheet, sheet_times, shoot
from audit.timeline import timeline_svg
from models.observations import Observed, Provenance, Recording, Span, gather
from tests import build

CLIP = Path(__file__).parent / "video" / "two-people.mp4"

SIZE_PX = (640, 360)
ROLES = {"person-0": Role.AGENT, "person-1": Role.CUSTOMER}


def person(number, left_px, n=10, at_m=None, **more):
    """Somebody who stands in a box of 100 by 300 pixels from `left_px` on, with face and body."""
    pose = np.zeros((n, 33, 3))
    pose[..., 2] = 1.0
    middle = left_px + 50
    places = {**dict.fromkeys(range(11), (middle, 40)), 11: (middle + 30, 90), 12: (middle - 30, 90)}
    places |= {23: (middle + 20, 190), 24: (middle - 20, 190), 25: (middle + 20, 250), 26: (middle - 20, 250)}
    for joint in range(33):
        pose[:, joint, :2] = places.get(joint, (middle, 140))
    arrays = {
        "boxes_px": np.tile([left_px, 10.0, left_px + 100, 310], (n, 1)),
        "pose_px": pose,
        "face_px": np.tile([middle - 15.0, 25, middle + 15, 60], (n, 1)),
        "position_m": np.tile([number * 1.2 if at_m is None else 0.0, 0.0, 4.0], (n, 1)),
        "position_sd_m": np.full((n, 2), 0.02),
    }
    if at_m is not None:
        arrays["position_m"] = np.array([[x, 0.0, 4.0] for x in at_m])
    return build.track(n, f"person-{number}", **arrays | more)


def two(**more):
    return build.people([person(0, 50), person(1, 400, **more)], SIZE_PX)


@pytest.fixture
def video(tmp_path):
    """A second and a half of noise, in which what was blurred is smooth."""
    random = np.random.default_rng(0)
    picture = random.integers(0, 255, (*SIZE_PX[::-1], 3), np.uint8)
    return build.write_video(tmp_path / "a.mp4", [picture] * 8)


def rough(picture, box):
    """How much neighbouring pixels differ: what is blurred has little of it."""
    left, top, right, bottom = box
    return float(np.abs(np.diff(picture[top:bottom, left:right].astype(float), axis=1)).mean())


AGENT_FACE, CUSTOMER_FACE, GROUND = (85, 25, 115, 60), (435, 25, 465, 60), (200, 200, 300, 300)


@pytest.mark.parametrize(
    ("about", "faces", "agent_shown", "customer_shown"),
    [
        (("person-0",), False, True, False),
        (("person-1",), False, False, True),
        ((), False, False, False),
        ((), True, True, True),
    ],
)
def test_all_faces_are_blurred_but_of_whom_it_is_about(video, about, faces, agent_shown, customer_shown):
    # Without bones: they would be drawn over what was blurred.
    picture = shoot(video, two(), Shot(0.6, about), {}, faces)
    sharp = rough(picture, GROUND)
    assert (rough(picture, (87, 62, 113, 68)) > sharp / 2) == agent_shown  # below the nose, where no bone is
    assert (rough(picture, (437, 62, 463, 68)) > sharp / 2) == customer_shown


@pytest.mark.parametrize("seen", [("face_px", "pose_px"), ("face_px",), ("pose_px",), ()])
def test_a_head_is_where_face_or_body_or_box_say(seen):
    hidden = {name: np.full_like(getattr(person(0, 50), name), np.nan) for name in ("face_px", "pose_px")}
    one = person(0, 50, **{k: v for k, v in hidden.items() if k not in seen})
    [[left, top, right, bottom]] = heads_px(one, np.array([0]))
    assert left <= AGENT_FACE[0] and right >= AGENT_FACE[2]
    assert top <= AGENT_FACE[1] and bottom >= AGENT_FACE[3]
    assert right - left <= 100


def test_a_face_that_was_lost_for_a_frame_stays_blurred(video):
    times_s = np.array([0, 1, 2, 4, 5, 6, 7]) / 5
    one = person(1, 400, n=7, times_s=times_s)
    people = build.people([person(0, 50, n=8), one], SIZE_PX)
    picture = shoot(video, people, Shot(0.6), {})
    assert rough(picture, CUSTOMER_FACE) < rough(picture, GROUND) / 2


def coloured(picture, colour, box):
    left, top, right, bottom = box
    return int((np.abs(picture[top:bottom, left:right].astype(int) - colour).max(axis=2) < 12).sum())


def test_bones_have_the_colour_of_the_role_and_the_line_its_metres(video):
    apart = Shot(0.6, ("person-0",), ("person-0", "person-1"), "1.20 m", "0:00")
    without = shoot(video, two(), Shot(0.6), ROLES, faces=True)
    picture = shoot(video, two(), apart, ROLES, faces=True)
    trunks = {Role.AGENT: (65, 80, 135, 260), Role.CUSTOMER: (415, 80, 485, 260)}
    for role, box in trunks.items():
        assert coloured(picture, COLOURS[role], box) > coloured(without, COLOURS[role], box) + 100
    between = (150, 185, 400, 196)
    assert coloured(picture, LINE_COLOUR, between) > coloured(without, LINE_COLOUR, between) + 300


def test_who_has_no_body_gets_a_box(video):
    people = two(pose_px=np.full((10, 33, 3), np.nan))
    picture = shoot(video, people, Shot(0.6, ("person-1",)), ROLES)
    edge = (398, 100, 403, 300)
    assert coloured(picture, COLOURS[Role.CUSTOMER], edge) > 150


def test_a_box_is_cut_out_with_some_room(video):
    picture = shoot(video, two(), Shot(0.6, ("person-0",), box_px=(50, 10, 150, 310)), ROLES)
    assert picture.shape == (355, 130, 3)


def test_a_jpeg_can_be_opened(video):
    content = jpeg(shoot(video, two(), Shot(0.6), ROLES))
    assert content[:2] == b"\xff\xd8"
    assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR).shape == (360, 640, 3)


def test_a_contact_sheet_shows_every_time_and_the_faces_of_nobody_but_whom_it_keeps(video):
    whole = sheet(video, two(), (0.0, 0.4, 0.8, 1.0, 1.2), keep={"person-0"})
    assert whole.shape == (2 * 180, 4 * 320, 3)
    assert rough(whole, (43, 17, 57, 29)) > rough(whole, GROUND) / 2
    assert rough(whole, (218, 17, 232, 29)) < rough(whole, GROUND) / 2
    assert whole[180:, 320:].max() == 0


@pytest.mark.parametrize(
    ("duration_s", "every_s", "count", "last_s"),
    [(37.0, 5.0, 8, 35.0), (0.4, None, 1, 0.0), (10.0, None, 10, 9.0), (3600.0, None, 24, 3450.0)],
)
def test_the_times_of_a_contact_sheet(duration_s, every_s, count, last_s):
    times_s = sheet_times(duration_s, every_s)
    assert (len(times_s), times_s[0], times_s[-1]) == (count, 0.0, last_s)


WHOLE = Span(0.0, 2.0)


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (Evidence(Span(0.4, 1.4), Role.AGENT, note="arms_crossed"), Shot(0.8, ("person-0",), words="0:00 arms crossed")),
        (Evidence(Span(0.4, 1.4), None), Shot(0.8, (), words="0:00")),
        (Evidence(Span(0.4, 1.4), Role.ANYONE), Shot(0.8, (), words="0:00")),
        (Evidence(Span(0.41, 0.42), Role.AGENT), Shot(0.4, ("person-0",), words="0:00")),
        (Evidence(Span(9.0, 9.5), Role.AGENT), None),
    ],
)  # fmt: skip
def test_an_event_is_shown_in_its_middle(evidence, expected):
    assert shot_of(evidence, two(), ROLES) == expected


def test_somebody_who_comes_and_goes_is_shown_while_there():
    one = person(0, 50, n=3, times_s=np.array([0.0, 0.2, 0.4]))
    people = build.people([one, person(1, 400)], SIZE_PX)
    assert shot_of(Evidence(WHOLE, Role.AGENT), people, ROLES).time_s == 0.4


def test_a_distance_is_shown_when_it_was_as_measured():
    apart_m = [3.0, 2.5, 2.0, 1.5, 1.0, 0.6, 1.0, 1.5, 2.0, 2.5]
    people = build.people([person(0, 50, at_m=[0.0] * 10), person(1, 400, at_m=apart_m)], SIZE_PX)
    shot = shot_of(Evidence(WHOLE, Role.AGENT, value=0.62, unit="m"), people, ROLES, of_two=True)
    assert (shot.time_s, shot.about, shot.pair) == (1.0, ("person-0",), ("person-0", "person-1"))
    assert shot.apart.startswith("0.60 m (0.")
    early = Evidence(Span(0.0, 0.8), Role.AGENT, value=0.8, unit="s")
    assert shot_of(early, people, ROLES, of_two=True).time_s == 0.6
    assert shot_of(Evidence(WHOLE, None, value=0.62, unit="m"), people, {}, of_two=True).about == ()


def test_a_portrait_is_of_the_person_in_its_box():
    box_px = (402.0, 12.0, 498.0, 308.0)
    shot = shot_of(Evidence(Span(0.4, 0.6), Role.CUSTOMER, box_px=box_px), two(), ROLES)
    assert (shot.time_s, shot.about, shot.box_px) == (0.4, ("person-1",), box_px)


@pytest.mark.parametrize(
    ("standard", "visual", "of_two"),
    [
        ("avoid: {event: arms_crossed}", True, False),
        ("keep: {measure: distance, at_least: 1 m}", True, True),
        ("keep: {measure: handle_time, at_most: 1 h}", False, False),
        ("avoid: {event: in_intimate_zone}", True, True),
        ("say: greeting", False, False),
        ("{during: {after: arms_crossed, within: 5 s}, say: greeting}", True, False),
        ("ask: Was it right?", False, False),
        ("{ask: Is it neat?, show: person}", True, False),
    ],
)
def test_which_standards_are_about_what_was_seen(tmp_path, standard, visual, of_two):
    rule = standard.strip("{}") if standard.startswith("{") else standard
    [one] = build.rubric(tmp_path, f"- {{id: a, title: A, {rule}}}").standards
    assert (is_visual(one), is_of_two(one)) == (visual, of_two)


def test_a_player_gets_people_in_whole_pixels_and_the_distance_of_agent_and_customer():
    stranger = person(2, 250, at_m=[20.0] * 10, times_s=np.arange(10) / 5)
    hidden = np.array(person(1, 400).pose_px)
    hidden[:, 11, 2] = 0.2
    people = build.people([person(0, 50), person(1, 400, pose_px=hidden), stranger], SIZE_PX)
    told = json.loads(people_json(people, ROLES))
    assert (told["size_px"], told["step_s"]) == ([640, 360], 0.2)
    agent, customer, other = told["tracks"]
    assert [t["role"] for t in (agent, customer, other)] == ["agent", "customer", None]
    assert (agent["times_s"][:2], agent["boxes"][0]) == ([0.0, 0.2], [50, 10, 150, 310])
    at = 2 * told["drawn"].index(11)
    assert agent["points"][0][at : at + 2] == [130, 90]
    assert customer["points"][0][at : at + 2] == [None, None]
    assert agent["heads"] == np.round(heads_px(people.tracks[0], slice(None))).tolist()
    assert (told["zones"], told["around_s"]) == ([], 0.3)
    [pair] = told["pairs"]
    assert pair["labels"] == ["person-0", "person-1"]
    assert pair["metres"] == [1.2] * 10


def test_a_timeline_has_a_row_for_each_signal_and_a_curve_of_distances(tmp_path):
    rubric = build.rubric(tmp_path, "- {id: a, title: A, ask: B?}")
    recording = Recording(build.IDENTITY, 2.0, 0, 0, "")
    observed = Observed(build.IDENTITY, Provenance("people", "mediapipe", "1", "", ()), people=two())
    one = build.conversation(rubric, gather(recording, (observed,), ()), Channel.VIDEO, ROLES)
    svg = ElementTree.fromstring(timeline_svg(one, "a <call> & more"))
    words = [e.text for e in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert words[0] == "a <call> & more"
    assert {"0:00", "0:01", "0:02", "1 m"} <= set(words)


RUBRIC = """
- {id: arms, title: A, avoid: {event: arms_crossed}}
- {id: hips, title: B, avoid: {event: hands_on_hips}}
- {id: near, title: C, keep: {measure: distance, at_least: 0.5 m}}
"""


@build.sees_people
def test_pictures_are_written_to_files(tmp_path):
    build.rubric(tmp_path, RUBRIC)
    rubric = tmp_path / "house.yaml"
    rubric.write_text(rubric.read_text().replace("[call]", "[call, video, in_person]"))

    def run(*arguments):
        done = CliRunner().invoke(cli, ["--home", str(tmp_path / "home"), *map(str, arguments)])
        return done.output + (repr(done.exception) if done.exception else "")

    assert "Score" in run("audit", CLIP, "--rubric", rubric)
    assert run("picture", "two-people").split() == "arms: 1 moment near: 1 moment".split()
    for number, how in enumerate([["--finding", "arms"], ["--finding", "near"], ["--sheet", "--every", 0.5]]):
        file = tmp_path / f"{number}.jpg"
        assert f"{number}.jpg" in run("picture", "two-people", *how, "--out", file)
        assert cv2.imread(str(file)).std() > 10
    run("picture", "two-people", "--timeline", "--out", tmp_path / "a.svg")
    assert "arms crossed" in (tmp_path / "a.svg").read_text()
    assert "NotStored('picture of finding', 'hips'" in run("picture", "two-people", "--finding", "hips")
    assert "NotStored('finding', 'none'" in run("picture", "two-people", "--finding", "none")
    assert "NotStored('picture of finding'" in run(
        "picture", "two-people", "--finding", "arms", "--moment", 9
    )
    assert "NotStored('scorecard of'" in run("picture", "two-people", "--sheet", "--rubric", "other")
    assert "give one of" in run("picture", "two-people", "--sheet", "--timeline")
    assert "written as .svg" in run("picture", "two-people", "--timeline", "--out", tmp_path / "a.png")
    assert "written as .jpg" in run("picture", "two-people", "--sheet", "--out", tmp_path / "a.svg")
