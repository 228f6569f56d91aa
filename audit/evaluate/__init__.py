"""`comport eval`: how right what is perceived is, on recordings of which the truth is known."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from audit.console import err, json_option, out, print_json, progress_bar
from models.perceiving import Progress


@click.group(name="eval")
def evaluate() -> None:
    """Compare what is perceived with truth files."""


@evaluate.command("people")
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
def compare_people(folder: Path, as_json: bool) -> None:
    """People in the videos and pictures of FOLDER: distances, gestures, smiles, events, roles.

    Truth is taken as it lies there, also in the folders below: NAME.truth.json beside NAME.mp4 (rendered
    clips), labels.csv (with `smile`, or `staff_visible` and `customer_visible`), PETS 2009 and Panoptic.
    A figure is null where the folder has no truth for it.
    """
    from audit.evaluate.people import evaluate_people
    from audit.evaluate.tables import print_people

    @contextlib.contextmanager
    def title(name: str) -> Iterator[Progress]:
        if not as_json and not err.is_terminal:
            err.print(name, highlight=False, markup=False)
        with progress_bar(name, quiet=as_json, unit="") as report:
            yield report

    found = evaluate_people(folder, title)
    if as_json:
        print_json(found)
    else:
        print_people(out, found)
