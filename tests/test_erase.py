"""What is erased is gone from every table and file, and it is shown; what is held stays; the rest is untouched."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select, update

from audit import tables as t
from audit import upload_worker
from audit.cli import cli
from audit.copies import place
from audit.customers import find_person
from audit.erasing import erase, finish_all, of_customer, of_interactions
from audit.holds import Held, add_hold, remove_hold
from audit.importing import last_report, take_all
from audit.interactions import Channel, Role
from audit.leaving import write_export
from audit.originals import keep_original
from audit.pipeline import audit_file, find_rubric
from audit.proof import prove
from audit.retention import apply_retention, due, read_retention
from audit.reviews import Verdict, keep_review
from audit.saved import save_search, searches_seen
from audit.searching import Wanted, find
from audit.store import NotStored, open_store
from audit.uploads import bring, uploads_folder
from audit.users import add_user
from audit.yamlfile import BadFile
from models.observations import Span
from tests import build
from tests.test_batch import write_chats
from tests.test_vcon import b64, text, vcon
from tests.test_written import TICKET, USERS

MAIL = "laura.brown@example.org"


@pytest.fixture
def store(tmp_path, database):
    one = open_store(tmp_path / "home", database)
    yield one
    one.engine.dispose()


def chat(tmp_path, store, customer, word, mail=""):
    rows = [
        ("agent", "Tom Baker", f"Hello {customer}, how can I help you?"),
        ("customer", customer, f"My {word} is late, I am {customer}{f', {mail}' if mail else ''}"),
    ]
    lines = [
        {"at": f"2026-03-02T09:0{i}:00+01:00", "from": who, "name": name, "text": text}
        for i, (who, name, text) in enumerate(rows)
    ]
    path = tmp_path / "inbox" / f"{word}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(map(json.dumps, lines)))
    if mail:
        (path.parent / f"{word}.meta.yaml").write_text(f"customer: {mail}\n")
    done = audit_file(path, [find_rubric("chat-en")], store)
    keep_review(store, done.scorecards[0], "right-answer", Verdict.MET, "ana", f"{customer} was glad")
    return done.interaction


def call(tmp_path, store):
    """A recording of the same customer that came inside of a vCon."""
    sound = build.write_wav(tmp_path / "r.wav", build.tone(1), build.tone(1, hz=300))
    dialog = {"type": "recording", "start": "2026-03-02T10:00:00+01:00", "parties": [0, 1],
              "encoding": "base64url", "body": b64(sound.read_bytes())}  # fmt: skip
    sound.unlink()
    parties = [{"name": "Sara", "role": "agent"}, {"name": "Laura Brown", "mailto": MAIL, "role": "customer"}]
    path = tmp_path / "inbox" / "call.vcon"
    path.write_text(json.dumps(vcon(dialog) | {"parties": parties}))
    assert take_all([path], store).taken == 1
    path.unlink()
    one = next(o for o, _ in store.interactions([Channel.CALL]))
    copy = place(store, store.recording(one.recording), (Span(0.2, 0.4),))
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"fLaC")
    return one


@pytest.fixture
def laura(store, tmp_path):
    """Two conversations of a customer, one of another, and exports of all of them."""
    first = chat(tmp_path, store, "Laura Brown", "jacket", MAIL)
    other = chat(tmp_path, store, "Peter Grant", "sofa", "peter@example.org")
    second = call(tmp_path, store)
    for form in ("csv", "json", "parquet", "vcon"):
        write_export(store, tmp_path / "out" / form, form, Wanted(), personal=True)
    (tmp_path / "inbox" / "laura.brown@example.org.txt").write_text("no conversation")
    take_all([tmp_path / "inbox" / "laura.brown@example.org.txt"], store)
    (tmp_path / "inbox" / "laura.brown@example.org.txt").unlink()
    now = datetime.now(UTC)
    run = {"sources": "[]", "rubrics": "[]", "settings": "{}", "state": "finished", "started_at": now}
    with store.writing() as connection:
        number = connection.execute(insert(t.batch_run).values(**run)).inserted_primary_key[0]
        row = {"run_id": number, "location": f"/calls/{MAIL}.wav", "stamp": "0" * 64, "size_bytes": 1}
        item = insert(t.batch_item).values(**row, state="failed", reason=f"bad file of {MAIL}")
        key = connection.execute(item).inserted_primary_key[0]
        connection.execute(insert(t.batch_result).values(item_id=key, number=1, interaction_id=first.id))
    (store.home / "batches" / "1").mkdir(parents=True)
    (store.home / "batches" / "1" / "report.md").write_text(f"| /calls/{MAIL}.wav | failed |\n")
    return first, second, other


def test_who_is_nobody_costs_nobody_anything(store, laura):
    before = books(store)
    done = erase(store, of_customer(store, "file"))
    assert (done.interactions, done.number) == (0, 0)
    assert books(store) == before


def test_whole_words_alone_are_taken_out_of_the_books(store, laura, tmp_path):
    with store.writing() as connection:
        connection.execute(update(t.batch_item).values(reason="Laura Brownlow spoke; Laura Brown spoke"))
        connection.execute(update(t.batch_result).values(interaction_id=None))
    erase(store, of_customer(store, MAIL))
    assert books(store)[1][0][1] == "Laura Brownlow spoke; [erased] spoke"
    assert last_report(store)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("called", "wanted"),
    [
        (f"calls of {MAIL.title()}", Wanted("late")),
        ("late", Wanted(f"by {MAIL}")),
        ("late", Wanted(customer=MAIL)),
    ],
)
def test_a_kept_search_goes_that_names_them_in_its_name_or_filters(store, laura, called, wanted):
    add_user(store, "rita", "correct horse battery")
    save_search(store, "rita", called, wanted, None)
    save_search(store, "rita", "mine", Wanted("late"), None)
    assert erase(store, of_customer(store, MAIL)).complete
    assert [one.name for one in searches_seen(store, "rita", None)] == ["mine"]


def books(store):
    """What stands in the books of batches and imports."""
    columns = (t.intake_run.c.report,), (t.batch_item.c.location, t.batch_item.c.reason)
    with store.reading() as connection:
        return [[tuple(row) for row in connection.execute(select(*some))] for some in columns]


def test_one_conversation_of_a_file_with_several_goes_and_the_others_keep_the_file(store, tmp_path):
    path = tmp_path / "tickets.json"
    path.write_text(json.dumps({"tickets": [TICKET, TICKET | {"id": 6}], "users": USERS}))
    assert take_all([path], store).taken == 2
    first, second = (one for one, _ in store.interactions(list(Channel)))
    done = erase(store, of_interactions(store, [first.id]))
    assert done.complete and store.interaction(second.id).path == str(path.resolve())


def test_a_document_of_several_goes_with_the_first_of_them(store, tmp_path):
    sound = build.write_wav(tmp_path / "r.wav", build.tone(1), build.tone(1, hz=300))
    call = {"type": "recording", "start": "2026-03-02T10:00:00+01:00", "parties": [0, 1],
            "encoding": "base64url", "body": b64(sound.read_bytes())}  # fmt: skip
    written = [text(f"2026-03-02T1{n}:00:00Z", n % 2, f"message {n}") for n in range(4)]
    path = tmp_path / "several.vcon"
    path.write_text(json.dumps(vcon(call, *written)))
    take_all([path], store)
    found = [one for one, _ in store.interactions(list(Channel))]
    assert len(found) == 2
    documents = select(t.original.c.interaction_id)
    with store.reading() as connection:
        assert set(connection.execute(documents).scalars()) == {one.id for one in found}
    erase(store, of_interactions(store, [found[0].id]))
    with store.reading() as connection:
        assert connection.execute(documents).scalars().all() == []


def test_many_go_at_once(store, tmp_path):
    """As keep times that are set anew make them go: a database takes no question about each of so many."""
    report = take_all([write_chats(tmp_path / "calls", 400)], store)
    ids = [one.id for one in report.interactions]
    done = erase(store, of_interactions(store, ids[1:]))
    assert (done.complete, done.interactions, done.rows["interaction"]) == (True, 399, 399)
    assert find_all(store) == ids[:1]
    erase(store, of_interactions(store, ids[:1]))


def find_all(store):
    with store.reading() as connection:
        return connection.execute(select(t.interaction.c.id)).scalars().all()


def test_an_upload_goes_whole(store, tmp_path):
    content = tmp_path / "up.jsonl"
    content.write_text(
        "\n".join(
            json.dumps({"at": f"2026-03-02T09:0{i}:00+01:00", "from": who, "text": "jacket"})
            for i, who in enumerate(("customer", "agent"))
        )
    )
    with content.open("rb") as file:
        upload, _ = bring(store, "ana", "up.jsonl", file, ["chat-en"])
    upload_worker._work(store, upload_worker._take(store))
    [(one, _)] = store.interactions([Channel.CHAT])
    # Imported again from elsewhere, it has another path than that of the upload.
    take_all([content], store)
    done = erase(store, of_interactions(store, [one.id]))
    assert done.complete and not (uploads_folder(store) / upload.id).exists()


@pytest.mark.parametrize("name", ["csv/scorecards.csv", "json/scorecards.jsonl", "parquet/findings.parquet"])
def test_an_export_that_somebody_changed_stops_nothing(store, laura, tmp_path, name):
    (tmp_path / "out" / name).write_bytes(b"\xe9 by hand\n\n")
    done = erase(store, of_customer(store, MAIL))
    assert done.complete and (tmp_path / "out" / name).read_bytes() == b"\xe9 by hand\n\n"


def test_a_customer_is_gone_everywhere_and_the_others_stay(store, laura, tmp_path):
    first, second, other = laura
    before = prove(store, (MAIL, first.id, second.id), ("Laura Brown",), [tmp_path / "out"])
    assert {trace.where for trace in before.left} >= {
        *(f"table {name}" for name in ("interaction", "person", "batch_item", "intake_run", "original")),
        *(str(tmp_path / "out" / name) for name in ("csv/scorecards.csv", "json/scorecards.jsonl")),
        str(store.home / "batches" / "1" / "report.md"),
    }
    other_card = store.scorecards(other.id)
    done = erase(store, of_customer(store, MAIL))
    assert (done.interactions, done.proof.left, done.proof.names) == (2, (), ())
    # Who reviewed what is known by the interaction's id, and by nothing else.
    assert done.proof.log == (first.id,)
    assert done.proof.looked["tables"] > 20 and done.proof.looked["files"] > 5
    assert done.rows["interaction"] == 2 and done.rows["scorecard"] == 1 and done.rows["review"] == 1
    assert done.files == {"enclosed": 1, "muted": 1, "observations": 1}
    assert len(done.exports) == 6
    # The chat's own file lies where the house put it.
    assert done.outside == (first.path,)
    # Nobody has to believe the search: the files themselves.
    for file in (*store.home.rglob("*"), *(tmp_path / "out").rglob("*")):
        if file.is_file():
            content = file.read_bytes().lower()
            assert MAIL.encode() not in content and b"laura" not in content, file
    for name in (first.id, second.id):
        with pytest.raises(NotStored):
            store.interaction(name)
    assert find(store, Wanted("jacket")).rows == () and find(store, Wanted("laura")).rows == ()
    # The other customer is as before, in exports too.
    assert store.scorecards(other.id) == other_card
    assert [r.interaction.id for r in find(store, Wanted("sofa")).rows] == [other.id]
    lines = (tmp_path / "out" / "json" / "scorecards.jsonl").read_text().splitlines()
    assert [json.loads(line)["customer"] for line in lines] == ["peter@example.org"]
    assert len(list((tmp_path / "out" / "vcon").iterdir())) == 1
    # Again there is nothing to do, and nothing is found.
    again = erase(store, of_customer(store, MAIL))
    assert (again.interactions, again.rows, again.complete) == (0, {}, True)


def test_one_interaction_goes_and_its_customer_stays_as_long_as_there_is_another(store, laura):
    first, second, _ = laura
    done = erase(store, of_interactions(store, [first.id]))
    assert done.complete and done.interactions == 1
    assert store.interaction(second.id) and of_customer(store, MAIL).interactions == (second.id,)
    assert erase(store, of_interactions(store, [second.id])).complete
    with store.reading() as connection:
        assert MAIL not in connection.execute(select(t.person.c.value)).scalars().all()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("step", ["_remove_files", "_remove_rows", "_compact"])
def test_what_was_interrupted_is_finished_later(store, laura, tmp_path, monkeypatch, step):
    def fall(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(f"audit.erasing.{step}", fall)
        with pytest.raises(KeyboardInterrupt):
            erase(store, of_customer(store, MAIL))
    (done,) = finish_all(store)
    assert done.complete
    assert finish_all(store) == ()
    content = b"".join(f.read_bytes() for f in (tmp_path / "out").rglob("*") if f.is_file())
    assert MAIL.encode() not in content


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_something_that_is_left_is_told(store, laura, tmp_path):
    (tmp_path / "out" / "json" / "copy.txt").write_text(f"... {MAIL.upper()} ...")
    done = erase(store, of_customer(store, MAIL))
    assert [(trace.where, trace.count) for trace in done.proof.left] == [
        (str(tmp_path / "out" / "json" / "copy.txt"), 1)
    ]
    (tmp_path / "out" / "json" / "copy.txt").unlink()
    assert [one.complete for one in finish_all(store)] == [True]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_name_that_somebody_else_says_is_shown_to_a_person(store, laura, tmp_path):
    sister = chat(tmp_path, store, "Anna Brown", "lamp", "anna@example.org")
    with store.writing() as connection:
        said = update(t.interaction).where(t.interaction.c.id == sister.id).values(title="for Laura Brown")
        connection.execute(said)
    done = erase(store, of_customer(store, MAIL))
    assert done.complete
    assert {trace.where for trace in done.proof.names} == {"table interaction"}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_renamed_table_of_an_export_is_unpacked_and_told(store, laura, tmp_path):
    table = tmp_path / "out" / "parquet" / "scorecards.parquet"
    copy = table.with_name("last month")
    pq.write_table(pq.read_table(table), copy, compression="gzip", write_statistics=False)
    assert MAIL.encode() not in copy.read_bytes()
    done = erase(store, of_customer(store, MAIL))
    assert not done.complete
    assert str(copy) in {trace.where for trace in done.proof.left}


@pytest.mark.parametrize("kind", ["customer", "interaction"])
def test_what_is_held_is_not_erased_until_the_hold_is_lifted(store, laura, kind):
    first, second, other = laura
    value = MAIL if kind == "customer" else first.id[:12]
    hold = add_hold(store, kind, value, "case 12/2026", "ana")
    with pytest.raises(
        Held, match=r"held \(case 12/2026\); nothing was erased; to lift it: comport hold remove"
    ):
        erase(store, of_customer(store, MAIL))
    assert store.interaction(first.id) and store.interaction(second.id)
    assert erase(store, of_interactions(store, [other.id])).complete
    remove_hold(store, hold.number)
    assert erase(store, of_customer(store, MAIL)).complete
    with pytest.raises(NotStored, match="no hold '9999'"):
        remove_hold(store, 9999)


@pytest.mark.parametrize("typed", ["Laura Brown", MAIL.upper(), "number"])
def test_a_customer_stays_held_under_another_name(store, laura, typed):
    who = f"#{find_person(store, Role.CUSTOMER, MAIL).number}" if typed == "number" else typed
    hold = add_hold(store, "customer", who, "case", "ana")
    assert hold.value == MAIL
    with store.writing() as connection:
        for column in (t.person.c.name, t.person.c.name_key):
            connection.execute(update(t.person).values({column.name: "anna rossi"}))
        connection.execute(update(t.interaction).values(customer="Anna Rossi"))
    with pytest.raises(Held):
        erase(store, of_customer(store, MAIL))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", ["customer", "interaction"])
def test_nobody_unknown_can_be_held(store, kind):
    with pytest.raises(NotStored):
        add_hold(store, kind, "abc", "case", "ana")


# -- keep times --------------------------------------------------------------------------------------------

KEEP = """
every: {media: 30 days, scorecards: 3 years}
chat: {transcripts: 2 weeks, observations: 1 month}
"""
BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)


def times(tmp_path, text=KEEP):
    path = tmp_path / "retention.yaml"
    path.write_text(text)
    return read_retention(path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("every: {media: soon}", "retention.yaml:1: .*expected a time such as 90 days"),
        ("every:\n  media: 30", "retention.yaml:2: .*expected a time"),
        ("every: {pictures: 1 day}", "retention.yaml:1: .*pictures"),
        ("every: {}\nphone: {media: 1 day}", "retention.yaml:2: .*phone"),
        ("- media", "retention.yaml:1: expected a mapping"),
        ("every: {media: [", "retention.yaml:2: not YAML"),
    ],
)
def test_mistakes_in_keep_times_are_told_with_their_line(tmp_path, text, problem):
    with pytest.raises(BadFile, match=problem):
        times(tmp_path, text)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_without_a_file_everything_is_kept(store, laura, tmp_path):
    keep = read_retention(tmp_path / "nowhere.yaml")
    assert list(due(store, keep, BEGAN + timedelta(days=99999))) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_copies_and_what_was_brought_in_are_media_and_recordings_elsewhere_are_not(store, laura, tmp_path):
    first, second, _ = laura
    brought, own = uploads_folder(store) / "1" / "call.wav", tmp_path / "own.wav"
    copy = store.home / "muted" / second.recording[:2] / f"{second.recording}.flac"
    for file in (brought, own, copy):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"RIFF")
    with store.writing() as connection:
        for one, path in ((first, brought), (second, own)):
            same = t.interaction.c.id == one.id
            connection.execute(update(t.interaction).where(same).values(path=str(path.resolve())))
    done = apply_retention(store, times(tmp_path), BEGAN + timedelta(days=40))
    assert (brought.exists(), own.exists(), copy.exists()) == (False, True, False)
    assert done.removed["media"] >= 2
    assert not [d for d in due(store, times(tmp_path), BEGAN + timedelta(days=40)) if d.kind == "media"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_document_whose_time_is_over_does_not_come_back_with_the_next_import(store, tmp_path):
    path = tmp_path / "one.vcon"
    path.write_text(
        json.dumps(vcon(*[text(f"2026-03-02T1{n}:00:00Z", n % 2, f"lamp {n}") for n in range(3)]))
    )
    keep, now = times(tmp_path), BEGAN + timedelta(days=15)
    assert take_all([path], store).taken == 1
    assert apply_retention(store, keep, now).removed == {"transcripts": 1}
    with store.writing() as connection:
        assert take_all([path], store).known == 1
        assert connection.execute(select(t.original)).all() == []
    # As an earlier version left it.
    keep_original(store, find_all(store)[0], b"{}")
    assert [d.kind for d in due(store, keep, now)] == ["transcripts"]
    assert apply_retention(store, keep, now).removed == {"transcripts": 1}
    with store.reading() as connection:
        assert connection.execute(select(t.original)).all() == []
    assert list(due(store, keep, now)) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("after_days", "kinds"),
    [
        (13, []),
        (15, ["transcripts"]),
        (31, ["media"]),
        (40, ["media"]),
        (1099, ["scorecards"]),
    ],
)
def test_what_is_over_its_time_goes_and_the_scores_stay_as_long_as_they_may(
    store, laura, tmp_path, after_days, kinds
):
    first, second, other = laura
    now = BEGAN + timedelta(days=after_days)
    hold = add_hold(store, "interaction", other.id, "case", "ana")
    done = apply_retention(store, times(tmp_path), now)
    assert sorted(done.removed) == sorted({*kinds} | ({"transcripts"} if after_days in (31, 40) else set()))
    if after_days == 1099:
        assert done.erased.complete and done.held == 1
        assert [r.interaction.id for r in store.rows()] == [other.id]
        return
    assert {r.interaction.id for r in store.rows()} == {first.id, other.id}
    assert Path(second.path).exists() == (after_days < 30)
    if after_days >= 14:
        # What it is called is a fact and not what was said.
        assert [r.interaction.id for r in find(store, Wanted("jacket")).rows] == [first.id]
        assert first.id not in {r.interaction.id for r in find(store, Wanted("late")).rows}
        assert store.observations(first).utterances is None
        assert ("utterances", "its keep time is over") in store.observations(first).missing
        assert find(store, Wanted("sofa")).rows and done.held == 1
    remove_hold(store, hold.number)
    apply_retention(store, times(tmp_path), now)
    assert list(due(store, times(tmp_path), now)) == []


def command(store, *words, **more):
    url = store.engine.url.render_as_string(hide_password=False)
    database = ["--database", url] if "postgresql" in url else []
    done = CliRunner().invoke(cli, ["--home", str(store.home), *database, *words], **more)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, " ".join(done.output.split())


def test_by_the_command_line(store, laura, tmp_path):
    first, *_ = laura
    (store.home / "retention.yaml").write_text(KEEP)
    assert "chat 30 14 31 1098" in command(store, "retention", "show")[1]
    assert "transcripts would go" in command(store, "retention", "apply", "--dry-run")[1]
    assert command(store, "hold", "add", "--customer", MAIL, "--reason", "case 3")[0] == 0
    assert f"customer {MAIL}: case 3" in command(store, "hold", "list")[1]
    with pytest.raises(Held):
        command(store, "erase", "--customer", MAIL, "--yes")
    number = command(store, "hold", "list")[1].split()[0]
    assert "is lifted" in command(store, "hold", "remove", number)[1]
    assert command(store, "erase", "--customer", MAIL, input="n\n")[0] == 1
    assert store.interaction(first.id)
    status, told = command(store, "erase", "--customer", MAIL, "--yes", "--keep-sums")
    assert status == 0 and "2 interactions erased" in told and "nothing of it is left" in told
    assert "lies outside of Comport, delete it yourself" in told and first.path.split("/")[-1] in told
    status, told = command(store, "erase", "--customer", MAIL, "--yes", "--json")
    assert (status, json.loads(told)["complete"]) == (0, True)
    assert "nobody is stored as 'C-999'" in command(store, "erase", "--customer", "C-999", "--yes")[1]
    assert command(store, "erase", "--resume")[1] == "nothing was interrupted"
    assert command(store, "erase", "--yes")[0] != 0
    with store.reading() as connection:
        log = connection.execute(select(t.audit_log.c.action, t.audit_log.c.detail)).all()
    assert "erase" in {row.action for row in log} and MAIL not in str(log)


def test_space_that_sqlite_has_freed_holds_nothing_any_more(tmp_path):
    store = open_store(tmp_path / "home")
    one = chat(tmp_path, store, "Laura Brown", "zirconium", MAIL)
    erase(store, of_interactions(store, [one.id]))
    store.engine.dispose()
    with sqlite3.connect(store.home / "comport.db") as raw:
        assert raw.execute("PRAGMA freelist_count").fetchone() == (0,)
    for file in store.home.glob("comport.db*"):
        assert b"zirconium" not in file.read_bytes() and b"Laura" not in file.read_bytes()
