"""A recording that lies inside of a document gets a file of its own."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from audit.arrivals import Arrival
from audit.store import Store
from models.observations import ObservationsUnsaved

ENCLOSED = "enclosed"
"""The folder of recordings that came inside of documents; only its owner may read them."""


@contextmanager
def placed(arrival: Arrival, store: Store | None) -> Iterator[Arrival]:
    """The arrival with its enclosed recording in a file of the data folder; without a store, for so long."""
    if arrival.enclosed is None:
        yield arrival
    elif store is not None:
        yield _place(arrival, arrival.enclosed, store.home / ENCLOSED)
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield _place(arrival, arrival.enclosed, Path(folder))


def _place(arrival: Arrival, content: bytes, folder: Path) -> Arrival:
    """Writes the recording under its SHA-256, whole or not at all; no name of the document is used."""
    path = folder / (hashlib.sha256(content).hexdigest() + suffix_of(content))
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            descriptor, name = tempfile.mkstemp(dir=folder)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(name).replace(path)
    except OSError as error:
        raise ObservationsUnsaved(str(path), error.strerror or str(error)) from error
    about = msgspec.structs.replace(arrival.interaction, path=str(path.resolve()))
    return msgspec.structs.replace(arrival, path=path, interaction=about, enclosed=None)


_BEGINNINGS = (
    (0, b"RIFF", ".wav"),
    (0, b"OggS", ".ogg"),
    (0, b"fLaC", ".flac"),
    (0, b"ID3", ".mp3"),
    (0, b"\xff\xfb", ".mp3"),
    (0, b"\xff\xf3", ".mp3"),
    (0, b"\x1a\x45\xdf\xa3", ".webm"),
    (4, b"ftypM4A", ".m4a"),
    (4, b"ftyp", ".mp4"),
)
"""How files of these kinds begin, and where."""


def suffix_of(content: bytes) -> str:
    """The usual ending of a recording's file by how it begins, so that browsers play it; "" for others."""
    return next((s for at, begins, s in _BEGINNINGS if content[at : at + len(begins)] == begins), "")
