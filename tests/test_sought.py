"""Strings that are looked for all at once."""

import hashlib
import random
import re

import pytest

from audit.sought import Sought

FEW = 16
"""So many strings, and more than that."""


def ids(n):
    return [hashlib.sha256(str(i).encode()).hexdigest() for i in range(n)]


@pytest.mark.parametrize("many", [0, 1, FEW, FEW + 1, 3000])
def test_as_many_are_found_as_one_by_one(many):
    dice = random.Random(many)
    wanted = [*ids(many), "anna", "Laura Brown", "+39 02 55"]
    pieces = [*wanted, "lau", "x", " ", "\n", "ANNA", "Laura\u00e8", *(one[:40] for one in wanted)]
    for length in (0, 1, 7, 8, 9, 400):
        text = "".join(dice.choices(pieces, k=length))
        count = sum(len(re.findall(re.escape(one), text, re.IGNORECASE)) for one in wanted)
        assert Sought(wanted).count(text.encode()) == count
        stand = {one for one in wanted if one.lower() in text.lower()}
        assert Sought(wanted).standing(["", text, None]) == ({1: stand} if stand else {})


@pytest.mark.parametrize("more", [(), tuple(ids(FEW))])
def test_each_text_has_its_own(more):
    sought = Sought(["Laura", "laura", "peter@example.org", *more])
    assert sought.standing(["no", "Hi LAURA", None, "peter@example.org, laura", "pet", "er@example.org"]) == {
        1: {"Laura", "laura"},
        3: {"Laura", "laura", "peter@example.org"},
    }


@pytest.mark.parametrize("more", [(), tuple(ids(FEW))])
def test_what_json_escapes_is_found(more):
    sought = Sought(["Zo\u00eb \u201cZ\u201d", 'a "b" c d e', *more])
    assert sought.count(b'{"name": "zo\\u00eb \\u201cz\\u201d", "said": "a \\"b\\" c d e"}') == 2


def test_what_ended_before_is_not_counted_again():
    sought = Sought(["laura", *ids(FEW)])
    assert [sought.count(b"laura, laura", after) for after in (0, 4, 5, 11, 12)] == [2, 2, 1, 1, 0]
