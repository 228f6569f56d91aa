"""Server-sent events: a page that is open hears how far something is.

A stream holds one of the server's few threads. So it ends after half a minute and the browser begins it anew;
when too many are open, it says how things stand and ends at once, and the browser asks again by itself.
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from flask import Response, current_app, stream_with_context

LOOK_S = 1.0
LASTS_S = 25.0
"""Below the half minute after which proxies cut what is silent."""

STREAMS = 2
"""Held open at once, of the eight threads of `web.server`."""

AGAIN_MS = 3000
"""After so long a browser begins an ended stream anew."""


def free() -> threading.BoundedSemaphore:
    """The streams that this application may still hold open."""
    found: threading.BoundedSemaphore = current_app.extensions.setdefault(
        "streams", threading.BoundedSemaphore(STREAMS)
    )
    return found


def stream(state: Callable[[], tuple[Any, bool]]) -> Response:
    """Sends `state()` (what to tell, whether it is over) whenever it changes, until it is over."""
    response = Response(stream_with_context(_events(state, free())), mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx passes it on at once
    return response


def _events(state: Callable[[], tuple[Any, bool]], slots: threading.BoundedSemaphore) -> Iterator[bytes]:
    yield f"retry: {AGAIN_MS}\n\n".encode()
    told, over = state()
    yield _event(told)
    if over or not slots.acquire(blocking=False):
        return
    try:
        until_s = time.monotonic() + LASTS_S
        while not over and time.monotonic() < until_s:
            time.sleep(LOOK_S)
            now, over = state()
            if now != told:
                told = now
                yield _event(told)
    finally:
        slots.release()


def _event(told: Any) -> bytes:
    return b"data: " + msgspec.json.encode(told) + b"\n\n"
