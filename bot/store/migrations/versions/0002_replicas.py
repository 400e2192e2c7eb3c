"""Support several replicas: leases, and the replica that an invocation runs on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Only add to the schema, so that the previous version keeps working on these tables."""
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.add_column("invocations", sa.Column("replica", sa.Text(), nullable=True))


def downgrade() -> None:
    """Remove them."""
    op.drop_column("invocations", "replica")
    op.drop_table("leases")
