"""Batches with real worker processes that really die: every file ends once, with a scorecard or a reason."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from audit.batch import behind, ledger, sources
from audit.batch.guard import cause
from audit.batch.ledger import RunState, Settings
from audit.batch.sources import UnusableSource, fetched, find
from tests import poison

ROOT = Path(__file__).parent.parent
COMPORT = Path(sys.executable).parent / "comport"
CHAT = (ROOT / "samples" / "chat-wrong-size.jsonl").read_text("utf-8").splitlines()


RUBRIC = """
rubric: quick
version: 1
title: Quick
language: en
applies_to: [chat]
phrases: {offer-help: ["how (can|may) I help"]}
sections:
- id: all
  title: All
  standards:
  - {id: offer-help, title: Offers help, why: "-", say: offer-help, examples: {met: ["How can I help?"], missed: ["No."]}}
"""


def write_chats(folder: Path, number: int) -> Path:
    """So many chats that differ."""
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(number):
        first = json.loads(CHAT[0])
        first["text"] += f" It is order {n}."
        (folder / f"chat-{n:03}.jsonl").write_text("\n".join([json.dumps(first), *CHAT[1:]]), "utf-8")
    return folder


def stopped(store, folder, state=RunState.INTERRUPTED):
    """The number of a batch of a folder, of which nothing is done and on which nobody works."""
    digest = behind.newest_version(store, "chat-en")
    run = ledger.begin(store, [str(folder)], [digest], Settings(), list(find([str(folder)])))
    ledger.mark(store, run.id, state)
    return run.id


def over(store, number):
    """Waits until a batch is finished or cancelled."""
    for _ in range(1000):
        if ledger.run_of(store, number).state in (RunState.FINISHED, RunState.CANCELLED):
            return
        time.sleep(0.1)
    raise AssertionError(f"batch {number} is not over")


@pytest.fixture
def batch(tmp_path):
    """Runs `comport batch …`, or starts it with `wait=False`."""
    environment = poison.install(tmp_path / "poison")
    (tmp_path / "quick.yaml").write_text(RUBRIC)
    started = []

    def run(*arguments: object, wait: bool = True):
        command = [str(COMPORT), "--home", str(tmp_path / "home"), "batch", *map(str, arguments)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
        )
        started.append(process)
        if not wait:
            return process
        out, told = process.communicate(timeout=300)
        return subprocess.CompletedProcess(command, process.returncode, out, told)

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def ask(home: Path, query: str) -> list[tuple]:
    with sqlite3.connect(home / "comport.db") as connection:
        return connection.execute(query).fetchall()


def wait_until(process, home: Path, done: int) -> None:
    """Waits until so many items are done while the batch runs."""
    end_s = time.monotonic() + 200
    while time.monotonic() < end_s:
        assert process.poll() is None, process.communicate()
        try:
            if ask(home, "SELECT count(*) FROM batch_item WHERE state = 'done'")[0][0] >= done:
                return
        except sqlite3.OperationalError:
            pass
        time.sleep(0.02)
    raise AssertionError(f"not {done} done in time")


def workers(process) -> list[psutil.Process]:
    """The worker processes of a batch that live."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


def exactly_once(home: Path, number: int) -> None:
    """Every chat has one scorecard, and the ledger says so once."""
    assert ask(home, "SELECT state, count(*) FROM batch_item GROUP BY state") == [("done", number)]
    assert ask(home, "SELECT count(*), count(DISTINCT interaction_id) FROM scorecard") == [(number, number)]
    assert ask(home, "SELECT count(*), count(DISTINCT interaction_id) FROM batch_result") == [
        (number, number)
    ]
    assert ask(home, "SELECT count(*) FROM interaction") == [(number,)]


@pytest.mark.timeout(400)
def test_every_file_has_its_scorecard_or_its_reason_in_the_report(batch, tmp_path):
    folder = write_chats(tmp_path / "calls", 12)
    (folder / "bug.poison").write_text("bug")
    (folder / "broken.jsonl").write_text("nonsense")
    run = (folder, "--rubric", "quick.yaml", "--workers", 2, "--json")
    done = batch(*run)
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert told["states"] == {"waiting": 0, "running": 0, "done": 12, "failed": 2, "set aside": 0}
    assert told["scores"]["quick"]["number"] == 12
    status = json.loads(batch("status", told["batch"], "--json").stdout)
    why = {
        Path(item["location"]).stem: (item["tries"], item["reason"]) for item in status["without_scorecard"]
    }
    for name, tries, words in (
        ("bug", 1, "unexpected KeyError: 'gone'"),
        ("broken", 1, "broken.jsonl:1: not a message"),
    ):
        assert why[name][0] == tries
        assert words in why[name][1]
    for report in map(Path, told["reports"]):
        text = report.read_text("utf-8")
        assert text.count("quick") == 13  # one row for each, and the summary
        assert all(name in text for name in why)
    # With the broken one mended, what is tried again comes to an end.
    (folder / "broken.jsonl").write_text("\n".join(CHAT), "utf-8")
    assert json.loads(batch("retry", 1, "--json").stdout) == {"batch": 1, "waiting_again": 2}
    again = json.loads(batch(*run).stdout)
    assert (again["batch"], again["states"]["done"], again["states"]["failed"]) == (1, 13, 1)


HURT = """
import sys
from pathlib import Path
import audit.intake
from audit.batch.guard import guarded

with guarded(Path(sys.argv[2]), 2.0, 400_000_000):
    list(audit.intake.arrivals(Path(sys.argv[1])))
print("alive")
"""


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("crash", "crashed: Segmentation fault, in audit/intake/__init__.py line"),
        ("kill", "killed, by the system for want of memory or by somebody"),
        ("hang", "took longer than the 2 s allowed, in audit/intake/__init__.py line"),
        ("eat", "MB of memory, 400 MB are allowed"),
        ("nothing", ""),
    ],
)
def test_what_hurts_a_process_ends_it_and_is_told(tmp_path, what, told):
    environment = poison.install(tmp_path / "poison")
    hurting, said = tmp_path / "it.poison", tmp_path / "said"
    hurting.write_text(what)
    done = subprocess.run(
        [sys.executable, "-c", HURT, hurting, said],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    if what == "nothing":
        assert (done.stdout, said.exists()) == ("alive\n", False)
    else:
        assert done.stdout == ""
        assert told in cause(said, 2.0, 400_000_000)
        assert not said.exists()


@pytest.mark.timeout(400)
def test_what_ends_its_workers_is_set_aside_and_all_else_is_audited(batch, tmp_path):
    folder = write_chats(tmp_path / "calls", 3)
    (folder / "crash.poison").write_text("crash")
    done = batch(folder, "--rubric", "quick.yaml", "--workers", 1)
    assert done.returncode == 3, done.stderr
    assert "crash.poison: set aside: ended its worker 3 times, the last time: crashed: Segm" in done.stderr
    assert "4 files: 3 done, 1 set aside; 3 scorecards" in done.stdout


@pytest.mark.timeout(400)
def test_workers_and_the_batch_itself_may_be_killed_at_any_moment(batch, tmp_path):
    number, home = 150, tmp_path / "home"
    run = (write_chats(tmp_path / "calls", number), "--rubric", "quick.yaml", "--workers", 2)
    first = batch(*run, wait=False)
    for done in (10, 40):
        wait_until(first, home, done)
        workers(first)[0].kill()
    wait_until(first, home, 60)
    first.kill()
    first.wait()
    left = ask(home, "SELECT count(*) FROM batch_item WHERE state = 'done'")[0][0]
    assert left < number
    second = batch(*run)
    assert second.returncode == 0, second.stderr
    assert second.stdout.startswith("going on with batch 1")
    exactly_once(home, number)
    # Once more finds nothing to do, in a batch of its own.
    third = json.loads(batch(*run, "--json").stdout)
    assert (third["batch"], third["states"]["done"], third["scorecards"]) == (2, number, 0)
    assert ask(home, "SELECT count(*) FROM batch_item WHERE run_id = 2 AND tries = 0") == [(number,)]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_clean_and_the_same_command_goes_on(batch, tmp_path, how):
    number, home = 80, tmp_path / "home"
    run = (write_chats(tmp_path / "calls", number), "--rubric", "quick.yaml", "--workers", 2)
    first = batch(*run, wait=False)
    wait_until(first, home, 5)
    os.kill(first.pid, how)
    out, told = first.communicate(timeout=200)
    assert (first.returncode, told.lstrip()) == (130, "stopped; what was finished is stored\n")
    assert ask(home, "SELECT state FROM batch_run") == [("interrupted",)]
    assert ask(home, "SELECT count(*) FROM batch_item WHERE state = 'running' OR tries > 1") == [(0,)]
    assert [p for p in (home / "batches" / "1").iterdir() if p.name != "lock"] == []
    assert batch(*run).returncode == 0
    exactly_once(home, number)


@pytest.mark.timeout(400)
def test_a_batch_that_is_cancelled_begins_nothing_more(batch, tmp_path):
    home = tmp_path / "home"
    first = batch(write_chats(tmp_path / "calls", 2000), "--rubric", "quick.yaml", "--workers", 1, wait=False)
    wait_until(first, home, 5)
    busy = batch("retry", 1)
    assert (busy.returncode, "batch 1 is being worked on already" in busy.stderr) == (1, True)
    assert ask(home, "SELECT state FROM batch_run") == [("running",)]
    assert json.loads(batch("cancel", 1, "--json").stdout) == {"batch": 1, "state": "cancelled"}
    first.communicate(timeout=200)
    assert first.returncode == 1
    assert 5 <= ask(home, "SELECT count(*) FROM scorecard")[0][0] < 2000


def test_two_batches_at_once_do_not_mind_each_other(batch, tmp_path):
    run = (write_chats(tmp_path / "calls", 1), "--rubric", "quick.yaml", "--workers", 1)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):  # another batch has it
            other.bind(("127.0.0.1", 8787))
            other.listen()
        done = batch(*run)
    assert (done.returncode, "8787" in done.stderr) == (0, False)


def test_a_database_in_a_file_is_no_place_for_several_machines(batch, tmp_path):
    done = batch(
        write_chats(tmp_path / "calls", 1), "--rubric", "quick.yaml", "--scheduler", "tcp://127.0.0.1:9"
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot share an SQLite file; use PostgreSQL" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--time-limit", "soon"], "'soon' is not a time like '2 h' or '90 s'"),
        (["--memory-limit", "much"], "'much' is not an amount like '4 GB'"),
        (["--scheduler", "tcp://127.0.0.1:9", "--workers", "2"], "give one of them"),
    ],
)
def test_wrong_usage_is_told(batch, arguments, told):
    done = batch("calls", "--rubric", "quick.yaml", *arguments)
    assert done.returncode == 2
    assert told in done.stderr


# -- where the files are --------------------------------------------------------------------------------


def places(*named: object) -> list[str]:
    return [Path(one.location).name for one in find(map(str, named)) if not one.refused]


def test_folders_patterns_and_lists_name_files(tmp_path):
    folder = write_chats(tmp_path / "calls", 3)
    (folder / "chat-000.meta.yaml").write_text("agent: Sara")
    listed = tmp_path / "list.csv"
    listed.write_text("path,note\ncalls/chat-002.jsonl,x\ncalls/none.wav,y\n", "utf-8-sig")
    assert places(folder) == ["chat-000.jsonl", "chat-001.jsonl", "chat-002.jsonl"]
    assert places(folder / "chat-00[01]*") == ["chat-000.jsonl", "chat-001.jsonl"]
    assert places(tmp_path / "**" / "chat-001.jsonl") == ["chat-001.jsonl"]
    assert places(listed) == ["chat-002.jsonl"]
    (missing,) = [one for one in find([str(listed)]) if one.refused]
    assert missing.refused.endswith("none.wav: no such file or folder")


def test_a_stamp_tells_whether_a_file_or_its_facts_changed(tmp_path):
    folder = write_chats(tmp_path / "calls", 1)
    stamps = []
    for change in (lambda: None, lambda: (folder / "chat-000.meta.yaml").write_text("agent: Sara")):
        change()
        stamps += [one.stamp for one in find([str(folder)])]
        stamps += [one.stamp for one in find([str(folder / "*.jsonl")])]
    assert stamps[0] == stamps[1] != stamps[2] == stamps[3]


@pytest.mark.parametrize(
    ("content", "told"),
    [("path\nx.wav\n\n,\n", ":4: 'path' is empty"), (b"path\n\xff\n", "give a CSV in UTF-8")],
)
def test_a_list_with_a_mistake_is_refused_at_its_line(tmp_path, content, told):
    listed = tmp_path / "list.csv"
    listed.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UnusableSource) as caught:
        list(find([str(listed)]))
    assert told in caught.value.line


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("s3://bucket/calls", "its library is not here"),
        ("nowhere://x", "its library is not here|cannot be read"),
        ("calls-*", "matches no file"),
    ],
)
def test_a_source_that_cannot_be_used_is_told_on_one_line(source, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnusableSource, match=told) as caught:
        list(find([source]))
    assert caught.value.line.startswith(source)


def test_what_lies_in_a_store_is_brought_here_and_removed(tmp_path):
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe("/calls/a.jsonl", b"{}")
    memory.pipe("/calls/a.meta.yaml", b"agent: Sara")
    memory.pipe("/calls/b.txt.exe", b"")
    assert places("memory://calls") == ["a.jsonl"]
    assert places("memory://calls/*.jsonl") == ["a.jsonl"]
    (found,) = find(["memory://calls/a.jsonl"])
    with fetched(found.location, tmp_path) as path:
        assert path.read_bytes() == b"{}"
        assert path.with_name("a.meta.yaml").read_text() == "agent: Sara"
        assert path.parent.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []
    before = found.stamp
    memory.pipe("/calls/a.jsonl", b"{} ")
    assert next(iter(find(["memory://calls/a.jsonl"]))).stamp != before
    with (
        pytest.raises(UnusableSource, match="memory://.*cannot be read"),
        fetched("memory://gone.wav", tmp_path),
    ):
        pass


@pytest.mark.timeout(400)
def test_a_batch_from_an_address_says_where_each_came_from(batch, tmp_path):
    folder = write_chats(tmp_path / "calls", 3)
    (folder / "chat-000.meta.yaml").write_text("agent: Sara Lind")
    (folder / "broken.jsonl").write_text("nonsense")
    done = batch(f"file://{folder}", "--rubric", "quick.yaml", "--workers", 1)
    assert done.returncode == 1
    home = tmp_path / "home"
    assert ask(home, "SELECT path, agent FROM interaction ORDER BY path")[0] == (
        f"file://{folder}/chat-000.jsonl",
        "Sara Lind",
    )
    assert f"file://{folder}/broken.jsonl:1: not a message" in done.stderr
    assert not list((home / "batches" / "1").glob(f"{sources.FETCHED}*"))
