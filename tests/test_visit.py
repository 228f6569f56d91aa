"""Customers who come in, are noticed, greeted, served, and leave; and what cannot be told of them."""

import numpy as np
import pytest

from audit.interactions import Channel, Role
from audit.judge import Verdict, judge
from audit.signals import event_kinds, measure_kinds
from audit.visits import presence
from models.camera import Zone, assumed_camera
from models.observations import BLENDSHAPES, Activity, Observed, Provenance, Recording, gather, span
from tests import build

A, C = Role.AGENT, Role.CUSTOMER
DESK = (-0.6, 4.0)
"""Where the agent stands: metres to the right of the camera and away from it."""
TILL = (-3.0, 2.0)
"""Where the agent looks when not at somebody."""
FRAMES = 100
"""Five a second: 20 s."""


def looked(place, target):
    """Yaw of the head to the line of sight, degrees, of somebody at a place who looks at a target."""
    x, z = target[0] - place[0], target[1] - place[1]
    return np.degrees(np.arctan2(x, -z) + np.arctan2(place[0], place[1]))


def somebody(number, places, targets, lost=(), hidden=(), talks=()):
    """A person at (x, z) per frame (None: not there) who looks at these targets (None: head unseen).

    Who comes or goes is cut by the right border. In frames `lost` no place is known; `hidden` ones lack the
    person altogether.
    """
    rows = [i for i, place in enumerate(places) if place is not None and i not in hidden]
    n = len(rows)
    jaw = np.zeros((n, 52))
    for row, i in enumerate(rows):
        jaw[row, BLENDSHAPES.index("jawOpen")] = 0.1 * (i % 2) if i in talks else 0.0
    boxes = np.tile([300.0, 50.0, 360.0, 340.0], (n, 1))
    for row in {0, n - 1} if n < FRAMES else ():
        boxes[row, 2] = 639.0
    seen = [(places[i], targets[i]) for i in rows]
    arrays = {
        "times_s": np.array(rows) / 5,
        "boxes_px": boxes,
        "position_m": np.array(
            [[np.nan] * 3 if i in lost else [places[i][0], 0.0, places[i][1]] for i in rows]
        ),
        "expression": jaw,
        "position_sd_m": np.tile([0.02, 0.05], (n, 1)),
        "pose_m": np.full((n, 33, 3), np.nan),
        "head_deg": np.array([[np.nan if to is None else looked(at, to), 0.0, 0.0] for at, to in seen]),
    }
    return build.track(n, f"person-{number}", **arrays)


def comes(start, end, stands=(0.8, 4.0), steps=8):
    """Walks in from the right in `steps` frames, stands, and walks out again in as many."""
    way = [(stands[0] + 0.25 * i, stands[1]) for i in range(steps)]
    middle = [stands] * (end - start - 2 * steps)
    return [None] * start + [*reversed(way), *middle, *way] + [None] * (FRAMES - end)


def scene(agent_looks, *customers, speech=((6.0, 8.0),), speaker="agent", roles=None, zones=(), **agent):
    """An agent at the desk for the whole time, who looks at (first, last) frames of the first customer."""
    targets = [TILL] * FRAMES
    for first, last in agent_looks:
        for i in range(first, last):
            targets[i] = next((way[i] for way in customers if way[i] is not None), TILL)
    tracks = [somebody(0, [DESK] * FRAMES, targets, **agent)]
    tracks += [somebody(n, way, [DESK] * FRAMES) for n, way in enumerate(customers, 1)]
    camera = assumed_camera((640, 360))
    camera = type(camera)(camera.size_px, camera.focal_px, camera.centre_px, zones=zones)
    people = build.people(tracks, camera=camera, times_s=np.arange(FRAMES) / 5)
    spoken = (Activity(speaker, tuple(span(*s) for s in speech)),) if speech is not None else None
    observed = [Observed(build.IDENTITY, Provenance("people", "mediapipe", "1", "", ()), people=people)]
    if spoken:
        observed.append(
            Observed(build.IDENTITY, Provenance("activity", "silero", "1", "", ()), activity=spoken)
        )
    missing = () if spoken else (("activity", "the recording has no sound"),)
    given = {"agent": A, "person-0": A} | {f"person-{n}": C for n in range(1, len(customers) + 1)}
    return gather(Recording(build.IDENTITY, FRAMES / 5, 0, 0, ""), observed, missing), given | (roles or {})


def conversation(tmp_path, seen, standards="- {id: a, title: A, ask: x}"):
    observed, roles = seen
    rubric = build.rubric(tmp_path, standards)
    return rubric, build.conversation(rubric, observed, Channel.VIDEO, {k: v for k, v in roles.items() if v})


def found(tmp_path, seen, kind):
    _, talk = conversation(tmp_path, seen)
    return [(e.role, e.span.start_s, e.span.end_s) for e in event_kinds()[kind].find(talk)]


ONE = comes(20, 90)
FACED = comes(20, 90, stands=(0.4, 2.4))
"""Nearer to the camera than the agent, whose face is then seen."""


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("enters", [(C, 4.0, 4.2)]),
        ("waits", [(C, 4.0, 5.9)]),
        ("noticed", [(A, 4.9, 5.3)]),
        ("greeted", [(A, 6.0, 8.0)]),
        # Looks away to the till for 4 s in between.
        ("served", [(A, 5.9, 16.0)]),
        ("leaves", [(C, 16.4, 18.0)]),
    ],
)
def test_the_steps_of_a_visit_in_order(tmp_path, kind, expected):
    """Comes in at 4.0 s, is looked at from 5.0 (a glance of two frames) and 6.0 s on, leaves from 16.4 s on."""
    seen = scene([(25, 27), (30, 50), (70, 80)], ONE)
    assert [who for who, *_ in found(tmp_path, seen, kind)] == [who for who, *_ in expected]
    times = [t for _, *both in found(tmp_path, seen, kind) for t in both]
    assert times == pytest.approx([t for _, *both in expected for t in both], abs=0.21)


@pytest.mark.parametrize(
    ("seen", "kind", "count"),
    [
        # Words to nobody, and a look without a word, are no greeting.
        (scene([(30, 50)], ONE, speech=((1.0, 3.0),)), "greeted", 0),
        (scene([(30, 50)], ONE, speech=((11.0, 12.0),)), "greeted", 0),
        (scene([], ONE), "greeted", 0),
        (scene([], ONE), "noticed", 0),
        # Somebody speaks, and nobody knows who.
        (scene([(30, 50)], ONE, speaker=None), "greeted", 0),
        # … but the agent's mouth moves then, or only at another time.
        (scene([(30, 50)], FACED, speaker=None, talks=range(30, 40)), "greeted", 1),
        (scene([(30, 50)], FACED, speaker=None, talks=range(60, 70)), "greeted", 0),
        # Found and lost in the middle of the picture: a body in between.
        (scene([], [None] * 20 + [(0.8, 4.0)] * 79 + [None]), "leaves", 0),
        # There when it begins, or when it ends.
        (scene([], [(0.8, 4.0)] * FRAMES), "enters", 0),
        (scene([], [None] * 20 + [(0.8, 4.0)] * 80), "leaves", 0),
        (scene([], [None] * 20 + [(0.8, 4.0)] * 80), "enters", 1),
        # A look across the room notices, and does not serve.
        (scene([(30, 50)], comes(20, 90, stands=(5.0, 6.0))), "noticed", 1),
        (scene([(30, 50)], comes(20, 90, stands=(5.0, 6.0))), "served", 0),
        # Roles that nobody knows.
        (scene([(30, 50)], ONE, roles={"person-1": None}), "noticed", 0),
    ],
)
def test_what_is_and_is_not_part_of_a_visit(tmp_path, seen, kind, count):
    assert len(found(tmp_path, seen, kind)) == count


def test_an_entrance_may_lie_in_the_middle_of_the_picture(tmp_path):
    way = [None] * 20 + [(0.8, 4.0)] * 80
    track = somebody(1, way, [DESK] * FRAMES)
    assert found(tmp_path, scene([], way), "enters")
    inside = np.array(track.boxes_px)
    inside[0, 2] = 360.0
    people = scene([], way)[0].people
    lost = build.people(
        [people.tracks[0], build.track(80, "person-1", times_s=track.times_s, boxes_px=inside)],
        times_s=people.times_s,
    )
    door = Zone("entrance", ((300, 300), (360, 300), (360, 360), (300, 360)))
    camera = assumed_camera((640, 360))
    shown = build.people(
        list(lost.tracks),
        times_s=people.times_s,
        camera=type(camera)(camera.size_px, camera.focal_px, camera.centre_px, zones=(door,)),
    )
    for seen, count in ((lost, 0), (shown, 1)):
        observed = Observed(build.IDENTITY, Provenance("people", "mediapipe", "1", "", ()), people=seen)
        whole = gather(Recording(build.IDENTITY, 20.0, 0, 0, ""), (observed,), ())
        assert len(found(tmp_path, (whole, {"person-0": A, "person-1": C}), "enters")) == count


@pytest.mark.parametrize(
    ("boxes", "came"),
    [
        # As detected of a man who walks in from below, and of one who peeks in.
        ([(215, 190, 446, 431), (220, 95, 440, 429), (230, 26, 430, 421), (240, 6, 430, 407)], True),
        ([(195, 339, 298, 432), (190, 330, 300, 432), (190, 320, 300, 432)], True),
        # Found again while standing close to the camera.
        ([(300, 30, 400, 430), (300, 32, 400, 428), (302, 30, 400, 431)], False),
        ([(0, 30, 100, 380), (20, 30, 120, 380)], True),
        ([(700, 30, 767, 380), (690, 30, 760, 380)], True),
        ([(300, 90, 400, 380), (300, 90, 400, 380)], False),
    ],
)
def test_people_come_in_by_the_borders_of_the_picture(boxes, came):
    n = len(boxes)
    track = build.track(n, times_s=10 + np.arange(n) / 5, boxes_px=np.array(boxes, float))
    gone = build.track(n, "person-1", times_s=5 + np.arange(n) / 5, boxes_px=np.array(boxes[::-1], float))
    people = build.people([track, gone], (768, 432), times_s=np.arange(100) / 5)
    assert presence(people, track)[1] == came
    assert presence(people, gone)[2] == came


LATER = comes(40, 95, stands=(1.2, 4.6))


def nobody():
    """A picture in which no person is found: black, covered, lying on its side, or an empty room."""
    people = build.people([], camera=assumed_camera((640, 360)), times_s=np.arange(FRAMES) / 5)
    observed = [Observed(build.IDENTITY, Provenance("people", "mediapipe", "1", "", ()), people=people)]
    missing = (("activity", "the recording has no sound"),)
    return gather(Recording(build.IDENTITY, FRAMES / 5, 0, 0, ""), observed, missing), {"agent": A}


def brief(frames):
    """An agent alone in so many frames of a fifth of a second."""
    people = build.people([build.track(frames)])
    observed = [Observed(build.IDENTITY, Provenance("people", "mediapipe", "1", "", ()), people=people)]
    missing = (("activity", "the recording has no sound"),)
    return gather(Recording(build.IDENTITY, frames / 5, 0, 0, ""), observed, missing), {"person-0": A}


@pytest.mark.parametrize(
    ("measure", "seen", "value", "reason"),
    [
        ("time_to_notice", scene([(30, 50)], ONE), 1.9, ""),
        ("time_to_notice", scene([], ONE), 14.0, "nobody was seen to notice person-1"),
        ("time_to_notice", scene([], [(0.8, 4.0)] * FRAMES), None, "no customer was seen coming in"),
        (
            "time_to_notice",
            scene([(30, 50)], ONE, roles={"person-1": None}),
            None,
            "is unknown of 1 of the people",
        ),
        ("time_to_notice", scene([(30, 50)], ONE, roles={"person-0": C}), None, "no agent was seen"),
        # The agent is out of sight for 2 s after the customer came, or the whole time.
        ("time_to_notice", scene([(40, 50)], ONE, hidden=range(20, 30)), 3.9, ""),
        ("time_to_notice", scene([], ONE, hidden=range(20, 90)), None, "notice person-1 could not be told"),
        ("time_to_greeting_seen", scene([(30, 50)], ONE), 2.0, ""),
        (
            "time_to_greeting_seen",
            scene([(30, 50)], ONE, speech=((1.0, 3.0),)),
            14.0,
            "nobody was seen to greet",
        ),
        ("time_to_greeting_seen", scene([(30, 50)], ONE, speech=None), None, "the recording has no sound"),
        ("time_to_greeting_seen", scene([(30, 50)], ONE, speaker=None), None, "could not be told"),
        ("time_to_greeting_seen", scene([(30, 50)], FACED, speaker=None, talks=range(30, 40)), 2.0, ""),
        ("waiting_time", scene([(30, 80)], ONE), 1.9, ""),
        ("waiting_time", scene([], ONE), 12.4, ""),
        (
            "waiting_time",
            scene([], [None] * 20 + [(0.8, 4.0)] * 80),
            15.8,
            "not seen from the first to the last",
        ),
        ("queue_length", scene([], ONE, LATER), 2, ""),
        ("queue_length", scene([(26, 90)], ONE), 0, ""),
        ("queue_length", scene([], ONE), 1, ""),
        ("queue_length", scene([]), 0, ""),
        ("queue_length", nobody(), None, "nobody was seen"),
        ("queue_length", brief(1), None, "only 0 s of picture"),
        ("queue_length", brief(9), None, "only 1.8 s of picture"),
        ("queue_length", brief(10), 0, ""),
        ("queue_length", scene([], ONE, roles={"person-1": None}), None, "is unknown of 1 of the people"),
    ],
)
def test_times_of_a_visit(tmp_path, measure, seen, value, reason):
    _, talk = conversation(tmp_path, seen)
    taken = measure_kinds()[measure].take(talk, A, talk.whole)
    assert taken.value == (None if value is None else pytest.approx(value, abs=0.21)), taken
    assert reason in taken.reason


def test_who_may_have_been_noticed_while_the_agent_was_out_of_sight(tmp_path):
    seen = scene([(40, 50)], ONE, hidden=range(20, 30))
    _, talk = conversation(tmp_path, seen)
    taken = measure_kinds()["time_to_notice"].take(talk, A, talk.whole)
    assert (taken.low, taken.high) == (pytest.approx(0.0, abs=0.11), taken.value)


def test_a_customer_behind_another_may_or_may_not_be_looked_at(tmp_path):
    """Both stand in the same direction: the look is the nearer one's, of the other nobody can tell."""
    behind = comes(40, 95, stands=(2.2, 4.0))
    _, talk = conversation(tmp_path, scene([(25, 90)], ONE, behind))
    noticed = [e.detail for e in event_kinds()["noticed"].find(talk)]
    assert noticed == ["(person-1)"]
    taken = measure_kinds()["time_to_notice"].take(talk, A, talk.whole)
    assert (taken.value, "notice person-2 could not be told" in taken.reason) == (None, True)
    assert event_kinds()["noticed"].seen(talk, A, talk.whole) < 0.6


GREETS = """
- id: a
  title: A
  when: {event: enters, by: customer}
  keep: {measure: time_to_greeting_seen, at_most: 5 s}
"""


@pytest.mark.parametrize(
    ("seen", "expected", "reason"),
    [
        (scene([(30, 50)], ONE), Verdict.MET, "time to greeting seen 2.0 s, wanted at most 5 s"),
        (scene([(60, 70)], ONE, speech=((12.5, 14.0),)), Verdict.MISSED, "8.5 s"),
        (scene([], ONE), Verdict.MISSED, "nobody was seen to greet person-1"),
        (scene([], [(0.8, 4.0)] * FRAMES), Verdict.NO_OPPORTUNITY, "'enters' by the customer did not occur"),
        (
            scene([(30, 50)], ONE, roles={"person-1": None}),
            Verdict.CANNOT_TELL,
            "who of them is the customer",
        ),
        (scene([(30, 50)], ONE, speech=None), Verdict.CANNOT_TELL, "the recording has no sound"),
    ],
)
def test_a_newcomer_is_greeted_in_time(tmp_path, seen, expected, reason):
    rubric, talk = conversation(tmp_path, seen, GREETS)
    [finding] = judge(rubric, talk)
    assert (finding.verdict, reason in finding.reason) == (expected, True), finding.reason
