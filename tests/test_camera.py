"""Camera files, calibration from a checkerboard and from points of the floor, and the command for it."""

import pickle

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from audit.cli import cli
from models.calibrate import from_checkerboard, with_floor
from models.camera import (
    BadCamera,
    Camera,
    assumed_camera,
    camera_yaml,
    load_camera,
    metadata_camera,
)
from tests.test_geometry import camera

ZONES = "{{size_px: [9, 9], focal_px: [9, 9], centre_px: [1, 1], zones: [{{name: {}, corners_px: [{}]}}]}}"
SQUARES = (8, 6)
CORNERS = (7, 5)


def board(focal_px: float, seed: int, size_px: tuple[int, int] = (640, 480)) -> np.ndarray:
    """A picture of a checkerboard of 5 cm squares, held somewhere in view, by a camera without distortion."""
    random = np.random.default_rng(seed)
    side = 40
    flat = np.full(((SQUARES[1] + 2) * side, (SQUARES[0] + 2) * side), 255, np.uint8)
    for y in range(SQUARES[1]):
        for x in range(y % 2, SQUARES[0], 2):
            flat[(y + 1) * side : (y + 2) * side, (x + 1) * side : (x + 2) * side] = 0
    tilt = cv2.Rodrigues(random.uniform(-0.5, 0.5, 3))[0]
    matrix = np.array([[focal_px, 0, size_px[0] / 2], [0, focal_px, size_px[1] / 2], [0, 0, 1]])
    to_metres = np.diag([0.05 / side, 0.05 / side, 1.0])
    middle = np.array([0.05 * (SQUARES[0] + 2) / 2, 0.05 * (SQUARES[1] + 2) / 2, 0])
    place = random.uniform([-0.06, -0.05, 0.75], [0.06, 0.05, 0.95])
    plane = matrix @ np.column_stack([tilt[:, 0], tilt[:, 1], place - tilt @ middle]) @ to_metres
    grey = cv2.warpPerspective(flat, plane, size_px, flags=cv2.INTER_AREA, borderValue=(90,))
    return np.repeat(grey[..., None], 3, axis=2)


def test_a_checkerboard_gives_the_focal_length():
    found, error_px = from_checkerboard([board(620, seed) for seed in range(10)], CORNERS, 0.05, "board")
    assert found.focal_px == pytest.approx((620, 620), rel=0.02)
    assert found.centre_px == pytest.approx((320, 240), abs=10)
    assert error_px < 0.5
    assert (found.source, found.size_px) == ("calibrated", (640, 480))


@pytest.mark.parametrize(
    ("pictures", "says"),
    [
        ([], "seen in 0 pictures"),
        ([board(620, 1)] * 3, "seen in 3 pictures"),
        ([np.zeros((480, 640, 3), np.uint8)] * 9, "seen in 0 pictures"),
        ([board(620, 1), board(620, 1, (320, 240))], "expected one size"),
    ],
)
def test_what_does_not_show_the_board_often_enough_is_refused(pictures, says):
    with pytest.raises(BadCamera, match=says) as caught:
        from_checkerboard(pictures, CORNERS, 0.05, "board")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


FLOOR_M = [(-1.0, 2.5), (1.0, 2.5), (1.2, 5.0), (-0.9, 4.5)]


def pixels(by: Camera, noise_px: float = 0.0, seed: int = 0) -> list[tuple[float, float]]:
    turn, shift = np.array(by.floor.rotation), np.array(by.floor.translation_m)
    points = np.column_stack([np.array(FLOOR_M), np.zeros(4)]) @ turn.T + shift
    shown = points[:, :2] / points[:, 2:] * by.focal_px + by.centre_px
    shown += noise_px * np.random.default_rng(seed).uniform(-1, 1, shown.shape)
    return [(float(x), float(y)) for x, y in shown]


@pytest.mark.parametrize("metres", [FLOOR_M, [(x, -y) for x, y in FLOOR_M]], ids=["y away", "y towards"])
def test_four_points_give_the_floor_of_a_calibrated_camera(metres):
    by = camera(25, 2.4, floor=True)
    found, error_px = with_floor(camera(), pixels(by), metres, "shop")
    assert error_px < 0.01
    np.testing.assert_allclose(found.floor.up, by.floor.up, atol=1e-4)
    assert -np.array(found.floor.translation_m) @ found.floor.up == pytest.approx(2.4, abs=0.001)


@pytest.mark.parametrize("seed", range(5))
def test_four_points_give_focal_length_and_floor_of_an_unknown_camera(seed):
    by = camera(30, 2.6, floor=True)
    found, _ = with_floor(assumed_camera((1280, 720)), pixels(by, 2.0, seed), FLOOR_M, "shop")
    assert found.focal_px[0] == pytest.approx(1100, rel=0.1)
    assert -np.array(found.floor.translation_m) @ found.floor.up == pytest.approx(2.6, abs=0.2)
    assert (found.source, found.focal_sd) == ("calibrated", 0.05)


@pytest.mark.parametrize(
    ("points", "metres", "says"),
    [
        ([(0, 0)] * 3, FLOOR_M[:3], "expected four"),
        ([(0, 0), (1, 1), (2, 2), (3, 3)], [(0, 0), (0, 1), (0, 2), (0, 3)], "on one line"),
        ([(640, 300), (900, 320), (200, 700), (100, 20)], FLOOR_M, "off by|focal length"),
    ],
)
def test_points_that_tell_no_floor_are_refused(points, metres, says):
    with pytest.raises(BadCamera, match=says):
        with_floor(camera(), points, metres, "shop")


def test_a_floor_seen_from_straight_above_tells_no_focal_length():
    by = camera(90, 4.0, floor=True)
    turn, shift = np.array(by.floor.rotation), np.array(by.floor.translation_m)
    metres = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
    points = np.column_stack([np.array(metres), np.zeros(4)]) @ turn.T + shift
    shown = points[:, :2] / points[:, 2:] * by.focal_px + by.centre_px
    with pytest.raises(BadCamera, match="focal length"):
        with_floor(assumed_camera((1280, 720)), [tuple(p) for p in shown], metres, "shop")


@pytest.mark.parametrize("floor", [True, False])
def test_a_camera_file_gives_the_same_camera(tmp_path, floor):
    by = camera(20, 2.5, floor=floor, distortion=(-0.2, 0.1, 0.0, 0.001, 0.0))
    path = tmp_path / "shop.yaml"
    path.write_text(camera_yaml(by))
    read = load_camera(path)
    assert (read.size_px, read.focal_px, read.distortion) == (by.size_px, by.focal_px, by.distortion)
    assert (read.floor is None) == (not floor)
    if floor:
        np.testing.assert_allclose(read.floor.rotation, by.floor.rotation, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("size_px: [1, 2", "no camera file"),
        ("hello", "no camera file"),
        ("size_px: [640, 480]", "no camera file"),
        ("{size_px: [640, 480], focal_px: [0, 1], centre_px: [1, 1]}", "no positive number"),
        ("{size_px: [640, 480], focal_px: [9, 9], centre_px: [1, 1], distortion: [1]}", "1 distortion"),
        ("{size_px: [640, 480], focal_px: [9, 9], centre_px: [1, 1], lens: 3}", "lens"),
        (
            "{size_px: [9, 9], focal_px: [9, 9], centre_px: [1, 1], floor: {rotation: [[1,0,0],[0,1,0],[0,0,2]],"
            " translation_m: [0,0,1]}}",
            "rotation",
        ),
        (ZONES.format("counter", "[1, 1], [9, 9]"), "2 corners"),
        (ZONES.format("counter", "[10, 1], [19, 9], [12, 12]"), "outside the picture"),
        (ZONES.format("kitchen", "[1, 1], [9, 9], [1, 9]"), "no camera file.*kitchen"),
    ],
)
def test_a_damaged_camera_file_says_what_is_wrong(tmp_path, text, says):
    path = tmp_path / "shop.yaml"
    path.write_text(text)
    with pytest.raises(BadCamera, match=says) as caught:
        load_camera(path)
    assert str(path) in caught.value.line
    with pytest.raises(BadCamera, match="No such file"):
        load_camera(tmp_path / "none.yaml")


def test_a_camera_fits_scaled_pictures_and_no_others():
    by = camera()
    half = by.resized((640, 360))
    assert (half.focal_px, half.centre_px) == ((550.0, 550.0), (320.0, 180.0))
    with pytest.raises(BadCamera, match="calibrated for"):
        by.resized((720, 1280))


def test_a_focal_length_in_metadata_is_surer_than_an_assumed_one():
    phone, nothing = metadata_camera((1920, 1080), 28.0), assumed_camera((1920, 1080))
    assert phone.focal_px[0] == pytest.approx(1425, abs=5)
    assert phone.focal_sd < nothing.focal_sd


def test_the_command_writes_a_camera_file(tmp_path):
    for seed in range(6):
        cv2.imwrite(str(tmp_path / f"{seed}.png"), board(620, seed))
    pictures = sorted(map(str, tmp_path.glob("*.png")))
    file = str(tmp_path / "shop.yaml")
    lens = ["camera", "calibrate", file, *pictures, "--board", "7x5", "--square", "0.05"]
    done = CliRunner().invoke(cli, lens, catch_exceptions=False)
    assert done.exit_code == 0 and "no floor" in done.output
    assert load_camera(tmp_path / "shop.yaml").focal_px[0] == pytest.approx(620, rel=0.03)

    by = camera(25, 2.4, floor=True).resized((640, 360))
    blank = tmp_path / "blank.jpg"
    cv2.imwrite(str(blank), np.zeros((360, 640, 3), np.uint8))
    floor = [f"--floor={x},{y}={a},{b}" for (x, y), (a, b) in zip(pixels(by), FLOOR_M, strict=True)]
    done = CliRunner().invoke(cli, ["camera", "calibrate", file, str(blank), *floor], catch_exceptions=False)
    assert done.exit_code == 0 and "2.40 m above the floor" in done.output


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "give --board"),
        (["--board", "9x6"], "needs --square"),
        (["--board", "nine"], "no board"),
        (["--floor", "1,2"], "no point"),
    ],
)
def test_the_command_says_what_is_missing(tmp_path, options, says):
    picture = tmp_path / "a.png"
    cv2.imwrite(str(picture), np.zeros((48, 64, 3), np.uint8))
    done = CliRunner().invoke(cli, ["camera", "calibrate", str(tmp_path / "c.yaml"), str(picture), *options])
    assert done.exit_code == 2 and says in done.output


BEHIND = "counter=10,10/30,10/30,40/10,40"


def test_zones_are_drawn_into_a_camera_file_and_scale_with_the_picture(tmp_path):
    file, picture = tmp_path / "shop.yaml", tmp_path / "a.png"
    cv2.imwrite(str(picture), np.zeros((48, 64, 3), np.uint8))
    drawn = [
        "camera",
        "zones",
        str(file),
        str(picture),
        "--zone",
        BEHIND,
        "--zone",
        "entrance=50,0/64,0/64,48",
    ]
    done = CliRunner().invoke(cli, drawn, catch_exceptions=False)
    assert done.exit_code == 0 and "counter, entrance" in done.output
    read = load_camera(file)
    # Nobody calibrated this camera: its metres stay as unsure as they were.
    assert (read.source, read.focal_sd) == ("assumed", assumed_camera((64, 48)).focal_sd)
    points = np.array([[20.0, 20.0], [20.0, 45.0], [60.0, 10.0]])
    assert [zone.holds(points).tolist() for zone in read.zones] == [
        [True, False, False],
        [False, False, True],
    ]
    assert [z.holds(2 * points).tolist() for z in read.resized((128, 96)).zones] == [
        zone.holds(points).tolist() for zone in read.zones
    ]


def test_zones_are_added_to_a_calibrated_camera(tmp_path):
    file = tmp_path / "shop.yaml"
    file.write_text(camera_yaml(camera(20, 2.5, floor=True)))
    before = load_camera(file)
    done = CliRunner().invoke(cli, ["camera", "zones", str(file), "--zone", BEHIND], catch_exceptions=False)
    after = load_camera(file)
    assert done.exit_code == 0
    assert (after.floor, after.focal_px, after.source) == (before.floor, before.focal_px, "calibrated")
    assert [zone.name for zone in after.zones] == ["counter"]


@pytest.mark.parametrize("drawn", ["kitchen=1,1/2,2/1,2", "counter", "counter=1,2/3", "counter=a,b/1,1/2,1"])
def test_what_is_no_zone_is_refused_with_an_example(tmp_path, drawn):
    done = CliRunner().invoke(cli, ["camera", "zones", str(tmp_path / "c.yaml"), "--zone", drawn])
    assert done.exit_code == 2
    assert "is no zone" in done.output and "counter=412,300/905,310" in " ".join(done.output.split())
