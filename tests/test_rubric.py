import textwrap

import pytest

from audit.rubricfile import load_rubric
from audit.yamlfile import BadFile
from tests import build


def problems(tmp_path, text: str) -> list[str]:
    """`line: rest` of every problem, the path cut off."""
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadFile) as caught:
        load_rubric(path)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}:") for line in lines)
    return [line.removeprefix(f"{path}:") for line in lines]


def standard_problems(tmp_path, standards: str) -> list[str]:
    """Problems of the house rubric with these standards; lines are counted from the first of them."""
    first = build.RUBRIC.count("\n")
    found = problems(tmp_path, build.rubric_text(standards))
    return [f"{int(line.split(':')[0]) - first}:{line.split(':', 1)[1]}" for line in found]


@pytest.mark.parametrize(
    ("standards", "expected"),
    [
        ("- {id: a, title: A, say: greting}", ["1: a: undefined phrase 'greting'; did you mean 'greeting'?"]),
        ("- {id: a, title: A, avoid: arms_crossed}", ["1: a: undefined phrase 'arms_crossed'; it is an event: write avoid: {event: arms_crossed}"]),
        ("- {id: a, title: A, say: [greeting, smile]}", ["1: a: undefined phrase 'smile'; it is an event: write do: smile"]),
        ("- {id: a, title: A, ask: x, when: {said: nod}}", ["1: a: undefined phrase 'nod'; it is an event: write when: {event: nod}"]),
        ("- {id: a, title: A, sai: greeting}", ["1: a: unknown key 'sai'; did you mean 'say'?"]),
        ("- {id: a, title: A, say: greeting, ask: Why?}", ["1: a: 'a' needs exactly one of say, do, avoid, keep, order, all, any, not and ask, or say with do; found say and ask"]),
        ("- {id: a, title: A, do: smle}", ["1: a: unknown event 'smle'; did you mean 'smile'?"]),
        ("- {id: a, title: A, do: nod, avoid: blame}", ["1: a: 'a' needs exactly one of say, do, avoid, keep, order, all, any, not and ask, or say with do; found do and avoid"]),
        ("- {id: a, title: A, ask: x}\n- {id: a, title: B, ask: y}", ["2: a: duplicate id 'a', first on line"]),
        ("- {id: a, title: A, keep: {measure: longest_silence, at_most: 15 m}}", ["1: a: wrong unit: '15 m' is a distance, but longest_silence is a time"]),
        ("- {id: a, title: A, keep: {measure: longest_silence, at_most: 15 %}}", ["1: a: wrong unit: '15 %' is a share, but longest_silence is a time"]),
        ("- {id: a, title: A, keep: {measure: longest_silense, at_most: 15 s}}", ["1: a: unknown measure 'longest_silense'; did you mean 'longest_silence'?"]),
        ("- {id: a, title: A, keep: {measure: talk_share, between: [60 %, 40 %]}}", ["1: a: keep: between: 60 is above 40"]),
        ("- {id: a, title: A, keep: {measure: talk_share, at_most: 60 %, zero_at: 50 %}}", ["1: a: keep: zero_at: 50 % lies inside the band"]),
        ("- {id: a, title: A, keep: {measure: talk_share}}", ["1: a: keep: takes exactly one of at_most"]),
        ("- {id: a, title: A, avoid: {event: silense}}", ["1: a: unknown event 'silense'; did you mean 'silence'?"]),
        ("- {id: a, title: A, say: greeting, during: {first: 90 %}}", ["1: a: first: '90 %' is a share; expected a time or turns"]),
        ("- {id: a, title: A, say: greeting, during: {after: holt}}", ["1: a: unknown phrase or event 'holt'; did you mean 'hold'?"]),
        ("- {id: a, title: A, say: greeting, during: {first: 9 s, last: 9 s}}", ["1: a: during: takes exactly one of first"]),
        ("- {id: a, title: A, say: greeting, when: {said: cancle}}", ["1: a: undefined phrase 'cancle'; did you mean 'cancel'?"]),
        ("- {id: a, title: A, say: greeting, by: manager}", ["1: a: by: found 'manager', expected 'agent', 'customer'"]),
        ("- {id: a, title: A, say: greeting, value: respct}", ["1: a: undefined value 'respct'; did you mean 'respect'?"]),
        ("- {id: A B, title: A, say: greeting}", ["1: A B: id: found 'A B'; expected small letters"]),
        ("- {id: a, title: A, say: greeting, weight: -1}", ["1: a: weight: input should be greater than 0"]),
        ("- {id: a, title: 5, say: greeting}", ["1: a: title: expected text, found 5"]),
        ("- {id: a, say: greeting}", ["1: a: 'title' is missing"]),
        ("- {id: a, title: A, say: greeting, weight: true}", ["1: a: weight: found true, expected a number"]),
        ("- {id: a, title: A, say: greeting, during: {first: 0 turns}}", ["1: a: during: first: '0 turns': turns are whole"]),
        ("- {id: a, title: A, say: greeting, during: {first: 1.5 turns}}", ["1: a: during: first: '1.5 turns': turns are whole"]),
        ("- {id: a, title: A, say: greeting, during: {first: 99999999 s}}", ["1: a: first: '99999999 s' is not a number"]),
        ("- {id: a, title: A, by: agent, avoid: {event: silence, longer_than: 9 s}}", ["1: a: nobody in particular makes a silence"]),
        ("- {id: a, title: A, when: {event: silence, by: agent}, ask: x}", ["1: a: nobody in particular makes a silence"]),
        ("- {id: a, title: A, avoid: {event: silence, longer_than: 1 s}}", ["1: a: longer_than: a silence lasts at least 3 s"]),
        ("- id: a\n  title: A\n  title: B\n  say: greeting", ["3: 'title' stands twice"]),
        ("- {id: a, title: A, keep: {measure: handle_time, at_most: 5 min}, examples: {met: [3 wpm]}}", ["1: a: met: '3 wpm' is a rate"]),
        ("- {id: a, title: A, keep: {measure: loudness, at_least: -30 dB}}", ["1: a: wrong unit: '-30 dB' is a ratio of levels, but loudness is a loudness"]),
        ("- {id: a, title: A, keep: {measure: pitch_range, at_least: 3 Hz}}", ["1: a: wrong unit: '3 Hz' is a pitch, but pitch_range is an interval"]),
        ("- {id: a, title: A, keep: {measure: syllables_per_minute, at_most: 90 wpm}}", ["1: a: wrong unit: '90 wpm' is a rate of words, but syllables_per_minute is a rate of syllables"]),
        ("- {id: a, title: A, keep: {measure: time_to_identification, at_most: 9 s}}", ["1: a: 'time_to_identification' needs a phrase named 'identity-check'"]),
        ("- {id: a, title: A, when: {event: on_hold, by: agent}, ask: x}", ["1: a: nobody in particular makes a on_hold"]),
        ("- {id: a, title: A, say: greeting, examples: {met: ['[customer entres]']}}", ["1: a: met: '[customer entres]': no event of the picture 'entres'; did you mean 'enters'?"]),
        ("- {id: a, title: A, avoid: {event: dead_air, longer_than: 9 s}}", ["1: a: longer_than: a dead_air lasts at least 15 s"]),
    ],
)  # fmt: skip
def test_each_mistake_is_reported_at_its_line(tmp_path, standards, expected):
    found = standard_problems(tmp_path, standards)
    assert len(found) == len(expected), found
    for line, start in zip(found, expected, strict=True):
        assert line.startswith(start), found


def test_all_problems_are_reported_at_once(tmp_path):
    found = standard_problems(
        tmp_path,
        """
        - {id: a, title: A, durng: {first: 5 s}, say: greting}
        - {id: a, title: A, keep: {measure: longest_silence, at_most: 15 wpm}}
        - {id: c, title: C, avoid: nothing}
        """,
    )
    assert [line.split(":")[0] for line in found] == ["1", "1", "2", "2", "3"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1: an empty file"),
        ("- a\n- b\n", "1: expected a mapping with the keys rubric"),
        ("rubric: [\n", "2: not YAML"),
        ("a: &x 1\nb: *x\n", "1: anchors (&) and aliases (*) are not allowed"),
        ("a: " + "[" * 60, "1: nested more than 24 levels"),
        ("a: |\n" + " x\n" * 400_000, "1: 1,200,005 letters long"),
        ("rubric: a\x00b\n", "1: not YAML"),
    ],
)
def test_files_that_are_no_rubric_give_a_line(tmp_path, text, expected):
    assert problems(tmp_path, text)[0].startswith(expected)


def test_a_file_that_is_not_utf8_says_so(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes("title: così\n".encode("latin-1"))
    with pytest.raises(BadFile, match="not UTF-8"):
        load_rubric(path)


def test_a_missing_and_an_unreadable_rubric_say_so(tmp_path):
    with pytest.raises(BadFile, match="cannot be read: No such file"):
        load_rubric(tmp_path / "none.yaml")
    with pytest.raises(BadFile, match="cannot be read: Is a directory"):
        load_rubric(tmp_path)


def test_unknown_language_undefined_slot_and_empty_phrase_are_reported(tmp_path):
    text = build.rubric_text("- {id: a, title: A, ask: x}")
    assert "unknown language 'xx1'" in problems(tmp_path, text.replace("language: en", "language: xx1"))[0]
    assert (
        "undefined slot 'brand'"
        in problems(tmp_path, text.replace("slots: {brand: Northwind}", "slots: {}"))[0]
    )
    found = problems(tmp_path, text.replace('hold: ["please hold (the line)?"]', "hold: []"))
    assert found[0].endswith("hold: no patterns; expected at least one")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("language: en", "language: punctuation", "unknown language 'punctuation'"),
        (
            "slots: {brand: Northwind}",
            'slots: {brand: ""}',
            "'brand': empty; a slot stands for at least one word",
        ),
        ("version: 1", "version: 99999999999999999999", "version: "),
        ("version: 1", f"version: {'9' * 5000}", "version: "),
        (
            "please hold (the line)?",
            "(" * 1500 + "a" + ")" * 1500,
            "too long; at most 500 letters and 40 groups",
        ),
        ("please hold (the line)?", "(" * 39 + "a" + ")" * 39, ""),
    ],
)
def test_values_that_would_break_something_later_are_refused_now(tmp_path, old, new, says):
    text = build.rubric_text("- {id: a, title: A, ask: x}").replace(old, new)
    if says:
        assert says in problems(tmp_path, text)[0]
    else:
        path = tmp_path / "deep.yaml"
        path.write_text(text)
        assert load_rubric(path).sequences["hold"] == (("a",),)


def test_a_measure_that_needs_a_phrase_asks_for_it(tmp_path):
    standards = "- {id: a, title: A, keep: {measure: time_to_greeting, at_most: 5 s}}"
    text = build.rubric_text(standards).replace("  greeting:", "  welcome:")
    assert "'time_to_greeting' needs a phrase named 'greeting'" in problems(tmp_path, text)[0]


def test_words_that_yaml_takes_for_other_things_stay_words(tmp_path):
    text = build.rubric_text("- {id: a, title: No, say: hold}").replace(
        '["please hold (the line)?"]', "[no, yes, on]"
    )
    path = tmp_path / "words.yaml"
    path.write_text(text)
    rubric = load_rubric(path)
    assert rubric.sequences["hold"] == (("no",), ("yes",), ("on",))
    assert rubric.standards[0].title == "No"


def test_the_digest_names_what_a_rubric_says_and_not_how_it_is_written(tmp_path):
    one = build.rubric(tmp_path, "- {id: a, title: A, say: greeting}")
    same = build.rubric(tmp_path, "# a remark\n- id: a\n  title: A\n  say: [greeting]")
    other = build.rubric(tmp_path, "- {id: a, title: A, say: greeting, weight: 2}")
    assert one.digest == same.digest != other.digest


@pytest.mark.parametrize(
    ("standard", "needs"),
    [
        ("{id: a, title: A, ask: x}", set()),
        ("{id: a, title: A, keep: {measure: longest_silence, at_most: 9 s}}", {"activity"}),
        ("{id: a, title: A, say: greeting}", {"activity", "utterances", "levels"}),
        (
            "{id: a, title: A, keep: {measure: handle_time, at_most: 9 s}, when: {said: cancel}}",
            {"activity", "utterances", "levels"},
        ),
        ("{id: a, title: A, keep: {measure: loudness, at_least: -30 LUFS}}", {"activity", "levels"}),
    ],
)
def test_a_rubric_needs_only_what_its_standards_look_at(tmp_path, standard, needs):
    assert build.rubric(tmp_path, f"- {standard}").needs == needs


def test_keep_gives_graded_credit_between_target_and_limit(tmp_path):
    rubric = build.rubric(
        tmp_path,
        textwrap.dedent(
            """
            - {id: a, title: A, keep: {measure: longest_silence, at_most: 15 s, zero_at: 30 s}}
            - {id: b, title: B, keep: {measure: talk_share, at_least: 40 %, zero_at: 20 %}}
            - {id: c, title: C, keep: {measure: talk_share, between: [40 %, 60 %]}}
            """
        ),
    )
    a, b, c = (s.keep for s in rubric.standards)
    assert [a.credit(x) for x in (0, 15, 22.5, 30, 99)] == [1, 1, 0.5, 0, 0]
    assert [b.credit(x) for x in (40, 30, 20, 5)] == [1, 0.5, 0, 0]
    assert [c.credit(x) for x in (39.9, 40, 60, 60.1)] == [0, 1, 1, 0]
