"""Add locks, and the handles by which a policy can name people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Only add to the schema, so that the previous version keeps working on these tables."""
    op.create_table(
        "locks",
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("pipeline", "branch", name=op.f("pk_locks")),
    )
    op.add_column("people", sa.Column("handle", sa.Text(), nullable=True))


def downgrade() -> None:
    """Remove them."""
    op.drop_column("people", "handle")
    op.drop_table("locks")
