"""Charts in a real browser: drawn from the numbers beside them, in the direction and colours of the page."""

import time
from datetime import timedelta

import pytest

from audit.employees import employee
from audit.overview import Of, newest_stretch, overview
from audit.store import open_store
from audit.users import add_user
from tests.serving import enter, served
from tests.test_browser import BUNDLE, is_problem
from tests.test_browser import pytestmark as browsers
from tests.test_overview import NEWEST, company, keep
from tests.test_web import PASSWORD
from web import create_app

pytestmark = [
    *browsers,
    pytest.mark.skipif(not BUNDLE.with_name("charts.js").is_file(), reason="no charts: run make web"),
]

HALVES = """selector => {
  const canvas = document.querySelector(selector), probe = document.createElement("i")
  probe.style.color = getComputedStyle(canvas).getPropertyValue("--accent")
  document.body.append(probe)
  const wanted = getComputedStyle(probe).color.match(/\\d+/g).map(Number)
  probe.remove()
  const { width, height } = canvas
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })
  copy.drawImage(canvas, 0, 0)
  const { data } = copy.getImageData(0, 0, width, height)
  const heights = [[], []]
  for (let at = 0; at < data.length; at += 4) {
    const off = wanted.map((part, n) => Math.abs(data[at + n] - part))
    if (data[at + 3] < 250 || Math.max(...off) > 2) continue
    const x = (at / 4) % width, y = Math.floor(at / 4 / width)
    heights[x < width / 2 ? 0 : 1].push(1 - y / height)
  }
  return heights.map(all => [all.length, all.reduce((sum, y) => sum + y, 0) / all.length])
}"""
"""Of the left and the right half of a chart: how many pixels have the accent of the page's colours now, and how high
they lie on average (0 to 1)."""

COLUMNS = """() => [...document.querySelectorAll("[data-chart=weeks] tbody tr")].map(row =>
  [...row.cells].map(cell => cell.textContent.trim()))"""

SHIFTS = """() => new Promise(done => {
  let sum = 0
  new PerformanceObserver(list => { for (const one of list.getEntries()) sum += one.value })
    .observe({ type: "layout-shift", buffered: true })
  setTimeout(() => done(sum), 300)
})"""
"""How far the page jumped while it was loaded, as Chromium measures it."""

TREND = "[data-chart=weeks] canvas"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("charts")
    store = open_store(folder / "home")
    add_user(store, "ana", PASSWORD)
    rubric, rows = company(folder)
    gaps = [
        (NEWEST - timedelta(weeks=week, hours=n), "Gap", "", "", "call", 70.0 + n, "greets:met met")
        for week, count in ((0, 1), (2, 3), (5, 3), (6, 2))
        for n in range(count)
    ]
    even = [
        (NEWEST - timedelta(weeks=10, hours=n), f"Even {who}", "", "", "call", 77.5, "greets:met met")
        for who in range(8)
        for n in range(5)
    ]
    keep(store, rubric, [*rows, *gaps, *even])
    return store


@pytest.fixture(scope="module")
def site(house):
    with served(create_app(house)) as address:
        yield address


@pytest.fixture
def browse(chromium, site):
    """Opens a page in a window, logged in, that fails the test on any error in its console."""
    contexts, problems = [], []

    def opened(path, width_px=1440, **options):
        context = chromium.new_context(viewport={"width": width_px, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda m: problems.append(m.text) if is_problem(m) else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        enter(page, f"{site}/login", "ana", PASSWORD)
        page.wait_for_selector("header.top")
        page.goto(site + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    # What the Content-Security-Policy stops is reported here, too.
    assert problems == []


def halves(page, selector=TREND):
    """What `HALVES` finds, once the chart is drawn."""
    end_s = time.monotonic() + 15
    while True:
        found = page.evaluate(HALVES, selector)
        if sum(n for n, _ in found) > 20:
            return found
        assert time.monotonic() < end_s, f"nothing is drawn: {found}"
        page.wait_for_timeout(50)


def test_a_trend_is_drawn_from_the_left_and_in_persian_from_the_right(browse):
    # Of the last eight weeks the older four are 13 points higher.
    (_, older), (_, newer) = halves(browse("/?weeks=12"))
    assert older > newer + 0.1
    (_, newer), (_, older) = halves(browse("/?weeks=12", locale="fa"))
    assert older > newer + 0.1


@pytest.mark.parametrize("path", ["/employees/Gap", "/standards/house/greets"])
def test_other_pages_have_a_trend_too(browse, path):
    assert sum(n for n, _ in halves(browse(path))) > 20


def test_beside_an_employee_stands_the_mean_of_the_others(house, browse):
    page = browse("/employees/Gap?weeks=4")
    others = employee(house, "Gap", newest_stretch(house, 4)).others
    expected = [f"{week.scores.mean:.1f}" for week in others]
    assert [row[3] for row in page.evaluate(COLUMNS)] == expected


@pytest.mark.parametrize(
    ("path", "kind", "counts"), [("/?branch=Milan", "dots", [1, 1]), ("/", "bars", [1, 1, 1, 8, 1])]
)
def test_a_few_employees_are_dots_and_many_are_counted_by_bars(browse, path, kind, counts):
    page = browse(path)
    figure = f"[data-chart={kind}]"
    rows = page.locator(f"{figure} tbody tr").evaluate_all("all => all.map(row => Number(row.dataset.n))")
    assert rows == counts
    assert sum(n for n, _ in halves(page, f"{figure} canvas")) > 100


def test_the_colours_follow_those_of_the_page(browse):
    page = browse("/?weeks=12", color_scheme="light")
    halves(page)
    page.emulate_media(color_scheme="dark")
    halves(page)
    page.emulate_media(color_scheme="light")
    halves(page)


def test_the_numbers_beside_it_are_those_of_the_overview(house, browse):
    page = browse("/?weeks=12")
    weeks = overview(house, Of(), newest_stretch(house, 12)).weeks
    expected = [
        [
            f"{week.begins:%Y-%m-%d}",
            f"{week.scores.mean:.1f}" if week.scores.n else "–",
            f"{week.interval.low:.1f}–{week.interval.high:.1f}" if week.interval else "–",
            str(week.scores.n),
        ]
        for week in weeks
    ]
    assert page.evaluate(COLUMNS) == expected
    page = browse("/?weeks=12", locale="fa")
    assert page.evaluate(COLUMNS)[-1][3] == str(weeks[-1].scores.n).translate(
        str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
    )
    label = page.get_attribute(TREND, "aria-label")
    assert page.evaluate(COLUMNS)[-1][1] in label


@pytest.mark.parametrize("locale", ["en", "fa"])
def test_a_click_on_a_week_opens_its_interactions(browse, site, locale):
    page = browse("/employees/Gap?weeks=4", locale=locale)
    halves(page)
    box = page.locator(TREND).bounding_box()
    # Four weeks: the second had three, and the third none.
    x = {"en": 0.4, "fa": 0.6}[locale]
    page.mouse.click(box["x"] + box["width"] * (1 - x), box["y"] + 40)
    assert page.url == f"{site}/employees/Gap?weeks=4"
    page.mouse.click(box["x"] + box["width"] * x, box["y"] + 40)
    page.wait_for_selector("table.list")
    assert "agent=Gap" in page.url and "since=2026-02-16&until=2026-02-22" in page.url
    assert page.locator("a.row").count() == 3


def test_by_keyboard_a_week_is_shown_and_opened_from_the_numbers(browse):
    page = browse("/employees/Gap?weeks=4")
    halves(page)
    before = page.evaluate("document.querySelector('canvas').toDataURL()")
    page.focus(".numbers summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "2026-02-16"
    assert page.evaluate("document.querySelector('canvas').toDataURL()") != before
    page.keyboard.press("Enter")
    page.wait_for_selector("table.list")
    assert page.locator("a.row").count() == 3


@pytest.mark.parametrize("width_px", [1440, 320])
def test_nothing_jumps_and_nothing_is_too_wide(browse, width_px):
    page = browse("/?weeks=12", width_px)
    halves(page)
    assert page.evaluate(SHIFTS) == 0
    for summary in page.locator(".numbers summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width_px


def test_without_scripts_the_numbers_stand_open_in_its_place(browse):
    page = browse("/?weeks=12", java_script_enabled=False)
    assert page.locator("canvas >> visible=true").count() == 0
    assert page.locator("[data-chart=weeks] tbody tr >> visible=true").count() == 12
    page.click("[data-chart=weeks] tbody a >> nth=-1")
    page.wait_for_selector("table.list")
    assert page.locator("a.row").count() == 37


@pytest.mark.parametrize("path", ["/", "/employees/Gap"])
def test_other_weeks_are_shown_in_place_and_their_chart_is_drawn(browse, site, path):
    page = browse(f"{path}?weeks=12")
    halves(page)
    page.evaluate("window.here = true")
    before = page.inner_text("#stretch")
    page.focus("[name=weeks]")
    page.select_option("[name=weeks]", "4")
    page.wait_for_selector("[data-chart=weeks] tbody tr:nth-child(5)", state="detached")
    assert len(page.evaluate(COLUMNS)) == 4
    halves(page)
    assert page.inner_text("#stretch") != before
    assert page.evaluate("[window.here, document.activeElement.name]") == [True, "weeks"]
    assert page.url == f"{site}{path}?weeks=4"
    assert not page.get_by_role("button", name="Show", exact=True).is_visible()
    page.go_back()
    page.wait_for_selector("[data-chart=weeks] tbody tr:nth-child(12)", state="attached")
    assert page.input_value("[name=weeks]") == "12"
