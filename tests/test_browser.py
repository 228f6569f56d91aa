"""The dashboard in a real browser, against a real server and a real recording."""

import time
from pathlib import Path

import pytest

from audit.store import open_store
from audit.users import add_user
from models.camera import Zone
from tests import build
from tests.serving import CHROMIUM, enter, served
from tests.test_web import PASSWORD, STANDARDS, keep_call, keep_video
from web import create_app

BUNDLE = Path(__file__).parent.parent / "web" / "static" / "dist" / "interaction.js"
pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install the system's package 'chromium'"),
    pytest.mark.skipif(not BUNDLE.is_file(), reason="the dashboard's scripts are not built: run make web"),
]

SECONDS = 14.0

HELD = [
    ("channel-0", 1.0, "hold the line"),
    ("channel-1", 6.0, "yes of course I will wait here"),
    ("channel-0", 12.2, "thank you for holding"),
]

HOLDS = """  goes-on-hold: ["hold the line"]
sections:"""
"""A phrase more in a rubric."""

COUNTER = ((520.0, 200.0), (620.0, 200.0), (620.0, 340.0), (520.0, 340.0))
"""A zone of the video, to the right of everybody."""

WHOLE = """
- {id: pace, title: Speaks calmly, keep: {measure: words_per_minute, at_most: 160 wpm}}
- {id: handled, title: Takes no hour, keep: {measure: handle_time, at_most: 1 h}}
"""
"""Standards on a whole call, of which the first rests on its words."""


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """A store with calls, of which browsers cannot play one."""
    folder = tmp_path_factory.mktemp("calls")
    store = open_store(folder / "home")
    add_user(store, "ana", PASSWORD)
    sound = [build.tone(SECONDS, 48000), build.tone(SECONDS, 48000, 220.0)]
    opus = build.encode(folder / "call.opus", sound, "libopus", 48000)
    mulaw = build.encode(
        folder / "mulaw.wav", [build.tone(SECONDS, 8000), build.tone(SECONDS, 8000)], "pcm_mulaw", 8000
    )
    # So that the waveform ends a moment after one of its times.
    sound = [build.tone(15.2, 48000), build.tone(15.2, 48000, 220.0)]
    over = build.encode(folder / "over.opus", sound, "libopus", 48000)
    weak = build.write_wav(folder / "weak.wav", build.tone(SECONDS))
    keep_call(store, folder, opus, "playable")
    keep_call(store, folder, mulaw, "unplayable")
    keep_call(store, folder, over, "just over")
    keep_call(store, folder, weak, "weak", 0.4, channels=(0,), standards=WHOLE)
    held = build.encode(
        folder / "held.opus",
        [build.tone(SECONDS, 48000), build.tone(SECONDS, 48000, 250.0)],
        "libopus",
        48000,
    )
    path = folder / "house.yaml"
    path.write_text(build.rubric_text(STANDARDS).replace("sections:", HOLDS))
    rubric = build.load_rubric(path)
    keep_call(store, folder, held, "waits", lines=HELD, rubric=rubric)
    keep_video(store, folder, title="seen", zones=(Zone("counter", COUNTER),))
    return store


@pytest.fixture(scope="module")
def site(calls):
    with served(create_app(calls)) as address:
        yield address


def is_problem(message):
    """Whether the console tells of something wrong: not when it notes that a review met another one."""
    return message.type in ("error", "warning") and "409 (CONFLICT)" not in message.text


@pytest.fixture
def browse(chromium, site):
    """Opens a window of a width, logged in as ana, that fails the test on any error in its console."""
    contexts, problems = [], []

    def window(width_px=1440, height_px=900, **options):
        context = chromium.new_context(viewport={"width": width_px, "height": height_px}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda m: problems.append(m.text) if is_problem(m) else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        enter(page, f"{site}/interactions", "ana", PASSWORD)
        # The page is there with its styles.
        page.wait_for_url(f"{site}/interactions")
        page.wait_for_selector("table.list")
        return page

    yield window
    for context in contexts:
        context.close()
    # What the Content-Security-Policy stops is reported here, too.
    assert problems == []


def until(page, holds, seconds=15):
    """Waits until an expression about `media` holds; Playwright's own wait needs `eval`, which the policy bars."""
    end_s = time.monotonic() + seconds
    while not page.evaluate(f"(media => {holds})(document.querySelector('#media'))"):
        assert time.monotonic() < end_s, f"waited for {holds}"
        page.wait_for_timeout(20)


def open_call(page, title="playable"):
    page.click(f"a.row >> text='{title}'")
    page.wait_for_selector("#waveform >> css=canvas", state="attached")


WATCH = """() => {
  const media = document.querySelector('#media')
  window.heard = []
  new MutationObserver(changes => {
    for (const { target } of changes)
      if (target.matches('.w.now')) {
        const around = target.closest('.now[id]')
        window.heard.push([media.currentTime, Number(target.dataset.start), around && around.id])
      }
  }).observe(document.querySelector('#transcript'), { subtree: true, attributeFilter: ['class'] })
}"""
"""Notes each word marked as the one being said: (position of the player, start of the word, utterance)."""


def test_a_chip_plays_from_a_second_before_its_evidence_and_the_transcript_follows(browse):
    page = browse()
    open_call(page)
    page.evaluate(WATCH)
    page.click("#finding-no-blame .chip")
    until(page, "media.currentTime > 9.4 && !media.paused")
    until(page, "window.heard.length > 2")
    # What was marked is looked at afterwards: on a busy machine the player is further by the time one asks.
    for at_s, word_s, utterance in page.evaluate("window.heard"):
        assert utterance == "u2"
        assert 10.0 <= word_s <= at_s < word_s + build.WORD_S + 0.1


def test_a_click_on_a_word_seeks_to_it(browse):
    page = browse()
    open_call(page)
    page.click("#u1 .w >> nth=1")
    until(page, "Math.abs(media.currentTime - 6.4) < 0.05")
    until(page, "media.paused")
    assert page.text_content(".w.now") == "want"


def test_a_click_on_the_waveform_seeks(browse):
    page = browse()
    open_call(page)
    box = page.locator("#waveform").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.55, box["y"] + box["height"] * 0.3)
    until(page, f"Math.abs(media.currentTime - {0.55 * SECONDS}) < 0.2")


def test_keys_go_through_the_findings_and_play_them(browse):
    page = browse()
    open_call(page)
    page.keyboard.press("j")
    assert page.get_attribute(".finding.current", "id") == "finding-greets"
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.get_attribute(".finding.current", "id") == "finding-no-blame"
    page.keyboard.press("Enter")
    until(page, "media.currentTime > 9.4")
    page.keyboard.press("Space")
    until(page, "media.paused")
    page.keyboard.press("Space")
    until(page, "!media.paused")
    page.keyboard.press("?")
    assert page.is_visible("#keys")


def test_space_plays_after_a_click_on_a_title_and_folds_when_the_title_was_reached_by_keys(browse):
    page = browse()
    open_call(page)
    page.click("#title-greets")
    assert page.is_visible("text=Smile first, then speak.")
    assert page.get_attribute(".finding.current", "id") == "finding-greets"
    page.keyboard.press("Space")
    until(page, "!media.paused")
    assert page.is_visible("text=Smile first, then speak.")
    page.keyboard.press("Space")
    until(page, "media.paused")
    page.focus("#finding-greets summary")
    page.keyboard.press("Space")
    assert not page.is_visible("text=Smile first, then speak.")
    assert page.evaluate("document.querySelector('#media').paused")


LABELS = """() => {
  const root = document.querySelector('#waveform > div').shadowRoot
  const right = document.querySelector('#waveform').getBoundingClientRect().right
  return [...root.querySelectorAll('[part~=timeline] [part*=label], [part~=timeline-notch]')].map(notch => {
    const range = document.createRange()
    range.selectNodeContents(notch)
    return [notch.textContent, right - range.getBoundingClientRect().right]
  }).filter(([text]) => text)
}"""
"""Each time under the waveform: (its text, px between its end and the waveform's)."""


@pytest.mark.parametrize("title", ["playable", "just over"])
@pytest.mark.parametrize("width_px", [1440, 390])
def test_the_times_under_the_waveform_are_whole(browse, title, width_px):
    page = browse(width_px)
    open_call(page, title)
    labels = page.evaluate(LABELS)
    assert labels[0][0] == "0:00"
    assert len(labels) > 1
    assert [text for text, room_px in labels if room_px < 0] == []


SETTLED_MS = 500
"""The waveform hangs its regions in a moment after they were asked for."""

REGIONS = """() => [...document.querySelector('#waveform > div').shadowRoot.querySelectorAll('[part~=region]')]
  .map(region => region.getBoundingClientRect().width / document.querySelector('#waveform').clientWidth)"""
"""The width of each region on the waveform as a share of the whole."""


def test_what_cannot_be_told_of_a_whole_call_covers_none_of_the_waveform(browse):
    page = browse()
    open_call(page, "weak")
    assert page.locator("#finding-pace.cannot_tell .chip").count() == 1
    page.keyboard.press("j")
    assert page.get_attribute(".finding.current", "id") == "finding-pace"
    page.wait_for_timeout(SETTLED_MS)
    assert page.evaluate(REGIONS) == []
    page.keyboard.press("j")
    assert page.get_attribute(".finding.current", "id") == "finding-handled"
    page.wait_for_timeout(SETTLED_MS)
    assert page.evaluate(REGIONS) == [pytest.approx(1.0, abs=0.01)]


WAITS = """() => [...document.querySelectorAll('#waveform .waits i')].map(region => {
  const [box, all] = [region, document.querySelector('#waveform')].map(one => one.getBoundingClientRect())
  return [region.className, (box.left - all.left) / all.width, (box.right - all.left) / all.width]
})"""
"""Each silence and hold on the waveform: (its class, where it begins and ends, as shares of the whole)."""


@pytest.mark.parametrize("locale", ["en", "fa"])
def test_silences_and_holds_are_regions_of_their_own_and_in_the_way_of_nothing(browse, locale):
    page = browse(locale=locale)
    open_call(page, "waits")
    page.wait_for_selector("#waveform .waits i", state="attached")
    held, silent = page.evaluate(WAITS)
    # "hold the line" ends at 2.2 s, the customer speaks from 6 to 8.8 s and the agent from 12.2 s on.
    assert held == ["wait hold", pytest.approx(2.2 / SECONDS, abs=0.01), pytest.approx(6 / SECONDS, abs=0.01)]
    assert silent[0] == "wait silence"
    assert silent[1:] == [pytest.approx(8.8 / SECONDS, abs=0.01), pytest.approx(12.2 / SECONDS, abs=0.01)]
    looks = "all => all.map(one => getComputedStyle(one).backgroundImage)"
    of_hold, of_silence = page.eval_on_selector_all("#waveform .waits i", looks)
    assert (of_hold.startswith("repeating-linear-gradient"), of_silence) == (True, "none")
    look = "one => ['backgroundImage', 'backgroundColor', 'borderRadius'].map(name => getComputedStyle(one)[name])"
    for kind in ("silence", "hold"):
        [on_it, in_legend] = [
            page.eval_on_selector(f"{where} .{kind}", look) for where in (".waits", ".legend")
        ]
        assert on_it == in_legend, kind
    box = page.locator("#waveform .waits i.silence").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(page, "Math.abs(media.currentTime - 10.5) < 0.2")


def test_keys_can_be_switched_off_and_stay_off(browse):
    page = browse()
    open_call(page)
    page.click("[data-keys]")
    page.uncheck("#keys-on")
    page.click("#keys button")
    page.reload()
    page.wait_for_selector("#waveform >> css=canvas", state="attached")
    page.keyboard.press("j")
    assert page.locator(".finding.current").count() == 0


def test_the_transcript_stops_following_when_its_reader_scrolls(browse):
    page = browse(1024, 420)
    open_call(page)
    page.click("#finding-greets .chip")
    page.wait_for_selector("#u0.now")
    assert not page.is_visible("#follow")
    page.hover("#transcript")
    page.mouse.wheel(0, 30)
    page.wait_for_selector("#follow >> visible=true")
    page.click("#follow")
    assert not page.is_visible("#follow")


def test_of_what_a_browser_cannot_play_a_copy_plays_from_the_moment_of_a_chip(browse):
    page = browse()
    open_call(page, "unplayable")
    assert page.is_visible("text=Browsers cannot play this recording (wav, pcm_mulaw)")
    page.click("#finding-no-blame .chip")
    until(page, "media.currentTime > 9.4 && !media.paused")
    page.wait_for_selector("#u2.now .w.now")


@pytest.mark.parametrize("width_px", [1440, 1024, 390, 320])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_window(browse, width_px, scheme):
    page = browse(width_px, 844, color_scheme=scheme)
    wider = "document.documentElement.scrollWidth > innerWidth"
    assert not page.evaluate(wider)
    open_call(page)
    for summary in page.locator("summary").all():
        summary.click()
    assert not page.evaluate(wider)


def test_without_scripts_everything_can_be_read_and_moments_are_links(browse):
    page = browse(java_script_enabled=False)
    page.click("a.row >> text='playable'")
    assert page.is_visible("#finding-no-blame")
    assert page.is_visible("#transcript >> text=fault")
    assert page.get_attribute("#finding-no-blame .chip", "href").endswith("/media#t=9.4")


def test_nothing_jumps_while_the_page_loads(browse):
    page = browse()
    page.add_init_script(
        "window.shifts = 0; new PerformanceObserver(list => list.getEntries()"
        ".forEach(e => { window.shifts += e.value })).observe({type: 'layout-shift', buffered: true})"
    )
    open_call(page)
    page.wait_for_timeout(300)
    # "Good" by the Web Vitals is 0.1; what the browser rounds is left over.
    assert page.evaluate("window.shifts") < 0.01


DRAWN = """() => {
  const canvas = document.querySelector('#people')
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true })
  copy.drawImage(canvas, 0, 0)
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height)
  const scale = Math.min(canvas.width / 640, canvas.height / 360)
  const [left, top] = [(canvas.width - 640 * scale) / 2, (canvas.height - 360 * scale) / 2]
  const found = []
  for (let y = 1; y < 360; y += 2)
    for (let x = 1; x < 640; x += 2) {
      const alpha = data[4 * (Math.floor(top + y * scale) * canvas.width + Math.floor(left + x * scale)) + 3]
      if (alpha) found.push([x, y, alpha])
    }
  return found
}"""
"""Every second pixel of the video that has something drawn over it: (x, y, 0 to 255 for how opaque)."""

AGENT_HEAD, CUSTOMER_HEAD = (120, 10, 180, 70), (420, 10, 480, 70)


def covered(drawn, box):
    """The share of a box that cannot be seen through."""
    left, top, right, bottom = box
    opaque = [1 for x, y, alpha in drawn if left <= x < right and top <= y < bottom and alpha == 255]
    return len(opaque) / ((right - left) * (bottom - top) / 4)


def seen_video(browse, **options):
    """A window with the video of two people, once something is drawn over it."""
    page = browse(**options)
    page.click("a.row >> text='seen'")
    until(page, "media.readyState >= 2")
    end_s = time.monotonic() + 15
    while not page.evaluate(DRAWN):
        assert time.monotonic() < end_s, "nothing was drawn"
        page.wait_for_timeout(50)
    return page


LAYERS = ("skeletons", "distance", "zones", "faces", "agents")


def switch_on(page, *layers):
    """Switches just these on, and gives what is then drawn."""
    for layer in LAYERS:
        button = page.locator(f"[data-overlay={layer}]")
        if (button.get_attribute("aria-pressed") == "true") != (layer in layers):
            button.click()
    return page.evaluate(DRAWN)


def test_at_first_all_is_drawn_and_all_faces_but_the_agent_s_are_covered(browse):
    page = seen_video(browse)
    pressed = page.eval_on_selector_all("[data-overlay]", "all => all.map(one => one.ariaPressed)")
    assert pressed == ["true", "true", "true", "true", "false"]
    drawn = page.evaluate(DRAWN)
    assert covered(drawn, CUSTOMER_HEAD) == 1.0
    assert covered(drawn, AGENT_HEAD) < 0.2  # a line to the ear at most


def test_skeletons_distance_zones_and_covers_are_switched_one_by_one(browse):
    page = seen_video(browse)
    assert switch_on(page) == []
    across = [x for x, _, _ in switch_on(page, "skeletons")]
    assert min(across) == pytest.approx(120, abs=10)  # the agent's shoulder
    assert max(across) == pytest.approx(480, abs=10)  # the customer's
    assert not any(200 < x < 400 for x in across)
    drawn = switch_on(page, "distance")
    assert any(290 < x < 350 for x, _, _ in drawn)  # the line between them
    assert all(130 < x < 470 for x, _, _ in drawn)
    drawn = switch_on(page, "zones")
    assert all(y > 190 for _, y, _ in drawn)
    assert all(510 < x < 630 for x, y, _ in drawn if y > 250)  # below its name, which is wider
    assert any(y > 330 for _, y, _ in drawn)
    drawn = switch_on(page, "faces")
    assert (covered(drawn, CUSTOMER_HEAD), covered(drawn, AGENT_HEAD)) == (1.0, 0.0)
    drawn = switch_on(page, "agents")
    assert (covered(drawn, CUSTOMER_HEAD), covered(drawn, AGENT_HEAD)) == (0.0, 1.0)
    page.evaluate("document.querySelector('#media').currentTime = 1.0")
    until(page, "!media.seeking")
    assert covered(page.evaluate(DRAWN), AGENT_HEAD) == 1.0


def test_what_is_drawn_over_a_video_is_switched_by_keys_and_remembered(browse):
    page = seen_video(browse)
    page.focus("[data-overlay=skeletons]")
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.overlay") == "faces"
    page.keyboard.press("Space")
    until(page, "media.paused")  # the key was the button's
    page.reload()
    page.wait_for_selector("[data-overlay=skeletons][aria-pressed=false]")
    pressed = page.eval_on_selector_all("[data-overlay]", "all => all.map(one => one.ariaPressed)")
    assert pressed == ["false", "true", "true", "false", "false"]


def test_where_people_cannot_be_had_the_switches_say_so(browse):
    page = browse()
    page.route(
        "**/people.json*", lambda route: route.fulfill(status=200, body="<p>", content_type="text/html")
    )
    page.click("a.row >> text='seen'")
    page.wait_for_selector(".layers[role=status] >> text=The people could not be had: log in again.")
    assert page.locator("[data-overlay]").count() == 0


def test_a_finding_about_what_was_seen_shows_its_picture(browse):
    page = browse()
    page.click("a.row >> text='seen'")
    picture = page.locator("#finding-near .frames img")
    picture.scroll_into_view_if_needed()
    picture.evaluate("image => image.decode()")
    assert picture.evaluate("image => image.naturalWidth") == 640
