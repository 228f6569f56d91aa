"""How exact the times of words are, at the first and the last word of passages whose times are known.

    bench/word_times.py RECORDING... [--engine pocketsphinx] [--whisper MODEL] [--json]

Each recording has its transcript with exact times beside it (NAME.vtt, as the samples have). Passages of
which 7 words in 10 were heard are compared. `start_late_p99_s`: 99 % of them are heard to begin at most so
much late; `end_early_p99_s`: to end at most so much early. Sound is silent that much before and after what
was said, and more (`audit.redaction.MARGIN_S`).
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from audit.intake import take_in
from audit.pipeline import audit_file, find_rubric
from audit.store import Store, open_store
from models.observations import Span, Word

NEAR_S = 0.2
"""Words this near to a passage may be its own."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--engine", default="pocketsphinx")
    parser.add_argument("--whisper")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as home:
        store = open_store(Path(home))
        for path in arguments.recordings:
            found += errors(path, store, arguments.engine, arguments.whisper)
    late, early = np.array(found).reshape(-1, 2).T
    figures = {"passages": len(found)}
    if found:
        figures |= {
            "start_late_median_s": round(float(np.median(late)), 3),
            "start_late_p99_s": round(float(np.percentile(late, 99)), 3),
            "end_early_median_s": round(float(np.median(early)), 3),
            "end_early_p99_s": round(float(np.percentile(early, 99)), 3),
        }
    print(json.dumps(figures) if arguments.json else figures)


def errors(path: Path, store: Store, engine: str, whisper: str | None) -> list[tuple[float, float]]:
    """(heard to begin late by, to end early by) of each passage, in seconds."""
    heard = audit_file(path, [find_rubric("voice-en")], store, engine, whisper).observations
    exact = take_in(path.with_suffix(".vtt")).observations
    words: dict[str | None, list[Word]] = {}
    for u in heard.utterances or ():
        words.setdefault(u.speaker, []).extend(u.words)
    found = []
    for passage in (exact.utterances if exact else None) or ():
        near = Span(passage.span.start_s - NEAR_S, passage.span.end_s + NEAR_S)
        own = max(([w for w in said if (w.span & near).duration_s > 0.1] for said in words.values()), key=len)
        if len(own) >= 0.7 * len(passage.text.split()):
            late_s = own[0].span.start_s - passage.span.start_s
            found.append((late_s, passage.span.end_s - own[-1].span.end_s))
    return found


if __name__ == "__main__":
    main()
