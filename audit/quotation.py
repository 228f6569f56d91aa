"""Words that a writer quotes: not their own."""

from collections.abc import Sequence

LEAST_WORDS = 4
"""Words that a quotation has at least: fewer are names and terms ("the “Gold” plan"). Our choice."""

_CLOSES = {'"': '"', "“": "”", "„": "“”", "«": "»", "‹": "›", "”": "”"}
"""Marks that open a quotation, each with those that close it (English, Italian, Persian, German)."""

_AFTER = ".,;:!?…،؛؟)"
"""Signs that may stand behind the closing mark."""


def quoted(words: Sequence[str]) -> frozenset[int]:
    """The numbers of the words of one message that stand in quotation marks, at least `LEAST_WORDS` in a row.

    A mark that is never closed quotes nothing.
    """
    found: set[int] = set()
    at = 0
    while at < len(words):
        closing = _CLOSES.get(words[at].lstrip("(")[:1], "")
        end = (
            next((i for i in range(at, len(words)) if _ends(words[i], closing, i == at)), -1)
            if closing
            else -1
        )
        if end < 0:
            at += 1
            continue
        if end - at + 1 >= LEAST_WORDS:
            found.update(range(at, end + 1))
        at = end + 1
    return frozenset(found)


def _ends(word: str, closing: str, opened: bool) -> bool:
    """Whether a quotation closes with this word; a lone mark cannot open and close it."""
    bare = word.rstrip(_AFTER)
    return bare[-1:] != "" and bare[-1] in closing and not (opened and len(bare) == 1)
