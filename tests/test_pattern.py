import pytest

from audit.pattern import BadPattern, unfold


@pytest.mark.parametrize(
    ("pattern", "sequences"),
    [
        ("good (morning|evening)", {"good morning", "good evening"}),
        (
            "how (can|may) I help (you)?",
            {"how can i help", "how can i help you", "how may i help", "how may i help you"},
        ),
        ("what can I do for you?", {"what can i do for you"}),
        ("thank you for calling {brand}", {"thank you for calling northwind"}),
        ("a (b (c)?)? d", {"a d", "a b d", "a b c d"}),
        ('say "(hello)"', {"say hello"}),
        ("my name is *", {"my name is *"}),
        ("order {number}", {"order {number}"}),
        ("I'm sorry", {"i am sorry"}),
        ("hello | good day", {"hello", "good day"}),
        ("I ~promise (you)?", {"i ~promise", "i ~promise you"}),
        ("I (will|~promise)?", {"i", "i will", "i ~promise"}),
        ('say "~promise"', {"say promise"}),
    ],
)
def test_a_pattern_unfolds(pattern, sequences):
    assert {" ".join(s) for s in unfold(pattern, "en", {"brand": ("Northwind",)})} == sequences


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("how (can", "cannot be read"),
        ("can) I", "cannot be read at letter 4"),
        ("call {brnd}", "undefined slot 'brnd'; defined are brand, date, money, name, number, time, words"),
        ("*", "stands for no words"),
        ("", "cannot be read"),
        ("very? sorry", "'very?': only a group is made optional by '?': write (very)? or leave it out"),
        ("(a)?" * 10, "unfolds into 1024 phrases; at most 512"),
        ('"open', "cannot be read"),
        ("~can't", "'~can't': ~ stands before one word, found 2"),
        ("a ~ b", "cannot be read at letter 3"),
    ],
)
def test_a_bad_pattern_says_what_is_wrong(pattern, problem):
    with pytest.raises(BadPattern) as caught:
        unfold(pattern, "en", {"brand": ("Northwind",)})
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "sequences"),
    [
        ("می خواهم", {"میخواهم"}),
        ("(می) (خوام|تونم)", {"میخواهم", "میتوانم"}),
        ("~خواستن * کمک", {"~خواستن * کمک"}),
        ("کتاب‌های شما", {"کتابهای شما"}),
        ("کتاب (ها)?", {"کتاب", "کتابها"}),
    ],
)
def test_a_persian_pattern_unfolds_into_normal_forms(pattern, sequences):
    assert {" ".join(s) for s in unfold(pattern, "fa", {})} == sequences
