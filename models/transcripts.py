"""Words that a person or another system wrote down, as observations."""

from models.cutting import cut
from models.observations import (
    Activity,
    Observations,
    Observed,
    Provenance,
    Recording,
    Span,
    Utterance,
    Word,
    gather,
    span,
    union,
)


def printable(text: str) -> str:
    """`text` on one line, without control characters: they could drive the terminal that shows it."""
    return " ".join("".join(c if c.isprintable() or c in JOINERS else " " for c in text).split())


JOINERS = "\u200c\u200d"
"""The half-space and the joiner of Persian writing: not printable, but part of words."""

FORMAT_VERSION = "1"
"""Raised when the same file would be read into other words than before."""


def spread(text: str, over: Span) -> tuple[Word, ...]:
    """The words of `text` laid over a span in proportion to their letters, each with probability 1."""
    written = text.split()
    letters = sum(len(w) + 1 for w in written) or 1
    words: list[Word] = []
    done = 0
    for word in written:
        start_s = over.start_s + over.duration_s * done / letters
        done += len(word) + 1
        words.append(Word(span(start_s, over.start_s + over.duration_s * done / letters), word, 1.0))
    return tuple(words)


WRITTEN = "transcript"
"""The engine of words that a person wrote down: they were not misheard."""


def observed_transcript(
    identity: str,
    form: str,
    utterances: list[Utterance],
    spoken: bool,
    least_s: float = 0.0,
    engine: str = WRITTEN,
) -> Observations:
    """The observations in a transcript with this SHA-256; of `spoken` words also when there was speech.

    Card data is cut out of its words. It lasts until the last word, and `least_s` seconds if that is longer.
    `engine` is the recogniser that heard the words, where none wrote them.
    """
    ordered = tuple(sorted(utterances, key=lambda u: u.span))
    # A moment after the last message still belongs to the conversation: spans are half-open.
    last_s = max([least_s, *(u.span.end_s for u in ordered)])
    duration_s = round(last_s + (0.0 if spoken else 0.001), 3)
    recording = Recording(identity, duration_s, 0, 0, form)
    parameters = (("form", form),)
    words = Provenance("utterances", engine, FORMAT_VERSION, "", parameters)
    observed = [cut(Observed(identity, words, utterances=ordered))]
    if spoken:
        spoke: dict[str | None, list[Span]] = {}
        for utterance in ordered:
            spoke.setdefault(utterance.speaker, []).append(utterance.span)
        activity = tuple(Activity(speaker, union(spans)) for speaker, spans in spoke.items())
        when = Provenance("activity", engine, FORMAT_VERSION, "", parameters)
        observed.append(Observed(identity, when, activity=activity))
    return gather(recording, tuple(observed), ())
