"""What asks something now, and what stands in a condition."""

import pytest

from audit.judge import judge
from audit.pattern import unfold
from audit.rubricfile import load_rubric
from audit.yamlfile import BadFile
from models.phrases import Phrases
from tests import build

PATTERNS = {
    "en": ["anything else (we|I) can", "(do|would) you have any other questions"],
    "it": ["c'è altro", "ha altre domande"],
    "fa": ["سوال دیگری دارید"],
    "de": ["noch Fragen"],
}


@pytest.mark.parametrize(
    ("language", "text", "asks"),
    [
        ("en", "Is there anything else I can do?", True),
        ("en", "If there's anything else we can do, please call us.", False),
        ("en", "if you have any other questions", False),
        ("en", "should you have any other questions", False),
        ("en", "in case you have any other questions", False),
        ("en", "In that case, would you have any other questions?", True),
        ("en", "If you agree, do you have any other questions?", True),
        ("en", "if so do you have any other questions", True),
        ("en", "May I ask if there is anything else I can do?", True),
        ("en", "Can I check with you if there is anything else I can do?", True),
        ("en", "May I ask you if there is anything else I can do?", True),
        ("en", "Check our site if there is anything else we can do.", False),
        ("en", "Ask us if there is anything else we can do.", False),
        ("en", "Thank you for asking, if there is anything else we can do, call us.", False),
        ("en", "I will call you if there is anything else I can do.", False),
        ("en", "What should I send you, and is there anything else I can do?", True),
        ("it", "C'è altro?", True),
        ("it", "Se ha altre domande ci chiami.", False),
        ("it", "nel caso c'è altro mi chiami", False),
        ("it", "Volevo chiedere se c'è altro.", True),
        ("it", "Mi chiedevo se c'è altro.", True),
        ("it", "Volevo capire con lei se c'è altro.", True),
        ("it", "Mi chiami se c'è altro.", False),
        ("it", "Torni da lei se c'è altro.", False),
        ("it", "Se vuole, ha altre domande?", True),
        ("fa", "سوال دیگری دارید؟", True),
        ("fa", "اگر سوال دیگری دارید تماس بگیرید", False),
        ("de", "wenn Sie noch Fragen haben", True),
    ],
)
def test_a_condition_asks_nothing(language, text, asks):
    sequences = {"further": [s for p in PATTERNS[language] for s in unfold(p, language, {})]}
    phrases = Phrases(language, sequences, questions=["further"])
    found = [m.negated for m in phrases.find(phrases.prepare(text.split()), tolerant=language == "en")]
    assert found == [not asks]


def house(tmp_path, more):
    path = tmp_path / "house.yaml"
    text = build.rubric_text("- {id: a, title: A, say: further}")
    phrases = f"{more}phrases:\n  further: (do|would) you have any other questions\n"
    path.write_text(text.replace("phrases:\n", phrases, 1), "utf-8")
    return load_rubric(path)


@pytest.mark.parametrize(
    ("engine", "told"),
    [("transcript", ""), ("whisper", "; only in a condition or negated: 'further' at 0:15")],
)
def test_the_verdict_tells_of_the_condition(tmp_path, engine, told):
    rubric = house(tmp_path, "questions: [further]\n")
    said = "I am glad we could help you. If you have any other questions, just write to us."
    observed = build.observations([("agent", 12.0, said)], engine=engine)
    (finding,) = judge(rubric, build.conversation(rubric, observed))
    assert (finding.verdict, finding.reason) == ("missed", f"not said: 'further'{told}")


def test_a_question_is_a_phrase_of_the_rubric(tmp_path):
    with pytest.raises(BadFile, match=r"house\.yaml:\d+: .*furthur.*further"):
        house(tmp_path, "questions: [furthur]\n")
