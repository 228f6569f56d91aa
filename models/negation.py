"""Whether words that were found are said of what is, or of what is not: "I can't promise" promises nothing.

Rules over the words around a match, in English, Italian and Persian; where none speaks, nothing is negated.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from models import persian

REACH = 3
"""So many words before a match (in Persian also behind it) a "not" is looked for: an auxiliary, an adverb and
an article can stand between. Our choice."""


class _Words(NamedTuple):
    """The small words of a language that decide; all are normal forms."""

    negators: frozenset[str]
    only: frozenset[str]
    """After a negator they say that there is more, not less: "not only", "don't hesitate to"."""
    stops: frozenset[str]
    """Another clause, or another subject, begins here."""
    subjects: frozenset[str]
    """Who does it: what stands before them belongs to another verb."""
    formulas: frozenset[str]
    """What begins with these stands for itself: "no thank you", "don't worry please hold"."""
    reports: frozenset[str]
    """Verbs that carry their "not" over what they report: "I can't say that we promise that"."""
    links: frozenset[str]
    """Stand between such a verb and what it reports."""
    nouns_after: frozenset[str] = frozenset()
    """Behind these "no" belongs to the next word ("there is no guarantee"); elsewhere it is an answer."""
    cancels: bool = False
    """Whether two negators make none ("I never said I couldn't"); Italian doubles them for strength."""


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_WORDS = {
    "en": _Words(
        negators=_words("not never without nobody neither nor hardly unable refuse refuses refused"),
        only=_words("only just merely simply hesitate fail"),
        stops=_words(
            "and but or so because if when while although though since unless until then well yes okay ok "
            "therefore however once as"
        ),
        subjects=_words("i you we he she they it this that who there what one somebody someone"),
        formulas=_words(
            "thank thanks please sorry welcome hello hi hey good goodbye bye okay yes no well let how what "
            "when where which who may can could would shall is are am was were do does did my"
        ),
        reports=_words(
            "say saying said says think thinking thought believe mean meant claim suppose expect sure "
            "certain tell telling told"
        ),
        links=_words("that if whether you him her them me us"),
        nouns_after=_words(
            "is are was were be been 's have has had got give gives gave make makes made with of on at see "
            "want need"
        ),
        cancels=True,
    ),
    "it": _Words(
        negators=_words("non mai senza nessuno nessuna nessun né neanche nemmeno neppure"),
        only=_words("solo soltanto solamente esiti esitate esitare mancherò mancheremo mancare"),
        stops=_words(
            "e ed ma o oppure però quindi perché poiché se quando mentre così allora bene sì dunque che "
            "siccome"
        ),
        subjects=_words("io tu lui lei noi voi loro chi questo quello"),
        formulas=_words(
            "grazie prego scusi scusa buongiorno buonasera buonanotte arrivederci arrivederla salve ciao sì "
            "no come posso può potrei per cortesia"
        ),
        reports=_words(
            "dico dire detto diciamo dicendo penso pensare credo credere intendo voglio sicuro sicura certo "
            "certa"
        ),
        links=_words("che di"),
    ),
    "fa": _Words(
        negators=_words("بدون هرگز هیچ"),
        only=_words("فقط تنها"),
        stops=_words("و اما ولی یا چون اگر که وقتی پس بله خب باشه تا"),
        subjects=_words("من شما ما او آنها ایشان تو"),
        formulas=_words(
            "ممنون ممنونم متشکرم سپاس سپاسگزارم مرسی سلام درود خداحافظ خدانگهدار ببخشید لطفا خواهش عذر معذرت "
            "متاسفم متأسفم بفرمایید چطور چگونه آیا وقت روز صبح عصر شب"
        ),
        reports=frozenset(),
        links=frozenset(),
    ),
}

_PUNCTUATION = ",.;:!?…،؛؟"


def has_negator(words: Sequence[str], language: str) -> bool:
    """Whether a pattern has a "not" of its own: what stands inside its matches then says nothing."""
    known = _WORDS.get(language)
    return known is not None and any(_negates(word, known, language) for word in words)


def is_negated(
    forms: Sequence[str],
    start: int,
    end: int,
    language: str,
    parted: Callable[[int], bool] = lambda index: False,
    own: bool = False,
) -> bool:
    """Whether the normal forms `[start, end)` of one breath are negated by what stands around or in them.

    `parted(i)` tells whether a sign stands between the forms i - 1 and i, where a clause may end. `own`: the
    pattern holds a negator itself. In languages without rules nothing is ever negated.
    """
    words = _WORDS.get(language)
    if words is None:
        return False
    count = 0 if own else _inside(forms, start, end, words, language)
    first = forms[start]
    if first in words.formulas:
        pass
    elif language == "fa":
        count += _persian(forms, start, end, words, parted)
    elif first in words.subjects:
        count += _reported(forms, start, words, language, parted)
    else:
        found, begin = _before(forms, start, words, language, parted)
        count += found
        if begin is not None:
            count += _reported(forms, begin, words, language, parted)
    return count % 2 == 1 if words.cancels else count > 0


def ends_clause(word: str) -> bool:
    """Whether a written word ends with a sign that may end a clause."""
    return word[-1:] in _PUNCTUATION if word else False


def _negates(form: str, words: _Words, language: str) -> bool:
    return form in words.negators or (language == "fa" and persian.is_negative(form))


def _inside(forms: Sequence[str], start: int, end: int, words: _Words, language: str) -> int:
    return sum(
        _negates(forms[at], words, language) and forms[at + 1] not in words.only
        for at in range(start + 1, end - 1)
    )


def _before(
    forms: Sequence[str], start: int, words: _Words, language: str, parted: Callable[[int], bool]
) -> tuple[int, int | None]:
    """The negators in reach before a match, and where the subject of its clause stands, if it is met."""
    count = 0
    for at in range(start - 1, max(start - 1 - REACH, -1), -1):
        form = forms[at]
        if parted(at + 1):
            break
        if form in words.subjects:
            return count, at
        if form in words.stops:
            # Italian needs no subject: what "che" begins may be reported, too.
            return count, at + 1 if form in words.links else None
        answers = form != "no" or at < start - 1 or at == 0 or forms[at - 1] not in words.nouns_after
        if not answers or (_negates(form, words, language) and forms[at + 1] not in words.only):
            count += 1
            if form == "nor":
                # "Neither … nor" is one negation in two words.
                break
    return count, None


def _reported(
    forms: Sequence[str], subject: int, words: _Words, language: str, parted: Callable[[int], bool]
) -> int:
    """The negators of the verb that reports the clause which begins with this subject."""
    at = subject - 1
    while at >= 0 and forms[at] in words.links and not parted(at + 1):
        at -= 1
    if at < 0 or parted(at + 1) or forms[at] not in words.reports:
        return 0
    return _before(forms, at, words, language, parted)[0]


def _persian(forms: Sequence[str], start: int, end: int, words: _Words, parted: Callable[[int], bool]) -> int:
    """Persian says "not" in the verb: at the end of the clause, or in a modal verb before ("nemitavānam")."""
    if forms[end - 1] not in words.stops and not any(map(persian.is_verb, forms[start:end])):
        for at in range(end, min(end + REACH, len(forms))):
            form = forms[at]
            if parted(at) or form in words.stops or form in words.subjects or form in words.formulas:
                break
            if persian.is_verb(form):
                if persian.is_negative_light(form):
                    return 1
                break
    for at in range(start - 1, max(start - 1 - REACH, -1), -1):
        form = forms[at]
        if parted(at + 1) or form in words.stops:
            break
        if form in words.negators and forms[at + 1] not in words.only:
            return 1
        if persian.is_verb(form):
            return int(persian.is_negative_modal(form))
    return 0
