"""Whether "sorry" is a regret or asks to say something again: what follows it tells."""

import functools
import itertools
from collections.abc import Collection, Sequence
from typing import NamedTuple

from audit.pattern import unfold
from models.inflection import inflections
from models.language import ANY, ANY_WORDS, tokens_of

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


def asks_again(
    said: Around, language: str, again: Collection[Forms], taken: Collection[str], least: float = 0.0
) -> bool:
    """Whether a lone "sorry" asks the other party to say again what was not heard.

    It does where the party goes on with one of the sequences `again` ("what was that") or with what the other
    has just said, and where the other at once says words of it again: more than the share `least` of its
    telling words. `taken` words ("yeah") repeat nothing.
    """
    words = telling(said.after, language) - frozenset(taken)
    repeated = _shared(words, said.before, language)
    if not said.same:
        return repeated > 0 and repeated >= least * len(words)
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
    """Whether the sequence stands among the forms; `ANY` in it stands for up to `ANY_WORDS` of them."""
    return any(begins(forms[i:], sequence) for i in range(len(forms)))


def begins(forms: Forms, sequence: Forms) -> bool:
    """Whether the forms begin with the sequence."""
    if not sequence:
        return True
    if sequence[0] == ANY:
        return any(begins(forms[n:], sequence[1:]) for n in range(min(ANY_WORDS, len(forms)) + 1))
    return forms[:1] == sequence[:1] and begins(forms[1:], sequence[1:])


class Asking(NamedTuple):
    """How a language asks to say something again."""

    alone: frozenset[Forms]
    """Words that regret, and ask to repeat where they are a question or the other repeats."""
    again: tuple[Forms, ...]
    """What the party goes on with that did not hear or understand."""
    taken: frozenset[str]
    """Words that repeat nothing."""


_ASKING = {
    "en": (
        ["(um|er|oh)? (I am)? sorry (sir|madam)? (yes)?", "(I)? beg your pardon", "pardon (me)?"],
        [
            "what was (that|the|your)",
            "(say|repeat) (it|that)? again",
            "(can|could|would) you (please)? (say|repeat)",
            "(did|do|could) not (quite)? (hear|catch|get) (you|that|it)",
            "(you|can you) (do|want|said|say) what",
            "(it is|that is) * is it",
        ],
        "yeah yep yes right ok lovely fine great ah oh that is",
    ),
    "it": (
        ["(mi)? (scusi|scusa)", "come scusi", "chiedo scusa"],
        [
            "(può|puoi|potrebbe) ripetere",
            "(come|cosa|che cosa) ha detto",
            "non ho (capito|sentito)",
            "non la sento",
            "ripeta",
        ],
        "sì no va bene ecco ok certo",
    ),
    "fa": (
        ["ببخشید", "معذرت می‌خواهم", "عذر می‌خواهم"],
        [
            "(دوباره|یک بار دیگر) * (بگویید|بفرمایید|تکرار)",
            "تکرار (کنید|بفرمایید|می‌کنید)",
            "متوجه نشدم",
            "نشنیدم",
            "چی گفتید",
        ],
        "بله آره خب باشه",
    ),
}


@functools.cache
def asking(language: str) -> Asking | None:
    """How a language asks to say something again; None where nobody told us."""
    if language not in _ASKING:
        return None
    alone, again, taken = _ASKING[language]

    def ways(listed: Sequence[str]) -> tuple[Forms, ...]:
        return tuple(itertools.chain.from_iterable(unfold(pattern, language, {}) for pattern in listed))

    return Asking(frozenset(ways(alone)), ways(again), frozenset(taken.split()))


class Said(NamedTuple):
    """A line of a conversation: whose, and the text."""

    party: str
    text: str


def asks_to_repeat(words: str, lines: Sequence[Said], index: int, language: str, earlier: int = 0) -> bool:
    """Whether words of regret in a line only ask the other to say something again; the same words stand so
    often `earlier` in the line.

    They do as a question of their own ("Sorry?"), before such a question ("sorry, what was that?"), and as a
    line of their own that the other answers with hardly anything but words of its own. In languages without
    rules they never do.
    """
    known = asking(language)
    if known is None or tokens_of(words, language) not in known.alone:
        return False
    text, at = lines[index].text, -1
    for _ in range(earlier + 1):
        at = text.index(words, at + 1)
    before, after = text[:at], text[at + len(words) :]
    opens = not before.strip() or before.rstrip()[-1] in _ENDS
    rest = tokens_of(after, language)
    if opens and words.rstrip()[-1:] in _QUESTION:
        return True
    if any(begins(rest[skipped:], one) for one in known.again for skipped in range(MOST_SKIPPED + 1)):
        return True
    if rest or not opens:
        return False
    forms = [tokens_of(line.text, language) for line in lines]
    said = around([line.party for line in lines], forms, index)
    return asks_again(said, language, known.again, known.taken, ECHO)


MOST_SKIPPED = 2
"""So many words may stand between "sorry" and the question ("sorry sir, what was that"): our choice."""

_ENDS, _QUESTION = frozenset(".?!؟…"), frozenset("?؟")
