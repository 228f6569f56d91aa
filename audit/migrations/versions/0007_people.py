"""customers and employees over channels, outcomes, saved searches

Who took part in what is stored already is read out of facts and words: `comport upgrade` adds it afterwards.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("interaction", sa.Column("joined", sa.Boolean(), server_default=sa.false(), nullable=False))
    _people()
    op.create_table(
        "mention",
        sa.Column("interaction_id", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=40), nullable=False),
        _refers("mention", "interaction_id", "interaction"),
        sa.PrimaryKeyConstraint("interaction_id", "value", name=op.f("pk_mention")),
    )
    op.create_index(op.f("ix_mention_value"), "mention", ["value"])
    op.create_table(
        "outcome",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("interaction_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        _refers("outcome", "interaction_id", "interaction"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcome")),
        sa.UniqueConstraint("interaction_id", "kind", "at", name=op.f("uq_outcome_interaction_id_kind_at")),
    )
    op.create_index(op.f("ix_outcome_kind"), "outcome", ["kind"])
    op.create_table(
        "saved_search",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_search")),
        sa.UniqueConstraint("owner", "name", name=op.f("uq_saved_search_owner_name")),
    )


def _people() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("root_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("name_key", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("role", "kind", "value", name=op.f("uq_person_role_kind_value")),
    )
    op.create_index(op.f("ix_person_role_name_key"), "person", ["role", "name_key"])
    op.create_index(op.f("ix_person_root_id"), "person", ["root_id"])
    op.create_table(
        "taking_part",
        sa.Column("interaction_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("main", sa.Boolean(), nullable=False),
        _refers("taking_part", "interaction_id", "interaction"),
        _refers("taking_part", "person_id", "person"),
        sa.PrimaryKeyConstraint("interaction_id", "person_id", name=op.f("pk_taking_part")),
    )
    op.create_index(op.f("ix_taking_part_person_id"), "taking_part", ["person_id"])
    op.create_table(
        "person_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("one_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        _refers("person_link", "one_id", "person"),
        _refers("person_link", "other_id", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_link")),
        sa.UniqueConstraint("one_id", "other_id", name=op.f("uq_person_link_one_id_other_id")),
    )
    op.create_index(op.f("ix_person_link_other_id"), "person_link", ["other_id"])
    op.create_index(op.f("ix_person_link_state"), "person_link", ["state"])
    op.create_table(
        "person_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("link_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _refers("person_decision", "link_id", "person_link"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_decision")),
    )
    op.create_index(op.f("ix_person_decision_link_id"), "person_decision", ["link_id"])


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"))
