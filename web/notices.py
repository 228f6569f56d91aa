"""Whose work is in Comport: python -m web.notices

Writes one text with the name, version, licence and licence text of every Python distribution that is
needed to run, of every npm package that is bundled into the dashboard's scripts, and (names alone) of the
model weights that `comport weights fetch` takes. `make web` makes it; the texts are others' and are not
committed.
"""

import json
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from models.weights_table import ARTEFACTS, WHISPER_MODELS, Download, WheelPack

HERE = Path(__file__).parent
FILE = HERE / "static" / "dist" / "NOTICES.txt"
UI = HERE / "ui"

_TEXTS = ("LICEN", "COPYING", "NOTICE")
"""How the files begin that hold a licence or what it asks to be passed on."""

_LINE = "=" * 80


class Notice(NamedTuple):
    """One work of others: `kind` is Python, npm or weights; `inside` names libraries within its wheel."""

    kind: str
    name: str
    version: str
    licence: str
    home: str
    texts: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()


def needed(name: str = "comport") -> dict[str, metadata.Distribution]:
    """The distributions that one needs to run on this machine, and it itself, by their plain names."""
    from packaging.requirements import Requirement

    found: dict[str, metadata.Distribution] = {}
    asked: set[tuple[str, str]] = set()

    def walk(name: str, extra: str) -> None:
        plain = name.lower().replace("_", "-").replace(".", "-")
        if (plain, extra) in asked:
            return
        asked.add((plain, extra))
        try:
            one = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            return  # struck out in overrides.txt
        found[plain] = one
        for line in one.requires or ():
            wish = Requirement(line)
            if wish.marker is None or wish.marker.evaluate({"extra": extra}):
                for more in ("", *wish.extras):
                    walk(wish.name, more)

    walk(name, "")
    return found


def python() -> Iterator[Notice]:
    """Of each distribution that Comport needs to run."""
    for plain, one in sorted(needed().items()):
        if plain == "comport":
            continue
        about, files = one.metadata, one.files or ()
        said = [c.rpartition(" :: ")[2] for c in about.get_all("Classifier") or () if c.startswith("License")]
        first = _said(one, "License").strip().partition("\n")[0]
        pages = [line.partition(", ")[2] for line in about.get_all("Project-URL") or ()]
        texts = [
            Path(str(file.locate())).read_text("utf-8", "replace")
            for file in files
            if file.name.upper().startswith(_TEXTS) and any(p.endswith(".dist-info") for p in file.parts)
        ]
        inside = sorted({f.name for f in files if f.parts[0].endswith(".libs")})
        licence = (
            _said(one, "License-Expression")
            or ", ".join(said)
            or first
            or texts[0].strip().partition("\n")[0]
        )
        home = _said(one, "Home-page") or next(iter(pages), "")
        yield Notice("Python", plain, one.version, licence, home, tuple(texts), tuple(inside))


def _said(one: metadata.Distribution, field: str) -> str:
    return next(iter(one.metadata.get_all(field) or ()), "")


def npm() -> Iterator[Notice]:
    """Of each package that is bundled into the dashboard's scripts."""
    locked = json.loads((UI / "package-lock.json").read_text("utf-8"))["packages"]
    for place, one in sorted(locked.items()):
        if not place or one.get("dev"):
            continue
        folder = UI / place
        files = (
            sorted(f for f in folder.glob("*") if f.name.upper().startswith(_TEXTS))
            if folder.is_dir()
            else []
        )
        name = place.removeprefix("node_modules/")
        about = folder / "package.json"
        home = json.loads(about.read_text("utf-8")).get("homepage", "") if about.is_file() else ""
        texts = tuple(file.read_text("utf-8", "replace") for file in files)
        yield Notice("npm", name, one["version"], one.get("license", "see its text"), home, texts)


def weights() -> Iterator[Notice]:
    """Of the models that can be fetched; none of them comes with the package."""
    for one in ARTEFACTS:
        pages = [source.url for source in one.sources if isinstance(source, Download)]
        wheels = [source.requirement for source in one.sources if isinstance(source, WheelPack)]
        yield Notice("weights", one.name, "", one.licence, (*pages, *wheels)[0])
    for model in WHISPER_MODELS:
        card = f"https://huggingface.co/{model.repository}"
        yield Notice("weights", model.name, model.revision[:12], model.licence, card)


def notices() -> str:
    """The whole text: a table of names first, then the texts."""
    every = [*python(), *npm(), *weights()]
    head = [
        "Comport is licensed under Apache-2.0. It stands on the work of others:",
        "",
        *(
            f"{one.kind:8} {' '.join((one.name, one.version)).strip()}: {one.licence} {one.home}".rstrip()
            for one in every
        ),
    ]
    parts = []
    for one in every:
        told = [_LINE, f"{one.name} {one.version}".strip(), f"{one.licence}  {one.home}".rstrip()]
        if one.inside:
            told.append(f"within its wheel: {', '.join(one.inside)}")
        if one.texts or one.inside:
            parts.append("\n\n".join(["\n".join(told), *(text.strip() for text in one.texts)]))
    return "\n\n".join(["\n".join(head), *parts]) + "\n"


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(notices(), "utf-8")
    sys.stdout.write(f"{FILE.name}: {FILE.stat().st_size} bytes\n")
