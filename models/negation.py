"""Whether words that were found are said of what is, or of what is not: "I can't promise" promises nothing.

Rules over the words around a match, in English, Italian and Persian; where none speaks, nothing is negated.
"""

import functools
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
    courtesies: frozenset[str]
    """Words for themselves, which end a clause, too: "no thank you", "don't worry please hold"."""
    formulas: frozenset[str]
    """What begins with these, one word or two, stands for itself, too, but they may stand inside a clause."""
    reports: frozenset[str]
    """Verbs that carry their "not" over what they report: "I can't say that we promise that"."""
    links: frozenset[str]
    """Stand between such a verb and what it reports."""
    doubts: frozenset[str] = frozenset()
    """Verbs that say "not" of what they report: "I doubt that we can"."""
    asks: frozenset[str] = frozenset()
    """Verbs that report only with "if" or "whether": "I don't know if we can"."""
    ifs: frozenset[str] = frozenset()
    says: frozenset[str] = frozenset()
    """Verbs whose object a courtesy is: "I won't say sorry"."""
    pairs: frozenset[str] = frozenset()
    """Two words that negate together."""
    heads: frozenset[str] = frozenset()
    """Say that there is nothing of what the clause behind them says: "there's nothing we can promise"."""
    more: frozenset[str] = frozenset()
    """May stand between such a word and its clause."""
    modals: frozenset[str] = frozenset()
    """Stand before the subject behind a "nor", and behind it in what there is nothing of."""
    fronted: frozenset[str] = frozenset()
    """Negators that turn the order round: "nor can I promise"."""
    asides: frozenset[str] = frozenset()
    """Words that stand between a "not" and its verb, and take none of the reach."""
    closes: frozenset[str] = frozenset()
    """Words at the end of a clause that nobody parts from the next: "don't hang up hold the line"."""
    suggests: frozenset[str] = frozenset()
    """At the beginning of a clause they make of a "not" a suggestion: "why not call you back?"."""
    past: frozenset[str] = frozenset()
    """Auxiliaries with which it is none: "perché non l'ha richiamata?"."""
    addresses: frozenset[str] = frozenset()
    """Words to somebody before a suggestion: "senta, perché non la richiamo?"."""
    passives: frozenset[str] = frozenset()
    """Before a verb that reports they say that it is done to the speaker: "I have not been told"."""
    nouns_after: frozenset[str] = frozenset()
    """Behind these "no" belongs to the next word ("there is no guarantee"); elsewhere it is an answer."""
    cancels: bool = False
    """Whether two negators make none ("I never said I couldn't"); Italian doubles them for strength."""


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


def _listed(phrases: str) -> frozenset[str]:
    """Of phrases with commas between."""
    return frozenset(phrase.strip() for phrase in phrases.split(","))


_WORDS = {
    "en": _Words(
        negators=_words(
            "not never without nobody neither nor hardly unable refuse refuses refused nothing none "
            "impossible failed forget forgot forgotten"
        ),
        only=_words("only just merely simply hesitate fail wait"),
        stops=_words(
            "and but or so because if when while although though since unless until then well yes ok "
            "therefore however once as"
        ),
        subjects=_words("i you we he she they it this that who there what one somebody someone"),
        courtesies=_words("thank thanks please sorry hello hi hey goodbye bye"),
        formulas=_words(
            "welcome good ok yes no well let how what when where which who may can could would shall is "
            "are am was were do does did my"
        ),
        reports=_words(
            "say saying said says think thinking thought believe mean meant claim suppose expect sure "
            "certain tell telling told promise promised guarantee guaranteed confirm confirmed"
        ),
        links=_words("that what if whether you him her them me us"),
        nouns_after=_words(
            "is are was were be been 's have has had got give gives gave make makes made with of on at see "
            "want need"
        ),
        cancels=True,
        doubts=_words("doubt doubtful"),
        asks=_words("know see"),
        ifs=_words("if whether"),
        says=_words("say saying says"),
        pairs=_listed(
            "no one, no longer, no need, no way, no intention, no chance, rather than, instead of, "
            "no circumstances"
        ),
        heads=_listed("nothing, none, no way, no chance, no reason, no guarantee, not what, not that"),
        more=_words("more else further"),
        modals=_words("can could may might will would shall should do does did"),
        fronted=_words("nor neither never hardly"),
        asides=_listed(
            "in any way, by any means, at this point in time, at this point, at this stage, at this time, "
            "at the moment, right now, at all, of us, of them, of course, for sure, to be honest"
        ),
        closes=_listed("worry, worry about that, worry about it, mind, hang up, go away, give up"),
        suggests=_words("why"),
        passives=_words("been was were be being"),
    ),
    "it": _Words(
        negators=_words(
            "non mai senza nessuno nessuna nessun né neanche nemmeno neppure niente nulla mica impossibile "
            "rifiuto rifiutiamo rifiuta evito evitiamo"
        ),
        only=_words(
            "solo soltanto solamente esiti esitate esitare mancherò mancheremo mancare dimentico dimentichi "
            "dimenticherò dimenticare vedo appena"
        ),
        stops=_words(
            "e ed ma o oppure però quindi perché poiché se quando mentre così allora bene sì dunque che "
            "siccome"
        ),
        subjects=_words("io tu lui lei noi voi loro chi questo quello"),
        courtesies=_words(
            "grazie prego scusi scusa buongiorno buonasera buonanotte arrivederci arrivederla salve ciao"
        ),
        formulas=_listed("sì, no, come, cortesia, per cortesia, per favore, per piacere"),
        reports=_words(
            "dico dire detto diciamo dicendo penso pensare credo credere intendo voglio sicuro sicura certo "
            "certa vero garantire garantisco promettere prometto confermare confermo"
        ),
        links=_words("che di"),
        doubts=_words("dubito dubitiamo dubbio"),
        asks=_words("so sappiamo sapere"),
        ifs=_words("se"),
        says=_words("dico dire"),
        pairs=_listed("invece di, anziché di, al posto di"),
        heads=_listed("niente, nulla, nessuno"),
        closes=_listed(
            "preoccupi, preoccuparsi, preoccuparti, preoccupare, preoccupatevi, riattacchi, riattaccare, "
            "riagganci, riagganciare, chiuda, capito, sentito, problema, problemi, lo so, fa niente, "
            "di che, importa, dubbio, dubbi, dubito, paura, disturbo, dispiace"
        ),
        suggests=_words("perché"),
        addresses=_words("senta senti guardi guarda no signora signore signorina dottore dottoressa"),
        asides=_words(
            "mi ti si ci vi la le lo li gli ne me te se ce ve gliela glielo gliele glieli gliene "
            "un una uno il"
        ),
        past=_words("ho hai ha abbiamo avete hanno è sono"),
    ),
    "fa": _Words(
        negators=_words("بدون هرگز هیچ"),
        only=_words("فقط تنها شک تردید مشکل مشکلی"),
        stops=_words("و اما ولی یا چون اگر که وقتی پس بله خب باشه تا"),
        subjects=_words("من شما ما او آنها ایشان تو"),
        courtesies=_words(
            "ممنون ممنونم متشکرم سپاس سپاسگزارم مرسی سلام درود خداحافظ خدانگهدار ببخشید لطفا خواهش عذر معذرت "
            "متاسفم متأسفم بفرمایید"
        ),
        formulas=_words("چطور چگونه آیا وقت روز صبح عصر شب"),
        reports=frozenset(),
        links=frozenset(),
        pairs=_listed("شک دارم, شک داریم, غیرممکن است, بعید است, بعید میدانم"),
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
    formula = first in words.formulas or " ".join(forms[start : start + 2]) in words.formulas
    said = start > 0 and forms[start - 1] in words.says
    if formula or (first in words.courtesies and not said):
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
    count += _behind(forms, end, words, parted) if first not in words.courtesies else 0
    if end < len(forms) and forms[end] == "enough" and not parted(end):
        return False
    return count % 2 == 1 if words.cancels else count > 0


def ends_clause(word: str) -> bool:
    """Whether a written word ends with a sign that may end a clause."""
    return word[-1:] in _PUNCTUATION if word else False


def _negates(form: str, words: _Words, language: str) -> bool:
    return form in words.negators or (language == "fa" and persian.is_negative(form))


def _inside(forms: Sequence[str], start: int, end: int, words: _Words, language: str) -> int:
    return sum(
        _negates(forms[at], words, language) and not _only(forms, at, end, words)
        for at in range(start + 1, end - 1)
    )


def _behind(forms: Sequence[str], end: int, words: _Words, parted: Callable[[int], bool]) -> int:
    """How often a word for nothing ends the clause behind a match: "I promise nothing"."""
    nothing = end < len(forms) and not parted(end) and forms[end] in words.heads & words.negators
    return int(nothing and (end + 1 == len(forms) or parted(end + 1)))


def _before(
    forms: Sequence[str], start: int, words: _Words, language: str, parted: Callable[[int], bool]
) -> tuple[int, int | None]:
    """The negators in reach before a match, and where the subject of its clause stands, if it is met."""
    count, at, least = 0, start - 1, start - 1 - REACH
    while at > max(least, -1):
        form = forms[at]
        if parted(at + 1):
            break
        if aside := _listed_length(forms, at, words.asides):
            at, least = at - aside, least - aside
            continue
        if _listed_length(forms, at, words.pairs):
            count += 1
            at -= 2
            continue
        if form in words.subjects:
            return count, at
        if form in words.stops:
            # Italian needs no subject: what "che" begins may be reported, too.
            return count, at + 1 if form in words.links or form in words.ifs else None
        if form in words.courtesies or _listed_length(forms, at, words.closes):
            return count, None
        answers = form != "no" or at < start - 1 or at == 0 or forms[at - 1] not in words.nouns_after
        if not answers or (_negates(form, words, language) and not _only(forms, at, start, words)):
            if _suggested(forms, at, start, words, parted) or _requested(forms, at, words, parted):
                return count, None
            count += 1
            if form == "nor":
                # "Neither … nor" is one negation in two words.
                break
        at -= 1
    return count, None


def _only(forms: Sequence[str], at: int, start: int, words: _Words) -> bool:
    """Whether a negator says that there is more; what is sought itself does not make it say so."""
    return at + 1 < start and forms[at + 1] in words.only


def _suggested(
    forms: Sequence[str], at: int, start: int, words: _Words, parted: Callable[[int], bool]
) -> bool:
    """Whether a "not" stands in a "why not …?": at the beginning, or behind a word that begins anew."""
    if at < 1 or forms[at - 1] not in words.suggests or words.past & set(forms[at : start + 2]):
        return False
    return _anew(forms, at - 1, words, parted) or forms[at - 2] in words.addresses


def _requested(forms: Sequence[str], at: int, words: _Words, parted: Callable[[int], bool]) -> bool:
    """Whether a "not" stands in a question that asks for it: "would you not hold the line?"."""
    if at < 2 or forms[at - 1] not in words.subjects or forms[at - 2] not in words.modals:
        return False
    return not (parted(at) or parted(at - 1)) and _anew(forms, at - 2, words, parted)


def _anew(forms: Sequence[str], at: int, words: _Words, parted: Callable[[int], bool]) -> bool:
    """Whether a clause begins at a form."""
    return at == 0 or parted(at) or forms[at - 1] in words.stops | words.courtesies


def _listed_length(forms: Sequence[str], at: int, phrases: frozenset[str]) -> int:
    """How many words the longest of the phrases has that ends at a form; 0 where none does."""
    lengths = range(min(LONGEST_LISTED, at + 1), 0, -1) if forms[at] in _last_words(phrases) else ()
    return next((n for n in lengths if " ".join(forms[at + 1 - n : at + 1]) in phrases), 0)


@functools.cache
def _last_words(phrases: frozenset[str]) -> frozenset[str]:
    return frozenset(phrase.split()[-1] for phrase in phrases)


LONGEST_LISTED = 5
"""Words of the longest phrase in the tables above."""


def _reported(
    forms: Sequence[str], subject: int, words: _Words, language: str, parted: Callable[[int], bool]
) -> int:
    """The negators of what stands before the clause that begins with this subject: of the verb that reports
    it, or of what has it behind itself ("nothing I can promise", "nor can I promise")."""
    at, through = subject - 1, set[str]()
    if at > 0 and not parted(subject) and forms[at] in words.modals and not parted(at):
        turned = forms[at - 1] in words.fronted or _listed_length(forms, at - 1, words.pairs) > 0
        return int(turned)
    while at >= 0 and forms[at] in words.links | words.ifs and not parted(at + 1):
        if _is_head(forms, at, words):
            return 1
        through.add(forms[at])
        at -= 1
    if at < 0 or parted(at + 1):
        return 0
    while at > 0 and forms[at] in words.more and not parted(at):
        at -= 1
    able = bool(through) or (subject + 1 < len(forms) and forms[subject + 1] in words.modals)
    if able and _is_head(forms, at, words):
        return 1
    if forms[at] in words.doubts:
        denied = at > 0 and (forms[at - 1] == "no" or _before(forms, at, words, language, parted)[0] % 2 == 1)
        return int(not denied)
    verb = at - 1 if at > 1 and forms[at - 1] == "not" else at
    if not through and verb > 0 and forms[verb - 1] in words.passives:
        # "I have not been told I promise": nobody denies it.
        return 0
    if forms[at] in words.reports or (forms[at] in words.asks and through & words.ifs):
        return _before(forms, at, words, language, parted)[0]
    return 0


def _is_head(forms: Sequence[str], at: int, words: _Words) -> bool:
    """Whether there is said to be nothing of what stands behind a form; Italian says it doubly."""
    return _listed_length(forms, at, words.heads) > 0


def _persian(forms: Sequence[str], start: int, end: int, words: _Words, parted: Callable[[int], bool]) -> int:
    """Persian says "not" in the verb: at the end of the clause, or in a modal verb before ("nemitavānam")."""
    if forms[end - 1] not in words.stops and not any(map(persian.is_verb, forms[start:end])):
        for at in range(end, min(end + REACH, len(forms))):
            form = forms[at]
            small = words.stops | words.subjects | words.courtesies | words.formulas
            if parted(at) or form in small:
                break
            if persian.is_verb(form):
                nothing = at == end and persian.is_negative_being(form)
                can_not = persian.is_negative_modal(form) and at + 1 < len(forms) and not parted(at + 1)
                if persian.is_negative_light(form) or nothing or (can_not and persian.is_verb(forms[at + 1])):
                    return 1
                break
    if _doubted(forms, start, end, words, parted):
        return 1
    for at in range(start - 1, max(start - 1 - REACH, -1), -1):
        form = forms[at]
        if parted(at + 1) or form in words.stops:
            break
        if form in words.negators and not _only(forms, at, start, words):
            return 1
        if persian.is_verb(form):
            return int(persian.is_negative_modal(form))
    return 0


def _doubted(
    forms: Sequence[str], start: int, end: int, words: _Words, parted: Callable[[int], bool]
) -> bool:
    """Whether a subjunctive depends on a verb that says "not" ("fekr nemikonam betavānam ghol bedaham")."""
    if not any(map(persian.is_subjunctive, forms[start : end + 1])):
        return False
    for at in range(start - 1, max(start - 2 - REACH, -1), -1):
        form = forms[at]
        if parted(at + 1) or (form in words.stops and form != "که"):
            return False
        if _listed_length(forms, at, words.pairs):
            return True
        if persian.is_verb(form) and not persian.is_subjunctive(form):
            return persian.is_negative(form) and not form.startswith("نباش")
    return False
