"""What is stored is found by words and by everything on a scorecard, on SQLite and on PostgreSQL."""

import hashlib
import json

import msgspec
import pytest

from audit import searching
from audit import tables as t
from audit.interactions import Channel, Party, Role
from audit.judge import Verdict
from audit.reviews import keep_review
from audit.scope import Scope
from audit.scorecard import make_scorecard
from audit.searching import BadSearch, Place, Wanted, find, place_of
from audit.store import open_store
from audit.upgrading import index_missing, stand_again
from models.observations import UNDETERMINED, Observed, Provenance
from tests import build, postgres
from tests.test_store import answers

STANDARDS = """
- {id: greet, title: Greets, say: greeting}
- {id: blame-free, title: Blames nobody, avoid: blame}
- {id: answer, title: Answers well, ask: Is the answer right?}
"""

CALLS = {
    "sara": (
        "I'd like a refund for my order, I've called twice",
        "good morning, that can be done",
        {"agent": "Sara Lind", "team": "North", "branch": "Milan", "started_at": "2026-03-01T23:30:00+00:00"},
    ),
    "tom": (
        "the refunds page is broken",
        "that is your fault",
        {"agent": "Tom O'Hara", "branch": "100 % Café", "started_at": "2026-03-02T00:30:00+00:00"},
    ),
    "luca": (
        "perché non arriva la fattura dell'ordine",
        "buongiorno",
        {"agent": "Luca", "customer": "C-1", "language": "it", "channel": Channel.CHAT},
    ),
    "leila": (
        "سلام، من کتاب‌ها را می‌خواهم",
        "صبح بخیر",
        {"agent": "لیلا", "customer": "C-1", "language": "fa"},
    ),
}


def fill(folder, address):
    """A store with the four calls judged, `leila` the last one."""
    one = open_store(folder / "home", address)
    for name in CALLS:
        keep(one, folder, name)
    return one


@pytest.fixture
def store(tmp_path, database):
    one = fill(tmp_path, database)
    yield one
    one.engine.dispose()


@pytest.fixture(scope="module", params=postgres.KINDS)
def calls(request, tmp_path_factory):
    """The same for tests that only read."""
    address = postgres.new_database(request)
    one = fill(tmp_path_factory.mktemp("calls"), address)
    yield one
    one.engine.dispose()


def identity(name):
    return hashlib.sha256(name.encode()).hexdigest()


def keep(store, tmp_path, name, **facts):
    """Keeps and judges the call of this name."""
    asks, replies, known = CALLS[name]
    said = build.observations([("customer", 0, asks), ("agent", 20, replies)])
    recording = msgspec.structs.replace(said.recording, id=identity(name))
    language = known.get("language", "en")
    spoken = tuple(msgspec.structs.replace(u, language=language) for u in said.utterances)
    observed = msgspec.structs.replace(said, recording=recording, utterances=spoken)
    roles = (("agent", Role.AGENT), ("customer", Role.CUSTOMER))
    one = msgspec.structs.replace(
        build.interaction(roles=roles, **{**known, **facts}),
        id=identity(name),
        recording=identity(name),
        title=f"Call {name}",
    )
    rubric = build.rubric(tmp_path, STANDARDS)
    card = make_scorecard(one, observed, rubric)
    with store.writing():
        store.keep(one, observed, answers(observed))
        store.keep_rubric(rubric)
        store.keep_scorecard(card)
    return one, observed, card


def names(page):
    return [row.interaction.title.removeprefix("Call ") for row in page.rows]


@pytest.mark.parametrize("words", ['"one lost parcel"', "parc*", '"one lost parcel" parc*'])
@pytest.mark.parametrize("many", [True, False])
def test_pages_are_what_was_said_newest_first_whichever_way_it_is_looked_for(
    tmp_path, database, monkeypatch, words, many
):
    monkeypatch.setattr(searching, "is_common", lambda *_: many)
    store = open_store(tmp_path / "home", database)
    # The same neighbours, but not all three in a row.
    apart = "one lost lost parcel" if "one" in words else "nothing"
    said = []
    for number in range(6):
        for name, text in ((f"said {number}", "one lost parcel"), (f"not {number}", apart)):
            monkeypatch.setitem(CALLS, name, (text, "good morning", {}))
            keep(store, tmp_path, name)
        said.insert(0, f"said {number}")
    shown, place = [], None
    while not shown or place:
        page = find(store, Wanted(words), 4, older_than=place)
        shown += names(page)
        place = page.older
    assert shown == said
    back = find(store, Wanted(words), 3, newer_than=find(store, Wanted(words), 4).older)
    assert names(back) == said[:3]
    store.engine.dispose()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("refund", ["sara"]),
        ("REFUND order", ["sara"]),
        ("refund*", ["tom", "sara"]),
        ("order refund", ["sara"]),
        ('"refund for my"', ["sara"]),
        ('"for refund my"', []),
        ('"refund for my" "called twice"', ["sara"]),
        ('"called twice', ["sara"]),
        ("I have called", ["sara"]),
        ("I've called", ["sara"]),
        ("refund broken", []),
        ("perche fattura", ["luca"]),
        ("PERCHÉ", ["luca"]),
        ("dell ordine", ["luca"]),
        ("dell’ordine", ["luca"]),
        ("می خواهم", ["leila"]),
        ("ميخواهم", ["leila"]),
        ("می‌خوام", ["leila"]),
        ("کتاب ها", ["leila"]),
        ("لیلا", ["leila"]),
        ("lind", ["sara"]),
        ("o'hara", ["tom"]),
        ("cafe 100", ["tom"]),
        ("call", ["leila", "luca", "tom", "sara"]),
        ("%", []),
        ("*", []),
        ("  ", ["leila", "luca", "tom", "sara"]),
        ("nobody", []),
        ("refund & order | !x <-> 'y' :* \\", []),
        ("NOT NEAR(refund order)", []),
        ("refund); DROP TABLE transcript; --", []),
    ],
)
def test_words_are_found_however_they_are_written(calls, words, found):
    assert names(find(calls, Wanted(words))) == found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(rubric="house"), ["leila", "luca", "tom", "sara"]),
        (Wanted(rubric="other"), []),
        (Wanted(agent="Sara Lind"), ["sara"]),
        (Wanted(agent="Sara"), []),
        (Wanted(team="North"), ["sara"]),
        (Wanted(branch="100 % Café"), ["tom"]),
        (Wanted(customer="C-1"), ["leila", "luca"]),
        (Wanted(channel=Channel.CHAT), ["luca"]),
        (Wanted(language="fa"), ["leila"]),
        (Wanted(since="2026-03-02"), ["tom"]),
        (Wanted(until="2026-03-01"), ["sara"]),
        (Wanted(since="2026-03-01", until="2026-03-02"), ["tom", "sara"]),
        (Wanted(least_score=100), ["sara"]),
        (Wanted(most_score=0), ["tom"]),
        (Wanted(least_score=0.1, most_score=99.9), []),
        (Wanted(needs_person=True), ["leila", "luca", "tom", "sara"]),
        (Wanted(verdict=Verdict.MET), ["sara"]),
        (Wanted(standards=("greet",)), ["leila", "luca", "tom", "sara"]),
        (Wanted(standards=("greet",), verdict=Verdict.MISSED), ["tom"]),
        (Wanted(standards=("greet", "blame-free"), verdict=Verdict.MISSED), ["tom"]),
        (Wanted(standards=("greet", "blame-free"), verdict=Verdict.MET), ["sara"]),
        (Wanted(standards=("gree",), verdict=Verdict.MISSED), []),
        (Wanted(standards=("gr%",), verdict=Verdict.MISSED), []),
        (Wanted("refund*", standards=("greet",), verdict=Verdict.MISSED), ["tom"]),
        (Wanted("refund*", agent="Sara Lind", language="en", most_score=100), []),
    ],
)
def test_everything_on_a_scorecard_can_be_asked_for(calls, wanted, found):
    assert names(find(calls, wanted)) == found


@pytest.mark.parametrize(
    ("who", "found", "of_north"),
    [
        ("C-500", ["tom", "sara"], ["sara"]),
        ("ANN@example.com", ["tom", "sara"], ["sara"]),
        # Known from what only another team has.
        ("+44 1632 960001", ["tom", "sara"], []),
        ("ann marsh", ["tom", "sara"], ["sara"]),
        ("Ann", ["tom", "sara"], ["sara"]),
        ("C-9", [], []),
        ("", ["luca", "tom", "sara"], ["sara"]),
    ],
)
def test_a_customer_is_found_by_whatever_they_are_known_by_on_all_channels(
    store, tmp_path, who, found, of_north
):
    mail = {"email": "ann@example.com"}
    keep(store, tmp_path, "sara", parties=(Party(Role.CUSTOMER, "Ann", crm="C-500", **mail),), customer="Ann")
    keep(store, tmp_path, "tom", parties=(Party(Role.CUSTOMER, "Ann Marsh", phone="+441632960001", **mail),))
    with store.writing() as connection:
        connection.execute(t.scorecard.delete().where(t.scorecard.c.interaction_id == identity("leila")))
    assert sorted(names(find(store, Wanted(customer=who)))) == sorted(found)
    assert names(find(store, Wanted(customer=who), scope=Scope(team="North"))) == of_north


def test_pages_follow_each_other_both_ways_and_nothing_is_shown_twice(store, tmp_path):
    first = find(store, Wanted(), 3)
    assert (names(first), first.newer) == (["leila", "luca", "tom"], None)
    second = find(store, Wanted(), 3, older_than=first.older)
    assert (names(second), second.older) == (["sara"], None)
    again = find(store, Wanted(), 3, newer_than=second.newer)
    assert (names(again), again.newer, again.older) == (names(first), None, first.older)
    one, two, three = (find(store, Wanted(), 1), find(store, Wanted(), 2), find(store, Wanted(), 4))
    assert (two.older, three.older) == (place_of(str(two.older)), None)
    # What is judged meanwhile comes on top, and moves nothing.
    keep(store, tmp_path, "sara", branch="Rome")
    CALLS["new"] = ("a question", "good morning", {})
    try:
        keep(store, tmp_path, "new")
    finally:
        del CALLS["new"]
    assert names(find(store, Wanted(), 2, older_than=one.older)) == ["luca", "tom"]


def test_places_are_exact(calls):
    for row_number in range(1, 5):
        page = find(calls, Wanted(), row_number)
        if page.older:
            assert place_of(str(page.older)) == page.older
            assert page.older.judged_at == page.rows[-1].judged_at


@pytest.mark.parametrize("written", ["", "1", "x-1", "1-", "1-2-3", "9" * 18 + "-1", "1-" + "9" * 19, "-1-1"])
def test_what_is_no_place_is_refused(written):
    with pytest.raises(BadSearch, match="expected one that a page of the list has given"):
        place_of(written)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(since="yesterday"),
        Wanted(until="2026-02-30"),
        Wanted(until="9999-12-31"),
        Wanted("word " * 200),
    ],
)
def test_what_cannot_be_understood_is_told(calls, wanted):
    with pytest.raises(BadSearch, match="expected"):
        find(calls, wanted)


def test_facts_that_change_are_found_at_once(store, tmp_path):
    keep(store, tmp_path, "sara", agent="Sara Berg")
    assert names(find(store, Wanted("lind"))) == []
    assert (
        names(find(store, Wanted("berg refund"))) == names(find(store, Wanted(agent="Sara Berg"))) == ["sara"]
    )


def test_words_stay_when_later_nobody_listens(store, tmp_path):
    one, observed, _ = keep(store, tmp_path, "sara")
    deaf = msgspec.structs.replace(observed, utterances=None)
    new = Observed(
        observed.recording.id, Provenance("activity", "other", "2", "", ()), activity=observed.activity
    )
    store.keep(msgspec.structs.replace(one, branch="Rome"), deaf, [new])
    assert names(find(store, Wanted("refund rome"))) == ["sara"]


def test_words_that_nobody_said_the_language_of_are_folded_in_that_of_the_interaction(store, tmp_path):
    one, observed, _ = keep(store, tmp_path, "luca")
    said = tuple(msgspec.structs.replace(u, language=UNDETERMINED) for u in observed.utterances)
    unsaid = msgspec.structs.replace(observed, utterances=said)
    store.keep(msgspec.structs.replace(one, branch="Rome"), unsaid, answers(unsaid))
    assert names(find(store, Wanted("dell ordine"), 10)) == ["luca"]


def test_what_is_undone_is_not_found(store, tmp_path):
    with pytest.raises(KeyError), store.writing():
        keep(store, tmp_path, "sara", branch="Atlantis")
        assert names(find(store, Wanted("atlantis"))) == ["sara"]
        raise KeyError
    assert names(find(store, Wanted("atlantis"))) == []


def test_what_is_removed_is_not_found(store):
    with store.writing() as connection:
        connection.execute(t.transcript.delete().where(t.transcript.c.interaction_id == identity("sara")))
    assert names(find(store, Wanted("refund*"))) == ["tom"]


def test_a_persons_verdict_is_the_one_that_is_found(store, tmp_path):
    *_, card = keep(store, tmp_path, "tom")
    keep_review(store, card, "greet", Verdict.MET, "ana")
    assert names(find(store, Wanted(standards=("greet",), verdict=Verdict.MISSED))) == []
    assert names(find(store, Wanted(standards=("greet",), verdict=Verdict.MET))) == ["tom", "sara"]


def test_an_upgrade_indexes_what_was_stored_before(store, tmp_path):
    """As a database comes out of the migrations: no words, and the machine's verdicts."""
    *_, card = keep(store, tmp_path, "tom")
    keep_review(store, card, "greet", Verdict.MET, "ana")
    with store.writing() as connection:
        connection.execute(t.transcript.delete())
        connection.execute(t.scorecard.update().values(verdicts=" greet:missed missed "))
    file = store.observations_folder.rglob("*.json")
    for path in list(file):
        if json.loads(path.read_text()).get("recording") == identity("luca"):
            path.write_text("damaged")
    seen = []
    stand_again(store)
    assert index_missing(store, lambda done, total: seen.append((done, total))) == 4
    assert seen == [(4, 4)]
    assert index_missing(store) == 0
    assert names(find(store, Wanted("refund*"))) == ["tom", "sara"]
    assert names(find(store, Wanted("fattura"))) == []
    assert names(find(store, Wanted("luca"))) == ["luca"]
    assert names(find(store, Wanted(standards=("greet",), verdict=Verdict.MET))) == ["tom"]


def test_a_place_is_written_without_losing_a_microsecond():
    from datetime import UTC, datetime, timedelta

    for microseconds in (0, 1, 999_999, 123_456):
        at = datetime(2026, 11, 27, 15, 30, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
        assert place_of(str(Place(at, 7))) == Place(at, 7)
