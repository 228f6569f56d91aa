"""Strings that are looked for all at once: one pass over what is looked through, however many they are."""

import bisect
import itertools
from collections.abc import Collection, Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

FEW = 16
"""So many are looked for one after the other: a megabyte takes some 0.2 ms for each, and all together 3.6 ms
for 17 ids of interactions, 21 ms for 20,000. Our measurement (not kept as a bench)."""

KEY_BYTES = 8
"""By so many bytes longer strings are known; what is shorter is always looked for one after the other."""

_ODD = np.uint64(0x9E3779B97F4A7C15)
"""2^64 by the golden ratio: a product with it has its top bits well mixed. Source: Knuth, TAOCP 3, 6.4."""

_THIN = 7
"""A place of what is looked through agrees by chance with one of 2^7."""


class Sought:
    """Strings that are looked for in any case of letters, also as JSON escapes them."""

    def __init__(self, wanted: Collection[str]) -> None:
        forms: dict[bytes, set[str]] = {}
        for one in filter(None, wanted):
            for form in _forms(one):
                forms.setdefault(form, set()).add(one)
        self.longest = max(map(len, forms), default=0)
        """In bytes."""
        together = {form for form in forms if len(form) >= KEY_BYTES}
        together = together if len(together) > FEW else set()
        self._alone = [(form, which) for form, which in forms.items() if form not in together]
        self._by_key: dict[bytes, list[tuple[bytes, set[str]]]] = {}
        for form in together:
            self._by_key.setdefault(form[:KEY_BYTES], []).append((form, forms[form]))
        self._shift = np.uint64(64 - (_THIN + len(self._by_key).bit_length()))
        self._marks = np.zeros(1 << (64 - int(self._shift)), np.bool_)
        self._marks[self._hashed(b"".join(self._by_key), 0)] = True

    def standing(self, texts: Sequence[str | None]) -> dict[int, set[str]]:
        """In which of these texts one of the strings stands, by number, and which."""
        # No string has a NUL in it.
        parts = [(text or "").lower().encode("utf-8", "surrogatepass") for text in texts]
        ends = list(itertools.accumulate(len(part) + 1 for part in parts))
        found: dict[int, set[str]] = {}
        for place, _, which in self._places(b"\0".join(parts)):
            found.setdefault(bisect.bisect_right(ends, place), set()).update(which)
        return found

    def count(self, content: bytes, after: int = 0) -> int:
        """How often they stand in bytes, but for those that end within the first `after`."""
        return sum(place + length > after for place, length, _ in self._places(content.lower()))

    def _places(self, content: bytes) -> Iterator[tuple[int, int, set[str]]]:
        """(first byte, bytes, which) of each place."""
        for form, which in self._alone:
            place = content.find(form)
            while place >= 0:
                yield place, len(form), which
                place = content.find(form, place + len(form))
        if not self._by_key:
            return
        for first in range(KEY_BYTES):
            likely = np.flatnonzero(self._marks[self._hashed(content, first)])
            for place in (KEY_BYTES * likely + first).tolist():
                for form, which in self._by_key.get(content[place : place + KEY_BYTES], ()):
                    if content.startswith(form, place):
                        yield place, len(form), which

    def _hashed(self, content: bytes, first: int) -> NDArray[np.uint64]:
        """A number for each `KEY_BYTES` bytes from `first` on."""
        keys = np.frombuffer(
            content, "<u8", max(0, len(content) - first) // KEY_BYTES, min(first, len(content))
        )
        return np.asarray(keys * _ODD >> self._shift)


def _forms(text: str) -> set[bytes]:
    """A text as it may stand in a file: as it is, and as JSON escapes it."""
    plain = text.lower()
    escaped = msgspec.json.encode(plain).decode()[1:-1]
    ascii_only = plain.encode("ascii", "backslashreplace").decode().replace("\\x", "\\u00")
    return {form.encode() for form in (plain, escaped, ascii_only)}
