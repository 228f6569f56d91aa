"""What a batch has to do and what became of it, in the database: whatever dies, it says where to go on.

An item is one file. A worker gets it by `take`, which counts the try, and ends it by `close` in the very
transaction that keeps its last scorecard, and only while the item is `held`: so nothing is audited twice.
"""

import enum
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection

from audit import tables as t
from audit.store import NotStored, Store

ROWS = 1000
"""Rows read or written at a time."""

TRIES = 3
"""So often an item may end its worker before it is set aside: two could be bad luck."""


class State(enum.StrEnum):
    """Of an item."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """Something of it could not be taken or audited, and a reason says what."""
    SET_ASIDE = "set aside"
    """It ended its worker again and again."""


OVER = (State.DONE, State.FAILED, State.SET_ASIDE)


class RunState(enum.StrEnum):
    """Of a whole run."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    FINISHED = "finished"


class Settings(msgspec.Struct, frozen=True):
    """How a run audits; part of what makes it the run it is."""

    engine: str = "auto"
    whisper: str | None = None
    camera: str | None = None
    """The text of the camera file."""


class Run(msgspec.Struct, frozen=True):
    """One batch: what was asked for and how far it is."""

    id: int
    sources: tuple[str, ...]
    rubrics: tuple[str, ...]
    """Digests of stored rubric versions."""
    settings: Settings
    state: RunState
    started_at: datetime
    finished_at: datetime | None


class Found(msgspec.Struct, frozen=True):
    """A file that a source names."""

    location: str
    size_bytes: int
    stamp: str
    """SHA-256 of its place, size and time; "" where that cannot be told."""
    refused: str = ""
    """Why it cannot be audited at all."""


class Ticket(msgspec.Struct, frozen=True):
    """The right of one worker to one try of an item."""

    item: int
    location: str
    tries: int
    worker: str


class Result(msgspec.Struct, frozen=True):
    """What became of the `number`th interaction of an item: its id, or why it has no scorecard."""

    ticket: Ticket
    number: int
    interaction: str | None
    reason: str = ""


class Item(msgspec.Struct, frozen=True):
    """A file with what became of it."""

    id: int
    location: str
    size_bytes: int
    state: State
    tries: int
    reason: str
    worker: str
    started_at: datetime | None
    finished_at: datetime | None


def begin(
    store: Store,
    sources: Sequence[str],
    rubrics: Sequence[str],
    settings: Settings,
    found: Iterable[Found],
    again: bool = False,
) -> Run:
    """A new run with an item for each file, all or nothing.

    A file that an earlier run audited in the same way, and that is still the same, is done at once; `again`
    audits it all the same.
    """
    asked = _asked(sources, rubrics, settings)
    files = list({one.location: one for one in found}.values())

    def write() -> int:
        now = datetime.now(UTC)
        with store.writing() as connection:
            new = insert(t.batch_run).values(**asked, state=RunState.RUNNING, started_at=now)
            run: int = connection.execute(new).inserted_primary_key[0]  # type: ignore[index]
            for part in _parts(files):
                known = {} if again else _known(connection, asked, [one.stamp for one in part if one.stamp])
                rows = []
                for one in part:
                    state = (
                        State.FAILED if one.refused else State.DONE if one.stamp in known else State.WAITING
                    )
                    before = f"known: audited in batch {known[one.stamp]}" if one.stamp in known else ""
                    rows.append(
                        {
                            "run_id": run,
                            "location": one.location,
                            "stamp": one.stamp,
                            "size_bytes": one.size_bytes,
                            "state": state,
                            "reason": one.refused or before,
                            "finished_at": None if state == State.WAITING else now,
                        }
                    )
                connection.execute(insert(t.batch_item), rows)
        return run

    return run_of(store, store.again(write))


def _asked(sources: Sequence[str], rubrics: Sequence[str], settings: Settings) -> dict[str, str]:
    encode = msgspec.json.encode
    return {
        "sources": encode(list(sources)).decode(),
        "rubrics": encode(sorted(rubrics)).decode(),
        "settings": encode(settings).decode(),
    }


def _parts(files: Sequence[Found]) -> Iterator[Sequence[Found]]:
    for start in range(0, len(files), ROWS):
        yield files[start : start + ROWS]


def _known(connection: Connection, asked: dict[str, str], stamps: Sequence[str]) -> dict[str, int]:
    """The stamps that a run with these rubrics and settings has done, with the number of that run."""
    item, run = t.batch_item.c, t.batch_run.c
    query = (
        select(item.stamp, item.run_id)
        .join(t.batch_run, run.id == item.run_id)
        .where(
            item.stamp.in_(stamps),
            item.state == State.DONE,
            item.tries > 0,
            run.rubrics == asked["rubrics"],
            run.settings == asked["settings"],
        )
    )
    return {row.stamp: row.run_id for row in connection.execute(query)} if stamps else {}


def unfinished(
    store: Store, sources: Sequence[str], rubrics: Sequence[str], settings: Settings
) -> Run | None:
    """The run that was asked for in just this way and is not over; None where there is none."""
    asked = _asked(sources, rubrics, settings)
    row = t.batch_run.c
    query = select(row.id).where(
        *(row[name] == value for name, value in asked.items()),
        row.state.in_((RunState.RUNNING, RunState.INTERRUPTED)),
    )
    with store.reading() as connection:
        number = connection.execute(query.order_by(row.id.desc()).limit(1)).scalar()
    return run_of(store, number) if number is not None else None


def run_of(store: Store, number: int | None = None) -> Run:
    """The run with this number; the newest one without a number.

    Raises:
        NotStored: there is none.
    """
    query = select(t.batch_run).order_by(t.batch_run.c.id.desc()).limit(1)
    if number is not None:
        query = query.where(t.batch_run.c.id == number)
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise NotStored("batch", "" if number is None else str(number), "see: comport batch status")
    return _run(row)


def runs(store: Store, limit: int, before: int | None = None) -> tuple[Run, ...]:
    """At most so many runs, the newest first; those `before` a number."""
    query = select(t.batch_run).order_by(t.batch_run.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(t.batch_run.c.id < before)
    with store.reading() as connection:
        return tuple(_run(row) for row in connection.execute(query))


def _run(row: Any) -> Run:
    return Run(
        row.id,
        msgspec.json.decode(row.sources, type=tuple[str, ...]),
        msgspec.json.decode(row.rubrics, type=tuple[str, ...]),
        msgspec.json.decode(row.settings, type=Settings),
        RunState(row.state),
        row.started_at,
        row.finished_at,
    )


def mark(store: Store, run: int, state: RunState) -> bool:
    """Says how the whole run stands; gives whether it does: one that was cancelled stays so until `retry`."""
    over = state in (RunState.FINISHED, RunState.CANCELLED)
    values = {"state": state, "finished_at": datetime.now(UTC) if over else None}
    row = t.batch_run.c
    live = update(t.batch_run).where(row.id == run, row.state != RunState.CANCELLED)

    def write() -> bool:
        with store.writing() as connection:
            return connection.execute(live.values(**values)).rowcount > 0

    return store.again(write)


def cancelled(store: Store, run: int) -> bool:
    """Whether somebody has cancelled the run."""
    query = select(t.batch_run.c.state).where(t.batch_run.c.id == run)
    with store.reading() as connection:
        return connection.execute(query).scalar() == RunState.CANCELLED


def waiting(store: Store, run: int) -> list[tuple[int, str, int]]:
    """Number, place and bytes of every item that waits, the longest first."""
    item = t.batch_item.c
    query = (
        select(item.id, item.location, item.size_bytes)
        .where(item.run_id == run, item.state == State.WAITING)
        .order_by(item.size_bytes.desc(), item.id)
    )
    with store.reading() as connection:
        return [(row.id, row.location, row.size_bytes) for row in connection.execute(query)]


def take(connection: Connection, items: Sequence[int], worker: str) -> list[Ticket]:
    """The right to try each of these items that waits, in their order; to none when its run was cancelled.

    What an earlier try noted of them is struck out.
    """
    row, run = t.batch_item.c, t.batch_run.c
    live = select(run.id).where(run.id == row.run_id, run.state == RunState.RUNNING).exists()
    taken = connection.execute(
        update(t.batch_item)
        .where(row.id.in_(items), row.state == State.WAITING, live)
        .values(state=State.RUNNING, tries=row.tries + 1, worker=worker, started_at=datetime.now(UTC))
        .returning(row.id, row.location, row.tries)
    )
    found = {one.id: Ticket(one.id, one.location, one.tries, worker) for one in taken}
    connection.execute(delete(t.batch_result).where(t.batch_result.c.item_id.in_(found)))
    return [found[number] for number in items if number in found]


def held(connection: Connection, tickets: Collection[Ticket]) -> set[Ticket]:
    """Those that are still good; nobody takes their items over until the transaction ends. Of the others
    nothing must be kept: somebody else works on their items by now."""
    row = t.batch_item.c
    these = row.id.in_([ticket.item for ticket in tickets])
    query = select(row.id, row.tries, row.worker).where(these, row.state == State.RUNNING).with_for_update()
    running = {(one.id, one.tries, one.worker) for one in connection.execute(query)}
    return {ticket for ticket in tickets if (ticket.item, ticket.tries, ticket.worker) in running}


def note(connection: Connection, results: Sequence[Result]) -> None:
    """Writes down what became of interactions, once; their tickets have to be `held`."""
    row = t.batch_result.c
    these = row.item_id.in_({one.ticket.item for one in results})
    # A connection that was lost in the very moment of storing has this done again.
    known = {tuple(one) for one in connection.execute(select(row.item_id, row.number).where(these))}
    rows = [
        {
            "item_id": one.ticket.item,
            "number": one.number,
            "interaction_id": one.interaction,
            "reason": one.reason,
        }
        for one in results
        if (one.ticket.item, one.number) not in known
    ]
    if rows:
        connection.execute(insert(t.batch_result), rows)


def close(connection: Connection, over: Sequence[tuple[Ticket, str]]) -> None:
    """Ends items, each with a reason if something of it failed; their tickets have to be `held`."""
    row, now = t.batch_item.c, datetime.now(UTC)
    reasons: dict[str, list[int]] = {}
    for ticket, reason in over:
        reasons.setdefault(reason, []).append(ticket.item)
    for reason, items in reasons.items():
        state = State.FAILED if reason else State.DONE
        values = {"state": state, "reason": reason, "finished_at": now}
        connection.execute(update(t.batch_item).where(row.id.in_(items)).values(**values))


def running(store: Store, run: int, items: Sequence[int] | None = None) -> list[Item]:
    """The items that are being audited, of these or of all."""
    query = select(t.batch_item).where(t.batch_item.c.run_id == run, t.batch_item.c.state == State.RUNNING)
    if items is not None:
        query = query.where(t.batch_item.c.id.in_(items))
    with store.reading() as connection:
        return [_item(row) for row in connection.execute(query)]


def still_waiting(store: Store, items: Sequence[int]) -> set[int]:
    """Which of these items wait."""
    row = t.batch_item.c
    query = select(row.id).where(row.id.in_(items), row.state == State.WAITING)
    with store.reading() as connection:
        return set(connection.execute(query).scalars())


def give_back(store: Store, item: Item, died: str = "") -> bool:
    """Lets an item wait again whose worker is gone; gives whether it waits.

    `died` says how the worker ended: after `TRIES` such ends the item is set aside. Without it the try does
    not count.
    """
    row = t.batch_item.c
    aside = bool(died) and item.tries >= TRIES
    values = {
        "state": State.SET_ASIDE if aside else State.WAITING,
        "tries": item.tries if died else item.tries - 1,
        "reason": f"ended its worker {item.tries} times, the last time: {died}" if aside else died,
        "finished_at": datetime.now(UTC) if aside else None,
    }

    def write() -> None:
        with store.writing() as connection:
            held = (row.id == item.id, row.state == State.RUNNING, row.tries == item.tries)
            connection.execute(update(t.batch_item).where(*held).values(**values))

    store.again(write)
    return not aside


def retry(store: Store, run: int) -> int:
    """Lets wait again what failed or was set aside, as if it had never been tried; gives how many."""
    row = t.batch_item.c

    def write() -> int:
        with store.writing() as connection:
            again = connection.execute(
                update(t.batch_item)
                .where(row.run_id == run, row.state.in_((State.FAILED, State.SET_ASIDE)))
                .values(state=State.WAITING, tries=0, reason="", worker="", started_at=None, finished_at=None)
            )
            reopened = {"state": RunState.INTERRUPTED, "finished_at": None}
            connection.execute(update(t.batch_run).where(t.batch_run.c.id == run).values(**reopened))
            return again.rowcount

    return store.again(write)


def counts(store: Store, run: int) -> dict[State, int]:
    """How many items there are in each state."""
    row = t.batch_item.c
    query = select(row.state, func.count()).where(row.run_id == run).group_by(row.state)
    with store.reading() as connection:
        found = {row[0]: row[1] for row in connection.execute(query)}
    return {state: found.get(state, 0) for state in State}


def items(store: Store, run: int, states: Sequence[State] = tuple(State)) -> Iterator[Item]:
    """The items in these states in the order of their numbers, a thousand at a time."""
    row = t.batch_item.c
    last = 0
    while True:
        query = (
            select(t.batch_item)
            .where(row.run_id == run, row.state.in_(states), row.id > last)
            .order_by(row.id)
            .limit(ROWS)
        )
        with store.reading() as connection:
            rows = connection.execute(query).all()
        if not rows:
            return
        yield from map(_item, rows)
        last = rows[-1].id


def _item(row: object) -> Item:
    return msgspec.convert(row, Item, from_attributes=True)
