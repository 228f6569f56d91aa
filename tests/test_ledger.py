"""The ledger of batches: whatever dies, each item ends once, and says how."""

import pytest

from audit.batch import ledger
from audit.batch.ledger import Found, RunState, Settings, State
from audit.store import NotStored, open_store

FILES = [Found("short.wav", 10, "a" * 64), Found("long.wav", 30, "b" * 64), Found("chat.jsonl", 20, "c" * 64)]


@pytest.fixture
def store(tmp_path, database):
    opened = open_store(tmp_path, database)
    yield opened
    opened.engine.dispose()


def begin(store, files=FILES, **options):
    return ledger.begin(store, ["calls/"], ["digest"], Settings(), files, **options)


def take(store, item, worker="one:1"):
    """The ticket of an item, None if somebody else has it."""
    with store.writing() as connection:
        return next(iter(ledger.take(connection, [item], worker)), None)


def close(store, ticket, reason="", interaction="f" * 64):
    """Whether the item could be closed: the ticket was still good."""
    with store.writing() as connection:
        held = ledger.held(connection, [ticket])
        ledger.note(connection, [ledger.Result(one, 0, interaction, reason) for one in held])
        ledger.close(connection, [(one, reason) for one in held])
    return bool(held)


def states(store, run):
    return {item.location: str(item.state) for item in ledger.items(store, run.id)}


def test_items_wait_the_longest_first(store):
    run = begin(store)
    assert [location for _, location, _ in ledger.waiting(store, run.id)] == [
        "long.wav",
        "chat.jsonl",
        "short.wav",
    ]


def test_a_place_named_twice_is_one_item(store):
    assert ledger.counts(store, begin(store, FILES * 2).id)[State.WAITING] == 3


def test_what_is_refused_has_failed_with_its_reason(store):
    run = begin(store, [Found("x", 0, "", refused="x: no such file")])
    (item,) = ledger.items(store, run.id)
    assert (item.state, item.reason, item.tries) == (State.FAILED, "x: no such file", 0)


def test_only_one_worker_gets_an_item(store):
    run = begin(store)
    number = ledger.waiting(store, run.id)[0][0]
    assert take(store, number).location == "long.wav"
    assert take(store, number, "two:2") is None


def test_several_items_are_taken_at_once_and_those_that_somebody_has_are_left_out(store):
    run = begin(store)
    long, chat, short = (number for number, *_ in ledger.waiting(store, run.id))
    take(store, chat, "two:2")
    with store.writing() as connection:
        tickets = ledger.take(connection, [long, chat, short], "one:1")
    assert [(one.item, one.location, one.tries) for one in tickets] == [
        (long, "long.wav", 1),
        (short, "short.wav", 1),
    ]
    assert close(store, tickets[0]) and close(store, tickets[1], "broken")
    assert states(store, run) == {"long.wav": "done", "chat.jsonl": "running", "short.wav": "failed"}


def test_what_was_noted_is_not_noted_twice_and_struck_out_by_the_next_try(store):
    run = begin(store)
    number = ledger.waiting(store, run.id)[0][0]
    ticket = take(store, number)
    for _ in range(2):
        with store.writing() as connection:
            ledger.note(connection, [ledger.Result(ticket, 0, "f" * 64)])
    noted = "SELECT count(*) FROM batch_result"
    with store.reading() as connection:
        assert connection.exec_driver_sql(noted).scalar() == 1
    (item,) = ledger.running(store, run.id)
    ledger.give_back(store, item)
    assert take(store, number).tries == 1
    with store.reading() as connection:
        assert connection.exec_driver_sql(noted).scalar() == 0


def test_what_was_taken_over_cannot_be_closed_by_whom_it_was_taken_from(store):
    run = begin(store)
    number = ledger.waiting(store, run.id)[0][0]
    late = take(store, number)
    (item,) = ledger.running(store, run.id)
    assert ledger.give_back(store, item, "killed")
    now = take(store, number, "two:2")
    assert [close(store, ticket) for ticket in (late, now, now)] == [False, True, False]
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM batch_result").scalar() == 1


def test_what_ends_its_worker_three_times_is_set_aside_and_can_be_tried_again(store):
    run = begin(store)
    number = ledger.waiting(store, run.id)[0][0]
    for more in (True, True, False):
        take(store, number)
        (item,) = ledger.running(store, run.id)
        assert ledger.give_back(store, item, "killed") is more
    assert take(store, number) is None
    (item,) = ledger.items(store, run.id, (State.SET_ASIDE,))
    assert item.reason == "ended its worker 3 times, the last time: killed"
    assert ledger.retry(store, run.id) == 1
    ledger.mark(store, run.id, RunState.RUNNING)
    assert take(store, number).tries == 1


def test_a_try_that_was_stopped_does_not_count(store):
    run = begin(store)
    number = ledger.waiting(store, run.id)[0][0]
    for _ in range(5):
        assert take(store, number).tries == 1
        (item,) = ledger.running(store, run.id, [number])
        assert ledger.give_back(store, item)


def test_nothing_is_taken_from_a_run_that_was_cancelled(store):
    run = begin(store)
    ledger.mark(store, run.id, RunState.CANCELLED)
    assert not ledger.mark(store, run.id, RunState.RUNNING) and ledger.cancelled(store, run.id)
    assert take(store, ledger.waiting(store, run.id)[0][0]) is None


def test_a_run_is_found_again_until_it_is_over(store):
    run = begin(store)
    assert ledger.unfinished(store, ["calls/"], ["digest"], Settings()) == run
    assert ledger.unfinished(store, ["calls/"], ["other"], Settings()) is None
    assert ledger.unfinished(store, ["calls/"], ["digest"], Settings(engine="whisper")) is None
    ledger.mark(store, run.id, RunState.FINISHED)
    assert ledger.unfinished(store, ["calls/"], ["digest"], Settings()) is None
    assert ledger.run_of(store).finished_at is not None
    with pytest.raises(NotStored, match="batch '7'"):
        ledger.run_of(store, 7)


def test_the_next_run_leaves_out_what_is_done_and_still_the_same(store):
    first = begin(store)
    for number, *_ in ledger.waiting(store, first.id):
        close(store, take(store, number), "broken" if number == 1 else "")
    changed = [FILES[0], Found("long.wav", 31, "d" * 64), FILES[2]]
    assert states(store, begin(store, changed)) == {
        "short.wav": "waiting",
        "long.wav": "waiting",
        "chat.jsonl": "done",
    }
    assert set(states(store, begin(store, again=True)).values()) == {"waiting"}
    (known,) = ledger.items(store, 2, (State.DONE,))
    assert known.reason == "known: audited in batch 1"
