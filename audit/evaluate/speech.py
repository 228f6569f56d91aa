"""How right what is heard is: words, voices, roles and formulas beside their references (`scripts`)."""

import tempfile
import wave
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from audit.evaluate.scripts import Case, Script, find_cases
from audit.interactions import Channel, Conversation, Interaction, Role, Roles
from audit.roles import converse
from audit.rubric import Rubric
from audit.spans import common
from audit.speakers import Speakers
from models import media
from models.activity import voices
from models.language import tokens_of
from models.observations import Activity, Observations, Span, union
from models.observe import observe
from models.perceiving import Listening, Progress
from models.sound import RATE_HZ, Sound, distinct

COLLAR_S = 0.25
"""Forgiven on each side of a border: NIST's Rich Transcription evaluations."""

CONFUSIONS = 15
"""So many of the words most often taken for others are listed."""

Title = Callable[[str], AbstractContextManager[Progress]]


class Formulas(NamedTuple):
    """Formulas counted by phrase: found where the reference has one, found in all, in the reference."""

    right: int = 0
    found: int = 0
    true: int = 0
    apart_s: tuple[float, ...] = ()
    """How far the start of each right one is from the true one, where the reference has times."""


class Heard(NamedTuple):
    """One case as it was heard."""

    name: str
    words: int = 0
    errors: int = 0
    confused: tuple[tuple[str, str], ...] = ()
    """(reference, heard) of each word taken for another."""
    truth: tuple[Activity, ...] = ()
    voices: tuple[Activity, ...] = ()
    role_right: bool | None = None
    """Whether the agent was told from the customer; None where the reference does not say who is who."""
    formulas: Formulas | None = None


def evaluate_speech(
    folder: Path, rubric: Rubric, engines: Sequence[tuple[str, str | None]], title: Title
) -> dict[str, Any]:
    """The figures of each engine ((name, Whisper model)), and those of the first at the top.

    `wer`; `der` (collar `COLLAR_S`, overlap skipped) and `der_strict` (neither); `role_accuracy`;
    `formula_precision`, `formula_recall`, `formula_f1`, `formula_time_error_s` (median); each None where no
    reference tells.

    Raises:
        NoReferences: the folder has no recording with a reference.
        ComportError: a file cannot be read, or an engine asked for is not here.
    """
    cases = find_cases(folder)
    told: dict[str, Any] = {}
    for engine, whisper in engines:
        heard: list[Heard] = []
        for case in cases:
            with title(case.name) as progress:
                heard += hear(case, rubric, Listening(rubric.language, engine, whisper), progress)
        told[f"{engine} {whisper}" if whisper else engine] = figures(heard)
    return {**next(iter(told.values())), "engines": told}


def hear(case: Case, rubric: Rubric, listening: Listening, progress: Progress) -> Iterator[Heard]:
    """What is heard in the case: as it was recorded, and both parties mixed to one channel."""
    if case.path is not None and case.script is not None:
        yield _compared(case.name, case.path, rubric, listening, progress, case.script)
    sound = _parties(case)
    if sound is not None:
        truth = voices(sound, None)
        script = case.script if case.path is None else None
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "mixed.wav"
            _write(path, sound)
            name, roles = f"{case.name} (mixed)", _roles(case, truth)
            yield _compared(name, path, rubric, listening, progress, script, truth, roles)


def _parties(case: Case) -> Sound | None:
    """The parties as two channels; None where they are not apart."""
    if case.parties is None:
        return None
    sounds = [distinct(media.decode(path).sound) for path in dict.fromkeys(case.parties)]
    if len(sounds) == 1:
        return sounds[0] if sounds[0].channels == 2 else None
    tracks = [sound.read()[0] for sound in sounds]
    both = np.zeros((2, max(map(len, tracks))), np.float32)
    for row, track in zip(both, tracks, strict=True):
        row[: len(track)] = track
    return Sound.of(both)


def _roles(case: Case, truth: tuple[Activity, ...]) -> dict[str, Role]:
    """Who speaks on each channel of the parties that has speech; empty where nobody says who is who."""
    agent = case.agent_channel
    if case.path is None:
        agent = 0
    elif agent is None and case.script is not None:
        said = case.script.observations.utterances or ()
        spoken = union(sorted(u.span for u in said if case.script.roles.get(u.speaker or "") == Role.AGENT))
        left_s, right_s = (_shared_s(active.spans, spoken) for active in truth)
        agent = None if left_s == right_s else int(right_s > left_s)
    if agent is None:
        return {}
    heard = (active.speaker for active in truth if active.spans)
    return {label: Role.AGENT if label == f"channel-{agent}" else Role.CUSTOMER for label in heard if label}


def _shared_s(one: tuple[Span, ...], other: tuple[Span, ...]) -> float:
    return sum(s.duration_s for s in common(one, other))


def _write(path: Path, sound: Sound) -> None:
    mixed = sound.read().sum(axis=0)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes((mixed / max(1.0, np.abs(mixed).max(initial=0.0)) * 32767).astype("<i2").tobytes())


def _compared(
    name: str,
    path: Path,
    rubric: Rubric,
    listening: Listening,
    progress: Progress,
    script: Script | None,
    truth: tuple[Activity, ...] = (),
    roles: Mapping[str, Role] = MappingProxyType({}),
) -> Heard:
    """One recording beside its script, or beside who speaks when in truth (`roles` says who that is)."""
    observations, _ = observe(path, frozenset({"activity", "utterances"}), listening, progress=progress)
    # Who is who is found as if nothing were known of the recording.
    facts = Interaction("", Channel.CALL, name, str(path), "", language=rubric.language)
    talk = converse(facts, observations, rubric)
    heard = Heard(name, truth=truth, voices=observations.activity or ())
    if observations.utterances is None:
        return heard
    owners = {a.speaker: roles.get(_by_time(a.spans, truth)) for a in heard.voices if roles}
    if script is not None:
        words, owners_by_words = compare_words(script, observations, rubric.language)
        owners, roles = (owners, roles) if roles else (owners_by_words, script.roles)
        heard = heard._replace(**words, formulas=compare_formulas(script, talk, rubric))
    if set(roles.values()) >= PARTIES:
        heard = heard._replace(role_right=_right(dict(talk.roles.of), owners))
    return heard


PARTIES = frozenset({Role.AGENT, Role.CUSTOMER})


def _right(given: Mapping[str, Role], owners: Mapping[str | None, Role | None]) -> bool:
    """Whether both parties have a voice of their own, and only the agent's was taken for the agent's."""
    agents = {owners.get(label) for label, role in given.items() if role == Role.AGENT}
    return set(owners.values()) >= PARTIES and agents == {Role.AGENT}


def _by_time(spans: tuple[Span, ...], truth: tuple[Activity, ...]) -> str:
    """Who in truth speaks most of the time of these spans, empty for nobody."""
    shared_s = {active.speaker or "": _shared_s(spans, active.spans) for active in truth}
    best = max(shared_s, key=lambda label: shared_s[label], default="")
    return best if shared_s.get(best) else ""


def compare_words(
    script: Script, heard: Observations, language: str
) -> tuple[dict[str, Any], dict[str | None, Role | None]]:
    """Counts for `Heard`, and whose words in the script each speaker label mostly said."""
    import jiwer

    true = [
        (form, script.roles.get(u.speaker or ""))
        for u in script.observations.utterances or ()
        for form in tokens_of(u.text, language)
    ]
    heard_words = [(w, u.speaker) for u in heard.utterances or () for w in u.words]
    heard_words.sort(key=lambda one: one[0].span.start_s)
    said = [(form, speaker) for word, speaker in heard_words for form in tokens_of(word.text, language)]
    if not true:
        return {}, {}
    one, other = (" ".join(form for form, _ in words) for words in (true, said))
    compared = jiwer.process_words([one], [other])
    confused: list[tuple[str, str]] = []
    votes: dict[str | None, Counter[Role | None]] = {}
    for chunk in compared.alignments[0]:
        ours = range(chunk.hyp_start_idx, chunk.hyp_end_idx)
        for reference, heard_at in zip(range(chunk.ref_start_idx, chunk.ref_end_idx), ours, strict=False):
            (form, role), (as_heard, speaker) = true[reference], said[heard_at]
            if chunk.type == "substitute":
                confused.append((form, as_heard))
            else:
                votes.setdefault(speaker, Counter())[role] += 1
    owners = {label: count.most_common(1)[0][0] for label, count in votes.items()}
    errors = compared.substitutions + compared.deletions + compared.insertions
    return {"words": len(true), "errors": errors, "confused": tuple(confused)}, owners


def compare_formulas(script: Script, talk: Conversation, rubric: Rubric) -> Formulas:
    """The formulas that agents have to say, as found in what was heard, beside those in the exact words."""
    known = Roles(tuple(script.roles.items()), "", 1.0)
    speakers = Speakers(Channel.CALL, script.observations, rubric.finder)
    exact = Conversation(Channel.CALL, script.observations, known, speakers)
    right = found = true = 0
    apart_s: list[float] = []
    for phrase in sorted(
        {p for s in rubric.standards if s.say and s.party == Role.AGENT for p in s.say.phrases}
    ):
        ours = talk.said(phrase, Role.AGENT if talk.roles.of else Role.ANYONE)
        theirs = exact.said(phrase, Role.AGENT if script.roles else Role.ANYONE)
        right, found, true = right + min(len(ours), len(theirs)), found + len(ours), true + len(theirs)
        if script.timed and len(ours) == len(theirs):
            apart_s += [abs(a.span.start_s - b.span.start_s) for a, b in zip(ours, theirs, strict=True)]
    return Formulas(right, found, true, tuple(apart_s))


def figures(heard: Sequence[Heard]) -> dict[str, Any]:
    """What all cases say together; None where there is nothing to say."""
    words = sum(h.words for h in heard)
    formulas = [h.formulas for h in heard if h.formulas]
    right, found, true = (
        (sum(counts) for counts in zip(*(f[:3] for f in formulas), strict=True)) if formulas else (0, 0, 0)
    )
    roles = [h.role_right for h in heard if h.role_right is not None]
    apart_s = [s for f in formulas for s in f.apart_s]
    der, strict = _error_rates(heard)
    confused = Counter(pair for h in heard for pair in h.confused)
    return {
        "wer": _share(sum(h.errors for h in heard), words),
        "der": der,
        "der_strict": strict,
        "role_accuracy": _share(sum(roles), len(roles)),
        "formula_precision": _share(right, found),
        "formula_recall": _share(right, true),
        "formula_f1": _share(2 * right, found + true),
        "formula_time_error_s": round(float(np.median(apart_s)), 3) if apart_s else None,
        "words": words,
        "recordings": len(heard),
        "confusions": [[*pair, times] for pair, times in confused.most_common(CONFUSIONS)],
        "cases": [_row(h) for h in heard],
    }


def _row(heard: Heard) -> dict[str, Any]:
    der, strict = _error_rates([heard])
    f = heard.formulas or Formulas()
    return {
        "name": heard.name,
        "wer": _share(heard.errors, heard.words),
        "der": der,
        "der_strict": strict,
        "role_right": heard.role_right,
        "formula_f1": _share(2 * f.right, f.found + f.true),
    }


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def _error_rates(heard: Sequence[Heard]) -> tuple[float | None, float | None]:
    """Diarization error of all mixes together: with a collar and without overlap, and with neither."""
    from pyannote.core import Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    mixes = [h for h in heard if any(voice.spans for voice in h.truth)]
    if not mixes:
        return None, None
    rates = []
    # The library's collar is the whole width around a border.
    for collar_s, skip_overlap in ((2 * COLLAR_S, True), (0.0, False)):
        rate = DiarizationErrorRate(collar=collar_s, skip_overlap=skip_overlap)
        for h in mixes:
            ends_s = [s.end_s for a in (*h.truth, *h.voices) for s in a.spans]
            rate(
                _annotation(h.truth),
                _annotation(h.voices),
                uem=Timeline([Segment(0, max(ends_s, default=1.0))]),
            )
        rates.append(round(float(abs(rate)), 4))
    return rates[0], rates[1]


def _annotation(voices: tuple[Activity, ...]) -> Any:
    from pyannote.core import Annotation, Segment

    found = Annotation()
    for voice in voices:
        for number, s in enumerate(voice.spans):
            found[Segment(s.start_s, s.end_s), f"{voice.speaker} {number}"] = voice.speaker or "unknown"
    return found
