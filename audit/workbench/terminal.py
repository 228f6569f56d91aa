"""The workbench's tables as people read them in a terminal."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from audit.judge import Verdict
from audit.terminal import MARKS
from audit.workbench.backtest import Backtest
from audit.workbench.explain import Explanation, Told
from audit.workbench.labelled import Compared, Confusion


def print_confusion(console: Console, confusion: Confusion) -> None:
    """Prints what was wanted (rows) and found (columns) of one standard, and how right that is."""
    console.print(f"\n{confusion.standard}", style="bold", highlight=False, markup=False)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("wanted, found:", style="dim")
    for verdict in Verdict:
        table.add_column(_words(verdict), justify="right")
    for wanted, row in confusion.counts.items():
        if any(row.values()):
            cells = [Text(str(n or "·"), _style(wanted, found, n)) for found, n in row.items()]
            table.add_row(_words(wanted), *cells)
    console.print(table)
    told = [
        f"{verdict}: precision {_share(confusion.precision[verdict])}, recall {_share(recall)}"
        for verdict, recall in confusion.recall.items()
        if recall is not None or confusion.precision[verdict] is not None
    ]
    told.append(f"told {100 * confusion.coverage:.0f} % of {confusion.labels}")
    console.print("; ".join(told), highlight=False)


def print_wrong(console: Console, compared: Iterable[Compared]) -> None:
    """Prints a line for each verdict that is not as labelled, with its file and line."""
    for one in compared:
        if not one.right:
            verdicts = f"wanted {_words(one.wanted)}, found {_words(one.found)}"
            console.print(
                Text(f"{one.place}: {one.standard}: {verdicts} ({one.reason})", "red"), soft_wrap=True
            )


def print_backtest(console: Console, found: Backtest) -> None:
    """Prints which verdicts flipped, how scores moved, and what to listen to."""
    console.print(f"{found.old} → {found.new}", style="bold", highlight=False, markup=False)
    left_out = [
        f"{found.undated} without a time left out" if found.undated else "",
        f"{found.unreadable} unreadable" if found.unreadable else "",
        f"{found.unscored} without a score under one of them" if found.unscored else "",
    ]
    told = [f"{found.judged} judged under both", f"{found.changed} have another verdict", *left_out]
    console.print(", ".join(filter(None, told)), highlight=False)
    for one in found.renamed:
        console.print(Text(f"'{one.before}' is called '{one.after}' in the new one"), soft_wrap=True)
    for names, what in ((found.added, "only in the new one"), (found.removed, "only in the old one")):
        if names:
            console.print(f"{what}: {', '.join(names)}", highlight=False, markup=False)
    _print_rows(
        console,
        ("standard", "before", "after", "times"),
        [(f.standard, _words(f.before), _words(f.after), str(f.times)) for f in found.flips],
    )
    _print_rows(
        console,
        ("mean score of", "", "interactions", "before", "after", "moves by"),
        [
            (
                m.of,
                m.name,
                str(m.interactions),
                f"{m.before:.1f}",
                f"{m.after:.1f}",
                f"{m.after - m.before:+.1f}",
            )
            for m in found.moved
        ],
    )
    _print_rows(
        console,
        ("listen to", "", "at", "standard", "flipped"),
        [
            (
                one.interaction[:8],
                one.title,
                ", ".join(one.moments) or "–",
                one.standard,
                f"{_words(one.before)} → {_words(one.after)}",
            )
            for one in found.listen
        ],
    )


def print_explanation(console: Console, told: Explanation) -> None:
    """Prints the verdict, the steps as an indented list, and what it does to the score."""
    mark, style = MARKS[told.finding.verdict]
    verdict = f"{mark} {_words(told.finding.verdict)}"
    console.print(Text.assemble((f"{told.title} ({told.standard}): ", "bold"), (verdict, style)))
    console.print(Text(f"asks: {told.rule}"), soft_wrap=True)
    _print_steps(console, told.steps, 1)
    console.print(Text(f"so: {told.finding.reason}"), soft_wrap=True)
    console.print(Text(told.credit), soft_wrap=True)
    console.print(Text(f"in the score: {told.share}"), soft_wrap=True)


def _print_steps(console: Console, steps: tuple[Told, ...], depth: int) -> None:
    for step in steps:
        console.print(Text(f"{'  ' * depth}- {step.text}"), soft_wrap=True)
        _print_steps(console, step.inside, depth + 1)


def _print_rows(console: Console, names: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    if not rows:
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in names:
        table.add_column(name, justify="right" if name in NUMBERS else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print()
    console.print(table)


NUMBERS = ("times", "interactions", "moves by")


def _words(verdict: str) -> str:
    return verdict.replace("_", " ")


def _style(wanted: str, found: str, count: int) -> str:
    return "" if not count else "green" if wanted == found else "red"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
