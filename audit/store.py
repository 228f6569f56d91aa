"""What Comport keeps: interactions, where their observations lie, rubric versions, scorecards, users."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, func, insert, select, update

from audit import tables as t
from audit.database import open_database
from audit.indexing import keep_words, words_of
from audit.interactions import Channel, Interaction
from audit.joining import People, keep_people, people_of
from audit.mailing import tell
from audit.records import interaction_of, keep_interactions, keep_observed, keep_recordings, recording_of
from audit.reviews import all_standing
from audit.rubric import Rubric
from audit.scope import EVERYTHING, Scope
from audit.scorecard import Scorecard
from audit.searching import Row, Wanted, find
from audit.tallies import outdate
from audit.transactions import Transactions, lasting
from audit.webhooks import announce_judged
from models import observations as obs
from models.cutting import before_cut, cut, cut_words
from models.errors import ComportError
from models.observations import Observations, Observed, Provenance, Recording, Utterance


class NotStored(ComportError):
    """Something asked for by name is not in the store."""

    def __init__(self, what: str, name: str, remedy: str) -> None:
        super().__init__(what, name, remedy)
        self.what, self.name, self.remedy = what, name, remedy

    def __str__(self) -> str:
        return f"no {self.what} '{self.name}' is stored; {self.remedy}"


class Ready(NamedTuple):
    """An interaction as it is kept: its rows of observation files that are written, and (None where nobody
    has to tell anew) who took part, and the words that the index has."""

    interaction: Interaction
    observations: Observations
    rows: tuple[dict[str, Any], ...]
    people: People | None
    words: str


def open_store(home: Path, url: str | None = None) -> "Store":
    """The store in a folder, made when it is new; `url` names another database than the SQLite file there.

    Raises:
        StoreUnusable: it cannot be opened, or another version of Comport wrote it.
    """
    # A page runs elsewhere than where it was started: what is named from there would not be found.
    home = home.absolute()
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
        return recording_of(row)

    def known(self, recording: str) -> Callable[[Provenance], Observed | None]:
        """A function that looks up what was perceived in a recording in exactly this way before."""

        def look_up(provenance: Provenance) -> Observed | None:
            ways = [way.digest for way in (provenance, *before_cut(provenance))]
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

    def ready(self, interaction: Interaction, observations: Observations, new: Sequence[Observed]) -> Ready:
        """What can be done before others must wait for the transaction of `keep_all`: files, folded words."""
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
        if not rows or observations.utterances is None:
            return Ready(interaction, observations, tuple(rows), None, "")
        said = cut_words(observations.utterances)[0]
        people = people_of(interaction, said)
        return Ready(interaction, observations, tuple(rows), people, words_of(interaction, said))

    def keep(self, interaction: Interaction, observations: Observations, new: Sequence[Observed]) -> bool:
        """Stores an interaction and what is new of its observations: first the files, then their rows.

        Gives whether the facts of the interaction are new or other than before.
        """
        return self.keep_all([self.ready(interaction, observations, new)])[0]

    @lasting
    def keep_all(self, ready: Sequence[Ready]) -> list[bool]:
        """Stores interactions, all or none; no interaction may come twice.

        Gives of each whether its facts are new or other than before.
        """
        names = t.transcript.c.interaction_id
        with self.writing() as connection:
            keep_recordings(connection, [one.observations.recording for one in ready])
            changed = keep_interactions(
                connection, [(one.interaction, one.observations.missing) for one in ready]
            )
            if rows := [row for one in ready for row in one.rows]:
                keep_observed(connection, rows)
            asked = select(names).where(names.in_([one.interaction.id for one in ready]))
            known = set(connection.execute(asked).scalars())
            words, people = {}, []
            for one, new_facts in zip(ready, changed, strict=True):
                facts = one.interaction
                if one.people is not None:
                    words[facts.id] = one.words
                    people.append(one.people)
                elif new_facts or one.rows or facts.id not in known:
                    said = self._said(connection, facts.recording, one.observations)
                    words[facts.id] = words_of(facts, said)
                    people.append(people_of(facts, said))
            if people:
                keep_words(connection, words)
                keep_people(connection, people)
        return changed

    def _said(
        self, connection: Connection, recording: str, observations: Observations
    ) -> tuple[Utterance, ...]:
        """The words of a recording, also those that were perceived for another rubric than today's."""
        if observations.utterances is not None:
            return cut_words(observations.utterances)[0]
        rows = t.observation.c
        newest = (
            select(rows.file)
            .where(rows.recording_id == recording, rows.need == "utterances")
            .order_by(rows.made_at.desc())
            .limit(1)
        )
        file = connection.execute(newest).scalar()
        try:
            return cut(obs.load(self.observations_folder / file)).utterances or () if file else ()
        except obs.ObservationsUnreadable:
            return ()

    @lasting
    def interaction(self, prefix: str, scope: Scope = EVERYTHING) -> Interaction:
        """The interaction of the scope whose id starts with `prefix`, or whose title is it.

        Raises:
            NotStored: none, or more than one, fits.
        """
        column = t.interaction.c
        # Letters of an id stand between two others: for that there is an index, whatever a database sorts by.
        is_id = re.fullmatch("[0-9a-f]{1,64}", prefix)
        between = (column.id >= prefix, column.id <= f"{prefix}g")
        with self.reading() as connection:
            seen = select(t.interaction).where(*scope.interactions()).limit(2)
            rows = connection.execute(seen.where(*between)).all() if is_id else []
            if not rows:
                rows = connection.execute(seen.where(column.title == prefix)).all()
        if len(rows) != 1:
            remedy = "give more letters of its id" if rows else "`comport show` lists what is stored"
            raise NotStored("single interaction" if rows else "interaction", prefix, remedy)
        return interaction_of(rows[0])

    def interactions(
        self, channels: Iterable[Channel], *where: ColumnElement[bool]
    ) -> Iterator[tuple[Interaction, Observations | obs.ObservationsUnreadable]]:
        """Every interaction on these channels (`where` this holds of its row) with its newest observations,
        or why they cannot be read."""
        rows, files = self._stored(channels, *where)
        for row in rows:
            try:
                yield interaction_of(row), self._gather(row, row.missing, files.get(row.recording_id, {}))
            except obs.ObservationsUnreadable as error:
                yield interaction_of(row), error

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

    def unjudged(self) -> dict[Channel, int]:
        """How many interactions of each channel have no scorecard: none of the rubrics was for it."""
        row, card = t.interaction.c, t.scorecard.c
        judged = select(card.interaction_id).where(card.interaction_id == row.id).exists()
        query = select(row.channel, func.count()).where(~judged).group_by(row.channel).order_by(row.channel)
        with self.reading() as connection:
            return {Channel(channel): count for channel, count in connection.execute(query).all()}

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
        recording = recording_of(row)
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

    def keep_scorecard(self, card: Scorecard) -> bool:
        """Stores one scorecard, see `keep_scorecards`."""
        return self.keep_scorecards((card,))[0]

    @lasting
    def keep_scorecards(self, cards: Sequence[Scorecard], contents: Sequence[bytes] = ()) -> list[bool]:
        """Stores scorecards as the current ones of their interactions, all under one rubric.

        `contents` are they as JSON, where somebody has made it already. False for each that is the current
        one already: then nothing changes. One that was current before becomes it again; none is ever
        overwritten. No interaction may have two among them.
        """
        contents = contents or list(map(obs.to_json, cards))
        digests = [hashlib.sha256(content).hexdigest() for content in contents]
        rows, now = t.scorecard.c, datetime.now(UTC)
        with self.writing() as connection:
            of_these = rows.interaction_id.in_([card.interaction for card in cards])
            known = {
                (row.interaction_id, row.digest): row
                for row in connection.execute(
                    select(rows.id, rows.interaction_id, rows.digest, rows.current).where(of_these)
                )
            }
            found = [known.get((card.interaction, d)) for card, d in zip(cards, digests, strict=True)]
            fresh = [number for number, row in enumerate(found) if row is None or not row.current]
            if not fresh:
                return [False] * len(cards)
            changing = [cards[number].interaction for number in fresh]
            name = cards[0].rubric
            connection.execute(
                update(t.scorecard)
                .where(rows.interaction_id.in_(changing), rows.rubric_name == name, rows.current)
                .values(current=False)
            )
            stood = all_standing(connection, [cards[number] for number in fresh], self.rubric)
            added = []
            for number, columns in zip(fresh, stood, strict=True):
                card, row = cards[number], found[number]
                columns |= {"current": True, "judged_at": now}
                if row is not None:
                    connection.execute(update(t.scorecard).where(rows.id == row.id).values(**columns))
                    continue
                added.append(
                    {
                        "interaction_id": card.interaction,
                        "rubric_digest": card.rubric_digest,
                        "rubric_name": name,
                        "digest": digests[number],
                        "score": card.score.score,
                        "assessed_share": card.score.assessed_share,
                        "content": contents[number].decode(),
                        **columns,
                    }
                )
            if added:
                connection.execute(insert(t.scorecard), added)
            outdate(connection, changing)
            new = [cards[number] for number in fresh]
            announce_judged(connection, new)
            tell(connection, "critical_miss", [c.interaction for c in new if c.score.critical_misses])
        return [row is None or not row.current for row in found]

    @lasting
    def scorecards(self, interaction: str, scope: Scope = EVERYTHING) -> tuple[Scorecard, ...]:
        """The current scorecard of an interaction under each rubric of the scope, last judged first."""
        query = (
            select(t.scorecard.c.content)
            .where(t.scorecard.c.interaction_id == interaction, t.scorecard.c.current, *scope.scorecards())
            .order_by(t.scorecard.c.judged_at.desc(), t.scorecard.c.id.desc())
        )
        with self.reading() as connection:
            found = connection.execute(query).scalars()
            return tuple(msgspec.json.decode(content, type=Scorecard) for content in found)

    def rows(self, words: str = "", limit: int | None = 100) -> tuple[Row, ...]:
        """Interactions with their current score under each rubric, last judged first.

        `words` are searched for in transcripts and facts; without a `limit` all are given.
        """
        return find(self, Wanted(words=words), limit).rows
