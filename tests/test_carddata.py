"""Card numbers, codes and passwords are found however they are said, and nothing else is taken for them."""

import pytest

from models.carddata import issued, luhn
from models.cutting import VERSION, before_cut, cut, cut_words, is_cut, without_digits
from models.observations import Cut, Observed, Provenance, Removed, Span, Utterance, Word, span
from models.secret_words import asked
from models.spoken_digits import runs
from models.transcripts import observed_transcript

WORD_S = 0.4


def talk(lines: str, language: str, probability: float = 1.0) -> tuple[Utterance, ...]:
    """`a: words` / `c: words`, a line each, one after the other."""
    found, at_s = [], 0.0
    for line in lines.strip().splitlines():
        who, _, text = line.strip().partition(": ")
        words = tuple(
            Word(span(at_s + i * WORD_S, at_s + (i + 1) * WORD_S), w, probability)
            for i, w in enumerate(text.split())
        )
        found.append(Utterance(Span(at_s, words[-1].span.end_s), who, language, text, words))
        at_s = words[-1].span.end_s + 0.5
    return tuple(found)


@pytest.mark.parametrize(
    ("language", "text", "digits"),
    [
        ("en", "four two double four triple zero oh", "42440000"),
        ("en", "forty two thirty-five nine nineteen", "4235919"),
        ("en", "four hundred and twelve five hundred", "412500"),
        ("en", "four thousand", "4000"),
        ("en", "4111-1111 then um 1111 1111", "4111111111111111"),
        ("en", "five for two to nine", "54229"),
        ("it", "quattro due quarantadue doppio otto ventotto triplo zero centoventitré", "42428828000123"),
        ("it", "quattromiladuecentoquarantadue sei", "42426"),
        ("fa", "چهل و دو صفر دو تا پنج سیصد و بیست و یک", "42055321"),
        ("fa", "۴۲۴۲ شیش چار", "424264"),
        ("fa", "سه‌تا صفر هفت", "0007"),
    ],
)
def test_digits_are_read(language, text, digits):
    assert [run.digits for run in runs(text.split(), language)] == [digits]


@pytest.mark.parametrize("text", ["12/05/2024", "12.50", "1,234.56", "10:15", "IT60X0542811101000000123456"])
def test_dates_amounts_and_codes_with_letters_are_no_digits(text):
    assert runs([text], "en") == []


@pytest.mark.parametrize(
    ("language", "text", "digits"),
    [
        ("en", "a double room for two", ["2"]),
        ("en", "room five double um double four", ["544"]),
        ("en", "double double", []),
        ("it", "una camera doppia o un letto doppio", []),
        ("fa", "سه‌تا", []),
    ],
)
def test_double_without_a_digit_says_none(language, text, digits):
    assert [run.digits for run in runs(text.split(), language)] == digits


def test_a_garbled_word_among_digits_of_a_recogniser_is_a_digit():
    words = "four two four two blip seven three".split()
    assert [r.digits for r in runs(words, "en", garbled=True)] == ["4242?73"]
    assert [r.digits for r in runs(words, "en")] == ["4242", "73"]


@pytest.mark.parametrize(
    ("digits", "check", "card"),
    [
        ("4242424242424242", True, True),
        ("4242424242424243", False, False),
        ("378282246310005", True, True),
        ("6037991234567893", True, True),
        ("1234567812345670", True, False),
        ("5555555555554444", True, True),
    ],
)
def test_luhn_and_issuers(digits, check, card):
    assert (luhn(digits), issued(digits)) == (check, card)


CARD = "card_number"


@pytest.mark.parametrize(
    ("language", "lines", "kinds"),
    [
        # Written, in words, in groups, over turns, with the agent's yes or repetition between.
        ("en", "c: it is 4242 4242 4242 4242 thanks", [(CARD, "c")]),
        ("en", "c: 4242-4242-4242-4242", [(CARD, "c")]),
        ("en", "c: card:4242424242424242", [(CARD, "c")]),
        ("en", "c: four two four two four two four two four two four two four two four two", [(CARD, "c")]),
        (
            "en",
            "c: forty two forty two forty two forty two forty two forty two forty two forty two",
            [(CARD, "c")],
        ),
        ("en", "c: three seven eight two eight double two four six three one triple oh five", [(CARD, "c")]),
        (
            "en",
            "c: four two four two\na: yes\nc: four two four two\na: okay\nc: four two four two\na: go on\nc: four two four two",
            [(CARD, "c")] * 4,
        ),
        (
            "en",
            "c: 5555 5555\na: 5555 5555\nc: 5555 4444\na: and 5555 4444 lovely",
            [(CARD, "c"), (CARD, "a"), (CARD, "c"), (CARD, "a")],
        ),
        (
            "it",
            "c: quattro due quarantadue quarantadue quarantadue quarantadue quarantadue quarantadue quarantadue",
            [(CARD, "c")],
        ),
        (
            "it",
            "c: la carta è doppio cinque doppio cinque\na: sì\nc: doppio cinque doppio cinque cinque cinque cinque cinque\na: sì\nc: quattro quattro quattro quattro",
            [(CARD, "c")] * 3,
        ),
        ("fa", "c: شصت سی و هفت نود و نه دوازده سی و چهار پنجاه و شش هفتاد و هشت نود و سه", [(CARD, "c")]),
        ("fa", "c: ۶۰۳۷ ۹۹۱۲ ۳۴۵۶ ۷۸۹۳", [(CARD, "c")]),
        # Digits misheard as other words, where a card number was asked for: they go with it.
        (
            "en",
            "a: your card number please\nc: four two there four two four two four blip blip two four two four two four two",
            [(CARD, "c")],
        ),
        (
            "en",
            "a: the last four digits of your card please\nc: one two three four\na: and the zip code with this card\nc: nine zero zero one seven",
            [],
        ),
        (
            "en",
            "c: I ordered four two service four two four two four blip blip two four two four two four two",
            [],
        ),
        (
            "en",
            "c: the card is 4242 4242 4242 4242 expiring 0427 and the CVV is 123",
            [(CARD, "c"), ("expiry_date", "c"), ("security_code", "c")],
        ),
        ("en", "a: the last four digits of your social security number?\nc: yes it's nine zero one two", []),
        # A parcel's long number, of which some part would pass for a card's.
        ("fa", "c: کد رهگیری پستی شش یک شش دو یک شش شش صفر دو دو نه هفت یک دو شش صفر نه هفت صفر چهار", []),
        ("en", "a: what is the passcode on your phone\nc: 533390", [("one_time_code", "c")]),
        ("it", "a: e le tre cifre sul retro\nc: quaranta quattro", [("security_code", "c")]),
        # A digit misheard: removed all the same.
        ("en", "a: what is your card number please\nc: 4242 4242 4242 4243", [(CARD, "c")]),
        ("en", "c: 4242 4242 4242 4243", [(CARD, "c")]),
        # Codes.
        ("en", "a: and the three digits on the back?\nc: it's one two three", [("security_code", "c")]),
        (
            "en",
            "a: can I have the CVV?\nc: sure\nc: 123\na: 123 thanks",
            [("security_code", "c"), ("security_code", "a")],
        ),
        ("en", "c: my pin is one two three four", [("pin", "c")]),
        ("en", "a: please read me the code we just sent you\nc: 483 920", [("one_time_code", "c")]),
        ("en", "a: what is the expiry date please?\nc: oh four twenty seven", [("expiry_date", "c")]),
        ("it", "a: mi dice il codice di sicurezza?\nc: sì uno due tre", [("security_code", "c")]),
        ("it", "c: il mio pin è quarantadue diciotto", [("pin", "c")]),
        ("fa", "a: کد امنیتی را بفرمایید؟\nc: یک دو سه", [("security_code", "c")]),
        ("fa", "a: رمز دوم چیست؟\nc: ۴۸۳۹۲۰", [("one_time_code", "c")]),
        # Passwords.
        ("en", "a: what is your password?\nc: it's bluebird", [("password", "c")]),
        ("en", "c: my password is Bluebird7, I think", [("password", "c")]),
        ("it", "c: la mia password è girasole", [("password", "c")]),
        ("fa", "c: رمز عبور من گلابی است", [("password", "c")]),
    ],
)
def test_what_is_cut(language, lines, kinds):
    said, found = cut_words(talk(lines, language))
    assert sorted((one.kind, one.speaker) for one in found) == sorted(kinds)
    left = " ".join(u.text for u in said)
    assert sum(left.count(f"[{k.replace('_', ' ')}]") for k in {k for k, _ in kinds}) == len(kinds)


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("en", "c: my order number is 1234 5678 9012 3456"),
        (
            "en",
            "c: the tracking number is four nine double two oh one three five seven two two six eight one",
        ),
        ("en", "c: my phone number is 0161 496 0000\na: 0161 496 0000\nc: yes 0161 496 0000"),
        ("en", "c: call me on oh one six one four nine six oh oh oh oh"),
        ("en", "c: IBAN GB29 NWBK 6016 1331 9268 19"),
        ("en", "c: on 12/05/2024 I paid 1,234.56 and 12.50 at 10:15"),
        ("en", "c: my card ends in 4242"),
        ("en", "a: so the card ending four two four two\nc: yes"),
        ("en", "c: I forgot my password"),
        ("en", "c: the password is not working"),
        ("en", "a: never tell anybody your pin or password\nc: okay thank you"),
        ("en", "c: do you need my password\na: keep it to yourself"),
        ("it", "c: vi serve la mia password?\na: no, la tenga per sé"),
        ("fa", "c: پسورد لازم دارید؟\na: پیش خودتون بمونه"),
        ("en", "a: what is your post code?\nc: M1 2 1 9 4"),
        ("en", "a: your new pin comes by post\nc: and the balance is 1200 pounds or thereabouts I think"),
        (
            "it",
            "c: il numero dell'ordine è uno due tre quattro cinque sei sette otto nove zero uno due tre quattro",
        ),
        ("it", "c: il mio telefono è 02 1234 5678"),
        ("it", "a: lei sei stato qui due volte?\nc: sì due o tre"),
        ("it", "c: ho dimenticato la password"),
        ("it", "c: Vi serve la mia password?\na: No, la tenga per sé."),
        ("en", "a: what is your password?\nc: no way"),
        ("fa", "c: شماره سفارش من ۱۲۳۴۵۶۷۸۹۰۱۲۳۴ است"),
        ("fa", "c: شماره تلفنم ۰۹۱۲ ۳۴۵ ۶۷۸۹ است"),
        ("fa", "c: نه دو تا سفارش دارم"),
    ],
)
def test_what_stays(language, lines):
    before = talk(lines, language)
    assert cut_words(before) == (before, ())


def test_the_words_around_stay_and_the_mark_has_the_time_of_what_was_cut():
    (said,), (found,) = cut_words(talk("c: well it is 4242 4242 4242 4242 thanks", "en"))
    assert said.text == "well it is [card number] thanks"
    assert said.words[3].span == found.span == span(3 * WORD_S, 7 * WORD_S)
    assert (found.confidence, found.again) == (0.97, False)


@pytest.mark.parametrize(
    ("text", "probability", "confidence"),
    [("4242 4242 4242 4242", 0.9, 0.873), ("4242 4242 4242 4243", 1.0, 0.4)],
)
def test_confidence_is_that_of_the_digits_times_that_of_hearing(text, probability, confidence):
    _, (found,) = cut_words(talk(f"c: {text}", "en", probability))
    assert found.confidence == confidence


def test_who_repeats_says_it_again():
    _, found = cut_words(talk("c: 4242 4242 4242 4242\na: that was 4242 4242 4242 4242", "en"))
    assert [(one.speaker, one.again) for one in found] == [("c", False), ("a", True)]


def test_nothing_is_kept_of_transcripts_and_their_provenance_says_so():
    parts = observed_transcript("ab" * 32, "x", list(talk("c: 4242 4242 4242 4242", "en")), True)
    assert parts.utterances is not None
    assert parts.utterances[0].text == "[card number]"
    assert len(parts.cut) == 1
    words = next(p for p in parts.provenance if p.need == "utterances")
    assert ("cut", VERSION) in words.parameters
    assert is_cut(words)


def test_what_an_earlier_version_cut_is_cut_again_and_its_marks_name_nothing():
    how = Provenance("utterances", "engine", "1", "", (("beam", "5"), ("cut", "1")))
    earlier = Cut(span(0, 1), "c", "pin", 0.9)
    said = talk("c: it is [pin] thanks\na: 4711 [card number] 123456789\nc: 4242 4242 4242 4242", "en")
    again = cut(Observed("ab" * 32, how, said, cut=(earlier,)))
    assert [u.text for u in again.utterances] == [
        "it is [pin] thanks",
        "4711 [card number] 123456789",
        "[card number]",
    ]
    assert [one.kind for one in again.cut] == ["pin", CARD]
    assert how in before_cut(again.provenance)
    assert Provenance("utterances", "engine", "1", "", (("beam", "5"),)) in before_cut(again.provenance)


def test_what_was_cut_is_not_cut_again_and_made_up_words_lose_their_digits():
    made_up = (Removed(span(0, 1), "c", "four two four two so 4242", "repeated"),)
    how = Provenance("utterances", "engine", "1", "", (("beam", "5"),))
    once = cut(Observed("ab" * 32, how, talk("c: 4242 4242 4242 4242", "en"), removed=made_up))
    assert once.removed[0].text == "[digits]"
    assert once.provenance != how
    assert cut(once) is once
    assert without_digits("one moment 12 please") == "one moment 12 please"


@pytest.mark.parametrize(
    ("language", "text", "kinds"),
    [
        ("en", "Can I take the long number on your card, please?", ("card_number",)),
        ("en", "what's the security code and the expiry date", ("security_code", "expiry_date")),
        ("en", "could you read me your one-time code", ("one_time_code",)),
        ("en", "Please give me your PIN and password.", ("pin", "password")),
        ("en", "We will never ask for your PIN.", ()),
        ("en", "Please do not tell me your password.", ()),
        ("en", "Can you confirm the last four digits of your card number?", ()),
        ("en", "Could you type the card number on your keypad?", ()),
        ("en", "Would you like to pay by card?", ()),
        ("en", "Please reset your password on the page.", ()),
        ("it", "Mi può dire il numero della carta?", ("card_number",)),
        ("it", "Qual è il suo pin?", ("pin",)),
        ("it", "Non mi dica mai la password.", ()),
        ("fa", "لطفا شماره کارت را بفرمایید", ("card_number",)),
        ("fa", "رمز عبور شما چیست؟", ("password",)),
        ("fa", "هرگز رمز عبور خود را به کسی نگویید", ()),
    ],
)  # fmt: skip
def test_what_is_asked_for(language, text, kinds):
    assert asked(text, language) == kinds
