"""What authors may write as JSON Schema, so that editors complete keys and names and underline mistakes."""

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from audit.lexicons import Lexicon
from audit.quantities import UNITS, Quantity, parse_quantity
from audit.rubric import Rubric
from audit.rules import Verb
from audit.signals import EventKind, MeasureKind, kinds

DIALECT = "https://json-schema.org/draft/2020-12/schema"

KEYS = {
    "rubric": "Its id: small letters, digits, hyphens.",
    "version": "A whole number; raise it with every change that matters.",
    "title": "As people see it.",
    "language": "ISO 639-1 code of the language spoken: en, it, fa …",
    "applies_to": "The channels it is meant for.",
    "agent_channel": "0 (left) or 1 (right) when the agent is always on that side.",
    "slots": "Names with one or several spellings, used in phrases as {name-of-slot}.",
    "values": "The company's values, each with a sentence; a standard names the one it serves.",
    "phrases": "Names with one or several patterns: (a|b), (optional)?, * for up to five words, {slot}.",
    "also_negated": "Phrases that count also where they are negated: 'I can't promise' is then a promise.",
    "questions": "Phrases that ask: 'if you have any more questions' does not say them.",
    "regrets": "Phrases that regret: a 'sorry?' that asks to say something again does not say them.",
    "means": "Sentences that say what a phrase says: whatever means the same counts, too.",
    "alike": "How alike a sentence must be to one under means: 65 % if not given.",
    "use": "Lexicons whose lists may be named as phrases: lexicons/en, lexicons/it, lexicons/fa, or a file.",
    "appearance": "The house's colours, upper and lower, as #rrggbb; folders of pictures: badge, apron …",
    "distances": "What the house calls too close.",
    "sections": "Parts of the form.",
    "standards": "The rules of this part.",
    "id": "Unique in the whole rubric; never changed, for history hangs on it.",
    "why": "Why the company chose it.",
    "purpose": "What it is for: how the customer is better off.",
    "how": "The best way to do it, as you would tell a new colleague.",
    "value": "The value it serves, one of `values`.",
    "source": "Where it comes from: a page of the manual, a study, a law.",
    "weight": "How much it counts beside the others (1 if not given).",
    "critical": "section or form: zeroes that part when the credit is 0.",
    "by": "Whose behaviour or words are meant.",
    "when": "The condition under which it applies at all.",
    "during": "The part of the interaction that is looked at (all of it if not given).",
    "say": "Phrases that must be said: one, a list (all of them), or {any: […]}.",
    "do": "Events that must happen: one, a list (all of them), or {any: […]}.",
    "avoid": "What must not happen: phrases, or {event: …}.",
    "keep": "A measure inside a band.",
    "ask": "A question that only a person can answer.",
    "show": "With ask: pictures of the party for whoever answers.",
    "order": "Phrases or events that follow each other: [greeting, {step: …, within: 30 s}, {optional: …}].",
    "all": "All of these.",
    "any": "One of these is enough.",
    "not": "The contrary of this.",
    "phases": "Named parts of the interaction, each as a `during`.",
    "needs": "How much must have been perceived before a verdict is given.",
    "overlays": "Changes by law, culture or sector that are laid over it.",
    "bonus": "Points added to the form's score when met; such a standard stands in no mean.",
    "treatment": "coaching: judged and shown, never scored.",
    "basis": "The company's legal ground for scoring what the law keeps out of scores.",
    "confirm": "person: a critical miss zeroes nothing before a person confirmed it.",
    "numbers": "Amounts with a name, which overlays may set.",
    "examples": "Short conversations with a known verdict; comport rubric test runs them.",
}
"""What a key is for, shown while somebody writes. `docs/rubrics.md` says more."""

LEXICON_KEYS = {
    "lexicon": "Its name, as people see it.",
    "version": KEYS["version"],
    "title": KEYS["title"],
    "language": "ISO 639-1 code; only rubrics of this language may use it.",
    "slots": KEYS["slots"],
    "lists": "Names with lists; a rubric that uses the lexicon names them like its own phrases.",
    "means": "What the phrases of the list have in common.",
    "source": "Where they come from, and why they are in the list.",
    "phrases": "Patterns: (a|b), (optional)?, * for up to five words, {slot}.",
}
"""The same for lexicons."""

EVENT, MEASURE = "EventName", "MeasureName"

NOT_WRITTEN = ("applied", "confidence", "lookbook")
"""What Comport itself adds to a rubric: what overlays did, and what lies beside it."""

CHOICES: Mapping[str, tuple[str, bool]] = {
    "measure": (MEASURE, False),
    "event": (EVENT, False),
    "before": (EVENT, True),
    "after": (EVENT, True),
}
"""Keys whose value is the name of a kind, and whether a phrase may stand there instead."""


def _in_any_case(unit: str) -> str:
    """The regular expression of a unit in small or capital letters: JSON Schema has no sign for that."""
    letters = (f"[{c}{c.upper()}]" if c.isalpha() else c for c in unit)
    return "".join(letters).replace(" ", r"\s+")


TIMES = f"{_in_any_case('time')}[sS]?"
"""Stands before a rate: `3 times per min`."""

WRITTEN_UNITS = [_in_any_case(unit) for unit in sorted(UNITS) if unit]

QUANTITY: JsonSchemaValue = {
    "anyOf": [
        {
            "type": "string",
            "pattern": rf"^\s*[+-]?\d+(\.\d+)?\s*({TIMES}\s+)?({'|'.join(WRITTEN_UNITS)})?\s*$",
        },
        {"type": "string", "pattern": r"^\s*([01]?\d|2[0-4]):[0-5]\d\s*$", "description": "A time of day."},
        {"type": "number"},
        {"type": "string", "pattern": r"^[a-z][a-z0-9-]*$", "description": "The name of one of `numbers`."},
    ],
    "description": "A number with its unit, for example 15 s, 2 min, 90 %, 160 wpm, 2 turns.",
}


def rubric_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a rubric's YAML: whatever `comport rubric check` accepts is valid.

    It sees one place at a time: that an id stands twice or a phrase is undefined only `check` can tell.
    """
    schema = Rubric.model_json_schema(mode="validation", schema_generator=_Written)
    schema = {"$schema": DIALECT, **schema, "title": "Comport rubric"}
    for key in NOT_WRITTEN:
        del schema["properties"][key], schema["$defs"][key.capitalize()]
    for definition in (schema, *schema["$defs"].values()):
        _name_choices(definition.get("properties", {}))
    standard = schema["$defs"]["Standard"]
    standard["anyOf"] = [{"required": [verb.value]} for verb in Verb]
    rule = schema["$defs"]["Rule"]
    rule["anyOf"] = [{"required": [verb.value]} for verb in Verb if verb != Verb.ASK]
    for kind, type_ in ((EVENT, EventKind), (MEASURE, MeasureKind)):
        known = sorted((one.name, one.means) for one in kinds().values() if isinstance(one, type_))
        schema["$defs"][kind] = {"anyOf": [{"const": name, "description": means} for name, means in known]}
    # `do: nod` and `do: [smile, nod]` name events where `say` names phrases.
    done = schema["$defs"]["Do"]["properties"]
    for part in (done["all"], done["any"], standard["properties"]["do"], rule["properties"]["do"]):
        named = {"$ref": f"#/$defs/{EVENT}"}
        part["anyOf"] = [named, {"type": "array", "items": named, "minItems": 1}, *part["anyOf"][2:]]
    return schema


def lexicon_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a lexicon's YAML."""
    schema = Lexicon.model_json_schema(mode="validation", schema_generator=_Written)
    schema = {"$schema": DIALECT, **schema, "title": "Comport lexicon"}
    for definition in (schema, *schema["$defs"].values()):
        _name_choices(definition["properties"], LEXICON_KEYS)
    return schema


def _name_choices(properties: dict[str, Any], told: Mapping[str, str] = KEYS) -> None:
    """Writes the known names of events and measures, and what each key is for, into a mapping's keys."""
    for key, place in properties.items():
        place.pop("title", None)
        if key in CHOICES:
            kind, phrases_too = CHOICES[key]
            choice = [{"$ref": f"#/$defs/{kind}"}, *([{"type": "string"}] if phrases_too else [])]
            empty = [{"type": "null"}] if {"type": "null"} in place.get("anyOf", ()) else []
            description = place.get("description")
            place.clear()
            place["anyOf"] = [*choice, *empty]
            if description:
                place["description"] = description
        if key == "weight":
            place.update(exclusiveMinimum=0, maximum=1000)
        if key in told:
            place["description"] = told[key]


class _Written(GenerateJsonSchema):
    """The types as they are written: quantities as texts, and the short forms of lists and mappings."""

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        return dict(QUANTITY) if schema["cls"] is Quantity else super().dataclass_schema(schema)

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        long = self.generate_inner(schema["schema"])
        inner: Any = schema["schema"]
        if schema["function"]["function"] is parse_quantity:
            return long
        while inner["type"] in ("nullable", "default"):
            inner = inner["schema"]
        if inner["type"] in ("tuple", "list"):
            return {"anyOf": [{"type": "string"}, long]}
        if inner["type"] in ("model", "definition-ref", "function-after"):
            some = {"type": "array", "items": {"type": "string"}, "minItems": 1}
            return {"anyOf": [{"type": "string"}, some, *long.get("anyOf", [long])]}
        return long
