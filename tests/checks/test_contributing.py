"""The examples of CONTRIBUTING.md work as they stand."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from bot.operations.operation import Operation
from bot.operations.registry import Registry
from bot.store import tables_notifications
from bot.store.migrate import newest_revision
from bot.store.transactions import Store
from commands import registry
from tests.commands.conftest import Bench
from tests.matrix.table import make_default_table, make_shop_table
from webhooks.events import EVENTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
BLOCK = re.compile(r"^( *)```python\n\1# (.*?)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
EXAMPLES = {heading: textwrap.dedent(code) for _, heading, code in BLOCK.findall(PAGE)}
# Settings that have no default.
REQUIRED = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_SIGNING_SECRET": "s",
    "BUILDKITE_API_TOKEN": "t",
    "BUILDKITE_ORGANIZATION_SLUG": "acme",
}


def load_module(path: Path, code: str) -> ModuleType:
    """Write the code to a file and import it, so that annotations and tracebacks work as usual."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code, "utf-8")
    spec = importlib.util.spec_from_file_location(f"contributing_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_example_names_its_file() -> None:
    """No block of Python goes untested: each starts with a comment that names its file."""
    assert PAGE.count("```python\n") == len(EXAMPLES) == 8


async def test_the_example_command_runs(bench: Bench, tmp_path: Path) -> None:
    """The command is found, parsed and run, and its own test passes."""
    command = load_module(tmp_path / "count.py", EXAMPLES["commands/build/count.py"])
    (operation,) = (value for value in vars(command).values() if isinstance(value, Operation))
    assert operation.name not in registry()
    extended = Registry([*registry(), operation])
    asking = replace(bench, registry=extended)
    test = load_module(tmp_path / "test_count.py", EXAMPLES["tests/commands/test_count.py"])
    await test.test_running_builds_are_counted(asking)
    assert make_default_table(extended)["build count"]["member"] == "allow"
    assert make_shop_table(extended)["build count"]["granted"] == "refuse"


def test_the_example_event_reaches_its_consumer(tmp_path: Path) -> None:
    """Once registered, the event is asked for, and its real payload is decoded for the consumer."""
    fixture = json.loads((ROOT / "tests/fixtures/webhooks/package.created.json").read_text("utf-8"))
    consumer = load_module(tmp_path / "package_events.py", EXAMPLES["bot/builds/ingest/package_events.py"])
    source = (ROOT / "webhooks/events.py").read_text("utf-8")
    entry = EXAMPLES["webhooks/events.py: an entry of _KINDS"]
    head, tail = source.split("_KINDS = (\n")
    events = load_module(
        tmp_path / "events.py", f"{head}from {consumer.__name__} import Package\n_KINDS = (\n{entry}{tail}"
    )
    assert "package.created" not in EVENTS
    assert "package.created" in events.OPTIONAL_EVENTS
    event = events.EVENTS["package.created"].read("package.created", fixture)
    assert consumer.find_published_packages([event]) == (fixture["package"]["name"],)


@contextmanager
def example_table() -> Iterator[sa.Table]:
    """Define the example's table beside the real ones, and remove it afterwards."""
    names = dict(vars(tables_notifications))
    exec(EXAMPLES["bot/store/tables_notifications.py"], names)  # noqa: S102
    table: sa.Table = names["favorites"]
    try:
        yield table
    finally:
        table.metadata.remove(table)


def load_queries(table: sa.Table) -> SimpleNamespace:
    """Return the example's queries on a table that the product doesn't have: its import gives way to the table."""
    source, line = EXAMPLES["bot/notifications/favorites/queries.py"], f"import {table.name}\n"
    assert line in source
    names: dict[str, Any] = {table.name: table}
    exec("".join(part for part in source.splitlines(keepends=True) if not part.endswith(line)), names)  # noqa: S102
    return SimpleNamespace(**names)


async def test_the_example_table_is_migrated_and_queried(store: Store, tmp_path: Path) -> None:
    """The migration makes the table as declared, the queries work on it, and going back removes it."""
    (heading,) = (name for name in EXAMPLES if "migrations" in name)
    migration = load_module(tmp_path / "migration.py", EXAMPLES[heading])
    assert migration.down_revision == newest_revision()
    with example_table() as table:
        queries = load_queries(table)
        async with store.write() as tx:
            await tx.run_sync(migrate, migration.upgrade)
            made = await tx.run_sync(lambda connection: sa.inspect(connection).get_columns("favorites"))
            assert [column["name"] for column in made] == list(table.c.keys())
            await queries.add_favorite(tx, "T1", "U1", "web", datetime.now(UTC))
            await queries.add_favorite(tx, "T1", "U1", "web", datetime.now(UTC))
            assert await queries.find_favorites(tx, "T1", "U1") == ("web",)
            assert await queries.find_favorites(tx, "T1", "U2") == ()
            await tx.run_sync(migrate, migration.downgrade)
            assert not await tx.run_sync(lambda connection: sa.inspect(connection).has_table("favorites"))


def migrate(connection: sa.Connection, step: Any) -> None:
    """Run `upgrade` or `downgrade` of a migration on this connection."""
    with Operations.context(MigrationContext.configure(connection)):
        step()


def test_the_example_setting_is_read_and_judged(tmp_path: Path) -> None:
    """The new field has its default, reads the environment, and explains a wrong value."""
    settings = load_module(tmp_path / "settings.py", add_example_setting((ROOT / "bot/settings.py").read_text()))
    assert settings.load_settings(REQUIRED).kitestring_log_lines == 10
    assert settings.load_settings({**REQUIRED, "KITESTRING_LOG_LINES": "20"}).kitestring_log_lines == 20
    with pytest.raises(settings.InvalidSettings) as error:
        settings.load_settings({**REQUIRED, "KITESTRING_LOG_LINES": "99"})
    assert "KITESTRING_LOG_LINES" in str(error.value.problems[0])
    assert "a number from 1 to 50" in str(error.value.problems[0])


def add_example_setting(source: str) -> str:
    """Return bot/settings.py with the example's field after the last one."""
    (model,) = (
        node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == "Settings"
    )
    last = max(node.end_lineno or 0 for node in model.body if isinstance(node, ast.AnnAssign))
    lines = source.splitlines(keepends=True)
    lines.insert(last, textwrap.indent(EXAMPLES["bot/settings.py: a field of Settings"], "    "))
    return "".join(lines)
