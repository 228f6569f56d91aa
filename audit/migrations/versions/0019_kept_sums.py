"""sums of what was erased and whose scores stay, and indices for what outcomes name interactions by"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

KEYS = ("week", "branch", "team", "channel", "rubric_name")


def upgrade() -> None:
    op.create_table(
        "kept_score",
        *_place(),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("total", sa.Float(), nullable=False),
        sa.Column("squares", sa.Float(), nullable=False),
        sa.Column("critical", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(*KEYS, name=op.f("pk_kept_score")),
    )
    op.create_table(
        "kept_verdict",
        *_place(),
        sa.Column("standard", sa.String(length=80), nullable=False),
        sa.Column("met", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(*KEYS, "standard", name=op.f("pk_kept_verdict")),
    )
    for column in ("source_id", "path", "title"):
        # A title may be longer than a sorted index of PostgreSQL takes.
        name = op.f(f"ix_interaction_{column}")
        op.create_index(name, "interaction", [column], postgresql_using="hash")


def _place() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("week", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("rubric_name", sa.String(length=80), nullable=False),
    )
