"""Lists all tables, wherever they are declared."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store import tables, tables_notifications, tables_people


def list_tables() -> tuple[sa.Table, ...]:
    """Return every table of the database."""
    modules = (tables, tables_people, tables_notifications)
    declared = (value for module in modules for value in vars(module).values())
    return tuple(value for value in declared if isinstance(value, sa.Table))
