"""What people wear, told by pictures of the house: badges, aprons, head covers, face masks."""

import base64

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from audit.cli import cli
from audit.interactions import Channel, Role
from audit.judge import Verdict, judge
from audit.lookbook import MARGIN, PART_OF, Lookbook, Pictures, beside, left_out, packed, part_row, scores
from audit.rubricfile import load_rubric
from audit.workbench.learning import NotLearnt, learn
from audit.yamlfile import BadFile
from models.looks import LOOKS, PARTS, SIZE, Embedder, crops_of, looks_of, read_pictures
from models.observations import Look, Looks, Observed, Provenance, Recording, gather, load, save
from models.perceiving import Listening, Looking
from tests import build
from tests.test_people import pictures

KEEP = "- {id: a, title: A, keep: {measure: apron_worn, at_least: 50 %}}"
MADE = "1 abc"


def rows(count, side, seed=0):
    """Numbers of crops that differ in one direction and in much that says nothing."""
    noise = np.random.default_rng(seed).normal(size=(count, SIZE)) / np.sqrt(SIZE)
    found = noise + side * np.eye(1, SIZE)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def house(tmp_path, counts=(6, 6), made=MADE, standards=KEEP):
    path = tmp_path / "house.yaml"
    text = build.rubric_text(standards).replace("applies_to: [call]", "applies_to: [video]")
    path.write_text(text.replace("slots:", "appearance: {apron: pictures/apron}\nslots:"))
    if counts:
        things = {"apron": (packed(rows(counts[0], 1, 1)), packed(rows(counts[1], -1, 2)))}
        beside(path).write_text(Lookbook(made=made, things=things).model_dump_json())
    return load_rubric(path)


def seen(*people, looked=True, parts=()):
    """Each a list of sides, one for a frame: 1 with an apron, -1 without, 0 something else, None not seen; or
    a number of frames in none of which anybody looked."""
    frames = [sides if isinstance(sides, int) else len(sides) for sides in people]
    tracks = [build.track(n, f"person-{number}") for number, n in enumerate(frames)]
    looks = []
    for number, (track, sides) in enumerate(zip(tracks, people, strict=True)):
        if isinstance(sides, int):
            continue
        numbers = np.full((len(sides), len(PARTS), SIZE), np.nan)
        for row, side in enumerate(sides):
            if side is not None:
                numbers[row, part_row("apron")] = rows(1, side, 10 + 50 * number + row)
        looks.append(Look(track.label, track.times_s, numbers))
    made = [Observed("", Provenance("people", "p", "1", "", ()), people=build.people(tracks))]
    if looked:
        made.append(Observed("", Provenance("looks", "l", "1", "abc", parts), looks=Looks(tuple(looks))))
    return gather(Recording(build.IDENTITY, 10.0, 0, 0, ""), made, ())


@pytest.mark.parametrize(
    ("people", "counts", "verdict", "reason"),
    [
        ([[1] * 6], (6, 6), Verdict.MET, "apron worn 100 %, wanted at least 50 %"),
        ([[-1] * 6], (6, 6), Verdict.MISSED, "apron worn 0 %"),
        ([[1, 1, 1, 1, -1]], (6, 6), Verdict.MET, "apron worn 80 %"),
        ([[1, 1, 1, -1, -1]], (6, 6), Verdict.CANNOT_TELL, "60 % of the frames show it, the others do not"),
        ([[1, 1, None, None, None]], (6, 6), Verdict.CANNOT_TELL, "could be seen in fewer than 3 frames"),
        ([[0] * 6], (6, 6), Verdict.CANNOT_TELL, "like neither the pictures with it nor those without"),
        ([[1] * 6, [-1] * 6], (6, 6), Verdict.MISSED, "apron worn 0 %"),
        ([[1] * 6, [None] * 6], (6, 6), Verdict.CANNOT_TELL, "could be seen in fewer than 3 frames"),
        ([[1] * 6, 6], (6, 6), Verdict.CANNOT_TELL, "apron: could not be seen"),
        ([[-1] * 6, 6], (6, 6), Verdict.MISSED, "apron worn 0 %"),
        ([[1] * 6], (5, 5), Verdict.MET, "apron worn 100 %"),
        (
            [[1] * 6],
            (4, 9),
            Verdict.CANNOT_TELL,
            "too few reference pictures (4 with it and 9 without); 5 of",
        ),
        ([[1] * 6], None, Verdict.CANNOT_TELL, "no reference pictures: put pictures of people with it into"),
        ([], (6, 6), Verdict.CANNOT_TELL, "nobody was seen"),
    ],
)
def test_an_apron_is_told_by_pictures_of_the_house(tmp_path, people, counts, verdict, reason):
    rubric = house(tmp_path, counts)
    roles = {f"person-{n}": Role.AGENT for n in range(len(people))}
    [found] = judge(rubric, build.conversation(rubric, seen(*people), Channel.VIDEO, roles))
    assert (found.verdict, reason in found.reason) == (verdict, True), found.reason


@pytest.mark.parametrize(
    ("people", "verdict"),
    [
        ([[1] * 6], Verdict.MET),  # two of the frames lie in the window, and all of them tell
        ([[1] * 6, [-1] * 3], Verdict.MET),  # the other has gone by then
        ([[-1] * 6, [1] * 3], Verdict.MISSED),
    ],
)
def test_what_somebody_wears_is_told_by_the_whole_visit(tmp_path, people, verdict):
    rubric = house(tmp_path, standards=KEEP.replace("keep", "during: {last: 9200 ms}, keep"))
    roles = {f"person-{n}": Role.AGENT for n in range(len(people))}
    [found] = judge(rubric, build.conversation(rubric, seen(*people), Channel.VIDEO, roles))
    assert found.verdict == verdict, found.reason


def test_what_another_version_read_is_not_compared(tmp_path):
    rubric = house(tmp_path, made="0 abc")
    [found] = judge(
        rubric, build.conversation(rubric, seen([1] * 6), Channel.VIDEO, {"person-0": Role.AGENT})
    )
    assert (found.verdict, "another version" in found.reason) == (Verdict.CANNOT_TELL, True)


def test_looks_are_perceived_only_where_pictures_are_there(tmp_path):
    assert house(tmp_path, None).needs == {"people"}
    assert house(tmp_path).needs == {"people", "looks"}
    rubric = house(tmp_path)
    old = build.conversation(rubric, seen([1] * 6, looked=False), Channel.VIDEO, {"person-0": Role.AGENT})
    [found] = judge(rubric, old)
    assert (found.verdict, "audit the recording again" in found.reason) == (Verdict.CANNOT_TELL, True)


@pytest.mark.parametrize(("parts", "verdict"), [("chest front", Verdict.MET), ("chest", Verdict.CANNOT_TELL)])
def test_a_part_that_nobody_looked_at_tells_nothing(tmp_path, parts, verdict):
    rubric = house(tmp_path)
    observed = seen([1] * 6, parts=(("parts", parts),))
    roles = {"person-0": Role.AGENT}
    [found] = judge(rubric, build.conversation(rubric, observed, Channel.VIDEO, roles))
    told = "nobody looked at the front: audit the recording again" in found.reason
    assert (found.verdict, told) == (verdict, verdict != Verdict.MET)


@build.sees_people
def test_only_the_parts_of_the_things_of_the_rubric_are_kept(tmp_path):
    assert house(tmp_path).lookbook.parts == {"front"}
    before = {"people": Provenance("people", "p", "1", "", ())}
    made = [
        LOOKS.provenance(Listening("en", looking=Looking(parts=parts)), before)
        for parts in (("front",), ("face", "front"))
    ]
    assert made[0].digest != made[1].digest
    read = looks_of(np.full((800, 600, 3), 90, np.uint8), posed(), Embedder(), ("front",))
    assert [name for name, row in zip(PARTS, read, strict=True) if np.isfinite(row).any()] == ["front"]


@build.sees_people
def test_each_picture_is_looked_at_by_itself():
    shown = pictures()[:3]
    one, other = shown[0], np.roll(shown[2], 8, axis=1)
    together = read_pictures([one, other, one])
    for found, picture in zip(together, (one, other, one), strict=True):
        np.testing.assert_array_equal(found, read_pictures([picture])[0])


def test_a_stored_rubric_holds_what_it_compares_with(tmp_path):
    rubric = house(tmp_path)
    again = type(rubric).model_validate_json(rubric.model_dump_json())
    assert again.digest == rubric.digest != house(tmp_path, (5, 6)).digest
    assert again.lookbook.of("apron").with_it.shape == (6, SIZE)
    assert again.lookbook.of("badge") is None


def test_pictures_tell_each_other():
    clear = Pictures(rows(8, 1, 1), rows(8, -1, 2))
    assert (left_out(clear) >= MARGIN).all()
    same = Pictures(rows(8, 0, 1), rows(8, 0, 2))
    assert abs(left_out(same)).mean() < MARGIN
    assert np.isnan(scores(clear, np.full((1, SIZE), np.nan))).all()


def test_looks_come_back_from_disk(tmp_path):
    observed = Observed("a" * 64, Provenance("looks", "l", "1", "", ()), looks=seen([1, None, -1]).looks)
    [before], [after] = observed.looks.people, load(save(observed, tmp_path)).looks.people
    np.testing.assert_array_equal(before.parts, after.parts)


@pytest.mark.parametrize(
    ("standard", "appearance", "problem"),
    [
        ("badge_worn", "{apron: pictures/apron}", "appearance: {badge: pictures/badge}"),
        ("apron_worn", "{upper: []}", "or a folder of pictures: badge"),
    ],
)
def test_a_thing_without_a_folder_is_told_with_its_line(tmp_path, standard, appearance, problem):
    path = tmp_path / "house.yaml"
    text = build.rubric_text(KEEP.replace("apron_worn", standard)).replace("[call]", "[video]")
    path.write_text(text.replace("slots:", f"appearance: {appearance}\nslots:"))
    with pytest.raises(BadFile) as error:
        load_rubric(path)
    assert problem in str(error.value)


def test_numbers_that_are_damaged_are_told(tmp_path):
    house(tmp_path)
    path = tmp_path / "house.looks.json"
    path.write_text(path.read_text().replace('"apron":["', '"apron":["!'))
    with pytest.raises(BadFile, match=r"looks.json:1: damaged .*comport rubric pictures house.yaml"):
        load_rubric(tmp_path / "house.yaml")


@pytest.mark.parametrize(
    ("side", "told"),
    [
        (np.full((6, SIZE), np.nan), "rows of numbers that no picture has"),
        (np.full((6, SIZE), np.inf), "rows of numbers that no picture has"),
        (np.zeros((6, SIZE)), "rows of numbers that no picture has"),
        (rows(6, 1) * 40, "rows of numbers that no picture has"),
        (rows(201, 1), "201 pictures of a side, at most 200"),
        (rows(2500, 1), "more than 6,553,600 bytes"),
    ],
)
def test_numbers_of_no_picture_are_told(tmp_path, side, told):
    house(tmp_path)
    book = Lookbook(made=MADE, things={"apron": (packed(side), packed(rows(6, -1)))})
    beside(tmp_path / "house.yaml").write_text(book.model_dump_json())
    with pytest.raises(BadFile, match=rf"looks.json:1: .*{told}.*comport rubric pictures house.yaml"):
        load_rubric(tmp_path / "house.yaml")


def test_rows_that_are_cut_off_are_told(tmp_path):
    house(tmp_path)
    cut = base64.b64encode(base64.b64decode(packed(rows(6, 1)))[:-2]).decode()
    book = Lookbook(made=MADE, things={"apron": (cut, packed(rows(6, -1)))})
    beside(tmp_path / "house.yaml").write_text(book.model_dump_json())
    with pytest.raises(BadFile, match=r"damaged \(ValueError\)"):
        load_rubric(tmp_path / "house.yaml")


def test_pictures_are_compared_once(tmp_path):
    book = house(tmp_path).lookbook
    assert book.teller("apron") is book.teller("apron")
    np.testing.assert_allclose(book.teller("apron").scores(rows(3, 1)), scores(book.of("apron"), rows(3, 1)))


@pytest.mark.parametrize("key", ["lookbook", "confidence"])
def test_what_lies_beside_a_rubric_is_not_written_in_it(tmp_path, key):
    house(tmp_path, None)
    path = tmp_path / "house.yaml"
    path.write_text(path.read_text() + f"\n{key}: {{made: x}}\n")
    line = path.read_text().splitlines().index(f"{key}: {{made: x}}") + 1
    with pytest.raises(BadFile, match=rf"house.yaml:{line}: '{key}' lies in a file beside the rubric"):
        load_rubric(path)


def posed(facing=1.0):
    """Pose landmarks of somebody upright, 200 pixels from shoulders to hips, in a picture of 600 x 800."""
    pose = np.ones((33, 3))
    pose[:, :2] = (300, 150)
    for number, (x, y) in {11: (75, 250), 12: (-75, 250), 23: (50, 450), 24: (-50, 450)}.items():
        pose[number, :2] = (300 + facing * x, y)
    for number, (x, y) in {
        2: (15, 150),
        5: (-15, 150),
        7: (35, 155),
        8: (-35, 155),
        9: (8, 190),
        10: (-8, 190),
    }.items():
        pose[number, :2] = (300 + facing * x, y)
    return pose


@pytest.mark.parametrize(
    ("pose", "shape", "expected"),
    [
        (posed(), (800, 600), {"head", "face", "chest", "front"}),
        (posed(-1.0), (800, 600), {"head"}),  # from behind
        (posed(0.1), (800, 600), {"head"}),  # in profile
        (posed(), (420, 600), {"head", "face", "chest"}),  # cut off below
        (np.full((33, 3), np.nan), (800, 600), set()),
        (posed() * [0.1, 0.1, 1], (80, 60), set()),  # too small
    ],
)
def test_the_parts_that_can_be_seen_are_cut_out_upright(pose, shape, expected):
    picture = np.zeros((*shape, 3), np.uint8)
    picture[: shape[0] // 2] = 255
    crops = crops_of(picture, pose)
    assert crops.keys() == expected
    assert all(crop.shape[1::-1] == PARTS[name].size_px for name, crop in crops.items())
    assert set(PART_OF.values()) == set(PARTS)


@build.sees_people
def test_pictures_are_learnt_by_the_command(tmp_path):
    house(tmp_path, None)
    run = lambda: CliRunner().invoke(cli, ["rubric", "pictures", str(tmp_path / "house.yaml")])  # noqa: E731
    assert "there are no pictures yet; put them into pictures/apron/with" in str(run().exception)
    random = np.random.default_rng(0)
    for side, colour in (("with", (40, 40, 160)), ("without", (170, 160, 150))):
        folder = tmp_path / "pictures" / "apron" / side
        folder.mkdir(parents=True)
        for number in range(5):
            picture = np.clip(random.normal(colour, 12, (144, 96, 3)), 0, 255)
            if side == "with":
                picture[40:44] = 230
            cv2.imwrite(str(folder / f"{number}.png"), picture.astype(np.uint8))
    beside(tmp_path / "house.yaml").write_text("damaged")
    done = run()
    assert done.exit_code == 0, done.output
    assert "apron: 5 pictures with it, 5 without; by the others 10 are told rightly, 0 wrongly" in done.output
    assert load_rubric(tmp_path / "house.yaml").lookbook.of("apron").without.shape == (5, SIZE)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: path.write_text("no picture"), "x.jpg: no picture that can be read; give JPEG or PNG"),
        (lambda path: path.write_bytes(b""), "x.jpg: no picture that can be read; give JPEG or PNG"),
        (lambda path: path.mkdir(), "x.jpg: cannot be read (Is a directory); give JPEG or PNG"),
    ],
)
@build.sees_people
def test_what_is_no_picture_is_told_in_one_line(tmp_path, make, told):
    rubric = house(tmp_path, None)
    (tmp_path / "pictures" / "apron" / "with").mkdir(parents=True)
    make(tmp_path / "pictures" / "apron" / "with" / "x.jpg")
    with pytest.raises(NotLearnt) as error:
        learn(tmp_path / "house.yaml", rubric, lambda done, all_: None)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("folder", ["../elsewhere", "/tmp", "linked"])
def test_pictures_lie_beside_the_rubric(tmp_path, folder):
    (tmp_path / "in").mkdir()
    (tmp_path / "elsewhere" / "with").mkdir(parents=True)
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "elsewhere")
    house(tmp_path / "in", None)
    path = tmp_path / "in" / "house.yaml"
    path.write_text(path.read_text().replace("pictures/apron", folder))
    with pytest.raises(NotLearnt, match=f"'{folder}/with' lies outside the rubric's folder; put it beside"):
        learn(path, load_rubric(path), lambda done, all_: None)


def test_too_many_pictures_are_told(tmp_path):
    rubric = house(tmp_path, None)
    folder = tmp_path / "pictures" / "apron" / "with"
    folder.mkdir(parents=True)
    for number in range(201):
        (folder / f"{number}.png").touch()
    with pytest.raises(NotLearnt, match="201 pictures; leave 200 there at most"):
        learn(tmp_path / "house.yaml", rubric, lambda done, all_: None)
