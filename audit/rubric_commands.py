"""`comport rubric`: the workbench on which standards are written, checked and tried."""

from collections.abc import Sized

import click

from audit.console import FAILED, complain, json_option, out, print_json
from models.errors import ComportError


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
def rubric_check(names: tuple[str, ...]) -> None:
    """Report every problem of rubrics with file and line."""
    from audit.pipeline import find_rubric

    failed = False
    for name in names:
        try:
            found = find_rubric(name)
        except ComportError as error:
            failed = True
            complain(error)
            continue
        held = f"{_count(found.standards, 'standard')} in {_count(found.sections, 'section')}"
        out.print(f"{name}: {held}, no problems", highlight=False)
    if failed:
        raise click.exceptions.Exit(FAILED)


def _count(items: Sized, name: str) -> str:
    return f"{len(items)} {name}{'' if len(items) == 1 else 's'}"


@rubric.command("test")
@click.argument("names", nargs=-1, required=True)
@json_option
def rubric_test(names: tuple[str, ...], as_json: bool) -> None:
    """Run the examples inside each standard."""
    from audit.pipeline import find_rubric
    from audit.workbench import run_examples

    results = [(name, result) for name in names for result in run_examples(find_rubric(name))]
    wrong = [(name, r) for name, r in results if not r.passed]
    if as_json:
        rows = [{"rubric": n, "standard": r.standard, "wanted": r.wanted, "found": r.found} for n, r in wrong]
        print_json({"examples": len(results), "wrong": rows})
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
    if wrong:
        raise click.exceptions.Exit(FAILED)
