"""Who may log in: names and Argon2 hashes, no default account."""

import re
from datetime import UTC, datetime

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import delete, insert, select

from audit.store import NotStored, Store
from audit.tables import user
from models.errors import ComportError

MIN_PASSWORD = 12
"""Letters at least. Source: OWASP ASVS 5.0, 6.2.1 (8 required, 15 recommended for passwords alone)."""

MAX_PASSWORD = 256
"""Letters at most, so that hashing cannot be made slow on purpose; ASVS 5.0, 6.2.9 asks for 64 or more."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,79}")

_hasher = PasswordHasher()


class BadUser(ComportError):
    """A name or password that cannot be taken."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(name, problem)
        self.name, self.problem = name, problem

    def __str__(self) -> str:
        return f"user '{self.name}': {self.problem}"


def add_user(store: Store, name: str, password: str) -> None:
    """Stores a new account.

    Raises:
        BadUser: the name is taken or not allowed, or the password is too short or too long.
    """
    if not _NAME.fullmatch(name):
        raise BadUser(name, "names are small letters, digits and . _ @ -, at most 80")
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise BadUser(name, f"the password needs {MIN_PASSWORD} to {MAX_PASSWORD} letters")
    if name in user_names(store):
        raise BadUser(name, "exists already; choose another name")
    with store.writing() as connection:
        connection.execute(
            insert(user).values(name=name, password_hash=_hasher.hash(password), added_at=datetime.now(UTC))
        )


def remove_user(store: Store, name: str) -> None:
    """Removes an account.

    Raises:
        NotStored: there is none of this name.
    """
    with store.writing() as connection:
        if not connection.execute(delete(user).where(user.c.name == name)).rowcount:
            raise NotStored("user", name, "`comport user list` shows who there is")


def user_names(store: Store) -> tuple[str, ...]:
    """The names of all accounts."""
    with store.reading() as connection:
        return tuple(connection.execute(select(user.c.name).order_by(user.c.name)).scalars())


def password_fits(store: Store, name: str, password: str) -> bool:
    """Whether this is the password of this account; takes as long for a name that does not exist."""
    with store.reading() as connection:
        stored = connection.execute(select(user.c.password_hash).where(user.c.name == name)).scalar()
    try:
        _hasher.verify(stored or _NOBODY, password[:MAX_PASSWORD])
    except VerificationError:
        return False
    return stored is not None


_NOBODY = _hasher.hash("nobody has this password")
