"""The cameras of a house: their files lie in `cameras/` of the home folder, each under the camera's name."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from audit.auditlog import Action, write
from audit.store import NotStored, Store
from models.camera import BadCamera, Camera, Zone, assumed_camera, camera_yaml, check_zone, load_camera
from models.errors import ComportError

FOLDER = "cameras"

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

MOST_ZONES, MOST_CORNERS = 20, 60
"""More of them nobody draws by hand; they bound what one form can cost. Our choice."""


class Known(msgspec.Struct, frozen=True):
    """A camera with its file as it lies; `camera` is None where the file has a problem."""

    name: str
    camera: Camera | None
    problem: str = ""
    digest: str = ""
    """SHA-256 of the file: who changes it says which one they saw."""


class CameraChanged(ComportError):
    """A camera file that somebody else changed meanwhile."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"camera '{self.name}' was changed meanwhile; open it again and draw yours anew"


def camera_path(home: Path, name: str) -> Path:
    """Where the file of a camera lies.

    Raises:
        BadCamera: the name is none.
    """
    if not NAME.fullmatch(name):
        raise BadCamera("camera", f"'{name[:80]}' is no name", "give small letters, digits and -, 40 at most")
    return home / FOLDER / f"{name}.yaml"


def file_of(home: Path, given: Path) -> Path:
    """The file that `--camera` names: a path, or the name of a camera of the house."""
    if not given.exists() and NAME.fullmatch(str(given)) and camera_path(home, str(given)).exists():
        return camera_path(home, str(given))
    return given


def cameras(store: Store) -> tuple[Known, ...]:
    """All cameras of the house, by name."""
    found = sorted((store.home / FOLDER).glob("*.yaml"))
    return tuple(_known(path) for path in found if NAME.fullmatch(path.stem))


def camera_of(store: Store, name: str) -> Known:
    """One camera of the house.

    Raises:
        NotStored: there is none of this name.
    """
    path = store.home / FOLDER / f"{name}.yaml"
    if not NAME.fullmatch(name) or not path.is_file():
        known = ", ".join(one.name for one in cameras(store))
        raise NotStored("camera", name[:80], f"there are {known}" if known else "there is none yet")
    return _known(path)


def _known(path: Path) -> Known:
    try:
        return Known(path.stem, load_camera(path), "", _digest(path))
    except BadCamera as error:
        told = error.line.replace(str(path), path.name)
        return Known(path.stem, None, told, _digest(path))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def add_camera(store: Store, name: str, size_px: tuple[int, int], zones: Sequence[Zone] = ()) -> Known:
    """Adds a camera that nobody calibrated, for pictures of this size: distances stay as unsure as without a
    file.

    Raises:
        BadCamera: the name is none or taken, the size is none, or a zone is none.
    """
    path = camera_path(store.home, name)
    if path.exists():
        raise BadCamera("camera", f"'{name}' is there already", "choose another name")
    if min(size_px) <= 0:
        raise BadCamera("camera", f"a picture of {size_px[0]}x{size_px[1]}", "give its size in pixels")
    _check(name, zones, size_px)
    return _keep(store, path, msgspec.structs.replace(assumed_camera(size_px), zones=tuple(zones)), "added")


def keep_zones(store: Store, name: str, zones: Sequence[Zone], seen: str | None = None) -> Known:
    """Puts these zones into the file of a camera in the place of those before; all else stays.

    `seen` is the digest of the file that they were drawn on; None does not ask.

    Raises:
        NotStored: there is no such camera.
        BadCamera: its file cannot be read, or a zone is none.
        CameraChanged: it was changed since it was seen.
    """
    known = camera_of(store, name)
    if known.camera is None:
        raise BadCamera(name, known.problem, "mend the file, or remove it")
    if seen is not None and seen != known.digest:
        raise CameraChanged(name)
    _check(name, zones, known.camera.size_px)
    drawn = msgspec.structs.replace(known.camera, zones=tuple(zones))
    return _keep(store, camera_path(store.home, name), drawn, "zones")


def remove_camera(store: Store, name: str) -> None:
    """Removes the file of a camera; what was audited with it stays as it is.

    Raises:
        NotStored: there is no such camera.
    """
    camera_of(store, name)
    with store.writing() as connection:
        write(connection, Action.CAMERA, name, did="removed")
        camera_path(store.home, name).unlink(missing_ok=True)


def _check(name: str, zones: Sequence[Zone], size_px: tuple[int, int]) -> None:
    if len(zones) > MOST_ZONES:
        raise BadCamera(name, f"{len(zones)} zones", f"expected {MOST_ZONES} at most")
    for zone in zones:
        if len(zone.corners_px) > MOST_CORNERS:
            found = f"zone '{zone.name}' with {len(zone.corners_px)} corners"
            raise BadCamera(name, found, f"expected {MOST_CORNERS} at most")
        check_zone(zone, size_px, name)


def _keep(store: Store, path: Path, camera: Camera, did: str) -> Known:
    """Writes the file whole, and who did it, or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with store.writing() as connection:
        write(connection, Action.CAMERA, path.stem, did=did, zones=len(camera.zones))
        part.write_text(camera_yaml(camera), "utf-8")
        part.replace(path)
    return _known(path)
