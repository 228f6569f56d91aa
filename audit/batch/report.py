"""What a batch did, for people: as Markdown and as HTML, right to the row."""

import html
import statistics
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TextIO

import msgspec
from sqlalchemy import select

from audit import tables as t
from audit.batch import ledger
from audit.batch.ledger import Item, Run, State
from audit.store import Store

HEAD = ("file", "state", "interaction", "rubric", "score", "critical misses", "why not, or how it was known")

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: start; padding: .25rem .6rem;
border-bottom: 1px solid #8884; vertical-align: top; overflow-wrap: anywhere } .n { text-align: end }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee } }
"""


class Row(msgspec.Struct, frozen=True):
    """One scorecard, or one file or interaction that has none and why."""

    location: str
    state: str
    interaction: str = ""
    rubric: str = ""
    score: float | None = None
    critical_misses: int | None = None
    reason: str = ""


class Totals(msgspec.Struct, frozen=True):
    """A run in numbers."""

    files: int
    states: dict[str, int]
    scorecards: int
    scores: dict[str, tuple[int, float, float, float]]
    """Of each rubric: how many scores, their mean, the lowest and the highest."""


def rows(store: Store, run: Run) -> Iterator[Row]:
    """Every file of a run in the order of its numbers, with each of its scorecards and reasons."""
    page: list[Item] = []
    for item in ledger.items(store, run.id):
        page.append(item)
        if len(page) == ledger.ROWS:
            yield from _page(store, run, page)
            page.clear()
    yield from _page(store, run, page)


def _page(store: Store, run: Run, page: list[Item]) -> Iterator[Row]:
    result, card = t.batch_result.c, t.scorecard.c
    query = (
        select(
            result.item_id,
            result.interaction_id,
            result.reason,
            card.rubric_name,
            card.score,
            card.critical_misses,
        )
        .join(
            t.scorecard,
            (card.interaction_id == result.interaction_id)
            & card.current
            & card.rubric_digest.in_(run.rubrics),
            isouter=True,
        )
        .where(result.item_id.in_([item.id for item in page]))
        .order_by(result.item_id, result.number, card.rubric_name)
    )
    found: dict[int, list[Row]] = {}
    with store.reading() as connection:
        places = {item.id: item for item in page}
        for row in connection.execute(query):
            item = places[row.item_id]
            state = "failed" if row.reason else "done"
            found.setdefault(row.item_id, []).append(
                Row(
                    item.location,
                    state,
                    row.interaction_id or "",
                    row.rubric_name or "",
                    row.score,
                    row.critical_misses,
                    row.reason,
                )
            )
    for item in page:
        over = item.state in ledger.OVER
        yield from (found.get(item.id) if over else None) or [
            Row(item.location, item.state, reason=item.reason)
        ]


def totals(store: Store, run: Run) -> Totals:
    """The numbers of a run."""
    states = {str(state): number for state, number in ledger.counts(store, run.id).items()}
    scores: dict[str, list[float]] = {}
    cards = 0
    for row in rows(store, run):
        cards += bool(row.rubric)
        if row.score is not None:
            scores.setdefault(row.rubric, []).append(row.score)
    told = {
        name: (len(s), round(statistics.fmean(s), 1), min(s), max(s)) for name, s in sorted(scores.items())
    }
    return Totals(sum(states.values()), states, cards, told)


def write(store: Store, run: Run, folder: Path) -> tuple[Path, Path]:
    """Writes `report.md` and `report.html` into a folder, and gives their paths."""
    numbers = totals(store, run)
    paths = folder / "report.md", folder / "report.html"
    for path, form in zip(paths, (_markdown, _html), strict=True):
        part = path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as file:
            form(file, store, run, numbers)
        part.replace(path)
    return paths


def summary(run: Run, numbers: Totals) -> list[str]:
    """The run in a few lines."""
    states = ", ".join(f"{n} {state}" for state, n in numbers.states.items() if n or state == State.DONE)
    ended = f", ended {_clock(run.finished_at)}" if run.finished_at else ""
    lines = [
        f"{run.state}, begun {_clock(run.started_at)}{ended}",
        f"{numbers.files} files: {states}; {numbers.scorecards} scorecards",
    ]
    for name, (n, mean, low, high) in numbers.scores.items():
        lines.append(
            f"{name}: {n} score{'' if n == 1 else 's'}, mean {mean:.1f}, from {low:.1f} to {high:.1f}"
        )
    return lines


def _clock(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else ""


def _cells(row: Row) -> tuple[str, ...]:
    score = "" if row.score is None else f"{row.score:.1f}"
    misses = "" if row.critical_misses is None else str(row.critical_misses)
    return row.location, row.state, row.interaction[:12], row.rubric, score, misses, row.reason


def _problems(store: Store, run: Run) -> Iterator[Row]:
    return (row for row in rows(store, run) if row.state != State.DONE)


def _markdown(file: TextIO, store: Store, run: Run, numbers: Totals) -> None:
    def table(some: Iterator[Row]) -> None:
        file.write(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}\n")
        for row in some:
            cells = (" ".join(cell.split()).replace("|", "\\|") for cell in _cells(row))
            file.write(f"| {' | '.join(cells)} |\n")

    file.write(f"# Batch {run.id}\n\n")
    file.writelines(f"- {line}\n" for line in [", ".join(run.sources), *summary(run, numbers)])
    if next(_problems(store, run), None):
        file.write("\n## Without a scorecard\n\n")
        table(_problems(store, run))
    file.write("\n## Everything\n\n")
    table(rows(store, run))


def _html(file: TextIO, store: Store, run: Run, numbers: Totals) -> None:
    def table(some: Iterator[Row]) -> None:
        head = "".join(f"<th scope=col>{name}</th>" for name in HEAD)
        file.write(f"<table><thead><tr>{head}</tr></thead><tbody>\n")
        for row in some:
            cells = "".join(f"<td dir=auto>{html.escape(cell)}</td>" for cell in _cells(row))
            file.write(f"<tr>{cells}</tr>\n")
        file.write("</tbody></table>\n")

    title = f"Batch {run.id}"
    file.write(f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>")
    file.write(f"<meta name=viewport content='width=device-width'><style>{STYLE}</style><h1>{title}</h1><ul>")
    for line in [", ".join(run.sources), *summary(run, numbers)]:
        file.write(f"<li dir=auto>{html.escape(line)}</li>")
    file.write("</ul>\n")
    if next(_problems(store, run), None):
        file.write("<h2>Without a scorecard</h2>\n")
        table(_problems(store, run))
    file.write("<h2>Everything</h2>\n")
    table(rows(store, run))
