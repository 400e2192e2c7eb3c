"""Generates docs/coverage.md: the client call, command and test for each operation of Buildkite's APIs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

SOURCE, PAGE = Path("docs/coverage.yaml"), Path("docs/coverage.md")
_INTRODUCTION = """\
# API coverage

For each operation of Buildkite's APIs: the call of the [client](client.md), a command that uses it (after `/bk`,
or `kitestring` on the console), and a test that checks the request. The operations are those of the REST and Agent
API documents, of the Agents API page, and of a page of common uses. `make docs` generates this page from
`coverage.yaml`. The tests check that no operation is missing, run each command and look for the request it makes.
"""


class CoverageRow(NamedTuple):
    """A client method (`AgentApi.` before those of the Agent API), a command, and a test's id."""

    call: str
    command: str
    test: str


Sections = Mapping[str, Mapping[str, CoverageRow]]


def parse_sections(text: str) -> Sections:
    """Return the rows by section and operation. Raises ValueError for a row that isn't three texts."""
    import yaml

    sections = yaml.safe_load(text)
    return {
        name: {str(operation): _parse_row(operation, row) for operation, row in rows.items()}
        for name, rows in sections.items()
    }


def render_page(sections: Sections) -> str:
    """Return the page as Markdown."""
    return "\n".join((_INTRODUCTION, *("\n".join(_render_section(name, rows)) for name, rows in sections.items())))


def _parse_row(operation: object, row: object) -> CoverageRow:
    if not isinstance(row, list) or len(row) != 3 or not all(isinstance(text, str) and text for text in row):
        raise ValueError(f"coverage.yaml: {operation} needs a call, a command and a test.")
    return CoverageRow(*row)


def _render_section(name: str, rows: Mapping[str, CoverageRow]) -> list[str]:
    lines = [
        f"| {operation} | `{row.call}` | {_render_command(row.command)} | {_render_test(row.test)} |"
        for operation, row in rows.items()
    ]
    return [f"## {name}", "", "| Operation | Call | Command | Test |", "| --- | --- | --- | --- |", *lines, ""]


def _render_command(command: str) -> str:
    return f"`{command}`" if command.startswith("kitestring ") else f"`/bk {command}`"


def _render_test(test: str) -> str:
    file, _, name = test.partition("::")
    return f"[{name.removeprefix('test_').replace('_', ' ')}](../{file})"
