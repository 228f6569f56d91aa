"""What a search looks through: the words of each interaction in one form, and its verdicts."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, insert, select, update

from audit import tables as t
from audit.interactions import Interaction
from audit.judge import Finding
from models.language import UnknownLanguage, tokens_of
from models.observations import UNDETERMINED, Utterance

LONGEST_LETTERS = 200_000
"""Words beyond are not found: a tsvector of PostgreSQL holds 1 MB, at worst five bytes for a letter with what
says where it stands. It is three hours of fast speech."""

_WORD = re.compile(r"[^\W_]+")


def fold(text: str, language: str) -> tuple[str, ...]:
    """The words of a text as the index knows them: normal forms without accents, only letters and digits."""
    try:
        forms = tokens_of(text, language)
    except UnknownLanguage:
        forms = tuple(text.split())
    bare = unicodedata.normalize("NFKD", " ".join(forms).casefold())
    return tuple(_WORD.findall("".join(c for c in bare if not unicodedata.combining(c))))


def words_of(interaction: Interaction, said: Iterable[Utterance]) -> str:
    """Everything that a search finds an interaction by, facts first, separated by spaces."""
    facts = (interaction.title, interaction.agent, interaction.customer, interaction.branch, interaction.team)
    language = interaction.language or "en"
    words = [*fold(" ".join(fact for fact in facts if fact), language)]
    for one in said:
        words += fold(one.text, language if one.language == UNDETERMINED else one.language)
    text = " ".join(words)
    return text if len(text) <= LONGEST_LETTERS else text[:LONGEST_LETTERS].rpartition(" ")[0]


def keep_words(connection: Connection, words: Mapping[str, str]) -> None:
    """Writes what each interaction is found by; the database brings its index up to date by itself."""
    row, left = t.transcript.c, dict(words)
    for known in (
        connection.execute(select(row.interaction_id).where(row.interaction_id.in_(words))).scalars().all()
    ):
        same = row.interaction_id == known
        connection.execute(update(t.transcript).where(same).values(words=left.pop(known)))
    if left:
        rows = [{"interaction_id": interaction, "words": text} for interaction, text in left.items()]
        connection.execute(insert(t.transcript), rows)


def verdicts_of(findings: Iterable[Finding]) -> str:
    """The verdicts as words for the index: ` greet:met met hold:missed missed `."""
    told = dict.fromkeys(word for f in findings for word in (f"{f.standard}:{f.verdict}", str(f.verdict)))
    return f" {' '.join(told)} "
