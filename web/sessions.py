"""Who is logged in: sessions that end after a time, when nothing is done, at a logout, with their account."""

import contextlib
import hashlib
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from flask import g, request, session
from flask_login import login_user, logout_user
from sqlalchemy import delete, insert, select, update

from audit.database import BY_THE_WAY_MS, StoreUnusable
from audit.scope import UserRole
from audit.store import Store
from audit.tables import login, user

SESSION_S = 12 * 3600
"""A working day. Source: OWASP ASVS 5.0, 7.3.2 asks for an absolute end; NIST SP 800-63B-4, 2.2.3, 24 h."""

IDLE_S = 3600
"""So long nothing may be done: long enough to hear a long call to its end. Source: OWASP ASVS 5.0, 7.3.1
asks for such an end; NIST SP 800-63B-4, 2.2.3 recommends at most one hour."""

SEEN_S = 60
"""So often the last use of a session is written at most."""

BY_ITSELF = frozenset(
    {"reviewing.newest", "uploading.events", "batches.events", "retention.events", "copying.events"}
)
"""What an open page asks for by itself: nobody needs to sit before it."""


class Person(msgspec.Struct, frozen=True):
    """Somebody who logged in, in the form Flask-Login expects."""

    name: str
    role: UserRole
    team: str
    employee: str
    second_factor: bool
    """Codes are asked for, or an identity provider has seen to it."""
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        return self.name


WAIT_S = 5 * 60
"""So long after the password the code of the second factor is waited for: our choice."""


class Open(msgspec.Struct, frozen=True):
    """A session that goes on: from which address it was begun, when, and when it was seen last."""

    origin: str
    begun_at: datetime
    seen_at: datetime
    mine: bool
    """It is the one of this request."""


class Sessions:
    """Begins, ends and checks sessions; they are rows of the database, which all server processes share.

    The cookie says who logged in, and holds a random id of which only the SHA-256 is stored.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def wait(self, name: str) -> None:
        """Remembers that the password of an account was right; nobody is logged in before the code is too."""
        session.clear()
        session["waiting"], session["waiting_since_s"] = name, time.time()

    def waiting(self) -> str | None:
        """The account of which the password was right lately and the code is awaited."""
        name, since_s = session.get("waiting"), session.get("waiting_since_s", 0.0)
        if name is None or time.time() - since_s >= WAIT_S:
            return None
        with self._store.reading() as connection:
            found = connection.execute(select(user).where(user.c.name == name)).one_or_none()
        return str(name) if found is not None and _holds(found, since_s) else None

    def begin(self, name: str, by_provider: bool = False) -> None:
        """Logs a person in, in a session of its own: nothing of the one from before outlives it."""
        self._end_this()
        session.clear()
        session["id"] = secrets.token_urlsafe(24)
        session["by_provider"] = by_provider
        session.permanent = True
        now = datetime.now(UTC)
        whose = select(user.c.id).where(user.c.name == name).scalar_subquery()
        row = {"digest": _digest(), "origin": request.remote_addr or "", "begun_at": now, "seen_at": now}
        with self._store.writing() as connection:
            # Those that are over anyway need not be known any more.
            connection.execute(delete(login).where(login.c.begun_at < now - timedelta(seconds=SESSION_S)))
            connection.execute(insert(login).values(user_id=whose, **row))
        found = self.person(name)
        if found is not None:
            login_user(found)

    def end(self) -> None:
        """Logs the visitor out: a copy of the cookie is worth nothing from now on, in no process."""
        self._end_this()
        logout_user()
        session.clear()

    def open(self, name: str) -> tuple[Open, ...]:
        """The sessions of an account that go on, the one seen last first."""
        with self._store.reading() as connection:
            rows = connection.execute(
                select(login, user.c.changed_at, user.c.added_at)
                .join(user, user.c.id == login.c.user_id)
                .where(user.c.name == name, login.c.ended_at.is_(None))
                .order_by(login.c.seen_at.desc())
            ).all()
        mine = _digest()
        return tuple(
            Open(row.origin, row.begun_at, row.seen_at, row.digest == mine)
            for row in rows
            if not _is_over(row)
        )

    def end_others(self, name: str) -> int:
        """Ends all sessions of an account but this one; gives how many of them went on until now."""
        theirs = login.c.user_id.in_(select(user.c.id).where(user.c.name == name))
        others = (theirs, login.c.ended_at.is_(None), login.c.digest != _digest())
        with self._store.writing() as connection:
            ended = sum(not one.mine for one in self.open(name))
            connection.execute(update(login).where(*others).values(ended_at=datetime.now(UTC)))
        return ended

    def person(self, name: str) -> Person | None:
        """The person of this request's session, None when the session is over or its account is gone."""
        if request.blueprint == "api":
            return None  # there only tokens count: a page of others can send a cookie, but no token
        if "lookup_failed" in g or "id" not in session:
            return None  # the page that tells of the failure must not fail of it again
        g.lookup_failed = True
        query = select(
            user, login.c.id.label("login_id"), login.c.begun_at, login.c.seen_at, login.c.ended_at
        )
        with self._store.reading() as connection:
            found = connection.execute(
                query.join(login, login.c.user_id == user.c.id).where(
                    user.c.name == name, login.c.digest == _digest()
                )
            ).one_or_none()
        held = found is not None and found.ended_at is None and not _is_over(found)
        if held and found is not None and _holds(found, found.begun_at.timestamp()):
            self._see(found)
            g.pop("lookup_failed")
            second = found.totp_secret is not None or bool(session.get("by_provider"))
            return Person(found.name, UserRole(found.role), found.team, found.employee, second)
        g.pop("lookup_failed")
        return None

    def _see(self, found: Any) -> None:
        """Notes that the session is used, now and then: not each request shall be a write."""
        now = datetime.now(UTC)
        if request.endpoint in BY_ITSELF or (now - found.seen_at).total_seconds() < SEEN_S:
            return
        # Whoever reads need not wait for who writes: what is not noted now is with the next page.
        with contextlib.suppress(StoreUnusable), self._store.writing(BY_THE_WAY_MS) as connection:
            connection.execute(update(login).where(login.c.id == found.login_id).values(seen_at=now))

    def _end_this(self) -> None:
        if "id" in session:
            with self._store.writing() as connection:
                mine = (login.c.digest == _digest(), login.c.ended_at.is_(None))
                connection.execute(update(login).where(*mine).values(ended_at=datetime.now(UTC)))


def _digest() -> str:
    return hashlib.sha256(str(session.get("id", "")).encode()).hexdigest()


def _is_over(row: Any) -> bool:
    """Whether a session lasted too long, or nobody did anything in it for too long."""
    now = datetime.now(UTC)
    lasted_s, idle_s = ((now - at).total_seconds() for at in (row.begun_at, row.seen_at))
    changed: bool = (row.changed_at or row.added_at) > row.begun_at
    return lasted_s >= SESSION_S or idle_s >= IDLE_S or changed


def _holds(found: Any, since_s: float) -> bool:
    """Whether what began then still holds for the row of an account."""
    # An account of the same name that was added later is another one; one that was given another
    # password or role since then has to log in again.
    changed: datetime = found.changed_at or found.added_at
    return found.locked_at is None and changed.timestamp() <= since_s
