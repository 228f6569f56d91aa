"""Who is logged in: sessions that end at a fixed time, at a logout, and with their account."""

import secrets
import threading
import time
from typing import Any

import msgspec
from flask import g, request, session
from flask_login import login_user, logout_user
from sqlalchemy import select

from audit.store import Store
from audit.tables import user
from audit.users import UserRole

SESSION_S = 12 * 3600
"""A working day. Source: OWASP ASVS 5.0, 7.3.2 asks for an absolute end; NIST SP 800-63B-4, 2.2.3, 24 h."""


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


class Sessions:
    """Begins, ends and checks the sessions of one server process.

    The cookie says who logged in and when. Which sessions ended early is kept in memory until their time
    would have been over anyway: a restart forgets it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ended: dict[str, float] = {}
        self._changing = threading.Lock()

    def wait(self, name: str) -> None:
        """Remembers that the password of an account was right; nobody is logged in before the code is too."""
        session.clear()
        session["waiting"], session["waiting_since_s"] = name, time.time()

    def waiting(self) -> str | None:
        """The account of which the password was right lately and the code is awaited."""
        name, since_s = session.get("waiting"), session.get("waiting_since_s", 0.0)
        fresh = name is not None and time.time() - since_s < WAIT_S
        return str(name) if fresh and self._account(str(name), since_s) is not None else None

    def begin(self, name: str, by_provider: bool = False) -> None:
        """Logs a person in, in a session of its own: nothing of the one from before outlives it."""
        session.clear()
        session["id"] = secrets.token_urlsafe(24)
        session["since_s"] = time.time()
        session["by_provider"] = by_provider
        session.permanent = True
        found = self.person(name)
        if found is not None:
            login_user(found)

    def end(self) -> None:
        """Logs the visitor out: a copy of the cookie is worth nothing from now on."""
        now_s = time.time()
        with self._changing:
            self._ended = {one: end_s for one, end_s in self._ended.items() if end_s > now_s}
            self._ended[session["id"]] = session["since_s"] + SESSION_S
        logout_user()
        session.clear()

    def person(self, name: str) -> Person | None:
        """The person of this request's session, None when the session is over or its account is gone."""
        if request.blueprint == "api":
            return None  # there only tokens count: a page of others can send a cookie, but no token
        if "lookup_failed" in g:
            return None  # the page that tells of the failure must not fail of it again
        since_s = session.get("since_s", 0.0)
        if session.get("id") in self._ended or time.time() - since_s >= SESSION_S:
            return None
        g.lookup_failed = True
        found = self._account(name, since_s)
        g.pop("lookup_failed")
        if found is None:
            return None
        second = found.totp_secret is not None or bool(session.get("by_provider"))
        return Person(found.name, UserRole(found.role), found.team, found.employee, second)

    def _account(self, name: str, since_s: float) -> Any:
        """The row of an account whose sessions since then still hold, else None."""
        with self._store.reading() as connection:
            found = connection.execute(select(user).where(user.c.name == name)).one_or_none()
        if found is None or found.locked_at is not None:
            return None
        # An account of the same name that was added later is another one; one that was given another
        # password or role since then has to log in again.
        if (found.changed_at or found.added_at).timestamp() > since_s:
            return None
        return found
