"""The rubrics that come with Comport, and the manual that explains how to write one."""

import re
from pathlib import Path

import pytest

from audit.interactions import Conversation
from audit.judge import Finding, Verdict
from audit.pipeline import PACKS, find_rubric, pack_names
from audit.rubric import Examples, Rubric, Section, Standard
from audit.rubricfile import load_rubric
from audit.rules import Avoid, Do, During, Keep, Needs, Rule, Say, Step, Verb, When
from audit.score import add_up
from audit.signals import kinds
from audit.workbench import enact, run_examples

MANUAL = Path(__file__).parent.parent / "docs" / "rubrics.md"


@pytest.fixture(scope="module", params=pack_names())
def pack(request: pytest.FixtureRequest) -> Rubric:
    return find_rubric(request.param)


@pytest.fixture(scope="module")
def voice() -> Rubric:
    return find_rubric("voice-en")


@pytest.fixture(scope="module")
def manual_rubric(tmp_path_factory: pytest.TempPathFactory) -> Rubric:
    example = re.search(r"```yaml\n(rubric:.*?)```", MANUAL.read_text("utf-8"), re.DOTALL)
    assert example, "the manual shows no whole rubric"
    path = tmp_path_factory.mktemp("manual") / "rubric.yaml"
    path.write_text(example[1], "utf-8")
    return load_rubric(path)


def failures(rubric: Rubric) -> list[str]:
    return [
        f"{r.standard}: {r.text!r} should be {r.wanted}, is {r.found} ({r.reason})"
        for r in run_examples(rubric)
        if not r.passed
    ]


def test_there_are_packs_for_the_telephone_the_chat_and_the_counter() -> None:
    assert set(pack_names()) >= {
        "voice-en",
        "voice-it",
        "voice-fa",
        "chat-en",
        "email-en",
        "counter-en",
        "counter-it",
    }


def test_a_pack_is_named_as_its_file(pack: Rubric) -> None:
    assert (PACKS / f"{pack.rubric}.yaml").is_file()


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("voice-en", 35),
        ("voice-it", 25),
        ("voice-fa", 25),
        ("chat-en", 25),
        ("email-en", 30),
        ("counter-en", 25),
        ("counter-it", 25),
    ],
)
def test_a_pack_holds_a_whole_manual(name: str, least: int) -> None:
    assert len(find_rubric(name).standards) >= least


@pytest.mark.parametrize("key", ["why", "purpose", "how", "value", "source"])
def test_every_standard_says(pack: Rubric, key: str) -> None:
    assert [s.id for s in pack.standards if not getattr(s, key)] == []


def test_every_standard_shows_what_meets_and_what_misses_it(pack: Rubric) -> None:
    judged = [s for s in pack.standards if s.verbs != (Verb.ASK,)]
    assert [s.id for s in judged if not (s.examples.met and s.examples.missed)] == []


def test_every_condition_shows_when_it_does_not_apply(pack: Rubric) -> None:
    assert [s.id for s in pack.standards if s.when and not s.examples.no_opportunity] == []


def test_every_example_gives_its_verdict(pack: Rubric) -> None:
    assert failures(pack) == []


def test_every_phrase_is_used(pack: Rubric) -> None:
    used = {"greeting"}
    for s in pack.standards:
        used |= pack.reach(s.names)
    assert set(pack.phrases) - used == set()


def said(rubric: Rubric, text: str) -> set[str]:
    conversation: Conversation = enact(text, rubric)
    return {name for name in rubric.phrases if conversation.said(name, conversation.utterances[0][0])}


FORBIDDEN = {"asks-secret", "blame", "dead-end", "jargon", "slang", "pet-name", "promise"}
FORBIDDEN |= {"informal", "informal-address", "diminutive", "says-aloud"}


@pytest.mark.parametrize(
    "sentence",
    [
        "That is not your fault.",
        "This is no problem at all.",
        "Is your problem solved now?",
        "I can help you with that.",
        "We must have made a mistake.",
        "You should have two letters from us by now.",
        "I have not told you everything yet.",
        "I do not need your PIN.",
        "Please do not give me your card number.",
        "We never ask for your password.",
        "I cannot promise that.",
        "We will certainly look into it.",
        "You will not have to wait.",
        "I would love to help.",
    ],
)
def test_a_kind_sentence_is_no_forbidden_one(voice: Rubric, sentence: str) -> None:
    assert said(voice, f"agent: {sentence}") & FORBIDDEN == set()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("counter-en", "Please tell me when you have entered your PIN."),
        ("counter-en", "I will go with you to the other counter."),
        ("counter-en", "Is your address still the same?"),
        ("counter-en", "You will not have to wait."),
        ("counter-en", "That is not your fault."),
        ("counter-it", "Mi dica quando ha digitato il PIN."),
        ("counter-it", "Non è colpa sua."),
        ("counter-it", "Non deve tornare, glielo spedisco."),
        ("counter-it", "Il suo indirizzo è ancora lo stesso?"),
        ("counter-it", "Le auguro una bella giornata."),
        ("counter-it", "Aspetta qualcuno?"),
        ("counter-it", "Non c'è niente di rotto."),
        ("counter-it", "Lei non ha sbagliato."),
    ],
)
def test_a_kind_sentence_at_the_counter_is_no_forbidden_one(name: str, sentence: str) -> None:
    assert said(find_rubric(name), f"agent: {sentence}") & FORBIDDEN == set()


@pytest.mark.parametrize(
    ("line", "phrase"),
    [
        ("agent: Buonasera, che cosa posso fare per Lei?", "offer-help"),
        ("agent: Sono Marco di Northwind.", "own-name"),
        ("customer: Il mio ordine non è ancora arrivato.", "account-request"),
        ("customer: L'altro ieri ho ordinato una lampada.", "account-request"),
        ("customer: La lampada non si accende.", "problem"),
        ("customer: Non ho ancora ricevuto il rimborso.", "problem"),
        ("agent: La capisco.", "empathy"),
        ("agent: Mi dispiace molto.", "apology"),
        ("agent: Ora controllo.", "ownership"),
        ("agent: Mi può mostrare un documento?", "identity-check"),
        ("agent: Mi dà il numero d'ordine?", "identity-check"),
        ("agent: Il Suo pacco è partito ieri.", "account-data"),
        ("agent: Mi può dire il codice di sicurezza?", "asks-secret"),
        ("agent: C'è qualcos'altro?", "further-help"),
        ("agent: Arriverà venerdì.", "next-steps"),
        ("agent: La richiamo entro un'ora.", "next-steps"),
        ("agent: Grazie, buona giornata!", "farewell"),
        ("agent: Solo un attimino.", "diminutive"),
    ],
)
def test_an_italian_phrase_is_found_in_other_words(line: str, phrase: str) -> None:
    assert phrase in said(find_rubric("counter-it"), line)


@pytest.mark.parametrize(
    ("line", "phrase"),
    [
        ("agent: Non capisco che cosa vuole.", "empathy"),
        ("agent: Sono contento di Northwind.", "greeting"),
        ("agent: Mi dia un momento per cercare il suo ordine.", "asks-secret"),
        ("agent: Non serve altro.", "further-help"),
        ("agent: Prego?", "please"),
    ],
)
def test_other_italian_words_are_not_the_phrase(line: str, phrase: str) -> None:
    assert phrase not in said(find_rubric("counter-it"), line)


@pytest.mark.parametrize(("one", "other"), [("counter-en", "counter-it"), ("voice-it", "voice-fa")])
def test_countries_hold_the_same_standards(one: str, other: str) -> None:
    ids = [[s.id for s in find_rubric(name).standards] for name in (one, other)]
    assert ids[0] == ids[1]


NO_FEELINGS = re.compile(r"emotion|emozion|\b(mood|umore|stress|nervous|nervos)", re.IGNORECASE)


def test_no_standard_judges_what_somebody_feels(pack: Rubric) -> None:
    rules = [" ".join(filter(None, (s.title, s.ask, *sorted(s.names)))) for s in pack.standards]
    assert [rule for rule in rules if NO_FEELINGS.search(rule)] == []


@pytest.mark.parametrize(
    ("line", "phrase"),
    [
        ("agent: Hello, Northwind, Sara Lind speaking.", "own-name"),
        ("agent: Good afternoon, this is Tom from Northwind.", "own-name"),
        ("agent: You are speaking with Sara.", "own-name"),
        ("agent: All calls are recorded.", "recording-notice"),
        ("agent: May I just take your full name and your date of birth?", "identity-check"),
        ("agent: I can see on your order that it left us.", "account-data"),
        ("agent: And what is your security code?", "asks-secret"),
        ("agent: Could you quickly read me your card number?", "asks-secret"),
        ("customer: Shall I give you my card number?", "offers-secret"),
        ("customer: It still has not even arrived.", "problem"),
        ("customer: I'm really disappointed.", "problem"),
        ("customer: You charged me twice!", "problem"),
        ("agent: I can imagine how annoying that is.", "empathy"),
        ("agent: We're so sorry.", "apology"),
        ("agent: I'll personally take care of that.", "ownership"),
        ("agent: Well, you should've read the terms.", "blame"),
        ("agent: Sorry, there's nothing I can do.", "dead-end"),
        ("agent: I guarantee it.", "promise"),
        ("agent: I'll put you on a short hold.", "goes-on-hold"),
        ("agent: Would you mind holding for a minute?", "hold-permission"),
        ("agent: Thanks so much for your patience.", "hold-thanks"),
        ("agent: Thank you for waiting.", "hold-thanks"),
        ("agent: Do you have any other questions?", "further-help"),
        ("agent: You will receive an e-mail from us today.", "next-steps"),
        ("agent: I'll send somebody in ten minutes.", "next-steps"),
        ("agent: Your refund will arrive in about five business days.", "next-steps"),
        ("agent: A new one will be sent to you on Friday.", "next-steps"),
        ("agent: I will call you back within the hour.", "next-steps"),
        ("agent: Have a very pleasant rest of the day!", "farewell"),
    ],
)
def test_a_phrase_is_found_in_other_words(voice: Rubric, line: str, phrase: str) -> None:
    assert phrase in said(voice, line)


@pytest.mark.parametrize(
    ("line", "phrase"),
    [
        ("agent: Good morning, this is Northwind, how may I help you?", "own-name"),
        ("agent: Yes, this is correct.", "own-name"),
        ("agent: This is ridiculous.", "own-name"),
        ("agent: So your parcel has not arrived?", "account-data"),
        ("agent: May I ask what your order is about?", "account-data"),
        ("agent: I am sorry that your delivery was late.", "account-data"),
        ("agent: We need to protect your password.", "asks-secret"),
        ("agent: Please give me a moment to find your card number.", "asks-secret"),
        ("agent: What are the last three digits of your order?", "asks-secret"),
        ("agent: I do not say that often.", "guards-secret"),
        ("agent: The price would be the same.", "empathy"),
        ("agent: We cannot do anything else.", "further-help"),
        ("agent: We will be closed tomorrow.", "next-steps"),
        ("agent: You will not receive it today.", "next-steps"),
        ("agent: I will send it again.", "next-steps"),
        ("agent: My colleague just told you the price.", "blame"),
    ],
)
def test_other_words_are_not_the_phrase(voice: Rubric, line: str, phrase: str) -> None:
    assert phrase not in said(voice, line)


def test_the_manual_s_rubric_loads_and_its_examples_pass(manual_rubric: Rubric) -> None:
    assert failures(manual_rubric) == []


def test_the_manual_s_sum_is_right(manual_rubric: Rubric) -> None:
    credits = {"greeting": 2 / 3, "apology": 1.0, "no-blame": 1.0, "no-dead-air": 0.8}
    findings = tuple(
        Finding(
            s.id, Verdict.MISSED if s.id in credits else Verdict.NO_OPPORTUNITY, credits.get(s.id), 1.0, ""
        )
        for s in manual_rubric.standards
    )
    score = add_up(manual_rubric, findings)
    sums = [f"{s.score:.1f}" for s in score.sections if s.score is not None]
    assert [*sums, f"{score.score:.1f}"] == ["66.7", "96.0", "84.3"]
    assert all(f"| {number} |" in MANUAL.read_text("utf-8") for number in sums)


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_the_manual_explains_each_measure_and_event(kind: str) -> None:
    assert f"| `{kind}` |" in MANUAL.read_text("utf-8")


def keys(*kinds: type) -> set[str]:
    return {field.alias or key for kind in kinds for key, field in kind.model_fields.items()}


KEYS = keys(Rubric, Standard)
INNER_KEYS = keys(Section, Rule, Say, Do, Avoid, Keep, Step, When, During, Needs, Examples)


@pytest.mark.parametrize("key", sorted(KEYS))
def test_the_manual_explains_each_key(key: str) -> None:
    rows = [line for line in MANUAL.read_text("utf-8").splitlines() if line.startswith("|")]
    assert any(f"`{key}`" in row.split("|")[1] for row in rows)


@pytest.mark.parametrize("key", sorted(INNER_KEYS - KEYS))
def test_the_manual_shows_each_inner_key(key: str) -> None:
    assert re.search(rf"[`{{ ]{key}[:`]", MANUAL.read_text("utf-8"))
