"""What law, culture and sector change in a rubric: overlays, one YAML file each, laid over it as it is read.

The rules by which they combine stand in docs/overlays.md, in the order in which they are applied here.
"""

import copy
import functools
from pathlib import Path
from typing import Any, Literal, Self

import msgspec
from pydantic import Field, PrivateAttr, model_validator

from audit import yamlfile
from audit.lexicons import wanted
from audit.pattern import BadPattern, unfold
from audit.rubric import Applied, Distances, Rubric, Section, Standard
from audit.rules import Amount, Texts
from audit.signals import families, kinds
from audit.yamlfile import Checked, Document, Path_, beside, nearest
from models.language import tokens_of

FOLDER = Path(__file__).parent.parent / "rubrics" / "overlays"
"""The overlays that come with Comport: `law/eu` is the file `law/eu.yaml` here."""

Kind = Literal["law", "sector", "culture"]

KINDS: tuple[Kind, ...] = ("law", "sector", "culture")
"""The weightiest first."""

LANGUAGES = ("en", "it", "fa", "de", "es", "fr")
"""A mapping of these keys alone says the same in several languages; the rubric's is taken."""

AMOUNTS = ("at_most", "at_least", "between", "zero_at", "within", "longer_than", "more_than", "first", "last")
"""Keys under which the name of a number may stand for it."""

_TEXTS = ("title", "why", "purpose", "how", "ask", "source", "text")
"""What is shown in English where an overlay does not have it in the rubric's language."""


class Treat(Checked):
    """How standards are treated that `observe` these events, measures or families of them, have these ids or
    `mention` one of these words in title or question: `forbid` takes them out, `coaching` shows them unscored
    (`unless: basis`: not where the company states its legal basis)."""

    treatment: Literal["coaching", "forbid"]
    observe: Texts = ()
    standards: Texts = ()
    mention: Texts = ()
    unless: Literal["basis"] | None = None
    why: str

    @model_validator(mode="after")
    def _some(self) -> Self:
        for name in self.observe:
            known = [*families(), *kinds()]
            if name not in known:
                raise ValueError(f"observe: unknown event, measure or family '{name}'{nearest(name, known)}")
        return self

    def meets(self, standard: Standard, rubric: Rubric) -> bool:
        """Whether the standard of this rubric is one of those that are treated so."""
        seen = {kind.name for name in self.observe for kind in families().get(name, ())} | set(self.observe)
        words = set(tokens_of(f"{standard.title} {standard.ask or ''}", rubric.language))
        mentioned = any(words.issuperset(tokens_of(word, rubric.language)) for word in self.mention)
        # What a standard looks at by way of a phase it looks at, too.
        return standard.id in self.standards or mentioned or bool(seen & rubric.reach(standard.names))


class Overlay(Checked):
    """One overlay as it stands in its file, in one language."""

    overlay: str
    kind: Kind
    version: int = Field(ge=1, le=1_000_000)
    title: str
    source: Texts = Field(min_length=1)
    includes: Texts = ()
    distances: Distances | None = None
    numbers: dict[str, Amount] = {}
    phrases: dict[str, Texts] = {}
    confirm: Literal["person"] | None = None
    treat: tuple[Treat, ...] = ()
    sections: tuple[Section, ...] = ()
    _written: list[Any] = PrivateAttr(default_factory=list)

    @property
    def written(self) -> list[dict[str, Any]]:
        """Its sections as plain values, in which numbers still have their names: who else gives one of the
        same name may win."""
        return copy.deepcopy(self._written)


def overlay_names() -> tuple[str, ...]:
    """The overlays that come with Comport, as `law/eu`."""
    return tuple(sorted(p.relative_to(FOLDER).with_suffix("").as_posix() for p in FOLDER.glob("*/*.yaml")))


def load_overlay(path: Path, language: str) -> Overlay:
    """The overlay in a YAML file, as it reads in a language.

    Raises:
        yamlfile.BadFile: with every problem of the file, each at its line.
    """
    document = yamlfile.read_document(path)
    _choose_language(document, language, ())
    plain = document.value if isinstance(document.value, dict) else {}
    written = copy.deepcopy(plain.get("sections"))
    _put_numbers(plain.get("sections"), plain.get("numbers"))
    overlay = yamlfile.check(document, Overlay)
    if overlay:
        overlay._written += _rows(written)
    for name, patterns in (overlay.phrases if overlay else {}).items():
        for index, pattern in enumerate(patterns):
            try:
                unfold(pattern, language, {})
            except BadPattern as error:
                document.report(("phrases", name, index), str(error), where=name)
    document.raise_problems()
    if overlay is None:
        raise RuntimeError(f"{path}: refused without a problem")
    return overlay


def _choose_language(document: Document, language: str, place: Path_) -> None:
    value = functools.reduce(lambda inner, step: inner[step], place, document.value)
    if not isinstance(value, dict | list):
        return
    for step in list(value) if isinstance(value, dict) else range(len(value)):
        inner = value[step]
        if isinstance(value, dict) and isinstance(inner, dict) and inner and inner.keys() <= set(LANGUAGES):
            taken = language if language in inner else "en" if step in _TEXTS and "en" in inner else None
            if taken is None:
                del value[step]
                continue
            document.choose(taken, (*place, step))
        _choose_language(document, language, (*place, step))


class Laid(msgspec.Struct):
    """The overlays of one rubric, the weightiest first, and what they have done to it so far."""

    overlays: list[Overlay]
    lines: dict[str, Path_]
    """Where the rubric names each overlay, or the one that includes it."""
    applied: list[Applied]

    def note(self, overlay: str, effect: Any, text: str, standard: str = "") -> None:
        self.applied.append(Applied(overlay, effect, standard, text))


def lay_values(document: Document) -> Laid:
    """Reads the overlays that a rubric names, and puts their numbers, distances, phrases and standards among
    its plain values, so that all of it is checked together. Problems are reported in `document`."""
    laid = _read_named(document)
    rubric = document.value
    standing = {
        standard["id"]
        for section in _rows(rubric.get("sections"))
        for standard in _rows(section.get("standards") if isinstance(section, dict) else None)
        if isinstance(standard, dict) and isinstance(standard.get("id"), str)
    }
    for overlay in laid.overlays:
        at = laid.lines[overlay.overlay]
        _lay_distance(document, laid, overlay, at)
        for section in overlay.written:
            _lay_section(document, laid, overlay, section, at, standing)
    for key in ("numbers", "phrases"):
        _lay_named(document, laid, key)
    for key in ("sections", "phases"):
        _put_numbers(rubric.get(key), rubric.get("numbers"))
    return laid


def _read_named(document: Document) -> Laid:
    named = document.value.get("overlays")
    todo = [
        (name, ("overlays", i)) for i, name in enumerate([named] if isinstance(named, str) else _rows(named))
    ]
    language, known = str(document.value.get("language")), overlay_names()
    laid = Laid([], {}, [])
    while todo:
        name, at = todo.pop(0)
        if not isinstance(name, str) or name in laid.lines:
            continue
        laid.lines[name] = at
        own = name.endswith((".yaml", ".yml"))
        if not own and name not in known:
            document.report(at, f"unknown overlay '{name}'{nearest(name, list(known))}")
            continue
        path = beside(document.path, name) if own else FOLDER / f"{name}.yaml"
        if path is None:
            text = f"'{name}' lies outside the rubric's folder; put the overlay beside the rubric"
            document.report(at, text)
            continue
        try:
            overlay = load_overlay(path, language)
        except yamlfile.BadFile as bad:
            document.problems += bad.problems
            continue
        if own and overlay.overlay in known:
            text = f"'{name}' calls itself '{overlay.overlay}', which comes with Comport; name it otherwise"
            document.report(at, text)
            continue
        laid.lines[overlay.overlay] = at
        laid.overlays.append(overlay)
        todo += [(other, at) for other in overlay.includes]
    laid.overlays.sort(key=lambda overlay: KINDS.index(overlay.kind))
    return laid


def _rows(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _lay_distance(document: Document, laid: Laid, overlay: Overlay, at: Path_) -> None:
    """`too_close`: law before the rubric before sector before culture; of two of one kind the larger."""
    if overlay.distances is None:
        return
    given = overlay.distances.too_close
    by = {a.overlay: a for a in laid.applied if a.effect == "sets" and a.text.startswith("too close")}
    rivals = [o for o in laid.overlays if o.overlay in by and o.distances]
    if any(
        o.kind != overlay.kind or (o.distances and o.distances.too_close.value >= given.value) for o in rivals
    ):
        return
    if document.value.get("distances") and not rivals and overlay.kind != "law":
        laid.note(overlay.overlay, "yields", f"too close stays as the rubric says, not {given}")
        return
    laid.applied = [a for a in laid.applied if a not in by.values()]
    document.put(("distances",), {"too_close": given.written}, at)
    laid.note(overlay.overlay, "sets", f"too close is nearer than {given}")


def _lay_section(
    document: Document, laid: Laid, overlay: Overlay, plain: dict[str, Any], at: Path_, standing: set[Any]
) -> None:
    """Adds the standards of an overlay, in the rubric's section of that id or in a new one."""
    own = _rows(document.value.get("sections"))
    added: list[Any] = []
    for standard in plain["standards"]:
        if standard["id"] in standing and overlay.kind != "law":
            text = f"the rubric's own '{standard['id']}' stands for the overlay's"
            laid.note(overlay.overlay, "yields", text, standard["id"])
            continue
        # A law's standard of an id that the rubric uses too is reported as a duplicate.
        standing.add(standard["id"])
        added.append(standard)
        laid.note(overlay.overlay, "adds", f"adds the standard '{standard['title']}'", standard["id"])
    if not added or not own:
        return
    number = next(
        (n for n, s in enumerate(own) if isinstance(s, dict) and s.get("id") == plain["id"]), len(own)
    )
    if number == len(own):
        document.put(("sections", number), {**plain, "standards": []}, at)
    rows = own[number].get("standards")
    for standard in added if isinstance(rows, list) else ():
        document.put(("sections", number, "standards", len(rows)), standard, at)


def _lay_named(document: Document, laid: Laid, key: str) -> None:
    """Numbers and phrases that a standard or phase names and the rubric does not define itself."""
    own = document.value.get(key, {})
    used = wanted(document.value)
    if not isinstance(own, dict):
        return
    given: dict[str, tuple[Overlay, Any]] = {}
    for overlay in laid.overlays:
        for name, value in getattr(overlay, key).items():
            if name not in used:
                continue
            before, held = given.get(name, (overlay, None))
            if name in own and not (key == "numbers" and overlay.kind == "law"):
                laid.note(overlay.overlay, "yields", f"'{name}' stays as the rubric says")
            elif held is None or (key == "phrases" and before.kind == overlay.kind):
                plain = value.written if key == "numbers" else [*(held or []), *value]
                given[name] = (overlay, plain)
                said = f": {value}" if key == "numbers" else ""
                laid.note(overlay.overlay, "sets", f"gives the {key[:-1]} '{name}'{said}")
    if given and key not in document.value:
        document.put((key,), {}, laid.lines[next(iter(given.values()))[0].overlay])
    for name, (overlay, plain) in given.items():
        document.put((key, name), plain, laid.lines[overlay.overlay])


def _put_numbers(value: Any, numbers: Any) -> None:
    """Numbers in the stead of their names, wherever an amount is expected."""
    if not isinstance(numbers, dict):
        return
    for inner in value if isinstance(value, list) else ():
        _put_numbers(inner, numbers)
    for key, inner in list(value.items()) if isinstance(value, dict) else ():
        if key not in AMOUNTS:
            _put_numbers(inner, numbers)
        elif isinstance(inner, str):
            value[key] = numbers.get(inner, inner)
        elif isinstance(inner, list):
            value[key] = [numbers.get(one, one) if isinstance(one, str) else one for one in inner]


def lay_treatment(rubric: Rubric, laid: Laid) -> Rubric:
    """The rubric with its standards treated as the overlays say, the strictest first: forbidden, then for
    coaching, then scored; and with the record of all that was done."""
    confirm = rubric.confirm
    for overlay in laid.overlays:
        if overlay.confirm:
            confirm = overlay.confirm
            laid.note(
                overlay.overlay, "confirm", "a person confirms every critical miss before it zeroes anything"
            )
    sections = []
    for section in rubric.sections:
        treated = [_treated(standard, rubric, laid) for standard in section.standards]
        kept = tuple(standard for standard in treated if standard)
        if kept:
            sections.append(section.model_copy(update={"standards": kept}))
    update = {"sections": tuple(sections), "confirm": confirm, "applied": tuple(laid.applied)}
    return rubric.model_copy(update=update)


def _treated(standard: Standard, rubric: Rubric, laid: Laid) -> Standard | None:
    """The standard as the strictest overlay wants it treated; None where one forbids it."""
    asked = [(o, t) for o in laid.overlays for t in o.treat if t.meets(standard, rubric)]
    for overlay, treat in asked:
        if treat.treatment == "forbid":
            text = f"“{standard.title}” is left out: {treat.why}"
            laid.note(overlay.overlay, "forbids", text, standard.id)
            return None
    basis = standard.basis.strip() or rubric.basis.strip()
    for overlay, treat in asked:
        if treat.unless == "basis" and basis:
            text = f"“{standard.title}” is scored, on the company's own basis: {basis}"
            laid.note(overlay.overlay, "scored", text, standard.id)
            continue
        text = f"“{standard.title}” is shown for coaching and never scored: {treat.why}"
        laid.note(overlay.overlay, "coaching", text, standard.id)
        return standard.model_copy(update={"treatment": "coaching"})
    return standard
