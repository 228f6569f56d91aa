"""How soon a list answers when a million interactions are stored: p50 and p95 of each kind of question, ms.

    bench/million.py [--interactions 1000000] [--words 300] [--times 40] [--json]
                     [--sqlite | --database ADDRESS | --keep FOLDER]

Fills a throw-away PostgreSQL server by COPY (as the tests start it; `--sqlite`: a file; `--database`: an
empty database of a server that runs) with invented facts, words as frequent as in the language, verdicts by
the own rate of each standard, and the scorecards of judged samples. With `--keep` the server lies in that
folder and stays there: the next run with it asks at once. Then it asks what the dashboard asks,
through the same functions, each time for something else. `load_s` is how long the filling took, `mb` what is
on disk, `rows` how many an answer had (at most 50; of a journey its interactions: their words lie in files,
which are not made; of an overview all that it counts), `load_average` how many programs wanted a core
meanwhile.
"""

import argparse
import contextlib
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import text
from wordfreq import top_n_list, word_frequency

sys.path.insert(0, str(Path(__file__).parent.parent))

from audit import phrasebook
from audit import tables as t
from audit.agreement import agreements
from audit.database import upgrade_store
from audit.employees import employee, employees
from audit.indexing import fold
from audit.interactions import Channel
from audit.journey import journey_of
from audit.judge import Verdict
from audit.misses import misses
from audit.overview import Of, newest_stretch, overview, standard_weeks
from audit.pipeline import audit_file, find_rubric
from audit.reviews import next_waiting
from audit.scope import Scope
from audit.searching import Place, Wanted, find
from audit.store import Store, open_store
from audit.tallies import outdate, settle
from models.observations import to_json
from tests.postgres import Server

SAMPLES = Path(__file__).parent.parent / "samples"
PAGE = 50
BATCH = 5000
TABLES = ("recording", "interaction", "transcript", "scorecard", "person", "taking_part")
SERVER = (
    "-c shared_buffers=1GB -c work_mem=32MB -c maintenance_work_mem=1GB -c max_wal_size=8GB "
    "-c wal_level=minimal -c max_wal_senders=0 -c default_toast_compression=lz4"
)
"""A server of 4 GB as PostgreSQL's manual advises: a quarter of the memory for its buffers; and what makes
filling it quick."""

KEPT, FILLED = "million", "filled.json"
"""The database in a kept folder, and the note that says it is filled."""

NEWEST = datetime(2026, 11, 1, tzinfo=UTC)
VOCABULARY = 20_000
SENTENCES = 8
"""Sentences of the rubric's examples in each conversation, among words in no order."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--interactions", type=int, default=1_000_000)
    parser.add_argument("--words", type=int, default=300)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--database")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        store, invented, load_s = filled(stack, Path(folder), arguments)
        figures: dict[str, Any] = {
            "interactions": arguments.interactions,
            "database": store.engine.dialect.name,
            "load_s": load_s,
            "mb": round(size_bytes(store) / 1e6),
        }
        figures |= ask(store, invented, arguments.times)
        figures["load_average"] = round(os.getloadavg()[0], 1)
        store.engine.dispose()
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        shown = (
            f"p50 {figure['p50']:8.1f} ms  p95 {figure['p95']:8.1f} ms" if type(figure) is dict else figure
        )
        print(f"{name:24} {shown}")


def filled(
    stack: contextlib.ExitStack, home: Path, arguments: argparse.Namespace
) -> tuple[Store, "Invented", float]:
    """A store with what was asked for, what was invented for it, and how long that took, s; `stack` ends its
    server."""
    told = None
    if arguments.keep:
        server, told = _kept(arguments)
        stack.callback(server.stop)
        if told is None:
            server.execute(f"DROP DATABASE IF EXISTS {KEPT}")
            server.execute(f"CREATE DATABASE {KEPT}")
        address = server.address(KEPT)
        # What was filled by an earlier version is brought up to date as people's databases are.
        upgrade_store(home, address)
    elif arguments.sqlite or arguments.database:
        address = arguments.database
    else:
        server = Server(SERVER)
        stack.callback(server.remove)
        address = server.new_database()
    store = open_store(home, address)
    # As `comport upgrade` does after the migrations.
    settle(store)
    invented = Invented(store, arguments.interactions, arguments.words)
    if told is None:
        begun_s = time.perf_counter()
        invented.fill()
        told = round(time.perf_counter() - begun_s, 1)
        if arguments.keep:
            size = {"interactions": arguments.interactions, "words": arguments.words, "load_s": told}
            (arguments.keep / FILLED).write_text(json.dumps(size))
    return store, invented, told


def _kept(arguments: argparse.Namespace) -> tuple[Server, float | None]:
    """The server in the kept folder, and how long it took to fill it; None when that has to be done."""
    note, load_s = arguments.keep / FILLED, None
    if note.exists():
        size = json.loads(note.read_text())
        load_s = size.pop("load_s")
        if size != {"interactions": arguments.interactions, "words": arguments.words}:
            raise SystemExit(f"{arguments.keep} holds {size}; ask for the same, or name another folder")
    return Server(SERVER, arguments.keep), load_s


class Invented:
    """A company's interactions, the same for the same number."""

    def __init__(self, store: Store, interactions: int, words: int) -> None:
        self.store, self.interactions, self.words = store, interactions, words
        self.random = np.random.default_rng(1)
        vocabulary = [w for w in top_n_list("en", VOCABULARY * 2) if fold(w, "en") == (w,)][:VOCABULARY]
        share = np.array([word_frequency(w, "en") for w in vocabulary])
        self.vocabulary, self.share = np.array(vocabulary), share / share.sum()
        self.agents = [f"Agent {n:03}" for n in range(500)]
        self.branches = [f"Branch {n:02}" for n in range(60)]
        self.customers = max(1, interactions // 4)
        rubric = find_rubric("voice-en")
        examples = [one.examples for one in rubric.standards if one.examples]
        sentences = [fold(line, "en") for one in examples for line in (*one.met, *one.missed)]
        self.sentences = [words for words in sentences if len(words) > 3]
        self.rubric = rubric.rubric
        self.standards = [standard.id for standard in rubric.standards]
        # From one missed in a hundred to two in five.
        self.missed = np.geomspace(0.01, 0.4, len(self.standards))
        self.cards = [
            (to_json(card).decode(), card.interaction)
            for path in sorted(SAMPLES.glob("*.vtt"))
            if path.stem != "service-desk"
            for card in audit_file(path, [rubric]).scorecards
        ]
        store.keep_rubric(rubric)
        self.digest = rubric.digest
        # Some that a question may ask for.
        self.ids = [
            _identity(first + n)
            for first in range(0, interactions, BATCH)
            for n in range(min(20, interactions - first))
        ]

    def fill(self) -> None:
        """Stores everything, then makes the indices, as a restored backup does."""
        on_postgresql = self.store.engine.dialect.name == "postgresql"
        again = []
        if on_postgresql:
            with self.store.writing() as connection:
                kept = "SELECT conname FROM pg_constraint"
                where = f"schemaname = 'public' AND tablename = ANY(:tables) AND indexname NOT IN ({kept})"
                asked = text(f"SELECT indexname, indexdef FROM pg_indexes WHERE {where}")
                for name, made in connection.execute(asked, {"tables": list(TABLES)}).all():
                    again.append(made)
                    connection.exec_driver_sql(f"DROP INDEX {name}")
        for first in range(0, self.interactions, BATCH):
            count = min(BATCH, self.interactions - first)
            with self.store.writing() as connection:
                if on_postgresql:
                    # What is invented refers to what is there: nobody need look it up.
                    connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
                for table, rows in self._batch(first, count):
                    copy(connection, table, rows)
                outdate(
                    connection, [_identity(first + n) for n in range(min(BATCH, self.interactions - first))]
                )
        with self.store.writing() as connection:
            for statement in again:
                connection.exec_driver_sql(statement)
        settle(self.store)
        with self.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE" if on_postgresql else "ANALYZE")

    def _batch(self, first: int, count: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        random, now = self.random, NEWEST
        ids = [_identity(n) for n in range(first, first + count)]
        lengths = np.maximum(20, random.lognormal(np.log(self.words), 0.6, count)).astype(int)
        said = random.choice(self.vocabulary, lengths.sum(), p=self.share)
        ends = np.cumsum(lengths)
        channel = random.choice(["call", "chat", "email"], count, p=[0.7, 0.2, 0.1])
        language = random.choice(["en", "it", "fa"], count, p=[0.8, 0.15, 0.05])
        agents = (len(self.agents) * random.random(count) ** 1.5).astype(int)
        customers = random.integers(0, self.customers, count)
        began_s = random.random(count) * 365 * 86400
        missed = random.random((count, len(self.standards))) < self.missed
        untold = random.random((count, len(self.standards))) < 0.03
        recordings, interactions, transcripts, scorecards = [], [], [], []
        persons = self._persons() if first == 0 else []
        parts: list[dict[str, Any]] = []
        for n, identity in enumerate(ids):
            agent, number = int(agents[n]), first + n + 1
            began = now - timedelta(seconds=float(began_s[n]))
            facts = {"agent": self.agents[agent], "branch": self.branches[agent % len(self.branches)]}
            facts |= {"team": f"Team {agent % 40:02}", "customer": f"C-{customers[n]}"}
            recordings.append({"id": identity, "duration_s": float(lengths[n]) / 2, "channels": 2})
            recordings[-1] |= {"sample_rate_hz": 8000, "codec": "pcm_mulaw", "caveat": ""}
            interactions.append(
                {
                    "id": identity,
                    "channel": str(channel[n]),
                    "title": f"Call {number}",
                    "path": f"calls/{number}.wav",
                    "recording_id": identity,
                    "started_at": began,
                    **facts,
                    "language": str(language[n]),
                    "roles": '[["channel-0","agent"]]',
                    "missing": "[]",
                    "added_at": began,
                }
            )
            for person in (customers[n], self.customers + agent):
                parts.append({"interaction_id": identity, "person_id": int(person) + 1, "main": True})
            words = ["call", "agent", str(number), *said[ends[n] - lengths[n] : ends[n]]]
            # Sentences of the trade, the first of them far more often than the hundredth.
            for rank in random.zipf(1.2, SENTENCES).tolist():
                words += self.sentences[(rank - 1) % len(self.sentences)]
            transcripts.append({"interaction_id": identity, "words": " ".join(words)})
            card = self.cards[number % len(self.cards)]
            scorecards.append(self._card(card, identity, missed[n], untold[n], began))
        made = (recordings, interactions, transcripts, scorecards, persons, parts)
        yield from ((table, rows) for table, rows in zip(TABLES, made, strict=True) if rows)

    def _persons(self) -> list[dict[str, Any]]:
        """All customers, by their numbers, then all employees, by their names."""
        known = [("customer", "crm", f"C-{n}", "") for n in range(self.customers)]
        known += [("agent", "name", name.casefold(), name) for name in self.agents]
        return [
            {"id": n, "role": role, "kind": kind, "value": value, "root_id": n}
            | {"name": name, "name_key": name.casefold()}
            for n, (role, kind, value, name) in enumerate(known, start=1)
        ]

    def _card(
        self, card: tuple[str, str], identity: str, missed: np.ndarray, untold: np.ndarray, began: datetime
    ) -> dict[str, Any]:
        verdicts = [
            "cannot_tell" if unsure else "missed" if bad else "met"
            for bad, unsure in zip(missed.tolist(), untold.tolist(), strict=True)
        ]
        told = dict.fromkeys(
            word for pair in zip(self.standards, verdicts, strict=True) for word in (":".join(pair), pair[1])
        )
        met, waiting = verdicts.count("met"), verdicts.count("cannot_tell")
        score = 100 * met / max(1, len(verdicts) - waiting)
        content = card[0].replace(card[1], identity)
        return {
            "interaction_id": identity,
            "rubric_digest": self.digest,
            "rubric_name": self.rubric,
            "digest": hashlib.sha256(identity.encode()).hexdigest(),
            "current": True,
            "score": score,
            "assessed_share": 0.9,
            "critical_misses": 0,
            "content": content,
            "judged_at": began + timedelta(hours=8),
            "standing_score": score,
            "waiting": waiting,
            "reviewed": 0,
            "verdicts": f" {' '.join(told)} ",
        }


def _identity(number: int) -> str:
    return hashlib.sha256(f"{number}".encode()).hexdigest()


def copy(connection: Any, table: str, rows: list[dict[str, Any]]) -> None:
    """Puts rows into a table in the way that is quickest for its database."""
    if connection.dialect.name != "postgresql":
        connection.execute(t.metadata.tables[table].insert(), rows)
        return
    columns = ", ".join(rows[0])
    with (
        connection.connection.driver_connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as stream,
    ):
        for row in rows:
            stream.write_row(tuple(row.values()))


def size_bytes(store: Store) -> int:
    with store.reading() as connection:
        if store.engine.dialect.name == "postgresql":
            return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one())


def ask(store: Store, invented: Invented, times: int) -> dict[str, Any]:
    """p50 and p95 in ms and the mean rows of each kind of question, each asked `times` times."""
    random = np.random.default_rng(2)
    words = [str(w) for w in invented.vocabulary]

    def one(options: Iterable[Any]) -> Any:
        options = list(options)
        return options[int(random.integers(len(options)))]

    def day() -> datetime:
        return NEWEST - timedelta(days=int(random.integers(10, 360)))

    def standard() -> str:
        return str(one(invented.standards))

    def month(**more: Any) -> Wanted:
        since = day()
        return Wanted(since=f"{since:%Y-%m-%d}", until=f"{since + timedelta(days=30):%Y-%m-%d}", **more)

    def rows(wanted: Wanted, place: Place | None = None) -> int:
        return len(find(store, wanted, PAGE, place).rows)

    def scorecard(identity: str) -> int:
        return len(store.scorecards(store.interaction(identity).id))

    def phrase() -> str:
        words = one(invented.sentences)
        first = int(random.integers(len(words) - 2))
        return " ".join(words[first : first + 3])

    def looked(of: Of, weeks: int = 12) -> int:
        return overview(store, of, newest_stretch(store, weeks)).whole.now.n

    def moments(agent: str) -> int:
        found = employee(store, agent, newest_stretch(store, 12))
        return len(found.clips) if found else 0

    def met(weeks: int = 12) -> int:
        stretch = newest_stretch(store, weeks)
        return sum(week.scores.n for week in standard_weeks(store, invented.rubric, standard(), stretch))

    some = {name: words[begin:end] for name, begin, end in WORDS}
    missed = Verdict.MISSED
    questions: dict[str, Callable[[], int]] = {
        "list": lambda: rows(Wanted()),
        "list_deep": lambda: rows(Wanted(), Place(day(), 0)),
        "agent": lambda: rows(Wanted(agent=one(invented.agents))),
        "branch_month": lambda: rows(month(branch=one(invented.branches))),
        "verdict": lambda: rows(Wanted(standards=(standard(),), verdict=missed)),
        "two_verdicts": lambda: rows(Wanted(standards=(standard(), standard()), verdict=missed)),
        "agent_verdict": lambda: rows(
            Wanted(agent=one(invented.agents), standards=(standard(),), verdict=missed)
        ),
        "misses": lambda: len(misses(store, invented.rubric, standard())),
        "misses_of_team": lambda: len(
            misses(store, invented.rubric, standard(), Scope(team=f"Team {random.integers(40):02}"))
        ),
        "misses_of_agent": lambda: len(
            misses(store, invented.rubric, standard(), Scope(employee=one(invented.agents)))
        ),
        "low_score": lambda: rows(Wanted(most_score=float(random.integers(30, 80)))),
        "score_language_channel": lambda: rows(Wanted(least_score=95, language="fa", channel=Channel.EMAIL)),
        "needs_person": lambda: rows(Wanted(needs_person=True, agent=one(invented.agents))),
        **{f"word_{name}": lambda name=name: rows(Wanted(one(some[name]))) for name in some},  # type: ignore[misc]
        "two_words": lambda: rows(Wanted(f"{one(some['frequent'])} {one(some['rare'])}")),
        "phrase": lambda: rows(Wanted(f'"{phrase()}"')),
        "phrase_unsaid": lambda: rows(Wanted(f'"{one(some["common"])} {one(some["frequent"])}"')),
        "beginning": lambda: rows(Wanted(f"{one(some['rare'])[:5]}*")),
        "word_verdict": lambda: rows(Wanted(one(some["rare"]), standards=(standard(),), verdict=missed)),
        "word_agent_month": lambda: rows(month(words=one(some["frequent"]), agent=one(invented.agents))),
        "nothing": lambda: rows(Wanted("nobodyeversaidthis")),
        "customer": lambda: rows(Wanted(customer=f"C-{random.integers(invented.customers)}")),
        "journey": lambda: len(journey_of(store, f"C-{random.integers(invented.customers)}").steps),
        "scorecard": lambda: scorecard(one(invented.ids)),
        "overview": lambda: looked(Of()),
        "overview_year": lambda: looked(Of(), 52),
        "overview_branch": lambda: looked(Of(branch=one(invented.branches))),
        "employees": lambda: len(employees(store, newest_stretch(store, 12))),
        "employee": lambda: moments(one(invented.agents)),
        "next": lambda: len(next_waiting(store, one(invented.ids), invented.rubric) or ()),
        "standard": met,
        "standard_year": lambda: met(52),
        "agreement": lambda: len(agreements(store)),
    }
    # As in a dashboard that runs: what is loaded once is loaded.
    for language in phrasebook.languages():
        phrasebook.finder(language)
    figures: dict[str, Any] = {}
    every: list[float] = []
    for name, question in questions.items():
        question()
        took_ms, shown = [], []
        for _ in range(times):
            begun_s = time.perf_counter()
            shown.append(question())
            took_ms.append(1000 * (time.perf_counter() - begun_s))
        rows_each = round(float(np.mean(shown)), 1)
        figures[name] = {"p50": _ms(took_ms, 50), "p95": _ms(took_ms, 95), "rows": rows_each}
        every += took_ms
    return figures | {"all": {"p50": _ms(every, 50), "p95": _ms(every, 95)}}


WORDS = (("common", 0, 50), ("frequent", 300, 1500), ("rare", 5000, 20_000))
"""Words by their rank in the language: said in every conversation, in some of a hundred, in some of ten
thousand."""


def _ms(took_ms: list[float], percent: float) -> float:
    return round(float(np.percentile(took_ms, percent)), 1)


if __name__ == "__main__":
    main()
