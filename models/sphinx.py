"""CMU PocketSphinx with the US English model of its package: works anywhere, hears worse."""

import functools
import importlib.metadata
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from models.observations import Span, Word, span
from models.recogniser import Passage
from models.sound import RATE_HZ, Samples

if TYPE_CHECKING:
    from pocketsphinx import Decoder


class PocketSphinx:
    """PocketSphinx as a `Recogniser` of English."""

    name = "pocketsphinx"
    caveat = (
        "Words were recognised by PocketSphinx, a weak substitute for Whisper: some are wrong. "
        "Better: comport weights fetch small"
    )
    weights = ""
    batch_s = 0.0
    languages: tuple[str, ...] = ("en",)

    def __init__(self) -> None:
        self.version = importlib.metadata.version("pocketsphinx")
        self._decoder = _sphinx_decoder()

    @property
    def parameters(self) -> dict[str, str]:
        return {"model": "en-us"}

    def language_shares(self, sounds: Sequence[Samples]) -> dict[str, float] | None:
        return None

    def hear(self, sounds: Sequence[Samples], language: str, hotwords: Sequence[str] = ()) -> list[Passage]:
        return [Passage(self._words(sound)) for sound in sounds]

    def _words(self, sound: Samples) -> tuple[Word, ...]:
        scored = self.hear_scored(sound)
        mean = sum(score for *_, score in scored) / len(scored) if scored else 0.0
        return tuple(Word(where, text, sphinx_probability(mean, score)) for where, text, score in scored)

    def hear_scored(self, sound: Samples) -> tuple[tuple[Span, str, float], ...]:
        """(span, word, score) of each word; the score is the acoustic one against the best senones, as a
        logarithm per frame of 10 ms, at most 0."""
        decoder = self._decoder
        # The front end adapts to what it heard before; the same sound must always give the same words.
        decoder.reinit_feat()
        decoder.start_utt()
        decoder.process_raw(
            (np.clip(sound, -1, 1) * 32767).astype(np.int16).tobytes(), no_search=False, full_utt=True
        )
        decoder.end_utt()
        frame_s = 1 / decoder.config["frate"]
        return tuple(
            (
                span(s.start_frame * frame_s, (s.end_frame + 1) * frame_s),
                s.word.partition("(")[0],
                math.log(max(s.ascore, 1e-300)) / (s.end_frame - s.start_frame + 1),
            )
            for s in decoder.seg() or ()
            if s.word[0] not in "<["
        )


@functools.lru_cache(maxsize=1)
def _sphinx_decoder() -> "Decoder":
    from pocketsphinx import Decoder

    return Decoder(samprate=RATE_HZ, loglevel="FATAL")


def sphinx_probability(mean: float, score: float) -> float:
    """How likely a word is right, 0..1, from the mean score of what was heard with it and its own score.

    PocketSphinx's own posterior is 1 for every word of its best path; these scores do tell good hearing
    from bad. Source: logistic regression over aligned words, clean and noisy, `bench/sphinx_probability.py`.
    """
    offset, by_mean, by_word = SPHINX_FIT
    return round(1 / (1 + math.exp(-(offset + by_mean * mean + by_word * (score - mean)))), 3)


SPHINX_FIT = (8.9, 2.36, 0.23)
