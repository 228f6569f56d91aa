"""Takes vCons in, gives each out again, and says what is not in it any more.

    bench/round_trip.py FOLDER --schema vcon_json_schema.json [--json]

Every vCon in the folder and below it is imported into a store of its own, and exported from it twice: with
personal data, and without. Each must be valid under the schema. `lost` are fields that are missing or other
than before although no list says so: the list of what was taken out lies in the exported vCon itself. The
version, the time of the change and (where something was taken out) the name of a vCon are other ones.
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema

sys.path.insert(0, str(Path(__file__).parent.parent))

from audit.arrivals import Rejected
from audit.intake import arrivals
from audit.leaving.vcon import Part, make_vcon
from audit.originals import opened, together
from audit.pipeline import register
from audit.store import open_store
from models.errors import ComportError

ANEW = ("vcon", "updated_at", "uuid", "amended")
"""What a vCon that was changed says of itself, by the IETF draft."""

_BESIDE = re.compile(r"\.(body|encoding|mediatype|content_hash|url)\b.*")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--schema", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    schema = json.loads(arguments.schema.read_text("utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    found: dict[str, Any] = {"files": 0, "taken": 0, "valid": 0, "removed": 0}
    problems: dict[str, list[str]] = {"rejected": [], "invalid": [], "lost": []}
    for path in sorted(p for p in arguments.folder.rglob("*") if p.name.endswith((".vcon", ".vcon.json"))):
        found["files"] += 1
        with tempfile.TemporaryDirectory() as name:
            try:
                done = list(through(path, Path(name)))
            except ComportError as error:
                problems["rejected"].append(error.line)
                continue
        found["taken"] += 1
        wrong = []
        for after, gone in done:
            wrong += [error.message for error in validator.iter_errors(after)]
            found["removed"] += len(gone)
            missing = sorted(unlisted(before_of(path), after, gone))
            problems["lost"] += [f"{path.name}: {where}" for where in missing]
        problems["invalid"] += [f"{path.name}: {one[:200]}" for one in wrong]
        found["valid"] += not wrong
    figures = found | {kind: len(told) for kind, told in problems.items()}
    for kind, told in problems.items():
        for one in dict.fromkeys(told):
            print(f"{kind}: {one}", file=sys.stderr)
    print(json.dumps(figures) if arguments.json else figures)


def through(path: Path, home: Path) -> Iterator[tuple[dict[str, Any], list[dict[str, str]]]]:
    """The vCon as it leaves with and without personal data, each with the list of what was taken out.

    Raises:
        ComportError: it cannot be taken in or given out.
    """
    store = open_store(home)
    try:
        names = []
        for one in arrivals(path):
            if isinstance(one, Rejected):
                raise one
            register(one, store)
            names.append(one.interaction.id)
        for personal in (True, False):
            parts = [Part(one, ()) for one in together(store, store.interaction(names[0]))]
            after, gone = make_vcon(store, parts, personal, True)
            yield json.loads(json.dumps(after)), gone
    finally:
        store.engine.dispose()


def before_of(path: Path) -> dict[str, Any]:
    """The vCon in a file, without its seal."""
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    inside = opened(document.get("payload"), "base64url")
    return inside if isinstance(inside, dict) else document


def unlisted(before: dict[str, Any], after: dict[str, Any], gone: list[dict[str, str]]) -> set[str]:
    """Where something is lost that the list of what was taken out does not name."""
    listed = {_place(one["where"]) for one in gone}
    return {w for w in map(_place, lost(before, after)) if w not in ANEW and w not in listed}


def _place(where: str) -> str:
    """A body, whether something in it or what is said beside it is meant."""
    return _BESIDE.sub(".body", where)


def lost(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """Where something of a document is not in the other one, or is something else there."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key not in after:
                yield f"{where}.{key}".lstrip(".")
            else:
                yield from lost(value, after[key], f"{where}.{key}".lstrip("."))
    elif isinstance(before, list) and isinstance(after, list) and len(after) >= len(before):
        for n, value in enumerate(before):
            yield from lost(value, after[n], f"{where}[{n}]")
    elif before != after:
        yield where


if __name__ == "__main__":
    main()
