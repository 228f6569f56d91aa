"""`comport rubric`: the workbench on which standards are written, checked and tried."""

from pathlib import Path

import click

from audit.console import FAILED, complain, json_option, out, print_json


@click.group()
def rubric() -> None:
    """Check, test and list rubrics."""


@rubric.command("list")
@json_option
def rubric_list(as_json: bool) -> None:
    """The rubrics that come with Comport."""
    from audit.pipeline import find_rubric, pack_names

    packs = [find_rubric(name) for name in pack_names()]
    if as_json:
        print_json(
            {"rubrics": [{"name": r.rubric, "title": r.title, "standards": len(r.standards)} for r in packs]}
        )
        return
    for r in packs:
        channels = ", ".join(r.applies_to)
        out.print(
            f"{r.rubric:12} {r.title} ({r.language}; {channels}; {len(r.standards)} standards)",
            highlight=False,
        )


@rubric.command("check")
@click.argument("names", nargs=-1, required=True)
@json_option
def rubric_check(names: tuple[str, ...], as_json: bool) -> None:
    """Report every problem of rubrics (packs, files, or all in a folder) with file and line."""
    from audit.workbench.checking import check_rubrics

    checked = check_rubrics(names)
    problems = [problem for one in checked for problem in one.problems]
    if as_json:
        held = [
            {"name": c.name, "standards": c.standards, "sections": c.sections} for c in checked if c.right
        ]
        print_json({"rubrics": held, "problems": problems})
    else:
        for one in checked:
            for problem in one.problems:
                complain(str(problem))
            if one.skipped:
                out.print(f"{one.name}: {one.skipped}", highlight=False, markup=False, soft_wrap=True)
            elif one.right:
                held_here = f"{_count(one.standards, 'standard')} in {_count(one.sections, 'section')}"
                out.print(f"{one.name}: {held_here}, no problems", highlight=False, soft_wrap=True)
    if problems:
        raise click.exceptions.Exit(FAILED)


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


@rubric.command("test")
@click.argument("names", nargs=-1, required=True)
@click.option(
    "--labels",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder of transcripts and chats with a labels.csv; may be repeated.",
)
@click.option(
    "--least",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="Share of the labels that has to be right.",
)
@json_option
def rubric_test(names: tuple[str, ...], folders: tuple[Path, ...], least: float, as_json: bool) -> None:
    """Run the examples inside each standard, and compare with labelled transcripts.

    labels.csv has the columns file, line, standard and verdict (met, missed, no_opportunity). The line is the
    one of the file that the verdict is about; empty, it is about the whole conversation.
    """
    from audit.pipeline import find_rubric
    from audit.workbench import run_examples
    from audit.workbench.labelled import confusions, judge_labels
    from audit.workbench.terminal import print_confusion, print_wrong

    rubrics = [(name, find_rubric(name)) for name in names]
    results = [(name, result) for name, found in rubrics for result in run_examples(found)]
    wrong = [(name, r) for name, r in results if not r.passed]
    compared = {name: [c for f in folders for c in judge_labels(f, found)] for name, found in rubrics}
    labels = [c for of_rubric in compared.values() for c in of_rubric]
    mistaken = sum(not c.right for c in labels)
    if as_json:
        rows = [{"rubric": n, "standard": r.standard, "wanted": r.wanted, "found": r.found} for n, r in wrong]
        labelled = {
            name: {"standards": confusions(cs), "wrong": [c for c in cs if not c.right]}
            for name, cs in compared.items()
        }
        told = {"labels": len(labels), "labels_wrong": mistaken, "labelled": labelled} if folders else {}
        print_json({"examples": len(results), "wrong": rows, **told})
    else:
        for name, r in wrong:
            text = " / ".join(r.text.strip().split("\n"))
            out.print(
                f"{name}: {r.standard}: wanted {r.wanted}, found {r.found}: {text} ({r.reason})",
                style="red",
                markup=False,
            )
        out.print(
            f"{len(results) - len(wrong)} of {len(results)} examples give the verdict they should",
            highlight=False,
        )
        for of_rubric in compared.values():
            for confusion in confusions(of_rubric):
                print_confusion(out, confusion)
            print_wrong(out, of_rubric)
        if labels:
            out.print(f"{len(labels) - mistaken} of {len(labels)} labels agree", highlight=False)
    if wrong or (labels and 1 - mistaken / len(labels) < least):
        raise click.exceptions.Exit(FAILED)


@rubric.command("schema")
def rubric_schema() -> None:
    """Print the JSON Schema of rubrics, for editors that complete names and underline mistakes."""
    import json

    from audit.workbench.schema import rubric_schema

    click.echo(json.dumps(rubric_schema(), indent=1, ensure_ascii=False))
