"""What changed from one rubric to another, in words."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from audit.rubric import Rubric, Standard
from audit.workbench.wording import RULE, during_words, plain, rule_words, when_words, written

ALIKE = 0.8
"""A standard that went and one that came are one with a new id when their texts are this alike (difflib's
ratio): our choice."""

AMOUNTS = ("at_most", "at_least", "longer_than", "more_than", "zero_at")


class Change(msgspec.Struct, frozen=True):
    """One difference: `of` what (`rubric`, `section`, `standard`, `phrase`…), its name, and the sentence."""

    of: str
    name: str
    text: str


def compare(old: Rubric, new: Rubric) -> tuple[Change, ...]:
    """Every difference from `old` to `new`; empty when they say the same."""
    return tuple(_compare(old, new))


def _compare(old: Rubric, new: Rubric) -> Iterator[Change]:
    before, after = (r.model_dump(mode="json", exclude_defaults=True, by_alias=True) for r in (old, new))
    for key in dict.fromkeys((*before, *after)):
        one, other = before.get(key), after.get(key)
        if key == "sections" or one == other:
            continue
        if key == "applied":
            for text in sorted({x["text"] for x in other or ()} ^ {x["text"] for x in one or ()}):
                gone = text in {x["text"] for x in one or ()}
                yield Change(
                    "overlay", key, f"no longer laid over it: {text}" if gone else f"laid over it: {text}"
                )
        elif isinstance(one or {}, dict) and isinstance(other or {}, dict):
            yield from _mapping(key.removesuffix("s"), one or {}, other or {})
        else:
            yield Change("rubric", key, f"{key} is {_shown(other)} instead of {_shown(one)}")
    names = renamed(old, new)
    yield from _sections(old, new)
    homes = [{s.id: section.id for section in r.sections for s in section.standards} for r in (old, new)]
    news = {standard.id: standard for standard in new.standards}
    for standard in old.standards:
        name = names.get(standard.id, standard.id)
        if name not in news:
            yield Change("standard", standard.id, f"'{standard.id}' was removed: {standard.title}")
            continue
        if name != standard.id:
            yield Change(
                "standard", name, f"'{standard.id}' is now called '{name}': its history stays behind"
            )
        if homes[0][standard.id] != homes[1][name]:
            yield Change(
                "standard", name, f"'{name}' moved from '{homes[0][standard.id]}' to '{homes[1][name]}'"
            )
        yield from _standard(written(standard), written(news[name]), name)
    known = {names.get(s.id, s.id) for s in old.standards}
    for standard in new.standards:
        if standard.id not in known:
            rule = rule_words(written(standard))
            yield Change("standard", standard.id, f"'{standard.id}' was added: {standard.title} ({rule})")


def renamed(old: Rubric, new: Rubric) -> dict[str, str]:
    """Old id → new id of standards that stayed what they were but for their id."""
    found: dict[str, str] = {}
    ids = [{standard.id for standard in r.standards} for r in (old, new)]
    came = [s for s in new.standards if s.id not in ids[0]]
    for gone in (s for s in old.standards if s.id not in ids[1]):
        best = max(came, key=lambda s: _alike(gone, s), default=None)
        if best is not None and _alike(gone, best) >= ALIKE:
            came.remove(best)
            found[gone.id] = best.id
    return found


def _alike(one: Standard, other: Standard) -> float:
    before, after = (plain({k: v for k, v in written(s).items() if k != "id"}) for s in (one, other))
    return difflib.SequenceMatcher(None, before, after, autojunk=False).ratio()


def _sections(old: Rubric, new: Rubric) -> Iterator[Change]:
    before, after = ({s.id: s for s in r.sections} for r in (old, new))
    for name in dict.fromkeys((*before, *after)):
        one, other = before.get(name), after.get(name)
        if one is None or other is None:
            yield Change("section", name, f"section '{name}' was {'added' if one is None else 'removed'}")
            continue
        if one.title != other.title:
            yield Change(
                "section", name, f"section '{name}' is titled “{other.title}” instead of “{one.title}”"
            )
        if one.weight != other.weight:
            yield Change(
                "section", name, f"section '{name}' weighs {other.weight:g} instead of {one.weight:g}"
            )


def _mapping(of: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Change]:
    """Slots, values, phrases and such: names that came or went, and what changed in those that stayed."""
    for name in dict.fromkeys((*one, *other)):
        if name not in one:
            yield Change(of, name, f"{of} '{name}' was added: {_shown(other[name])}")
        elif name not in other:
            yield Change(of, name, f"{of} '{name}' was removed")
        elif one[name] != other[name]:
            yield Change(of, name, f"{of} '{name}' {_lists(one[name], other[name])}")


def _lists(one: Any, other: Any) -> str:
    if not (isinstance(one, list) and isinstance(other, list)):
        return f"is {_shown(other)} instead of {_shown(one)}"
    more = [_shown(x) for x in other if x not in one]
    less = [_shown(x) for x in one if x not in other]
    told = [f"now has {', '.join(more)}" if more else "", f"no longer has {', '.join(less)}" if less else ""]
    return " and ".join(filter(None, told)) or "has the same in another order"


def _standard(one: dict[str, Any], other: dict[str, Any], name: str) -> Iterator[Change]:
    def change(text: str) -> Change:
        return Change("standard", name, f"'{name}' {text}")

    rule = ("by", "during", *RULE)
    if any(one.get(key) != other.get(key) for key in rule):
        yield change(_rule(one, other))
    if one.get("when") != other.get("when"):
        now = when_words(other["when"]) if other.get("when") else "always"
        before = when_words(one["when"]) if one.get("when") else "always"
        yield change(f"applies {now} instead of {before}")
    if one.get("weight") != other.get("weight"):
        yield change(f"weighs {other.get('weight', 1):g} instead of {one.get('weight', 1):g}")
    if one.get("critical") != other.get("critical"):
        was, level = one.get("critical"), other.get("critical")
        yield change(f"is critical for the {level}" if level else f"is no longer critical for the {was}")
    if one.get("examples") != other.get("examples"):
        had, has = one.get("examples", {}), other.get("examples", {})
        for verdict in dict.fromkeys((*had, *has)):
            lists = (had.get(verdict, []), has.get(verdict, []))
            more, less = (sum(x not in b for x in a) for a, b in (lists[::-1], lists))
            if more or less:
                yield change(f"has {more} new examples of {verdict} and lost {less}")
    told = {"id", "when", "weight", "critical", "examples", *rule}
    for key in dict.fromkeys((*one, *other)):
        if key not in told and one.get(key) != other.get(key):
            yield change(f"has another {key}: {_shown(other.get(key))} instead of {_shown(one.get(key))}")


def _rule(one: dict[str, Any], other: dict[str, Any]) -> str:
    """One number that moved is told as such; anything else by both rules."""
    changed = [key for key in ("by", "during", *RULE) if one.get(key) != other.get(key)]
    key, *more = changed
    before, after = one.get(key), other.get(key)
    if not more and isinstance(before, dict) and isinstance(after, dict):
        moved = [k for k in {**before, **after} if before.get(k) != after.get(k)]
        if (
            key in ("keep", "avoid")
            and len(moved) == 1
            and moved[0] in AMOUNTS
            and all(moved[0] in part for part in (before, after))
        ):
            verb = {"at_least": "asks for", "zero_at": "gives no credit at"}.get(moved[0], "allows")
            return f"now {verb} {after[moved[0]]} instead of {before[moved[0]]}"
        if key in ("say", "do", "avoid") and len(moved) == 1 and isinstance(after.get(moved[0]), list):
            return f"{key}: {_lists(before.get(moved[0], []), after[moved[0]])}"
        if key == "during":
            return f"now looks {during_words(after)} instead of {during_words(before)}"
    return f"now asks: {rule_words(other)}; before: {rule_words(one)}"


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return f"“{' '.join(value.split())}”" if isinstance(value, str) else plain(value)
