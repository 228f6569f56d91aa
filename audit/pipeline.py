"""The main job: a file comes in, is perceived once, judged, and kept."""

import contextlib
import dataclasses
import functools
import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from audit.arrivals import Arrival
from audit.confidence import SUFFIX as CURVE
from audit.enclosed import placed
from audit.intake import FACTS_SUFFIX, take_in
from audit.interactions import Interaction
from audit.originals import keep_original
from audit.roles import applies
from audit.rubric import Rubric
from audit.rubricfile import load_rubric
from audit.scorecard import Scorecard, make_scorecard
from audit.speakers import is_recognised
from audit.store import NotStored, Ready, Store
from models.camera import Camera
from models.errors import ComportError
from models.observations import (
    PERCEIVED,
    Observations,
    ObservationsUnreadable,
    Observed,
    spoken_language,
    to_json,
)
from models.observe import Listening, observe
from models.perceiving import Looking

PACKS = Path(__file__).parent.parent / "rubrics"
"""The rubrics that come with Comport."""

RESCORE_BATCH = 100
"""Scorecards written in one transaction: few enough to lose little, enough to write fast."""


class NoRubricApplies(ComportError):
    """None of the rubrics is meant for the channel and language of an interaction."""

    def __init__(self, path: str, channel: str, language: str | None, rubrics: tuple[str, ...]) -> None:
        super().__init__(path, channel, language, rubrics)
        self.path, self.channel, self.language, self.rubrics = path, channel, language, rubrics

    def __str__(self) -> str:
        what = f"{self.channel} in {self.language}" if self.language else self.channel
        facts = Path(self.path).with_suffix(FACTS_SUFFIX).name
        return (
            f"{self.path}: {'an' if what[0] in 'aei' else 'a'} {what}, but no rubric given "
            f"applies to it ({', '.join(self.rubrics)}); add one with --rubric, see: comport rubric list; "
            f"if it is something else, say so beside it, in {facts}, for example: channel: in_person"
        )


class UnknownRubric(ComportError):
    """A rubric that is neither a YAML file nor a pack."""

    def __init__(self, name: str, packs: tuple[str, ...]) -> None:
        super().__init__(name, packs)
        self.name, self.packs = name, packs

    def __str__(self) -> str:
        packs = ", ".join(self.packs)
        return f"no rubric '{self.name[:80]}'; give a file ending in .yaml, or one of the packs {packs}"


@dataclass(frozen=True)
class Audited:
    """One interaction with its scorecards.

    `new`: something was perceived or judged that was not stored before; `facts_changed`: a known interaction
    has another title, place, agent… than before.
    """

    interaction: Interaction
    observations: Observations
    scorecards: tuple[Scorecard, ...]
    new: bool
    facts_changed: bool = False


def pack_names() -> tuple[str, ...]:
    """The names of the rubrics that come with Comport."""
    return tuple(sorted(p.stem for p in PACKS.glob("*.yaml") if not p.name.endswith(CURVE)))


def find_rubric(name: str) -> Rubric:
    """The rubric in a file, or the pack of this name.

    Raises:
        UnknownRubric: there is no such file or pack.
        yamlfile.BadFile: it has problems.
    """
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return load_rubric(path)
    if name in pack_names():
        return _pack(PACKS / f"{name}.yaml")
    raise UnknownRubric(name, pack_names())


@functools.cache
def _pack(path: Path) -> Rubric:
    """A pack, read once: it belongs to the program and stays as it is while that runs."""
    return load_rubric(path)


def audit_file(
    path: Path,
    rubrics: Sequence[Rubric],
    store: Store | None = None,
    engine: str = "auto",
    whisper: str | None = None,
    progress: Callable[[float, float], None] = lambda done_s, all_s: None,
    camera: Camera | None = None,
) -> Audited:
    """Takes in, perceives, judges and (with a store) keeps a file that holds one interaction.

    Raises:
        ComportError: the file cannot be taken in, read, or kept; nothing of it is then stored by halves.
    """
    return audit_arrival(take_in(path), rubrics, store, engine, whisper, progress, camera)


def audit_arrival(
    arrival: Arrival,
    rubrics: Sequence[Rubric],
    store: Store | None = None,
    engine: str = "auto",
    whisper: str | None = None,
    progress: Callable[[float, float], None] = lambda done_s, all_s: None,
    camera: Camera | None = None,
) -> Audited:
    """Perceives, judges and (with a store) keeps one interaction; what is known is not done again.

    `progress` gets the seconds heard or seen, and to hear or see. `camera` took the videos; without it
    distances are less sure.

    Raises:
        ComportError: it cannot be perceived or kept; nothing of it is then stored by halves.
    """
    one = judge_arrival(arrival, rubrics, store, engine, whisper, progress, camera)
    if store is None:
        return Audited(one.arrival.interaction, one.observations, one.cards, True)
    ((changed, fresh),) = store.again(lambda: keep_judged(store, [one]))
    return Audited(one.arrival.interaction, one.observations, one.cards, bool(one.new) or fresh, changed)


@dataclass(frozen=True)
class Judged:
    """An interaction that is judged and not kept yet.

    With a store it is `ready` to be kept: its observations are files, and `contents` its scorecards as JSON.
    """

    arrival: Arrival
    observations: Observations
    new: tuple[Observed, ...]
    rubrics: tuple[Rubric, ...]
    cards: tuple[Scorecard, ...]
    ready: Ready | None = None
    contents: tuple[bytes, ...] = ()


def judge_arrival(
    arrival: Arrival,
    rubrics: Sequence[Rubric],
    store: Store | None,
    engine: str = "auto",
    whisper: str | None = None,
    progress: Callable[[float, float], None] = lambda done_s, all_s: None,
    camera: Camera | None = None,
) -> Judged:
    """Perceives and judges one interaction as `audit_arrival` does; `keep_judged` keeps it.

    Raises:
        ComportError: it cannot be perceived.
    """
    with placed(arrival, store) as one:
        judged = _judge(one, rubrics, store, engine, whisper, progress, camera)
    if store is None:
        return judged
    ready = store.ready(judged.arrival.interaction, judged.observations, judged.new)
    return dataclasses.replace(judged, ready=ready, contents=tuple(map(to_json, judged.cards)))


def _judge(
    arrival: Arrival,
    rubrics: Sequence[Rubric],
    store: Store | None,
    engine: str,
    whisper: str | None,
    progress: Callable[[float, float], None],
    camera: Camera | None,
) -> Judged:
    # One that is given twice judges once.
    fitting = tuple({r.digest: r for r in rubrics if applies(r, arrival.interaction)}.values())
    if not fitting:
        facts = arrival.interaction
        given = tuple(f"{r.rubric} ({r.language}: {', '.join(r.applies_to)})" for r in rubrics)
        raise NoRubricApplies(str(arrival.path), facts.channel, facts.language, given)
    # What is spoken is known, or expected in the language of the first rubric until it is heard.
    known, expected = arrival.interaction.language, fitting[0].language
    hotwords = tuple(dict.fromkeys(name for r in fitting for name in r.names))
    # Of people no more is kept than what the pictures of a rubric are compared with.
    parts = {part for r in fitting if r.lookbook for part in r.lookbook.parts}
    looking = Looking(camera=camera, parts=tuple(sorted(parts)))
    listening = Listening(known or expected, engine, whisper, known is not None, hotwords, looking)
    needs = frozenset[str]().union(*(r.needs for r in fitting))
    observations, new = _perceive(arrival, needs, listening, store, progress)
    language = known or spoken_language(observations) or expected
    # Where no rubric is meant for what is spoken, the expected one says so.
    fitting = tuple(r for r in fitting if r.language == language) or fitting[:1]
    named = msgspec.structs.replace(arrival.interaction, language=language)
    arrival = msgspec.structs.replace(arrival, interaction=named)
    cards = tuple(make_scorecard(arrival.interaction, observations, r) for r in fitting)
    return Judged(arrival, observations, new, fitting, cards)


def keep_judged(store: Store, judged: Sequence[Judged]) -> list[tuple[bool, bool]]:
    """Keeps all of these interactions or nothing, in few statements; no interaction may come twice.

    Gives of each whether its facts, and whether any of its scorecards, are new.
    """
    fresh = [False] * len(judged)
    under: dict[tuple[str, str], list[tuple[int, Scorecard, bytes]]] = {}
    for number, one in enumerate(judged):
        for card, content in zip(one.cards, one.contents, strict=True):
            under.setdefault((card.rubric, card.rubric_digest), []).append((number, card, content))
    with store.writing():
        changed = store.keep_all([one.ready for one in judged if one.ready])
        for one in judged:
            keep_original(store, one.arrival.interaction.id, one.arrival.original)
        for rubric in {rubric.digest: rubric for one in judged for rubric in one.rubrics}.values():
            store.keep_rubric(rubric)
        for cards in under.values():
            new = store.keep_scorecards([card for _, card, _ in cards], [content for *_, content in cards])
            for (number, *_), is_new in zip(cards, new, strict=True):
                fresh[number] |= is_new
    return list(zip(changed, fresh, strict=True))


UNHEARD = "nobody has listened or looked yet; audit the recording"


def register(arrival: Arrival, store: Store) -> bool:
    """Keeps an interaction that is not judged yet; gives whether it is new.

    Raises:
        ComportError: it cannot be read or kept; nothing of it is then stored by halves.
    """
    one, new = registered(arrival, store)
    store.again(lambda: keep_judged(store, [one]))
    return new


def registered(arrival: Arrival, store: Store) -> tuple[Judged, bool]:
    """An interaction that nobody judges, ready for `keep_judged`, and whether it is new: the words that it
    came with, of a recording what it is; of a known one only the facts.

    Raises:
        ComportError: it cannot be read.
    """
    with placed(arrival, store) as one:
        about = one.interaction
        try:
            stored = store.interaction(about.id)
        except NotStored:
            new = True
            listening = Listening(about.language or "en")
            observations, fresh = _perceive(one, frozenset(), listening, store, lambda done_s, all_s: None)
            if one.observations is None:
                unheard = tuple((need, UNHEARD) for need in PERCEIVED)
                observations = msgspec.structs.replace(observations, missing=unheard)
        else:
            new = False
            observations, fresh = store.observations(stored), ()
            about = msgspec.structs.replace(about, language=about.language or stored.language)
        # That of a known one is there, or its keep time is over.
        kept = msgspec.structs.replace(one, interaction=about, original=one.original if new else None)
        ready = store.ready(about, observations, fresh)
        return Judged(kept, observations, fresh, (), (), ready), new


def _perceive(
    arrival: Arrival,
    needs: frozenset[str],
    listening: Listening,
    store: Store | None,
    progress: Callable[[float, float], None],
) -> tuple[Observations, tuple[Observed, ...]]:
    identity = arrival.interaction.recording
    known = store.known(identity) if store else lambda provenance: None
    if arrival.observations is None:
        recording = store.recording(identity) if store else None
        return observe(arrival.path, needs, listening, known, recording, progress)
    parts = arrival.observations
    new = []
    for provenance in parts.provenance:
        if known(provenance) is None:
            words = parts.utterances if provenance.need == "utterances" else None
            activity = parts.activity if provenance.need == "activity" else None
            gone = parts.cut if provenance.need == "utterances" else ()
            new.append(Observed(identity, provenance, words, activity, cut=gone))
    return parts, tuple(new)


@dataclass(frozen=True)
class Rescored:
    """One interaction judged again: its scorecard, and whether it is now another one than before.

    Instead of the card stands why it could not be judged; the one stored before then stays as it is.
    """

    interaction: Interaction
    card: Scorecard | ObservationsUnreadable
    new: bool


def rescore(store: Store, rubric: Rubric) -> Iterator[Rescored]:
    """Judges every stored interaction the rubric applies to, from its observations alone.

    Each batch of `RESCORE_BATCH` is stored in one transaction before its results are given out.
    """
    store.keep_rubric(rubric)
    _ = rubric.finder
    with _older_set_aside():
        yield from _rescore(store, rubric)


@contextlib.contextmanager
def _older_set_aside() -> Iterator[None]:
    """Inside, the collector of garbage does not look through what there was before, such as the phrases of a
    rubric, again and again: a tenth of the time of judging (our measurement, bench/judge.py)."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _rescore(store: Store, rubric: Rubric) -> Iterator[Rescored]:
    batch: list[tuple[Interaction, Scorecard]] = []

    def keep() -> list[Rescored]:
        new = store.keep_scorecards([card for _, card in batch])
        return [Rescored(i, card, fresh) for (i, card), fresh in zip(batch, new, strict=True)]

    stored = store.interactions(rubric.applies_to)
    for some in _together(one for one in stored if applies(rubric, one[0])):
        readable = [o for _, o in some if not isinstance(o, ObservationsUnreadable) and is_recognised(o)]
        rubric.finder.learn(w.text for o in readable for u in o.utterances or () for w in u.words)
        for interaction, observations in some:
            if isinstance(observations, ObservationsUnreadable):
                yield Rescored(interaction, observations, False)
                continue
            batch.append((interaction, make_scorecard(interaction, observations, rubric)))
            if len(batch) == RESCORE_BATCH:
                yield from store.again(keep)
                batch.clear()
    if batch:
        yield from store.again(keep)


WORDS_TOGETHER = 20_000
"""So many words of stored interactions are read before they are judged, about two hours of talk and 6 MB:
what is new among them is learnt at once. Our measurement (not kept as a bench): for 28 calls together it
takes a third of the time that it takes one by one."""

Stored = tuple[Interaction, Observations | ObservationsUnreadable]


def _together(stored: Iterable[Stored]) -> Iterator[list[Stored]]:
    """Interactions in bundles of `WORDS_TOGETHER`, and of `RESCORE_BATCH` where few words are said; one with
    pictures, which are large, ends a bundle."""
    some: list[Stored] = []
    words = 0
    for interaction, observations in stored:
        some.append((interaction, observations))
        large = False
        if not isinstance(observations, ObservationsUnreadable):
            words += sum(len(u.words) for u in observations.utterances or ())
            large = observations.people is not None
        if large or words >= WORDS_TOGETHER or len(some) == RESCORE_BATCH:
            yield some
            some, words = [], 0
    if some:
        yield some
