"""`comport eval speech`: what is heard beside its references."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from audit.evaluate import scripts, speech
from audit.interactions import Channel, Conversation, Role, Roles
from audit.pipeline import find_rubric
from audit.speakers import Speakers
from models import media
from models import speech as recogniser
from models.activity import voices
from models.observations import Activity, Span
from models.perceiving import Listening
from tests import build

COMPORT = Path(sys.executable).parent / "comport"
WHISPER = build.SAMPLES.parent / "tests" / "weights" / "whisper-test-en"


def script(lines, roles=None, timed=False):
    known = {"agent": Role.AGENT, "customer": Role.CUSTOMER} if roles is None else roles
    return scripts.Script(build.observations(lines), known, timed)


def talk(rubric, lines):
    heard = build.observations(lines)
    roles = Roles((("channel-0", Role.AGENT), ("channel-1", Role.CUSTOMER)), "given", 1.0)
    return Conversation(Channel.CALL, heard, roles, Speakers(Channel.CALL, heard, rubric.finder))


@pytest.mark.parametrize(
    ("heard", "errors", "confused"),
    [
        ("my name is sarah", 0, ()),
        ("my game is sarah", 1, (("name", "game"),)),
        ("name is sarah", 1, ()),
        ("my own name is sarah", 1, ()),
        ("", 4, ()),
    ],
)
def test_words_are_counted_as_wrong_missing_or_too_many(heard, errors, confused):
    said = [("channel-0", 0, heard)] if heard else []
    counts, _ = speech.compare_words(
        script([("agent", 0, "My name is Sarah.")]), build.observations(said), "en"
    )
    assert counts == {"words": 4, "errors": errors, "confused": confused}


def test_each_voice_belongs_to_whose_words_it_mostly_says():
    exact = script([("agent", 0, "good morning how may I help"), ("customer", 9, "my kettle is broken")])
    heard = build.observations(
        [("speaker-1", 0, "good morning may I help"), ("speaker-0", 9, "kettle is broken")]
    )
    _, owners = speech.compare_words(exact, heard, "en")
    assert owners == {"speaker-1": Role.AGENT, "speaker-0": Role.CUSTOMER}


@pytest.mark.parametrize(
    ("heard", "counts"),
    [
        ([("channel-0", 0.5, "good morning my name is Sarah")], (2, 2, 2)),
        ([("channel-0", 0.5, "good morning")], (1, 1, 2)),
        ([("channel-1", 0.5, "good morning my name is Sarah")], (0, 0, 2)),
        ([("channel-0", 0.5, "good morning good morning my name is Sarah how may I help you")], (2, 4, 2)),
    ],
)
def test_formulas_are_counted_where_the_agent_says_them(tmp_path, heard, counts):
    rubric = build.rubric(tmp_path, "- {id: a, title: A, say: {all: [greeting, own-name, offer-help]}}")
    exact = script([("agent", 0, "good morning my name is Sarah")], timed=True)
    found = speech.compare_formulas(exact, talk(rubric, heard), rubric)
    assert found[:3] == counts
    if heard[0][2].startswith("good morning my"):
        assert found.apart_s == (pytest.approx(0.5),) * counts[0]


@pytest.mark.parametrize(
    ("voices", "der"),
    [
        ([("x", [(0, 4)]), ("y", [(5, 9)])], 0.0),
        ([("x", [(0, 9)])], 4 / 7),
        ([], 1.0),
    ],
)
def test_errors_of_voices_are_told(voices, der):
    truth = (Activity("agent", (Span(0, 4),)), Activity("customer", (Span(5, 9),)))
    found = tuple(Activity(name, tuple(Span(*s) for s in spans)) for name, spans in voices)
    told = speech.figures([speech.Heard("a", truth=truth, voices=found)])
    assert told["der"] == pytest.approx(der, abs=1e-3)
    assert (told["wer"], told["role_accuracy"], told["formula_f1"]) == (None, None, None)


def test_where_nobody_speaks_there_are_no_errors_of_voices():
    silent = (Activity("channel-0", ()), Activity("channel-1", ()))
    told = speech.figures([speech.Heard("a", truth=silent, voices=(Activity(None, ()),))])
    assert (told["der"], told["der_strict"]) == (None, None)


REFERENCES = {
    "call.ref.txt": "Agent: Good morning.\n\nCaller: Hello there.\n",
    "call.vcon.json": json.dumps(
        {
            "analysis": [
                {"type": "summary", "body": "a call"},
                {"type": "transcript", "body": [{"speaker": "Agent", "message": "Good morning."}]},
            ]
        }
    ),
    "call.vtt": "WEBVTT\n\n00:00.000 --> 00:01.000\n<v agent>Good morning.\n",
}


@pytest.mark.parametrize(
    ("name", "turns", "timed"),
    [
        ("call.ref.txt", [("agent", "Good morning."), ("customer", "Hello there.")], False),
        ("call.vcon.json", [("agent", "Good morning.")], False),
        ("call.vtt", [("agent", "Good morning.")], True),
    ],
)
def test_references_lie_beside_recordings(tmp_path, name, turns, timed):
    build.write_wav(tmp_path / "call.wav", build.tone(1))
    (tmp_path / name).write_text(REFERENCES[name])
    (case,) = scripts.find_cases(tmp_path)
    assert [(u.speaker, u.text) for u in case.script.observations.utterances] == turns
    assert case.script.timed == timed


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("\ufeffAgent: Good morning.", [("agent", "Good morning.")]),
        ("agent : Good\nmorning.\n\nCLIENT: Hello", [("agent", "Good morning."), ("customer", "Hello")]),
        ("Good morning.\nHello there.", [(None, "Good morning."), (None, "Hello there.")]),
        ("Good morning.\nCustomer: Hello there.", [(None, "Good morning."), ("customer", "Hello there.")]),
        ("Agent:\nCustomer: Hello there.", [("customer", "Hello there.")]),
    ],
)
def test_exact_words_are_read_turn_by_turn(tmp_path, text, turns):
    build.write_wav(tmp_path / "call.wav", build.tone(1))
    (tmp_path / "call.ref.txt").write_text(text, "utf-8")
    (case,) = scripts.find_cases(tmp_path)
    assert [(u.speaker, u.text) for u in case.script.observations.utterances] == turns


TIMED = "WEBVTT\n\n00:00.000 --> 00:20.000\n<v {}>Good morning.\n"


@pytest.mark.parametrize(
    ("beside", "content", "files", "roles"),
    [
        # The agent of this sample is on the left.
        ("vtt", TIMED.format("agent"), None, {"channel-0": Role.AGENT, "channel-1": Role.CUSTOMER}),
        ("vtt", TIMED.format("Sara"), None, {}),
        ("meta.yaml", "agent_channel: 1\n", None, {"channel-0": Role.CUSTOMER, "channel-1": Role.AGENT}),
        (None, "", ("agent", "caller"), {"channel-0": Role.AGENT, "channel-1": Role.CUSTOMER}),
        (None, "", ("agent", "silent"), {"channel-0": Role.AGENT}),
    ],
)
def test_who_speaks_on_each_channel_is_told_or_left_open(tmp_path, beside, content, files, roles):
    sound = media.decode(build.SAMPLES / "charged-twice.opus").sound.read(0.0, 20.0)
    if files:
        tracks = {"agent": sound[0], "caller": sound[1], "silent": np.zeros_like(sound[0])}
        for name, who in zip(("agent", "caller"), files, strict=True):
            build.write_wav(tmp_path / f"call_{name}.wav", tracks[who])
    else:
        build.write_wav(tmp_path / "call.wav", *sound)
        (tmp_path / f"call.{beside}").write_text(content)
    (case,) = scripts.find_cases(tmp_path)
    truth = voices(speech._parties(case), None)
    assert speech._roles(case, truth) == roles


@pytest.mark.parametrize(
    ("given", "owners", "right"),
    [
        ({"a": Role.AGENT, "b": Role.CUSTOMER}, {"a": Role.AGENT, "b": Role.CUSTOMER}, True),
        ({"b": Role.AGENT, "a": Role.CUSTOMER}, {"a": Role.AGENT, "b": Role.CUSTOMER}, False),
        ({}, {"a": Role.AGENT, "b": Role.CUSTOMER}, False),
        # Both parties in one voice: nobody's role is right.
        ({"a": Role.AGENT}, {"a": Role.AGENT}, False),
        (
            {"a": Role.AGENT, "b": Role.CUSTOMER, "c": Role.AGENT},
            {"a": Role.AGENT, "b": Role.CUSTOMER, "c": Role.AGENT},
            True,
        ),
        ({"a": Role.AGENT, "b": Role.AGENT}, {"a": Role.AGENT, "b": Role.CUSTOMER}, False),
    ],
)
def test_a_role_is_right_where_the_agents_voice_alone_is_the_agent(given, owners, right):
    assert speech._right(given, owners) == right


def test_two_files_of_one_call_are_one_case(tmp_path):
    for who in ("agent", "caller"):
        build.write_wav(tmp_path / f"call_{who}.wav", build.tone(1))
    (case,) = scripts.find_cases(tmp_path)
    assert (case.name, case.path, [p.stem for p in case.parties]) == (
        "call",
        None,
        ["call_agent", "call_caller"],
    )


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "no recording with a reference"),
        ({"call.vcon.json": "{"}, "no vCon with a transcript"),
        ({"call.vcon.json": "[" * 100_000}, "no vCon with a transcript"),
        ({"call.ref.txt": b"\xff\xfe\xff"}, "cannot be read as UTF-8 text"),
    ],
)
def test_what_cannot_be_compared_is_told_in_one_line(tmp_path, files, problem):
    build.write_wav(tmp_path / "call.wav", build.tone(1))
    for name, content in files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    command = [COMPORT, "eval", "speech", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_a_sample_is_compared_with_its_transcript(tmp_path):
    for path in build.SAMPLES.glob("charged-twice.*"):
        shutil.copy(path, tmp_path)
    command = [
        COMPORT,
        "eval",
        "speech",
        str(tmp_path),
        "--whisper",
        str(WHISPER),
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = msgspec.json.decode(done.stdout.splitlines()[-1])
    assert told["wer"] < 0.8
    assert told["formula_precision"] > 0.8
    assert told["formula_time_error_s"] < 0.5
    assert [case["name"] for case in told["cases"]] == ["charged-twice", "charged-twice (mixed)"]


FULL = next((name for name in recogniser.WHISPER_PREFERENCE if recogniser._is_ready(name)), None)


@pytest.mark.weights
@pytest.mark.skipif(FULL is None, reason="no full Whisper here: comport weights fetch small")
def test_a_full_whisper_hears_a_sample_almost_word_by_word():
    case = next(c for c in scripts.find_cases(build.SAMPLES) if c.name == "short-enquiry")
    listening = Listening("en", "whisper", FULL)
    heard = next(speech.hear(case, find_rubric("voice-en"), listening, lambda done_s, all_s: None))
    assert heard.errors / heard.words < 0.15
    assert heard.role_right
