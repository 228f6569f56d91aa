"""The database behind the store: opened, set up, and brought up to date."""

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError

from models.errors import ComportError

WAIT_MS = 60_000
"""So long a writer waits for another process's transaction, which takes milliseconds."""

SCHEMA = "0003"
"""The newest migration in `audit/migrations/versions`."""


class StoreUnusable(ComportError):
    """The database cannot be opened, is of another version, or cannot be written."""

    def __init__(self, place: str, found: str, remedy: str) -> None:
        super().__init__(place, found, remedy)
        self.place, self.found, self.remedy = place, found, remedy

    def __str__(self) -> str:
        return f"{self.place}: {self.found}; {self.remedy}"


def open_database(home: Path, url: str | None = None) -> Engine:
    """The database of a store, made when it is new.

    Raises:
        StoreUnusable: it cannot be opened, or another version of Comport wrote it.
    """
    engine, found = _connect(home, url)
    if found is None:
        found = _set_up(engine, home)
    if found != SCHEMA:
        place = engine.url.render_as_string(hide_password=True)
        raise StoreUnusable(place, f"schema {found}, expected {SCHEMA}", "run: comport upgrade")
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
    engine, _ = _connect(home, url)
    upgrade(engine)
    return SCHEMA


def _connect(home: Path, url: str | None) -> tuple[Engine, str | None]:
    """The engine, and the schema found in its database (None for an empty one)."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        (home / "observations").mkdir(exist_ok=True)
    except OSError as error:
        raise StoreUnusable(
            str(home), error.strerror or str(error), "choose another folder with --home"
        ) from error
    engine = create_engine(url or URL.create("sqlite", database=str(home / "comport.db")))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    try:
        with engine.connect() as connection:
            return engine, _schema_of(connection)
    except DatabaseError as error:
        place = engine.url.render_as_string(hide_password=True)
        raise StoreUnusable(place, str(error.orig), "check the file and its rights") from error


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
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def upgrade(engine: Engine) -> None:
    """Brings the database to `SCHEMA`; every step keeps the data."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
