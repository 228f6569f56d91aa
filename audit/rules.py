"""The words of a rule: what is asked for, in which part of the interaction, and under which condition."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from audit.interactions import Role
from audit.quantities import Quantity, parse_quantity
from audit.yamlfile import Checked

Amount = Annotated[Quantity, BeforeValidator(parse_quantity), PlainSerializer(str)]
Texts = Annotated[tuple[str, ...], BeforeValidator(lambda v: [v] if isinstance(v, str) else v)]

MOST_STEPS = 30
"""No order of a service manual has more steps: our choice."""


class Verb(StrEnum):
    SAY = "say"
    DO = "do"
    AVOID = "avoid"
    KEEP = "keep"
    ORDER = "order"
    ALL = "all"
    ANY = "any"
    NOT = "not"
    ASK = "ask"


class Band(Checked):
    """A value inside limits; between them and `zero_at` the credit falls in a straight line."""

    at_most: Amount | None = None
    at_least: Amount | None = None
    between: tuple[Amount, Amount] | None = None
    zero_at: Amount | None = None

    needed: ClassVar[bool] = False
    """Whether one of the limits has to be given."""

    @model_validator(mode="after")
    def _one_band(self) -> Self:
        given = sum(x is not None for x in (self.at_most, self.at_least, self.between))
        if given > 1 or (not given and (self.needed or self.zero_at)):
            raise ValueError("takes exactly one of at_most, at_least and between")
        low, high = self.band
        if low > high:
            raise ValueError(f"between: {low:g} is above {high:g}; the smaller number comes first")
        if self.zero_at and low <= self.zero_at.value <= high:
            raise ValueError(f"zero_at: {self.zero_at} lies inside the band that earns full credit")
        return self

    @property
    def limited(self) -> bool:
        """Whether a limit is given."""
        return bool(self.at_most or self.at_least or self.between)

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

    @property
    def wanted(self) -> str:
        """The limits in words."""
        if self.between:
            return f"between {self.between[0]} and {self.between[1]}"
        return f"at most {self.at_most}" if self.at_most else f"at least {self.at_least}"

    def credit(self, value: float) -> float:
        """The credit 0..1 that a value (base unit) earns."""
        low, high = self.band
        if low <= value <= high:
            return 1.0
        edge = high if value > high else low
        zero = self.zero_at.value if self.zero_at else edge
        if zero == edge or (zero > edge) != (value > edge):
            return 0.0
        return max(0.0, 1 - (value - edge) / (zero - edge))


class Keep(Band):
    """A measure inside its band."""

    measure: str

    needed: ClassVar[bool] = True


class Say(Band):
    """Phrases to be said: `all` of them, `any` one, or a `phrase` (or any of several) so many times."""

    all: Texts = ()
    any: Texts = ()
    phrase: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(map(bool, (self.all, self.any, self.phrase))) != 1:
            raise ValueError("takes a phrase, a list of phrases, {all: […]} or {any: […]}")
        if self.limited and self.all:
            raise ValueError("counts go with one phrase or any of several: {phrase: …, at_least: 2 times}")
        return self

    @property
    def phrases(self) -> tuple[str, ...]:
        return self.all or self.any or ((self.phrase,) if self.phrase else ())


class Do(Band):
    """Events that the party has to make happen: `all` of them, `any` one, or an `event` so many times."""

    all: Texts = ()
    any: Texts = ()
    event: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(map(bool, (self.all, self.any, self.event))) != 1:
            raise ValueError("takes an event, a list of events, {all: […]} or {any: […]}")
        if self.limited and self.all:
            raise ValueError("counts go with one event or any of several: {event: …, at_least: 2 times}")
        return self

    @property
    def events(self) -> tuple[str, ...]:
        return self.all or self.any or ((self.event,) if self.event else ())


class Avoid(Checked):
    """What must not happen (or not `more_than` so often): phrases `said`, or an `event` (only those
    `longer_than` a time). Between `more_than` and `zero_at` the credit falls in a straight line."""

    said: Texts = ()
    event: str | None = None
    longer_than: Amount | None = None
    more_than: Amount | None = None
    zero_at: Amount | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.said) == bool(self.event):
            raise ValueError("takes a phrase, a list of phrases, or {event: …}")
        if self.zero_at and not (self.more_than and self.zero_at.value > self.more_than.value):
            raise ValueError("zero_at goes with more_than, and is the larger of the two")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        return self.said or ((self.event,) if self.event else ())

    @property
    def limit(self) -> Band:
        """How often it may happen."""
        return Band(at_most=self.more_than, zero_at=self.zero_at)


class Step(Checked):
    """One step of an order: a phrase or event (`step`), `any` of several, or an `optional` one; `within` so
    long of the step before it, done `by` somebody else than the party."""

    step: str | None = None
    any: Texts = ()
    optional: Texts = ()
    within: Amount | None = None
    by: Role | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(map(bool, (self.step, self.any, self.optional))) != 1:
            raise ValueError("a step is a phrase or event, {any: […]}, {optional: …} or {step: …, within: …}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        return self.any or self.optional or ((self.step,) if self.step else ())


Steps = Annotated[
    tuple[Annotated[Step, BeforeValidator(lambda v: {"step": v} if isinstance(v, str) else v)], ...],
    Field(max_length=MOST_STEPS),
]


class During(Checked):
    """The part of the interaction that is looked at: its `first` or `last` seconds or turns; the time
    `before` or `after` each occurrence of a phrase, event or phase `by` somebody, or `between` two of them,
    at most `within` so long; or the time `while` an event or phase lasts. All of it `in` a phase."""

    first: Amount | None = None
    last: Amount | None = None
    before: str | None = None
    after: str | None = None
    between: tuple[str, str] | None = None
    while_: str | None = Field(None, alias="while")
    in_: str | None = Field(None, alias="in")
    by: Role = Role.ANYONE
    within: Amount | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        edge = self.first or self.last
        given = (self.first, self.last, self.before, self.after, self.between, self.while_)
        if sum(x is not None for x in given) != 1:
            raise ValueError("takes exactly one of first, last, before, after, between and while")
        if self.within and (edge or self.while_):
            raise ValueError("within goes with before, after or between")
        if edge and self.by != Role.ANYONE and edge.unit != "turns":
            raise ValueError("by goes with turns, before, after, between or while")
        if edge and edge.unit == "turns" and (edge.value < 1 or edge.value != int(edge.value)):
            key = "first" if self.first else "last"
            raise ValueError(f"{key}: '{edge}': turns are whole, and at least one")
        for key in ("first", "last", "within"):
            amount = getattr(self, key)
            if amount and amount.value == 0:
                raise ValueError(f"{key}: '{amount}' is no time at all; take more")
        return self

    @property
    def anchors(self) -> tuple[str, ...]:
        """The phrases, events and phases whose occurrences make the windows."""
        one = self.before or self.after or self.while_
        return self.between or ((one,) if one else ())

    @property
    def names(self) -> tuple[str, ...]:
        """The anchors, and the phase they lie in."""
        return (*self.anchors, self.in_) if self.in_ else self.anchors


def _phase(value: Any) -> Any:
    """`during: opening` means while that phase or event lasts."""
    return {"while": value} if isinstance(value, str) else value


Part = Annotated[During, BeforeValidator(_phase)]


class When(Checked):
    """The rule applies only if something was `said` or an `event` happened (so often), or a `measure` is in a
    band; looked for `by` somebody, `during` a part of the interaction; combined by `all`, `any` and `not`."""

    said: str | None = None
    event: str | None = None
    measure: str | None = None
    by: Role = Role.ANYONE
    during: Part | None = None
    at_least: Amount | None = None
    at_most: Amount | None = None
    all: tuple["When", ...] = ()
    any: tuple["When", ...] = ()
    not_: "When | None" = Field(None, alias="not")

    @model_validator(mode="after")
    def _one(self) -> Self:
        kinds = (self.said, self.event, self.measure, self.all or None, self.any or None, self.not_)
        if sum(x is not None for x in kinds) != 1:
            raise ValueError("takes exactly one of said, event, measure, all, any and not")
        limited = self.at_least is not None or self.at_most is not None
        if self.measure and not limited:
            raise ValueError("a measure needs at_least or at_most")
        if self.inner and (limited or self.during or self.by != Role.ANYONE):
            raise ValueError("all, any and not take no by, during, at_least or at_most: write them inside")
        return self

    @property
    def inner(self) -> tuple["When", ...]:
        """The conditions that this one combines."""
        return self.all or self.any or ((self.not_,) if self.not_ else ())

    @property
    def name(self) -> str:
        """The phrase, event or measure; empty where conditions are combined."""
        return self.said or self.event or self.measure or ""

    @property
    def band(self) -> tuple[float, float]:
        """(lowest, highest) value or count for which it applies."""
        return (
            self.at_least.value if self.at_least else float("-inf"),
            self.at_most.value if self.at_most else float("inf"),
        )

    def walk(self) -> Iterator["When"]:
        """The single conditions, however they are combined."""
        for one in self.inner:
            yield from one.walk()
        if not self.inner:
            yield self


def _said(value: Any) -> Any:
    """`greeting`, `[a, b]` and `{any: [a]}` in one form: a text or list means all of it must be said."""
    return (
        {"all": [value]} if isinstance(value, str) else {"all": value} if isinstance(value, list) else value
    )


def _avoided(value: Any) -> Any:
    return (
        {"said": [value]} if isinstance(value, str) else {"said": value} if isinstance(value, list) else value
    )


class Rule(Checked):
    """What is asked for: one verb (or `say` with `do`), or rules combined by `all`, `any` and `not`.

    A rule inside another looks at the parts that the outer one looks at, and at its party, unless it says
    otherwise.
    """

    by: Role | None = None
    during: Part | None = None
    say: Annotated[Say | None, BeforeValidator(_said)] = None
    do: Annotated[Do | None, BeforeValidator(_said)] = None
    avoid: Annotated[Avoid | None, BeforeValidator(_avoided)] = None
    keep: Keep | None = None
    order: Steps | None = None
    all: tuple["Rule", ...] = ()
    any: tuple["Rule", ...] = ()
    not_: "Rule | None" = Field(None, alias="not")

    @model_validator(mode="after")
    def _one_verb(self) -> Self:
        if len(self.verbs) != 1 and self.verbs != (Verb.SAY, Verb.DO):
            found = " and ".join(self.verbs) or "none"
            raise ValueError(
                f"{self.called}needs exactly one of {self.choice}, or say with do; found {found}"
            )
        if self.order is not None and sum(not step.optional for step in self.order) < 2:
            raise ValueError("order: takes at least two steps that are not optional")
        return self

    @property
    def called(self) -> str:
        """How a message begins that is about this rule."""
        return ""

    @property
    def choice(self) -> str:
        """The verbs there are, for people."""
        return "say, do, avoid, keep, order, all, any and not"

    @property
    def verbs(self) -> tuple[Verb, ...]:
        """What the rule asks for: one verb, or `say` and `do`, which are both to be met."""
        given = {
            Verb.SAY: self.say,
            Verb.DO: self.do,
            Verb.AVOID: self.avoid,
            Verb.KEEP: self.keep,
            Verb.ORDER: self.order,
            Verb.ALL: self.all or None,
            Verb.ANY: self.any or None,
            Verb.NOT: self.not_,
        }
        return tuple(verb for verb, rule in given.items() if rule is not None)

    @property
    def inner(self) -> tuple["Rule", ...]:
        """The rules that this one combines."""
        return self.all or self.any or ((self.not_,) if self.not_ else ())

    def walk(self, by: Role | None = None) -> Iterator[tuple["Rule", Role | None]]:
        """This rule and all inside it, each with whom it is about; None where nobody says."""
        whose = self.by or by
        yield self, whose
        for one in self.inner:
            yield from one.walk(whose)

    @property
    def named(self) -> tuple[str, ...]:
        """The phrases, events and measures that this rule asks for, those of inner rules left out."""
        return (
            *(self.say.phrases if self.say else ()),
            *(self.do.events if self.do else ()),
            *(self.avoid.names if self.avoid else ()),
            *((self.keep.measure,) if self.keep else ()),
            *(name for step in self.order or () for name in step.names),
        )


class Needs(Checked):
    """How much must have been perceived before a verdict is given: the share of the time in which the party
    was `seen`, how surely its words were `heard`, how `sure` a phrase or event must be to count."""

    seen: Amount | None = None
    heard: Amount | None = None
    sure: Amount | None = None
