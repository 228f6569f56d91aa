"""`comport eval`: how right what is perceived is, on recordings of which the truth is known."""

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.console import err, json_option, out, print_json, progress_bar
from models.perceiving import Progress

if TYPE_CHECKING:
    from audit.evaluate.standards import Part


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
    NAME.camera.yaml and NAME.house.yaml beside a clip of labels.csv say where its counter is and what colours
    its house wears: roles are then told with and without them.
    A figure is null where the folder has no truth for it.
    """
    from audit.evaluate.people import evaluate_people
    from audit.evaluate.tables import print_people

    found = evaluate_people(folder, functools.partial(_title, quiet=as_json))
    if as_json:
        print_json(found)
    else:
        print_people(out, found)


@evaluate.command("speech")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--rubric", "name", default="voice-en", show_default=True, help="Whose formulas to seek.")
@click.option(
    "--engine",
    "engines",
    multiple=True,
    type=click.Choice(["auto", "whisper", "pocketsphinx"]),
    help="May be repeated: a table for each.  [default: auto]",
)
@click.option("--whisper", "models", multiple=True, help="A Whisper name or folder; may be repeated.")
@json_option
def compare_speech(
    folder: Path, name: str, engines: tuple[str, ...], models: tuple[str, ...], as_json: bool
) -> None:
    """Words, voices, roles and formulas in the recordings of FOLDER and the folders below.

    References beside NAME.wav (or another recording): NAME.ref.txt (exact words, or turns "Agent: ..."),
    NAME.vcon.json (with a script), NAME.vtt (exact times). NAME_agent.wav with NAME_caller.wav or
    NAME_customer.wav is mixed to one channel. A figure is null where the folder has no reference for it.
    """
    from audit.evaluate.speech import evaluate_speech
    from audit.evaluate.tables import print_speech
    from audit.pipeline import find_rubric

    asked = [(engine, None) for engine in engines] + [("whisper", model) for model in models]
    title = functools.partial(_title, quiet=as_json)
    found = evaluate_speech(folder, find_rubric(name), asked or [("auto", None)], title)
    if as_json:
        print_json(found)
    else:
        print_speech(out, found)


@evaluate.command("standards")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--rubric", "name", default="voice-en", show_default=True, help="Whose standards and phrases.")
@click.option(
    "--part",
    type=click.Choice(["all", "first", "second"]),
    default="all",
    show_default=True,
    help="Of tagged calls all, or every second one from the first or the second on.",
)
@click.option(
    "--read",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV call,line,act,judgement,why: disagreements judged `style` are left out.",
)
@click.option(
    "--fit",
    "curve",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Fit how sure phrases are to every second tagged call and labelled line, and write it to this file.",
)
@click.option(
    "--wanted",
    type=click.FloatRange(0, 1),
    default=0.95,
    show_default=True,
    help="With --fit: the precision from which on verdicts are given.",
)
@json_option
def compare_standards(
    folder: Path,
    name: str,
    part: "Part",
    read: Path | None,
    curve: Path | None,
    wanted: float,
    as_json: bool,
) -> None:
    """Standards and phrases beside what people said of the transcripts in FOLDER.

    Tagged calls: NAME.txt of lines party|words|act (the layout of BT Oasis); which of our phrases say which
    act is told by acts.yaml in FOLDER, else by the map for BT Oasis. Transcripts and chats: labels.csv with
    the columns file,line,standard,verdict; `standard` may name a phrase too; without a line the verdict is
    on the whole conversation.

    With --fit the words of the calls, and of the lines whose phrases are labelled, are made wrong as
    recognisers do, and every other one shows how right the curve is. It is used where it lies beside the
    rubric, as NAME.confidence.yaml beside NAME.yaml.
    """
    from audit.evaluate.fitting import fit, save
    from audit.evaluate.standards import evaluate_standards
    from audit.evaluate.tables import print_standards
    from audit.pipeline import find_rubric

    rubric = find_rubric(name)
    found = evaluate_standards(folder, rubric, part, read)
    if curve:
        fitted, found["fit"] = fit(folder, rubric, wanted, read)
        save(fitted, curve)
    if as_json:
        print_json(found)
    else:
        print_standards(out, found)


@contextlib.contextmanager
def _title(name: str, quiet: bool) -> Iterator[Progress]:
    if not quiet and not err.is_terminal:
        err.print(name, highlight=False, markup=False)
    with progress_bar(name, quiet=quiet, unit="") as report:
        yield report
