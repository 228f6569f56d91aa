"""Kills what can be killed while a batch runs, and counts what was lost or done twice.

    bench/chaos.py [--recordings 500] [--kills 20] [--every 3] [--postgresql] [--disk MB] [--sound]
                   [--seed 1] [--json]

Writes so many chats, or with `--sound` calls in which a tone is heard, and runs `comport batch` over them
with two workers. Every `--every` seconds or so a worker gets SIGKILL; at a third of the way the batch with
its scheduler gets SIGKILL and is started again. With `--postgresql` the ledger is in a PostgreSQL server of
its own (Debian's programs) that at half of the way goes down as if the machine fell over, and comes back
after five seconds. With `--disk` the home folder lies on a disk of so many MB (root may mount it) that is
filled at two thirds of the way and freed after five seconds.

At the end every recording must have one scorecard or one stated reason: `lost` have neither, `twice` have
more than one scorecard or more than one result.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.batch import write_chats
from tests import build, postgres

AWAY_S = 5.0
"""So long database and disk stay away."""

LONGEST_S = 1800.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recordings", type=int, default=500)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--every", type=float, default=3.0)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--disk", type=int, default=0)
    parser.add_argument("--sound", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    server = postgres.Server() if arguments.postgresql else None
    try:
        with tempfile.TemporaryDirectory() as name:
            chaos = Chaos(Path(name), arguments, server)
            try:
                figures = chaos.run()
            finally:
                chaos.clear()
    finally:
        if server:
            server.remove()
    print(json.dumps(figures) if arguments.json else figures)


def write_tones(folder: Path, number: int) -> Path:
    """So many calls of two seconds, no two alike."""
    folder.mkdir(parents=True)
    (folder / "comport.intake.yaml").write_text("facts: {channel: call, language: en}\n", "utf-8")
    for n in range(number):
        build.write_wav(folder / f"{n:06}.wav", build.tone(2, 8000, 200 + n), rate_hz=8000)
    return folder


class Chaos:
    """One batch and whoever is after it."""

    def __init__(self, folder: Path, arguments: argparse.Namespace, server: "postgres.Server | None") -> None:
        self.arguments, self.server, self.dice = arguments, server, random.Random(arguments.seed)
        self.home = folder / "home"
        self.home.mkdir()
        if arguments.disk:
            size = f"size={arguments.disk}m"
            subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", self.home], check=True)
        write = write_tones if arguments.sound else write_chats
        self.source = write(folder / "calls", arguments.recordings)
        self.rubric = "voice-en" if arguments.sound else "chat-en"
        self.database = server.new_database() if server else f"sqlite:///{self.home / 'comport.db'}"
        self.engine = create_engine(self.database)
        self.kills = self.schedulers = self.databases = self.disks = self.starts = 0
        self.process = self.start()

    def start(self) -> subprocess.Popen[str]:
        self.starts += 1
        command = [sys.executable, "-c", "from audit.cli import main; main()", "--home", str(self.home)]
        command += ["--database", self.database] if self.server else []
        command += ["batch", str(self.source), "--rubric", self.rubric, "--workers", "2", "--json"]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def clear(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.engine.dispose()
        if self.arguments.disk:
            subprocess.run(["umount", "-l", self.home], check=True)

    def run(self) -> dict[str, Any]:
        begun_s = time.monotonic()
        next_s = begun_s + self.arguments.every
        while True:
            if self.process.poll() is not None:
                told = (self.process.stderr.read() if self.process.stderr else "").strip()
                if self.process.returncode in (0, 1, 3) and not self.left():
                    break
                if self.starts > 10:
                    raise SystemExit(f"the batch ends again and again: {told}")
                if told and self.process.returncode != -signal.SIGKILL:
                    print(f"the batch ended by itself: {told.splitlines()[-1]}", file=sys.stderr)
                self.process = self.start()
            share = self.done() / self.arguments.recordings
            if share > 1 / 3 and not self.schedulers:
                self.schedulers += 1
                self.process.send_signal(signal.SIGKILL)
                self.process.wait()
            elif self.server and share > 1 / 2 and not self.databases:
                self.databases += 1
                self.server.stop("immediate")
                time.sleep(AWAY_S)
                self.server.start()
            elif self.arguments.disk and share > 2 / 3 and not self.disks:
                self.disks += 1
                self.fill()
            elif self.kills < self.arguments.kills and time.monotonic() > next_s:
                next_s = time.monotonic() + self.dice.uniform(0.5, 1.5) * self.arguments.every
                self.kill_worker()
            if time.monotonic() - begun_s > LONGEST_S:
                raise SystemExit(f"not through after {LONGEST_S:.0f} s")
            time.sleep(0.1)
        return {**self.count(), "took_s": round(time.monotonic() - begun_s, 1)}

    def kill_worker(self) -> None:
        """A worker that is auditing gets SIGKILL."""
        try:
            found = psutil.Process(self.process.pid).children(recursive=True)
            workers = [p for p in found if "spawn_main" in " ".join(p.cmdline())]
            if workers:
                self.dice.choice(workers).kill()
                self.kills += 1
        except psutil.Error:
            pass

    def fill(self) -> None:
        """Nothing can be written to the disk for a while."""
        filler = self.home / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(64 * 1024))
            except OSError:
                pass
        time.sleep(AWAY_S)
        filler.unlink()

    def ask(self, query: str) -> list[Any]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def done(self) -> int:
        try:
            query = "SELECT count(*) FROM batch_item WHERE state NOT IN ('waiting', 'running')"
            return int(self.ask(query)[0][0])
        except SQLAlchemyError:
            return 0

    def left(self) -> bool:
        query = "SELECT count(*) FROM batch_item WHERE state IN ('waiting', 'running')"
        try:
            return bool(self.ask(query)[0][0])
        except SQLAlchemyError:
            return True

    def count(self) -> dict[str, Any]:
        """What became of each recording, by its rows alone."""
        items = self.ask("SELECT id, state, reason FROM batch_item")
        results = self.ask("SELECT item_id, interaction_id FROM batch_result")
        cards = [one for (one,) in self.ask("SELECT interaction_id FROM scorecard")]
        of_item: dict[int, list[str]] = {}
        for item, interaction in results:
            of_item.setdefault(item, []).append(interaction)
        lost = twice = aside = 0
        for item, state, reason in items:
            found = [one for one in of_item.get(item, []) if one]
            number = max(sum(cards.count(one) for one in found), len(of_item.get(item, [])))
            stated = state in ("failed", "set aside") and bool(reason)
            aside += state == "set aside"
            lost += not stated and not found
            twice += number > 1
        missing = self.arguments.recordings - len(items)
        strays = set(cards) - {one for found in of_item.values() for one in found}
        return {
            "recordings": len(items),
            "lost": lost + missing,
            "twice": twice + len(strays),
            "kills": self.kills,
            "schedulers": self.schedulers,
            "databases": self.databases,
            "disks": self.disks,
            "set_aside": aside,
            "scorecards": len(cards),
            "tries": int(self.ask("SELECT sum(tries) FROM batch_item")[0][0]),
            "starts": self.starts,
        }


if __name__ == "__main__":
    main()
