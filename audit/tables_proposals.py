"""Tables of what staff propose about the standards; a part of `audit.tables`. Rows are only added."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from audit.tablebase import UtcTime, metadata

proposal = Table(
    "proposal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("rubric_name", String(80), nullable=False),
    # The version that whoever proposes had before them.
    Column("rubric_digest", ForeignKey("rubric.digest"), nullable=False),
    # Empty for a new one.
    Column("standard", String(80), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("author", String(80), nullable=False),
    Column("at", UtcTime, nullable=False),
    Index(None, "rubric_name", "standard"),
)

# One at most of each proposal: it stands.
proposal_decision = Table(
    "proposal_decision",
    metadata,
    Column("proposal_id", ForeignKey("proposal.id"), primary_key=True),
    Column("outcome", String(20), nullable=False),
    Column("answer", Text, nullable=False),
    Column("decided_by", String(80), nullable=False),
    Column("at", UtcTime, nullable=False),
)
