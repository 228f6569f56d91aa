"""what was begun by the key of a program, and tries that are counted by all server processes together"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "begun",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("asked", sa.String(64), nullable=False),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("at", time, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_begun")),
        sa.UniqueConstraint("owner", "key", name=op.f("uq_begun_owner_key")),
    )
    op.create_index("ix_begun_at", "begun", ["at"])
    op.create_table(
        "tried",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("until", time, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_tried")),
    )
    op.create_index("ix_tried_until", "tried", ["until"])
