"""A batch over a Dask scheduler and workers that were started by hand, with PostgreSQL: and the scheduler dies."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from tests import postgres
from tests.test_batch import RUBRIC, write_chats

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent

pytestmark = [*postgres.MARKS, pytest.mark.timeout(400)]


@pytest.fixture
def start(tmp_path, server):
    """Starts a program with the environment that workers get; all are ended at the end."""
    environment = {
        **os.environ,
        "COMPORT_HOME": str(tmp_path / "home"),
        "COMPORT_DATABASE_URL": server.new_database(),
        "PYTHONPATH": str(ROOT),
    }
    (tmp_path / "quick.yaml").write_text(RUBRIC)
    started = []

    def run(program: str, *arguments: object, **more: str):
        log = (tmp_path / f"{len(started)}.log").open("wb")
        process = subprocess.Popen(
            [str(BIN / program), *map(str, arguments)],
            env={**environment, **more},
            cwd=tmp_path,
            stdout=log,
            stderr=log,
        )
        started.append(process)
        return process

    run.database = environment["COMPORT_DATABASE_URL"]
    run.told = lambda: "\n".join(p.read_text() for p in sorted(tmp_path.glob("*.log")))
    yield run
    for process in started:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(address: str, query: str):
    engine = create_engine(address)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return rows


def test_a_batch_outlives_its_scheduler(start, tmp_path):
    number, port = 120, free_port()
    address = f"tcp://127.0.0.1:{port}"
    scheduler = start("dask", "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
    work = (
        "dask",
        "worker",
        address,
        "--nthreads",
        1,
        "--nworkers",
        2,
        "--memory-limit",
        0,
        "--no-dashboard",
    )
    start(*work)
    calls = write_chats(tmp_path / "calls", number)
    batch = start("comport", "batch", calls, "--rubric", "quick.yaml", "--scheduler", address)
    end_s = time.monotonic() + 200
    while time.monotonic() < end_s:
        assert batch.poll() is None, start.told()
        try:
            if ask(start.database, "SELECT count(*) FROM batch_item WHERE state = 'done'")[0][0] > 10:
                break
        except ProgrammingError:
            pass  # the tables are not there yet
        time.sleep(0.1)
    scheduler.kill()
    scheduler.wait()
    start("dask", "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
    start(*work)
    assert batch.wait(timeout=200) == 0, start.told()
    assert ask(start.database, "SELECT state, count(*) FROM batch_item GROUP BY state") == [("done", number)]
    assert ask(start.database, "SELECT count(*), count(DISTINCT interaction_id) FROM scorecard") == [
        (number, number)
    ]


@pytest.mark.parametrize(
    ("threads", "home", "told"),
    [
        (2, "home", "has 2 threads, a recording needs a process to itself: start it with --nthreads 1"),
        (1, "elsewhere", "is not the home folder of this batch; start workers with COMPORT_HOME"),
    ],
)
def test_workers_that_were_started_wrongly_are_told_how(start, tmp_path, threads, home, told):
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    start("dask", "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
    options = ("--nthreads", threads, "--nworkers", 1, "--no-dashboard")
    start("dask", "worker", address, *options, COMPORT_HOME=str(tmp_path / home))
    calls = write_chats(tmp_path / "calls", 1)
    batch = start("comport", "batch", calls, "--rubric", "quick.yaml", "--scheduler", address)
    assert batch.wait(timeout=200) == 1
    assert told in start.told()
