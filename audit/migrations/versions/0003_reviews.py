"""what people say of findings, and the score that stands with it"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BATCH = 1000
"""Scorecards brought up to date at a time."""


def upgrade() -> None:
    op.create_table(
        "review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("interaction_id", sa.String(length=64), nullable=False),
        sa.Column("rubric_name", sa.String(length=80), nullable=False),
        sa.Column("rubric_digest", sa.String(length=64), nullable=False),
        sa.Column("standard", sa.String(length=80), nullable=False),
        sa.Column("standard_digest", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("machine", sa.String(length=20), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("reviewer", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_review_interaction_id_interaction")
        ),
        sa.ForeignKeyConstraint(
            ["rubric_digest"], ["rubric.digest"], name=op.f("fk_review_rubric_digest_rubric")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    op.create_index(op.f("ix_review_interaction_id_rubric_name"), "review", ["interaction_id", "rubric_name"])
    op.create_index(op.f("ix_review_rubric_name_standard"), "review", ["rubric_name", "standard"])
    for column in (
        sa.Column("standing_score", sa.Float(), nullable=True),
        sa.Column("waiting", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("reviewed", sa.Integer(), nullable=False, server_default="0"),
    ):
        op.add_column("scorecard", column)
    _fill()


def _fill() -> None:
    """Nobody has reviewed anything yet: what stands is what the machine found."""
    card = sa.table(
        "scorecard",
        sa.column("id", sa.Integer),
        sa.column("content", sa.Text),
        sa.column("score", sa.Float),
        sa.column("standing_score", sa.Float),
        sa.column("waiting", sa.Integer),
    )
    connection = op.get_bind()
    last = 0
    while True:
        rows = connection.execute(
            sa.select(card.c.id, card.c.content).where(card.c.id > last).order_by(card.c.id).limit(BATCH)
        ).all()
        if not rows:
            return
        for row in rows:
            content = json.loads(row.content)
            untold = [f["standard"] for f in content["findings"] if f["verdict"] == "cannot_tell"]
            waiting = len({*untold, *content["score"].get("awaiting", ())})
            values = {"standing_score": card.c.score, "waiting": waiting}
            connection.execute(sa.update(card).where(card.c.id == row.id).values(**values))
        last = rows[-1].id
