"""SubRip transcripts: numbered cues with times; who speaks stands before the words, if anywhere."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from audit.arrivals import Arrival, Facts, Rejected, Start
from audit.interactions import Role
from audit.jsonfile import read_bytes
from audit.said import Line, Told, spoken
from models.media import digest_file

NAME = "SubRip"
SUFFIXES = (".srt",)

_TIMES = re.compile(
    r"\s*(\d+):(\d{1,2}):(\d{1,2})[,.](\d{1,3})\s*-->\s*(-?)(\d+):(\d{1,2}):(\d{1,2})[,.](\d{1,3})(?:\s.*)?"
)
_VOICE = re.compile(r"[-–>\s]*([^\s:][^:]{0,39}?)\s*[:：]\s+(\S.*)", re.DOTALL)
_SOUND = re.compile(r"[\[(♪#*][^\])♪]*[\])♪]?\s*")
_TAG = re.compile(r"</?[a-zA-Z][^>]*>|\{\\[^}]*\}")


class _Cue(NamedTuple):
    line_number: int
    start_s: float
    end_s: float
    text: str


def recognises(start: Start) -> bool:
    """Every `.srt` file: what is wrong in it is told when it is read."""
    return start.suffix in SUFFIXES


def read(path: Path, facts: Facts) -> Iterator[Arrival | Rejected]:
    """The transcript as one arrival.

    `Sara: Good morning` names a voice where at least half of the cues begin so, or where the voice is in the
    facts, or is called agent, customer or bot; elsewhere a colon is only a colon.

    Raises:
        Rejected: it is not UTF-8, has no cues, or a cue ends before it starts.
    """
    try:
        text = read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise Rejected(str(path), None, "not UTF-8; save it as UTF-8") from error
    cues = [c for c in _cues(path, text) if c.text and not _SOUND.fullmatch(c.text)]
    named = [_VOICE.fullmatch(c.text) for c in cues]
    usual = 2 * sum(n is not None for n in named) >= len(cues)
    roles: dict[str, Role] = {}
    lines = []
    for cue, voiced in zip(cues, named, strict=True):
        voice = voiced[1] if voiced else None
        given = voice is not None and voice.lower() in (Role.AGENT, Role.CUSTOMER, Role.BOT)
        if voiced is None or not (usual or given or voice in facts.roles):
            lines.append(Line(None, cue.start_s, cue.end_s, cue.text))
            continue
        lines.append(Line(voice, cue.start_s, cue.end_s, voiced[2]))
        if given:
            roles[voiced[1]] = Role(voiced[1].lower())
    yield spoken(path, facts, Told("srt", digest_file(path), roles=roles), lines)


def _cues(path: Path, text: str) -> Iterator[_Cue]:
    start_s = end_s = 0.0
    number, words = 0, list[str]()
    for at, line in enumerate([*text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""], start=1):
        if "-->" in line:
            if not (found := _TIMES.fullmatch(line)) or found[5]:
                raise Rejected(
                    str(path), at, f"'{line.strip()[:60]}' is not like 00:01:02,500 --> 00:01:04,000"
                )
            if number and (left := [w for w in words if not w.isdigit()]):
                yield _Cue(number, start_s, end_s, _TAG.sub("", " ".join(left)).strip())
            start_s, end_s = _seconds(found.groups()[:4]), _seconds(found.groups()[5:])
            number, words = at, []
            if end_s < start_s:
                raise Rejected(str(path), at, f"ends at {end_s:g} s, before it starts at {start_s:g} s")
        elif line.strip():
            words.append(line.strip())
        elif number:
            yield _Cue(number, start_s, end_s, _TAG.sub("", " ".join(words)).strip())
            number, words = 0, []
        else:
            words = []


def _seconds(parts: tuple[str, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000
