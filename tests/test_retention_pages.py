"""The administration of what is kept: keep times, holds, and an erasure with its proof."""

import re
import time
from datetime import UTC, datetime
from html import unescape

import pytest
from sqlalchemy import update

from audit import tables as t
from audit.auditlog import entries
from audit.erasing import begin, of_interactions
from audit.holds import add_hold, holds
from audit.store import open_store
from audit.users import add_user
from tests.test_web import PASSWORD, keep_call, log_in, stereo, token
from web import create_app

LONG_AGO = datetime(2020, 3, 2, 9, tzinfo=UTC)


class Site:
    def __init__(self, folder):
        self.folder = folder
        self.store = open_store(folder / "home")
        add_user(self.store, "ana", PASSWORD)
        self.client = create_app(self.store).test_client()
        assert log_in(self.client).status_code == 302
        self.calls = 0

    def call(self, customer=""):
        self.calls += 1
        path = stereo(self.folder, f"{self.calls}.wav", 3.0 + self.calls)
        one = keep_call(self.store, self.folder, path, f"call {self.calls}")
        with self.store.writing() as connection:
            row = update(t.interaction).where(t.interaction.c.id == one.id)
            connection.execute(row.values(customer=customer or None, started_at=LONG_AGO))
        return one

    def get(self, address):
        return unescape(self.client.get(address).text)

    def send(self, address, **form):
        return self.client.post(address, data=form | {"csrf_token": token(self.client, "/account")})

    def over(self, address):
        """The page of an erasure, once it is over."""
        for _ in range(400):
            page = self.get(address)
            if "data-events" not in page:
                return page
            time.sleep(0.1)
        raise AssertionError(f"{address} is not over")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("retention"))


def test_keep_times_are_shown_and_what_would_go_is_counted(site):
    file = site.store.home / "retention.yaml"
    assert "for ever" in site.get("/admin/retention")
    file.write_text("call: {scorecards: 90 days, media: 1 day}\n", "utf-8")
    one, held = site.call(), site.call()
    add_hold(site.store, "interaction", held.id, "case 1", "ana")
    page = site.get("/admin/retention?due=1")
    assert "90 days" in page and "1 day" in page
    assert "of 1 interaction would go" in page and "Over their time and held" in page
    assert site.store.interaction(one.id).id == one.id, "nothing is removed by looking"
    file.write_text("call: {media: soon}\n", "utf-8")
    broken = site.get("/admin/retention")
    assert "expected a time such as 90 days" in broken and str(site.store.home) not in broken
    file.unlink()


def test_a_hold_is_added_and_lifted_and_the_log_has_both(site):
    one = site.call("C-77")
    added = site.send("/admin/holds", kind="customer", value="C-77", reason="<b>case</b> 12")
    assert added.location == "/admin/retention?done=1"
    assert "&lt;b&gt;case&lt;/b&gt; 12" in site.client.get("/admin/retention").text
    [hold] = [h for h in holds(site.store) if h.value == "C-77"]
    assert (hold.held_by, hold.reason) == ("ana", "<b>case</b> 12")
    assert "held, so nothing" in site.get("/admin/erase?kind=customer&value=C-77")
    refused = site.send("/admin/erase", kind="customer", value="C-77", again="C-77")
    assert "It is held, so nothing was erased" in refused.text and "faster" not in refused.text
    assert refused.status_code == 409 and site.store.interaction(one.id).id == one.id
    assert site.send(f"/admin/holds/{hold.number}").status_code == 303
    assert site.send(f"/admin/holds/{hold.number}").status_code == 404
    assert [(e.who, e.subject) for e in entries(site.store, 2, action="hold")] == [
        ("ana", f"hold {hold.number}")
    ] * 2


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"kind": "customer", "value": "nobody", "reason": "x"}, 404),
        ({"kind": "interaction", "value": "0" * 64, "reason": "x"}, 404),
        ({"kind": "customer", "value": "C-77", "reason": " "}, 422),
        ({"kind": "customer", "value": "", "reason": "x"}, 422),
        ({"kind": "street", "value": "C-77", "reason": "x"}, 400),
    ],
)
def test_what_is_no_hold_is_told(site, form, code):
    before = holds(site.store)
    answer = site.send("/admin/holds", **form)
    assert answer.status_code == code and ('role="alert"' in answer.text) == (code != 400)
    assert holds(site.store) == before


def test_a_customer_is_erased_after_it_was_typed_again_and_the_proof_is_shown(site):
    mine, other = site.call("C-9001"), site.call("C-9002")
    page = site.get("/admin/erase?kind=customer&value=C-9001")
    assert "1 interaction goes for ever" in page and "Type" in page
    wrong = site.send("/admin/erase", kind="customer", value="C-9001", again="C-9002")
    assert (wrong.status_code, "Nothing was erased" in wrong.text) == (422, True)
    assert site.store.interaction(mine.id).id == mine.id
    begun = site.send("/admin/erase", kind="customer", value="C-9001", again="C-9001")
    assert re.fullmatch(r"/admin/erasures/\d+", begun.location)
    done = site.over(begun.location)
    assert "Nothing of it is left." in done and "1 interaction is erased" in done
    assert re.search(r"\d+ tables and \d+ files were searched", done)
    # The recording lies where the house put it.
    assert "Delete them yourself" in done and mine.path in done
    assert site.client.get(f"/interactions/{mine.id}").status_code == 404
    assert site.store.interaction(other.id).id == other.id
    logged = entries(site.store, 1, action="erase")[0]
    assert (logged.who, logged.detail) == ("ana", {"interactions": 1})
    again = site.send("/admin/erase", kind="customer", value="C-9001", again="C-9001")
    assert again.status_code == 404
    assert "Nothing of it is stored" in site.get("/admin/erase?kind=customer&value=C-9001")


def test_scores_stay_as_sums_where_the_box_is_ticked(site):
    asked = {}
    for box in ({}, {"keep_sums": "1"}):
        one = site.call(f"C-91{len(box)}")
        begun = site.send("/admin/erase", kind="interaction", value=one.id, again=one.id, **box)
        site.over(begun.location)
        asked[bool(box)] = entries(site.store, 1, action="erase")[0].detail
    assert asked == {False: {"interactions": 1}, True: {"interactions": 1, "keep_sums": True}}


def test_what_was_interrupted_is_finished(site):
    one = site.call()
    number = begin(site.store, of_interactions(site.store, [one.id]))
    assert "is not finished" in site.get("/admin/retention")
    assert "It is not finished" in site.get(f"/admin/erasures/{number}")
    assert site.send("/admin/erasures").location == f"/admin/erasures/{number}"
    assert "Nothing of it is left." in site.over(f"/admin/erasures/{number}")
    assert "not finished" not in site.get("/admin/retention")
    assert site.client.get("/admin/erasures/4711").status_code == 404


@pytest.mark.parametrize("asked", ["", "kind=customer", "kind=customer&value=+"])
def test_where_nothing_is_named_the_page_of_keep_times_asks(site, asked):
    assert site.client.get(f"/admin/erase?{asked}").location == "/admin/retention"


@pytest.mark.parametrize("asked", ["kind=interaction&value=zzz", "kind=street&value=x"])
def test_what_cannot_be_erased_is_told(site, asked):
    page = site.client.get(f"/admin/erase?{asked}")
    assert page.status_code == 200 and "Erase for ever" not in page.text
