"""What the typed slots of a pattern stand for in each language, as spaCy token patterns over normal forms."""

import functools
import itertools
from collections.abc import Iterable, Mapping
from typing import Any

Token = dict[str, Any]
"""What one normal form must be, in the notation of spaCy's Matcher."""

LONGEST_NAME, MOST_WORDS = 3, 5
"""Words that `{name}` and `{words}` stand for at most: a title and two names; as many as `*`."""

SLOTS = frozenset(("{name}", "{number}", "{date}", "{time}", "{money}", "{words}"))
"""The slots that need no definition."""


def _listed(words: str) -> list[str]:
    return words.split()


def _one_of(words: Iterable[str]) -> Token:
    return {"ORTH": {"IN": sorted(words)}}


def _word(listed: str) -> Token:
    return _one_of(listed.split())


def _like(expression: str) -> Token:
    return {"ORTH": {"REGEX": f"^(?:{expression})$"}}


_NAME = r"^[^\W\d_]+(?:['’.\u200c-][^\W\d_]*)*$"
"""Letters, and the signs inside names: O'Brien, Jean-Luc, Dr."""

_DIGITS = r"\d[\d.,]*"
_CLOCK = r"(?:[01]?\d|2[0-3])[:.h][0-5]\d"
_DAY = r"\d{1,2}[./-]\d{1,2}(?:[./-]\d{2,4})?"

# Italian writes a number as one word: hundreds, tens, units, with a vowel lost before "uno" and "otto".
_IT_TENS = "vent|trent|quarant|cinquant|sessant|settant|ottant|novant"
_IT_BELOW_100 = (
    "due|tre|tré|quattro|cinque|sei|sette|otto|nove|dieci|undici|dodici|tredici|quattordici|quindici|sedici"
    "|diciassette|diciotto|diciannove"
    f"|(?:{_IT_TENS})(?:uno|un|otto|[ia](?:due|tre|tré|quattro|cinque|sei|sette|nove)?)"
)
_IT_BELOW_1000 = (
    f"(?:due|tre|quattro|cinque|sei|sette|otto|nove)?cento?(?:uno|{_IT_BELOW_100})?|{_IT_BELOW_100}"
)
_IT_NUMBER = f"uno|(?:mille|(?:{_IT_BELOW_1000})mila)(?:e?(?:uno|{_IT_BELOW_1000}))?|{_IT_BELOW_1000}"

_EN_NUMBERS = _listed(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred "
    "thousand million"
)
_EN_ORDINALS = _listed(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth"
)
_FA_NUMBERS = _listed(
    "یک دو سه چهار پنج شش شیش هفت هشت نه ده یازده دوازده سیزده چهارده پانزده پونزده شانزده شونزده هفده "
    "هیفده هجده هیجده نوزده بیست سی چهل پنجاه شصت هفتاد هشتاد نود صد یکصد دویست سیصد چهارصد پانصد پونصد "
    "ششصد شیشصد هفتصد هشتصد نهصد هزار میلیون میلیارد"
)


class _Language:
    """The words of one language that make numbers, money, times and days."""

    def __init__(
        self,
        number: Token,
        between: str,
        currencies: str,
        clock: list[list[Token]],
        days: str,
        months: str,
        of_month: list[Token],
        units: str,
        ahead: str,
        more_days: tuple[list[Token], ...] = (),
        one: Token | None = None,
        great: Token | None = None,
        cents: Token | None = None,
        more_money: tuple[list[Token], ...] = (),
    ) -> None:
        self.one, self.great, self.cents, self.more_money = one, great, cents, more_money
        self.number, self.between = number, between
        self.currency = _word(currencies)
        self.clock, self.of_month = clock, of_month
        self.days, self.months = _word(days), _word(months)
        self.more_days = more_days
        self.units, self.ahead = _word(units), _word(ahead)

    @property
    def numbers(self) -> list[list[Token]]:
        """Ways to say a number: a word of it or several, in Persian with "and" between."""
        many = self.number | {"OP": "+"}
        if not self.between:
            return [[many]]
        linked = {"ORTH": {"IN": [self.between]}}
        found = [[many], [many, linked, many], [many, linked, many, linked, many]]
        if not self.one:
            return found
        whole: list[Token] = [self.one, self.great or self.one]
        return [*found, whole, [*whole, many], [*whole, linked, many]]

    @property
    def money(self) -> list[list[Token]]:
        more = self.number | {"OP": "*"}
        after = [[*number, self.currency, more] for number in self.numbers]
        ones = [[self.one, self.currency]] if self.one else []
        linked = [[self.number, self.currency, self.cents, self.number | {"OP": "+"}]] if self.cents else []
        return [*after, *ones, *linked, [self.currency, self.number | {"OP": "+"}], *self.more_money]

    @property
    def times(self) -> list[list[Token]]:
        return [[_like(_CLOCK)], *self.clock]

    @property
    def dates(self) -> list[list[Token]]:
        of_day = self.of_month
        return [
            [_like(_DAY)],
            [_like(r"\d{4}/\d{1,2}/\d{1,2}")],
            [_like(r"\d{4}"), _like(r"\d{2}"), _like(r"\d{2}")],
            [self.days],
            [self.ahead, self.number | {"OP": "{1,3}"}, self.units],
            [self.number | {"OP": "{1,3}"}, self.units, self.ahead],
            [*of_day, self.months, self.number | {"OP": "*"}],
            [self.months, *of_day],
            [self.days, *of_day, self.months],
            *self.more_days,
        ]


@functools.cache
def _languages() -> Mapping[str, _Language]:
    """Numbers, money, times and dates as people say them; in other languages digits alone are found."""
    return {"en": _english(), "it": _italian(), "fa": _persian()}


def _english() -> _Language:
    number = _like(f"{_DIGITS}|{'|'.join(_EN_NUMBERS)}")
    day = rf"\d{{1,2}}(?:st|nd|rd|th)?|{'|'.join((*_EN_ORDINALS, *_EN_NUMBERS[:30]))}"
    hour, noon = _one_of(_EN_NUMBERS[:12]), "am pm a.m. p.m. o'clock"
    part_of_day, unit = (
        _word("morning afternoon evening"),
        _word("day days week weeks month months hour hours"),
    )
    weekdays = "monday tuesday wednesday thursday friday saturday sunday"
    return _Language(
        number,
        "and",
        "euro euros dollar dollars pound pounds pence cent cents quid usd eur gbp",
        [
            [_like(r"(?:[01]?\d|2[0-3])(?:[:.][0-5]\d)?(?:am|pm|a\.m\.|p\.m\.)")],
            [number | {"OP": "{1,3}"}, _word(noon)],
            [_one_of(("half", "quarter", *_EN_NUMBERS)) | {"OP": "{1,2}"}, _word("past to"), hour],
            [_word("noon midday midnight")],
            [_one_of((*_EN_NUMBERS[:12], *map(str, range(1, 13)))), *map(_word, ("in", "the")), part_of_day],
            [hour, _one_of(("fifteen", "twenty", "thirty", "forty", "fifty")), _word("five") | {"OP": "?"}],
        ],
        f"{weekdays} today tonight tomorrow",
        "january february march april may june july august september october november december",
        [_word("the") | {"OP": "?"}, _like(day) | {"OP": "{1,2}"}, _word("of") | {"OP": "?"}],
        "day days week weeks month months hour hours minutes",
        "in within",
        (
            [_word("next this last coming"), unit],
            [_word("in within"), _word("a an one the"), unit],
            [_word("in within"), number, _word("to or"), number, unit],
            [_word("next this coming on"), _word(weekdays)],
            [_word("on"), _word("the"), _one_of(_EN_ORDINALS)],
        ),
        _word("a an"),
        _word("hundred thousand million"),
        more_money=([_like(rf"{_DIGITS}p")],),
    )


def _italian() -> _Language:
    number, at = _like(f"{_DIGITS}|{_IT_NUMBER}"), _word("alle all le")
    unit, coming = _word("settimana mese giorno ora"), _word("prossima prossimo")
    the = _word("la il questa questo") | {"OP": "?"}
    quarter = _like(f"quarto|{_IT_BELOW_100}")
    return _Language(
        number,
        "",
        "euro eur dollari dollaro sterline sterlina centesimi centesimo franchi",
        [
            [at, number, _word("e"), _like(f"mezza|mezzo|{_IT_BELOW_100}")],
            [at, number, _word("e meno"), _word("un") | {"OP": "?"}, quarter],
            [at, _word("ore") | {"OP": "?"}, _like(f"una|{_CLOCK}|{_DIGITS}|{_IT_BELOW_100}")],
            [_word("a") | {"OP": "?"}, _word("mezzogiorno mezzanotte")],
        ],
        "lunedì martedì mercoledì giovedì venerdì sabato domenica oggi stasera domani dopodomani",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        [_word("il l") | {"OP": "?"}, _like(rf"\d{{1,2}}°?|primo|{_IT_BELOW_100}")],
        "giorno giorni settimana settimane mese mesi ora ore minuti",
        "tra fra entro",
        (
            [_word("tra fra entro"), _word("un una"), unit],
            [the, coming, unit],
            [the, unit, coming],
        ),
        _word("un una"),
        _word("migliaio centinaio milione"),
        _word("e"),
    )


def _persian() -> _Language:
    words = f"{_DIGITS}|{'|'.join(_FA_NUMBERS)}"
    number, at = _like(words), _word("ساعت")
    return _Language(
        number,
        "و",
        "تومان تومن ریال دلار یورو",
        [
            [at, number, _word("و"), _like(f"نیم|ربع|{words}")],
            [at, _like(f"{_CLOCK}|{words}")],
            [_word("یک") | {"OP": "?"}, _word("ربع"), _word("به"), _like(words)],
            [_word("ظهر نیمهشب")],
        ],
        "شنبه یکشنبه دوشنبه سهشنبه چهارشنبه پنجشنبه جمعه امروز امشب فردا پسفردا",
        "فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند",
        [number | {"OP": "{1,2}"}, _word("و") | {"OP": "?"}, number | {"OP": "?"}],
        "روز هفته ماه ساعت دقیقه",
        "دیگر بعد آینده تا ظرف",
        # A half-space or a space parts the names of days in two.
        (
            [_word("یک دو سه چهار پنج"), _word("شنبه")],
            [_word("پس"), _word("فردا")],
            [_word("هفته ماه روز"), _word("آینده بعد دیگر")],
        ),
    )


@functools.lru_cache(maxsize=64)
def ways(slot: str, language: str) -> tuple[tuple[Token, ...], ...]:
    """The token patterns of a slot, each a way to say what it stands for."""
    if slot == "{name}":
        return (({"LOWER": {"REGEX": _NAME}, "IS_STOP": False, "OP": f"{{1,{LONGEST_NAME}}}"},),)
    if slot == "{words}":
        return (({"ORTH": {"NOT_IN": ["\n"]}, "OP": f"{{1,{MOST_WORDS}}}"},),)
    known = _languages().get(language)
    if slot == "{number}":
        found = [[{"LIKE_NUM": True, "OP": "+"}]] + (known.numbers if known else [])
    elif slot == "{money}":
        found = known.money if known else [[{"LIKE_NUM": True, "OP": "+"}]]
    elif slot == "{time}":
        found = known.times if known else [[_like(_CLOCK)]]
    else:
        found = known.dates if known else [[_like(_DAY)]]
    return tuple(map(tuple, found))


def all_ways(parts: Iterable[tuple[tuple[Token, ...], ...]]) -> list[list[Token]]:
    """Every way to say several things one after the other."""
    return [list(itertools.chain.from_iterable(one)) for one in itertools.product(*parts)]
