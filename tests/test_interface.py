"""The page that shows the interface for programs and tries it."""

import json
import re

import pytest

from audit.store import open_store
from audit.tokens import TokenScope, add_token
from audit.users import add_user
from tests.serving import CHROMIUM, served
from tests.test_browser import BUNDLE
from tests.test_web import PASSWORD, keep_call, stereo
from web import create_app
from web.api import OPERATIONS
from web.api.document import address


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interface")
    found = open_store(folder / "home")
    add_user(found, "ana", PASSWORD)
    keep_call(found, folder, stereo(folder), "charged twice")
    return found


@pytest.fixture(scope="module")
def app(store):
    return create_app(store)


def test_every_operation_is_shown_also_to_who_is_not_logged_in(app):
    page = app.test_client().get("/api/v1/")
    assert page.status_code == 200
    shown = set(re.findall(r'data-method="(\w+)" data-address="/api/v1([^"]+)"', page.text))
    assert shown == {(one.method, address(one)) for one in OPERATIONS}
    assert re.findall(r'(?:src|href|action)="(?:https?:)?//', page.text) == []


def test_a_body_begins_with_what_it_has_to_hold(app):
    page = app.test_client().get("/api/v1/").text.replace("&#34;", '"')
    part = page.split('id="add_review"')[1].split("</form>")[0]
    body = json.loads(re.search(r"<textarea[^>]*>(.*?)</textarea>", part, re.DOTALL)[1])
    assert body == {"standard": "", "verdict": "cannot_tell"}


@pytest.mark.chromium
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install the system's package 'chromium'")
@pytest.mark.skipif(not BUNDLE.is_file(), reason="the scripts are not built: run make web")
def test_it_is_tried_on_its_page(app, store, chromium):
    secret, _ = add_token(store, "ana", [TokenScope.READ])
    with served(app) as address:
        page = chromium.new_page()
        wrong = []
        page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
        page.goto(f"{address}/api/v1/")
        page.fill("#token", secret)
        page.click("#list_interactions summary")
        page.fill("#list_interactions [name=search]", "morning")
        page.click("#list_interactions button")
        page.wait_for_selector("#list_interactions output pre")
        told = page.text_content("#list_interactions output")
        assert "GET /api/v1/interactions?search=morning\n200" in told and '"charged twice"' in told
        assert secret not in page.url and secret not in page.content().replace(f'value="{secret}"', "")
        page.click("#users summary")
        page.click("#users button")
        page.wait_for_selector("#users output pre")
        assert "this token lacks the scope 'admin'" in page.text_content("#users output")
        # The browser itself tells of the 403; the policy of the page let all else through.
        assert [line for line in wrong if "403" not in line] == []
        page.close()
