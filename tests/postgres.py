"""A throw-away PostgreSQL server: in a temporary folder, on a Unix socket, under an ordinary account."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine

OWNER = "comport"
"""Who owns the server and may do everything in it."""


def _programs() -> Path | None:
    """The folder of Debian's newest server, else the one on the PATH; None when there is none."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    found = debian[-1] if debian else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _account() -> str | None:
    """Whose the server is when tests run as root, which PostgreSQL refuses; None for whoever runs them."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


PROGRAMS = _programs()

REASON = "needs the programs of a PostgreSQL server: apt-get install postgresql"


MARKS = (pytest.mark.postgresql, pytest.mark.skipif(PROGRAMS is None, reason=REASON))
"""Of a test that starts a server; it is skipped where its programs are not here."""


KINDS = ("sqlite", pytest.param("postgresql", marks=MARKS))
"""What a fixture that stores something is run with."""


def new_database(request: pytest.FixtureRequest) -> str | None:
    """The address of an empty database of the kind that a fixture is run with; None: the file at home."""
    if request.param == "sqlite":
        return None
    server: Server = request.getfixturevalue("server")
    return server.new_database()


class Server:
    """One server with as many databases as tests ask for; with a `folder` it goes on with what lies there."""

    def __init__(self, options: str = "", folder: Path | None = None) -> None:
        self._options = options
        self.folder = folder.resolve() if folder else Path(tempfile.mkdtemp(prefix="comport-pg-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self._account = _account()
        if self._account:
            shutil.chown(self.folder, self._account)
        self._made = 0
        if (self.folder / "data" / "PG_VERSION").exists():
            self.start()
            return
        # Peers come by trust, strangers need the password; C.UTF-8 is on every Debian.
        self._run("initdb", "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        access = self.folder / "data" / "pg_hba.conf"
        access.write_text(f"local all {OWNER} trust\nlocal all all scram-sha-256\n")
        self.start()

    def _run(self, program: str, *arguments: object) -> None:
        assert PROGRAMS is not None, REASON
        command = [str(PROGRAMS / program), "-D", str(self.folder / "data"), *map(str, arguments)]
        if self._account:
            user = pwd.getpwnam(self._account)
            command = [
                "setpriv",
                f"--reuid={user.pw_uid}",
                f"--regid={user.pw_gid}",
                "--clear-groups",
                *command,
            ]
        # A file, no pipe: the server keeps what it is given open.
        with (self.folder / "told").open("wb") as told:
            done = subprocess.run(command, stdout=told, stderr=told, cwd="/", check=False)
        assert done.returncode == 0, (self.folder / "told").read_text()

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        options = f"-c listen_addresses='' -c fsync=off -k {self.folder} {self._options}"
        self._run("pg_ctl", "-w", "-l", self.folder / "data" / "log", "-o", options, "start")

    def stop(self, how: str = "fast") -> None:
        """Stops it: `fast` ends every connection, `immediate` is as if the machine fell over."""
        self._run("pg_ctl", "-w", "-m", how, "stop")

    def url(self, database: str = "postgres", name: str = OWNER, password: str | None = None) -> URL:
        """The address of a database in it."""
        return URL.create(
            "postgresql+psycopg", name, password, database=database, query={"host": str(self.folder)}
        )

    def execute(self, statement: str) -> None:
        """Runs one statement that stands in no transaction, as CREATE DATABASE has to."""
        engine = create_engine(self.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def new_database(self) -> str:
        """The address of a new, empty database."""
        self._made += 1
        self.execute(f"CREATE DATABASE test_{self._made}")
        return self.address(f"test_{self._made}")

    def address(self, database: str) -> str:
        """What COMPORT_DATABASE_URL says to use a database of it."""
        return self.url(database).render_as_string(hide_password=False)

    def remove(self) -> None:
        """Stops the server and removes everything of it."""
        self.stop("immediate")
        shutil.rmtree(self.folder)
