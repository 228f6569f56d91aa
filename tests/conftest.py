"""What every test shares."""

import signal

import pytest

from tests import postgres, serving

# A shell that starts the tests in the background ignores Ctrl-C for them, and so would what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def short_windows():
    """The test Whisper was trained on two or three sentences at a time: full windows would put it off."""
    from models import whisper

    full, whisper.PACKED_S = whisper.PACKED_S, 7.0
    yield
    whisper.PACKED_S = full


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL server for all tests; whoever stops it starts it again."""
    one = postgres.Server()
    yield one
    one.remove()


@pytest.fixture(params=postgres.KINDS)
def database(request):
    """The address of an empty database, of each kind in turn; None is the SQLite file in the home folder."""
    return postgres.new_database(request)


@pytest.fixture(scope="module")
def chromium():
    """A real browser, without a window on the screen."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=serving.CHROMIUM, args=serving.FLAGS)
        yield browser
        browser.close()
