"""sums of scorecards by week and place, and indices for what is read of one employee, place or queue"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

WEEK_ON_POSTGRESQL = "CAST(floor((extract(epoch FROM started_at) - 345600) / 604800.0) AS integer)"
WEEK_ON_SQLITE = (
    "CAST(floor((CAST(strftime('%s', substr(started_at, 1, 19)) AS real) - 345600) / 604800.0) AS integer)"
)


def _place() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("week", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
    )


def _kind() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("rubric_name", sa.String(length=80), nullable=False),
    )


def upgrade() -> None:
    op.create_table(
        "score_sum",
        *_place(),
        sa.Column("agent", sa.Text(), nullable=False),
        *_kind(),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("total", sa.Float(), nullable=False),
        sa.Column("squares", sa.Float(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("critical", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            *("week", "branch", "team", "agent", "channel", "rubric_name"), name=op.f("pk_score_sum")
        ),
    )
    op.create_table(
        "verdict_sum",
        *_place(),
        *_kind(),
        sa.Column("standard", sa.String(length=80), nullable=False),
        sa.Column("met", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            *("week", "branch", "team", "channel", "rubric_name", "standard"), name=op.f("pk_verdict_sum")
        ),
    )
    op.create_table(
        "stale_sum",
        *_place(),
        sa.PrimaryKeyConstraint("week", "branch", "team", name=op.f("pk_stale_sum")),
    )
    for column in ("agent", "team", "branch"):
        op.drop_index(op.f(f"ix_interaction_{column}"), "interaction")
        op.create_index(op.f(f"ix_interaction_{column}_started_at"), "interaction", [column, "started_at"])
    waiting = sa.text("current AND waiting > 0"), sa.text("current = 1 AND waiting > 0")
    op.create_index(
        "ix_scorecard_queue", "scorecard", ["id"], postgresql_where=waiting[0], sqlite_where=waiting[1]
    )
    # Nothing is summed up yet: `comport upgrade` does it after this, else whoever looks first.
    week = WEEK_ON_SQLITE if op.get_bind().dialect.name == "sqlite" else WEEK_ON_POSTGRESQL
    op.execute(
        f"INSERT INTO stale_sum SELECT DISTINCT {week}, coalesce(branch, ''), coalesce(team, '') "  # noqa: S608
        "FROM interaction WHERE started_at IS NOT NULL"
    )
