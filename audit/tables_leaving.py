"""Tables of what leaves the house and of what must go or stay; a part of `audit.tables`."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from audit.tablebase import SHA256, UtcTime, metadata

# What was written out of the house, so that an erasure finds it again.
export = Table(
    "export",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("path", Text, nullable=False),
    Column("format", String(20), nullable=False),
    Column("personal", Boolean, nullable=False),
)

export_row = Table(
    "export_row",
    metadata,
    Column("export_id", ForeignKey("export.id"), primary_key=True),
    # No foreign key: what is erased is looked for in files that were written before.
    Column("interaction_id", SHA256, primary_key=True, index=True),
)

# What nobody may erase, whatever the keep times say: one interaction, or all of a customer.
hold = Table(
    "hold",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("value", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("held_by", String(80), nullable=False),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("kind", "value"),
)

# An erasure that is under way, or what one removed; while it is under way it knows what to look for.
erasure = Table(
    "erasure",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    # What was asked for, as JSON; emptied when it is done.
    Column("asked", Text, nullable=False),
    Column("report", Text, nullable=False, server_default=""),
)

webhook = Table(
    "webhook",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("url", Text, nullable=False),
    # As a JSON list.
    Column("events", Text, nullable=False),
    Column("secret", Text, nullable=False),
    # Whether its address may lie inside of the house.
    Column("private", Boolean, nullable=False),
    Column("added_at", UtcTime, nullable=False),
)

# What webhooks have to be told: written with what happened, sent afterwards.
webhook_message = Table(
    "webhook_message",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("webhook_id", ForeignKey("webhook.id"), nullable=False, index=True),
    Column("message", String(60), nullable=False, unique=True),
    Column("body", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_at", UtcTime, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("made_at", UtcTime, nullable=False),
    Column("done_at", UtcTime),
    Index(None, "state", "next_at"),
)
