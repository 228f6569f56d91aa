"""Labelled transcripts beside the judge's verdicts, and rubrics checked by the folder."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from audit.cli import cli
from audit.workbench.labelled import confusions, judge_labels
from tests import build

HOLD = """
- {id: greets, title: Greets, during: {first: 20 s}, say: greeting}
- {id: no-blame, title: Blames nobody, avoid: blame}
- {id: asks, title: Asks, when: {said: goes-on-hold}, during: {before: goes-on-hold, within: 10 s}, say: greeting}
"""

CALL = """WEBVTT

00:01.000 --> 00:03.000
<v Agent>Good morning.

00:04.000 --> 00:06.000
<v Customer>Hello there.

00:30.000 --> 00:33.000
<v Agent>That is your fault.

00:40.000 --> 00:43.000
<v Agent>Please hold the line.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "a.vtt").write_text(CALL, "utf-8")
    return tmp_path / "calls"


def label(folder: Path, *rows: str) -> Path:
    (folder / "labels.csv").write_text("\n".join(("file,line,standard,verdict", *rows)) + "\n", "utf-8")
    return folder


def house(tmp_path: Path) -> Path:
    text = build.rubric_text(HOLD).replace("phrases:\n", "phrases:\n  goes-on-hold: hold the line\n", 1)
    (tmp_path / "house.yaml").write_text(text, "utf-8")
    return tmp_path / "house.yaml"


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("a.vtt,,greets,met", "met"),
        ("a.vtt,4,greets,met", "met"),
        ("a.vtt,7,greets,met", "missed"),
        ("a.vtt,10,greets,no_opportunity", "no_opportunity"),
        ("a.vtt,,no-blame,missed", "missed"),
        ("a.vtt,10,no-blame,missed", "missed"),
        ("a.vtt,4,no-blame,met", "met"),
        ("a.vtt,,asks,missed", "missed"),
        ("a.vtt,13,asks,missed", "missed"),
        ("a.vtt,4,asks,no_opportunity", "no_opportunity"),
    ],
)
def test_a_label_is_compared_with_the_verdict_there(folder, row, found):
    from audit.rubricfile import load_rubric

    (one,) = judge_labels(label(folder, row), load_rubric(house(folder.parent)))
    assert one.found == found, one.reason
    assert (one.file, one.line or "") == ("a.vtt", one.line or "")


def test_the_table_counts_wanted_and_found(folder):
    from audit.rubricfile import load_rubric

    rows = ("a.vtt,,greets,missed", "a.vtt,4,greets,met", "a.vtt,7,greets,met", "a.vtt,,no-blame,missed")
    greets, no_blame = confusions(judge_labels(label(folder, *rows), load_rubric(house(folder.parent))))
    assert (greets.standard, greets.labels, greets.coverage) == ("greets", 3, 1.0)
    assert greets.counts["met"] == {"met": 1, "missed": 1, "no_opportunity": 0, "cannot_tell": 0}
    assert greets.counts["missed"] == {"met": 1, "missed": 0, "no_opportunity": 0, "cannot_tell": 0}
    assert (greets.precision, greets.recall) == ({"met": 0.5, "missed": 0.0}, {"met": 0.5, "missed": 0.0})
    assert (no_blame.precision["met"], no_blame.recall) == (None, {"met": None, "missed": 1.0})


def run(*arguments: object):
    return CliRunner().invoke(cli, ["rubric", *map(str, arguments)])


def test_the_command_lists_what_is_wrong_by_file_and_line(folder):
    label(folder, "a.vtt,4,greets,met", "a.vtt,10,no-blame,met")
    done = run("test", house(folder.parent), "--labels", folder)
    assert done.exit_code == 1
    assert "a.vtt:10: no-blame: wanted met, found missed ('blame' at 0:30)" in done.output
    assert "1 of 2 labels agree" in done.output
    assert run("test", house(folder.parent), "--labels", folder, "--least", "0.5").exit_code == 0
    told = json.loads(run("test", house(folder.parent), "--labels", folder, "--json").output)
    (of_rubric,) = told["labelled"].values()
    assert (told["labels"], told["labels_wrong"]) == (2, 1)
    assert [w["line"] for w in of_rubric["wrong"]] == [10]


def test_a_folder_is_checked_and_says_what_it_left_out(folder):
    good = house(folder)
    (folder / "bad.yml").write_text(
        good.read_text("utf-8").replace("say: greeting", "say: greting", 1), "utf-8"
    )
    (folder / "a.meta.yaml").write_text("agent: Ana\n", "utf-8")
    (folder / "other.yaml").write_text("camera: c\n", "utf-8")
    (folder / "law.yaml").write_text(
        "overlay: law\nkind: law\nversion: 1\ntitle: Law\nsource: [x]\ntreat: [{observe: fase, treatment: forbid, why: x}]\n",
        "utf-8",
    )
    done = run("check", folder)
    assert done.exit_code == 1
    assert f"{good}: 3 standards in 1 section, no problems" in done.output
    assert f"{folder / 'other.yaml'}: left out: no line begins with 'rubric:'" in done.output
    assert "unknown event, measure or family 'fase'; did you mean 'face'?" in done.output
    assert "meta" not in done.output
    told = json.loads(run("check", folder, "nobody", "--json").output)
    assert [rubric["name"] for rubric in told["rubrics"]] == [str(good)]
    first, overlay, second = told["problems"]
    assert (overlay["file"], overlay["line"]) == (str(folder / "law.yaml"), 6)
    line = next(
        n for n, line in enumerate(good.read_text("utf-8").splitlines(), 1) if "say: greeting" in line
    )
    assert (first["file"], first["line"], first["where"]) == (str(folder / "bad.yml"), line, "greets")
    assert first["problem"].startswith("undefined phrase 'greting'; did you mean 'greeting'?")
    assert (second["file"], second["line"]) == ("nobody", None)


def test_an_empty_folder_is_a_problem(tmp_path):
    assert run("check", tmp_path).exit_code == 1


CURVE = "made: x\nwanted: 0.9\nsure: 0.5\nintercept: 0\nslope: 2\noffsets:\n  greeting: 0.1\n"


@pytest.mark.parametrize(
    ("name", "curve", "told", "status"),
    [
        ("house.confidence.yaml", CURVE, "3 standards in 1 section, how sure its phrases are, no problems", 0),
        ("house.confidence.yaml", CURVE.replace("slope: 2", "slope: -2"), "house.confidence.yaml:5: slope:", 1),
        ("house.confidence.yaml", CURVE.replace("greeting", "greting"), "house.confidence.yaml:7: offsets: no phrase 'greting' in house.yaml; did you mean 'greeting'?", 1),
        ("home.confidence.yaml", CURVE, "home.confidence.yaml:1: says how sure phrases are, but no home.yaml lies beside it", 1),
    ],
)  # fmt: skip
def test_how_sure_phrases_are_is_checked_with_their_rubric(folder, name, curve, told, status):
    house(folder)
    (folder / name).write_text(curve, "utf-8")
    for path in (folder, folder / name):
        done = run("check", path)
        assert (done.exit_code, done.output.count(told)) == (status, 1), done.output
