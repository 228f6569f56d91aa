"""How moments and journeys are told in a terminal, and `comport journey`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.console import complain, counted, json_option, out, print_json, store_of
from audit.contacts import Moment
from audit.interactions import clock

if TYPE_CHECKING:
    from audit.journey import Journey, Step


def shown_moment(moment: Moment) -> str:
    """`2026-03-02 chat Jacket in the wrong size 1:07 customer “…”`."""
    day = moment.started_at[:10] if moment.started_at else "time unknown"
    who = moment.role or "somebody"
    where = f"{day} {moment.channel} {moment.title} {clock(moment.span.start_s)}"
    return f"{where} {who} “{moment.quote}”"


def lasting(seconds: float) -> str:
    """A time that somebody waits, as people say it: `40 s`, `12 min`, `5 h`, `3 days`."""
    for most, unit_s, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < most:
            return f"{seconds / unit_s:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


@click.command()
@click.argument("customer")
@click.option(
    "--answers", "answers_file", type=click.Path(path_type=Path), help="The file of approved answers."
)
@json_option
@click.pass_context
def journey(context: click.Context, customer: str, answers_file: Path | None, as_json: bool) -> None:
    """One CUSTOMER over all channels: contacts in order, waits, and what had to be said twice.

    CUSTOMER is an e-mail address, a telephone number, a customer number, the number that `comport customer
    list` shows, or a name.
    """
    from audit.answers import load_answers
    from audit.journey import journey_of

    loaded = load_answers(answers_file) if answers_file else None
    found = journey_of(store_of(context), customer, loaded)
    if as_json:
        print_json(found)
        return
    for line in _told(found):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    for caveat in found.caveats:
        complain(caveat)


def _told(found: "Journey") -> Iterator[str]:
    yield f"#{found.customer.number} {found.customer.title}, {counted(len(found.steps))}, times in UTC"
    for step in found.steps:
        yield from _step(step)
    if found.again:
        yield ""
    for one in found.again:
        sure = "" if one.sure else "perhaps "
        detail = f": {one.detail}" if one.detail else ""
        yield f"{sure}{one.kind.replace('_', ' ')}, {one.what}{detail}"
        if one.earlier:
            yield f"    {shown_moment(one.earlier)}"
        yield f"    {shown_moment(one.later)}"


def _step(step: "Step") -> Iterator[str]:
    if step.since_last_s is not None:
        waited = ", the customer's last message unanswered" if step.unanswered else ""
        yield f"    {lasting(step.since_last_s)} later{waited}"
    when = step.started_at[:16].replace("T", " ") if step.started_at else "time unknown"
    who = " ".join(filter(None, (step.agent, step.branch)))
    scores = ", ".join(f"{name} {'–' if score is None else f'{score:.1f}'}" for name, score in step.scores)
    yield "  ".join(filter(None, (when, step.channel, step.title, who, scores)))
    for wait in step.waits:
        if wait.seconds is None:
            yield f"    cannot tell how long the {wait.who} waited: {wait.reason}"
        elif wait.seconds > 0:
            longest = f", at longest {lasting(wait.longest_s)}" if wait.longest_s is not None else ""
            what = "on hold" if wait.what == "hold" else "for answers"
            yield f"    the {wait.who} waited {lasting(wait.seconds)} {what}{longest}"
    for one in step.outcomes:
        yield f"    {one.kind} {one.value:g}"
