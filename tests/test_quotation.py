import pytest

from audit.interactions import Channel
from audit.judge import judge
from audit.quotation import quoted
from tests import build


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("You wrote “that is your fault” to me.", "“that is your fault”"),
        ('You wrote "that is your fault", I read.', '"that is your fault",'),
        ("Ha scritto «è solo colpa vostra».", "«è solo colpa vostra»."),
        ("نوشتید «این تقصیر خود شماست».", "«این تقصیر خود شماست»."),
        ("Thank you for calling “Northwind”.", ""),
        ("The “Gold” plan and the “Silver” plan are yours.", ""),
        ("He said “that is your fault and went", ""),
        ('The 12" pipe and the 14" pipe fit here.', ""),
        ("“one two three four” and “five six seven eight”", "“one two three four” “five six seven eight”"),
        ('" alone at the beginning', ""),
        ("", ""),
    ],
)
def test_words_in_quotation_marks(text, others):
    words = text.split()
    assert " ".join(words[i] for i in sorted(quoted(words))) == others


@pytest.mark.parametrize(
    ("channel", "text", "verdict"),
    [
        (Channel.CHAT, "I read “well that is your fault” and I am sorry", "met"),
        (Channel.EMAIL, "I read “well that is your fault” and I am sorry", "met"),
        (Channel.CHAT, "well that is your fault", "missed"),
        (Channel.CALL, "I read “well that is your fault” and I am sorry", "missed"),
    ],
)
def test_nobody_is_blamed_for_what_they_quote_in_writing(tmp_path, channel, text, verdict):
    house = build.rubric(tmp_path, "- {id: no-blame, title: Blames nobody, avoid: blame}")
    conversation = build.conversation(house, build.observations([("agent", 1.0, text)]), channel)
    [finding] = judge(house, conversation)
    assert finding.verdict == verdict
