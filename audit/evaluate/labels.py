"""What people said of transcripts: `labels.csv` beside them, a row for each verdict."""

import csv
import re
from collections.abc import Callable, Collection
from pathlib import Path

import msgspec

from audit.intake.webvtt import SUFFIXES as VTT
from audit.judge import Verdict
from audit.yamlfile import BadFile, Problem, nearest
from models.observations import Observations, Span, span

NAME = "labels.csv"

COLUMNS = ("file", "line", "standard", "verdict")

GIVEN = (Verdict.MET, Verdict.MISSED, Verdict.NO_OPPORTUNITY)
"""What a person may say. Who cannot tell leaves the row out."""


class Label(msgspec.Struct, frozen=True):
    """A person's verdict on one standard: in a whole file, or at one of its lines."""

    row: int
    """The line of `labels.csv` on which it stands."""
    file: Path
    line: int | None
    """The line of the file, as an editor counts; None: the whole conversation."""
    standard: str
    verdict: Verdict


def read_labels(folder: Path, standards: Collection[str] | None = None) -> tuple[Label, ...]:
    """The rows of `labels.csv` in a folder, in their order; files are named from this folder on.

    `standards` are the names that are known; None takes any.

    Raises:
        BadFile: with every problem, each at its line of `labels.csv`.
    """
    path = folder / NAME
    problems: list[Problem] = []

    def report(line: int, text: str) -> None:
        problems.append(Problem(str(path), line, "", text))

    lines: list[str] = []
    try:
        lines = path.read_text("utf-8-sig").splitlines(keepends=True)
    except OSError as error:
        report(1, f"cannot be read: {error.strerror}; expected the columns {', '.join(COLUMNS)}")
    except UnicodeDecodeError as error:
        report(1, f"not UTF-8 (byte {error.start}): save the file as UTF-8")
    # Spreadsheets of countries with a decimal comma write semicolons.
    first = lines[0] if lines else ""
    reader = csv.DictReader(lines, delimiter=";" if ";" in first and "," not in first else ",")
    labels: list[Label] = []
    try:
        found = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = found
        lacking = [name for name in COLUMNS if name not in found]
        if lacking and not problems:
            report(
                1, f"no column {', '.join(lacking)}; expected {','.join(COLUMNS)}, found {','.join(found)}"
            )
        for row in () if lacking else reader:
            cells = {name: (row[name] or "").strip() for name in COLUMNS}
            if any(cells.values()):
                label = _label(cells, reader.line_num, folder, standards, report)
                labels += [label] if label else []
    except csv.Error as error:
        report(reader.line_num, f"not CSV: {error}")
    seen: dict[tuple[Path, int | None, str], int] = {}
    for label in labels:
        first_row = seen.setdefault((label.file, label.line, label.standard), label.row)
        if first_row != label.row:
            report(label.row, f"'{label.standard}' is labelled there already, on line {first_row}; keep one")
    if not labels and not problems:
        report(1, "no rows; expected a verdict on each line")
    if problems:
        raise BadFile(tuple(sorted(problems)))
    return tuple(labels)


def _label(
    cells: dict[str, str],
    row: int,
    folder: Path,
    standards: Collection[str] | None,
    report: Callable[[int, str], None],
) -> Label | None:
    file, line = folder / cells["file"], cells["line"]
    right = True

    def wrong(text: str) -> None:
        nonlocal right
        right = False
        report(row, text)

    if not cells["file"] or not file.is_file():
        wrong(f"file: no such file '{cells['file']}' beside {NAME}")
    if line and not (line.isascii() and line.isdigit() and int(line)):
        wrong(f"line: found '{line}', expected a number from 1 on, or nothing for the whole conversation")
    if standards is not None and cells["standard"] not in standards:
        wrong(f"unknown standard '{cells['standard']}'{nearest(cells['standard'], list(standards))}")
    given = [verdict.value for verdict in GIVEN]
    if cells["verdict"] not in given:
        wrong(
            f"verdict: found '{cells['verdict']}', expected {', '.join(given)}; who cannot tell leaves it out"
        )
    if not right:
        return None
    return Label(row, file, int(line) if line else None, cells["standard"], Verdict(cells["verdict"]))


def text_of(label: Label, observations: Observations) -> str:
    """What is said on the line that a label names; without a line in the whole file.

    Raises:
        BadFile: as `moment_of`.
    """
    if label.line is None:
        return " ".join(u.text for u in observations.utterances or ())
    return _line_of(label, label.line, observations)[1]


def moment_of(label: Label, observations: Observations) -> Span:
    """The time of the line that a label names, in a chat or WebVTT file; without a line the whole.

    Raises:
        BadFile: the file has no words on that line, or is of a kind without lines.
    """
    if label.line is None:
        return span(0.0, observations.recording.duration_s)
    return _line_of(label, label.line, observations)[0]


def _line_of(label: Label, line: int, observations: Observations) -> tuple[Span, str]:
    """When a line is said, and what; as `moment_of`."""
    problem = f"{label.file.name} has no words on line {line}"
    said = observations.utterances or ()
    try:
        lines = label.file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        problem, lines = f"{label.file.name} cannot be read by lines: {error}", []
    if label.file.suffix.lower() == ".jsonl":
        numbers = [number for number, text in enumerate(lines, start=1) if text.strip()]
        if line in numbers:
            # By its number: others may be written in the same second.
            one = said[numbers.index(line)]
            return one.span, one.text
    elif label.file.suffix.lower() in VTT:
        moment = _time_above(lines[:line]) if line <= len(lines) and lines[line - 1].strip() else None
        if moment is not None:
            texts = [u.text for u in said if u.span == moment]
            own = [text for text in texts if text in lines[line - 1]]
            return moment, " ".join(own or texts)
    else:
        problem = f"{label.file.name}: lines are counted in .jsonl and .vtt only; leave 'line' empty"
    raise BadFile((Problem(str(label.file.parent / NAME), label.row, "", problem),))


def _time_above(lines: list[str]) -> Span | None:
    """The time of the cue that the last of these lines of a WebVTT file is in."""
    for line in reversed(lines):
        if times := _TIMES.search(line):
            return span(_seconds(times[1]), _seconds(times[2]))
        if not line.strip():
            return None
    return None


_TIMES = re.compile(r"((?:\d+:)?\d+:\d+\.\d+)\s+-->\s+((?:\d+:)?\d+:\d+\.\d+)")


def _seconds(time: str) -> float:
    total_s = 0.0
    for part in time.split(":"):
        total_s = 60 * total_s + float(part)
    return total_s
