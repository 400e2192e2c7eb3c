"""The examples in docs/client.md print what the page says."""

import ast
import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from bot.buildkite.client import Buildkite
from simulators.buildkite.sim import AGENT_TOKEN, TOKEN, BuildkiteSim

PAGE = Path(__file__).parents[2] / "docs" / "client.md"
EXAMPLE = re.compile(r"```python\n(.*?)```\n+```text\n(.*?)```", re.DOTALL)
EXAMPLES = EXAMPLE.findall(PAGE.read_text())


class EndpointAdder(ast.NodeTransformer):
    """Adds the simulator's address to each `Buildkite(…)`, which readers don't write."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "Buildkite":
            node.keywords.append(ast.keyword("endpoint", ast.Name("endpoint", ast.Load())))
        return self.generic_visit(node)


def run(code: str, names: dict[str, Any]) -> str:
    """Run an example in an event loop of its own and return what it prints."""
    printed: list[str] = []
    tree = ast.fix_missing_locations(EndpointAdder().visit(ast.parse(code)))
    compiled = compile(tree, "docs/client.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    made = eval(compiled, names | {"print": lambda *words: printed.append(" ".join(map(str, words)))})  # noqa: S307
    if asyncio.iscoroutine(made):
        asyncio.run(made)
    return "".join(f"{line}\n" for line in printed)


@pytest.mark.parametrize(("code", "output"), EXAMPLES)
async def test_an_example_prints_its_documented_output(
    sim: BuildkiteSim, base: str, code: str, output: str
) -> None:
    """Every code block on the page runs against the simulator and prints the block below it."""
    if "token_of_two" in code:
        sim.other_organizations.append("acme-labs")
    names = {
        "Buildkite": Buildkite,
        "token": TOKEN,
        "token_of_two": TOKEN,
        "agent_token": AGENT_TOKEN,
        "endpoint": base,
        "agent_endpoint": f"{base}/v3",
    }
    assert await asyncio.to_thread(run, code, names) == output


def test_every_example_has_an_output() -> None:
    """Every Python block on the page is followed by its output, so that none stays untested."""
    assert PAGE.read_text().count("```python\n") == len(EXAMPLES) >= 10
