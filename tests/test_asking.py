"""What is an apology, and what only asks to say something again."""

import pytest

from audit.asking import begins, has
from audit.interactions import Channel, Role
from audit.rubricfile import load_rubric
from models.language import ANY
from tests import build

APOLOGIES = {"en": "(I am)? (so|very)? sorry", "it": "(mi)? scusi", "fa": "ببخشید"}


def apologies(tmp_path, language, lines, channel=Channel.CALL, regrets="regrets: [apology]\n"):
    path = tmp_path / "house.yaml"
    text = build.rubric_text("- {id: a, title: A, say: apology}").replace(
        "language: en", f"language: {language}"
    )
    phrases = f'{regrets}phrases:\n  apology: "{APOLOGIES[language]}"\n'
    path.write_text(text.replace("phrases:\n", phrases, 1), "utf-8")
    house = load_rubric(path)
    observed = build.observations([(who, 5.0 * n, said) for n, (who, said) in enumerate(lines)])
    return [e.text for e in build.conversation(house, observed, channel).said("apology", Role.AGENT)]


@pytest.mark.parametrize(
    ("language", "lines", "said"),
    [
        ("en", ["It is the home service.", "Sorry?", "The home service."], []),
        ("en", ["It is the home service.", "I'm sorry?", "Yes."], []),
        ("en", ["It is the home service.", "Sorry, what was that?", "The home service."], []),
        ("en", ["It is the home service.", "Sorry sir, could you repeat that?", "Yes."], []),
        ("en", ["It is the home service.", "I'm sorry, I didn't catch that.", "Yes."], []),
        ("en", ["It is the home service.", "sorry", "the home service"], []),
        ("en", ["It is the home service.", "sorry", "thank you"], ["sorry"]),
        ("en", ["The room was cold.", "I am so sorry.", "It was really cold."], ["I am so sorry."]),
        (
            "en",
            ["The room was cold.", "I'm sorry.", "You should heat a room that is so cold."],
            ["I'm sorry."],
        ),
        ("en", ["The room was cold.", "I'm sorry to hear that. May I ask your name?", "Tom."], ["I'm sorry"]),
        ("en", ["The room was cold.", "Sorry? I see. I'm very sorry.", "Yes."], ["I'm very sorry."]),
        ("en", ["The room.", "sorry, what was that? I see, sorry, we will refund it.", "Yes."], ["sorry,"]),
        ("en", ["The room.", "sorry, we will refund it. sorry, what was that?", "Yes."], ["sorry,"]),
        ("it", ["Il servizio è lento.", "Scusi?", "Il servizio."], []),
        ("it", ["Il servizio è lento.", "Mi scusi, può ripetere?", "Sì."], []),
        ("it", ["Il servizio è lento.", "Mi scusi, rimedio subito.", "Grazie."], ["Mi scusi,"]),
        ("fa", ["سرویس کند است.", "ببخشید؟", "سرویس."], []),
        ("fa", ["سرویس کند است.", "ببخشید متوجه نشدم.", "سرویس."], []),
        ("fa", ["سرویس کند است.", "ببخشید، درست می‌کنم.", "ممنون."], ["ببخشید،"]),
    ],
)
@pytest.mark.parametrize("channel", [Channel.CALL, Channel.CHAT])
def test_an_apology_asks_for_nothing(tmp_path, language, lines, said, channel):
    talk = list(zip(["customer", "agent", "customer"], lines, strict=True))
    assert apologies(tmp_path, language, talk, channel) == said


@pytest.mark.parametrize(
    ("regrets", "said"),
    [
        ("", []),
        ("regrets: [apology]\n", []),
        ("regrets: [greeting]\n", ["Sorry?"]),
        ("regrets: []\n", ["Sorry?"]),
    ],
)
def test_an_apology_regrets_unless_the_rubric_says_otherwise(tmp_path, regrets, said):
    assert apologies(tmp_path, "en", [("agent", "Sorry?")], regrets=regrets) == said


@pytest.mark.parametrize(
    ("sequence", "forms", "there"),
    [
        (("it", ANY, "is"), ("it", "is"), True),
        (("it", ANY, "is"), ("it", "charge", "advice", "is", "it"), True),
        (("it", ANY, "is"), ("it", *"abcdef", "is"), False),
        (("it", "is"), ("oh", "it", "is"), True),
    ],
)
def test_a_gap_stands_for_up_to_five_words(sequence, forms, there):
    assert has(forms, sequence) == there
    assert begins(forms, sequence) == (there and forms[0] != "oh")
