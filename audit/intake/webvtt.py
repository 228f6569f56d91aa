"""WebVTT transcripts: `<v Name>` says who speaks; overlapping cues are kept."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from audit.arrivals import Arrival, Facts, Rejected, Start, interaction
from audit.interactions import Channel, Role
from audit.said import check_people
from models.media import digest_file
from models.observations import UNDETERMINED, Span, Utterance, span
from models.transcripts import observed_transcript, printable, spread

if TYPE_CHECKING:
    from webvtt.models import Timestamp

NAME = "WebVTT"
SUFFIXES = (".vtt",)


def recognises(start: Start) -> bool:
    """Every `.vtt` file: what is wrong in it is told when it is read."""
    return start.suffix in SUFFIXES


def read(path: Path, facts: Facts) -> Iterator[Arrival | Rejected]:
    """The transcript as one arrival; cues of the same voice are utterances of one speaker.

    Raises:
        Rejected: it is no WebVTT, there are too many voices, or a cue ends before it starts.
    """
    import webvtt
    from webvtt.errors import MalformedCaptionError, MalformedFileError

    try:
        cues = webvtt.read(str(path)).captions
    except UnicodeDecodeError as error:
        raise Rejected(str(path), None, "not UTF-8; save it as UTF-8") from error
    except (MalformedFileError, MalformedCaptionError, ValueError) as error:
        raise Rejected(str(path), None, f"not WebVTT: {error or 'the line WEBVTT is missing'}") from error
    except OSError as error:
        raise Rejected(str(path), None, f"cannot be read: {error.strerror}") from error
    language = facts.language or UNDETERMINED
    utterances: list[Utterance] = []
    roles = dict(facts.roles)
    for cue in cues:
        whole = _span(path, _seconds(cue.start_time), _seconds(cue.end_time), cue.identifier or cue.start)
        parts = list(_voices(cue.raw_text))
        # Several voices in one cue share its time in proportion to their letters.
        shares = spread(" ".join("x" * (len(text) + 1) for _, text in parts), whole)
        for (voice, text), share in zip(parts, shares, strict=True):
            if voice and voice.lower() in (Role.AGENT, Role.CUSTOMER, Role.BOT) and voice not in roles:
                roles[voice] = Role(voice.lower())
            utterances.append(Utterance(share.span, voice, language, text, spread(text, share.span)))
    if not utterances:
        raise Rejected(str(path), None, "a WebVTT file without words")
    check_people(path, len({u.speaker for u in utterances}))
    identity = digest_file(path)
    observations = observed_transcript(identity, "webvtt", utterances, spoken=True)
    yield Arrival(interaction(path, identity, facts, Channel.CALL, roles), path, observations)


def _voices(raw_text: str) -> Iterator[tuple[str | None, str]]:
    """(voice, words) of each part of a cue, tags and entities resolved; parts without words are left out."""
    voice: str | None = None
    for piece in _PIECE.findall(raw_text):
        if named := _VOICE.fullmatch(piece):
            voice = printable(html.unescape(named[1])) or None
            continue
        text = printable(html.unescape(_TAG.sub("", piece)))
        if text:
            yield voice, text
        if "</v>" in piece:
            voice = None


_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]*)>")
_PIECE = re.compile(r"<v[.\s][^>]*>|(?:(?!<v[.\s]).)+", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def _seconds(at: "Timestamp") -> float:
    """The library's own `in_seconds` drops the milliseconds."""
    return at.in_seconds() + at.milliseconds / 1000


def _span(path: Path, start_s: float, end_s: float, cue: str) -> Span:
    if end_s < start_s:
        raise Rejected(str(path), None, f"cue {cue} ends at {end_s} s, before it starts at {start_s} s")
    return span(start_s, end_s)
