"""One file holds everything, made while others write; what was hurt on the way is never restored."""

import gzip
import io
import json
import shutil
import stat
import tarfile
import threading
from datetime import UTC, datetime

import msgspec
import pytest
from click.testing import CliRunner
from sqlalchemy import MetaData, insert, select

from audit import tables as t
from audit.backup import MANIFEST, BackupUnsaved, Manifest, _Writer, write_backup
from audit.cli import cli
from audit.database import connect, upgrade_store
from audit.importing import take_all
from audit.pipeline import find_rubric
from audit.restore import BackupUnusable, PlaceTaken, restore_backup
from audit.reviews import Verdict, keep_review
from audit.store import open_store
from audit.tabledump import _plain
from audit.tables import metadata
from audit.users import add_user
from tests import build
from tests.test_migrations import SAVED, fill
from tests.test_vcon import CHAT, b64, vcon

RUBRICS = ("chat-en", "voice-en")


@pytest.fixture
def store(tmp_path, database):
    """A chat, a recording that came inside of a vCon, a review and a user."""
    one = open_store(tmp_path / "home", database)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    sound = build.write_wav(inbox / "a.wav", build.tone(1), build.tone(1, hz=300)).read_bytes()
    dialog = {"type": "recording", "start": "2026-03-02T09:00:00+01:00", "mediatype": "audio/wav",
              "parties": [0, 1], "encoding": "base64url", "body": b64(sound)}  # fmt: skip
    (inbox / "call.vcon").write_text(json.dumps(vcon(dialog)))
    (inbox / "chat.vcon").write_text(json.dumps(CHAT))
    (inbox / "a.wav").unlink()
    shutil.copy(build.SAMPLES / "chat-wrong-size.jsonl", inbox)
    rubrics = [find_rubric("chat-en")]
    assert len(take_all([inbox / "chat.vcon", inbox / "chat-wrong-size.jsonl"], one, rubrics).rejected) == 0
    assert take_all([inbox / "call.vcon"], one).taken == 1
    card = next(c for row in one.rows() for c in one.scorecards(row.interaction.id))
    keep_review(one, card, card.findings[0].standard, Verdict.MET, "ana", "I heard it")
    add_user(one, "ana", "correct horse battery staple")
    yield one
    one.engine.dispose()


def content(store):
    """Every row of every table, but for where files lie."""
    with store.reading() as connection:
        rows = {
            name: [
                {**row} for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
            ]
            for name, table in metadata.tables.items()
        }
    for row in rows["interaction"]:
        row["path"] = row["path"].replace(str(store.home), "HOME")
    return rows


@pytest.fixture
def archive(store, tmp_path):
    write_backup(store, tmp_path / "all.tar")
    return tmp_path / "all.tar"


@pytest.fixture
def onto(request, database):
    """The address of an empty database of the same kind as the store's, and of the other one."""
    return None if database is None else request.getfixturevalue("server").new_database()


def test_a_restored_home_is_the_same_to_the_last_row(store, tmp_path, archive, onto):
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    restore_backup(archive, tmp_path / "again", onto)
    again = open_store(tmp_path / "again", onto)
    assert content(again) == content(store)
    for row in store.rows():
        assert again.scorecards(row.interaction.id) == store.scorecards(row.interaction.id)
        assert again.observations(row.interaction) == store.observations(row.interaction)
    (enclosed,) = (tmp_path / "again" / "enclosed").iterdir()
    assert str(enclosed) in [row["path"] for row in rows_of(again, t.interaction)]
    # It goes on: what is found, judged again and taken in anew gets numbers of its own.
    assert again.rows("jacket") == store.rows("jacket")
    add_user(again, "tom", "another long password")
    assert CliRunner().invoke(cli, command(again, "rescore", "--rubric", "chat-en")).exit_code == 0
    again.engine.dispose()


def rows_of(store, table):
    with store.reading() as connection:
        return list(connection.execute(select(table)).mappings())


def command(store, *words):
    url = store.engine.url
    database = ["--database", url.render_as_string(hide_password=False)] if url.host or url.query else []
    return ["--home", str(store.home), *database, *words]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_team_moves_from_sqlite_to_postgresql_by_a_backup(store, tmp_path, archive, request):
    server = request.getfixturevalue("server")
    url = server.new_database()
    restore_backup(archive, tmp_path / "again", url)
    again = open_store(tmp_path / "again", url)
    assert content(again) == content(store)
    write_backup(again, tmp_path / "back.tar")
    again.engine.dispose()
    restore_backup(tmp_path / "back.tar", tmp_path / "home-again")
    assert content(open_store(tmp_path / "home-again")) == content(store)


def test_a_backup_is_of_one_moment_while_writing_goes_on(store, tmp_path):
    enough = threading.Event()
    written = []

    def write():
        while not enough.is_set():
            with store.writing() as connection:
                for table, row in (
                    (t.intake_run, {"report": "{}", "at": datetime.now(UTC)}),
                    (t.user, {"name": f"u{len(written)}", "password_hash": "", "added_at": datetime.now(UTC)}),
                ):  # fmt: skip
                    connection.execute(insert(table).values(**row))
            written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        manifests = [write_backup(store, tmp_path / f"{n}.tar") for n in range(4)]
    finally:
        enough.set()
        writer.join()
    # Both rows of a transaction, or none of them: three imports and one user were there before.
    assert all(m.rows["intake_run"] - 2 == m.rows["user_account"] - 1 for m in manifests)
    assert manifests[-1].rows["intake_run"] > manifests[0].rows["intake_run"]
    restore_backup(tmp_path / "3.tar", tmp_path / "again")
    assert len(open_store(tmp_path / "again").rows()) == len(store.rows())


def test_recordings_that_lie_elsewhere_come_along_where_it_is_asked_for(tmp_path):
    store = open_store(tmp_path / "home")
    path = build.write_wav(tmp_path / "a.wav", build.tone(1))
    assert take_all([path], store).taken == 1
    for name, lies in (("without", path), ("with", tmp_path / "with" / "recordings")):
        file = tmp_path / f"{name}.tar"
        write_backup(store, file, recordings=name == "with")
        restore_backup(file, tmp_path / name)
        (row,) = rows_of(open_store(tmp_path / name), t.interaction)
        assert row["path"].startswith(str(lies))
    path.unlink()
    assert write_backup(store, tmp_path / "late.tar", recordings=True).lacking == (str(path),)


def test_a_place_that_is_not_empty_is_left_as_it_is(store, tmp_path, archive, onto):
    (tmp_path / "again").mkdir()
    restore_backup(archive, tmp_path / "again", onto)
    with pytest.raises(PlaceTaken, match="is not empty; restore into an empty place"):
        restore_backup(archive, tmp_path / "again")
    if onto:
        with pytest.raises(PlaceTaken, match="the database is not empty"):
            restore_backup(archive, tmp_path / "third", onto)
        assert not (tmp_path / "third").exists()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The bytes of a small backup."""
    folder = tmp_path_factory.mktemp("small")
    store = open_store(folder / "home")
    assert take_all([build.SAMPLES / "chat-wrong-size.jsonl"], store, [find_rubric("chat-en")]).taken == 1
    write_backup(store, folder / "a.tar")
    return (folder / "a.tar").read_bytes()


def changed(content, change):
    """The backup with its members as `change` gives them: (name, bytes or a TarInfo)."""
    members = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as read:
        for member in read:
            members[member.name] = read.extractfile(member).read()
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as write:
        for name, value in change(members):
            head = value if isinstance(value, tarfile.TarInfo) else tarfile.TarInfo(name)
            if not isinstance(value, tarfile.TarInfo):
                head.size = len(value)
            write.addfile(head, None if isinstance(value, tarfile.TarInfo) else io.BytesIO(value))
    return into.getvalue()


def added(name, value=b"x"):
    return lambda members: [(name, value), *members.items()]


def special(kind, target="/etc/passwd"):
    head = tarfile.TarInfo("home/a")
    head.type, head.linkname = kind, target
    return lambda members: [("", head), *members.items()]


def manifest(**changes):
    def change(members):
        told = json.loads(members[MANIFEST]) | changes
        return [*((n, v) for n, v in members.items() if n != MANIFEST), (MANIFEST, json.dumps(told).encode())]

    return change


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (added("home/../../escaped"), "is no name in a backup"),
        (added("/etc/cron.d/x"), "is no name in a backup"),
        (added("home//etc/x"), "is no name in a backup"),
        (added("other/x"), "is no name in a backup"),
        (added("tables/../x.jsonl"), "is no name in a backup"),
        (added("home/more"), "'home/more' is not in the manifest"),
        (lambda m: [*m.items(), *m.items()], "is in it twice"),
        (special(tarfile.SYMTYPE), "'home/a' is no plain file"),
        (special(tarfile.LNKTYPE), "'home/a' is no plain file"),
        (special(tarfile.CHRTYPE), "'home/a' is no plain file"),
        (special(tarfile.GNUTYPE_SPARSE), "no plain file|damaged one"),
        (lambda m: [i for i in m.items() if i[0] != MANIFEST], "it has no manifest.json"),
        (lambda m: [i for i in m.items() if i[0] != "tables/rubric.jsonl"], "'tables/rubric.jsonl' is missing"),
        (lambda m: [(n, v.replace(b"jacket", b"trouse")) for n, v in m.items()], "is damaged"),
        (lambda m: [(n, b"[]" if n == MANIFEST else v) for n, v in m.items()], "manifest.json is damaged"),
        (lambda m: [(n, b"{" if n == MANIFEST else v) for n, v in m.items()], "manifest.json is damaged"),
        (manifest(format=99), "format 99, expected 1"),
        (manifest(schema="9999"), "schema 9999, expected .* at most"),
        (manifest(members="many"), "manifest.json is damaged"),
    ],
)  # fmt: skip
def test_what_is_no_whole_backup_is_refused_and_nothing_is_written(tmp_path, small, change, problem):
    (tmp_path / "bad.tar").write_bytes(changed(small, change))
    with pytest.raises(BackupUnusable, match=problem):
        restore_backup(tmp_path / "bad.tar", tmp_path / "new" / "home")
    assert [p.name for p in tmp_path.iterdir() if p.name != "new"] == ["bad.tar"]
    assert not (tmp_path / "new").exists() or not list((tmp_path / "new").iterdir())


@pytest.mark.parametrize("hurt", ["cut short", "one bit", "compressed", "empty", "text"])
def test_a_hurt_file_is_refused(tmp_path, small, hurt):
    half = len(small) // 2
    content = {
        "cut short": small[:half],
        "one bit": small[:half] + bytes([small[half] ^ 1]) + small[half + 1 :],
        "compressed": gzip.compress(small),
        "empty": b"",
        "text": b"hello" * 1000,
    }[hurt]
    (tmp_path / "bad.tar").write_bytes(content)
    done = CliRunner().invoke(cli, ["--home", str(tmp_path / "home"), "restore", str(tmp_path / "bad.tar")])
    assert isinstance(done.exception, BackupUnusable)
    assert not (tmp_path / "home").exists()


def test_a_backup_of_an_earlier_schema_is_restored_and_then_upgraded(tmp_path, database, onto):
    saved = json.loads(SAVED["0003"].read_text("utf-8"))
    fill(tmp_path / "old", None, saved)
    engine, schema = connect(tmp_path / "old", None)
    assert schema == "0003"
    # As Comport of that time would have written it.
    tables = MetaData()
    tables.reflect(engine)
    rows, marks = {}, {}
    with tarfile.open(tmp_path / "old.tar", "w") as written, engine.connect() as connection:
        writer = _Writer(written)
        for table in tables.sorted_tables:
            if table.name == "alembic_version":
                continue
            found = [
                {n: _plain(v) for n, v in r.items()} for r in connection.execute(select(table)).mappings()
            ]
            times = [c.name for c in table.columns if str(c.type) == "DATETIME"]
            found = [{n: f"{v}+00:00" if n in times and v else v for n, v in r.items()} for r in found]
            lines = b"".join(json.dumps(r).encode() + b"\n" for r in found)
            rows[table.name], marks[table.name] = len(found), dict.fromkeys(times, "time")
            writer.add(f"tables/{table.name}.jsonl", io.BytesIO(lines), len(lines))
        for file in sorted((tmp_path / "old" / "observations").rglob("*.json")):
            name = f"home/{file.relative_to(tmp_path / 'old')}"
            writer.add(name, io.BytesIO(file.read_bytes()), file.stat().st_size)
        told = Manifest(1, "0003", "0.1.0", "then", str(tmp_path / "old"), rows, marks, tuple(writer.members))
        plain = msgspec.json.encode(told)
        writer.add(MANIFEST, io.BytesIO(plain), len(plain))
    engine.dispose()
    restore_backup(tmp_path / "old.tar", tmp_path / "new", onto)
    upgrade_store(tmp_path / "new", onto)
    again = open_store(tmp_path / "new", onto)
    (row,) = again.rows()
    assert len(again.observations(row.interaction).utterances) > 5
    again.engine.dispose()


def test_a_backup_that_cannot_be_written_leaves_nothing(store, tmp_path):
    with pytest.raises(BackupUnsaved, match="the backup cannot be written"):
        write_backup(store, tmp_path / "nowhere" / "a.tar")
    (tmp_path / "there.tar").mkdir()
    with pytest.raises(BackupUnsaved):
        write_backup(store, tmp_path / "there.tar")
    assert not list(tmp_path.glob(".part-*"))


def test_by_the_command_line(store, tmp_path, onto):
    run, file = CliRunner(), tmp_path / "a.tar"
    done = run.invoke(cli, command(store, "backup", str(file)))
    assert (done.exit_code, "3 interactions" in done.output) == (0, True)
    assert "is there already" in str(run.invoke(cli, command(store, "backup", str(file))).output)
    done = run.invoke(cli, command(store, "backup", str(file), "--force", "--json"))
    assert json.loads(done.output)["lacking"] == []
    words = ["--home", str(tmp_path / "b"), *(["--database", onto] if onto else []), "restore", str(file)]
    assert "3 interactions as of" in " ".join(run.invoke(cli, words).output.split())
