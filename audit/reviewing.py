"""`comport review`: what people say of findings, from the command line."""

from typing import TYPE_CHECKING

import click

from audit.console import json_option, out, print_json, print_table, store_of
from models.errors import ComportError

if TYPE_CHECKING:
    from audit.scorecard import Scorecard
    from audit.store import Store

VERDICTS = ("met", "missed", "no_opportunity", "cannot_tell")


class NotJudged(ComportError):
    """An interaction without the scorecard that is asked for."""

    def __init__(self, interaction: str, rubric: str | None, has: tuple[str, ...]) -> None:
        super().__init__(interaction, rubric, has)
        self.interaction, self.rubric, self.has = interaction, rubric, has

    def __str__(self) -> str:
        if not self.has:
            return f"'{self.interaction}' is not judged yet; run first: comport audit … --rubric …"
        if self.rubric is None:
            return f"'{self.interaction}' has several scorecards; choose --rubric of {', '.join(self.has)}"
        has = ", ".join(self.has)
        return f"'{self.interaction}' has no scorecard under '{self.rubric}'; it has one of {has}"


@click.group()
def review() -> None:
    """Say what holds where the machine cannot tell or is wrong; both are kept."""


@review.command("add")
@click.argument("interaction")
@click.argument("standard")
@click.argument("verdict", type=click.Choice((*VERDICTS, "agree")))
@click.option("--by", "reviewer", required=True, help="Who says it.")
@click.option("--rubric", help="The rubric of the scorecard, where there are several.")
@click.option("--comment", default="", help="Why.")
@json_option
@click.pass_context
def add(
    context: click.Context,
    interaction: str,
    standard: str,
    verdict: str,
    reviewer: str,
    rubric: str | None,
    comment: str,
    as_json: bool,
) -> None:
    """Say of one finding what holds; `agree` confirms what the machine found.

    STANDARD is its id in the rubric, or its title as the scorecard shows it.

    A critical miss that awaits a person counts once one said 'missed' or 'agree'.
    """
    from audit.judge import Verdict
    from audit.reviews import keep_review

    store = store_of(context)
    card = _card(store, interaction, rubric, standard)
    judged = store.rubric(card.rubric_digest).standards
    standard = next((one.id for one in judged if one.is_named(standard)), standard)
    said = next((f.verdict for f in card.findings if f.standard == standard), Verdict.CANNOT_TELL)
    if verdict != "agree":
        said = Verdict(verdict)
    now = keep_review(store, card, standard, said, reviewer, comment)
    if as_json:
        print_json({"review": now.history[-1], "score": now.score.score, "waiting": now.waiting})
        return
    scores = [f"{score:.1f}" if score is not None else "–" for score in (card.score.score, now.score.score)]
    out.print(
        f"kept; the score stands at {scores[1]} (the machine's is {scores[0]})", highlight=False, markup=False
    )


@review.command("list")
@click.argument("interaction")
@click.option("--rubric", help="The rubric of the scorecard, where there are several.")
@json_option
@click.pass_context
def list_(context: click.Context, interaction: str, rubric: str | None, as_json: bool) -> None:
    """What people said of an interaction, what the machine had found, and what waits for a person."""
    from rich.table import Table
    from rich.text import Text

    from audit.reviews import card_stands

    store = store_of(context)
    card = _card(store, interaction, rubric)
    now = card_stands(store, card)
    if as_json:
        print_json({"reviews": now.history, "score": now.score.score, "waiting": now.waiting})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("when", "who", "standard", "machine", "person", "comment"):
        table.add_column(name)
    for one in now.history:
        holds = now.of.get(one.standard) == one
        words = (one.machine.replace("_", " "), one.verdict.replace("_", " "), one.comment)
        cells = (f"{one.at:%Y-%m-%d %H:%M}", one.reviewer, one.standard, *words)
        table.add_row(*(Text(cell, style="" if holds else "dim") for cell in cells))
    if now.history:
        print_table(table)
    waiting = ", ".join(now.waiting) or "nothing"
    out.print(f"waits for a person: {waiting}", highlight=False, markup=False)


def _card(store: "Store", name: str, rubric: str | None, standard: str = "") -> "Scorecard":
    """The scorecard meant; of several the only one that has this standard.

    Raises:
        NotJudged: there is none, or several and none was chosen.
    """
    found = store.interaction(name)
    cards = store.scorecards(found.id)
    fitting = [card for card in cards if rubric in (None, card.rubric)]
    if len(fitting) > 1:
        standards = {card.rubric: store.rubric(card.rubric_digest).standards for card in fitting}
        having = [card for card in fitting if any(s.is_named(standard) for s in standards[card.rubric])]
        fitting = having if len(having) == 1 else fitting
    if len(fitting) != 1:
        raise NotJudged(found.title, rubric, tuple(card.rubric for card in cards))
    return fitting[0]
