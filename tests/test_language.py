import random

import numpy as np
import pytest
import wordfreq
from spacy.matcher import Matcher
from spacy.tokens import Doc

from models.garbled import Garbled
from models.language import ANY, ANY_WORDS, BREAK, TYPED, UnknownLanguage, frequency, tokeniser, tokens_of
from models.literals import Literals, gapped
from models.meanings import Reading
from models.phrases import Phrases

GREETING = tokens_of("thank you for calling Northwind", "en")
OFFER = tokens_of("how may I help you", "en")


def find(words: str, language: str = "en", **sequences: list[tuple[str, ...]]) -> list[tuple[str, str, bool]]:
    """(phrase, words, exact) of every match."""
    spoken = words.split(" ")
    phrases = Phrases(language, sequences)
    return [
        (m.phrase, " ".join(spoken[m.start : m.end]), m.likeness == 1.0)
        for m in phrases.find(phrases.prepare(spoken))
    ]


@pytest.mark.parametrize(
    ("text", "language", "forms"),
    [
        ("I'm sorry, I can't!", "en", ("i", "am", "sorry", "i", "can", "not")),
        ("Thank-you — GOODBYE.", "en", ("thank", "you", "goodbye")),
        ("Buongiorno, c'è l'operatore?", "it", ("buongiorno", "c", "è", "l", "operatore")),
        (
            "Qualcos' altro? Un po' di pazienza: gliel’ho detto",
            "it",
            ("qualcos", "altro", "un", "po", "di", "pazienza", "gliel", "ho", "detto"),
        ),
        ("سلام، مي‌توانم كمكتان کنم؟", "fa", ("سلام", "میتوانم", "کمکتان", "کنم")),
        ("...", "en", ()),
        (
            "It's late, that’s it; I'd say my name's Tom",
            "en",
            tuple("it is late that is it i would say my name is tom".split()),
        ),
        ("Tom's order", "en", ("tom", "'s", "order")),
        ("im sorry, thats okay. O.K.? E-mail", "en", tuple("i am sorry that is ok ok email".split())),
        ("E' cosi, perche' non puo'? Perchè sì", "it", tuple("è così perché non può perché sì".split())),
        ("disse 'grazie mille' ieri", "it", ("disse", "grazie", "mille", "ieri")),
        ("lunedi va' in citta'", "it", ("lunedì", "va", "in", "città")),
    ],
)
def test_words_become_normal_forms(text, language, forms):
    assert tokens_of(text, language) == forms


@pytest.mark.parametrize("language", ["en", "it"])
def test_words_of_letters_alone_are_as_spacy_makes_them(language):
    common = [word for word in wordfreq.top_n_list(language, 4000) if word.isalpha()]
    words = [*common, *map(str.title, common), *map(str.upper, common[:500]), *(w[::-1] for w in common)]
    words = [word for word in words if word.lower() not in TYPED[language]]
    made = tokeniser(language)
    signs = "'" if language == "it" else ""
    assert {w: tokens_of(w, language) for w in words} == {
        w: tuple(t.norm_.lower().strip(signs) for t in made(w)) for w in words
    }


@pytest.mark.parametrize("language", ["en", "it"])
def test_words_are_as_frequent_as_wordfreq_says(language):
    words = [*wordfreq.top_n_list(language, 20_000), "zxqv", "don't", "e-mail", "42", "perché", "a", "è"]
    assert {w: frequency(w, language) for w in words} == {
        w: wordfreq.word_frequency(w, language) for w in words
    }


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("please hold", [("hold", 0, 2)]),
        ("please hold the line", [("hold", 0, 2), ("hold", 0, 4), ("line", 2, 4)]),
        ("hold please hold the", [("hold", 1, 3)]),
        ("please please", []),
        ("", []),
    ],
)
def test_literal_sequences_are_found_wherever_they_are(words, found):
    literals = Literals()
    for name, said in (("hold", "please hold"), ("hold", "please hold the line"), ("line", "the line")):
        literals.add(name, said.split())
    assert list(literals.find(words.split())) == found


@pytest.mark.parametrize(
    ("written", "form"),
    [
        # One word, however it is spaced.
        ("می‌خواهم می خواهم میخواهم میخوام می‌خوام", "میخواهم"),
        ("نمی‌دانم نمیدانم نمیدونم نمی دونم", "نمیدانم"),
        ("کتاب‌های کتابهای", "کتابهای"),
        ("سفارش‌تان سفارشتان سفارشتون سفارش‌تون", "سفارشتان"),
        ("خسته‌ام", "خستهام"),
        # Letters, digits, marks.
        ("كتاب کتاب کِتاب", "کتاب"),
        ("علي علی", "علی"),
        ("۱۲۳ ١٢٣ 123", "123"),
        ("خانه‌ی خانۀ خانه", "خانه"),
        ("لطفاً لطفا", "لطفا"),
        ("\u200fسلام\u200e سلام", "سلام"),
        # As people say it.
        ("بگم بگویم", "بگویم"),
        ("میشه می‌شود میشود", "میشود"),
        ("می‌کنین می‌کنید میکنین", "میکنید"),
        ("میاد می‌آید", "میآید"),
        ("میرم می‌روم", "میروم"),
        ("بدین بدهید", "بدهید"),
        ("اون آن", "آن"),
        ("خونه خانه", "خانه"),
        ("باشین باشید", "باشید"),
        # Only what looks like it.
        ("میدان", "میدان"),
        ("میز", "میز"),
        ("ممنون", "ممنون"),
        ("تلفن", "تلفن"),
    ],
)
def test_persian_has_one_form_for_a_word_however_it_is_written_or_said(written, form):
    assert set(tokens_of(written, "fa")) == {form}


@pytest.mark.parametrize(
    ("written", "forms"),
    [
        ("خوبه", ("خوب", "است")),
        ("درسته؟", ("درست", "است")),
        ("کتاب ها", ("کتابها",)),
        ("کجاست", ("کجا", "است")),
        ("سفارشتونو", ("سفارشتان", "را")),
    ],
)
def test_persian_words_are_split_and_joined(written, forms):
    assert tokens_of(written, "fa") == forms


def test_an_unknown_language_is_named():
    with pytest.raises(UnknownLanguage, match="unknown language 'xx-none'"):
        Phrases("xx-none", {"a": [("b",)]})


def test_a_phrase_is_found_whatever_its_case_and_punctuation():
    assert find("Well, THANK you for calling Northwind!", greeting=[GREETING]) == [
        ("greeting", "THANK you for calling Northwind!", True)
    ]


@pytest.mark.parametrize(
    ("heard", "found"),
    [
        ("thank you for calling north wind bank", "thank you for calling north wind"),
        ("think you for calling northwind", "think you for calling northwind"),
        ("thank you for falling northwind", "thank you for falling northwind"),
        ("thank you calling northwind", "thank you calling northwind"),
    ],
)
def test_a_garbled_phrase_is_found_and_marked(heard, found):
    assert find(heard, greeting=[GREETING]) == [("greeting", found, False)]


@pytest.mark.parametrize(
    ("heard", "sequence"),
    [
        ("how may I tell you", OFFER),
        ("thank you for coming", GREETING),
        ("thank you for calling back", GREETING),
        ("good warning", ("good", "morning")),
        ("how are they and may I go", OFFER),
        ("I can help you with that", tokens_of("I cannot help you with that", "en")),
        ("please do not give me your card number", tokens_of("please give me your card number", "en")),
        ("my parcel has arrived", tokens_of("your parcel has arrived", "en")),
        ("I have got a problem", tokens_of("I have not a problem", "en")),
    ],
)
def test_other_words_are_not_the_phrase(heard, sequence):
    assert find(heard, phrase=[sequence]) == []


def test_no_phrase_reaches_over_a_pause():
    assert find(f"thank you for {BREAK} calling northwind", greeting=[GREETING]) == []


def test_any_words_are_at_most_five():
    hold = [("please", "*", "moment")]
    assert find("please hold the line one moment", hold=hold) == [
        ("hold", "please hold the line one moment", True)
    ]
    assert find("please do hold the line for one moment", hold=hold) == []


def test_slots_take_names_and_numbers():
    name, number = [("my", "name", "is", "{name}")], [("order", "{number}")]
    assert find("my name is Sarah today", name=name)[0][1].startswith("my name is Sarah")
    assert find("my name is the", name=name) == []
    assert find("mi chiamo Sara", "it", name=[("mi", "chiamo", "{name}")]) == [
        ("name", "mi chiamo Sara", True)
    ]
    assert find("order 4711 please", number=number) == [("number", "order 4711", True)]
    assert find("order seven please", number=number) == [("number", "order seven", True)]


@pytest.mark.parametrize(
    ("language", "sequence", "said"),
    [
        ("en", ("i", "~promise"), ["I promise", "I promised", "well I promised you"]),
        ("en", ("~apology",), ["my apologies", "an apology"]),
        ("en", ("~cancel", "*", "order"), ["cancelled your order", "cancelling the order", "cancel order"]),
        ("en", ("~leave",), ["he left", "leaving now"]),
        (
            "it",
            ("~promettere",),
            ["le prometto", "ho promesso", "prometterò", "prometterle", "promettendolo"],
        ),
        ("it", ("~aspettare",), ["aspetti", "aspettiamo", "aspetta", "aspettarla", "ho aspettato"]),
        ("it", ("~dire",), ["mi dica", "ho detto", "dirle"]),
        ("it", ("~cercare",), ["cercherò", "cerchi"]),
        ("fa", ("~سفارش",), ["سفارش", "سفارش‌ها", "سفارشتون", "سفارش های من", "سفارشم", "سفارشاتان"]),
        ("fa", ("~خواستن",), ["می‌خوام", "نمی خواهم", "خواستم", "بخواین", "خواسته‌اید"]),
        ("fa", ("~گفتن", "*", "~مشکل"), ["بگین مشکلتون", "می‌گویید چه مشکلی"]),
    ],
)
def test_a_marked_word_stands_for_all_its_forms(language, sequence, said):
    for words in said:
        assert [m[0] for m in find(words, language, phrase=[sequence])] == ["phrase"], words


@pytest.mark.parametrize(
    ("language", "sequence", "said"),
    [
        ("en", ("i", "~promise"), "I compromise"),
        ("it", ("~promettere",), "le premesse"),
        ("fa", ("~سفارش",), "سفارشگری"),
        ("fa", ("~خواستن",), "خواهر من"),
    ],
)
def test_a_marked_word_is_no_other_word(language, sequence, said):
    assert find(said, language, phrase=[sequence]) == []


def test_every_occurrence_is_found_and_overlaps_only_once():
    words = "hello hello there"
    assert find(words, hi=[("hello",), ("hello", "there")]) == [
        ("hi", "hello", True),
        ("hi", "hello there", True),
    ]


def test_the_nearest_miss_is_given():
    phrases = Phrases("en", {"greeting": [GREETING]})
    words = "thank you for calling norman".split()
    assert phrases.find(phrases.prepare(words)) == []
    assert [(m.start, m.end) for m in phrases.near("greeting", phrases.prepare(words))] == [(0, 5)]
    assert phrases.near("greeting", phrases.prepare("thank you for calling support".split())) == []
    assert phrases.near("greeting", phrases.prepare("the invoice is wrong".split())) == []


@pytest.mark.parametrize(
    "body",
    ["a * b", "a * * b", "a * b c", "a b * a", "a * a", "a * b * c"],
)
def test_gaps_are_found_where_spacy_finds_them(body):
    dice = random.Random(body)
    matcher = Matcher(tokeniser("en").vocab)
    gap = {"OP": f"{{0,{ANY_WORDS}}}"}
    matcher.add("it", [[gap if e == ANY else {"ORTH": e} for e in body.split()]], greedy="LONGEST")
    for _ in range(200):
        words = dice.choices("abcx", k=dice.randint(1, 16))
        theirs = [(start, end) for _, start, end in matcher(Doc(tokeniser("en").vocab, words=words))]
        assert list(gapped(body.split(), words, str.__eq__)) == theirs, words


def test_the_halves_of_sequences_say_together_what_their_words_say():
    dice, words = (
        random.Random(1),
        "thank you for calling northwind how may i help hold the line please".split(),
    )
    bodies = [(f"p{n % 7}", tuple(dice.choices(words, k=dice.randint(1, 6)))) for n in range(200)]
    garbled = Garbled("en", bodies)
    breaths = [tuple(dice.choices([*words, "hauled", "lime"], k=8)) for _ in range(9)]
    most = Reading(garbled.meanings, breaths).most(near=True)
    ordered = [body for name in garbled.rows for own, body in bodies if own == name]
    known = [[garbled.meanings.number[word] for word in body] for body in ordered]
    sums = np.array([most[:, numbers].sum(axis=1) for numbers in known])
    halves = garbled.halves(most)
    assert np.vstack([garbled.bounds(name, halves) for name in garbled.rows]) == pytest.approx(sums, abs=1e-3)
    sequences, rows, says = garbled.candidates(halves, 9.0)
    assert set(zip(sequences.tolist(), rows.tolist(), strict=True)) == set(
        zip(*(i.tolist() for i in np.nonzero(sums >= 9.0)), strict=True)
    )
    assert says == pytest.approx(sums[sequences, rows], abs=1e-3)
