"""All the forms of a word: English and Italian from simplemma's tables and rules, Persian by rules alone."""

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping

from models import persian

_ENGLISH = {
    **{"bent": "bend", "bit": "bite", "bound": "bind", "broke": "break", "felt": "feel", "gone": "go"},
    **{"left": "leave", "leaving": "leave", "rang": "ring", "rose": "rise", "rung": "ring", "shook": "shake"},
    **{"thought": "think", "won": "win", "cancelled": "cancel", "cancelling": "cancel", "worse": "bad"},
}
"""Forms that the English table takes for words of their own."""

_ITALIAN = {
    **dict.fromkeys(("detto", "detta", "detti", "dette"), "dire"),
    **{"so": "sapere", "sa": "sapere", "sono": "essere"},
}
"""Forms that the Italian table gives to another word."""

_ENDINGS = {
    "are": "o i a iamo ate ano avo avi ava avamo avate avano ai asti ò ammo aste arono ato ata ati ate ando "
    "erò erai erà eremo erete eranno erei eresti erebbe eremmo ereste erebbero assi asse assimo assero ino",
    "ere": "o i e iamo ete ono evo evi eva evamo evate evano endo a ano uto uta uti ute",
    "ire": "o i e iamo ite ono ivo ivi iva ivamo ivate ivano endo a ano ito ita iti ite isco isci isce "
    "iscono isca iscano",
}
"""Endings of the regular Italian verbs, for the table knows one word for each form: `aspetto` only as the
noun. Forms that no verb has do no harm."""

_CLITICS = "mi ti si ci vi lo la li le ne gli"
_ENCLITIC = (
    *_CLITICS.split(),
    *(a + b for a in ("me", "te", "se", "ce", "ve", "glie") for b in ("lo", "la", "li", "le", "ne")),
)
"""Pronouns written at the end of an Italian infinitive, gerund or request: `aiutarla`, `scusami`."""


def inflections(words: Iterable[str], language: str) -> Mapping[str, frozenset[str]]:
    """For each word all its forms, itself among them, as normal forms (see `language.tokens`).

    A language without tables or rules of ours gives the word alone.
    """
    wanted = frozenset(words)
    if language == "fa":
        return {word: persian.forms_of(word) for word in wanted}
    return (
        _of_tables(wanted, language) if wanted and language in _MORE else {w: frozenset({w}) for w in wanted}
    )


@functools.lru_cache(maxsize=16)
def _of_tables(words: frozenset[str], language: str) -> Mapping[str, frozenset[str]]:
    from simplemma.strategies.dictionaries.dictionary_factory import DefaultDictionaryFactory

    own, generated = _MORE[language]
    table = DefaultDictionaryFactory().get_dictionary(language)
    lemma_of = {word: own.get(word) or table.get(word, word) for word in words}
    found: dict[str, set[str]] = {lemma: {lemma} for lemma in lemma_of.values()}
    # One pass over the table, which is kept by form and not by lemma.
    for form, lemma in itertools.chain(table.items(), own.items()):
        if lemma in found and own.get(form, lemma) == lemma:
            found[lemma].add(form.lower())
    for lemma, forms in found.items():
        forms.update(generated(lemma, frozenset(forms)))
    return {word: frozenset({word, *found[lemma]}) for word, lemma in lemma_of.items()}


def _english(lemma: str, known: frozenset[str]) -> Iterator[str]:
    """The regular forms of a word that the table lacks, such as a new verb of the trade."""
    if len(known) == 1 and lemma.isalpha():
        stem = lemma.removesuffix("e")
        yield from (f"{lemma}s", f"{stem}ed", f"{stem}ing")


def _italian(lemma: str, known: frozenset[str]) -> Iterator[str]:
    """The regular forms of a verb, and those with pronouns at their end."""
    stem, ending = lemma[:-3], lemma[-3:]
    if ending not in _ENDINGS or not stem:
        return
    regular = {stem + e for e in _ENDINGS[ending].split()}
    # Before e and i the letter h keeps the sound of c and g (`cercherò`), and an i is not doubled.
    if ending == "are" and stem[-1] in "cg":
        regular = {stem + ("h" if e[0] in "ei" else "") + e for e in _ENDINGS["are"].split()}
    if stem[-1] == "i":
        regular |= {stem + e[1:] for e in _ENDINGS[ending].split() if e[0] == "i"}
    yield from regular
    gerunds = [form for form in {*known, *regular} if form.endswith("ndo")]
    asked = [stem + ("a" if ending == "are" else "i")]
    yield from (form + clitic for form in (lemma[:-1], *gerunds, *asked) for clitic in _ENCLITIC)


_MORE = {"en": (_ENGLISH, _english), "it": (_ITALIAN, _italian)}
"""What our rules add to the tables of a language."""
