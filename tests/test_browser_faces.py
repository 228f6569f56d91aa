"""No face that is to be covered is seen: not before the covers are there, not without them, not full screen."""

import io
import time

import numpy as np
import pytest
from PIL import Image

from audit.store import open_store
from audit.users import add_user
from tests.serving import CHROMIUM, served
from tests.test_browser import BUNDLE, CUSTOMER_HEAD, DRAWN, browse, covered, until  # noqa: F401
from tests.test_web import PASSWORD, keep_video
from web import create_app

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install the system's package 'chromium'"),
    pytest.mark.skipif(not BUNDLE.is_file(), reason="the dashboard's scripts are not built: run make web"),
]

HIDDEN = "The picture stays hidden: nobody knows where faces are to be covered."


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    store = open_store(folder / "home")
    add_user(store, "ana", PASSWORD)
    keep_video(store, folder, title="seen")
    with served(create_app(store)) as address:
        yield address


def look(page):
    """What the window shows where the agent stands in the video, away from its controls: (height, width, 3)."""
    box = page.locator("#media").bounding_box()
    clip = {"x": box["x"], "y": box["y"], "width": 0.4 * box["width"], "height": 0.5 * box["height"]}
    return np.asarray(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB"), np.int16)


def shows_picture(page):
    """Whether anything of the video can be seen: more than one colour, where covers are drawn over nothing."""
    return bool(look(page).std(axis=(0, 1)).max() > 8)


def holds(page, wanted, seconds=15):
    end_s = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < end_s
        page.wait_for_timeout(50)


def held_back(page):
    """Holds back where people are; what the page then asks for is added to the list that this gives."""
    routes = []

    def hold(route):
        routes.append(route)

    page.route("**/people.json*", hold)
    return routes


def test_the_picture_is_hidden_until_the_covers_are_there(browse):  # noqa: F811
    page = browse()
    routes = held_back(page)
    page.click("a.row >> text='seen'")
    until(page, "media.readyState >= 2")
    holds(page, lambda: routes)
    page.wait_for_timeout(300)
    assert not shows_picture(page)
    assert page.is_visible("#veiled >> text=The picture is shown as soon as it is known where faces are")
    # It can be played all the same.
    page.evaluate("document.querySelector('#media').play()")
    until(page, "media.currentTime > 0.2")
    assert not shows_picture(page)
    routes[0].continue_()
    holds(page, lambda: shows_picture(page))
    assert not page.is_visible("#veiled")
    assert covered(page.evaluate(DRAWN), CUSTOMER_HEAD) == 1.0


def test_where_faces_are_unknown_the_picture_stays_hidden_and_the_page_says_so(browse):  # noqa: F811
    page = browse()
    page.route(
        "**/people.json*", lambda route: route.fulfill(status=200, body="<p>", content_type="text/html")
    )
    page.click("a.row >> text='seen'")
    until(page, "media.readyState >= 2")
    page.wait_for_selector(f"#veiled >> text={HIDDEN}")
    page.wait_for_timeout(300)
    assert not shows_picture(page)


def test_who_wants_no_covers_sees_the_picture_at_once(browse):  # noqa: F811
    page = browse()
    page.click("a.row >> text='seen'")
    page.click("[data-overlay=faces]")
    routes = held_back(page)
    page.reload()
    until(page, "media.readyState >= 2")
    holds(page, lambda: routes and shows_picture(page))
    assert not page.is_visible("#veiled")


def test_full_screen_shows_the_covers_with_the_video(browse):  # noqa: F811
    page = browse()
    page.click("a.row >> text='seen'")
    until(page, "media.readyState >= 2")
    holds(page, lambda: page.evaluate(DRAWN))
    page.click("[data-full]")
    holds(page, lambda: page.evaluate("document.fullscreenElement?.className.includes('screen') ?? false"))
    wide = page.evaluate("[innerWidth, innerHeight]")
    holds(page, lambda: page.evaluate("document.querySelector('#people').clientWidth") == wide[0])
    assert page.evaluate("document.querySelector('#media').clientHeight") == wide[1]
    holds(page, lambda: covered(page.evaluate(DRAWN), CUSTOMER_HEAD) == 1.0)
    page.evaluate("document.exitFullscreen()")
    holds(page, lambda: not page.evaluate("document.fullscreenElement"))


def test_the_video_alone_gets_neither_full_screen_nor_a_window_of_its_own(browse):  # noqa: F811
    page = browse()
    page.click("a.row >> text='seen'")
    until(page, "media.readyState >= 2")
    holds(page, lambda: shows_picture(page))
    until(page, "media.controlsList.contains('nofullscreen') && media.disablePictureInPicture")
    assert page.evaluate(
        "document.querySelector('#media').requestPictureInPicture().then(() => 'shown', error => error.name)"
    ) in ("InvalidStateError", "NotSupportedError", "NotAllowedError")
    # A browser that has another way, and goes there.
    page.evaluate("document.querySelector('#media').requestFullscreen()")
    holds(page, lambda: not page.evaluate("document.fullscreenElement"))
    page.click("[data-overlay=faces]")
    page.evaluate("document.querySelector('#media').requestFullscreen()")
    page.wait_for_timeout(500)
    assert page.evaluate("document.fullscreenElement?.id") == "media"
