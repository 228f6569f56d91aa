"""Words that are searched for: in which forms, and whichever way finds them soonest in each database."""

import itertools
import math
import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import array

from audit import tables as t
from audit.indexing import fold
from audit.transactions import Transactions

LANGUAGES = ("en", "it", "fa")
"""A word may be meant in any of them; each has its own normal forms."""


def matching(index: str, query: str) -> Select[Any]:
    """The numbers of the rows that an FTS5 table finds."""
    found = table(index, column("rowid", Integer))
    return select(found.c.rowid).where(literal_column(index).op("MATCH", is_comparison=True)(query))


Term = tuple[tuple[str, ...], bool]
"""Words one after the other, and whether the last one only begins so."""

Words = tuple[tuple[Term, ...], ...]
"""What is searched for, in each way in which it may be meant; all terms of one way must be there."""


def asked(written: str, language: str = "") -> Words:
    """What is searched for, in the language or in whichever it may be meant; empty where there is no word:
    every word, "a phrase" in quotes, the beginning of a word with a star."""
    # A quote that is still open ends with the words.
    phrases = re.findall(r'"([^"]*)"?', written)
    rest = re.sub(r'"[^"]*"?', " ", written).split()
    begun = [word.rstrip("*") for word in rest if word.endswith("*")]
    plain = " ".join(word for word in rest if not word.endswith("*"))
    found: dict[tuple[Term, ...], None] = {}
    for one in (language,) if language else LANGUAGES:
        terms = [(fold(phrase, one), False) for phrase in phrases]
        terms += [((word,), False) for word in fold(plain, one)]
        terms += [(fold(word, one), True) for word in begun]
        found[tuple(dict.fromkeys(term for term in terms if term[0]))] = None
    found.pop((), None)
    return tuple(found)


PAGE = 50
"""Rows of a page, as the dashboard shows them."""


LOOKED_INTO = 3
"""So many times as long PostgreSQL takes to look for words or a phrase in a row as to collect one that an
index found: some 13 and 5 microseconds of a million interactions of 350 words (`bench/million.py`)."""


def is_common(store: Transactions, words: Words) -> bool:
    """Whether so much says it that it is found soonest by looking into each row, from the newest on.

    Of n interactions of which k say it, that looks into n / k for each row of a page, while collecting first
    looks into k: so k is compared with the root of n times a page. How many rows have a word PostgreSQL has
    figures of; how many have a phrase, or a word of those that begin so, is counted.
    """
    newest = select(func.max(t.transcript.c.id))
    if store.engine.dialect.name == "sqlite":
        some: Select[Any] = matching("transcript_words", _fts5(words))
        with store.reading() as connection:
            return _are_many(connection, some, math.isqrt(PAGE * (connection.execute(newest).scalar() or 0)))
    some = select().select_from(t.transcript).where(or_(*(and_(*_indexed(terms)) for terms in words)))
    with store.reading() as connection:
        most = math.isqrt(LOOKED_INTO * PAGE * (connection.execute(newest).scalar() or 0))
        if not (counted := has_phrase(words)):
            query = some.compile(dialect=connection.dialect)
            plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {query}", query.params).scalar_one()
            if plan[0]["Plan"]["Plan Rows"] > max(PAGE, most):
                return True
            # What few words begin with is thought far rarer or more frequent than it is.
            counted = any(begun for terms in words for _, begun in terms)
        # By the index, whatever PostgreSQL thinks.
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        return counted and _are_many(connection, some, most)


def _are_many(connection: Connection, some: Select[Any], most: int) -> bool:
    most = max(PAGE, most)
    found = connection.execute(select(func.count()).select_from(some.limit(most).subquery()))
    return found.scalar_one() == most


def _fts5(words: Words) -> str:
    return " OR ".join(f"({' AND '.join(_on_sqlite(*term) for term in terms)})" for terms in words)


def said(words: Words, dialect: str, many: bool) -> ColumnElement[bool]:
    """Whether the words are in a transcript; `many`: by looking into each. Otherwise phrases have to be
    looked for on PostgreSQL in what this finds (`is_said_in`)."""
    if not words:
        return literal_column("1") == literal_column("0")
    if dialect == "postgresql":
        return or_(*(and_(*(_looked_into if many else _indexed)(terms)) for terms in words))
    row = literal_column("+transcript.id") if many else t.transcript.c.id
    return row.in_(matching("transcript_words", _fts5(words)))


def is_said_in(interaction: ColumnElement[str], words: Words) -> ColumnElement[bool]:
    """Whether the words are in the transcript of an interaction, on PostgreSQL."""
    there = select(said(words, "postgresql", True)).select_from(t.transcript)
    return there.where(t.transcript.c.interaction_id == interaction).scalar_subquery()


def _looked_into(terms: tuple[Term, ...]) -> Iterator[ColumnElement[bool]]:
    """The conditions of all terms as a row is looked into: phrases letter by letter. No index answers them:
    PostgreSQL would take it, where it thinks words that begin so rarer than they are."""
    for there in _indexed(tuple(term for term in terms if not _is_phrase(term))):
        yield func.coalesce(there, literal_column("false"), type_=Boolean)
    for phrase, _ in filter(_is_phrase, terms):
        yield func.strpos(func.concat(" ", t.transcript.c.words, " "), f" {' '.join(phrase)} ") > 0


def _indexed(terms: tuple[Term, ...]) -> Iterator[ColumnElement[bool]]:
    """The conditions that an index answers."""
    if others := [term for term in terms if not _is_phrase(term)]:
        query = " & ".join(_on_postgresql(*term) for term in others)
        vector: ColumnElement[Any] = literal_column("transcript.vector")
        yield vector.op("@@", is_comparison=True)(func.to_tsquery(literal_column("'simple'"), query))
    if phrases := tuple(term for term in terms if _is_phrase(term)):
        yield _neighbours(phrases)


def _is_phrase(term: Term) -> bool:
    return len(term[0]) > 1 and not term[1]


def has_phrase(words: Words) -> bool:
    return any(_is_phrase(term) for terms in words for term in terms)


def _neighbours(phrases: tuple[Term, ...]) -> ColumnElement[bool]:
    """Whether a transcript has all pairs of neighbours of these phrases, or others of the same numbers."""
    pairs = dict.fromkeys(" ".join(pair) for phrase, _ in phrases for pair in itertools.pairwise(phrase))
    numbers = array([func.comport_pair(pair) for pair in pairs])
    there: ColumnElement[Any] = literal_column("transcript.pairs")
    return there.op("@>", is_comparison=True)(numbers)


def _on_postgresql(words: tuple[str, ...], begun: bool) -> str:
    return f"({' <-> '.join(words)}{':*' if begun else ''})"


def _on_sqlite(words: tuple[str, ...], begun: bool) -> str:
    return f'"{" ".join(words)}"{" *" if begun else ""}'
