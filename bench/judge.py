"""How many stored calls and messages a second are judged again, on one core.

    bench/judge.py [--calls 200] [--minutes 5] [--chats 500] [--rubric voice-en] [--chat-rubric chat-en]
                   [--standards 40] [--compiled 200] [--vocabulary 6000] [--json]

Generates calls as a weak recogniser would hear them, with word times, and chats as people write them:
formulas of the rubric's own examples between filler whose words are as frequent as in the language; stores
their observations in a real SQLite store, and runs what `comport rescore` runs. Nothing of it was seen
by the judge before. The rubric for calls is filled up with generated standards to `--standards`; another
with `--compiled` standards is only read and made ready.

Figures are of CPU seconds of this process (`wall_s` tells how long the clock ran meanwhile): what a core does
when nobody else uses it. `--digest` adds the SHA-256 of all scorecards, to compare two versions.
"""

import argparse
import hashlib
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from audit.interactions import Channel, Interaction, Role
from audit.pipeline import PACKS, find_rubric, rescore
from audit.rubric import Rubric
from audit.rubricfile import load_rubric
from audit.store import Store, open_store
from audit.yamlfile import read_document
from models.observations import (
    Activity,
    Observed,
    Provenance,
    Recording,
    Span,
    Utterance,
    Word,
    gather,
    span,
    to_json,
    union,
)
from models.transcripts import observed_transcript, spread


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--chats", type=int, default=500)
    parser.add_argument("--rubric", default="voice-en")
    parser.add_argument("--chat-rubric", default="chat-en")
    parser.add_argument("--standards", type=int, default=40)
    parser.add_argument("--compiled", type=int, default=200)
    parser.add_argument("--vocabulary", type=int, default=6000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--digest", action="store_true")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    start_s = time.process_time()
    chat_rubric = find_rubric(arguments.chat_rubric)
    _ = chat_rubric.finder
    start_s = time.process_time() - start_s
    filler = Filler(arguments.vocabulary)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compiled, compile_s = compile_rubric(arguments.rubric, arguments.compiled, folder)
        rubric, _ = compile_rubric(arguments.rubric, arguments.standards, folder)
        calls = Judged(folder / "calls", rubric)
        with calls.store.writing():
            words = sum(
                keep_call(calls.store, random.Random(number), arguments.minutes * 60, calls.lines, filler)
                for number in range(arguments.calls)
            )
        chats = Judged(folder / "chats", chat_rubric)
        with chats.store.writing():
            messages = sum(
                keep_chat(chats.store, random.Random(number), chats.lines, filler)
                for number in range(arguments.chats)
            )
        calls.rescore()
        chats.rescore()
    figures: dict[str, float | str] = {
        "calls_per_s": round(calls.number / calls.cpu_s, 1),
        "messages_per_s": round(messages / chats.cpu_s),
        "compile_s": round(compile_s, 3),
        "start_s": round(start_s, 3),
        "calls": calls.number,
        "wall_s": round(calls.wall_s + chats.wall_s, 3),
        "standards": len(rubric.standards),
        "phrases": len(rubric.phrases),
        "sequences": sum(map(len, rubric.sequences.values())),
        "words_per_call": round(words / calls.number),
        "different_words": len(filler.said),
        "chats": chats.number,
        "messages": messages,
        "chat_standards": len(chat_rubric.standards),
        "compiled_standards": len(compiled.standards),
        "compiled_phrases": len(compiled.phrases),
        "compiled_sequences": sum(map(len, compiled.sequences.values())),
    }
    if arguments.digest:
        figures["digest"] = hashlib.sha256(calls.cards + chats.cards).hexdigest()
    print(json.dumps(figures) if arguments.json else figures)


class Judged:
    """A store, a rubric to judge what is in it, and what that took."""

    def __init__(self, home: Path, rubric: Rubric) -> None:
        self.store, self.rubric = open_store(home), rubric
        examples = (e for s in rubric.standards if not s.keep for e in (*s.examples.met, *s.examples.missed))
        # What an example says in brackets is seen, not said.
        self.lines = [line for e in examples for line in _lines(e)]
        self.number, self.cpu_s, self.wall_s, self.cards = 0, 0.0, 0.0, b""

    def rescore(self) -> None:
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        done = list(rescore(self.store, self.rubric))
        self.cpu_s, self.wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
        self.number = len(done)
        self.cards = b"".join(to_json(one.card) for one in done)


def _lines(example: str) -> Iterator[str]:
    for line in example.splitlines():
        said = line.partition(": ")[2] or line
        if said.strip() and "[" not in said:
            yield said.strip()


class Filler:
    """Words as frequent as in English, the commonest `size` of them; `said` are those that were drawn."""

    def __init__(self, size: int) -> None:
        from wordfreq import top_n_list, word_frequency

        self._words = [word for word in top_n_list("en", size) if word.isalpha()]
        self._weights = [word_frequency(word, "en") for word in self._words]
        self.said: set[str] = set()

    def words(self, dice: random.Random, number: int) -> list[str]:
        drawn = dice.choices(self._words, self._weights, k=number)
        self.said.update(drawn)
        return drawn

    def content(self, number: int) -> str:
        """The `number`th word that carries meaning, from the commonest on."""
        return self._content[number % len(self._content)]

    @property
    def _content(self) -> list[str]:
        return self._words[150:]


def compile_rubric(name: str, standards: int, folder: Path) -> tuple[Rubric, float]:
    """The pack filled up to so many standards, and the CPU seconds from its file to phrases made ready."""
    content = read_document(PACKS / f"{name}.yaml").value
    missing = standards - sum(len(section["standards"]) for section in content["sections"])
    if missing > 0:
        vocabulary = Filler(6000)
        added = [standard(number) for number in range(missing)]
        content["phrases"] |= {f"generated-{n}": patterns(vocabulary, n) for n in range(missing)}
        content["sections"].append({"id": "generated", "title": "Generated", "standards": added})
    path = folder / f"{standards}.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    started_s = time.process_time()
    rubric = load_rubric(path)
    _ = rubric.finder
    return rubric, time.process_time() - started_s


def patterns(vocabulary: Filler, number: int) -> list[str]:
    """Three ways to say something that no other generated phrase says."""
    one, two, three, four = (vocabulary.content(number * 4 + i) for i in range(4))
    return [
        f"(I|we) (will|can) (now)? {one} your ({two}|{three})",
        f"(could|would|can) you (please)? {four} (the|your) {two}",
        f"{three} * {one} (it|that) for you",
    ]


def standard(number: int) -> dict[str, object]:
    """A generated standard: to be said at some time, or in an answer, or at an edge of the call, or never."""
    phrase = f"generated-{number}"
    rules: list[dict[str, object]] = [
        {"say": phrase},
        {"say": phrase, "when": {"said": "problem", "by": "customer"}},
        {"say": phrase, "during": {"last": "60 s"}},
        {"avoid": phrase},
    ]
    return {"id": phrase, "title": f"Generated {number}", "why": "-", **rules[number % len(rules)]}


def keep_call(store: Store, dice: random.Random, length_s: float, lines: list[str], filler: Filler) -> int:
    """Stores one generated call, and gives the number of its words."""
    identity = hashlib.sha256(str(dice.random()).encode()).hexdigest()
    utterances: list[Utterance] = []
    at_s = 1.0
    while at_s < length_s:
        for channel in (0, 1):
            said = text_of(dice, lines, filler)
            words: list[Word] = []
            for word in said:
                heard = dice.choice(MISHEARD)(word) if dice.random() < 0.1 else word
                words.append(Word(span(at_s, at_s + 0.3), heard or word, round(dice.uniform(0.6, 1), 3)))
                at_s += 0.36
            whole = Span(words[0].span.start_s, words[-1].span.end_s)
            utterances.append(Utterance(whole, f"channel-{channel}", "en", " ".join(said), tuple(words)))
            at_s += dice.uniform(0.2, 1.5)
    recording = Recording(identity, round(at_s, 3), 2, 8000, "pcm_mulaw")
    activity = tuple(
        Activity(f"channel-{c}", union(u.span for u in utterances if u.speaker == f"channel-{c}"))
        for c in (0, 1)
    )
    observed = (
        Observed(identity, Provenance("activity", "generated", "1", "", ()), activity=activity),
        Observed(identity, Provenance("utterances", "generated", "1", "", ()), utterances=tuple(utterances)),
    )
    interaction = Interaction(identity, Channel.CALL, identity[:8], f"{identity[:8]}.wav", identity)
    store.keep(interaction, gather(recording, observed, ()), observed)
    return sum(len(u.words) for u in utterances)


def keep_chat(store: Store, dice: random.Random, lines: list[str], filler: Filler) -> int:
    """Stores one generated chat, and gives the number of its messages."""
    identity = hashlib.sha256(str(dice.random()).encode()).hexdigest()
    utterances: list[Utterance] = []
    at_s = 0.0
    for _ in range(dice.randint(8, 24)):
        who = dice.choice(("Sarah", "Sam"))
        text, moment = " ".join(text_of(dice, lines, filler)), span(at_s, at_s)
        utterances.append(Utterance(moment, who, "en", text, spread(text, moment)))
        at_s += dice.uniform(5, 90)
    parts = observed_transcript(identity, "chat-jsonl", utterances, spoken=False)
    observed = tuple(
        Observed(identity, p, utterances=parts.utterances if p.need == "utterances" else None)
        for p in parts.provenance
    )
    roles = (("Sarah", Role.AGENT), ("Sam", Role.CUSTOMER))
    interaction = Interaction(
        identity, Channel.CHAT, identity[:8], f"{identity[:8]}.jsonl", identity, language="en", roles=roles
    )
    store.keep(interaction, parts, observed)
    return len(utterances)


MISHEARD: tuple[Callable[[str], str], ...] = (lambda w: w[::-1], lambda w: w[1:], lambda w: w[:-1])
"""What is made of a word that is heard wrongly: another word, or one that sounds like it."""


def text_of(dice: random.Random, lines: list[str], filler: Filler) -> list[str]:
    """What is said in one turn: one in five is a line of the rubric's examples."""
    return dice.choice(lines).split() if dice.random() < 0.2 else filler.words(dice, dice.randint(4, 24))


if __name__ == "__main__":
    main()
