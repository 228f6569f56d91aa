"""Tables of who is logged in, who looks at what, and who is told or tries what; a part of `audit.tables`."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from audit.tablebase import SHA256, UtcTime, metadata

# A session of the dashboard: by the SHA-256 of what its cookie holds.
login = Table(
    "login",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("user_account.id"), nullable=False, index=True),
    Column("digest", SHA256, nullable=False, unique=True),
    # The address of the browser.
    Column("origin", String(120), nullable=False),
    Column("begun_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
)

# Who is to look at an interaction: one person at a time.
assignment = Table(
    "assignment",
    metadata,
    Column("interaction_id", ForeignKey("interaction.id"), primary_key=True),
    Column("user_id", ForeignKey("user_account.id"), nullable=False, index=True),
    Column("assigned_by", String(80), nullable=False),
    Column("at", UtcTime, nullable=False),
)

# Of what somebody is to be told by e-mail: written with what happened, sent afterwards.
mail_message = Table(
    "mail_message",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("user_account.id"), nullable=False, index=True),
    Column("event", String(20), nullable=False),
    Column("interaction_id", ForeignKey("interaction.id"), nullable=False, index=True),
    Column("state", String(20), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_at", UtcTime, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("made_at", UtcTime, nullable=False),
    Column("done_at", UtcTime),
    Index(None, "state", "next_at"),
)

# What a program began, by the key that it chose: asked for again it is not begun again.
begun = Table(
    "begun",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner", String(80), nullable=False),
    Column("key", String(200), nullable=False),
    # A keyed hash of what was asked for, and the number of what came of it.
    Column("asked", SHA256, nullable=False),
    Column("place", String(200), nullable=False),
    Column("at", UtcTime, nullable=False, index=True),
    UniqueConstraint("owner", "key"),
)

# How often something was tried lately, by a keyed hash of who tried what.
tried = Table(
    "tried",
    metadata,
    Column("digest", SHA256, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("until", UtcTime, nullable=False, index=True),
)
