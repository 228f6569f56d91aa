"""logins with their last use, who looks at which interaction, and mails that are to be sent"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "login",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("origin", sa.String(120), nullable=False),
        sa.Column("begun_at", time, nullable=False),
        sa.Column("seen_at", time, nullable=False),
        sa.Column("ended_at", time),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_login_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login")),
        sa.UniqueConstraint("digest", name=op.f("uq_login_digest")),
    )
    op.create_index("ix_login_user_id", "login", ["user_id"])
    op.create_table(
        "assignment",
        sa.Column("interaction_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("assigned_by", sa.String(80), nullable=False),
        sa.Column("at", time, nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_assignment_interaction_id_interaction")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_assignment_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("interaction_id", name=op.f("pk_assignment")),
    )
    op.create_index("ix_assignment_user_id", "assignment", ["user_id"])
    op.create_table(
        "mail_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(20), nullable=False),
        sa.Column("interaction_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_at", time, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("made_at", time, nullable=False),
        sa.Column("done_at", time),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_mail_message_user_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_mail_message_interaction_id_interaction")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_message")),
    )
    op.create_index("ix_mail_message_user_id", "mail_message", ["user_id"])
    op.create_index("ix_mail_message_interaction_id", "mail_message", ["interaction_id"])
    op.create_index("ix_mail_message_state_next_at", "mail_message", ["state", "next_at"])
    with op.batch_alter_table("user_account") as table:
        table.add_column(sa.Column("notify", sa.Text(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("language", sa.String(20), nullable=False, server_default=""))
