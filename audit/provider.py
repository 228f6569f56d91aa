"""Accounts as an identity provider (OpenID Connect) knows them, and what it is told to Comport."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import yaml
from sqlalchemy import select, update

from audit.auditlog import Action, write
from audit.scope import UserRole
from audit.store import Store
from audit.tables import user
from audit.users import scope_of_role, set_role
from models.errors import ComportError


class BadProvider(ComportError):
    """A file about an identity provider that cannot be used."""

    def __init__(self, file: str, found: str, remedy: str) -> None:
        super().__init__(file, found, remedy)
        self.file, self.found, self.remedy = file, found, remedy

    def __str__(self) -> str:
        return f"{self.file}: {self.found}; {self.remedy}"


class Provider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An identity provider: where it is, what we are called there, and what its claims say of roles.

    `roles` says which role a value of the claim `role_claim` gives; without it the accounts' own count.
    """

    issuer: str
    client_id: str
    secret_file: str
    title: str = ""
    role_claim: str = ""
    roles: dict[str, UserRole] = {}
    team_claim: str = ""
    employee_claim: str = ""
    secret: str = ""


def load_provider(path: Path) -> Provider:
    """The provider that a YAML file describes, with its secret read.

    Raises:
        BadProvider: the file or the secret cannot be read, or something in it is wrong.
    """
    try:
        found = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), Provider)
        secret = (path.parent / found.secret_file).read_text("utf-8").strip()
    except OSError as error:
        remedy = "see that it is there and may be read"
        raise BadProvider(str(path), f"cannot read {error.filename}", remedy) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadProvider(str(path), "is no YAML", "write `issuer: https://…` and so on") from error
    except msgspec.ValidationError as error:
        wanted = "docs/security.md shows such a file"
        raise BadProvider(str(path), str(error), wanted) from error
    address = urlsplit(found.issuer)
    if address.scheme != "https" and address.hostname not in ("localhost", "127.0.0.1", "::1"):
        remedy = "give one that begins with https://"
        raise BadProvider(str(path), f"issuer '{found.issuer}' is not safe", remedy)
    if not secret:
        raise BadProvider(str(path), f"{found.secret_file} is empty", "put the client's secret into it")
    if bool(found.roles) != bool(found.role_claim):
        raise BadProvider(str(path), "role_claim and roles go together", "give both or neither")
    return msgspec.structs.replace(found, secret=secret)


class NoAccount(ComportError):
    """Somebody whom the provider knows and Comport does not let in."""

    def __init__(self, because: str) -> None:
        super().__init__(because)
        self.because = because

    def __str__(self) -> str:
        return self.because


def let_in(store: Store, provider: Provider, claims: dict[str, Any]) -> str:
    """The name of the account that these (checked) claims are about, its role brought up to date.

    It is known by its subject; the first time by an e-mail address that the provider has verified and
    that an admin gave the account: one that its owner gave says nothing of who that is.

    Raises:
        NoAccount: there is none, it is locked, or no claim gives it a role.
        BadUser: the role lacks its team or employee, or nobody would be an admin any more.
    """
    subject = f"{provider.issuer} {claims['sub']}"
    email = str(claims.get("email", "")).strip().lower() if claims.get("email_verified") is True else ""
    with store.writing() as connection:
        found = connection.execute(select(user).where(user.c.subject == subject)).one_or_none()
        if found is None and email:
            by_address = (user.c.email == email, user.c.subject.is_(None), user.c.email_own.is_(False))
            found = connection.execute(select(user).where(*by_address)).one_or_none()
            if found is not None:
                connection.execute(update(user).where(user.c.id == found.id).values(subject=subject))
                write(connection, Action.IDENTITY, found.name, issuer=provider.issuer, email=email)
        if found is None:
            raise NoAccount("no account has this identity or its verified e-mail address")
        if found.locked_at is not None:
            raise NoAccount("the account is locked")
        if provider.roles:
            team = claims.get(provider.team_claim, found.team)
            employee = claims.get(provider.employee_claim, found.employee)
            wanted = scope_of_role(found.name, _role(provider, claims), str(team), str(employee))
            if wanted != {column: getattr(found, column) for column in wanted}:
                set_role(store, found.name, UserRole(wanted["role"]), wanted["team"], wanted["employee"])
    return str(found.name)


def _role(provider: Provider, claims: dict[str, Any]) -> UserRole:
    """The first role of the map that the claim has; of several the one that stands first in the file."""
    given = claims.get(provider.role_claim)
    values = {given} if isinstance(given, str) else set(map(str, given or ()))
    for value, role in provider.roles.items():
        if value in values:
            return role
    raise NoAccount(f"the claim '{provider.role_claim}' gives no role here")
