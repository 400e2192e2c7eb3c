"""Every column declares what the bot has to know about it, so that a new table can't be forgotten."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from bot.store.columns import find_meaning
from bot.store.retention_rules import find_rules, render_retention
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


def test_every_table_declares_how_long_its_rows_are_kept() -> None:
    """A table without a rule would grow without anyone having decided so. See bot/store/retention_rules.py."""
    assert [table.name for table in list_tables() if not find_rules(table)] == []


def test_the_security_page_says_how_long_rows_are_kept() -> None:
    """The page has the declared rules, word for word."""
    page = Path(__file__).parents[2] / "docs" / "security.md"
    assert render_retention(list_tables()) in page.read_text("utf-8")
