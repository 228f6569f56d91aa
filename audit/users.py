"""Who may log in, as what: names, Argon2 hashes and roles; no default account."""

import re
from datetime import UTC, datetime

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import Connection, Update, delete, func, insert, select, update
from zxcvbn import zxcvbn

from audit.auditlog import Action, write
from audit.scope import UserRole
from audit.store import NotStored, Store
from audit.tables import assignment, begun, calibration_person, login, mail_message, saved_search, token, user
from models.errors import ComportError

MIN_PASSWORD = 12
"""Letters at least. Source: OWASP ASVS 5.0, 6.2.1 (8 required, 15 recommended for passwords alone)."""

MAX_PASSWORD = 256
"""Letters at most, so that hashing cannot be made slow on purpose; ASVS 5.0, 6.2.9 asks for 64 or more."""

GUESSED = ("comport", "qwertz")
"""What no password may have in it, beside the name of its account where it has four letters or more.
Source: OWASP ASVS 5.0, 6.1.2 asks for such a list; the words are our choice."""

LEAST_GUESSES = 10**8
"""So many tries a password has to withstand, as zxcvbn counts them: it knows 30,000 passwords that were
stolen and are used most, words, names, dates, keys beside each other and letters put for others, and counts
how soon somebody who tries the likely ones first is there. Source: its score 3, "safely unguessable"
(Wheeler, USENIX Security 2016); NIST SP 800-63B-4, 3.1.1.2 and OWASP ASVS 5.0, 6.2.4 ask for such a list."""

COUNTED_LETTERS = 72
"""zxcvbn looks at so many letters at most."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,79}")

_EMAIL = re.compile(r"""[^@\s,;:()<>\[\]"\\]{1,64}@[^@\s,;:()<>\[\]"\\]{1,255}""")
"""What stands plain in the head of a mail (RFC 5322, 3.2.3): no quoted names, comments, lists or groups."""

_hasher = PasswordHasher()


class Account(msgspec.Struct, frozen=True):
    """An account as lists show it: whose interactions it sees (`team`, `employee`), and how it logs in.

    `email_own`: its owner gave the address, so that no identity provider finds the account by it.
    """

    name: str
    role: UserRole
    team: str
    employee: str
    email: str | None
    email_own: bool
    added_at: datetime
    locked: bool
    has_password: bool
    second_factor: bool


class BadUser(ComportError):
    """A name or password that cannot be taken."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(name, problem)
        self.name, self.problem = name, problem

    def __str__(self) -> str:
        return f"user '{self.name}': {self.problem}"


def add_user(
    store: Store,
    name: str,
    password: str | None,
    role: UserRole | None = None,
    team: str = "",
    employee: str = "",
    email: str | None = None,
) -> UserRole:
    """Stores a new account and gives its role: without one the first is an admin, the others are reviewers.

    Without a `password` only an identity provider lets it in.

    Raises:
        BadUser: the name is taken or not allowed, the password is not good enough, or the role lacks
            the team or employee that it is about.
    """
    if not _NAME.fullmatch(name):
        raise BadUser(name, "names are small letters, digits and . _ @ -, at most 80")
    hashed = "" if password is None else _hashed(name, password)
    with store.writing() as connection:
        names = set(connection.execute(select(user.c.name)).scalars())
        if name in names:
            raise BadUser(name, "exists already; choose another name")
        chosen = role or (UserRole.REVIEWER if names else UserRole.ADMIN)
        values = scope_of_role(name, chosen, team, employee) | {"email": _email(connection, name, email)}
        connection.execute(
            insert(user).values(name=name, password_hash=hashed, added_at=datetime.now(UTC), **values)
        )
        write(connection, Action.USER_ADDED, name, **values)
    return chosen


def set_role(store: Store, name: str, role: UserRole, team: str = "", employee: str = "") -> None:
    """Gives an account another role; its sessions are over.

    Raises:
        NotStored: there is no such account.
        BadUser: the role lacks the team or employee that it is about, or nobody would be an admin any more.
    """
    values = scope_of_role(name, role, team, employee)
    with store.writing() as connection:
        if role != UserRole.ADMIN:
            _keep_an_admin(connection, name)
        change_account(connection, name, **values)
        write(connection, Action.ROLE, name, **values)


def set_password(store: Store, name: str, password: str, keep_tokens: bool = False) -> int:
    """Gives an account another password; its sessions are over, and so are its tokens unless they are kept.

    Returns how many tokens were revoked: who knew the password may have made them.

    Raises:
        NotStored: there is no such account.
        BadUser: the password is not good enough.
    """
    hashed = _hashed(name, password)
    with store.writing() as connection:
        change_account(connection, name, password_hash=hashed)
        revoked = 0 if keep_tokens else connection.execute(_holding(name)).rowcount
        write(connection, Action.PASSWORD, name, tokens_revoked=revoked)
    return revoked


def _holding(name: str) -> Update:
    """Revokes the tokens of an account that hold."""
    theirs = token.c.user_id.in_(select(user.c.id).where(user.c.name == name))
    return update(token).where(theirs, token.c.revoked_at.is_(None)).values(revoked_at=datetime.now(UTC))


def set_email(store: Store, name: str, email: str, own: bool = False) -> bool:
    """Gives an account another e-mail address, or (empty) none; its sessions are over then.

    `own`: its owner gives it. No identity provider finds the account by such an address: whoever took that of
    somebody else would otherwise get their role, too. False where it is theirs already: nothing changes then.

    Raises:
        NotStored: there is no such account.
        BadUser: it is no address, or another account's.
    """
    with store.writing() as connection:
        known = connection.execute(select(user.c.email).where(user.c.name == name)).scalar()
        if own and (known or "") == email.strip().lower():
            return False  # what an admin gave stays given by an admin
        change_account(connection, name, email=None)
        given = _email(connection, name, email)
        change_account(connection, name, email=given, email_own=own and given is not None)
        write(connection, Action.EMAIL, name, own=own or None)
    return True


def set_locked(store: Store, name: str, locked: bool) -> None:
    """Locks an account (nobody logs in with it, its sessions are over) or opens it again.

    Raises:
        NotStored: there is no such account.
        BadUser: nobody would be an admin any more.
    """
    with store.writing() as connection:
        if locked:
            _keep_an_admin(connection, name)
        change_account(connection, name, locked_at=datetime.now(UTC) if locked else None)
        write(connection, Action.LOCKED if locked else Action.UNLOCKED, name)


def _hashed(name: str, password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise BadUser(name, f"the password needs {MIN_PASSWORD} to {MAX_PASSWORD} letters")
    small = password.casefold()
    words = (*GUESSED, name) if len(name) > 3 else GUESSED
    begun = password[:COUNTED_LETTERS]
    if any(word in small for word in words) or zxcvbn(begun, [*words, name])["guesses"] < LEAST_GUESSES:
        raise BadUser(name, "the password is easily guessed; take one without your name, of more letters")
    return _hasher.hash(password)


def scope_of_role(name: str, role: UserRole, team: str, employee: str) -> dict[str, str]:
    """The columns of an account in this role: what is not about the role is left out.

    Raises:
        BadUser: the role lacks the team or employee that it is about.
    """
    team, employee = team.strip(), employee.strip()
    if role == UserRole.LEAD and not team:
        raise BadUser(name, "a lead sees one team: say which, as the interactions name it (--team)")
    if role == UserRole.AGENT and not employee:
        raise BadUser(name, "an agent sees their own: say their name as the interactions do (--employee)")
    if role == UserRole.LEAD:
        employee = ""
    elif role != UserRole.AGENT:
        team = employee = ""
    return {"role": role.value, "team": team, "employee": employee}


def _email(connection: Connection, name: str, email: str | None) -> str | None:
    email = (email or "").strip().lower() or None
    if email is None:
        return None
    if not _EMAIL.fullmatch(email) or not email.isprintable():
        raise BadUser(name, f"'{email[:80]}' is no e-mail address")
    if connection.execute(select(user.c.id).where(user.c.email == email)).scalar() is not None:
        raise BadUser(name, f"another account has the address {email}")
    return email


def _keep_an_admin(connection: Connection, name: str) -> None:
    others = select(func.count()).where(
        user.c.role == UserRole.ADMIN, user.c.name != name, user.c.locked_at.is_(None)
    )
    mine = connection.execute(select(user.c.role).where(user.c.name == name)).scalar()
    if mine == UserRole.ADMIN and not connection.execute(others).scalar_one():
        raise BadUser(name, "is the last admin; make another one first")


def change_account(connection: Connection, name: str, **values: object) -> None:
    """Changes columns of an account within a transaction; its sessions are over.

    Raises:
        NotStored: there is no such account.
    """
    row = update(user).where(user.c.name == name).values(changed_at=datetime.now(UTC), **values)
    if not connection.execute(row).rowcount:
        raise NotStored("user", name, "`comport user list` shows who there is")


def remove_user(store: Store, name: str) -> None:
    """Removes an account, and with it its tokens, sessions, kept searches and what it was to do or be told.

    A later account of the same name has nothing of it.

    Raises:
        NotStored: there is none of this name.
    """
    with store.writing() as connection:
        theirs = select(user.c.id).where(user.c.name == name)
        for table in (token, login, assignment, mail_message):
            connection.execute(delete(table).where(table.c.user_id.in_(theirs)))
        # What they said where several judge without seeing each other stays, under their name.
        asked = update(calibration_person).where(calibration_person.c.user_id.in_(theirs))
        connection.execute(asked.values(user_id=None))
        for owned in (saved_search, begun):
            connection.execute(delete(owned).where(owned.c.owner == name))
        if not connection.execute(delete(user).where(user.c.name == name)).rowcount:
            raise NotStored("user", name, "`comport user list` shows who there is")
        write(connection, Action.USER_REMOVED, name)


def user_names(store: Store) -> tuple[str, ...]:
    """The names of all accounts."""
    with store.reading() as connection:
        return tuple(connection.execute(select(user.c.name).order_by(user.c.name)).scalars())


def accounts(store: Store) -> tuple[Account, ...]:
    """All accounts, by name."""
    with store.reading() as connection:
        rows = connection.execute(select(user).order_by(user.c.name)).all()
    return tuple(
        Account(
            row.name,
            UserRole(row.role),
            row.team,
            row.employee,
            row.email,
            row.email_own,
            row.added_at,
            row.locked_at is not None,
            bool(row.password_hash),
            row.totp_secret is not None,
        )
        for row in rows
    )


def password_fits(store: Store, name: str, password: str) -> bool:
    """Whether this is the password of this account, and it is not locked; takes as long for any other."""
    with store.reading() as connection:
        stored = connection.execute(
            select(user.c.password_hash).where(user.c.name == name, user.c.locked_at.is_(None))
        ).scalar()
    try:
        # What is cut off here is no password of anybody: none has so many letters.
        _hasher.verify(stored or _NOBODY, password[: MAX_PASSWORD + 1])
    except VerificationError:
        return False
    return bool(stored)


_NOBODY = _hasher.hash("nobody has this password")
