"""Every benchmark runs and ends with its figures as one JSON line; no number is judged here."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests import build, postgres
from tests.serving import CHROMIUM
from tests.test_browser import BUNDLE
from tests.test_export import VCON
from tests.test_vcon import CHAT, vcon

ROOT = Path(__file__).parent.parent


def figures(*arguments: object) -> dict[str, float]:
    command = [sys.executable, *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_script_is_tried_here():
    tried = Path(__file__).read_text("utf-8")
    assert [p.name for p in (ROOT / "bench").glob("*.py") if f"bench/{p.name}" not in tried] == []


def test_hurting_rubrics():
    found = figures("bench/fuzz_rubrics.py", "--inputs", 300, "--seed", 7)
    assert (found["inputs"], found["others"]) == (300, 0)
    assert found["taken"] + found["refused"] == 300


def test_judging_again():
    found = figures("bench/judge.py", "--calls", 6, "--minutes", 1, "--chats", 5)
    assert (found["calls"], found["standards"]) == (6, 40)
    assert (found["chats"], found["compiled_standards"]) == (5, 200)
    assert found["messages"] >= 5 * 8
    assert found["compiled_phrases"] >= 150
    assert found["different_words"] > 300
    assert min(found["calls_per_s"], found["messages_per_s"], found["compile_s"]) > 0


def test_overhead():
    model = "tests/weights/whisper-test-en"
    found = figures(
        "bench/overhead.py", "samples/charged-twice.opus", "--engine", "whisper", "--whisper", model
    )
    assert found["audit_s"] > 0
    assert found["ratio"] == pytest.approx(found["audit_s"] / found["engine_s"], rel=0.02)
    assert {"own_s_per_audio_min", "batched_ratio", "engine"} <= found.keys()
    assert found["peak_mb"] is None


def test_overhead_of_a_model_of_true_size(tmp_path):
    """`bench/overhead.py --random` goes through `bench/random_whisper.py`, and `--memory` through a process."""
    short = build.write_wav(tmp_path / "short.wav", build.tone(2))
    found = figures("bench/overhead.py", short, "--random", "tiny", "--memory", 0.1)
    assert found["engine"] == "faster-whisper"
    assert found["peak_mb"] > 100


def test_pauses(tmp_path):
    from models import media

    left, right = media.decode(ROOT / "samples" / "exemplary.opus").sound.read()
    agent, customer = build.write_wav(tmp_path / "a.wav", left), build.write_wav(tmp_path / "c.wav", right)
    found = figures("bench/pauses.py", agent, customer)
    assert found["silences"] > 5
    assert 0 < found["silences_below_3_s"] <= 1


def test_probability_of_a_word(tmp_path):
    from models import media

    sound = media.decode(ROOT / "samples" / "charged-twice.opus").sound.read()[0][: 16000 * 8]
    build.write_wav(tmp_path / "call.wav", sound)
    words = "Agent: Good morning, thank you for calling Northwind Bank. My name is Sarah, how may I help you today?"
    (tmp_path / "call.ref.txt").write_text(words)
    found = figures("bench/sphinx_probability.py", tmp_path)
    assert (found["files"], found["words"]) == (1, 3 * 18)
    assert found["by_mean"] > 0


def test_word_errors(tmp_path):
    lines = [
        "a|good morning thank you for calling northwind how may i help you today|greet",
        "b|hello my order is late|hello",
    ]
    lines += [
        "a|is there anything else i can help you with today|offer",
        "a|thank you for calling have a nice day|bye",
    ]
    for number in range(6):
        (tmp_path / f"call{number}.txt").write_text("\n".join(lines))
    found = figures("bench/word_errors.py", tmp_path)
    assert found["f1_at_0"] >= found["f1_at_30"] > 0
    assert found["false_alarms_per_hour"] >= 0


def test_times_of_words():
    found = figures("bench/word_times.py", "samples/short-enquiry.opus")
    assert found["passages"] > 5
    assert abs(found["start_late_median_s"]) < 0.2
    assert found["start_late_median_s"] <= found["start_late_p99_s"] < 0.5


def test_card_data(tmp_path):
    (tmp_path / "call.txt").write_text("a|your card number please|x\nb|4242 4242 4242 4242|x\nb|order 4711|x")
    (tmp_path / "other.txt").write_text("b|order 4711|x")
    found = figures("bench/carddata.py", "--each", 2, "--calls", tmp_path)
    assert found["secrets"] == 3 * 2 * (12 + 4 * 2 + 1)
    assert found["found"] > 0.9
    assert found["found_by_form"].keys() >= {"figures", "pairs", "over turns", "heard badly"}
    assert found["ordinary"] == 3 * 2 * 8
    assert (found["calls"], found["calls_cut"]) == (2, 1)


def test_utterances(tmp_path):
    scripts = tmp_path / "vcon_tts"
    scripts.mkdir()
    lines = ["Agent: Good morning, my name is Ann Lee. How may I help you?", "Customer: My order is late."]
    (scripts / "one.ref.txt").write_text("\n".join([*lines, "Agent: Sure, may I have your name?"]), "utf-8")
    table = ["set,id,line,own-name,offer-help,identity-check,further-help", "vcon_tts,one,1,1,1,0,0"]
    (tmp_path / "labels.csv").write_text(
        "\n".join([*table, "vcon_tts,one,3,0,0,1,1", "abcd,7,1,0,0,0,0"]), "utf-8"
    )
    found = figures("bench/utterances.py", tmp_path, "--labels", tmp_path / "labels.csv")
    assert (found["utterances"], found["of"]) == (2, 3)
    assert found["own-name"] == {"precision": 1, "recall": 1, "coverage": 1}
    assert found["further-help"]["recall"] == 0
    (scripts / "two.ref.txt").write_text("\n".join([*lines, "Agent: What is your house number?"]), "utf-8")
    command = [sys.executable, "bench/utterances.py", tmp_path, "--labels", tmp_path / "labels.csv"]
    drawn = subprocess.run([*command, "--unseen", "3"], capture_output=True, text=True, cwd=ROOT, check=True)
    assert [row.split("\t")[1:3] for row in drawn.stdout.splitlines()] == [["two", "3"]]
    heard = figures("bench/utterances.py", tmp_path, "--labels", tmp_path / "labels.csv", "--misheard")
    assert (heard["own-name"]["labelled"], heard["own-name"]["wrong"]) == (1, 0)
    assert heard["own-name"]["found"] > 0 and heard["own-name"]["from"]["0.0"] == [1, 1]


def test_paraphrases(tmp_path, monkeypatch):
    encoder = build.sentence_encoder(tmp_path / "encoder", "hold line wait", "sorry apologise", "moment bit")
    monkeypatch.setenv("COMPORT_SENTENCES", str(encoder))
    lines = ["a|wait a bit|hold", "a|so sorry|expressRegret", "b|hold the line|hold", "a|it is blue|inform"]
    (tmp_path / "call.txt").write_text("\n".join(lines), "utf-8")
    found = figures("bench/paraphrases.py", tmp_path, "--part", 0)
    assert found["lines"] == 3
    assert found["hold"]["said"] == found["expressRegret"]["said"] == 1
    assert found["hold"]["recall_0.4"] == found["expressRegret"]["recall_0.4"] == 1


def test_levels():
    found = figures("bench/levels.py", "samples/charged-twice.opus")
    assert found["loudness_error_lu"] <= 0.1
    assert (found["false_keys"], found["false_tones"], found["false_music_s"]) == (0, 0, 0)
    assert found["cpu_s_per_audio_min"] > 0


def test_poor_sound(tmp_path):
    from models import media

    sound = media.decode(ROOT / "samples" / "charged-twice.opus").sound.read()[0][: 16000 * 6]
    build.write_wav(tmp_path / "call.wav", sound)
    (tmp_path / "call.ref.txt").write_text("Agent: Good morning, thank you for calling Northwind Bank.")
    model = "tests/weights/whisper-test-en"
    found = figures("bench/poor_sound.py", tmp_path, "--engine", "whisper", "--whisper", model)
    assert found["files"] == 1
    assert found["errors_noise_0"] >= 0


def test_round_trip_of_vcons(tmp_path):
    (tmp_path / "schema.json").write_text(json.dumps(VCON))
    (tmp_path / "chat.vcon").write_text(json.dumps(CHAT))
    (tmp_path / "empty.vcon").write_text(json.dumps(vcon()))
    found = figures("bench/round_trip.py", tmp_path, "--schema", tmp_path / "schema.json")
    counts = ("files", "taken", "rejected", "valid", "invalid", "lost")
    assert [found[name] for name in counts] == [2, 1, 1, 1, 0, 0]
    assert found["removed"] > 0


@pytest.mark.parametrize("database", postgres.KINDS)
def test_a_million(database):
    options = ["--interactions", 300, "--words", 60, "--times", 2]
    found = figures("bench/million.py", *options, *(["--sqlite"] if database == "sqlite" else []))
    assert (found["interactions"], found["database"]) == (300, database)
    questions = {
        "list_deep",
        "agent_verdict",
        "word_rare",
        "phrase",
        "customer",
        "journey",
        "scorecard",
        "all",
    }
    assert questions <= found.keys()
    assert all(0 < found[name]["p50"] <= found[name]["p95"] for name in questions)
    assert found["load_s"] > 0 and found["mb"] > 0
    assert found["list"]["rows"] == found["word_common"]["rows"] == 50
    assert min(found[name]["rows"] for name in ("phrase", "verdict", "journey", "scorecard")) > 0
    assert found["nothing"]["rows"] == 0


def test_the_interface_keeps_its_contract():
    found = figures("bench/contract.py", "--examples", 2)
    assert found["operations"] >= 40
    assert found["requests"] > 200
    assert found["failures"] == 0
    assert not any(status.startswith("5") for status in found["statuses"])


def test_many_reviewers():
    options = ["--users", 3, "--seconds", 8, "--interactions", 200, "--words", 60, "--think", 0.5, "--sqlite"]
    found = figures("bench/load.py", *options)
    assert (found["users"], found["errors"]) == (3, 0)
    assert {"list", "interaction", "review"} <= found["pages"].keys()
    assert 0 < found["p50_ms"] <= found["p95_ms"]


CLIPS = ROOT / "tests" / "video"


@build.sees_people
def test_seeing_people():
    found = figures("bench/people.py", CLIPS / "two-people.mp4")
    assert (found["frames"], found["people_per_frame"]) == (10, 2.0)
    assert found["ratio"] == pytest.approx(found["frames_per_s"] / found["bare_frames_per_s"], rel=0.02)
    assert found["realtime_factor"] == pytest.approx(found["frames_per_s"] / 5, rel=0.02)
    assert found["cpu_ratio"] > 0.5 and found["cpu_ms_per_frame"] > 10


@build.sees_people
def test_memory_of_seeing_people():
    found = figures(
        "bench/people_memory.py", CLIPS / "two-people.mp4", "--minutes", 0.05, "--frames-per-s", 2
    )
    assert (found["frames"], found["minutes_mb"], found["mb_per_minute"]) == (
        8,
        [],
        None,
    )  # two passes of 2 s
    assert found["peak_mb"] > 100 and 0 < found["people_mb_per_minute"] < 2


@build.sees_people
def test_following_bodies():
    found = figures("bench/following.py", CLIPS, "--every-s", 1, "--rooms", 1.15, 2)
    assert [row["bodies"] for row in found.values()] == [4, 4, 4]
    assert found["body 1.15"]["joints_off"] < 0.13 < found["body 2"]["joints_off"]
    assert abs(found["body 1.15"]["depth"] - found["anew"]["depth"]) < 0.05


@build.sees_people
def test_visits():
    found = figures("bench/visits.py", CLIPS)["video"]
    assert found["roles_by_uniform"] == {"right": 2}
    assert found["house_colour_at_most"] < 12 < found["other_colours_at_least"]


@build.sees_people
def test_smiles():
    found = figures("bench/smile.py", ROOT / "tests" / "faces")
    assert (found["pictures"], found["found"], found["smile_auc"]) == (8, 8, 1.0)
    assert sum(row["smiles"] + row["others"] for row in found["by_turn"]) == 8


@build.sees_people
def test_heads():
    found = figures("bench/heads.py", CLIPS)
    assert found["yaw_error_deg"]["face"]["median"] < 10
    assert found["eye_contact"]["recall"] > 0.5
    assert found["nods_found"]["10 a second"]["1.2 Hz"] > found["nods_found"]["5 a second"]["3.5 Hz"]


@pytest.mark.timeout(400)
def test_batches(tmp_path):
    found = figures("bench/batch.py", "--interactions", 30, "--alone", 20)
    assert found["interactions"] == 30
    assert min(found["speedup"], found["per_s"], found["peak_mb"], found["cpu_ms_each"]) > 0
    assert 0 < found["driver_share"] < 1


@pytest.mark.timeout(400)
def test_batches_of_recordings(tmp_path):
    for number in (1, 2):
        build.write_wav(tmp_path / f"{number}.wav", build.tone(0.5 * number, 8000), rate_hz=8000)
        (tmp_path / f"{number}.meta.yaml").write_text("channel: call\nlanguage: en\n", "utf-8")
    found = figures("bench/batch.py", "--recordings", tmp_path, "--rubric", "voice-en")
    assert found["interactions"] == 2
    assert found["ratio"] == pytest.approx(found["speedup"] / found["bare_speedup"], abs=0.02)
    assert found["bare_per_s"] > found["bare_per_s_alone"] / 2 > 0


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", postgres.KINDS)
def test_chaos(kind):
    database = ["--postgresql"] if kind == "postgresql" else []
    sound = [] if database else ["--sound"]
    disk = ["--disk", 200] if database and os.geteuid() == 0 and can_mount() else []
    found = figures(
        "bench/chaos.py", "--recordings", 40, "--kills", 2, "--every", 1, *database, *disk, *sound
    )
    assert (found["recordings"], found["lost"], found["twice"]) == (40, 0, 0)
    assert (found["scorecards"] + found["set_aside"], found["schedulers"]) == (40, 1)
    assert (found["databases"], found["disks"]) == (len(database), len(disk) // 2)


def can_mount():
    """Whether a disk of its own can be had here: not where root has no right to mount, as in many containers."""
    with tempfile.TemporaryDirectory() as name:
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", name]
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        if mounted:
            subprocess.run(["umount", name], check=True)
    return mounted


@build.sees_people
def test_things_that_are_worn():
    found = figures("bench/worn.py", CLIPS, "--pictures", 1)
    assert found["people"] == 2
    told = found["1 pictures"]
    assert told.keys() == {"head_cover", "badge", "apron", "face_mask"}
    # Two people are both reference pictures: nobody is left to be asked about.
    assert {one[of]["asked"] for one in told.values() for of in ("frames", "persons")} == {0}


def test_how_long_others_wait_for_a_copy():
    found = figures("bench/copies.py", "--minutes", 0.05, "--openers", 2)
    assert min(found[name] for name in ("list_s", "other_media_s", "long_media_s")) > 0


@pytest.mark.chromium
@pytest.mark.skipif(CHROMIUM is None or not BUNDLE.is_file(), reason="no Chromium, or run make web")
def test_the_page_of_a_long_call():
    size = ("--minutes", 0.5, "--words", 150, "--frames", 200, "--standards", 5, "--opens", 1)
    found = figures("bench/review_page.py", *size)
    assert 0 < found["first_byte_ms"] <= found["fcp_ms"] <= found["lcp_ms"]
    assert found["elements"] > 150 and found["page_kb"] > 10
    kinds = ("next_finding", "seek_word", "find_letter", "find_next", "overlay")
    steps = [found[f"{kind}_ms"] for kind in kinds]
    assert found["inp_ms"] == max(steps) >= min(steps) >= 16
    assert found["verdict_ms"] > 0
    assert 0 < found["verdict_kb"] < found["page_kb"]
