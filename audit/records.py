"""Recordings and interactions as rows of their tables, and back."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from audit import tables as t
from audit.interactions import Channel, Interaction, Party, Role
from audit.tallies import outdate
from models.observations import Recording


def keep_recordings(connection: Connection, recordings: Sequence[Recording]) -> None:
    """Stores what each recording is, once."""
    by_id = {one.id: one for one in recordings}
    known = connection.execute(select(t.recording.c.id).where(t.recording.c.id.in_(by_id))).scalars().all()
    rows = []
    for one in by_id.values():
        width_px, height_px = one.size_px or (None, None)
        row = {
            "id": one.id,
            "duration_s": one.duration_s,
            "channels": one.channels,
            "sample_rate_hz": one.sample_rate_hz,
            "codec": one.codec,
            "fps": one.fps,
            "width_px": width_px,
            "height_px": height_px,
            "caveat": one.caveat,
        }
        if one.id not in known:
            rows.append(row)
    if rows:
        connection.execute(insert(t.recording), rows)


Missing = tuple[tuple[str, str], ...]
"""What could not be perceived, each with the reason."""


def keep_interactions(connection: Connection, facts: Sequence[tuple[Interaction, Missing]]) -> list[bool]:
    """Stores the facts of interactions, or brings them up to date; gives for each whether they are new or
    other than before. No interaction may come twice."""
    row = t.interaction.c
    names = [interaction.id for interaction, _ in facts]
    found = connection.execute(select(t.interaction).where(row.id.in_(names)))
    stored = {one.id: one for one in found}
    now = datetime.now(UTC)
    fresh, changed = [], []
    for interaction, missing in facts:
        values, before = _facts(interaction, missing), stored.get(interaction.id)
        changed.append(before is None or any(getattr(before, name) != one for name, one in values.items()))
        if before is None:
            fresh.append({"id": interaction.id, "added_at": now, **values})
        elif changed[-1]:
            outdate(connection, (interaction.id,))
            connection.execute(update(t.interaction).where(row.id == interaction.id).values(**values))
            # It may be summed up elsewhere now.
            outdate(connection, (interaction.id,))
    if fresh:
        connection.execute(insert(t.interaction), fresh)
    return changed


def _facts(interaction: Interaction, missing: Missing) -> dict[str, Any]:
    started_at = interaction.started_at
    return {
        "channel": interaction.channel.value,
        "title": interaction.title,
        "path": interaction.path,
        "recording_id": interaction.recording,
        "started_at": datetime.fromisoformat(started_at) if started_at else None,
        "agent": interaction.agent,
        "customer": interaction.customer,
        "branch": interaction.branch,
        "language": interaction.language,
        "roles": msgspec.json.encode(interaction.roles).decode(),
        "missing": msgspec.json.encode(missing).decode(),
        "team": interaction.team,
        "time_zone": interaction.time_zone,
        "parties": msgspec.json.encode(interaction.parties).decode(),
        "source": interaction.source,
        "source_id": interaction.source_id,
    }


def keep_observed(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Stores where observations lie; those made in the same way before give way."""
    row = t.observation.c
    by_key = {(one["recording_id"], one["provenance_digest"]): one for one in rows}
    of_these = row.recording_id.in_({recording for recording, _ in by_key})
    known = connection.execute(select(row.recording_id, row.provenance_digest).where(of_these)).all()
    for recording, digest in by_key.keys() & set(map(tuple, known)):
        same = (row.recording_id == recording, row.provenance_digest == digest)
        connection.execute(update(t.observation).where(*same).values(**by_key.pop((recording, digest))))
    if by_key:
        connection.execute(insert(t.observation), list(by_key.values()))


def recording_of(row: Any) -> Recording:
    """The recording in a row of its table, which may be joined to others."""
    size_px = None if row.width_px is None else (row.width_px, row.height_px)
    return Recording(
        row._mapping[t.recording.c.id],
        row.duration_s,
        row.channels,
        row.sample_rate_hz,
        row.codec,
        row.fps,
        size_px,
        row.caveat,
    )


def interaction_of(row: Any) -> Interaction:
    """The interaction in a row of its table, which may be joined to others."""
    values = row._mapping
    return Interaction(
        values[t.interaction.c.id],
        Channel(row.channel),
        row.title,
        row.path,
        row.recording_id,
        row.started_at.isoformat() if row.started_at else None,
        row.agent,
        row.customer,
        row.branch,
        row.language,
        msgspec.json.decode(row.roles, type=tuple[tuple[str, Role], ...]),
        row.team,
        row.time_zone,
        msgspec.json.decode(row.parties, type=tuple[Party, ...]),
        row.source,
        row.source_id,
    )
