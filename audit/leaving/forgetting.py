"""Takes interactions out of exports that still lie where they were written."""

import csv
import io
import json
from collections.abc import Collection
from pathlib import Path

from models.errors import ComportError
from models.observations import write_whole


def is_folder(place: str) -> bool:
    """Whether an export was written into a folder, and not given to somebody over the network."""
    return Path(place).is_absolute()


def forget_in(folder: Path, form: str, interactions: Collection[str]) -> tuple[list[str], int]:
    """Removes the interactions from an export's files: (the files that changed or went, rows removed).

    A file that is no longer there, or is no longer what was written, is left as it is; `audit.proof` looks
    through it.
    """
    wanted = frozenset(interactions)
    touched: list[str] = []
    rows = 0
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        forget = _FORGET.get((form, file.suffix))
        try:
            gone = forget(file, wanted) if forget else 0
        except ComportError:
            raise
        except Exception:  # noqa: BLE001  whatever a changed file makes of a reader, the proof looks through it
            gone = 0
        if gone:
            touched.append(str(file))
            rows += gone
    return touched, rows


def _of_vcon(file: Path, wanted: frozenset[str]) -> int:
    """A vCon goes whole: all in it is one conversation."""
    document = json.loads(file.read_bytes())
    bodies = [a["body"] for a in document["analysis"] if isinstance(a.get("body"), dict)]
    inside = {body.get("interaction") for body in bodies}
    inside.update(*(body.get("interactions", ()) for body in bodies))
    if wanted.isdisjoint(inside):
        return 0
    file.unlink()
    return 1


def _of_lines(file: Path, wanted: frozenset[str]) -> int:
    lines = file.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line).get("interaction") not in wanted]
    if len(kept) < len(lines):
        write_whole(file, b"".join(kept))
    return len(lines) - len(kept)


def _of_csv(file: Path, wanted: frozenset[str]) -> int:
    with file.open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.reader(source))
    kept = [row for row in rows if not row or row[0] not in wanted]
    if len(kept) < len(rows):
        into = io.StringIO(newline="")
        csv.writer(into).writerows(kept)
        write_whole(file, into.getvalue().encode("utf-8-sig"))
    return len(rows) - len(kept)


def _of_parquet(file: Path, wanted: frozenset[str]) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(file)
    kept = table.filter(pc.invert(pc.is_in(table["interaction"], pa.array(sorted(wanted)))))
    if kept.num_rows < table.num_rows:
        into = io.BytesIO()
        pq.write_table(kept, into, compression="zstd")
        write_whole(file, into.getvalue())
    return int(table.num_rows - kept.num_rows)


_FORGET = {
    ("vcon", ".vcon"): _of_vcon,
    ("json", ".jsonl"): _of_lines,
    ("csv", ".csv"): _of_csv,
    ("parquet", ".parquet"): _of_parquet,
}
