"""What the list of interactions is asked for, in its address, and back."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import select

from audit import tables as t
from audit.interactions import Channel
from audit.judge import Verdict
from audit.searching import LONGEST_WORDS, Place, Wanted, place_of
from audit.store import Store
from web.rights import person

_WORDS = ("rubric", "agent", "team", "branch", "customer", "language", "since", "until")


def asked(arguments: Mapping[str, str]) -> Wanted:
    """What an address asks for; a choice that is none of ours does not count.

    `search` holds the words; `standard` may name several standards, with spaces between.
    """

    def given(name: str) -> str:
        return arguments.get(name, "").strip()[:LONGEST_WORDS]

    def number(name: str) -> float | None:
        with suppress(ValueError):
            value = float(given(name).replace(",", "."))
            return value if 0 <= value <= 100 else None
        return None

    def choice(kind: type[Any], name: str) -> Any:
        with suppress(ValueError):
            return kind(given(name))
        return None

    return Wanted(
        given("search"),
        standards=tuple(given("standard").split()),
        verdict=choice(Verdict, "verdict"),
        least_score=number("from"),
        most_score=number("to"),
        channel=choice(Channel, "channel"),
        needs_person=bool(given("waiting")),
        critical=bool(given("critical")),
        assigned=person().name if given("mine") else "",
        **{name: given(name) for name in _WORDS},
    )


def fields(wanted: Wanted) -> dict[str, str]:
    """The fields of the form that ask for this; what is not asked for is left out."""
    given = {
        "search": wanted.words,
        "standard": " ".join(wanted.standards),
        "verdict": wanted.verdict,
        "from": None if wanted.least_score is None else f"{wanted.least_score:g}",
        "to": None if wanted.most_score is None else f"{wanted.most_score:g}",
        "channel": wanted.channel,
        "waiting": "1" if wanted.needs_person else "",
        "critical": "1" if wanted.critical else "",
        "mine": "1" if wanted.assigned else "",
        **{name: getattr(wanted, name) for name in _WORDS},
    }
    return {name: str(value) for name, value in given.items() if value}


def places(arguments: Mapping[str, str]) -> tuple[Place | None, Place | None]:
    """(older than, newer than): where in the list the page begins.

    Raises:
        BadSearch: it is no place.
    """
    older, newer = arguments.get("older", ""), arguments.get("newer", "")
    return place_of(older) if older else None, place_of(newer) if newer and not older else None


def rubric_names(store: Store) -> tuple[str, ...]:
    """The names of all rubrics that something was judged under."""
    with store.reading() as connection:
        return tuple(
            connection.execute(select(t.rubric.c.name).distinct().order_by(t.rubric.c.name)).scalars()
        )
