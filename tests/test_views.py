"""Kept views of the list: whose they are, who sees them, and what becomes of them."""

from html import unescape

import pytest

from audit.auditlog import entries
from audit.saved import EVERYBODY, save_search, searches_seen
from audit.scope import UserRole
from audit.searching import Wanted
from audit.store import open_store
from audit.users import add_user, remove_user
from tests.test_web import PASSWORD, log_in, send
from web import create_app

LATE = "/interactions?search=late&channel=call"


class Site:
    """The dashboard with browsers of two teams' leads, a reviewer and an agent."""

    def __init__(self, folder):
        self.store = open_store(folder / "home")
        app = create_app(self.store)
        self.browsers = {}
        for name, role, team, employee in (
            ("rita", UserRole.REVIEWER, "", ""),
            ("milan", UserRole.LEAD, "Milan desk", ""),
            ("mara", UserRole.LEAD, "Milan desk", ""),
            ("rome", UserRole.LEAD, "Rome desk", ""),
            ("sarah", UserRole.AGENT, "", "Sarah Lind"),
        ):
            add_user(self.store, name, PASSWORD, role, team, employee)
            self.browsers[name] = app.test_client()
            assert log_in(self.browsers[name], name).status_code == 302

    def get(self, name, address=LATE):
        return unescape(self.browsers[name].get(address).text)

    def send(self, name, address, /, **form):
        return send(self.browsers[name], address, **form)

    def keep(self, name, called, **more):
        return self.send(name, "/views" + LATE.removeprefix("/interactions"), name=called, **more)

    def number(self, name, called):
        kept = searches_seen(self.store, name, None, others=False)
        return next(one.number for one in kept if one.name == called)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("views"))


def test_a_view_is_kept_opened_renamed_and_deleted(site):
    assert "Keep this view" in site.get("rita")
    assert site.keep("rita", " تأخیر  calls ").location == LATE
    page = site.get("rita")
    assert f'<a href="{LATE}" aria-current="true"><bdi>تأخیر calls</bdi>' in page
    assert "Keep this view" not in page
    number = site.number("rita", "تأخیر calls")
    assert site.send("rita", f"/views/{number}", do="rename", name="late").location == LATE
    assert "<bdi>late</bdi>" in site.get("rita", "/interactions")
    assert site.send("rita", f"/views/{number}", do="delete").status_code == 303
    assert "<bdi>late</bdi>" not in site.get("rita", "/interactions")
    assert entries(site.store)[0].who == "rita" and entries(site.store)[0].action == "change"


@pytest.mark.parametrize(
    ("owner", "seen_by"),
    [("rita", {"rita", "milan", "mara", "rome"}), ("milan", {"rita", "milan", "mara"}), ("sarah", {"sarah"})],
)
@pytest.mark.parametrize("shared", [True, False])
def test_who_sees_a_view(site, owner, seen_by, shared):
    name = f"of {owner} {shared}"
    site.keep(owner, name, **({"shared": "1"} if shared else {}))
    seen = {one for one in site.browsers if f"<bdi>{name}</bdi>" in site.get(one, "/interactions")}
    assert seen == (seen_by if shared else {owner})
    number = site.number(owner, name)
    for other in set(site.browsers) - {owner}:
        assert site.send(other, f"/views/{number}", do="delete").status_code == 404
    if shared and owner != "sarah":
        site.send(owner, f"/views/{number}", do="own")
        assert f"<bdi>{name}</bdi>" not in site.get("mara" if owner == "milan" else "rome", "/interactions")


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_what_is_no_name_is_told(site, name):
    answer = site.keep("rita", name)
    assert (answer.status_code, "expected 1 to 80 letters" in answer.text) == (400, True)


def test_two_views_of_one_person_have_two_names(site):
    site.keep("mara", "one")
    site.keep("mara", "two")
    answer = site.send("mara", f"/views/{site.number('mara', 'one')}", do="rename", name="two")
    assert (answer.status_code, "no other search of yours has" in answer.text) == (400, True)
    assert site.send("mara", f"/views/{site.number('mara', 'one')}", do="burn").status_code == 400


def test_a_name_is_shown_and_never_run(site):
    save_search(site.store, "rita", "<script>alert(1)</script>", Wanted(), EVERYBODY)
    page = site.browsers["rome"].get("/interactions").text
    assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page


def test_a_form_of_another_site_keeps_nothing(site):
    assert (
        site.browsers["rita"]
        .post("/views" + LATE.removeprefix("/interactions"), data={"name": "x"})
        .status_code
        == 400
    )


def test_views_go_with_the_account_of_their_owner(site):
    add_user(site.store, "leaver", PASSWORD, UserRole.REVIEWER)
    save_search(site.store, "leaver", "mine", Wanted(), EVERYBODY)
    remove_user(site.store, "leaver")
    add_user(site.store, "leaver", PASSWORD, UserRole.REVIEWER)
    assert "mine" not in {one.name for one in searches_seen(site.store, "leaver", None)}
