"""The outline of a recording's sound for a player: made once from the file, then kept beside the store."""

from pathlib import Path

import msgspec

from audit.interactions import Interaction
from audit.store import NotStored, Store
from models.media import UnreadableMedia, decode, digest_file
from models.observations import write_whole
from models.sound import peaks

LISTEN_HZ = 8000
"""Half the rate the engines listen at: an outline needs no more."""

MOST_STEPS = 24_000
"""Steps of an outline at most: six for each pixel of a wide screen, some 70 kB a channel."""

FINEST_PER_S = 50
"""Steps a second of a short recording: one for each 20 ms, about the shortest sound of speech."""


class Waveform(msgspec.Struct, frozen=True):
    """The loudest sample (0..127) of each step, one row a sound channel, `per_s` steps a second."""

    per_s: int
    duration_s: float
    peaks: tuple[tuple[int, ...], ...]


def waveform_json(store: Store, interaction: Interaction) -> bytes:
    """The `Waveform` of an interaction's recording as JSON, from the cache when it was made before.

    Raises:
        NotStored: the interaction has no sound.
        UnreadableMedia: the file is gone, damaged, or another one than was audited.
        ObservationsUnsaved: the cache cannot be written.
    """
    recording = store.recording(interaction.recording)
    if recording is None or not recording.channels:
        raise NotStored("sound of interaction", interaction.title, "it has none")
    path = _place(store, recording.id)
    if path.exists():
        return path.read_bytes()
    file = Path(interaction.path)
    if digest_file(file) != recording.id:
        raise UnreadableMedia(str(file), "changed after it was audited", "audit it again")
    per_s = max(1, min(FINEST_PER_S, int(MOST_STEPS / max(recording.duration_s, 1.0))))
    sound = decode(file, LISTEN_HZ).sound
    outline = peaks(sound, per_s)
    duration_s = round(sound.duration_s, 3)
    content = msgspec.json.encode(Waveform(per_s, duration_s, tuple(tuple(row) for row in outline.tolist())))
    write_whole(path, content)
    return content


def _place(store: Store, recording: str) -> Path:
    return store.home / "peaks" / recording[:2] / f"{recording}.json"
