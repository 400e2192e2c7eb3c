"""A key does nothing twice when an agent repeats a call, whatever happens in between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from tests.conversations.world import World
from tests.mcp.agents import get_address, write_request
from tests.rest.killed_calls import ARGS, kill_after_each_commit
from tests.sampling import Sample

META = {"kitestring/idempotency-key": "once"}


async def _create(world: World, raw: str) -> str:
    params = {"name": "build_create", "arguments": ARGS, "_meta": META}
    body, headers = write_request(raw, "tools/call", "build_create", params)
    async with httpx.AsyncClient(timeout=300, trust_env=False) as client:
        answer = await client.post(get_address(world), json=body, headers=headers)
    if answer.status_code >= 500:
        return ""
    result: dict[str, Any] = answer.json()["result"]
    if result.get("isError"):
        assert result["_meta"]["kitestring/problem"]["kind"] == "unavailable", result
        return ""
    return "" if "pending" in result["structuredContent"] else answer.text


async def test_killed_after_any_transaction(tmp_path: Path, sample: Sample) -> None:
    """Wherever the process dies, the same key gives the same build, and one card."""
    await kill_after_each_commit(tmp_path, _create, sample)
