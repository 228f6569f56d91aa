"""An export that is given to whoever asks for it over the network, as one file."""

import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from audit.leaving import write_export
from audit.scope import Scope
from audit.searching import Wanted
from audit.store import Store

MOST = 5_000
"""Scorecards of one download, our choice: on two cores that others were busy on, too, 500 took some 3 s
(`comport export --format json`), so that nobody waits longer than half a minute."""

LEFT_OUT = "left-out.txt"
"""What could not be given, and why, a line each."""


def download(store: Store, who: str, form: str, wanted: Wanted, scope: Scope, most: int = MOST) -> IO[bytes]:
    """A zip of what `comport export` writes of `wanted` and the scope in one of `FORMATS`: without personal
    data, and without sound and pictures.

    That `who` was given it, and what is in it, is noted: an erasure cannot reach it, and says so.

    Raises:
        TooMuch: more than `most` scorecards fit.
        BadSearch: what is asked for cannot be understood.
    """
    into = tempfile.TemporaryFile()  # noqa: SIM115  whoever is given it closes it
    try:
        with tempfile.TemporaryDirectory() as folder:
            place = f"downloaded by {who} on {datetime.now(UTC):%Y-%m-%d}"
            patient = store.unhurried()
            done = write_export(
                *(patient, Path(folder, "export"), form, wanted, False, False),
                scope=scope,
                most=most,
                place=place,
            )
            with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as zipped:
                for file in done.files:
                    zipped.write(file, Path(file).name)
                if done.left_out:
                    zipped.writestr(LEFT_OUT, "".join(f"{told}\n" for told in done.left_out))
    except BaseException:
        into.close()
        raise
    into.seek(0)
    return into
