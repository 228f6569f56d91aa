"""Card numbers, codes and passwords among words, found whoever says them and however they are broken up."""

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from models.observations import Utterance
from models.secret_words import (
    CARD,
    CODE,
    DIGITS,
    EMPTY,
    EXPIRY,
    ONE_TIME,
    PASSWORD,
    PIN,
    any_named,
    asked,
    named,
    other_numbers,
    password_in,
    plain,
    refused,
    says_no,
)
from models.spoken_digits import UNKNOWN, normal, runs, starts, token

SHORTEST, LONGEST = 13, 19
"""Digits of a card number (ISO/IEC 7812-1 allows up to 19; the shortest in use, Visa's old ones, have 13)."""

PART = 9
"""So many digits said where a card number was asked for are one of which the rest was not heard: our choice,
one more than a date of birth, and more than the first six or last four that may be kept."""

BEYOND = 28
"""A card number, its expiry date and its code in one breath."""

SURE, LIKELY, PERHAPS = 0.97, 0.75, 0.4
"""How surely a run is a card number: Luhn's check and an issuer's prefix hold (one random number in ten
passes the check); it was asked for, but a digit may be misheard; only the length speaks for it, or both hold
for what was called something else (a parcel's number may pass by chance). The last is removed all the same,
and no verdict rests on it."""

TURN_S, MESSAGE_S = 30.0, 300.0
"""So long after a turn or a message the number may go on in the speaker's next one: our choice."""

BETWEEN = 12
"""Words of somebody else between two parts of a number: "yes", "go on", the part repeated. Our choice."""

NEAR_WORDS = 60
"""So many words back is looked for what a number belongs to: about 25 seconds of speech."""

ANSWER_TURNS = 4
"""So many turns after a code was spoken of it may be said: "just a moment", "yes", and the code."""


SHORT = 12
"""An answer has so many words at most besides the digits: our choice."""


class Hit(NamedTuple):
    """What has to be cut: words (utterance, first, last exclusive) of one speaker."""

    kind: str
    words: tuple[tuple[int, int, int], ...]
    confidence: float
    again: bool
    digits: str


class _Said(NamedTuple):
    """A run of digits in the words of one speaker."""

    digits: str
    parts: tuple[tuple[int, int, int], ...]
    groups: tuple[int, ...]


def luhn(digits: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    doubled = (sum(divmod(2 * int(d), 10)) if i % 2 else int(d) for i, d in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0


_ISSUERS = re.compile(
    r"4(\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|220[0-4]\d{12}|"
    r"3[47]\d{13}|3(0[0-5]|095|[689]\d)\d{11,16}|35(2[89]|[3-8]\d)\d{12,15}|6(011|4[4-9]\d|5\d\d)\d{12,15}|"
    r"(62|81)\d{14,17}|(50|5[6-9]|6)\d{11,17}|9792\d{12}"
)
"""Visa, Mastercard, Mir, American Express, Diners, JCB, Discover, UnionPay, Maestro and the banks of Iran
(which begin with 50, 58, 60, 61, 62 and 63), Troy. Source: the issuers' published ranges."""


def issued(digits: str) -> bool:
    """Whether an issuer's cards look so, and the check digit holds."""
    return SHORTEST <= len(digits) <= LONGEST and bool(_ISSUERS.fullmatch(digits)) and luhn(digits)


def find(utterances: Sequence[Utterance]) -> list[Hit]:
    """Everything to be cut from the utterances (in order of time), in order."""
    if not any(_has_digit(u) or _names_any(u) for u in utterances):
        return []
    said = _rejoined(utterances, _digits_said(utterances))
    hits = _cards(utterances, said)
    taken = {part for hit in hits for part in hit.words}
    hits += _codes(utterances, [one for one in said if not taken & set(one.parts)])
    hits += _passwords(utterances)
    return sorted(hits, key=lambda hit: hit.words)


def _has_digit(utterance: Utterance) -> bool:
    return any(starts(token(word.text, utterance.language)) for word in utterance.words)


def _names_any(utterance: Utterance) -> bool:
    return bool(any_named(utterance.language).search(plain(utterance.text)))


def _digits_said(utterances: Sequence[Utterance]) -> list[_Said]:
    """All runs of digits, those of one speaker joined over turns."""
    found: list[_Said] = []
    last: dict[str | None, tuple[_Said, int]] = {}
    words_before = list(itertools.accumulate((len(u.words) for u in utterances), initial=0))
    previous: dict[str | None, int] = {}
    for index, utterance in enumerate(utterances):
        before = previous.get(utterance.speaker)
        previous[utterance.speaker] = index
        if not _has_digit(utterance):
            if len(utterance.words) > 4:
                last.pop(utterance.speaker, None)
            continue
        garbled = any(w.probability < 1 for w in utterance.words)
        texts = [w.text for w in utterance.words]
        open_one = last.pop(utterance.speaker, None)
        for run in runs(texts, utterance.language, garbled):
            part = (index, run.start, run.end)
            one = _Said(run.digits, (part,), run.groups)
            if open_one and before is not None and _opens(texts[: run.start], utterance.language):
                earlier, at = open_one
                others = words_before[index] - words_before[at + 1]
                same = not _asks_other(utterances[at + 1 : index])
                if same and _soon(utterances[at], utterance) and others <= BETWEEN + 16:
                    moved = tuple(len(earlier.digits) + g for g in run.groups)
                    found.remove(earlier)
                    one = _Said(
                        earlier.digits + run.digits, (*earlier.parts, part), (*earlier.groups, *moved)
                    )
            open_one = None
            found.append(one)
            if _opens(texts[run.end :], utterance.language):
                last[utterance.speaker] = (one, index)
    return found


def _asks_other(between: Sequence[Utterance]) -> bool:
    """Whether what is said between two parts of a number speaks of some other number."""
    return any(other_numbers(u.language).search(plain(u.text)) for u in between)


BROKEN = 2
"""So many words that are no digits may break up a card number that was asked for: digits misheard. Our
choice; `bench/carddata.py` has them under "heard badly"."""


def _rejoined(utterances: Sequence[Utterance], said: list[_Said]) -> list[_Said]:
    """The runs, those of a card number that misheard words broke up as one, with these words in it."""
    found: list[_Said] = []
    for one in said:
        before = found[-1] if found else None
        if before is None or before.parts[-1][0] != one.parts[0][0]:
            found.append(one)
            continue
        index, start, end = before.parts[-1]
        _, begins, until = one.parts[0]
        utterance = utterances[index]
        between = [w.text for w in utterance.words[end:begins]]
        digits = before.digits + UNKNOWN * len(between) + one.digits
        text = plain(" ".join(between))
        if (
            len(between) > BROKEN
            or len(digits) > BEYOND
            or any_named(utterance.language).search(text)
            or other_numbers(utterance.language).search(text)
            or _belongs_to(utterances, before) != CARD
        ):
            found.append(one)
            continue
        moved = tuple(len(digits) - len(one.digits) + g for g in one.groups)
        parts = (*before.parts[:-1], (index, start, until), *one.parts[1:])
        found[-1] = _Said(digits, parts, (*before.groups, *moved))
    return found


def _opens(texts: Sequence[str], language: str) -> bool:
    """Whether only a few small words stand before (or after) digits, so that they go on another turn's."""
    plain_words = [
        t for t in texts if (one := token(t, language)) is None or one.kind not in ("filler", "and")
    ]
    return len(plain_words) <= 2


def _soon(one: Utterance, other: Utterance) -> bool:
    written = one.span.duration_s == 0 and other.span.duration_s == 0
    return other.span.start_s - one.span.end_s <= (MESSAGE_S if written else TURN_S)


def _cards(utterances: Sequence[Utterance], said: list[_Said]) -> list[Hit]:
    hits: list[Hit] = []
    for one in said:
        confidence = _card(one, _belongs_to(utterances, one)) if len(one.digits) >= PART else 0.0
        if confidence:
            heard = _heard(utterances, one)
            hits.append(Hit(CARD, one.parts, round(confidence * heard, 3), _repeats(one, hits), one.digits))
    if not hits:
        return []
    taken = {part for hit in hits for part in hit.words}
    return hits + list(_parts_repeated(utterances, hits, [s for s in said if not taken & set(s.parts)]))


def _card(one: _Said, belongs: str) -> float:
    """How surely digits are a card number, given what they were called; 0 for no."""
    digits, n = one.digits, len(one.digits)
    if UNKNOWN not in digits and n >= SHORTEST:
        # Of what was called something else no part is looked at: a long number has many.
        other = belongs == "other"
        begins = one.groups if belongs == CARD or (n > LONGEST and not other) else (0,)
        ends = (n,) if other else (*one.groups, n)
        if any(issued(digits[a:b]) for a in begins for b in ends if SHORTEST <= b - a <= LONGEST):
            return PERHAPS if other else SURE
    if belongs == CARD:
        if SHORTEST <= n <= BEYOND:
            return LIKELY
        return 0.6 if n >= PART and digits[0] != "0" else 0.0
    if belongs == "other" or not SHORTEST <= n <= LONGEST or _periodic(digits):
        return 0.0
    return PERHAPS


def _periodic(digits: str) -> bool:
    """Whether the same shorter number was said twice or more, as people do with telephone numbers."""
    n = len(digits)
    return any(digits[:size] * (n // size) == digits[: size * (n // size)] and n % size < 3
               for size in range(4, n // 2 + 1))  # fmt: skip


def _belongs_to(utterances: Sequence[Utterance], one: _Said) -> str:
    """What the digits were last called before they began: `card_number`, `other`, or nothing."""
    index, start, _ = one.parts[0]
    left = NEAR_WORDS
    for at in range(index, -1, -1):
        utterance = utterances[at]
        words = [w.text for w in utterance.words][: start if at == index else None]
        text = plain(" ".join(words[-left:]))
        language = utterance.language
        card = max((m.end() for m in named(CARD, language).finditer(text)), default=-1)
        other = max((m.end() for m in other_numbers(language).finditer(text)), default=-1)
        if max(card, other) >= 0:
            return CARD if card > other else "other"
        left -= len(words)
        if left <= 0 or not _soon(utterance, utterances[index]):
            break
    return ""


def _heard(utterances: Sequence[Utterance], one: _Said) -> float:
    """The mean probability of the words."""
    heard = [w.probability for u, a, b in one.parts for w in utterances[u].words[a:b]]
    return sum(heard) / len(heard)


def _repeats(one: _Said, hits: Sequence[Hit]) -> bool:
    from rapidfuzz.distance import Levenshtein

    return any(Levenshtein.distance(one.digits, hit.digits) <= MISHEARD for hit in hits)


MISHEARD = 3
"""Two readings of one number differ in so many digits at most: our choice."""


def _parts_repeated(utterances: Sequence[Utterance], cards: list[Hit], said: list[_Said]) -> Iterator[Hit]:
    """Parts of a card number that are said while it is read out or soon after; the last four may stay."""
    for card in cards:
        from_s = utterances[card.words[0][0]].span.start_s
        last = utterances[card.words[-1][0]]
        near = [
            s
            for s in said
            if len(s.digits) >= 3
            and s.digits in card.digits
            and utterances[s.parts[0][0]].span.end_s >= from_s
            and (_soon(last, utterances[s.parts[0][0]]))
        ]
        by: dict[str | None, list[_Said]] = {}
        for one in near:
            by.setdefault(utterances[one.parts[0][0]].speaker, []).append(one)
        for ones in by.values():
            if len(ones) == 1 and card.digits.endswith(ones[0].digits) and len(ones[0].digits) <= 4:
                continue
            for one in ones:
                yield Hit(CARD, one.parts, card.confidence, True, one.digits)


FEWEST = 2
"""Digits of a security code of which one was not heard."""


def _codes(utterances: Sequence[Utterance], said: list[_Said]) -> list[Hit]:
    """Digits that follow the name of a code, by whom they may be said."""
    hits: list[Hit] = []
    for one in said:
        if not FEWEST <= len(one.digits) <= 8:
            continue
        kind, sure = _code_of(utterances, one)
        if kind:
            heard = _heard(utterances, one)
            again = any(hit.kind == kind and hit.digits == one.digits for hit in hits)
            hits.append(Hit(kind, one.parts, round(sure * heard, 3), again, one.digits))
    return hits


def _code_of(utterances: Sequence[Utterance], one: _Said) -> tuple[str, float]:
    """(kind of the code that these digits are, how surely); ("", 0) when they are none."""
    index, start, _ = one.parts[0]
    speaker = utterances[index].speaker
    for at in range(index, -1, -1):
        utterance = utterances[at]
        words = [w.text for w in utterance.words][: start if at == index else None]
        text, language = plain(" ".join(words)), utterance.language
        ends = [
            (m.end(), kind)
            for kind in (CODE, EXPIRY, PIN, ONE_TIME)
            for m in named(kind, language).finditer(text)
        ]
        other = max((m.end() for m in other_numbers(language).finditer(text)), default=-1)
        if ends or other >= 0:
            end, kind = max(ends, default=(-1, ""))
            least, most = DIGITS.get(kind, (99, 0))
            if end < other or not least - 1 <= len(one.digits) <= most:
                return "", 0.0
            if at == index and len(one.digits) >= least:
                # "My PIN is 1234": near after the word, with no other sense between.
                return (kind, 0.9) if len(text[end:].split()) <= 5 else ("", 0.0)
            demanded = kind in asked(utterance.text, language) and utterance.speaker != speaker
            short = len(utterances[index].words) <= SHORT + 2 * len(one.digits)
            # Digits after a mere mention are that code only if they are what the whole turn says.
            alone = len(utterances[index].words) <= 4 + len(one.digits)
            if len(one.digits) < least:
                # "Forty two" for 402, or a digit that was not heard: only as an answer, and not surely.
                return (kind, PERHAPS) if at < index and demanded and alone else ("", 0.0)
            return (kind, 0.9 if demanded else 0.6) if short and (demanded or alone) else ("", 0.0)
        if index - at >= ANSWER_TURNS or not _soon(utterance, utterances[index]):
            break
    return "", 0.0


def _passwords(utterances: Sequence[Utterance]) -> list[Hit]:
    hits: list[Hit] = []
    wanted: tuple[int, str | None] | None = None
    for index, utterance in enumerate(utterances):
        if wanted and wanted[1] != utterance.speaker:
            if index - wanted[0] <= 2 and _soon(utterances[wanted[0]], utterance):
                hits += _answer(index, utterance)
            wanted = None
        if not named(PASSWORD, utterance.language).search(plain(utterance.text)):
            continue
        given = password_in(utterance.text)
        if given and not refused(utterance.text, utterance.language):
            at = next((i for i, w in enumerate(utterance.words) if normal(w.text) == given), None)
            if at is not None:
                end = _spelled_to(utterance, at)
                hits.append(Hit(PASSWORD, ((index, at, end),), 0.8, False, given))
        elif PASSWORD in asked(utterance.text, utterance.language):
            wanted = (index, utterance.speaker)
    return hits


MOST_PASSWORD_WORDS = 8
"""A longer answer to "what is your password" is no password: our choice."""


def _answer(index: int, utterance: Utterance) -> list[Hit]:
    """The password in the answer to a demand: what is left of a short one when small words are taken away."""
    if len(utterance.words) > MOST_PASSWORD_WORDS or says_no(utterance.text):
        return []
    if refused(utterance.text, utterance.language):
        return []
    telling = [i for i, w in enumerate(utterance.words) if normal(w.text) and normal(w.text) not in EMPTY]
    if not telling or utterance.text.rstrip().endswith(("?", "؟")):
        return []
    return [Hit(PASSWORD, ((index, telling[0], telling[-1] + 1),), 0.7, False, "")]


def _spelled_to(utterance: Utterance, at: int) -> int:
    """The index after the last word of a password beginning at `at`: digits and single letters go with it."""
    end = at + 1
    while end < len(utterance.words):
        word = utterance.words[end].text
        if len(normal(word)) != 1 and not starts(token(word, utterance.language)):
            break
        end += 1
    return end
