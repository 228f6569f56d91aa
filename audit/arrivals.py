"""What comes in: the types that every format in `audit/intake/` gives."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from pydantic import AfterValidator, Field, StrictInt

from audit import yamlfile
from audit.interactions import Channel, Interaction, Party, Role
from audit.jsonevents import TooDeep, events
from models.errors import ComportError
from models.observations import Observations
from models.transcripts import printable

START_BYTES = 65_536
"""So much of a file is looked at to tell its format: headers and first messages lie there."""

KEYS_BYTES = 8 * 1024 * 1024
"""The keys of a JSON file are read off its first 8 MiB."""

AHEAD = timedelta(days=1)
"""Clocks and zones may be wrong by so much; what starts later than that has a wrong time."""


class Rejected(ComportError):
    """Something that cannot be taken in, with the line when it has lines."""

    def __init__(self, path: str, line_number: int | None, problem: str) -> None:
        super().__init__(path, line_number, problem)
        self.path, self.line_number, self.problem = path, line_number, problem

    def __str__(self) -> str:
        return f"{self.path}:{f'{self.line_number}:' if self.line_number else ''} {self.problem}"


def _timestamp(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
        at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"'{text}' is not a time like 2026-03-02T10:15:00+01:00") from error
    if at.tzinfo is None:
        raise ValueError(f"'{text}' has no time zone; write for example {text}+01:00 or {text}Z")
    return at.isoformat()


def zone(text: str) -> str:
    """The name of a time zone; a ValueError says that it is none."""
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"'{text}' is no time zone like Europe/Rome") from error
    return text


def _country(text: str) -> str:
    from phonenumbers import SUPPORTED_REGIONS

    if text.upper() not in SUPPORTED_REGIONS:
        raise ValueError(f"'{text}' is no country code like IT")
    return text.upper()


class Facts(yamlfile.Checked):
    """What is known about an interaction beside its file: in `NAME.meta.yaml`, a table, a roster."""

    channel: Channel | None = None
    title: str | None = None
    started_at: Annotated[str, AfterValidator(_timestamp)] | None = None
    agent: str | None = None
    agent_id: str | None = None
    customer: str | None = None
    customer_id: str | None = None
    customer_email: str | None = None
    customer_phone: str | None = None
    branch: str | None = None
    team: str | None = None
    time_zone: Annotated[str, AfterValidator(zone)] | None = None
    language: str | None = None
    country: Annotated[str, AfterValidator(_country)] | None = None
    agent_channel: Annotated[StrictInt, Field(ge=0, le=1)] | None = None
    roles: dict[str, Role] = {}


class Arrival(msgspec.Struct, frozen=True):
    """An interaction that came in; `observations` is given when the format already holds the words.

    `original` is the document as it came (JSON), for formats that are given out again whole. `enclosed` is
    the recording where it lies inside the document; it has no file of its own yet.
    """

    interaction: Interaction
    path: Path
    observations: Observations | None = None
    original: bytes | None = None
    enclosed: bytes | None = None


class Start:
    """The beginning of a file, for telling its format."""

    def __init__(self, path: Path) -> None:
        self.path, self.suffix = path, path.suffix.lower()

    @cached_property
    def text(self) -> str:
        """The first 64 KiB as text, without a byte order mark; bytes that are no UTF-8 are replaced."""
        with self.path.open("rb") as file:
            return file.read(START_BYTES).decode("utf-8-sig", errors="replace")

    @cached_property
    def keys(self) -> frozenset[str]:
        """The outermost keys of a JSON object, or of the first object in a JSON list or of JSON lines; empty
        for anything else."""
        import ijson

        found: set[str] = set()
        if self.text.lstrip()[:1] not in ("{", "["):
            return frozenset()
        try:
            with self.path.open("rb") as file:
                if file.read(3) != b"\xef\xbb\xbf":
                    file.seek(0)
                inside: int | None = None
                for event, value, depth, _ in events(_Head(file)):
                    if event == "start_map" and inside is None:
                        inside = depth + 1
                    elif event == "map_key" and depth == inside:
                        found.add(value)
                    elif event == "end_map" and depth + 1 == inside:
                        break
        except (ijson.JSONError, TooDeep, OSError, UnicodeDecodeError):
            pass
        return frozenset(found)


class _Head:
    """The first `KEYS_BYTES` of a file, as a stream."""

    def __init__(self, file: Any) -> None:
        self._file, self._left = file, KEYS_BYTES

    def read(self, size: int = -1) -> bytes:
        size = self._left if size < 0 else min(size, self._left)
        got: bytes = self._file.read(size)
        self._left -= len(got)
        return got


def digest_of(*parts: Any) -> str:
    """The SHA-256 of what makes an interaction in a file of many the one it is: format, ids, content."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()


def interaction(
    path: Path,
    identity: str,
    facts: Facts,
    channel: Channel,
    roles: dict[str, Role],
    parties: tuple[Party, ...] = (),
    source: str = "",
    source_id: str = "",
) -> Interaction:
    """The interaction that a file and the facts beside it describe; facts win over what the file says.

    `parties` are those that the file names, `source` is the format and `source_id` the id that the
    interaction has in the system it comes from.

    Raises:
        Rejected: the file's name is not UTF-8 and could not be stored, or it starts in the future.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        shown = str(path).encode(errors="replace").decode()
        raise Rejected(shown, None, "the file's name is not UTF-8; rename it") from error
    if facts.started_at and datetime.fromisoformat(facts.started_at) > datetime.now(UTC) + AHEAD:
        raise Rejected(str(path), None, f"starts in the future, {facts.started_at}; mend its time")
    people = tuple(_known(parties, facts))
    return Interaction(
        identity,
        facts.channel or channel,
        printable(facts.title or path.stem),
        str(path.resolve()),
        identity,
        facts.started_at,
        next((p.name for p in people if p.role == Role.AGENT and p.name), None),
        next((p.name for p in people if p.role == Role.CUSTOMER and p.name), None),
        facts.branch and printable(facts.branch),
        facts.language,
        tuple(sorted(roles.items())),
        facts.team and printable(facts.team),
        facts.time_zone,
        people,
        source,
        printable(source_id),
    )


def _known(parties: tuple[Party, ...], facts: Facts) -> Iterator[Party]:
    """The parties of a file with what the facts say of agent and customer; of each the first one is meant."""
    said = {
        Role.AGENT: {"name": facts.agent, "employee": facts.agent_id},
        Role.CUSTOMER: {
            "name": facts.customer,
            "crm": facts.customer_id,
            "email": facts.customer_email,
            "phone": facts.customer_phone,
        },
    }
    for party in parties:
        given = said.pop(party.role, {}) if party.role else {}
        full = msgspec.structs.replace(party, **{k: v for k, v in given.items() if v})
        yield _printable(full, facts.country)
    for role, given in said.items():
        if any(given.values()):
            yield _printable(Party(role, **{k: v for k, v in given.items() if v}), facts.country)


def _printable(party: Party, country: str | None) -> Party:
    return msgspec.structs.replace(
        party,
        name=printable(party.name),
        email=printable(party.email).lower(),
        phone=e164(printable(party.phone), country),
        crm=printable(party.crm),
        employee=printable(party.employee),
    )


def e164(phone: str, country: str | None) -> str:
    """A telephone number in E.164, `+390255501234`; as it is where it is none, or without its country code
    and nobody says which country (ISO 3166, `IT`) it is of."""
    if not phone or not (phone.startswith("+") or country):
        return phone
    import phonenumbers

    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return phone
    if not phonenumbers.is_possible_number(number):
        return phone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
