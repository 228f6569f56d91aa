"""How soon pages answer when many reviewers work at once: p50 and p95 in ms, and errors.

    bench/load.py [--users 50] [--seconds 120] [--interactions 1000000] [--think 5]
                  [--words 300] [--sqlite | --keep FOLDER] [--json]

A throw-away PostgreSQL server (`--sqlite`: a file; `--keep`: one that stays in a folder, as that of
`bench/million.py`) is filled as `bench/million.py` fills it, with an account for each user; `comport serve`
answers as a process of its own. Locust's users log in, then over and over look at the list, filter it, open
an interaction, say something of a finding and go to what waits next, with `--think` seconds of thinking
before each. Two come in a second; it is measured for `--seconds` from when all have logged in (a login takes
its time on purpose, Argon2).
"""

import argparse
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

PASSWORD = "correct horse battery"
PATIENCE_S = 60
COME_PER_S = 2
"""Users that come in a second: nobody's office has all log in at the same moment."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--interactions", type=int, default=1_000_000)
    parser.add_argument("--think", type=float, default=5.0)
    parser.add_argument("--words", type=int, default=300)
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    tell(measured(arguments), arguments.json)


def tell(figures: dict[str, Any], as_json: bool) -> None:
    """Prints figures, one on each line, or all as JSON."""
    if as_json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:18} {value}")


def measured(arguments: argparse.Namespace) -> dict[str, Any]:
    """The figures of one run."""
    from audit.scope import UserRole
    from audit.users import add_user, user_names
    from bench.million import filled
    from web import create_app

    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        arguments.database = None
        store, _, load_s = filled(stack, home, arguments)
        address = None if arguments.sqlite else store.engine.url.render_as_string(hide_password=False)
        known = set(user_names(store))
        for name in (f"reviewer{number}" for number in range(arguments.users)):
            if name not in known:
                add_user(store, name, PASSWORD, UserRole.REVIEWER)
        app = create_app(store)
        with app.test_request_context():
            list_ = app.url_for("interactions.index")
        store.engine.dispose()
        host = stack.enter_context(served(home, address))
        told = _asked(arguments, host, list_)
    requests = sum(page["num_requests"] for page in told)
    everything = _merged(told)
    return {
        "users": arguments.users,
        "p50_ms": _percentile(everything, 0.5),
        "p95_ms": _percentile(everything, 0.95),
        "errors": sum(page["num_failures"] for page in told),
        "requests": requests,
        "pages": {
            page["name"]: {
                "requests": page["num_requests"],
                "p50_ms": _percentile(_merged([page]), 0.5),
                "p95_ms": _percentile(_merged([page]), 0.95),
            }
            for page in sorted(told, key=lambda page: str(page["name"]))
        },
        "interactions": arguments.interactions,
        "think_s": arguments.think,
        "database": "sqlite" if arguments.sqlite else "postgresql",
        "load_s": load_s,
        "load_average": round(os.getloadavg()[0], 1),
    }


@contextlib.contextmanager
def served(home: Path, address: str | None) -> Any:
    """`comport serve` on a free port; gives where it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    root = Path(__file__).parent.parent
    environment = dict(os.environ, PYTHONPATH=str(root))
    if address:
        environment["COMPORT_DATABASE_URL"] = address
    code = "from audit.cli import main; main()"
    command = [sys.executable, "-c", code, "--home", str(home), "serve", "--port", str(port)]
    with (home / "serve.log").open("w") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
        try:
            host = f"http://127.0.0.1:{port}"
            until_s = time.monotonic() + PATIENCE_S
            while not _answers(host):
                if process.poll() is not None or time.monotonic() > until_s:
                    raise SystemExit(f"comport serve did not start: {(home / 'serve.log').read_text()}")
                time.sleep(0.2)
            yield host
        finally:
            process.terminate()
            process.wait()


def _answers(host: str) -> bool:
    try:
        with urllib.request.urlopen(f"{host}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _asked(arguments: argparse.Namespace, host: str, list_: str) -> list[dict[str, Any]]:
    """What Locust measured: one entry a page."""
    environment = dict(os.environ, LOAD_LIST=list_, LOAD_THINK_S=str(arguments.think))
    environment["LOAD_USERS"] = str(arguments.users)
    command = [sys.executable, "-m", "locust", "-f", __file__, "--headless", "--host", host]
    command += ["--users", str(arguments.users), "--spawn-rate", str(COME_PER_S)]
    seconds = arguments.seconds + int(arguments.users / COME_PER_S)
    command += ["--run-time", f"{seconds}s", "--json", "--loglevel", "ERROR"]
    command += ["--exit-code-on-error", "0"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"locust failed: {done.stderr[-2000:]}")
    told: list[dict[str, Any]] = json.loads(done.stdout)
    return told


def _merged(pages: list[dict[str, Any]]) -> dict[float, int]:
    """How many answers took how many ms."""
    counts: dict[float, int] = {}
    for page in pages:
        for took_ms, count in page["response_times"].items():
            counts[float(took_ms)] = counts.get(float(took_ms), 0) + count
    return counts


def _percentile(counts: dict[float, int], share: float) -> float:
    """The least time that this share of the answers kept to; Locust rounds it to two figures."""
    left = share * sum(counts.values())
    for took_ms, count in sorted(counts.items()):
        left -= count
        if left <= 0:
            return took_ms
    return 0.0


if __name__ == "__main__":
    main()
else:
    # Locust reads this file, too, and patches sockets before anything else: so its users stand only there.
    import random

    from locust import HttpUser, constant, task

    LIST = os.environ.get("LOAD_LIST", "/")
    FORM = re.compile(
        r'name="csrf_token" value="([^"]+)">\s*<input type="hidden" name="rubric" value="([^"]+)">\s*'
        r'<input type="hidden" name="standard" value="([^"]+)">.*?name="seen" value="(\d+)"',
        re.DOTALL,
    )
    OPEN = re.compile(r'href="(/interactions/[0-9a-f]{64}[^"]*)"')
    TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
    FILTERS = ("verdict=missed", "waiting=1", "to=60", "language=it", "channel=chat", "agent=Agent+{:03}")
    numbers, logged_in = iter(range(10**6)), iter(range(1, 10**6))

    class Reviewer(HttpUser):
        """Somebody who goes through the list and reviews."""

        wait_time = constant(float(os.environ.get("LOAD_THINK_S", "5")))

        def on_start(self) -> None:
            self.chance = random.Random(number := next(numbers))
            self.page = self.seen = ""
            page = self.client.get("/login").text
            form = {"name": f"reviewer{number}", "password": PASSWORD, "csrf_token": TOKEN.findall(page)[0]}
            answer = self.client.post("/login", form, name="/login (POST)", allow_redirects=False)
            assert answer.status_code == 302, "nobody could log in"
            self.steps = iter(())
            if next(logged_in) == int(os.environ.get("LOAD_USERS", "0")):
                self.environment.stats.reset_all()

        @task
        def work(self) -> None:
            step = next(self.steps, None)
            if step is None:
                self.steps = iter((self.look, self.filter, self.open, self.review, self.next))
                step = next(self.steps)
            step()

        def look(self) -> None:
            self.seen = self.client.get(LIST, name="list").text

        def filter(self) -> None:
            asked = self.chance.choice(FILTERS).format(self.chance.randrange(500))
            self.seen = self.client.get(f"{LIST}?{asked}", name="filter").text or self.seen

        def open(self) -> None:
            found = OPEN.findall(self.seen)
            if found:
                path = self.chance.choice(found).replace("&amp;", "&")
                self.page = self.client.get(path, name="interaction").text
                self.path = path.split("?")[0]

        def review(self) -> None:
            forms = FORM.findall(self.page)
            if not forms:
                return
            token, rubric, standard, seen = self.chance.choice(forms)
            said = {"csrf_token": token, "rubric": rubric, "standard": standard, "seen": seen}
            said |= {"verdict": self.chance.choice(("met", "missed")), "comment": "heard it again"}
            with self.client.post(
                f"{self.path}/reviews", said, name="review", allow_redirects=False, catch_response=True
            ) as answer:
                # That somebody else said something of the same finding is told, and no error.
                (answer.success if answer.status_code in (303, 409) else answer.failure)(
                    *([] if answer.status_code in (303, 409) else [f"status {answer.status_code}"])
                )

        def next(self) -> None:
            after = self.path.rpartition("/")[2] if self.page else ""
            self.page = self.client.get(f"/next?after={after}&rubric=voice-en", name="next").text
