"""Gestures: found from every side and of either hand, and untold where arms cannot be seen."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from audit.interactions import Channel, Role
from audit.signals import event_kinds
from models.observations import Observed, Provenance, Recording, Span, gather
from models.people import perceive_people
from tests import build
from tests.bodies import FOLDED, SIZE_PX, STRAIGHT, person

CLIP = Path(__file__).parent / "video" / "two-people.mp4"

OPEN = {"fingers": (STRAIGHT,) * 4}
INDEX = {"fingers": (STRAIGHT, FOLDED, FOLDED, FOLDED)}
THUMB = {"fingers": (FOLDED,) * 4, "thumb_up": True}

CROSSED = {
    "left": ((-0.1, 0.15, -0.44), (-0.5, 0.23, -0.5)),
    "right": ((-0.05, 0.12, -0.46), (-0.43, 0.29, -0.46)),
}
ON_HIPS = dict.fromkeys(("left", "right"), ((0.34, -0.06, -0.32), (0.18, 0.05, -0.68)))
BEHIND = dict.fromkeys(("left", "right"), ((0.0, -0.18, -0.46), (-0.13, -0.3, -0.82)))
POINTS = {"right": ((0.2, 0.2, -0.32), (0.1, 0.75, -0.35)), "hands": (None, INDEX)}
OFFERS = {"right": ((0.22, 0.05, -0.42), (0.42, 0.42, -0.57)), "hands": (None, OPEN)}
OFFERS_BOTH = {"left": OFFERS["right"], "right": OFFERS["right"], "hands": (OPEN, OPEN)}
THUMBS = {"right": ((0.15, 0.1, -0.42), (0.1, 0.5, -0.42)), "hands": (None, THUMB)}
ON_FACE = {"right": ((0.05, 0.3, -0.34), (-0.2, 0.3, 0.15))}
WAVES = {"right": ((0.44, 0.1, -0.1), (0.47, 0.27, 0.3)), "hands": (None, OPEN)}
CLASPED = dict.fromkeys(("left", "right"), ((0.03, 0.1, -0.5), (-0.25, 0.35, -0.77)))
ON_COUNTER = dict.fromkeys(("left", "right"), ((0.15, -0.05, -0.45), (0.2, 0.33, -0.77)))
ON_COUNTER |= {"hands": (OPEN, OPEN)}
FIST = {"fingers": (FOLDED,) * 4}
REACHES = ((0.15, 0.25, -0.42), (0.05, 0.75, -0.5))
FISTS = {"right": OFFERS["right"], "hands": (None, FIST)}

ARMS = (
    "arms_crossed",
    "hands_on_hips",
    "hands_behind_back",
    "hands_in_pockets",
    "pointing",
    "open_palm",
    "thumbs_up",
    "hand_on_face",
)


def talk(tmp_path, *people, looked=None, **more):
    """A video with these people, the first of them the agent, the second the customer."""
    more |= {} if looked is None else {"times_s": looked}
    seen = build.people(list(people), size_px=SIZE_PX, **more)
    observed = Observed(build.IDENTITY, Provenance("people", "mediapipe", "1", "", ()), people=seen)
    rubric = build.rubric(tmp_path, "- {id: a, title: A, ask: 'Well?'}")
    recording = Recording(build.IDENTITY, float(seen.times_s[-1]) + 0.2, 0, 0, "")
    roles = dict(zip(("person-0", "person-1"), (Role.AGENT, Role.CUSTOMER), strict=True))
    return build.conversation(rubric, gather(recording, (observed,), ()), Channel.VIDEO, roles)


def done(conversation, names=ARMS, role=Role.AGENT):
    return {n for n in names for e in event_kinds()[n].find(conversation) if e.role == role}


def seen(conversation, name, role=Role.AGENT):
    return event_kinds()[name].seen(conversation, role, conversation.whole)


def customer(**how):
    return person("person-1", **({"x_m": 1.0, "z_m": 2.2, "yaw_deg": -90} | how))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("yaw_deg", [-60, 0, 60])
@pytest.mark.parametrize(
    ("posture", "expected"),
    [
        ({}, set()),
        (CROSSED, {"arms_crossed"}),
        (ON_HIPS, {"hands_on_hips"}),
        (BEHIND, {"hands_behind_back"}),
        (OFFERS, {"open_palm"}),
        (OFFERS_BOTH, {"open_palm"}),
        (THUMBS, {"thumbs_up"}),
        (ON_FACE, {"hand_on_face"}),
        (WAVES, set()),
        (CLASPED, set()),
        (FISTS, set()),
        (ON_COUNTER, set()),
    ],
    ids=lambda value: "+".join(sorted(value)) if isinstance(value, set) else "",
)
def test_a_gesture_is_found_from_every_side_and_of_either_hand(
    tmp_path, posture, expected, yaw_deg, mirrored
):
    one = talk(tmp_path, person(yaw_deg=yaw_deg, mirrored=mirrored, **posture), customer())
    assert done(one) == expected


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(
    ("yaw_deg", "posture", "expected"),
    [
        (0, POINTS, {"pointing"}),
        (60, POINTS, {"pointing"}),
        (-120, POINTS, set()),
        (0, {**POINTS, "hands": (None, None)}, {"pointing"}),
        (0, {**POINTS, "hands": (None, OPEN)}, set()),
    ],
)
def test_pointing_is_towards_somebody_and_with_one_finger(tmp_path, yaw_deg, posture, expected, mirrored):
    x_m = -1.0 if mirrored else 1.0
    one = talk(tmp_path, person(yaw_deg=yaw_deg, mirrored=mirrored, **posture), customer(x_m=x_m))
    assert "pointing" in done(one) if expected else "pointing" not in done(one)


@pytest.mark.parametrize(
    ("posture", "hand", "expected"),
    [
        (POINTS, OPEN, {"pointing"}),
        (POINTS, FIST, {"pointing"}),
        (POINTS, THUMB, {"thumbs_up"}),
        (OFFERS, OPEN, {"open_palm"}),
        (OFFERS_BOTH, FIST, set()),
    ],
)
def test_of_a_hand_too_small_to_be_read_the_arm_tells(tmp_path, posture, hand, expected):
    far = person(focal_px=350.0, **{**posture, "hands": (hand if posture is OFFERS_BOTH else None, hand)})
    assert done(talk(tmp_path, far, customer())) == expected


def test_nobody_points_at_somebody_when_nobody_is_there(tmp_path):
    one = talk(tmp_path, person(**POINTS))
    assert done(one) == set()
    assert seen(one, "pointing") == 0
    assert seen(one, "arms_crossed") == 1


@pytest.mark.parametrize(
    ("name", "posture", "hidden", "coverage"),
    [
        ("arms_crossed", {}, (), 1.0),
        ("arms_crossed", {}, (13, 14, 15, 16), 0.0),
        ("arms_crossed", {}, (14, 16), 1.0),  # one arm hangs: they are not crossed
        ("arms_crossed", CROSSED, (15,), 1.0),
        ("arms_crossed", CROSSED, (15, 16), 0.0),
        ("hands_on_hips", {}, (13, 14, 15, 16), 0.0),
        ("hands_behind_back", BEHIND, (15, 16), 1.0),  # the trunk hides them
        ("hands_behind_back", BEHIND, (15, 16, 23, 24), 0.0),  # a counter does
        ("hands_behind_back", {}, (15, 16), 0.0),
        ("open_palm", {}, (13, 14, 15, 16), 0.0),
        ("open_palm", {**OFFERS, "hands": (None, None)}, (), 0.0),
        ("hand_on_face", {}, (13, 14, 15, 16), 1.0),
        ("hand_on_face", {}, (0, 7), 0.0),
        ("arms_crossed", {}, (11,), 0.0),
        ("leaning", {}, (23,), 0.0),
        ("leaning", {"lean_deg": 12, "yaw_deg": 90}, (), 1.0),
        ("leaning", {"lean_deg": 12}, (), 0.0),  # towards the camera it may be three times as much
        ("sitting", {}, (25, 26), 0.0),
        ("handshake", {}, (14, 16), 1.0),  # it hangs where the pose model puts it
        ("handshake", {"right": REACHES}, (14, 16), 1.0),  # the customer's hangs
        ("sitting", {"thighs": (0.45, 0.0)}, (25,), 1.0),  # in profile one leg hides the other
        ("sitting", {"thighs": (0.45, 0.0)}, (25, 26), 0.0),  # a desk hides both
        ("sitting", {"thighs": (0.33, -0.3)}, (25,), 0.0),
    ],
)
def test_what_is_hidden_cannot_be_told(tmp_path, name, posture, hidden, coverage):
    assert seen(talk(tmp_path, person(hidden=hidden, **posture), customer()), name) == coverage


def test_people_too_far_away_cannot_be_told(tmp_path):
    one = talk(tmp_path, person(focal_px=150.0, **CROSSED))
    assert done(one) == set()
    assert seen(one, "arms_crossed") == 0


@pytest.mark.parametrize(("n", "found"), [(2, set()), (4, {"arms_crossed"})])
def test_an_arm_in_passing_is_no_gesture(tmp_path, n, found):
    assert done(talk(tmp_path, person(n=n, **CROSSED), looked=np.arange(20) / 5)) == found


ALL = ("leaning", "back_turned", "sitting", "standing", "handshake", "gives_object")


@pytest.mark.parametrize("yaw_deg", [-60, 0, 60])
@pytest.mark.parametrize(
    ("posture", "expected"),
    [
        ({}, {"standing"}),
        ({"lean_deg": 40}, {"standing", "leaning"}),
        ({"lean_deg": 12}, {"standing"}),
        ({"thighs": (0.45, 0.0)}, {"sitting"}),
    ],
)
def test_postures_of_the_whole_body(tmp_path, yaw_deg, posture, expected):
    assert done(talk(tmp_path, person(yaw_deg=yaw_deg, **posture)), ALL) == expected


@pytest.mark.parametrize(("down", "coverage"), [((0.0, -0.9, -0.44), 1.0), ((0.0, -0.77, -0.64), 0.0)])
@pytest.mark.parametrize("name", ["sitting", "standing", "leaning"])
def test_from_a_ceiling_nobody_can_tell_who_sits(tmp_path, name, down, coverage):
    assert seen(talk(tmp_path, person(), up=down), name) == coverage


@pytest.mark.parametrize(
    ("yaw_deg", "turned"), [(90, False), (0, False), (-90, True), (180, False), (-110, True), (-20, False)]
)
def test_a_back_is_turned_to_somebody(tmp_path, yaw_deg, turned):
    one = talk(tmp_path, person(yaw_deg=yaw_deg), customer(z_m=3.0))
    assert ("back_turned" in done(one, ALL)) == turned
    assert seen(talk(tmp_path, person(yaw_deg=yaw_deg)), "back_turned") == 0


@pytest.mark.parametrize(
    ("apart_m", "mine", "theirs", "expected"),
    [
        (0.91, "right", "right", {"handshake"}),  # knuckles meet
        (1.08, "right", "right", {"gives_object"}),  # something is between them
        (1.08, "left", "right", {"gives_object"}),
        (0.91, "right", "left", {"gives_object"}),
        (1.08, "left", "left", {"gives_object"}),
        (1.4, "right", "right", set()),
        (1.4, "left", "right", set()),
    ],
)
def test_hands_that_meet(tmp_path, apart_m, mine, theirs, expected):
    one = person(yaw_deg=90, **{mine: REACHES})
    # Hands on the same side of both bodies meet where one of them stands a shoulder's width aside.
    aside_m = {"rightright": 0.39, "leftleft": -0.39, "leftright": 0.0, "rightleft": 0.0}[mine + theirs]
    other = person("person-1", yaw_deg=-90, x_m=apart_m, z_m=3.0 - aside_m, **{theirs: REACHES})
    both = talk(tmp_path, one, other)
    names = ("handshake", "gives_object")
    assert done(both, names) == done(both, names, Role.CUSTOMER) == expected


@pytest.mark.parametrize(
    ("hidden", "apart_m", "coverage"),
    [((), 0.91, 1.0), ((14,), 0.91, 1.0), ((16,), 0.91, 0.0), ((16,), 2.5, 1.0)],
)
def test_a_hidden_hand_may_meet_another_one_in_reach(tmp_path, hidden, apart_m, coverage):
    one = person(yaw_deg=90, right=REACHES)
    other = person("person-1", yaw_deg=-90, x_m=apart_m, z_m=2.61, right=REACHES, hidden=hidden)
    assert seen(talk(tmp_path, one, other), "handshake") == coverage


@pytest.mark.parametrize(("behind_m", "coverage"), [(0.0, 1.0), (0.7, 0.0)])
def test_hands_that_meet_in_the_picture_only_cannot_be_told(tmp_path, behind_m, coverage):
    one = person(yaw_deg=90, x_m=-0.455, right=REACHES)
    other = person("person-1", yaw_deg=-90, x_m=0.455, z_m=2.61 + behind_m, right=REACHES)
    both = talk(tmp_path, one, other)
    assert seen(both, "handshake") == coverage
    assert bool(done(both, ("handshake",))) == (coverage == 1.0)


@pytest.mark.parametrize(("apart_m", "coverage"), [(0.91, 0.0), (1.4, 1.0)])
@pytest.mark.parametrize("name", ["handshake", "gives_object"])
def test_hands_that_meet_in_the_picture_of_people_in_unknown_places_cannot_be_told(
    tmp_path, name, apart_m, coverage
):
    one = person(yaw_deg=90, right=REACHES)
    other = person("person-1", yaw_deg=-90, x_m=apart_m, z_m=2.61, right=REACHES)
    other = msgspec.structs.replace(other, position_m=np.full_like(other.position_m, np.nan))
    assert seen(talk(tmp_path, one, other), name) == coverage


@pytest.mark.parametrize("name", ["gives_object", "hands_in_pockets"])
def test_what_cannot_be_checked_decides_no_verdict(tmp_path, name):
    if name == "gives_object":
        other = person("person-1", yaw_deg=-90, x_m=1.08, right=REACHES)
        one = talk(tmp_path, person(yaw_deg=90, left=REACHES), other)
    else:
        pocket = ((0.16, -0.14, -0.4), (-0.02, 0.08, -0.86))
        one = talk(tmp_path, person(left=pocket, right=pocket))
    events = event_kinds()[name].find(one)
    assert events
    assert all(e.confidence < 0.5 for e in events)


@build.sees_people
def test_crossed_arms_are_seen_in_a_video(tmp_path):
    """The employee crosses the arms all the time, the customer lets them hang."""
    seen_people = perceive_people(CLIP)
    observed = Observed(build.IDENTITY, Provenance("people", "mediapipe", "1", "", ()), people=seen_people)
    recording = Recording(build.IDENTITY, 2.0, 0, 0, "")
    rubric = build.rubric(tmp_path, "- {id: a, title: A, ask: 'Well?'}")
    left, right = sorted(seen_people.tracks, key=lambda t: float(t.boxes_px[0, 0]))
    roles = {left.label: Role.AGENT, right.label: Role.CUSTOMER}
    one = build.conversation(rubric, gather(recording, (observed,), ()), Channel.VIDEO, roles)
    [event] = event_kinds()["arms_crossed"].find(one)
    assert event.role == Role.AGENT
    assert event.span.start_s == 0
    assert event.span.end_s == pytest.approx(seen_people.times_s[-1], abs=0.2)
    assert done(one, ARMS, Role.CUSTOMER) == set()
    assert event_kinds()["arms_crossed"].seen(one, Role.AGENT, Span(0, 2)) > 0.9
