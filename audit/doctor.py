"""What works on this machine, what is missing, and how to get it."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from audit.console import counted
from audit.database import StoreUnusable
from audit.interactions import Channel
from audit.store import open_store
from audit.users import user_names
from models.people import missing_weights
from models.speakers import diarizer
from models.speech import EngineMissing, choose_engine

FREE_BYTES = 1_000_000_000
"""Below this a night of auditing may fill the disk (a minute of a call takes about 10 kB of observations)."""


class Check(msgspec.Struct, frozen=True):
    """One thing looked at; `needed` marks what nothing works without."""

    name: str
    works: bool
    found: str
    remedy: str = ""
    needed: bool = False


def examine(home: Path, database: str | None = None) -> tuple[Check, ...]:
    """Every check, the needed ones first."""
    return tuple(sorted(_checks(home, database), key=lambda check: not check.needed))


def _checks(home: Path, database: str | None) -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check("Python", sys.version_info[:2] == (3, 11), version, "", needed=True)
    try:
        store = open_store(home, database)
    except StoreUnusable as error:
        yield Check("store", False, error.line, needed=True)
    else:
        yield Check("store", True, f"{home}, {counted(store.count(Channel))}", needed=True)
        people = user_names(store)
        remedy = "" if people else "comport user add NAME"
        yield Check("people who can log in", bool(people), str(len(people)), remedy)
    free = shutil.disk_usage(home if home.exists() else Path.cwd()).free
    remedy = "make room, or choose another --home" if free < FREE_BYTES else ""
    yield Check("disk", free >= FREE_BYTES, f"{free / 1e9:.1f} GB free", remedy)
    for language, name in (("en", "English"), ("it", "Italian"), ("fa", "Persian")):
        yield _hearing(language, name)
    yield _seeing()
    told = diarizer() is not None
    found, remedy = ("told apart", "") if told else ("no weights", "comport weights fetch speaker_encoder")
    yield Check("voices on one channel", told, found, remedy)
    built = (Path(__file__).parent.parent / "web" / "static" / "dist" / "interaction.js").exists()
    yield Check("dashboard scripts", built, "built" if built else "not built", "" if built else "make web")


def _seeing() -> Check:
    missing = missing_weights()
    found = f"no weights: {', '.join(missing)}" if missing else "people, bodies, faces and hands"
    remedy = f"comport weights fetch {' '.join(missing)}" if missing else ""
    return Check("seeing people", not missing, found, remedy)


def _hearing(language: str, name: str) -> Check:
    try:
        engine = choose_engine("auto", None, language)
    except EngineMissing:
        return Check(f"hearing {name}", False, "no recogniser is here", "comport weights fetch small")
    weak = bool(engine.caveat)
    found = f"{engine.name} {engine.parameters['model']}" + (", a weak substitute" if weak else "")
    return Check(f"hearing {name}", not weak, found, "comport weights fetch small" if weak else "")
