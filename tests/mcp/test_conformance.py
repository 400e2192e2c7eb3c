"""The MCP endpoint passes the protocol's own conformance suite, with the suite's fixtures as its tools."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from simulators.http_server import Serving
from tests.mcp.fixture_server import open_fixture_endpoint
from tests.programs import conformance_suite, suite_node

_SCORED = re.compile(r"^([✓✗]) ([\w-]+): (\d+) passed, (\d+) failed", re.MULTILINE)
_NOT_SCORED = re.compile(r"^  [✓✗] ([\w-]+) \(", re.MULTILINE)


@pytest.mark.conformance
@pytest.mark.parametrize(("revision", "stateless", "least"), [("2026-07-28", True, 37), ("2025-11-25", False, 30)])
async def test_every_required_scenario_passes(revision: str, stateless: bool, least: int, tmp_path: Path) -> None:
    """Each scenario that the revision requires of a server passes."""
    async with open_fixture_endpoint(stateless=stateless) as endpoint, Serving(endpoint) as address:
        output = await _run_suite(address.replace("127.0.0.1", "localhost"), revision, tmp_path)
    extra = set(_NOT_SCORED.findall(output))
    scored = {name: mark for mark, name, _passed, _failed in _SCORED.findall(output) if name not in extra}
    assert [name for name, mark in scored.items() if mark == "✗"] == [], output
    assert len(scored) >= least, output


async def _run_suite(address: str, revision: str, folder: Path) -> str:
    suite, node = conformance_suite().path, suite_node()
    assert suite
    assert node
    command = (node, suite, "server", "--url", f"{address}/mcp", "--requirements", revision, "-o", str(folder))
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    output, _ = await running.communicate()
    return output.decode()
