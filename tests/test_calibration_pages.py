"""Blind calibration in the dashboard and for programs: rights, blindness, forms without scripts."""

import re

import pytest
from sqlalchemy import update

from audit import tables as t
from audit.auditlog import entries
from audit.calibrating import begin, calibrations, close, own_words, say
from audit.judge import Verdict
from audit.scope import UserRole
from audit.store import open_store
from audit.tokens import TokenScope, add_token
from audit.users import add_user
from tests.test_calibrating import NAMES, say_all
from tests.test_web import PASSWORD, keep_call, log_in, stereo, token
from web import create_app

MET, MISSED = Verdict.MET, Verdict.MISSED

PEOPLE = {
    "ana": (UserRole.ADMIN, ""),
    "luca": (UserRole.LEAD, "Milan desk"),
    "nina": (UserRole.LEAD, "Rome desk"),
    "rita": (UserRole.REVIEWER, ""),
    "sam": (UserRole.REVIEWER, ""),
    "tom": (UserRole.TRAINER, ""),
    "udo": (UserRole.AUDITOR, ""),
}

SECRET = "she never says her surname"
"""A comment of one of them, and no word of any page."""


class Site:
    def __init__(self, folder):
        self.store = open_store(folder / "home")
        for name, (role, team) in PEOPLE.items():
            add_user(self.store, name, PASSWORD, role, team)
        self.call = keep_call(self.store, folder, stereo(folder))
        with self.store.writing() as connection:
            connection.execute(update(t.interaction).values(team="Milan desk"))
        [self.card] = self.store.scorecards(self.call.id)
        self.app = create_app(self.store)
        self.browsers = {name: self.app.test_client() for name in PEOPLE}
        for name, browser in self.browsers.items():
            assert log_in(browser, name).status_code == 302
        self.tokens = {name: add_token(self.store, name, tuple(TokenScope))[0] for name in PEOPLE}

    def get(self, name, path):
        return self.browsers[name].get(path)

    def post(self, name, path, in_place=False, **form):
        browser = self.browsers[name]
        headers = {"HX-Request": "true"} if in_place else {}
        data = form | {"csrf_token": token(browser, "/account")}
        return browser.post(path, data=data, headers=headers)

    def ask(self, name, path, method="GET", **body):
        sent = {"Authorization": f"Bearer {self.tokens[name]}"}
        return self.app.test_client().open(f"/api/v1{path}", method=method, headers=sent, **body)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("calibration"))


@pytest.fixture
def number(site):
    """An open calibration of luca, rita (the expert) and sam, in which rita said all and sam one."""
    for one in calibrations(site.store, closed=False):
        close(site.store, one.number, "ana", any_=True)
    made = begin(site.store, site.card, ["luca", "rita", "sam"], "rita", "rita")
    say_all(site.store, made, "rita", {"thanks": MISSED})
    say(site.store, made, "greets", MISSED, "rita", SECRET)
    say(site.store, made, "greets", MET, "sam", "clear enough")
    return made


def text(page):
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def leaks(answer):
    """What of another's words or of the machine's verdicts an answer holds."""
    told = (
        "data-moment",
        'class="reason',
        "chip",
        "swatch square",
        "waits.json",
        "The machine:",
        "Missed the",
    )
    return [one for one in (SECRET, "too late", *told) if one in answer.text]


@pytest.mark.parametrize("name", PEOPLE)
def test_who_sees_what_of_an_open_calibration(site, number, name):
    answer = site.get(name, f"/calibrations/{number}")
    expected = {"nina": 404, "tom": 403, "udo": 403}.get(name, 200)
    assert answer.status_code == expected
    listed = site.get(name, "/calibrations")
    assert listed.status_code == (403 if name in ("tom", "udo") else 200)
    api = {path: site.ask(name, f"/calibrations{path}") for path in ("", f"/{number}", f"/{number}/result")}
    assert api[f"/{number}"].status_code == expected
    assert api[f"/{number}/result"].status_code == (409 if expected == 200 else expected)
    for one in (answer, listed, *api.values()):
        if name != "rita":
            assert leaks(one) == []
        if name != "sam":
            assert "clear enough" not in one.text
    if expected == 200:
        asked = name in ("luca", "rita", "sam")
        assert ("What do you say?" in answer.text) == asked
        assert "luca 0 of 5 rita expert 5 of 5 sam 1 of 5" in text(answer.text)
        assert f'href="/calibrations/{number}"' in listed.text
        waits = "For you to judge" in listed.text and "Nothing waits for you." not in listed.text
        assert waits == (name in ("luca", "sam")) == api[f"/{number}"].json["waits_for_me"]
        mine = {"rita": set(NAMES), "sam": {"greets"}}.get(name, set())
        assert api[f"/{number}"].json["mine"].keys() == mine


def test_the_blind_page_has_the_standards_and_nothing_that_was_found(site, number):
    page = site.get("luca", f"/calibrations/{number}").text
    assert leaks(site.get("luca", f"/calibrations/{number}")) == []
    assert re.findall(r'<article class="([^"]*)" id="finding-([^"]*)"', page) == [
        ("finding", name) for name in NAMES
    ]
    assert page.count('aria-pressed="false"') >= 4 * len(NAMES)
    assert 'name="verdict"' in page and 'aria-pressed="true"' not in page.split('class="judged"')[1]
    for words in ("Callers decide in the first seconds.", "Smile first, then speak.", "well that is your"):
        assert words in text(page)
    [card] = site.store.scorecards(site.call.id)
    for finding in card.findings:
        assert finding.reason not in page
    assert f'data-draft="calibration {number} greets"' in page and "rubric=house" not in page


def test_without_scripts_a_word_is_kept_and_the_form_comes_back(site, number):
    words = f"/calibrations/{number}/words"
    answer = site.post("sam", words, standard="thanks", verdict="missed", comment=" <b>late</b> ")
    assert (answer.status_code, answer.location) == (303, f"/calibrations/{number}#finding-thanks")
    assert own_words(site.store, number, "sam")["thanks"].comment == "<b>late</b>"
    page = site.get("sam", f"/calibrations/{number}").text
    assert "&lt;b&gt;late&lt;/b&gt;</textarea>" in page
    assert re.search('id="say-thanks-missed" aria-pressed="true"', page)
    site.post("sam", words, standard="thanks", verdict="met", comment="")
    word = own_words(site.store, number, "sam")["thanks"]
    assert (word.verdict, word.comment) == (MET, "")


def test_in_place_comes_what_changed_and_with_the_last_word_the_result(site, number):
    words, page = f"/calibrations/{number}/words", f"/calibrations/{number}"
    say_all(site.store, number, "sam")
    for standard in NAMES[:-1]:
        answer = site.post("luca", words, True, standard=standard, verdict="met")
        assert answer.status_code == 200 and "HX-Request" in answer.headers["Vary"]
        swapped = set(re.findall(r'id="(\S+)"[^>]* hx-swap-oob="true"', answer.text))
        assert swapped == {
            "progress",
            *(f"{part}-{standard}" for part in ("mark", "choices", "keep", "problem")),
        }
        assert leaks(answer) == []
    answer = site.post("luca", words, True, standard="answer", verdict="met")
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, page)
    late = site.post("luca", words, standard="answer", verdict="missed")
    assert late.status_code == 409 and "it is closed: nothing can be said any more" in late.text
    shown = text(site.get("luca", page).text)
    assert SECRET in shown and "People differ on 2 of 5 standards." in shown
    assert re.search("Greets the caller people differ Machine Met luca Met rita expert Missed", shown)


@pytest.mark.parametrize(
    ("name", "form", "code", "says"),
    [
        ("ana", {}, 403, "was not asked"),
        ("tom", {}, 403, ""),
        ("nina", {}, 404, ""),
        ("sam", {"verdict": "fine"}, 422, "is no verdict; expected one of met, missed"),
        ("sam", {"standard": "nothing"}, 422, "there is none of this name"),
        ("sam", {"comment": "x" * 4001}, 422, "at most 4000 letters"),
    ],
)
def test_what_cannot_be_said_is_told(site, number, name, form, code, says):
    sent = {"standard": "thanks", "verdict": "met"} | form
    answer = site.post(name, f"/calibrations/{number}/words", **sent)
    assert answer.status_code == code and says in answer.text
    body = {name: value for name, value in sent.items() if name != "standard"}
    path = f"/calibrations/{number}/words/{sent['standard']}"
    status = 400 if set(form) & {"verdict", "comment"} else code
    assert site.ask(name, path, "PUT", json=body).status_code == status
    assert own_words(site.store, number, "sam").keys() == {"greets"}


@pytest.mark.parametrize(
    ("name", "code"), [("rita", 303), ("ana", 303), ("sam", 403), ("luca", 403), ("nina", 404), ("tom", 403)]
)
def test_whoever_began_it_or_an_admin_closes_it(site, number, name, code):
    page = site.get(name, f"/calibrations/{number}").text
    assert ("Close it now" in page) == (code == 303)
    answer = site.post(name, f"/calibrations/{number}/closing")
    assert answer.status_code == code
    if code != 303:
        assert site.ask(name, f"/calibrations/{number}/closing", "POST").status_code == code
        assert [one.number for one in calibrations(site.store, closed=False)] == [number]
        return
    assert site.post(name, f"/calibrations/{number}/closing").status_code == 303
    assert SECRET in site.get("sam", f"/calibrations/{number}").text
    found = site.ask("luca", f"/calibrations/{number}/result").json
    assert [one["standard"] for one in found["standards"]][:1] == ["greets"]
    assert found["standards"][0]["words"]["rita"]["comment"] == SECRET
    assert found["people"] == {"luca": None, "rita": None, "sam": {"n": 1, "agreed": 0.0, "kappa": 0.0}}
    together = site.ask("luca", "/calibrations/agreements").json
    assert together["machine"]["name"] == "" and {one["standard"] for one in together["standards"]} == set(
        NAMES
    )
    assert site.ask("nina", "/calibrations/agreements").json == {
        "people": [],
        "machine": None,
        "standards": [],
    }


@pytest.mark.parametrize(
    ("name", "form", "code", "says"),
    [
        ("rita", {"person": ["rita"]}, 422, "Choose at least 2 people"),
        (
            "rita",
            {"person": ["luca", "sam"], "expert": "rita"},
            422,
            "The expert is one of those who are asked",
        ),
        ("rita", {"person": ["luca", "tom"]}, 422, "cannot look at it"),
        ("rita", {"person": ["nina", "sam"]}, 422, "cannot look at it"),
        ("rita", {"person": ["luca", "sam"], "rubric": "other"}, 404, "no scorecard under"),
        ("nina", {"person": ["luca", "sam"]}, 404, ""),
        ("tom", {"person": ["luca", "sam"]}, 403, ""),
        ("luca", {"person": ["luca", "sam"], "expert": "sam"}, 303, ""),
    ],
)
def test_who_may_begin_one_with_whom(site, name, form, code, says):
    for one in calibrations(site.store, closed=False):
        close(site.store, one.number, "ana", any_=True)
    before = len(calibrations(site.store))
    answer = site.post(name, f"/interactions/{site.call.id}/calibration", **{"rubric": "house"} | form)
    assert answer.status_code == code and says in answer.text
    assert len(calibrations(site.store)) == before + (code == 303)
    if code == 303:
        assert answer.location == f"/calibrations/{calibrations(site.store)[0].number}"
        again = site.post(name, f"/interactions/{site.call.id}/calibration", rubric="house", **form)
        assert again.status_code == 422 and "is being calibrated already" in again.text
    elif code == 422:
        for chosen in set(form["person"]) - {"nina", "tom"}:
            if "Choose" in says or "expert" in says:
                assert f'value="{chosen}" checked' in answer.text


def test_a_review_page_offers_it_to_whoever_reviews(site):
    offered = {
        name
        for name in PEOPLE
        if f"/interactions/{site.call.id}/calibration?rubric=house"
        in site.get(name, f"/interactions/{site.call.id}").text
    }
    assert offered == {"ana", "luca", "rita", "sam"}
    page = site.get("rita", f"/interactions/{site.call.id}/calibration?rubric=house").text
    assert re.findall('name="person" value="([^"]*)"', page) == ["ana", "luca", "rita", "sam"]


def test_programs_begin_judge_and_go_through_the_list(site):
    for one in calibrations(site.store, closed=False):
        close(site.store, one.number, "ana", any_=True)
    path = f"/interactions/{site.call.id}/scorecards/house/calibrations"
    made = site.ask("rita", path, "POST", json={"people": ["sam", "luca"], "expert": "luca"})
    assert (made.status_code, made.json["expert"], made.json["closed_at"]) == (201, "luca", None)
    number = made.json["number"]
    assert made.headers["Location"] == f"/api/v1/calibrations/{number}"
    for name, verdict in (("sam", "met"), ("luca", "missed")):
        for standard in NAMES:
            answer = site.ask(
                name, f"/calibrations/{number}/words/{standard}", "PUT", json={"verdict": verdict}
            )
            assert answer.status_code == 200 and answer.json["mine"][standard]["verdict"] == verdict
    assert answer.json["closed_at"] is not None
    first = site.ask("rita", "/calibrations?limit=1&closed=true").json
    assert [one["number"] for one in first["items"]] == [number] and first["next"]
    assert site.ask("rita", "/calibrations?closed=false").json["items"] == []


def test_who_looks_at_one_looks_at_its_interaction(site, number):
    site.get("sam", f"/calibrations/{number}")
    assert ("view", site.call.id) in {
        (row.action, row.subject) for row in entries(site.store, 200, who="sam")
    }


def test_a_token_needs_the_scope_of_reviews(site, number):
    secret = add_token(site.store, "sam", (TokenScope.READ,))[0]
    headers = {"Authorization": f"Bearer {secret}"}
    for path in ("", f"/{number}", f"/{number}/result", "/agreements"):
        assert site.app.test_client().get(f"/api/v1/calibrations{path}", headers=headers).status_code == 403
