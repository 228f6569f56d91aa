"""Rubrics checked by the dozen: packs, files and whole folders."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from audit.confidence import SUFFIX as CURVE
from audit.intake import FACTS_SUFFIX
from audit.lexicons import load_lexicon
from audit.overlay import LANGUAGES, load_overlay
from audit.pipeline import find_rubric
from audit.yamlfile import BadFile
from models.errors import ComportError

SUFFIXES = (".yaml", ".yml")


class Trouble(msgspec.Struct, frozen=True):
    """One thing wrong; `line` is None where a rubric is not found at all."""

    file: str
    line: int | None
    where: str
    problem: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.line else ""
        return f"{place}{self.where + ': ' if self.where else ''}{self.problem}"


class Examined(msgspec.Struct, frozen=True):
    """What was found of one rubric, lexicon or overlay: its size, its problems, or why it was left out."""

    name: str
    kind: Literal["rubric", "lexicon", "overlay"] = "rubric"
    standards: int = 0
    sections: int = 0
    lists: int = 0
    problems: tuple[Trouble, ...] = ()
    skipped: str = ""
    curve: bool = False
    """Whether a file beside the rubric, which is checked with it, says how sure its phrases are."""

    @property
    def right(self) -> bool:
        return not self.problems and not self.skipped

    @property
    def size(self) -> str:
        """How much it holds, in words."""
        match self.kind:
            case "lexicon":
                return count_words(self.lists, "list")
            case "overlay":
                return f"overlay, adds {count_words(self.standards, 'standard')}"
        held = f"{count_words(self.standards, 'standard')} in {count_words(self.sections, 'section')}"
        return held + (", how sure its phrases are" if self.curve else "")


def count_words(number: int, name: str) -> str:
    """`1 standard`, `2 standards`."""
    return f"{number} {name}{'' if number == 1 else 's'}"


def check_rubrics(names: Iterable[str]) -> tuple[Examined, ...]:
    """Every rubric, lexicon and overlay named, and of a folder every YAML file with one of these keys, and
    the curves beside rubrics."""
    return tuple(examined for name in names for examined in _examine(name))


def _examine(name: str) -> Iterator[Examined]:
    if not Path(name).is_dir():
        yield _check_file(Path(name)) or _check(name)
        return
    files = sorted(
        Path(folder, file)
        for folder, _, inside in os.walk(name)
        for file in inside
        if file.endswith(SUFFIXES) and not file.endswith(FACTS_SUFFIX)
    )
    if not files:
        problem = f"no rubrics in this folder; expected files ending in {' or '.join(SUFFIXES)}"
        yield Examined(name, problems=(Trouble(name, None, name, problem),))
    for file in files:
        if file.name.endswith(CURVE) and _rubric_of(file) in files:
            continue  # Checked with its rubric.
        left_out = "left out: no line begins with 'rubric:', 'lexicon:' or 'overlay:'"
        yield _check_file(file) or Examined(str(file), skipped=left_out)


def _check_file(file: Path) -> Examined | None:
    """What is in a file, by its keys or its name; None where it is none of ours."""
    if file.suffix not in SUFFIXES:
        return None
    if file.name.endswith(CURVE):
        rubric = _rubric_of(file)
        if rubric.is_file():
            return _check(str(rubric))
        problem = f"says how sure phrases are, but no {rubric.name} lies beside it"
        return Examined(str(file), problems=(Trouble(str(file), 1, "", problem),))
    if _has(file, "lexicon"):
        return _check_lexicon(str(file))
    if _has(file, "overlay"):
        return _check_overlay(str(file))
    return _check(str(file)) if _has(file, "rubric") else None


def _rubric_of(curve: Path) -> Path:
    """The rubric whose phrases a curve is of."""
    return curve.with_name(curve.name.removesuffix(CURVE) + ".yaml")


def _has(file: Path, key: str) -> bool:
    """Whether a line of the file begins with a key."""
    try:
        return any(line.startswith(f"{key}:") for line in file.read_text("utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        # Whoever checks it as a rubric says what is wrong.
        return key == "rubric"


def _check_lexicon(name: str) -> Examined:
    try:
        return Examined(name, "lexicon", lists=len(load_lexicon(Path(name)).lists))
    except BadFile as error:
        return Examined(name, "lexicon", problems=_troubles(error))


def _check_overlay(name: str) -> Examined:
    """An overlay in each language that it may be read in."""
    added: set[str] = set()
    problems: list[Trouble] = []
    for language in LANGUAGES:
        try:
            overlay = load_overlay(Path(name), language)
        except BadFile as error:
            problems += [one for one in _troubles(error) if one not in problems]
        else:
            added |= {standard.id for section in overlay.sections for standard in section.standards}
    return Examined(name, "overlay", len(added), problems=tuple(problems))


def _check(name: str) -> Examined:
    try:
        found = find_rubric(name)
    except BadFile as error:
        return Examined(name, problems=_troubles(error))
    except ComportError as error:
        return Examined(name, problems=(Trouble(name, None, "", error.line),))
    curve = found.confidence is not None
    return Examined(name, "rubric", len(found.standards), len(found.sections), curve=curve)


def _troubles(error: BadFile) -> tuple[Trouble, ...]:
    return tuple(Trouble(p.path, p.line, p.where, p.text) for p in error.problems)
