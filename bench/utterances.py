"""How right four phrases are on single utterances of other sets of service talk, labelled by reading.

    bench/utterances.py [DIR] [--labels bench/read/utterances.csv] [--rubric voice-en] [--part all|tune|test]
                        [--misheard] [--draw SEED] [--unseen SEED] [--write FOLDER] [--json]

DIR holds the sets as they come (abcd, contoso, tweetsumm, wmt22_chat, carecaller, and `vcon_tts` with scripts
NAME.ref.txt); without DIR shared/text beside the checkout, with the scripts of shared/media/calls/vcon_tts.
The labels name an utterance by set, id of its conversation and its number in it, and say which phrases it
holds; no words are kept. `--draw` prints a new sample with its words, to be read and labelled. `--unseen`
prints one of the conversations alone that the labels do not name, by place and not by words. `--write` puts
the labelled utterances into a folder for `comport eval standards`. `--part`: every other row.
`--misheard` makes the words wrong as recognisers do (5 to 40 %, two runs each) and says how right and how
sure the phrases are that are still found, from each raw confidence on.
Where DIR lacks a set its rows are left out; `utterances` says how many were there.
"""

import argparse
import csv
import json
import random
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from audit.evaluate.acts import Act, Acts, Line
from audit.evaluate.fitting import misheard_pairs
from audit.evaluate.standards import PARTS, calibration_error, evaluate_standards
from audit.pipeline import find_rubric
from audit.rubric import Rubric

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
LABELS = ROOT / "bench" / "read" / "utterances.csv"

CANDIDATES = {
    "own-name": r"\b(name is|name's|speaking|you're through to|(this is|i'm|i am|it's) (?-i:[A-Z])\w+)",
    "offer-help": r"\b(help|assist|do for you|of service)\b",
    "identity-check": r"\b(name|birth|zip|postcode|account|verify|confirm|identity|security|speaking with"
    r"|email|username|order id|order number|phone number)\b",
    "further-help": r"\b(else|further|other|anything|more)\b",
}
"""Words wide enough that few true ones are without: the sample is drawn from them and at random."""

PER_PHRASE, AT_RANDOM = 30, 80

PER_SET = 160
"""So many utterances of each set are in an unseen sample: half from the beginnings of conversations, a
quarter each from their ends and from anywhere."""

ENDS = 3
"""So many lines of an agent are the beginning of a conversation, and its end."""


class Spoken(NamedTuple):
    """An utterance of an agent (contoso does not say whose): its set, conversation, number in it, words."""

    set: str
    id: str
    line: int
    text: str


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", default=SHARED / "text")
    parser.add_argument("--labels", type=Path, nargs="+", default=[LABELS])
    parser.add_argument("--rubric", default="voice-en")
    parser.add_argument("--part", choices=["all", "tune", "test"], default="all")
    parser.add_argument("--draw", type=int, metavar="SEED")
    parser.add_argument("--unseen", type=int, metavar="SEED")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--misheard", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    spoken = list(read(arguments.folder))
    if arguments.draw is not None:
        for one in draw(spoken, arguments.draw):
            print(*one, sep="\t")
        return
    known = {(one.set, one.id, one.line): one for one in spoken}
    rows = [row for path in arguments.labels for row in _csv(path)]
    if arguments.unseen is not None:
        seen = {(row["set"], row["id"]) for row in rows}
        for one in draw_unseen(spoken, seen, arguments.unseen):
            print(*one, sep="\t")
        return
    every = PARTS[{"all": "all", "tune": "first", "test": "second"}[arguments.part]]
    places = [(row, known.get((row["set"], row["id"], int(row["line"])))) for row in rows[every]]
    there = [(row, one) for row, one in places if one is not None]
    if arguments.misheard:
        print(json.dumps(misheard(there, find_rubric(arguments.rubric))))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.write or Path(temporary)
        write(folder, there)
        found = evaluate_standards(folder, find_rubric(arguments.rubric)) if there else {}
    if not arguments.json:
        for name, one in found.get("each", {}).items():
            print(f"{name:15}", *(f"{key} {one[key]}" for key in ("precision", "recall", "coverage", "true")))
        for name, wrong in found.get("wrong", {}).items():
            print(f"{name}: missed {', '.join(wrong['missed'])}; false {', '.join(wrong['false'])}")
    each = {
        name: {k: one[k] for k in ("precision", "recall", "coverage")}
        for name, one in found.get("each", {}).items()
    }
    print(json.dumps({"utterances": len(there), "of": len(places), **each}))


def misheard(there: list[tuple[dict[str, str], Spoken]], rubric: Rubric) -> dict[str, Any]:
    """For each phrase how often it is found in misheard words, how often wrongly, the expected calibration
    error of its raw confidence, and precision and coverage from each threshold on."""
    acts = Acts(set="utterances", party="a", acts={name: Act(said=(name,)) for name in CANDIDATES})
    calls = [
        (Line(str(n), "a", tuple(one.text.split()), frozenset(k for k in CANDIDATES if row[k] == "1")),)
        for n, (row, one) in enumerate(there)
    ]
    pairs = misheard_pairs(calls, acts, rubric, frozenset())
    found: dict[str, list[tuple[float, bool]]] = {name: [] for name in CANDIDATES}
    for pair in pairs:
        found[pair.phrase].append((pair.raw, pair.right))
    return {
        name: {
            "labelled": sum(row[name] == "1" for row, _ in there),
            "found": len(ones),
            "wrong": sum(not right for _, right in ones),
            "ece": calibration_error(ones),
            "from": {
                str(at): [round(sum(given) / len(given), 3), round(len(given) / len(ones), 3)]
                for at in (0.0, 0.5, 0.6, 0.7)
                if (given := [right for raw, right in ones if raw >= at])
            },
        }
        for name, ones in found.items()
    }


def read(folder: Path) -> Iterator[Spoken]:
    """The utterances of the agents in every set that is there."""
    yield from _abcd(folder / "abcd")
    yield from _contoso(folder / "contoso" / "calltranscripts.zip")
    yield from _tweets(folder / "tweetsumm" / "converted_examples.json")
    yield from _wmt(folder / "wmt22_chat")
    yield from _carecaller(folder / "carecaller" / "hackathon_train.csv")
    scripts = folder / "vcon_tts"
    yield from _scripts(scripts if scripts.is_dir() else SHARED / "media" / "calls" / "vcon_tts")


def _abcd(folder: Path) -> Iterator[Spoken]:
    seen: set[str] = set()
    for name in ("abcd_sample.json", "dialogstudio_original_examples.json"):
        for talk in _json(folder / name) or ():
            if (identity := str(talk["convo_id"])) not in seen:
                seen.add(identity)
                turns = enumerate(talk["original"], start=1)
                yield from (Spoken("abcd", identity, n, text) for n, (who, text) in turns if who == "agent")


def _contoso(path: Path) -> Iterator[Spoken]:
    if not path.is_file():
        return
    with zipfile.ZipFile(path) as archive:
        for name in sorted(n for n in archive.namelist() if n.endswith(".json")):
            talk = json.loads(archive.read(name).decode("utf-8-sig"))
            pieces = re.split(r"(?<=[.?!])\s+", talk["Content"])
            identity = str(talk["ConversationId"])
            yield from (Spoken("contoso", identity, n, text) for n, text in enumerate(pieces, start=1))


def _tweets(path: Path) -> Iterator[Spoken]:
    for talk in (_json(path) or {}).values():
        for turn in talk["log"]:
            text = re.sub(r"@\w+|https?:\S+", "", turn["system response"]).strip()
            if text:
                yield Spoken("tweetsumm", talk["original dialog id"], int(turn["turn id"]), text)


def _wmt(folder: Path) -> Iterator[Spoken]:
    seen: set[tuple[str, str]] = set()
    for path in sorted(folder.glob("*.csv")):
        numbers: dict[str, int] = {}
        for row in _csv(path):
            numbers[row["doc_id"]] = number = numbers.get(row["doc_id"], 0) + 1
            text = row["source_segment"]
            ours = row["translation_direction"] == "agent" and row["source_language"] == "en"
            if ours and (row["doc_id"], text) not in seen:
                seen.add((row["doc_id"], text))
                yield Spoken("wmt22_chat", f"{path.stem}/{row['doc_id']}", number, text)


def _carecaller(path: Path) -> Iterator[Spoken]:
    for row in _csv(path) if path.is_file() else ():
        turns = re.findall(
            r"\[(AGENT|USER)\]:\s*(.*?)(?=\s*\[(?:AGENT|USER)\]:|$)", row["transcript_text"], re.S
        )
        for number, (who, text) in enumerate(turns, start=1):
            if who == "AGENT":
                yield Spoken("carecaller", row["call_id"], number, text)


def _scripts(folder: Path) -> Iterator[Spoken]:
    for path in sorted(folder.glob("*.ref.txt")):
        for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), start=1):
            if line.startswith("Agent:"):
                yield Spoken(
                    "vcon_tts", path.name.removesuffix(".ref.txt"), number, line.removeprefix("Agent:")
                )


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8-sig")) if path.is_file() else None


def _csv(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def draw(spoken: Iterable[Spoken], seed: int) -> list[Spoken]:
    """`PER_PHRASE` candidates for each phrase, `AT_RANDOM` others, the sets in turn, no sentence twice."""
    dice = random.Random(seed)
    pool = list({_sentence(one): one for one in spoken}.values())
    dice.shuffle(pool)
    taken: list[Spoken] = []
    for pattern, count in [*((p, PER_PHRASE) for p in CANDIDATES.values()), (r"\w", AT_RANDOM)]:
        fitting: dict[str, list[Spoken]] = {}
        for one in pool:
            if one not in taken and re.search(pattern, one.text, re.IGNORECASE):
                fitting.setdefault(one.set, []).append(one)
        for _ in range(count):
            name = min(
                (n for n in fitting if fitting[n]),
                key=lambda n: (sum(t.set == n for t in taken), n),
                default=None,
            )
            if name:
                taken.append(fitting[name].pop())
    return taken


def draw_unseen(spoken: Iterable[Spoken], seen: set[tuple[str, str]], seed: int) -> list[Spoken]:
    """`PER_SET` utterances of each set, fewer where it has no more, by their place in the conversation alone;
    none of the conversations (set, id) that were `seen`, no sentence twice, and none that was said there."""
    dice = random.Random(seed)
    known: set[str] = set()
    lines: dict[tuple[str, str], list[Spoken]] = {}
    for one in spoken:
        if (one.set, one.id) in seen:
            known.add(_sentence(one))
        else:
            lines.setdefault((one.set, one.id), []).append(one)
    places: dict[str, tuple[list[Spoken], list[Spoken], list[Spoken]]] = {}
    for (name, _), ones in lines.items():
        first, last, anywhere = places.setdefault(name, ([], [], []))
        # In contoso the lines are sentences of both parties.
        ends = 2 * ENDS if name == "contoso" else ENDS
        first += ones[:ends]
        last += ones[-ends:]
        anywhere += ones
    taken: list[Spoken] = []
    for strata in places.values():
        ours = 0
        for share, stratum in zip((0.5, 0.75, 1), strata, strict=True):
            dice.shuffle(stratum)
            for one in stratum:
                if ours < PER_SET * share and _sentence(one) not in known:
                    known.add(_sentence(one))
                    taken.append(one)
                    ours += 1
    return taken


def _sentence(one: Spoken) -> str:
    """What an utterance says: sentences that differ in their names and numbers only are the same."""
    return " ".join(re.sub(r"(?<!^)\b[A-Z]\w*|\W+|\d+", " ", one.text).lower().split())


def write(folder: Path, rows: Iterable[tuple[dict[str, str], Spoken]]) -> None:
    """The utterances as chats, one a set, with `labels.csv` beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    chats: dict[str, list[str]] = {}
    labels = ["file,line,standard,verdict"]
    for row, one in rows:
        chat = chats.setdefault(one.set, [])
        at = f"2026-01-05T{len(chat) // 60 + 8:02}:{len(chat) % 60:02}:00+00:00"
        # The sets put "#NAME#" where a name was.
        text = " ".join(one.text.replace("#NAME#", "Alex").split())
        chat.append(json.dumps({"at": at, "from": "agent", "name": "agent", "text": text}))
        for name in CANDIDATES:
            labels.append(f"{one.set}.jsonl,{len(chat)},{name},{'met' if row[name] == '1' else 'missed'}")
    for name, lines in chats.items():
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "labels.csv").write_text("\n".join(labels) + "\n", "utf-8")


if __name__ == "__main__":
    main()
