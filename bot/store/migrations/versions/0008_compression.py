"""Bodies of webhooks are compressed by lz4 where PostgreSQL can: its own way takes most of the time of a write."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
# https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-DEFAULT-TOAST-COMPRESSION
_CAN = "SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"


def upgrade() -> None:
    """What is there stays as it is; both kinds can be read."""
    bind = op.get_bind()
    if bind.dialect.name == "postgresql" and bind.scalar(sa.text(_CAN)):
        op.execute("ALTER TABLE deliveries ALTER COLUMN body SET COMPRESSION lz4")


def downgrade() -> None:
    """As it was."""
    bind = op.get_bind()
    if bind.dialect.name == "postgresql" and bind.scalar(sa.text(_CAN)):
        op.execute("ALTER TABLE deliveries ALTER COLUMN body SET COMPRESSION DEFAULT")
