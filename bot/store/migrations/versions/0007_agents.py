"""Add agent watches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Only add to the schema: the previous version doesn't use this table."""
    op.create_table(
        "agent_watches",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("states", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("team", "channel", "queue", name=op.f("pk_agent_watches")),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("agent_watches")
