import pytest

from audit.pattern import unfold
from models.phrases import Phrases


def taken(language, slot, said):
    """Whether a slot stands for just these words."""
    before, after = {"en": ("it is", "okay"), "it": ("sono", "bene"), "fa": ("این", "خوب")}[language]
    sequences = {"found": unfold(f"{before} {slot} {after}", language, {})}
    phrases = Phrases(language, sequences)
    return bool(phrases.find(phrases.prepare(f"{before} {said} {after}".split()), tolerant=False))


@pytest.mark.parametrize(
    ("language", "slot", "said"),
    [
        ("en", "{number}", "25"),
        ("en", "{number}", "twenty five"),
        ("en", "{number}", "twenty-five"),
        ("en", "{number}", "two hundred and six"),
        ("en", "{number}", "1,250"),
        ("en", "{money}", "€20"),
        ("en", "{money}", "$5.50"),
        ("en", "{money}", "twenty euros"),
        ("en", "{money}", "ten pounds fifty"),
        ("en", "{money}", "two hundred and six dollars"),
        ("en", "{time}", "10:30"),
        ("en", "{time}", "5pm"),
        ("en", "{time}", "five p.m."),
        ("en", "{time}", "half past nine"),
        ("en", "{time}", "twenty five to six"),
        ("en", "{time}", "ten o'clock"),
        ("en", "{time}", "noon"),
        ("en", "{time}", "nine in the morning"),
        ("en", "{date}", "Monday"),
        ("en", "{date}", "tomorrow"),
        ("en", "{date}", "the 5th of March"),
        ("en", "{date}", "the twenty first of May"),
        ("en", "{date}", "March 5"),
        ("en", "{date}", "12/03/2026"),
        ("en", "{date}", "2026-03-05"),
        ("en", "{date}", "within two days"),
        ("en", "{date}", "in 3 weeks"),
        ("en", "{words}", "some five words of any"),
        ("it", "{number}", "25"),
        ("it", "{number}", "ventitré"),
        ("it", "{number}", "ventuno"),
        ("it", "{number}", "ottantotto"),
        ("it", "{number}", "duecentocinquanta"),
        ("it", "{number}", "centotto"),
        ("it", "{number}", "millenovecentonovantotto"),
        ("it", "{number}", "tremilaquattrocento"),
        ("it", "{money}", "venti euro"),
        ("it", "{money}", "20€"),
        ("it", "{money}", "€ 20"),
        ("it", "{money}", "dodici euro cinquanta"),
        ("it", "{time}", "alle dieci e mezza"),
        ("it", "{time}", "alle 15.30"),
        ("it", "{time}", "all'una"),
        ("it", "{time}", "alle sei meno un quarto"),
        ("it", "{time}", "mezzogiorno"),
        ("it", "{date}", "lunedì"),
        ("it", "{date}", "primo marzo"),
        ("it", "{date}", "8 marzo 2026"),
        ("it", "{date}", "entro tre giorni"),
        ("it", "{date}", "dopodomani"),
        ("fa", "{number}", "۲۵"),
        ("fa", "{number}", "بیست و سه"),
        ("fa", "{number}", "دویست و بیست و سه"),
        ("fa", "{money}", "بیست هزار تومان"),
        ("fa", "{money}", "۲۰۰۰ ریال"),
        ("fa", "{money}", "بیست و پنج هزار تومن"),
        ("fa", "{time}", "ساعت ده"),
        ("fa", "{time}", "ساعت ده و نیم"),
        ("fa", "{time}", "ساعت ۱۰:۳۰"),
        ("fa", "{date}", "فردا"),
        ("fa", "{date}", "پنج‌شنبه"),
        ("fa", "{date}", "پنجشنبه"),
        ("fa", "{date}", "سه شنبه"),
        ("fa", "{date}", "پنج مهر"),
        ("fa", "{date}", "بیست و سه مهر"),
        ("fa", "{date}", "سه روز دیگر"),
        ("fa", "{date}", "۱۲/۵/۱۴۰۴"),
    ],
)
def test_a_slot_takes(language, slot, said):
    assert taken(language, slot, said)


@pytest.mark.parametrize(
    ("language", "slot", "said"),
    [
        ("en", "{number}", "many"),
        ("en", "{money}", "twenty"),
        ("en", "{money}", "euros"),
        ("en", "{time}", "ten"),
        ("en", "{date}", "soon"),
        ("en", "{date}", "March"),
        ("en", "{words}", "six words are one too many"),
        ("it", "{number}", "cento per"),
        ("it", "{number}", "centro"),
        ("it", "{number}", "un"),
        ("it", "{money}", "venti"),
        ("it", "{time}", "dieci"),
        ("it", "{date}", "presto"),
        ("fa", "{number}", "و"),
        ("fa", "{number}", "خیلی"),
        ("fa", "{money}", "بیست"),
        ("fa", "{date}", "زود"),
    ],
)
def test_a_slot_leaves(language, slot, said):
    assert not taken(language, slot, said)
