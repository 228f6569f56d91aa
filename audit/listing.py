"""`comport search`: what is stored, found by words and by everything that stands on a scorecard."""

import getpass
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from audit.console import Day, json_option, out, print_json, query_limit, store_of
from audit.interactions import Channel
from audit.judge import Verdict

if TYPE_CHECKING:
    from audit.searching import Wanted
    from audit.store import Store

_DAY = Day()
_SCORE = click.FloatRange(0, 100)


_FILTERS = (
    click.argument("words", nargs=-1),
    click.option("--rubric", default="", help="Judged under the rubric of this name."),
    click.option("--standard", "standards", multiple=True, help="With this standard; may be repeated."),
    click.option(
        "--verdict",
        type=click.Choice([v.value for v in Verdict]),
        help="Of these standards; without any, of one at least.",
    ),
    click.option("--from", "least_score", type=_SCORE, metavar="SCORE", help="With at least this score."),
    click.option("--to", "most_score", type=_SCORE, metavar="SCORE", help="With at most this score."),
    click.option("--agent", default="", help="Of this employee."),
    click.option("--team", default=""),
    click.option("--branch", default=""),
    click.option("--customer", default="", help="By a name, address, number or id, on any channel."),
    click.option("--channel", type=click.Choice([c.value for c in Channel])),
    click.option("--language", default="", help="en, it, fa…"),
    click.option("--since", type=_DAY, help="Begun on this day (UTC) or later."),
    click.option("--until", type=_DAY, help="Begun on this day (UTC) or earlier."),
    click.option("--waiting", is_flag=True, help="With findings that need a person."),
)


F = TypeVar("F", bound=Callable[..., Any])


def filtered(command: F) -> F:
    """Gives a command the words and filters of a search; `wanted_of` makes a search of them."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


def wanted_of(
    words: tuple[str, ...],
    verdict: str | None,
    channel: str | None,
    since: datetime | None,
    until: datetime | None,
    waiting: bool,
    **plain: Any,
) -> "Wanted":
    """The search that was asked for on a command line."""
    from audit.searching import Wanted

    return Wanted(
        # A word with a space in it was in the shell's quotes: it is a phrase.
        " ".join(f'"{word}"' if " " in word and '"' not in word else word for word in words),
        verdict=Verdict(verdict) if verdict else None,
        channel=Channel(channel) if channel else None,
        since=f"{since:%Y-%m-%d}" if since else "",
        until=f"{until:%Y-%m-%d}" if until else "",
        needs_person=waiting,
        **plain,
    )


@click.command()
@filtered
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="At most so many.")
@click.option("--older", default="", metavar="PLACE", help="Go on where the last answer ended.")
@click.option("--save", default="", metavar="NAME", help="Keep this search under a name.")
@click.option(
    "--saved", default="", metavar="NAME", help="The search kept under it; what else is given goes before."
)
@click.option("--forget", default="", metavar="NAME", help="Forget the search kept under it.")
@click.option("--list-saved", is_flag=True, help="Which searches are kept.")
@click.option("--owner", default=getpass.getuser, show_default="your account", help="Whose kept searches.")
@query_limit
@json_option
@click.pass_context
def search(
    context: click.Context,
    /,
    limit: int,
    older: str,
    save: str,
    saved: str,
    forget: str,
    list_saved: bool,
    owner: str,
    query_limit: float,
    as_json: bool,
    **asked: Any,
) -> None:
    """Find interactions by words, verdicts, scores and facts; the last judged come first.

    All WORDS must be said or stand in the facts; "a phrase" in quotes is found as it stands, and refund*
    finds what begins so. Without words all that fits the options is listed.
    """
    from audit.saved import save_search, saved_search
    from audit.searching import find, place_of
    from audit.terminal import print_rows

    wanted = wanted_of(**asked)
    store = store_of(context)
    store.limit_s = query_limit
    if list_saved or forget:
        _tend(store, owner, forget, as_json)
        return
    if saved:
        wanted = _over(saved_search(store, owner, saved), wanted)
    if save:
        save_search(store, owner, save, wanted)
    page = find(store, wanted, limit, place_of(older) if older else None)
    if as_json:
        print_json({"interactions": page.rows, "older": str(page.older) if page.older else None})
        return
    if not page.rows:
        told = f"nothing that is stored fits{_unknown(store, wanted)}"
        out.print(told, markup=False, highlight=False, soft_wrap=True)
        return
    print_rows(page.rows)
    if page.older:
        out.print(f"more with --older {page.older}", highlight=False)


def _unknown(store: "Store", wanted: "Wanted") -> str:
    """Which standards were asked for that no rubric has, and which one may be meant."""
    from difflib import get_close_matches

    from audit.overview import titles_of

    with store.reading() as connection:
        known = titles_of(connection)
    told = ""
    for standard in wanted.standards:
        if standard not in known:
            told += f"; no rubric that is stored has a standard '{standard}'"
            told += "".join(f", but '{near}'" for near in get_close_matches(standard, known, n=1))
    return told


def _over(kept: "Wanted", given: "Wanted") -> "Wanted":
    """The kept search with what was given in its place."""
    import msgspec

    said = {name: value for name in given.__struct_fields__ if (value := getattr(given, name))}
    said |= {
        name: value for name in ("least_score", "most_score") if (value := getattr(given, name)) is not None
    }
    return msgspec.structs.replace(kept, **said)


def _tend(store: "Store", owner: str, forget: str, as_json: bool) -> None:
    """Forgets a kept search, or lists all."""
    from audit.saved import forget_search, saved_searches

    if forget:
        forget_search(store, owner, forget)
    kept = saved_searches(store, owner)
    if as_json:
        print_json({"saved": kept})
        return
    for name, wanted in kept.items():
        asked = {
            n: value
            for n in wanted.__struct_fields__
            if (value := getattr(wanted, n)) not in ("", (), None, False)
        }
        told = ", ".join(
            f"{n.replace('_', ' ')} {' '.join(v) if isinstance(v, tuple) else v}" for n, v in asked.items()
        )
        out.print(f"{name}: {told or 'everything'}", markup=False, highlight=False)
    if not kept:
        out.print(f"{owner} keeps no search", markup=False, highlight=False)
