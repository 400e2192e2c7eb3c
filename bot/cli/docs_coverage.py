"""The page docs/coverage.md: what reaches each operation of Buildkite's APIs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

SOURCE, PAGE = Path("docs/coverage.yaml"), Path("docs/coverage.md")
_HEAD = """\
# Coverage

What reaches each operation of Buildkite's APIs: the call of the [client](client.md), words that are typed after
`/bk` (or `kitestring` on the console), and a test of what comes of them. The operations are those of the REST and
Agent API documents, of the Agents API page, and of a page of use patterns. `make docs` makes this page of
`coverage.yaml`; the tests hold it complete, type the words, and look for the request.
"""


class Reached(NamedTuple):
    """A row: a method of the client (`AgentApi.` before one of the Agent API), words, a test's id."""

    call: str
    words: str
    test: str


Sections = Mapping[str, Mapping[str, Reached]]


def sections(text: str) -> Sections:
    """The rows by section and operation. Raises ValueError for one that is not three texts."""
    import yaml

    told = yaml.safe_load(text)
    return {name: {str(key): _row(key, row) for key, row in rows.items()} for name, rows in told.items()}


def page(found: Sections) -> str:
    """The page in Markdown."""
    return "\n".join((_HEAD, *("\n".join(_section(name, rows)) for name, rows in found.items())))


def _row(operation: object, row: object) -> Reached:
    if not isinstance(row, list) or len(row) != 3 or not all(isinstance(item, str) and item for item in row):
        raise ValueError(f"coverage.yaml: {operation} needs a call, words and a test")
    return Reached(*row)


def _section(name: str, rows: Mapping[str, Reached]) -> list[str]:
    drawn = [
        f"| {operation} | `{row.call}` | {_typed(row.words)} | {_linked(row.test)} |"
        for operation, row in rows.items()
    ]
    return [f"## {name}", "", "| operation | call | words | test |", "| --- | --- | --- | --- |", *drawn, ""]


def _typed(words: str) -> str:
    return f"`{words}`" if words.startswith("kitestring ") else f"`/bk {words}`"


def _linked(test: str) -> str:
    file, _, name = test.partition("::")
    return f"[{name.removeprefix('test_').replace('_', ' ')}](../{file})"
