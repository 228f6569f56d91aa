"""People in videos, by the real models: a rendered clip of two (ours), and everything a video can be."""

import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest

from audit.pipeline import audit_file
from audit.rubricfile import load_rubric
from models import observations as obs
from models import weights
from models.detector import MOST_PEOPLE, Yolox
from models.geometry import distance
from models.landmarks import FACE, POSE, Landmarkers, head_angles
from models.observations import BLENDSHAPES
from models.observe import Listening, observe
from models.people import ON_ITS_HEAD, looked_at, on_its_head, people_provenance, perceive_people
from models.pose import HIPS, NOSE
from tests import build
from tests.build import write_video

CLIP = Path(__file__).parent / "video" / "two-people.mp4"
"""Two people at a counter, 1.2 m apart, 2 s: rendered by us (CC0 bodies). Left: arms crossed, head turned 57
degrees to the right of the picture; right: facing her."""


def pictures(path: Path = CLIP) -> list[np.ndarray]:
    import av

    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@build.sees_people
def test_two_people_are_seen_in_every_frame_with_body_face_hands_and_clothes():
    people = perceive_people(CLIP)
    assert (people.size_px, people.camera.source, people.caveat) == ((640, 360), "assumed", "")
    assert people.times_s.tolist() == pytest.approx([n / 5 for n in range(10)])
    left, right = sorted(people.tracks, key=lambda track: track.boxes_px[0, 0])
    for track in (left, right):
        assert len(track.times_s) == 10
        assert np.isfinite(track.pose_px).all() and np.isfinite(track.position_m).all()
        assert np.isfinite(track.clothes_lab[:, 0]).all()
    # Where shoulders, hips and clothes are is known from rendering.
    assert np.abs(np.median(left.pose_px[:, [11, 12], :2], axis=0) - [[215, 136], [161, 139]]).max() < 20
    assert np.abs(np.median(right.pose_px[:, [23, 24], :2], axis=0) - [[465, 243], [444, 232]]).max() < 20
    hue = np.median(left.clothes_lab[:, 0], axis=0)
    assert hue[1] < -5 and hue[2] < 5  # a teal uniform
    seen = np.isfinite(left.head_deg[:, 0])
    assert seen.mean() > 0.5
    assert np.median(left.head_deg[seen, 0]) == pytest.approx(57, abs=12)  # beyond 50 degrees it reads less
    assert left.expression[seen][:, BLENDSHAPES.index("mouthSmileLeft")].max() < 0.4


@build.sees_people
def test_the_distance_of_the_two_is_right_and_its_interval_honest():
    people = perceive_people(CLIP)
    read = distance(people, *people.tracks)
    assert np.median(read.metres) == pytest.approx(1.2, abs=0.2)
    assert ((read.low_m < 1.2) & (read.high_m > 1.2)).all()


@build.sees_people
def test_the_same_video_gives_the_same_bytes():
    assert obs.to_json(perceive_people(CLIP)) == obs.to_json(perceive_people(CLIP))


@build.sees_people
def test_threads_that_look_at_once_see_the_same():
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(obs.to_json(perceive_people(CLIP)))) for _ in "ab"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1]


@build.sees_people
def test_names_of_blendshapes_are_the_models():
    picture = looked_at_face()
    with Landmarkers() as landmarkers:
        from models.landmarks import _image

        (found,) = landmarkers.models[FACE].detect(_image(picture)).face_blendshapes
    assert tuple(shape.category_name for shape in found) == BLENDSHAPES


def looked_at_face() -> np.ndarray:
    """A crop of the left one's head."""
    return np.ascontiguousarray(pictures()[0][20:160, 130:270])


@pytest.mark.parametrize("change", ["none", "black", "one frame", "upside down", "no sound, variable rate"])
@build.sees_people
def test_odd_videos_give_what_there_is(tmp_path, change):
    shown = pictures()[:4]
    if change == "none":
        people = perceive_people(write_video(tmp_path / "a.mp4", [np.full((360, 640, 3), 127, np.uint8)] * 4))
        assert (len(people.times_s), people.tracks) == (4, ())
    elif change == "black":
        people = perceive_people(write_video(tmp_path / "a.mp4", [np.zeros((360, 640, 3), np.uint8)] * 4))
        assert (len(people.times_s), people.tracks) == (4, ())
    elif change == "one frame":
        people = perceive_people(write_video(tmp_path / "a.mp4", shown[:1]))
        assert [len(track.times_s) for track in people.tracks] == [1, 1]
    elif change == "upside down":
        people = perceive_people(write_video(tmp_path / "a.mp4", [p[::-1] for p in shown]))
        # What is on its head is measured wrongly, so nobody is looked at.
        assert (len(people.times_s), people.tracks) == (4, ())
        assert people.caveat == ON_ITS_HEAD
    else:
        times_s = [0.0, 0.21, 0.9, 2.5]
        people = perceive_people(write_video(tmp_path / "a.mkv", shown, times_s))
        assert people.times_s.tolist() == pytest.approx(times_s, abs=0.002)
        assert [track.times_s.tolist() for track in people.tracks] == [people.times_s.tolist()] * 2


@pytest.mark.parametrize(("below", "turned"), [(0, False), (2, False), (3, True), (4, True)])
def test_a_picture_is_on_its_head_where_most_noses_are_below_the_hips(below, turned):
    pose_px = np.ones((4, 33, 3))
    pose_px[:, NOSE, 1], pose_px[:, list(HIPS), 1] = 10.0, 100.0
    pose_px[:below, NOSE, 1] = 190.0
    assert on_its_head((build.track(4, pose_px=pose_px),)) is turned
    # Of bodies of which the hips cannot be seen nobody knows.
    pose_px[:, list(HIPS), 2] = 0.0
    assert on_its_head((build.track(4, pose_px=pose_px),)) is False
    assert on_its_head(()) is False


@build.sees_people
def test_a_phone_held_upright_sees_the_same_people(tmp_path):
    lying = [np.rot90(p, -1) for p in pictures()[:3]]
    turned = perceive_people(write_video(tmp_path / "turned.mp4", lying, turned_deg=90))
    plain = perceive_people(write_video(tmp_path / "plain.mp4", pictures()[:3]))
    assert turned.size_px == plain.size_px == (640, 360)
    for one, other in zip(turned.tracks, plain.tracks, strict=True):
        assert np.abs(one.boxes_px - other.boxes_px).max() < 15


@build.sees_people
def test_8k_is_measured_in_its_own_pixels(tmp_path):
    import cv2

    large = cv2.resize(pictures()[0], (7680, 4320))
    people = perceive_people(write_video(tmp_path / "a.mp4", [large]))
    small = looked_at(pictures()[0])
    assert people.size_px == (7680, 4320)
    for one, other in zip(people.tracks, small.tracks, strict=True):
        assert np.abs(one.boxes_px / 12 - other.boxes_px).max() < 15
        assert np.abs(one.position_m - other.position_m).max() < 0.3


@build.sees_people
def test_of_a_crowd_of_forty_small_people_most_are_found():
    import cv2

    crop = cv2.resize(pictures()[0][30:360, 130:260], (96, 200))
    street = np.full((1000, 960, 3), 127, np.uint8)
    for n in range(40):
        y, x = divmod(n, 10)
        street[y * 240 : y * 240 + 200, x * 96 : x * 96 + 96] = crop
    people = looked_at(street)
    assert 20 <= len(people.tracks) <= MOST_PEOPLE


@build.sees_people
def test_somebody_who_leaves_for_two_seconds_is_the_same(tmp_path):
    shown = pictures()
    away = [np.full_like(shown[0], 127)] * 10
    people = perceive_people(write_video(tmp_path / "a.mp4", [*shown[:5], *away, *shown[5:]]))
    assert [len(track.times_s) for track in people.tracks] == [10, 10]


@build.sees_people
def test_one_frame_does_not_show_what_does_not_happen(tmp_path):
    standard = "- {id: near, title: Near, avoid: {event: in_intimate_zone}}\n"
    text = build.rubric_text(standard).replace("[call]", "[call, video]")
    (tmp_path / "house.yaml").write_text(text)
    rubric = load_rubric(tmp_path / "house.yaml")
    found = {
        n: audit_file(write_video(tmp_path / f"{n}.mp4", pictures()[:n]), [rubric]).scorecards[0].findings[0]
        for n in (1, 8)
    }
    assert (found[1].verdict, found[1].reason) == ("cannot_tell", "only 0 % of the time has a picture")
    assert found[8].verdict == "met"


@build.sees_people
def test_damage_is_told_on_the_scorecard(tmp_path):
    random = np.random.default_rng(0)
    noise = [random.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(20)]
    path = write_video(tmp_path / "a.avi", noise, fps=5)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 60_000] = random.integers(0, 255, 60_000, np.uint8).tobytes()
    path.write_bytes(content)
    rubric = build.rubric(tmp_path, "- {id: near, title: Near, avoid: {event: in_intimate_zone}}")
    assert any("picture is damaged" in c for c in audit_file(path, [rubric]).scorecards[0].caveats)


@build.sees_people
def test_a_silent_video_is_seen_and_told_to_be_silent(tmp_path):
    path = write_video(tmp_path / "a.mp4", pictures()[:3])
    found, new = observe(path, frozenset({"people", "activity"}), Listening("en"))
    assert found.missing == (("activity", "the recording has no sound"),)
    assert len(found.people.tracks) == 2 and [one.provenance.need for one in new] == ["people"]
    assert found.recording.duration_s == pytest.approx(0.6, abs=0.01)


def test_sound_alone_cannot_be_seen(tmp_path, monkeypatch):
    path = build.write_wav(tmp_path / "a.wav", build.tone(1))
    found, new = observe(path, frozenset({"people"}), Listening("en"))
    assert new == ()
    assert dict(found.missing)["people"] in ("the recording has no picture", people_provenance())


def test_missing_weights_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPORT_WEIGHTS", str(tmp_path / "cache"))
    monkeypatch.delenv("COMPORT_WEIGHTS_MIRROR", raising=False)
    assert people_provenance() == "weights missing: comport weights fetch pose_landmarker_full"
    with pytest.raises(weights.MissingWeights, match="pose_landmarker_full"):
        perceive_people(CLIP)


@build.sees_people
def test_without_its_own_weights_the_detector_is_replaced_and_told(tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    cache.mkdir()
    place = weights.find(POSE)
    (cache / place.name).symlink_to(place)
    monkeypatch.setenv("COMPORT_WEIGHTS", str(cache))
    monkeypatch.delenv("COMPORT_WEIGHTS_MIRROR")
    told = people_provenance()
    assert "HOG" in told.caveat and "faces and hands" in told.caveat
    assert dict(told.parameters)["detector"] == "hog"
    for track in perceive_people(CLIP).tracks:
        assert np.isnan(track.expression).all()


@build.sees_people
def test_boxes_of_a_picture_do_not_depend_on_its_neighbours():
    find = Yolox()
    shown = pictures()[:3]
    np.testing.assert_array_equal(find(shown[1]), [find(p) for p in shown][1])


@pytest.mark.parametrize(
    ("axis", "degrees", "reads"),
    [("y", 30, (30, 0, 0)), ("x", -20, (0, 20, 0)), ("z", -10, (0, 0, 10))],
)
def test_angles_of_a_head(axis, degrees, reads):
    a = np.radians(degrees)
    c, s = np.cos(a), np.sin(a)
    turns = {
        "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
        "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
        "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
    }
    np.testing.assert_allclose(head_angles(np.array(turns[axis])), reads, atol=1e-4)


@build.sees_people
def test_provenance_names_models_rate_and_camera():
    told = people_provenance()
    assert (told.need, told.caveat, len(told.weights.split())) == ("people", "", 4)
    assert told.digest != people_provenance(frames_per_s=2).digest
    camera = build.people([build.track(1)]).camera
    assert told.digest != people_provenance(camera).digest
    assert told.digest == msgspec.structs.replace(told).digest
