"""How long what is kept: for each channel, media, transcripts, observations and scorecards, in days."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import yaml
from pydantic import BeforeValidator
from sqlalchemy import Select, delete, func, select, update

from audit import tables as t
from audit import yamlfile
from audit.auditlog import Action, write
from audit.copies import forget, kept
from audit.enclosed import ENCLOSED
from audit.erasing import Erased, erase, of_interactions
from audit.holds import held
from audit.indexing import keep_words, words_of
from audit.intake import RECORDING_SUFFIXES
from audit.interactions import Channel, Interaction
from audit.originals import together
from audit.records import interaction_of
from audit.store import Store
from audit.uploads import uploads_folder
from models.observations import write_whole

NAME = "retention.yaml"

KINDS = ("media", "transcripts", "observations", "scorecards")

MOST_DAYS = 99_999
"""As many as five digits write."""

_UNITS = {"day": 1, "week": 7, "month": 31, "year": 366}
"""Days: of months and years the longest, so that nothing goes early."""

OVER = "its keep time is over"
"""Why there is nothing any more."""

WORDS = ("utterances",)
"""Needs whose observations are the words; all others are `observations`."""


def days(written: object) -> object:
    """Days of `90 days`, `2 weeks`, `6 months`, `1 year`; None of `forever`."""
    if written == "forever":
        return None
    found = re.fullmatch(r"(\d{1,5}) (day|week|month|year)s?", str(written))
    if not found:
        raise ValueError("expected a time such as 90 days, 6 months or 1 year, or forever")
    return int(found[1]) * _UNITS[found[2]]


Days = Annotated[int | None, BeforeValidator(days)]


class Times(yamlfile.Checked):
    """How long each kind is kept, in days; None: for ever."""

    media: Days = None
    transcripts: Days = None
    observations: Days = None
    scorecards: Days = None


class Retention(yamlfile.Checked):
    """The file: times for every channel, and other ones for some."""

    every: Times = Times()
    keep_sums: bool = False
    """Whether scores of what is erased go on counting in sums, without anybody."""
    call: Times | None = None
    video: Times | None = None
    in_person: Times | None = None
    chat: Times | None = None
    email: Times | None = None
    social: Times | None = None

    def of(self, channel: Channel) -> Times:
        """The times of a channel: what it does not say is said for every one."""
        own: Times | None = getattr(self, channel.value)
        if own is None:
            return self.every
        return self.every.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


class Due(NamedTuple):
    """Something whose time is over."""

    kind: str
    interaction: Interaction
    age_days: int


class Counted(msgspec.Struct, frozen=True):
    """What the next run would remove: interactions by kind, and how many of them a hold keeps."""

    removed: dict[str, int]
    held: int


class Applied(NamedTuple):
    """How many interactions lost each kind, and how many are over time and held."""

    removed: dict[str, int]
    held: int
    erased: Erased | None


def read_retention(path: Path) -> Retention:
    """The keep times in a file; without a file everything is kept.

    Raises:
        BadFile: it has problems.
    """
    if not path.exists():
        return Retention()
    document = yamlfile.read_document(path)
    found = yamlfile.check(document, Retention)
    document.raise_problems()
    return found or Retention()


def times_of(of: Mapping[Channel, Mapping[str, int | None]], keep_sums: bool = False) -> Retention:
    """Keep times of these days of each kind, None for ever; nothing is written."""
    own = {channel.value: {kind: _written(of[channel][kind]) for kind in KINDS} for channel in Channel}
    return Retention.model_validate(own | {"keep_sums": keep_sums})


def keep_times(store: Store, of: Mapping[Channel, Mapping[str, int | None]]) -> Retention:
    """Writes these times (days of each kind, None for ever) into the home's `retention.yaml`, and gives them.

    What all channels have in common stands under `every`. What else an earlier file says stays, its comments
    are lost.

    Raises:
        BadFile: the earlier file has problems.
        ObservationsUnsaved: the home folder cannot be written.
    """
    common = {
        kind: times.pop() for kind in KINDS if len(times := {of[channel][kind] for channel in Channel}) == 1
    }
    own = {
        channel.value: {kind: _written(of[channel][kind]) for kind in KINDS if kind not in common}
        for channel in Channel
        if len(common) < len(KINDS)
    }
    every = {kind: _written(times) for kind, times in common.items()}
    lines = {
        name: yaml.safe_dump(times, sort_keys=False, default_flow_style=True, width=200).strip()
        for name, times in (({"every": every} if every else {}) | own).items()
    }
    with store.writing() as connection:
        if read_retention(store.home / NAME).keep_sums:
            lines["keep_sums"] = "true"
        text = "".join(f"{name}: {told}\n" for name, told in lines.items())
        # What is written stands in the log, or is not written.
        write(connection, Action.KEEP_TIMES, NAME, **lines)
        write_whole(store.home / NAME, text.encode())
    return read_retention(store.home / NAME)


def _written(days: int | None) -> str:
    return "forever" if days is None else "1 day" if days == 1 else f"{days} days"


def count_due(store: Store, times: Retention) -> Counted:
    """What the next run would remove; nothing is removed.

    Raises:
        Held: the customer of a hold is not found any more, so that nothing would be removed.
    """
    over = list(due(store, times))
    kept = held(store, {one.interaction.id for one in over})
    removed = Counter(one.kind for one in over if one.interaction.id not in kept)
    return Counted(dict(removed), len({one.interaction.id for one in over} & kept.keys()))


def due(store: Store, times: Retention, now: datetime | None = None) -> Iterator[Due]:
    """What is over time and still there; an age is counted from when a conversation began, where nobody knows
    that from when it was taken in. What is held is among it.
    """
    now = now or datetime.now(UTC)
    row = t.interaction.c
    began = func.coalesce(row.started_at, row.added_at)
    for channel in Channel:
        keep = times.of(channel)
        least = min((d for kind in KINDS if (d := getattr(keep, kind)) is not None), default=None)
        if least is None:
            continue
        old = select(t.interaction).where(row.channel == channel.value, began < now - timedelta(days=least))
        with store.reading() as connection:
            found = connection.execute(old.order_by(row.id)).all()
        for one in found:
            age_days = (now - (one.started_at or one.added_at)).days
            about = interaction_of(one)
            over = [k for k in KINDS if (d := getattr(keep, k)) is not None and age_days >= d]
            # With its scorecards all of an interaction goes.
            for kind in ["scorecards"] if "scorecards" in over else over:
                if kind == "scorecards" or _there(store, about, kind):
                    yield Due(kind, about, age_days)


def _there(store: Store, one: Interaction, kind: str) -> bool:
    """Whether there is something of this kind."""
    if kind == "media":
        return bool(_media(store, one))
    with store.reading() as connection:
        if connection.execute(_observations(one, kind).limit(1)).first() is not None:
            return True
        # A document may lie there without words that were heard in it, or have come in again.
        document = select(t.original.c.interaction_id).where(t.original.c.interaction_id == one.id)
        return kind == "transcripts" and connection.execute(document).first() is not None


def _observations(one: Interaction, kind: str) -> Select[tuple[str]]:
    row = t.observation.c
    needs = row.need.in_(WORDS) if kind == "transcripts" else row.need.not_in(WORDS)
    return select(row.file).where(row.recording_id == one.recording, needs)


def apply_retention(store: Store, times: Retention, now: datetime | None = None) -> Applied:
    """Removes what is over time and not held.

    Raises:
        Held: the customer of a hold is not found any more; then nothing is removed.
    """
    over = list(due(store, times, now))
    kept = held(store, {one.interaction.id for one in over})
    free = [one for one in over if one.interaction.id not in kept]
    removed: dict[str, int] = {}
    for one in free:
        removed[one.kind] = removed.get(one.kind, 0) + 1
        if one.kind == "media":
            _remove_media(store, one.interaction)
        elif one.kind != "scorecards":
            store.again(lambda one=one: _remove_observed(store, one.interaction, one.kind))  # type: ignore[misc]
    whole = [one.interaction.id for one in free if one.kind == "scorecards"]
    erased = None
    if whole:
        asked = of_interactions(store, whole)
        erased = erase(store, msgspec.structs.replace(asked, keep_sums=times.keep_sums))
    return Applied(removed, len({one.interaction.id for one in over} & kept.keys()), erased)


def _media(store: Store, one: Interaction) -> list[Path]:
    """The files in the home that hold what was heard or seen: a recording that came inside of a document or
    over the network, and copies and curves of any. Recordings that lie elsewhere are not Comport's."""
    path, home = Path(one.path), store.home.resolve()
    enclosed = path.is_relative_to(home / ENCLOSED)
    brought = path.is_relative_to(uploads_folder(store).resolve())
    recording = (enclosed or (brought and path.suffix.lower() in RECORDING_SUFFIXES)) and path.exists()
    outlines = (home / "peaks" / one.recording[:2]).glob(f"{one.recording}.*")
    copies = [*kept(store, one.recording), *outlines]
    return [path, *copies] if recording else copies


def _remove_media(store: Store, one: Interaction) -> None:
    forget(store, [one.recording])
    for file in _media(store, one):
        file.unlink(missing_ok=True)


def _remove_observed(store: Store, one: Interaction, kind: str) -> None:
    """Removes words or all else that was perceived; with the words the index and the document go."""
    row = t.observation.c
    with store.writing() as connection:
        files = connection.execute(_observations(one, kind)).scalars().all()
        for name in files:
            (store.observations_folder / str(name)).unlink(missing_ok=True)
        needs = select(row.need).where(row.file.in_(files)).distinct()
        over = [(need, OVER) for need in connection.execute(needs).scalars()]
        connection.execute(delete(t.observation).where(row.file.in_(files)))
        told = connection.execute(
            select(t.interaction.c.missing).where(t.interaction.c.id == one.id)
        ).scalar_one()
        missing = [m for m in msgspec.json.decode(told) if m[0] not in dict(over)]
        values = {"missing": msgspec.json.encode([*missing, *over]).decode()}
        connection.execute(update(t.interaction).where(t.interaction.c.id == one.id).values(**values))
        if kind == "transcripts":
            # It is still found by its facts.
            keep_words(connection, {one.id: words_of(one, ())})
            # A document that several came in is kept whole by each.
            ids = [other.id for other in together(store, one)]
            connection.execute(delete(t.original).where(t.original.c.interaction_id.in_(ids)))
            connection.execute(delete(t.mention).where(t.mention.c.interaction_id == one.id))
