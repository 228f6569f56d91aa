"""Law, culture and sector laid over a rubric: what each does, and which wins."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from audit.interactions import Channel, Interaction, Role
from audit.judge import Finding, Verdict
from audit.overlay import FOLDER, LANGUAGES, Overlay, Treat, load_overlay, overlay_names
from audit.rubric import Rubric
from audit.rubricfile import load_rubric
from audit.score import add_up, show_awaited, show_sum
from audit.scorecard import Scorecard, make_scorecard
from audit.terminal import print_scorecard
from audit.workbench import run_examples
from audit.yamlfile import BadFile, read_document
from tests import build

HOUSE = """\
rubric: house
version: 1
title: House
language: {language}
applies_to: [video]
{more}
sections:
- id: one
  title: One
  standards:
  - id: smiles
    title: Welcomes with a smile
    do: smile
  - {{id: right, title: Is right, ask: Was it right?, critical: form}}
"""


def house(folder: Path, more: str = "", language: str = "en", standards: str = "") -> Rubric:
    path = folder / "house.yaml"
    path.write_text(HOUSE.format(language=language, more=more) + standards, "utf-8")
    return load_rubric(path)


def problems(folder: Path, more: str, language: str = "en", standards: str = "") -> list[str]:
    with pytest.raises(BadFile) as caught:
        house(folder, more, language, standards)
    return [f"{Path(p.path).name}:{p.line}: {p.where}: {p.text}" for p in caught.value.problems]


def effects(rubric: Rubric) -> list[tuple[str, str, str]]:
    return [(a.overlay, a.effect, a.standard) for a in rubric.applied]


def test_there_are_overlays_for_law_culture_and_sector() -> None:
    wanted = {f"law/{name}" for name in ("eu", "us-two-party", "it", "ir", "de")}
    wanted |= {f"sector/{name}" for name in ("bank", "retail", "health", "hospitality")}
    wanted |= {f"culture/{name}" for name in ("it", "de", "us", "gb", "ir", "es", "fr")}
    assert wanted <= set(overlay_names())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", overlay_names())
def test_an_overlay_reads_in_every_language_and_is_named_as_its_file(name: str, language: str) -> None:
    overlay = load_overlay(FOLDER / f"{name}.yaml", language)
    assert overlay.overlay == name
    assert overlay.kind == name.partition("/")[0]


PAIRS = [
    (name, language)
    for name in overlay_names()
    for language in LANGUAGES
    if all(e.examples.met or e.ask for s in load_overlay(FOLDER / f"{name}.yaml", language).sections for e in s.standards)
    and load_overlay(FOLDER / f"{name}.yaml", language).sections
]  # fmt: skip


@pytest.mark.parametrize(("name", "language"), PAIRS)
def test_the_examples_of_an_overlay_s_standards_give_their_verdicts(
    tmp_path: Path, name: str, language: str
) -> None:
    results = run_examples(house(tmp_path, f"overlays: [{name}]", language))
    wrong = [
        f"{r.standard}: {r.text} wanted {r.wanted}, found {r.found}: {r.reason}"
        for r in results
        if not r.passed
    ]
    assert results and wrong == []


def test_every_standard_of_an_overlay_has_examples_in_the_three_first_languages() -> None:
    assert {(name, language) for name in overlay_names() if name.startswith("sector/") or name == "law/us-two-party"
            for language in ("en", "it", "fa")} <= set(PAIRS)  # fmt: skip


def test_european_law_shows_faces_for_coaching_and_lets_a_person_confirm(tmp_path: Path) -> None:
    rubric = house(tmp_path, "overlays: law/eu")
    assert rubric.standards[0].treatment == "coaching"
    assert rubric.confirm == "person"
    assert effects(rubric) == [("law/eu", "confirm", ""), ("law/eu", "coaching", "smiles")]


@pytest.mark.parametrize("where", ["rubric", "standard"])
def test_a_face_is_scored_where_the_company_states_its_basis(tmp_path: Path, where: str) -> None:
    rubric = house(
        tmp_path, "overlays: law/eu" + ("\nbasis: agreement of 3 May" if where == "rubric" else "")
    )
    if where == "standard":
        path = tmp_path / "house.yaml"
        path.write_text(
            path.read_text().replace("    do: smile", "    do: smile\n    basis: agreement of 3 May")
        )
        rubric = load_rubric(path)
    assert rubric.standards[0].treatment is None
    assert ("law/eu", "scored", "smiles") in effects(rubric)
    assert any("agreement of 3 May" in a.text for a in rubric.applied)


@pytest.mark.parametrize("basis", ['""', '"  "', '"\\t"'])
def test_a_basis_of_no_words_is_none(tmp_path: Path, basis: str) -> None:
    assert house(tmp_path, f"overlays: law/eu\nbasis: {basis}").standards[0].treatment == "coaching"


def test_european_law_leaves_out_what_judges_emotion_or_attitude(tmp_path: Path) -> None:
    moody = "  - {id: mood, title: Mood, ask: Was the agent in a good mood?}\n"
    rubric = house(tmp_path, "overlays: law/eu", standards=moody)
    assert [s.id for s in rubric.standards] == ["smiles", "right"]
    assert ("law/eu", "forbids", "mood") in effects(rubric)


def test_forbidden_wins_over_coaching_and_basis(tmp_path: Path) -> None:
    happy = "  - {id: happy, title: Looks happy, do: smile, basis: agreement}\n"
    assert "happy" not in [s.id for s in house(tmp_path, "overlays: law/eu", standards=happy).standards]


def test_nothing_is_left_when_all_is_forbidden(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    path.write_text(
        "overlay: all\nkind: law\nversion: 1\ntitle: All\nsource: [x]\n"
        "treat:\n- {treatment: forbid, standards: [smiles, right], why: x}\n"
    )
    assert problems(tmp_path, "overlays: [all.yaml]") == [
        "house.yaml:6: : nothing is left: overlays forbid every standard of the rubric"
    ]


def own(folder: Path, name: str, kind: str, rest: str) -> str:
    (folder / f"{name}.yaml").write_text(
        f"overlay: {name}\nkind: {kind}\nversion: 1\ntitle: X\nsource: [x]\n{rest}\n", "utf-8"
    )
    return f"{name}.yaml"


@pytest.mark.parametrize(
    ("rubric_m", "given", "wanted_m"),
    [
        (None, {"culture": 0.4}, 0.4),
        (0.5, {"culture": 0.4}, 0.5),
        (0.5, {"sector": 0.9}, 0.5),
        (None, {"sector": 0.3, "culture": 0.6}, 0.3),
        (0.5, {"law": 0.3, "sector": 0.8, "culture": 0.4}, 0.3),
        (None, {"culture": 0.4, "culture2": 0.6}, 0.6),
        (0.5, {"law": 0.3, "law2": 0.7}, 0.7),
    ],
)
def test_a_distance_is_law_s_else_the_rubric_s_else_sector_s_else_culture_s(
    tmp_path: Path, rubric_m: float | None, given: dict[str, float], wanted_m: float
) -> None:
    files = [
        own(tmp_path, f"o{kind}", kind.rstrip("2"), f"distances: {{too_close: {metres} m}}")
        for kind, metres in given.items()
    ]
    for order in (files, files[::-1]):
        more = f"overlays: [{', '.join(order)}]" + (
            f"\ndistances: {{too_close: {rubric_m} m}}" if rubric_m else ""
        )
        assert house(tmp_path, more).too_close_m == wanted_m


def test_the_distance_of_a_culture_is_enough_for_the_event_that_needs_one(tmp_path: Path) -> None:
    near = "  - {id: near, title: Near, avoid: {event: too_close, longer_than: 1 s}}\n"
    assert house(tmp_path, "overlays: culture/ir", standards=near).too_close_m == 0.59
    assert "needs the house's limit" in problems(tmp_path, "overlays: culture/fr", standards=near)[0]


def test_a_number_stands_where_its_name_is_written(tmp_path: Path) -> None:
    apart = "  - {id: apart, title: Apart, keep: {measure: nearest_distance, at_least: stranger-distance}}\n"
    italy = house(tmp_path, "overlays: culture/it", standards=apart)
    assert italy.standards[-1].keep and italy.standards[-1].keep.band[0] == pytest.approx(0.93)
    mine = house(tmp_path, "overlays: culture/it\nnumbers: {stranger-distance: 80 cm}", standards=apart)
    assert mine.standards[-1].keep and mine.standards[-1].keep.band[0] == pytest.approx(0.8)
    assert ("culture/it", "yields", "") in effects(mine)
    assert (
        "'stranger-distance' is not a number"
        in problems(tmp_path, "overlays: culture/fr", standards=apart)[0]
    )


@pytest.mark.parametrize(
    ("more", "longest_s"),
    [("", 40.0), ("numbers: {long: 70 s}\n", 70.0), ("overlays: [own.yaml, law.yaml]", 20.0)],
)
def test_an_overlay_s_own_standard_may_name_its_numbers_and_who_wins_is_taken(
    tmp_path: Path, more: str, longest_s: float
) -> None:
    standard = "{id: brief, title: Brief, keep: {measure: longest_silence, at_most: long}}"
    sections = f"sections:\n- {{id: own, title: Own, standards: [{standard}]}}"
    own(tmp_path, "own", "culture", f"numbers: {{long: 40 s}}\n{sections}")
    own(tmp_path, "law", "law", "numbers: {long: 20 s}")
    with_own = house(tmp_path, more if "overlays" in more else f"overlays: own.yaml\n{more}")
    assert with_own.standards[-1].keep and with_own.standards[-1].keep.band[1] == longest_s


def test_a_value_of_the_house_is_no_phrase_of_an_overlay(tmp_path: Path) -> None:
    own(tmp_path, "own", "culture", "phrases: {calm: {en: [slowly]}}")
    valued = "  - {id: calm, title: Calm, value: calm, ask: Was it calm?}\n"
    rubric = house(tmp_path, "overlays: own.yaml\nvalues: {calm: We have time.}", standards=valued)
    assert "calm" not in rubric.phrases and not effects(rubric)


def test_phrases_of_a_culture_come_only_where_they_are_named_and_the_rubric_s_own_stay(
    tmp_path: Path,
) -> None:
    greets = "  - {id: greets, title: Greets, say: greeting-morning}\n"
    given = house(tmp_path, "overlays: culture/us", standards=greets)
    # The culture's own standards name its greetings of the hour; nothing names its forms of address.
    assert dict(given.phrases) == {
        "greeting-morning": ("good morning",),
        "greeting-evening": ("good evening",),
    }
    kept = house(tmp_path, "overlays: culture/us\nphrases: {greeting-morning: morning}", standards=greets)
    assert kept.phrases["greeting-morning"] == ("morning",)


def test_standards_of_a_sector_come_in_the_section_of_their_id_or_a_new_one(tmp_path: Path) -> None:
    new = house(tmp_path, "overlays: sector/bank")
    assert [s.id for s in new.sections] == ["one", "safety"]
    path = tmp_path / "house.yaml"
    path.write_text(path.read_text().replace("- id: one", "- id: safety"))
    same = load_rubric(path)
    assert [s.id for s in same.standards] == ["smiles", "right", "identity-before-data", "never-asks-code"]
    assert [s.title for s in same.sections] == ["One"]


def test_the_rubric_s_own_standard_stands_for_a_sector_s_but_not_for_a_law_s(tmp_path: Path) -> None:
    mine = "  - {id: never-asks-code, title: Mine, ask: x}\n"
    rubric = house(tmp_path, "overlays: sector/bank", standards=mine)
    assert [s.title for s in rubric.standards if s.id == "never-asks-code"] == ["Mine"]
    assert ("sector/bank", "yields", "never-asks-code") in effects(rubric)
    mine = "  - {id: recording-notice-first, title: Mine, ask: x}\n"
    found = problems(tmp_path, "overlays: law/us-two-party", standards=mine)
    assert (
        "house.yaml:6: recording-notice-first: duplicate id 'recording-notice-first', first on line"
        in found[0]
    )


def test_what_an_overlay_includes_comes_with_it(tmp_path: Path) -> None:
    assert house(tmp_path, "overlays: [law/it]").confirm == "person"


@pytest.mark.parametrize(
    ("more", "language", "wanted"),
    [
        ("overlays: [law/ue]", "en", "house.yaml:6: : unknown overlay 'law/ue'; did you mean 'law/eu'?"),
        ("overlays:\n- law/eu\n- sector/banc", "en", "house.yaml:8: : unknown overlay 'sector/banc'; did you mean 'sector/bank'?"),
        ("overlays: [none.yaml]", "en", "none.yaml:1: : cannot be read: No such file"),
        ("overlays: [7]", "en", "house.yaml:6: : overlays: expected text, found 7"),
        ("overlays: sector/bank", "de", "house.yaml:6: identity-before-data: undefined phrase 'account-data'"),
        ("applied: []", "en", "house.yaml:6: : 'applied' is what overlays did"),
    ],
)  # fmt: skip
def test_a_wrong_overlay_is_told_where_the_rubric_names_it(
    tmp_path: Path, more: str, language: str, wanted: str
) -> None:
    assert problems(tmp_path, more, language)[0].startswith(wanted)


def test_an_overlay_of_one_s_own_does_not_stand_for_a_law(tmp_path: Path) -> None:
    text = "overlay: law/eu\nkind: law\nversion: 1\ntitle: None\nsource: [x]\n"
    (tmp_path / "mine.yaml").write_text(text, "utf-8")
    assert problems(tmp_path, "overlays: [mine.yaml, law/eu]") == [
        "house.yaml:6: : 'mine.yaml' calls itself 'law/eu', which comes with Comport; name it otherwise"
    ]


@pytest.mark.parametrize(
    ("rest", "wanted"),
    [
        ("tret: []", "bad.yaml:6: : unknown key 'tret'; did you mean 'treat'?"),
        ("treat:\n- {treatment: coach, why: x}", "bad.yaml:7: : treatment: found 'coach', expected 'coaching' or 'forbid'"),
        ("treat:\n- treatment: coaching\n  observe: fase\n  why: x", "bad.yaml:8: : observe: unknown event, measure or family 'fase'"),
        ("numbers: {a: many}", "bad.yaml:6: : a: 'many' is not a number"),
        ("phrases:\n  hi:\n    it: [ciao]\n    en:\n    - hello\n    - (hi", "bad.yaml:11: hi: pattern '(hi'"),
    ],
)  # fmt: skip
def test_a_mistake_in_an_overlay_is_told_at_its_own_line(tmp_path: Path, rest: str, wanted: str) -> None:
    own(tmp_path, "bad", "law", rest)
    assert problems(tmp_path, "overlays: bad.yaml")[0].startswith(wanted)


def test_the_digest_follows_what_an_overlay_says_and_not_how(tmp_path: Path) -> None:
    name = own(tmp_path, "mine", "culture", "distances: {too_close: 0.4 m}")
    more = f"overlays: [{name}]"
    before = house(tmp_path, more).digest
    own(tmp_path, "mine", "culture", "# a remark\ndistances:\n  too_close: 0.4 m")
    assert house(tmp_path, more).digest == before
    own(tmp_path, "mine", "culture", "distances: {too_close: 0.6 m}")
    assert house(tmp_path, more).digest != before


def test_a_rubric_with_overlays_comes_back_from_the_store_as_it_was(tmp_path: Path) -> None:
    rubric = house(tmp_path, "overlays: [law/us-two-party, law/eu, sector/bank, culture/us]")
    again = Rubric.model_validate_json(rubric.model_dump_json())
    assert (again.digest, again.applied) == (rubric.digest, rubric.applied)


def findings(rubric: Rubric, **credits: float) -> tuple[Finding, ...]:
    return tuple(
        Finding(s.id, Verdict.MET if credits[s.id] == 1 else Verdict.MISSED, credits[s.id], 1.0, "")
        for s in rubric.standards
    )


def test_what_is_shown_for_coaching_stands_in_no_sum_and_says_by_whom(tmp_path: Path) -> None:
    rubric = house(tmp_path, "overlays: law/eu")
    score = add_up(rubric, findings(rubric, smiles=0, right=1))
    assert (score.score, score.assessed_share) == (100, 1)
    line = score.sections[0].lines[0]
    assert (line.points, line.credit, line.treatment, line.overlay) == (None, 0, "coaching", "law/eu")


def test_a_critical_miss_zeroes_nothing_before_a_person_confirms_it_and_both_scores_are_shown(
    tmp_path: Path,
) -> None:
    rubric = house(tmp_path, "overlays: law/eu\nbasis: agreement")
    score = add_up(rubric, findings(rubric, smiles=1, right=0))
    assert (score.score, score.if_confirmed, score.zeroed_by) == (50, 0, ())
    assert (score.awaiting, score.critical_misses) == (("right",), ("right",))
    assert show_sum(score) == "(1 × 50.0) / 1 = 50.0"
    assert show_awaited(score) == "awaits confirmation by a person: right; if confirmed, the score is 0.0"
    at_once = add_up(house(tmp_path), findings(house(tmp_path), smiles=1, right=0))
    assert (at_once.score, at_once.awaiting, at_once.if_confirmed) == (0, (), None)


def test_the_scorecard_in_a_terminal_says_which_overlay_did_what(tmp_path: Path) -> None:
    rubric = house(tmp_path, "overlays: [law/eu, sector/bank]")
    seen = build.observations([("agent", 1.0, "tell me your PIN")])
    interaction = Interaction(
        build.IDENTITY, Channel.VIDEO, "desk", "desk.mp4", build.IDENTITY, roles=(("agent", Role.AGENT),)
    )
    card = make_scorecard(interaction, seen, rubric)
    assert msgspec.json.decode(msgspec.json.encode(card), type=Scorecard) == card
    console = Console(width=200, record=True, file=io.StringIO())
    print_scorecard(console, interaction, card, 3.0)
    shown = console.export_text()
    assert "sector/bank: adds the standard 'Never asks for a code'" in shown
    assert "law/eu: “Welcomes with a smile” is shown for coaching and never scored" in shown
    assert "awaits confirmation by a person: never-asks-code; if confirmed, the score is 0.0" in shown
    assert any(caveat.startswith("law/eu: “Welcomes with a smile”") for caveat in card.caveats)


def test_the_manual_s_own_overlay_reads(tmp_path: Path) -> None:
    manual = (Path(__file__).parent.parent / "docs" / "overlays.md").read_text("utf-8")
    example = next(
        block for block in re.findall(r"```yaml\n(.*?)```", manual, re.DOTALL) if "overlay: our" in block
    )
    (tmp_path / "ours.yaml").write_text(example, "utf-8")
    added = [s.id for s in house(tmp_path, "overlays: ours.yaml").standards][2:]
    assert sorted(added) == ["guest-welcome", "waves", "wishes-good-stay"]
    assert all(f"`{name}`" in manual for name in overlay_names() if not name.startswith("culture/"))
    cultures = [name.partition("/")[2] for name in overlay_names() if name.startswith("culture/")]
    assert f"`{' '.join(cultures)}`" in manual


@pytest.mark.parametrize("key", sorted({*Overlay.model_fields, *Treat.model_fields}))
def test_the_manual_shows_each_key_of_an_overlay(key: str) -> None:
    manual = (Path(__file__).parent.parent / "docs" / "overlays.md").read_text("utf-8")
    assert f"{key}: " in manual or f"{key}:\n" in manual


def test_what_only_a_phase_names_is_seen_by_overlays(tmp_path: Path) -> None:
    more = (
        "overlays: [law/eu, culture/us]\nnumbers: {at-first: 20 s}\n"
        "phases: {smiling: {while: smile}, start: {first: at-first}, after-hello: {after: greeting-afternoon, in: start}}"
    )
    standards = (
        "  - {id: quiet, title: Speaks while smiling, during: smiling, avoid: {event: silence}}\n"
        "  - {id: calm, title: Leaves no silence, during: after-hello, avoid: {event: silence}}\n"
    )
    rubric = house(tmp_path, more, standards=standards)
    assert [s.id for s in rubric.standards if s.treatment] == ["smiles", "quiet"]
    assert str(rubric.phases["start"].first) == "20 s"
    assert rubric.phrases["greeting-afternoon"] == ("good afternoon",)


EXPLAINED = [("law/eu", "it"), ("law/eu", "fa"), ("law/it", "it"), ("law/ir", "it"), ("law/ir", "fa")]
EXPLAINED += [("culture/it", "it"), ("culture/ir", "fa")]
EXPLAINED += [
    (name, language) for name in overlay_names() if name[:6] == "sector" for language in ("it", "fa")
]


def explanations(value: object) -> Iterator[object]:
    """What stands under `why`, `purpose` and `how` anywhere in plain values."""
    if isinstance(value, list):
        for inner in value:
            yield from explanations(inner)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key in ("why", "purpose", "how"):
                yield inner
            else:
                yield from explanations(inner)


@pytest.mark.parametrize(("name", "language"), EXPLAINED)
def test_an_overlay_explains_itself_in_the_language_of_those_it_is_for(name: str, language: str) -> None:
    told = list(explanations(read_document(FOLDER / f"{name}.yaml").value))
    assert told and [one for one in told if not (isinstance(one, dict) and one.get(language))] == []
    overlay = load_overlay(FOLDER / f"{name}.yaml", language)
    chosen = {t.why for t in overlay.treat} | {s.why for o in overlay.sections for s in o.standards}
    assert chosen <= {one[language] for one in told if isinstance(one, dict)}
