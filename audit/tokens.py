"""Tokens by which programs use the interface: shown once, kept as a digest, bounded by scopes and account."""

import contextlib
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec
from sqlalchemy import insert, select, update

from audit import tables as t
from audit.auditlog import Action, write
from audit.database import BY_THE_WAY_MS, StoreUnusable
from audit.scope import UserRole
from audit.store import NotStored, Store
from models.errors import ComportError
from models.transcripts import printable

PREFIX = "comport_"
"""What a token begins with, so that whoever finds one in a file or a log knows what it is."""

TOKEN_BYTES = 32
"""256 random bits. Nobody can try them all, so that one SHA-256 keeps them as well as a slow hash keeps a
password, which people choose and others guess. Source: OWASP ASVS 5.0, 11.4.2 and 11.5.1."""

DAYS, MOST_DAYS = 90, 366
"""A token is renewed each quarter unless somebody says otherwise, and once a year at least: our choice."""

USED_S = 60
"""The time of the last use is written so often at most: not each question shall be a write."""

LONGEST_PURPOSE = 80


class TokenScope(StrEnum):
    """What a token is for; what it may is what its scopes and the role of its account both allow."""

    READ = "read"
    """Facts, scores and findings; words without personal data."""
    REVIEW = "review"
    """Words and sound as they are, who the customers are, and to say what holds."""
    UPLOAD = "upload"
    """To bring in recordings, to begin and stop batches, and to see how far their audits are."""
    ADMIN = "admin"
    """Accounts, tokens, cameras, keep times, holds and erasures."""


class Token(msgspec.Struct, frozen=True):
    """A token as lists show it: never the token itself, which nobody has any more but its bearer."""

    number: int
    user: str
    purpose: str
    scopes: tuple[TokenScope, ...]
    added_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def holds(self) -> bool:
        """Whether it is neither over nor revoked."""
        return self.revoked_at is None and self.expires_at > datetime.now(UTC)


class Bearer(msgspec.Struct, frozen=True):
    """Whoever sent a token that holds: the token, and the account with its role of today."""

    token: Token
    role: UserRole
    team: str
    employee: str


class BadToken(ComportError):
    """A token that cannot be made."""

    def __init__(self, user: str, problem: str) -> None:
        super().__init__(user, problem)
        self.user, self.problem = user, problem

    def __str__(self) -> str:
        return f"token of '{self.user}': {self.problem}"


def add_token(
    store: Store, user: str, scopes: Iterable[TokenScope], purpose: str = "", days: int = DAYS
) -> tuple[str, Token]:
    """A new token of an account, and what lists show of it. Only its digest is stored: it is shown once.

    Raises:
        NotStored: there is no such account.
        BadToken: without a scope, for no or too many days, or its purpose is too long.
    """
    wanted = tuple(one for one in TokenScope if one in set(scopes))
    purpose = " ".join(printable(purpose).split())
    if not wanted:
        raise BadToken(user, f"needs a scope, one or more of {', '.join(TokenScope)}")
    if not 1 <= days <= MOST_DAYS:
        raise BadToken(user, f"holds for 1 to {MOST_DAYS} days, not {days}")
    if len(purpose) > LONGEST_PURPOSE:
        raise BadToken(user, f"its purpose has at most {LONGEST_PURPOSE} letters, not {len(purpose)}")
    secret = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    now = datetime.now(UTC)
    end = now + timedelta(days=days)
    row = {"digest": _digest(secret), "purpose": purpose, "scopes": " ".join(wanted)}
    with store.writing() as connection:
        account = connection.execute(select(t.user.c.id).where(t.user.c.name == user)).scalar()
        if account is None:
            raise NotStored("user", user, "`comport user list` shows who there is")
        made = insert(t.token).values(user_id=account, added_at=now, expires_at=end, **row)
        number = connection.execute(made.returning(t.token.c.id)).scalar_one()
        told = {"scopes": row["scopes"], "purpose": purpose, "until": end.date()}
        write(connection, Action.TOKEN_ADDED, user, number=number, **told)
    return secret, Token(number, user, purpose, wanted, now, end, None, None)


def tokens(store: Store) -> tuple[Token, ...]:
    """All tokens, the oldest first, also those that hold no more."""
    query = select(t.token, t.user.c.name).join(t.user, t.user.c.id == t.token.c.user_id)
    with store.reading() as connection:
        rows = connection.execute(query.order_by(t.token.c.id)).all()
    return tuple(_token(row) for row in rows)


def revoke_token(store: Store, number: int) -> None:
    """Makes a token worthless at once and for ever.

    Raises:
        NotStored: there is none of this number, or it was revoked before.
    """
    row = t.token.c
    done = update(t.token).where(row.id == number, row.revoked_at.is_(None))
    with store.writing() as connection:
        if not connection.execute(done.values(revoked_at=datetime.now(UTC))).rowcount:
            raise NotStored("token", str(number), "`comport token list` shows which hold")
        owner = select(t.user.c.name).join(t.token, t.token.c.user_id == t.user.c.id).where(row.id == number)
        write(connection, Action.TOKEN_REVOKED, connection.execute(owner).scalar_one(), number=number)


def bearer(store: Store, secret: str) -> Bearer | None:
    """Whoever has this token; None when it is none, is over or revoked, or its account is locked."""
    if not secret.startswith(PREFIX):
        return None
    digest, now = _digest(secret), datetime.now(UTC)
    query = (
        select(t.token, t.user.c.name, t.user.c.role, t.user.c.team, t.user.c.employee)
        .join(t.user, t.user.c.id == t.token.c.user_id)
        .where(t.token.c.digest == digest, t.user.c.locked_at.is_(None))
    )
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
    # The database looked for the digest, and whoever sends tokens cannot choose that letter by letter.
    if row is None or not hmac.compare_digest(row.digest, digest):
        return None
    if row.revoked_at is not None or row.expires_at <= now:
        return None
    if row.last_used_at is None or (now - row.last_used_at).total_seconds() >= USED_S:
        # A program that reads need not wait for who writes: the next use is noted then.
        with contextlib.suppress(StoreUnusable), store.writing(BY_THE_WAY_MS) as connection:
            connection.execute(update(t.token).where(t.token.c.id == row.id).values(last_used_at=now))
    return Bearer(_token(row), UserRole(row.role), row.team, row.employee)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _token(row: object) -> Token:
    values = row._mapping  # type: ignore[attr-defined]
    return Token(
        values["id"],
        values["name"],
        values["purpose"],
        tuple(TokenScope(one) for one in values["scopes"].split()),
        values["added_at"],
        values["expires_at"],
        values["last_used_at"],
        values["revoked_at"],
    )
