"""Who is who: boxes linked from frame to frame, and people found again by body and clothes."""

import numpy as np
import pytest

from models.landmarks import SIGHTING
from models.tracking import Tracker

RED, BLUE, GREY = (50, 60, 40), (35, 10, -45), (60, 0, 0)


def person(x: float, clothes=RED, height: float = 200, score: float = 0.9, torso_m: float = 0.5):
    """Somebody who stands at x, `height` pixels tall; clothes None where they could not be seen."""
    one = np.full(1, np.nan).astype(SIGHTING)[0]
    one["box"] = (x, 100, x + 0.4 * height, 100 + height)
    one["score"] = score
    if clothes is not None:
        one["clothes_lab"] = clothes
        one["pose_m"] = 0
        one["pose_m"][[11, 12], 1] = -torso_m
    return one


def tracked(frames: dict[float, list]) -> list[tuple[int, float, float]]:
    """(sightings, first, last) of everybody, from the people at each time."""
    tracker = Tracker(5.0)
    for time_s, people in frames.items():
        tracker.add(time_s, np.array(people, SIGHTING) if people else np.zeros(0, SIGHTING))
    return [(len(one.times_s), one.times_s[0], one.times_s[-1]) for one in tracker.finish()]


def walk(start_s: float, end_s: float, x: float, per_s: float = 0.0, **more: object) -> dict[float, list]:
    times_s = np.round(np.arange(start_s, end_s, 0.2), 3)
    return {float(t): [person(x + per_s * (t - start_s), **more)] for t in times_s}


def together(*walks: dict[float, list]) -> dict[float, list]:
    times_s = sorted(set().union(*walks))
    return {t: [one for w in walks for one in w.get(t, [])] for t in times_s}


def gap(start_s: float, end_s: float) -> dict[float, list]:
    return {float(t): [] for t in np.round(np.arange(start_s, end_s, 0.2), 3)}


def test_nobody_is_nobody():
    assert tracked(gap(0, 2)) == []


def test_one_frame_with_somebody_is_a_person():
    assert tracked({0.0: [person(100)]}) == [(1, 0.0, 0.0)]


def test_a_single_weak_box_is_a_flicker():
    assert tracked({0.0: [], 0.2: [person(100, score=0.35)], 0.4: []}) == []


def test_everybody_is_kept_from_the_first_frame_on():
    both = together(walk(0, 2, 100), walk(0, 2, 400, clothes=BLUE))
    assert tracked(both) == [(10, 0.0, 1.8), (10, 0.0, 1.8)]


def test_somebody_who_walks_stays_the_same():
    assert tracked(walk(0, 3, 50, per_s=150)) == [(15, 0.0, 2.8)]


@pytest.mark.parametrize(
    ("again", "people"),
    [
        ({"x": 420}, 1),
        ({"x": 420, "clothes": BLUE}, 2),
        ({"x": 420, "torso_m": 0.3}, 2),
        ({"x": 420, "clothes": None}, 2),
        ({"x": 110, "clothes": None}, 1),
        ({"x": 110, "clothes": BLUE}, 2),
    ],
    ids=[
        "elsewhere",
        "other clothes",
        "a child",
        "unseen, elsewhere",
        "unseen, same place",
        "another, same place",
    ],
)
def test_who_is_lost_and_found_again(again, people):
    found = tracked({**walk(0, 2, 100), **gap(2, 4.4), **walk(4.4, 6, **again)})
    assert len(found) == people


def test_after_a_quarter_of_a_minute_the_same_clothes_are_somebody_new():
    assert len(tracked({**walk(0, 1, 100), **gap(1, 14), **walk(14, 15, 300)})) == 1
    assert len(tracked({**walk(0, 1, 100), **gap(1, 20), **walk(20, 21, 300)})) == 2


def test_two_who_were_lost_are_found_by_their_own_clothes():
    before = together(walk(0, 2, 100, clothes=RED), walk(0, 2, 400, clothes=GREY))
    after = together(walk(5, 7, 420, clothes=RED), walk(5, 7, 120, clothes=GREY))
    assert [n for n, *_ in tracked({**before, **gap(2, 5), **after})] == [20, 20]


def test_forty_people_are_forty():
    crowd = together(*(walk(0, 1, 60 * n, height=120, clothes=(30 + n, 0, 0)) for n in range(40)))
    assert len(tracked(crowd)) == 40
