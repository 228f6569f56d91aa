"""`comport redact`: an interaction to give away, without card data, personal data and customers' faces."""

import html
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from audit.console import json_option, out, print_json, store_of
from audit.interactions import Interaction, Role, clock

if TYPE_CHECKING:
    from audit.redaction import Gone
    from audit.store import Store
    from models.observations import Observations, Utterance


@click.command()
@click.argument("interaction")
@click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write to.",
)
@click.option("--tone", is_flag=True, help="A tone instead of silence.")
@json_option
@click.pass_context
def redact(context: click.Context, interaction: str, folder: Path, tone: bool, as_json: bool) -> None:
    """Write INTERACTION (its id or title) without card data, personal data and customers' faces.

    Writes the words (WebVTT, a chat as JSON lines), the sound (FLAC) or the video (MP4), and a list of what
    was removed (ID.removed.json). What nobody recognised is not removed: have a person look and listen before
    it leaves the house.
    """
    from audit.auditlog import Action, record

    store = store_of(context)
    found = store.interaction(interaction)
    record(store, Action.EXPORT, found.id, path=folder, format="redacted")
    files, gone, left_out = write_redacted(store, found, folder, tone)
    if as_json:
        print_json({"files": [str(f) for f in files], "removed": gone, "left_out": left_out})
        return
    for one in gone:
        told = f"{clock(one.span.start_s)} {one.kind}, from the {one.where}"
        out.print(told, highlight=False, markup=False)
    if not gone:
        out.print("nothing was found that has to go", highlight=False)
    for reason in left_out:
        out.print(f"left out: {reason}", style="yellow", highlight=False, markup=False, soft_wrap=True)
    for file in files:
        out.print(str(file), highlight=False, markup=False, soft_wrap=True)


def write_redacted(
    store: "Store", found: Interaction, folder: Path, tone: bool = False
) -> "tuple[tuple[Path, ...], tuple[Gone, ...], tuple[str, ...]]":
    """Writes what may leave of an interaction: (files, what was removed, what was left out and why).

    Raises:
        UnreadableMedia: the recording is gone, damaged, or another one than was audited.
        ObservationsUnreadable: what was perceived is damaged, so that nobody knows what has to go.
        CopyUnsaved, ObservationsUnsaved: the folder cannot be written.
    """
    from audit.redaction import personal
    from models.observations import to_json, write_whole

    observations = store.observations(found)
    roles = roles_of(store, found)
    said, gone = personal(observations, found)
    files: list[Path] = []
    if said:
        name, content = _words(found, said, roles)
        files.append(folder / f"{found.id[:12]}{name}")
        write_whole(files[-1], content)
    copy, gone, left_out = write_copy(store, found, observations, gone, folder, tone)
    files += [copy] if copy else []
    files.append(folder / f"{found.id[:12]}.removed.json")
    write_whole(files[-1], to_json({"removed": gone, "left_out": left_out}))
    return tuple(files), gone, left_out


def write_copy(
    store: "Store",
    found: Interaction,
    observations: "Observations",
    gone: "tuple[Gone, ...]",
    folder: Path,
    tone: bool = False,
) -> "tuple[Path | None, tuple[Gone, ...], tuple[str, ...]]":
    """Writes the sound and picture of a recording as they may leave, without what is `gone` (as
    `audit.redaction.personal` gives it), card data and customers' faces: (the file, all that was removed,
    what was left out and why).

    Raises:
        UnreadableMedia: the recording is gone, damaged, or another one than was audited.
        CopyUnsaved: the folder cannot be written.
    """
    from audit.evidence import unchanged
    from audit.redaction import faces, secrets, silences
    from models.muting import suffix, write_muted

    recording = observations.recording
    left_out: list[str] = []
    heard, seen, paint = bool(recording.channels), recording.size_px is not None, None
    if heard and observations.utterances is None:
        heard = False
        left_out.append("the sound: its words were not recognised, so nobody knows what has to go")
    if seen and observations.people is None:
        seen = False
        left_out.append("the picture: nobody looked for people in it, so no face could be blurred")
    if heard:
        gone = (*gone, *secrets(observations))
    if seen and observations.people is not None:
        agents = {label for label, role in roles_of(store, found).items() if role == Role.AGENT}
        paint, blurred = faces(observations.people, agents)
        gone = (*gone, *blurred)
    path = None
    if heard or seen:
        copy = msgspec.structs.replace(
            recording,
            channels=recording.channels if heard else 0,
            size_px=recording.size_px if seen else None,
        )
        path = folder / f"{found.id[:12]}{suffix(copy)}"
        write_muted(path, unchanged(found, recording), copy, silences(gone), tone, paint)
    gone = tuple(sorted((g for g in gone if heard or g.where != "sound"), key=lambda one: one.span))
    return path, gone, tuple(left_out)


def roles_of(store: "Store", found: Interaction) -> dict[str, Role]:
    """Who is who, as on the newest scorecard; as the facts say where there is none."""
    card = next(iter(store.scorecards(found.id)), None)
    return dict(card.roles.of if card else found.roles)


def _words(found: Interaction, said: "Sequence[Utterance]", roles: Mapping[str, Role]) -> tuple[str, bytes]:
    """(suffix, content) of the words; speakers are told by their role or a number, never by a name."""
    numbers = {label: number for number, label in enumerate(dict.fromkeys(u.speaker for u in said), start=1)}

    def who(u: "Utterance") -> str:
        role = roles.get(u.speaker) if u.speaker is not None else None
        return str(role) if role else f"speaker {numbers[u.speaker]}"

    if found.channel.is_text and found.started_at:
        started = datetime.fromisoformat(found.started_at)
        lines = (
            {
                "at": (started + timedelta(seconds=u.span.start_s)).isoformat(),
                "from": str(roles.get(u.speaker or "", Role.OTHER)),
                "text": u.text,
            }
            for u in said
        )
        return ".jsonl", "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
    cues = (
        f"{_cue_time(u.span.start_s)} --> {_cue_time(u.span.end_s)}\n"
        f"<v {who(u)}>{html.escape(u.text, quote=False)}\n"
        for u in said
    )
    return ".vtt", ("WEBVTT\n\n" + "\n".join(cues)).encode()


def _cue_time(time_s: float) -> str:
    minutes, milliseconds = divmod(round(time_s * 1000), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"
