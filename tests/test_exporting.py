"""What leaves over the network: the list of interactions as a file, and what of it whoever asks may see."""

import csv
import functools
import io
import json
import zipfile

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select, update

from audit import tables as t
from audit.auditlog import entries
from audit.erasing import erase, of_interactions
from audit.leaving import FORMATS, TooMuch
from audit.leaving.download import LEFT_OUT, download
from audit.scope import EVERYTHING, Scope, UserRole
from audit.searching import Wanted
from tests.test_api import Interface, is_problem
from tests.test_rights import ALL, SEEN, TEAM
from tests.test_vcon import CHAT, vcon
from tests.test_web import log_in, token
from web.rights import RIGHTS, Right

EXPORTING = [role for role in UserRole if Right.EXPORT in RIGHTS[role]]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Interface(tmp_path_factory.mktemp("exporting"))
    # What a customer is called and wrote, with what a spreadsheet would run.
    with made.store.writing() as connection:
        named = update(t.interaction).where(t.interaction.c.id == made.calls["kept"].id)
        connection.execute(named.values(customer="Laura Brown", branch="=cmd|calc"))
    made.browser = functools.cache(lambda role: logged_in(made.app, role))
    return made


def logged_in(app, role):
    browser = app.test_client()
    assert log_in(browser, role.value).status_code == 302
    return browser


def files(answer):
    """Name → content of what was given."""
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist()}


def ids(inside):
    """The interactions in what was given, whatever its format."""
    if "scorecards.csv" in inside:
        rows = csv.DictReader(io.StringIO(inside["scorecards.csv"].decode("utf-8-sig")))
        return {row["interaction"] for row in rows}
    if "scorecards.parquet" in inside:
        rows = pq.read_table(io.BytesIO(inside["scorecards.parquet"])).to_pylist()
        return {row["interaction"] for row in rows}
    if "scorecards.jsonl" in inside:
        return {json.loads(line)["interaction"] for line in inside["scorecards.jsonl"].splitlines()}
    bodies = [
        one["body"]
        for content in inside.values()
        for one in json.loads(content)["analysis"]
        if one.get("schema") == "comport.scorecard/1"
    ]
    return {(json.loads(body) if isinstance(body, str) else body)["interaction"] for body in bodies}


def send(site, role, query="", **form):
    browser = site.browser(role)
    form = {"format": "json", "csrf_token": token(browser, "/account")} | form
    return browser.post(f"/interactions/export{query}", data=form)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("role", EXPORTING)
def test_each_role_takes_what_it_sees_by_page_and_by_token(site, role, form):
    seen = {site.calls[title].id for title in SEEN[role]}
    assert ids(files(send(site, role, format=form))) == seen
    assert ids(files(site.ask("/exports", role, "POST", json={"format": form}))) == seen
    rows = entries(site.store, 2, action="export")
    assert [(row.who, row.detail) for row in rows] == [(role.value, {"format": form, "personal": False})] * 2
    assert all(row.subject.startswith(f"downloaded by {role.value} on 20") for row in rows)


@pytest.mark.parametrize("role", [role for role in UserRole if role not in EXPORTING])
def test_other_roles_take_nothing_and_are_offered_nothing(site, role):
    assert send(site, role).status_code == 403
    assert site.ask("/exports", role, "POST", json={"format": "json"}).status_code == 403
    assert "/interactions/export" not in site.browser(role).get("/interactions").text


@pytest.mark.parametrize(
    ("query", "wanted", "titles"),
    [
        ("?search=morning", {"words": "morning"}, ALL),
        ("?search=nowhere", {"words": "nowhere"}, set()),
        ("?team=Milan+desk", {"team": TEAM}, {"released", "kept", "colleague"}),
        ("?agent=Ben+Adler&team=Milan+desk", {"agent": "Ben Adler", "team": TEAM}, {"colleague"}),
        ("?rubric=other", {"rubric": "other"}, set()),
    ],
)
def test_what_is_taken_is_what_the_list_shows(site, query, wanted, titles):
    browser = site.browser(UserRole.ADMIN)
    shown = browser.get(f"/interactions{query}").text
    assert {title for title in ALL if f'dir="auto">{title}</a>' in shown} == titles
    assert (f'action="/interactions/export{query}"'.replace("&", "&amp;") in shown) == bool(titles)
    expected = {site.calls[title].id for title in titles}
    assert ids(files(send(site, UserRole.ADMIN, query))) == expected
    asked = {"format": "json", "wanted": wanted}
    assert ids(files(site.ask("/exports", method="POST", json=asked))) == expected


@pytest.mark.parametrize("form", FORMATS)
def test_no_personal_data_and_no_formula_is_taken(site, form):
    inside = files(send(site, UserRole.ADMIN, format=form))
    whole = "".join(f"{content}" for content in inside.values())
    if form == "parquet":
        whole = "".join(str(pq.read_table(io.BytesIO(content)).to_pylist()) for content in inside.values())
    assert "Laura" not in whole and "Brown" not in whole
    if form == "csv":
        rows = csv.reader(io.StringIO(inside["scorecards.csv"].decode("utf-8-sig")))
        assert "'=cmd|calc" in {cell for row in rows for cell in row}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"format": "xls"}, 400),
        ({"format": "csv", "wanted": {"colour": "red"}}, 400),
        ({"format": "csv", "wanted": {"since": "soon"}}, 422),
        ({"format": "csv", "personal": True}, 400),
    ],
)
def test_what_cannot_be_exported_is_told(site, body, status):
    answer = site.ask("/exports", method="POST", json=body)
    assert (answer.status_code, is_problem(answer)) == (status, True)
    assert send(site, UserRole.ADMIN, format="xls").status_code == 400


@pytest.mark.parametrize(("most", "given"), [(3, False), (4, True), (5, True)])
def test_more_than_a_download_gives_is_refused_before_anything_is_given(site, monkeypatch, most, given):
    if given:
        assert download(site.store, "ana", "json", Wanted(), EVERYTHING, most).read(2) == b"PK"
        return
    with pytest.raises(TooMuch, match=f"more than {most} scorecards fit"):
        download(site.store, "ana", "json", Wanted(), EVERYTHING, most)
    monkeypatch.setattr("web.exporting.download", lambda *of: download(*of, most))
    page = send(site, UserRole.ADMIN)
    assert (page.status_code, "More than 3 scorecards fit" in page.text) == (422, True)
    told = site.ask("/exports", method="POST", json={"format": "csv"})
    assert (told.status_code, "more than 3 scorecards fit" in told.json["detail"]) == (422, True)


def test_what_was_refused_is_not_noted_as_downloaded(site, monkeypatch):
    monkeypatch.setattr("audit.leaving.PAGE", 1)
    with site.store.reading() as connection:
        before = [connection.execute(select(table)).all() for table in (t.export, t.export_row)]
    with pytest.raises(TooMuch):
        download(site.store, "ana", "json", Wanted(), EVERYTHING, 3)
    with site.store.reading() as connection:
        assert before == [connection.execute(select(table)).all() for table in (t.export, t.export_row)]


def test_a_vcon_with_what_is_not_seen_is_left_out(site, tmp_path):
    from audit.intake import arrivals
    from audit.pipeline import audit_arrival, find_rubric

    path = tmp_path / "both.vcon"
    path.write_text(json.dumps(vcon(*CHAT["dialog"])))
    judged = [audit_arrival(one, [find_rubric("chat-en")], site.store) for one in arrivals(path)]
    [one] = [each.interaction for each in judged]
    with site.store.reading() as connection:
        same = connection.execute(select(t.interaction).where(t.interaction.c.id == one.id)).one()._mapping
        body = connection.execute(select(t.original)).one()._mapping
    other = "e" * 64
    with site.store.writing() as connection:
        # Another one of the same document, of another team.
        row = update(t.interaction).where(t.interaction.c.id == one.id)
        connection.execute(row.values(team=TEAM))
        connection.execute(t.interaction.insert().values(dict(same) | {"id": other, "team": "Rome desk"}))
        connection.execute(t.original.insert().values(dict(body) | {"interaction_id": other}))
    for scope, left in ((Scope(team=TEAM), True), (EVERYTHING, False)):
        with download(site.store, "ana", "vcon", Wanted(rubric="chat-en"), scope) as content:
            inside = zipfile.ZipFile(content).namelist()
            assert (LEFT_OUT in inside, len(inside)) == (left, 1)


def test_an_erasure_tells_of_downloads_that_it_cannot_reach(site):
    one = site.calls["elsewhere"]
    send(site, UserRole.AUDITOR)
    asked = of_interactions(site.store, [one.id])
    done = erase(site.store, asked)
    assert done.complete and done.exports == ()
    assert any(told.startswith("downloaded by auditor on 20") for told in done.downloads)
    with site.store.reading() as connection:
        named = select(t.export_row).where(t.export_row.c.interaction_id == one.id)
        assert connection.execute(named).all() == []
