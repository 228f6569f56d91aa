"""The main job on the samples: known things are not done again, and judging needs no recording."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from audit.pipeline import NoRubricApplies, UnknownRubric, audit_file, find_rubric, pack_names, rescore
from audit.rubric import Rubric
from audit.scorecard import Scorecard
from audit.store import open_store
from models.errors import ComportError
from models.observations import to_json
from tests import build

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"
COMPORT = Path(sys.executable).parent / "comport"
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
    assert count(store)["observation"] == 3


def test_corrected_facts_are_judged_and_kept(store, tmp_path):
    path = tmp_path / "call.vtt"
    path.write_text(
        "WEBVTT\n\n00:00.000 --> 00:03.000\n<v Sara>good morning\n\n00:04.000 --> 00:05.000\n<v Tom>yes\n"
    )
    rubric = build.rubric(tmp_path, "- {id: a, title: A, say: greeting}")
    facts = tmp_path / "call.meta.yaml"
    verdicts = []
    for agent, customer in (("Tom", "Sara"), ("Sara", "Tom"), ("Tom", "Sara")):
        facts.write_text(f"roles: {{{agent}: agent, {customer}: customer}}\n")
        assert audit_file(path, [rubric], store).new
        verdicts.append(store.scorecards(store.rows()[0].interaction.id)[0].findings[0].verdict)
    assert verdicts == ["missed", "met", "missed"]
    assert len(store.rows()) == 1
    assert count(store)["scorecard"] == 2


def test_going_back_to_an_earlier_rubric_shows_its_score(store, tmp_path):
    path = SAMPLES / "exemplary.vtt"
    strict = build.rubric(tmp_path, "- {id: a, title: A, say: blame}")
    audit_file(path, [strict], store)
    kind = build.rubric(tmp_path, "- {id: a, title: A, say: greeting}")
    assert [store.rows()[0].score, [r.new for r in rescore(store, kind)], store.rows()[0].score] == [
        0,
        [True],
        100,
    ]
    assert ([r.new for r in rescore(store, strict)], store.rows()[0].score) == ([True], 0)


def test_one_damaged_file_does_not_stop_rescore(store, voice):
    for name in ("exemplary", "careless", "short-enquiry"):
        audit_file(SAMPLES / f"{name}.vtt", [voice], store)
    damaged = next((store.home / "observations").rglob("*.json"))
    damaged.write_bytes(b"{")
    done = list(rescore(store, voice))
    assert sorted(isinstance(r.card, Scorecard) for r in done) == [False, True, True]
    assert count(store)["scorecard"] == 3


def test_a_model_asked_for_by_name_must_be_there(store, voice):
    with pytest.raises(ComportError, match="nosuchmodel"):
        audit_file(SAMPLES / "charged-twice.opus", [voice], store, whisper="nosuchmodel")
    assert count(store)["interaction"] == 0


def test_rescore_adds_no_caveat_about_what_the_rubric_never_needed(store, tmp_path):
    rubric = build.rubric(tmp_path, "- {id: a, title: A, keep: {measure: longest_silence, at_most: 30 s}}")
    first = audit_file(SAMPLES / "charged-twice.opus", [rubric], store)
    assert not any("Not perceived" in caveat for caveat in first.scorecards[0].caveats)
    assert [r.new for r in rescore(store, rubric)] == [False]


def test_a_rubric_of_another_language_does_not_judge_what_was_heard(store, tmp_path):
    rubric = build.rubric(tmp_path, "- {id: a, title: A, say: greeting}")
    audit_file(SAMPLES / "exemplary.vtt", [rubric], store)
    other = Rubric.model_validate({**rubric.model_dump(), "language": "it"})
    assert list(rescore(store, other)) == []


def test_scorecards_are_the_same_bytes_in_every_process(tmp_path):
    code = (
        "import sys; from audit.pipeline import *; from models.observations import to_json\n"
        "from pathlib import Path\n"
        "r = [find_rubric('voice-en'), find_rubric('counter-en')]\n"
        "for p in sorted(Path('samples').glob('*.vtt')): sys.stdout.buffer.write(to_json(audit_file(p, r).scorecards))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(runs) == 1
    assert len(runs.pop()) > 10_000


def test_processes_that_start_at_once_share_one_store(tmp_path):
    command = [
        COMPORT,
        "--home",
        tmp_path / "home",
        "audit",
        *sorted(SAMPLES.glob("*.vtt")),
        "--rubric",
        "voice-en",
        "--rubric",
        "counter-en",
    ]
    running = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [(r.communicate(timeout=100)[1], r.returncode) for r in running] == [("", 0)] * 3
    done = count(open_store(tmp_path / "home"))
    calls = len(list(SAMPLES.glob("*.vtt")))
    assert (done["interaction"], done["scorecard"], done["observation"]) == (calls, calls, 2 * calls)


def test_a_rubric_for_another_channel_does_not_judge(store, voice):
    with pytest.raises(
        NoRubricApplies,
        match=r"a chat in en, but no rubric given applies to it \(voice-en \(en: call\)\).* in "
        r"chat-late-delivery\.meta\.yaml, for example: channel: in_person",
    ):
        audit_file(SAMPLES / "chat-late-delivery.jsonl", [voice], store)
    assert count(store)["interaction"] == 0


def test_each_interaction_is_judged_by_the_rubrics_of_its_channel(store):
    rubrics = [find_rubric(name) for name in ("voice-en", "chat-en")]
    chat = audit_file(SAMPLES / "chat-late-delivery.jsonl", rubrics, store)
    call = audit_file(SAMPLES / "short-enquiry.vtt", rubrics, store)
    assert [c.rubric for c in (*chat.scorecards, *call.scorecards)] == ["chat-en", "voice-en"]
    assert {r.rubric for r in store.rows()} == {"chat-en", "voice-en"}


def test_a_rubric_that_is_given_twice_judges_once(store):
    again = [find_rubric("chat-en"), find_rubric("chat-en")]
    done = audit_file(SAMPLES / "chat-late-delivery.jsonl", again, store)
    assert [card.rubric for card in done.scorecards] == ["chat-en"]
    assert count(store)["scorecard"] == 1


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
        UnknownRubric, match="no rubric 'voice-xx'; give a file ending in .yaml, or one of the packs chat-en"
    ):
        find_rubric("voice-xx")


def test_house_rubric_judges_a_transcript(store, tmp_path):
    rubric = build.rubric(tmp_path, "- {id: a, title: A, say: greeting}")
    card = audit_file(SAMPLES / "exemplary.vtt", [rubric], store).scorecards[0]
    assert card.score.score == 100


def test_an_email_has_its_article():
    told = str(NoRubricApplies("a.eml", "email", None, ("voice-en",)))
    assert told.startswith("a.eml: an email, but no rubric given applies to it (voice-en)")
    assert str(NoRubricApplies("a.wav", "call", "it", ())).startswith("a.wav: a call in it, but")
