"""People over time: what a track may hold, and that it comes back from disk as it was."""

import msgspec
import numpy as np
import pytest

from models import observations as obs
from models.arrays import pack, rounded, unpack
from tests import build


def test_people_come_back_from_disk_exactly_and_read_only(tmp_path):
    people = build.people([build.track(30, seed=1), build.track(7, seed=2, label="person-1")])
    observed = obs.Observed(build.IDENTITY, obs.Provenance("people", "test", "1", "", ()), people=people)

    loaded = obs.load(obs.save(observed, tmp_path)).people

    assert (loaded.size_px, loaded.camera) == (people.size_px, people.camera)
    for before, after in zip(people.tracks, loaded.tracks, strict=True):
        assert before.label == after.label
        for name in before.__struct_fields__[1:]:
            one, other = getattr(before, name), getattr(after, name)
            np.testing.assert_array_equal(one, other, err_msg=name)
            assert (one.dtype, one.flags.writeable) == (other.dtype, False), name


def test_the_same_people_give_the_same_bytes():
    assert obs.to_json(build.people([build.track(9)])) == obs.to_json(build.people([build.track(9)]))


def test_a_second_of_one_person_takes_few_bytes():
    people = build.people([build.track(600, still=True)])
    assert len(obs.to_json(people)) / 600 < 800


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("pose_px", np.zeros((4, 33, 2)), "shape"),
        ("boxes_px", np.zeros((3, 4)), "shape"),
        ("position_m", np.full((4, 3), np.inf), "infinite"),
        ("times_s", np.array([0.0, 0.2, 0.2, 0.4]), "rise"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name, value, says):
    with pytest.raises(ValueError, match=says):
        msgspec.structs.replace(build.track(4), **{name: value})


@pytest.mark.parametrize("places", [0, 3, 10])
@pytest.mark.parametrize("shape", [(0, 3), (1,), (50, 2, 3)])
def test_packed_arrays_are_exact(places, shape):
    values = rounded(np.random.default_rng(0).normal(size=shape) * 300, places)
    values.reshape(-1)[::7] = np.nan
    np.testing.assert_array_equal(unpack(pack(values)), values)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dtype", "|O"),
        ("shape", (4, -1)),
        ("shape", (1 << 40, 1)),
        ("shape", (5,)),
        ("places", 99),
        ("data", b"no zlib"),
        ("data", b""),
    ],
)
def test_a_damaged_array_is_told(tmp_path, field, value):
    damaged = msgspec.structs.replace(pack(np.zeros((4,), np.float32)), **{field: value})
    with pytest.raises(ValueError, match="an array"):
        unpack(damaged)


def test_a_damaged_file_of_people_is_told_with_its_path(tmp_path):
    people = build.people([build.track(5)])
    observed = obs.Observed(build.IDENTITY, obs.Provenance("people", "test", "1", "", ()), people=people)
    path = obs.save(observed, tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"shape":[5,33,3]', b'"shape":[6,33,3]'))
    with pytest.raises(obs.ObservationsUnreadable, match="damaged observations"):
        obs.load(path)
