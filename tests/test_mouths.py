"""Which voice belongs to which face: by mouths that move while a voice speaks."""

import numpy as np
import pytest

from audit.mouths import mouth_movement, voices_of
from models.observations import BLENDSHAPES, Activity, span
from tests import build

SECONDS = 24
TURNS = {"channel-0": ((1, 5), (9, 13), (17, 21)), "channel-1": ((5.5, 8.5), (13.5, 16.5), (21.5, 23.5))}


def heard(*voices):
    return [Activity(v, tuple(span(*s) for s in TURNS[v])) for v in voices]


def face(label, speaks=None, yaw_deg=0.0, frames_per_s=5, until_s=SECONDS):
    """A head turned by `yaw_deg` whose mouth opens and closes while it speaks, and a little at other times."""
    times_s = np.arange(round(until_s * frames_per_s)) / frames_per_s
    n = len(times_s)
    random = np.random.default_rng(int(label[-1]))
    spoken = np.zeros(n, bool)
    for start_s, end_s in TURNS.get(speaks, ()):
        spoken |= (times_s >= start_s) & (times_s < end_s)
    expression = np.zeros((n, 52))
    opened = np.where(spoken, 0.12, 0.015) * random.random(n)
    expression[:, BLENDSHAPES.index("jawOpen")] = np.nan if speaks is None else opened
    head = np.tile([yaw_deg, 0.0, 0.0], (n, 1))
    body = build.looks(n, yaw_deg)
    return build.track(n, label, times_s=times_s, expression=expression, head_deg=head, **body)


HIDDEN = None
"""A face whose mouth was not seen."""


@pytest.mark.parametrize(
    ("faces", "voices", "expected"),
    [
        (["channel-0", "channel-1"], ["channel-0", "channel-1"], {0: "channel-0", 1: "channel-1"}),
        (["channel-1", "channel-0"], ["channel-0", "channel-1"], {0: "channel-1", 1: "channel-0"}),
        (["channel-1"], ["channel-0", "channel-1"], {0: "channel-1"}),
        (["channel-0", HIDDEN], ["channel-0", "channel-1"], {0: "channel-0", 1: "channel-1"}),
        ([HIDDEN, HIDDEN], ["channel-0", "channel-1"], {}),
        (["channel-0", HIDDEN, HIDDEN], ["channel-0", "channel-1"], {0: "channel-0"}),
        (["silent", "channel-1"], ["channel-1"], {1: "channel-1"}),
        (["channel-0", "channel-0"], ["channel-0"], {}),
        (["channel-0", "channel-1"], [], {}),
        ([], ["channel-0"], {}),
    ],
)
def test_voices_belong_to_the_faces_whose_mouths_move(faces, voices, expected):
    tracks = [face(f"person-{number}", speaks) for number, speaks in enumerate(faces)]
    found = voices_of(build.people(tracks), heard(*voices))
    assert {int(label[-1]): voice for label, (voice, _) in found.items()} == expected
    assert all(0.6 <= sure <= 1 for _, sure in found.values())


def test_a_face_seen_is_surer_than_the_one_that_is_left():
    people = build.people([face("person-0", "channel-0"), face("person-1", HIDDEN)])
    found = voices_of(people, heard("channel-0", "channel-1"))
    assert found["person-0"][1] > 0.9 > found["person-1"][1]


def test_who_was_gone_while_a_voice_spoke_does_not_have_it():
    people = build.people([face("person-0", "channel-0"), face("person-1", HIDDEN, until_s=4)])
    assert set(voices_of(people, heard("channel-0", "channel-1"))) == {"person-0"}


@pytest.mark.parametrize("yaw_deg", [70.0, 180.0])
def test_a_mouth_that_is_turned_away_is_not_read(yaw_deg):
    people = build.people([face("person-0", "channel-0", yaw_deg)])
    assert np.isnan(mouth_movement(people, people.tracks[0])).all()


def test_a_face_on_the_back_of_a_head_is_not_believed():
    """MediaPipe finds one there now and then; nose and ears say that the head looks away."""
    one = face("person-0", "channel-0")
    people = build.people(
        [
            build.track(
                len(one.times_s),
                times_s=one.times_s,
                expression=one.expression,
                head_deg=one.head_deg,
                **build.looks(len(one.times_s), 170.0),
            )
        ]
    )
    assert voices_of(people, heard("channel-0", "channel-1")) == {}


def test_sound_without_speakers_tells_nothing():
    people = build.people([face("person-0", "channel-0")])
    assert voices_of(people, [Activity(None, (span(1, 5),))]) == {}
