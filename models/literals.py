"""Sequences of words found among others word for word, all at once."""

from collections.abc import Iterator, Sequence
from typing import Any

_HERE = ""
"""Under this key, which is no word, stand the names of the sequences that end at a node."""


class Literals:
    """Named sequences of words as a trie: the words that a sequence may go on with, node by node.

    spaCy's PhraseMatcher finds the same, but has to make a document of all words first, which takes several
    times as long (`bench/judge.py`).
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
        for start, word in enumerate(words):
            node, end = root.get(word), start + 1
            while node is not None:
                for name in node.get(_HERE, ()):
                    yield name, start, end
                if end == length:
                    break
                node, end = node.get(words[end]), end + 1
