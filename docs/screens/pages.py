"""Takes pictures of the dashboard's other pages, from invented interactions: python docs/screens/pages.py

Needs the built scripts (`make web`) and Chromium. The overview is also taken in Italian, in Persian, dark,
and as on a phone.
"""

import secrets
import shutil
import sys
import tempfile
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import million  # noqa: E402

from audit.store import Store, open_store  # noqa: E402
from audit.users import UserRole, add_user  # noqa: E402
from web import create_app  # noqa: E402
from web.server import open_server  # noqa: E402

INTERACTIONS, WORDS = 3000, 60

PICTURES = (
    ("overview", "/", "en", "light", 1440),
    ("overview-it", "/", "it", "light", 1024),
    ("overview-fa-dark", "/", "fa", "dark", 1440),
    ("overview-phone", "/", "en", "dark", 390),
    ("employee", "/employees/Agent%2003", "en", "light", 1440),
    ("standard-fa", "/standards/voice-en/house-greeting", "fa", "light", 1024),
    ("upload-it", "/upload", "it", "light", 1024),
    ("interactions-fa", "/interactions", "fa", "light", 1440),
    ("retention-it", "/admin/retention", "it", "light", 1024),
    ("account-fa", "/account", "fa", "dark", 1024),
)
"""(name, address, language, colours, width in px)"""


class Company(million.Invented):
    """A small company in whose last quarter every fourth interaction went worse."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, INTERACTIONS, WORDS)
        self.agents = [f"Agent {n:02}" for n in range(20)]
        self.branches = ["Milan", "Rome", "Bari", "Turin"]

    def _card(self, card: Any, identity: str, missed: Any, untold: Any, began: Any) -> dict[str, Any]:
        row = super()._card(card, identity, missed, untold, began)
        if began > million.NEWEST - timedelta(weeks=12) and int(identity[0], 16) % 4 == 0:
            row["score"] = row["standing_score"] = max(0.0, row["score"] - 9)
        return row


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        store = open_store(Path(folder))
        Company(store).fill()
        password = secrets.token_urlsafe(16)
        add_user(store, "ana", password, UserRole.ADMIN)
        server = open_server(create_app(store), "127.0.0.1", 0)
        threading.Thread(target=server.run, daemon=True).start()
        site = f"http://127.0.0.1:{server.effective_port}"  # type: ignore[union-attr]
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{site}/login")
        page.fill("#name", "ana")
        page.fill("#password", password)
        page.click("main button")
        page.wait_for_selector(".tiles")
        logged_in = context.storage_state()
        context.close()
        for name, address, language, scheme, width_px in PICTURES:
            context = browser.new_context(
                storage_state=logged_in,
                viewport={"width": width_px, "height": 900},
                locale=language,
                color_scheme=scheme,  # type: ignore[arg-type]
            )
            page = context.new_page()
            page.goto(site + address)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=HERE / f"{name}.png")
            context.close()
        browser.close()
        server.close()


if __name__ == "__main__":
    main()
