"""Add what people did to builds, jobs and agents, and what a queued message is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Only add to the schema: the previous version leaves both alone."""
    op.create_table(
        "acts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("build", sa.Text(), nullable=True),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("thread_ts", sa.Text(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acts")),
    )
    op.create_index("ix_acts_about", "acts", ["about"], unique=False)
    op.create_index("ix_acts_at", "acts", ["at"], unique=False)
    op.create_index("ix_acts_build", "acts", ["build"], unique=False)
    op.add_column("notices", sa.Column("about", sa.Text(), nullable=True))
    op.create_index("ix_notices_about", "notices", ["about"], unique=False)


def downgrade() -> None:
    """Remove them."""
    op.drop_index("ix_notices_about", table_name="notices")
    op.drop_column("notices", "about")
    op.drop_table("acts")
