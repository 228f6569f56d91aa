"""What is said of all files of a folder: tables, names, rosters, zones; and chats as tables."""

import json

import pytest

from audit.arrivals import Rejected
from audit.importing import take_all
from audit.intake import arrivals, find_files, take_in
from audit.interactions import Channel, Role
from audit.store import open_store
from audit.yamlfile import BadFile
from tests import build

INTAKE = """
table: calls.csv
columns: {file: Recording, started_at: Call start, agent_id: Agent, branch: Store, customer_phone: CLI}
time_format: "%d/%m/%Y %H:%M"
roster: roster.csv
zones: {Milan: Europe/Rome, Tehran: Asia/Tehran}
facts: {channel: call, country: IT}
"""
CALLS = "Recording;Call start;Agent;Store;CLI;Notes\na.wav;05/03/2026 14:20;E-204;Milan;02 5550 1234;x\nsub/b.wav;05/03/2026 14:20;E-9;;;\n"
ROSTER = "employee,name,branch,team,from,to\nE-204,Sara Lind,Rome,parcels,,2026-02-28\nE-204,Sara Lind,Milan,bank,2026-03-01,\nE-9,Ali Rezai,Tehran,,,\n"


@pytest.fixture
def folder(tmp_path):
    inside = tmp_path / "calls"
    (inside / "sub").mkdir(parents=True)
    for name in ("a.wav", "sub/b.wav"):
        build.write_wav(inside / name, build.tone(0.1))
    (inside / "comport.intake.yaml").write_text(INTAKE)
    (inside / "calls.csv").write_text(CALLS)
    (inside / "roster.csv").write_text(ROSTER)
    return inside


def test_table_and_roster_say_who_was_where(folder):
    about = take_in(folder / "a.wav").interaction
    assert (about.agent, about.branch, about.team, about.time_zone) == (
        "Sara Lind",
        "Milan",
        "bank",
        "Europe/Rome",
    )
    assert about.started_at == "2026-03-05T14:20:00+01:00"
    assert [(p.role, p.name, p.employee, p.phone) for p in about.parties] == [
        (Role.AGENT, "Sara Lind", "E-204", ""),
        (Role.CUSTOMER, "", "", "+390255501234"),
    ]
    assert find_files(folder) == ((folder / "a.wav", folder / "sub/b.wav"), ())


def test_what_lies_beside_a_file_counts_more(folder):
    (folder / "a.meta.yaml").write_text("branch: Rome\nagent: Someone else\n")
    about = take_in(folder / "a.wav").interaction
    assert (about.branch, about.agent, about.team) == ("Rome", "Someone else", "bank")


TILLS = "till,employee,branch,from,to\n3,E-204,Milan,05/03/2026 09:00,05/03/2026 14:20\n3,E-9,Milan,05/03/2026 14:20,05/03/2026 18:00\n4,E-9,Tehran,05/03/2026 17:00,05/03/2026 17:30\n"
AT_TILLS = """
names: "till-{till}_{started_at}_{branch}"
time_format: "%Y-%m-%d %H.%M"
tills: tills.csv
roster: roster.csv
zones: {Milan: Europe/Rome, Tehran: Asia/Tehran}
facts: {channel: in_person}
"""


@pytest.mark.parametrize(
    ("name", "employee", "agent"),
    [
        ("till-3_2026-03-05 09.00_Milan", "E-204", "Sara Lind"),
        ("till-3_2026-03-05 14.19_Milan", "E-204", "Sara Lind"),
        ("till-3_2026-03-05 14.20_Milan", "E-9", "Ali Rezai"),
        # 17:10 in Tehran.
        ("till-4_2026-03-05 14.40_Milan", "E-9", "Ali Rezai"),
        ("till-4_2026-03-05 17.10_Milan", None, None),
        ("till-3_2026-03-05 08.59_Milan", None, None),
        ("till-5_2026-03-05 10.00_Milan", None, None),
    ],
)
def test_the_log_of_the_tills_says_who_served(folder, name, employee, agent):
    (folder / "comport.intake.yaml").write_text(AT_TILLS)
    (folder / "tills.csv").write_text(tills())
    build.write_wav(folder / f"{name}.wav", build.tone(0.1))
    about = take_in(folder / f"{name}.wav").interaction
    found = [p.employee for p in about.parties if p.role == Role.AGENT]
    assert (found, about.agent, about.branch) == ([employee] if employee else [], agent, "Milan")


def test_a_folder_may_be_of_one_till_and_its_log_is_no_recording(folder):
    (folder / "comport.intake.yaml").write_text(
        AT_TILLS.replace('"till-{till}_{started_at}_{branch}"', '"{started_at}"').replace(
            "{channel: in_person}", "{channel: in_person, time_zone: Europe/Rome}"
        )
        + 'till: "3"\n'
    )
    (folder / "tills.csv").write_text(tills())
    path = build.write_wav(folder / "2026-03-05 15.00.wav", build.tone(0.1))
    assert take_in(path).interaction.agent == "Ali Rezai"
    assert folder / "tills.csv" not in find_files(folder)[0]


def tills():
    """The log with its times as the names of the files have them."""
    return TILLS.replace("05/03/2026 ", "2026-03-05 ").replace(":", ".")


def test_a_time_whose_zone_nobody_says_is_refused_with_its_line(folder):
    # Of E-9 the table names no branch, and the roster is looked up by the time.
    with pytest.raises(
        Rejected, match=r"calls\.csv:3: started_at: '05/03/2026 14:20' has no time zone; say time_zone"
    ):
        take_in(folder / "sub/b.wav")


def test_a_row_whose_file_is_not_there_is_told(folder):
    (folder / "a.wav").unlink()
    report = take_all([folder], open_store(folder.parent / "home"))
    assert [(r.file.rpartition("/")[2], r.line, r.reason[:20]) for r in report.rejected] == [
        ("calls.csv", 2, "a.wav is not here"),
        ("calls.csv", 3, "started_at: '05/03/2"),
    ]


@pytest.mark.parametrize("place", ["../calls/a.wav", "../../../../etc/passwd", "/etc/passwd"])
def test_a_row_about_a_file_elsewhere_is_told_whether_it_is_there_or_not(folder, place):
    (folder / "calls.csv").write_text(CALLS.replace("sub/b.wav", place))
    [told] = find_files(folder)[1]
    assert (told.line_number, told.problem) == (
        3,
        f"{place}: expected its place inside of this folder, such as sub/a.wav",
    )


def test_a_table_may_be_json(folder):
    rows = [
        {"Recording": "a.wav", "Call start": "05/03/2026 14:20", "Agent": 204, "Store": "Milan", "CLI": None}
    ]
    (folder / "calls.json").write_text(json.dumps(rows))
    (folder / "comport.intake.yaml").write_text(INTAKE.replace("calls.csv", "calls.json"))
    assert take_in(folder / "a.wav").interaction.parties[0].employee == "204"
    assert folder / "calls.json" not in find_files(folder)[0]


def test_names_say_what_their_pattern_names(tmp_path):
    text = 'names: ["{agent_id}_{started_at}_{branch}", "{started_at}-{customer_id}"]\ntime_format: "%Y%m%d%H%M"\nfacts: {time_zone: Europe/Rome}\n'
    (tmp_path / "comport.intake.yaml").write_text(text)
    for name in ("E-204_202603051420_Milan.wav", "202603051420-C7.wav", "other.wav"):
        build.write_wav(tmp_path / name, build.tone(0.1))
    about = take_in(tmp_path / "E-204_202603051420_Milan.wav").interaction
    assert (about.parties[0].employee, about.branch, about.started_at) == (
        "E-204",
        "Milan",
        "2026-03-05T14:20:00+01:00",
    )
    assert take_in(tmp_path / "202603051420-C7.wav").interaction.parties[0].crm == "C7"
    with pytest.raises(
        Rejected, match=r"its name is not like \{agent_id\}_\{started_at\}_\{branch\} of comport.intake.yaml"
    ):
        take_in(tmp_path / "other.wav")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("Agent, branch", "Agnt, branch"), "line 2: no column 'Agnt'"),
        (("agent_id:", "agnt_id:"), "3: .*'agnt_id' is no fact; did you mean 'agent_id'?"),
        (("file: Recording, ", ""), "no column is the `file`"),
        (("Europe/Rome", "Europe/Roma"), "6: .*'Europe/Roma' is no time zone"),
        (("calls.csv", "none.csv"), "none.csv: cannot be read: No such file"),
        (("table:", "tabel:"), "2: unknown key 'tabel'"),
    ],
)
def test_mistakes_in_the_folder_file_are_told(folder, change, says):
    (folder / "comport.intake.yaml").write_text(INTAKE.replace(*change))
    with pytest.raises((Rejected, BadFile), match=says):
        take_in(folder / "a.wav")


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("calls.csv", CALLS.replace("sub/b.wav", "a.wav"), "calls.csv:3: line 3: a.wav was in line 2 already"),
        ("calls.csv", CALLS.replace("a.wav;", ";"), "calls.csv:2: line 2: names no file"),
        ("calls.csv", CALLS.replace(";x\n", ";x;y\n"), "calls.csv:2: line 2: not as many values as the heading"),
        ("calls.csv", CALLS.replace("05/03/2026", "soon", 1), "calls.csv:2: started_at: 'soon 14:20' is not a time like %d/%m/%Y"),
        ("calls.csv", CALLS.replace("x\n", '"x\n', 1), r"calls.csv:\d: not CSV: unexpected end of data"),
        ("calls.csv", CALLS.replace("2026", "2199", 1), "starts in the future"),
        ("roster.csv", ROSTER.replace("2026-02-28", "2026-03-01"), "roster.csv:3: line 3: E-204 works in two places on one day"),
        ("roster.csv", ROSTER.replace("2026-03-01", "March"), "roster.csv:3: line 3: from: 'March' is no day"),
        ("roster.csv", ROSTER.replace("Rome", ""), "roster.csv:2: line 2: no branch"),
        ("tills.csv", TILLS.replace("14:20,05/03/2026 18", "14:19,05/03/2026 18"), "tills.csv:3: line 3: two are signed in at 3 at one time"),
        ("tills.csv", TILLS.replace("Milan,05/03/2026 09:00", "Rome,05/03/2026 09:00"), "tills.csv:2: line 2: from: '05/03/2026 09:00' has no time zone"),
        ("tills.csv", TILLS.replace("18:00", "1:00"), "tills.csv:3: line 3: ends before it begins"),
        ("tills.csv", TILLS.replace("18:00", "late"), "tills.csv:3: line 3: to: '05/03/2026 late' is not a time like"),
        ("tills.csv", TILLS.replace("E-9", "", 1), "tills.csv:3: line 3: no employee"),
    ],
)  # fmt: skip
def test_mistakes_in_tables_are_told_with_their_line(folder, file, text, says):
    (folder / file).write_text(text)
    # A table that was changed is read anew, as its folder file is.
    log = "tills: tills.csv\n" if file == "tills.csv" else ""
    (folder / "comport.intake.yaml").write_text(f"{INTAKE}{log}# {says}\n")
    with pytest.raises(Rejected, match=says):
        take_in(folder / "a.wav")


CHATS = 'Chat ID;Time;Who;Name;Message\n1;05/03/2026 14:20;Visitor;Ugo;Hello?\n2;05/03/2026 14:20;Visitor;Ada;Hi\n1;05/03/2026 14:21;Operator;Sara;"Good morning;\nUgo."\n'
COLUMNS = 'at: Time\nsender: Who\ntext: Message\nname: Name\nconversation: Chat ID\ntime_format: "%d/%m/%Y %H:%M"\nsenders: {Visitor: customer, Operator: agent}\n'


def chats(tmp_path, text=CHATS, columns=COLUMNS, name="c.csv"):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    if columns:
        (tmp_path / "c.columns.yaml").write_text(columns)
    (tmp_path / "c.meta.yaml").write_text("time_zone: Europe/Rome\n")
    return path


def test_a_table_of_chats_is_read_by_its_columns(tmp_path):
    first, second = arrivals(chats(tmp_path))
    assert [(u.speaker, u.span.start_s, u.text) for u in first.observations.utterances] == [
        ("Ugo", 0.0, "Hello?"),
        ("Sara", 60.0, "Good morning; Ugo."),
    ]
    about = first.interaction
    assert (about.channel, about.source_id, about.started_at) == (
        Channel.CHAT,
        "1",
        "2026-03-05T14:20:00+01:00",
    )
    assert dict(about.roles) == {"Ugo": Role.CUSTOMER, "Sara": Role.AGENT}
    assert second.interaction.source_id == "2"


def test_one_file_says_the_columns_of_all_tables_of_a_folder(tmp_path):
    path = chats(tmp_path, columns="")
    (tmp_path / "columns.yaml").write_text(COLUMNS)
    assert len(list(arrivals(path))) == 2


def test_json_lines_are_read_by_columns_too(tmp_path):
    lines = [{"t": "2026-03-05T14:20:00Z", "who": "agent", "msg": "Hello."}]
    path = chats(tmp_path, "\n".join(map(json.dumps, lines)), "at: t\nsender: who\ntext: msg\n", "c.jsonl")
    assert [u.text for u in take_in(path).observations.utterances] == ["Hello."]


def test_a_csv_with_the_usual_columns_needs_no_other_file(tmp_path):
    path = chats(tmp_path, "at,from,name,text\n2026-03-05T14:20:00Z,customer,Ugo,Hello?\n", "")
    assert [u.speaker for u in take_in(path).observations.utterances] == ["Ugo"]
    (tmp_path / "prices.csv").write_text("tea,cake\n1,2\n")
    assert find_files(tmp_path)[0] == (path,)


@pytest.mark.parametrize(
    ("text", "columns", "says"),
    [
        (CHATS.replace("Visitor;Ada", "Robot;Ada"), COLUMNS, r"c\.csv:3: Who: nobody says who 'Robot' is"),
        (CHATS.replace("14:21", "late"), COLUMNS, "Time: '05/03/2026 late' is not a time like"),
        (CHATS.replace("2026", "2199"), COLUMNS, "starts in the future"),
        (
            CHATS,
            COLUMNS.replace("Message", "Text"),
            "no column 'Text'; it has Chat ID, Time, Who, Name, Message",
        ),
        (CHATS, COLUMNS.replace("sender:", "sendr:"), "2: unknown key 'sendr'"),
        ("Chat ID;Time;Who;Name;Message\n", COLUMNS, "a table without rows"),
        ("x" * 200_000 + "\n" + "x" * 200_000, COLUMNS, "not CSV: field larger than field limit|no column"),
    ],
)
def test_a_bad_table_of_chats_is_rejected(tmp_path, text, columns, says):
    with pytest.raises((Rejected, BadFile), match=says):
        came = [one for one in arrivals(chats(tmp_path, text, columns)) if isinstance(one, Rejected)]
        raise came[0]


def test_one_broken_row_spoils_its_conversation_only(tmp_path):
    good, bad = arrivals(chats(tmp_path, CHATS.replace("14:21", "late")))
    assert good.interaction.source_id == "2"
    assert bad.line_number == 5
