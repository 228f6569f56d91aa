"""The overview: weeks, places, standards, what changed and what is chance, and how even people are."""

import hashlib
import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from audit import tables as t
from audit.interactions import Channel, Roles
from audit.intervals import Sums, compare, evenness, interval
from audit.overview import Of, Stretch, newest_stretch, overview, standard_weeks
from audit.scope import Scope, UserRole
from audit.score import Score
from audit.scorecard import Scorecard
from audit.store import open_store
from audit.tallies import outdate
from audit.users import add_user
from models.observations import to_json
from tests import build
from tests.test_web import PASSWORD, log_in, page
from web import create_app
from web.charts import scale_of, scale_of_weeks, spread_of

NEWEST = datetime(2026, 3, 6, 12, tzinfo=UTC)  # a Friday
UNTIL = datetime(2026, 3, 9, tzinfo=UTC)  # the Monday after


def keep(store, rubric, rows):
    """Keeps scorecards with nothing but their rows: (began, agent, team, branch, channel, score, verdicts)."""
    found = {"recording": [], "interaction": [], "scorecard": []}
    for number, (at, agent, team, branch, channel, score, verdicts) in enumerate(rows):
        key = hashlib.sha256(f"{id(rows)} {number}".encode()).hexdigest()
        recording = {"duration_s": 60.0, "channels": 2, "sample_rate_hz": 8000, "codec": "opus", "caveat": ""}
        found["recording"].append({"id": key, **recording})
        facts = {"agent": agent, "team": team, "branch": branch, "channel": channel, "started_at": at}
        facts |= {"title": f"call {number}", "path": f"{number}.opus", "recording_id": key, "roles": "[]"}
        found["interaction"].append({"id": key, "missing": "[]", "added_at": NEWEST, **facts})
        card = {"interaction_id": key, "rubric_digest": rubric.digest, "rubric_name": rubric.rubric}
        card |= {"digest": key, "current": True, "score": score, "standing_score": score, "judged_at": NEWEST}
        card |= {
            "assessed_share": 1.0,
            "critical_misses": int(score < 30),
            "content": content(key, rubric, score),
        }
        card |= {"waiting": int("cannot_tell" in verdicts), "verdicts": f" {verdicts} "}
        found["scorecard"].append(card)
    store.keep_rubric(rubric)
    with store.writing() as connection:
        for table, values in found.items():
            connection.execute(insert(t.metadata.tables[table]), values)
        outdate(connection, [row["id"] for row in found["interaction"]])


def content(key, rubric, score):
    """A scorecard without findings, as it is stored."""
    sums = Score(score, 1.0, (), (), ())
    named = (rubric.rubric, rubric.version, rubric.digest, rubric.title)
    return to_json(Scorecard(key, *named, "", "1", Roles((), "", 1.0), (), sums, (), ())).decode()


def company(folder):
    """Two branches: Milan falls by 20 points in the last four weeks, Rome stays; Ada is 10 above Bo."""
    of = random.Random(7)
    rows = []
    for week in range(8):
        for branch, agent, base in (("Milan", "Ada", 85), ("Milan", "Bo", 75), ("Rome", "Cy", 80)):
            for n in range(12):
                at = NEWEST - timedelta(days=7 * week, hours=n)
                fall = 20 if branch == "Milan" and week < 4 else 0
                score = base - fall + of.gauss(0, 4)
                said = (
                    "greets:met met silence:missed missed"
                    if n % 3
                    else "greets:missed missed silence:cannot_tell"
                )
                rows.append((at, agent, f"{branch} desk", branch, "call", score, said))
    rows.append(
        (NEWEST - timedelta(weeks=1), "Ada", "Milan desk", "Milan", "call", 20.0, "greets:missed missed")
    )
    rows.append((None, "Ada", "Milan desk", "Milan", "call", 1.0, "greets:missed missed"))
    return build.rubric(folder, STANDARDS), rows


STANDARDS = """
- {id: greets, title: Greets, say: greeting}
- {id: silence, title: Leaves no silence, keep: {measure: longest_silence, at_most: 15 s}}
"""


@pytest.fixture
def filled(database, tmp_path):
    store = open_store(tmp_path, database)
    keep(store, *company(tmp_path))
    return store


def test_the_overview_of_a_company(filled):
    stretch = newest_stretch(filled, 4)
    assert stretch == Stretch(UNTIL - timedelta(weeks=4), UNTIL)
    shown = overview(filled, Of(), stretch)
    assert [week.scores.n for week in shown.weeks] == [36, 36, 37, 36]
    assert (shown.whole.now.n, shown.whole.before.n) == (145, 144)
    assert shown.whole.now.mean == pytest.approx(66.2, abs=1.0)
    assert {row.name: row.now.n for row in shown.by["branch"]} == {"Milan": 97, "Rome": 48}
    assert {row.name: row.now.n for row in shown.by["channel"]} == {"call": 145}
    changed = {(kind, row.name): round(row.difference) for kind, row in shown.changes}
    assert set(changed) == {
        ("", ""),
        ("rubric", "house"),
        ("channel", "call"),
        ("branch", "Milan"),
        ("team", "Milan desk"),
    }
    assert changed["branch", "Milan"] == pytest.approx(-20, abs=2)
    assert (shown.waiting, shown.critical, shown.undated) == (48, 1, 1)
    greets, silence = (
        next(row for row in shown.standards if row.name == name) for name in ("greets", "silence")
    )
    assert greets.now.mean == pytest.approx(100 * 96 / 145)
    assert (silence.now.mean, silence.now.n) == (0.0, 96)  # what cannot be told is not counted
    assert shown.titles == {"greets": "Greets", "silence": "Leaves no silence"}
    assert shown.evenness.employees == 3
    assert 5 < shown.evenness.between < 15
    assert shown.evenness.share > 0.5


@pytest.mark.parametrize(
    ("of", "n"),
    [
        (Of(branch="Rome"), 48),
        (Of(team="Milan desk"), 97),
        (Of(rubric="other"), 0),
        (Of(channel=Channel.CHAT), 0),
    ],
)
def test_it_counts_only_what_is_asked_for(filled, of, n):
    shown = overview(filled, of, newest_stretch(filled, 4))
    assert shown.whole.now.n == n
    assert sum(week.scores.n for week in shown.weeks) == n


def test_only_what_may_be_seen_is_counted(filled):
    shown = overview(filled, Of(), newest_stretch(filled, 4), Scope(team="Rome desk"))
    assert [row.name for row in shown.by["branch"]] == ["Rome"]
    assert shown.undated == 0


def sums(values):
    return Sums(len(values), float(sum(values)), float(sum(v * v for v in values)))


@pytest.mark.parametrize(
    ("now", "before", "changed"),
    [
        ([80, 81, 79, 80, 82], [60, 61, 59, 60, 62], True),
        ([80, 60, 90, 50, 70], [70, 65, 85, 55, 72], False),
        ([80, 81, 79, 80], [60, 61, 59, 60], None),  # too few
        ([80] * 5, [70] * 5, True),
        ([], [70] * 5, None),
    ],
)
def test_what_is_a_change_and_what_is_chance(now, before, changed):
    row = compare("one", sums(now), sums(before))
    assert row.changed is bool(changed)
    assert (row.change is None) == (changed is None)


def test_intervals_are_those_of_students_and_welchs_tables():
    # Scores 1 to 5: mean 3, s = 1.5811, t(0.975, 4) = 2.7764, so 3 ± 1.963.
    found = interval(sums([1, 2, 3, 4, 5]))
    assert (found.low, found.high) == (pytest.approx(1.037, abs=0.001), pytest.approx(4.963, abs=0.001))
    # Equal variances and numbers: 8 degrees of freedom, t = 2.306, standard error 1, so 5 ± 2.306.
    change = compare("", sums([6, 7, 8, 9, 10]), sums([1, 2, 3, 4, 5])).change
    assert (change.low, change.high) == (pytest.approx(2.694, abs=0.001), pytest.approx(7.306, abs=0.001))
    assert interval(sums([1])) is None


def test_ten_of_ten_met_is_not_called_certain():
    row = compare("greets", sums([100] * 10), sums([100] * 9 + [0]), shares=True)
    assert row.difference == 10 and not row.changed
    assert row.interval.low < 85


@pytest.mark.parametrize(
    ("people", "share"),
    [
        ([[70, 72, 74, 76, 78]] * 3, 0.0),
        ([[60] * 5, [70] * 5, [80] * 5], 1.0),
        ([[60, 62, 64, 66, 68], [70, 72, 74, 76, 78]], 0.82),
    ],
)
def test_how_much_lies_between_employees(people, share):
    found = evenness([sums(one) for one in people])
    assert found.share == pytest.approx(share, abs=0.02)
    assert found.interval.low <= found.share <= found.interval.high


def test_one_employee_is_compared_with_nobody():
    assert evenness([sums([1, 2, 3, 4, 5])]) is None
    assert evenness([sums([1, 2, 3, 4, 5]), sums([1, 2])]) is None


def test_a_chart_has_room_for_its_marks(filled):
    weeks = overview(filled, Of(), newest_stretch(filled, 12)).weeks
    assert [week.scores.mean is None for week in weeks] == [True] * 4 + [False] * 8
    scale = scale_of_weeks(weeks)
    held = [end for week in weeks if week.interval for end in (week.interval.low, week.interval.high)]
    assert scale.low <= min(held) and max(held) <= scale.high
    assert scale_of_weeks(weeks[:4]).ticks == (0, 20, 40, 60, 80, 100)
    assert (scale_of([83, 97], []).low, scale_of([83, 97], []).high) == (80, 100)
    assert (scale_of([100], []).low, scale_of([100], []).high) == (80, 100)
    assert (scale_of([0], []).low, scale_of([0], []).high) == (0, 20)


@pytest.mark.parametrize(
    ("means", "bins", "as_dots"),
    [
        ([70.0, 70.9, 71.0, 90.0], [(70, 71, 2), (71, 72, 1), (89, 90, 1)], True),
        ([61.0, 62.0, 100.0], [(60, 62, 1), (62, 64, 1), (98, 100, 1)], True),
        ([3.0, 99.0], [(0, 4, 1), (96, 100, 1)], True),
        ([80.5] * 6, [(80, 81, 6)], True),
        ([80.5] * 7, [(80, 81, 7)], False),
    ],
)
def test_means_are_counted_in_steps_of_their_scale(means, bins, as_dots):
    spread = spread_of(means)
    assert [(one.low, one.high, one.n) for one in spread.bins] == bins
    assert spread.as_dots is as_dots


def test_the_share_met_of_a_standard_week_by_week(filled):
    weeks = standard_weeks(filled, "house", "greets", newest_stretch(filled, 4))
    assert [week.scores.n for week in weeks] == [36, 36, 37, 36]
    assert [round(week.scores.mean, 1) for week in weeks] == [66.7, 66.7, 64.9, 66.7]
    assert all(week.interval.low < week.scores.mean < week.interval.high for week in weeks)
    rome = standard_weeks(filled, "house", "greets", newest_stretch(filled, 4), Scope(team="Rome desk"))
    assert [week.scores.n for week in rome] == [12] * 4
    for rubric, standard in (("other", "greets"), ("house", "nothing")):
        none = standard_weeks(filled, rubric, standard, newest_stretch(filled, 4))
        assert [week.scores.n for week in none] == [0] * 4


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("overview")
    store = open_store(folder / "home")
    keep(store, *company(folder))
    add_user(store, "ana", PASSWORD)
    add_user(store, "lea", PASSWORD, UserRole.LEAD, "Rome desk")
    add_user(store, "cy", PASSWORD, UserRole.AGENT, "", "Cy")
    return create_app(store)


def browser(site, name="ana"):
    one = site.test_client()
    assert log_in(one, name).status_code == 302
    return one


def test_the_start_page_says_it_and_each_number_leads_to_its_list(site):
    client = browser(site)
    shown = page(client, "/?weeks=4")
    assert "Milan" in shown.text and "2026-02-09 to 2026-03-08" in shown.text
    links = [
        a["href"] for tag, a in shown.tags if tag == "a" and a.get("href", "").startswith("/interactions?")
    ]
    assert any("waiting=1" in link for link in links) and any("critical=1" in link for link in links)
    of = next(link for link in links if "branch=Rome" in link and "waiting" not in link)
    rows = page(client, of)
    assert sum(tag == "a" and a.get("class") == "row" for tag, a in rows.tags) == 48
    critical = next(link for link in links if "critical=1" in link)
    assert sum(tag == "a" and a.get("class") == "row" for tag, a in page(client, critical).tags) == 1


def test_a_lead_sees_the_team_and_an_agent_no_comparison(site):
    shown = page(browser(site, "lea"), "/?weeks=4")
    assert "Rome" in shown.text and "Milan" not in shown.text
    assert browser(site, "cy").get("/").location == "/interactions"


def test_the_numbers_of_a_chart_stand_in_a_table_and_lead_to_their_interactions(site):
    client = browser(site)
    shown = page(client, "/standards/house/silence?weeks=4")
    links = [a["href"] for tag, a in shown.tags if tag == "a" and "since=" in a.get("href", "")]
    assert len(links) == 4
    assert all("standard=silence" in one and "verdict=missed" in one for one in links)
    rows = [a for tag, a in shown.tags if tag == "tr" and "data-mean" in a]
    assert [row["data-n"] for row in rows] == ["24"] * 4 and {row["data-mean"] for row in rows} == {"0.0"}
    found = page(client, links[0])
    assert sum(tag == "a" and a.get("class") == "row" for tag, a in found.tags) == 24
    # An agent is compared with nobody: of others' findings there is nothing.
    assert "data-chart" not in browser(site, "cy").get("/standards/house/silence").text


def test_an_empty_installation_says_what_to_do_first(tmp_path):
    store = open_store(tmp_path)
    add_user(store, "ana", PASSWORD)
    assert "Three steps lead to a first scorecard" in page(browser(create_app(store)), "/").text
