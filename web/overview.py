"""The start page: how good the service was, what changed, and what needs a person."""

import functools
import threading
import time
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import exists, select

from audit import tables as t
from audit.interactions import Channel
from audit.overview import BY, WEEKS, Of, Overview, newest_stretch, overview
from audit.scope import Scope
from audit.store import Store
from web.employees import asked_weeks
from web.listing import rubric_names
from web.rights import may, scope

FRESH = 20.0
"""An overview is shown for so many times as long as it took: it never takes more than a twentieth of a core,
and a small installation always shows the newest."""

ROWS = 8
"""Rows of a table that are shown at once; the others open on demand."""


def room(store: Store) -> Blueprint:
    """The page of this room."""
    blueprint = Blueprint("overview", __name__)
    view = functools.update_wrapper(functools.partial(start, store, Kept()), start)
    blueprint.add_url_rule("/", "start", view)
    return blueprint


class Kept:
    """Overviews that were computed a moment ago."""

    def __init__(self) -> None:
        self._of: dict[Any, tuple[float, datetime, Overview]] = {}
        self._computing = threading.Lock()

    def overview(self, store: Store, of: Of, weeks: int, seen: Scope) -> tuple[Overview, datetime]:
        """The overview, and when it was computed."""
        key = (of, weeks, seen)
        if (found := self._fresh(key)) is not None:
            return found
        with self._computing:
            if (found := self._fresh(key)) is not None:
                return found
            began_s = time.monotonic()
            made = overview(store, of, newest_stretch(store, weeks), seen)
            now_s = time.monotonic()
            self._of = {one: kept for one, kept in self._of.items() if kept[0] > now_s}
            self._of[key] = (now_s + FRESH * (now_s - began_s), datetime.now(UTC), made)
            return made, self._of[key][1]

    def _fresh(self, key: Any) -> tuple[Overview, datetime] | None:
        until_s, at, found = self._of.get(key, (0.0, None, None))
        return (found, at) if found is not None and at is not None and time.monotonic() < until_s else None


def start(store: Store, kept: Kept) -> ResponseReturnValue:
    if not may("compare"):
        return redirect(url_for("interactions.index"))
    if not _anything(store):
        return render_template("first.html")
    of, weeks = _asked()
    shown, at = kept.overview(store, of, weeks, scope())
    asked = {name: str(getattr(of, name)) for name in BY if getattr(of, name)}
    days = {"since": f"{shown.stretch.since:%Y-%m-%d}", "until": f"{shown.stretch.last_day:%Y-%m-%d}"}
    return render_template(
        "overview.html",
        shown=shown,
        at=at,
        asked=asked,
        listed={**asked, **days},
        weeks=weeks,
        lengths=WEEKS,
        rubrics=rubric_names(store),
        rows=ROWS,
    )


def _anything(store: Store) -> bool:
    with store.reading() as connection:
        return bool(connection.execute(select(exists(select(t.scorecard.c.id)))).scalar())


def _asked() -> tuple[Of, int]:
    given = {name: request.args.get(name, "").strip()[:200] for name in BY}
    channel = Channel(given["channel"]) if given["channel"] in set(Channel) else None
    return Of(given["rubric"], channel, given["branch"], given["team"]), asked_weeks()
