"""The questions of `comport rubric new`: each answer may also be given as an option."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from audit.console import out
from audit.interactions import Channel
from audit.pipeline import find_rubric
from audit.workbench.new import Wish, languages, packs_for

ALL = "all"


def ask_for(given: Mapping[str, Any], yes: bool) -> Wish:
    """What the new rubric is to be: as given, else as answered, else (with `yes`) the default.

    Raises:
        NotMade: no pack speaks the language on that channel.
        click.UsageError: the brand, which has no default, is not given.
    """

    def ask(key: str, question: str, default: str | None = None, choice: Sequence[str] = ()) -> str:
        if given.get(key):
            return str(given[key])
        if yes:
            if default is None:
                raise click.UsageError(f"--yes needs --{key}: nobody else knows it")
            return default
        return str(click.prompt(question, default=default, type=click.Choice(choice) if choice else str))

    language = ask("language", "Which language is spoken?", "en", languages())
    channel = Channel(ask("channel", "On which channel?", Channel.CALL.value, [c.value for c in Channel]))
    brand = ask("brand", "What is the house called, as customers hear it?")
    packs = packs_for(language, channel)
    pack = ask("pack", "Which pack are standards taken from?", packs[0], packs)
    name = ask("name", "Id of the rubric (small letters, digits, hyphens)", f"my-{pack}")
    sections, standards = tuple(given.get("sections") or ()), tuple(given.get("standards") or ())
    if not (sections or standards or yes):
        sections, standards = _choose(pack)
    return Wish(name, language, channel, brand, pack, sections, standards)


def _choose(pack: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sections, then standards in them, as answered."""
    rubric = find_rubric(pack)
    for section in rubric.sections:
        out.print(f"  {section.id:16} {section.title} ({len(section.standards)} standards)", highlight=False)
    taken = _names("Which sections? (ids with commas between them)")
    for section in rubric.sections:
        if not taken or section.id in taken:
            for standard in section.standards:
                out.print(f"  {standard.id:24} {standard.title}", highlight=False)
    left_out = _names("Which standards shall be left out?", "none")
    standards = tuple(
        standard.id
        for section in rubric.sections
        if not taken or section.id in taken
        for standard in section.standards
        if standard.id not in left_out
    )
    known = {standard.id for standard in rubric.standards}
    return taken, (*standards, *(name for name in left_out if name not in known)) if left_out else ()


def _names(question: str, default: str = ALL) -> tuple[str, ...]:
    answer = click.prompt(question, default=default)
    return () if answer == default else tuple(filter(None, (name.strip() for name in answer.split(","))))
