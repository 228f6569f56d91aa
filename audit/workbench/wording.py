"""Rules in sentences, as a manual would say them; whatever has no sentence yet is shown as it is written."""

from collections.abc import Mapping
from typing import Any

from audit.rubric import Standard

Written = Mapping[str, Any]

RULE = ("say", "do", "avoid", "keep", "order", "all", "any", "not", "ask")
"""The keys of a standard that ask for something."""


def written(standard: Standard) -> dict[str, Any]:
    """The standard as plain values, without what was left at its usual value."""
    return standard.model_dump(mode="json", exclude_defaults=True, by_alias=True)


def rule_words(rule: Written) -> str:
    """What a rule asks for: `says 'greeting' and 'own-name'`, `longest silence at most 15 s`."""
    told = []
    for key in RULE:
        if key in rule:
            told.append(_asked(key, rule[key]))
    who = f"{rule['by']}: " if rule.get("by") else ""
    where = during_words(rule["during"]) if rule.get("during") else ""
    return who + " and ".join(told) + (f", {where}" if where else "")


def _asked(key: str, value: Any) -> str:
    match key, value:
        case "say" | "do", {"all": names}:
            return f"{_verb(key)} {_names(names, 'and')}"
        case "say" | "do", {"any": names, **rest}:
            return f"{_verb(key)} {_names(names, 'or')}{_band(rest, ' ')}"
        case "say", {"phrase": name, **rest}:
            return f"says '{name}'{_band(rest, ' ')}"
        case "do", {"event": name, **rest}:
            return f"does {name}{_band(rest, ' ')}"
        case "avoid", {"said": names, **rest}:
            return f"never says {_names(names, 'or')}{_limits(rest)}"
        case "avoid", {"event": name, **rest}:
            return f"no {name}{_limits(rest)}"
        case "keep", {"measure": name, **rest}:
            return f"{name.replace('_', ' ')}{_band(rest, ' ')}"
        case "order", list() as steps:
            return "in this order: " + ", then ".join(_step(step) for step in steps)
        case "all" | "any", list() as rules:
            return "(" + (" and " if key == "all" else " or ").join(map(rule_words, rules)) + ")"
        case "not", dict() as rule:
            return f"not ({rule_words(rule)})"
        case "ask", _:
            return f"a person answers “{value}”"
    return f"{key}: {plain(value)}"


def when_words(when: Written) -> str:
    """The condition of a rule: `if the customer says 'complaint'`."""
    return f"if {_condition(when)}"


def _condition(when: Written) -> str:
    who = when.get("by")
    band = _band({k: when[k] for k in ("at_least", "at_most") if k in when}, " ")
    where = f", {during_words(when['during'])}" if when.get("during") else ""
    match when:
        case {"said": name}:
            return f"{f'the {who}' if who else 'somebody'} says '{name}'{band}{where}"
        case {"event": name}:
            return f"{name}{f' by the {who}' if who else ''} happens{band}{where}"
        case {"measure": name}:
            return f"{name.replace('_', ' ')}{f' of the {who}' if who else ''} is{band}{where}"
        case {"all": several}:
            return "(" + " and ".join(map(_condition, several)) + ")"
        case {"any": several}:
            return "(" + " or ".join(map(_condition, several)) + ")"
        case {"not": one}:
            return f"not ({_condition(one)})"
    return plain(when)


def during_words(during: Written) -> str:
    """The part that is looked at: `in the first 20 s`, `before each 'hold' within 20 s`."""
    by = f" by the {during['by']}" if during.get("by") else ""
    within = f" within {during['within']}" if during.get("within") else ""
    inside = f" in '{during['in']}'" if during.get("in") else ""
    match during:
        case {"first": amount}:
            return f"in the first {amount}{by}{inside}"
        case {"last": amount}:
            return f"in the last {amount}{by}{inside}"
        case {"before": name}:
            return f"before each '{name}'{by}{within}{inside}"
        case {"after": name}:
            return f"after each '{name}'{by}{within}{inside}"
        case {"between": [one, other]}:
            return f"between '{one}' and '{other}'{by}{within}{inside}"
        case {"while": name}:
            return f"while '{name}'{by} lasts{inside}"
    return plain(during)


def _verb(key: str) -> str:
    return "says" if key == "say" else "does"


def _names(names: Any, joint: str) -> str:
    several = [names] if isinstance(names, str) else list(names)
    return f" {joint} ".join(f"'{name}'" for name in several)


def _band(rest: Mapping[Any, Any], before: str) -> str:
    told = []
    match rest:
        case {"between": [low, high]}:
            told.append(f"between {low} and {high}")
        case {"at_least": low, "at_most": high}:
            told.append(f"between {low} and {high}")
        case {"at_least": low}:
            told.append(f"at least {low}")
        case {"at_most": high}:
            told.append(f"at most {high}")
    if "zero_at" in rest:
        told.append(f"no credit at {rest['zero_at']}")
    known = {"between", "at_least", "at_most", "zero_at"}
    told += [f"{key} {plain(value)}" for key, value in rest.items() if key not in known]
    return before + ", ".join(told) if told else ""


def _limits(rest: Mapping[Any, Any]) -> str:
    words = {"longer_than": "longer than", "more_than": "more than", "zero_at": "no credit at"}
    told = [f"{words.get(key, key)} {plain(value)}" for key, value in rest.items()]
    return " " + ", ".join(told) if told else ""


def _step(step: Any) -> str:
    if isinstance(step, str):
        return f"'{step}'"
    match step:
        case {"optional": names}:
            told = f"perhaps {_names(names, 'or')}"
        case {"any": names}:
            told = _names(names, "or")
        case _:
            told = f"'{step.get('step', '')}'"
    by = f" by the {step['by']}" if step.get("by") else ""
    return told + by + (f" within {step['within']}" if step.get("within") else "")


def plain(value: Any) -> str:
    """A value on one line, as YAML would have it in braces."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {plain(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(plain, value)) + "]"
    return str(value)
