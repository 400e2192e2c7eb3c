"""Locks, and the handles by which a policy may name people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Expand only: the version before goes on working on these tables."""
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
    """Take them away."""
    op.drop_column("people", "handle")
    op.drop_table("locks")
