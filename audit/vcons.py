"""The vCon document, in every version seen: its parties, its bodies, its seal."""

import base64
import binascii
import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

import msgspec

from audit.arrivals import Rejected
from audit.interactions import Party, Role
from audit.jsonfile import convert, decode_bytes

KEY_NAMES = ("{stem}.key.pem", "vcon.key.pem")
"""Where the public key of who signed is looked for: beside the one vCon, or for all of a folder."""

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a private key. With HS256 whoever checks could have signed, so it is not accepted."""


class VconParty(msgspec.Struct):
    """Somebody in a vCon; `email` and `meta.role` are of versions before 0.0.2."""

    name: str | None = None
    tel: str | None = None
    mailto: str | None = None
    email: str | None = None
    role: str | None = None
    uuid: str | None = None
    id: str | None = None
    meta: dict[str, Any] | None = None


class Dialog(msgspec.Struct):
    """A piece of a conversation; `mimetype`, `alg` and `signature` are of versions before 0.3.0."""

    type: str
    start: str | None = None
    parties: int | list[int | list[int] | None] | None = None
    originator: int | None = None
    mediatype: str | None = None
    mimetype: str | None = None
    filename: str | None = None
    body: Any = None
    encoding: str | None = None
    url: str | None = None
    content_hash: str | list[str] | None = None
    alg: str | None = None
    signature: str | None = None
    disposition: str | None = None
    message_id: str | None = None

    @property
    def media(self) -> str:
        return self.mediatype or self.mimetype or ""

    @property
    def channels(self) -> list[int | None]:
        """The party of each channel, or the parties in order; of several on a channel none is meant."""
        given = self.parties if isinstance(self.parties, list) else [self.parties]
        return [one if isinstance(one, int) else None for one in given]

    @property
    def sender(self) -> int | None:
        return self.originator if self.originator is not None else next(iter(self.channels), None)


class Analysis(msgspec.Struct):
    type: str = ""
    dialog: int | list[int] | None = None
    vendor: str | None = None
    body: Any = None
    encoding: str | None = None

    def of(self, number: int) -> bool:
        return number in (self.dialog if isinstance(self.dialog, list) else [self.dialog])


class Vcon(msgspec.Struct):
    uuid: str = ""
    vcon: str | None = None
    subject: str | None = None
    parties: list[VconParty] = []
    dialog: list[Dialog] = []
    analysis: list[Analysis] = []
    seal: str = ""
    """What is known of its signature: "" for none."""


def vcon_of(path: Path, value: dict[str, Any], where: str) -> Vcon:
    """The vCon in a JSON object, its seal opened.

    Raises:
        Rejected: it is encrypted, its signature is not that of the key beside it, or it is no vCon.
    """
    seal = ""
    if "ciphertext" in value:
        raise Rejected(str(path), None, f"{where} is encrypted; decrypt it first")
    if "signatures" in value or ("payload" in value and "signature" in value):
        value, seal = _unsealed(path, value, where)
    found = convert(path, value, Vcon, where)
    found.seal = seal
    return found


def _unsealed(path: Path, value: dict[str, Any], where: str) -> tuple[dict[str, Any], str]:
    if not isinstance(value.get("payload"), str):
        raise Rejected(str(path), None, f"{where}: payload: expected text")
    payload = decode_bytes(path, decoded(path, value["payload"], f"{where}: payload"), dict[str, Any])
    names = (path.with_name(name.format(stem=path.name.partition(".")[0])) for name in KEY_NAMES)
    key_file = next((name for name in names if name.is_file()), None)
    if key_file is None:
        return payload, "signature not checked"
    from joserfc import jws
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    pem = key_file.read_bytes()
    sealed: Any = value
    for kind in (RSAKey, ECKey, OKPKey):
        try:
            key = kind.import_key(pem)
        except (JoseError, ValueError, TypeError):
            continue
        try:
            jws.deserialize_json(sealed, key, algorithms=ALGORITHMS)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            told = f"{where}: its signature is not that of {key_file.name}"
            raise Rejected(str(path), None, told) from error
        return payload, "signature checked"
    raise Rejected(str(path), None, f"{key_file.name}: not a public key as PEM")


def decoded(path: Path, text: str, where: str) -> bytes:
    """The bytes of base64url with or without padding, or of plain base64.

    Raises:
        Rejected: it is neither.
    """
    plain = "".join(text.split()).rstrip("=").replace("+", "-").replace("/", "_")
    try:
        if not re.fullmatch(r"[A-Za-z0-9_-]*", plain):
            raise ValueError("characters that are none of base64url")
        return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError) as error:
        raise Rejected(str(path), None, f"{where}: not base64url: {error}") from error


def body_of(path: Path, piece: Dialog | Analysis, where: str) -> Any:
    """What is inline in a piece: bytes, text, or what JSON gives; None where there is nothing inline.

    Raises:
        Rejected: it is not encoded as it says.
    """
    body = piece.body
    if body is None or body == "":
        return None
    if piece.encoding in ("base64url", "base64"):
        if not isinstance(body, str):
            raise Rejected(str(path), None, f"{where}: body: expected text in {piece.encoding}")
        return decoded(path, body, f"{where}: body")
    if piece.encoding == "json" and isinstance(body, str):
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise Rejected(str(path), None, f"{where}: body: not JSON, as its encoding says") from error
    return body


ROLES = {"agent": Role.AGENT, "customer": Role.CUSTOMER, "bot": Role.BOT, "contact": Role.CUSTOMER}
"""The roles of the contact centre extension; its others (supervisor, expert, third party) are `other`."""


def party_of(party: VconParty, label: str | None) -> Party:
    """A party as Comport knows it; a role is only what the vCon says."""
    said = party.role or (party.meta or {}).get("role")
    role = ROLES.get(said.lower(), Role.OTHER) if isinstance(said, str) and said else None
    mail = (party.mailto or party.email or "").removeprefix("mailto:")
    mail = mail.rpartition("<")[2].rstrip(">").strip()
    known = party.uuid or party.id or ""
    return Party(
        role,
        party.name or "",
        label,
        mail,
        (party.tel or "").removeprefix("tel:"),
        crm=known if role == Role.CUSTOMER else "",
        employee=known if role == Role.AGENT else "",
    )


def beside(path: Path, dialog: Dialog, stem: str, where: str) -> Path | None:
    """The recording of a dialog that lies beside its vCon, under its `filename` or the vCon's own name.

    A name with a folder in it is never followed.

    Raises:
        Rejected: it is not the file that the vCon gives the hash of.
    """
    name = dialog.filename or ""
    suffix = Path(name).suffix
    tried = [name] if name and Path(name).name == name and name not in (".", "..") else []
    if suffix:
        tried.append(stem + suffix)
    for one in tried:
        file = path.with_name(one)
        try:
            if file.is_file() and file.resolve().parent == path.resolve().parent:
                check_hash(path, file.read_bytes(), dialog, where)
                return file
        except (OSError, ValueError):
            continue
    return None


def check_hash(path: Path, content: bytes, dialog: Dialog, where: str) -> None:
    """Does nothing where the content is what the vCon gives the hash of, or where it gives none.

    Raises:
        Rejected: it is something else.
    """
    given = dialog.content_hash or []
    for one in [given] if isinstance(given, str) else given:
        name, _, digest = one.partition("-")
        _compare(path, content, name, digest, where)
    if dialog.signature and dialog.alg:
        _compare(path, content, dialog.alg, dialog.signature, where)


def _compare(path: Path, content: bytes, name: str, digest: str, where: str) -> None:
    kind = name.lower().replace("-", "")
    if kind in ("sha256", "sha384", "sha512"):
        found = hashlib.new(kind, content).digest()
        if not hmac.compare_digest(found, decoded(path, digest, f"{where}: {name}")):
            raise Rejected(str(path), None, f"{where}: the recording is not the one that its hash is of")
