import json
import multiprocessing
import os
from pathlib import Path

import pytest

from audit.arrivals import Rejected
from audit.intake import RECORDING_SUFFIXES, find_files, read_facts, take_in
from audit.interactions import Channel, Role
from audit.yamlfile import BadFile
from models.media import UnreadableMedia
from tests import build

VTT = """WEBVTT

00:00:01.000 --> 00:00:03.000
<v Agent>Good morning, thank you for calling Northwind.

00:02.500 --> 00:04.000
<v Customer>Hello, I have a question.
"""


def test_webvtt_gives_utterances_voices_and_words_in_time(tmp_path):
    path = tmp_path / "call.vtt"
    path.write_text(VTT)
    arrival = take_in(path)
    said = arrival.observations.utterances
    assert [(u.speaker, u.span.start_s, u.span.end_s, u.text) for u in said] == [
        ("Agent", 1.0, 3.0, "Good morning, thank you for calling Northwind."),
        ("Customer", 2.5, 4.0, "Hello, I have a question."),
    ]
    assert (said[0].words[0].span.start_s, said[0].words[-1].span.end_s) == (1.0, 3.0)
    assert dict(arrival.interaction.roles) == {"Agent": Role.AGENT, "Customer": Role.CUSTOMER}
    assert (arrival.interaction.channel, arrival.interaction.started_at) == (Channel.CALL, None)


def chat(tmp_path, *messages: dict[str, str]):
    path = tmp_path / "chat.jsonl"
    path.write_text("\n".join(map(json.dumps, messages)))
    return path


def test_a_chat_gives_messages_at_their_moments(tmp_path):
    path = chat(
        tmp_path,
        {"at": "2026-03-02T10:00:00+01:00", "from": "customer", "name": "Ugo", "text": "Hello?"},
        {"at": "2026-03-02T09:00:40Z", "from": "agent", "name": "Sara", "text": "Good morning, Ugo."},
    )
    arrival = take_in(path)
    assert [(u.speaker, u.span.start_s) for u in arrival.observations.utterances] == [
        ("Ugo", 0.0),
        ("Sara", 40.0),
    ]
    assert arrival.observations.activity is None
    facts = arrival.interaction
    assert (facts.channel, facts.agent, facts.customer) == (Channel.CHAT, "Sara", "Ugo")
    assert facts.started_at == "2026-03-02T10:00:00+01:00"


GOOD = {"at": "2026-03-02T10:00:00Z", "from": "customer", "text": "Hello?"}


@pytest.mark.parametrize(
    ("messages", "line", "says"),
    [
        ([GOOD, {"at": "2026-03-02T10:00:00Z", "from": "customer"}], 2, "missing required field `text`"),
        ([{**GOOD, "from": "boss"}], 1, "Invalid enum value 'boss'"),
        ([{**GOOD, "at": "yesterday"}], 1, "Invalid RFC3339"),
        ([{**GOOD, "at": "2026-03-02T10:00:00"}], 1, "no zone"),
        ([GOOD, {**GOOD, "at": "2026-03-02T09:59:59Z"}], 2, "earlier than the message before it"),
        ([{**GOOD, "txt": "x"}], 1, "unknown field `txt`"),
        ([], None, "a chat without messages"),
    ],
)
def test_a_bad_chat_is_rejected_with_its_line(tmp_path, messages, line, says):
    with pytest.raises(Rejected, match=says) as caught:
        take_in(chat(tmp_path, *messages))
    assert caught.value.line_number == line


def test_a_chat_that_is_no_json_is_rejected(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"at": "2026\n\xff\xfe')
    with pytest.raises(Rejected, match=r"x\.jsonl:1: not a message"):
        take_in(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hello", "not WebVTT"),
        ("WEBVTT\n\n", "without words"),
        ("WEBVTT\n\n00:05.000 --> 00:01.000\n<v Agent>x\n", "ends at 1.0 s, before it starts"),
        ("WEBVTT\n\n00:01.000 --> 00:05.000\n<v Agent>\udce9\n", "not UTF-8; save it as UTF-8"),
        (
            "WEBVTT\n\n" + "".join(f"00:01.000 --> 00:05.000\n<v P{n}>x\n\n" for n in range(1001)),
            "1001 people in one conversation, expected at most 1000",
        ),
    ],
)
def test_a_bad_transcript_is_rejected(tmp_path, text, says):
    path = tmp_path / "x.vtt"
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(Rejected, match=says):
        take_in(path)


def test_a_chat_of_too_many_people_is_rejected(tmp_path):
    path = tmp_path / "x.jsonl"
    line = '{"at": "2026-03-05T14:20:00Z", "from": "customer", "name": "p%d", "text": "hi"}\n'
    path.write_text("".join(line % n for n in range(1001)))
    with pytest.raises(Rejected, match="1001 people in one conversation, expected at most 1000"):
        take_in(path)


def test_facts_beside_a_recording_are_taken(tmp_path):
    path = build.write_wav(tmp_path / "call 7.wav", build.tone(1), build.tone(1, hz=600))
    (tmp_path / "call 7.meta.yaml").write_text(
        "agent: Sara\ncustomer: Ugo\nbranch: Milan\nagent_channel: 1\nstarted_at: 2026-03-02T10:00:00+01:00\nlanguage: it\n"
    )
    facts = take_in(path).interaction
    assert (facts.agent, facts.customer, facts.branch, facts.language) == ("Sara", "Ugo", "Milan", "it")
    assert dict(facts.roles) == {"channel-0": Role.CUSTOMER, "channel-1": Role.AGENT}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("agnt: Sara\n", "1: unknown key 'agnt'; did you mean 'agent'?"),
        ("agent: Sara\nstarted_at: 2026-03-02T10:00:00\n", "2: started_at: .* has no time zone"),
        ("started_at: soon\n", "1: started_at: 'soon' is not a time"),
        ("channel: telepathy\n", "1: channel: found 'telepathy', expected 'call'"),
    ],
)
def test_wrong_facts_are_reported_with_their_line(tmp_path, text, says):
    (tmp_path / "a.meta.yaml").write_text(text)
    with pytest.raises(BadFile, match=says):
        read_facts(tmp_path / "a.wav")


def test_a_folder_gives_its_interactions_and_not_what_belongs_to_them(tmp_path):
    inside = tmp_path / "monday"
    inside.mkdir()
    for name in ("a.wav", "a.vtt", "a.meta.yaml", "b.MP3", "c.jsonl", "d.vtt", "notes.txt"):
        (inside / name).write_text("x")
    files, refused = find_files(tmp_path)
    assert ([p.name for p in files], refused) == (["a.wav", "b.MP3", "c.jsonl", "d.vtt"], ())


def test_a_folder_is_searched_for_the_endings_that_the_manual_lists(tmp_path):
    manual = (Path(__file__).parents[1] / "docs/chats-and-transcripts.md").read_text()
    listed = manual.partition("A folder is searched for the endings")[2].partition(";")[0].split()
    for ending in (*listed, "gif"):
        (tmp_path / f"a.{ending}").write_text("x")
    files, refused = find_files(tmp_path)
    assert ({p.suffix for p in files}, refused) == ({f".{ending}" for ending in listed}, ())
    assert {f".{ending}" for ending in listed} == RECORDING_SUFFIXES
    assert find_files(tmp_path / "a.gif") == ((tmp_path / "a.gif",), ())


def test_an_empty_or_missing_folder_is_refused(tmp_path):
    assert [str(r) for r in find_files(tmp_path)[1]] == [
        f"{tmp_path}: no recordings, transcripts or chats in this folder"
    ]
    assert [str(r) for r in find_files(tmp_path / "none")[1]] == [
        f"{tmp_path / 'none'}: no such file or folder"
    ]


def test_an_unreadable_folder_is_rejected(tmp_path):
    closed = tmp_path / "monday" / "closed"
    closed.mkdir(parents=True)
    closed.chmod(0)
    (tmp_path / "monday" / "a.vtt").write_text(VTT)
    told = multiprocessing.get_context("fork").Queue()
    child = multiprocessing.get_context("fork").Process(target=_find_as_nobody, args=(tmp_path, told))
    child.start()
    try:
        assert told.get(timeout=20) == (["a.vtt"], [f"{closed}: cannot be read: Permission denied"])
    finally:
        child.join()
        closed.chmod(0o700)


def _find_as_nobody(folder, told):
    """Root may read everything: then the question is asked as an ordinary user."""
    if os.geteuid() == 0:
        for parent in (folder, *folder.parents[:3]):
            parent.chmod(parent.stat().st_mode | 0o055)
        os.setuid(65534)
    files, refused = find_files(folder)
    told.put(([p.name for p in files], [str(r) for r in refused]))


def test_two_people_of_one_name_stay_two(tmp_path):
    path = chat(tmp_path, {**GOOD, "name": "Sam"}, {**GOOD, "from": "agent", "name": "Sam", "text": "Hello."})
    arrival = take_in(path)
    assert [u.speaker for u in arrival.observations.utterances] == ["Sam", "Sam (agent)"]
    assert dict(arrival.interaction.roles) == {"Sam": Role.CUSTOMER, "Sam (agent)": Role.AGENT}


def test_a_chat_with_a_byte_order_mark_is_taken(tmp_path):
    path = chat(tmp_path, GOOD)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(take_in(path).observations.utterances) == 1


def test_nobody_writes_as_anyone(tmp_path):
    with pytest.raises(Rejected, match="from: anyone is nobody"):
        take_in(chat(tmp_path, {**GOOD, "from": "anyone"}))


def test_voices_within_one_cue_are_told_apart(tmp_path):
    path = tmp_path / "x.vtt"
    path.write_text(
        "WEBVTT\n\n00:00.000 --> 00:04.000\n<v Sara>Tea &amp; cake</v>\n<v.loud Tom>it is <i>yours</i></v>\n"
    )
    said = take_in(path).observations.utterances
    assert [(u.speaker, u.text) for u in said] == [("Sara", "Tea & cake"), ("Tom", "it is yours")]
    assert 0 < said[0].span.end_s == said[1].span.start_s < said[1].span.end_s == 4


def test_text_cannot_drive_the_terminal(tmp_path):
    path = tmp_path / "x.vtt"
    path.write_text("WEBVTT\n\n00:00.000 --> 00:04.000\n<v Agent>good \x1b]0;morning\x07\n")
    (tmp_path / "x.meta.yaml").write_text('title: "a\\eb"\n')
    arrival = take_in(path)
    assert (arrival.observations.utterances[0].text, arrival.interaction.title) == ("good ]0;morning", "a b")


def test_names_that_cannot_be_stored_or_are_very_long(tmp_path):
    strange = tmp_path / os.fsdecode(b"caf\xe9.vtt")
    strange.write_text(VTT)
    with pytest.raises(Rejected, match="not UTF-8; rename it"):
        take_in(strange)
    long = tmp_path / ("x" * 250 + ".vtt")
    long.write_text(VTT)
    assert take_in(long).interaction.title == "x" * 250


@pytest.mark.parametrize(
    "text", ["agent_channel: 7\n", "agent_channel: true\n", "started_at: 0001-01-01T00:00:00+10:00\n"]
)
def test_facts_out_of_range_are_reported(tmp_path, text):
    (tmp_path / "a.meta.yaml").write_text(text)
    with pytest.raises(BadFile, match="1: "):
        read_facts(tmp_path / "a.wav")


def test_a_missing_recording_is_refused(tmp_path):
    with pytest.raises(UnreadableMedia, match="No such file"):
        take_in(tmp_path / "none.wav")
