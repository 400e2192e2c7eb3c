"""An agent that talks to the bot by the protocol's official client, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx2
from mcp.client import Client
from mcp.client.session import ElicitationFnT
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

from tests.conversations.world import World

T = TypeVar("T")


def get_address(world: World, path: str = "/mcp") -> str:
    """Return an address of the endpoint."""
    return (world.slack.request_url or "").removesuffix("/slack/events") + path


@asynccontextmanager
async def connect(
    world: World, raw: str, path: str = "/mcp", *, elicit: ElicitationFnT | None = None, mode: str = "auto"
) -> AsyncIterator[Client]:
    """Connect an agent with its token; `elicit` answers questions for the person."""
    headers = {"authorization": f"Bearer {raw}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        transport = streamable_http_client(get_address(world, path), http_client=http)
        async with Client(transport, elicitation_callback=elicit, mode=mode) as client:
            yield client


async def settle_while(world: World, work: Awaitable[T]) -> T:
    """Let time pass until an answer is there."""
    running = asyncio.ensure_future(work)
    while not running.done():
        await world.settle(1)
        await asyncio.wait({running}, timeout=0.05)
    return running.result()


def read_text(result: CallToolResult) -> str:
    """Return the text of a result, as a model reads it."""
    return "\n".join(part.text for part in result.content if isinstance(part, TextContent))


def read_data(result: CallToolResult) -> Any:
    """Return the structured result of a call that succeeded."""
    assert not result.is_error, read_text(result)
    return result.structured_content


class TaskClient:
    """A client that knows the tasks extension, which the official one doesn't have yet."""

    def __init__(self, world: World, raw: str) -> None:
        self._world = world
        self._raw = raw

    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Call a tool."""
        return await self._send("tools/call", tool, {"name": tool, "arguments": arguments})

    async def ask(self, method: str, task: str) -> dict[str, Any]:
        """Ask for a task, or cancel it."""
        return await self._send(method, task, {"taskId": task})

    async def _send(self, method: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
        capabilities: dict[str, Any] = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
        body, headers = write_request(self._raw, method, name, params, capabilities)
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            answer = (await settle_while(self._world, http.post(get_address(self._world), json=body))).json()
        assert "result" in answer, answer
        return {key: value for key, value in answer["result"].items() if key != "_meta"}


def write_request(
    raw: str, method: str, name: str, params: dict[str, Any], capabilities: dict[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the body and the headers of a request of the current revision, which needs no handshake."""
    version = "2026-07-28"
    protocol = "io.modelcontextprotocol/"
    meta = {f"{protocol}protocolVersion": version, f"{protocol}clientCapabilities": capabilities or {}}
    headers = {
        "authorization": f"Bearer {raw}",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": version,
        "mcp-method": method,
        "mcp-name": name,
    }
    meta |= params.get("_meta", {})
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}, headers
