"""What is asked for, given, said again and promised in service, by language: `again.yaml` beside it."""

import functools
from pathlib import Path

import msgspec
import yaml

from audit.pattern import unfold
from models.phrases import Phrases

ASKS, ASKS_IF, GIVES, UNKNOWN, REPEATS, TOPIC, VALUE = (
    "asks",
    "asks-if",
    "gives",
    "unknown",
    "repeats",
    "topic",
    "value",
)
"""What a found phrase is: the part of its name before the colon; behind it stands of what."""

HOLD = "goes-on-hold"
"""The phrase that `audit.signals.hold` looks for."""

VALUES = ("money", "date")
"""What is promised and can be compared."""


class _Book(msgspec.Struct, frozen=True):
    asks: dict[str, tuple[str, ...]]
    asks_if: dict[str, tuple[str, ...]]
    gives: dict[str, tuple[str, ...]]
    unknown: tuple[str, ...]
    repeats: tuple[str, ...]
    hold: tuple[str, ...]
    topics: dict[str, tuple[str, ...]]


@functools.cache
def _books() -> dict[str, _Book]:
    text = Path(__file__).with_name("again.yaml").read_text("utf-8")
    return msgspec.convert(yaml.safe_load(text), dict[str, _Book])


def languages() -> tuple[str, ...]:
    """The languages of the book."""
    return tuple(sorted(_books()))


@functools.cache
def finder(language: str) -> Phrases:
    """Finds the book's phrases by names such as `asks:name`, `asks-if:number`, `topic:refund`."""
    book = _books()[language]
    patterns: dict[str, tuple[str, ...]] = {UNKNOWN: book.unknown, REPEATS: book.repeats, HOLD: book.hold}
    for part, listed in (
        (ASKS, book.asks),
        (ASKS_IF, book.asks_if),
        (GIVES, book.gives),
        (TOPIC, book.topics),
        (VALUE, {kind: (f"{{{kind}}}",) for kind in VALUES}),
    ):
        patterns |= {f"{part}:{what}": some for what, some in listed.items()}
    sequences = {name: [s for p in some for s in unfold(p, language, {})] for name, some in patterns.items()}
    # "I don't have it" says that it is unknown, and a question stays one: "don't you have an order number?"
    also = [name for name in sequences if name == UNKNOWN or name.startswith((ASKS, VALUE))]
    return Phrases(language, sequences, (), also)
