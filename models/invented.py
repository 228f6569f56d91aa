"""Words that a recogniser made up: Whisper fills silence and noise with text that it has read somewhere.

Its batched pipeline ignores the library's own guards, so these are ours. What is taken out is recorded.
"""

import bisect
import itertools
from collections.abc import Iterable, Sequence

from models.language import tokens_of
from models.observations import Removed, Span, Word
from models.recogniser import Passage

LOW_LOG_PROBABILITY, HIGH_NO_SPEECH = -1.0, 0.6
"""A passage less likely than the first of which it is likelier than the second that nobody speaks is silence.
Source: the thresholds of Whisper's reference decoder (Radford et al. 2022, section 4.5)."""

LOOPS = ((1, 8), (2, 4), (3, 4), (4, 3), (5, 3), (6, 3), (7, 3), (8, 3))
"""(words of a group, how often it comes at once): so often nobody repeats himself, but a decoder that is
caught in a loop does. Our choice: "no no no no" and "bye bye bye" stay."""

PHANTOM_PROBABILITY = 0.6
"""Known phantoms are taken out when heard less surely than this on average: what is heard that weakly is
wrong more often than not (`bench/sphinx_probability.py`), while a real "thank you" is heard surely."""

OVER_SILENCE_S = 0.5
"""A word further away than this from all speech lies over silence: more than Whisper's word times are
wrong."""

PHANTOMS = {
    "en": (
        "thank you for watching",
        "thanks for watching",
        "thank you so much for watching",
        "please subscribe to my channel",
        "please like and subscribe",
        "do not forget to subscribe",
        "subtitles by the amara org community",
        "transcription by castingwords",
        "see you in the next video",
        "thank you",
        "you",
        "bye",
    ),
    "it": (
        "sottotitoli e revisione a cura di qtss",
        "sottotitoli creati dalla comunità amara org",
        "sottotitoli a cura di qtss",
        "grazie per aver guardato il video",
        "grazie per la visione",
        "iscrivetevi al canale",
    ),
    "fa": (
        "ممنون که تماشا کردید",
        "با تشکر از شما",
        "زیرنویس",
        "لطفا کانال را سابسکرایب کنید",
    ),
}  # fmt: skip
"""Sentences that Whisper writes over noise, as users report them in the issues of openai/whisper and of
faster-whisper; English, Italian, Persian."""


def sift(
    passage: Passage, language: str, speaker: str | None, speech: Sequence[Span]
) -> tuple[tuple[Word, ...], tuple[Removed, ...]]:
    """The words that somebody is likely to have said, and those taken out. Times as in `speech` (in
    order)."""
    words = passage.words
    removed: list[Removed] = []

    def take_out(group: Iterable[Word], reason: str) -> None:
        taken = tuple(group)
        if taken:
            where = Span(taken[0].span.start_s, taken[-1].span.end_s)
            removed.append(Removed(where, speaker, " ".join(w.text for w in taken), reason))

    if passage.log_probability < LOW_LOG_PROBABILITY and passage.no_speech > HIGH_NO_SPEECH:
        take_out(words, "the recogniser itself held it for silence")
        return (), tuple(removed)
    spoken: list[Word] = []
    for over, group in itertools.groupby(words, lambda word: _over(word.span, speech)):
        if over:
            spoken += group
        else:
            take_out(group, "nobody speaks there")
    words = tuple(spoken)
    looping = _loop(words, language)
    for repeated, numbers in itertools.groupby(range(len(words)), looping.__contains__):
        if repeated:
            take_out((words[number] for number in numbers), "the same words over and over")
    words = tuple(word for number, word in enumerate(words) if number not in looping)
    if _is_phantom(words, language):
        take_out(words, "a sentence that recognisers make up")
        words = ()
    return words, tuple(removed)


def _over(where: Span, speech: Sequence[Span]) -> bool:
    after = bisect.bisect_right(speech, where.start_s - OVER_SILENCE_S, key=lambda one: one.end_s)
    return after < len(speech) and speech[after].start_s < where.end_s + OVER_SILENCE_S


def _loop(words: Sequence[Word], language: str) -> set[int]:
    """The numbers of words that repeat what came just before them, where that is a loop."""
    forms = [tokens_of(word.text, language) for word in words]
    repeated: set[int] = set()
    for length, times in LOOPS:
        start = 0
        while start + length * times <= len(forms):
            group = forms[start : start + length]
            end = start + length
            while forms[end : end + length] == group:
                end += length
            if end - start >= length * times:
                repeated.update(range(start + length, end))
                start = end
            else:
                start += 1
    return repeated


def _is_phantom(words: Sequence[Word], language: str) -> bool:
    if not words or sum(word.probability for word in words) / len(words) >= PHANTOM_PROBABILITY:
        return False
    said = tokens_of(" ".join(word.text for word in words), language)
    return any(said == tokens_of(phantom, language) for phantom in PHANTOMS.get(language, ()))
