"""E-mails, one (.eml) or many (.mbox): each thread is an interaction."""

import email
import email.policy
import email.utils
import mailbox
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.errors import MessageError
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

from audit.arrivals import Arrival, Facts, Rejected, Start, digest_of
from audit.interactions import Channel, Party, Role
from audit.mail import new_text, text_of
from audit.said import Message, Told, written

NAME = "e-mail"
SUFFIXES = (".eml", ".mbox")

LARGEST_BYTES = 160 * 1024 * 1024
"""The largest mail that a usual server takes: 150 MB, the highest setting of Exchange Online."""

LONGEST_HEADER = 100_000
"""Python's parser of headers takes 2 minutes for one of 1 MB. Mails to 3000 people fit."""

_HEADER = re.compile(rb"^content-[a-z-]+:[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE | re.MULTILINE)

_REPLY = re.compile(r"\s*(?:re|r|fwd?|aw|wg|i|rif|sv|پاسخ)\s*:\s*", re.IGNORECASE)
_BROKEN = (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What Python's e-mail parser raises for headers that nobody should write."""


class _Mail(NamedTuple):
    at: datetime
    message_id: str
    before: tuple[str, ...]
    """The ids of the mails that it answers, the first one of its thread first."""
    sender: tuple[str, str]
    others: tuple[tuple[str, str], ...]
    subject: str
    text: str
    automatic: bool


def recognises(start: Start) -> bool:
    """Every `.eml` and `.mbox` file: what is wrong in it is told when it is read."""
    return start.suffix in SUFFIXES


def read(path: Path, facts: Facts) -> Iterator[Arrival | Rejected]:
    """Each thread as one arrival: mails that name each other in References or In-Reply-To.

    A name, an address or a domain (`@northwind.example`) in the facts' `roles` says whose mails those are;
    where it says who the agent is, others who write are customers.
    """
    threads: dict[str, list[_Mail]] = {}
    root: dict[str, str] = {}
    for one in _mails(path):
        if isinstance(one, Rejected):
            yield one
            continue
        ids = [i for i in (one.message_id, *one.before) if i]
        known = next((root[i] for i in ids if i in root), one.before[0] if one.before else one.message_id)
        # Two threads that this mail joins become one.
        for old in {root[i] for i in ids if i in root} - {known}:
            threads.setdefault(known, []).extend(threads.pop(old))
            root.update({i: known for i, r in root.items() if r == old})
        threads.setdefault(known, []).append(one)
        root.update(dict.fromkeys(ids, known))
    for mails in threads.values():
        try:
            yield _thread(path, facts, sorted(mails, key=lambda m: m.at))
        except Rejected as error:
            yield error


def _thread(path: Path, facts: Facts, mails: list[_Mail]) -> Arrival:
    unique = list({(m.message_id or n): m for n, m in enumerate(mails)}.values())
    # Who writes goes before the mailbox that was written to: they are the agent and the customer.
    wrote = [m.sender for m in unique if not m.automatic]
    addresses: dict[str, str] = {}
    for n, a in (*wrote, *(one for m in unique for one in (m.sender, *m.others))):
        if a and not addresses.get(a.lower()):
            addresses[a.lower()] = n
    roles = {a: role for a, n in addresses.items() if (role := _role(facts, n, a)) is not None}
    if Role.AGENT in roles.values():
        roles = {a.lower(): Role.CUSTOMER for _, a in wrote if a} | roles
    messages = [
        Message(
            m.at,
            m.sender[0] or m.sender[1],
            Role.BOT if m.automatic else roles.get(m.sender[1].lower()),
            m.text,
        )
        for m in unique
    ]
    writers = {m.sender[1].lower(): m.sender[0] or m.sender[1] for m in unique}
    parties = tuple(Party(roles.get(a), n, writers.get(a), a) for a, n in addresses.items())
    said = [(m.message_id, m.at.isoformat(), m.text) for m in unique]
    subject = unique[0].subject
    while (found := _REPLY.match(subject)) and found.end():
        subject = subject[found.end() :]
    told = Told(
        "e-mail",
        digest_of("e-mail", said),
        Channel.EMAIL,
        parties=parties,
        source_id=unique[0].message_id,
        title=subject,
    )
    return written(path, facts, told, messages)


def _role(facts: Facts, name: str, address: str) -> Role | None:
    keys = (address, name, "@" + address.rpartition("@")[2])
    given = {k.lower(): role for k, role in facts.roles.items()}
    return next((given[k.lower()] for k in keys if k.lower() in given), None)


def _mails(path: Path) -> Iterator[_Mail | Rejected]:
    for number, content in enumerate(_contents(path), start=1):
        where = f"mail {number}"
        if len(content) > LARGEST_BYTES:
            yield Rejected(str(path), None, f"{where}: larger than {LARGEST_BYTES // 1024 // 1024} MiB")
            continue
        if (long := _longest_header(content)) > LONGEST_HEADER:
            yield Rejected(str(path), None, f"{where}: a header of {long} letters, too many people or none")
            continue
        try:
            message = email.message_from_bytes(content, policy=email.policy.default)
            yield _mail(path, message, where)
        except Rejected as error:
            yield error
        except _BROKEN as error:
            yield Rejected(str(path), None, f"{where}: its headers cannot be read: {error}")


def _longest_header(content: bytes) -> int:
    """The length of the longest header of the mail, or that says what a part of it is."""
    head = re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0]
    lengths = [len(one) for one in re.split(rb"\n(?![ \t])", head)]
    return max([*lengths, *(len(one[0]) for one in _HEADER.finditer(content))])


def _contents(path: Path) -> Iterator[bytes]:
    try:
        if path.suffix.lower() == ".eml":
            with path.open("rb") as file:
                yield file.read(LARGEST_BYTES + 1)
            return
        box = mailbox.mbox(path, create=False)
        try:
            for key in box.iterkeys():
                yield box.get_file(key).read(LARGEST_BYTES + 1)
        finally:
            box.close()
    except (OSError, mailbox.Error) as error:
        raise Rejected(
            str(path), None, f"cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from error


def _mail(path: Path, message: EmailMessage, where: str) -> _Mail:
    if not message["from"] and not message["date"]:
        raise Rejected(str(path), None, f"{where}: no e-mail: it has neither From nor Date")
    try:
        at = email.utils.parsedate_to_datetime(str(message["date"]))
    except (ValueError, TypeError) as error:
        raise Rejected(str(path), None, f"{where}: no time: Date is '{message['date']}'") from error
    # RFC 5322: -0000 is UTC from a place that is not told.
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    senders = email.utils.getaddresses([str(message["from"] or "")])
    others = email.utils.getaddresses([str(v) for h in ("to", "cc") for v in message.get_all(h, [])])
    before = re.findall(r"<[^<>\s]{1,400}>", f"{message['references'] or ''} {message['in-reply-to'] or ''}")
    automatic = str(message["auto-submitted"] or "no").lower() != "no"
    return _Mail(
        at,
        str(message["message-id"] or "").strip(),
        tuple(before),
        senders[0] if senders else ("", ""),
        tuple(others),
        " ".join(str(message["subject"] or "").split()),
        new_text(text_of(message)),
        automatic,
    )
