"""Perceives in one recording what a rubric needs, and nothing that is already known."""

from collections.abc import Callable, Iterable
from pathlib import Path

from models.activity import ACTIVITY
from models.cutting import cut, cut_provenance
from models.looks import LOOKS
from models.observations import Observations, Observed, Provenance, Recording, gather
from models.people import PEOPLE
from models.perceiving import Listening, Perceiver, Progress, Source
from models.speech import UTTERANCES
from models.voice import LEVELS

__all__ = ["PERCEIVERS", "Known", "Listening", "Progress", "observe"]

Known = Callable[[Provenance], Observed | None]

PERCEIVERS: tuple[Perceiver, ...] = (ACTIVITY, UTTERANCES, LEVELS, PEOPLE, LOOKS)
"""In an order in which each comes after those it builds upon."""


def observe(
    path: Path,
    needs: frozenset[str],
    listening: Listening,
    known: Known = lambda provenance: None,
    recording: Recording | None = None,
    progress: Progress = lambda done_s, all_s: None,
) -> tuple[Observations, tuple[Observed, ...]]:
    """What is perceived in the file, and of that the answers that are new and should be saved.

    `needs` holds needs of `PERCEIVERS`; those they build upon are answered too. A need whose engine or
    weights are missing is named in `Observations.missing` with the reason. `recording` is given when this
    very file is known already, so that it is not opened without need.

    Raises:
        media.UnreadableMedia: the file cannot be read or decoded.
        speech.EngineMissing, weights.MissingWeights: an engine or model named outright is not here.
    """
    wanted: dict[str, tuple[Perceiver, Provenance]] = {}
    missing: dict[str, str] = {}
    for perceiver in _wanted(needs):
        lacking = next((need for need in perceiver.after if need in missing), None)
        before = {need: wanted[need][1] for need in perceiver.after if need in wanted}
        how = missing[lacking] if lacking else perceiver.provenance(listening, before)
        if isinstance(how, str):
            missing[perceiver.need] = how
        else:
            wanted[perceiver.need] = (perceiver, how)
    source = Source(path, listening, progress=progress)
    for need, (_, provenance) in wanted.items():
        # Words lose card data before they are kept, and what is kept says so.
        answer = known(cut_provenance(provenance) if need == "utterances" else provenance)
        if answer is not None:
            source.answers[need] = answer
    if recording is not None and len(source.answers) == len(wanted):
        return gather(recording, source.answers.values(), tuple(missing.items())), ()
    new: list[Observed] = []
    for need, (perceiver, provenance) in wanted.items():
        if need in source.answers:
            continue
        if lacks := source.lacks(perceiver.of):
            missing[need] = lacks
        else:
            found = cut(Observed(source.recording.id, provenance, **perceiver.perceive(source)))
            source.answers[need] = found
            new.append(found)
    return gather(source.recording, source.answers.values(), tuple(missing.items())), tuple(new)


def _wanted(needs: Iterable[str]) -> list[Perceiver]:
    """The perceivers of these needs and of all that they build upon, in the order of `PERCEIVERS`."""
    wanted = set(needs)
    for perceiver in reversed(PERCEIVERS):
        if perceiver.need in wanted:
            wanted.update(perceiver.after)
    return [perceiver for perceiver in PERCEIVERS if perceiver.need in wanted]
