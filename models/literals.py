"""Sequences of words found among others word for word, all at once."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from models.language import ANY, ANY_WORDS

_HERE = ""
"""Under this key, which is no word, stand the names of the sequences that end at a node."""


class Literals:
    """Named sequences of words as a trie: the words that a sequence may go on with, node by node.

    spaCy's PhraseMatcher finds the same, but has to make a document of all words first, which takes several
    times as long (our measurement, not kept as a bench).
    """

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}

    def add(self, name: str, words: Sequence[str]) -> None:
        node = self._root
        for word in words:
            node = node.setdefault(word, {})
        node.setdefault(_HERE, []).append(name)

    def find(self, words: Sequence[str]) -> Iterator[tuple[str, int, int]]:
        """(name, start, end) wherever a sequence is; they may overlap."""
        root, length = self._root, len(words)
        for start in [start for start, word in enumerate(words) if word in root]:
            node, end = root[words[start]], start + 1
            while node is not None:
                for name in node.get(_HERE, ()):
                    yield name, start, end
                if end == length:
                    break
                node, end = node.get(words[end]), end + 1


def gapped(
    body: Sequence[str], words: Sequence[str], same: Callable[[str, str], bool]
) -> Iterator[tuple[int, int]]:
    """(start, end) wherever a sequence with gaps (`ANY`, at most `ANY_WORDS` words each) is among `words`; of
    those that overlap the longest, then the first. It begins and ends with a word; `same` tells whether one
    of its words stands for one of `words`.

    spaCy's Matcher finds the same, fifty times as slowly (our measurement, not kept as a bench).
    """
    found: list[tuple[int, int]] = []
    for start, word in enumerate(words):
        ends = {start + 1} if same(body[0], word) else set()
        reach = 0
        for element in body[1:]:
            if not ends:
                break
            if element == ANY:
                reach += ANY_WORDS
                continue
            places = {at for end in ends for at in range(end, min(end + reach + 1, len(words)))}
            ends, reach = {at + 1 for at in places if same(element, words[at])}, 0
        found += ((start, end) for end in ends)
    taken: set[int] = set()
    for start, end in sorted(found, key=lambda one: (one[0] - one[1], one[0])):
        if taken.isdisjoint(range(start, end)):
            taken.update(range(start, end))
            yield start, end
