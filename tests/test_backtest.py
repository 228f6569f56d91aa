"""Everything stored judged under an old and a new rubric, and nothing written."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from audit.cli import cli
from audit.intake import take_in
from audit.interactions import Channel
from audit.pipeline import audit_file
from audit.rubricfile import load_rubric
from audit.store import Store, open_store
from audit.workbench.backtest import NothingInCommon, backtest
from tests import build

OLD = "- {id: greets, title: Greets, say: greeting}\n- {id: no-blame, title: B, avoid: blame}"
STRICT = "- {id: greets, title: Greets, say: [greeting, own-name]}\n- {id: nods, title: N, do: nod}"

CALLS = {
    "a": ("Ana", "Milan", "2026-03-01T10:00:00Z", "Good morning, my name is Ana."),
    "b": ("Ben", "Milan", "2026-03-05T10:00:00Z", "Good morning."),
    "c": ("Ben", "Rome", None, "Good afternoon."),
}


def house(folder: Path, standards: str, version: int = 1) -> Path:
    path = folder / f"house-{version}.yaml"
    path.write_text(build.rubric_text(standards).replace("version: 1", f"version: {version}"), "utf-8")
    return path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(tmp_path / "home")
    rubric = load_rubric(house(tmp_path, OLD))
    for name, (agent, branch, at, words) in CALLS.items():
        call = tmp_path / f"{name}.vtt"
        call.write_text(f"WEBVTT\n\n00:01.000 --> 00:03.000\n<v Agent>{words}\n", "utf-8")
        when = f"started_at: {at}\n" if at else ""
        (tmp_path / f"{name}.meta.yaml").write_text(
            f"agent: {agent}\nbranch: {branch}\nlanguage: en\n{when}", "utf-8"
        )
        audit_file(call, [rubric], store)
    return store


def test_flips_scores_and_what_to_listen_to(store, tmp_path):
    old, new = load_rubric(house(tmp_path, OLD)), load_rubric(house(tmp_path, STRICT, 2))
    found = backtest(store, old, new)
    assert (found.judged, found.changed, found.added, found.removed) == (3, 2, ("nods",), ("no-blame",))
    assert [(f.standard, f.before, f.after, f.times) for f in found.flips] == [("greets", "met", "missed", 2)]
    assert [(m.of, m.name, m.interactions, m.before, m.after) for m in found.moved] == [
        ("agent", "Ana", 1, 100, 100),
        ("agent", "Ben", 2, 100, 50),
        ("all", "", 3, 100, 66.67),
        ("branch", "Milan", 2, 100, 75),
        ("branch", "Rome", 1, 100, 50),
    ]
    assert {one.title for one in found.listen} == {"b", "c"}
    assert {one.moments for one in found.listen} == {("0:01",)}
    assert {one.interaction for one in found.listen} == {
        take_in(tmp_path / f"{n}.vtt").interaction.id for n in "bc"
    }


def test_a_standard_with_a_new_id_is_compared_with_itself(store, tmp_path):
    old = load_rubric(house(tmp_path, OLD))
    new = load_rubric(house(tmp_path, STRICT.replace("id: greets", "id: says-hello"), 2))
    found = backtest(store, old, new)
    assert [(one.before, one.after) for one in found.renamed] == [("greets", "says-hello")]
    assert (found.changed, found.added, found.removed) == (2, ("nods",), ("no-blame",))
    assert [(f.standard, f.before, f.after, f.times) for f in found.flips] == [
        ("says-hello", "met", "missed", 2)
    ]
    done = run(store, "backtest", tmp_path / "house-2.yaml")
    assert "'greets' is called 'says-hello' in the new one" in done.output
    assert "greets" not in done.output.partition("only in the old one")[2]


@pytest.mark.parametrize(
    ("options", "judged", "undated"),
    [
        ({"since": datetime(2026, 3, 2, tzinfo=UTC)}, 1, 1),
        ({"since": datetime(2026, 2, 2, tzinfo=UTC)}, 2, 1),
        ({"channels": [Channel.CHAT]}, 0, 0),
        ({"channels": [Channel.CALL]}, 3, 0),
    ],
)
def test_it_looks_only_at_what_is_asked_for(store, tmp_path, options, judged, undated):
    old, new = load_rubric(house(tmp_path, OLD)), load_rubric(house(tmp_path, STRICT, 2))
    found = backtest(store, old, new, **options)
    assert (found.judged, found.undated) == (judged, undated)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("applies_to: [call]", "applies_to: [chat]", r"is for en: call, but house@2 \(\w+\) is for en: chat"),
        ("language: en", "language: it", "is for en: call, but .* is for it: call; take two of one language"),
    ],
)
def test_rubrics_that_have_nothing_in_common_are_not_compared(store, tmp_path, before, after, said):
    old, path = load_rubric(house(tmp_path, OLD)), house(tmp_path, STRICT, 2)
    path.write_text(path.read_text("utf-8").replace(before, after), "utf-8")
    with pytest.raises(NothingInCommon, match=said):
        backtest(store, old, load_rubric(path))


def test_what_only_one_of_them_scores_is_counted(store, tmp_path):
    old, new = (
        load_rubric(house(tmp_path, s, n)) for n, s in ((1, OLD), (2, "- {id: a, title: A, ask: Right?}"))
    )
    found = backtest(store, old, new)
    assert (found.judged, found.unscored, found.moved) == (3, 3, ())


def test_no_more_is_listed_than_asked_for(store, tmp_path):
    old, new = load_rubric(house(tmp_path, OLD)), load_rubric(house(tmp_path, STRICT, 2))
    assert len(backtest(store, old, new, most=1).listen) == 1


def run(store: Store, *arguments: object):
    return CliRunner().invoke(cli, ["--home", str(store.home), "rubric", *map(str, arguments)])


def test_the_command_compares_with_what_is_stored_and_writes_nothing(store, tmp_path):
    before = (store.home / "comport.db").read_bytes() if (store.home / "comport.db").exists() else b""
    files = sorted(store.home.rglob("*"))
    done = run(store, "backtest", house(tmp_path, STRICT, 2))
    assert done.exit_code == 0, done.output
    assert "3 judged under both, 2 have another verdict" in done.output
    told = json.loads(
        run(store, "backtest", house(tmp_path, STRICT, 2), "--since", "2026-03-02", "--json").output
    )
    assert (told["judged"], told["undated"], told["old"][:7]) == (1, 1, "house@1")
    assert run(store, "backtest", house(tmp_path, STRICT, 2), "--listen", "-1").exit_code == 2
    assert [row.rubric_version for row in store.rows()] == [1, 1, 1]
    assert sorted(f for f in store.home.rglob("*") if f in files) == files
    assert before == ((store.home / "comport.db").read_bytes() if before else b"")


def test_stored_versions_have_names(store, tmp_path):
    assert run(store, "diff", "house@1", house(tmp_path, OLD)).output.strip() == "they say the same"
    assert "'nods' was added" in run(store, "diff", "house@", house(tmp_path, STRICT, 2)).output
    done = run(store, "diff", "house@7", house(tmp_path, OLD))
    assert "no rubric version 'house@7' is stored; stored are the versions 1" in str(done.exception)
