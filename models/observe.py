"""Perceives in one recording what a rubric needs, and nothing that is already known."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from models import media, speech
from models.observations import Observations, Observed, Provenance, Recording, gather


@dataclass(frozen=True)
class Listening:
    """How to listen: the recogniser, its model, and the language expected."""

    language: str
    engine: str = "auto"
    whisper: str | None = None


Known = Callable[[Provenance], Observed | None]
Progress = Callable[[float, float], None]
"""Gets seconds done and seconds in all."""


def observe(
    path: Path,
    needs: frozenset[str],
    listening: Listening,
    known: Known = lambda provenance: None,
    recording: Recording | None = None,
    progress: Progress = lambda done_s, all_s: None,
) -> tuple[Observations, tuple[Observed, ...]]:
    """What is perceived in the file, and of that the answers that are new and should be saved.

    `needs` may hold `activity` (when there is speech) and `utterances` (the words).

    A need whose engine or weights are missing is named in `Observations.missing` with the reason.
    `recording` is given when this very file is known already, so that it is not opened without need.

    Raises:
        media.UnreadableMedia: the file cannot be read or decoded.
        speech.EngineMissing, weights.MissingWeights: an engine or model named outright is not here.
    """
    wanted: list[tuple[str, Provenance]] = []
    missing: list[tuple[str, str]] = []
    engine: speech.Engine | None = None
    if needs & {"activity", "utterances"}:
        wanted.append(("activity", speech.activity_provenance()))
    if "utterances" in needs:
        try:
            engine = speech.choose_engine(listening.engine, listening.whisper, listening.language)
            wanted.append(("utterances", speech.utterances_provenance(engine)))
        except speech.EngineMissing as error:
            # What was asked for by name must be there; only what was left open may be missing.
            if listening.engine != "auto" or listening.whisper:
                raise
            missing.append(("utterances", error.line))
    answers = {need: known(provenance) for need, provenance in wanted}
    if recording is not None and all(answers.values()):
        found = tuple(answer for answer in answers.values() if answer)
        return gather(recording, found, tuple(missing)), ()

    recording = media.probe(path)
    decoded = media.decode(path)
    sound = media.distinct(decoded.sound)
    duration_s = round(sound.shape[1] / media.RATE_HZ, 3)
    recording = msgspec.structs.replace(recording, duration_s=duration_s, caveat=decoded.caveat)
    new: list[Observed] = []
    for need, provenance in wanted:
        if answers[need]:
            continue
        if need == "activity":
            answer = Observed(recording.id, provenance, activity=speech.detect_activity(sound))
        else:
            active = answers["activity"]
            if engine is None or active is None or active.activity is None:
                continue
            heard = speech.transcribe(sound, active.activity, engine, listening.language, progress)
            answer = Observed(recording.id, provenance, utterances=heard)
        answers[need] = answer
        new.append(answer)
    found = tuple(answer for answer in answers.values() if answer)
    return gather(recording, found, tuple(missing)), tuple(new)
