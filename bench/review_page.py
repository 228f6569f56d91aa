"""How soon the page of a long call is there and answers, in Chromium: paints and interactions in ms.

    bench/review_page.py [--minutes 60] [--words 5000] [--frames 20000] [--standards 40] [--opens 5] [--json]

A video of that length with two people is made and kept as if it had been perceived and judged: so many words,
so many frames of somebody's body (of both together), and a scorecard of so many standards. `comport serve`
answers as a process of its own. The page is opened anew by browsers that know nothing of it (paint timing,
largest contentful paint, layout shift), then used with trusted keys and clicks; what each took until the next
picture is the browser's own Event Timing, as for INP: in steps of 8 ms, and 16 stands for everything below.
`verdict_ms` is from the key that says a verdict until the new score stands on the page (median of eight), and
`verdict_kb` what the server answered to one.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.load import PASSWORD, served, tell

FASTEST_MS = 16
"""Event Timing tells of nothing that took less."""

WATCH = """
window.measured = {fcp: 0, lcp: 0, shift: 0, events: []}
const watch = (type, take, more = {}) => new PerformanceObserver(list => list.getEntries().forEach(take))
  .observe({type, buffered: true, ...more})
watch('paint', one => { if (one.name === 'first-contentful-paint') measured.fcp = one.startTime })
watch('largest-contentful-paint', one => { measured.lcp = one.startTime })
watch('layout-shift', one => { if (!one.hadRecentInput) measured.shift += one.value })
watch('event', one => { if (one.interactionId) measured.events.push(one.duration) }, {durationThreshold: 16})
"""

SETTLED = """() => new Promise(done => requestAnimationFrame(
  () => requestAnimationFrame(() => setTimeout(done, 50))))"""
"""Resolves once what an input changed was drawn, and Event Timing has told of it."""

SAYING = """() => {
  const shown = () => document.querySelector('.judged .result')
  const before = shown()
  measured.said = 0
  const press = () => { measured.pressed = performance.now() }
  document.addEventListener('keydown', press, {capture: true, once: true})
  const watch = new MutationObserver(() => {
    if (shown() === before) return
    measured.said = performance.now() - measured.pressed
    watch.disconnect()
  })
  watch.observe(document.querySelector('.judged'), {subtree: true, childList: true})
}"""
"""Notes when the score of the page is another one after a key was pressed."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--words", type=int, default=5000)
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--standards", type=int, default=40)
    parser.add_argument("--opens", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    tell(measured(arguments), arguments.json)


def measured(arguments: argparse.Namespace) -> dict[str, Any]:
    """The figures of one run."""
    from playwright.sync_api import sync_playwright

    from audit.store import open_store
    from audit.users import add_user
    from tests.serving import CHROMIUM, FLAGS

    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "home")
        add_user(store, "ana", PASSWORD)
        identity = keep(store, Path(folder), arguments)
        store.engine.dispose()
        with served(Path(folder) / "home", None) as host, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            opened = []
            for number in range(arguments.opens):
                page = log_in(browser, host)
                opened.append(open_(page, f"{host}/interactions/{identity}"))
                if number < arguments.opens - 1:
                    page.context.close()
            used = use(page)
            said = say(page)
            browser.close()
    return {
        **{name: round(statistics.median(one[name] for one in opened), 3) for name in opened[0]},
        "worst_fcp_ms": max(one["fcp_ms"] for one in opened),
        **used,
        "inp_ms": max(used.values()),
        **said,
        **{name: getattr(arguments, name) for name in ("minutes", "words", "frames", "standards", "opens")},
    }


def keep(store: Any, folder: Path, arguments: argparse.Namespace) -> str:
    """Keeps the call as if it had been audited; gives its id."""
    from audit.interactions import Channel, Interaction, Role
    from audit.scorecard import make_scorecard
    from models.media import probe
    from models.observations import Activity, Observed, Provenance, gather, union
    from tests import build
    from tests.bodies import SIZE_PX, person

    seconds = arguments.minutes * 60
    path = film(folder / "call.webm", seconds)
    recording = probe(path)
    random = np.random.default_rng(1)
    known = "the parcel was sent on monday and arrives with your new order number please wait".split()  # noqa: SIM905
    each, said = 12, []
    for number in range(arguments.words // each):
        words = " ".join(random.choice(known, each))
        speaker = f"channel-{number % 2}"
        begun = "good morning how may i help you with that is your fault" if number % 40 == 0 else words
        at_s = number * seconds / (arguments.words / each)
        said.append(build.utterance(speaker, at_s, begun, probability=float(random.uniform(0.4, 1.0))))
    rows = arguments.frames // 2
    times_s = np.linspace(0, seconds, rows, endpoint=False)
    tracks = [
        person("person-0", x_m=-0.6, n=rows),
        person("person-1", x_m=0.6, yaw_deg=180, n=rows),
    ]
    tracks = [msgspec.structs.replace(one, times_s=times_s) for one in tracks]
    speakers = dict.fromkeys(one.speaker for one in said)
    active = tuple(Activity(s, union(u.span for u in said if u.speaker == s)) for s in speakers)
    answers = tuple(
        Observed(recording.id, Provenance(need, engine, "1", "", ()), **seen)
        for need, engine, seen in (
            ("activity", "silero", {"activity": active}),
            ("utterances", "some-engine", {"utterances": tuple(said)}),
            ("people", "mediapipe", {"people": build.people(tracks, SIZE_PX)}),
        )
    )
    observed = gather(recording, answers, ())
    rubric = build.rubric(folder, "\n".join(standards(arguments.standards)))
    roles = (
        ("channel-0", Role.AGENT),
        ("channel-1", Role.CUSTOMER),
        ("person-0", Role.AGENT),
        ("person-1", Role.CUSTOMER),
    )
    one = Interaction(
        recording.id, Channel.CALL, "a long call", str(path), recording.id, agent="Sarah Lind", roles=roles
    )
    store.keep(one, observed, answers)
    store.keep_rubric(rubric)
    store.keep_scorecard(make_scorecard(one, observed, rubric))
    return str(one.id)


def standards(count: int) -> list[str]:
    """So many, of which some find one moment, some many, and one looks at people."""
    kinds = (
        "say: greeting",
        "avoid: blame",
        "keep: {measure: longest_silence, at_most: 15 s}",
        "say: thanks-for-holding",
    )
    found = [f"- {{id: s{n}, title: Standard {n}, {kinds[n % len(kinds)]}}}" for n in range(count - 1)]
    return [
        *found,
        "- {id: near, title: Keeps a distance, keep: {measure: distance, at_least: 0.5 m}}",
    ]


def film(path: Path, seconds: float) -> Path:
    """A dim picture a second, and sound on two channels."""
    import av

    rate_hz = 16_000
    with av.open(str(path), "w") as container:
        video = container.add_stream(
            "libvpx", rate=1, width=320, height=180, options={"cpu-used": "8", "deadline": "realtime"}
        )
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("libopus", rate=rate_hz, layout="stereo")
        random = np.random.default_rng(0)
        picture = np.full((180, 320, 3), 90, np.uint8)
        sound = (random.normal(size=(2, rate_hz)) * 0.1).astype(np.float32)
        resampler = av.AudioResampler(
            format=audio.codec_context.format, layout="stereo", rate=rate_hz, frame_size=320
        )
        for second in range(round(seconds)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = second
            container.mux(video.encode(frame))
            piece = av.AudioFrame.from_ndarray(sound * ((second % 7) / 7), format="fltp", layout="stereo")
            piece.sample_rate, piece.pts = rate_hz, second * rate_hz
            for one in resampler.resample(piece):
                container.mux(audio.encode(one))
        for stream in (video, audio):
            container.mux(stream.encode(None))
    return path


def log_in(browser: Any, host: str) -> Any:
    """A window of a browser that was never here, logged in."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(WATCH)
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{host}/login")
    page.fill("#name", "ana")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector("header.top")
    return page


def open_(page: Any, address: str) -> dict[str, float]:
    """The figures of opening it."""
    page.goto(address, wait_until="load")
    page.wait_for_selector("#waveform >> css=canvas", state="attached")
    page.wait_for_timeout(500)
    told = page.evaluate(
        """() => { const [one] = performance.getEntriesByType('navigation')
        return {...measured, events: 0, first_byte: one.responseStart, interactive: one.domInteractive,
          size: one.decodedBodySize, nodes: document.querySelectorAll('*').length} }"""
    )
    return {
        "first_byte_ms": round(told["first_byte"]),
        "fcp_ms": round(told["fcp"]),
        "lcp_ms": round(told["lcp"]),
        "interactive_ms": round(told["interactive"]),
        "layout_shift": told["shift"],
        "page_kb": round(told["size"] / 1000),
        "elements": told["nodes"],
    }


def use(page: Any) -> dict[str, int]:
    """The longest that each kind of input took, of a dozen each."""
    words, switches = page.locator("#transcript .w"), page.locator("[data-overlay]")

    def word(number: int) -> None:
        words.nth(number * 17 % 100).click()

    def letter(number: int) -> None:
        page.keyboard.press("parcel was sent"[number])

    kinds: dict[str, tuple[str, Callable[[int], None]]] = {
        "next_finding_ms": ("body", lambda _number: page.keyboard.press("j")),
        "seek_word_ms": ("", word),
        "find_letter_ms": ("#find", letter),
        "find_next_ms": ("#find", lambda _number: page.keyboard.press("Enter")),
        "overlay_ms": ("", lambda number: switches.nth(number % switches.count()).click()),
    }
    return {name: slowest(page, *kind) for name, kind in kinds.items()}


def say(page: Any, times: int = 8) -> dict[str, int]:
    """How long a verdict by key takes until the score that stands with it is shown; the answer's size."""
    page.eval_on_selector("body", "one => { document.activeElement.blur(); one.focus() }")
    page.keyboard.press("j")
    took_ms = []
    for number in range(times):
        page.evaluate(SAYING)
        page.keyboard.press("12"[number % 2])
        while not (one_ms := page.evaluate("() => measured.said")):
            page.wait_for_timeout(20)
        took_ms.append(one_ms)
        page.wait_for_timeout(200)
    answers = "name => performance.getEntriesByType('resource').filter(one => one.name.endsWith(name))"
    size = page.evaluate(f"name => ({answers})(name).at(-1).decodedBodySize", "/reviews")
    return {"verdict_ms": round(statistics.median(took_ms)), "verdict_kb": round(size / 1000)}


def slowest(page: Any, focused: str, act: Callable[[int], None], times: int = 12) -> int:
    if focused:
        page.eval_on_selector(focused, "one => { document.activeElement.blur(); one.focus() }")
    longest = FASTEST_MS
    for number in range(times):
        page.evaluate("() => { measured.events = [] }")
        act(number)
        page.evaluate(SETTLED)
        longest = max([longest, *page.evaluate("() => measured.events")])
    return round(longest)


if __name__ == "__main__":
    main()
