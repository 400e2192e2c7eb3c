"""Agents: the tokens that MCP costs a model, and the time and memory that the first request costs the bot.

Tokens are counted at four characters each, as clients estimate them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from bench.support.child_process import module_command
from bench.support.process_start import hide_test_packages, start_serve
from bench.support.rounds import compute_spread, render_table
from tests.mcp.agents import get_address, settle_while, write_request
from tests.process.town import open_town
from tests.rest.caller import Caller, open_caller

_CHARACTERS = 4
_ADDRESSES = ("/mcp", "/mcp/readonly", "/mcp/x/builds", "/mcp/x/agents,pipelines", "/mcp/x/all")
_JOBS, _BUILDS, _LOG_LINES = 300, 100, 100_000
_LARGE = {
    "build_view": {"pipeline": "large", "number": 1},
    "job_list": {"pipeline": "large", "number": 1},
    "job_log": {"pipeline": "large", "number": 1, "job": "step 0", "lines": 300},
    "build_list": {"pipeline": "large", "limit": _BUILDS},
}
_SECONDS_IDLE = 1.0


class Agent:
    """An agent that sends requests of the current revision."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def list_tools(self, path: str) -> list[dict[str, Any]]:
        """Return the tools of an address."""
        tools: list[dict[str, Any]] = (await self._send("tools/list", "", {}, path))["tools"]
        return tools

    async def call(self, tool: str, arguments: Mapping[str, object]) -> dict[str, Any]:
        """Return the result of a tool."""
        return await self._send("tools/call", tool, {"name": tool, "arguments": arguments})

    async def _send(self, method: str, name: str, params: dict[str, Any], path: str = "/mcp") -> dict[str, Any]:
        body, headers = write_request(self._caller.raw, method, name, params)
        address = get_address(self._caller.world, path)
        # The bot's clock stands still, and it may pause between its own requests.
        sending = self._caller.http.post(address, json=body, headers=headers)
        answer = await settle_while(self._caller.world, sending)
        result: dict[str, Any] = answer.json()["result"]
        return result


def count_tokens(value: object) -> int:
    """Return the tokens of a value as JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"))) // _CHARACTERS


async def measure_lists(agent: Agent) -> str:
    """Return the table of tools and tokens by address."""
    rows = []
    for path in _ADDRESSES:
        tools = await agent.list_tools(path)
        results = [tool.pop("outputSchema", {}) for tool in tools]
        without = count_tokens(tools)
        rows.append([f"`{path}`", str(len(tools)), f"{without + count_tokens(results):,}", f"{without:,}"])
    return render_table(["address", "tools", "tokens of `tools/list`", "without schemas of results"], rows)


async def measure_results(caller: Caller, agent: Agent) -> str:
    """Return the table of the largest pages, and how many pages there are."""
    _make_large(caller)
    rows = []
    for name, arguments in _LARGE.items():
        pages: list[int] = []
        cursor: dict[str, object] = {}
        while cursor or not pages:
            given = {**arguments, **cursor}
            result = await agent.call(name, given)
            pages.append(count_tokens(result["content"]))
            following = result["structuredContent"].get("next_cursor")
            cursor = {"cursor": following} if following else {}
        rows.append([f"`{name}`", f"{max(pages):,}", str(len(pages))])
    return render_table(["result", "tokens of the largest page", "pages"], rows)


def _make_large(caller: Caller) -> None:
    vendor = caller.world.buildkite
    vendor.limits.user.limit = vendor.limits.org.limit = 1_000_000
    vendor.pipeline("large", steps=[{"label": f"step {number}", "command": "x"} for number in range(_JOBS)])
    build = vendor.create_build("large")
    vendor.run_build(build, fail={f"step {number}" for number in range(0, _JOBS, 2)})
    vendor.log(build.jobs[0].id, "".join(f"line {number} of a long log\n" for number in range(_LOG_LINES)))
    for _ in range(_BUILDS):
        vendor.create_build("large")


class FirstRequest:
    """Measures what the first MCP request costs a process that has been idle."""

    def __init__(self, environ: dict[str, str], folder: Path, owner: str) -> None:
        self._environ = environ
        self._folder = folder
        self._owner = owner
        self.memory: list[float] = []
        self.grown: list[float] = []
        self.first: list[float] = []
        self.second: list[float] = []

    def run(self, rounds: int) -> None:
        """Measure so many processes."""
        start_serve(self._environ, self._folder).run()  # makes the database
        words = ["api-token", "create", "bench", "--owner", self._owner]
        made = subprocess.run(
            module_command("bot", *words), env=self._environ, cwd=self._folder, capture_output=True, check=True
        )
        raw = next(word for word in made.stdout.decode().split() if word.startswith("kst_"))
        for _ in range(rounds):
            self._measure(raw)

    def _measure(self, raw: str) -> None:
        with start_serve(self._environ, self._folder) as started:
            time.sleep(_SECONDS_IDLE)
            idle = started.child.measure_memory()
            self.memory.append(idle)
            self.first.append(_time_list(started.child.port, raw))
            self.second.append(_time_list(started.child.port, raw))
            self.grown.append(started.child.measure_memory() - idle)

    def render(self) -> str:
        """Return the table."""
        rows = [
            ["idle, before any, MiB", compute_spread(self.memory).render(1)],
            ["the first adds, MiB", compute_spread(self.grown).render(1)],
            ["`tools/list`, the first, ms", compute_spread([1000 * each for each in self.first]).render(0)],
            ["`tools/list`, the second, ms", compute_spread([1000 * each for each in self.second]).render(0)],
        ]
        return render_table(["first request", ""], rows)


def _time_list(port: int, raw: str) -> float:
    """Return the seconds of a request for the tools."""
    body, headers = write_request(raw, "tools/list", "", {})
    sent = {**headers, "content-type": "application/json"}
    request = Request(f"http://127.0.0.1:{port}/mcp", json.dumps(body).encode(), sent)
    began = time.perf_counter()
    with build_opener(ProxyHandler({})).open(request, timeout=60) as answer:
        answer.read()
    return time.perf_counter() - began


async def _measure_tokens(folder: Path) -> None:
    async with open_caller(folder, KITESTRING_API_RATE="100000") as caller:
        agent = Agent(caller)
        print(await measure_lists(agent), "\n")
        print(await measure_results(caller, agent), "\n")


async def _measure_process(folder: Path, rounds: int) -> None:
    async with open_town(folder, socket=False) as made:
        (absent := folder / "absent").mkdir()
        environ = {"PATH": os.environ["PATH"], **made.environ, **hide_test_packages(absent)}
        measured = FirstRequest(environ, folder, made.bob.id)
        await asyncio.to_thread(measured.run, rounds)
        print(measured.render())


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench agents", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of processes; 0 for none")
    given = parser.parse_args(arguments)
    for measure in (_measure_tokens, lambda folder: _measure_process(folder, given.rounds)):
        with tempfile.TemporaryDirectory(prefix="kitestring-bench-") as folder:
            asyncio.run(measure(Path(folder)))
