"""Voices told apart by pyannote.audio, for who has installed it and its weights; overlapping speech is found.

The weights are a folder `pyannote` beside the other weights: a copy of the hub's repository
`pyannote/speaker-diarization-community-1`, with its `config.yaml`. Nothing is ever downloaded here.
"""

import functools
import importlib.metadata
import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models import weights
from models.observations import Activity, Span, span
from models.sound import Sound


def find() -> Path | None:
    """The folder of the weights, None when they or the package are not here."""
    for place in (weights.cache_folder(), weights.mirror_folder()):
        folder = place / "pyannote" if place else None
        if folder and (folder / "config.yaml").is_file() and _installed():
            return folder
    return None


def _installed() -> bool:
    try:
        return importlib.util.find_spec("pyannote.audio") is not None
    except ModuleNotFoundError:
        return False


class Pyannote:
    """A diarization pipeline of pyannote.audio 4 in a folder."""

    name = "pyannote.audio"

    def __init__(self, folder: Path) -> None:
        self.version = importlib.metadata.version("pyannote.audio")
        self.weights = weights.digest(folder)
        self._folder = folder

    def voices(self, sound: Sound, speech: Sequence[Span]) -> tuple[Activity, ...]:
        """As `speakers.Diarizer` says; pyannote finds speech itself where `speech` has any."""
        if not speech:
            return ()
        import torch

        wave = torch.from_numpy(sound.read()[:1])
        found = _pipeline(self._folder)({"waveform": wave, "sample_rate": sound.rate_hz})
        turns = getattr(found, "speaker_diarization", found)
        return by_first_word((label, turn.start, turn.end) for turn, _, label in turns.itertracks(True))


def by_first_word(turns: Any) -> tuple[Activity, ...]:
    """Turns (label, start, end in seconds, of one speaker not overlapping) as voices in order."""
    spans: dict[str, list[Span]] = {}
    for label, start_s, end_s in sorted(turns, key=lambda turn: turn[1:]):
        spans.setdefault(label, []).append(span(start_s, end_s))
    return tuple(Activity(f"speaker-{n}", tuple(of)) for n, of in enumerate(spans.values()))


@functools.lru_cache(maxsize=1)
def _pipeline(folder: Path) -> Any:
    # pyannote.audio 4 reports how it is used to its makers unless this is set before it is imported.
    os.environ["PYANNOTE_METRICS_ENABLED"] = "false"
    os.environ["HF_HUB_OFFLINE"] = "1"
    from pyannote.audio import Pipeline

    return Pipeline.from_pretrained(folder)
