"""The pages of customers and their journeys."""

import pytest

from audit import phrasebook
from audit.scope import UserRole
from audit.store import open_store
from audit.users import add_user
from tests.test_overview import browser
from tests.test_web import PASSWORD, page
from web import create_app
from web.wording import AGAIN

CHATS = {
    "first.jsonl": ("2026-03-02T09:00:00+00:00", "what is your order number", "it is 4711"),
    "second.jsonl": (
        "2026-03-04T09:00:00+00:00",
        "what is your order number",
        "I told you before, it is 4711",
    ),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    import json

    from audit.pipeline import audit_file, find_rubric

    folder = tmp_path_factory.mktemp("customers")
    store = open_store(folder / "home")
    for name, (at, asked, told) in CHATS.items():
        minute = at.replace("09:00", "09:01")
        rows = [
            {"at": at, "from": "agent", "name": "Sara", "text": asked},
            {"at": minute, "from": "customer", "name": "Laura Keller", "text": told},
        ]
        (folder / name).write_text("\n".join(map(json.dumps, rows)), "utf-8")
        facts = "agent: Sara\ncustomer: C-1007\nteam: Rome desk\n"
        (folder / name.replace(".jsonl", ".meta.yaml")).write_text(facts, "utf-8")
        audit_file(folder / name, [find_rubric("chat-en")], store)
    add_user(store, "ana", PASSWORD)
    add_user(store, "lea", PASSWORD, UserRole.LEAD, "Milan desk")
    return create_app(store)


def test_a_journey_shows_its_steps_and_what_was_said_twice(site):
    client = browser(site)
    shown = page(client, "/customers")
    [link] = [
        a["href"] for tag, a in shown.tags if tag == "a" and a.get("href", "").startswith("/customers/")
    ]
    journey = page(client, link)
    assert "2 interactions" in journey.text and "after 2 days" in journey.text
    steps = [
        a["href"] for tag, a in journey.tags if tag == "a" and a.get("href", "").startswith("/interactions/")
    ]
    assert len(steps) >= 2
    # It shows their words: the log has each of them before anybody opens one.
    log = client.get("/admin/log?action=view").text
    assert all(step.split("/")[2].partition("?")[0] in log for step in steps)
    assert all(client.get(step).status_code == 200 for step in steps)
    assert "Came back about the same" in journey.text
    assert "No customer fits" in page(client, "/customers?search=nobody").text


def test_all_that_can_be_said_twice_has_a_name_for_pages():
    books = phrasebook._books().values()
    parts = (part for book in books for part in (book.asks, book.asks_if, book.gives, book.topics))
    assert {what for part in parts for what in part} == set(AGAIN)


def test_of_another_team_there_is_no_customer(site):
    client = browser(site, "lea")
    assert "No customer fits" in page(client, "/customers").text
    assert [client.get(f"/customers/{n}").status_code for n in ("1", "0", "x", "9" * 30)] == [404] * 4
