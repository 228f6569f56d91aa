"""Events and measures: what can be found in a conversation, one file per family.

A file here offers a tuple `KINDS` of `EventKind` and `MeasureKind`; it is found by being here.
A new kind is one new file (or one more row in a file) and a rubric that names it.
"""

import functools
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakKeyDictionary

import msgspec

from audit.interactions import Channel, Conversation, Event, Role
from models.errors import ComportError
from models.observations import Span

Found = TypeVar("Found")


def once(find: Callable[[Conversation], Found]) -> Callable[[Conversation], Found]:
    """The same function; what it gave for a conversation is kept as long as the conversation."""
    known: WeakKeyDictionary[Conversation, Found] = WeakKeyDictionary()

    @functools.wraps(find)
    def kept(conversation: Conversation) -> Found:
        if conversation not in known:
            known[conversation] = find(conversation)
        return known[conversation]

    return kept


class Measure(msgspec.Struct, frozen=True):
    """A number over a window; `value` is None when it cannot be told, and `reason` says why."""

    kind: str
    value: float | None
    unit: str
    window: Span
    confidence: float = 1.0
    evidence: tuple[Span, ...] = ()
    reason: str = ""
    still_open: bool = False
    """The value is what had passed when the record ended: the true one is this or more."""
    low: float | None = None
    high: float | None = None
    """The true value lies between them in 9 of 10 cases; None where that is not known."""
    coverage: float = 1.0
    """Share 0..1 of the window in which it could be measured."""


@dataclass(frozen=True)
class EventKind:
    """A named kind of event; `find` gives all of them in a conversation in order of time."""

    name: str
    means: str
    needs: frozenset[str]
    find: Callable[[Conversation], tuple[Event, ...]]
    of_party: bool = True
    """Whether somebody does it, and it does not just happen."""
    shortest_s: float = 0.0
    """What is shorter is not this event."""
    seen: Callable[[Conversation, Role, Span], float] | None = None
    """Share 0..1 of a window in which it would have been found if the role had done it; None: always."""
    limit: str = ""
    """The key of `distances` that the rubric must give for this event, if any."""
    accuses: float = 0.5
    """An event less sure than this makes no standard missed: even odds are a guess, and more is asked where
    an accusation would hang on a measurement's error."""


@dataclass(frozen=True)
class MeasureKind:
    """A named measure; `unit` is a base unit of `audit.quantities`; `of` is the role it is asked about."""

    name: str
    means: str
    unit: str
    needs: frozenset[str]
    take: Callable[[Conversation, Role, Span], Measure]
    of_party: bool = True
    """Whether it is about one party, and not about the conversation."""
    phrase: str = ""
    """The phrase that the rubric must define for this measure, if any."""
    colours: str = ""
    """The key of `appearance` that the rubric must give for this measure, if any."""
    written: bool | None = None
    """Whether it is of written conversations only; False: of spoken ones too; None: its needs say it."""


_TEXTS = {Channel.CHAT: "a chat", Channel.EMAIL: "an e-mail", Channel.SOCIAL: "a post"}


def foreign(name: str, channel: Channel) -> str:
    """Why a kind has no sense on a channel ("a chat has no sound"); empty where it has, and for phrases."""
    kind = kinds().get(name)
    if kind is None:
        return ""
    written = kind.written if isinstance(kind, MeasureKind) else None
    if not channel.is_text:
        return f"{name.replace('_', ' ')} is of written conversations" if written else ""
    if written is not None or not kind.needs & {"activity", "levels", "people"}:
        return ""
    lacks = "picture" if "people" in kind.needs else "sound"
    return f"{_TEXTS[channel]} has no {lacks}: {name.replace('_', ' ')}"


class DuplicateKind(ComportError):
    """Two files in `audit/signals` offer the same name."""

    def __init__(self, name: str, module: str) -> None:
        super().__init__(name, module)
        self.name, self.module = name, module

    def __str__(self) -> str:
        return f"{self.module}: the kind '{self.name}' is defined by another file too; rename one of them"


def families() -> dict[str, tuple[EventKind | MeasureKind, ...]]:
    """The kinds that each file here offers, by the file's name."""
    names = [info.name for info in pkgutil.iter_modules(__path__)]
    return {name: importlib.import_module(f"{__name__}.{name}").KINDS for name in names}


@functools.cache
def kinds() -> dict[str, EventKind | MeasureKind]:
    """Every kind by its name.

    Raises:
        DuplicateKind: two files offer the same name.
    """
    found: dict[str, EventKind | MeasureKind] = {}
    for family, offered in families().items():
        for kind in offered:
            if kind.name in found:
                raise DuplicateKind(kind.name, f"{__name__}.{family}")
            found[kind.name] = kind
    return found


@functools.cache
def event_kinds() -> dict[str, EventKind]:
    """The kinds of event by name."""
    return {name: kind for name, kind in kinds().items() if isinstance(kind, EventKind)}


@functools.cache
def measure_kinds() -> dict[str, MeasureKind]:
    """The kinds of measure by name."""
    return {name: kind for name, kind in kinds().items() if isinstance(kind, MeasureKind)}
