"""Whether "sorry" is a regret or asks to say something again: what follows it tells."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from models.inflection import inflections

Forms = tuple[str, ...]

TELLING_ZIPF = 6.0
"""A word less frequent than this (wordfreq's Zipf scale: once in a thousand words) tells what a sentence is
about. Our choice: "number" does, "have" and "you" do not."""

ECHO = 0.75
"""So large a share of the telling words after "sorry" that the other party has just said makes a question
back of them ("sorry, your phone is outgoing calls?"). Our choice, above the next question of a form ("sorry,
what number were you dialling?")."""

REACH = 4
"""So many lines before it are looked at: what lies further back is not what was not heard."""


class Around(NamedTuple):
    """What is said around a line, as normal forms: by the other party before it, and in the next line, which
    is of the `same` party or not."""

    before: Forms
    after: Forms
    same: bool


def around(parties: Sequence[str], forms: Sequence[Forms], index: int) -> Around:
    """What is said around a line of a call."""
    own = parties[index]
    before = [
        form
        for number in range(max(0, index - REACH), index)
        if parties[number] != own
        for form in forms[number]
    ]
    last = index + 1 == len(parties)
    return Around(tuple(before), () if last else forms[index + 1], not last and parties[index + 1] == own)


def asks_again(said: Around, language: str, again: Collection[Forms], taken: Collection[str]) -> bool:
    """Whether a lone "sorry" asks the other party to say again what was not heard.

    It does where the party goes on with one of the sequences `again` ("what was that") or with what the other
    has just said, and where the other at once says words of it again. `taken` words ("yeah") repeat nothing.
    """
    words = telling(said.after, language) - frozenset(taken)
    repeated = _shared(words, said.before, language)
    if not said.same:
        return repeated > 0
    asks = any(has(said.after, sequence) for sequence in again)
    return asks or (len(words) > 1 and repeated >= ECHO * len(words))


def telling(forms: Forms, language: str) -> frozenset[str]:
    """The words that tell what a sentence is about."""
    from wordfreq import zipf_frequency

    return frozenset(w for w in forms if len(w) > 1 and zipf_frequency(w, language) < TELLING_ZIPF)


def _shared(words: Collection[str], before: Forms, language: str) -> int:
    """How many of the words are among those before, in whichever form."""
    forms = inflections(words, language)
    return sum(bool(forms[word] & set(before)) for word in words)


def has(forms: Forms, sequence: Forms) -> bool:
    """Whether the sequence stands among the forms."""
    return any(forms[i : i + len(sequence)] == sequence for i in range(len(forms) - len(sequence) + 1))
