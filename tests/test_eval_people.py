"""`comport eval people`: figures against truth whose outcome is known beforehand."""

import json
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from audit.cli import cli
from audit.evaluate import metres, people, roles, smiles
from audit.evaluate.matching import Tally, area_under_curve, tally, together
from audit.evaluate.rendered import Clip, smiling
from audit.evaluate.smiles import Read
from audit.evaluate.truth import BadTruth, Truth, find_truth, load_truth
from audit.yamlfile import BadFile
from models.observations import Observed, Provenance, Recording, Span, gather
from tests import build

CLIPS = Path(__file__).parent / "video"

CRISP = {"fx": 700.0, "fy": 700.0, "cx": 320.0, "cy": 180.0, "R": np.eye(3).tolist(), "t": [0, 0, 0]}


def spans(*pairs):
    return [Span(float(a), float(b)) for a, b in pairs]


@pytest.mark.parametrize(
    ("found", "true", "over", "expected"),
    [
        ([(1, 3)], [(1, 3)], [], (1, 0, 0)),
        ([(1.2, 2.8)], [(1, 3)], [], (1, 0, 0)),
        ([(0, 1.2)], [(1, 3)], [], (0, 1, 1)),  # hardly any of it is the true one
        ([(1, 2), (2, 3)], [(1, 3)], [], (1, 1, 0)),  # one in two pieces: the second is false
        ([(1, 9)], [(1, 3), (7, 9)], [], (1, 0, 1)),  # two as one: the other is missed
        ([(5, 6)], [], [(4, 7)], (0, 0, 0)),  # where nothing is asked
        ([(4, 7)], [(4, 7)], [(4, 7)], (1, 0, 0)),
        ([], [(1, 3)], [], (0, 0, 1)),
        ([(1, 3)], [], [], (0, 1, 0)),
        ([(2, 2)], [(1, 3)], [], (0, 1, 1)),  # an empty span is nothing
    ],
)
def test_each_true_event_takes_one_that_was_found(found, true, over, expected):
    assert tally(spans(*found), spans(*true), spans(*over))[:3] == expected


def test_a_true_event_takes_the_one_that_shares_most_with_it():
    one = tally(spans((0.6, 1.5), (1.5, 3.25)), spans((1, 3)))
    assert (one.starts_off_s, one.ends_off_s) == ((0.5,), (0.25,))


def test_shares_are_of_all_clips_together_and_none_where_there_is_nothing():
    whole = together([Tally(3, 1, 0, (0.1,) * 3), Tally(1, 0, 2, (-0.3,)), Tally()])
    assert whole == Tally(4, 1, 2, (0.1, 0.1, 0.1, -0.3))
    assert (whole.precision, whole.recall, whole.f1) == (0.8, 0.667, 0.727)
    assert (Tally().precision, Tally().recall, Tally().f1) == (None, None, None)
    assert (Tally(0, 2, 0).precision, Tally(0, 2, 0).f1) == (0.0, None)


@pytest.mark.parametrize(
    ("scores", "positive", "expected"),
    [
        ([0.1, 0.2, 0.8, 0.9], [False, False, True, True], 1.0),
        ([0.9, 0.8, 0.2, 0.1], [False, False, True, True], 0.0),
        ([0.5, 0.5], [False, True], 0.5),
        ([0.1, 0.7, 0.4, 0.9], [False, False, True, True], 0.75),
        ([0.1, 0.7], [True, True], None),
        ([], [], None),
    ],
)
def test_the_area_under_the_curve(scores, positive, expected):
    assert area_under_curve(scores, positive) == expected


NAN = float("nan")


def test_distances_say_what_was_found_how_far_off_and_in_which_zone():
    pairs = [
        metres.Pair(1.0, 0.8, 1.4, 0.8),  # right zone
        metres.Pair(3.0, 2.5, 3.5, 3.4),  # right zone, far
        metres.Pair(1.3, 1.25, 1.4, 1.0),  # wrong zone, outside its interval
        metres.Pair(1.25, 1.0, 1.5, 1.15),  # too near to a border to count
        metres.Pair(NAN, NAN, NAN, 2.0),
    ]
    told = metres.figures(pairs)
    assert (told["pairs"], told["found_share"]) == (5, 0.8)
    assert told["mae_near_m"] == pytest.approx((0.2 + 0.3 + 0.1) / 3)
    assert told["median_m"] == pytest.approx(0.25)
    assert told["zone_accuracy"] == pytest.approx(2 / 3, abs=0.001)
    assert told["interval_coverage"] == 0.75
    assert set(metres.figures([]).values()) == {0, None}


def test_distances_are_told_by_range():
    pairs = [metres.Pair(0.5, 0.4, 0.6, 0.4), metres.Pair(0.4, 0.3, 0.6, 0.46), metres.Pair(4.0, 3, 5, 4.2)]
    told = metres.by_range(pairs)
    assert {name: one["pairs"] for name, one in told.items()} == {
        "0 to 0.46 m": 1,
        "0.46 to 1.22 m": 1,
        "from 3.66 m": 1,
    }
    assert told["from 3.66 m"]["mae_m"] == pytest.approx(0.2)


def clip(frames, tracks=(), gestures=None, duration_s=2.0, **more):
    """A clip of an employee and a customer with these frames of truth and these tracks."""
    persons = {
        "employee": {"role": "employee", "sex": "female", "height_m": 1.73},
        "customer": {"role": "customer"},
    }
    given = {"duration_s": duration_s, "camera": CRISP, "persons": persons, "frames": frames}
    truth = msgspec.convert(given | {"gestures": gestures or {}} | more, Truth)
    seen = build.people(list(tracks), times_s=np.arange(round(duration_s * 5)) / 5)
    observed = Observed(build.IDENTITY, Provenance("people", "mediapipe", "1", "", ()), people=seen)
    return Clip("a", truth, gather(Recording(build.IDENTITY, duration_s, 0, 0, ""), (observed,), ()))


def body(x_m=0.0, smile=0.0, yaw_deg=0.0, box=(0, 0, 100, 300), inside=1.0):
    return {
        "hip_centre": [x_m, 0, 4],
        "head_in_frame": True,
        "in_frame_fraction": inside,
        "bbox2d": list(box),
        "smile": smile,
        "head_yaw_to_camera_deg": yaw_deg,
    }


BOXES = {"employee": (0, 0, 100, 300), "customer": (300, 0, 400, 300)}


def standing(apart_m, n=10):
    """Truth and tracks of two people at these distances, one for each frame."""
    frames = [
        {
            "t": i / 5,
            "persons": {"employee": body(), "customer": body(apart_m[i], box=BOXES["customer"])},
            "pairs": {"employee|customer": {"ground_distance_m": apart_m[i]}},
        }
        for i in range(n)
    ]
    tracks = [
        build.track(
            n,
            f"person-{number}",
            boxes_px=np.tile(np.array(BOXES[label], float), (n, 1)),
            position_m=np.array([[apart_m[i] * number, 0, 4.0] for i in range(n)]),
            position_sd_m=np.full((n, 2), 0.02),
        )
        for number, label in enumerate(BOXES)
    ]
    return frames, tracks


def test_tracks_are_the_people_whose_boxes_they_are():
    frames, tracks = standing([1.2] * 10)
    stranger = build.track(3, "person-2", boxes_px=np.tile([500.0, 0, 600, 300], (3, 1)))
    assert clip(frames, [*tracks, stranger]).persons == {"person-0": "employee", "person-1": "customer"}


def test_the_pairs_of_a_clip_are_read_by_the_camera_that_is_asked_for():
    one = clip(*standing([1.2] * 10))
    told = metres.figures(one.pairs(one.people))
    assert (told["pairs"], told["found_share"], told["mae_near_m"]) == (10, 1.0, pytest.approx(0, abs=0.001))


def test_who_was_not_found_is_a_pair_that_was_not_found():
    frames, tracks = standing([1.2] * 10)
    told = metres.figures((one := clip(frames, tracks[:1])).pairs(one.people))
    assert (told["pairs"], told["found_share"], told["mae_m"]) == (10, 0.0, None)


def test_who_is_hardly_in_the_picture_is_no_part_of_it():
    frames, tracks = standing([1.2] * 10)
    for frame in frames:
        frame["persons"]["customer"]["in_frame_fraction"] = 0.2
    assert (one := clip(frames, tracks)).pairs(one.people) == []


def test_an_event_is_off_by_the_time_to_the_nearest_that_was_found_or_by_the_whole_clip():
    intervals = {"under_0_76m": [[0.5, 1.2]]}
    near = clip(*standing([1.2] * 3 + [0.6] * 4 + [1.2] * 3), intervals=intervals)
    never = clip(*standing([1.2] * 10), intervals=intervals)
    told = [(e["event"], e["true_s"], e["found_s"], e["off_s"]) for e in people.events([near, never])]
    assert told == [("too close", 0.5, 0.5, 0.0), ("too close", 0.5, None, 2.0)]


def test_a_smile_has_to_be_seen_when_it_is_plain_and_the_face_is_to_the_camera():
    smiles = [(0, 0), (0.3, 0), (0.8, 0), (0.9, 10), (0.9, 40), (0, 0)]
    frames = [
        {"t": i / 5, "persons": {"employee": body(smile=s, yaw_deg=y)}} for i, (s, y) in enumerate(smiles)
    ]
    true, over = smiling(clip(frames), "employee")
    assert true == (Span(0.4, 0.8),)
    assert over == (Span(0.2, 0.4), Span(0.8, 1.0))


def test_groups_are_of_sex_skin_and_height_and_say_where_people_were_found():
    told = people.by_group([clip(*standing([1.2] * 10))])
    assert set(told) == {"female", "unsaid", "unsaid skin", "1.70 to 1.80 m", "height unsaid"}
    assert told["female"] | {"gesture_recall": None} == {
        "persons": 1,
        "frames": 10,
        "found_share": 1.0,
        "place_mae_m": pytest.approx(0, abs=0.001),
        "gesture_recall": None,
    }


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, "no truth about people; expected some of: NAME.truth.json"),
        ({"labels.csv": "file,label\na.jpg,palm\n"}, "no truth about people"),
        ({"a.truth.json": "{}"}, "a.truth.json: Object missing required field"),
        (
            {
                "a.truth.json": (CLIPS / "two-people.truth.json")
                .read_text()
                .replace('"persons":{"employee"', '"persons":{"boss"', 1)
            },
            "a.truth.json: nothing of who employee is; expected every label among `persons`",
        ),
        (
            {"a.truth.json": "{"},
            "a.truth.json: Input data was truncated; expected the truth of a rendered clip",
        ),
        (
            {"a.truth.json": (CLIPS / "two-people.truth.json").read_text()},
            "no a.mp4; expected the video beside",
        ),
        ({"pair_distances.csv": "frame,person_a\n1,2\n"}, "ground_truth.csv: "),
        (
            {"pair_distances.csv": "frame,distance_m\n1,far\n", "ground_truth.csv": "frame,person\n"},
            "truth with ValueError could not convert string to float: 'far'",
        ),
        ({"derived_pair_distances.csv": "frame\n"}, "no camera_parameters.json; expected the data set"),
    ],
)
def test_truth_that_cannot_be_read_is_named_on_one_line(tmp_path, files, expected):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(BadTruth) as error:
        people.evaluate_people(tmp_path, untitled)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_that_is_none_is_named(tmp_path):
    with pytest.raises(BadTruth, match="does not exist; expected a folder"):
        find_truth(tmp_path / "nowhere")


class untitled:  # noqa: N801  a title that nobody reads
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        return lambda done, total: None

    def __exit__(self, *error):
        return None


def test_truth_of_several_kinds_is_found_in_the_folders_below(tmp_path):
    for name, text in {
        "one/a.truth.json": "{}",
        "two/labels.csv": "file,smile,source\na.jpg,1,x\n",
        "three/labels.csv": "file,scene,staff_visible,customer_visible\na.mp4,shop,yes,no\n",
        "four/derived_pair_distances.csv": "",
        "five/pair_distances.csv": "",
    }.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    found = find_truth(tmp_path)
    assert [[p.relative_to(tmp_path).parts[0] for p in kind] for kind in found] == [
        ["one"],
        ["four"],
        ["five"],
        ["two"],
        ["three"],
    ]


FACES = Path(__file__).parent / "faces"


@build.sees_people
def test_smiles_in_pictures_are_told_from_other_faces():
    found = people.evaluate_people(FACES, untitled)
    assert found["smile_auc"] == 1.0
    told = found["tables"]["smiles"]
    assert (told["pictures"], told["found"], told["taken_for_smiles"]) == (8, 8, 0)
    assert found["distance_mae_m"] is None


def test_a_face_that_was_not_found_has_no_score():
    read = [Read("a", True, 0.9), Read("b", True, 0.3), Read("c", False, 0.6), Read("d", False, None)]
    assert smiles.summary(read) == {
        "pictures": 4,
        "found": 3,
        "auc": 0.5,
        "smiles_found": 1,
        "smiles": 2,
        "taken_for_smiles": 1,
        "contrary": ["b", "c"],
    }


def test_a_picture_that_is_named_and_not_there_is_told(tmp_path):
    (tmp_path / "labels.csv").write_text("file,smile\na.jpg,1\n")
    with pytest.raises(BadTruth, match="a.jpg: no picture; expected what labels.csv names"):
        people.evaluate_people(tmp_path, untitled)


@build.sees_people
def test_the_clip_of_the_tests_is_read_right(tmp_path):
    for path in CLIPS.iterdir():
        shutil.copy(path, tmp_path / path.name)
    done = CliRunner().invoke(cli, ["eval", "people", str(tmp_path), "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    found = json.loads(done.output.splitlines()[-1])
    assert found["tables"]["metres"]["rendered, right camera"]["pairs"] == 10
    assert found["distance_mae_m"] < 0.2
    assert (found["interval_coverage"], found["found_share"]) == (1.0, 1.0)
    assert (found["distance_median_m"], found["smile_auc"], found["event_time_error_s"]) == (None, None, None)
    assert found["tables"]["geometry only"]["female"]["found_share"] == 1.0
    assert load_truth(tmp_path / "two-people.truth.json").gestures["employee"][0].label == "arms_crossed"


@build.sees_people
def test_people_read_it_as_tables():
    done = CliRunner().invoke(cli, ["eval", "people", str(CLIPS)], catch_exceptions=False)
    assert "geometry only" in done.output
    assert "distance_median_m" in done.output


def came(number, first, last):
    """Somebody who is seen from one frame (of 50, 5 a second) to another."""
    times_s = np.arange(first, last) / 5
    return build.track(len(times_s), f"person-{number}", seed=number, times_s=times_s)


@pytest.mark.parametrize(
    ("tracks", "row", "expected"),
    [
        ([came(0, 0, 50), came(1, 10, 40)], ("yes", "yes", "2"), ([(True, True), (True, True)], 2)),
        ([came(0, 0, 50), came(1, 10, 40)], ("yes", "no", "2"), ([(True, True), (True, False)], 2)),
        ([came(0, 0, 50), came(1, 10, 22)], ("yes", "unclear", "2"), ([(True, True)], 1)),
        ([came(0, 0, 50), came(1, 0, 50)], ("yes", "yes", "2"), ([(False, False)] * 2, 2)),
        ([], ("no", "no", ""), ([(True, True)] * 2, 0)),
    ],
)
def test_a_scene_asks_for_staff_customers_and_how_many(tracks, row, expected):
    seen = build.people(tracks, times_s=np.arange(50) / 5)
    names = ("staff_visible", "customer_visible", "people_mid_frame_estimate")
    found = roles.scene(seen, dict(zip(names, row, strict=True)))
    assert ([tuple(one) for one in found.told], found.counted) == expected
    assert found.true_count == (int(row[2]) if row[2] else None)


def test_the_rendered_employee_is_told_by_the_colour_of_the_house():
    frames, tracks = standing([1.2] * 10)
    teal, other = (
        np.tile([[[39.6, -15.9, -13.9]] * 2], (10, 1, 1)),
        np.tile([[[60.0, 5.0, 40.0]] * 2], (10, 1, 1)),
    )
    dressed = [
        msgspec.structs.replace(t, clothes_lab=lab) for t, lab in zip(tracks, (teal, other), strict=True)
    ]
    one = clip(frames, dressed, spec={"expected_uniform_srgb": [0, 105, 120]})
    assert roles.summary(roles.of_rendered([one])) == {
        "asked": 2,
        "answered": 1.0,
        "accuracy": 1.0,
        "right_of_answered": 1.0,
    }
    assert roles.summary(roles.of_rendered([clip(frames, dressed)]))["answered"] == 0.0


@build.sees_people
def test_roles_are_told_with_and_without_what_is_known_of_the_house(tmp_path):
    shutil.copy(CLIPS / "two-people.mp4", tmp_path / "a.mp4")
    columns = "file,staff_visible,customer_visible,people_mid_frame_estimate"
    (tmp_path / "labels.csv").write_text(f"{columns}\na.mp4,yes,yes,2\n")
    bare = people.evaluate_people(tmp_path, untitled)
    assert (bare["role_accuracy"], list(bare["tables"]["roles"])) == (0.0, [tmp_path.name, "accuracy"])
    (tmp_path / "a.house.yaml").write_text('upper: ["#006978"]\n')
    known = people.evaluate_people(tmp_path, untitled)
    assert known["role_accuracy"] == 1.0
    told = known["tables"]["roles"]
    assert told[tmp_path.name] == bare["tables"]["roles"][tmp_path.name]
    assert told[f"{tmp_path.name}, house known"]["answered"] == 1.0
    (tmp_path / "a.house.yaml").write_text("upper: teal\n")
    with pytest.raises(BadFile, match="'teal' is no colour"):
        people.evaluate_people(tmp_path, untitled)
