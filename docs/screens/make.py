"""Takes the pictures of the dashboard in this folder, from the samples: python docs/screens/make.py

Needs the built scripts (`make web`), Chromium and the weights that see people. One call is heard by the small
test model of Whisper, the video by PocketSphinx; the others are judged from their exact words.
"""

import secrets
import shutil
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

from audit.pipeline import audit_file, find_rubric, pack_names
from audit.rubric import Rubric
from audit.store import Store, open_store
from audit.users import add_user
from models import whisper
from web import create_app
from web.server import open_server

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TEST_MODEL = ROOT / "tests" / "weights" / "whisper-test-en"
HEARD, SEEN = "charged-twice", "service-desk"
SEEN_AT_S = 23.4
"""The step too close, in the middle."""
COUNTER = ((0.05, 0.4), (0.52, 0.38), (0.5, 0.82), (0.06, 0.72))
"""Corners of a zone drawn on the counter, as shares of the picture."""
WIDTH_PX, HEIGHT_PX = 1440, 900


def fill(store: Store) -> tuple[str, str]:
    """Audits every sample; gives the ids of the call that was heard and of the video."""
    # The test model was trained on a few sentences at a time, and never with a prompt.
    whisper.PACKED_S, Rubric.names = 7.0, ()  # type: ignore[assignment,misc]
    rubrics = [find_rubric(name) for name in pack_names()]
    samples = ROOT / "samples"
    for path in sorted([*samples.glob("*.vtt"), *samples.glob("*.jsonl")]):
        if path.stem not in (HEARD, SEEN):
            audit_file(path, rubrics, store)
    heard = audit_file(samples / f"{HEARD}.opus", rubrics, store, "whisper", str(TEST_MODEL))
    seen = audit_file(samples / f"{SEEN}.mp4", rubrics, store, "pocketsphinx")
    return heard.interaction.id, seen.interaction.id


def take(address: str, password: str, heard: str, seen: str) -> None:
    """Takes the pictures of a running dashboard."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        size = {"width": WIDTH_PX, "height": HEIGHT_PX}
        page = browser.new_page(viewport=size, color_scheme="light")  # type: ignore[arg-type]
        page.goto(f"{address}/interactions")
        page.fill("#name", "ana")
        page.fill("#password", password)
        page.click("main button")
        page.wait_for_selector("table.list")
        page.screenshot(path=HERE / "interactions.png")
        page.goto(f"{address}/interactions/{heard}")
        page.wait_for_selector("#waveform >> css=canvas", state="attached")
        page.keyboard.press("j")
        page.wait_for_timeout(1000)
        page.screenshot(path=HERE / "interaction.png")
        page.goto(f"{address}/interactions/{seen}?rubric=counter-en")
        page.wait_for_selector("#waveform >> css=canvas", state="attached")
        page.evaluate("at => { document.getElementById('media').currentTime = at }", SEEN_AT_S)
        page.evaluate("document.getElementById('finding-no-crowding').scrollIntoView({block: 'center'})")
        page.wait_for_timeout(2000)
        page.screenshot(path=HERE / "video.png")
        page.goto(f"{address}/admin/cameras")
        page.fill("main [name=name]", "desk")
        page.click("main .primary")
        canvas = page.locator("[data-canvas]")
        for x, y in COUNTER:
            box = canvas.bounding_box() or {"width": 0, "height": 0}
            canvas.click(position={"x": x * box["width"], "y": y * box["height"]})
        page.screenshot(path=HERE / "camera.png")
        browser.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder))
        password = secrets.token_urlsafe(16)
        add_user(store, "ana", password)
        heard, seen = fill(store)
        server = open_server(create_app(store), "127.0.0.1", 0)
        threading.Thread(target=server.run, daemon=True).start()
        take(f"http://127.0.0.1:{server.effective_port}", password, heard, seen)  # type: ignore[union-attr]
        server.close()


if __name__ == "__main__":
    main()
