"""Tickets of Zendesk with their comments; private notes are left out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from audit.arrivals import Arrival, Facts, Rejected, Start, digest_of
from audit.interactions import Channel, Party, Role
from audit.jsonfile import Item, convert, items
from audit.mail import new_text, of_html
from audit.said import Message, Told, local, written

NAME = "Zendesk tickets"
SUFFIXES = (".json", ".jsonl", ".ndjson")

Id = int | str


class _User(msgspec.Struct):
    id: Id
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    role: str | None = None


class _Via(msgspec.Struct):
    channel: str | int | None = None


class _Comment(msgspec.Struct):
    author_id: Id
    created_at: str
    public: bool
    plain_body: str | None = None
    body: str | None = None
    html_body: str | None = None

    @property
    def text(self) -> str:
        if self.plain_body or self.body:
            return new_text(self.plain_body or self.body or "")
        return new_text(of_html(self.html_body or ""))


class _Ticket(msgspec.Struct):
    comments: list[_Comment]
    id: Id = ""
    subject: str | None = None
    requester_id: Id | None = None
    assignee_id: Id | None = None
    via: _Via | None = None
    requester: _User | None = None
    assignee: _User | None = None
    submitter: _User | None = None
    users: list[_User] = []


CHANNELS = {
    **dict.fromkeys(("chat", "native_messaging", "messaging", "web_messenger", "sms"), Channel.CHAT),
    **dict.fromkeys(
        ("twitter", "facebook", "whatsapp", "instagram_dm", "line", "any_channel", "telegram"), Channel.SOCIAL
    ),
}
"""By `via.channel`; tickets of all other channels are letters, as e-mails are."""


def recognises(start: Start) -> bool:
    """Tickets, a ticket, or comments as the interface gives them."""
    keys = start.keys
    ticket = {"comments"} <= keys and bool(keys & {"ticket", "requester_id", "requester", "count", "users"})
    return "tickets" in keys or ticket


def read(path: Path, facts: Facts) -> Iterator[Arrival | Rejected]:
    """Each ticket as one arrival: its requester is the customer, its assignee and other agents the agent."""
    users = {}
    if path.suffix.lower() == ".json":
        for one in items(path, ("users",)):
            if isinstance(one, Item) and "comments" not in one.value and "tickets" not in one.value:
                try:
                    user = convert(path, one.value, _User, one.where)
                except Rejected:
                    continue
                users[str(user.id)] = user
    for item in items(path, ("tickets",)):
        if isinstance(item, Rejected):
            yield item
            continue
        try:
            yield _ticket(path, facts, item, users)
        except Rejected as error:
            yield Rejected(error.path, error.line_number or item.line_number, error.problem)


def _ticket(path: Path, facts: Facts, item: Item, users: dict[str, _User]) -> Arrival:
    value: dict[str, Any] = item.value
    if isinstance(value.get("ticket"), dict):
        value = {**value["ticket"], **{k: value[k] for k in ("comments", "users") if k in value}}
    where = f"ticket {value.get('id', item.where)}"
    if "comments" not in value:
        raise Rejected(str(path), None, f"{where}: no comments; export the tickets with their comments")
    ticket = convert(path, value, _Ticket, where)
    people = {**users, **{str(u.id): u for u in ticket.users}}
    for given in (ticket.requester, ticket.assignee, ticket.submitter):
        if given:
            people.setdefault(str(given.id), given)
    customer = str(ticket.requester_id or (ticket.requester.id if ticket.requester else ""))
    agent = str(ticket.assignee_id or (ticket.assignee.id if ticket.assignee else ""))
    public = [c for c in ticket.comments if c.public]
    if not public:
        raise Rejected(str(path), None, f"{where}: it has only private notes")
    roles: dict[str, Role | None] = {}
    for author in dict.fromkeys([customer, *(str(c.author_id) for c in public)]):
        if author:
            roles[author] = _role(author, customer, agent, people.get(author))
    messages = []
    for number, comment in enumerate(public, start=1):
        at = local(comment.created_at, facts)
        if at is None:
            raise Rejected(str(path), None, f"{where}, comment {number}: '{comment.created_at}' is no time")
        author = str(comment.author_id)
        messages.append(Message(at, _name(author, people), roles.get(author), comment.text))
    parties = tuple(_party(a, role, people) for a, role in roles.items())
    said = [(m.at.isoformat(), m.speaker, m.text) for m in messages]
    told = Told(
        "zendesk",
        digest_of("zendesk", str(ticket.id), said),
        CHANNELS.get(str(ticket.via.channel) if ticket.via else "", Channel.EMAIL),
        parties=parties,
        source_id=str(ticket.id),
        title=ticket.subject or (f"ticket {ticket.id}" if ticket.id else ""),
    )
    return written(path, facts, told, messages)


def _role(author: str, customer: str, agent: str, user: _User | None) -> Role | None:
    if author == "-1":
        return Role.BOT
    if author == customer:
        return Role.CUSTOMER
    if author == agent or (user and user.role in ("agent", "admin")):
        return Role.AGENT
    return Role.CUSTOMER if user and user.role == "end-user" and not customer else None


def _name(author: str, people: dict[str, _User]) -> str:
    user = people.get(author)
    return (user.name or user.email if user else None) or f"user {author}"


def _party(author: str, role: Role | None, people: dict[str, _User]) -> Party:
    user = people.get(author) or _User(author)
    crm, employee = (author, "") if role == Role.CUSTOMER else ("", author if role == Role.AGENT else "")
    return Party(
        role, user.name or "", _name(author, people), user.email or "", user.phone or "", crm, employee
    )
