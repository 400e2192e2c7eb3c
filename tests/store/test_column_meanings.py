"""Every column declares what the bot has to know about it, so that a new table can't be forgotten."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.columns import find_meaning
from bot.store.schema import list_tables
from bot.store.tables import metadata


def test_all_tables_are_listed() -> None:
    """The list of tables has every declared table once."""
    assert sorted(table.name for table in list_tables()) == sorted(metadata.tables)


def test_every_time_declares_its_meaning() -> None:
    """A time column without a meaning would be forgotten when the clock is set. Make it with `make_time`."""
    times = (sa.DateTime, sa.Float)
    undeclared = [
        str(column)
        for table in list_tables()
        for column in table.columns
        if isinstance(getattr(column.type, "impl", column.type), times) and find_meaning(column) is None
    ]
    assert undeclared == []
