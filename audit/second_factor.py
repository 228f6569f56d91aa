"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes when it is lost."""

import base64
import hashlib
import hmac
import secrets
import time

import msgspec
import pyotp
from sqlalchemy import select, update

from audit.auditlog import Action, write
from audit.sealed import of_user, sealed
from audit.sealing import Unsealable, unseal
from audit.store import Store
from audit.tables import user
from audit.users import change_account

STEP_S = 30
"""So long a code holds. Source: RFC 6238, 5.2, and what every app supports."""

DRIFT_STEPS = 1
"""A clock may be so many steps off. Source: RFC 6238, 5.2 recommends at most one."""

RECOVERY_CODES = 10
"""Codes for when the app is lost: our choice, as many as fit on a note."""

RECOVERY_BYTES = 15
"""120 bits each. Source: OWASP ASVS 5.0, 6.5.2: from 112 bits on a plain hash of a code is enough."""


def new_secret() -> str:
    """A secret for an app: 160 bits in base 32, as RFC 4226, 4 recommends."""
    return pyotp.random_base32(32)


def address_of(secret: str, name: str) -> str:
    """The `otpauth` address that an app reads from a picture."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Comport"))


def has_second_factor(store: Store, name: str) -> bool:
    """Whether this account asks for a code."""
    with store.reading() as connection:
        secret = connection.execute(select(user.c.totp_secret).where(user.c.name == name)).scalar()
    return secret is not None


def turn_on(store: Store, name: str, secret: str, code: str) -> tuple[str, ...] | None:
    """Asks this account for codes from now on, if the first `code` is right; its sessions are over.

    Gives the recovery codes, which are never shown again, or None for a wrong code. The secret is stored
    sealed: whoever reads the database alone cannot make codes.

    Raises:
        NotStored: there is no such account.
        KeyGone: the key that others are sealed with is away.
    """
    step = _step(secret, code, after=0)
    if step is None:
        return None
    codes = tuple(_new_recovery_code() for _ in range(RECOVERY_CODES))
    kept = msgspec.json.encode([_hashed(one) for one in codes]).decode()
    with store.writing() as connection:
        kept_secret = sealed(connection, store, secret, of_user(name))
        change_account(connection, name, totp_secret=kept_secret, totp_step=step, recovery=kept)
        write(connection, Action.SECOND_FACTOR_ON, name)
    return codes


def turn_off(store: Store, name: str) -> None:
    """Asks this account for no codes any more; its sessions are over.

    Raises:
        NotStored: there is no such account.
    """
    with store.writing() as connection:
        change_account(connection, name, totp_secret=None, recovery="[]")
        write(connection, Action.SECOND_FACTOR_OFF, name)


def passes(store: Store, name: str, code: str) -> bool:
    """Whether this is a code of the account's app that was not taken before, or a recovery code that is left.

    Each is taken once: a code that somebody looked at over a shoulder is worth nothing.

    Raises:
        Unsealable: the secret does not open with the key of this home, and it is no recovery code.
    """
    with store.writing() as connection:
        found = connection.execute(
            select(user).where(user.c.name == name, user.c.locked_at.is_(None))
        ).one_or_none()
        if found is None or found.totp_secret is None:
            return False
        step, lost = None, None
        try:
            step = _step(unseal(store.home, found.totp_secret, of_user(name)), code, found.totp_step)
        except Unsealable as error:
            lost = error  # recovery codes are for when there is no code, whyever
        if step is not None:
            connection.execute(update(user).where(user.c.id == found.id).values(totp_step=step))
            return True
        left = _without(found.recovery, code)
        if left is None and lost is not None:
            raise lost
        if left is None:
            return False
        kept = msgspec.json.encode(left).decode()
        connection.execute(update(user).where(user.c.id == found.id).values(recovery=kept))
        write(connection, Action.RECOVERY_CODE, name, left=len(left))
        return True


def _step(secret: str, code: str, after: int) -> int | None:
    """The time step of which this is the code, later than `after`; None when there is none."""
    now = int(time.time()) // STEP_S
    digits = "".join(code.split())
    fits = None
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        same = hmac.compare_digest(pyotp.TOTP(secret).generate_otp(step).encode(), digits.encode())
        if same and step > after:
            fits = step
    return fits


def _new_recovery_code() -> str:
    written = base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()
    return "-".join(written[n : n + 6] for n in range(0, len(written), 6))


def _hashed(code: str) -> str:
    return hashlib.sha256("".join(code.lower().replace("-", " ").split()).encode()).hexdigest()


def _without(kept: str, code: str) -> list[str] | None:
    """The hashes of the recovery codes that are left without this one; None when it is none of them."""
    left: list[str] = msgspec.json.decode(kept, type=list[str])
    asked = _hashed(code)
    return [one for one in left if one != asked] if asked in left else None
