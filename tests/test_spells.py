"""What is read frame by frame becomes events, and how much could be seen."""

import numpy as np
import pytest

from audit.interactions import Channel, Role
from audit.spells import coverage, doing, looked_share, spells
from models.observations import Observed, Provenance, Recording, Span, gather
from tests import build

N = np.nan


def found(values, least_s=0.4, stays=0.5, step_s=0.2, missing=()):
    looked_s = np.arange(len(values)) * step_s
    kept = np.array([i for i in range(len(values)) if i not in missing], int)
    readings = np.array(values, float)[kept]
    return [
        (s.span.start_s, s.span.end_s) for s in spells(looked_s, looked_s[kept], readings, least_s, stays)
    ]


@pytest.mark.parametrize(
    ("values", "options", "expected"),
    [
        ([0, 0, 1, 1, 1, 0, 0], {}, [(0.3, 0.9)]),
        ([1, 1, 1], {}, [(0.0, 0.5)]),
        ([0, 0, 1, 0, 0, 0], {}, []),
        ([0, 1, 1, 0, 0, 1, 1, 0], {}, [(0.1, 1.3)]),
        ([0, 1, 1, 0, 0, 0, 1, 1, 0], {}, [(0.1, 0.5), (1.1, 1.5)]),
        ([0, 1, 1, N, N, N, N, N, 1, 1, 0], {}, [(0.1, 1.9)]),
        ([0, 1, 1, N, N, N, N, N, N, 1, 1, 0], {}, [(0.1, 0.5), (1.7, 2.1)]),
        ([0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0], {"missing": (3, 4, 5, 6, 7)}, [(0.1, 1.9)]),
        ([0, 0.4, 0.6, 0.4, 0.4, 0, 0], {"stays": 0.3}, [(0.1, 0.9)]),
        ([0, 0.4, 0.4, 0.4, 0.4, 0, 0], {"stays": 0.3}, []),
        ([1, 1], {"step_s": 1.0}, [(0.0, 1.5)]),
        ([N, N, N], {}, []),
        ([], {}, []),
    ],
)
def test_a_spell_lasts_through_short_gaps_and_blinks_of_the_camera(values, options, expected):
    assert found(values, **options) == expected


def talk(tmp_path, *readings, roles, looked=10):
    """A conversation with people whose `score` is what is read of them."""
    tracks = [
        build.track(len(values), f"person-{number}", score=np.array(values, float))
        for number, values in enumerate(readings)
    ]
    seen = build.people(tracks, times_s=np.arange(looked) / 5)
    observed = Observed(build.IDENTITY, Provenance("people", "mediapipe", "1", "", ()), people=seen)
    rubric = build.rubric(tmp_path, "- {id: a, title: A, ask: 'Well?'}")
    whole = gather(Recording(build.IDENTITY, looked / 5, 0, 0, ""), (observed,), ())
    return build.conversation(rubric, whole, Channel.VIDEO, roles)


@pytest.mark.parametrize(
    ("looked_s", "window_s", "share"),
    [
        (np.arange(50) / 5, (0, 10), 1.0),
        (np.arange(0, 10, 2.0), (0, 10), 0.9),
        ([0.0], (0, 0.2), 0.0),
        ([0.0], (0, 60), 0.0),
        (np.arange(50) / 5, (0, 40), 0.25),
        ([*np.arange(0, 2.1, 0.2), *np.arange(18, 20, 0.2)], (0, 20), 0.3),
        ([], (0, 10), 0.0),
        (np.arange(50) / 5, (3, 3), 1.0),
    ],
    ids=[
        "all",
        "every 2 s",
        "one frame",
        "one and a minute of sound",
        "sound goes on",
        "damaged",
        "none",
        "moment",
    ],
)
def test_how_much_of_a_window_has_a_picture(looked_s, window_s, share):
    people = build.people([], times_s=np.array(looked_s, float))
    assert looked_share(people, Span(*window_s)) == pytest.approx(share, abs=0.03)


def read(conversation, track):
    return track.score.astype(float)


@pytest.mark.parametrize(
    ("readings", "of", "expected"),
    [
        ([[0] * 10], Role.AGENT, 1.0),
        ([[0] * 4], Role.AGENT, 0.4),
        ([[0] * 4 + [N] * 6], Role.AGENT, 0.4),
        ([[0] * 10], Role.CUSTOMER, 0.0),
        ([[0] * 10, [N] * 5], Role.AGENT, 1.0),
        ([[0] * 10, [N] * 5], Role.CUSTOMER, 0.0),
        ([[0] * 10, [N] * 5], Role.ANYONE, 0.5),
    ],
)
def test_coverage_is_the_share_of_frames_in_which_all_of_a_role_could_be_judged(
    tmp_path, readings, of, expected
):
    one = talk(tmp_path, *readings, roles={"person-0": Role.AGENT, "person-1": Role.CUSTOMER})
    assert coverage(one, of, Span(0, 2), read) == expected
    assert coverage(one, of, Span(3, 4), read) == 0


def test_who_does_it_is_named_by_role_in_order_of_time(tmp_path):
    kind = doing("nods", "a nod", read, 0.6)
    one = talk(tmp_path, [0] * 5 + [0.9] * 5, [1, 1, 1, 1, 0, 0, 0, 0], roles={"person-0": Role.AGENT})
    first, second = kind.find(one)
    assert (first.role, first.span, first.confidence) == (None, Span(0.0, 0.7), 1.0)
    assert (second.role, second.span, second.confidence) == (Role.AGENT, Span(0.9, 1.9), 0.9)
    assert kind.seen and kind.seen(one, Role.AGENT, one.whole) == 1.0
