"""indices with all that a filtered list reads, so that PostgreSQL opens only the rows that it shows"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("agent", "team", "branch"):
        name = op.f(f"ix_interaction_{column}_started_at")
        op.drop_index(name, "interaction")
        op.create_index(name, "interaction", [column, "started_at"], postgresql_include=["id"])
    name = op.f("ix_interaction_language_channel")
    op.create_index(name, "interaction", ["language", "channel"], postgresql_include=["id"])
    if op.get_bind().dialect.name == "postgresql":
        # SQLite has one of this name since 0011.
        op.execute(
            "CREATE INDEX ix_scorecard_found ON scorecard (interaction_id) "
            "INCLUDE (judged_at, id, standing_score, waiting, rubric_name) WHERE current"
        )
