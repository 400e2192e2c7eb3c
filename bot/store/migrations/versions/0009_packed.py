"""Bodies of webhooks come packed: PostgreSQL need not compress them again, nor move the small ones away."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """A row stays on its page up to 8 KB, in place of 2; what is there stays as it is.

    https://www.postgresql.org/docs/current/sql-createtable.html#RELOPTION-TOAST-TUPLE-TARGET
    """
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE deliveries ALTER COLUMN body SET STORAGE EXTERNAL")
        op.execute("ALTER TABLE deliveries SET (toast_tuple_target = 8160)")


def downgrade() -> None:
    """As it was."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE deliveries ALTER COLUMN body SET STORAGE EXTENDED")
        op.execute("ALTER TABLE deliveries RESET (toast_tuple_target)")
