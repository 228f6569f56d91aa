"""`comport rubric`: the workbench on which standards are written, checked and tried."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from audit.console import FAILED, Day, complain, json_option, out, print_json, progress_bar, store_of
from audit.interactions import Channel


@click.group()
def rubric() -> None:
    """Check, test and list rubrics."""


@rubric.command("list")
@json_option
def rubric_list(as_json: bool) -> None:
    """The rubrics and lexicons that come with Comport."""
    from audit.lexicons import lexicon_names, packaged
    from audit.pipeline import find_rubric, pack_names

    packs = [find_rubric(name) for name in pack_names()]
    lexicons = [(name, packaged(name)) for name in lexicon_names()]
    if as_json:
        rubrics = [{"name": r.rubric, "title": r.title, "standards": len(r.standards)} for r in packs]
        lists = [{"name": name, "title": one.title, "lists": sorted(one.lists)} for name, one in lexicons]
        print_json({"rubrics": rubrics, "lexicons": lists})
        return
    for r in packs:
        channels = ", ".join(r.applies_to)
        out.print(
            f"{r.rubric:12} {r.title} ({r.language}; {channels}; {len(r.standards)} standards)",
            highlight=False,
        )
    for name, one in lexicons:
        out.print(f"{name:12} {one.title} ({one.language}; {', '.join(one.lists)})", highlight=False)


@rubric.command("new")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--name", help="Its id: small letters, digits, hyphens.")
@click.option("--language", help="ISO 639-1 code, for example en.")
@click.option("--channel", type=click.Choice([c.value for c in Channel]))
@click.option("--brand", help="The house's name, as customers hear it.")
@click.option("--pack", help="The rubric that standards are taken from.")
@click.option("--section", "sections", multiple=True, help="Take this section; may be repeated.")
@click.option("--standard", "standards", multiple=True, help="Take this standard; may be repeated.")
@click.option("--yes", is_flag=True, help="Ask nothing: take the default for what is not given.")
def rubric_new(file: Path | None, yes: bool, **given: Any) -> None:
    """Write a first rubric of your own: asks for what it must know, takes standards from a pack.

    FILE is NAME.yaml unless given. A file that is there already is never overwritten.
    """
    from audit.confidence import beside
    from audit.workbench.asking import ask_for
    from audit.workbench.checking import count_words
    from audit.workbench.new import write_new

    wish = ask_for(given, yes)
    path = file or Path(f"{wish.name}.yaml")
    made = write_new(path, wish)
    held = f"{count_words(len(made.standards), 'standard')} in {count_words(len(made.sections), 'section')}"
    out.print(f"{path}: {held}, no problems", highlight=False, markup=False)
    if made.confidence:
        out.print(f"{beside(path)}: how sure its phrases are", highlight=False, markup=False)
    out.print(
        f"Change it in any editor, then:  comport rubric check {path}  and  comport rubric test {path}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


@rubric.command("check")
@click.argument("names", nargs=-1, required=True)
@json_option
def rubric_check(names: tuple[str, ...], as_json: bool) -> None:
    """Report every problem of rubrics, lexicons and overlays (packs, files, or all in a folder) with file and
    line."""
    from audit.workbench.checking import check_rubrics

    checked = check_rubrics(names)
    problems = [problem for one in checked for problem in one.problems]
    if as_json:
        held = [
            {"name": c.name, "standards": c.standards, "sections": c.sections}
            for c in checked
            if c.right and c.kind == "rubric"
        ]
        lexicons = [{"name": c.name, "lists": c.lists} for c in checked if c.right and c.kind == "lexicon"]
        overlays = [
            {"name": c.name, "standards": c.standards} for c in checked if c.right and c.kind == "overlay"
        ]
        print_json({"rubrics": held, "lexicons": lexicons, "overlays": overlays, "problems": problems})
    else:
        for one in checked:
            for problem in one.problems:
                complain(str(problem))
            if one.skipped:
                out.print(f"{one.name}: {one.skipped}", highlight=False, markup=False, soft_wrap=True)
            elif one.right:
                out.print(f"{one.name}: {one.size}, no problems", highlight=False, soft_wrap=True)
    if problems:
        raise click.exceptions.Exit(FAILED)


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


@rubric.command("pictures")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
def rubric_pictures(file: Path, as_json: bool) -> None:
    """Learn what badge, apron, head cover and face mask look like, from pictures beside the rubric FILE.

    `appearance` of the rubric names a folder for each; in it lie `with` and `without`, pictures of people
    with it and without it. What was learnt is written to NAME.looks.json beside it.
    """
    from audit.lookbook import beside
    from audit.rubricfile import load_rubric
    from audit.workbench.learning import learn

    with progress_bar("Looking at pictures", quiet=as_json, unit="pictures") as report:
        told = learn(file, load_rubric(file, with_pictures=False), report)
    if as_json:
        print_json({"file": str(beside(file)), "things": [one._asdict() for one in told]})
        return
    for one in told:
        worth = one.lacking or (
            f"by the others {one.right} are told rightly, {one.wrong} wrongly, {one.untold} not"
        )
        text = f"{one.thing}: {one.with_it} pictures with it, {one.without} without; {worth}"
        out.print(text, highlight=False, markup=False, soft_wrap=True)
        if one.unread:
            names = ", ".join(one.unread)
            out.print(f"  not seen well enough: {names}", highlight=False, markup=False, soft_wrap=True)
    out.print(f"written to {beside(file)}", highlight=False, markup=False, soft_wrap=True)


@rubric.command("schema")
@click.option("--lexicon", "of_lexicons", is_flag=True, help="That of lexicons instead of rubrics.")
def rubric_schema(of_lexicons: bool) -> None:
    """Print the JSON Schema of rubrics, for editors that complete names and underline mistakes."""
    import json

    from audit.workbench.schema import lexicon_schema, rubric_schema

    schema = lexicon_schema() if of_lexicons else rubric_schema()
    click.echo(json.dumps(schema, indent=1, ensure_ascii=False))


@rubric.command("diff")
@click.argument("old")
@click.argument("new")
@json_option
@click.pass_context
def rubric_diff(context: click.Context, old: str, new: str, as_json: bool) -> None:
    """Say in words what changed from OLD to NEW: files, packs, or stored versions as name@version."""
    from audit.workbench.diff import compare
    from audit.workbench.versions import rubric_called

    store = store_of(context)
    changes = compare(rubric_called(old, store), rubric_called(new, store))
    if as_json:
        print_json({"changes": changes})
        return
    for change in changes:
        out.print(change.text, highlight=False, markup=False, soft_wrap=True)
    if not changes:
        out.print("they say the same", highlight=False)


@rubric.command("backtest")
@click.argument("new")
@click.option("--against", help="A file, pack or name@version.  [default: the newest version stored]")
@click.option("--since", type=Day(), help="Only interactions from this day on (UTC).")
@click.option("--channel", "channels", multiple=True, type=click.Choice([c.value for c in Channel]))
@click.option(
    "--listen",
    "most",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="At most so many to listen to.",
)
@json_option
@click.pass_context
def rubric_backtest(
    context: click.Context,
    new: str,
    against: str | None,
    since: datetime | None,
    channels: tuple[str, ...],
    most: int,
    as_json: bool,
) -> None:
    """Judge everything stored under an old and a NEW rubric, and store nothing.

    Shows which verdicts flip, how the scores of branches and agents move, and what to listen to.
    """
    from audit.workbench.backtest import backtest
    from audit.workbench.terminal import print_backtest
    from audit.workbench.versions import rubric_called

    store = store_of(context)
    after = rubric_called(new, store)
    before = rubric_called(against or f"{after.rubric}@", store)
    day = since.replace(tzinfo=UTC) if since else None
    on = tuple(map(Channel, channels)) or None
    with progress_bar("judging twice", quiet=as_json, unit="interactions") as report:
        found = backtest(store, before, after, day, on, most, report)
    if as_json:
        print_json(found)
    else:
        print_backtest(out, found)


@rubric.command("explain")
@click.argument("standard")
@click.argument("interaction")
@click.option(
    "--rubric", "name", help="A file, pack or name@version.  [default: the one it was judged under]"
)
@json_option
@click.pass_context
def rubric_explain(
    context: click.Context, standard: str, interaction: str, name: str | None, as_json: bool
) -> None:
    """Say step by step why STANDARD has its verdict in INTERACTION (id, title, transcript or chat file)."""
    from audit.workbench.explain import explain
    from audit.workbench.subjects import judged_under, standard_in, subject
    from audit.workbench.terminal import print_explanation
    from audit.workbench.versions import rubric_called

    store = store_of(context)
    found, observations = subject(interaction, store)
    used, asked = (
        standard_in(standard, [rubric_called(name, store)]) if name else judged_under(standard, found, store)
    )
    told = explain(used, asked, found, observations)
    if as_json:
        print_json(told)
    else:
        print_explanation(out, told)
