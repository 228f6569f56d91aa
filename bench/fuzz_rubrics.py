"""Broken rubrics by the thousand: nothing but a clear refusal may come of them.

    bench/fuzz_rubrics.py [--inputs 100000] [--seed 0] [--json]

Each input is a piece of a pack (or of an overlay or lexicon), with standards, phases and numbers of
random words of the language (order, all, any, not, counts, windows, conditions, needs), that was left as
it is or hurt: bytes flipped, words and lines swapped, keys renamed, values exchanged, subtrees replaced
by random ones, or a wholly random tree of the keys that rubrics have. It is read as `comport rubric
check` reads a file. A rubric that is taken is also unfolded, hashed, written down and read back, put into
words, its examples are run, and a short call and a short chat are judged by it: each verdict has to fit
its credit. Counted are inputs taken, refused (`BadFile`, `ComportError`), and everything else that was
raised: `others`, each kind of which is shown once with its input.
"""

import argparse
import json
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from audit.interactions import Channel
from audit.judge import Verdict, judge
from audit.lexicons import lexicon_names
from audit.overlay import FOLDER, overlay_names
from audit.pipeline import PACKS
from audit.rubric import Rubric
from audit.rubricfile import load_rubric
from audit.score import add_up
from audit.signals import event_kinds, kinds, measure_kinds
from audit.workbench import enact, run_examples
from audit.workbench.diff import compare
from audit.yamlfile import read_document
from models.errors import ComportError

ODD = [
    None,
    "",
    " ",
    0,
    -1,
    3,
    1e308,
    float("nan"),
    True,
    False,
    [],
    {},
    [[]],
    "{",
    "(",
    "(a",
    "a|",
    "*",
    "* *",
    "{name}",
    "{x}",
    '"',
    "15 s",
    "15",
    "-1 s",
    "1e9 s",
    "0 s",
    "90 %",
    "2 turns",
    "agent",
    "\u200c",
    "سلام",
    "\u0660\u0661",
    "a" * 600,
    "(a|b)" * 12,
    10**30,
    "call",
    "en",
    "fa",
    "2026-11-22",
    "12:30",
    "~",
    "[2 s]",
    "[agent nod]",
    "agent: hello",
    "greeting",
    "law/eu",
    "../x",
    "x/y",
    ["a", 1],
    {"a": 1},
    {"all": ["greeting"]},
    {"any": []},
    {"event": "silence"},
    {"measure": "distance"},
]
"""Values that have broken readers of other formats."""

UNHURT = 0.25
"""Share of inputs that are left as they were made: most of them are taken, so that judging is tried too."""

TALK = """customer: Good morning, this is the second time that I call about the invoice.
[cuts in]
agent: Good morning, thank you for calling Northwind, my name is Sara, how may I help you?
[4 s]
customer: I want to complain, it was broken.
agent: I am so sorry. Could you please hold the line while I look?
[agent nod 1 s]
[20 s]
agent: Thank you for holding. Is there anything else I can do for you? Goodbye.
"""
"""What every rubric that is taken is tried on."""

OWN_OVERLAY = 0.15
"""Share of inputs in which the overlay or lexicon that a rubric names is hurt, and not the rubric."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    dice = random.Random(arguments.seed)
    seeds = [load_yaml(path) for path in sorted(PACKS.glob("*.yaml"))]
    seeds = [seed for seed in seeds if isinstance(seed, dict) and "sections" in seed]
    laid = [load_yaml(FOLDER / f"{name}.yaml") for name in overlay_names()]
    lexicons = [load_yaml(PACKS / f"{name}.yaml") for name in lexicon_names()]
    words = known_words([*seeds, *laid, *lexicons])
    results: Counter[str] = Counter()
    others: dict[str, bytes] = {}
    started_s = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rubric.yaml"
        for _ in range(arguments.inputs):
            if dice.random() < OWN_OVERLAY:
                key, whole = dice.choice([("overlays", dice.choice(laid)), ("use", few(dice, lexicons))])
                raw = hurt(dice, json.loads(json.dumps(whole)), words)
                (path.parent / "own.yaml").write_bytes(raw)
                path.write_text(_written(small(dice, dice.choice(seeds)) | {key: ["own.yaml"]}))
            else:
                made = small(dice, dice.choice(seeds))
                whole = dice.random() < UNHURT
                raw = _written(made).encode() if whole else hurt(dice, made, words)
                path.write_bytes(raw)
            results[tried(path, others, raw)] += 1
    took_s = time.perf_counter() - started_s
    for name, raw in others.items():
        print(f"{name}\n{raw.decode('utf-8', 'replace')}\n{'-' * 60}", file=sys.stderr)
    figures = {
        "inputs": arguments.inputs,
        "taken": results["taken"],
        "refused": results["refused"],
        "others": results["other"],
        "inputs_per_s": round(arguments.inputs / took_s, 1),
    }
    print(json.dumps(figures) if arguments.json else figures)


def tried(path: Path, others: dict[str, bytes], raw: bytes) -> str:
    """What came of one input: `taken`, `refused` or `other`; `others` keeps the first of each kind."""
    try:
        rubric = load_rubric(path)
        sequences, needs = rubric.sequences, rubric.needs
        again = Rubric.model_validate_json(rubric.model_dump_json())
        assert (again.digest, again.sequences, again.needs) == (rubric.digest, sequences, needs)
        assert compare(rubric, again) == ()
        _judged(rubric)
    except ComportError as error:
        assert str(error).strip() and error.line
        return "refused"
    except Exception as error:  # noqa: BLE001  (what is looked for)
        last = traceback.extract_tb(error.__traceback__)[-1]
        others.setdefault(f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}: {error}", raw)
        return "other"
    return "taken"


def _judged(rubric: Rubric) -> None:
    """Runs the examples, and judges a call and a chat: a verdict has a credit where it was assessed, 1 where
    it was met, and what is scored lies between 0 and 100."""
    run_examples(rubric)
    for channel in (Channel.CALL, Channel.CHAT):
        heard = rubric.model_copy(update={"applies_to": (channel,)})
        findings = judge(heard, enact(TALK, heard))
        for finding in findings:
            assert (finding.credit is not None) == finding.verdict.assessed, finding
            assert (finding.credit == 1) == (finding.verdict == Verdict.MET), finding
            assert finding.credit is None or 0 <= finding.credit <= 1, finding
            assert 0 <= finding.confidence <= 1 and (finding.reason or finding.verdict.assessed), finding
        score = add_up(heard, findings).score
        assert score is None or 0 <= score <= 100


def load_yaml(path: Path) -> Any:
    # As Comport reads it: "no" is a word, and no truth value.
    return read_document(path).value


def known_words(seeds: list[Any]) -> list[str]:
    """Keys and names that rubrics use."""
    found: set[str] = set(kinds())
    todo: list[Any] = list(seeds)
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            found |= set(value)
            todo += value.values()
        elif isinstance(value, list):
            todo += value
    return sorted(found)


def small(dice: random.Random, seed: dict[str, Any]) -> dict[str, Any]:
    """A rubric of one or two standards of a pack, with the phrases that they name and a few others; mostly
    with standards of random rules, too."""
    section = dice.choice(seed["sections"])
    kept = dice.sample(section["standards"], min(len(section["standards"]), dice.randint(1, 2)))
    named = repr([{k: v for k, v in s.items() if k not in ("title", "why", "how")} for s in kept])
    # Two patterns of each: what takes time is to unfold hundreds, and one breaks as another does.
    phrases = {
        name: dice.sample(value, min(len(value), 2)) if isinstance(value, list) else value
        for name, value in seed.get("phrases", {}).items()
        if f"'{name}'" in named or dice.random() < 0.05
    }
    if dice.random() < 0.6:
        phrases |= {"hello": "good morning", "sorry": ["(so)? sorry"], "hold-on": "hold the line"}
    made = seed | {"phrases": phrases, "sections": [section | {"standards": kept}]}
    # The packs' lists of phrases name some that are left out here.
    for key in {"questions", "regrets"} & made.keys():
        made[key] = [name for name in made[key] if name in phrases]
    if "hello" in phrases:
        saying = Saying(dice)
        made["phases"] = {name: saying.during() for name in dice.sample(PHASES, dice.randint(0, 2))}
        made["numbers"] = {"long": "20 s", "often": "2 times"}
        kept = [*kept, *(saying.standard(n) for n in range(dice.randint(1, 2)))]
        made["sections"] = [section | {"standards": kept}]
    if dice.random() < 0.3:
        made["overlays"] = dice.sample(overlay_names(), dice.randint(1, 3))
    copied: dict[str, Any] = json.loads(json.dumps(made))
    return copied


def few(dice: random.Random, lexicons: list[dict[str, Any]]) -> dict[str, Any]:
    """Some lists of one of the lexicons."""
    lexicon = dice.choice(lexicons)
    lists = lexicon["lists"]
    return {**lexicon, "lists": {name: lists[name] for name in dice.sample(sorted(lists), 3)}}


PHRASES, PHASES = ("hello", "sorry", "hold-on"), ("at-first", "later", "meanwhile")


AMOUNTS = {
    "s": "9 s", "%": "50 %", "wpm": "120 wpm", "spm": "200 spm", "dB": "12 dB", "LUFS": "-23 LUFS",
    "Hz": "150 Hz", "semitones": "4 semitones", "times": "2 times", "m": "90 cm", "dE": "12 dE",
    "people": "3 people", "per min": "2 per min", "clock": "9:00",
}  # fmt: skip
"""An amount for each base unit."""


class Saying:
    """Random sentences of the rule language over a few phrases, nearly all of them right."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice

    def _one(self, *choices: Any) -> Any:
        return self._dice.choice(choices)

    def _perhaps(self, share: float, key: str, value: Any) -> dict[str, Any]:
        return {key: value} if self._dice.random() < share else {}

    def _event(self) -> str:
        return str(self._dice.choice(sorted(event_kinds())))

    def _name(self) -> str:
        return str(self._one(*PHRASES, *PHRASES, *PHASES, self._event()))

    def _measured(self, key: str) -> dict[str, Any]:
        kind = measure_kinds()[self._dice.choice(sorted(measure_kinds()))]
        return {"measure": kind.name, key: AMOUNTS[kind.unit]}

    def _by(self, share: float = 0.3) -> dict[str, Any]:
        return self._perhaps(share, "by", self._one("agent", "customer", "anyone", "bot"))

    def _times(self) -> str:
        return str(self._one("1 time", "2 times", 3, "often", "2 per min", "0 times"))

    def _band(self) -> dict[str, Any]:
        one, other = self._times(), self._times()
        return dict(
            [self._one(("at_least", one), ("at_most", one), ("between", [one, other]))]
            + ([("zero_at", other)] if self._dice.random() < 0.3 else [])
        )

    def during(self) -> Any:
        name, other = self._name(), self._name()
        window = self._one(
            {"first": self._one("20 s", "2 turns", "long", "3 min")},
            {"last": self._one("20 s", "1 turn")},
            {"before": name} | self._perhaps(0.5, "within", self._one("10 s", "long")) | self._by(),
            {"after": name} | self._perhaps(0.5, "within", self._one("10 s", "long")) | self._by(),
            {"between": [name, other]} | self._by(),
            {"while": name},
        )
        return self._one(name, window, window, window | self._perhaps(0.3, "in", other))

    def when(self, depth: int = 0) -> dict[str, Any]:
        several = [self.when(depth + 1) for _ in range(2)] if depth < 2 else []
        more = self._by() | self._perhaps(0.2, "during", self.during())
        count = self._perhaps(0.3, "at_least", self._times()) | self._perhaps(0.2, "at_most", self._times())
        single = self._one({"said": self._one(*PHRASES)}, {"event": self._event()})
        measured = {
            "measure": self._dice.choice(sorted(measure_kinds())),
            "at_least": self._one("5 s", 1, "9 %", "9:00"),
        }
        choices = [single | more | count, single | more, measured]
        return dict(
            self._one(
                *choices, *([{"all": several}, {"any": several}, {"not": several[0]}] if several else [])
            )
        )

    def _steps(self) -> list[Any]:
        steps: list[Any] = [self._one(*PHRASES), {"any": [self._event(), self._one(*PHRASES)]}]
        for _ in range(self._dice.randint(0, 3)):
            name = self._one(*PHRASES, self._event())
            steps.append(
                self._one(
                    name, {"optional": name}, {"step": name, "within": self._one("9 s", "long")} | self._by()
                )
            )
        return steps

    def rule(self, depth: int = 0) -> dict[str, Any]:
        names = self._dice.sample(PHRASES, 2)
        several = [self.rule(depth + 1) for _ in range(self._dice.randint(1, 3))] if depth < 3 else []
        event = {"event": self._event()}
        limited = {"said": names, "more_than": "1 time", "zero_at": "4 times"}
        verbs: list[dict[str, Any]] = [
            {"say": self._one(names[0], names, {"any": names}, {"phrase": names[0]} | self._band())},
            {"say": {"any": names} | self._band()},
            {"do": self._one(self._event(), {"any": [self._event(), self._event()]}, event | self._band())},
            {"avoid": self._one(names, event | self._perhaps(0.5, "longer_than", "9 s"), limited)},
            {"keep": self._measured(self._one("at_most", "at_least"))},
            {"order": self._steps()},
        ]
        combined = [{"all": several}, {"any": several}, {"not": several[0]}] if several else []
        where = self._perhaps(0.3, "during", self.during())
        return dict(self._one(*verbs, *combined)) | self._by() | where

    def standard(self, number: int) -> dict[str, Any]:
        needs = {self._one("seen", "heard", "sure"): self._one("0 %", "60 %", "100 %")}
        return (
            {"id": f"own-{number}", "title": "Own"}
            | self.rule()
            | self._perhaps(0.3, "when", self.when())
            | self._perhaps(0.2, "needs", needs)
            | self._one(
                {}, {"critical": self._one("form", "section")}, {"bonus": 5}, {"treatment": "coaching"}
            )
        )


def hurt(dice: random.Random, rubric: dict[str, Any], words: list[str]) -> bytes:
    """The rubric with one to four injuries, as the bytes of a file."""
    how: Callable[..., bytes] = dice.choice([_in_bytes, _in_lines, _in_words, _in_tree, _in_tree, _anew])
    return how(dice, rubric, words)


def _written(value: Any) -> str:
    return str(yaml.dump(value, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False))


def _in_bytes(dice: random.Random, rubric: dict[str, Any], words: list[str]) -> bytes:
    raw = bytearray(_written(rubric).encode())
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(raw))
        if dice.random() < 0.5:
            raw[at] = dice.randrange(256)
        elif dice.random() < 0.5:
            raw[at:at] = dice.choice(
                [b"\t", b"\0", b"&a ", b"*a", b"'", b'"', b"[", b"}", b": ", b"- ", b"!!int "]
            )
        else:
            del raw[at : at + dice.randint(1, 40)]
    return bytes(raw)


def _in_lines(dice: random.Random, rubric: dict[str, Any], words: list[str]) -> bytes:
    lines = _written(rubric).splitlines()
    for _ in range(dice.randint(1, 4)):
        a, b = dice.randrange(len(lines)), dice.randrange(len(lines))
        if dice.random() < 0.5:
            lines[a], lines[b] = lines[b], lines[a]
        else:
            lines[a] = " " * dice.randint(0, 6) + lines[b].strip()
    return "\n".join(lines).encode()


def _in_words(dice: random.Random, rubric: dict[str, Any], words: list[str]) -> bytes:
    parts = _written(rubric).split(" ")
    for _ in range(dice.randint(1, 4)):
        parts[dice.randrange(len(parts))] = dice.choice([*words, *map(str, ODD)])
    return " ".join(parts).encode("utf-8", "replace")


def _in_tree(dice: random.Random, rubric: dict[str, Any], words: list[str]) -> bytes:
    for _ in range(dice.randint(1, 4)):
        around, step = _somewhere(dice, rubric)
        match dice.randrange(4):
            case 0:
                around[step] = _tree(dice, words, 0)
            case 1:
                other, there = _somewhere(dice, rubric)
                around[step] = json.loads(json.dumps(other[there]))
            case 2 if isinstance(around, dict):
                around[dice.choice(words)] = around.pop(step)
            case _:
                del around[step]
        if not rubric:
            break
    return _written(rubric).encode("utf-8", "surrogatepass")


def _somewhere(dice: random.Random, value: Any) -> tuple[Any, Any]:
    """A container in a tree and the key or number of one of its values."""
    while True:
        step = dice.choice(list(value)) if isinstance(value, dict) else dice.randrange(len(value))
        inner = value[step]
        if not isinstance(inner, dict | list) or not inner or dice.random() < 0.2:
            return value, step
        value = inner


def _anew(dice: random.Random, rubric: dict[str, Any], words: list[str]) -> bytes:
    """Random trees under the keys of a rubric."""
    tree = {key: value if dice.random() < 0.6 else _tree(dice, words, 0) for key, value in rubric.items()}
    tree["sections"] = [
        {
            "id": "a",
            "title": "A",
            "standards": [
                {"id": f"s{n}", "title": "S"}
                | {dice.choice(words): _tree(dice, words, 1) for _ in range(dice.randint(1, 4))}
                for n in range(dice.randint(1, 3))
            ],
        }
    ]
    return _written(tree).encode("utf-8", "surrogatepass")


def _tree(dice: random.Random, words: list[str], depth: int) -> Any:
    kind = dice.random()
    if depth > 3 or kind < 0.5:
        return dice.choice(ODD) if dice.random() < 0.6 else dice.choice(words)
    if kind < 0.7:
        return [_tree(dice, words, depth + 1) for _ in range(dice.randint(0, 3))]
    return {dice.choice(words): _tree(dice, words, depth + 1) for _ in range(dice.randint(0, 3))}


if __name__ == "__main__":
    main()
