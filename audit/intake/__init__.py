"""What comes in from outside, one file per format: recordings, transcripts, chats.

A file here offers

- `NAME`: what the format is called,
- `SUFFIXES`: the file names it can have,
- `recognises(start) -> bool`: whether a file that begins like this is of the format,
- `read(path, facts) -> Iterator[Arrival | Rejected]`: the interactions in it, one by one, and what of it
  cannot be taken; what makes the whole file useless is raised as `Rejected`.

It is found by being here.
"""

import functools
import importlib
import os
import pkgutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from audit import yamlfile
from audit.arrivals import Arrival, Facts, Rejected, Start, interaction
from audit.folder import NAME as FOLDER_FILE
from audit.folder import folder_of
from audit.interactions import Channel, Role
from models.media import digest_file


class Format(Protocol):
    """A format that can be taken in."""

    NAME: str
    SUFFIXES: tuple[str, ...]

    def recognises(self, start: Start) -> bool: ...

    def read(self, path: Path, facts: Facts) -> Iterator[Arrival | Rejected]: ...


FACTS_SUFFIX = ".meta.yaml"

RECORDING_SUFFIXES = frozenset(
    {".wav", ".mp3", ".m4a", ".aac", ".ogg", ".oga", ".opus", ".flac", ".wma", ".amr", ".au", ".aiff", ".aif"}
    | {".caf", ".w64", ".mka", ".mp2", ".ac3", ".wv", ".tta", ".ape", ".ul", ".al", ".gsm", ".g722", ".g729"}
    | {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".3gp", ".3g2", ".asf", ".wmv", ".flv"}
    | {".mpg", ".mpeg", ".vob", ".ts", ".mts", ".m2ts"}
)
"""Files that a folder is searched for: the usual endings of `models.media.FORMATS`. GIFs are left out, as in
folders they are logos and signatures. A file named outright is tried whatever its name."""

ANY_SUFFIXES = frozenset({".txt", ".csv"})
"""Endings of files that are often no transcripts."""

_SHOWN = "docs/chats-and-transcripts.md shows each"


@functools.cache
def formats() -> tuple[Format, ...]:
    """Every format, in the order of their names."""
    modules = (importlib.import_module(f"{__name__}.{i.name}") for i in pkgutil.iter_modules(__path__))
    return tuple(modules)


def format_of(path: Path) -> Format | None:
    """The format of a transcript or export; None for what may be a recording.

    Raises:
        Rejected: its name is that of a transcript or export, but its content is not.
    """
    named = [f for f in formats() if path.suffix.lower() in f.SUFFIXES]
    start = Start(path)
    try:
        found = next((f for f in named if f.recognises(start)), None)
    except OSError as error:
        raise Rejected(str(path), None, f"cannot be read: {error.strerror}") from error
    if named and found is None and "\0" in start.text:
        raise Rejected(str(path), None, "not UTF-8; save it as UTF-8")
    if named and found is None:
        known = ", ".join(f.NAME for f in named)
        raise Rejected(
            str(path), None, f"none of the formats that end in {path.suffix.lower()}: {known}; {_SHOWN}"
        )
    return found


def find_files(path: Path) -> tuple[tuple[Path, ...], tuple[Rejected, ...]]:
    """The files to take in at a path (itself, or what a folder holds of its kinds), and what is refused.

    In a folder, a transcript beside a recording of the same name is left out: it is the same interaction.
    So is what belongs to another file, such as `NAME.truth.json`, which `comport eval` reads.
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
    suffixes = {suffix for form in formats() for suffix in form.SUFFIXES}
    # A vCon of the same name says more of a recording, and takes it along.
    told = {p.with_name(p.name.removesuffix(".json")).with_suffix("") for p in inside if _is_vcon(p)}
    recordings = [
        p for p in inside if p.suffix.lower() in RECORDING_SUFFIXES and p.with_suffix("") not in told
    ]
    stems = {p.with_suffix("") for p in recordings}
    about = set[Path]()
    for said in sorted(p for p in inside if p.name == FOLDER_FILE):
        try:
            around = folder_of(said)
        except (Rejected, yamlfile.BadFile):
            # Each file of the folder is refused with what is wrong in it.
            continue
        if around:
            about |= around.tables
            refused += around.not_here()
    texts = [
        p
        for p in inside
        if p.suffix.lower() in suffixes
        and p.with_suffix("") not in stems
        and p.absolute() not in about
        and not _belongs(p)
    ]
    if not recordings and not texts and not refused:
        refused.append(Rejected(str(path), None, "no recordings, transcripts or chats in this folder"))
    return tuple(sorted(recordings + texts)), tuple(refused)


def passed_over(path: Path, taken: Collection[Path]) -> tuple[Path, ...]:
    """The files of a folder that no format knows: neither `taken` nor saying something about another file."""
    if not path.is_dir():
        return ()
    known, beside = set(taken), {p.with_suffix("") for p in taken}
    passed = []
    for file in sorted(p for p in path.rglob("*") if p.is_file() and p not in known):
        name = file.name.lower()
        if name.startswith(".") or name == FOLDER_FILE or name.endswith(FACTS_SUFFIX) or _about(name):
            continue
        try:
            around = folder_of(file)
        except (Rejected, yamlfile.BadFile):
            around = None
        if file.with_suffix("") not in beside and not (around and file.absolute() in around.tables):
            passed.append(file)
    return tuple(passed)


def _about(name: str) -> bool:
    """Whether a file of this name holds what `comport eval` compares a recording with."""
    return ".truth." in name or name.endswith(".conversation.json")


def _is_vcon(path: Path) -> bool:
    return path.name.lower().endswith((".vcon", ".vcon.json"))


def _belongs(path: Path) -> bool:
    """Whether a file only says something about another one, or is a text that no format knows.

    Anything may be called `.txt`; a `.json` that no format knows is told.
    """
    if _about(path.name.lower()):
        return True
    if path.suffix.lower() not in ANY_SUFFIXES:
        return False
    start = Start(path)
    try:
        return not any(f.recognises(start) for f in formats() if path.suffix.lower() in f.SUFFIXES)
    except OSError:
        return False


def arrivals(path: Path) -> Iterator[Arrival | Rejected]:
    """The interactions in a file, one by one, and what of it cannot be taken.

    Raises:
        Rejected, yamlfile.BadFile, media.UnreadableMedia: nothing of it can be taken, and why.
    """
    facts = read_facts(path)
    form = format_of(path)
    came = form.read(path, facts) if form else iter((_recording(path, facts),))
    around = folder_of(path)
    known: dict[str, str] = {}
    for one in came:
        if isinstance(one, Rejected):
            yield one
            continue
        about = one.interaction
        # A vCon keeps its id for all that is in it, and is asked for its own.
        if (
            one.original is None
            and about.source_id
            and known.setdefault(about.source_id, about.id) != about.id
        ):
            told = f"{about.source} {about.source_id} is in the file twice, with other content"
            yield Rejected(str(path), None, told)
        elif around is None:
            yield one
        else:
            yield msgspec.structs.replace(one, interaction=around.completed(about))


def take_in(path: Path) -> Arrival:
    """The interaction in a file that holds just one.

    Raises:
        Rejected, yamlfile.BadFile, media.UnreadableMedia: it cannot be taken, and why.
    """
    first, *more = arrivals(path)
    if isinstance(first, Rejected):
        raise first
    if more:
        raise Rejected(str(path), None, f"holds {1 + len(more)} interactions, expected one")
    return first


def read_facts(path: Path) -> Facts:
    """The facts beside a file over those of its folder, empty when there are none.

    Raises:
        yamlfile.BadFile, Rejected: the facts file, the folder's file or the table has problems.
    """
    around = folder_of(path)
    known = around.facts_of(path.absolute()) if around else Facts()
    own = _own_facts(path)
    return known.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


def _own_facts(path: Path) -> Facts:
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
