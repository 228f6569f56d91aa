"""figures of the five thousand most frequent words, by which PostgreSQL chooses how to look for one"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # PostgreSQL keeps figures of ten words for each of these (ts_typanalyze.c). Our choice.
        op.execute("ALTER TABLE transcript ALTER COLUMN vector SET STATISTICS 500")
        op.execute("ANALYZE transcript (vector)")
