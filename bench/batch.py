"""How fast a batch goes through generated chats, and what two workers bring over one.

    bench/batch.py [--interactions 10000] [--alone 0] [--recordings FOLDER] [--rubric chat-en]
                   [--database ADDRESS] [--json]

Writes so many chats, each of them different, and runs `comport batch` over them with two workers, and with
one worker over `--alone` of them (a quarter, when 0). `speedup` compares the items a second from the first
item that a worker took to the last one closed: how long processes take to start is `start_s`.
`driver_share` is the CPU time of the process that hands out, beside all CPU time. `cores` says how many the
machine has, `load` how many others wanted them before it began: with more load than cores nobody can have
two.

`peak_mb` is the greatest memory of one worker, `early_mb` what it was at a quarter of the way: as much
means flat. `--recordings` measures the same over a folder of recordings; the rubric must fit. What the
machine itself gives is then measured too: `bare_speedup` is that of the same recordings by two processes and
by one that audit them without a batch, and keep nothing; `ratio` is the one beside the other.
"""

import argparse
import functools
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import create_engine, text

CUSTOMER = (
    "Hello, my order {n} has not arrived.",
    "I was charged twice for {n}.",
    "Can you send {n} to another address?",
    "That is the second time. I am waiting since Monday.",
    "Thank you, that is all.",
    "And when will it be here?",
)
AGENT = (
    "Good morning, my name is Tom. How can I help you?",
    "I am sorry for the trouble. May I have your order number?",
    "I will look at order {n} for you now.",
    "It is on its way and will be with you on Thursday.",
    "Is there anything else I can help you with?",
    "Thank you for writing to Northwind. Have a nice day.",
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--interactions", type=int, default=10_000)
    parser.add_argument("--alone", type=int, default=0)
    parser.add_argument("--recordings", type=Path)
    parser.add_argument("--rubric", default="chat-en")
    parser.add_argument("--database")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        both, alone = arguments.recordings, arguments.recordings
        if both is None:
            both = write_chats(folder / "both", arguments.interactions)
            alone = write_chats(folder / "alone", arguments.alone or max(20, arguments.interactions // 4))
        two = measure(folder / "two", both, arguments.rubric, 2, arguments.database)
        one = measure(folder / "one", alone, arguments.rubric, 1, None)
    speedup = two["per_s"] / one["per_s"]
    figures = {
        "speedup": round(speedup, 2),
        "per_s": round(two["per_s"], 3),
        "per_s_alone": round(one["per_s"], 3),
        "peak_mb": two["peak_mb"],
        "early_mb": two["early_mb"],
        "driver_share": two["driver_share"],
        "cpu_ms_each": two["cpu_ms_each"],
        "start_s": two["start_s"],
        "interactions": two["items"],
        "cores": len(os.sched_getaffinity(0)),
        "load": round(load, 1),
    }
    if arguments.recordings is not None:
        bare = {n: bare_per_s(arguments.recordings, arguments.rubric, n) for n in (2, 1)}
        figures["bare_per_s"], figures["bare_per_s_alone"] = (round(bare[n], 3) for n in (2, 1))
        figures["bare_speedup"] = round(bare[2] / bare[1], 2)
        figures["ratio"] = round(speedup / (bare[2] / bare[1]), 2)
    print(json.dumps(figures) if arguments.json else figures)


def write_chats(folder: Path, number: int) -> Path:
    """So many chats of 8 to 24 messages, no two alike."""
    folder.mkdir(parents=True)
    for n in range(number):
        dice = random.Random(n)
        lines, minute = [], 0
        for turn in range(dice.randint(4, 12)):
            for sender, texts in (("customer", CUSTOMER), ("agent", AGENT)):
                said = dice.choice(texts) if turn else texts[0]
                at = f"2026-03-03T{8 + minute // 60:02}:{minute % 60:02}:00Z"
                lines.append({"at": at, "from": sender, "text": said.format(n=f"NW-{n:06}")})
                minute += dice.randint(0, 3)
        (folder / f"{n:06}.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    return folder


def measure(home: Path, source: Path, rubric: str, workers: int, database: str | None) -> dict[str, Any]:
    """One batch from first to last, with the memory and CPU time of its processes."""
    command = [sys.executable, "-c", "from audit.cli import main; main()", "--home", str(home)]
    command += ["--database", database] if database else []
    command += ["batch", str(source), "--rubric", rubric, "--workers", str(workers), "--json"]
    begun_s = time.time()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    of_workers: dict[int, float] = {}
    driver_s, peaks = 0.0, []
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            times = watched.cpu_times()
            driver_s = times.user + times.system
            resident = 0
            for child in watched.children(recursive=True):
                used = child.cpu_times()
                of_workers[child.pid] = used.user + used.system
                resident = max(resident, child.memory_info().rss)
            peaks.append(resident / 1e6)
        except psutil.Error:
            pass
        time.sleep(0.2)
    told = json.loads(process.communicate()[0])
    if told["states"]["done"] != told["files"]:
        raise SystemExit(f"not everything was audited: {told['states']}")
    engine = create_engine(database or f"sqlite:///{home / 'comport.db'}")
    with engine.connect() as connection:
        query = "SELECT min(started_at), max(finished_at) FROM batch_item WHERE tries > 0"
        first, last = (_seconds(at) for at in connection.execute(text(query)).one())
    cpu_s = driver_s + sum(of_workers.values())
    return {
        "items": told["files"],
        "per_s": told["files"] / (last - first),
        "start_s": round(first - begun_s, 1),
        "peak_mb": round(max(peaks)),
        "early_mb": round(max(peaks[: max(1, len(peaks) // 4)])),
        "driver_share": round(driver_s / cpu_s, 3),
        "cpu_ms_each": round(1000 * cpu_s / told["files"], 1),
    }


def bare_per_s(recordings: Path, rubric: str, processes: int) -> float:
    """Recordings a second from the first that a process takes to the last that is done."""
    from audit.intake import FACTS_SUFFIX

    paths = sorted(path for path in recordings.iterdir() if not path.name.endswith(FACTS_SUFFIX))
    # As Dask's workers have it.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn) as pool:
        times_s = list(pool.map(functools.partial(audited_s, rubric), paths))
    return len(paths) / (max(end_s for _, end_s in times_s) - min(begun_s for begun_s, _ in times_s))


def audited_s(rubric: str, path: Path) -> tuple[float, float]:
    """When the audit of one recording began, and when it was done, in seconds since 1970."""
    begun_s = time.time()
    from audit.pipeline import audit_file, find_rubric

    audit_file(path, [find_rubric(rubric)])
    return begun_s, time.time()


def _seconds(at: Any) -> float:
    from datetime import UTC, datetime

    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).timestamp()


if __name__ == "__main__":
    main()
