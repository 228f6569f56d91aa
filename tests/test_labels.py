"""`labels.csv`: what people said of transcripts, and the line each bad row is refused with."""

from pathlib import Path

import pytest

from audit.evaluate.labels import Label, moment_of, read_labels, text_of
from audit.intake import take_in
from audit.judge import Verdict
from audit.yamlfile import BadFile

CALL = """WEBVTT

1
00:00:01.000 --> 00:00:02.500
<v Agent>Good morning.

01:00:03.000 --> 01:00:04.000
<v Customer>Hello,
this is Ana.
"""

CHAT = """
{"at": "2026-03-02T18:05:10+01:00", "from": "customer", "text": "Hello."}

{"at": "2026-03-02T18:05:12+01:00", "from": "agent", "text": "Good evening."}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "call.vtt").write_text(CALL, "utf-8")
    (tmp_path / "deep" / "chat.jsonl").write_text(CHAT, "utf-8")
    return tmp_path


def labelled(folder: Path, *rows: str, header: str = "file,line,standard,verdict") -> Path:
    (folder / "labels.csv").write_text("\n".join((header, *rows)) + "\n", "utf-8")
    return folder


def test_rows_are_read_in_their_order_with_the_line_they_stand_on(folder):
    labelled(folder, "call.vtt,,greeting,met", "", "deep/chat.jsonl, 4 ,greeting,missed")
    assert read_labels(folder, ["greeting"]) == (
        Label(2, folder / "call.vtt", None, "greeting", Verdict.MET),
        Label(4, folder / "deep" / "chat.jsonl", 4, "greeting", Verdict.MISSED),
    )


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("file;line;standard;verdict", "call.vtt;5;greeting;met"),
        ("\ufefffile,line,standard,verdict", "call.vtt,5,greeting,met"),
        ("verdict,who,standard,line,file", "met,Ana,greeting,5,call.vtt"),
        ("file, line, standard, verdict", 'call.vtt,5,"greeting",met'),
    ],
)
def test_what_spreadsheets_write_is_read(folder, header, row):
    (label,) = read_labels(labelled(folder, row, header=header))
    assert label == Label(2, folder / "call.vtt", 5, "greeting", Verdict.MET)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("cal.vtt,,greeting,met", "no such file 'cal.vtt'"),
        (",,greeting,met", "no such file ''"),
        ("call.vtt,0,greeting,met", "line: found '0', expected a number from 1 on"),
        ("call.vtt,first,greeting,met", "line: found 'first'"),
        ("call.vtt,,greting,met", "unknown standard 'greting'; did you mean 'greeting'?"),
        ("call.vtt,,greeting,yes", "verdict: found 'yes', expected met, missed, no_opportunity"),
        ("call.vtt,,greeting,cannot_tell", "who cannot tell leaves it out"),
        ("call.vtt", "unknown standard ''"),
        ("call.vtt,,greeting,met\ncall.vtt,,greeting,missed", "labelled there already, on line 2"),
    ],
)
def test_a_bad_row_is_told_with_its_line(folder, row, says):
    with pytest.raises(BadFile) as caught:
        read_labels(labelled(folder, row), ["greeting", "farewell"])
    line = 1 + len(row.splitlines())
    assert str(caught.value).startswith(f"{folder / 'labels.csv'}:{line}: ")
    assert says in str(caught.value)


def test_all_bad_rows_are_told_at_once(folder):
    with pytest.raises(BadFile) as caught:
        read_labels(labelled(folder, "x.vtt,,a,met", "call.vtt,,a,met", "y.vtt,,a,met"))
    assert [problem.line for problem in caught.value.problems] == [2, 4]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read: No such file"),
        (b"", "no column file, line, standard, verdict"),
        (b"file,standard,verdict\n", "no column line"),
        (b"file,line,standard,verdict\n\n", "no rows"),
        (b"file,line,standard,verdict\n\xff", "not UTF-8 (byte 27)"),
        (b'file,line,standard,verdict\n"' + b"x" * 200_000 + b'"', "not CSV: field larger"),
    ],
)
def test_a_file_that_is_none_is_told_in_one_line(folder, content, says):
    if content is not None:
        (folder / "labels.csv").write_bytes(content)
    with pytest.raises(BadFile) as caught:
        read_labels(folder)
    assert says in str(caught.value) and len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("file", "line", "start_s", "end_s"),
    [
        ("call.vtt", 5, 1.0, 2.5),
        ("call.vtt", 4, 1.0, 2.5),
        ("call.vtt", 8, 3603.0, 3604.0),
        ("call.vtt", 9, 3603.0, 3604.0),
        ("call.vtt", None, 0.0, 3604.0),
        ("deep/chat.jsonl", 2, 0.0, 0.0),
        ("deep/chat.jsonl", 4, 2.0, 2.0),
    ],
)
def test_a_line_is_a_moment(folder, file, line, start_s, end_s):
    observations = take_in(folder / file).observations
    assert observations is not None
    moment = moment_of(Label(2, folder / file, line, "a", Verdict.MET), observations)
    assert (moment.start_s, moment.end_s) == (start_s, end_s)


@pytest.mark.parametrize(("file", "line", "number"), [("call.vtt", 5, 0), ("deep/chat.jsonl", 4, -1)])
def test_a_line_is_what_is_said_there(folder, file, line, number):
    observations = take_in(folder / file).observations
    assert observations is not None and observations.utterances
    texts = [u.text for u in observations.utterances]
    assert text_of(Label(2, folder / file, line, "a", Verdict.MET), observations) == texts[number]
    assert text_of(Label(2, folder / file, None, "a", Verdict.MET), observations) == " ".join(texts)


@pytest.mark.parametrize(
    ("file", "line"),
    [("call.vtt", n) for n in (1, 3, 6, 99)] + [("deep/chat.jsonl", n) for n in (1, 3, 5)],
)
def test_a_line_without_words_is_told_at_its_row(folder, file, line):
    observations = take_in(folder / file).observations
    assert observations is not None
    with pytest.raises(BadFile) as caught:
        moment_of(Label(7, folder / file, line, "a", Verdict.MET), observations)
    assert f"labels.csv:7: {Path(file).name} has no words on line {line}" in str(caught.value)
