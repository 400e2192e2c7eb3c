"""Compress the bodies of webhooks with lz4 if PostgreSQL supports it: the default, pglz, is much slower."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
# https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-DEFAULT-TOAST-COMPRESSION
_CAN = "SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"


def upgrade() -> None:
    """Change the method for new rows; PostgreSQL reads existing ones as before."""
    bind = op.get_bind()
    if bind.dialect.name == "postgresql" and bind.scalar(sa.text(_CAN)):
        op.execute("ALTER TABLE deliveries ALTER COLUMN body SET COMPRESSION lz4")


def downgrade() -> None:
    """Restore the default."""
    bind = op.get_bind()
    if bind.dialect.name == "postgresql" and bind.scalar(sa.text(_CAN)):
        op.execute("ALTER TABLE deliveries ALTER COLUMN body SET COMPRESSION DEFAULT")
