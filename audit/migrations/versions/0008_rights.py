"""roles of accounts, their second factor, scorecards released to agents and their replies, the audit log"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Who had an account until now could do everything, and still can.
    op.add_column("user_account", sa.Column("role", sa.String(20), nullable=False, server_default="admin"))
    op.add_column("user_account", sa.Column("team", sa.Text(), nullable=False, server_default=""))
    op.add_column("user_account", sa.Column("employee", sa.Text(), nullable=False, server_default=""))
    op.add_column("user_account", sa.Column("email", sa.String(320)))
    op.add_column("user_account", sa.Column("subject", sa.Text()))
    op.add_column("user_account", sa.Column("changed_at", sa.DateTime(timezone=True)))
    op.add_column("user_account", sa.Column("locked_at", sa.DateTime(timezone=True)))
    op.add_column("user_account", sa.Column("totp_secret", sa.Text()))
    op.add_column("user_account", sa.Column("totp_step", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("user_account", sa.Column("recovery", sa.Text(), nullable=False, server_default="[]"))
    op.create_index("ix_user_account_email", "user_account", ["email"], unique=True)
    op.create_index("ix_user_account_subject", "user_account", ["subject"], unique=True)
    op.create_table(
        "release",
        sa.Column("interaction_id", sa.String(64), nullable=False),
        sa.Column("rubric_name", sa.String(80), nullable=False),
        sa.Column("rubric_digest", sa.String(64), nullable=False),
        sa.Column("score", sa.Float()),
        sa.Column("released_by", sa.String(80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_release_interaction_id_interaction")
        ),
        sa.ForeignKeyConstraint(
            ["rubric_digest"], ["rubric.digest"], name=op.f("fk_release_rubric_digest_rubric")
        ),
        sa.PrimaryKeyConstraint("interaction_id", "rubric_name", name=op.f("pk_release")),
    )
    op.create_table(
        "reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("interaction_id", sa.String(64), nullable=False),
        sa.Column("rubric_name", sa.String(80), nullable=False),
        sa.Column("standard", sa.String(80), nullable=False),
        sa.Column("disputes", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_reply_interaction_id_interaction")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply")),
    )
    op.create_index("ix_reply_interaction_id_rubric_name", "reply", ["interaction_id", "rubric_name"])
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("origin", sa.String(120), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_who_id", "audit_log", ["who", "id"])
    op.create_index("ix_audit_log_subject_id", "audit_log", ["subject", "id"])
    op.create_index("ix_audit_log_action_id", "audit_log", ["action", "id"])
    for statement in _FORBID[op.get_bind().dialect.name]:
        op.execute(statement)


_FORBID = {
    "sqlite": tuple(
        f"CREATE TRIGGER audit_log_no_{verb} BEFORE {verb} ON audit_log "
        "BEGIN SELECT RAISE(ABORT, 'the audit log can only be added to'); END"
        for verb in ("update", "delete")
    ),
    "postgresql": (
        "CREATE FUNCTION audit_log_kept() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log can only be added to'; END $$",
        "CREATE TRIGGER audit_log_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_log_kept()",
    ),
}
