"""whether somebody gave themself their e-mail address: then no identity provider is believed by it"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "user_account", sa.Column("email_own", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
