"""Bodies that are followed from frame to frame, by the real models on a rendered clip of two (ours)."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from models import weights
from models.bodies import _INPUT_PX, MEMBER, BodyModel, _pruned, region_of
from models.detector import Yolox
from models.frames import Frames
from models.landmarks import BODY, NOBODY, PLACE, POSE, Landmarkers, _known, torso_px
from models.people import sightings
from tests import build

CLIP = Path(__file__).parent / "video" / "two-people.mp4"


@pytest.fixture(scope="module")
def two():
    """The first three pictures with the boxes of the people in them."""
    find = Yolox()
    pictures = [frame.picture for frame in Frames(CLIP, 5.0)][:3]
    return [(picture, find(picture)) for picture in pictures]


@pytest.fixture(scope="module")
def models():
    with Landmarkers() as made:
        yield made


class Counted:
    """A model that counts how often it is asked."""

    def __init__(self, model):
        self.model, self.asked = model, 0

    def detect(self, *given):
        self.asked += 1
        return self.model.detect(*given)


@build.sees_people
def test_a_body_is_looked_for_twice_and_then_followed(models):
    counted = {name: Counted(model) for name, model in models.models.items()}
    kept, models.models = models.models, counted
    seen = [people for _, people in sightings(Frames(CLIP, 5.0), [models])]
    models.models = kept
    # The frame after the first does not wait for what is found in it.
    assert (counted[POSE].asked, counted[BODY].asked) == (2 * 2, 2 * 8)
    assert np.isfinite(np.stack(seen)["pose_px"]).all()


@build.sees_people
def test_who_is_followed_is_seen_as_if_looked_for_anew(models, two):
    (first, boxes), (second, later), _ = two
    seen, _ = models.follow_bodies(first, boxes, NOBODY)
    places = models.find_bodies(first, seen)
    followed, still = models.follow_bodies(second, later, places)
    anew, _ = models.follow_bodies(second, later, NOBODY)
    models.find_bodies(second, anew)
    for one, other in zip(followed, anew, strict=True):
        apart = np.hypot(*(one["pose_px"] - other["pose_px"])[:, :2].T)
        assert np.median(apart) < 0.06 * torso_px(other)
        assert np.median(np.abs(one["pose_m"] - other["pose_m"])) < 0.03
        assert np.abs(one["pose_px"] - other["pose_px"])[:, 2].mean() < 0.1
    assert np.isfinite(still["region"]).all()


@pytest.mark.parametrize("change", ["grey", "black", "gone"])
@build.sees_people
def test_nobody_is_followed_who_is_not_there(models, two, change):
    (picture, boxes), *_ = two
    seen, _ = models.follow_bodies(picture, boxes, NOBODY)
    places = models.find_bodies(picture, seen)
    empty = np.full_like(picture, {"grey": 127, "black": 0, "gone": 127}[change])
    boxes = boxes[:0] if change == "gone" else boxes
    followed, still = models.follow_bodies(empty, boxes, places)
    models.find_bodies(empty, followed)
    assert len(followed) == len(boxes)
    assert np.isnan(followed["pose_px"]).all() and np.isnan(still["region"]).all()


@build.sees_people
def test_two_who_are_followed_to_one_body_do_not_both_have_it(models, two):
    (picture, boxes), *_ = two
    seen, _ = models.follow_bodies(picture, boxes, NOBODY)
    places = models.find_bodies(picture, seen)
    both = np.stack([boxes[0], boxes[0] + np.float32([0, 6, 0, 6, 0])])
    followed, _ = models.follow_bodies(picture, both, places[[0, 0]])
    assert sorted(np.isfinite(followed["pose_px"][:, 0, 0]).tolist()) == [False, True]


@pytest.mark.parametrize(
    ("boxes", "known"),
    [
        ([(0, 0, 10, 40), (50, 0, 60, 40)], [1, 2]),
        ([(50, 0, 60, 40), (0, 0, 10, 40)], [2, 1]),
        ([(1, 1, 11, 41)], [1]),
        ([(7, 0, 17, 40)], [None]),  # moved by most of its width
        ([(0, 0, 10, 40), (1, 0, 11, 40)], [1, None]),  # each place goes to one box
        ([(100, 0, 110, 40)], [None]),
        ([], []),
    ],
)
def test_places_go_to_the_boxes_that_overlap_them(boxes, known):
    before = np.zeros(3, PLACE)
    before["box"] = [(0, 0, 10, 40), (50, 0, 60, 40), (100, 0, 110, 40)]
    before["region"] = [[1] * 4, [2] * 4, [np.nan] * 4]
    given = np.array([(*box, 0.9) for box in boxes], np.float32).reshape(-1, 5)
    assert [None if one is None else one[0] for one in _known(given, before)] == known


@pytest.mark.parametrize(
    ("centre", "top", "region"),
    [
        ((50, 60), (50, 20), (50, 60, 92, 0)),
        ((50, 60), (90, 60), (50, 60, 92, np.pi / 2)),  # lies, head to the right of the picture
        ((50, 60), (10, 60), (50, 60, 92, -np.pi / 2)),
        ((50, 60), (53, 64), (50, 60, 11.5, np.pi - np.arctan2(3, 4))),
    ],
)
def test_a_region_holds_the_circle_around_the_body_head_up(centre, top, region):
    assert region_of(np.array(centre), np.array(top)) == pytest.approx(region, abs=1e-5)


@build.sees_people
def test_without_the_mask_the_other_answers_are_the_same():
    from ai_edge_litert.interpreter import Interpreter

    with zipfile.ZipFile(weights.find(POSE)) as bundle:
        whole = bundle.read(MEMBER)
    shown = np.random.default_rng(1).random((1, _INPUT_PX, _INPUT_PX, 3), np.float32)
    answers = []
    for content in (whole, _pruned(whole, set(BodyModel.ANSWERS))):
        model = Interpreter(model_content=content, num_threads=1)
        model.allocate_tensors()
        model.set_tensor(model.get_input_details()[0]["index"], shown)
        model.invoke()
        answers.append([model.get_tensor(one["index"]) for one in model.get_output_details()])
    kept = [answer for answer in answers[0] if answer.shape in BodyModel.ANSWERS]
    assert (len(answers[0]), len(kept), len(answers[1])) == (5, 4, 4)
    for whole_answer, answer in zip(kept, answers[1], strict=True):
        assert np.array_equal(whole_answer, answer), answer.shape
