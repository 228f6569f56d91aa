"""References for what is heard: exact words, with speakers and times where the file tells them.

As they lie in a folder and the folders below:
- `NAME.ref.txt` beside a recording: its exact words, `Agent: …` or `Customer: …` a turn, or plain text;
- `NAME.vcon.json`: a vCon whose `analysis` holds the script of the recording;
- `NAME.vtt`: a transcript with exact times and speakers;
- `NAME_agent.wav` with `NAME_caller.wav` or `NAME_customer.wav`: who speaks when, to be mixed;
- a recording with a party on each channel, if `NAME.meta.yaml` or the times of `NAME.vtt` say who is who.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from audit.arrivals import Rejected
from audit.intake import RECORDING_SUFFIXES, read_facts, take_in
from audit.interactions import Role
from models.errors import ComportError
from models.observations import UNDETERMINED, Observations, Utterance, span
from models.transcripts import observed_transcript, spread

TURN = re.compile(r"\s*(agent|customer|caller|client)\s*:\s*(.*)", re.IGNORECASE)

TURN_S, GAP_S = 60.0, 2.0
"""Turns of a script without times are laid out in order, so far apart that no phrase reaches over."""


class NoReferences(ComportError):
    """A folder without a recording that has a reference."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return (
            f"{self.path}: no recording with a reference; expected NAME.ref.txt, NAME.vcon.json or "
            "NAME.vtt beside one, NAME_agent.wav with NAME_caller.wav, or agent_channel in NAME.meta.yaml"
        )


class Script(NamedTuple):
    """The exact words of a recording."""

    observations: Observations
    roles: dict[str, Role]
    """Who each speaker label is; empty where the script does not say."""
    timed: bool
    """Whether its times are those of the recording."""


class Case(NamedTuple):
    """One recording with what is known of it."""

    name: str
    path: Path | None
    """The recording; None for a mix of `parties`."""
    script: Script | None
    parties: tuple[Path, Path] | None
    """Agent and customer, each a file or, both the same, a file with two channels."""
    agent_channel: int | None = None
    """Of two channels in one file, None where only the times of the script may tell."""


def find_cases(folder: Path) -> tuple[Case, ...]:
    """Every recording in the folder and below that has a reference, by name.

    Raises:
        NoReferences: there is none.
        Rejected, yamlfile.BadFile: a reference cannot be read.
    """
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    sounds = [p for p in files if p.suffix.lower() in RECORDING_SUFFIXES]
    cases = tuple(case for path in sounds for case in (_recorded(path), _pair(path)) if case)
    if not cases:
        raise NoReferences(str(folder))
    return cases


def _recorded(path: Path) -> Case | None:
    facts = read_facts(path)
    script = _script(path)
    parties = (path, path) if facts.agent_channel is not None or (script and script.timed) else None
    if script is None and parties is None:
        return None
    return Case(path.stem, path, script, parties, facts.agent_channel)


def _pair(path: Path) -> Case | None:
    name, _, who = path.stem.rpartition("_")
    others = [path.with_name(f"{name}_{other}{path.suffix}") for other in ("caller", "customer")]
    other = next((p for p in others if p.is_file()), None)
    if who != "agent" or other is None:
        return None
    return Case(name, None, _script(path.with_name(name + path.suffix)), (path, other))


def _script(path: Path) -> Script | None:
    exact, vcon, timed = (path.with_name(path.stem + s) for s in (".ref.txt", ".vcon.json", ".vtt"))
    if exact.is_file():
        return _laid_out(exact, _text_turns(_read(exact)))
    if vcon.is_file():
        return _laid_out(vcon, _vcon_turns(vcon))
    if timed.is_file():
        arrival = take_in(timed)
        if arrival.observations is not None:
            return Script(arrival.observations, dict(arrival.interaction.roles), True)
    return None


def _read(path: Path) -> str:
    try:
        # Some editors write a mark of their own before the first letter.
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Rejected(str(path), None, f"cannot be read as UTF-8 text: {error}") from error


def _text_turns(text: str) -> Iterator[tuple[str | None, str]]:
    """(speaker, words) of each turn; a line without a name goes on with the named turn before it."""
    speaker: str | None = None
    said: list[str] = []
    for line in text.splitlines():
        turn = TURN.fullmatch(line)
        if turn or speaker is None:
            yield speaker, " ".join(filter(str.strip, said))
            speaker, said = (turn[1], [turn[2]]) if turn else (None, [line])
        else:
            said.append(line)
    yield speaker, " ".join(filter(str.strip, said))


class _Turn(msgspec.Struct):
    speaker: str = ""
    message: str = ""


class _Analysis(msgspec.Struct):
    type: str = ""
    body: msgspec.Raw = msgspec.Raw(b"null")


class _Vcon(msgspec.Struct):
    analysis: list[_Analysis] = []


def _vcon_turns(path: Path) -> Iterator[tuple[str | None, str]]:
    try:
        vcon = msgspec.json.decode(_read(path), type=_Vcon)
        for script in (a.body for a in vcon.analysis if a.type == "transcript"):
            for turn in msgspec.json.decode(script, type=list[_Turn]):
                yield turn.speaker or None, turn.message
    except (msgspec.DecodeError, RecursionError) as error:
        raise Rejected(
            str(path), None, f"no vCon with a transcript of turns (speaker, message): {error}"
        ) from error


def _laid_out(path: Path, turns: Iterable[tuple[str | None, str]]) -> Script | None:
    said: list[Utterance] = []
    for speaker, text in turns:
        if text.split():
            start_s = len(said) * (TURN_S + GAP_S)
            where = span(start_s, start_s + TURN_S)
            label = speaker and (Role.AGENT if speaker.lower() == Role.AGENT else Role.CUSTOMER).value
            said.append(Utterance(where, label, UNDETERMINED, text, spread(text, where)))
    if not said:
        return None
    identity = hashlib.sha256(str(path).encode()).hexdigest()
    roles = {u.speaker: Role(u.speaker) for u in said if u.speaker}
    return Script(observed_transcript(identity, "script", said, spoken=True), roles, False)
