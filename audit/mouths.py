"""Who is heard joined to who is seen: by the mouths that move while a voice speaks."""

import itertools
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from models.gaze import heads
from models.observations import BLENDSHAPES, Activity, People, PersonTrack, Span

Array = NDArray[np.float64]

MOVES_S = 1.0
"""A mouth moves as much as it does on average in a second: it also closes while its owner speaks (syllables
come at 4 to 5 Hz, faster than the pictures)."""

TURNED_DEG = 50.0
"""Beyond this the mouth is hidden: of faces turned further a fifth is found, and their jaw hardly moves."""

LEAST_S = 2.0
"""A face must be seen for so long while the voice speaks and while it does not."""

SPEAKS, SPEAKS_SD, CHANCE, CHANCE_SD = 0.85, 0.12, 0.5, 0.1
"""How often a mouth moves more in a moment when its voice speaks than in one when it does not: 0.88 on the
rendered demo (one face). How much that differs from one person to the next, and how much a mouth moves with a
voice that is not its own (while listening, smiling), is our choice."""

UNSEEN_VOICE = 0.25
"""A voice of nobody in the picture is so much less likely than one of somebody in it: our choice, for
recordings in which camera and microphone are at the same place."""

ABSENT = 3.0
"""The logarithm of how much less likely a voice is that of somebody who is never there while it speaks, and
in proportion for parts of its time: our choice."""

LEAST_SURE = 0.6
"""Below this the voice of a person is unknown: our choice, clearly above even odds."""

MOST_PEOPLE, MOST_VOICES = 6, 4
"""So many are compared (those that are seen and heard longest): all ways to join them are tried."""


def voices_of(people: People, activity: Iterable[Activity]) -> dict[str, tuple[str, float]]:
    """Which voice belongs to which person: the track's label → (speaker label, confidence 0..1).

    Each voice belongs to one person at most; the one that is left may be that of the one who is left, whose
    face was not seen. Whoever is missing has no voice that anybody could tell: the mouth moves with none or
    with several voices, several have no face, or the sound is not told apart by speaker.
    """
    voices = [a for a in activity if a.speaker is not None and a.spans]
    voices = sorted(voices, key=lambda a: -sum(s.duration_s for s in a.spans))[:MOST_VOICES]
    tracks = sorted(people.tracks, key=lambda t: -len(t.times_s))[:MOST_PEOPLE]
    if not voices or not tracks:
        return {}
    step_s = float(np.median(np.diff(people.times_s))) if len(people.times_s) > 1 else MOVES_S
    moved = [mouth_movement(people, track) for track in tracks]
    evidence = np.array(
        [
            [0.0, *(_evidence(track, mouth, voice, voices, step_s) for voice in voices)]
            for track, mouth in zip(tracks, moved, strict=True)
        ]
    )
    chance = _joined(evidence)
    found = {}
    for track, shares in zip(tracks, chance, strict=True):
        best = int(np.argmax(shares[1:]))
        label = voices[best].speaker
        if shares[1 + best] >= LEAST_SURE and label is not None:
            found[track.label] = (label, round(float(shares[1 + best]), 3))
    return found


def mouth_movement(people: People, track: PersonTrack) -> Array:
    """How much the mouth moves around each row of the track (n,): the mean change of jawOpen from frame to
    frame within `MOVES_S`; NaN where it cannot be seen."""
    turned = heads(people, track)
    open_ = np.asarray(track.expression[:, BLENDSHAPES.index("jawOpen")], np.float64)
    with np.errstate(invalid="ignore"):
        open_ = np.where(turned.face & (np.abs(turned.yaw_deg) <= TURNED_DEG), open_, np.nan)
    changes = np.abs(np.diff(open_, prepend=np.nan))
    first = np.searchsorted(track.times_s, track.times_s - MOVES_S / 2 - 1e-6)
    after = np.searchsorted(track.times_s, track.times_s + MOVES_S / 2 + 1e-6)
    sums, counts = (
        np.concatenate([[0.0], np.cumsum(values)])
        for values in (np.nan_to_num(changes), np.isfinite(changes))
    )
    known = counts[after] - counts[first]
    return np.where(
        np.isfinite(open_) & (known > 0), (sums[after] - sums[first]) / np.maximum(1, known), np.nan
    )


def _evidence(
    track: PersonTrack, moved: Array, voice: Activity, voices: list[Activity], step_s: float
) -> float:
    """The logarithm of how much likelier the mouth's movement is if this is its voice than if it is not."""
    speaks = _spoken(voice, track.times_s)
    # Who speaks at once with somebody tells nothing about whose voice it is.
    both = sum(_spoken(other, track.times_s).astype(int) for other in voices) > 1
    clear = np.isfinite(moved) & ~(speaks & both)
    during, else_ = moved[clear & speaks], moved[clear & ~speaks]
    seconds = [len(values) * step_s for values in (during, else_)]
    elsewhere = -ABSENT * _absent(track, voice)
    if min(seconds) < LEAST_S:
        return elsewhere
    still = np.sort(else_)
    below, not_above = np.searchsorted(still, during, "left"), np.searchsorted(still, during, "right")
    share = float((below + not_above).mean()) / (2 * len(still))
    # Neighbouring moments are alike: as many count as there are seconds (variance of the rank sum).
    sd = np.sqrt((sum(seconds) / MOVES_S + 1) / (12 * seconds[0] * seconds[1] / MOVES_S**2))
    own, other = (np.hypot(spread, sd) for spread in (SPEAKS_SD, CHANCE_SD))
    return elsewhere + _normal(share, SPEAKS, own) - _normal(share, CHANCE, other)


def _absent(track: PersonTrack, voice: Activity) -> float:
    """The share of the voice's time before the person came and after the person left."""
    there = Span(float(track.times_s[0]), float(track.times_s[-1]))
    spoken_s = sum(s.duration_s for s in voice.spans)
    return 1 - sum((s & there).duration_s for s in voice.spans) / max(0.001, spoken_s)


def _normal(value: float, mean: float, sd: float) -> float:
    return float(-0.5 * ((value - mean) / sd) ** 2 - np.log(sd))


def _spoken(voice: Activity, times_s: Array) -> NDArray[np.bool_]:
    starts, ends = (np.array([getattr(s, edge) for s in voice.spans]) for edge in ("start_s", "end_s"))
    after = np.searchsorted(starts, times_s, side="right") - 1
    return np.asarray((after >= 0) & (times_s < ends[np.maximum(after, 0)]))


def _joined(evidence: Array) -> Array:
    """How likely each person (row) has no voice (column 0) or one of them (the others), each given once."""
    people, choices = evidence.shape
    weights = np.zeros_like(evidence)
    for chosen in itertools.product(range(choices), repeat=people):
        given = [c for c in chosen if c]
        if len(set(given)) < len(given):
            continue
        unseen = choices - 1 - len(given)
        likely = sum(evidence[row, c] for row, c in enumerate(chosen)) + unseen * np.log(UNSEEN_VOICE)
        weights[range(people), chosen] += np.exp(likely)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
