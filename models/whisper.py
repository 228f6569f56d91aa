"""Whisper by faster-whisper, several pieces of sound at once."""

import bisect
import functools
import importlib.metadata
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models import weights
from models.observations import Word, span
from models.recogniser import Passage
from models.sound import RATE_HZ, Samples

WINDOW_S = 30
"""Whisper hears 30 s at once; what is shorter it fills up with silence."""

PACKED_S = 30.0
"""Windows are filled with pieces of one speaker up to here, as faster-whisper does it: a window costs the
same however little is in it."""

BEAM_SIZE = 5
"""Whisper's own default; without sampling, so that it repeats itself."""


class Whisper:
    """One CTranslate2 model as a `Recogniser`: 8-bit on a processor, 16-bit floats on a graphics card."""

    name = "faster-whisper"
    caveat = ""
    batch_s = 8.0 * WINDOW_S
    """Eight windows, as faster-whisper's own pipeline takes them; more gain little on two cores."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.version = importlib.metadata.version("faster-whisper")
        self.weights = weights.digest(folder)
        self._model, self._pipeline = _model(folder)
        self.languages: tuple[str, ...] = () if self._model.model.is_multilingual else ("en",)

    @property
    def parameters(self) -> dict[str, str]:
        return {
            "model": self.folder.name,
            "beam_size": str(BEAM_SIZE),
            "batch_s": str(self.batch_s),
            "packed_s": str(PACKED_S),
            "compute_type": self._model.model.compute_type,
        }

    def language_shares(self, sounds: Sequence[Samples]) -> dict[str, float] | None:
        if self.languages or not sounds:
            return None
        total: dict[str, float] = {}
        for sound in sounds:
            _, _, shares = self._model.detect_language(np.ascontiguousarray(sound))
            for language, share in shares:
                total[language] = total.get(language, 0.0) + share / len(sounds)
        return total

    def hear(self, sounds: Sequence[Samples], language: str, hotwords: Sequence[str] = ()) -> list[Passage]:
        places, windows = _pack([len(sound) / RATE_HZ for sound in sounds])
        together = np.zeros(windows * WINDOW_S * RATE_HZ, np.float32)
        ends_s = [float(number * WINDOW_S) for number in range(windows)]
        for sound, start_s in zip(sounds, places, strict=True):
            start = round(start_s * RATE_HZ)
            together[start : start + len(sound)] = sound
            ends_s[int(start_s // WINDOW_S)] = start_s + len(sound) / RATE_HZ
        segments, _ = self._pipeline.transcribe(
            together,
            language=language,
            beam_size=BEAM_SIZE,
            temperature=0.0,
            word_timestamps=True,
            without_timestamps=False,
            clip_timestamps=[
                {"start": number * WINDOW_S, "end": end_s} for number, end_s in enumerate(ends_s)
            ],
            batch_size=round(self.batch_s / WINDOW_S),
            hotwords=" ".join(hotwords) or None,
        )
        passages = [Passage(()) for _ in sounds]
        for segment in segments:
            for word in segment.words or ():
                number = max(0, bisect.bisect_right(places, (word.start + word.end) / 2) - 1)
                where = span(max(0.0, word.start - places[number]), word.end - places[number])
                if word.word.strip():
                    heard = Word(where, word.word.strip(), round(float(word.probability), 3))
                    words = (*passages[number].words, heard)
                    passages[number] = Passage(words, segment.avg_logprob, segment.no_speech_prob)
        return passages


def _pack(lengths_s: Sequence[float]) -> tuple[list[float], int]:
    """Where each piece of sound begins when they are laid one after the other into windows, and how many
    windows.

    Window `n` begins at `n * WINDOW_S`; no piece reaches over `PACKED_S` of its window unless it is longer.
    """
    places: list[float] = []
    window, at_s = -1, math.inf
    for length_s in lengths_s:
        if at_s + length_s > PACKED_S:
            window, at_s = window + 1, 0.0
        places.append(round(window * WINDOW_S + at_s, 6))
        at_s += length_s
    return places, window + 1


@functools.lru_cache(maxsize=1)
def _model(folder: Path) -> tuple[Any, Any]:  # the library has no types
    import ctranslate2
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    on_gpu = ctranslate2.get_cuda_device_count() > 0
    model = WhisperModel(
        str(folder),
        device="cuda" if on_gpu else "cpu",
        compute_type="float16" if on_gpu else "int8",
        cpu_threads=os.cpu_count() or 1,
        local_files_only=True,
    )
    return model, BatchedInferencePipeline(model)
