"""Strings that are looked for all at once: one pass over what is looked through, however many they are."""

import bisect
import itertools
from collections.abc import Collection, Sequence

import msgspec
from ahocorasick_rs import BytesAhoCorasick


class Sought:
    """Strings that are looked for in any case of letters, also as JSON escapes them."""

    def __init__(self, wanted: Collection[str]) -> None:
        forms: dict[bytes, set[str]] = {}
        for one in filter(None, wanted):
            for form in _forms(one):
                forms.setdefault(form, set()).add(one)
        self.longest = max(map(len, forms), default=0)
        """In bytes."""
        self._which = list(forms.values())
        self._automaton = BytesAhoCorasick(list(forms))

    def standing(self, texts: Sequence[str | None]) -> dict[int, set[str]]:
        """In which of these texts one of the strings stands, by number, and which."""
        # No string has a NUL in it.
        parts = [(text or "").lower().encode("utf-8", "surrogatepass") for text in texts]
        ends = list(itertools.accumulate(len(part) + 1 for part in parts))
        found: dict[int, set[str]] = {}
        for which, first, _ in self._places(b"\0".join(parts)):
            found.setdefault(bisect.bisect_right(ends, first), set()).update(self._which[which])
        return found

    def count(self, content: bytes, after: int = 0) -> int:
        """How often they stand in bytes, but for those that end within the first `after`."""
        return sum(end > after for _, _, end in self._places(content.lower()))

    def _places(self, content: bytes) -> list[tuple[int, int, int]]:
        """(number of the form, first byte, byte after the last) of each place."""
        return self._automaton.find_matches_as_indexes(content, overlapping=True)


def _forms(text: str) -> set[bytes]:
    """A text as it may stand in a file: as it is, and as JSON escapes it."""
    plain = text.lower()
    escaped = msgspec.json.encode(plain).decode()[1:-1]
    ascii_only = plain.encode("ascii", "backslashreplace").decode().replace("\\x", "\\u00")
    return {form.encode() for form in (plain, escaped, ascii_only)}
