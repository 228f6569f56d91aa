"""Tables of blind calibrations; a part of `audit.tables`.

Each names its interaction, so that erasing one finds all that was said of it.
"""

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text

from audit.tablebase import UtcTime, metadata

# Several people judge one scorecard's standards without seeing each other.
calibration = Table(
    "calibration",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("interaction_id", ForeignKey("interaction.id"), nullable=False, index=True),
    Column("rubric_name", String(80), nullable=False),
    Column("rubric_digest", ForeignKey("rubric.digest"), nullable=False),
    # What the machine had found of each standard when it began, as a JSON object.
    Column("machine", Text, nullable=False),
    Column("begun_by", String(80), nullable=False),
    # Whose words the others are compared with; empty: with one another.
    Column("expert", String(80), nullable=False, server_default=""),
    Column("at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),
)

calibration_person = Table(
    "calibration_person",
    metadata,
    Column("calibration_id", ForeignKey("calibration.id"), primary_key=True),
    Column("name", String(80), primary_key=True),
    # NULL once the account is removed: a later one of this name was not asked.
    Column("user_id", ForeignKey("user_account.id"), index=True),
    Column("interaction_id", ForeignKey("interaction.id"), nullable=False, index=True),
)

# What one person says of one standard; said again it is changed until the calibration is closed.
calibration_word = Table(
    "calibration_word",
    metadata,
    Column("calibration_id", ForeignKey("calibration.id"), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("standard", String(80), primary_key=True),
    Column("verdict", String(20), nullable=False),
    Column("comment", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("interaction_id", ForeignKey("interaction.id"), nullable=False, index=True),
)
