"""Figures beside truth as people read them in a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

TITLES = {
    "metres": "Distances between two people, by what was looked at",
    "ranges": "The same by how far they truly stand apart",
    "signals": "Signals: what was found of what is true",
    "smiles": "Smiles in pictures",
    "roles": "Who is staff and who is a customer",
    "geometry only": "Rendered people by group: geometry only, nothing about fairness to real people",
}

SHORT = {
    "found_share": "found",
    "mae_m": "mae",
    "mae_near_m": "near",
    "median_m": "median",
    "bias_m": "bias",
    "zone_accuracy": "zone",
    "interval_coverage": "covered",
    "interval_width_m": "width",
    "false_alarms": "false",
    "precision": "prec.",
    "start_off_s": "start",
    "end_off_s": "end",
    "idle_alarms_per_min": "per min",
    "idle_min": "idle min",
    "place_mae_m": "place",
    "gesture_recall": "gestures",
}
"""Columns that would not fit on 80 letters by their full names."""


def print_people(console: Console, found: Mapping[str, Any]) -> None:
    """Prints the tables that the figures come from, then the figures."""
    tables = found["tables"]
    for name, title in TITLES.items():
        if name in tables:
            _print(console, title, _without(tables[name], ("contrary",)))
    if contrary := tables.get("smiles", {}).get("contrary"):
        console.print("Their scores say the contrary of their labels, the worst first:", highlight=False)
        console.print(", ".join(contrary), highlight=False, markup=False)
        console.print()
    if tables.get("events"):
        rows = {f"{one['clip']}: {one['event']} at {one['true_s']:g} s": one for one in tables["events"]}
        rows = {name: _without(one, ("clip", "event", "true_s")) for name, one in rows.items()}
        _print(console, "Events whose time is known", rows)
    console.print("Figures", style="bold", highlight=False)
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right")
    for name, value in found.items():
        if name != "tables":
            table.add_row(name, "–" if value is None else f"{value:g}")
    console.print(table)


def print_speech(console: Console, found: Mapping[str, Any]) -> None:
    """Prints, for each engine, a line a recording, the words taken for others, and the figures."""
    for engine, figures in found["engines"].items():
        rows = {case["name"]: _without(case, ("name",)) for case in figures["cases"]}
        _print(console, f"By recording ({engine})", rows)
        if figures["confusions"]:
            console.print("Words most often taken for others", style="bold", highlight=False)
            taken = ", ".join(f"{true} > {heard} ({times})" for true, heard, times in figures["confusions"])
            console.print(taken, highlight=False, markup=False)
            console.print()
    names = [name for name in found if name not in ("engines", "cases", "confusions")]
    figures = {name: {engine: one[name] for engine, one in found["engines"].items()} for name in names}
    _print(console, "Figures", figures)


def print_standards(console: Console, found: Mapping[str, Any]) -> None:
    """Prints a line for each act and standard, the figures of all, and where each that is wrong stands."""
    _print(console, "By act or standard", found["each"])
    _print(console, "All together", {"all": _without(found, ("each", "wrong", "fit"))})
    if fit := found.get("fit"):
        rows = {"raw, without the curve": fit["before"], "chosen": fit["after"]}
        rows |= {"": {"ece before": fit["ece_before"], "ece after": fit["ece_after"]}}
        _print(console, "The fitted curve on the calls that were kept out", rows)
        points = {str(number): point for number, point in enumerate(fit["curve"], start=1)}
        _print(console, "Verdicts from a likelihood on", points)
        _print(console, "Phrases of the half that was kept out", fit["phrases"])
    for name, kinds in found["wrong"].items():
        for kind, places in kinds.items():
            if places:
                console.print(f"{name}, {kind}: {', '.join(places)}", highlight=False, markup=False)


def _without(one: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name not in names}


def _print(console: Console, title: str, rows: Mapping[str, Any]) -> None:
    """A table with a line for each key; values that are no mapping stand in one line of their own."""
    lines = {name: row for name, row in rows.items() if isinstance(row, Mapping)}
    single = _without(rows, tuple(lines))
    if single:
        lines = {"all": single, **lines}
    if not lines:
        return
    console.print(title, style="bold", highlight=False)
    table = Table(box=None, pad_edge=False, header_style="dim")
    names = list(dict.fromkeys(name for row in lines.values() for name in row))
    table.add_column("", min_width=16)
    for name in names:
        table.add_column(SHORT.get(name, name.replace("_", " ")), justify="right")
    for line, row in lines.items():
        table.add_row(line, *(_cell(row.get(name)) for name in names))
    console.print(table)
    console.print()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else f"{value:g}" if isinstance(value, float | int) else str(value)
