"""A company's standards: YAML in, frozen types out, all problems at their lines."""

import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

import msgspec
from pydantic import BeforeValidator, Field, StrictInt, model_validator

from audit.confidence import Confidence
from audit.interactions import Channel, Role
from audit.lookbook import Lookbook
from audit.palette import Palette
from audit.pattern import Sequences, unfold
from audit.rules import Amount, During, Needs, Part, Rule, Texts, Verb, When
from audit.signals import kinds
from audit.yamlfile import Checked
from models.language import tokens_of
from models.paraphrases import ALIKE, Paraphrases
from models.phrases import Phrases


def _a_number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(f"found {str(value).lower()}, expected a number")
    if isinstance(value, str):
        raise ValueError(f"found '{value}', expected a number, and no quotation marks around it")
    return value


APOLOGY = "apology"
"""The phrase that regrets where a rubric names none: what all packs call it."""

SLUG = r"^[a-z0-9][a-z0-9-]*$"
Slug = Annotated[str, Field(pattern=SLUG, max_length=80)]
Weight = Annotated[float, BeforeValidator(_a_number), Field(gt=0, le=1000)]


class Examples(Checked):
    """Short conversations (or measured values) whose verdict is known; `comport rubric test` runs them."""

    met: Texts = ()
    missed: Texts = ()
    no_opportunity: Texts = ()


class Critical(StrEnum):
    SECTION = "section"
    FORM = "form"


class Standard(Rule):
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
    when: When | None = None
    ask: str | None = None
    show: Literal["person"] | None = None
    """What a person who answers an `ask` is shown: pictures of the party."""
    needs: Needs = Needs()
    examples: Examples = Examples()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.bonus and self.critical:
            raise ValueError(f"critical: '{self.id}' is a bonus: what may be left out is not critical")
        if self.show and self.ask is None:
            raise ValueError(f"'{self.id}': show goes with ask: pictures for the person who answers")
        return self

    @property
    def called(self) -> str:
        return f"'{self.id}' "

    def is_named(self, name: str) -> bool:
        """Whether a person means this standard by its id, or by its title as scorecards show it."""
        return name.strip().casefold() in (self.id, self.title.casefold())

    @property
    def choice(self) -> str:
        return "say, do, avoid, keep, order, all, any, not and ask"

    @property
    def verbs(self) -> tuple[Verb, ...]:
        return super().verbs if self.ask is None else (*super().verbs, Verb.ASK)

    @property
    def party(self) -> Role:
        """Who has to keep the standard: the agent, unless `by` says otherwise."""
        return self.by or Role.AGENT

    @property
    def conditions(self) -> tuple[When, ...]:
        """The single conditions of its `when`."""
        return tuple(self.when.walk()) if self.when else ()

    @property
    def parts(self) -> tuple[During, ...]:
        """Every `during` in it: of the rule, of the rules inside it and of its conditions."""
        found = [rule.during for rule, _ in self.walk()] + [one.during for one in self.conditions]
        return tuple(one for one in found if one is not None)

    @property
    def names(self) -> frozenset[str]:
        """Every phrase, event, measure and phase that the standard names."""
        return frozenset(
            (
                *(name for rule, _ in self.walk() for name in rule.named),
                *(one.name for one in self.conditions),
                *(name for part in self.parts for name in part.names),
            )
        )


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
    use: Texts = ()
    """Lexicons whose lists it may name as phrases; those that it names are among its `phrases`."""
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
    also_negated: Texts = ()
    """Phrases that count also where they are negated."""
    questions: Texts = ()
    """Phrases that ask: in a condition ("if you have any more questions") they are not said."""
    regrets: Texts | None = None
    """Phrases that regret: where they only ask to say something again ("sorry?") they are not said. Where a
    rubric does not say which, `APOLOGY`."""
    means: dict[str, Texts] = {}
    """Sentences that say what a phrase says: what means the same is the phrase, too."""
    alike: Amount | None = None
    """How alike a sentence must be to one of those."""
    phases: dict[str, Part] = {}
    appearance: Palette | None = None
    distances: Distances | None = None
    sections: Annotated[tuple[Section, ...], Field(min_length=1)]

    confidence: Confidence | None = None
    """How sure its phrases are; kept in a file beside the rubric (`audit.confidence`)."""
    lookbook: Lookbook | None = None
    """What the things look like that people wear; kept in a file beside it (`audit.lookbook`)."""

    @property
    def standards(self) -> tuple[Standard, ...]:
        return tuple(standard for section in self.sections for standard in section.standards)

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of what the rubric says, whatever its spacing and comments."""
        # What is not written does not count, so that a new key leaves old rubrics as they are.
        said = self.model_dump(mode="json", exclude_defaults=True)
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
        least = self.alike.value / 100 if self.alike else ALIKE
        paraphrases = Paraphrases(self.language, self.means, least)
        regrets = (APOLOGY,) if self.regrets is None else self.regrets
        return Phrases(
            self.language, self.sequences, own, self.also_negated, paraphrases, self.questions, regrets
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names that a recogniser should expect: the spellings in the slots `brand` and `product`."""
        return tuple(name for slot in ("brand", "product") for name in self.slots.get(slot, ()))

    def reach(self, names: Iterable[str]) -> frozenset[str]:
        """The phrases, events and measures among `names`, and those that the phases among them name."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.phases[name].names if name in self.phases else ()
        return frozenset(found - set(self.phases))

    @functools.cached_property
    def listens_to(self) -> dict[str, tuple[Role, ...]]:
        """Whose words each standard depends on, by its id."""
        return {one.id: listens_to(one, self.phases) for one in self.standards}

    @functools.cached_property
    def needs(self) -> frozenset[str]:
        """What has to be perceived for these standards."""
        found: set[str] = set()
        for standard in self.standards:
            for name in self.reach(standard.names):
                kind = kinds().get(name)
                found |= kind.needs if kind else {"utterances"}
                found |= {"activity"} if name in self.phrases else set()
            found |= {"people"} if standard.show else set()
        if self.lookbook is None:
            # There is nothing to compare looks with.
            found.discard("looks")
        # Words are only as good as the sound they were heard in.
        return frozenset(found | ({"levels"} if "utterances" in found else set()))


def listens_to(standard: Standard, phases: Mapping[str, During]) -> tuple[Role, ...]:
    """Whose words a standard depends on, in the order of its rules."""
    return tuple(dict.fromkeys(_listens_to(standard, phases)))


def _listens_to(standard: Standard, phases: Mapping[str, During]) -> Iterator[Role]:
    """Whose words the standard depends on."""
    for rule, by in standard.walk():
        party = by or Role.AGENT
        for name in rule.named:
            if _of_words(name):
                # An event that is to be avoided counts whoever it was, unless somebody is named.
                yield (by or Role.ANYONE) if rule.avoid and rule.avoid.event else party
        yield from (step.by for step in rule.order or () if step.by and any(map(_of_words, step.names)))
    for one in standard.conditions:
        if _of_words(one.name):
            yield one.by
    for part in standard.parts:
        yield from _listened_for(part, phases)


def _listened_for(part: During, phases: Mapping[str, During]) -> Iterator[Role]:
    """Whose words open and close the windows."""
    for name in part.names:
        if name in phases:
            yield from _listened_for(phases[name], phases)
        elif _of_words(name):
            yield part.by


def _of_words(name: str) -> bool:
    """Whether a phrase, event or measure rests on recognised words."""
    return name not in kinds() or "utterances" in kinds()[name].needs
