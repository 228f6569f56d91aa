"""figures of the five thousand most frequent words, by which PostgreSQL chooses how to look for one"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # Ten words for each. In a million conversations any other word is in less than one of a hundred; to
        # count them (ANALYZE) takes ten seconds.
        op.execute("ALTER TABLE transcript ALTER COLUMN vector SET STATISTICS 500")
        op.execute("ANALYZE transcript (vector)")
