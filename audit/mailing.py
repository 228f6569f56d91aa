"""Tells people by e-mail what happened: written into an outbox with it, sent afterwards until it is taken.

A mail says what kind of thing happened and links to it: no name, word or number of anybody stands in it.
What waits for one person goes into one mail, so that a night's batch fills nobody's box.
"""

import json
import smtplib
import ssl
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import msgspec
import yaml
from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from audit import tables as t
from audit.outbox import KEPT_DAYS, Delivered, after
from audit.scope import UserRole, scope_of
from audit.transactions import pieces
from models.errors import ComportError

if TYPE_CHECKING:
    from audit.store import Store

EVENTS = ("critical_miss", "assigned")
"""Of what somebody may be told."""

PATIENCE_S = 20
"""So long a mail server may be silent."""

HELD_S = 10 * PATIENCE_S
"""So long whoever sends a mail has it for itself: a server answers ten times (RFC 5321, 3207, 4954)."""

MOST_LINKS = 20
"""Links in one mail; what is more is counted. Our choice."""

WORDS = {
    "en": {
        "critical_miss": "Comport: critical misses in {n} interaction(s)",
        "assigned": "Comport: {n} interaction(s) for you to look at",
        "more": "and {n} more: {address}",
        "why": "You asked for these mails. Change that under {address}",
    },
    "it": {
        "critical_miss": "Comport: mancanze critiche in {n} interazione/i",
        "assigned": "Comport: {n} interazione/i da esaminare",
        "more": "e altre {n}: {address}",
        "why": "Hai chiesto questi messaggi. Puoi cambiarlo qui: {address}",
    },
    "fa": {
        "critical_miss": "Comport: کوتاهی‌های مهم در {n} تعامل",
        "assigned": "Comport: {n} تعامل برای بررسی شما",
        "more": "و {n} مورد دیگر: {address}",
        "why": "شما این نامه‌ها را خواسته‌اید. تغییر آن: {address}",
    },
}
"""What mails say in each language of the pages."""


class BadMailServer(ComportError):
    """A file about a mail server that cannot be used."""

    def __init__(self, file: str, found: str, remedy: str) -> None:
        super().__init__(file, found, remedy)
        self.file, self.found, self.remedy = file, found, remedy

    def __str__(self) -> str:
        return f"{self.file}: {self.found}; {self.remedy}"


class MailServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By which server mails go out, from whom, and the address at which people open the dashboard.

    `security` is `starttls`, `tls` (from the first byte), or `none` for a server on this very machine.
    `password_file` lies beside the file; `authority_file` is the certificate of a house's own authority.
    """

    host: str
    sender: str
    dashboard: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_file: str = ""
    authority_file: str = ""
    password: str = ""


def load_mail_server(path: Path) -> MailServer:
    """The mail server of a YAML file.

    Raises:
        BadMailServer: it cannot be read, lacks something, or would send passwords and mails in the clear.
    """
    name = path.name
    try:
        found = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), MailServer)
        secret = (path.parent / found.password_file).read_text("utf-8").strip() if found.password_file else ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadMailServer(name, f"cannot be read ({error})", "check the file and its rights") from error
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        told = " ".join(str(error).split())
        raise BadMailServer(name, told, "docs/export.md shows such a file") from error
    if found.password:
        raise BadMailServer(name, "holds a password", "put it into a file of its own: password_file")
    if found.security == "none" and found.host not in ("localhost", "127.0.0.1", "::1"):
        raise BadMailServer(name, f"security none to {found.host}", "take starttls or tls")
    if urlsplit(found.dashboard).scheme not in ("https", "http") or not urlsplit(found.dashboard).hostname:
        raise BadMailServer(name, "dashboard is no address", "give https://HOST")
    if found.authority_file:
        found = msgspec.structs.replace(found, authority_file=str(path.parent / found.authority_file))
    return msgspec.structs.replace(found, password=secret, dashboard=found.dashboard.rstrip("/"))


def wishes(store: "Store", name: str) -> tuple[frozenset[str], str]:
    """(of what an account is told by e-mail, its e-mail address: empty where none is known)."""
    with store.reading() as connection:
        row = connection.execute(select(t.user.c.notify, t.user.c.email).where(t.user.c.name == name)).one()
    return frozenset(json.loads(row.notify)), row.email or ""


def set_wishes(store: "Store", name: str, events: Collection[str], language: str | None = None) -> None:
    """Says of what an account is told by e-mail from now on, and in which language; None: as before."""
    kept = json.dumps(sorted(set(events) & set(EVENTS)))
    with store.writing() as connection:
        row = update(t.user).where(t.user.c.name == name)
        connection.execute(row.values(notify=kept, **({} if language is None else {"language": language})))


def tell(connection: Connection, event: str, interactions: Iterable[str], only: int | None = None) -> None:
    """Puts what happened into the outbox of whoever wants to know and may see it, in its transaction.

    `only` is the number of the one account that it concerns. Agents are told nothing: they see what was
    released, and that is told on their page.
    """
    row = t.user.c
    asked = select(row.id, row.notify, row.role, row.team, row.employee).where(
        row.locked_at.is_(None), row.email.is_not(None), row.notify.contains(event)
    )
    if only is not None:
        asked = asked.where(row.id == only)
    people = [one for one in connection.execute(asked) if event in json.loads(one.notify)]
    ids = list(interactions) if people else []
    if not ids:
        return
    facts = t.interaction.c
    teams = [
        of
        for some in pieces(ids)
        for of in connection.execute(select(facts.id, facts.team).where(facts.id.in_(some)))
    ]
    now = datetime.now(UTC)
    rows = [
        {"user_id": one.id, "event": event, "interaction_id": of.id, "state": "waiting"}
        | {"next_at": now, "made_at": now}
        for of in teams
        for one in people
        if scope_of(UserRole(one.role), one.team, one.employee).covers(of.team)
    ]
    if rows:
        connection.execute(insert(t.mail_message), rows)


def deliver_mails(store: "Store", server: MailServer, now: datetime | None = None) -> Delivered:
    """Sends what is due, one mail for each person and kind; what fails waits for its next try, or is dead
    after the last. Counts rows of the outbox. Several may do it at once: each mail is sent by one of them.
    """
    begun = now or datetime.now(UTC)
    row = t.mail_message.c
    due = (row.state == "waiting", row.next_at <= begun)
    old = begun - timedelta(days=KEPT_DAYS)
    with store.writing() as connection:
        # What waited so long had no server to go to, and is no news any more.
        over = or_(and_(row.state != "waiting", row.done_at < old), and_(*due, row.made_at < old))
        connection.execute(delete(t.mail_message).where(over))
    groups = select(row.user_id, row.event).where(*due).group_by(row.user_id, row.event)
    with store.reading() as connection:
        waiting = connection.execute(groups.order_by(func.min(row.id))).all()
    counts = {"delivered": 0, "waiting": 0, "dead": 0}
    for one in waiting:
        # A server that is slow takes long: each mail has a time of its own.
        at = now or datetime.now(UTC)
        rows = _taken(store, at, *due, row.user_id == one.user_id, row.event == one.event)
        if not rows:
            continue
        reason, for_ever = _send(server, rows, at)
        with store.writing() as connection:
            for tries in sorted({held.tries for held in rows}):
                state = after(reason, for_ever, tries, at)
                same = [held.id for held in rows if held.tries == tries]
                counts[state["state"]] += len(same)
                _set(connection, same, state, row.state == "waiting", row.tries == tries + 1)
    return Delivered(counts["delivered"], counts["waiting"], counts["dead"])


def _taken(store: "Store", at: datetime, *where: ColumnElement[bool]) -> list[Any]:
    """The rows of one mail with whom it goes to, held for whoever asks; none where another one has them."""
    row, user = t.mail_message.c, t.user.c
    mine = (
        select(row.id, row.event, row.interaction_id, row.tries, row.user_id)
        .add_columns(user.email, user.language, user.notify, user.locked_at)
        .join(t.user, user.id == row.user_id)
        .where(*where)
        .order_by(row.id)
    )
    with store.writing() as connection:
        found = list(connection.execute(mine))
        lease = {"tries": row.tries + 1, "next_at": at + timedelta(seconds=HELD_S)}
        _set(connection, [one.id for one in found], lease)
    return found


def _set(connection: Connection, ids: list[int], values: dict[str, Any], *where: ColumnElement[bool]) -> None:
    for some in pieces(ids):
        these = update(t.mail_message).where(t.mail_message.c.id.in_(some), *where)
        connection.execute(these.values(**values))


def _send(server: MailServer, rows: list[Any], at: datetime) -> tuple[str, bool]:
    """(why it was not taken: "" where it was, whether it never will be) of one mail."""
    one = rows[0]
    if one.locked_at is not None or not one.email or one.event not in json.loads(one.notify):
        return "nobody wants it any more", True
    try:
        with _connected(server) as connection:
            if server.user:
                connection.login(server.user, server.password)
            connection.send_message(mail(server, rows, at))
    except smtplib.SMTPRecipientsRefused as error:
        code = max((code for code, _ in error.recipients.values()), default=550)
        return f"the address was refused ({code})", code >= 500
    except smtplib.SMTPResponseException as error:
        return f"the server answered {error.smtp_code}", False
    except (smtplib.SMTPException, OSError) as error:
        return f"no answer ({type(error).__name__})", False
    except Exception as error:  # noqa: BLE001  one address must not keep the mails of everybody else
        return f"no mail can be made of it ({type(error).__name__})", False
    return "", False


def _connected(server: MailServer) -> smtplib.SMTP:
    trusted = ssl.create_default_context(cafile=server.authority_file or None)
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=PATIENCE_S, context=trusted)
    found = smtplib.SMTP(server.host, server.port, timeout=PATIENCE_S)
    if server.security == "starttls":
        found.starttls(context=trusted)
    return found


def mail(server: MailServer, rows: list[Any], at: datetime) -> EmailMessage:
    """The mail that tells one person of these rows, in their language."""
    one, host = rows[0], urlsplit(server.dashboard).hostname
    words = WORDS.get(one.language, WORDS["en"])
    ids = list(dict.fromkeys(row.interaction_id for row in rows))
    lines = [f"{server.dashboard}/interactions/{name}" for name in ids[:MOST_LINKS]]
    if len(ids) > MOST_LINKS:
        asked = "mine=1" if one.event == "assigned" else "critical=1"
        address = f"{server.dashboard}/interactions?{asked}"
        lines.append(words["more"].format(n=len(ids) - MOST_LINKS, address=address))
    found = EmailMessage()
    found["From"], found["To"] = server.sender, one.email
    found["Subject"] = words[one.event].format(n=len(ids))
    found["Date"] = format_datetime(at)
    # The same rows are the same mail: a server that took it twice can tell.
    found["Message-ID"] = f"<comport-{one.user_id}-{rows[0].id}-{rows[-1].id}@{host}>"
    found["Auto-Submitted"] = "auto-generated"
    why = words["why"].format(address=f"{server.dashboard}/account")
    found.set_content("\n".join([*lines, "", why]) + "\n")
    found["Content-Language"] = one.language if one.language in WORDS else "en"
    return found
