"""The tables of the README, made from the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cli.docs import configuration_table, stale, tables, write
from bot.settings import Settings

README = Path(__file__).parent.parent.parent / "README.md"
NEW = {"commands": "| one |\n", "configuration": "| two |"}
BARE = "".join(f"# {name}\n<!-- {name}:begin -->\nold\n<!-- {name}:end -->\n" for name in NEW)


def test_every_variable_has_its_row() -> None:
    """The configuration table has one row for each variable, in the order of the settings."""
    rows = configuration_table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [name.upper() for name in Settings.model_fields]
    assert "| `PORT` | Port to listen on; 0 takes a free one. | `3000` |" in rows
    (database,) = (row for row in rows if row.startswith("| `DATABASE_URL` "))
    assert database.endswith(" | `sqlite+aiosqlite:///kitestring.db` |")


def test_a_page_that_is_out_of_step_is_found_and_mended(tmp_path: Path) -> None:
    """An old table is named, and writing puts the new one between the marks and touches nothing else."""
    page = tmp_path / "README.md"
    page.write_text(BARE)
    assert stale(page, NEW) == ("commands", "configuration")
    write(page, NEW)
    assert stale(page, NEW) == ()
    assert page.read_text() == (
        "# commands\n<!-- commands:begin -->\n| one |\n<!-- commands:end -->\n"
        "# configuration\n<!-- configuration:begin -->\n| two |\n<!-- configuration:end -->\n"
    )


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    """A mark that was lost is an error, not a table that silently is no longer there."""
    page = tmp_path / "README.md"
    page.write_text(BARE.replace("<!-- commands:end -->", ""))
    with pytest.raises(ValueError, match="commands:begin"):
        stale(page, NEW)


def test_the_readme_is_in_step_with_the_code() -> None:
    """What the README says of commands and variables is what the code does."""
    assert stale(README, tables()) == ()
