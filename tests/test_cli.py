"""The command line as a person or a night job meets it: output, exit status, and bad input."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from audit.cli import cli
from tests import build

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"
COMPORT = Path(sys.executable).parent / "comport"
WHISPER = str(ROOT / "tests" / "weights" / "whisper-test-en")


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def comport(home):
    def run(*arguments: object, columns: int = 200, **options: object) -> subprocess.CompletedProcess[str]:
        command = [str(COMPORT), "--home", str(home), *map(str, arguments)]
        environment = {**os.environ, "COLUMNS": str(columns)}
        return subprocess.run(
            command, capture_output=True, text=True, timeout=110, env=environment, check=False, **options
        )  # type: ignore[call-overload]

    return run


def stored(comport) -> list[str]:
    return [
        row["interaction"]["title"] for row in json.loads(comport("show", "--json").stdout)["interactions"]
    ]


def test_an_audit_prints_the_scorecard_with_its_sum(comport):
    done = comport("audit", SAMPLES / "exemplary.vtt", "--rubric", "voice-en")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Score 100.0" in done.stdout
    assert "Sum: (20 × 100.0" in done.stdout
    assert "said 'greeting' at 0:01" in done.stdout


def test_json_is_one_line_for_machines(comport):
    done = comport("audit", SAMPLES / "careless.vtt", "--rubric", "voice-en", "--json")
    result = json.loads(done.stdout)
    assert (done.returncode, len(done.stdout.splitlines()), result["failed"]) == (0, 1, 0)
    findings = result["audited"][0]["scorecards"][0]["findings"]
    assert {f["verdict"] for f in findings} >= {"met", "missed", "cannot_tell"}
    shown = json.loads(comport("show", "--json").stdout)["interactions"][0]
    assert shown["score"] == result["audited"][0]["scorecards"][0]["score"]["score"]


BAD = {
    "empty.wav": (b"", "an empty file"),
    "text.wav": (b"Dear all,\n", "not a recording that FFmpeg can read"),
    "chat.jsonl": (b'{"at": 1}', "chat.jsonl:1: not a message"),
    "call.vtt": (b"hello", "not WebVTT"),
}


def test_bad_files_give_one_line_each_and_the_rest_is_audited(comport, tmp_path):
    folder = tmp_path / "night"
    folder.mkdir()
    for name, (content, _) in BAD.items():
        (folder / name).write_bytes(content)
    build.write_wav(folder / "five.wav", *[build.tone(1)] * 5)
    build.write_wav(folder / "zero.wav", np.zeros(0))
    whole = build.encode(tmp_path / "whole.mp3", np.stack([build.tone(4, 44100)] * 2), "libmp3lame", 44100)
    (folder / "cut.mp3").write_bytes(whole.read_bytes()[:9000])
    shutil.copy(SAMPLES / "short-enquiry.vtt", folder / "good.vtt")

    done = comport("audit", folder, "--rubric", "voice-en")

    says = {
        **{name: text for name, (_, text) in BAD.items()},
        "five.wav": "5 sound channels",
        "zero.wav": "0.00 s of sound",
    }
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert len(lines) == len(says), done.stderr
    for name, text in says.items():
        assert any(name in line and text in line for line in lines), name
    assert "Traceback" not in done.stderr
    assert sorted(stored(comport)) == ["cut", "good"]


def test_files_that_no_format_knows_are_named(comport, tmp_path):
    folder = tmp_path / "night"
    folder.mkdir()
    for name in ("letter.docx", "talk.txt"):
        (folder / name).write_text("Agent: good morning\n")
    shutil.copy(SAMPLES / "short-enquiry.vtt", folder / "good.vtt")
    told = "2 passed over, for no format knows them: letter.docx, talk.txt"
    done = comport("audit", folder, "--rubric", "voice-en")
    assert (done.returncode, done.stdout.splitlines()[-2:]) == (0, ["1 audited", told])
    done = comport("batch", folder, "--rubric", "voice-en", "--workers", "1")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, told)
    said = json.loads(comport("audit", folder, "--rubric", "voice-en", "--json").stdout)
    assert [path.rpartition("/")[2] for path in said["passed"]] == ["letter.docx", "talk.txt"]


def test_a_broken_rubric_gives_a_line_for_each_problem_and_opens_no_recording(comport, tmp_path):
    path = tmp_path / "house.yaml"
    path.write_text(
        build.rubric_text("- {id: a, title: A, say: greting}\n- {id: a, title: B, ask: x, wait: 3}")
    )
    done = comport("audit", tmp_path / "nowhere.wav", "--rubric", path)
    assert done.returncode == 1
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == ["a", "a", "a"]
    assert all(line.startswith(f"{path}:") for line in done.stderr.splitlines())
    assert comport("rubric", "check", path).returncode == 1


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["audit"], 2),
        (["audit", "x.wav"], 2),
        (["audit", "x.wav", "--rubric", "voice-en", "--engine", "pocketsphinx", "--whisper", "small"], 2),
        (
            [
                "audit",
                str(SAMPLES / "charged-twice.opus"),
                "--rubric",
                "voice-en",
                "--whisper",
                "nosuchmodel",
            ],
            1,
        ),
        (["audit", "x.wav", "--rubric", "x" * 5000], 1),
        (["frobnicate"], 2),
        (["audit", "x.wav", "--rubric", "voice-en"], 1),
        (["audit", "x.wav", "--rubric", "none"], 1),
        (["show", "nothing"], 1),
        (["show"], 0),
        (["rubric", "list"], 0),
        (["rubric", "check", "voice-en", "chat-en"], 0),
        (["rubric", "test", "voice-en", "chat-en"], 0),
        (["weights", "list"], 0),
        (["weights", "fetch", "nothing-of-the-kind"], 1),
        (["doctor"], 0),
        (["upgrade"], 0),
        (["user", "remove", "nobody"], 1),
    ],
)
def test_exit_status_is_0_done_1_failed_2_usage(comport, arguments, status):
    done = comport(*arguments)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert bool(done.stderr) == (status != 0)


def test_a_home_of_odd_letters_is_just_a_folder(comport, tmp_path):
    home = tmp_path / "[/h]?x=1"
    done = comport("--home", home, "doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert str(home) in done.stdout
    assert (home / "comport.db").exists()


def test_rubric_test_shows_the_examples_that_fail(comport, tmp_path):
    path = tmp_path / "house.yaml"
    path.write_text(
        build.rubric_text("- {id: a, title: A, say: greeting, examples: {met: [Good morning., Yes?]}}")
    )
    done = comport("rubric", "test", path)
    assert done.returncode == 1
    assert "a: wanted met, found missed: Yes?" in done.stdout
    assert "1 of 2 examples" in done.stdout


def test_rescore_judges_what_is_stored(comport):
    comport("audit", SAMPLES / "exemplary.vtt", SAMPLES / "careless.vtt", "--rubric", "voice-en")
    done = json.loads(comport("rescore", "--rubric", "voice-en", "--json").stdout)
    assert (done["rescored"], done["new"]) == (2, 0)


def test_rescore_tells_the_score_before_also_where_there_are_scorecards_of_other_rubrics(comport, tmp_path):
    def rubric(name: str, phrase: str) -> Path:
        text = build.rubric_text(f"- {{id: a, title: A, say: {phrase}}}")
        path = tmp_path / f"{name}.yaml"
        path.write_text(text.replace("rubric: house", f"rubric: {name}"))
        return path

    calls = [SAMPLES / "exemplary.vtt", SAMPLES / "careless.vtt"]
    for name in ("house", "other"):
        assert comport("audit", *calls, "--rubric", rubric(name, "greeting")).returncode == 0
    done = comport("rescore", "--rubric", rubric("house", "blame")).stdout
    assert "100.0 → 0.0  Parcel not arrived" in done
    assert "house: version 1 was stored with other content; raise its version" in done
    assert "raise" not in comport("rescore", "--rubric", rubric("other", "greeting")).stdout


@pytest.mark.parametrize(
    "command",
    [["search"], ["log", "show"], ["export", "--format", "csv", "out"], ["rubric", "backtest", "a"]],
)
def test_what_is_no_day_is_told_with_how_one_is_written(command, home):
    done = CliRunner().invoke(cli, ["--home", str(home), *command, "--since", "yesterday"])
    assert done.exit_code == 2
    assert "'yesterday' is no day; write it as 2026-03-01" in done.output


@pytest.mark.parametrize(
    ("columns", "shown"),
    [(120, "Parcel not arrived call 1:28 Alan Reid voice-en"), (80, "Parcel not arrived call 1:28 voice-en")],
)
def test_a_list_keeps_its_titles_in_a_narrow_terminal(comport, columns, shown):
    comport("audit", SAMPLES / "exemplary.vtt", "--rubric", "voice-en")
    assert shown in " ".join(comport("show", columns=columns).stdout.split())


def test_a_list_that_goes_into_a_pipe_is_whole(home):
    long = "A title of many words " * 12
    (home.parent / "call.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.000\n<v Agent>Hello\n", "utf-8")
    (home.parent / "call.meta.yaml").write_text(f"title: {long}\nagent: Sarah Lind\n", "utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}

    def piped(*command: str) -> str:
        run = [str(COMPORT), "--home", str(home), *command]
        done = subprocess.run(run, check=True, capture_output=True, text=True, timeout=110, env=environment)
        return done.stdout

    piped("audit", str(home.parent / "call.vtt"), "--rubric", "voice-en")
    [_, line] = piped("show").splitlines()
    assert long.strip() in line and "Sarah Lind" in line and "voice-en 1" in line


def test_a_search_tells_a_standard_that_no_rubric_has(comport):
    comport("audit", SAMPLES / "chat-wrong-size.jsonl", "--rubric", "chat-en")
    told = comport("search", "--standard", "right-answr").stdout
    assert "no rubric that is stored has a standard 'right-answr', but 'right-answer'" in told


def test_nobody_is_asked_whether_to_erase_nothing(comport):
    comport("audit", SAMPLES / "chat-wrong-size.jsonl", "--rubric", "chat-en")
    done = comport("erase", "--customer", "C-999")
    assert (
        done.returncode == 1 and "nobody is stored as 'C-999'" in done.stderr and "Erase" not in done.stdout
    )


def test_users_have_no_default_and_a_password_of_some_length(comport):
    assert comport("user", "list").stdout == ""
    assert "12 to 256 letters" in comport("user", "add", "ana", "--password-stdin", input="short\n").stderr
    added = comport("user", "add", "ana", "--password-stdin", input="a long enough password\n")
    assert (added.returncode, comport("user", "list").stdout) == (0, "ana\tadmin\n")
    again = comport("user", "add", "ana", "--password-stdin", input="a long enough password\n")
    assert "exists already" in again.stderr


def test_ctrl_c_in_the_middle_keeps_what_was_finished(home, comport, tmp_path):
    folder = tmp_path / "calls"
    folder.mkdir()
    shutil.copy(SAMPLES / "exemplary.vtt", folder / "a.vtt")
    for name in "bcdefghijklm":  # far more than are heard before the first is seen to be stored
        shutil.copy(SAMPLES / "exemplary.opus", folder / f"{name}.opus")
        with (folder / f"{name}.opus").open("ab") as file:
            file.write(name.encode())  # each copy its own recording
    command = [COMPORT, "--home", home, "audit", folder, "--rubric", "voice-en", "--engine", "pocketsphinx"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline_s = time.monotonic() + 60
    while "a" not in stored(comport) and time.monotonic() < deadline_s:
        time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert errors.strip().splitlines()[-1] == "stopped; what was finished is stored"
    assert "Traceback" not in errors
    kept = stored(comport)
    assert "a" in kept
    assert "m" not in kept
    again = comport("audit", folder / "a.vtt", "--rubric", "voice-en")
    assert "known already" in again.stdout


def small_files() -> None:
    """Lets no file grow beyond 40 kB, as on a disk that is full; writing more fails with an error."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))


def test_a_disk_that_fills_up_loses_nothing(comport, home, tmp_path):
    comport("audit", SAMPLES / "short-enquiry.vtt", "--rubric", "voice-en")
    before = stored(comport)
    words = " ".join(["something"] * 4000)
    long = tmp_path / "long.vtt"
    long.write_text(f"WEBVTT\n\n00:00:00.000 --> 00:59:00.000\n<v Agent>{words}\n")
    done = comport("audit", long, "--rubric", "voice-en", preexec_fn=small_files)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "cannot" in done.stderr
    assert "make room" in done.stderr
    assert stored(comport) == before
    assert not list(home.rglob(".part-*"))
    assert comport("audit", long, "--rubric", "voice-en").returncode == 0
    assert len(stored(comport)) == len(before) + 1


def test_an_odd_file_does_not_end_the_night(comport, tmp_path):
    folder = tmp_path / "night"
    folder.mkdir()
    (folder / os.fsdecode(b"caf\xe9.vtt")).write_text("WEBVTT\n\n00:00.000 --> 00:01.000\n<v Agent>hello\n")
    shutil.copy(SAMPLES / "short-enquiry.vtt", folder / "x [bold]y.vtt")
    done = comport("audit", folder, "--rubric", "voice-en")
    assert (done.returncode, len(done.stderr.splitlines()), "not UTF-8" in done.stderr) == (1, 1, True)
    assert stored(comport) == ["x [bold]y"]
    assert "x [bold]y" in done.stdout


def test_whisper_weights_can_be_a_folder(comport):
    done = comport("audit", SAMPLES / "charged-twice.opus", "--rubric", "voice-en", "--whisper", WHISPER)
    assert done.returncode == 0
    assert "PocketSphinx" not in done.stdout
    assert "“Good morning,”" in done.stdout


def test_the_doctor_says_what_is_missing_and_how_to_get_it(comport, monkeypatch, tmp_path):
    monkeypatch.setenv("COMPORT_WEIGHTS", str(tmp_path / "none"))
    monkeypatch.delenv("COMPORT_WEIGHTS_MIRROR", raising=False)
    checks = {c["name"]: c for c in json.loads(comport("doctor", "--json").stdout)["checks"]}
    assert checks["store"]["works"]
    assert (checks["hearing Italian"]["works"], checks["hearing Italian"]["remedy"]) == (
        False,
        "comport weights fetch small",
    )
    assert "weak substitute" in checks["hearing English"]["found"]
    assert checks["voices on one channel"]["remedy"] == "comport weights fetch speaker_encoder"
    assert checks["seeing people"]["remedy"].startswith("comport weights fetch yolox_nano")
    assert checks["people who can log in"]["remedy"] == "comport user add NAME"


def test_what_is_stored_is_searched(comport):
    comport("audit", SAMPLES / "careless.vtt", SAMPLES / "exemplary.vtt", "--rubric", "voice-en")

    def found(*arguments):
        done = comport("search", *arguments, "--json")
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        return [row["interaction"]["path"].rpartition("/")[2] for row in answer["interactions"]], answer[
            "older"
        ]

    both, older = found()
    assert (sorted(both), older) == (["careless.vtt", "exemplary.vtt"], None)
    assert found("--from", "90")[0] == ["exemplary.vtt"]
    assert found("thank you for calling", "--to", "100")[0] == ["exemplary.vtt"]
    assert found("nobodysaysthis")[0] == []
    first, older = found("--limit", 1)
    assert [*first, *found("--older", older)[0]] == both
    wrong = comport("search", "--older", "x")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)
    assert "nothing that is stored fits" in comport("search", "--agent", "nobody").stdout


@pytest.mark.parametrize(
    "command",
    [("import",), ("batch", "--rubric", "chat-en"), ("retention", "show", "--file"), ("eval", "people")],
)
def test_a_name_that_no_disk_takes_is_told_on_one_line(comport, command):
    name = 300 * "x"
    done = comport(*command, name)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "File name too long; give another place" in done.stderr and name in done.stderr


def test_what_no_rubric_was_for_is_told_when_all_is_judged_again(comport, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("chat-wrong-size", "mail-cracked-vase"):
        for ending in (".jsonl", ".meta.yaml"):
            (folder / f"{name}{ending}").write_bytes((SAMPLES / f"{name}{ending}").read_bytes())
    assert "2 taken" in comport("import", folder).stdout
    told = comport("rescore", "--rubric", "chat-en").stdout
    assert "1 judged" in told
    assert "1 of channel email have no scorecard: none of the rubrics is for it" in told
    assert "no scorecard" not in comport("rescore", "--rubric", "email-en").stdout
