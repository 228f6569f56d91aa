"""Phrase patterns as QA people write them, turned into plain sequences of words.

The grammar is `GRAMMAR` below; `docs/rubrics.md` explains it with examples.
"""

import functools
import itertools
import re

from lark import Lark, Token, Transformer, UnexpectedInput

from models.errors import ComportError
from models.language import ANY, MARK, SIGNS, tokens_of
from models.slots import SLOTS

GRAMMAR = r"""
alternatives: sequence ("|" sequence)*
sequence: (group | MARKED | WORD | QUOTED | ANY | SLOT)+
group: "(" alternatives ")" OPTIONAL?
OPTIONAL: "?"
ANY: "*"
SLOT: /\{[a-z][a-z0-9_-]*\}/
QUOTED: /"[^"]*"/
MARKED: /~[^\s()|*{}"?~]+\??/
WORD: /[^\s()|*{}"?~]+\??/
%ignore /\s+/
"""

MAX_SEQUENCES = 512
"""A pattern that unfolds into more than this is a mistake (nine optional words give 512)."""


OPEN_SLOTS = frozenset(("{name}", "{words}"))
"""Slots that nearly every word fills."""

MAX_LETTERS, MAX_GROUPS = 500, 40
"""A pattern beyond this is no formula that somebody says; the reader's stack ends at about 100 groups."""


_LONE_MARK = re.compile(r"([^\s()|*{}\"?]+)\?\s+[^\s)|]")
"""A word with a question mark in the middle of a pattern; at its end it is punctuation."""


class BadPattern(ComportError):
    """A phrase pattern that cannot be read."""

    def __init__(self, pattern: str, problem: str) -> None:
        super().__init__(pattern, problem)
        self.pattern, self.problem = pattern, problem

    def __str__(self) -> str:
        return f"pattern '{self.pattern}': {self.problem}"


Sequences = tuple[tuple[str, ...], ...]


class _Unfold(Transformer[Token, Sequences]):
    def __init__(self, language: str, slots: dict[str, tuple[str, ...]]) -> None:
        super().__init__()
        self._language, self._slots = language, slots

    def WORD(self, token: Token) -> Sequences:  # noqa: N802  (lark calls it by the terminal's name)
        return (_written(token, self._language),)

    def MARKED(self, token: Token) -> Sequences:  # noqa: N802
        forms = tokens_of(token[1:], self._language)
        if len(forms) != 1:
            raise BadPattern(str(token), f"'{token}': {MARK} stands before one word, found {len(forms)}")
        return ((MARK + forms[0],),)

    def QUOTED(self, token: Token) -> Sequences:  # noqa: N802
        return (_written(token[1:-1], self._language),)

    def ANY(self, token: Token) -> Sequences:  # noqa: N802
        return ((ANY,),)

    def SLOT(self, token: Token) -> Sequences:  # noqa: N802
        name = str(token)[1:-1]
        if name in self._slots:
            return tuple(_written(value, self._language) for value in self._slots[name])
        if str(token) in SLOTS:
            return ((str(token),),)
        known = ", ".join(sorted([*self._slots, *(s[1:-1] for s in SLOTS)]))
        raise BadPattern(str(token), f"undefined slot '{name}'; defined are {known}")

    def group(self, children: list[Sequences | Token]) -> Sequences:
        inner, *mark = children
        return (*inner, ()) if mark else tuple(inner)  # type: ignore[arg-type]

    def sequence(self, children: list[Sequences]) -> Sequences:
        count = 1
        for child in children:
            count *= len(child)
        if count > MAX_SEQUENCES:
            raise BadPattern(
                "…", f"unfolds into {count} phrases; at most {MAX_SEQUENCES}: split it into several"
            )
        return tuple(tuple(itertools.chain.from_iterable(parts)) for parts in itertools.product(*children))

    def alternatives(self, children: list[Sequences]) -> Sequences:
        return tuple(itertools.chain.from_iterable(children))


def _written(text: str, language: str) -> tuple[str, ...]:
    """The normal forms of a text; in Persian its words, which `_joined` turns into normal forms when their
    neighbours are known."""
    if language != "fa":
        return tokens_of(text, language)
    return tuple(word.lstrip(SIGNS) for word in text.split() if tokens_of(word, language))


def _joined(sequence: tuple[str, ...], language: str) -> tuple[str, ...]:
    """The sequence in normal forms, which in Persian depend on what stands beside a word."""
    found: list[str] = []
    for literal, group in itertools.groupby(sequence, lambda e: e[0] not in SIGNS):
        many = tuple(group)
        found += tokens_of(" ".join(many), language) if literal else many
    return tuple(found)


@functools.cache
def _parser() -> Lark:
    return Lark(GRAMMAR, start="alternatives", parser="lalr")


def unfold(pattern: str, language: str, slots: dict[str, tuple[str, ...]]) -> Sequences:
    """Every sequence of normal forms the pattern stands for, without doubles, never empty.

    Raises:
        BadPattern: it breaks the grammar, names an undefined slot, or stands for nothing or too much.
    """
    from lark.exceptions import VisitError

    if len(pattern) > MAX_LETTERS or pattern.count("(") > MAX_GROUPS:
        shown = f"{pattern[:40]}…"
        raise BadPattern(
            shown, f"too long; at most {MAX_LETTERS} letters and {MAX_GROUPS} groups: split it up"
        )
    if mistaken := _LONE_MARK.search(pattern):
        word = mistaken[1]
        raise BadPattern(
            pattern, f"'{word}?': only a group is made optional by '?': write ({word})? or leave it out"
        )
    try:
        tree = _parser().parse(pattern)
        found = _Unfold(language, slots).transform(tree)
    except UnexpectedInput as error:
        column = getattr(error, "column", 0)
        where = f"at letter {column}" if isinstance(column, int) and column > 0 else "at its end"
        raise BadPattern(
            pattern, f'cannot be read {where}; it takes words, ~words, (a|b), (x)?, *, {{slot}} and "quotes"'
        ) from error
    except VisitError as error:
        if isinstance(error.orig_exc, BadPattern):
            raise BadPattern(pattern, error.orig_exc.problem) from error
        raise
    if language == "fa":
        found = tuple(_joined(sequence, language) for sequence in found)
    sequences = tuple(dict.fromkeys(s for s in found if any(e != ANY for e in s)))
    if not sequences:
        raise BadPattern(pattern, "stands for no words")
    for sequence in sequences:
        if set(sequence) <= OPEN_SLOTS | {ANY}:
            alone = next(e for e in sequence if e != ANY)
            raise BadPattern(pattern, f"{alone} alone is nearly any word; put words of the phrase beside it")
    return sequences
