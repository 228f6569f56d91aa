"""One customer over all channels: waits, what was asked again, explained again, told differently."""

import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from audit.answers import load_answers
from audit.cli import cli
from audit.interactions import Channel, Party, Role
from audit.journey import journey_of
from audit.repeats import Kind
from audit.store import NotStored, open_store
from tests.test_aftermath import table
from tests.test_answers import ANSWERS, keep

A, C, B = Role.AGENT, Role.CUSTOMER, Role.BOT
LAURA = (Party(C, "Laura Keller", email="laura@example.com"),)
COUNTER = itertools.count()
BEGUN = datetime(2026, 3, 3, 9, tzinfo=UTC)


def at(day):
    return (BEGUN + timedelta(days=day)).isoformat()


def travel(store, *contacts, language="en", channel=Channel.CHAT, answers=None):
    """The journey of a new customer through these contacts, each a list of lines, one a day."""
    who = f"{next(COUNTER)}@example.com"
    for day, lines in enumerate(contacts):
        known = {"parties": (Party(C, "Laura Keller", email=who),), "started_at": at(day)}
        keep(store, f"{who} {day}", lines, language, channel, **known)
    return journey_of(store, who, answers)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    one = open_store(tmp_path_factory.mktemp("home"))
    yield one
    one.engine.dispose()


def told(journey, kind):
    """(what, earlier words, later words) of each of a kind."""
    return [(a.what, a.earlier and a.earlier.quote, a.later.quote) for a in journey.again if a.kind == kind]


NAME = "Could you tell me your name?"
ORDER = "What is your order number?"


@pytest.mark.parametrize(
    ("language", "contacts", "found"),
    [
        # What was given is asked again, in another contact and in the same one.
        ("en", [[(C, "My name is Laura Keller"), (A, "hello")], [(A, NAME)]], [("name", "My name is Laura Keller", NAME)]),
        ("en", [[(C, "my name is Laura"), (A, NAME)]], [("name", "my name is Laura", NAME)]),
        ("en", [[(A, NAME), (C, "Laura Keller"), (A, "who am I speaking to")]], [("name", "Laura Keller", "who am I speaking to")]),
        ("en", [[(A, NAME), (C, "Laura Keller")]], []),
        ("en", [[(A, NAME), (C, "mm oh good"), (A, NAME)]], []),
        ("en", [[(A, NAME), (C, "why do you ask? I do not have to tell you that, do I, after all")], [(A, NAME)]], []),
        ("en", [[(C, "my order number is 5512"), (A, ORDER), (C, "5512 as I said")]], [("number", "my order number is 5512", ORDER)]),
        ("en", [[(C, "order 5512"), (A, "hi, order number?"), (C, "again?")]], [("number", "order 5512", "hi, order number?")]),
        ("en", [[(C, "order five five one two"), (A, "ok")], [(A, ORDER), (C, "5512")]], [("number", "order five five one two", ORDER)]),
        # Another order is another question.
        ("en", [[(C, "order 5512"), (A, "ok")], [(A, ORDER), (C, "it is 7788")]], []),
        ("en", [[(A, ORDER), (C, "I don't know")], [(A, ORDER), (C, "no idea")]], []),
        ("en", [[(C, "order 5512"), (A, "your order number is 5512.")]], []),
        ("en", [[(C, "I live at 5 Elm Street"), (A, "What is your email address?")]], []),
        ("en", [[(C, "I live at 5 Elm Street"), (A, "What is your address?")]], [("address", "I live at 5 Elm Street", "What is your address?")]),
        (
            "en",
            [[(C, "my order 5512 came broken"), (A, "sorry")], [(C, "about 5512"), (A, "What is the problem?")]],
            [("problem", "my order 5512 came broken", "What is the problem?")],
        ),
        ("en", [[(C, "my order 5512 came broken"), (A, "sorry")], [(C, "about 7788"), (A, "What is the problem?")]], []),
        # In Italian and Persian.
        ("it", [[(C, "Mi chiamo Laura Keller"), (A, "bene")], [(A, "Come si chiama?")]], [("name", "Mi chiamo Laura Keller", "Come si chiama?")]),
        (
            "it",
            [[(C, "il mio ordine è 5512"), (A, "grazie")], [(A, "Mi dice il numero d'ordine?"), (C, "5512")]],
            [("number", "il mio ordine è 5512", "Mi dice il numero d'ordine?")],
        ),
        ("fa", [[(C, "اسم من لیلا است"), (A, "سلام")], [(A, "اسم شما چیه؟")]], [("name", "اسم من لیلا است", "اسم شما چیه؟")]),
        (
            "fa",
            [[(C, "سفارش ۵۵۱۲ نرسیده"), (A, "چشم")], [(A, "شماره سفارش را بفرمایید"), (C, "۵۵۱۲")]],
            [("number", "سفارش ۵۵۱۲ نرسیده", "شماره سفارش را بفرمایید")],
        ),
    ],
)  # fmt: skip
def test_what_was_given_is_asked_again(store, language, contacts, found):
    assert told(travel(store, *contacts, language=language), Kind.ASKED_AGAIN) == found


@pytest.mark.parametrize(
    ("language", "first", "again"),
    [
        ("en", "The vase came cracked", "I have already explained this"),
        ("en", "The vase came cracked", "It is 6120, as in my first message."),
        ("en", "The vase came cracked", "this is the third time I am calling"),
        ("it", "Il vaso è arrivato rotto", "L'ho già detto: ho già spiegato tutto"),
        ("it", "Il vaso è arrivato rotto", "è la terza volta che chiamo"),
        ("fa", "گلدان شکسته رسید", "قبلا گفتم"),
        ("fa", "گلدان شکسته رسید", "همان‌طور که گفتم شکسته است"),
    ],
)
def test_the_customer_says_that_they_say_it_again(store, language, first, again):
    journey = travel(store, [(C, first), (A, "ok")], [(A, "hm"), (C, again)], language=language)
    assert (told(journey, Kind.EXPLAINED_AGAIN) or [None])[0] == ("problem", first, again)


@pytest.mark.parametrize(
    ("first", "second", "detail", "sure"),
    [
        ("my vase from order 4417205 is cracked", "where is 4417205", "both name 4417205", True),
        (
            "the dishwasher leaks lukewarm water everywhere",
            "dishwasher still leaks lukewarm water",
            "both say ",
            False,
        ),
        ("my vase from order 4417205 is cracked", "my vase from order 9900112 is cracked", None, None),
        ("the dishwasher leaks", "I want to buy a bicycle", None, None),
    ],
)
def test_a_customer_comes_back_about_the_same(store, first, second, detail, sure):
    journey = travel(store, [(C, first), (A, "ok")], [(C, second), (A, "ok")])
    found = [one for one in journey.again if one.kind == Kind.CAME_BACK]
    assert [one.sure for one in found] == ([] if detail is None else [sure])
    assert all(one.detail.startswith(detail) for one in found)


@pytest.mark.parametrize(
    ("language", "first", "second", "found"),
    [
        ("en", "The refund is 49.90 euros.", "Your refund will be 39.90 euros.", True),
        ("en", "The refund is 49.90 euros.", "Your refund will be 49.90 euros.", False),
        ("en", "The refund is 49.90 euros.", "The price is 39.90 euros.", False),
        ("en", "It will be delivered on Friday.", "It will be delivered on Monday.", True),
        # Said a day later, "tomorrow" is another day.
        ("en", "The parcel arrives tomorrow.", "The parcel arrives tomorrow.", True),
        ("en", "The parcel arrives tomorrow.", "The parcel arrives today.", False),
        ("en", "The parcel arrives within 5 days.", "The parcel arrives on Friday.", False),
        ("en", "The parcel arrives within 5 days.", "The parcel arrives within 2 weeks.", True),
        ("en", "Does a delivery on Friday suit you?", "It will be delivered on Monday.", False),
        ("it", "Il rimborso è di 50 euro.", "Il rimborso sarà di 40 euro.", True),
        ("it", "Il pacco arriva venerdì.", "Il pacco arriva lunedì.", True),
        ("fa", "بسته پنج‌شنبه می‌رسد.", "بسته شنبه می‌رسد.", True),
        ("fa", "هزینه ۵۰۰ تومان است.", "هزینه ۷۰۰ تومان است.", True),
        ("fa", "هزینه ۵۰۰ تومان است.", "هزینه ۵۰۰ تومان است.", False),
    ],
)
def test_days_and_amounts_are_compared(store, language, first, second, found):
    journey = travel(store, [(C, "5512"), (A, first)], [(C, "5512"), (A, second)], language=language)
    different = [one for one in journey.again if one.kind == Kind.TOLD_DIFFERENTLY]
    assert [(one.earlier.quote, one.later.quote, one.sure) for one in different] == [
        (first, second, True)
    ] * found


def test_different_orders_are_not_compared_and_unknown_ones_unsurely(store):
    lines = [(A, "The refund is 50 euros."), (A, "The refund is 40 euros.")]
    journey = travel(
        store, [(C, "order 5512"), lines[0]], [(C, "order 7788"), lines[1]], [(C, "hello"), lines[0]]
    )
    different = [one for one in journey.again if one.kind == Kind.TOLD_DIFFERENTLY]
    assert [(one.sure, one.detail) for one in different] == [(False, "“40 euros”, then “50 euros”")]


def test_the_same_question_is_answered_differently(store, tmp_path):
    path = tmp_path / "answers.yaml"
    path.write_text(ANSWERS, "utf-8")
    asked = (C, "How long can I return it?")
    journey = travel(
        store,
        [asked, (A, "14 days")],
        [asked, (A, "hm")],
        [asked, (A, "30 days")],
        answers=load_answers(path),
    )
    (one,) = [one for one in journey.again if one.kind == Kind.TOLD_DIFFERENTLY]
    assert (one.what, one.earlier.quote, one.later.quote) == ("return-period", "14 days", "30 days")
    assert one.detail == "first wrong, then approved"
    assert [a.given for a in journey.answers] == ["wrong", "cannot_tell", "approved"]


def test_waits_are_whose_they_are(store):
    lines = [
        (C, "hello"),
        (C, "anybody?"),
        (B, "wait"),
        (A, "yes"),
        (A, "your name?"),
        (C, "Laura"),
        (C, "still there?"),
    ]
    keep(store, "chat", lines, parties=LAURA, started_at=at(0))
    keep(
        store,
        "call",
        [(C, "hello"), (A, "good morning")],
        channel=Channel.CALL,
        parties=LAURA,
        started_at=at(1),
    )
    keep(store, "mail", [(C, "hello")], channel=Channel.EMAIL, parties=LAURA)
    chat, call, mail = journey_of(store, "laura@example.com").steps
    waits = {w.who: (w.what, w.seconds, w.longest_s, w.longest.quote) for w in chat.waits}
    assert waits == {C: ("answers", 90.0, 90.0, "hello"), A: ("answers", 60.0, 60.0, "yes")}
    assert (call.unanswered, round(call.since_last_s + chat.duration_s)) == (True, 86400)
    assert [(w.what, w.seconds) for w in call.waits] == [("hold", 0.0)]
    assert (mail.started_at, mail.since_last_s, mail.unanswered) == (None, None, False)


def test_what_cannot_be_looked_at_is_told(store):
    asks = [(A, NAME), (C, "Laura"), (A, NAME)]
    ida = (Party(C, "Ida", email="ida@example.com"),)
    keep(store, "unknown", asks, roles=False, parties=ida, started_at=at(0))
    keep(store, "german", asks, "de", parties=ida, started_at=at(1))
    keep(store, "silent", [], parties=ida)
    journey = journey_of(store, "ida@example.com")
    assert journey.again == ()
    assert [caveat[:40] for caveat in journey.caveats] == [
        "1 of 3 interactions have no time: they stand last, compared with none"[:40],
        "1 of 3 interactions have no words yet: audit them"[:40],
        "1 of 3 interactions were not looked at for repetition: who is who in them is unknown"[:40],
        "1 of 3 interactions were not looked at for repetition: only en, fa, it are known"[:40],
    ]


def test_a_journey_is_the_same_in_any_database(tmp_path, database):
    store = open_store(tmp_path / "home", database)
    journey = travel(store, [(C, "my name is Laura, order 5512"), (A, "ok")], [(A, NAME), (C, "Laura")])
    assert told(journey, Kind.ASKED_AGAIN) == [("name", "my name is Laura, order 5512", NAME)]
    assert len(journey.steps) == journey.customer.interactions == 2
    with pytest.raises(NotStored):
        journey_of(store, "nobody@example.com")
    store.engine.dispose()


def test_the_command_tells_the_journey(tmp_path):
    store = open_store(tmp_path / "home")
    keep(
        store, "first", [(C, "my order is 5512"), (A, "sorry")], parties=LAURA, started_at=at(0), agent="Tom"
    )
    keep(store, "second", [(A, ORDER), (C, "5512"), (A, "thanks")], parties=LAURA, started_at=at(1))
    rated = table(tmp_path, ("second", "csat", "2", "2026-03-05"))
    answers = tmp_path / "answers.yaml"
    answers.write_text(ANSWERS, "utf-8")

    def run(*words):
        done = CliRunner().invoke(cli, ["--home", str(tmp_path / "home"), *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    run("outcomes", "import", str(rated))
    said = run("journey", "laura@example.com", "--answers", str(answers))
    for words in ("Laura Keller, 2 interactions", "24 h later", "Tom", "the customer waited", "csat 2"):
        assert words in said
    assert "asked again, number: 5512 was given before" in said
    assert "2026-03-04 chat second 0:00 agent “What is your order number?”" in said
    assert json.loads(run("journey", "1", "--json"))["again"][0]["kind"] == "asked_again"


def test_of_a_long_mail_the_sentence_is_quoted(store):
    long = " ".join(["Thank you for writing to us about your vase."] * 9)
    first = f"{long} My number is 5512. I am waiting."
    second = f"{long} What is your order number? We will look then."
    journey = travel(store, [(C, first), (A, second), (C, "5512")], channel=Channel.EMAIL)
    assert told(journey, Kind.ASKED_AGAIN) == [
        ("number", "…My number is 5512.…", "…What is your order number?…")
    ]
