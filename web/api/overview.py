"""How good the service was: the figures of the start page."""

from typing import Annotated, Literal
from weakref import WeakKeyDictionary

import msgspec

from audit.interactions import Channel
from audit.overview import Of, Overview
from audit.store import Store
from web.api.operations import Operation
from web.overview import Kept
from web.rights import scope

_Text = Annotated[str, msgspec.Meta(max_length=200)]


class Over(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which scorecards, over how many weeks up to the newest interaction; compared with as many before."""

    rubric: _Text = ""
    channel: Channel | None = None
    branch: _Text = ""
    team: _Text = ""
    weeks: Literal[4, 12, 26, 52] = 12


_kept: WeakKeyDictionary[Store, Kept] = WeakKeyDictionary()
"""What was computed a moment ago, as on the page."""


def overview(store: Store, query: Over) -> Overview:
    of = Of(query.rubric, query.channel, query.branch, query.team)
    return _kept.setdefault(store, Kept()).overview(store, of, query.weeks, scope())[0]


OPERATIONS = (Operation("GET", "/overview", overview, "Quality by week, place and standard", Overview, Over),)
