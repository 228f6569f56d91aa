"""YAML that people write: read into checked, frozen types, with every problem at its line."""

import difflib
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from models.errors import ComportError

MAX_BYTES = 1_000_000
"""A rubric of 200 standards with all its texts is below 200 kB."""

MAX_DEPTH = 24
"""The deepest place of a rubric lies 9 levels down."""

Path_ = tuple[str | int, ...]
T = TypeVar("T", bound="Checked")


_PLAIN = {
    "mapping values are not allowed": "a ':' where none may stand: the line is indented otherwise than those "
    "it belongs to, or its text needs quotation marks",
    "did not find expected": "the line is indented otherwise than those it belongs to",
    "expected <block end>": "the line is indented otherwise than those it belongs to",
}
"""What the reader of YAML says → what is likely wrong, in plain words. Sources: the messages of PyYAML 6."""


class Checked(BaseModel):
    """Base of all types read from YAML: frozen, unknown keys refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, serialize_by_alias=True
    )


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a file: `where` names the standard or key, `text` says found and expected."""

    path: str
    line: int
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.where + ': ' if self.where else ''}{self.text}"


class BadFile(ComportError):
    """A YAML file with problems, all of them."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))

    @property
    def line(self) -> str:
        rest = len(self.problems) - 1
        return f"{self.problems[0]}" + (f" (and {rest} more)" if rest else "")


def nearest(name: str, known: list[str]) -> str:
    """The sentence part that helps after a misspelt name: `; did you mean 'x'? known are …`."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    shown = sorted(known)
    listed = ", ".join(shown[:24]) + (", …" if len(shown) > 24 else "")
    return f"{hint} known: {listed}" if hint else f"; known: {listed or 'none'}"


class Document:
    """A YAML file as plain values, and the line on which each place stands."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self._lines: dict[Path_, int] = {(): 1}
        self.value: Any = None
        try:
            if self._acceptable(text):
                node = yaml.compose(text, Loader=_Loader)
                self.value = None if node is None else self._build(node, ())
        except yaml.YAMLError as error:
            self._report_syntax(error, text)

    def line_of(self, place: Path_) -> int:
        """The line of a place; steps that the file does not have (`say: x` is short for `say: {all: [x]}`)
        are passed over, so that it is at least the line of the nearest place around it."""
        known: Path_ = ()
        for step in place:
            if (*known, step) in self._lines:
                known = (*known, step)
        return self._lines[known]

    def put(self, place: Path_, value: Any, like: Path_) -> None:
        """Puts in a value that another file gives; it counts as standing on the line of the place `like`."""
        around = self.value
        for step in place[:-1]:
            around = around[step]
        if isinstance(around, list):
            around.append(value)
        else:
            around[place[-1]] = value
        self._lines[place] = self.line_of(like)

    def choose(self, key: str, place: Path_) -> None:
        """Puts what the mapping at `place` holds under `key` into its stead, lines and all."""
        around = self.value
        for step in place[:-1]:
            around = around[step]
        around[place[-1]] = around[place[-1]][key]
        size, chosen = len(place), (*place, key)
        moved = {(*place, *at[size + 1 :]): n for at, n in self._lines.items() if at[: size + 1] == chosen}
        self._lines |= moved

    def places_of(self, written: str, around: Path_) -> list[Path_]:
        """Where a text stands as a value within `around`, `around` itself when it does not."""
        value = self.value
        try:
            for step in around:
                value = value[step]
        except (KeyError, IndexError, TypeError):
            return [around]
        return list(_places_in(value, written, around)) or [around]

    def report(self, place: Path_, text: str, where: str = "", line: int | None = None) -> None:
        self.problems.append(Problem(self.path, line or self.line_of(place), where, text))

    def raise_problems(self) -> None:
        """Raises BadFile when anything was reported."""
        if self.problems:
            raise BadFile(tuple(sorted(set(self.problems))))

    def _report_syntax(self, error: yaml.YAMLError, text: str) -> None:
        """A file that is no YAML: where its reader stopped, and where what it was reading begins."""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        begun, stopped = getattr(error, "context_mark", None), getattr(error, "problem_mark", None)
        mark = stopped or begun
        line = mark.line + 1 if mark else 1
        if "unexpected end of stream" in problem and begun:
            line = begun.line + 1
            problem = "a quotation mark is opened here and never closed"
        elif begun and begun.line + 1 != line:
            doing = getattr(error, "context", "")
            problem = f"{problem} ({doing}, which begins on line {begun.line + 1})"
        if "\t" in (text.splitlines() or [""])[min(line, len(text.splitlines())) - 1]:
            problem += "; indent with spaces, not with tabs"
        told = next((f"{plain} ({problem})" for said, plain in _PLAIN.items() if said in problem), problem)
        self.report((), f"not YAML: {told}", line=line)

    def _acceptable(self, text: str) -> bool:
        if len(text) > MAX_BYTES:
            self.report((), f"{len(text):,} letters long; at most {MAX_BYTES:,}")
            return False
        strange = list(_UNPRINTABLE.finditer(text))
        if len(strange) > len(text) / 4:
            self.report((), "not YAML: every other letter is none; save the file as UTF-8, not as UTF-16")
            return False
        for found in strange:
            code = f"the sign U+{ord(found[0]):04X}, which no text has; delete it"
            self.report((), f"not YAML: {code}", line=text.count("\n", 0, found.start()) + 1)
        if strange:
            return False
        depth = 0
        for event in yaml.parse(text, Loader=_Loader):
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                self.report(
                    (),
                    "anchors (&) and aliases (*) are not allowed: write the text out, or quote it",
                    line=line,
                )
                return False
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                self.report((), f"nested more than {MAX_DEPTH} levels deep", line=line)
                return False
        return True

    def _build(self, node: yaml.Node, place: Path_) -> Any:
        self._lines[place] = node.start_mark.line + 1
        if isinstance(node, yaml.SequenceNode):
            return [self._build(child, (*place, i)) for i, child in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            built: dict[str, Any] = {}
            for key_node, child in node.value:
                if not isinstance(key_node, yaml.ScalarNode):
                    line = key_node.start_mark.line + 1
                    self.report((), "a key is one word, not a list or keys and values", line=line)
                    continue
                key = str(key_node.value)
                if key in built:
                    line = key_node.start_mark.line + 1
                    self.report((), f"'{key}' stands twice; keep one", where=_named(place), line=line)
                built[key] = self._build(child, (*place, key))
                self._lines[(*place, key)] = key_node.start_mark.line + 1
            return built
        text = str(node.value)
        match node.tag.rpartition(":")[2]:
            case "null":
                return None
            case "int" if text.lstrip("+-").isdigit() and len(text) < 19:
                return int(text)
            case "float":
                try:
                    return float(text)
                except ValueError:
                    return text
            case "bool" if text.lower() in ("true", "false"):
                return text.lower() == "true"
        # Everything else stays what was written: `no`, `12:30` and `2026-11-22` are texts to a QA person.
        return text


_UNPRINTABLE = re.compile("[^\\t\\n\\r\\x20-\\x7e\\x85\\xa0-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""What YAML 1.1 (chapter 5.1) does not take for text."""


def _places_in(value: Any, written: str, place: Path_) -> Iterator[Path_]:
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places_in(inner, written, (*place, step))
    elif " ".join(str(value).split()) == " ".join(written.split()):
        yield place


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    pass


def read_document(path: Path, shown: str | None = None) -> Document:
    """The file as a `Document`; problems of reading it are in `problems`."""
    name = shown or str(path)
    try:
        if path.stat().st_size > 4 * MAX_BYTES:
            document = Document(name, "")
            document.report((), f"{path.stat().st_size:,} bytes; at most {MAX_BYTES:,} letters")
            return document
        raw = path.read_bytes()
        return Document(name, raw.decode("utf-8"))
    except OSError as error:
        document = Document(name, "")
        document.report((), f"cannot be read: {error.strerror}")
        return document
    except UnicodeDecodeError as error:
        document = Document(name, "")
        line = raw.count(b"\n", 0, error.start) + 1
        document.report((), f"not UTF-8 (byte {error.start}): save the file as UTF-8", line=line)
        return document


def texts_in(value: Any, without: Collection[str] = ()) -> Iterator[str]:
    """Every text among plain values, keys left out, and what stands under the keys `without`."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner, without)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in without:
                yield from texts_in(inner, without)


def beside(path: str, name: str) -> Path | None:
    """The file of this name in the folder of another, or below it; None where it would lead out of there."""
    try:
        folder = os.path.realpath(Path(path).parent)
        found = Path(os.path.realpath(Path(folder, name)))
    except (OSError, ValueError):
        return None
    return found if found.is_relative_to(folder) else None


def check(document: Document, kind: type[T], where: Any = lambda place: "") -> T | None:
    """`document` as a `kind`, or None with its problems reported; `where(place)` names a place for people."""
    if document.value is None and document.problems:
        return None
    if document.value is None:
        document.report((), f"an empty file; expected the keys {', '.join(kind.model_fields)}")
        return None
    if not isinstance(document.value, dict):
        document.report((), f"expected a mapping with the keys {', '.join(kind.model_fields)}")
        return None
    try:
        return kind.model_validate(document.value)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False)
        for error in errors:
            place: Path_ = tuple(error["loc"])
            # pydantic counts only the good members of a list: with bad ones inside, "too short" misleads.
            if error["type"] == "too_short" and any(
                e["loc"][: len(place)] == place for e in errors if e is not error
            ):
                continue
            text = _explain(error, place, kind)
            # A rule over several keys begins its sentence with the key that is wrong, if it is one.
            inner = text.removeprefix(f"{place[-1]}: ").partition(":")[0] if place else ""
            line = document.line_of((*place, inner)) if error["type"] == "value_error" else None
            document.report(place, text, where=where(place), line=line)
        return None


def _named(place: Path_) -> str:
    return str(place[-1]) if place and isinstance(place[-1], str) else ""


def _explain(error: Any, place: Path_, kind: type[BaseModel]) -> str:
    """One clear sentence for a pydantic error."""
    key = next((str(p) for p in reversed(place) if isinstance(p, str)), "")
    found = error.get("input")
    match error["type"]:
        case "extra_forbidden":
            known = _keys_at(kind, place[:-1])
            return f"unknown key '{place[-1]}'{nearest(str(place[-1]), known)}"
        case "missing":
            return f"'{place[-1]}' is missing"
        case "value_error":
            own = f"{place[-1]}: " if place and isinstance(place[-1], str) else ""
            return f"{own}{error['ctx']['error']}"
        case "enum" | "literal_error":
            return f"{key}: found {found!r}, expected {error['ctx']['expected']}"
        case "string_type":
            return f"{key}: expected text, found {found!r}: put it in quotes"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"{key}: expected keys and values, found {found!r}"
        case "too_short":
            return f"{key}: empty; expected at least one"
        case "string_pattern_mismatch":
            return f"{key}: found {found!r}; expected small letters, digits and hyphens"
        case "list_type" | "tuple_type":
            return f"{key}: expected a list, found {found!r}"
    return f"{key}: {error['msg'][:1].lower()}{error['msg'][1:]}, found {found!r}"[:300]


def _keys_at(kind: Any, place: Path_) -> list[str]:
    """The keys that the type at `place` takes."""
    for step in place:
        kind = _inner(kind, step)
        if kind is None:
            return []
    return (
        [field.alias or name for name, field in kind.model_fields.items()]
        if hasattr(kind, "model_fields")
        else []
    )


def _inner(kind: Any, step: str | int) -> Any:
    if isinstance(step, str) and hasattr(kind, "model_fields"):
        field = next((f for n, f in kind.model_fields.items() if (f.alias or n) == step), None)
        # What is no field is a name in a mapping: all of its values are of this kind.
        return _model_in(field.annotation) if field else kind
    return kind if isinstance(step, int) else None


def _model_in(annotation: Any) -> Any:
    """The model inside `tuple[X, ...]`, `X | None`, `dict[str, X]`; None when there is none."""
    if hasattr(annotation, "model_fields"):
        return annotation
    inner = (_model_in(argument) for argument in getattr(annotation, "__args__", ()))
    return next((model for model in inner if model is not None), None)
