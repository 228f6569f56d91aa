"""What changed from one rubric to another, in words."""

from pathlib import Path

import pytest

from audit.rubric import Rubric
from audit.rubricfile import load_rubric
from audit.workbench.diff import compare
from tests import build

BASE = """
- {id: greets, title: Greets, weight: 2, during: {first: 20 s}, say: [greeting, own-name], why: First seconds count.}
- {id: no-dead-air, title: Leaves no silence, keep: {measure: longest_silence, at_most: 15 s, zero_at: 30 s}}
- {id: no-blame, title: Blames nobody, critical: section, when: {said: cancel, by: customer}, avoid: blame}
- {id: answer, title: Gives the right answer, ask: Was it right?}
"""


def rubric(tmp_path: Path, old: str = "", new: str = "") -> Rubric:
    text = build.rubric_text(BASE)
    assert old in text
    (tmp_path / "r.yaml").write_text(text.replace(old, new, 1) if old else text, "utf-8")
    return load_rubric(tmp_path / "r.yaml")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("at_most: 15 s", "at_most: 20 s", "'no-dead-air' now allows 20 s instead of 15 s"),
        ("zero_at: 30 s", "zero_at: 40 s", "'no-dead-air' now gives no credit at 40 s instead of 30 s"),
        ("first: 20 s", "first: 2 turns", "'greets' now looks in the first 2 turns instead of in the first 20 s"),
        ("[greeting, own-name]", "[greeting, offer-help]", "'greets' say: now has “offer-help” and no longer has “own-name”"),
        ("say: [greeting, own-name]", "say: {any: [greeting, own-name]}",
         "'greets' now asks: says 'greeting' or 'own-name', in the first 20 s; before: says 'greeting' and 'own-name', in the first 20 s"),
        ("avoid: blame", "avoid: {event: silence, longer_than: 10 s}",
         "'no-blame' now asks: no silence longer than 10 s; before: never says 'blame'"),
        ("weight: 2", "weight: 3", "'greets' weighs 3 instead of 2"),
        ("weight: 2, ", "", "'greets' weighs 1 instead of 2"),
        ("critical: section", "critical: form", "'no-blame' is critical for the form"),
        ("critical: section, ", "", "'no-blame' is no longer critical for the section"),
        ("when: {said: cancel, by: customer}, ", "", "'no-blame' applies always instead of if the customer says 'cancel'"),
        ("First seconds count.", "They do.", "'greets' has another why: “They do.” instead of “First seconds count.”"),
        ("why: First seconds count.", "examples: {met: [Yes]}",
         "'greets' has another why: nothing instead of “First seconds count.”"),
        ("title: Blames nobody", "title: Blames no one", "'no-blame' has another title: “Blames no one” instead of “Blames nobody”"),
        ('["that is your fault"]', '["that is your fault", "you should have"]', "phrase 'blame' now has “you should have”"),
        ('  cancel: ["cancel my contract"]', '  cancel: ["end my contract"]',
         "phrase 'cancel' now has “end my contract” and no longer has “cancel my contract”"),
        ("phrases:\n", "phrases:\n  bye: [goodbye]\n", "phrase 'bye' was added: “goodbye”"),
        ('  own-name: ["my name is {name}"]', '  own-name: [I am called, "my name is {name}"]', "phrase 'own-name' now has “I am called”"),
        ("title: House standards", "title: Our standards", "title is “Our standards” instead of “House standards”"),
        ("version: 1", "version: 2", "version is 2 instead of 1"),
        ("title: Everything", "title: All", "section 'all' is titled “All” instead of “Everything”"),
        ("id: answer", "id: right-answer", "'answer' is now called 'right-answer': its history stays behind"),
    ],
)  # fmt: skip
def test_a_change_is_told_in_a_sentence(tmp_path, old, new, says):
    changes = compare(rubric(tmp_path), rubric(tmp_path, old, new))
    assert says in [change.text for change in changes]
    assert len(changes) == 1 + ("examples" in new), changes


def test_standards_that_come_and_go_are_told(tmp_path):
    gone = "  - {id: answer, title: Gives the right answer, ask: Was it right?}\n"
    came = "  - {id: nods, title: Nods, do: nod}\n"
    (change, other) = compare(rubric(tmp_path), rubric(tmp_path, gone, came))
    assert change.text == "'answer' was removed: Gives the right answer"
    assert other.text == "'nods' was added: Nods (does 'nod')"
    assert (other.of, other.name) == ("standard", "nods")


def test_the_same_rubric_has_no_changes(tmp_path):
    assert compare(rubric(tmp_path), rubric(tmp_path, "weight: 2,", "weight:   2.0,")) == ()
