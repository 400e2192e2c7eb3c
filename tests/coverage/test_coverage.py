"""The page of coverage has a row for each operation, and what each row says is so."""

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
FOUND = parse_sections((ROOT / "docs" / "coverage.yaml").read_text())
ROWS = [(f"{name}: {operation}", row) for name, rows in FOUND.items() for operation, row in rows.items()]


def operations(document: str) -> list[str]:
    """The ids of the operations of a document, in its order."""
    told = yaml.safe_load((CONTRACTS / document).read_text())
    return [operation["operationId"] for path in told["paths"].values() for operation in path.values()]


@cache
def proofs(file: str) -> frozenset[str]:
    """The tests that a file has."""
    tree = ast.parse((ROOT / file).read_text())
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(
        function.name for function in functions if function.name.startswith("test_") and not _idle(function)
    )


def _idle(test: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A test that asserts nothing proves nothing."""
    return not any(isinstance(node, ast.Assert | ast.With | ast.AsyncWith) for node in ast.walk(test))


@pytest.mark.parametrize(
    ("section", "document"),
    [("REST API", "buildkite-rest-openapi.yaml"), ("Agent API", "buildkite-agent-openapi.yaml")],
)
def test_each_operation_of_a_document_has_its_row(section: str, document: str) -> None:
    """The rows are the operations of the document, none more and none less."""
    assert sorted(FOUND[section]) == sorted(operations(document))


def test_the_documents_have_as_many_operations_as_were_counted() -> None:
    """Thirty of REST, two of the Agent API."""
    assert [len(FOUND["REST API"]), len(FOUND["Agent API"])] == [30, 2]


@pytest.mark.parametrize(("operation", "row"), ROWS, ids=[operation for operation, _ in ROWS])
def test_each_row_names_a_call_and_a_test_that_exist(operation: str, row: CoverageRow) -> None:
    """The call is a method of the client, and the test asserts something."""
    of_agents, _, name = row.call.rpartition(".")
    assert callable(getattr(AgentApi if of_agents else Buildkite, name)), operation
    file, _, test = row.test.partition("::")
    assert test in proofs(file), operation


def test_the_coverage_page_is_up_to_date() -> None:
    """`make docs` was run after the last change."""
    assert (ROOT / "docs" / "coverage.md").read_text() == render_page(FOUND)


@pytest.mark.parametrize("row", [[], ["user", "user"], ["user", "", "x"], ["user", None, "x"], "user"])
def test_no_row_is_empty(row: Any) -> None:
    """An incomplete row is an error when the page is generated."""
    with pytest.raises(ValueError, match="getUser needs a call, a command and a test"):
        parse_sections(yaml.safe_dump({"REST API": {"getUser": row}}))
