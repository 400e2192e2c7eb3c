"""The MCP SDK costs nothing until an agent comes."""

from __future__ import annotations

import subprocess
import sys

import httpx

from tests.conversations.world import World
from tests.mcp.agents import get_address

_PROGRAM = "import sys, bot.cli.main, bot.app.process, bot.app.mcp_api; print('mcp' in sys.modules)"


def test_the_sdk_is_not_imported_by_the_start() -> None:
    """Neither the program nor the module that builds the endpoint imports it."""
    ran = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


async def test_strangers_do_not_open_the_endpoint(world: World) -> None:
    """A request without a valid token is refused before the protocol is served."""
    async with httpx.AsyncClient() as client:
        assert (await client.post(get_address(world), json={})).status_code == 401
    programs = world.bot.endpoints.programs
    assert not programs.serves_mcp
