"""The events of a JSON stream with their place, however deep a hostile file nests."""

from collections.abc import Iterator
from typing import Any

DEEPEST = 100
"""No system nests deeper; the deepest format that Comport takes in has 9 levels (Deepgram's)."""


class TooDeep(Exception):
    """A file nests deeper than `DEEPEST`."""


def events(source: Any) -> Iterator[tuple[str, Any, int, tuple[str, ...]]]:
    """(event, value, depth, keys) of ijson: how many containers it is in, and the key in each ("" in a list).

    An opening and its closing have the same depth. `ijson.parse` would keep a path for each depth: a
    megabyte of brackets then takes all memory.
    """
    import ijson

    keys: list[str] = []
    for event, value in ijson.basic_parse(source, use_float=True, multiple_values=True):
        if event in ("end_map", "end_array"):
            keys.pop()
        yield event, value, len(keys), tuple(keys[:3])
        if event == "map_key":
            keys[-1] = value
        elif event in ("start_map", "start_array"):
            if len(keys) == DEEPEST:
                raise TooDeep(f"nested more than {DEEPEST} deep")
            keys.append("")
