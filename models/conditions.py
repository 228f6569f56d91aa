"""Whether words that ask stand in a condition: "if you have any questions, write to us" asks nothing now.

Rules over the words before a match, in English, Italian and Persian.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

REACH = 4
"""So many words before a match an "if" is looked for: "if at any time you have". Our choice."""


ASKED = 3
"""So many words before an "if" what asks is looked for: "can I check with you if". Our choice."""


class _Words(NamedTuple):
    """The small words of a language that decide; all are normal forms."""

    ifs: frozenset[str]
    asks: frozenset[str]
    """Before an "if" they make a question of it: "may I ask if there is anything else?"."""
    stops: frozenset[str]
    """Another clause begins behind these."""
    inverted: frozenset[str] = frozenset()
    """A question of its own begins with these, whatever stands before."""
    turned: frozenset[str] = frozenset()
    """Before these a "should" is an "if"."""
    whom: frozenset[str] = frozenset()
    """May stand between what asks and its "if": "check with you if", but not "check our site if"."""


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_WORDS = {
    "en": _Words(
        _words("if unless whenever case should"),
        _words("ask asking know see check wonder wondering"),
        _words("and but so because yes no well okay please thank thanks then"),
        _words("do does did is are was were can may could would what"),
        _words("you there any anything anyone"),
        _words("with you first quickly just also"),
    ),
    "it": _Words(
        _words("se qualora caso quando"),
        _words("chiedere chiederle chiedo chiedevo chiedevamo domando capire sapere vedere dirmi dica mi"),
        _words("e ma quindi perché sì no bene grazie allora"),
        whom=_words("a con lei voi te prima solo anche"),
    ),
    "fa": _Words(
        _words("اگر اگه چنانچه درصورتیکه هرگاه"),
        _words("بپرسم بدانم ببینم بگویید بفرمایید"),
        _words("و ولی اما پس بله نه خب ممنون"),
    ),
}


def in_condition(
    forms: Sequence[str], start: int, language: str, parted: Callable[[int], bool] = lambda index: False
) -> bool:
    """Whether what begins at a normal form of one breath, or stands there misheard, is a condition.

    `parted(i)` tells whether a sign stands between the forms i - 1 and i. In languages without rules nothing
    ever is.
    """
    words = _WORDS.get(language)
    if words is None or forms[start] in words.inverted:
        return False
    for at in range(start, max(start - 1 - REACH, -1), -1):
        form = forms[at]
        if form in words.ifs and _opens(forms, at, words, parted):
            return True
        if parted(at) or (at < start and form in words.stops):
            return False
    return False


def _opens(forms: Sequence[str], at: int, words: _Words, parted: Callable[[int], bool]) -> bool:
    """Whether a word for "if" opens a condition."""
    before = forms[at - 1] if at and not parted(at) else ""
    if forms[at] == "should":
        return at + 1 < len(forms) and forms[at + 1] in words.turned and (not before or before in words.stops)
    if forms[at] in ("case", "caso"):
        return before in ("in", "nel")
    asking = at - 1
    while asking > max(0, at - ASKED) and forms[asking] in words.whom and not parted(asking):
        asking -= 1
    return before not in words.asks and not (
        before in words.whom and not parted(asking + 1) and forms[asking] in words.asks
    )
