"""How many card numbers, codes and passwords are cut out of words, and what else is taken for them.

    bench/carddata.py [--each 40] [--seed 1] [--calls DIR] [--show] [--json]

Makes short dialogues in English, Italian and Persian, from a seed: card numbers with a right check digit,
security codes, expiry dates, PINs, one-time codes and passwords, in figures (grouped with spaces, dashes, not
at all, in Persian figures) and as people say them (digit by digit, in pairs, with "double", with "um", over
several turns, with the agent repeating parts, with digits misheard); and ordinary dialogues with telephone,
order, tracking, account and meter numbers, dates, amounts and post codes. The sentences are in
`carddata.yaml`: whoever wrote the patterns wrote them too, so real calls will have some that neither holds.
With `--calls DIR` also real calls, as .txt files of lines `party|words|...` (the layout of BT Oasis).

`found`: dialogues of which every word of the secret was cut. `of_its_kind`: it was called what it is.
`too_much_words`: other words of these dialogues that were cut. `false`: ordinary dialogues of which anything
was cut; `accused`: those where it is so sure that a verdict could rest on it. `calls_cut`: real calls of
which anything was cut; read them with `--show`.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from audit.interactions import SURE
from models.carddata import luhn
from models.cutting import cut_words, is_mark
from models.observations import Span, Utterance, Word, span

SAID: Any = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
"""What people say: by kind and language."""

WORD_S = 0.4

DIGITS = {
    "en": "zero one two three four five six seven eight nine".split(),
    "it": "zero uno due tre quattro cinque sei sette otto nove".split(),
    "fa": "صفر یک دو سه چهار پنج شش هفت هشت نه".split(),
}
TEENS = {
    "en": "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(),
    "it": "dieci undici dodici tredici quattordici quindici sedici diciassette diciotto diciannove".split(),
    "fa": "ده یازده دوازده سیزده چهارده پانزده شانزده هفده هجده نوزده".split(),
}
TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety".split(),
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta".split(),
    "fa": "بیست سی چهل پنجاه شصت هفتاد هشتاد نود".split(),
}
DOUBLE = {"en": "double", "it": "doppio", "fa": "دو تا"}
UM = {"en": ("um", "then", "yes"), "it": ("ehm", "poi", "sì"), "fa": ("خب", "بعد", "بله")}
MISHEARD = {
    "en": {"2": "to", "4": "for", "8": "ate", "0": "oh"},
    "it": {"1": "una", "6": "sì"},
    "fa": {"4": "چار", "6": "شیش"},
}

CARDS = ("4", "51", "54", "2221", "37", "6011")
"""How numbers begin: Visa, Mastercard, American Express, Discover; those of Iran's banks."""

IRAN = ("603799", "621986", "589210", "610433", "627412", "502229")

LENGTHS = {"security_code": (3, 3), "expiry_date": (4, 4), "pin": (4, 4), "one_time_code": (6, 6)}


class Piece(NamedTuple):
    """Words of one turn, each with whether it belongs to the secret."""

    speaker: str
    words: list[tuple[str, bool]]


Dialogue = list[Piece]


class Made(NamedTuple):
    """A dialogue: which secret it holds ("" for none), how it was put, in which language."""

    kind: str
    form: str
    language: str
    dialogue: Dialogue


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--each", type=int, default=40, help="dialogues of each kind, form and language")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calls", type=Path, help="real calls, lines 'party|words|...' in .txt files")
    parser.add_argument("--show", action="store_true", help="the dialogues that were judged wrong")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure(list(dialogues(random.Random(arguments.seed), arguments.each)), arguments.show)
    if arguments.calls:
        figures |= in_calls(arguments.calls, arguments.show)
    print(json.dumps(figures, ensure_ascii=False) if arguments.json else json.dumps(figures, indent=1))


def measure(made: list[Made], show: bool) -> dict[str, object]:
    secrets: Counter[tuple[str, str, str]] = Counter()
    found, named, too_much = Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]](), 0
    ordinary, false, accused = Counter[str](), Counter[str](), Counter[str]()
    for one in made:
        said, cuts = cut_words(utterances(one))
        left = Counter(word.text for u in said for word in u.words if not is_mark(word.text))
        plain = Counter(w for piece in one.dialogue for w, secret in piece.words if not secret)
        if one.kind:
            key = (one.kind, one.form, one.language)
            secrets[key] += 1
            whole = not left - plain
            found[key] += whole
            named[key] += whole and one.kind in {c.kind for c in cuts}
            too_much += (plain - left).total()
            wrong = not whole
        else:
            ordinary[one.form] += 1
            false[one.form] += bool(cuts)
            accused[one.form] += any(c.confidence >= SURE for c in cuts)
            wrong = bool(cuts)
        if show and wrong:
            print(one.kind or "ordinary", one.form, one.language, [(c.kind, c.confidence) for c in cuts])
            for piece in one.dialogue:
                print("   ", piece.speaker, " ".join(f"_{w}_" if secret else w for w, secret in piece.words))

    def shares(part: Counter[tuple[str, str, str]], by: int) -> dict[str, float]:
        names = dict.fromkeys(key[by] for key in secrets)
        return {n: share(sum(v for k, v in part.items() if k[by] == n),
                         sum(v for k, v in secrets.items() if k[by] == n)) for n in names}  # fmt: skip

    return {
        "secrets": secrets.total(),
        "found": share(found.total(), secrets.total()),
        "found_by_kind": shares(found, 0),
        "found_by_form": shares(found, 1),
        "found_by_language": shares(found, 2),
        "of_its_kind": share(named.total(), secrets.total()),
        "too_much_words": too_much,
        "ordinary": ordinary.total(),
        "false": share(false.total(), ordinary.total()),
        "false_by_kind": {n: share(false[n], ordinary[n]) for n in ordinary},
        "accused": share(accused.total(), ordinary.total()),
        "accused_by_kind": {n: share(accused[n], ordinary[n]) for n in ordinary},
    }


def in_calls(folder: Path, show: bool) -> dict[str, object]:
    """How many of real calls anything was cut of."""
    calls = with_cuts = 0
    for path in sorted(folder.glob("*.txt")):
        rows = [line.split("|") for line in path.read_text("utf-8", "replace").splitlines()]
        turns = [turn(row[0], row[1]) for row in rows if len(row) > 1 and row[1].split()]
        said, cuts = cut_words(utterances(Made("", path.stem, "en", turns)))
        calls += 1
        with_cuts += bool(cuts)
        if show and cuts:
            print(path.name, [(c.kind, c.confidence) for c in cuts])
            for u in said:
                if any(is_mark(word.text) for word in u.words):
                    print("   ", u.speaker, u.text)
    return {"calls": calls, "calls_cut": with_cuts}


def share(part: int, of: int) -> float:
    return round(part / max(1, of), 4)


def utterances(made: Made) -> list[Utterance]:
    found, at_s = [], 0.0
    for speaker, words in made.dialogue:
        times = [span(at_s + i * WORD_S, at_s + (i + 1) * WORD_S) for i in range(len(words))]
        sure = 0.9 if made.form == "heard badly" else 1.0
        heard = tuple(Word(t, word, sure) for t, (word, _) in zip(times, words, strict=True))
        text = " ".join(word for word, _ in words)
        found.append(Utterance(Span(at_s, times[-1].end_s), speaker, made.language, text, heard))
        at_s = times[-1].end_s + 0.5
    return found


# -- what is said ------------------------------------------------------------------------------------------


def dialogues(chance: random.Random, each: int) -> Iterator[Made]:
    for language in ("en", "it", "fa"):
        for _ in range(each):
            for form in FORMS:
                yield Made("card_number", form, language, card_dialogue(chance, language, form))
            for kind in LENGTHS:
                for form in ("figures", "words"):
                    yield Made(kind, form, language, code_dialogue(chance, language, kind, form))
            word = chance.choice(SAID["passwords"][language]).split()
            asked = turn("a", chance.choice(SAID["asked"]["password"][language]))
            given = filled("c", chance.choice(SAID["given"][language][:2]), word)
            yield Made("password", "words", language, [asked, given])
            for name, texts in SAID["ordinary"].items():
                text = chance.choice(texts[language])
                before = turn("a", chance.choice(SAID["before"][language]))
                yield Made("", name, language, [before, Piece("c", ordinary(chance, text, language))])


def turn(speaker: str, text: str) -> Piece:
    return Piece(speaker, [(word, False) for word in text.split()])


def filled(speaker: str, frame: str, secret: list[str]) -> Piece:
    """The frame with the secret's words in it; "+" before a word marks one that does not belong to it."""
    words: list[tuple[str, bool]] = []
    for word in frame.split():
        words += (
            [(w.removeprefix("+"), not w.startswith("+")) for w in secret]
            if word == "{}"
            else [(word, False)]
        )
    return Piece(speaker, words)


def card(chance: random.Random, language: str) -> str:
    """A number with an issuer's beginning and a right check digit."""
    start = chance.choice(IRAN if language == "fa" else CARDS)
    length = 15 if start.startswith("37") else 16
    body = start + "".join(chance.choice("0123456789") for _ in range(length - 1 - len(start)))
    return next(body + d for d in "0123456789" if luhn(body + d))


def grouped(digits: str) -> list[str]:
    sizes = (4, 6, 5) if len(digits) == 15 else (4,) * (len(digits) // 4)
    found = []
    for size in sizes:
        found.append(digits[:size])
        digits = digits[size:]
    return found


def figures_of(chance: random.Random, digits: str, language: str) -> list[str]:
    if language == "fa" and chance.random() < 0.7:
        digits = digits.translate({ord(str(i)): "۰۱۲۳۴۵۶۷۸۹"[i] for i in range(10)})
    way = chance.choice(("whole", "spaces", "dashes", "single")) if len(digits) > 8 else "whole"
    if way == "whole":
        return [digits]
    if way == "dashes":
        return ["-".join(grouped(digits))]
    return grouped(digits) if way == "spaces" else list(digits)


def in_words(digits: str, language: str) -> list[str]:
    return [DIGITS[language][int(d)] for d in digits]


def pair(number: int, language: str) -> list[str]:
    """10 to 99 as it is said."""
    tens, unit = divmod(number, 10)
    if tens == 1:
        return [TEENS[language][unit]]
    ten = TENS[language][tens - 2]
    if not unit:
        return [ten]
    if language == "fa":
        return [ten, "و", DIGITS["fa"][unit]]
    if language == "en":
        return [ten, DIGITS["en"][unit]]
    return [(ten[:-1] if unit in (1, 8) else ten) + DIGITS["it"][unit]]


def in_pairs(digits: str, language: str) -> list[str]:
    words: list[str] = []
    for at in range(0, len(digits), 2):
        two = digits[at : at + 2]
        words += in_words(two, language) if len(two) < 2 or two[0] == "0" else pair(int(two), language)
    return words


def doubled(digits: str, language: str) -> list[str]:
    words: list[str] = []
    at = 0
    while at < len(digits):
        twice = digits[at] == digits[at + 1 : at + 2]
        words += [*(DOUBLE[language].split() if twice else []), DIGITS[language][int(digits[at])]]
        at += 1 + twice
    return words


def hesitating(chance: random.Random, digits: str, language: str) -> list[str]:
    words: list[str] = []
    for part in grouped(digits) if len(digits) > 8 else [digits]:
        words += [*([f"+{chance.choice(UM[language])}"] if words else []), *in_words(part, language)]
    return words


def misheard(chance: random.Random, digits: str, language: str) -> list[str]:
    """One digit heard as a word that sounds like it, not the first and not the last."""
    words = in_words(digits, language)
    able = [i for i in range(1, len(digits) - 1) if digits[i] in MISHEARD[language]]
    if able:
        at = chance.choice(able)
        words[at] = MISHEARD[language][digits[at]]
    return words


Say = Callable[[random.Random, str, str], list[str]]

FORMS: dict[str, Say] = {
    "figures": figures_of,
    "words": lambda _, digits, language: in_words(digits, language),
    "pairs": lambda _, digits, language: in_pairs(digits, language),
    "double": lambda _, digits, language: doubled(digits, language),
    "hesitating": hesitating,
    "misheard": misheard,
    "over turns": figures_of,
    "repeated": figures_of,
    "wrong digit": figures_of,
    "unasked": figures_of,
    "heard badly": lambda _, digits, language: in_words(digits, language),
    "all at once": figures_of,
}
"""How a card number may be given."""


def card_dialogue(chance: random.Random, language: str, form: str) -> Dialogue:
    digits = card(chance, language)
    asked = turn("a", chance.choice(SAID["asked"]["card_number"][language]))
    if form == "wrong digit":  # The recogniser took a digit for another: the check digit no longer fits.
        at = chance.randrange(4, len(digits))
        digits = digits[:at] + str((int(digits[at]) + chance.randrange(1, 9)) % 10) + digits[at + 1 :]
    if form == "unasked":
        frame = chance.choice(SAID["unasked"][language])
        return [
            turn("a", chance.choice(SAID["before"][language])),
            filled("c", frame, figures_of(chance, digits, language)),
        ]
    if form == "all at once":
        frame = SAID["all_at_once"][language]
        secrets = {
            "{card}": figures_of(chance, digits, language),
            "{expiry}": [expiry(chance)],
            "{code}": [f"{chance.randrange(1000):03}"],
        }
        words = [(w, word in secrets) for word in frame.split() for w in secrets.get(word, [word])]
        return [asked, Piece("c", words)]
    if form == "heard badly":
        words = [(w, True) for w in in_words(digits, language)]
        return [asked, Piece("c", [badly(chance, word, language) for word in words])]
    if form in ("over turns", "repeated"):
        spoken: Dialogue = [asked]
        for part in grouped(digits):
            words = in_words(part, language) if chance.random() < 0.5 else in_pairs(part, language)
            spoken.append(Piece("c", [(w, True) for w in words]))
            again = [(w, True) for w in in_words(part, language)] if form == "repeated" else []
            spoken.append(Piece("a", again or turn("a", chance.choice(SAID["go_on"][language])).words))
        return spoken
    return [asked, filled("c", chance.choice(SAID["given"][language]), FORMS[form](chance, digits, language))]


def badly(chance: random.Random, word: tuple[str, bool], language: str) -> tuple[str, bool]:
    """One word in ten as some other word, which is then no secret."""
    return (chance.choice(SAID["strange"][language]), False) if chance.random() < BADLY else word


BADLY = 0.1
"""A good recogniser's share of wrong words over the telephone."""


def expiry(chance: random.Random) -> str:
    return f"{chance.randint(1, 12):02}{chance.randint(26, 31)}"


def code_dialogue(chance: random.Random, language: str, kind: str, form: str) -> Dialogue:
    least, most = LENGTHS[kind]
    digits = "".join(chance.choice("0123456789") for _ in range(chance.randint(least, most)))
    if kind == "expiry_date":
        digits = expiry(chance)
    ways: list[Say] = [FORMS["words"], FORMS["pairs"], FORMS["double"]] if form == "words" else [figures_of]
    asked = turn("a", chance.choice(SAID["asked"][kind][language]))
    return [
        asked,
        filled("c", chance.choice(SAID["given"][language]), chance.choice(ways)(chance, digits, language)),
    ]


def ordinary(chance: random.Random, text: str, language: str) -> list[tuple[str, bool]]:
    """The text with figures for each #, half of the time a digit of each number as a word."""
    aloud = chance.random() < 0.5
    words: list[str] = []
    for number, part in enumerate(text.replace("}", "{").split("{")):
        drawn = "".join(chance.choice("0123456789") if c == "#" else c for c in part)
        plain = drawn.replace(" ", "").removeprefix("+")
        spoken = number % 2 == 1 and aloud and plain.isdigit()
        words += in_words(plain, language) if spoken else drawn.split()
    return [(word, False) for word in words]


if __name__ == "__main__":
    main()
