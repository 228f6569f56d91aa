"""What an upgrade does after the migrations, which see the database but no files and no rubrics."""

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import select, update

from audit import tables as t
from audit.indexing import keep_words, words_of
from audit.joining import keep_people, people_of
from audit.reviews import standing
from audit.store import Store
from audit.tallies import outdate
from models.observations import ObservationsUnreadable

BATCH = 100
"""Interactions brought into the index in one transaction, as many as `audit.pipeline.RESCORE_BATCH`."""


def index_missing(store: Store, report: Callable[[float, float], None] = lambda done, total: None) -> int:
    """Brings what an earlier version stored into the index and its people among customers and employees;
    gives how many interactions that were.

    Where the observations of one are damaged it is found by its facts alone.
    """
    lacking = (
        select(t.interaction.c.id)
        .outerjoin(t.transcript, t.transcript.c.interaction_id == t.interaction.c.id)
        .where(t.transcript.c.id.is_(None) | t.interaction.c.joined.is_(False))
        .order_by(t.interaction.c.started_at, t.interaction.c.id)
    )
    with store.reading() as connection:
        names = connection.execute(lacking).scalars().all()

    def index(batch: Sequence[str]) -> None:
        with store.writing() as connection:
            words, people = {}, []
            for name in batch:
                one = store.interaction(name)
                try:
                    said = store.observations(one).utterances or ()
                except ObservationsUnreadable:
                    said = ()
                words[one.id] = words_of(one, said)
                people.append(people_of(one, said))
            keep_words(connection, words)
            keep_people(connection, people)

    for first in range(0, len(names), BATCH):
        batch = names[first : first + BATCH]
        store.again(lambda batch=batch: index(batch))  # type: ignore[misc]
        report(first + len(batch), len(names))
    return len(names)


def stand_again(store: Store) -> None:
    """Writes anew what stands of each scorecard that a person has reviewed."""
    columns = t.scorecard.c
    reviewed = select(columns.interaction_id).where(columns.current, columns.reviewed > 0).distinct()
    with store.reading() as connection:
        names: Iterable[str] = connection.execute(reviewed).scalars().all()
    for name in names:
        with store.writing() as connection:
            for card in store.scorecards(name):
                same = (columns.interaction_id == name, columns.rubric_name == card.rubric, columns.current)
                now = standing(connection, card, store.rubric)
                connection.execute(update(t.scorecard).where(*same).values(**now))
            outdate(connection, (name,))
