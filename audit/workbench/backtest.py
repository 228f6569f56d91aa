"""What another rubric would have said of everything stored: both judge it, nothing is written."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

import msgspec
from sqlalchemy import or_

from audit import tables as t
from audit.interactions import Channel, Interaction, clock
from audit.judge import Finding
from audit.roles import applies
from audit.rubric import Rubric
from audit.scorecard import Scorecard, make_scorecard
from audit.store import Store
from audit.workbench.diff import renamed
from models.errors import ComportError
from models.observations import ObservationsUnreadable

KEPT_PER_FLIP = 20
"""So many interactions of each kind of flip are kept to listen to, however many there are."""


class NothingInCommon(ComportError):
    """Two rubrics that never judge the same interaction."""

    def __init__(self, old: str, new: str) -> None:
        super().__init__(old, new)
        self.old, self.new = old, new

    def __str__(self) -> str:
        return f"nothing to compare: {self.old}, but {self.new}; take two of one language and channel"


class Renamed(msgspec.Struct, frozen=True):
    """A standard that stayed what it was but for its id: it counts as one, under the new id."""

    before: str
    after: str


class Flip(msgspec.Struct, frozen=True):
    """How many verdicts on a standard went from one to another."""

    standard: str
    before: str
    after: str
    times: int


class Moved(msgspec.Struct, frozen=True):
    """Mean scores of `interactions` that both rubrics gave one; `of` is `all`, `branch` or `agent`."""

    of: str
    name: str
    interactions: int
    before: float
    after: float


class Listen(msgspec.Struct, frozen=True):
    """An interaction whose verdict flipped, with the moments to listen to."""

    interaction: str
    title: str
    standard: str
    before: str
    after: str
    moments: tuple[str, ...]
    reason: str


class Backtest(msgspec.Struct, frozen=True):
    """What came of judging everything twice. `unreadable`: observations that cannot be read; `undated` ones
    were left out because nobody knows when they were; `unscored` ones have no score under one of the two and
    are in no mean."""

    old: str
    new: str
    judged: int
    unreadable: int
    undated: int
    unscored: int
    changed: int
    renamed: tuple[Renamed, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    flips: tuple[Flip, ...]
    moved: tuple[Moved, ...]
    listen: tuple[Listen, ...]


def backtest(
    store: Store,
    old: Rubric,
    new: Rubric,
    since: datetime | None = None,
    channels: Iterable[Channel] | None = None,
    most: int = 20,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Backtest:
    """Judges each stored interaction that both rubrics apply to under both, one after the other.

    Only counts and the first few flips of each kind are held, so that a large store takes no more memory.

    Raises:
        NothingInCommon: no interaction can be judged under both.
    """
    both = [c for c in new.applies_to if c in old.applies_to]
    if not both or old.language != new.language:
        raise NothingInCommon(
            *(f"{called(r)} is for {r.language}: {', '.join(r.applies_to)}" for r in (old, new))
        )
    asked_for = tuple(both if channels is None else channels)
    on = [c for c in both if c in asked_for]
    own = t.interaction.c
    asked = () if since is None else (own.started_at >= since,)
    spoken = or_(own.language.is_(None), own.language.in_({old.language} & {new.language}))
    undated = 0 if since is None else store.count(on, own.started_at.is_(None), spoken)
    total, done, judged, unreadable, unscored, changed = store.count(on, *asked), 0, 0, 0, 0, 0
    names = renamed(old, new)
    flips: dict[tuple[str, str, str], int] = {}
    kept: dict[tuple[str, str, str], list[Listen]] = {}
    sums: dict[tuple[str, str], list[float]] = {}
    for interaction, observations in store.interactions(on, *asked):
        done += 1
        progress(done, total)
        if not (applies(old, interaction) and applies(new, interaction)):
            continue
        if isinstance(observations, ObservationsUnreadable):
            unreadable += 1
            continue
        before, after = (make_scorecard(interaction, observations, r) for r in (old, new))
        judged += 1
        unscored += not _add_scores(sums, interaction, before, after)
        found = list(_flips(interaction, before, after, names))
        changed += bool(found)
        for one in found:
            key = (one.standard, one.before, one.after)
            flips[key] = flips.get(key, 0) + 1
            if len(kept.setdefault(key, [])) < KEPT_PER_FLIP:
                kept[key].append(one)
    known = [{names.get(s.id, s.id) for s in old.standards}, {s.id for s in new.standards}]
    order = sorted(flips, key=lambda key: (-flips[key], key))
    turns = itertools.zip_longest(*(kept[key] for key in order))
    return Backtest(
        called(old),
        called(new),
        judged,
        unreadable,
        undated,
        unscored,
        changed,
        tuple(Renamed(*pair) for pair in names.items()),
        tuple(s.id for s in new.standards if s.id not in known[0]),
        tuple(s.id for s in old.standards if names.get(s.id, s.id) not in known[1]),
        tuple(Flip(*key, flips[key]) for key in order),
        tuple(
            Moved(of, name, int(n), round(one / n, 2), round(other / n, 2))
            for (of, name), (n, one, other) in sorted(sums.items())
        ),
        tuple(one for turn in turns for one in turn if one is not None)[:most],
    )


def called(rubric: Rubric) -> str:
    """The rubric with its version and the beginning of its digest: two may have one number."""
    return f"{rubric.rubric}@{rubric.version} ({rubric.digest[:8]})"


def _add_scores(
    sums: dict[tuple[str, str], list[float]], interaction: Interaction, before: Scorecard, after: Scorecard
) -> bool:
    """Whether there are two scores to compare."""
    old, new = before.score.score, after.score.score
    if old is None or new is None:
        return False
    groups = {"all": "", "branch": interaction.branch, "agent": interaction.agent}
    for of, name in groups.items():
        if name is not None:
            total = sums.setdefault((of, name), [0.0, 0.0, 0.0])
            for i, value in enumerate((1.0, old, new)):
                total[i] += value
    return True


def _flips(
    interaction: Interaction, before: Scorecard, after: Scorecard, names: Mapping[str, str]
) -> Iterator[Listen]:
    """Verdicts that differ, `names` being what standards of the one before are called by now."""
    earlier = {names.get(finding.standard, finding.standard): finding for finding in before.findings}
    for finding in after.findings:
        one = earlier.get(finding.standard)
        if one is not None and one.verdict != finding.verdict:
            moments = _moments(finding) or _moments(one)
            yield Listen(
                interaction.id,
                interaction.title,
                finding.standard,
                one.verdict.value,
                finding.verdict.value,
                moments,
                finding.reason,
            )


def _moments(finding: Finding) -> tuple[str, ...]:
    return tuple(dict.fromkeys(clock(e.span.start_s) for e in finding.evidence))[:5]
