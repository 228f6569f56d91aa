"""Rubrics checked by the dozen: packs, files and whole folders."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from audit.intake import FACTS_SUFFIX
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
    """What was found of one rubric: its size, its problems, or why it was left out."""

    name: str
    standards: int = 0
    sections: int = 0
    problems: tuple[Trouble, ...] = ()
    skipped: str = ""

    @property
    def right(self) -> bool:
        return not self.problems and not self.skipped


def check_rubrics(names: Iterable[str]) -> tuple[Examined, ...]:
    """Every rubric named, and of a folder every YAML file that has the key `rubric`."""
    return tuple(examined for name in names for examined in _examine(name))


def _examine(name: str) -> Iterator[Examined]:
    if not Path(name).is_dir():
        yield _check(name)
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
        if _claims_to_be_one(file):
            yield _check(str(file))
        else:
            yield Examined(str(file), skipped="left out: no line begins with 'rubric:'")


def _claims_to_be_one(file: Path) -> bool:
    try:
        return any(line.startswith("rubric:") for line in file.read_text("utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        # Whoever checks it says what is wrong.
        return True


def _check(name: str) -> Examined:
    try:
        found = find_rubric(name)
    except BadFile as error:
        problems = tuple(Trouble(p.path, p.line, p.where, p.text) for p in error.problems)
        return Examined(name, problems=problems)
    except ComportError as error:
        return Examined(name, problems=(Trouble(name, None, "", error.line),))
    return Examined(name, len(found.standards), len(found.sections))
