"""Why a verdict is what it is: the judge's own steps in words."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from audit.cli import cli
from audit.intake import take_in
from audit.judge import judge
from audit.pipeline import audit_file, find_rubric
from audit.rubricfile import load_rubric
from audit.scorecard import make_scorecard
from audit.store import open_store
from audit.workbench.explain import Explanation, Told, explain
from audit.workbench.subjects import standard_in
from tests import build

STANDARDS = """
- {id: greets, title: Greets, weight: 2, during: {first: 20 s}, say: [greeting, own-name]}
- {id: asks, title: Asks, when: {said: cancel, by: customer}, during: {before: hold, within: 10 s}, say: greeting}
- {id: no-silence, title: No silence, by: anyone, keep: {measure: longest_silence, at_most: 5 s, zero_at: 25 s}}
- {id: no-blame, title: No blame, avoid: blame}
- {id: thanks, title: Thanks, when: {said: thanks-for-holding, by: customer}, say: greeting}
- {id: answer, title: Right answer, ask: Was it right?}
- id: twice
  title: Twice
  treatment: coaching
  when: {not: {said: thanks-for-holding}}
  any:
  - {during: {after: thanks-for-holding}, say: greeting}
  - {say: own-name}
"""

CALL = """WEBVTT

00:01.000 --> 00:03.000
<v Agent>Good morning.

00:04.000 --> 00:06.000
<v Customer>Cancel my contract.

00:16.000 --> 00:19.000
<v Agent>Please hold the line, good morning.

00:20.000 --> 00:22.000
<v Agent>Please hold.
"""


def told(tmp_path: Path, name: str) -> Explanation:
    (tmp_path / "a.vtt").write_text(CALL, "utf-8")
    rubric = build.rubric(tmp_path, STANDARDS)
    arrival = take_in(tmp_path / "a.vtt")
    assert arrival.observations is not None
    return explain(*standard_in(name, [rubric]), arrival.interaction, arrival.observations)


def lines(steps: tuple[Told, ...]) -> list[str]:
    return [line for step in steps for line in (step.text, *lines(step.inside))]


@pytest.mark.parametrize(
    ("standard", "says"),
    [
        ("greets", "looked at 0:00–0:20: credit 0.50, 100% sure: not said: 'own-name'"),
        ("greets", "'greeting' by the agent: 2 times"),
        ("greets", "0:01–0:03 by the agent “Good morning.” (100% sure; word for word; pattern: good (morning|afternoon))"),
        ("greets", "'own-name' by the agent: not found"),
        ("greets", "could words have gone unheard? no"),
        ("asks", "does it apply? yes"),
        ("asks", "'cancel' by the customer: 1 time"),
        ("asks", "'hold' by anyone: 2 times"),
        ("no-silence", "longest silence by anyone in 0:00–0:22: 10.0 s (100% sure; could be measured in 100% of the time)"),
        ("no-silence", "0:06–0:16"),
        ("no-blame", "looked at 0:00–0:22: credit 1.00, 100% sure: did not happen"),
        ("thanks", "does it apply? no opportunity: 'thanks-for-holding' by the customer did not occur"),
    ],
)  # fmt: skip
def test_each_step_is_told(tmp_path, standard, says):
    found = lines(told(tmp_path, standard).steps)
    assert any(line.startswith(says) for line in found), found


def test_what_is_asked_twice_is_told_twice(tmp_path):
    steps = told(tmp_path, "twice").steps
    assert [lines((step,)).count("was it nowhere, or only not heard or seen?") for step in steps] == [1, 1]


@pytest.mark.parametrize(
    ("standard", "rule", "credit", "share"),
    [
        ("greets", "says 'greeting' and 'own-name', in the first 20 s", "credit 0.50", "2 × 0.50 = 1.00 of 5 points"),
        ("asks", "says 'greeting', before each 'hold' within 10 s; applies if the customer says 'cancel'",
         "credit (0.00 + 1.00) / 2 = 0.50", "1 × 0.50 = 0.50 of 5 points in 'all'"),
        ("no-silence", "anyone: longest silence at most 5 s, no credit at 25 s", "credit 0.75", "it can move the form"),
        ("thanks", "says 'greeting'; applies if the customer says 'thanks-for-holding'",
         "no credit: no opportunity, so it leaves the sum", "it leaves the sum"),
        ("answer", "a person answers “Was it right?”", "no credit: cannot tell, so it leaves the sum", "it leaves the sum"),
    ],
)  # fmt: skip
def test_the_sum_is_told(tmp_path, standard, rule, credit, share):
    found = told(tmp_path, standard)
    assert (found.rule, found.credit) == (rule, credit)
    assert share in found.share


@pytest.mark.parametrize("standard", ["greets", "asks", "no-silence", "no-blame", "thanks", "answer"])
def test_what_is_explained_is_the_scorecards_verdict(tmp_path, standard):
    found = told(tmp_path, standard)
    arrival = take_in(tmp_path / "a.vtt")
    assert arrival.observations is not None
    card = make_scorecard(arrival.interaction, arrival.observations, build.rubric(tmp_path, STANDARDS))
    assert found.finding in card.findings


def run(home: Path, *arguments: object):
    return CliRunner().invoke(cli, ["--home", str(home), "rubric", "explain", *map(str, arguments)])


def test_a_stored_interaction_is_explained_under_the_rubric_it_was_judged_by(tmp_path):
    call = build.SAMPLES / "exemplary.vtt"
    audited = audit_file(call, [find_rubric("voice-en")], open_store(tmp_path))
    done = run(tmp_path, "own-name", audited.interaction.id[:8])
    assert done.exit_code == 0 and "✓ met" in done.output, done.output
    same = json.loads(run(tmp_path, "own-name", audited.interaction.title, "--json").output)
    assert (same["interaction"], same["finding"]["verdict"]) == (audited.interaction.id, "met")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("own-nam", build.SAMPLES / "exemplary.vtt", "--rubric", "voice-en"), "no standard 'own-nam'; did you mean 'own-name'?"),
        (("own-name", "nobody", "--rubric", "voice-en"), "no interaction 'nobody' is stored"),
        (("own-name", build.SAMPLES / "exemplary.vtt"), "name a rubric with --rubric"),
        (("own-name", build.SAMPLES / "exemplary.opus", "--rubric", "voice-en"), "a recording: audit it first"),
    ],
)  # fmt: skip
def test_what_cannot_be_explained_is_said(tmp_path, arguments, says):
    assert says in str(run(tmp_path, *arguments).exception)


def test_every_standard_of_a_pack_can_be_explained():
    arrival = take_in(build.SAMPLES / "careless.vtt")
    rubric = find_rubric("voice-en")
    assert arrival.observations is not None
    card = make_scorecard(arrival.interaction, arrival.observations, rubric)
    for standard, finding in zip(rubric.standards, card.findings, strict=True):
        assert explain(rubric, standard, arrival.interaction, arrival.observations).finding == finding


@pytest.mark.parametrize(
    ("pattern", "said", "engine", "how"),
    [
        ("good (morning|afternoon)", "good afternoon", "transcript", "word for word"),
        ("my name is {name}", "my name is Sara", "transcript", "as “my name is {name}”"),
        ("I ~promise", "I promised", "transcript", "as “i ~promise”"),
        ("we * refund", "we gladly refund", "transcript", "as “we * refund”"),
        (
            "thank you for calling northwind",
            "thank you for calling north wind",
            "whisper",
            "96% like “thank you for calling northwind”",
        ),
    ],
)
def test_each_quote_says_how_it_was_found(
    tmp_path: Path, pattern: str, said: str, engine: str, how: str
) -> None:
    path = tmp_path / "house.yaml"
    text = build.rubric_text("- {id: a, title: A, say: sought}")
    path.write_text(text.replace("phrases:\n", f'phrases:\n  sought: ["{pattern}"]\n', 1))
    house = load_rubric(path)
    observed = build.observations([("agent", 1.0, said)], engine=engine)
    [finding] = judge(house, build.conversation(house, observed))
    assert [one.how for one in finding.evidence] == [how]
