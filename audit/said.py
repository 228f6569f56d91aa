"""From the lines and messages of another system to an arrival."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from audit.arrivals import AHEAD, Arrival, Facts, Rejected, interaction
from audit.interactions import Channel, Party, Role
from audit.speakers import PAUSE_S
from models.observations import UNDETERMINED, Utterance, Word, span
from models.transcripts import WRITTEN, observed_transcript, printable, spread

LONGEST_S = 7 * 24 * 3600.0
"""No call is longer than a week: times beyond are no seconds since its start."""

MOST_SPEAKERS = 1000
"""So many parties no conversation has: a file with more is broken."""

FIRST_ZONE = timezone(timedelta(hours=14))
"""Where a day begins first (Line Islands, UTC+14 in the IANA time zone database)."""


class Line(NamedTuple):
    """What one speaker said between two times, in seconds; `words` where their own times are known.

    `sure` is how surely words without own times were heard, 0..1.
    """

    speaker: str | None
    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...] = ()
    language: str = ""
    sure: float = 1.0


class Message(NamedTuple):
    """What somebody wrote at a time; `speaker` is how they are called, "" where nobody says.

    Times of one conversation have all a zone, or none: then it is not known when it was.
    """

    at: datetime
    speaker: str
    role: Role | None
    text: str


class Told(NamedTuple):
    """What a file says of an interaction as a whole."""

    form: str
    """The format, as `Interaction.source` says it."""
    identity: str
    channel: Channel = Channel.CALL
    roles: dict[str, Role] = {}
    parties: tuple[Party, ...] = ()
    source_id: str = ""
    language: str = ""
    started_at: datetime | None = None
    title: str = ""
    engine: str = WRITTEN
    """What heard the words; `WRITTEN` where a person wrote them."""
    original: bytes | None = None


def spoken(path: Path, facts: Facts, told: Told, lines: Iterable[Line]) -> Arrival:
    """The arrival of what was said in these lines.

    Raises:
        Rejected: there are none, there are too many speakers, or a line has no sensible time.
    """
    utterances: list[Utterance] = []
    for number, line in enumerate(lines, start=1):
        text = printable(line.text)
        if not text:
            continue
        _check(path, number, line)
        whole = span(line.start_s, line.end_s)
        words = line.words or tuple(Word(w.span, w.text, line.sure) for w in spread(text, whole))
        if line.words:
            # The words may reach a little beyond what the system says of the whole.
            whole = span(
                min(line.start_s, *(w.span.start_s for w in words)),
                max(line.end_s, *(w.span.end_s for w in words)),
            )
        language = _language(line.language or told.language or facts.language or "")
        speaker = printable(line.speaker or "") or None
        utterances.append(Utterance(whole, speaker, language, text, words))
    if not utterances:
        raise Rejected(str(path), None, f"{told.form}: no words in it")
    return _arrival(path, facts, told, utterances, told.roles, spoken=True)


def written(path: Path, facts: Facts, told: Told, messages: Sequence[Message]) -> Arrival:
    """The arrival of these messages in order of time; times are seconds from the first.

    Raises:
        Rejected: there are none, too many people wrote them, or they are of the future in every time zone.
    """
    ordered = sorted((m for m in messages if printable(m.text)), key=lambda m: m.at)
    if not ordered:
        raise Rejected(str(path), None, f"{told.form}: no messages in it")
    language = _language(told.language or facts.language or "")
    roles: dict[str, Role] = {}
    utterances = []
    for message in ordered:
        speaker = printable(message.speaker) or str(message.role or "") or None
        if message.role and speaker:
            if roles.get(speaker, message.role) != message.role:
                speaker = f"{speaker} ({message.role})"
            roles[speaker] = message.role
        at_s = (message.at - ordered[0].at).total_seconds()
        text = printable(message.text)
        moment = span(at_s, at_s)
        utterances.append(Utterance(moment, speaker, language, text, spread(text, moment)))
    began = told.started_at or ordered[0].at
    # Of a time without a zone nobody knows the moment, but it can be told that it has come nowhere yet.
    if not facts.started_at and began.replace(tzinfo=None) > _latest_now() + AHEAD:
        raise Rejected(str(path), None, f"starts in the future, {began.isoformat()}; mend its time")
    told = told._replace(started_at=began)
    return _arrival(path, facts, told, utterances, {**roles, **told.roles}, spoken=False)


def _latest_now() -> datetime:
    """What clocks show where it is latest."""
    return datetime.now(FIRST_ZONE).replace(tzinfo=None)


def check_people(path: Path, count: int) -> None:
    """Refuses a conversation of so many people that its file is broken.

    Raises:
        Rejected: they are more than `MOST_SPEAKERS`.
    """
    if count > MOST_SPEAKERS:
        told = f"{count} people in one conversation, expected at most {MOST_SPEAKERS}"
        raise Rejected(str(path), None, told)


def _arrival(
    path: Path,
    facts: Facts,
    told: Told,
    utterances: list[Utterance],
    roles: dict[str, Role],
    spoken: bool,
) -> Arrival:
    speakers = {u.speaker for u in utterances}
    check_people(path, max(len(speakers), len(told.parties)))
    if facts.agent_channel is not None:
        channels = {f"channel-{n}" for n in (0, 1)} & {str(s) for s in speakers}
        of = {f"channel-{facts.agent_channel}": Role.AGENT}
        roles = {**roles, **{c: of.get(c, Role.CUSTOMER) for c in channels}}
    observations = observed_transcript(told.identity, told.form, utterances, spoken, engine=told.engine)
    at = told.started_at
    started = at.isoformat() if at and at.tzinfo else None
    known = facts.model_copy(
        update={"started_at": facts.started_at or started, "title": facts.title or told.title or None}
    )
    about = interaction(
        path,
        told.identity,
        known,
        told.channel,
        {**roles, **facts.roles},
        told.parties,
        told.form,
        told.source_id,
    )
    return Arrival(about, path, observations, told.original)


def _check(path: Path, number: int, line: Line) -> None:
    for start_s, end_s in (
        (line.start_s, line.end_s),
        *((w.span.start_s, w.span.end_s) for w in line.words),
    ):
        if not (math.isfinite(start_s) and math.isfinite(end_s)) or start_s < 0:
            raise Rejected(str(path), None, f"line {number} begins at {start_s:g} s, before the recording")
        if end_s < start_s:
            raise Rejected(
                str(path), None, f"line {number} ends at {end_s:g} s, before it starts at {start_s:g} s"
            )
        if not 0 <= line.sure <= 1:
            raise Rejected(str(path), None, f"line {number} has confidence {line.sure:g}, expected 0 to 1")
        if end_s > LONGEST_S:
            raise Rejected(
                str(path),
                None,
                f"line {number} ends at {end_s:g} s; expected seconds since the start of the call",
            )


def word(path: Path, start_s: float, end_s: float, text: str, sure: float) -> Word:
    """A heard word; `sure` is 0..1.

    Raises:
        Rejected: it is not, or the word ends before it starts.
    """
    if end_s < start_s:
        raise Rejected(
            str(path), None, f"'{text[:40]}' ends at {end_s:g} s, before it starts at {start_s:g} s"
        )
    if not 0 <= sure <= 1:
        raise Rejected(
            str(path), None, f"'{text[:40]}' at {start_s:g} s has confidence {sure:g}, expected 0 to 1"
        )
    return Word(span(start_s, end_s), printable(text), round(sure, 4))


def lines_of(words: Iterable[tuple[str | None, Word]]) -> Iterator[Line]:
    """Words of one voice after the other, each with its speaker, as lines: a line ends where another one
    speaks or after a pause of `PAUSE_S`."""
    at: list[Word] = []
    who: str | None = None
    for speaker, heard in words:
        if at and (speaker != who or heard.span.start_s - at[-1].span.end_s > PAUSE_S):
            yield _line(who, at)
            at = []
        who = speaker
        at.append(heard)
    if at:
        yield _line(who, at)


def _line(speaker: str | None, words: list[Word]) -> Line:
    text = " ".join(w.text for w in words)
    return Line(speaker, words[0].span.start_s, words[-1].span.end_s, text, tuple(words))


def local(text: str, facts: Facts) -> datetime | None:
    """A time as another system writes it, ISO 8601; one without a zone is in that of the branch.

    None when it is no time, or nobody says in which zone it is: then it is missing, and not guessed.
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if at.tzinfo is None and facts.time_zone:
        at = at.replace(tzinfo=ZoneInfo(facts.time_zone))
    return at if at.tzinfo else None


def _language(code: str) -> str:
    """`en` of `en-US` or `EN`; what is no code is undetermined."""
    main = re.split(r"[-_]", code.strip().lower())[0]
    return main if re.fullmatch(r"[a-z]{2,3}", main) else UNDETERMINED
