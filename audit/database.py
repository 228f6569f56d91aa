"""The database behind the store: opened, set up, and brought up to date."""

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError

from models.errors import ComportError

WAIT_MS = 60_000
"""So long a writer waits for another process's transaction, which takes milliseconds. Our choice."""

BY_THE_WAY_MS = 100
"""So long a page waits for what it only notes by the way, as when somebody was seen last: our choice."""

ASK_MS = 3
"""So often a writer on SQLite asks for its turn. SQLite itself asks ever more rarely, at last ten times a
second (`sqliteDefaultBusyCallback`), while to write one chat takes 12 ms and twenty together 26 (medians on a
busy machine; not kept as a bench): two workers of a batch would wait longer than they write. Our choice."""

CONNECT = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""How soon a PostgreSQL server that does not answer counts as away (s, s, s, times): our choice, so that a
cable that was pulled is noticed within a minute. The address may say otherwise (`?connect_timeout=3`)."""

ONE_WRITER = 0x636F6D70
"""The advisory lock that a writer on PostgreSQL takes: "comp" in ASCII."""

FOR_PAGES = "SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0"
"""What is read is a page of a list: compiling a plan and starting processes for it takes longer than reading
it, and other pages want the cores, too. Our choice."""

SCHEMA = "0022"
"""The newest migration in `audit/migrations/versions`."""


class StoreUnusable(ComportError):
    """The database cannot be opened, is of another version, or cannot be written."""

    def __init__(self, place: str, found: str, remedy: str) -> None:
        super().__init__(place, found, remedy)
        self.place, self.found, self.remedy = place, found, remedy

    def __str__(self) -> str:
        return f"{self.place}: {self.found}; {self.remedy}"


class TooSlow(ComportError):
    """A question that the database did not answer in the time that it may take."""

    def __init__(self, limit_s: float) -> None:
        super().__init__(limit_s)
        self.limit_s = limit_s

    def __str__(self) -> str:
        return (
            f"the database did not answer within {self.limit_s:g} s; ask for less: add an agent, a branch or "
            "days, or have more allowed by --query-limit"
        )


class Unstorable(ComportError):
    """A value that the database does not take, for example one too long for an index."""

    def __init__(self, place: str, found: str) -> None:
        super().__init__(place, found)
        self.place, self.found = place, found

    def __str__(self) -> str:
        return f"{self.place}: cannot take a value ({self.found}); nothing was written: shorten or mend it"


CANCELED = "57014"
"""What PostgreSQL says (SQLSTATE) of a statement that took too long."""

REFUSED = ("22", "54")
"""How its codes begin for values that it cannot take: data exceptions, and limits of the program."""


class ConnectionLost(StoreUnusable):
    """The database server is away, or went away before a transaction was done."""


def place(url: URL) -> str:
    """The address of a database as it may be shown: without password and parameters."""
    return url.set(query={}).render_as_string(hide_password=True)


def told(error: DatabaseError, url: URL) -> str:
    """What the database says of an error, on one line and without the password."""
    words = " ".join(str(error.orig).split())
    secrets = (str(url.password or ""), *(str(v) for k, v in url.query.items() if "password" in k))
    for secret in secrets:
        words = words.replace(secret, "***") if secret else words
    return words


def open_database(home: Path, url: str | None = None) -> Engine:
    """The database of a store, made when it is new.

    Raises:
        StoreUnusable: it cannot be opened, or another version of Comport wrote it.
    """
    engine, found = connect(home, url)
    if found is None:
        found = _set_up(engine, home)
    if found != SCHEMA:
        raise StoreUnusable(place(engine.url), f"schema {found}, expected {SCHEMA}", "run: comport upgrade")
    return engine


def _set_up(engine: Engine, home: Path) -> str | None:
    """Makes the tables of a new database; of several processes that start at once the first one does."""
    from filelock import FileLock

    with FileLock(home / "upgrade.lock"):
        with engine.connect() as connection:
            found = _schema_of(connection)
        if found is None:
            upgrade(engine)
            found = SCHEMA
    return found


def upgrade_store(home: Path, url: str | None = None) -> str:
    """Brings the store in a folder to `SCHEMA`, and gives it back.

    Raises:
        StoreUnusable: it cannot be opened.
    """
    engine, _ = connect(home, url)
    upgrade(engine)
    return SCHEMA


def connect(home: Path, url: str | None) -> tuple[Engine, str | None]:
    """The engine, and the schema found in its database (None for an empty one)."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        (home / "observations").mkdir(exist_ok=True)
    except OSError as error:
        raise StoreUnusable(
            str(home), error.strerror or str(error), "choose another folder with --home"
        ) from error
    engine = _engine(home, url)
    try:
        with engine.connect() as connection:
            return engine, _schema_of(connection)
    except DatabaseError as error:
        at_home = engine.dialect.name == "sqlite"
        remedy = "check the file and its rights" if at_home else "check the address, and that the server runs"
        raise StoreUnusable(place(engine.url), told(error, engine.url), remedy) from error


def _engine(home: Path, url: str | None) -> Engine:
    """The engine at an address, else of the SQLite file in `home`; nothing is connected yet."""
    wanted = "give sqlite:///FILE or postgresql://NAME@HOST/DATABASE"
    try:
        address = make_url(url) if url else URL.create("sqlite", database=str(home / "comport.db"))
    except (ArgumentError, ValueError):
        # The address itself is not shown: it may hold a password.
        raise StoreUnusable("the database address", "is none", wanted) from None
    # Parameters of a statement are what customers said: no log may have them.
    shared: dict[str, Any] = {"hide_parameters": True}
    match address.drivername:
        case "sqlite" | "sqlite+pysqlite":
            engine = create_engine(address, **shared)
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        case "postgresql" | "postgres" | "postgresql+psycopg":
            engine = create_engine(
                address.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                connect_args={name: value for name, value in CONNECT.items() if name not in address.query},
                **shared,
            )
            event.listen(engine, "begin", _begin_postgresql)
        case other:
            raise StoreUnusable(place(address), f"'{other}' is no database that Comport knows", wanted)
    return engine


def _schema_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver would begin transactions when it likes; `_begin_sqlite` does it.
    connection.isolation_level = None
    # WAL: the dashboard reads while an audit writes.
    for pragma in (f"busy_timeout={WAIT_MS}", "journal_mode=WAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: what it looks up before it writes is then still true.
    options = connection.get_execution_options()
    if not options.get("writes", False):
        connection.exec_driver_sql("BEGIN")
        return
    end_s = time.monotonic() + options.get("wait_ms", WAIT_MS) / 1000
    connection.exec_driver_sql(f"PRAGMA busy_timeout={ASK_MS}")
    try:
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                return
            except OperationalError as error:
                # The low byte of an extended code ("busy, for another one recovers") says what it is.
                busy = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > end_s:
                    raise
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={WAIT_MS}")


def _begin_postgresql(connection: Connection) -> None:
    # As with SQLite there is one writer at a time, and what it looks up before it writes stays true.
    options = connection.get_execution_options()
    if options.get("writes", False):
        wait_ms = int(options.get("wait_ms", WAIT_MS))
        connection.exec_driver_sql(
            f"SELECT set_config('lock_timeout', '{wait_ms}', true), pg_advisory_xact_lock({ONE_WRITER})"
        )
    else:
        connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; {FOR_PAGES}")
        if limit_s := options.get("limit_s"):
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {round(1000 * limit_s)}")


def upgrade(engine: Engine, to: str = "head") -> None:
    """Brings the database to the newest migration, or to the one named; every step keeps the data."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        migrate(connection, to)


def migrate(connection: Connection, to: str) -> None:
    """Does as `upgrade` inside a transaction that writes."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
