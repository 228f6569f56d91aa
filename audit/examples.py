"""The lines of an example: what is said, what is seen, and how long nothing happens."""

import re
from collections.abc import Iterator

import msgspec

from audit.interactions import Role
from audit.quantities import BadQuantity, parse_quantity
from audit.signals import event_kinds
from audit.yamlfile import nearest
from models.errors import ComportError

MOMENT_S = 0.2
"""How long something lasts that has no least length: one picture at five a second."""

CUTS_IN_S = 1.0
"""How long before the end of a line somebody cuts in, where the example does not say: no quick change of
turns, which overlaps by less than `signals.timing.OVERLAP_S`, and soon enough to stop. Our choice."""

_SAID = re.compile(r"(agent|customer|bot|other)\s*:\s*(.*)", re.IGNORECASE)
_SHOWN = re.compile(r"\[\s*(.*?)\s*\]")
_AT = re.compile(r"at\s+(?P<time>\d.*)")
_CUTS_IN = re.compile(r"cuts\s+in(?:\s+(?P<length>\d.*))?")
_DONE = re.compile(r"(?:(?P<role>agent|customer|other)\s+)?(?P<event>[a-z_]+)(?:\s+(?P<length>\d.*))?")


class Said(msgspec.Struct, frozen=True):
    """Words of a role; None: of whoever spoke last."""

    role: Role | None
    text: str


class Done(msgspec.Struct, frozen=True):
    """An event of the picture that begins here and lasts so long, meanwhile the next lines go on."""

    event: str
    role: Role | None
    length_s: float


class Pause(msgspec.Struct, frozen=True):
    """Nothing is said for so long."""

    length_s: float


class CutsIn(msgspec.Struct, frozen=True):
    """The next line begins so long before the line before it ends: two speak at once."""

    before_s: float


class Clock(msgspec.Struct, frozen=True):
    """The clock on the wall shows so many seconds since midnight."""

    at_s: float


class BadLine(ComportError, ValueError):
    """A line in brackets that shows nothing."""

    def __init__(self, line: str, problem: str) -> None:
        super().__init__(line, problem)
        self.written, self.problem = line, problem

    def __str__(self) -> str:
        return f"'{self.written[:80]}': {self.problem}"


def is_dialogue(text: str) -> bool:
    """Whether an example is a dialogue, and not a measured value or a line of the party."""
    return any(_SAID.fullmatch(line.strip()) for line in text.splitlines())


def read_lines(text: str) -> Iterator[Said | Done | Pause | CutsIn | Clock]:
    """The lines of an example, empty ones left out.

    Raises:
        BadLine: something in brackets is no pause, no time of day, no cutting in and no event of the picture.
    """
    for line in filter(None, (written.strip() for written in text.splitlines())):
        shown = _SHOWN.fullmatch(line)
        if shown:
            yield _shown(line, shown[1])
            continue
        said = _SAID.fullmatch(line)
        role, words = (Role(said[1].lower()), said[2]) if said else (None, line)
        if words:
            yield Said(role, words)


def _shown(line: str, inside: str) -> Done | Pause | CutsIn | Clock:
    try:
        if inside[:1].isdigit():
            return Pause(_seconds(inside))
        clock = _AT.fullmatch(inside)
        if clock:
            return Clock(_amount(clock["time"], "clock"))
        cuts = _CUTS_IN.fullmatch(inside)
        if cuts:
            return CutsIn(_seconds(cuts["length"]) if cuts["length"] else CUTS_IN_S)
        done = _DONE.fullmatch(inside)
        seen = {name: kind for name, kind in event_kinds().items() if "people" in kind.needs}
        if done is None:
            raise BadLine(line, "expected a pause as [2 s], or who does what as [agent arms_crossed 3 s]")
        kind = seen.get(done["event"])
        if kind is None:
            raise BadLine(
                line, f"no event of the picture '{done['event']}'{nearest(done['event'], list(seen))}"
            )
        length_s = _seconds(done["length"]) if done["length"] else max(MOMENT_S, kind.shortest_s)
    except BadQuantity as error:
        raise BadLine(line, str(error)) from error
    if length_s < kind.shortest_s:
        raise BadLine(line, f"what lasts less than {kind.shortest_s:g} s is no {kind.name}")
    return Done(kind.name, Role(done["role"]) if done["role"] else None, length_s)


def _seconds(written: str) -> float:
    return _amount(written, "s")


def _amount(written: str, unit: str) -> float:
    amount = parse_quantity(written)
    if amount.unit != unit:
        raise BadQuantity(written)
    return amount.value
