"""Metres from bodies and feet, checked against people that were projected by a known camera."""

import math

import msgspec
import numpy as np
import pytest

from models.camera import Camera, Floor, assumed_camera
from models.geometry import distance, floor_point, horizontal, locate, located
from tests import build

# The shape of a standing adult around the hip centre, metres, x to the person's left, y down, z to the back.
_HALF = {
    0: (0.0, -0.62, -0.1),
    7: (0.07, -0.63, 0),
    11: (0.18, -0.48, 0),
    13: (0.22, -0.2, 0),
    15: (0.2, 0.05, -0.05),
}
_HALF |= {
    23: (0.1, 0, 0),
    25: (0.1, 0.42, 0),
    27: (0.1, 0.82, 0.02),
    29: (0.1, 0.88, 0.05),
    31: (0.1, 0.9, -0.12),
}


def body() -> np.ndarray:
    """Landmarks (33, 3) in metres around the hips; those that are not listed lie on the head or hands."""
    points = np.zeros((33, 3))
    for index, (x, y, z) in _HALF.items():
        points[index] = (x, y, z)
        if index:
            points[index + 1] = (-x, y, z)
    points[1:7] = points[0] + np.array([[0.02 * n - 0.07, -0.03, 0.02] for n in range(6)])
    points[9:11] = points[0] + np.array([[0.03, 0.05, 0.02], [-0.03, 0.05, 0.02]])
    for index in range(17, 23):
        points[index] = points[15 + (index + 1) % 2] + (0, 0.08, -0.01 * index / 20)
    return points


def pitched(down_deg: float) -> np.ndarray:
    """The rotation from a level camera's axes to those of one that looks down."""
    a = math.radians(down_deg)
    return np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])


def camera(down_deg: float = 0.0, height_m: float = 1.6, floor: bool = False, **more: object) -> Camera:
    """720p, 60 degrees wide, `height_m` above the floor."""
    # Floor axes x right, y away, z up; a level camera has x right, y down, z away.
    turn = pitched(down_deg) @ np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    shift = -turn @ np.array([0, 0, height_m])
    known = Floor(tuple(map(tuple, turn.tolist())), tuple(shift.tolist())) if floor else None
    return Camera((1280, 720), (1100.0, 1100.0), (640.0, 360.0), floor=known, **more)  # type: ignore[arg-type]


def seen(
    x_m: float, away_m: float, by: Camera, down_deg: float = 0.0, height_m: float = 1.6, scale: float = 1.0
):
    """(pose_px, pose_m, box) of somebody on the floor at x, away; `scale` is the true size beside the model's."""
    hips = pitched(down_deg) @ np.array([x_m, height_m - 0.9 * scale, away_m])
    upright = body() @ pitched(down_deg).T
    points = hips + scale * upright
    px = points[:, :2] / points[:, 2:] * by.focal_px + by.centre_px
    box = np.concatenate([px.min(axis=0), px.max(axis=0)])
    return np.column_stack([px, np.ones(33)]), upright, box, hips


@pytest.mark.parametrize(("x_m", "away_m", "down_deg"), [(0, 2, 0), (-0.8, 3, 0), (1, 4, 15), (0.3, 2.5, 35)])
def test_a_body_of_known_size_is_located(x_m, away_m, down_deg):
    by = camera()
    pose_px, pose_m, box, hips = seen(x_m, away_m, by, down_deg)
    place = locate(pose_px, pose_m, box, by)
    np.testing.assert_allclose(place.at_m, hips, atol=0.01)
    assert 0.08 <= place.sd_m[1] / np.linalg.norm(hips) < 0.1


def test_somebody_of_whom_little_is_seen_is_not_located():
    by = camera()
    pose_px, pose_m, box, _ = seen(0, 2, by)
    pose_px[5:, 2] = 0.1
    assert locate(pose_px, pose_m, box, by) is None
    assert locate(np.full((33, 3), np.nan), np.full((33, 3), np.nan), box, by) is None


def test_a_body_cut_off_is_located_less_surely():
    by = camera()
    pose_px, pose_m, box, hips = seen(0, 2, by)
    whole = locate(pose_px, pose_m, box, by)
    pose_px[17:23, 2] = pose_px[25:, 2] = 0.1
    cut = locate(pose_px, pose_m, box, by)
    np.testing.assert_allclose(cut.at_m, hips, atol=0.02)
    assert cut.sd_m[1] > whole.sd_m[1]


def test_feet_on_a_known_floor_correct_a_tall_body():
    level, tall = camera(20, 2.5), 1.12
    by = camera(20, 2.5, floor=True)
    pose_px, pose_m, box, hips = seen(0.5, 4, by, 20, 2.5, scale=tall)
    up = by.floor.up

    def off(place) -> float:
        return float(np.linalg.norm(horizontal(place.at_m - hips, up)))

    by_body, by_both = locate(pose_px, pose_m, box, level), locate(pose_px, pose_m, box, by)
    assert off(by_body) > 0.35
    assert off(by_both) < 0.11
    assert by_both.sd_m[1] < by_body.sd_m[1]


def test_feet_behind_a_counter_do_not_count():
    by = camera(20, 2.5, floor=True)
    pose_px, pose_m, box, hips = seen(0.5, 4, by, 20, 2.5)
    pose_px[27:, 2] = 0.2
    pose_px[27:, 1] -= 200
    place = locate(pose_px, pose_m, box, by)
    np.testing.assert_allclose(place.at_m, hips, atol=0.02)


@pytest.mark.parametrize(("down_deg", "relative"), [(0, 0.08), (30, 0.106), (50, 0.164)])
def test_the_depth_of_a_body_is_less_sure_from_above(down_deg, relative):
    by = camera()
    upright = body() @ pitched(down_deg).T
    points = np.array([0.0, 0.0, 4.0]) + upright
    pose_px = np.column_stack([points[:, :2] / points[:, 2:] * by.focal_px + by.centre_px, np.ones(33)])
    place = locate(pose_px, upright, np.zeros(4), by, pitched(down_deg) @ np.array([0.0, -1.0, 0.0]))
    assert place.sd_m[1] / 4.0 == pytest.approx(relative, rel=0.02)


def test_hips_on_a_known_floor_correct_a_tall_body_whose_feet_are_hidden():
    tall, level, by = 1.12, camera(50, 3.0), camera(50, 3.0, floor=True)
    pose_px, pose_m, box, hips = seen(0.3, 2.2, by, 50, 3.0, scale=tall)
    pose_px[27:, 2] = 0.1
    up = by.floor.up
    by_body, by_both = (locate(pose_px, pose_m, box, of, up) for of in (level, by))
    off_m = [float(np.linalg.norm(horizontal(one.at_m - hips, up))) for one in (by_body, by_both)]
    assert off_m[1] < min(0.15, off_m[0])
    assert by_both.sd_m[1] < 0.5 * by_body.sd_m[1]
    # Whether somebody stands, the knees say.
    pose_px[25:27, 2] = 0.1
    assert by_both.sd_m[1] < locate(pose_px, pose_m, box, by).sd_m[1] < by_body.sd_m[1]


def test_somebody_too_small_for_a_pose_stands_where_the_box_ends():
    by = camera(20, 5.0, floor=True)
    nobody = np.full((33, 3), np.nan)
    _, _, box, hips = seen(3, 20, by, 20, 5.0)
    place = locate(nobody, nobody, box, by)
    assert np.linalg.norm(horizontal(place.at_m - hips, by.floor.up)) < 0.4
    assert locate(nobody, nobody, box, camera(20, 5.0)) is None


def test_a_line_of_sight_above_the_horizon_meets_no_floor():
    by = camera(0, 1.6, floor=True)
    assert floor_point(np.array([640, 300]), by) is None
    np.testing.assert_allclose(floor_point(np.array([640, 360 + 1100 * 1.6 / 4]), by), [0, 1.6, 4], atol=1e-6)


def two(apart: tuple[float, float], by: Camera, rows: int = 3, down_deg: float = 0.0):
    """People of two who stand (aside, behind each other) metres apart, three metres away."""
    tracks = []
    for number, sign in enumerate((-0.5, 0.5)):
        pose_px, pose_m, box, _ = seen(sign * apart[0], 3 + sign * apart[1], camera(), down_deg)
        arrays = {"pose_px": pose_px, "pose_m": pose_m, "boxes_px": box}
        arrays = {name: np.repeat(value[None], rows, axis=0) for name, value in arrays.items()}
        tracks.append(build.track(rows, f"person-{number}", **arrays))
    return located(build.people(tracks, (1280, 720)), by)


@pytest.mark.parametrize("apart", [(0.5, 0.0), (1.2, 0.0), (0.0, 1.0), (1.0, 1.0), (3.0, 0.5)])
@pytest.mark.parametrize("down_deg", [0, 25])
def test_the_distance_of_two_people_is_over_the_floor(apart, down_deg):
    people = two(apart, camera(), down_deg=down_deg)
    read = distance(people, *people.tracks)
    assert read.metres == pytest.approx([math.hypot(*apart)] * 3, abs=0.03)
    assert ((read.low_m < read.metres) & (read.metres < read.high_m)).all()


def test_the_interval_grows_when_the_focal_length_is_unknown_and_people_stand_behind_each_other():
    widths = {}
    for name, apart in (("beside", (1.5, 0.0)), ("behind", (0.0, 1.5))):
        for known in (True, False):
            by = camera() if known else msgspec.structs.replace(camera(), source="assumed", focal_sd=0.25)
            read = distance(people := two(apart, by), *people.tracks)
            widths[name, known] = float((read.high_m - read.low_m)[0])
    assert widths["behind", True] > widths["beside", True]
    assert widths["behind", False] > 1.2 * widths["behind", True]
    assert widths["beside", False] < 1.1 * widths["beside", True]


def test_a_wrong_focal_length_stays_inside_the_interval_of_an_unknown_camera():
    people = two((0.8, 0.8), assumed_camera((1280, 720)))
    read = distance(people, *people.tracks)
    assert (read.low_m[0] < math.hypot(0.8, 0.8) < read.high_m[0]) and people.camera.source == "assumed"


def test_only_times_at_which_both_were_located_count():
    people = two((1.0, 0.0), camera(), rows=4)
    one, other = people.tracks
    hidden = other.position_m.copy()
    hidden[1] = np.nan
    other = msgspec.structs.replace(other, position_m=hidden)
    assert distance(people, one, other).times_s.tolist() == [0.0, 0.4, 0.6]
    later = msgspec.structs.replace(other, times_s=other.times_s + 100)
    assert len(distance(people, one, later).metres) == 0


def test_the_same_tracks_give_the_same_interval():
    people = two((1.0, 0.3), camera())
    np.testing.assert_array_equal(
        distance(people, *people.tracks).high_m, distance(people, *people.tracks).high_m
    )


def test_up_is_where_shoulders_are_or_where_the_floor_is_not():
    tilted = two((1.0, 0.0), camera(), down_deg=25)
    np.testing.assert_allclose(tilted.up, pitched(25) @ [0, -1, 0], atol=0.01)
    assert located(build.people([], (1280, 720)), camera()).up == (0.0, -1.0, 0.0)
    np.testing.assert_allclose(
        located(tilted, camera(40, floor=True)).up, pitched(40) @ [0, -1, 0], atol=1e-6
    )
