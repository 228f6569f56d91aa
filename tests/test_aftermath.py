"""What became of interactions is imported row by row, shown, and compared with standards without a claim."""

import csv
import json
import math

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats
from sqlalchemy import event, insert, update

from audit import tables as t
from audit.aftermath import NoOutcomes, by_standard, import_outcomes, outcomes_of
from audit.cli import cli
from audit.saved import forget_search, save_search, saved_search, saved_searches
from audit.scope import Scope
from audit.searching import BadSearch, Wanted
from audit.store import NotStored, open_store
from tests import postgres
from tests.test_customers import identity, keep
from tests.test_searching import keep as judge

CALL = {"path": "/calls/0421.wav", "source_id": "T-9", "started_at": "2026-03-02T09:00:00+00:00"}


@pytest.fixture
def store(tmp_path, database):
    one = open_store(tmp_path / "home", database)
    yield one
    one.engine.dispose()


def table(folder, *rows, heading=("interaction", "kind", "value", "at")):
    path = folder / "outcomes.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((heading, *rows))
    return path


def kept(store, tmp_path):
    """One call with a path and an id of another system."""
    ids = keep(store, "Call of Ann", **{k: v for k, v in CALL.items() if k != "path"})
    with store.writing() as connection:
        connection.execute(update(t.interaction).values(path=str(tmp_path / "0421.wav")))
    return ids


def test_an_interaction_is_named_in_any_way(store, tmp_path):
    one = kept(store, tmp_path)
    names = (one[:8], "T-9", "0421.wav", "Call of Ann", str(tmp_path / "0421.wav"))
    path = table(tmp_path, *((name, f"CSAT {n}", "4.5", "2026-03-04") for n, name in enumerate(names)))
    done = import_outcomes(store, path)
    assert (done.taken, done.rejected) == (5, ())
    for n, outcome in enumerate(outcomes_of(store, [one])[one]):
        told = (outcome.kind, outcome.value, f"{outcome.at:%Y-%m-%dT%H:%M%z}")
        assert told == (f"csat-{n}", 4.5, "2026-03-04T00:00+0000")


def test_interactions_are_named_without_looking_through_all_of_them(store, tmp_path):
    one = kept(store, tmp_path)
    asked = []
    event.listen(store.engine, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
    import_outcomes(store, table(tmp_path, *((name, "csat", "4", "2026-03-04") for name in (one[:8], "T-9"))))
    statement, values = next(told for told in asked if "interaction.source_id IN" in told[0])
    on_sqlite = store.engine.dialect.name == "sqlite"
    with store.reading() as connection:
        if not on_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = connection.exec_driver_sql(f"EXPLAIN {'QUERY PLAN ' * on_sqlite}{statement}", values).all()
    told = " ".join(str(row) for row in plan)
    for column in ("source_id", "path", "title"):
        assert f"ix_interaction_{column}" in told
    assert "Seq Scan" not in told and "SCAN interaction" not in told


def test_the_same_again_changes_nothing_and_another_value_is_a_correction(store, tmp_path):
    one = kept(store, tmp_path)
    row = ("T-9", "repeat contact", "yes", "2026-03-04T10:00:00+01:00")
    path = table(tmp_path, row, row)
    assert msgspec.structs.astuple(import_outcomes(store, path)) == (1, 1, 0, ())
    assert msgspec.structs.astuple(import_outcomes(store, path)) == (0, 2, 0, ())
    corrected = table(tmp_path, (*row[:2], "no", "2026-03-04T09:00:00Z"))
    assert msgspec.structs.astuple(import_outcomes(store, corrected)) == (0, 0, 1, ())
    assert [(o.kind, o.value) for o in outcomes_of(store, [one])[one]] == [("repeat-contact", 0.0)]


BAD = [
    (("T-8", "csat", "4", "2026-03-04"), "'T-8' is no interaction that is stored"),
    (
        ("", "csat", "4", "2026-03-04"),
        "no interaction; expected the columns interaction, kind, value, at",
    ),
    (("T-9", "", "4", "2026-03-04"), "no kind"),
    (("T-9", "so/so", "4", "2026-03-04"), "'so/so' is no kind"),
    (("T-9", "csat", "good", "2026-03-04"), "value: 'good' is no number, yes or no"),
    (("T-9", "csat", "nan", "2026-03-04"), "value: 'nan' is no number"),
    (("T-9", "csat", "1e999", "2026-03-04"), "is no number"),
    (("T-9", "csat", "4", "yesterday"), "at: 'yesterday' is no time like"),
    (("T-9", "csat", "4", "2026-03-04T10:00:00"), "has no time zone; write for example"),
    (("T-9", "csat", "4", "9999-03-04"), "is in the future"),
    (("T-9", "csat", "4", "2026-02-01"), "is before the interaction, which began 2026-03-02"),
    (("T-9", "csat", "4", "0001-01-01T00:00:00+14:00"), "is no time like"),
]


@pytest.fixture(scope="module", params=postgres.KINDS)
def bad(request, tmp_path_factory):
    """What is told of a table in which every other row is bad."""
    folder = tmp_path_factory.mktemp("bad")
    store = open_store(folder / "home", postgres.new_database(request))
    kept(store, folder)
    good = [("T-9", f"sale-{n}", "1", "2026-03-04") for n in range(len(BAD))]
    path = table(folder, *(row for pair in zip(good, (row for row, _ in BAD), strict=True) for row in pair))
    done = import_outcomes(store, path)
    store.engine.dispose()
    return path, done


@pytest.mark.parametrize("number", range(len(BAD)))
def test_a_bad_row_is_refused_with_its_line_and_the_others_are_taken(bad, number):
    path, done = bad
    assert (done.taken, len(done.rejected)) == (len(BAD), len(BAD))
    refused = done.rejected[number]
    assert (refused.file, refused.line) == (str(path), 3 + 2 * number)
    assert BAD[number][1] in refused.reason


@pytest.mark.parametrize(
    ("content", "line", "told"),
    [
        ("interaction,kind,value,at\nT-9,csat\n", 2, "not as many values"),
        (b"\xff\xfe", None, "not UTF-8"),
        ("interaction,kind\nT-9,csat\n", 2, "no value; expected the columns"),
    ],
)
def test_a_bad_table_is_told(store, tmp_path, content, line, told):
    path = tmp_path / "bad.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (refused,) = import_outcomes(store, path).rejected
    assert refused.line == line
    assert told in refused.reason


def test_a_name_of_two_is_refused(store, tmp_path):
    for name in ("one", "two"):
        keep(store, name, source_id="T-9")
    (refused,) = import_outcomes(store, table(tmp_path, ("T-9", "csat", "4", "2026-03-04"))).rejected
    assert refused.reason == "'T-9' fits more than one interaction"


def judged(store, tmp_path, met, missed):
    """Copies of a judged call with these outcomes: those that met `greet`, and those that missed it."""
    _, _, card = judge(store, tmp_path, "sara")
    with store.reading() as connection:
        ours = t.interaction.select().where(t.interaction.c.id == card.interaction)
        facts, row = (dict(connection.execute(q).mappings().first()) for q in (ours, t.scorecard.select()))
    del row["id"]
    at = row["judged_at"]
    with store.writing() as connection:
        for n, (value, verdict) in enumerate([(v, "met") for v in met] + [(v, "missed") for v in missed]):
            one = identity(f"copy {n}")
            connection.execute(insert(t.interaction).values(**{**facts, "id": one}))
            told = {"interaction_id": one, "verdicts": f" greet:{verdict} {verdict} "}
            connection.execute(insert(t.scorecard).values(**{**row, **told}))
            outcome = {"interaction_id": one, "kind": "csat", "value": value, "at": at, "added_at": at}
            connection.execute(insert(t.outcome).values(**outcome))
    return card


def test_an_outcome_is_compared_where_a_standard_was_met_and_missed(store, tmp_path):
    random = np.random.default_rng(3)
    met, missed = random.normal(4, 1, 40).tolist(), random.normal(3, 2, 25).tolist()
    judged(store, tmp_path, met, missed)
    (one,) = by_standard(store, "csat")
    assert (one.rubric, one.standard, one.met, one.missed) == ("house", "greet", 40, 25)
    assert one.difference == pytest.approx(np.mean(met) - np.mean(missed))
    # Welch by hand.
    parts = [np.var(side, ddof=1) / len(side) for side in (met, missed)]
    free = sum(parts) ** 2 / sum(p**2 / (len(s) - 1) for p, s in zip(parts, (met, missed), strict=True))
    half = stats.t.ppf(0.975, free) * math.sqrt(sum(parts))
    assert (one.low, one.high) == pytest.approx((one.difference - half, one.difference + half))
    assert by_standard(store, "csat", "house") == (one,)
    with pytest.raises(NoOutcomes, match="known are csat"):
        by_standard(store, "sale")
    with pytest.raises(NoOutcomes):
        by_standard(store, "csat", "other")


def test_a_lead_compares_outcomes_of_their_team_alone(store, tmp_path):
    judged(store, tmp_path, [4.0, 5.0] * 20, [2.0, 3.0] * 20)
    ours = t.interaction.c.id.in_([identity(f"copy {n}") for n in (*range(12), *range(40, 55))])
    with store.writing() as connection:
        connection.execute(update(t.interaction).values(team="Milan"))
        connection.execute(update(t.interaction).where(ours).values(team="Turin"))
    (one,) = by_standard(store, "csat", scope=Scope(team="Turin"))
    assert (one.met, one.missed) == (12, 15)
    with pytest.raises(NoOutcomes):
        by_standard(store, "csat", scope=Scope(team="Rome"))


def test_shares_have_newcombes_interval(store, tmp_path):
    # Newcombe 1998, table II, example (a): 56/70 against 48/80, method 10.
    judged(store, tmp_path, [1.0] * 56 + [0.0] * 14, [1.0] * 48 + [0.0] * 32)
    (one,) = by_standard(store, "csat")
    assert (one.difference, one.low, one.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


@pytest.mark.parametrize(("met", "missed"), [([5.0] * 9, [1.0] * 30), ([4.0] * 12, [4.0] * 12), ([3.0], [])])
def test_too_few_or_all_alike_have_no_interval(store, tmp_path, met, missed):
    judged(store, tmp_path, met, missed)
    (one,) = by_standard(store, "csat")
    assert (one.low, one.high) == (None, None)


def test_of_several_outcomes_the_last_one_counts(store, tmp_path):
    judged(store, tmp_path, [1.0], [])
    path = table(
        tmp_path,
        (identity("copy 0"), "csat", "5", "2026-11-26"),
        (identity("copy 0"), "csat", "2", "2026-11-25"),
    )
    assert import_outcomes(store, path).taken == 2
    with store.writing() as connection:
        connection.execute(t.outcome.delete().where(t.outcome.c.value == 1.0))
    assert by_standard(store, "csat")[0].mean_met == 5.0


def test_the_commands_import_show_and_compare(tmp_path):
    store = open_store(tmp_path / "home")
    kept(store, tmp_path)
    judged(store, tmp_path, [5.0] * 12 + [4.0] * 3, [3.0] * 12 + [1.0])

    def run(*words, status=0):
        done = CliRunner().invoke(cli, ["--home", str(tmp_path / "home"), *words], catch_exceptions=False)
        assert done.exit_code == status, done.output
        return done.output

    good = str(table(tmp_path, ("T-9", "csat", "4", "2026-03-04")))
    assert "1 taken, 0 known, 0 corrected, 0 rejected" in run("outcomes", "import", good)
    bad = str(table(tmp_path, ("T-8", "csat", "4", "2026-03-04")))
    assert f"{bad}:2: 'T-8' is no interaction" in run("outcomes", "import", bad, status=1).replace("\n", "")
    assert "csat  4" in run("outcomes", "list", "Call of Ann")
    assert "csat 4, 2026-03-04" in run("show", "Call of Ann")
    assert json.loads(run("show", "Call of Ann", "--json"))["outcomes"][0]["value"] == 4
    told = run("outcomes", "by-standard")
    assert "A difference is no cause" in told
    assert json.loads(run("outcomes", "by-standard", "--json"))["differences"][0]["met"] == 15


def test_searches_are_kept_for_each_person(store):
    mine, other = Wanted("refund*", standards=("greet",), least_score=0.0), Wanted(agent="Sara")
    save_search(store, "ana", "refunds", other)
    save_search(store, "ana", " refunds ", mine)
    save_search(store, "tom", "refunds", other)
    save_search(store, "ana", "all", Wanted())
    assert saved_searches(store, "ana") == {"all": Wanted(), "refunds": mine}
    assert saved_search(store, "tom", "refunds") == other
    forget_search(store, "ana", "all")
    for name in ("all", "none"):
        with pytest.raises(NotStored, match=f"no search '{name}' is stored; ana keeps refunds"):
            forget_search(store, "ana", name)
    for name in ("", "  ", "x" * 81):
        with pytest.raises(BadSearch, match="expected 1 to 80 letters"):
            save_search(store, "ana", name, mine)


def test_the_command_keeps_and_repeats_a_search(tmp_path):
    store = open_store(tmp_path / "home")
    for name in ("sara", "tom"):
        judge(store, tmp_path, name)

    def run(*words):
        command = ["--home", str(tmp_path / "home"), "search", *words]
        done = CliRunner().invoke(cli, command, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert "Call tom" in run("refund*", "--save", "refunds", "--owner", "ana")
    again = json.loads(run("--saved", "refunds", "--owner", "ana", "--json"))["interactions"]
    assert {row["interaction"]["title"] for row in again} == {"Call sara", "Call tom"}
    narrowed = json.loads(run("--saved", "refunds", "--to", "0", "--owner", "ana", "--json"))["interactions"]
    assert [row["interaction"]["title"] for row in narrowed] == ["Call tom"]
    assert "refunds: words refund*" in run("--list-saved", "--owner", "ana")
    assert "tom keeps no search" in run("--list-saved", "--owner", "tom")
    assert "ana keeps no search" in run("--forget", "refunds", "--owner", "ana")
