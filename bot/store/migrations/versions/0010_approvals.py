"""Add the cards of a proposal in other places, who decided it and when, and the builds that it is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
_TEXTS = ("build", "result", "card_channel", "card_thread_ts")


def upgrade() -> None:
    """Only add to the schema, so that the previous version keeps working on these tables."""
    for name in _TEXTS:
        op.add_column("proposals", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("proposals", sa.Column("decided_at", sa.Double(), nullable=True))
    op.create_index("ix_proposals_build", "proposals", ["build"], unique=False)
    op.create_index("ix_proposals_result", "proposals", ["result"], unique=False)
    op.add_column("votes", sa.Column("name", sa.Text(), nullable=True))
    op.create_table(
        "proposal_copies",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("proposal_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=True),
        sa.Column("shown", sa.Text(), nullable=True),
        sa.Column("intent_at", sa.Double(), nullable=True),
        sa.Column("due_at", sa.Double(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal_copies")),
    )
    op.create_index("ix_proposal_copies_due_at", "proposal_copies", ["due_at"], unique=False)
    op.create_index("ix_proposal_copies_proposal_id", "proposal_copies", ["proposal_id"], unique=False)


def downgrade() -> None:
    """Remove them."""
    op.drop_table("proposal_copies")
    op.drop_column("votes", "name")
    op.drop_index("ix_proposals_result", "proposals")
    op.drop_index("ix_proposals_build", "proposals")
    for name in ("decided_at", *_TEXTS):
        op.drop_column("proposals", name)
