"""What a batch is asked to audit: folders, patterns, lists, object stores; and a file of it brought here."""

import contextlib
import csv
import glob
import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from audit.batch.ledger import Found
from audit.intake import FACTS_SUFFIX, RECORDING_SUFFIXES, find_files, formats, passed_over
from models.errors import ComportError

COLUMN = "path"
"""The column of a list (CSV) that says where each file lies."""


class UnusableSource(ComportError):
    """A source that names nothing that could be audited."""

    def __init__(self, source: str, found: str, remedy: str) -> None:
        super().__init__(source, found, remedy)
        self.source, self.found, self.remedy = source, found, remedy

    def __str__(self) -> str:
        return f"{self.source}: {self.found}; {self.remedy}"


def is_address(location: str) -> bool:
    """Whether a place is an address like s3://bucket/calls rather than a path."""
    return "://" in location


def is_recording(location: str) -> bool:
    """Whether a place has the name of a recording: those take long, and a GPU helps."""
    return Path(location).suffix.lower() in RECORDING_SUFFIXES


def find(sources: Iterable[str], passed: list[str] | None = None) -> Iterator[Found]:
    """Every file that the sources name; what cannot be taken has its reason. To `passed` are added the files
    of folders that no format knows.

    Raises:
        UnusableSource: an address whose library is not here or that cannot be listed, or a bad list.
    """
    for source in sources:
        listed = None
        if not is_address(source) and source.lower().endswith(".csv"):
            listed = _listed(Path(source))
        for place in [source] if listed is None else listed:
            yield from _named(place, passed)


def _named(place: str, passed: list[str] | None) -> Iterator[Found]:
    if is_address(place):
        yield from _at_address(place)
    elif Path(place).exists() or not glob.has_magic(place):
        yield from _at_path(Path(place), passed)
    else:
        matches = sorted(glob.glob(place, recursive=True))  # noqa: PTH207  the pattern may be absolute
        if not matches:
            raise UnusableSource(place, "matches no file", "see whether the pattern is right")
        for match in matches:
            if not match.endswith(FACTS_SUFFIX):
                yield from _at_path(Path(match), passed)


def _listed(path: Path) -> list[str] | None:
    """The places in a CSV that has a column `path`, relative ones beside it; None for any other CSV."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if COLUMN not in (rows.fieldnames or ()):
                return None
            named = [(rows.line_num, (row[COLUMN] or "").strip()) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnusableSource(str(path), f"cannot be read ({error})", "give a CSV in UTF-8") from error
    for line, place in named:
        if not place:
            raise UnusableSource(f"{path}:{line}", f"'{COLUMN}' is empty", "name a file or address there")
    return [place if is_address(place) else str(path.parent / place) for _, place in named]


def _at_path(path: Path, passed: list[str] | None) -> Iterator[Found]:
    files, refused = find_files(path)
    if passed is not None:
        passed += map(str, passed_over(path, files))
    for problem in refused:
        yield Found(problem.path, 0, "", refused=problem.line)
    for file in files:
        try:
            state, facts = file.stat(), _beside(file)
            beside = f"{facts.stat().st_mtime_ns}" if facts.exists() else ""
        except OSError as error:
            yield Found(str(file), 0, "", refused=f"{file}: cannot be read: {error.strerror}")
            continue
        place = str(file.absolute())
        yield Found(place, state.st_size, _stamp(place, state.st_size, state.st_mtime_ns, beside))


def _stamp(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", errors="surrogatepass")).hexdigest()


def _beside(path: Path) -> Path:
    return path.with_suffix("").with_name(path.with_suffix("").name + FACTS_SUFFIX)


def _filesystem(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it."""
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(address)
    except ImportError as error:
        told = " ".join(str(error).split())
        raise UnusableSource(address, f"its library is not here ({told})", "install it with pip") from error
    except Exception as error:  # libraries of all kinds, each with its own errors
        raise _unreachable(address, error) from error
    return system, path


def _unreachable(address: str, error: Exception) -> UnusableSource:
    told = " ".join(f"{type(error).__name__}: {error}".split())
    return UnusableSource(address, f"cannot be read ({told})", "check the address and the rights")


def _at_address(address: str) -> Iterator[Found]:
    system, path = _filesystem(address)
    try:
        if glob.has_magic(path):
            infos = system.glob(path, detail=True)
        elif system.isdir(path):
            infos = system.find(path, detail=True)
        else:
            infos = {path: system.info(path)}
    except FileNotFoundError:
        yield Found(address, 0, "", refused=f"{address}: no such file or folder")
        return
    except Exception as error:
        raise _unreachable(address, error) from error
    suffixes = RECORDING_SUFFIXES | {suffix for form in formats() for suffix in form.SUFFIXES}
    wanted = {
        name: info
        for name, info in infos.items()
        if info.get("type") != "directory" and (name == path or Path(name).suffix.lower() in suffixes)
    }
    if not wanted:
        yield Found(address, 0, "", refused=f"{address}: no recordings, transcripts or chats there")
    for name in sorted(wanted):
        info = wanted[name]
        facts = infos.get(str(_beside(Path(name))), {})
        size = int(info.get("size") or 0)
        seen = [info.get(key) for key in ("ETag", "etag", "md5Hash", "mtime", "LastModified", "created")]
        beside = [facts.get(key) for key in ("ETag", "etag", "mtime", "created", "size")]
        place = system.unstrip_protocol(name)
        yield Found(place, size, _stamp(place, size, seen, beside) if any(seen) else "")


@contextlib.contextmanager
def fetched(location: str, folder: Path) -> Iterator[Path]:
    """The file of a place as a path; what lies elsewhere is brought into a private folder, and removed."""
    if not is_address(location):
        yield Path(location)
        return
    system, path = _filesystem(location)
    # Private to this account (mode 0700); a worker that dies leaves it to `sweep`.
    with tempfile.TemporaryDirectory(dir=folder, prefix=FETCHED) as name:
        target = Path(name, Path("/", path).name or "recording")
        try:
            system.get_file(path, str(target))
            with contextlib.suppress(FileNotFoundError):
                system.get_file(str(_beside(Path(path))), str(_beside(target)))
        except Exception as error:
            raise _unreachable(location, error) from error
        yield target


FETCHED = "fetched-"


def sweep(folder: Path) -> None:
    """Removes what workers that died had brought here."""
    for left in folder.glob(f"{FETCHED}*"):
        shutil.rmtree(left, ignore_errors=True)
