"""The generated pages of docs/ follow the code."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.docs import find_stale_pages, render_commands, render_configuration, replace_table, write_pages
from bot.cli.main import main
from bot.settings import Settings
from commands import registry

ROOT = Path(__file__).parents[2]
GENERATED = ("commands.md", "configuration.md", "coverage.md", "runbook.md")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the generated pages, up to date, and of their source."""
    (tmp_path / "docs").mkdir()
    for name in (*GENERATED, "coverage.yaml"):
        shutil.copy(ROOT / "docs" / name, tmp_path / "docs" / name)
    write_pages(tmp_path)
    return tmp_path


def test_the_generated_pages_are_up_to_date() -> None:
    """`make docs` was run after the last change to a command, a setting or coverage.yaml."""
    assert find_stale_pages(ROOT) == ()


def test_every_setting_has_a_row() -> None:
    """The configuration table has one row for each setting, in the order of the settings."""
    rows = render_configuration().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [name.upper() for name in Settings.model_fields]
    (database,) = (row for row in rows if row.startswith("| `DATABASE_URL` "))
    assert database.endswith(" | `sqlite+aiosqlite:///kitestring.db` |")


def test_every_command_has_a_row_under_a_heading() -> None:
    """Commands are grouped by folder, and each is in the table once."""
    text = render_commands()
    assert text.startswith("## Builds\n")
    assert text.count("\n| `/bk ") == len(list(registry()))


def test_a_stale_page_is_named_and_rewritten(checkout: Path) -> None:
    """A page that lost a row is reported, and writing restores it."""
    page = checkout / "docs/commands.md"
    page.write_text("".join(line for line in page.read_text().splitlines(True) if "build cancel" not in line))
    assert find_stale_pages(checkout) == (Path("docs/commands.md"),)
    write_pages(checkout)
    assert find_stale_pages(checkout) == ()


def test_the_check_exits_with_status_1_and_says_what_to_run(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`kitestring docs --check` names the page and `make docs`."""
    monkeypatch.chdir(checkout)
    assert CliRunner().invoke(main, ["docs", "--check"]).exit_code == 0
    (checkout / "docs/coverage.md").write_text("old")
    result = CliRunner().invoke(main, ["docs", "--check"])
    assert result.exit_code == 1
    assert result.stderr == "Out of date: docs/coverage.md. Run `make docs` and commit the result.\n"


def test_only_the_text_between_the_marks_is_replaced() -> None:
    """Prose around a table stays."""
    page = "Before\n<!-- commands:begin -->\nold\n<!-- commands:end -->\nAfter\n"
    assert replace_table(page, "commands", "| new |\n") == page.replace("old", "| new |")


@pytest.mark.parametrize("missing", ["<!-- commands:begin -->", "<!-- commands:end -->"])
def test_a_page_without_its_marks_is_an_error(missing: str) -> None:
    """A lost mark raises rather than dropping the table."""
    page = "<!-- commands:begin -->\nold\n<!-- commands:end -->\n"
    with pytest.raises(ValueError, match="commands:begin"):
        replace_table(page.replace(missing, ""), "commands", "| new |")
