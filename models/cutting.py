"""Takes card data and secrets out of words before anything is stored (PCI DSS 3.3.1), leaving a mark."""

from collections.abc import Iterable, Sequence

import msgspec

from models.carddata import Hit, find
from models.observations import Cut, Observed, Provenance, Removed, Utterance, Word, span
from models.secret_words import MARKS
from models.spoken_digits import runs

VERSION = "2"
"""Raised when other words would be cut: what was stored by an earlier version is then cut again."""

PARAMETER = "cut"
"""The provenance of words that were cut says so under this name: uncut ones are never taken for them."""

DIGITS_MARK = "[digits]"

LEAST_REMOVED = 3
"""Of words that a recogniser made up, digits go from so many on: nobody needs them."""

_MARKS = frozenset({*MARKS.values(), DIGITS_MARK})


def is_mark(text: str) -> bool:
    """Whether a word stands for something that was cut."""
    return text in _MARKS


def is_cut(provenance: Provenance) -> bool:
    """Whether observations of this provenance hold no card data: they have no words, or were cut."""
    return provenance.need != "utterances" or (PARAMETER, VERSION) in provenance.parameters


def cut_provenance(provenance: Provenance) -> Provenance:
    """The provenance of the same words when they were cut."""
    others = [p for p in provenance.parameters if p[0] != PARAMETER]
    parameters = tuple(sorted([*others, (PARAMETER, VERSION)]))
    return msgspec.structs.replace(provenance, parameters=parameters)


def before_cut(provenance: Provenance) -> tuple[Provenance, ...]:
    """The provenances that the same words had in versions which cut nothing or less."""
    others = tuple(p for p in provenance.parameters if p[0] != PARAMETER)
    cuts = ((), *(((PARAMETER, str(version)),) for version in range(1, int(VERSION))))
    return tuple(
        msgspec.structs.replace(provenance, parameters=tuple(sorted((*others, *cut)))) for cut in cuts
    )


def cut(observed: Observed) -> Observed:
    """The same without card data; just the same when it was cut before."""
    if is_cut(observed.provenance):
        return observed
    utterances, found = cut_words(observed.utterances or ())
    return msgspec.structs.replace(
        observed,
        provenance=cut_provenance(observed.provenance),
        utterances=None if observed.utterances is None else utterances,
        removed=tuple(map(_without_digits, observed.removed)),
        cut=tuple(sorted((*observed.cut, *found), key=lambda one: (one.span, one.kind))),
    )


def cut_words(utterances: Sequence[Utterance]) -> tuple[tuple[Utterance, ...], tuple[Cut, ...]]:
    """The utterances with marks instead of card data, and what was cut, in order of time."""
    ordered = sorted(range(len(utterances)), key=lambda i: utterances[i].span)
    hits = find([utterances[i] for i in ordered])
    if not hits:
        return tuple(utterances), ()
    parts: dict[int, list[tuple[int, int, str]]] = {}
    for hit in hits:
        for index, start, end in hit.words:
            parts.setdefault(ordered[index], []).append((start, end, hit.kind))
    said = tuple(
        _marked(utterance, parts[i]) if i in parts else utterance for i, utterance in enumerate(utterances)
    )
    return said, tuple(_cuts(hits, [utterances[i] for i in ordered]))


def _cuts(hits: Iterable[Hit], utterances: Sequence[Utterance]) -> list[Cut]:
    """One for each stretch of words, so that only they are silenced and not what somebody says between."""
    found = []
    for hit in hits:
        for index, start, end in hit.words:
            words = utterances[index].words[start:end]
            where = span(words[0].span.start_s, words[-1].span.end_s)
            found.append(Cut(where, utterances[index].speaker, hit.kind, hit.confidence, hit.again))
    return sorted(found, key=lambda one: (one.span, one.kind))


def _marked(utterance: Utterance, parts: Iterable[tuple[int, int, str]]) -> Utterance:
    words = list(utterance.words)
    for start, end, kind in sorted(parts, reverse=True):
        gone = words[start:end]
        where = span(gone[0].span.start_s, gone[-1].span.end_s)
        heard = round(sum(w.probability for w in gone) / len(gone), 3)
        words[start:end] = [Word(where, MARKS[kind], heard)]
    return msgspec.structs.replace(utterance, words=tuple(words), text=" ".join(word.text for word in words))


def _without_digits(removed: Removed) -> Removed:
    return msgspec.structs.replace(removed, text=without_digits(removed.text))


def without_digits(text: str) -> str:
    """A text with a mark for each run of `LEAST_REMOVED` digits or more, however they are written."""
    words = text.split()
    for run in reversed(runs(words, "")):
        if len(run.digits) >= LEAST_REMOVED:
            words[run.start : run.end] = [DIGITS_MARK]
    return " ".join(words)
