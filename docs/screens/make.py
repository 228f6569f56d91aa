"""Takes the pictures of the dashboard in this folder, from the samples: python docs/screens/make.py

Needs the built scripts (`make web`) and Chromium. One call is heard by the small test model of Whisper, the
others are judged from their exact words.
"""

import secrets
import shutil
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

from audit.pipeline import audit_file, find_rubric, pack_names
from audit.store import Store, open_store
from audit.users import add_user
from web import create_app
from web.server import open_server

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TEST_MODEL = ROOT / "tests" / "weights" / "whisper-test-en"
HEARD = "charged-twice"
WIDTH_PX, HEIGHT_PX = 1440, 900


def fill(store: Store) -> str:
    """Audits every sample; gives the id of the call that was heard."""
    rubrics = [find_rubric(name) for name in pack_names()]
    samples = ROOT / "samples"
    for path in sorted([*samples.glob("*.vtt"), *samples.glob("*.jsonl")]):
        if path.stem != HEARD:
            audit_file(path, rubrics, store)
    heard = audit_file(samples / f"{HEARD}.opus", rubrics, store, "whisper", str(TEST_MODEL))
    return heard.interaction.id


def take(address: str, password: str, identity: str) -> None:
    """Takes the pictures of a running dashboard."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        size = {"width": WIDTH_PX, "height": HEIGHT_PX}
        page = browser.new_page(viewport=size, color_scheme="light")  # type: ignore[arg-type]
        page.goto(address)
        page.fill("#name", "ana")
        page.fill("#password", password)
        page.click("main button")
        page.wait_for_selector("table.list")
        page.screenshot(path=HERE / "interactions.png")
        page.goto(f"{address}/interactions/{identity}")
        page.wait_for_selector("#waveform >> css=canvas", state="attached")
        page.keyboard.press("j")
        page.wait_for_timeout(1000)
        page.screenshot(path=HERE / "interaction.png")
        browser.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder))
        password = secrets.token_urlsafe(16)
        add_user(store, "ana", password)
        identity = fill(store)
        server = open_server(create_app(store), "127.0.0.1", 0)
        threading.Thread(target=server.run, daemon=True).start()
        take(f"http://127.0.0.1:{server.effective_port}", password, identity)  # type: ignore[union-attr]
        server.close()


if __name__ == "__main__":
    main()
