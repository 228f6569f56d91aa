"""blind calibrations: who is asked, and what they say of each standard"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "calibration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("interaction_id", sa.String(64), nullable=False),
        sa.Column("rubric_name", sa.String(80), nullable=False),
        sa.Column("rubric_digest", sa.String(64), nullable=False),
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("begun_by", sa.String(80), nullable=False),
        sa.Column("expert", sa.String(80), server_default="", nullable=False),
        sa.Column("at", time, nullable=False),
        sa.Column("closed_at", time, nullable=True),
        _key("calibration", "interaction_id", "interaction.id"),
        _key("calibration", "rubric_digest", "rubric.digest"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibration")),
    )
    op.create_table(
        "calibration_person",
        sa.Column("calibration_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("interaction_id", sa.String(64), nullable=False),
        _key("calibration_person", "calibration_id", "calibration.id"),
        _key("calibration_person", "user_id", "user_account.id"),
        _key("calibration_person", "interaction_id", "interaction.id"),
        sa.PrimaryKeyConstraint("calibration_id", "name", name=op.f("pk_calibration_person")),
    )
    op.create_table(
        "calibration_word",
        sa.Column("calibration_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("standard", sa.String(80), nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("at", time, nullable=False),
        sa.Column("interaction_id", sa.String(64), nullable=False),
        _key("calibration_word", "calibration_id", "calibration.id"),
        _key("calibration_word", "interaction_id", "interaction.id"),
        sa.PrimaryKeyConstraint("calibration_id", "name", "standard", name=op.f("pk_calibration_word")),
    )
    for table, column in (
        ("calibration", "interaction_id"),
        ("calibration_person", "user_id"),
        ("calibration_person", "interaction_id"),
        ("calibration_word", "interaction_id"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def _key(table: str, column: str, of: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [of], name=op.f(f"fk_{table}_{column}_{of.removesuffix('.id')}"))
