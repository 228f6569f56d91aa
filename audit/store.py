"""What Comport keeps: interactions, where their observations lie, rubric versions, scorecards, users."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Engine, func, insert, select, update
from sqlalchemy.engine import Connection

from audit import tables as t
from audit.database import open_database
from audit.interactions import Channel, Interaction, Party, Role
from audit.reviews import standing
from audit.rubric import Rubric
from audit.scorecard import Scorecard
from audit.transactions import Transactions, lasting
from models import observations as obs
from models.cutting import before_cut, cut
from models.errors import ComportError
from models.observations import Observations, Observed, Provenance, Recording


class NotStored(ComportError):
    """Something asked for by name is not in the store."""

    def __init__(self, what: str, name: str, remedy: str) -> None:
        super().__init__(what, name, remedy)
        self.what, self.name, self.remedy = what, name, remedy

    def __str__(self) -> str:
        return f"no {self.what} '{self.name}' is stored; {self.remedy}"


class Row(msgspec.Struct, frozen=True):
    """One interaction with its newest score under one rubric, as lists show it."""

    interaction: Interaction
    duration_s: float
    rubric: str
    rubric_version: int
    score: float | None
    """With what people said: the score that stands."""
    machine_score: float | None
    assessed_share: float
    critical_misses: int
    waiting: int
    """Findings that need a person."""
    reviewed: int
    """Findings that have a person's word."""
    judged_at: datetime


def open_store(home: Path, url: str | None = None) -> "Store":
    """The store in a folder, made when it is new; `url` names another database than the SQLite file there.

    Raises:
        StoreUnusable: it cannot be opened, or another version of Comport wrote it.
    """
    return Store(open_database(home, url), home)


class Store(Transactions):
    """Reads and writes; every write is one transaction, so that nothing is ever stored by halves."""

    def __init__(self, engine: Engine, home: Path) -> None:
        super().__init__(engine)
        self.home = home

    @property
    def observations_folder(self) -> Path:
        return self.home / "observations"

    # -- what comes in ---------------------------------------------------------------------------------

    @lasting
    def recording(self, identity: str) -> Recording | None:
        """The recording with this SHA-256, None when it is new."""
        with self.reading() as connection:
            row = connection.execute(select(t.recording).where(t.recording.c.id == identity)).one_or_none()
        if row is None:
            return None
        return _recording(row)

    def known(self, recording: str) -> Callable[[Provenance], Observed | None]:
        """A function that looks up what was perceived in a recording in exactly this way before."""

        def look_up(provenance: Provenance) -> Observed | None:
            ways = (provenance.digest, before_cut(provenance).digest)
            with self.reading() as connection:
                file = connection.execute(
                    select(t.observation.c.file).where(
                        t.observation.c.recording_id == recording,
                        t.observation.c.provenance_digest.in_(ways),
                    )
                ).scalar()
            if file is None:
                return None
            try:
                return cut(obs.load(self.observations_folder / file))
            except obs.ObservationsUnreadable:
                # A damaged file is perceived anew: the recording is the truth, this was only a record of it.
                return None

        return look_up

    @lasting
    def keep(self, interaction: Interaction, observations: Observations, new: Sequence[Observed]) -> bool:
        """Stores an interaction and what is new of its observations: first the files, then their rows.

        Gives whether the facts of the interaction are new or other than before.
        """
        rows = []
        for one in map(cut, new):
            path = obs.save(one, self.observations_folder)
            rows.append(
                {
                    "recording_id": one.recording,
                    "need": one.provenance.need,
                    "provenance_digest": one.provenance.digest,
                    "engine": one.provenance.engine,
                    "file": str(path.relative_to(self.observations_folder)),
                    "made_at": datetime.now(UTC),
                }
            )
        with self.writing() as connection:
            _keep_recording(connection, observations.recording)
            changed_facts = _keep_interaction(connection, interaction, observations.missing)
            for row in rows:
                same = (
                    t.observation.c.recording_id == row["recording_id"],
                    t.observation.c.provenance_digest == row["provenance_digest"],
                )
                changed = connection.execute(update(t.observation).where(*same).values(**row)).rowcount
                if not changed:
                    connection.execute(insert(t.observation).values(**row))
        return changed_facts

    @lasting
    def interaction(self, prefix: str) -> Interaction:
        """The interaction whose id starts with `prefix`, or whose title is it.

        Raises:
            NotStored: none, or more than one, fits.
        """
        column = t.interaction.c
        with self.reading() as connection:
            rows = (
                connection.execute(
                    select(t.interaction).where(column.id.startswith(prefix, autoescape=True)).limit(2)
                ).all()
                or connection.execute(select(t.interaction).where(column.title == prefix).limit(2)).all()
            )
        if len(rows) != 1:
            remedy = "give more letters of its id" if rows else "`comport show` lists what is stored"
            raise NotStored("single interaction" if rows else "interaction", prefix, remedy)
        return _interaction(rows[0])

    def interactions(
        self, channels: Iterable[Channel], *where: ColumnElement[bool]
    ) -> Iterator[tuple[Interaction, Observations | obs.ObservationsUnreadable]]:
        """Every interaction on these channels (`where` this holds of its row) with its newest observations,
        or why they cannot be read."""
        rows, files = self._stored(channels, *where)
        for row in rows:
            try:
                yield _interaction(row), self._gather(row, row.missing, files.get(row.recording_id, {}))
            except obs.ObservationsUnreadable as error:
                yield _interaction(row), error

    @lasting
    def _stored(
        self, channels: Iterable[Channel], *where: ColumnElement[bool]
    ) -> tuple[Sequence[Any], dict[str, dict[str, str]]]:
        """Rows of interactions and their recordings, and each recording's newest file for each need."""
        with self.reading() as connection:
            rows = connection.execute(
                select(t.interaction, t.recording)
                .join(t.recording, t.recording.c.id == t.interaction.c.recording_id)
                .where(t.interaction.c.channel.in_([c.value for c in channels]), *where)
                .order_by(t.interaction.c.id)
            ).all()
            files: dict[str, dict[str, str]] = {}
            for one in connection.execute(
                select(t.observation.c.recording_id, t.observation.c.need, t.observation.c.file).order_by(
                    t.observation.c.made_at
                )
            ):
                files.setdefault(one.recording_id, {})[one.need] = one.file
        return rows, files

    @lasting
    def count(self, channels: Iterable[Channel], *where: ColumnElement[bool]) -> int:
        """How many interactions there are on these channels (`where` this holds of their rows)."""
        query = select(func.count()).where(t.interaction.c.channel.in_([c.value for c in channels]), *where)
        with self.reading() as connection:
            return connection.execute(query.select_from(t.interaction)).scalar_one()

    @lasting
    def observations(self, interaction: Interaction, needs: Collection[str] = obs.PERCEIVED) -> Observations:
        """The newest observations of an interaction, of these needs only."""
        with self.reading() as connection:
            files = connection.execute(
                select(t.observation.c.need, t.observation.c.file)
                .where(t.observation.c.recording_id == interaction.recording)
                .where(t.observation.c.need.in_(needs))
                .order_by(t.observation.c.made_at)
            ).all()
            row = connection.execute(
                select(t.recording, t.interaction.c.missing)
                .join(t.interaction, t.interaction.c.recording_id == t.recording.c.id)
                .where(t.interaction.c.id == interaction.id)
            ).one()
        return self._gather(row, row.missing, {one.need: one.file for one in files})

    def _gather(self, row: Any, missing: str, files: dict[str, str]) -> Observations:
        recording = _recording(row)
        # What an earlier version stored is cut here until `comport upgrade` cuts it where it lies.
        observed = tuple(cut(obs.load(self.observations_folder / files[need])) for need in sorted(files))
        reasons = msgspec.json.decode(missing, type=tuple[tuple[str, str], ...])
        return obs.gather(recording, observed, tuple(r for r in reasons if r[0] not in files))

    # -- what was judged -------------------------------------------------------------------------------

    @lasting
    def keep_rubric(self, rubric: Rubric) -> None:
        """Stores a rubric version, once."""
        with self.writing() as connection:
            if connection.execute(
                select(t.rubric.c.digest).where(t.rubric.c.digest == rubric.digest)
            ).scalar():
                return
            connection.execute(
                insert(t.rubric).values(
                    digest=rubric.digest,
                    name=rubric.rubric,
                    version=rubric.version,
                    title=rubric.title,
                    content=rubric.model_dump_json(),
                    added_at=datetime.now(UTC),
                )
            )

    @lasting
    def rubric(self, digest: str) -> Rubric:
        """The stored rubric version.

        Raises:
            NotStored: there is none with this digest.
        """
        with self.reading() as connection:
            content = connection.execute(
                select(t.rubric.c.content).where(t.rubric.c.digest == digest)
            ).scalar()
        if content is None:
            raise NotStored("rubric", digest[:12], "audit something under it first")
        return Rubric.model_validate_json(content)

    @lasting
    def keep_scorecard(self, card: Scorecard) -> bool:
        """Stores a scorecard as the current one of its interaction and rubric.

        False when just this scorecard is the current one already: then nothing changes. One that was current
        before becomes it again; none is ever overwritten.
        """
        content = obs.to_json(card)
        digest = hashlib.sha256(content).hexdigest()
        rows = t.scorecard.c
        with self.writing() as connection:
            known = connection.execute(
                select(rows.id, rows.current).where(
                    rows.interaction_id == card.interaction, rows.digest == digest
                )
            ).one_or_none()
            if known is not None and known.current:
                return False
            connection.execute(
                update(t.scorecard)
                .where(rows.interaction_id == card.interaction, rows.rubric_name == card.rubric, rows.current)
                .values(current=False)
            )
            stood = standing(connection, card, self.rubric)
            if known is not None:
                again = {"current": True, "judged_at": datetime.now(UTC), **stood}
                connection.execute(update(t.scorecard).where(rows.id == known.id).values(**again))
                return True
            connection.execute(
                insert(t.scorecard).values(
                    interaction_id=card.interaction,
                    rubric_digest=card.rubric_digest,
                    rubric_name=card.rubric,
                    digest=digest,
                    current=True,
                    score=card.score.score,
                    assessed_share=card.score.assessed_share,
                    content=content.decode(),
                    judged_at=datetime.now(UTC),
                    **stood,
                )
            )
        return True

    @lasting
    def scorecards(self, interaction: str) -> tuple[Scorecard, ...]:
        """The current scorecard of an interaction under each rubric, last judged first."""
        query = (
            select(t.scorecard.c.content)
            .where(t.scorecard.c.interaction_id == interaction, t.scorecard.c.current)
            .order_by(t.scorecard.c.judged_at.desc(), t.scorecard.c.id.desc())
        )
        with self.reading() as connection:
            found = connection.execute(query).scalars()
            return tuple(msgspec.json.decode(content, type=Scorecard) for content in found)

    @lasting
    def rows(self, search: str = "", limit: int | None = 100, offset: int = 0) -> tuple[Row, ...]:
        """Interactions with their current score under each rubric, last judged first.

        `search` is looked for in title, agent, customer and branch; without a `limit` all are given.
        """
        query = (
            select(
                t.interaction,
                t.recording.c.duration_s,
                t.scorecard,
                t.rubric.c.version.label("rubric_version"),
            )
            .join(t.scorecard, t.scorecard.c.interaction_id == t.interaction.c.id)
            .join(t.rubric, t.rubric.c.digest == t.scorecard.c.rubric_digest)
            .join(t.recording, t.recording.c.id == t.interaction.c.recording_id)
            .where(t.scorecard.c.current)
            .order_by(t.scorecard.c.judged_at.desc(), t.scorecard.c.id.desc())
            .limit(limit)
            .offset(offset)
        )
        if search:
            columns = (
                t.interaction.c.title,
                t.interaction.c.agent,
                t.interaction.c.customer,
                t.interaction.c.branch,
            )
            found = [column.icontains(search, autoescape=True) for column in columns]
            query = query.where(found[0] | found[1] | found[2] | found[3])
        with self.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(
            Row(
                _interaction(row),
                row.duration_s,
                row.rubric_name,
                row.rubric_version,
                row.standing_score,
                row.score,
                row.assessed_share,
                row.critical_misses,
                row.waiting,
                row.reviewed,
                row.judged_at,
            )
            for row in rows
        )


def _keep_recording(connection: Connection, recording: Recording) -> None:
    if connection.execute(select(t.recording.c.id).where(t.recording.c.id == recording.id)).scalar():
        return
    width_px, height_px = recording.size_px or (None, None)
    connection.execute(
        insert(t.recording).values(
            id=recording.id,
            duration_s=recording.duration_s,
            channels=recording.channels,
            sample_rate_hz=recording.sample_rate_hz,
            codec=recording.codec,
            fps=recording.fps,
            width_px=width_px,
            height_px=height_px,
            caveat=recording.caveat,
        )
    )


def _keep_interaction(
    connection: Connection, interaction: Interaction, missing: tuple[tuple[str, str], ...]
) -> bool:
    """Stores the facts, or brings them up to date; gives whether they are new or other than before."""
    stored = connection.execute(
        select(t.interaction).where(t.interaction.c.id == interaction.id)
    ).one_or_none()
    facts = {
        "channel": interaction.channel.value,
        "title": interaction.title,
        "path": interaction.path,
        "recording_id": interaction.recording,
        "started_at": datetime.fromisoformat(interaction.started_at) if interaction.started_at else None,
        "agent": interaction.agent,
        "customer": interaction.customer,
        "branch": interaction.branch,
        "language": interaction.language,
        "roles": msgspec.json.encode(interaction.roles).decode(),
        "missing": msgspec.json.encode(missing).decode(),
        "team": interaction.team,
        "time_zone": interaction.time_zone,
        "parties": msgspec.json.encode(interaction.parties).decode(),
        "source": interaction.source,
        "source_id": interaction.source_id,
    }
    if stored is None:
        connection.execute(
            insert(t.interaction).values(id=interaction.id, added_at=datetime.now(UTC), **facts)
        )
        return True
    if all(getattr(stored, name) == value for name, value in facts.items()):
        return False
    connection.execute(update(t.interaction).where(t.interaction.c.id == interaction.id).values(**facts))
    return True


def _recording(row: Any) -> Recording:
    size_px = None if row.width_px is None else (row.width_px, row.height_px)
    return Recording(
        row._mapping[t.recording.c.id],
        row.duration_s,
        row.channels,
        row.sample_rate_hz,
        row.codec,
        row.fps,
        size_px,
        row.caveat,
    )


def _interaction(row: Any) -> Interaction:
    values = row._mapping
    return Interaction(
        values[t.interaction.c.id],
        Channel(row.channel),
        row.title,
        row.path,
        row.recording_id,
        row.started_at.isoformat() if row.started_at else None,
        row.agent,
        row.customer,
        row.branch,
        row.language,
        msgspec.json.decode(row.roles, type=tuple[tuple[str, Role], ...]),
        row.team,
        row.time_zone,
        msgspec.json.decode(row.parties, type=tuple[Party, ...]),
        row.source,
        row.source_id,
    )
