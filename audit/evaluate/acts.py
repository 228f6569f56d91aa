"""Calls of which every line is tagged with its act (`party|words|act`), and what our phrases make of them."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field

from audit.asking import REACH, around, asking, asks_again, has
from audit.pattern import BadPattern, unfold
from audit.rubric import Rubric
from audit.rules import Texts
from audit.yamlfile import BadFile, Checked, Problem, check, nearest, read_document
from models.language import BREAK, tokens_of
from models.phrases import Phrases

OASIS = Path(__file__).with_name("bt_oasis.yaml")
"""The map of the BT Oasis corpus."""

OWN = "acts.yaml"
"""A map of this name in the folder of the calls is taken instead."""


class Act(Checked):
    """What says one act; the file explains each key."""

    said: Texts = ()
    patterns: Texts = ()
    whole: Texts = ()
    opens: bool = False
    not_alone: Texts = ()
    asks_again: bool = False
    accepted: Texts = ()
    not_amid: Annotated[int, Field(ge=1)] | None = None


class Acts(Checked):
    """How the acts of a set of calls are said in phrases of a rubric."""

    set: str
    party: str
    openers: Texts = ()
    acts: Annotated[dict[str, Act], Field(min_length=1)]


class Line(NamedTuple):
    """A line of a call: where it stands (`CALL:LINE`, counted from 1), who says what, and its acts."""

    where: str
    party: str
    words: tuple[str, ...]
    acts: frozenset[str]
    heard: tuple[float, ...] = ()
    """How surely each word was heard, 0..1; empty where a person wrote them."""


class Said(NamedTuple):
    """That a line is found to be an act: by which phrase, and how alike and how surely heard it is, 0..1."""

    act: str
    phrase: str
    confidence: float


def read_acts(folder: Path, rubric: Rubric) -> Acts:
    """The map for the calls in a folder, checked against the rubric.

    Raises:
        BadFile: with every problem of the map, each at its line.
    """
    own = folder / OWN
    document = read_document(own if own.is_file() else OASIS)
    acts = check(document, Acts)
    for name, act in (acts.acts if acts else {}).items():
        for place, phrase in enumerate(act.said):
            if phrase not in rubric.phrases:
                text = f"no phrase '{phrase}' in {rubric.rubric}{nearest(phrase, list(rubric.phrases))}"
                document.report(("acts", name, "said", place), text)
        for key in ("patterns", "whole", "not_alone", "accepted"):
            for place, pattern in enumerate(getattr(act, key)):
                try:
                    unfold(pattern, rubric.language, rubric.slots)
                except BadPattern as error:
                    document.report(("acts", name, key, place), str(error))
    document.raise_problems()
    if acts is None:
        raise RuntimeError(f"{document.path}: refused without a problem")
    return acts


def read_calls(folder: Path) -> tuple[tuple[Line, ...], ...]:
    """The calls of a folder, a file `NAME.txt` each, by name; empty where no file is of this layout.

    Raises:
        BadFile: a file of the layout has a line without party, words and act, or is not UTF-8.
    """
    problems: list[Problem] = []
    calls: list[tuple[Line, ...]] = []
    for path in sorted(folder.glob("*.txt")):
        try:
            written = path.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(str(path), 1, "", f"cannot be read as UTF-8 text: {error}"))
            continue
        if not any(line.count("|") == 2 for line in written):
            continue
        lines: list[Line] = []
        for number, text in enumerate(written, start=1):
            cells = [cell.strip() for cell in text.split("|")]
            if len(cells) == 3 and all(cells[::2]):
                where = f"{path.stem}:{number}"
                lines.append(Line(where, cells[0], tuple(cells[1].split()), frozenset(cells[2].split("-"))))
            elif text.strip():
                problems.append(
                    Problem(str(path), number, "", f"found '{text[:40]}', expected party|words|act")
                )
        calls.append(tuple(lines))
    if problems:
        raise BadFile(tuple(sorted(problems)))
    return tuple(calls)


class Finder:
    """Finds the acts of a map in the lines of calls."""

    def __init__(self, acts: Acts, rubric: Rubric) -> None:
        self._acts, self._rubric = acts, rubric
        self._openers = {form for word in acts.openers for form in tokens_of(word, rubric.language)}
        self._asking = asking(rubric.language)
        self._taken = self._asking.taken if self._asking else frozenset()
        self._whole = {name: set(self._ways(act.whole)) for name, act in acts.acts.items()}
        self._alone = {name: set(self._ways(act.not_alone)) for name, act in acts.acts.items()}
        self._accepted = {name: self._ways(act.accepted) for name, act in acts.acts.items()}

    def _ways(self, patterns: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        ways = (unfold(pattern, self._rubric.language, self._rubric.slots) for pattern in patterns)
        return tuple(dict.fromkeys(itertools.chain.from_iterable(ways)))

    @cached_property
    def _phrases(self) -> Phrases:
        known = {name: self._rubric.sequences[name] for act in self._acts.acts.values() for name in act.said}
        known |= {_own(name): self._ways(act.patterns) for name, act in self._acts.acts.items()}
        sought = {name: ways for name, ways in known.items() if ways}
        return Phrases(self._rubric.language, sought, questions=self._rubric.questions)

    def find(self, calls: Sequence[Sequence[Line]], tolerant: bool = False) -> dict[str, dict[str, Said]]:
        """For each line of the map's party, by its place, the acts that it is found to be.

        With `tolerant` words may be misheard (see `models.garbled`).
        """
        lines = [line for call in calls for line in call]
        texts = list(itertools.chain.from_iterable((*line.words, BREAK) for line in lines))
        of = list(itertools.chain.from_iterable([i] * (len(line.words) + 1) for i, line in enumerate(lines)))
        begins = list(itertools.accumulate((len(line.words) + 1 for line in lines), initial=0))
        hits: dict[int, dict[str, list[tuple[float, int]]]] = {}
        for match in self._phrases.find(self._phrases.prepare(texts), tolerant):
            if match.negated and match.phrase in self._rubric.questions:
                continue
            number = of[match.start]
            start, end = match.start - begins[number], match.end - begins[number]
            heard = lines[number].heard[start:end] or (1.0,)
            place = (match.likeness * sum(heard) / len(heard), start)
            hits.setdefault(number, {}).setdefault(match.phrase, []).append(place)
        found: dict[str, dict[str, Said]] = {}
        first = 0
        for call in calls:
            for index, line in enumerate(call):
                if line.party == self._acts.party:
                    here = hits.get(first + index, {})
                    told = hits.get(first + index - 1) if index else None
                    found[line.where] = {s.act: s for s in self._acts_of(call, index, here, bool(told))}
            first += len(call)
        return found

    def _acts_of(
        self,
        call: Sequence[Line],
        index: int,
        hits: Mapping[str, Sequence[tuple[float, int]]],
        answered: bool,
    ) -> Iterator[Said]:
        line = call[index]
        forms = tokens_of(" ".join(line.words), self._rubric.language)
        bare = tuple(itertools.dropwhile(self._openers.__contains__, forms))
        for name, act in self._acts.acts.items():
            places = [
                (confidence, phrase)
                for phrase in (*act.said, _own(name))
                for confidence, start in hits.get(phrase, ())
                if not act.opens or self._opens(line, start)
            ]
            if bare in self._whole[name]:
                places.append((sum(line.heard or (1.0,)) / max(1, len(line.heard)), _own(name)))
            asks_back = (
                forms in self._alone[name]
                and self._answered(call, index)
                and not self._accepts(call, index, self._accepted[name])
            ) or (act.asks_again and self._asks_again(call, index))
            if places and not asks_back and not (not answered and _amid(act, call, index)):
                # Of equals the phrase of the rubric is named, not the map's own pattern.
                confidence, phrase = max(places, key=lambda place: (place[0], place[1] in act.said))
                yield Said(name, phrase, round(confidence, 3))

    def _answered(self, call: Sequence[Line], index: int) -> bool:
        """Whether the line is all that its party says before the other one answers."""
        before = index - 1
        # "So", "yeah": who has said no more has said nothing yet.
        while before >= 0 and call[before].party == call[index].party and self._opening(call[before]):
            before -= 1
        near = (*call[max(0, before) : before + 1], *call[index + 1 : index + 2])
        if all(one.party != call[index].party for one in near):
            return True
        after = call[index + 1] if index + 1 < len(call) else None
        words = tokens_of(" ".join(after.words), self._rubric.language) if after else ()
        return after is not None and after.party == call[index].party and self._taken.issuperset(words)

    def _accepts(self, call: Sequence[Line], index: int, accepted: Sequence[tuple[str, ...]]) -> bool:
        """Whether the other party at once says one of these, in its next two lines."""
        after = itertools.takewhile(lambda one: one.party != call[index].party, call[index + 1 : index + 3])
        forms = [tokens_of(" ".join(line.words), self._rubric.language) for line in after]
        return any(has(line, sequence) for line in forms for sequence in accepted)

    def _asks_again(self, call: Sequence[Line], index: int) -> bool:
        """Whether the line is a lone regret that asks to say something again."""
        known = self._asking
        if known is None:
            return False
        first = max(0, index - REACH)
        near = call[first : index + 2]
        forms = [tokens_of(" ".join(line.words), self._rubric.language) for line in near]
        said = around([line.party for line in near], forms, index - first)
        return forms[index - first] in known.alone and asks_again(
            said, self._rubric.language, known.again, known.taken
        )

    def _opens(self, line: Line, start: int) -> bool:
        before = tokens_of(" ".join(line.words[:start]), self._rubric.language)
        return self._openers.issuperset(before)

    def _opening(self, line: Line) -> bool:
        return self._opens(line, len(line.words))


def _amid(act: Act, call: Sequence[Line], index: int) -> bool:
    """Whether the other party is in the middle of telling something."""
    if act.not_amid is None or not index:
        return False
    before = call[index - 1]
    return before.party != call[index].party and len(before.words) >= act.not_amid


def _own(act: str) -> str:
    """The name under which the patterns of an act itself are sought."""
    return f"{act} (pattern)"
