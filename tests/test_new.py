"""`comport rubric new`: a first rubric of one's own that passes `check` and `test`."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audit.cli import cli
from audit.pipeline import PACKS, find_rubric, pack_names
from audit.rubricfile import load_rubric
from audit.workbench import run_examples
from audit.workbench.new import Wish, write_new

OPENING = next(s.standards for s in find_rubric("voice-en").sections if s.id == "opening")


def run(*arguments: object, answers: str = "") -> Result:
    return CliRunner().invoke(cli, ["rubric", *map(str, arguments)], input=answers)


@pytest.mark.parametrize(
    ("pack", "brand"), [*((pack, "Harbour Inn") for pack in pack_names()), ("chat-en", "L'Oréal & Co.")]
)
def test_every_pack_becomes_a_rubric_of_ones_own(tmp_path, pack, brand):
    path, given = tmp_path / "own.yaml", find_rubric(pack)
    made = write_new(path, Wish("own", given.language, given.applies_to[0], brand, pack))
    assert load_rubric(path).digest == made.digest
    assert (made.rubric, made.version, made.applies_to) == ("own", 1, given.applies_to[:1])
    assert made.slots["brand"] == (brand,)
    assert [s.id for s in made.standards] == [s.id for s in given.standards]
    assert "Northwind" not in path.read_text("utf-8")
    # As many as in the pack, whose own examples test_packs watches over.
    passed = [[result.passed for result in run_examples(rubric)] for rubric in (made, given)]
    assert passed[0] == passed[1]
    # How sure its phrases are comes with them.
    assert made.confidence == given.confidence


@pytest.mark.parametrize(
    ("options", "standards"),
    [
        (("--section", "opening"), [s.id for s in OPENING]),
        (("--standard", "apology", "--standard", "own-name"), ["own-name", "apology"]),
        (("--section", "opening", "--standard", "own-name"), ["own-name"]),
    ],
)  # fmt: skip
def test_only_what_is_wanted_is_taken(tmp_path, options, standards):
    path = tmp_path / "own.yaml"
    assert run("new", path, "--brand", "Harbour Inn", *options, "--yes").exit_code == 0
    made = load_rubric(path)
    assert [s.id for s in made.standards] == standards
    assert all(result.passed for result in run_examples(made))
    assert run("check", path).exit_code == 0


def test_a_brand_that_spoils_an_example_is_refused(tmp_path):
    path = tmp_path / "own.yaml"
    done = run("new", path, "--brand", "...", "--standard", "house-greeting", "--yes")
    assert "brand '...'" in str(done.exception) and not path.exists()


def test_questions_are_asked_and_answered(tmp_path):
    path = tmp_path / "own.yaml"
    answers = "en\ncall\nHarbour Inn\nvoice-en\nharbour\nopening\nown-name, offer-help\n"
    done = run("new", path, answers=answers)
    assert done.exit_code == 0, done.output
    assert "opening          Opening" in done.output
    made = load_rubric(path)
    assert made.rubric == "harbour"
    left_out = ("own-name", "offer-help")
    assert [s.id for s in made.standards] == [s.id for s in OPENING if s.id not in left_out]


def test_the_file_explains_itself(tmp_path):
    path = tmp_path / "own.yaml"
    run("new", path, "--brand", "Harbour Inn", "--yes")
    text = path.read_text("utf-8")
    assert text.startswith("# Standards of Harbour Inn, taken from the pack voice-en.")
    for key in ("slots", "values", "phrases", "sections"):
        lines = text.splitlines()
        assert lines[lines.index(f"{key}:") - 1].startswith("# ")
    assert len(text) > (PACKS / "voice-en.yaml").stat().st_size / 2


@pytest.mark.parametrize("name", ["own.yaml", "own.confidence.yaml"])
def test_nothing_is_overwritten(tmp_path, name):
    (tmp_path / name).write_text("mine", "utf-8")
    done = run("new", tmp_path / "own.yaml", "--brand", "Harbour Inn", "--yes")
    assert f"{name}: is there already, and stays as it is" in str(done.exception)
    assert [(p.name, p.read_text("utf-8")) for p in tmp_path.iterdir()] == [(name, "mine")]


def test_the_curve_of_a_pack_comes_along_and_says_so(tmp_path):
    path = tmp_path / "own.yaml"
    done = run("new", path, "--brand", "Harbour Inn", "--standard", "own-name", "--yes")
    assert f"{tmp_path / 'own.confidence.yaml'}: how sure its phrases are" in done.output.replace("\n", "")
    # Of the phrases that were not taken along nothing is said.
    curve = load_rubric(path).confidence
    assert curve and curve.offsets and set(curve.offsets) < set(find_rubric("voice-en").confidence.offsets)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--brand", "X", "--language", "de"), "no pack in 'de' for call to take standards from; there are chat-en: en, chat"),
        (("--brand", "X", "--name", "My Rubric"), "name: found 'My Rubric', expected small letters"),
        (("--brand", " "), "brand: expected the name of the house"),
        (("--brand", "X", "--section", "openin"), "no section 'openin' in the pack; did you mean 'opening'?"),
        (("--brand", "X", "--standard", "own-nam"), "no standard 'own-nam' in the pack; did you mean 'own-name'?"),
        (("--brand", "X", "--section", "opening", "--standard", "apology"), "none of these standards lies in these sections"),
        (("--brand", "a: b # c"), "cannot be written into the pack"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_said_and_nothing_is_written(tmp_path, options, says):
    path = tmp_path / "own.yaml"
    done = run("new", path, *options, "--yes")
    assert says in str(done.exception) and not path.exists()


def test_without_a_brand_it_is_wrong_usage(tmp_path):
    done = run("new", Path(tmp_path) / "own.yaml", "--yes")
    assert done.exit_code == 2 and "--yes needs --brand" in done.output
