"""The administration of what is kept: keep times, holds, and an erasure with its proof."""

import re
import time
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import update

from audit import tables as t
from audit.auditlog import entries
from audit.customers import people
from audit.erasing import begin, of_interactions
from audit.holds import add_hold, holds
from audit.interactions import Channel, Role
from audit.pipeline import audit_file, find_rubric
from audit.retention import read_retention
from audit.scope import UserRole
from audit.store import open_store
from audit.users import add_user
from tests.test_web import PASSWORD, keep_call, log_in, send, stereo, token
from web import create_app

SAMPLE = Path(__file__).parent.parent / "samples" / "chat-wrong-size.jsonl"
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
        return send(self.client, address, **form)

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
    assert 'name="call-scorecards" value="90"' in page and 'name="call-media" value="1"' in page
    assert "of 1 interaction would go" in page and "Over their time and held" in page
    assert site.store.interaction(one.id).id == one.id, "nothing is removed by looking"
    file.write_text("call: {media: soon}\n", "utf-8")
    broken = site.get("/admin/retention")
    assert "expected a time such as 90 days" in broken and str(site.store.home) not in broken
    file.unlink()


def times(page):
    """The fields of the form of keep times, as the page gave them."""
    fields = dict(re.findall(r'<input name="([a-z_]+-[a-z]+)" value="([^"]*)"', page))
    hidden = dict(re.findall(r'name="(was|looked)" value="([0-9a-f]+)"', page))
    assert len(fields) == 24
    return fields | hidden


def test_keep_times_are_kept_once_it_was_looked_at_what_they_would_remove(site):
    file = site.store.home / "retention.yaml"
    file.write_text("every: {media: 9 days}\nkeep_sums: true\n", "utf-8")
    before = file.read_bytes()
    one, held = site.call(), site.call()
    add_hold(site.store, "interaction", held.id, "case 2", "ana")
    form = times(site.get("/admin/retention")) | {"call-scorecards": "90", "chat-media": "۳۰"}
    looked = site.send("/admin/retention", **form)
    page = unescape(looked.text)
    assert looked.status_code == 200 and "not kept yet" in page and "would go" in page
    assert 'name="chat-media" value="۳۰"' in page and "Over their time and held" in page
    assert file.read_bytes() == before and entries(site.store, 1, action="keep times") == ()
    form = times(page)
    # What was changed since is looked at anew.
    assert site.send("/admin/retention", **form | {"call-scorecards": "91"}).status_code == 200
    assert file.read_bytes() == before
    kept = site.send("/admin/retention", **form)
    assert (kept.status_code, kept.location) == (303, "/admin/retention?done=1")
    now = read_retention(file)
    assert (now.of(Channel.CALL).scorecards, now.of(Channel.CHAT).media) == (90, 30)
    assert (now.of(Channel.EMAIL).media, now.of(Channel.EMAIL).scorecards, now.keep_sums) == (9, None, True)
    logged = entries(site.store, 1)[0]
    assert (logged.who, logged.action, logged.subject) == ("ana", "keep times", "retention.yaml")
    assert "scorecards: 90 days" in logged.detail["call"]
    assert site.store.interaction(one.id).id == one.id
    # Times as they are change nothing, so there is nothing to keep.
    same = site.send("/admin/retention", **times(site.get("/admin/retention"))).text
    assert "not kept yet" not in same and "Keep these times" not in same and "would go" in same
    file.unlink()


@pytest.mark.parametrize("typed", ["0", "-1", "1.5", "soon", "100000", "9" * 400, "90 days", "²", "<i>"])
def test_what_is_no_keep_time_is_told_at_its_field(site, typed):
    form = times(site.get("/admin/retention")) | {"email-transcripts": typed}
    answer = site.send("/admin/retention", **form)
    assert answer.status_code == 422 and "Nothing was changed" in answer.text
    assert answer.text.count('aria-invalid="true"') == 1 and "<i>" not in answer.text
    assert re.search(r'aria-invalid="true" aria-describedby="email-transcripts-problem"', answer.text)
    assert "Whole days, 1 to 99999, or nothing" in answer.text and "looked" not in answer.text
    assert not (site.store.home / "retention.yaml").exists()


def test_half_a_form_and_a_late_one_change_nothing(site):
    file = site.store.home / "retention.yaml"
    form = times(site.get("/admin/retention"))
    lacking = {name: value for name, value in form.items() if name != "call-media"}
    assert site.send("/admin/retention", **lacking).status_code == 422
    looked = times(unescape(site.send("/admin/retention", **form | {"call-media": "5"}).text))
    file.write_text("call: {media: 7 days}\n", "utf-8")
    late = site.send("/admin/retention", **looked)
    assert late.status_code == 409 and "Somebody else has changed the times" in late.text
    assert 'name="call-media" value="7"' in late.text
    file.write_text("call: {media: soon}\n", "utf-8")
    broken = site.send("/admin/retention", **looked)
    assert broken.status_code == 409 and "expected a time such as 90 days" in broken.text
    assert file.read_text("utf-8") == "call: {media: soon}\n"
    file.unlink()


def test_only_admins_set_keep_times(site):
    for role in UserRole:
        if role != UserRole.ADMIN:
            more = {"employee": "Sarah"} if role == UserRole.AGENT else {"team": "A"}
            add_user(site.store, role.value, PASSWORD, role, **(more if role in ("agent", "lead") else {}))
            client = create_app(site.store).test_client()
            log_in(client, role.value)
            form = {"csrf_token": token(client, "/account"), "call-media": "1"}
            assert client.post("/admin/retention", data=form).status_code == 403
    assert site.client.post("/admin/retention", data={"call-media": "1"}).status_code == 400


def test_an_interaction_and_a_customer_are_held_from_their_own_pages(site):
    one = site.call()
    form = re.search(r'action="/admin/holds".*?</form>', site.get(f"/interactions/{one.id}"), re.S)[0]
    assert f'name="value" value="{one.id}"' in form
    site.send("/admin/holds", kind="interaction", value=one.id, reason="case 31")
    page = site.get(f"/interactions/{one.id}")
    [hold] = [h for h in holds(site.store) if h.value == one.id]
    assert "case 31" in page and f'action="/admin/holds/{hold.number}"' in page
    site.send(f"/admin/holds/{hold.number}")
    assert "case 31" not in site.get(f"/interactions/{one.id}")
    audit_file(SAMPLE, [find_rubric("chat-en")], site.store)
    [laura] = people(site.store, Role.CUSTOMER, "Laura", 1)
    address = f"/customers/{laura.number}"
    assert f'name="value" value="#{laura.number}"' in site.get(address)
    site.send("/admin/holds", kind="customer", value=f"#{laura.number}", reason="case 32")
    page = site.get(address)
    [hold] = [h for h in holds(site.store) if h.reason == "case 32"]
    assert "case 32" in page and hold.value != f"#{laura.number}"
    site.send(f"/admin/holds/{hold.number}")
    assert "case 32" not in site.get(address)
    log_in(reviewer := create_app(site.store).test_client(), "reviewer")
    for shown in (address, f"/interactions/{one.id}"):
        answer = reviewer.get(shown)
        assert answer.status_code == 200 and "/admin/holds" not in answer.text


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
    assert answer.status_code == code and ('class="problem" role="alert"' in answer.text) == (code != 400)
    # What the machine says is English on every page, and read as such.
    assert ('role="alert" dir="auto"><span lang="en" dir="ltr">' in answer.text) == (code == 404)
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
