"""Keep PostgreSQL from compressing the bodies of webhooks again, and from moving small ones out of their page."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Keep rows of up to 8 KB on their page, instead of 2 KB; existing rows stay where they are.

    https://www.postgresql.org/docs/current/sql-createtable.html#RELOPTION-TOAST-TUPLE-TARGET
    """
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE deliveries ALTER COLUMN body SET STORAGE EXTERNAL")
        op.execute("ALTER TABLE deliveries SET (toast_tuple_target = 8160)")


def downgrade() -> None:
    """Restore the defaults."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE deliveries ALTER COLUMN body SET STORAGE EXTENDED")
        op.execute("ALTER TABLE deliveries RESET (toast_tuple_target)")
