"""The workbench's tables as people read them in a terminal."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from audit.judge import Verdict
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


def _words(verdict: str) -> str:
    return verdict.replace("_", " ")


def _style(wanted: str, found: str, count: int) -> str:
    return "" if not count else "green" if wanted == found else "red"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
