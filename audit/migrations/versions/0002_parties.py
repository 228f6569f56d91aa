"""who took part in an interaction, its team and zone, and where it comes from"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.String(length=60), nullable=True),
        sa.Column("parties", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("source", sa.String(length=40), nullable=False, server_default=""),
        sa.Column("source_id", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column("interaction", column)
