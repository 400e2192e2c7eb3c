"""Lists all tables, wherever they are declared."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store import tables, tables_notifications


def list_tables() -> tuple[sa.Table, ...]:
    """Return every table of the database."""
    declared = (*vars(tables).values(), *vars(tables_notifications).values())
    return tuple(value for value in declared if isinstance(value, sa.Table))
