"""Recordings and interactions as rows of their tables, and back."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from audit import tables as t
from audit.interactions import Channel, Interaction, Party, Role
from audit.tallies import outdate
from models.observations import Recording


def keep_recording(connection: Connection, recording: Recording) -> None:
    """Stores what a recording is, once."""
    if connection.execute(select(t.recording.c.id).where(t.recording.c.id == recording.id)).scalar():
        return
    width_px, height_px = recording.size_px or (None, None)
    connection.execute(
        insert(t.recording).values(
            id=recording.id,
            duration_s=recording.duration_s,
            channels=recording.channels,
            sample_rate_hz=recording.sample_rate_hz,
            codec=recording.codec,
            fps=recording.fps,
            width_px=width_px,
            height_px=height_px,
            caveat=recording.caveat,
        )
    )


def keep_interaction(
    connection: Connection, interaction: Interaction, missing: tuple[tuple[str, str], ...]
) -> bool:
    """Stores the facts, or brings them up to date; gives whether they are new or other than before."""
    stored = connection.execute(
        select(t.interaction).where(t.interaction.c.id == interaction.id)
    ).one_or_none()
    facts = {
        "channel": interaction.channel.value,
        "title": interaction.title,
        "path": interaction.path,
        "recording_id": interaction.recording,
        "started_at": datetime.fromisoformat(interaction.started_at) if interaction.started_at else None,
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
    if stored is None:
        connection.execute(
            insert(t.interaction).values(id=interaction.id, added_at=datetime.now(UTC), **facts)
        )
        return True
    if all(getattr(stored, name) == value for name, value in facts.items()):
        return False
    outdate(connection, (interaction.id,))
    connection.execute(update(t.interaction).where(t.interaction.c.id == interaction.id).values(**facts))
    # It may be summed up elsewhere now.
    outdate(connection, (interaction.id,))
    return True


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
