"""One good rubric, and what a small mistake in it is told: its exact line, what is wrong, never a traceback."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from audit.cli import cli
from audit.rubricfile import load_rubric
from audit.yamlfile import BadFile

GOOD = """\
rubric: harbour
version: 1
title: Harbour Inn
language: en
applies_to: [call]
slots:
  brand: [Harbour Inn, The Harbour]
values:
  welcome: A caller is a guest.
phrases:
  greeting:
  - good (morning|evening)
  - thank you for calling {brand}
  own-name: my name is {name}
  hold: please hold
  blame: you should have (told|asked)
distances: {too_close: 0.5 m}
phases:
  start:
    first: 30 s
  later:
    after: start
  end:
    last: 40 s
    in: later
sections:
- id: opening
  title: Opening
  weight: 40
  standards:
  - id: greets
    title: Greets and says the name
    value: welcome
    weight: 3
    during:
      first: 20 s
    say:
    - greeting
    - own-name
    examples:
      met:
      - Good evening, my name is Tom.
      missed:
      - Yes?
- id: talk
  title: Conversation
  weight: 60
  standards:
  - id: no-blame
    title: Blames nobody
    critical: section
    avoid: blame
  - id: no-dead-air
    title: Leaves no long silence
    keep:
      measure: longest_silence
      at_most: 15 s
      zero_at: 30 s
    examples:
      met: [4 s]
      missed: [20 s]
  - id: after-hold
    title: Greets again after a hold
    when:
      said: hold
      by: agent
    during:
      after: hold
      within: 20 s
    say: greeting
  - id: no-long-pause
    title: Keeps talking
    avoid:
      event: silence
      longer_than: 5 s
  - id: right
    title: Is right
    ask: Was the answer right?
  - id: steps
    title: Keeps the order
    needs:
      heard: 70 %
    order:
    - any: [greeting, hold]
    - step: own-name
      within: 60 s
    - optional: hold
    - step: blame
      by: customer
  - id: often
    title: Says it twice
    when:
      all:
      - said: greeting
        at_least: 1 time
      - not:
          event: silence
    any:
    - say:
        phrase: greeting
        between: [2 times, 4 times]
    - not:
        during: later
        avoid:
          said: blame
          more_than: 3 per min
          zero_at: 6 per min
"""

# The place where ¶ stands is the line of the problem; it is no part of the file.
EDITS = [
    # what a name leads to
    ("    - greeting\n", "    - ¶greting\n", "greets: undefined phrase 'greting'; did you mean 'greeting'?"),
    ("    - own-name\n", "    - own-name\n    - ¶silence\n", "undefined phrase 'silence'; it is an event"),
    ("    avoid: blame\n", "    avoid: ¶blaim\n", "no-blame: undefined phrase 'blaim'; did you mean 'blame'?"),
    ("said: hold\n", "said: ¶holt\n", "after-hold: undefined phrase 'holt'"),
    ("after: hold\n", "after: ¶on_holt\n", "unknown phrase, event or phase 'on_holt'; did you mean 'on_hold'?"),
    ("event: silence\n", "event: ¶silense\n", "unknown event 'silense'; did you mean 'silence'?"),
    ("measure: longest_silence\n", "measure: ¶longest_pause\n", "unknown measure 'longest_pause'"),
    ("value: welcome\n", "value: ¶welcom\n", "undefined value 'welcom'; did you mean 'welcome'?"),
    ("    - own-name\n", "    - ¶Own-Name\n", "undefined phrase 'Own-Name'"),
    ("    - own-name\n", "    - own-name\n    - ¶greeting\n", "say: 'greeting' stands twice; keep one"),
    # lists that nobody looks at
    ("    avoid: blame\n", "    avoid: blame\n    ¶all: []\n", "all: empty, beside avoid; take one of them out"),
    ("    avoid: blame\n", "    avoid: blame\n    ¶any: []\n", "any: empty, beside avoid; take one of them out"),
    ("      said: hold\n", "      said: hold\n      ¶all: []\n", "all: empty, beside said; take one of them out"),
    ("        between: [2", "        ¶any: []\n        between: [2", "any: empty, beside phrase; take one of them out"),
    # counts
    ("between: [2 times", "between: [¶1.5 times", "'1.5 times': how often is a whole number, or so many per min"),
    ("at_least: 1 time\n", "at_least: ¶0 times\n", "at_least: '0 times' is always so; take more"),
    # patterns
    ("  own-name: my name is {name}\n", "  own-name: ¶(my name is)? {name}\n", "{name} alone is nearly any word"),
    # keys
    ("    avoid: blame\n", "    ¶avoids: blame\n    avoid: blame\n", "unknown key 'avoids'; did you mean 'avoid'?"),
    ("title: Harbour Inn\n", "title: Harbour Inn\n¶stile: x\n", "unknown key 'stile'; did you mean 'title'?"),
    ("  weight: 60\n", "  ¶wieght: 60\n", "talk: unknown key 'wieght'; did you mean 'weight'?"),
    ("      at_most: 15 s\n", "      ¶at_mots: 15 s\n      at_most: 15 s\n", "unknown key 'at_mots'; did you mean 'at_most'?"),
    ("    title: Blames nobody\n", "    title: Blames nobody\n    ¶title: Nobody\n", "'title' stands twice; keep one"),
    ("phrases:\n", "phrases: {}\n¶phrases:\n", "'phrases' stands twice"),
    ("  - id: right\n    title: Is right\n", "  - ¶id: right\n", "'title' is missing"),
    ("      measure: longest_silence\n", "", "'measure' is missing", "    keep:"),
    ("title: Harbour Inn\n", "", "'title' is missing", "rubric: harbour"),
    ("phrases:\n", "phrases:\n  ? [a, b]\n  ¶: x\n", "a key is one word, not a list", "  ? [a, b]"),
    # ids
    ("id: no-dead-air\n", "¶id: no-blame\n", "duplicate id 'no-blame', first on line 49"),
    ("- id: talk\n", "- ¶id: opening\n", "duplicate id 'opening', first on line 27"),
    ("id: right\n", "¶id: Right Answer\n", "found 'Right Answer'; expected small letters, digits and hyphens"),
    ("id: right\n", "¶id: 7\n", "id: expected text, found 7: put it in quotes"),
    # numbers and their units
    ("at_most: 15 s\n", "¶at_most: 15 wpm\n", "wrong unit: '15 wpm' is a rate of words, but longest_silence is a time"),
    ("zero_at: 30 s\n", "¶zero_at: 30 m\n", "wrong unit: '30 m' is a distance"),
    ("zero_at: 30 s\n", "¶zero_at: 10 s\n", "zero_at: 10 s lies inside the band that earns full credit"),
    ("at_most: 15 s\n", "¶at_most: fifteen\n", "'fifteen' is not a number with a unit"),
    ("at_most: 15 s\n", "¶at_most: -3 s\n", "'-3 s' is not a number with a unit"),
    ("at_most: 15 s\n", "¶at_most: .nan\n", "'.nan' is not a number with a unit"),
    ("at_most: 15 s\n", "¶at_most: 99999999999999999999 s\n", "is not a number with a unit"),
    ("      at_most: 15 s\n", "      between:\n      - 20 s\n      - 10 s\n", "between: 20 is above 10", "      between:"),
    ("longer_than: 5 s\n", "¶longer_than: 5 %\n", "wrong unit: '5 %' is a share, but longer_than is a time"),
    ("longer_than: 5 s\n", "¶longer_than: 1 s\n", "a silence lasts at least 3 s"),
    ("too_close: 0.5 m", "¶too_close: 0.5 s", "expected a distance such as 0.76 m"),
    ("    weight: 3\n", "    ¶weight: -1\n", "weight: input should be greater than 0, found -1"),
    ("    weight: 3\n", "    ¶weight: 0\n", "weight: input should be greater than 0, found 0"),
    ("    weight: 3\n", "    ¶weight: three\n", "weight: found 'three', expected a number"),
    ("    weight: 3\n", "    ¶weight: .nan\n", "weight: "),
    ("    weight: 3\n", "    ¶weight: .inf\n", "weight: "),
    ("    weight: 3\n", "    ¶weight: nan\n", "weight: "),
    ("    weight: 3\n", "    ¶weight: 1e999\n", "weight: "),
    ("    weight: 3\n", "    ¶weight: true\n", "weight: found true, expected a number"),
    ("version: 1\n", "¶version: 99999999999999999999999999\n", "version: "),
    ("version: 1\n", '¶version: "1.5"\n', "version: "),
    ("version: 1\n", "¶version: 2026-11-22\n", "version: "),
    ("title: Harbour Inn\n", "¶title: 12\n", "title: expected text, found 12: put it in quotes"),
    ("title: Is right\n", "¶title: [Is, right]\n", "title: expected text, found ['Is', 'right']"),
    ("    weight: 3\n", "    ¶bonus: -5\n", "bonus: input should be greater than 0, found -5"),
    ("    critical: section\n", "    ¶critical: section\n    bonus: 5\n", "what may be left out is not critical"),
    ("    critical: section\n", "    ¶treatment: forbid\n", "treatment: found 'forbid', expected 'coaching'"),
    # overlays
    ("language: en\n", "language: en\n¶overlays: law/ue\n", "unknown overlay 'law/ue'; did you mean 'law/eu'?"),
    ("language: en\n", "language: en\noverlays:\n- law/eu\n- ¶sector/banc\n", "did you mean 'sector/bank'?"),
    ("language: en\n", "language: en\n¶numbers: {long: much}\n", "'much' is not a number with a unit"),
    ("language: en\n", "language: en\n¶confirm: machine\n", "confirm: found 'machine', expected 'person'"),
    ("language: en\n", "language: en\n¶applied: [x]\n", "it is never written by hand"),
    # windows
    ("      first: 20 s\n", "      ¶first: 0 s\n", "first: '0 s' is no time at all"),
    ("      first: 20 s\n", "      ¶first: 20 %\n", "first: '20 %' is a share; expected a time or turns"),
    ("      first: 20 s\n", "      ¶first: 1.5 turns\n", "turns are whole, and at least one"),
    ("      first: 20 s\n", "      first: 20 s\n      last: 20 s\n", "takes exactly one of first", "    during:"),
    ("      within: 20 s\n", "      ¶within: 0 s\n", "within: '0 s' is no time at all"),
    ("      within: 20 s\n", "      ¶within: 20 cm\n", "wrong unit: '20 cm' is a distance, but within is a time"),
    ("      first: 20 s\n", "      within: 20 s\n", "takes exactly one of first", "    during:"),
    # phases
    ("    after: start\n", "    after: end\n", "later: circular: later → end → later", "  later:", "end: circular: end → later → end"),
    ("    first: 30 s\n", "    while: start\n", "start: circular: start → start", "  start:"),
    ("    after: start\n", "    between:\n    - start\n    - ¶later\n", "later: circular: later → later", "  later:"),
    ("    after: start\n", "    after: ¶strat\n", "unknown phrase, event or phase 'strat'; did you mean 'start'?"),
    ("    in: later\n", "    in: ¶latter\n", "unknown phase or event 'latter'; did you mean 'later'?"),
    ("  end:\n", "  ¶hold:\n", "'hold' is the name of a phrase; name the phase otherwise"),
    ("  end:\n", "  ¶silence:\n", "'silence' is the name of an event; name the phase otherwise"),
    ("  end:\n", "  ¶End:\n", "'End': names are small letters, digits and hyphens"),
    ("    last: 40 s\n", "    ¶last: 40 dB\n", "last: '40 dB' is a ratio of levels; expected a time or turns"),
    ("    last: 40 s\n", "    ¶lats: 40 s\n    last: 40 s\n", "unknown key 'lats'; did you mean 'last'?"),
    ("    last: 40 s\n", "    last: 40 s\n    by: agent\n", "by goes with turns", "  end:"),
    ("  start:\n    first: 30 s\n", "  ¶start: 30 s\n", "unknown phrase, event or phase '30 s'"),
    ("  start:\n    first: 30 s\n", "  ¶start: [a]\n", "start: expected keys and values, found ['a']"),
    # order
    ("    - any: [greeting, hold]\n", "    - any: [¶greting, hold]\n", "steps: unknown phrase or event 'greting'; did you mean 'greeting'?"),
    ("    - any: [greeting, hold]\n", "    - step: hold\n      ¶any: greeting\n", "a step is a phrase or event", "    - step: hold"),
    ("    - step: own-name\n", "    - ¶step: own-nam\n", "unknown phrase or event 'own-nam'; did you mean 'own-name'?"),
    ("      within: 60 s\n", "      ¶within: 60 cm\n", "wrong unit: '60 cm' is a distance, but within is a time"),
    ("      within: 60 s\n", "      ¶whitin: 60 s\n", "unknown key 'whitin'; did you mean 'within'?"),
    ("    - any: [greeting, hold]\n", "    - any: [greeting, hold]\n      ¶within: 3 s\n", "within: the first step has none before it", "    - any: [greeting, hold]"),
    ("      by: customer\n", "      ¶by: guest\n", "by: found 'guest', expected 'agent', 'customer'"),
    ("    - step: blame\n", "    - step: ¶silence\n", "nobody in particular makes a silence: leave out 'by'"),
    ("    - any: [greeting, hold]\n    - step: own-name\n      within: 60 s\n", "", "order: takes at least two steps that are not optional", "    order:"),
    ("    - optional: hold\n", "    - ¶7\n", "order: expected keys and values, found 7"),
    ("    order:\n", "    ¶order: greeting\n    how:\n", "order: expected a list, found 'greeting'", None, "how: expected text"),
    # needs
    ("      heard: 70 %\n", "      ¶heard: 70 s\n", "heard: '70 s'; expected a share as 60 %"),
    ("      heard: 70 %\n", "      ¶heard: 170 %\n", "heard: '170 %'; expected a share as 60 %"),
    ("      heard: 70 %\n", "      ¶hard: 70 %\n", "unknown key 'hard'; did you mean 'heard'?"),
    ("    needs:\n      heard: 70 %\n", "    ¶needs: much\n", "needs: expected keys and values, found 'much'"),
    # counts
    ("        between: [2 times, 4 times]\n", "        between: [¶2 s, 4 times]\n", "wrong unit: '2 s' is a time; expected a count as 2 times, or 3 per min"),
    ("        between: [2 times, 4 times]\n", "        ¶between: [4 times, 2 times]\n", "between: 4 is above 2"),
    ("        between: [2 times, 4 times]\n", "        ¶between: 2 times\n", "between: expected a list, found '2 times'"),
    ("        between: [2 times, 4 times]\n", "        ¶at_leats: 2 times\n", "unknown key 'at_leats'; did you mean 'at_least'?"),
    ("        phrase: greeting\n", "        ¶all: [greeting, hold]\n", "counts go with one phrase or any of several", "    - say:"),
    ("          zero_at: 6 per min\n", "          zero_at: 6 times\n", "counts and counts per minute do not mix", "        avoid:"),
    ("          zero_at: 6 per min\n", "          zero_at: 2 per min\n", "zero_at goes with more_than, and is the larger", "        avoid:"),
    ("          more_than: 3 per min\n", "", "zero_at goes with more_than", "        avoid:"),
    ("        at_least: 1 time\n", "        ¶at_least: 1 m\n", "wrong unit: '1 m' is a distance; expected a count"),
    # combinations
    ("        during: later\n", "        during: ¶latr\n", "unknown phrase, event or phase 'latr'; did you mean 'later'?"),
    ("          said: blame\n", "          said: ¶blam\n", "often: undefined phrase 'blam'; did you mean 'blame'?"),
    ("          event: silence\n", "          event: ¶silenc\n", "often: unknown event 'silenc'; did you mean 'silence'?"),
    ("    when:\n      all:\n", "    ¶when:\n      by: agent\n      all:\n", "write them inside"),
    ("    any:\n    - say:\n", "    keep: {measure: handle_time, at_most: 9 s}\n    any:\n    - say:\n", "found keep and any", "  - id: often"),
    # what must be a list, a text, a mapping, one of some words
    ("applies_to: [call]\n", "¶applies_to: [fax]\n", "found 'fax', expected 'call'"),
    ("applies_to: [call]\n", "¶applies_to: []\n", "applies_to: empty; expected at least one"),
    ("applies_to: [call]\n", "¶applies_to: call\n", "applies_to: expected a list, found 'call'"),
    ("language: en\n", "¶language: english\n", "unknown language 'english'"),
    ("by: agent\n", "¶by: boss\n", "by: found 'boss', expected 'agent'"),
    ("critical: section\n", "¶critical: all\n", "critical: found 'all', expected 'section' or 'form'"),
    ("    ask: Was the answer right?\n", "    ¶ask: {question: x}\n", "ask: expected text"),
    ("    ask: Was the answer right?\n", "", "'right' needs exactly one of", "  - id: right"),
    ("    avoid: blame\n", "    avoid: blame\n    say: greeting\n", "found say and avoid", "  - id: no-blame"),
    ("      met: [4 s]\n", "      met:\n      - ¶4 wpm\n", "met: '4 wpm' is a rate of words"),
    ("      met: [4 s]\n", "      met: [4 s]\n      ¶mett: [4 s]\n", "unknown key 'mett'; did you mean 'met'?"),
    ("      - Yes?\n", "      - ¶5\n", "expected text, found 5"),
    ("      - Yes?\n", "      - Yes?\n      - ¶'[agent smilles]'\n", "no event of the picture 'smilles'; did you mean 'smile'?"),
    ("    examples:\n      met:\n      - Good evening, my name is Tom.\n      missed:\n      - Yes?\n", "    ¶examples: none\n", "examples: expected keys and values, found 'none'"),
    # slots and patterns
    ("  brand: [Harbour Inn, The Harbour]\n", "  ¶brand: []\n", "'brand': empty; a slot stands for at least one word"),
    ("  brand: [Harbour Inn, The Harbour]\n", "  ¶Brand: [Harbour]\n", "'Brand': names are small letters", None, "undefined slot 'brand'"),
    ("calling {brand}\n", "calling ¶{brnd}\n", "undefined slot 'brnd'"),
    ("good (morning|evening)\n", "¶good (morning|evening\n", "cannot be read at letter 15"),
    ("good (morning|evening)\n", "¶good morning? to you\n", "only a group is made optional"),
    ("good (morning|evening)\n", "¶(a|b) (a|b) (a|b) (a|b) (a|b) (a|b) (a|b) (a|b) (a|b) (a|b)\n", "unfolds into 1024 phrases"),
    ("  hold: please hold\n", "  ¶hold: '*'\n", "stands for no words"),
    ("  hold: please hold\n", "  ¶hold: []\n", "no patterns; expected at least one"),
    ("  hold: please hold\n", "  hold: please hold\n  ¶silence: hush\n", "'silence' is the name of an event"),
]  # fmt: skip


def made(old: str, new: str, at: str | None = None) -> tuple[str, int]:
    """The broken text, and the line where its problem stands."""
    assert GOOD.count(old) == 1 or "¶" in new, old
    text = GOOD.replace(old, new, 1)
    if at is not None:
        return text.replace("¶", ""), text.splitlines().index(at.replace("¶", "")) + 1
    return text.replace("¶", ""), text.count("\n", 0, text.index("¶")) + 1


def problems(path: Path) -> list[tuple[int, str]]:
    """(line, text) of every problem of a file."""
    with pytest.raises(BadFile) as caught:
        load_rubric(path)
    assert all(problem.path == str(path) for problem in caught.value.problems)
    return [(p.line, f"{p.where}: {p.text}" if p.where else p.text) for p in caught.value.problems]


def shown_by_check(path: Path, line: int) -> None:
    """`comport rubric check` names file and line, ends with status 1 and shows no traceback."""
    ran = CliRunner().invoke(cli, ["rubric", "check", str(path)], env={"COLUMNS": "400"})
    assert ran.exit_code == 1
    assert isinstance(ran.exception, SystemExit)
    assert f"{path.name}:{line}:" in ran.output.replace("\n", "")


def test_the_rubric_before_its_mistakes_is_good(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD, "utf-8")
    assert len(load_rubric(path).standards) == 8


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: f"{edit[1].strip()[:40]} {edit[2][:20]}")
def test_a_mistake_is_told_at_its_line_and_nothing_else_is(tmp_path: Path, edit) -> None:  # type: ignore[no-untyped-def]
    old, new, says, at, *also = (*edit, None)[: max(4, len(edit))]
    text, line = made(old, new, at)
    path = tmp_path / "bad.yaml"
    path.write_text(text, "utf-8")
    found = problems(path)
    wanted = [says, *filter(None, also)]
    assert len(found) == len(wanted), found
    assert found[0][0] == line, found
    for (_, told), part in zip(found, wanted, strict=True):
        assert part in told
    shown_by_check(path, line)


LAUGHS = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))

FILES = [
    ("empty", b"", 1, "an empty file"),
    ("only a remark", b"# nothing yet\n", 1, "an empty file"),
    ("a list at the top", b"- rubric: x\n", 1, "expected a mapping"),
    ("a text at the top", b"rubric\n", 1, "expected a mapping"),
    ("two documents", b"rubric: x\n---\nrubric: y\n", 2, "expected a single document"),
    ("a tab", b"rubric: x\nsections:\n\t- id: a\n", 3, "indent with spaces, not with tabs"),
    ("a quotation mark left open", b"rubric: x\ntitle: 'Inn\nversion: 1\nlanguage: en\n", 2, "opened here and never closed"),
    ("wrong indentation", b"rubric: x\n  title: Inn\n", 2, "not YAML: a ':' where none may stand: the line is indented otherwise"),
    ("a list among keys", b"rubric: x\n- title: Inn\n", 2, "not YAML"),
    ("a bracket left open", b"rubric: x\nvalues: {a: b\ntitle: y\n", 3, "while parsing a flow mapping, which begins on line 2"),
    ("a colon in a text", b"rubric: x\ntitle: Inn: the best\n", 2, "mapping values are not allowed"),
    ("a text that begins with @", b"rubric: x\ntitle: @home\n", 2, "cannot start any token"),
    ("an anchor", b"rubric: x\nslots: &s {brand: y}\nvalues: *s\n", 2, "anchors (&) and aliases (*) are not allowed"),
    ("a billion laughs", ("a0: &a0 [ha]\n" + LAUGHS).encode(), 1, "anchors (&) and aliases (*) are not allowed"),
    ("ten megabytes", b"rubric: x\n" + b"# remark\n" * 1_200_000, 1, "10,800,010 bytes; at most 1,000,000 letters"),
    ("two megabytes", b"rubric: x\n" + b"# remark\n" * 230_000, 1, "2,070,010 letters long; at most 1,000,000"),
    ("deep nesting", b"rubric: x\nvalues: " + b"[" * 5000, 2, "nested more than 24 levels deep"),
    ("deep mappings", b"rubric: x\nvalues: " + b"{a: " * 100 + b"1" + b"}" * 100, 2, "nested more than 24 levels deep"),
    ("a NUL", b"rubric: x\nversion: 1\ntitle: I\0nn\n", 3, "the sign U+0000, which no text has"),
    ("a control sign", b"rubric: x\ntitle: I\x07nn\n", 2, "the sign U+0007"),
    ("UTF-16", "rubric: x\ntitle: Inn\n".encode("utf-16"), 1, "not UTF-8"),
    ("UTF-16 without its mark", "rubric: x\ntitle: Inn\n".encode("utf-16-le"), 1, "not as UTF-16"),
    ("Latin-1", "rubric: x\nversion: 1\ntitle: Così\n".encode("latin-1"), 3, "not UTF-8 (byte 31): save the file as UTF-8"),
    ("half of a letter pair", b'rubric: x\ntitle: "\\ud800"\n', 2, "invalid Unicode character escape code"),
    ("an unknown escape", b'rubric: x\ntitle: "\\q"\n', 2, "unknown escape character"),
    ("a Python object", b"rubric: x\nversion: !!python/object/apply:os.system [ls]\n", 2, "version: "),
]  # fmt: skip


@pytest.mark.parametrize(("what", "raw", "line", "says"), FILES, ids=[what for what, *_ in FILES])
def test_a_file_that_is_no_rubric_is_told_at_its_line(tmp_path: Path, what, raw, line, says) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "bad.yaml"
    path.write_bytes(raw)
    assert [text for number, text in problems(path) if number == line and says in text], problems(path)
    shown_by_check(path, line)


def test_a_hundred_and_fifty_mistakes_are_tried() -> None:
    assert len(EDITS) + len(FILES) >= 150


def test_mistakes_of_every_sort_in_one_standard_are_all_told_at_once(tmp_path: Path) -> None:
    text = GOOD
    for old, new, *_ in (
        ("    - greeting\n", "    - greting\n", ""),
        ("    value: welcome\n", "    value: welcom\n", ""),
        ("    weight: 3\n", "    weight: heavy\n    colour: red\n", ""),
        ("      first: 20 s\n", "      first: 20 %\n      last: 3\n", ""),
        ("      at_most: 15 s\n", "      at_most: 15 wpm\n      at_least: 1 s\n", ""),
        ("    after: start\n", "    aftr: start\n    before: strat\n", ""),
        ("    title: Is right\n", "", ""),
        ("    - step: own-name\n", "    - step: own-nam\n      hm: 1\n", ""),
        ("          event: silence\n", "          event: silenc\n          who: me\n", ""),
        ("          said: blame\n", "          said: blam\n          often: 1\n", ""),
    ):
        text = text.replace(old, new)
    path = tmp_path / "bad.yaml"
    path.write_text(text, "utf-8")
    lines = text.splitlines()
    told = [(lines[line - 1].strip(), text) for line, text in problems(path)]
    assert [where for where, _ in told] == [
        "aftr: start",
        "before: strat",
        "value: welcom",
        "weight: heavy",
        "colour: red",
        "during:",
        "first: 20 %",
        "last: 3",
        "- greting",
        "keep:",
        "at_most: 15 wpm",
        "- id: right",
        "- step: own-nam",
        "hm: 1",
        "event: silenc",
        "who: me",
        "said: blam",
        "often: 1",
    ], told


def test_a_mapping_where_a_list_of_rules_is_wanted_is_told_and_nothing_falls_over(tmp_path: Path) -> None:
    for wrong in ("{say: greeting}", "[greeting, 7]", "greeting"):
        path = tmp_path / "bad.yaml"
        path.write_text(GOOD.replace("    avoid: blame\n", f"    all: {wrong}\n    stray: 1\n"), "utf-8")
        assert any("all: expected" in text for _, text in problems(path)), problems(path)
