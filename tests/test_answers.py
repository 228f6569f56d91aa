"""The same question over all channels and languages, beside what the house has approved."""

import json

import pytest
from click.testing import CliRunner

from audit.answers import load_answers
from audit.cli import cli
from audit.contacts import contact_of
from audit.interactions import Channel, Role
from audit.sameness import Given, answered_in, compare
from audit.store import open_store
from audit.yamlfile import BadFile
from tests import build
from tests.test_customers import identity
from tests.test_store import answers as parts

ANSWERS = """\
answers: northwind
slots: {brand: [Northwind]}
questions:
- id: return-period
  title: How long can a purchase be returned?
  ask:
    en: ["how (long|many days) * return", "can (i|it) * (return|returned)"]
    it: ["(entro quando|quanti giorni) * (restituire|rendere|reso)"]
    fa: ["تا (کی|چند روز) * پس (بدهم|بدم)"]
  approved:
    en: ["(30|thirty) days"]
    it: ["(30|trenta) giorni"]
    fa: ["(30|سی) روز"]
  wrong:
    en: ["(14|fourteen) days", "two weeks"]
    it: ["(14|quattordici) giorni"]
    fa: ["(14|چهارده) روز"]
- id: shipping-cost
  title: What does shipping cost?
  ask: {en: ["how much * (shipping|delivery)", "(shipping|delivery) cost"]}
  approved: {en: ["(shipping|delivery) is free"]}
"""

A, C, B = Role.AGENT, Role.CUSTOMER, Role.BOT


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    path = tmp_path_factory.mktemp("answers") / "answers.yaml"
    path.write_text(ANSWERS, "utf-8")
    return load_answers(path)


def keep(store, name, lines, language="en", channel=Channel.CHAT, roles=True, **facts):
    """Keeps a conversation of (role, text) lines, half a minute apart."""
    import msgspec

    said = build.observations([(role.value, 30.0 * n, text) for n, (role, text) in enumerate(lines)])
    spoken = tuple(msgspec.structs.replace(u, language=language) for u in said.utterances)
    recording = msgspec.structs.replace(said.recording, id=identity(name))
    observed = msgspec.structs.replace(said, recording=recording, utterances=spoken)
    known = tuple((role.value, role) for role in (A, C, B)) if roles else ()
    one = msgspec.structs.replace(
        build.interaction(channel, language=language, roles=known, **facts),
        id=identity(name),
        recording=identity(name),
        title=name,
    )
    store.keep(one, observed, parts(observed))
    return one


@pytest.fixture
def store(tmp_path, database):
    one = open_store(tmp_path / "home", database)
    yield one
    one.engine.dispose()


@pytest.fixture(scope="module")
def reading(tmp_path_factory):
    """A store for tests that read one conversation of it."""
    return open_store(tmp_path_factory.mktemp("reading"))


@pytest.mark.parametrize(
    ("language", "lines", "given", "answer"),
    [
        ("en", [(C, "How long can I return it?"), (A, "You have thirty days.")], "approved", "You have thirty days."),
        ("en", [(C, "How long can I return it?"), (A, "Fourteen days.")], "wrong", "Fourteen days."),
        ("en", [(C, "How long can I return it?"), (A, "Let me look."), (C, "ok"), (A, "30 days")], "approved", "30 days"),
        ("en", [(C, "How long can I return it?"), (A, "14 days"), (A, "sorry, 30 days")], "approved", "sorry, 30 days"),
        ("en", [(C, "How long can I return it?"), (A, "not 14 days, 30 days")], "approved", "not 14 days, 30 days"),
        ("en", [(C, "How long can I return it?"), (A, "Quite a while.")], "cannot_tell", "Quite a while."),
        ("en", [(C, "How long can I return it?"), (B, "30 days")], "unanswered", None),
        ("en", [(C, "How long can I return it?"), (C, "Hello?")], "unanswered", None),
        ("en", [(C, "How long can I return it?"), (A, "one"), (C, "a"), (A, "two"), (C, "b"), (A, "three"), (C, "c"), (A, "30 days")], "cannot_tell", "one"),
        ("en", [(C, "How long can I return it?"), (C, "and how much is shipping?"), (A, "shipping is free")], "unanswered", None),
        ("it", [(C, "Entro quando posso restituire il maglione?"), (A, "Ha trenta giorni.")], "approved", "Ha trenta giorni."),
        ("it", [(C, "Quanti giorni ho per il reso?"), (A, "Ha 14 giorni.")], "wrong", "Ha 14 giorni."),
        ("fa", [(C, "تا کی می‌توانم آن را پس بدهم؟"), (A, "تا سی روز")], "approved", "تا سی روز"),
        ("fa", [(C, "تا چند روز می‌شود پس بدهم؟"), (A, "فقط ۱۴ روز")], "wrong", "فقط ۱۴ روز"),
    ],
)  # fmt: skip
def test_an_answer_is_compared_with_what_is_approved(reading, answers, language, lines, given, answer):
    one = keep(reading, f"{language} {lines}", lines, language)
    first = answered_in(contact_of(reading, one), answers)[0]
    assert (first.question, first.given) == ("return-period", given)
    assert first.asked.quote == lines[0][1]
    assert (first.answer.quote if first.answer else None) == answer


@pytest.mark.parametrize(
    ("language", "lines", "roles"),
    [
        ("en", [(A, "How long can I return it?"), (C, "14 days")], True),
        ("en", [(C, "Hello"), (A, "30 days")], True),
        ("en", [(C, "How long can I return it?"), (A, "14 days")], False),
        ("de", [(C, "How long can I return it?"), (A, "14 days")], True),
    ],
)
def test_what_is_no_question_of_a_customer_is_not_compared(reading, answers, language, lines, roles):
    one = keep(reading, f"{language} {lines} {roles}", lines, language, roles=roles)
    assert answered_in(contact_of(reading, one), answers) == ()


def test_answers_are_counted_by_channel(store, answers):
    asked = (C, "How long can I return it?")
    keep(store, "chat", [asked, (A, "14 days")])
    keep(store, "chat 2", [asked, (A, "30 days")])
    keep(store, "mail", [(C, "Quanti giorni ho per il reso?"), (A, "30 giorni")], "it", Channel.EMAIL)
    keep(
        store,
        "call",
        [asked, (A, "hm"), (C, "how much is delivery"), (A, "delivery is free")],
        channel=Channel.CALL,
    )
    keep(store, "who", [asked, (A, "14 days")], roles=False)
    found = compare(store, answers)
    assert [(c.question, c.channel, c.asked, c.approved, c.wrong, c.cannot_tell) for c in found.counts] == [
        ("return-period", "call", 1, 0, 0, 1),
        ("return-period", "chat", 2, 1, 1, 0),
        ("return-period", "email", 1, 1, 0, 0),
        ("shipping-cost", "call", 1, 1, 0, 0),
    ]
    assert found.caveats == ("1 interactions were left out: who is the agent is unknown in them",)
    assert len(compare(store, answers, (Channel.EMAIL,)).answers) == 1


@pytest.mark.parametrize(
    ("change", "line", "told"),
    [
        (("approved:\n    en", "aproved:\n    en"), 10, "unknown key 'aproved'"),
        (("id: shipping-cost", "id: return-period"), 18, "duplicate id 'return-period', first on line 4"),
        (("(30|thirty) days", "(30|thirty days"), 11, "cannot be read"),
        (("two weeks", "{brnd} says"), 15, "undefined slot 'brnd'"),
        (("two weeks", "thirty days"), 15, "'thirty days' is approved and wrong; keep one"),
        (("  wrong:\n    en", "  wrong:\n    xx"), 15, "'xx'"),
        (('  approved:\n    en: ["(30|thirty) days"]\n', "  approved:\n"), 7, "nothing is approved in it"),
        (('    fa: ["تا (کی|چند روز) * پس (بدهم|بدم)"]\n', ""), 12, "never asked in 'fa'"),
        (("questions:", "questions: []\nrest:"), 3, "questions: empty"),
        (("title: What does shipping cost?", "titel: x"), 19, "unknown key 'titel'"),
        (
            ("  wrong:\n", '  means: {en: ["thirty|days"]}\n  wrong:\n'),
            14,
            "expected a sentence as people say it",
        ),
    ],
)
def test_every_problem_of_the_file_is_told_at_its_line(tmp_path, change, line, told):
    path = tmp_path / "answers.yaml"
    assert change[0] in ANSWERS
    path.write_text(ANSWERS.replace(*change, 1), "utf-8")
    with pytest.raises(BadFile) as bad:
        load_answers(path)
    assert any(told in one.text and one.line == line for one in bad.value.problems), bad.value.problems


def test_the_commands_check_and_compare(tmp_path):
    store = open_store(tmp_path / "home")
    keep(store, "chat", [(C, "How long can I return it?"), (A, "14 days")])
    good, bad = tmp_path / "answers.yaml", tmp_path / "bad.yaml"
    good.write_text(ANSWERS, "utf-8")
    bad.write_text("answers: x\nquestions: 3\n", "utf-8")

    def run(*words, status=0):
        done = CliRunner().invoke(
            cli, ["--home", str(tmp_path / "home"), "answers", *words], catch_exceptions=False
        )
        assert done.exit_code == status, done.output
        return done.output.replace("\n", " ")

    assert "2 questions in en, fa, it" in run("check", str(good))
    assert "bad.yaml:2: questions: expected a list" in run("check", str(good), str(bad), status=1)
    assert json.loads(run("check", str(bad), "--json", status=1))["problems"][0]["line"] == 2
    told = run("compare", str(good))
    assert "wrong: return-period" in told
    assert "agent “14 days”" in told
    assert json.loads(run("compare", str(good), "--json"))["counts"][0]["wrong"] == 1
    assert Given.WRONG not in run("compare", str(good), "--channel", "email").split()[7:]
