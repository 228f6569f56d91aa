"""kept searches that are shared"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("saved_search", sa.Column("shared_with", sa.String(length=200)))
