"""Giving interactions to a person to look at, several at once from the list, without a script."""

import re

import pytest
from sqlalchemy import select, update

from audit import tables as t
from audit.assigning import assigned, assigned_among, reviewers
from audit.auditlog import entries
from audit.scope import UserRole
from audit.store import open_store
from audit.users import add_user, set_locked
from tests.test_web import PASSWORD, keep_call, log_in, stereo, token
from web import create_app

TEAMS = {"one": "Milan desk", "two": "Milan desk", "three": "Rome desk"}


class Site:
    def __init__(self, folder):
        self.store = open_store(folder / "home")
        for name, role, team in (
            ("ana", UserRole.ADMIN, ""),
            ("luca", UserRole.LEAD, "Milan desk"),
            ("rita", UserRole.REVIEWER, ""),
            ("tom", UserRole.TRAINER, ""),
        ):
            add_user(self.store, name, PASSWORD, role, team)
        self.calls = {}
        for number, (title, team) in enumerate(TEAMS.items()):
            one = keep_call(self.store, folder, stereo(folder, f"{title}.wav", 14.0 + number), title)
            with self.store.writing() as connection:
                mine = update(t.interaction).where(t.interaction.c.id == one.id)
                connection.execute(mine.values(team=team))
            self.calls[title] = one.id
        self.app = create_app(self.store)
        self.browsers = {}

    def browser(self, name):
        if name not in self.browsers:
            self.browsers[name] = self.app.test_client()
            assert log_in(self.browsers[name], name).status_code == 302
        return self.browsers[name]

    def give(self, titles, to, by="ana", query=""):
        form = {"csrf_token": token(self.browser(by), "/account"), "to": to}
        form["interaction"] = [self.calls.get(title, title) for title in titles]
        return self.browser(by).post(f"/interactions/assignments{query}", data=form)

    def who(self):
        """Title → who is to look at it."""
        found = assigned_among(self.store, self.calls.values())
        return {title: found[one] for title, one in self.calls.items() if one in found}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("assigning"))


@pytest.fixture(autouse=True)
def nobody_in_particular(site):
    with site.store.writing() as connection:
        connection.execute(t.assignment.delete())


def test_the_chosen_ones_are_given_and_the_list_stays_where_it_was(site):
    answer = site.give(["one", "three"], "rita", query="?search=morning&team=Milan+desk&older=99-9")
    assert answer.location == "/interactions?search=morning&team=Milan+desk&older=99-9&given=2"
    assert site.who() == {"one": "rita", "three": "rita"}
    assert assigned(site.store, site.calls["one"]).by == "ana"
    page = site.browser("ana").get("/interactions?given=2").text
    assert "Assigned: 2 interactions." in page and page.count("for <bdi>rita</bdi>") == 2
    rows = entries(site.store, 2, action="assigned")
    assert {(row.who, row.subject) for row in rows} == {
        ("ana", site.calls["one"]),
        ("ana", site.calls["three"]),
    }
    mine = site.browser("rita").get("/interactions?mine=1").text
    assert {title for title in TEAMS if f'dir="auto">{title}</a>' in mine} == {"one", "three"}
    site.give(["one"], "")
    assert site.who() == {"three": "rita"}


def test_the_address_after_giving_has_only_what_the_list_asks_for(site):
    answer = site.give(["one"], "rita", query="?endpoint=x&_external=1&_scheme=ftp&_anchor=y&team=Milan+desk")
    assert answer.location == "/interactions?team=Milan+desk&given=1"


def test_each_row_has_a_box_of_its_own_that_belongs_to_the_form(site):
    page = site.browser("ana").get("/interactions?team=Milan+desk").text
    boxes = re.findall(
        r'<input type="checkbox" form="assign" name="interaction" value="(\w+)" ([^>]*)>', page
    )
    assert {one for one, _ in boxes} == {site.calls["one"], site.calls["two"]}
    named = {re.search('aria-label="([^"]*)"', about)[1] for _, about in boxes}
    assert named == {"Choose one", "Choose two"}
    [form] = re.findall(
        r'<form class="line" id="assign" method="post" action="([^"]*)"[^>]*>(.*?)</form>', page, re.S
    )
    assert form[0] == "/interactions/assignments?team=Milan+desk"
    assert re.findall(r"<option[^>]*>([^<]*)", form[1])[1:] == ["ana", "luca", "rita"]


@pytest.mark.parametrize(
    ("by", "titles", "to", "code"),
    [
        ("ana", [], "rita", 422),
        ("ana", ["one", "three"], "luca", 422),
        ("ana", ["one"], "tom", 422),
        ("ana", ["one"], "nobody", 422),
        ("ana", ["one", "f" * 64], "rita", 404),
        ("luca", ["one", "three"], "luca", 404),
        ("tom", ["one"], "rita", 403),
    ],
)
def test_all_are_given_or_none(site, by, titles, to, code):
    answer = site.give(titles, to, by)
    assert (answer.status_code, site.who()) == (code, {})
    if code == 422:
        assert 'role="alert"' in answer.text


def test_a_lead_gives_within_the_team(site):
    assert site.give(["one", "two"], "luca", "luca").status_code == 303
    assert site.who() == {"one": "luca", "two": "luca"}


def test_who_does_not_review_is_offered_no_boxes(site):
    site.give(["one"], "rita")
    page = site.browser("tom").get("/interactions").text
    assert 'form="assign"' not in page and "for <bdi>rita</bdi>" in page


def test_who_can_be_given_something(site):
    assert reviewers(site.store, None) == ("ana", "luca", "rita")
    assert reviewers(site.store, "Rome desk") == ("ana", "rita")
    set_locked(site.store, "rita", True)
    assert reviewers(site.store, "Rome desk") == ("ana",)
    set_locked(site.store, "rita", False)
    with site.store.reading() as connection:
        assert connection.execute(select(t.assignment)).all() == []
