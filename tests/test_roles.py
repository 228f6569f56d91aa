import msgspec
import numpy as np
import pytest

from audit.interactions import Channel, Role
from audit.palette import Palette
from audit.person_roles import person_roles
from audit.roles import assign_roles, converse
from audit.speakers import Speakers
from models.camera import Zone, assumed_camera
from models.observations import Observed, Provenance, Recording, gather, span
from tests import build
from tests.test_mouths import TURNS, face, heard

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
        "Who is who is only 86 % sure: agent ",
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


@pytest.mark.parametrize(
    ("agent", "customer"),
    [
        ("buongiorno", "ho pagato le bollette e le rate ma le fatture e le more le ho perse"),
        ("mi dica pure e mi dia il codice e mi dica la via e mi conferma il cap", "certo va bene"),
    ],
)
def test_articles_and_polite_requests_make_nobody_the_agent(tmp_path, agent, customer):
    assert roles(tmp_path, [("a", 0, customer), ("b", 9, agent)], language="it").of == ()
    assert roles(tmp_path, [("b", 0, agent), ("a", 9, customer)], language="it").of == ()


def test_who_says_the_agents_name_first_is_the_agent(tmp_path):
    lines = [("a", 0, "hello Sarah here"), ("b", 9, "hello Sarah")]
    assert dict(roles(tmp_path, lines, agent="Sarah Jones").of) == {"a": Role.AGENT, "b": Role.CUSTOMER}
    assert roles(tmp_path, lines).of == ()


def test_who_is_alone_and_says_no_formula_is_not_the_agent(tmp_path):
    mail = [("Rita", 0, "I already told your colleague that your lamp is broken when do I get your answer")]
    found = roles(tmp_path, mail)
    assert (found.of, found.confidence) == ((), 0)
    assert "nobody else is in it" in found.how
    assert dict(roles(tmp_path, [("Sara", 0, FORMULA)]).of) == {"Sara": Role.AGENT}


def test_voices_that_were_hardly_told_apart_have_no_sure_roles(tmp_path):
    lines = [("speaker-0", 0, FORMULA), ("speaker-1", 6, "yes my bill")]
    assert roles(tmp_path, lines, sure=1.0).confidence > 0.98
    assert roles(tmp_path, lines, sure=0.5).of == ()


def test_a_call_handed_over_has_two_agents(tmp_path):
    lines = [("speaker-0", 0, FORMULA), ("speaker-1", 9, "I want my money"), ("speaker-2", 20, FORMULA)]
    found = dict(roles(tmp_path, lines).of)
    assert [found[f"speaker-{n}"] for n in range(3)] == [Role.AGENT, Role.CUSTOMER, Role.AGENT]


TEAL, RED, GREY = (38.4, -18.5, -14.4), (32.9, 43.2, 20.8), (47.0, 1.4, -7.6)
"""CIELAB as measured on rendered people: the house's #006978, and others."""
HOUSE = Palette(upper=["#006978"])
NOWHERE = (np.nan, np.nan, np.nan)
HERE, AWAY = (100, 50, 140, 200), (400, 50, 440, 340)
"""Boxes with their lower middle at (120, 200) and (420, 340)."""
COUNTER = Zone("counter", ((80, 150), (180, 150), (180, 220), (80, 220)))
DOOR = Zone("entrance", ((380, 300), (460, 300), (460, 360), (380, 360)))


def someone(number, came_s=0.0, left_s=10.0, wears=NOWHERE, box=AWAY):
    times_s = np.arange(came_s, left_s, 0.2)
    n = len(times_s)
    arrays = {
        "times_s": times_s,
        "boxes_px": np.tile(np.asarray(box, float), (n, 1)),
        "clothes_lab": np.tile([wears, NOWHERE], (n, 1, 1)),
    }
    return build.track(n, f"person-{number}", **arrays)


def seen(*tracks, zones=()):
    camera = msgspec.structs.replace(assumed_camera((640, 360)), zones=zones)
    return build.people(list(tracks), camera=camera, times_s=np.arange(0, 10, 0.2))


A, C = Role.AGENT, Role.CUSTOMER


@pytest.mark.parametrize(
    ("people", "expected", "why"),
    [
        (seen(someone(0, wears=TEAL), someone(1, wears=GREY)), (A, C), "in the house colours"),
        (seen(someone(0, wears=TEAL)), (A,), "in the house colours"),
        # Nobody is in uniform: the one in the wrong one is not made a customer.
        (
            seen(someone(0, wears=RED), someone(1, wears=GREY)),
            (None, None),
            "2 people seen is the agent is unk",
        ),
        (seen(someone(0, wears=TEAL), someone(1)), (A, None), "in the house colours"),
        (seen(someone(0), someone(1, came_s=3, left_s=8)), (A, C), "while others came and left"),
        (seen(someone(0), someone(1, came_s=3)), (A, C), "while others came and left"),
        (seen(someone(0), someone(1, came_s=0.6, left_s=9.4)), (None, None), "unknown"),
        # Two stay and one passes by: who of the two waits and who serves, the times do not tell.
        (seen(someone(0), someone(1), someone(2, came_s=3, left_s=8)), (None, None, None), "unknown"),
        (seen(someone(0), someone(1, came_s=3, left_s=4)), (None, None), "unknown"),
        (seen(someone(0, box=HERE), someone(1), zones=(COUNTER,)), (A, C), "behind the counter"),
        (seen(someone(0), someone(1, 3), someone(2), zones=(DOOR,)), (None, C, None), "no agent among the 3"),
        # Staff on the floor, and staff in a wrong uniform behind the counter.
        (
            seen(someone(0, wears=TEAL), someone(1, wears=GREY, box=HERE), zones=(COUNTER,)),
            (A, A),
            "person-0 is the agent (in the house colours), person-1 is the agent (behind the counter)",
        ),
        (seen(), (), "nobody was seen"),
        (seen(someone(0)), (None,), "whether the one person seen is the agent is unknown"),
    ],
)
def test_who_is_the_agent_in_a_picture(people, expected, why):
    found = person_roles(people, {}, HOUSE)
    assert tuple(dict(found.of).get(track.label) for track in people.tracks) == expected
    assert why in found.how
    assert (found.confidence == 0) == (not found.of)


@pytest.mark.parametrize(
    ("voices", "expected"),
    [
        ({"person-0": (C, 0.9), "person-1": (A, 0.9)}, {"person-0": C, "person-1": A}),
        ({"person-1": (A, 0.9)}, {"person-1": A}),
        ({"person-0": (C, 0.6), "person-1": (A, 0.6)}, {}),
        ({"person-0": (Role.BOT, 1.0)}, {}),
        ({}, {}),
    ],
)
def test_voices_joined_to_people_tell_who_they_are(voices, expected):
    assert dict(person_roles(seen(someone(0), someone(1)), {}, None, voices).of) == expected


def test_cues_that_agree_are_surer_and_what_is_given_goes_before_all():
    people = seen(someone(0, wears=TEAL), someone(1, 3, 8, wears=GREY))
    uniform, both = (
        person_roles(seen(*(someone(n, wears=w) for n, w in ((0, TEAL), (1, GREY)))), {}, HOUSE),
        None,
    )
    both = person_roles(people, {}, HOUSE)
    assert 0.5 < uniform.confidence < both.confidence < 1
    given = person_roles(people, {"person-0": C, "person-1": A}, HOUSE)
    assert dict(given.of) == {"person-0": C, "person-1": A}
    assert given.confidence == 1 and "given with it" in given.how


def test_people_and_voices_have_roles_in_one_conversation(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text(build.rubric_text(STANDARDS).replace("slots:", "appearance: {upper: '#006978'}\nslots:"))
    rubric = build.load_rubric(path)
    people = seen(someone(0, wears=GREY), someone(1, wears=TEAL))
    picture = Observed(build.IDENTITY, Provenance("people", "mediapipe", "1", "", ()), people=people)
    silent = gather(Recording(build.IDENTITY, 10.0, 0, 0, ""), (picture,), ())
    alone = converse(build.interaction(Channel.VIDEO), silent, rubric)
    assert [role for role, _ in alone.persons] == [C, A]
    assert alone.roles.how == "person-1 is the agent (in the house colours)"
    heard = build.observations([("channel-0", 0, "yes"), ("channel-1", 1, FORMULA)])
    spoken = converse(build.interaction(), msgspec.structs.replace(heard, people=people), rubric)
    assert [role for role, _ in spoken.persons] == [C, A]
    assert [role for role, _ in spoken.utterances] == [C, A]
    assert "formulas said 2 by" in spoken.roles.how and spoken.roles.confidence > 0.5


@pytest.mark.parametrize("agent", [0, 1])
def test_whose_mouth_moves_tells_who_speaks_and_the_other_way_round(tmp_path, agent):
    """Nobody says a formula: the uniform tells the person, the mouth the voice of that person."""
    clothes = [GREY, GREY]
    clothes[agent] = TEAL
    tracks = [
        msgspec.structs.replace(
            (seen := face(f"person-{n}", f"channel-{n}")),
            clothes_lab=np.tile([clothes[n], NOWHERE], (len(seen.times_s), 1, 1)),
        )
        for n in (0, 1)
    ]
    path = tmp_path / "r.yaml"
    path.write_text(build.rubric_text(STANDARDS).replace("slots:", "appearance: {upper: '#006978'}\nslots:"))
    rubric = build.load_rubric(path)
    of = ("people", build.people(tracks)), ("activity", tuple(heard("channel-0", "channel-1")))
    parts = [Observed(build.IDENTITY, Provenance(n, "x", "1", "", ()), **{n: value}) for n, value in of]
    whole = gather(Recording(build.IDENTITY, 24.0, 2, 16000, ""), parts, ())
    talk = converse(build.interaction(Channel.VIDEO), whole, rubric)
    assert dict(talk.roles.of)[f"channel-{agent}"] == A
    assert dict(talk.roles.of)[f"channel-{1 - agent}"] == C
    assert talk.speech(A) == tuple(span(*s) for s in TURNS[f"channel-{agent}"])
    assert "by whose mouth moves" in talk.roles.how and 0.3 < talk.roles.confidence < 1
    # The same without a uniform, when it is known who speaks on which channel.
    known = (("channel-0", C), ("channel-1", A))
    plain = build.rubric(tmp_path, STANDARDS)
    talk = converse(build.interaction(Channel.VIDEO, roles=known), whole, plain)
    assert [role for role, _ in talk.persons] == [C, A]
    assert "person-1 is the agent (speaks as the agent)" in talk.roles.how
