import msgspec
import pytest

from audit.interactions import Channel, Role, Speakers
from audit.roles import assign_roles
from tests import build

STANDARDS = "- {id: a, title: A, say: {all: [greeting, own-name, offer-help]}}"
FORMULA = "good morning my name is Sarah how may I help you"


def roles(tmp_path, lines, known=(), agent_channel=None, language="en", agent=None, sure=1.0):
    text = build.rubric_text(STANDARDS).replace("language: en", f"language: {language}")
    if agent_channel is not None:
        text = text.replace("applies_to", f"agent_channel: {agent_channel}\napplies_to")
    path = tmp_path / "r.yaml"
    path.write_text(text)
    rubric = build.load_rubric(path)
    facts = msgspec.structs.replace(build.interaction(), roles=tuple(known), agent=agent)
    heard = build.observations(lines)
    voices = tuple(msgspec.structs.replace(a, sure=sure) for a in heard.activity)
    heard = msgspec.structs.replace(heard, activity=voices)
    return assign_roles(facts, Speakers(Channel.CALL, heard, rubric.finder), rubric)


@pytest.mark.parametrize("agent", [0, 1])
def test_who_speaks_the_formulas_is_the_agent(tmp_path, agent):
    lines = [(f"channel-{agent}", 0, FORMULA), (f"channel-{1 - agent}", 6, "good morning I want to order")]
    found = roles(tmp_path, lines)
    assert dict(found.of) == {f"channel-{agent}": Role.AGENT, f"channel-{1 - agent}": Role.CUSTOMER}
    assert found.confidence > 0.98
    assert "formulas said 2 by" in found.how


def test_metadata_goes_before_formulas(tmp_path):
    lines = [("channel-0", 0, FORMULA), ("channel-1", 6, "yes")]
    found = roles(tmp_path, lines, known=[("channel-1", Role.AGENT)])
    assert dict(found.of) == {"channel-1": Role.AGENT, "channel-0": Role.CUSTOMER}
    assert found.confidence == 1


def test_the_rubric_may_fix_the_channel(tmp_path):
    lines = [("channel-0", 0, FORMULA), ("channel-1", 6, "yes")]
    assert dict(roles(tmp_path, lines, agent_channel=1).of)["channel-1"] == Role.AGENT


def test_without_a_difference_nobody_is_the_agent(tmp_path):
    found = roles(tmp_path, [("channel-0", 0, "yes"), ("channel-1", 6, "no")])
    assert (found.of, found.confidence) == ((), 0)
    assert "unknown" in found.how


def test_one_mixed_channel_has_no_roles(tmp_path):
    found = roles(tmp_path, [(None, 0, FORMULA)])
    assert (found.of, "who spoke is unknown" in found.how) == ((), True)


def test_one_formula_more_does_not_make_an_agent(tmp_path):
    lines = [("channel-0", 0, "good morning I ordered a kettle"), ("channel-1", 6, "yes")]
    assert roles(tmp_path, lines).of == ()


def test_an_uncertain_agent_and_a_thin_score_are_caveats(tmp_path):
    from audit.scorecard import make_scorecard

    more = "- {id: c, title: C, say: {any: [hold, thanks-for-holding]}}\n- {id: b, title: B, weight: 99, ask: Kind?}"
    rubric = build.rubric(tmp_path, f"{STANDARDS}\n{more}")
    lines = [("channel-0", 0, FORMULA), ("channel-1", 20, f"{FORMULA} can you check your account")]
    caveats = make_scorecard(build.interaction(), build.observations(lines), rubric).caveats
    assert [c[:36] for c in caveats] == [
        "Only 2 % of the weight that applied ",
        "Who is the agent is uncertain: the r",
    ]


@pytest.mark.parametrize(
    ("agent", "customer", "language"),
    [
        (
            "can I take your number please what is your name have you got your card",
            "it is on my bill I think my",
            "en",
        ),
        (
            "mi dice il suo nome e il suo numero le mando la sua fattura",
            "la mia bolletta il mio contratto mi",
            "it",
        ),
        ("شماره شما چیست نام شما را بفرمایید برای شما می‌فرستم شما شما", "من سفارش دادم من من گفتم من", "fa"),
    ],
)
def test_who_speaks_of_the_others_things_is_the_agent(tmp_path, agent, customer, language):
    found = roles(tmp_path, [("b", 0, customer), ("a", 9, agent)], language=language)
    assert dict(found.of) == {"a": Role.AGENT, "b": Role.CUSTOMER}


def test_who_says_the_agents_name_first_is_the_agent(tmp_path):
    lines = [("a", 0, "hello Sarah here"), ("b", 9, "hello Sarah")]
    assert dict(roles(tmp_path, lines, agent="Sarah Jones").of) == {"a": Role.AGENT, "b": Role.CUSTOMER}
    assert roles(tmp_path, lines).of == ()


def test_voices_that_were_hardly_told_apart_have_no_sure_roles(tmp_path):
    lines = [("speaker-0", 0, FORMULA), ("speaker-1", 6, "yes my bill")]
    assert roles(tmp_path, lines, sure=1.0).confidence > 0.98
    assert roles(tmp_path, lines, sure=0.5).of == ()


def test_a_call_handed_over_has_two_agents(tmp_path):
    lines = [("speaker-0", 0, FORMULA), ("speaker-1", 9, "I want my money"), ("speaker-2", 20, FORMULA)]
    found = dict(roles(tmp_path, lines).of)
    assert [found[f"speaker-{n}"] for n in range(3)] == [Role.AGENT, Role.CUSTOMER, Role.AGENT]
