"""docs/coverage.yaml has a row for each API operation, and each row is true."""

import ast
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.buildkite.agent_api import AgentApi
from bot.buildkite.client import Buildkite
from bot.cli.docs_coverage import CoverageRow, parse_sections, render_page

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "tests" / "contracts"
SECTIONS = parse_sections((ROOT / "docs" / "coverage.yaml").read_text())
ROWS = [(f"{name}: {operation}", row) for name, rows in SECTIONS.items() for operation, row in rows.items()]


def find_operation_ids(document: str) -> list[str]:
    """Return the ids of a document's operations, in its order."""
    parsed = yaml.safe_load((CONTRACTS / document).read_text())
    return [operation["operationId"] for path in parsed["paths"].values() for operation in path.values()]


@cache
def find_tests(file: str) -> frozenset[str]:
    """Return the names of a file's tests that assert something."""
    tree = ast.parse((ROOT / file).read_text())
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(
        function.name
        for function in functions
        if function.name.startswith("test_") and asserts_something(function)
    )


def asserts_something(test: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether the test has an assertion or a `with`, such as `pytest.raises`."""
    return any(isinstance(node, ast.Assert | ast.With | ast.AsyncWith) for node in ast.walk(test))


@pytest.mark.parametrize(
    ("section", "document"),
    [("REST API", "buildkite-rest-openapi.yaml"), ("Agent API", "buildkite-agent-openapi.yaml")],
)
def test_each_operation_of_a_document_has_a_row(section: str, document: str) -> None:
    """The rows are exactly the operations of the document."""
    assert sorted(SECTIONS[section]) == sorted(find_operation_ids(document))


def test_the_documents_have_32_operations() -> None:
    """Thirty of the REST API, two of the Agent API."""
    assert [len(SECTIONS["REST API"]), len(SECTIONS["Agent API"])] == [30, 2]


@pytest.mark.parametrize(("operation", "row"), ROWS, ids=[operation for operation, _ in ROWS])
def test_each_row_names_a_call_and_a_test_that_exist(operation: str, row: CoverageRow) -> None:
    """The call is a method of the client, and the test asserts something."""
    client, _, name = row.call.rpartition(".")
    assert callable(getattr(AgentApi if client else Buildkite, name)), operation
    file, _, test = row.test.partition("::")
    assert test in find_tests(file), operation


def test_the_coverage_page_is_up_to_date() -> None:
    """`make docs` was run after the last change."""
    assert (ROOT / "docs" / "coverage.md").read_text() == render_page(SECTIONS)


@pytest.mark.parametrize("row", [[], ["user", "user"], ["user", "", "x"], ["user", None, "x"], "user"])
def test_no_row_is_empty(row: Any) -> None:
    """An incomplete row is an error when the page is generated."""
    with pytest.raises(ValueError, match="getUser needs a call, a command and a test"):
        parse_sections(yaml.safe_dump({"REST API": {"getUser": row}}))
