"""Personal data in words, by Presidio's recognisers of patterns and checksums; no model, and no network."""

import functools
import itertools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from models.cutting import is_mark
from models.observations import Utterance
from models.spoken_digits import normal, runs, token

if TYPE_CHECKING:
    from presidio_analyzer import LocalRecognizer

LEAST = 0.4
"""Below this Presidio's own score is a guess: its enhancer by context starts here too."""

CONTEXT = 0.35
"""What a word that belongs to it ("passport") adds to a score: Presidio's own `context_similarity_factor`."""

KINDS = {
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "IBAN_CODE": "bank account",
    "CREDIT_CARD": "card number",
    "IP_ADDRESS": "ip address",
    "IT_FISCAL_CODE": "tax number",
    "IT_VAT_CODE": "tax number",
    "IT_IDENTITY_CARD": "identity card",
    "IT_DRIVER_LICENSE": "driving licence",
    "IT_PASSPORT": "passport",
    "US_SSN": "social security number",
    "US_ITIN": "tax number",
    "US_PASSPORT": "passport",
    "UK_NHS": "health number",
    "UK_NINO": "social security number",
}
"""What Presidio's kinds are called here."""

REGIONS = ("GB", "US", "IT", "IR", "DE", "FR", "ES")
"""Where telephone numbers without a country code may belong."""

SPOKEN_PHONE = (9, 12)
"""Digits of a telephone number as it is said, with the zero before it, without the country."""

_PHONE = ("phone", "telephone", "mobile", "cell", "cellphone", "telefono", "cellulare", "تلفن", "موبایل")
"""Presidio's own words for telephone numbers, without "number" and "call": orders have numbers too."""


class Found(NamedTuple):
    """Personal data in the words `[start, end)` of an utterance; `sure` is 0..1."""

    kind: str
    start: int
    end: int
    sure: float


@functools.cache
def _recognisers() -> tuple["LocalRecognizer", ...]:
    import tldextract
    from presidio_analyzer import predefined_recognizers as p

    offline = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    class Email(p.EmailRecognizer):
        """Presidio's, with the list of domains that comes with tldextract instead of one from the network."""

        def validate_result(self, pattern_text: str) -> bool:
            return bool(offline(pattern_text).fqdn)

    return (
        Email(),
        p.PhoneRecognizer(context=list(_PHONE), supported_regions=REGIONS),
        *(
            kind()
            for kind in (
                *(p.IbanRecognizer, p.CreditCardRecognizer, p.IpRecognizer, p.ItFiscalCodeRecognizer),
                *(p.ItVatCodeRecognizer, p.ItIdentityCardRecognizer, p.ItDriverLicenseRecognizer),
                *(p.ItPassportRecognizer, p.UsSsnRecognizer, p.UsItinRecognizer, p.UsPassportRecognizer),
                *(p.NhsRecognizer, p.UkNinoRecognizer),
            )
        ),
    )


def personal_data(utterance: Utterance) -> tuple[Found, ...]:
    """What personal data an utterance holds, in order; the surest where several would fit."""
    return _personal_data(tuple(w.text for w in utterance.words), utterance.language)


@functools.lru_cache(maxsize=8192)
def _personal_data(texts: tuple[str, ...], language: str) -> tuple[Found, ...]:
    found = [*_spoken_emails(texts), *_spoken_phones(texts, language)]
    if any(_MAYBE.search(text) for text in texts):
        found += _written(texts)
    chosen: list[Found] = []
    for one in sorted(found, key=lambda f: (-f.sure, f.start - f.end)):
        if all(one.end <= other.start or other.end <= one.start for other in chosen):
            chosen.append(one)
    return tuple(sorted(chosen, key=lambda f: f.start))


_MAYBE = re.compile(r"\d|@")


def _written(texts: tuple[str, ...]) -> Iterator[Found]:
    starts = list(itertools.accumulate((len(t) + 1 for t in texts), initial=0))
    text = " ".join("#" * len(t) if is_mark(t) else t for t in texts)
    lowered = text.casefold()

    def words(start: int, end: int) -> tuple[int, int]:
        return sum(s <= start for s in starts) - 1, sum(s < end for s in starts)

    for one in _foreign_phones(text):
        yield Found("phone", *words(*one.span()), LEAST)
    for recogniser in _recognisers():
        if not any(name in KINDS for name in recogniser.supported_entities):
            continue
        # Without a model there is nothing else that could be told about the words.
        told_by_model: Any = None
        for result in recogniser.analyze(text, recogniser.supported_entities, told_by_model):
            told = any(re.search(rf"\b{re.escape(word)}\b", lowered) for word in recogniser.context or ())
            sure = min(1.0, result.score + CONTEXT if told else result.score)
            if sure < LEAST or result.entity_type not in KINDS:
                continue
            yield Found(KINDS[result.entity_type], *words(result.start, result.end), sure)


_INTERNATIONAL = re.compile(r"(?<![\w+])\+\d[\d ()./-]{5,22}\d(?!\w)")
"""What is written like a telephone number with its country."""


def _foreign_phones(text: str) -> Iterator[re.Match[str]]:
    """What may be a telephone number with its country; Presidio leaves out ranges that nobody was given."""
    import phonenumbers

    for found in _INTERNATIONAL.finditer(text):
        try:
            number = phonenumbers.parse(found[0])
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            yield found


def _spoken_phones(texts: tuple[str, ...], language: str) -> Iterator[Found]:
    """Digits in words that are a telephone number somewhere; those in figures are Presidio's."""
    import phonenumbers

    for run in runs(texts, language):
        least, most = SPOKEN_PHONE
        if not least <= len(run.digits) <= most or all(_MAYBE.search(t) for t in texts[run.start : run.end]):
            continue
        for region in REGIONS:
            try:
                number = phonenumbers.parse(run.digits, region)
            except phonenumbers.NumberParseException:
                continue
            if phonenumbers.is_valid_number(number):
                yield Found("phone", run.start, run.end, 0.6)
                break


_AT = frozenset({"at", "chiocciola", "اتساین", "ات"})
_DOT = frozenset({"dot", "point", "punto", "نقطه", "دات"})
_DOMAINS = frozenset({"com", "org", "net", "uk", "co", "it", "ir", "de", "fr", "es", "eu", "info"})

LONGEST_NAME = 5
"""Words before the "at" that may be the name: "anna dot rossi". Our choice."""


def _spoken_emails(texts: tuple[str, ...]) -> Iterator[Found]:
    """`anna dot rossi at example dot com`, also `anna@example` said with "chiocciola"."""
    words = [normal(t) for t in texts]
    for at, word in enumerate(words):
        if word not in _AT or at == 0:
            continue
        end = at + 1
        dots = [i for i in range(at + 2, min(len(words), at + 6)) if words[i] in _DOT]
        for dot in dots:
            if dot + 1 < len(words) and words[dot + 1] in _DOMAINS:
                end = dot + 2
        if end == at + 1:
            continue
        start = at - 1
        while start >= 2 and at - start < LONGEST_NAME and words[start - 1] in _DOT:
            start -= 2
        while start > 0 and token(texts[start - 1], "en") is None and len(words[start - 1]) == 1:
            start -= 1
        yield Found("email", start, end, 0.8)
