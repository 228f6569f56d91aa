"""Scorecards and lists as people read them in a terminal."""

from collections.abc import Iterable

from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from audit.console import is_piped, out, print_table
from audit.interactions import Interaction, clock
from audit.judge import Finding, Verdict
from audit.outcomes import Evidence
from audit.pipeline import Audited
from audit.quantities import show
from audit.reviews import Stands
from audit.score import show_awaited, show_sum
from audit.scorecard import Scorecard
from audit.searching import Row

MARKS = {
    Verdict.MET: ("✓", "green"),
    Verdict.MISSED: ("✗", "red"),
    Verdict.NO_OPPORTUNITY: ("–", "dim"),
    Verdict.CANNOT_TELL: ("?", "yellow"),
}

UNSURE = 0.7
"""Assessed verdicts with less confidence are marked, so that a person looks there first."""


WIDE = 100
"""Columns from which a list of interactions has room for agents beside titles: the rest takes 70."""


def print_scorecard(console: Console, interaction: Interaction, card: Scorecard, duration_s: float) -> None:
    """Prints one scorecard: what everybody must know first, then each finding, then the sum."""
    score = "–" if card.score.score is None else f"{card.score.score:.1f}"
    console.print()
    console.print(
        f"[bold]{escape(interaction.title)}[/]  {_channel(interaction)}, {clock(duration_s)}"
        f"  ·  {escape(card.rubric_title)} (version {card.rubric_version})",
        highlight=False,
    )
    judged = f"{100 * card.score.assessed_share:.0f} % of the weight that applied could be judged"
    console.print(f"[bold]Score {score}[/]  {judged}", highlight=False)
    if card.roles.of:
        console.print(f"[dim]{escape(card.roles.how)}[/]", highlight=False)
    for caveat in card.caveats:
        console.print(f"[yellow]! {escape(caveat)}[/]", highlight=False)
    findings = {f.standard: f for f in card.findings}
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim")
    table.add_column("")
    table.add_column("standard", min_width=24, ratio=4)
    table.add_column("weight × credit", justify="right", no_wrap=True)
    table.add_column("why, and where", ratio=6)
    for section in card.score.sections:
        total = "no score" if section.score is None else f"{section.score:.1f}"
        table.add_row(
            "",
            Text(f"{section.title} (weight {section.weight:g})", style="bold"),
            Text(total, style="bold"),
            "",
        )
        for line in section.lines:
            mark, style = MARKS[line.verdict]
            worth = line.weight if line.bonus is None else line.bonus
            sum_ = "" if line.points is None else f"{worth:g} × {line.credit:.2f} = {line.points:.2f}"
            sum_ = "coaching" if line.treatment else f"bonus {sum_}" if line.bonus and sum_ else sum_
            table.add_row(Text(mark, style), Text(line.title), Text(sum_), _why(findings[line.standard]))
    console.print(table)
    console.print(f"Sum: {show_sum(card.score)}", highlight=False)
    if card.score.awaiting:
        console.print(f"This {show_awaited(card.score)}", style="yellow", markup=False, highlight=False)
    for one in card.overlays:
        console.print(f"{one.overlay}: {one.text}", style="dim", markup=False, highlight=False)
    if card.score.critical_misses:
        console.print(
            f"[red]Critical standards missed: {', '.join(card.score.critical_misses)}[/]", highlight=False
        )


def print_stands(console: Console, card: Scorecard, now: Stands) -> None:
    """Prints what people said of a scorecard's findings, and the score that stands with it."""
    if not now.history:
        return
    score = "–" if now.score.score is None else f"{now.score.score:.1f}"
    console.print(f"[bold]With people's verdicts: {score}[/]  {escape(show_sum(now.score))}", highlight=False)
    for one in now.of.values():
        mark, style = MARKS[one.verdict]
        machine = "as the machine" if one.agrees else f"machine: {one.machine.replace('_', ' ')}"
        told = f" {one.standard}  {one.reviewer}, {machine}{'; ' if one.comment else ''}{one.comment}"
        console.print(Text(mark, style) + Text(told))


def _channel(interaction: Interaction) -> str:
    return interaction.channel.replace("_", " ")


def _why(finding: Finding) -> Group:
    reason = finding.reason
    if finding.verdict.assessed and finding.confidence < UNSURE:
        reason += f" (unsure, {finding.confidence:.0%})"
    lines = [Text(reason, style="yellow" if finding.verdict == Verdict.CANNOT_TELL else "")]
    # A number measured over all that was searched stands in the reason already.
    moments = [e for e in finding.evidence if e.span not in finding.searched]
    lines += [Text(show_evidence(e), style="dim") for e in moments[:3]]
    if len(moments) > 3:
        lines.append(Text(f"and {len(moments) - 3} more", style="dim"))
    if not finding.evidence and finding.searched and finding.verdict.assessed:
        lines.append(Text("searched " + show_spans(finding), style="dim"))
    return Group(*lines)


def show_spans(finding: Finding) -> str:
    """The spans that were searched, as times on a player."""
    return ", ".join(f"{clock(s.start_s)}–{clock(s.end_s)}" for s in finding.searched)


def show_evidence(evidence: Evidence) -> str:
    """One moment in a line: its time, who, and the words or the value."""
    who = f" {evidence.role}" if evidence.role else ""
    what = f"“{evidence.quote}”" if evidence.quote else ""
    if evidence.value is not None:
        what = show(evidence.value, evidence.unit)
    return f"{clock(evidence.span.start_s)}{who} {what}".rstrip()


def print_summary(console: Console, audited: Iterable[Audited]) -> None:
    """Prints a line for each scorecard of several interactions."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, justify in (
        ("interaction", "left"),
        ("rubric", "left"),
        ("score", "right"),
        ("judged", "right"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for one in audited:
        for card in one.scorecards:
            score = "–" if card.score.score is None else f"{card.score.score:.1f}"
            judged = f"{100 * card.score.assessed_share:.0f} %"
            table.add_row(Text(one.interaction.title), f"{card.rubric} {card.rubric_version}", score, judged)
    console.print(table)


def print_moves(console: Console, moves: Iterable[tuple[str, float | None, float | None]]) -> None:
    """Prints which scores are others than before: title, before, now."""
    for title, before, now in moves:
        old, new = ("–" if score is None else f"{score:.1f}" for score in (before, now))
        console.print(Text(f"{old} → {new}  {title}"))


def print_rows(rows: Iterable[Row]) -> None:
    """Prints stored interactions, a line each; long names are cut, ids never: they name what to show.

    In a narrow terminal the agents are left out, for nothing of the titles would be left beside them. Into a
    pipe or file nothing is cut.
    """
    rows = list(rows)
    table = Table(box=None, pad_edge=False, header_style="dim", expand=not is_piped())
    # Only these two give way when the terminal is narrow.
    ratios = {"title": 3, "agent": 2}
    names = ["id", "title", "channel", "length", "agent", "rubric", "score", "judged", "critical"]
    if out.width < WIDE and not is_piped():
        names.remove("agent")
    if not any(row.critical_misses for row in rows):
        names.remove("critical")
    for name in names:
        left = name in ("id", "title", "channel", "agent", "rubric")
        table.add_column(name, justify="left" if left else "right", no_wrap=True, ratio=ratios.get(name))
    for row in rows:
        told = {
            "id": row.interaction.id[:8],
            "title": escape(row.interaction.title),
            "channel": _channel(row.interaction),
            "length": clock(row.duration_s),
            "agent": escape(row.interaction.agent or ""),
            "rubric": f"{row.rubric} {row.rubric_version}",
            "score": "–" if row.score is None else f"{row.score:.1f}",
            "judged": f"{100 * row.assessed_share:.0f} %",
            "critical": str(row.critical_misses or ""),
        }
        table.add_row(*(told[name] for name in names))
    print_table(table)
