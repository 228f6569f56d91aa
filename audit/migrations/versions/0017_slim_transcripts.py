"""words of conversations beside their table on PostgreSQL, so that what an index found is collected from few
pages"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    # A row that is longer than 2 kB keeps 256 bytes in the table, its longest values lie in its TOAST: some
    # fifty rows are on a page instead of four. What is stored already is written anew.
    op.execute("ALTER TABLE transcript SET (toast_tuple_target = 256)")
    op.execute("CLUSTER transcript USING pk_transcript")
    op.execute("ANALYZE transcript")
