"""What the database must not tell whoever reads it: sealed with a key that lies beside it, in a file.

AES-256-GCM; what a text was sealed for (an account, say) is sealed in with it, so that it is worth nothing in
another row. A backup of the home has the key in it: keep it as you keep the home.
"""

import base64
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.errors import ComportError

KEY = "seal.key"

KEY_BYTES = 32
"""256 bits. Source: OWASP ASVS 5.0, 11.2.3 asks for 128 at least."""

NONCE_BYTES = 12
"""Drawn anew for each text. Source: NIST SP 800-38D, 8.2.2: they do for 2^32 texts of one key."""

PREFIX = "sealed1:"
"""What a sealed text begins with: what an earlier version stored has none, and is read as it is."""


class Unsealable(ComportError):
    """A sealed text that the key of this home does not open."""

    def __init__(self, path: str, of: str) -> None:
        super().__init__(path, of)
        self.path, self.of = path, of

    def __str__(self) -> str:
        return f"{self.path}: does not open what is sealed for {self.of}; put back the file from a backup"


class KeyGone(ComportError):
    """No key is there, though something was sealed with it: with a new one that would never open again."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        off = "comport user second-factor-off NAME, comport webhook remove NUMBER"
        remedy = f"put it back from a backup, or turn them off ({off})"
        return f"{self.path}: is away, and second factors or webhooks are sealed with it; {remedy}"


def key_file(path: Path, size: int) -> bytes:
    """The random bytes in a file, made at the first call and readable by its owner alone.

    Raises:
        OSError: it cannot be made or read.
    """
    if not path.exists():
        part = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(size))
        try:
            # A link, not a rename: of two that start at once the second takes the first one's key.
            path.hardlink_to(part)
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return path.read_bytes()


def seal(home: Path, text: str, of: str, first: bool = False) -> str:
    """The text as it may stand in the database; `of` says what it is about, and opens it again.

    `first`: nothing is sealed yet, so that a key may be made.

    Raises:
        KeyGone: there is no key, though something is sealed with it.
    """
    if not first and not (home / KEY).exists():
        raise KeyGone(str(home / KEY))
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(key_file(home / KEY, KEY_BYTES)).encrypt(nonce, text.encode(), of.encode())
    return PREFIX + base64.b64encode(nonce + sealed).decode()


def is_sealed(stored: str) -> bool:
    """Whether a stored text is sealed, and not as an earlier version wrote it."""
    return stored.startswith(PREFIX)


def unseal(home: Path, stored: str, of: str) -> str:
    """The text that was sealed for `of`; what an earlier version stored comes back as it is.

    Raises:
        Unsealable: it was sealed with another key or for something else, or was changed.
    """
    if not is_sealed(stored):
        return stored
    raw = base64.b64decode(stored.removeprefix(PREFIX))
    # A key that is gone is not made anew here: nothing that was sealed would ever open again.
    path = home / KEY
    try:
        key = path.read_bytes()
        return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], of.encode()).decode()
    except (InvalidTag, OSError, ValueError) as error:
        raise Unsealable(str(path), of) from error
