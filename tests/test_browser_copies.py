"""A page whose recording is still being copied for browsers, in a real one."""

import pytest

from audit import copies
from audit.copies import Told
from audit.store import open_store
from audit.users import add_user
from tests import build
from tests.copying import film
from tests.serving import CHROMIUM, served
from tests.test_browser import BUNDLE, browse, until  # noqa: F401
from tests.test_web import PASSWORD, keep_call, keep_video
from web import create_app

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install the system's package 'chromium'"),
    pytest.mark.skipif(not BUNDLE.is_file(), reason="the dashboard's scripts are not built: run make web"),
]

LONG_S = 20.0


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """A store with a video whose copy takes a while, and calls that need copies, too."""
    folder = tmp_path_factory.mktemp("copies")
    store = open_store(folder / "home")
    add_user(store, "ana", PASSWORD)
    keep_video(store, folder, film(folder / "long.avi", LONG_S), "long")
    for name in ("short", "failed"):
        sound = [build.tone(14.0, 8000), build.tone(14.0, 8000, 300.0 + len(name))]
        keep_call(store, folder, build.encode(folder / f"{name}.wav", sound, "pcm_mulaw", 8000), name)
    return store


@pytest.fixture(scope="module")
def site(calls):
    with served(create_app(calls)) as address:
        yield address


def wrote(page, name, text):
    """Opens an interaction and types a comment."""
    page.click(f"a.row >> text='{name}'")
    page.wait_for_selector("body.live")
    page.keyboard.press("j")
    page.wait_for_selector(".finding.current")
    page.keyboard.press("c")
    page.keyboard.type(text)


def test_while_a_copy_is_made_the_page_says_how_far_it_is_and_keeps_what_is_typed(browse):  # noqa: F811
    page = browse()
    wrote(page, "long", "half a thou")
    assert page.is_visible("#copying >> text=is being made")
    assert not page.is_visible("#media") and page.is_visible("#transcript-title")
    # It moves, and another recording waits for nothing of it.
    other = page.context.new_page()
    other.goto(page.url.rpartition("/interactions")[0] + "/interactions")
    other.click("a.row >> text='short'")
    until(other, "media.readyState >= 2", 30)
    assert not other.is_visible("#copying")
    other.click("#finding-no-blame .chip")
    until(other, "media.currentTime > 9.4 && !media.paused")
    other.close()
    until(page, "media.readyState >= 2 && media.videoWidth === 640", 100)
    assert page.is_visible("#media") and not page.is_visible("#copying")
    assert page.input_value(".finding.current textarea") == "half a thou"
    assert 0 < page.evaluate("document.querySelector('#copying progress').value") <= 1
    page.evaluate("document.querySelector('#media').play()")
    until(page, "media.currentTime > 0.3")


def test_a_copy_that_failed_says_why_and_is_tried_again_on_request(browse, calls):  # noqa: F811
    one = calls.interaction("failed")
    recording = calls.recording(one.recording)
    folder = copies.asked_for(calls, one.recording).parent
    folder.mkdir(parents=True, exist_ok=True)
    name = copies.place(calls, recording, ()).name
    copies.tell(calls, one.recording, Told(name, 1, 0.5, "failed.wav: the disk is full"))
    page = browse()
    wrote(page, "failed", "as I said")
    assert page.is_visible("#copying >> text=could not be made: failed.wav: the disk is full")
    assert not page.is_visible("#copying progress") and not page.is_visible("#media")
    page.click("#copying button")
    until(page, "media.readyState >= 2", 30)
    assert page.is_visible("#media") and not page.is_visible("#copying")
    assert page.input_value(".finding.current textarea") == "as I said"
