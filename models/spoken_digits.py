"""Digits as people write and say them in English, Italian and Persian: "double four", "چهل و دو"."""

import functools
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

UNKNOWN = "?"
"""Stands for a digit that was garbled."""


class Token(NamedTuple):
    """What one word is among digits.

    `kind`: `digits` (as they stand), `unit`, `teen`, `tens`, `hundreds`, `hundred`, `thousand`, `repeat`
    (double), `of` (Persian "تا" in "دو تا صفر"), `and`, `filler`, `sounds` (like a digit), `other` (a number
    that is no code: a date, an amount).
    """

    kind: str
    digits: str = ""


class Run(NamedTuple):
    """Digits said one after the other: as a string (`UNKNOWN` for a garbled one), the index of its first word
    and that after its last, and where in the string each group of words begins."""

    digits: str
    start: int
    end: int
    groups: tuple[int, ...]


_EN = "zero one two three four five six seven eight nine".split()
_EN_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_EN_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_IT = "zero uno due tre quattro cinque sei sette otto nove".split()
_IT_TEENS = (
    "dieci undici dodici tredici quattordici quindici sedici diciassette diciotto diciannove"
).split()
_IT_TENS = "venti trenta quaranta cinquanta sessanta settanta ottanta novanta".split()
_FA = "صفر یک دو سه چهار پنج شش هفت هشت نه".split()
_FA_TEENS = "ده یازده دوازده سیزده چهارده پانزده شانزده هفده هجده نوزده".split()
_FA_TENS = "بیست سی چهل پنجاه شصت هفتاد هشتاد نود".split()
_FA_HUNDREDS = "صد دویست سیصد چهارصد پانصد ششصد هفتصد هشتصد نهصد".split()


def _italian(number: int) -> str:
    """A number from 1 to 9999 as Italian writes it, in one word."""
    if number >= 1000:
        thousands, rest = divmod(number, 1000)
        return ("mille" if thousands == 1 else f"{_IT[thousands]}mila") + (_italian(rest) if rest else "")
    if number >= 100:
        hundreds, rest = divmod(number, 100)
        return ("" if hundreds == 1 else _IT[hundreds]) + "cento" + (_italian(rest) if rest else "")
    if number >= 20:
        tens, unit = divmod(number, 10)
        ten = _IT_TENS[tens - 2]
        return (
            ten + _IT[unit] if unit not in (0, 1, 8) else ten[: -1 if unit else None] + _IT[unit] * bool(unit)
        )
    return _IT_TEENS[number - 10] if number >= 10 else _IT[number]


@functools.cache
def _words(language: str) -> dict[str, Token]:
    """The number words of a language; of one without a table those of all three."""
    found: dict[str, Token] = {}
    known = language if language in ("en", "it", "fa") else ""
    if known in ("fa", ""):
        found |= _named(_FA, _FA_TEENS, _FA_TENS)
        found |= {word: Token("hundreds", str(100 * (n + 1))) for n, word in enumerate(_FA_HUNDREDS)}
        spoken = {"چار": 4, "شیش": 6, "هف": 7, "هش": 8, "یه": 1}
        found |= {word: Token("unit", str(n)) for word, n in spoken.items()}
        found |= {"پونزده": Token("teen", "15"), "شونزده": Token("teen", "16"), "هیجده": Token("teen", "18")}
        found |= {
            "پونصد": Token("hundreds", "500"),
            "هزار": Token("thousand"),
            "تا": Token("of"),
            "و": Token("and"),
        }
        found |= {"دوتا": Token("repeat", "2"), "سهتا": Token("repeat", "3"), "چهارتا": Token("repeat", "4")}
        found |= dict.fromkeys("بعد بعدش خب بله آره سپس ام خط تیره".split(), Token("filler"))
    if known in ("it", ""):
        found |= {_italian(n): Token("digits", str(n)) for n in range(100, 10_000)}
        found |= _named(_IT, _IT_TEENS, _IT_TENS)
        found |= {_italian(n): Token("digits", str(n)) for n in range(21, 100) if n % 10}
        found |= {f"{word[:-1]}é": one for word, one in found.items() if word.endswith("tre")}
        found |= {"una": Token("sounds", "1"), "e": Token("and")}
        for start, times in (("doppi", "2"), ("tripl", "3"), ("quadrupl", "4")):
            found |= {start + end: Token("repeat", times) for end in ("o", "a")}
        found |= dict.fromkeys("poi ehm eh sì si allora trattino spazio ecco".split(), Token("filler"))
    if known in ("en", ""):
        found |= _named(_EN, _EN_TEENS, _EN_TENS)
        found |= {f"{t}{u}": Token("digits", f"{i + 2}{j}") for i, t in enumerate(_EN_TENS)
                  for j, u in enumerate(_EN) if j}  # fmt: skip
        found |= {"oh": Token("unit", "0"), "nought": Token("unit", "0"), "naught": Token("unit", "0")}
        found |= {"o": Token("unit", "0"), "niner": Token("unit", "9"), "fourty": Token("tens", "40")}
        found |= {"hundred": Token("hundred"), "thousand": Token("thousand"), "and": Token("and")}
        found |= {
            "double": Token("repeat", "2"),
            "triple": Token("repeat", "3"),
            "treble": Token("repeat", "3"),
        }
        found |= {"quadruple": Token("repeat", "4")}
        alike = {"for": 4, "fore": 4, "to": 2, "too": 2, "won": 1, "ate": 8, "sex": 6, "sicks": 6, "tree": 3}
        alike |= {"free": 3, "fife": 5, "nein": 9, "nigh": 9, "sics": 6, "forth": 4, "zeros": 0, "fours": 4}
        for word, n in alike.items():
            found.setdefault(word, Token("sounds", str(n)))
        fillers = "um uh er erm then yes yeah okay ok dash space hyphen so right next comma it's its"
        found |= dict.fromkeys(fillers.split(), Token("filler"))
    return found


def _named(units: list[str], teens: list[str], tens: list[str]) -> dict[str, Token]:
    return (
        {word: Token("unit", str(n)) for n, word in enumerate(units)}
        | {word: Token("teen", str(n + 10)) for n, word in enumerate(teens)}
        | {word: Token("tens", str(10 * n + 20)) for n, word in enumerate(tens)}
    )


_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}([-./]\d{2,4})?|\d{1,2}:\d{2}(:\d{2})?")
_GROUPS = re.compile(r"\d+(?:[-\u2010-\u2015.]\d+)*")
_AMOUNT = re.compile(r"\d+[.,]\d{1,2}|\d{1,3}(?:[.,]\d{3})+(?:[.,]\d{1,2})?")
_INSIDE = re.compile(r"(?<![\w.])\d(?:-?\d){12,18}(?!\w)")
_EDGE = "\"'.,;:!?()[]{}<>…«»“”‘’،؛؟*"


@functools.lru_cache(maxsize=65536)
def normal(word: str) -> str:
    """A word in small letters, without marks around it or half-spaces, digits Western, letters Persian."""
    plain = unicodedata.normalize("NFKC", word).strip(_EDGE).casefold()
    if not plain.isascii():
        western = (str(unicodedata.digit(c, c)) if c.isdigit() else c for c in plain)
        plain = "".join(western).translate(_LETTERS)
    return plain


_LETTERS = {ord("ي"): "ی", ord("ك"): "ک", 0x200C: None, 0x200D: None, ord("ـ"): None, ord("’"): "'"}


@functools.lru_cache(maxsize=65536)
def token(word: str, language: str) -> Token | None:
    """What a word is among digits; None for a word that has nothing to do with them."""
    plain = normal(word)
    if not any(c.isdigit() for c in plain):
        found = _words(language).get(plain)
        if found is None and "-" in plain:
            parts = [_words(language).get(part) for part in plain.split("-")]
            if all(part and part.kind in ("unit", "teen", "tens", "digits") for part in parts):
                return Token("digits", _joined([part for part in parts if part]))
        return found
    if _GROUPS.fullmatch(plain) and not (_DATE.fullmatch(plain) or _AMOUNT.fullmatch(plain)):
        return Token("digits", re.sub(r"\D", "", plain))
    inside = _INSIDE.search(plain)
    if inside and "+" not in plain:
        return Token("digits", inside[0].replace("-", ""))
    return Token("other", plain)


def _joined(parts: list[Token]) -> str:
    if len(parts) == 2 and parts[0].kind == "tens" and parts[1].kind == "unit":
        return str(int(parts[0].digits) + int(parts[1].digits))
    return "".join(part.digits for part in parts)


MOST_FILLERS = 3
"""So many fillers may stand between two digits of one number: our choice ("yes um then")."""


def runs(words: Sequence[str], language: str, garbled: bool = False) -> list[Run]:
    """The runs of digits among the words; `garbled`: one unknown word between digits is a digit too."""
    tokens = [token(word, language) for word in words]
    found: list[Run] = []
    at = 0
    while at < len(tokens):
        if starts(tokens[at]):
            run = _run(tokens, at, garbled)
            found += [run] if run.digits else []
            at = run.end
        else:
            at += 1
    return found


def starts(one: Token | None) -> bool:
    """Whether digits can begin with this word."""
    return one is not None and one.kind in ("digits", "unit", "teen", "tens", "hundreds", "repeat")


def _run(tokens: Sequence[Token | None], start: int, garbled: bool) -> Run:
    digits, end, at = "", start, start
    groups: list[int] = []
    between = ""
    while at < len(tokens):
        read, after = _group(tokens, at)
        if not read:
            beyond = _bridge(tokens, at, garbled and len(digits) >= 4)
            if beyond is None:
                break
            one = tokens[at]
            if one is None or one.kind == "sounds":
                between += one.digits if one else UNKNOWN
            at = beyond
            continue
        groups += [len(digits), len(digits) + len(between)] if between else [len(digits)]
        digits += between + read
        between = ""
        at = end = after
    return Run(digits, start, max(end, start + 1), tuple(groups))


def _bridge(tokens: Sequence[Token | None], at: int, garbled: bool) -> int | None:
    """The index from which digits go on after what is no digit; None where the number ends."""
    one = tokens[at]
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if one is None:
        return at + 1 if garbled and starts(following) else None
    if one.kind == "sounds":
        return at + 1 if starts(following) or (following and following.kind == "sounds") else None
    # "Double" without its digit ("double, um, double four") is as good as a filler.
    if one.kind not in ("filler", "and", "repeat"):
        return None
    for after in range(at + 1, min(len(tokens), at + MOST_FILLERS + 1)):
        here = tokens[after]
        if starts(here):
            return after
        if here is None or here.kind not in ("filler", "and"):
            return None
    return None


def _group(tokens: Sequence[Token | None], at: int) -> tuple[str, int]:
    """(digits, index after them) of the number word or words at an index; no digits where there is none."""

    def kind(i: int) -> str:
        one = tokens[i] if i < len(tokens) else None
        return one.kind if one else ""

    one = tokens[at]
    if one is None:
        return "", at
    after = at + 1
    if one.kind == "repeat":
        following = tokens[after] if after < len(tokens) else None
        if following and following.kind in ("unit", "sounds", "digits") and len(following.digits) == 1:
            return following.digits * int(one.digits), after + 1
        return "", at
    if one.kind == "unit" and kind(after) == "of":
        following = tokens[after + 1] if after + 1 < len(tokens) else None
        if following and following.kind == "unit":
            return following.digits * max(1, int(one.digits)), after + 2
        return one.digits, after
    if one.kind == "unit" and kind(after) == "hundred":
        return _below_hundred(tokens, after + 1, 100 * int(one.digits))
    if one.kind == "hundreds":
        return _below_hundred(tokens, after, int(one.digits))
    if one.kind == "tens":
        return _below_hundred(tokens, at, 0)
    if one.kind in ("digits", "unit", "teen"):
        if kind(after) == "thousand" and len(one.digits) <= 2:
            return one.digits + "000", after + 1
        return one.digits, after
    return "", at


def _below_hundred(tokens: Sequence[Token | None], at: int, value: int) -> tuple[str, int]:
    """`value` with what is added to it: "four hundred [and forty [two]]", "چهارصد [و چهل [و دو]]"."""

    def added(i: int, kinds: tuple[str, ...]) -> tuple[int, int]:
        skip = i + 1 if i < len(tokens) and (t := tokens[i]) and t.kind == "and" else i
        one = tokens[skip] if skip < len(tokens) else None
        if one is None or one.kind not in kinds or one.digits == "0":
            return 0, i
        return int(one.digits), skip + 1

    if value:
        more, at_next = added(at, ("teen",))
        if more:
            return str(value + more), at_next
    more, at = added(at, ("tens",))
    value += more
    more, at = added(at, ("unit",))
    return str(value + more), at
