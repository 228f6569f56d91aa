"""Clothes against the house's colours, and the pictures shown to a person who answers."""

import numpy as np
import pytest

from audit.interactions import Channel, Role
from audit.judge import Verdict, judge
from audit.palette import HOUSE_COLOUR, difference
from audit.rubricfile import load_rubric
from audit.yamlfile import BadFile
from models.observations import Observed, Provenance, Recording, gather, span
from tests import build

HOUSE = '{upper: ["#006978"], lower: ["#2d303a"]}'
KEEP = "- {{id: a, title: A, keep: {{measure: {part}_colour_difference, at_most: 12 dE}}}}"

TEAL, LIT_TEAL, SHADED_TEAL = (38.4, -18.5, -14.4), (42.9, -16.6, -13.6), (35.8, -17.5, -13.4)
RED, BLUE, GREY, DARK = (32.9, 43.2, 20.8), (28.5, 21.8, -48.9), (40.6, 1.2, -6.6), (20.0, 0.5, -6.0)
"""CIELAB of clothes as measured on rendered people."""
UNSEEN = (np.nan, np.nan, np.nan)
AGENT = {"person-0": Role.AGENT}


def rubric(tmp_path, standards, appearance=HOUSE):
    path = tmp_path / "house.yaml"
    text = build.rubric_text(standards).replace("applies_to: [call]", "applies_to: [call, video]")
    path.write_text(text.replace("slots:", f"appearance: {appearance}\nslots:") if appearance else text)
    return load_rubric(path)


def dressed(*wears, sharpness=None, looked_s=None, missing=()):
    """People in these clothes: a (frame, part) list of colours each, five frames a second."""
    tracks = []
    for number, clothes in enumerate(wears):
        n = len(clothes)
        arrays = {
            "clothes_lab": np.array(clothes, float),
            "sharpness": np.ones(n) if sharpness is None else sharpness,
        }
        boxes = np.tile([10.0, 20.0, 30.0, 90.0], (n, 1)) + number
        tracks.append(build.track(n, f"person-{number}", boxes_px=boxes, **arrays))
    seen = build.people(tracks, **({} if looked_s is None else {"times_s": looked_s}))
    observed = Observed(build.IDENTITY, Provenance("people", "mediapipe", "1", "", ()), people=seen)
    return gather(Recording(build.IDENTITY, 10.0, 0, 0, ""), () if missing else (observed,), missing)


def finding(tmp_path, observed, standards, roles=AGENT):
    house = rubric(tmp_path, standards)
    [found] = judge(house, build.conversation(house, observed, Channel.VIDEO, roles))
    return found


@pytest.mark.parametrize(
    ("lab", "colours", "expected"),
    [
        (TEAL, ["#006978"], 1.2),
        (RED, ["#006978"], 53.1),
        (RED, ["#006978", "#962832"], 1.0),
        (UNSEEN, ["#006978"], np.nan),
    ],
)
def test_colours_are_compared_with_the_nearest_of_the_house(lab, colours, expected):
    assert difference(np.array([lab, lab]), colours) == pytest.approx([expected] * 2, abs=0.4, nan_ok=True)


@pytest.mark.parametrize("light", [(1.1, 1.0, 0.85), (0.9, 1.0, 1.15), (0.92, 1.08, 0.92), (1.0, 1.0, 1.0)])
@pytest.mark.parametrize("stops", [-0.5, 0.0, 0.5])
def test_light_of_another_colour_and_strength_does_not_change_a_uniform(light, stops):
    from skimage.color import lab2rgb, rgb2lab

    seen = lab2rgb(np.array([TEAL, LIT_TEAL, SHADED_TEAL, RED, BLUE, GREY]))
    linear = np.where(seen <= 0.04045, seen / 12.92, ((seen + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear * light * 2**stops, 0, 1)
    lit = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    found = difference(rgb2lab(lit), ["#006978"])
    assert (found[:3] < HOUSE_COLOUR).all()
    assert (found[3:] > HOUSE_COLOUR).all()


@pytest.mark.parametrize(
    ("people", "part", "expected", "reason"),
    [
        ([[(TEAL, DARK)] * 10], "upper", Verdict.MET, "upper colour difference 1 dE, wanted at most 12 dE"),
        ([[(TEAL, DARK)] * 10], "lower", Verdict.MET, "lower colour difference"),
        ([[(RED, DARK)] * 10], "upper", Verdict.MISSED, "53 dE"),
        ([[(BLUE, DARK)] * 10], "upper", Verdict.MISSED, "dE"),
        # Hands over the torso spoil some frames, not the median.
        ([[(GREY, DARK)] * 4 + [(TEAL, DARK)] * 6], "upper", Verdict.MET, "1 dE"),
        (
            [[(TEAL, UNSEEN)] * 10],
            "lower",
            Verdict.CANNOT_TELL,
            "lower clothes could be seen in fewer than 5",
        ),
        ([[(TEAL, DARK)] * 4 + [(UNSEEN, DARK)] * 9], "upper", Verdict.CANNOT_TELL, "fewer than 5 frames"),
        # The customer's clothes are nobody's business.
        ([[(TEAL, DARK)] * 10, [(RED, DARK)] * 10], "upper", Verdict.MET, "1 dE"),
        ([], "upper", Verdict.CANNOT_TELL, "nobody was seen"),
    ],
)
def test_a_uniform_is_judged_by_its_colour(tmp_path, people, part, expected, reason):
    found = finding(tmp_path, dressed(*people, looked_s=np.arange(15) / 5), KEEP.format(part=part))
    assert (found.verdict, reason in found.reason) == (expected, True), found.reason


def test_of_several_employees_the_one_furthest_off_counts(tmp_path):
    team = dressed([(TEAL, DARK)] * 10, [(RED, DARK)] * 10)
    both = {"person-0": Role.AGENT, "person-1": Role.AGENT}
    assert finding(tmp_path, team, KEEP.format(part="upper"), both).verdict == Verdict.MISSED
    unknown = finding(tmp_path, team, KEEP.format(part="upper"), {})
    assert (unknown.verdict, unknown.credit) == (Verdict.CANNOT_TELL, None)
    assert "2 people were seen, and who of them is the agent is unknown" in unknown.reason


@pytest.mark.parametrize(
    ("appearance", "problem"),
    [
        ('{upper: ["teal"]}', "upper: 'teal' is no colour; write it as in '#006978'"),
        ("{upper: ['#00697']}", "'#00697' is no colour"),
        ("{hat: ['#006978']}", "unknown key 'hat'"),
        ("{}", "names no colour; expected upper, lower or both"),
        ("{lower: '#2d303a'}", "needs the house's colours at the top of the rubric: appearance: {upper:"),
        ("", "needs the house's colours at the top of the rubric"),
    ],
)
def test_a_palette_that_cannot_be_used_is_told_with_its_line(tmp_path, appearance, problem):
    with pytest.raises(BadFile, match=problem) as caught:
        rubric(tmp_path, KEEP.format(part="upper"), appearance)
    assert all(p.line > 1 and p.path.endswith("house.yaml") for p in caught.value.problems)


ASK = "- {id: tidy, title: Tidy, ask: Are make-up and jewellery as on page 12?, show: person}"


def test_whoever_answers_a_question_is_shown_the_sharpest_pictures_apart_in_time(tmp_path):
    sharp = np.ones(30)
    sharp[[3, 4, 12, 20, 27]] = [90, 95, 40, 60, 99]
    clothes = [(TEAL, DARK)] * 30
    clothes[27] = (UNSEEN, DARK)
    found = finding(tmp_path, dressed(clothes, sharpness=sharp), ASK)
    assert (found.verdict, found.reason) == (Verdict.CANNOT_TELL, "awaits a person")
    assert [e.span for e in found.evidence] == [span(0.8, 1.0), span(2.4, 2.6), span(4.0, 4.2)]
    assert {(e.role, e.box_px) for e in found.evidence} == {(Role.AGENT, (10.0, 20.0, 30.0, 90.0))}


@pytest.mark.parametrize(
    ("observed", "roles", "reason"),
    [
        (
            dressed([(TEAL, DARK)] * 5, [(RED, DARK)] * 5),
            {},
            "awaits a person; no pictures: 2 people were seen",
        ),
        (dressed([(TEAL, DARK)] * 5), {"person-0": Role.CUSTOMER}, "no pictures: no agent was seen"),
        (dressed(missing=(("people", "the recording has no picture"),)), {}, "awaits a person"),
    ],
)
def test_without_the_right_person_no_picture_is_shown(tmp_path, observed, roles, reason):
    found = finding(tmp_path, observed, ASK, roles)
    assert (found.verdict, found.evidence) == (Verdict.CANNOT_TELL, ())
    assert reason in found.reason


def test_pictures_go_with_questions_only_and_need_somebody_who_looks(tmp_path):
    assert rubric(tmp_path, ASK).needs == {"people"}
    with pytest.raises(BadFile, match="show goes with ask"):
        rubric(tmp_path, "- {id: a, title: A, say: greeting, show: person}")
