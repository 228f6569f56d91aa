"""Persian words in one form, whichever way they are written or said. By rules, for there is no lemma table.

The form is formal and written together: `می خوام`, `می‌خوام` and `میخواهم` are all `میخواهم`. It is for
comparing, not for showing: rules may change a word that they should not, and do it on both sides.
"""

import functools
import unicodedata
from collections.abc import Iterator

HALF_SPACE = "\u200c"


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_LETTERS = str.maketrans(
    {
        **{
            "ي": "ی",
            "ى": "ی",
            "ئ": "ی",
            "ك": "ک",
            "ة": "ه",
            "ۀ": "ه",
            "أ": "ا",
            "إ": "ا",
            "ؤ": "و",
            "ـ": None,
        },
        **{digit: str(i % 10) for i, digit in enumerate("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩")},
        **{"٫": ".", "٬": ","},
        # Signs for vowels and doubling, which hardly anybody writes.
        **dict.fromkeys([*map(chr, range(0x064B, 0x0656)), "\u0670"]),
    }
)
"""Letters as Persian writes them, digits as everybody does. Source: Unicode TR 53 and the Persian Academy's
orthography."""

_BEFORE_VERB = ("می", "نمی")

_AFTER_NOUN = frozenset(
    _listed(
        "ها های هایی هایم هایت هایش هایمان هایتان هایشان هام هات هاش هامون هاتون هاشون تر ترین "
        "مان تان شان مون تون شون"
    )
)
"""What belongs to the word before it, also when a space stands between."""

_AFTER_HALF_SPACE = frozenset(_listed("ی ای ام ات اش ایم اید اند م ت ش ست"))
"""The same behind a half-space, or behind a final ه; with a space elsewhere they are words of their own."""

_VERBS = """
خواست خواه خوا | رفت رو ر | گفت گو گ | داد ده د | توانست توان تون | دانست دان دون | شد شو ش
گذاشت گذار ذار | آمد آ ا | نشست نشین شین | ماند مان مون | رساند رسان رسون | خواند خوان خون
کرد کن | بود باش | داشت دار | زد زن | گرفت گیر | دید بین | فرستاد فرست | بخشید بخش | پرسید پرس
نوشت نویس | ساخت ساز | پرداخت پرداز | فهمید فهم | برد بر | آورد آور ار | یافت یاب | رسید رس
خورد خور | خرید خر | فروخت فروش | بست بند | شناخت شناس | افتاد افت | کشید کش | گشت گرد
برگشت برگرد | پذیرفت پذیر | شنید شنو | ایستاد ایست | انداخت انداز نداز | سپرد سپار | ترسید ترس
چرخید چرخ | فهماند فهمان فهمون | برگرداند برگردان برگردون | چسبید چسب | کوشید کوش | پوشید پوش
لرزید لرز
""".replace("\n", "|")
"""Verbs: stem of the past, stem of the present, and the latter as people say it where it differs."""

_SPOKEN_ENDINGS = {
    "م": "م",
    "ی": "ی",
    "د": "د",
    "ه": "د",
    "یم": "یم",
    "ید": "ید",
    "ین": "ید",
    "ند": "ند",
    "ن": "ند",
}
"""Endings of the present as people say them, and as they are written."""

_PAST_ENDINGS = ("", "م", "ی", "یم", "ید", "ین", "ند")

_WORDS = {
    **{"اون": "آن", "اونا": "آنها", "اینا": "اینها", "یه": "یک", "رو": "را", "واسه": "برای", "دیگه": "دیگر"},
    **{"اگه": "اگر", "آخه": "آخر", "چی": "چه", "همون": "همان", "چجوری": "چطور"},
    **{"الآن": "الان", "اومد": "آمد", "اومدم": "آمدم", "اومدین": "آمدید", "اومدید": "آمدید", "مگه": "مگر"},
    **{"خونه": "خانه", "تومن": "تومان", "آروم": "آرام", "خانوم": "خانم", "کدوم": "کدام", "تموم": "تمام"},
    **{"جون": "جان", "زبون": "زبان", "مهربون": "مهربان", "تهرون": "تهران", "میدون": "میدان", "نشون": "نشان"},
    **{"خیابون": "خیابان", "نون": "نان", "ارزون": "ارزان", "گرون": "گران", "آسون": "آسان", "پایین": "پایین"},
    **{"هستین": "هستید", "هستن": "هستند", "نیستین": "نیستید", "نیستن": "نیستند", "نیس": "نیست", "هس": "هست"},
    **{"بذار": "بگذار", "بدین": "بدهید", "بیاین": "بیایید", "بیا": "بیا", "بفرمایین": "بفرمایید"},
    **{"ببخشین": "ببخشید", "شمارو": "شما را", "منو": "من را", "اینو": "این را", "اونو": "آن را", "چن": "چند"},
    **{"کجاست": "کجا است", "چیست": "چه است", "کیست": "کی است", "شماست": "شما است", "اینجاست": "اینجا است"},
    **{"آنجاست": "آنجا است", "اونجا": "آنجا", "اونجاست": "آنجا است", "چیه": "چه است", "کیه": "کی است"},
    **{"میدان": "میدان", "میهن": "میهن", "میان": "میان", "میز": "میز", "بدن": "بدن", "نرم": "نرم"},
    **{"باران": "باران", "بارون": "باران", "حتمن": "حتما", "لطفن": "لطفا", "اصلن": "اصلا", "واقعن": "واقعا"},
}  # fmt: skip
"""Everyday words as people say them, and as they are written; and words that the rules below would take for
something else."""

_WITH_IS = frozenset(
    _listed(
        "درست خوب بهتر لازم ممکن مهم حاضر این آن همین همان قرار چطور چقدر معلوم واضح عالی کافی ضروری صحیح "
        "مشخص بس سخت راحت سریع فعال قطع وصل خراب باز تمام طبیعی حیف جالب بد دیر زود مناسب کم زیاد"
    )
)
"""Words to which ه (`خوبه`) is "is"."""

_NO_PRONOUN = frozenset(_listed("ممنون قانون تلفن ستون زیتون متون مضمون میمون همایون کارتون آزمون"))

_SUFFIXES = _listed(
    "م ت ش مان تان شان ی ام ات اش ای ا ها های هایی هایم هایت هایش هایمان هایتان هایشان هام هات هاش "
    "امان اتان اشان یم یت یش یمان یتان یشان تر ترین است را"
)
"""What a noun may have at its end: plural, a pronoun, the -e or -i that joins it to the next."""


class _Verb:
    """The stems of one verb."""

    def __init__(self, past: str, present: str, *spoken: str) -> None:
        self.past, self.present, self.spoken = past, present, spoken

    def formal(self, ending: str) -> str:
        """The present with an ending, as written: a stem that ends in a vowel takes an ی before most."""
        glide = "ی" if self.present in ("گو", "آ") else ""
        return self.present + glide + ending

    @property
    def presents(self) -> Iterator[tuple[str, str]]:
        """(as somebody may say it, as it is written) for each person of the present, without a prefix."""
        for ending, written in _SPOKEN_ENDINGS.items():
            yield self.formal(ending), self.formal(written)
            for stem in self.spoken:
                yield stem + ending, self.formal(written)

    @property
    def forms(self) -> Iterator[str]:
        """All forms as they are written."""
        present = {written for _, written in self.presents}
        past = {self.past + ending for ending in _PAST_ENDINGS if ending != "ین"}
        yield from past
        yield from (prefix + form for prefix in ("می", "نمی") for form in (*present, *past))
        yield from ("ن" + form for form in (*present, *past))
        yield from (_with_b(form) for form in (*present, self.present))
        yield from present if self.present in ("باش", "دار", "خواه", "توان") else ()
        participle = self.past + "ه"
        yield from (
            before + participle + e for before in ("", "ن") for e in ("", "ام", "ای", "ایم", "اید", "اند")
        )
        yield self.past + "ن"


def _with_b(form: str) -> str:
    return ("بیا" + form[1:]) if form.startswith("آ") else "ب" + form


_ALL_VERBS = tuple(_Verb(*row.split()) for row in _VERBS.split("|") if row.strip())

_PRESENT = {said: written for verb in reversed(_ALL_VERBS) for said, written in verb.presents}
_BEGUN = {
    **{"ب" + said: _with_b(written) for said, written in _PRESENT.items()},
    **{"ن" + said: "ن" + written for said, written in _PRESENT.items()},
    **{
        **{f"بی{said}": f"بیا{written[1:]}" for said, written in _PRESENT.items() if written.startswith("آ")},
        **{f"نی{said}": f"نیا{written[1:]}" for said, written in _PRESENT.items() if written.startswith("آ")},
    },
}
"""Wishes and requests (`بگم`), and what is not wished (`نگم`)."""

_BARE = {
    **{said: written for v in _ALL_VERBS if v.present in ("باش", "دار") for said, written in v.presents},
    **{v.past + "ین": v.past + "ید" for v in _ALL_VERBS},
    **{f"ن{v.past}ین": f"ن{v.past}ید" for v in _ALL_VERBS},
}
"""Forms without a prefix; `ن` at the end of a past may as well be the infinitive, and stays."""


def spelled(text: str) -> str:
    """The text in the letters and digits of its normal form; half-spaces stay."""
    return unicodedata.normalize("NFKC", text).translate(_LETTERS).replace(f"ه{HALF_SPACE}ی ", "ه ")


def binds(before: str, after: str, half_space: bool) -> bool:
    """Whether two pieces are one word: a prefix of a verb and its stem, or a noun and its plural or pronoun.

    `half_space`: they were written with a half-space between them.
    """
    if before in _BEFORE_VERB or after in _AFTER_NOUN:
        return True
    return after in _AFTER_HALF_SPACE and (half_space or (before.endswith("ه") and len(after) > 1))


def bind(before: str, after: str) -> str:
    """Two pieces as one word, the prefix of a verb still marked off."""
    if before in _BEFORE_VERB:
        return f"{before}{HALF_SPACE}{after}"
    # The ی after a final ه is only how the -e is written.
    return before if after == "ی" and before.endswith("ه") else before + after


@functools.lru_cache(maxsize=65536)
def formal(piece: str) -> tuple[str, ...]:
    """The normal forms of a word as `bind` leaves it."""
    if piece in _WORDS:
        return tuple(_WORDS[piece].split())
    prefix = next((p for p in ("نمی", "می") if piece.startswith(p)), "")
    if prefix:
        rest = piece.removeprefix(prefix)
        verb = _verb(rest.removeprefix(HALF_SPACE), rest.startswith(HALF_SPACE))
        return (prefix + verb if verb else piece.replace(HALF_SPACE, ""),)
    for table in (_BEGUN, _BARE):
        if piece in table:
            return (table[piece],)
    return _noun(piece.replace(HALF_SPACE, ""))


def _verb(rest: str, marked: bool) -> str | None:
    """What stands after `می` as it is written; None when it can hardly be a verb."""
    if rest in _PRESENT:
        return _PRESENT[rest]
    if rest in _BARE:
        return _BARE[rest]
    # Whoever marks the prefix off means a verb, also one that is not in our table.
    if marked and len(rest) > 2:
        for ending, written in (("ین", "ید"), ("ه", "د"), ("ن", "ند")):
            if rest.endswith(ending) and not rest.endswith(("ان", "ون")):
                return rest.removesuffix(ending) + written
    return rest if marked else None


def _noun(piece: str) -> tuple[str, ...]:
    if piece.endswith("ه") and piece[:-1] in _WITH_IS:
        return piece[:-1], "است"
    if len(piece) > 4 and piece.endswith("هست"):
        return piece.removesuffix("ست"), "است"
    for spoken, written in (("ونو", "ان را"), ("ون", "ان")):
        stem = piece.removesuffix(spoken)
        if stem != piece and stem[-1:] in ("م", "ت", "ش") and len(stem) > 2 and piece not in _NO_PRONOUN:
            return tuple((stem + written).split())
    return (piece,)


def is_negative(form: str) -> bool:
    """Whether a normal form is a verb that says "not": `نمیخواهم`, `نیست`, `نکردم`."""
    return form.startswith("نمی") or form in _NEGATIVE


def is_negative_modal(form: str) -> bool:
    """Whether a verb says that something cannot, must not or will not be: `نمیتوانم`, `نباید`, `نخواهم`."""
    return form == "نباید" or (is_negative(form) and any(stem in form for stem in _MODAL_STEMS))


_MODAL_STEMS = ("توان", "خواه", "خواست", "میشود", "میشد")


def is_verb(form: str) -> bool:
    """Whether a normal form is a verb of our table, "is", or begins as verbs of the present do."""
    prefixed = form.startswith("می") and len(form) > SHORTEST_PRESENT and form not in _WORDS
    return prefixed or form in _verb_forms() or is_negative(form)


SHORTEST_PRESENT = 4
"""Letters that words with می at their beginning have at most when they are no verbs (`میهن`): our choice."""


def is_negative_light(form: str) -> bool:
    """Whether it negates the noun before it, with which it makes one verb: `قول نمیدهم`, `تضمین نکرد`."""
    rest = form.removeprefix("نمی") if form.startswith("نمی") else form[1:]
    return is_negative(form) and rest.startswith(_LIGHT_STEMS)


def is_negative_being(form: str) -> bool:
    """Whether it says that there is none, or that nobody has it: `نیست`, `ندارد`, `نداریم`."""
    return form in _NEGATIVE and form.startswith(("نیست", "ندار"))


def is_subjunctive(form: str) -> bool:
    """Whether a verb says what may or shall be: `بدهم`, `بتوانیم`, `کنم`."""
    return form in _subjunctives()


@functools.cache
def _subjunctives() -> frozenset[str]:
    own = (form for verb in _ALL_VERBS for form in verb.forms)
    return frozenset([*_listed("کنم کنی کند کنیم کنید کنند"), *(f for f in own if f.startswith("ب"))])


_LIGHT_STEMS = ("ده", "داد", "کن", "کرد")
"""Of the verbs that make a verb of a noun those that hardly ever stand alone behind a noun that is meant
itself, as in "my order did not come"."""


@functools.cache
def _verb_forms() -> frozenset[str]:
    is_ = _listed("است هست هستم هستی هستیم هستید هستند باید")
    return frozenset(is_).union(*(verb.forms for verb in _ALL_VERBS)) - {"در", "دید", "باز", "کن"}


@functools.lru_cache(maxsize=4096)
def forms_of(word: str) -> frozenset[str]:
    """All normal forms of the word of which `word` is one: of a verb in our table its whole conjugation, of
    anything else what may stand at the end of a noun."""
    for verb in _ALL_VERBS:
        forms = frozenset(verb.forms)
        if word in forms:
            return forms
    return frozenset([word, *(word + suffix for suffix in _SUFFIXES)])


_NEGATIVE = frozenset(
    [
        *("نیست", "نیستم", "نیستی", "نیستیم", "نیستید", "نیستند", "نباید"),
        *(f"ن{v.past}{e}" for v in _ALL_VERBS for e in _PAST_ENDINGS),
        *(f"ن{v.past}ه{e}" for v in _ALL_VERBS for e in ("", "ام", "ای", "ایم", "اید", "اند")),
        *(f"نخواه{e}" for e in ("م", "ی", "د", "یم", "ید", "ند")),
        *(written for said, written in _BEGUN.items() if said.startswith("ن")),
    ]
) - {"نشست", "نرم", "نشستم"}  # fmt: skip
"""Verbs that say "not" with ن alone."""
