"""Servers that tests run in a thread of their own, and the browser that looks at them."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import waitress
from flask import Flask
from waitress.server import BaseWSGIServer

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None
)
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --autoplay-policy=no-user-gesture-required"
).split()


def stop(server: BaseWSGIServer) -> None:
    """Lets the server's threads end; what it listens with stays open as long as the process.

    `server.close` would close the pipe by which a thread that still answers wakes the server: its byte would go
    into whatever file or connection gets the pipe's number next.
    """
    server.task_dispatcher.shutdown()


def enter(page: "Page", address: str, name: str, password: str) -> None:
    """Opens an address in a browser in which nobody has logged in, and logs in on the page that it leads to."""
    page.goto(address)
    page.fill("#name", name)
    page.fill("#password", password)
    page.press("#password", "Enter")


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serves an app while the block runs; gives its address."""
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        stop(server)
