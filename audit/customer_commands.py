"""`comport customer` and `comport employee`: who is who over all channels, and what people decide of it."""

import getpass
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from audit.console import json_option, out, print_json, print_table, store_of
from audit.interactions import Role

if TYPE_CHECKING:
    from audit.customers import Link

by_option = click.option("--by", default=getpass.getuser, show_default="your account", help="Who says so.")

_SHOWN = {"crm": "customer number", "phone": "telephone", "email": "e-mail", "employee": "employee number"}


def _group(name: str, role: Role) -> click.Group:
    """The commands about customers, or about employees."""
    key = "customer" if role == Role.CUSTOMER else "agent"

    @click.group(name, help=f"Each {name} over all channels: list, join, part, and undo.")
    def group() -> None: ...

    @group.command("list", help=f"The {name}s, or those whose name, address or number begins with WORDS.")
    @click.argument("words", nargs=-1)
    @click.option("--limit", default=50, show_default=True, type=click.IntRange(1))
    @click.option("--after", default=0, type=click.IntRange(0), help="Go on after this number.")
    @json_option
    @click.pass_context
    def listed(context: click.Context, words: tuple[str, ...], limit: int, after: int, as_json: bool) -> None:
        from rich.table import Table

        from audit.customers import people

        found = people(store_of(context), role, " ".join(words), limit, after)
        if as_json:
            print_json({"people": found})
            return
        if not found:
            out.print(
                f"no {name} fits"
                if words or after
                else f"no {name} is known yet: write {key}: NAME into the .meta.yaml beside a file, "
                "and take it in again",
                highlight=False,
            )
            return
        table = Table(box=None, pad_edge=False, header_style="dim")
        for heading in ("number", "name", "known by", "interactions"):
            table.add_column(heading)
        for one in found:
            known = ", ".join(i.value for i in one.identities if i.kind not in ("interaction", "name"))
            table.add_row(f"#{one.number}", escape(one.title), escape(known), str(one.interactions))
        print_table(table)
        if len(found) == limit:
            out.print(f"more with --after {found[-1].number}", highlight=False)

    @group.command(
        "show",
        help=f"What {'an' if name[0] in 'aei' else 'a'} {name} is known by, "
        "what was joined and by whom, and the interactions.",
    )
    @click.argument("who")
    @json_option
    @click.pass_context
    def show(context: click.Context, who: str, as_json: bool) -> None:
        from audit.customers import find_person, interactions_of, links

        store = store_of(context)
        one = find_person(store, role, who)
        theirs, joined = interactions_of(store, one), links(store, role, person=one)
        if as_json:
            print_json({"person": one, "links": joined, "interactions": theirs})
            return
        out.print(f"#{one.number} [bold]{escape(one.title)}[/]", highlight=False)
        for identity in one.identities:
            if identity.kind not in ("interaction", "name"):
                shown = f"  {_SHOWN.get(identity.kind, identity.kind)} {identity.value}"
                out.print(shown, markup=False, highlight=False)
        for link in joined:
            _print_link(link)
        for identity_ in theirs:
            about = store.interaction(identity_)
            when = (about.started_at or "time unknown")[:16].replace("T", " ")
            out.print(
                f"{when}  {about.channel}  {about.title}  {about.id[:12]}", markup=False, highlight=False
            )

    @group.command("proposals", help=f"{name.capitalize()}s that may be one, with what speaks for it.")
    @json_option
    @click.pass_context
    def proposals(context: click.Context, as_json: bool) -> None:
        from audit.customers import links
        from audit.identities import State

        waiting = links(store_of(context), role, State.PROPOSED)
        if as_json:
            print_json({"proposals": waiting})
            return
        for link in waiting:
            _print_link(link)
        if not waiting:
            out.print("nothing waits for a decision", highlight=False)

    _add_decisions(group, name, role)
    return group


def _add_decisions(group: click.Group, name: str, role: Role) -> None:
    @group.command("accept", help="They are one: join the two ends of proposal LINK.")
    @click.argument("link", type=int)
    @by_option
    @click.option("--because", default="", help="Why, for the log.")
    @click.pass_context
    def accept(context: click.Context, link: int, by: str, because: str) -> None:
        from audit.customers import decide
        from audit.identities import State

        decide(store_of(context), link, State.JOINED, by, because)
        out.print(f"{link} joined; undo it with: comport {name} refuse {link}", highlight=False)

    @group.command("refuse", help="They are two: refuse proposal LINK, or part what was joined by it.")
    @click.argument("link", type=int)
    @by_option
    @click.option("--because", default="", help="Why, for the log.")
    @click.pass_context
    def refuse(context: click.Context, link: int, by: str, because: str) -> None:
        from audit.customers import decide
        from audit.identities import State

        decide(store_of(context), link, State.REFUSED, by, because)
        out.print(f"{link} refused; undo it with: comport {name} accept {link}", highlight=False)

    @group.command("join", help=f"Make one {name} of two that you know to be one.")
    @click.argument("one")
    @click.argument("other")
    @by_option
    @click.option("--because", required=True, help="Why, for the log.")
    @click.pass_context
    def joins(context: click.Context, one: str, other: str, by: str, because: str) -> None:
        from audit.customers import join

        number = join(store_of(context), role, one, other, by, because)
        out.print(f"joined; undo it with: comport {name} refuse {number}", highlight=False)


def _print_link(link: "Link") -> None:
    ends = [
        " ".join(filter(None, (called, "" if end.kind in ("interaction", "name") else end.value)))
        or f"somebody of {end.value[:12]}"
        for end, called in zip((link.one, link.other), link.names, strict=True)
    ]
    out.print(f"{link.number}  {link.state}  {' | '.join(ends)}", markup=False, highlight=False)
    for told in link.evidence:
        out.print(f"    {told}", markup=False, highlight=False)
    for one in link.log:
        why = f": {one.why}" if one.why and one.why not in link.evidence else ""
        out.print(f"    {one.at:%Y-%m-%d %H:%M} {one.state} by {one.by}{why}", markup=False, highlight=False)


customer = _group("customer", Role.CUSTOMER)
employee = _group("employee", Role.AGENT)
