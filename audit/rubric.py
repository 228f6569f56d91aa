"""A company's standards: YAML in, frozen types out, all problems at their lines."""

import functools
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

import msgspec
from pydantic import BeforeValidator, Field, PlainSerializer, StrictInt, model_validator

from audit.confidence import Confidence
from audit.interactions import Channel, Role
from audit.palette import Palette
from audit.pattern import Sequences, unfold
from audit.quantities import Quantity, parse_quantity
from audit.signals import event_kinds, measure_kinds
from audit.yamlfile import Checked
from models.language import tokens_of
from models.phrases import Phrases


def _no_truth(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(f"found {str(value).lower()}, expected a number")
    return value


SLUG = r"^[a-z0-9][a-z0-9-]*$"
Slug = Annotated[str, Field(pattern=SLUG, max_length=80)]
Amount = Annotated[Quantity, BeforeValidator(parse_quantity), PlainSerializer(str)]
Weight = Annotated[float, BeforeValidator(_no_truth), Field(gt=0, le=1000)]
Texts = Annotated[tuple[str, ...], BeforeValidator(lambda v: [v] if isinstance(v, str) else v)]


def _said(value: Any) -> Any:
    """`greeting`, `[a, b]` and `{any: [a]}` in one form: a text or list means all of it must be said."""
    return (
        {"all": [value]} if isinstance(value, str) else {"all": value} if isinstance(value, list) else value
    )


def _avoided(value: Any) -> Any:
    return (
        {"said": [value]} if isinstance(value, str) else {"said": value} if isinstance(value, list) else value
    )


class Say(Checked):
    """Phrases to be said: `all` of them, or `any` one."""

    all: Texts = ()
    any: Texts = ()

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.all) == bool(self.any):
            raise ValueError("takes a phrase, a list of phrases, {all: […]} or {any: […]}")
        return self

    @property
    def phrases(self) -> tuple[str, ...]:
        return self.all or self.any


class Do(Checked):
    """Events that the party has to make happen: `all` of them, or `any` one."""

    all: Texts = ()
    any: Texts = ()

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.all) == bool(self.any):
            raise ValueError("takes an event, a list of events, {all: […]} or {any: […]}")
        return self

    @property
    def events(self) -> tuple[str, ...]:
        return self.all or self.any


class Avoid(Checked):
    """What must not happen: phrases `said`, or an `event` (only those `longer_than` a time)."""

    said: Texts = ()
    event: str | None = None
    longer_than: Amount | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.said) == bool(self.event):
            raise ValueError("takes a phrase, a list of phrases, or {event: …}")
        return self


class Keep(Checked):
    """A measure inside its band; between the band and `zero_at` the credit falls in a straight line."""

    measure: str
    at_most: Amount | None = None
    at_least: Amount | None = None
    between: tuple[Amount, Amount] | None = None
    zero_at: Amount | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(x is not None for x in (self.at_most, self.at_least, self.between)) != 1:
            raise ValueError("takes exactly one of at_most, at_least and between")
        low, high = self.band
        if low > high:
            raise ValueError(f"between: {low:g} is above {high:g}; the smaller number comes first")
        if self.zero_at and low <= self.zero_at.value <= high:
            raise ValueError(f"zero_at: {self.zero_at} lies inside the band that earns full credit")
        return self

    @property
    def band(self) -> tuple[float, float]:
        """(lowest, highest) value with full credit, in the base unit."""
        if self.between:
            return self.between[0].value, self.between[1].value
        return (
            self.at_least.value if self.at_least else float("-inf"),
            self.at_most.value if self.at_most else float("inf"),
        )

    @property
    def amounts(self) -> tuple[Quantity, ...]:
        return tuple(x for x in (self.at_most, self.at_least, *(self.between or ()), self.zero_at) if x)

    def credit(self, value: float) -> float:
        """The credit 0..1 that a measured value (base unit) earns."""
        low, high = self.band
        if low <= value <= high:
            return 1.0
        edge = high if value > high else low
        zero = self.zero_at.value if self.zero_at else edge
        if zero == edge or (zero > edge) != (value > edge):
            return 0.0
        return max(0.0, 1 - (value - edge) / (zero - edge))


class When(Checked):
    """The rule applies only if something was `said` or an `event` happened, or a `measure` is in a band."""

    said: str | None = None
    event: str | None = None
    measure: str | None = None
    by: Role = Role.ANYONE
    at_least: Amount | None = None
    at_most: Amount | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(x is not None for x in (self.said, self.event, self.measure)) != 1:
            raise ValueError("takes exactly one of said, event and measure")
        if bool(self.measure) != bool(self.at_least or self.at_most):
            raise ValueError("a measure needs at_least or at_most, and nothing else takes them")
        return self


class During(Checked):
    """The part of the interaction that is looked at: its `first` or `last` seconds or turns, or the time
    `before` or `after` each occurrence of a phrase or event `by` somebody, at most `within` so long."""

    first: Amount | None = None
    last: Amount | None = None
    before: str | None = None
    after: str | None = None
    by: Role = Role.ANYONE
    within: Amount | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(x is not None for x in (self.first, self.last, self.before, self.after)) != 1:
            raise ValueError("takes exactly one of first, last, before and after")
        if (self.within or self.by != Role.ANYONE) and not (self.before or self.after):
            raise ValueError("within and by go with before or after")
        edge = self.first or self.last
        if edge and edge.unit == "turns" and (edge.value < 1 or edge.value != int(edge.value)):
            key = "first" if self.first else "last"
            raise ValueError(f"{key}: '{edge}': turns are whole, and at least one")
        for key in ("first", "last", "within"):
            amount = getattr(self, key)
            if amount and amount.value == 0:
                raise ValueError(f"{key}: '{amount}' is no time at all; take more")
        return self

    @property
    def anchor(self) -> str | None:
        """The phrase or event whose occurrences make the windows."""
        return self.before or self.after


class Examples(Checked):
    """Short conversations (or measured values) whose verdict is known; `comport rubric test` runs them."""

    met: Texts = ()
    missed: Texts = ()
    no_opportunity: Texts = ()


class Critical(StrEnum):
    SECTION = "section"
    FORM = "form"


class Verb(StrEnum):
    SAY = "say"
    DO = "do"
    AVOID = "avoid"
    KEEP = "keep"
    ASK = "ask"


class Standard(Checked):
    """One rule the company chose, with why it was chosen, what it is for and how to do it well."""

    id: Slug
    title: str
    why: str = ""
    purpose: str = ""
    how: str = ""
    value: str | None = None
    source: str = ""
    weight: Weight = 1.0
    bonus: Weight | None = None
    """Points added to the form's score when met; such a standard stands in no mean."""
    treatment: Literal["coaching"] | None = None
    """`coaching`: judged and shown, never scored."""
    basis: str = ""
    """The company's legal ground for scoring what the law keeps out of scores."""
    critical: Critical | None = None
    by: Role | None = None
    during: During | None = None
    when: When | None = None
    say: Annotated[Say | None, BeforeValidator(_said)] = None
    do: Annotated[Do | None, BeforeValidator(_said)] = None
    avoid: Annotated[Avoid | None, BeforeValidator(_avoided)] = None
    keep: Keep | None = None
    ask: str | None = None
    show: Literal["person"] | None = None
    """What a person who answers an `ask` is shown: pictures of the party."""
    examples: Examples = Examples()

    @model_validator(mode="after")
    def _one_verb(self) -> Self:
        if len(self.verbs) != 1 and self.verbs != (Verb.SAY, Verb.DO):
            found = " and ".join(self.verbs) or "none"
            wanted = "exactly one of say, do, avoid, keep and ask, or say with do"
            raise ValueError(f"'{self.id}' needs {wanted}; found {found}")
        if self.bonus and self.critical:
            raise ValueError(f"critical: '{self.id}' is a bonus: what may be left out is not critical")
        if self.show and self.ask is None:
            raise ValueError(f"'{self.id}': show goes with ask: pictures for the person who answers")
        return self

    @property
    def party(self) -> Role:
        """Who has to keep the standard: the agent, unless `by` says otherwise."""
        return self.by or Role.AGENT

    @property
    def verbs(self) -> tuple[Verb, ...]:
        """What the rule asks for: one verb, or `say` and `do`, which are both to be met."""
        return tuple(v for v in Verb if getattr(self, v) is not None)


class Section(Checked):
    """Standards that are scored together."""

    id: Slug
    title: str
    weight: Weight = 1.0
    standards: Annotated[tuple[Standard, ...], Field(min_length=1)]


class Distances(Checked):
    """What the house calls near: people nearer than `too_close` are it."""

    too_close: Amount

    @model_validator(mode="after")
    def _metres(self) -> Self:
        if self.too_close.unit != "m" or not self.too_close.value > 0:
            raise ValueError(f"too_close: found '{self.too_close}', expected a distance such as 0.76 m")
        return self


@dataclass(frozen=True)
class Applied:
    """One thing that an overlay did to a rubric: to which standard ("" for the whole), in words."""

    overlay: str
    effect: Literal["sets", "adds", "yields", "coaching", "scored", "forbids", "confirm"]
    standard: str
    text: str


class Rubric(Checked):
    """A versioned set of standards for given channels."""

    rubric: Slug
    version: Annotated[StrictInt, Field(ge=1, le=1_000_000)]
    title: str
    language: str
    applies_to: Annotated[tuple[Channel, ...], Field(min_length=1)]
    agent_channel: Annotated[StrictInt, Field(ge=0, le=1)] | None = None
    overlays: Texts = ()
    """Names of what law, culture and sector change; their effect is in the other fields, see `applied`."""
    applied: tuple[Applied, ...] = ()
    basis: str = ""
    confirm: Literal["person"] | None = None
    """`person`: a critical miss zeroes nothing before a person confirmed it."""
    numbers: dict[str, Amount] = {}
    slots: dict[str, Texts] = {}
    values: dict[str, str] = {}
    phrases: dict[str, Texts] = {}
    appearance: Palette | None = None
    distances: Distances | None = None
    sections: Annotated[tuple[Section, ...], Field(min_length=1)]

    confidence: Confidence | None = None
    """How sure its phrases are; kept in a file beside the rubric (`audit.confidence`)."""

    @property
    def standards(self) -> tuple[Standard, ...]:
        return tuple(standard for section in self.sections for standard in section.standards)

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of what the rubric says, whatever its spacing and comments."""
        said = self.model_dump(mode="json", exclude=None if self.confidence else {"confidence"})
        return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()

    @property
    def too_close_m(self) -> float | None:
        """People nearer than this are too close; None where the house does not say."""
        return self.distances.too_close.value if self.distances else None

    @functools.cached_property
    def sequences(self) -> dict[str, Sequences]:
        """Every phrase name with the word sequences it stands for."""
        return {
            name: tuple(dict.fromkeys(s for p in patterns for s in unfold(p, self.language, self.slots)))
            for name, patterns in self.phrases.items()
        }

    @functools.cached_property
    def finder(self) -> Phrases:
        """Finds the rubric's phrases in words."""
        own = {form for values in self.slots.values() for v in values for form in tokens_of(v, self.language)}
        return Phrases(self.language, self.sequences, not_names=own)

    @property
    def names(self) -> tuple[str, ...]:
        """Names that a recogniser should expect: the spellings in the slots `brand` and `product`."""
        return tuple(name for slot in ("brand", "product") for name in self.slots.get(slot, ()))

    @functools.cached_property
    def needs(self) -> frozenset[str]:
        """What has to be perceived for these standards."""
        found: set[str] = set()
        for standard in self.standards:
            named: list[str | None] = []
            if standard.keep:
                named.append(standard.keep.measure)
            if standard.avoid:
                named.append(standard.avoid.event)
            if standard.do:
                named += standard.do.events
            if standard.when:
                named += [standard.when.event, standard.when.measure]
            if standard.during:
                named.append(standard.during.anchor)
            for name in filter(None, named):
                kind = event_kinds().get(name) or measure_kinds().get(name)
                found |= kind.needs if kind else {"utterances"}
            found |= {"people"} if standard.show else set()
            spoken = (
                standard.say
                or (standard.avoid and standard.avoid.said)
                or (standard.when and standard.when.said)
            )
            found |= {"utterances", "activity"} if spoken else set()
        # Words are only as good as the sound they were heard in.
        return frozenset(found | ({"levels"} if "utterances" in found else set()))
