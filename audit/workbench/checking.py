"""Rubrics checked by the dozen: packs, files and whole folders."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from audit.intake import FACTS_SUFFIX
from audit.lexicons import load_lexicon
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
    """What was found of one rubric or lexicon: its size, its problems, or why it was left out."""

    name: str
    standards: int = 0
    sections: int = 0
    lists: int = 0
    problems: tuple[Trouble, ...] = ()
    skipped: str = ""

    @property
    def right(self) -> bool:
        return not self.problems and not self.skipped


def check_rubrics(names: Iterable[str]) -> tuple[Examined, ...]:
    """Every rubric and lexicon named, and of a folder every YAML file that has the key `rubric` or
    `lexicon`."""
    return tuple(examined for name in names for examined in _examine(name))


def _examine(name: str) -> Iterator[Examined]:
    if not Path(name).is_dir():
        own = name.endswith(SUFFIXES)
        yield _check_lexicon(name) if own and _has(Path(name), "lexicon") else _check(name)
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
        if _has(file, "rubric"):
            yield _check(str(file))
        elif _has(file, "lexicon"):
            yield _check_lexicon(str(file))
        else:
            yield Examined(str(file), skipped="left out: no line begins with 'rubric:' or 'lexicon:'")


def _has(file: Path, key: str) -> bool:
    """Whether a line of the file begins with a key."""
    try:
        return any(line.startswith(f"{key}:") for line in file.read_text("utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        # Whoever checks it as a rubric says what is wrong.
        return key == "rubric"


def _check_lexicon(name: str) -> Examined:
    try:
        return Examined(name, lists=len(load_lexicon(Path(name)).lists))
    except BadFile as error:
        return Examined(name, problems=_troubles(error))


def _check(name: str) -> Examined:
    try:
        found = find_rubric(name)
    except BadFile as error:
        return Examined(name, problems=_troubles(error))
    except ComportError as error:
        return Examined(name, problems=(Trouble(name, None, "", error.line),))
    return Examined(name, len(found.standards), len(found.sections))


def _troubles(error: BadFile) -> tuple[Trouble, ...]:
    return tuple(Trouble(p.path, p.line, p.where, p.text) for p in error.problems)
