"""What is said of cards, secrets, people and accounts becomes events that standards can judge."""

import socket

import pytest

from audit.interactions import Role
from audit.judge import Verdict, judge_standard
from audit.personal import personal_data
from audit.pipeline import find_rubric
from audit.signals import event_kinds
from audit.workbench import enact
from models.observations import span
from tests import build

SECRET = {f"{k}_{w}" for k in ("card_number", "security_code", "expiry_date", "pin", "password", "one_time_code")
          for w in ("spoken", "repeated", "asked")}  # fmt: skip
OTHERS = {
    "personal_data_spoken",
    *("identity_asked", "identity_answered", "account_data_given", "account_data_unidentified"),
    *("recording_agreed", "recording_refused"),
}


def events(language: str, text: str, names: set[str]) -> list[tuple[str, str]]:
    """(event, role) of what happens in a dialogue under the telephone pack of a language."""
    conversation = enact(text, find_rubric(f"voice-{language}"))
    found = [e for name in sorted(names) for e in event_kinds()[name].find(conversation)]
    return sorted({(e.kind, str(e.role)) for e in found})


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        (
            "en",
            "agent: Can I take your card number please?\ncustomer: four two four two four two four two\nagent: yes\n"
            "customer: four two four two four two four two",
            [("card_number_asked", "agent"), ("card_number_spoken", "customer")],
        ),
        (
            "en",
            "customer: it is 4242 4242 4242 4242\nagent: so that is 4242 4242 4242 4242",
            [("card_number_repeated", "agent"), ("card_number_spoken", "agent"), ("card_number_spoken", "customer")],
        ),
        (
            "en",
            "agent: And the security code?\ncustomer: one two three\nagent: one two three, thank you",
            [("security_code_asked", "agent"), ("security_code_repeated", "agent"), ("security_code_spoken", "agent"),
             ("security_code_spoken", "customer")],
        ),
        ("en", "agent: We never ask for your PIN or password.\ncustomer: Good.", []),
        ("en", "customer: My order number is 1234 5678 9012 3456.", []),
        ("it", "agent: Qual è la sua password?\ncustomer: è girasole", [("password_asked", "agent"), ("password_spoken", "customer")]),
        ("it", "agent: Mi dice il codice di sicurezza?\ncustomer: sì, quattro sette due", [("security_code_asked", "agent"), ("security_code_spoken", "customer")]),
        ("it", "customer: Il mio telefono è 333 123 4567.", []),
        ("fa", "agent: لطفا شماره کارت را بفرمایید\ncustomer: شصت سی و هفت نود و نه دوازده سی و چهار پنجاه و شش هفتاد و هشت نود و سه", [("card_number_asked", "agent"), ("card_number_spoken", "customer")]),
        ("fa", "agent: هرگز رمز عبور خود را به کسی نگویید", []),
    ],
)  # fmt: skip
def test_secrets(language, text, wanted):
    assert events(language, text, SECRET) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "agent: Can you confirm your full name and date of birth?\ncustomer: Laura Keller, third of May.\nagent: Thank you. Your parcel was sent on Monday.",
            {"identity_asked", "identity_answered", "account_data_given"},
        ),
        ("agent: Your parcel was sent on Monday.", {"account_data_given", "account_data_unidentified"}),
        (
            "agent: Can you confirm your full name and date of birth?\ncustomer: I don't know.\nagent: Your parcel was sent on Monday.",
            {"identity_asked", "account_data_given", "account_data_unidentified"},
        ),
        ("agent: This call is recorded.\ncustomer: Yes, that is fine.", {"recording_agreed"}),
        ("agent: This call is recorded.\ncustomer: No, I don't want that.", {"recording_refused"}),
        ("agent: This call is recorded.\ncustomer: My parcel is late.", set()),
    ],
)  # fmt: skip
def test_identity_and_consent(text, wanted):
    assert {name for name, _ in events("en", text, OTHERS - {"personal_data_spoken"})} == wanted


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("write to anna.rossi@example.com please", ["email"]),
        ("it is anna dot rossi at example dot com", ["email"]),
        ("my phone is +44 161 496 0000", ["phone"]),
        ("my phone is +44 1632 960123, call me", ["phone"]),
        ("it rose by +12 345 since 2024", []),
        ("oh one six one four nine six oh oh oh oh", ["phone"]),
        ("IBAN GB29NWBK60161331926819", ["bank account"]),
        ("il codice fiscale è RSSMRA85T10A562S", ["tax number"]),
        ("my social security number is 536-22-1234", ["social security number"]),
        ("from 192.168.10.12 yesterday", ["ip address"]),
        ("I met her at five on the 12/05/2024 and paid 12.50", []),
        ("order 4711 of Monday", []),
        ("we are at the station, point taken", []),
    ],
)
def test_personal_data(text, kinds, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", lambda *a, **k: pytest.fail("asks the network"))
    assert [one.kind for one in personal_data(build.utterance("customer", 0.0, text))] == kinds


def test_personal_data_names_its_words():
    (found,) = personal_data(build.utterance("customer", 0.0, "write to anna@example.com please"))
    assert (found.start, found.end) == (2, 3)


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("4242 4242 4242 4242", Verdict.MISSED),
        # Only its length speaks for a card number: removed, and nobody is blamed.
        ("7242 4242 4242 4249", Verdict.CANNOT_TELL),
        ("1961", Verdict.MET),
    ],
)
def test_a_standard_on_card_numbers(tmp_path, said, verdict):
    rubric = build.rubric(
        tmp_path,
        """
        - id: no-card
          title: Repeats no card number
          avoid: {event: card_number_spoken}
          by: agent
        """,
    )
    finding = judge_standard(rubric.standards[0], enact(f"agent: so it is {said}", rubric))
    assert finding.verdict == verdict


def test_the_moment_of_a_card_number_is_kept():
    conversation = enact("customer: it is 4242 4242 4242 4242", find_rubric("voice-en"))
    (event,) = event_kinds()["card_number_spoken"].find(conversation)
    assert event.role == Role.CUSTOMER
    assert event.text == "[card number]"
    assert event.span & span(0.8, 2.4)
