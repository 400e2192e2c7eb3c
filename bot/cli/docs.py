"""Generates the tables of commands, settings and metrics in the docs, and the page docs/coverage.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bot.app.prometheus import render_metrics_table
from bot.cli import docs_coverage
from bot.operations.help_text import render_command_table
from bot.operations.operation import Operation
from bot.operations.registry import Registry
from bot.settings import Settings

_NO_DEFAULT = "–"
# The order and headings of docs/commands.md, by folder of commands/. A new folder comes last, under its own name.
_HEADINGS = {
    "build": "Builds",
    "job": "Jobs",
    "artifacts": "Artifacts",
    "agent": "Agents",
    "cluster": "Clusters, queues and metrics",
    "health": "Health reports",
    "notifications": "Notifications",
    "access": "Access, locks and approvals",
    "pipeline": "Pipelines",
    "organization": "Organization",
    "general": "General",
}


def render_pages(root: Path) -> Mapping[Path, str]:
    """Return the generated pages below `root` as they should be, by path. Raises ValueError for missing marks."""
    commands, configuration = root / "docs/commands.md", root / "docs/configuration.md"
    runbook = root / "docs/runbook.md"
    rows = docs_coverage.parse_sections((root / docs_coverage.SOURCE).read_text("utf-8"))
    return {
        commands: replace_table(commands.read_text("utf-8"), "commands", render_commands()),
        configuration: replace_table(configuration.read_text("utf-8"), "configuration", render_configuration()),
        runbook: replace_table(runbook.read_text("utf-8"), "metrics", render_metrics_table()),
        root / docs_coverage.PAGE: docs_coverage.render_page(rows),
    }


def find_stale_pages(root: Path) -> tuple[Path, ...]:
    """Return the generated pages that differ from what the code says, relative to `root`."""
    return tuple(
        page.relative_to(root)
        for page, text in render_pages(root).items()
        if not page.exists() or page.read_text("utf-8") != text
    )


def write_pages(root: Path) -> None:
    """Bring the generated pages up to date."""
    for page, text in render_pages(root).items():
        page.write_text(text, "utf-8")


def render_commands() -> str:
    """Return a heading and a table of commands for each folder of commands/."""
    from commands import registry

    return "\n".join(_render_groups(list(registry()), _group_of))


def _render_groups(operations: list[Operation], group_of: Callable[[Operation], str]) -> Iterator[str]:
    groups = dict.fromkeys((*_HEADINGS, *(group_of(operation) for operation in operations)))
    for group in groups:
        members = [operation for operation in operations if group_of(operation) == group]
        if members:
            yield f"## {_HEADINGS.get(group, group.capitalize())}\n\n{render_command_table(Registry(members))}"


def _group_of(operation: Operation) -> str:
    return operation.run.__module__.split(".")[1]


def render_configuration() -> str:
    """Return the table of environment variables, each with its meaning and default."""
    rows = (
        f"| `{name.upper()}` | {field.description} | {_render_default(field)} |"
        for name, field in Settings.model_fields.items()
    )
    return "\n".join(("| Variable | Meaning | Default |", "| --- | --- | --- |", *rows))


def _render_default(field: FieldInfo) -> str:
    value = field.get_default()
    if field.is_required() or value is None:
        return _NO_DEFAULT
    return f"`{value.get_secret_value() if isinstance(value, SecretStr) else value}`"


def replace_table(text: str, name: str, table: str) -> str:
    """Return the text with the table between its marks. Raises ValueError unless they are there exactly once."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    between = re.compile(f"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", re.DOTALL)
    if len(between.findall(text)) != 1:
        raise ValueError(f"The page needs {begin} and {end} once, each on its own line.")
    return between.sub(lambda _: f"{table.strip()}\n", text)
