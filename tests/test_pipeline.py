"""The main job on the samples: known things are not done again, and judging needs no recording."""

import shutil
from pathlib import Path

import pytest

from audit.pipeline import NoRubricApplies, UnknownRubric, audit_file, find_rubric, pack_names, rescore
from audit.rubric import Rubric
from audit.store import open_store
from models.observations import to_json
from tests import build

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"
WHISPER = str(ROOT / "tests" / "weights" / "whisper-test-en")


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "home")


@pytest.fixture(scope="module")
def voice():
    return find_rubric("voice-en")


def count(store) -> dict[str, int]:
    with store.engine.connect() as connection:
        tables = ("recording", "interaction", "observation", "rubric", "scorecard")
        return {t: connection.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar() for t in tables}


def test_auditing_the_same_file_twice_changes_nothing(store, voice):
    path = SAMPLES / "charged-twice.opus"
    first = audit_file(path, [voice], store, whisper=WHISPER)
    before, files = count(store), sorted((store.home / "observations").rglob("*.json"))
    again = audit_file(path, [voice], store, whisper=WHISPER)
    assert (first.new, again.new) == (True, False)
    assert to_json(first.scorecards) == to_json(again.scorecards)
    assert (count(store), sorted((store.home / "observations").rglob("*.json"))) == (before, files)


def test_a_renamed_copy_is_known(store, voice, tmp_path):
    audit_file(SAMPLES / "short-enquiry.vtt", [voice], store)
    copy = tmp_path / "renamed.vtt"
    shutil.copy(SAMPLES / "short-enquiry.vtt", copy)
    assert not audit_file(copy, [voice], store).new
    assert count(store)["interaction"] == 1


def test_rescore_judges_without_the_recording(store, voice, tmp_path):
    path = tmp_path / "call.opus"
    shutil.copy(SAMPLES / "charged-twice.opus", path)
    first = audit_file(path, [voice], store, whisper=WHISPER)
    path.unlink()
    same = list(rescore(store, voice))
    assert [(r.new, to_json(r.card)) for r in same] == [(False, to_json(first.scorecards[0]))]
    changed = Rubric.model_validate({**voice.model_dump(), "version": voice.version + 1})
    after = list(rescore(store, changed))
    assert [r.new for r in after] == [True]
    assert count(store)["scorecard"] == 2
    assert count(store)["observation"] == 2


def test_a_rubric_for_another_channel_does_not_judge(store, voice):
    with pytest.raises(
        NoRubricApplies, match=r"a chat in en, but no rubric given applies to it \(voice-en \(en: call\)\)"
    ):
        audit_file(SAMPLES / "chat-late-delivery.jsonl", [voice], store)
    assert count(store)["interaction"] == 0


def test_each_interaction_is_judged_by_the_rubrics_of_its_channel(store):
    rubrics = [find_rubric(name) for name in ("voice-en", "chat-en")]
    chat = audit_file(SAMPLES / "chat-late-delivery.jsonl", rubrics, store)
    call = audit_file(SAMPLES / "short-enquiry.vtt", rubrics, store)
    assert [c.rubric for c in (*chat.scorecards, *call.scorecards)] == ["chat-en", "voice-en"]
    assert {r.rubric for r in store.rows()} == {"chat-en", "voice-en"}


def test_a_call_in_another_language_is_not_judged_by_this_rubric(store, voice, tmp_path):
    shutil.copy(SAMPLES / "short-enquiry.vtt", tmp_path / "chiamata.vtt")
    (tmp_path / "chiamata.meta.yaml").write_text("language: it\n")
    with pytest.raises(NoRubricApplies, match="a call in it, but no rubric"):
        audit_file(tmp_path / "chiamata.vtt", [voice], store)


def test_a_language_nobody_hears_here_is_not_judged_by_its_words(store, tmp_path, monkeypatch):
    monkeypatch.setenv("COMPORT_WEIGHTS", str(tmp_path / "none"))
    monkeypatch.delenv("COMPORT_WEIGHTS_MIRROR", raising=False)
    path = tmp_path / "chiamata.opus"
    shutil.copy(SAMPLES / "charged-twice.opus", path)
    (tmp_path / "chiamata.meta.yaml").write_text("language: it\nagent_channel: 0\n")
    text = build.rubric_text(
        "- {id: by-words, title: A, say: greeting}\n"
        "- {id: by-time, title: B, keep: {measure: longest_silence, at_most: 30 s}}"
    )
    (tmp_path / "it.yaml").write_text(text.replace("language: en", "language: it"))
    card = audit_file(path, [find_rubric(str(tmp_path / "it.yaml"))], store).scorecards[0]
    by_words = next(f for f in card.findings if f.standard == "by-words")
    by_time = next(f for f in card.findings if f.standard == "by-time")
    assert by_words.verdict == "cannot_tell"
    assert "comport weights fetch" in by_words.reason
    assert by_time.verdict == "met"
    assert any("comport weights fetch" in caveat for caveat in card.caveats)


def test_packs_are_found_by_name_and_others_are_named():
    assert {"voice-en", "chat-en"} <= set(pack_names())
    with pytest.raises(
        UnknownRubric, match="no rubric 'voice-xx'; give a YAML file, or one of the packs chat-en"
    ):
        find_rubric("voice-xx")


def test_house_rubric_judges_a_transcript(store, tmp_path):
    rubric = build.rubric(tmp_path, "- {id: a, title: A, say: greeting}")
    card = audit_file(SAMPLES / "exemplary.vtt", [rubric], store).scorecards[0]
    assert card.score.score == 100
