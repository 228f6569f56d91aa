"""How many stored calls a second are judged again, on one core.

    bench/judge.py [--calls 200] [--minutes 5] [--rubric voice-en] [--json]

Generates calls as a weak recogniser would hear them (formulas of the rubric's own examples, filler, garbled
words) with word times, stores their observations in a real SQLite store, runs what `comport rescore` runs.
"""

import argparse
import hashlib
import json
import os
import random
import tempfile
import time
from pathlib import Path

from audit.interactions import Channel, Interaction
from audit.pipeline import find_rubric, rescore
from audit.store import open_store
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
    union,
)

FILLER = (
    "yes okay so I was looking at the order from last week and the invoice does not match what your "
    "colleague told me on the phone could you look into that for me the number is on the letter and I "
    "think it was sent to the old address because we moved in spring right I see that here on my screen "
    "now one of the items was returned and the other is still on its way it should reach you by friday"
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--rubric", default="voice-en")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    rubric = find_rubric(arguments.rubric)
    lines = [e for s in rubric.standards for e in (*s.examples.met, *s.examples.missed) if not s.keep]
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder))
        words = 0
        with store.writing():
            for number in range(arguments.calls):
                words += keep_call(store, random.Random(number), arguments.minutes * 60, lines)
        started_s = time.perf_counter()
        judged = sum(1 for _ in rescore(store, rubric))
        took_s = time.perf_counter() - started_s
    figures = {
        "calls_per_s": round(judged / took_s, 1),
        "calls": judged,
        "standards": len(rubric.standards),
        "phrases": len(rubric.phrases),
        "sequences": sum(map(len, rubric.sequences.values())),
        "words_per_call": round(words / judged),
    }
    print(json.dumps(figures) if arguments.json else figures)


def keep_call(store, dice: random.Random, length_s: float, lines: list[str]) -> int:  # type: ignore[no-untyped-def]
    """Stores one generated call, and gives the number of its words."""
    identity = hashlib.sha256(str(dice.random()).encode()).hexdigest()
    utterances: list[Utterance] = []
    at_s = 1.0
    while at_s < length_s:
        for channel in (0, 1):
            text = dice.choice(lines).replace("\n", " ") if dice.random() < 0.2 else ""
            said = text.split() or dice.choices(FILLER.split(), k=dice.randint(4, 24))
            words: list[Word] = []
            for word in said:
                garbled = word[::-1] if dice.random() < 0.1 else word
                words.append(Word(span(at_s, at_s + 0.3), garbled, round(dice.uniform(0.6, 1), 3)))
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


if __name__ == "__main__":
    main()
