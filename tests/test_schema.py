"""The JSON Schema for editors: it takes what `check` takes, and underlines what a single place shows."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from audit.lexicons import lexicon_names
from audit.pipeline import PACKS, pack_names
from audit.rubric import Rubric, Section, Standard
from audit.signals import event_kinds, measure_kinds
from audit.workbench.schema import NOT_WRITTEN, lexicon_schema, rubric_schema
from audit.yamlfile import Document, read_document
from tests import build

SCHEMA = rubric_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
LEXICONS = Draft202012Validator(lexicon_schema())
MANUAL = (PACKS.parent / "docs" / "rubrics.md").read_text("utf-8")


def wrong(text: str) -> list[str]:
    document = Document("house.yaml", text)
    assert document.problems == []
    return [error.message for error in VALIDATOR.iter_errors(document.value)]


def standard(written: str) -> str:
    return build.rubric_text(f"- {{id: a, title: A, {written}}}")


def test_it_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("pack", pack_names())
def test_every_pack_is_valid(pack: str):
    errors = VALIDATOR.iter_errors(read_document(PACKS / f"{pack}.yaml").value)
    assert [(list(error.path), error.message) for error in errors] == []


@pytest.mark.parametrize("name", lexicon_names())
def test_every_lexicon_is_valid(name: str):
    errors = LEXICONS.iter_errors(read_document(PACKS / f"{name}.yaml").value)
    assert [(list(error.path), error.message) for error in errors] == []


@pytest.mark.parametrize(
    "text",
    [
        "lexicon: a\nversion: 1\ntitle: A\nlanguage: en\nlists: {a: {means: A, phrases: x}}",
        "lexicon: a\nversion: 1\ntitle: A\nlanguage: en\nlists: {a: {means: A, source: B, phrase: x}}",
        "lexicon: a\nversion: 1\ntitle: A\nlanguage: en\nlists: {a: [x]}",
        "lexicon: a\nversion: one\ntitle: A\nlanguage: en\nlists: {a: {means: A, source: B, phrases: x}}",
    ],
)
def test_a_mistake_in_a_lexicon_is_underlined(text):
    assert list(LEXICONS.iter_errors(Document("words.yaml", text).value)) != []


def test_each_key_of_a_lexicon_is_explained():
    told = [LEXICONS.schema["properties"], LEXICONS.schema["$defs"]["List"]["properties"]]
    assert [key for keys in told for key, place in keys.items() if not place.get("description")] == []


def test_the_whole_rubric_of_the_manual_is_valid():
    assert wrong(MANUAL.split("```yaml\n", 1)[1].split("```", 1)[0]) == []


@pytest.mark.parametrize(
    "written",
    [
        "say: greeting",
        "say: [greeting, blame]",
        "say: {any: [greeting]}",
        "do: nod",
        "do: {all: [nod, smile]}",
        "say: greeting, do: [nod]",
        "avoid: blame",
        "avoid: {event: silence, longer_than: 10 s}",
        "avoid: {event: silence, longer_than: 10 S}",
        "avoid: {said: blame, more_than: 3  Times per  Min}",
        "keep: {measure: hold_count, at_most: 2}",
        "keep: {measure: talk_share, between: [30 %, 60%]}",
        "ask: Was it right?, show: person",
        "say: greeting, during: {first: 2 turns}",
        "say: greeting, during: {after: enters, within: 5 s}",
        "say: greeting, during: {before: blame}",
        "say: greeting, when: {measure: handle_time, at_least: 2 min}",
        "say: greeting, weight: 2.5, critical: form, by: customer",
        "ask: Q, examples: {met: one, missed: [two, three]}",
    ],
)
def test_every_way_of_writing_is_valid(written):
    assert wrong(standard(written)) == []


@pytest.mark.parametrize(
    "written",
    [
        "say: 3",
        "say: []",
        "say: {some: [greeting]}",
        "do: noded",
        "do: [nod, smle]",
        "avoid: {event: silense}",
        "keep: {measure: longest_silense, at_most: 15 s}",
        "keep: {measure: longest_silence, at_most: 15 seconds}",
        "keep: {measure: longest_silence, at_most: very soon}",
        "keep: {at_most: 15 s}",
        "say: greeting, wait: 3",
        "say: greeting, weight: 0",
        "say: greeting, weight: heavy",
        "say: greeting, weight: '2'",
        "say: greeting, bonus: '2'",
        "say: greeting, critical: always",
        "say: greeting, by: boss",
        "say: greeting, when: {said: blame, by: boss}",
        "ask: Q, show: pictures",
        "why: because",
    ],
)
def test_a_mistake_is_underlined(written):
    assert wrong(standard(written)) != []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rubric: house", "rubric: The House"),
        ("rubric: house", "rubrik: house"),
        ("version: 1", "version: one"),
        ("applies_to: [call]", "applies_to: [phone]"),
        ("applies_to: [call]", "applies_to: call"),
        ("id: a", "id: A b"),
    ],
)
def test_a_mistake_around_the_standards_is_underlined(old, new):
    text = standard("say: greeting")
    assert old in text and wrong(text) == []
    assert wrong(text.replace(old, new)) != []


def test_names_are_completed_with_what_they_mean():
    for name, known in (("EventName", event_kinds()), ("MeasureName", measure_kinds())):
        told = {one["const"]: one["description"] for one in SCHEMA["$defs"][name]["anyOf"]}
        assert told == {kind.name: kind.means for kind in known.values()}


@pytest.mark.parametrize(
    ("kind", "keys"), [(k.__name__, k.model_fields) for k in (Rubric, Section, Standard)]
)
def test_every_key_says_what_it_is_for(kind, keys):
    place: dict[str, Any] = SCHEMA if kind == "Rubric" else SCHEMA["$defs"][kind]
    assert len(place["properties"]) == len(set(keys) - set(NOT_WRITTEN))
    assert [key for key, told in place["properties"].items() if not told.get("description")] == []
