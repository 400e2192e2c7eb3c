"""The examples of docs/mcp.md work."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tomllib
from pathlib import Path

from tests.api_tokens.acts import make_token
from tests.conversations.world import World
from tests.mcp.agents import get_address, settle_while

_PAGE = Path(__file__).parents[2] / "docs" / "mcp.md"


def read_blocks(language: str) -> list[str]:
    """Return the code of a language on the page."""
    return re.findall(rf"```{language}\n(.*?)```", _PAGE.read_text("utf-8"), re.DOTALL)


def test_the_configurations_of_clients_can_be_read() -> None:
    """Each is in the language that its client reads, and names the endpoint and the token."""
    read = [json.loads(block) for block in read_blocks("json")] + [tomllib.loads(read_blocks("toml")[0])]
    assert len(read) == 3
    for configuration in read:
        written = json.dumps(configuration)
        assert "https://kitestring.example.com/mcp" in written
        assert "token" in written.lower()


async def test_the_program_starts_a_build(world: World, tmp_path: Path) -> None:
    """The example runs as it stands."""
    program = tmp_path / "program.py"
    program.write_text(read_blocks("python")[0], "utf-8")
    environment = {
        "KITESTRING_TOKEN": await make_token(world, world.bob),
        "KITESTRING_URL": get_address(world, ""),
    }
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(
        sys.executable, str(program), env=environment, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await settle_while(world, running.communicate())
    assert running.returncode == 0, output.decode()
    assert [build.pipeline.slug for build in world.buildkite.builds] == ["web"]
