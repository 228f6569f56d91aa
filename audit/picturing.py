"""`comport picture`: pictures of what was seen, to show to somebody who cannot open the dashboard."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.console import out, store_of

if TYPE_CHECKING:
    from audit.interactions import Interaction
    from audit.scorecard import Scorecard
    from audit.store import Store


@click.command()
@click.argument("interaction")
@click.option("--out", "file", type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
@click.option("--finding", "standard", help="The moment of a finding, by the id of its standard.")
@click.option("--moment", default=1, show_default=True, type=click.IntRange(1), help="Which of its moments.")
@click.option("--sheet", is_flag=True, help="A contact sheet of the whole recording.")
@click.option("--every", "every_s", type=click.FloatRange(0.2), help="Seconds between two of its frames.")
@click.option("--timeline", is_flag=True, help="The signals over time (SVG).")
@click.option("--rubric", "name", help="The scorecard to go by, where there are several.")
@click.option("--faces", is_flag=True, help="Blur nobody's face.")
@click.pass_context
def picture(
    context: click.Context,
    interaction: str,
    file: Path | None,
    standard: str | None,
    moment: int,
    sheet: bool,
    every_s: float | None,
    timeline: bool,
    name: str | None,
    faces: bool,
) -> None:
    """Write a picture of INTERACTION (its id or title): of a finding, a contact sheet or a timeline.

    Without any of them the findings that have pictures are listed. Faces are blurred but that of the person
    a finding is about; whom the person detector missed is not.
    """
    if bool(standard) + sheet + timeline > 1:
        raise click.UsageError("give one of --finding, --sheet and --timeline")
    suffixes = (".svg",) if timeline else (".jpg", ".jpeg")
    if file and file.suffix.lower() not in suffixes:
        raise click.UsageError(f"{file}: this picture is written as {suffixes[0]}; give a name that ends so")
    store = store_of(context)
    found = store.interaction(interaction)
    card = _card(store, found, name)
    if standard:
        target = file or Path(f"{standard}.jpg")
        content = _finding(store, found, card, standard, moment - 1, faces)
    elif sheet:
        target, content = file or Path("sheet.jpg"), _sheet(store, found, card, every_s, faces)
    elif timeline:
        target, content = file or Path("timeline.svg"), _timeline(store, found, card)
    else:
        _list(store, found, card)
        return
    from models.observations import write_whole

    write_whole(target, content)
    out.print(f"{target}: {len(content) / 1000:.0f} kB", highlight=False, soft_wrap=True, markup=False)


def _card(store: "Store", found: "Interaction", name: str | None) -> "Scorecard":
    from audit.store import NotStored

    cards = [card for card in store.scorecards(found.id) if name in (None, card.rubric)]
    if not cards:
        raise NotStored("scorecard of", name or found.title, f"see: comport show {found.id[:12]}")
    return cards[0]


def _finding(
    store: "Store", found: "Interaction", card: "Scorecard", standard: str, moment: int, faces: bool
) -> bytes:
    from audit.evidence import finding_picture, unchanged

    observations, rubric = store.observations(found), store.rubric(card.rubric_digest)
    path = unchanged(found, observations.recording)
    return finding_picture(path, observations, card, rubric, standard, moment, faces)


def _sheet(
    store: "Store", found: "Interaction", card: "Scorecard", every_s: float | None, faces: bool
) -> bytes:
    from audit.evidence import unchanged
    from audit.interactions import Role
    from audit.pictures import jpeg, sheet, sheet_times

    observations = store.observations(found)
    path = unchanged(found, observations.recording)
    agents = {label for label, role in card.roles.of if role == Role.AGENT}
    times_s = sheet_times(observations.recording.duration_s, every_s)
    return jpeg(sheet(path, observations.people, times_s, agents, faces))


def _timeline(store: "Store", found: "Interaction", card: "Scorecard") -> bytes:
    from audit.roles import converse
    from audit.timeline import timeline_svg

    rubric = store.rubric(card.rubric_digest)
    return timeline_svg(converse(found, store.observations(found), rubric), found.title).encode()


def _list(store: "Store", found: "Interaction", card: "Scorecard") -> None:
    from audit.evidence import is_visual, moments

    standards = {s.id: s for s in store.rubric(card.rubric_digest).standards}
    shown = [f for f in card.findings if is_visual(standards[f.standard]) and moments(f)]
    for finding in shown:
        count = len(moments(finding))
        out.print(f"{finding.standard}: {count} moment{'s' if count > 1 else ''}", highlight=False)
    if not shown:
        out.print(f"no finding of {found.title} rests on what was seen", highlight=False, markup=False)
