"""Tells other systems what happened: written into an outbox with what happened, signed and sent afterwards.

The scheme is that of Standard Webhooks (standardwebhooks.com): three headers, HMAC-SHA256, retries. A message
is sent at least once; its id tells a receiver that it knows it already. No message holds personal data.
"""

import base64
import hashlib
import hmac
import ipaddress
import json
import secrets
import socket
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from audit import tables as t
from audit.outbox import KEPT_DAYS, Delivered, after
from audit.sealing import KEY, Unsealable, unseal
from models.errors import ComportError

if TYPE_CHECKING:
    from audit.score import Score
    from audit.scorecard import Scorecard
    from audit.store import Store

EVENTS = ("scorecard", "critical_miss", "review", "assigned")

PREFIX = "whsec_"

SECRET_BYTES = 32
"""Standard Webhooks asks for 24 to 64."""

LEASE_S = 60
"""So long whoever sends a message has it for itself; `PATIENCE_S` is less."""

PATIENCE_S = (5, 15)
"""To connect, and between two bytes of the answer; Standard Webhooks recommends 15 to 30 s in all."""

GONE = 410
"""What a receiver answers that wants no more (RFC 9110); nothing is tried again."""


class BadAddress(ComportError):
    """An address that no message is sent to."""

    def __init__(self, url: str, found: str, remedy: str) -> None:
        super().__init__(url, found, remedy)
        self.url, self.found, self.remedy = url, found, remedy

    def __str__(self) -> str:
        return f"{self.url[:200]}: {self.found}; {self.remedy}"


class Webhook(msgspec.Struct, frozen=True):
    """Where what is sent; `waiting` and `dead` count messages."""

    number: int
    url: str
    events: tuple[str, ...]
    private: bool
    added_at: datetime
    waiting: int
    dead: int
    reason: str
    """Why the newest message that is not delivered is not."""


def add_webhook(store: "Store", url: str, events: Iterable[str], private: bool = False) -> tuple[int, str]:
    """A new webhook: its number and the secret that its receiver checks signatures with, shown only now.

    It is stored sealed: whoever reads the database alone can sign nothing.

    Raises:
        KeyGone: the key that others are sealed with is away.
        BadAddress: it is no http(s) address, or lies inside of the house and `private` does not allow it.
    """
    from audit.sealed import of_webhook, sealed

    addresses(url, private)
    secret = PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    row = {
        "url": url,
        "events": json.dumps(sorted(set(events))),
        "private": private,
        "added_at": datetime.now(UTC),
    }
    with store.writing() as connection:
        kept = sealed(connection, store, secret, of_webhook(url))
        made = connection.execute(insert(t.webhook).values(secret=kept, **row))
    return int(made.inserted_primary_key[0]), secret  # type: ignore[index]


def remove_webhook(store: "Store", number: int) -> None:
    """Removes a webhook and what it was to be told.

    Raises:
        NotStored: there is none of this number.
    """
    from audit.store import NotStored

    with store.writing() as connection:
        connection.execute(delete(t.webhook_message).where(t.webhook_message.c.webhook_id == number))
        if not connection.execute(delete(t.webhook).where(t.webhook.c.id == number)).rowcount:
            raise NotStored("webhook", str(number), "`comport webhook list` shows all")


def webhooks(store: "Store") -> tuple[Webhook, ...]:
    """All webhooks, the first one first."""
    row, message = t.webhook.c, t.webhook_message.c
    with store.reading() as connection:
        found = connection.execute(select(t.webhook).order_by(row.id)).all()
        states = connection.execute(
            select(message.webhook_id, message.state, message.reason)
            .where(message.state != "delivered")
            .order_by(message.id)
        ).all()
    told = {one.id: [s for s in states if s.webhook_id == one.id] for one in found}
    return tuple(
        Webhook(
            *(one.id, one.url, tuple(json.loads(one.events)), one.private, one.added_at),
            sum(s.state == "waiting" for s in told[one.id]),
            sum(s.state == "dead" for s in told[one.id]),
            told[one.id][-1].reason if told[one.id] else "",
        )
        for one in found
    )


def announce(connection: Connection, event: str, happened: Iterable[dict[str, Any]]) -> None:
    """Puts what happened into the outbox of whoever wants to know, in the transaction that writes it."""
    row = t.webhook.c
    wanting = [w for w in connection.execute(select(row.id, row.events)) if event in json.loads(w.events)]
    if not wanting:
        return
    now = datetime.now(UTC)
    messages = [
        {
            "webhook_id": one.id,
            "message": f"msg_{secrets.token_hex(16)}",
            "body": json.dumps(
                {"type": event, "timestamp": now.isoformat(), "data": data}, ensure_ascii=False
            ),
            "state": "waiting",
            "next_at": now,
            "made_at": now,
        }
        for data in happened
        for one in wanting
    ]
    if messages:
        connection.execute(insert(t.webhook_message), messages)


def told_of(card: "Scorecard", score: "Score") -> dict[str, Any]:
    """What every message says of a scorecard: nobody's name, and no words."""
    return {
        "interaction": card.interaction,
        "rubric": card.rubric,
        "rubric_version": card.rubric_version,
        "score": score.score,
    }


def announce_judged(connection: Connection, cards: "Iterable[Scorecard]") -> None:
    """Puts new scorecards into the outbox, and those with a critical miss as such, too."""
    judged = [
        {
            **told_of(card, card.score),
            "assessed_share": card.score.assessed_share,
            "critical_misses": card.score.critical_misses,
            "cannot_tell": sum(f.verdict == "cannot_tell" for f in card.findings),
        }
        for card in cards
    ]
    announce(connection, "scorecard", judged)
    announce(connection, "critical_miss", [one for one in judged if one["critical_misses"]])


def signature(secret: str, message: str, timestamp: int, body: str) -> str:
    """The header `webhook-signature` of a message: HMAC-SHA256 over its id, time (s since 1970) and body."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = hmac.new(key, f"{message}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def addresses(url: str, private: bool) -> tuple[str, ...]:
    """The IP addresses of the host of an address; of one that is `private` whichever they are.

    Raises:
        BadAddress: it is no http(s) address, nobody knows its host, or it lies inside of the house.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadAddress(url, "is no address", "give https://HOST/PATH") from error
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.password:
        raise BadAddress(url, "is no plain http(s) address", "give https://HOST/PATH, without a name in it")
    try:
        found = socket.getaddrinfo(parts.hostname, port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise BadAddress(url, f"host '{parts.hostname}' is not known", "check the name") from error
    known = tuple(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
    if not private and not all(_is_outside(one) for one in known):
        told = "lies inside of the house, where others must not make Comport knock"
        raise BadAddress(url, told, "if it is meant: --allow-private")
    return known


def _is_outside(address: str) -> bool:
    one = ipaddress.ip_address(address)
    inside = getattr(one, "ipv4_mapped", None) or one
    return inside.is_global and not inside.is_multicast


def deliver(store: "Store", now: datetime | None = None) -> Delivered:
    """Sends what is due, in order; what fails waits for its next try, or is dead after the last.

    Several may do it at once: each message is taken by one of them.
    """
    begun = now or datetime.now(UTC)
    row, hook = t.webhook_message.c, t.webhook.c
    due = (
        select(row.id, row.message, row.body, row.tries, hook.url, hook.secret, hook.private)
        .join(t.webhook, hook.id == row.webhook_id)
        .where(row.state == "waiting", row.next_at <= begun)
        .order_by(row.id)
    )
    old = begun - timedelta(days=KEPT_DAYS)
    with store.writing() as connection:
        connection.execute(delete(t.webhook_message).where(row.state != "waiting", row.done_at < old))
    with store.reading() as connection:
        messages = connection.execute(due).all()
    counts = {"delivered": 0, "waiting": 0, "dead": 0}
    for one in messages:
        held = (row.id == one.id, row.state == "waiting", row.tries == one.tries)
        # One that does not answer takes long: each try has a time of its own.
        at = now or datetime.now(UTC)
        taken = {"tries": one.tries + 1, "next_at": at + timedelta(seconds=LEASE_S)}
        with store.writing() as connection:
            if not connection.execute(update(t.webhook_message).where(*held).values(**taken)).rowcount:
                continue
        status, reason = _send(store.home, one)
        state = after(reason, status == GONE, one.tries, at)
        counts[state["state"]] += 1
        with store.writing() as connection:
            mine = (row.id == one.id, row.state == "waiting", row.tries == one.tries + 1)
            connection.execute(update(t.webhook_message).where(*mine).values(**state))
    return Delivered(counts["delivered"], counts["waiting"], counts["dead"])


def _send(home: Path, one: Any) -> tuple[int, str]:
    """(status, why it was not taken: "" where it was) of one message."""
    import requests

    from audit.sealed import of_webhook

    try:
        secret = unseal(home, one.secret, of_webhook(one.url))
    except Unsealable:
        return 0, f"its secret does not open with {KEY} of the home"
    timestamp = round(datetime.now(UTC).timestamp())
    headers = {
        "content-type": "application/json",
        "user-agent": "Comport",
        "webhook-id": one.message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, one.message, timestamp, one.body),
    }
    try:
        # What was outside when it was added may be inside now: the connection goes to what was checked.
        known = addresses(one.url, one.private)
        with requests.Session() as session:
            session.trust_env = False
            for scheme in ("https://", "http://"):
                session.mount(scheme, _pinned(known[0]))
            answer = session.post(
                one.url,
                data=one.body.encode(),
                headers=headers,
                timeout=PATIENCE_S,
                allow_redirects=False,
                stream=True,
            )
            answer.close()
    except BadAddress as error:
        return 0, error.found
    except (requests.RequestException, OSError, ValueError) as error:
        return 0, f"no answer ({type(error).__name__})"
    return answer.status_code, "" if 200 <= answer.status_code < 300 else f"answered {answer.status_code}"


def _pinned(address: str) -> Any:
    """A way to connect that goes to one IP address, whatever the name says by then; certificates are still
    those of the name."""
    from requests.adapters import HTTPAdapter

    class Pinned(HTTPAdapter):
        def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
            host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
            if host["scheme"] == "https":
                pool |= {"server_hostname": host["host"], "assert_hostname": host["host"]}
            host["host"] = address
            return host, pool

    return Pinned(max_retries=0)
