"""The form of keep times: what was typed into it, and what is wrong with that."""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from audit.interactions import Channel
from audit.retention import KINDS, MOST_DAYS, Retention, times_of
from web.languages import figures, gettext

LONGEST = 12
"""Letters of a field that are looked at; what is longer is no number of days anyway."""


class Field(NamedTuple):
    """A time as it stands in the form, in digits of any script, and what is wrong; empty: for ever."""

    name: str
    text: str
    problem: str = ""


class Typed(NamedTuple):
    """What somebody typed; `times` is None while something is wrong with a field."""

    rows: dict[Channel, dict[str, Field]]
    times: Retention | None
    of: dict[Channel, dict[str, int | None]]


def shown(times: Retention) -> dict[Channel, dict[str, Field]]:
    """The fields of the form for these times."""
    kept = {channel: times.of(channel).model_dump() for channel in Channel}
    return {
        channel: {kind: Field(_name(channel, kind), _digits(kept[channel][kind])) for kind in KINDS}
        for channel in Channel
    }


def typed(form: Mapping[str, str], keep_sums: bool) -> Typed:
    """Reads the form; what it lacks counts as wrong, so that half a form makes nothing stay for ever."""
    rows: dict[Channel, dict[str, Field]] = {}
    of: dict[Channel, dict[str, int | None]] = {}
    for channel in Channel:
        rows[channel], of[channel] = {}, {}
        for kind in KINDS:
            name = _name(channel, kind)
            text = form.get(name, "-").strip()[:LONGEST]
            days, problem = _days(text)
            rows[channel][kind] = Field(name, text, problem)
            of[channel][kind] = days
    wrong = any(field.problem for row in rows.values() for field in row.values())
    return Typed(rows, None if wrong else times_of(of, keep_sums), of)


def mark(times: Retention) -> str:
    """Stands for these times in a form: other times have another mark."""
    kept = [[times.of(channel).model_dump()[kind] for kind in KINDS] for channel in Channel]
    return hashlib.sha256(msgspec.json.encode(kept)).hexdigest()[:32]


def _days(text: str) -> tuple[int | None, str]:
    if not text:
        return None, ""
    if text.isdecimal() and 1 <= int(text) <= MOST_DAYS:
        return int(text), ""
    return None, gettext("Whole days, 1 to %(most)s, or nothing", most=figures(MOST_DAYS))


def _digits(days: int | None) -> str:
    return "" if days is None else figures(days)


def _name(channel: Channel, kind: str) -> str:
    return f"{channel.value}-{kind}"
