"""What comes in from outside, one file per format: recordings, transcripts, chats.

A file here offers `SUFFIXES` and `read(path, facts) -> Arrival`; it is found by being here.
"""

import functools
import importlib
import os
import pkgutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from pydantic import AfterValidator, Field, StrictInt

from audit import yamlfile
from audit.interactions import Channel, Interaction, Role
from models.errors import ComportError
from models.media import digest_file
from models.observations import Observations
from models.transcripts import printable


class Rejected(ComportError):
    """A file that cannot be taken in, with the line when it has lines."""

    def __init__(self, path: str, line_number: int | None, problem: str) -> None:
        super().__init__(path, line_number, problem)
        self.path, self.line_number, self.problem = path, line_number, problem

    def __str__(self) -> str:
        return f"{self.path}:{f'{self.line_number}:' if self.line_number else ''} {self.problem}"


def _timestamp(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
        at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"'{text}' is not a time like 2026-03-02T10:15:00+01:00") from error
    if at.tzinfo is None:
        raise ValueError(f"'{text}' has no time zone; write for example {text}+01:00 or {text}Z")
    return at.isoformat()


class Facts(yamlfile.Checked):
    """What a `NAME.meta.yaml` beside a file says about the interaction."""

    channel: Channel | None = None
    title: str | None = None
    started_at: Annotated[str, AfterValidator(_timestamp)] | None = None
    agent: str | None = None
    customer: str | None = None
    branch: str | None = None
    language: str | None = None
    agent_channel: Annotated[StrictInt, Field(ge=0, le=1)] | None = None
    roles: dict[str, Role] = {}


class Arrival(msgspec.Struct, frozen=True):
    """An interaction that came in; `observations` is given when the format already holds the words."""

    interaction: Interaction
    path: Path
    observations: Observations | None = None


Reader = Callable[[Path, Facts], Arrival]

FACTS_SUFFIX = ".meta.yaml"

RECORDING_SUFFIXES = frozenset(
    {".wav", ".mp3", ".m4a", ".aac", ".ogg", ".oga", ".opus", ".flac", ".wma", ".amr", ".au", ".aiff"}
    | {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".3gp"}
)
"""Files that a folder is searched for; a file named outright is tried whatever its name."""


@functools.cache
def readers() -> dict[str, Reader]:
    """The reader of each file suffix."""
    found: dict[str, Reader] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        found |= dict.fromkeys(module.SUFFIXES, module.read)
    return found


def find_files(path: Path) -> tuple[tuple[Path, ...], tuple[Rejected, ...]]:
    """The files to take in at a path (itself, or what a folder holds of its kinds), and what is refused.

    In a folder, a transcript beside a recording of the same name is left out: it is the same interaction.
    """
    refused: list[Rejected] = []

    def refuse(error: OSError) -> None:
        refused.append(Rejected(str(error.filename or path), None, f"cannot be read: {error.strerror}"))

    inside: list[Path] = []
    try:
        if not path.exists():
            return (), (Rejected(str(path), None, "no such file or folder"),)
        if not path.is_dir():
            return (path,), ()
        for folder, _, names in os.walk(path, onerror=refuse):
            inside += [Path(folder, name) for name in names]
    except OSError as error:
        refuse(error)
    recordings = [p for p in inside if p.suffix.lower() in RECORDING_SUFFIXES]
    stems = {p.with_suffix("") for p in recordings}
    texts = [p for p in inside if p.suffix.lower() in readers() and p.with_suffix("") not in stems]
    if not recordings and not texts and not refused:
        refused.append(Rejected(str(path), None, "no recordings, transcripts or chats in this folder"))
    return tuple(sorted(recordings + texts)), tuple(refused)


def take_in(path: Path) -> Arrival:
    """The interaction in a file.

    Raises:
        Rejected, yamlfile.BadFile, media.UnreadableMedia: it cannot be taken, and why.
    """
    facts = read_facts(path)
    reader = readers().get(path.suffix.lower())
    return reader(path, facts) if reader else _recording(path, facts)


def read_facts(path: Path) -> Facts:
    """The facts beside a file, empty when there are none.

    Raises:
        yamlfile.BadFile: the facts file has problems.
    """
    beside = path.with_suffix("").with_name(path.with_suffix("").name + FACTS_SUFFIX)
    try:
        if not beside.exists():
            return Facts()
    except OSError:
        # A name so long that nothing can lie beside it.
        return Facts()
    document = yamlfile.read_document(beside)
    facts = yamlfile.check(document, Facts)
    document.raise_problems()
    return facts or Facts()


def _recording(path: Path, facts: Facts) -> Arrival:
    roles = dict(facts.roles)
    if facts.agent_channel is not None:
        roles = {f"channel-{n}": Role.AGENT if n == facts.agent_channel else Role.CUSTOMER for n in (0, 1)}
    return Arrival(interaction(path, digest_file(path), facts, Channel.CALL, roles), path)


def interaction(
    path: Path, identity: str, facts: Facts, channel: Channel, roles: dict[str, Role]
) -> Interaction:
    """The interaction that a file and the facts beside it describe.

    Raises:
        Rejected: the file's name is not UTF-8 and could not be stored.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        shown = str(path).encode(errors="replace").decode()
        raise Rejected(shown, None, "the file's name is not UTF-8; rename it") from error
    return Interaction(
        identity,
        facts.channel or channel,
        printable(facts.title or path.stem),
        str(path.resolve()),
        identity,
        facts.started_at,
        facts.agent and printable(facts.agent),
        facts.customer and printable(facts.customer),
        facts.branch and printable(facts.branch),
        facts.language,
        tuple(sorted(roles.items())),
    )
