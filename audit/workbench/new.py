"""A first rubric of one's own: standards taken from a pack, with the house's name in them."""

import itertools
import re
import tempfile
from collections.abc import Collection
from pathlib import Path

import msgspec

from audit.confidence import beside, read_confidence
from audit.interactions import Channel
from audit.pipeline import PACKS, find_rubric, pack_names
from audit.rubric import SLUG, Rubric
from audit.rubricfile import load_rubric
from audit.workbench import run_examples
from audit.yamlfile import BadFile, Document, nearest, read_document
from models.errors import ComportError

SUMMARY = {
    "use": "Word lists that come with Comport: blame, slang … A phrase of that name stands for the list.",
    "slots": "Words that stand in phrases as {name}. Write each way in which a recogniser spells your name.",
    "values": "What the house believes in. Each standard names the value it serves.",
    "phrases": "What counts as saying something: (a|b) alternatives, (x)? optional, * up to five words.",
    "appearance": "The house's colours: what people wear above and below.",
    "distances": "What the house calls too close.",
    "sections": "The form: its parts with their weights, and the standards in them.",
}
"""The comment above each part of the file that is written."""


class NotMade(ComportError):
    """A rubric that cannot be written as asked."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return self.problem


class Wish(msgspec.Struct, frozen=True):
    """What the new rubric is to be; empty `sections` or `standards` take all there are."""

    name: str
    language: str
    channel: Channel
    brand: str
    pack: str
    sections: tuple[str, ...] = ()
    standards: tuple[str, ...] = ()


def languages() -> tuple[str, ...]:
    """The languages that the packs speak."""
    return tuple(sorted({find_rubric(name).language for name in pack_names()}))


def packs_for(language: str, channel: Channel) -> tuple[str, ...]:
    """The packs in this language for this channel.

    Raises:
        NotMade: there is none; says which there are.
    """
    packs = [find_rubric(name) for name in pack_names()]
    fitting = tuple(p.rubric for p in packs if p.language == language and channel in p.applies_to)
    if not fitting:
        known = "; ".join(f"{p.rubric}: {p.language}, {', '.join(p.applies_to)}" for p in packs)
        raise NotMade(f"no pack in '{language}' for {channel} to take standards from; there are {known}")
    return fitting


def write_new(path: Path, wish: Wish) -> Rubric:
    """Writes a commented rubric, when it has no problems and its examples do as well as the pack's; beside it
    how sure its phrases are, where that is known of the pack's.

    Raises:
        NotMade: the file is there already, a name is unknown, or the brand does not fit into the texts.
    """
    for file in (path, beside(path)):
        if file.exists():
            raise NotMade(f"{file}: is there already, and stays as it is; name another file")
    text = new_text(wish)
    with tempfile.TemporaryDirectory() as folder:
        tried = Path(folder) / "new.yaml"
        tried.write_text(text, "utf-8")
        try:
            rubric = load_rubric(tried)
        except BadFile as error:
            raise NotMade(
                f"the brand '{wish.brand}' cannot be written into the pack: {error.line}"
            ) from error
    _check_examples(rubric, wish)
    texts = {path: text, beside(path): _curve_text(wish, rubric)}
    for file in filter(texts.get, texts):
        try:
            with file.open("x", encoding="utf-8") as written:
                written.write(texts[file])
        except OSError as error:
            raise NotMade(f"{file}: cannot be written: {error.strerror}") from error
    return rubric.model_copy(update={"confidence": read_confidence(path, rubric.phrases)})


def _curve_text(wish: Wish, rubric: Rubric) -> str:
    """The curve beside the pack for the phrases that the new rubric has; empty where it has none of them."""
    path = beside(PACKS / f"{wish.pack}.yaml")
    if not path.is_file():
        return ""
    document, lines = read_document(path), path.read_text("utf-8").splitlines(keepends=True)
    gone = [name for name in document.value["offsets"] if name not in rubric.phrases]
    if len(gone) == len(document.value["offsets"]):
        return ""
    cut = {document.line_of(("offsets", name)) for name in gone}
    return "".join(line for number, line in enumerate(lines, 1) if number not in cut)


def _check_examples(rubric: Rubric, wish: Wish) -> None:
    """Raises NotMade when an example fails because of the brand: one that passes in the pack itself."""
    wrong = [result for result in run_examples(rubric) if not result.passed]
    if not wrong:
        return
    pack = {standard.id: standard for standard in find_rubric(wish.pack).standards}
    before = {(r.standard, r.wanted, r.text) for r in run_examples(find_rubric(wish.pack)) if not r.passed}
    for one in wrong:
        ours = next(s for s in rubric.standards if s.id == one.standard)
        place = getattr(ours.examples, one.wanted.value).index(one.text)
        text = getattr(pack[one.standard].examples, one.wanted.value)[place]
        if (one.standard, one.wanted, text) not in before:
            raise NotMade(
                f"with the brand '{wish.brand}' the example “{one.text}” of '{one.standard}' is {one.found} "
                f"instead of {one.wanted}; take a name that is no common word"
            )


def new_text(wish: Wish) -> str:
    """The YAML of the new rubric: the pack's own lines, with the brand in place of the pack's."""
    pack = find_rubric(wish.pack)
    if not re.fullmatch(SLUG, wish.name):
        raise NotMade(f"name: found '{wish.name}', expected small letters, digits and hyphens")
    if not wish.brand.strip() or not wish.brand.isprintable():
        raise NotMade("brand: expected the name of the house, as customers hear it")
    _known("section", wish.sections, [section.id for section in pack.sections])
    _known("standard", wish.standards, [standard.id for standard in pack.standards])
    path = PACKS / f"{wish.pack}.yaml"
    document, lines = read_document(path), path.read_text("utf-8").splitlines(keepends=True)
    parts = _parts(document, lines)
    parts["sections"] = _sections(document, lines, wish)
    body = "".join(
        f"\n# {SUMMARY[key]}\n{text}" if key in SUMMARY else f"\n{text}"
        for key, text in parts.items()
        if key not in ("rubric", "version", "title", "language", "applies_to")
    )
    told = f"""# Standards of {wish.brand}, taken from the pack {wish.pack}.
# What every key means: docs/rubrics.md
# After each change:  comport rubric check FILE  and  comport rubric test FILE
rubric: {wish.name}
version: 1   # raise it with every change that matters
title: {pack.title}
language: {wish.language}
applies_to: [{wish.channel}]
"""
    spelt = pack.slots.get("brand", ())
    # Persian writes a half-space also as a space.
    spelt = (*spelt, *(brand.replace("\u200c", " ") for brand in spelt))
    for brand in sorted(set(spelt), key=len, reverse=True):
        body, told = (text.replace(brand, wish.brand) for text in (body, told))
    if wish.brand.endswith("."):
        body = body.replace(f"{wish.brand}.", wish.brand)
    quoted = wish.brand.replace("\\", "\\\\").replace('"', '\\"')
    return told + re.sub(
        r"^( +)brand: \[.*\]$", lambda m: f'{m[1]}brand: ["{quoted}"]', body, flags=re.MULTILINE
    )


def _known(what: str, names: Collection[str], known: list[str]) -> None:
    for name in names:
        if name not in known:
            raise NotMade(f"no {what} '{name}' in the pack{nearest(name, known)}")


def _parts(document: Document, lines: list[str]) -> dict[str, str]:
    """The lines of each key at the top of a rubric, the comments before the next key left out."""
    starts = [(key, document.line_of((key,)) - 1) for key in document.value] + [("", len(lines))]
    found = {}
    for (key, first), (_, after) in itertools.pairwise(starts):
        own = lines[first:after]
        while own and (not own[-1].strip() or own[-1].startswith("#")):
            own.pop()
        found[key] = "".join(own)
    return found


def _sections(document: Document, lines: list[str], wish: Wish) -> str:
    """The lines of the sections and standards that are wanted."""

    def start(*place: str | int) -> int:
        return document.line_of(place) - 1

    sections = document.value["sections"]
    text = ""
    for s, section in enumerate(sections):
        standards = section["standards"]
        wanted = [not wish.standards or standard["id"] in wish.standards for standard in standards]
        if (wish.sections and section["id"] not in wish.sections) or not any(wanted):
            continue
        end = start("sections", s + 1) if s + 1 < len(sections) else len(lines)
        starts = [start("sections", s, "standards", i) for i in range(len(standards))] + [end]
        text += "".join(lines[start("sections", s) : starts[0]])
        for take, (first, after) in zip(wanted, itertools.pairwise(starts), strict=True):
            text += "".join(lines[first:after]) if take else ""
    if not text:
        raise NotMade("none of these standards lies in these sections; leave out one of the two")
    return f"sections:\n{text.rstrip()}\n"
