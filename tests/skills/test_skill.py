"""The Agent Skill is valid, is served, and its script does what it says."""

from __future__ import annotations

import asyncio
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from skills_ref import read_properties, validate

from bot.cli.main import main
from tests.api_tokens.acts import make_token
from tests.conversations.world import World
from tests.mcp.agents import get_address, settle_while


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    """Write the skill."""
    written = CliRunner().invoke(main, ["skill", str(tmp_path)])
    assert written.exit_code == 0, written.output
    return tmp_path / "kitestring"


def test_the_skill_is_valid_and_short(skill: Path) -> None:
    """The format's own validator accepts it, and it keeps to the format's limits."""
    assert validate(skill) == []
    assert read_properties(skill).name == "kitestring"
    body = (skill / "SKILL.md").read_text("utf-8")
    assert len(body.splitlines()) < 500
    assert len(body) / 4 < 5_000
    operations = (skill / "references" / "operations.md").read_text("utf-8")
    assert "## agent pause" in operations
    assert "## proposal approve" not in operations
    for mentioned in ("references/operations.md", "references/api.md", "scripts/kitestring.py"):
        assert mentioned in body
        assert (skill / mentioned).exists()


async def run_script(world: World, skill: Path, raw: str, *words: str) -> tuple[int, Any]:
    """Run the skill's script; return its exit status, and what it prints."""
    environment = {"KITESTRING_URL": get_address(world, ""), "KITESTRING_TOKEN": raw}
    pipe = asyncio.subprocess.PIPE
    script = str(skill / "scripts" / "kitestring.py")
    # Isolated: without the packages of this checkout, and without those that are installed.
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", script, *words, env=environment, stdout=pipe, stderr=pipe
    )
    output, errors = await settle_while(world, running.communicate())
    return running.returncode or 0, json.loads(output) if output else errors.decode()


async def test_the_script_calls_the_api(world: World, skill: Path) -> None:
    """It starts a build, says what is wrong with a call, and confirms with `--yes`."""
    raw = await make_token(world, world.bob)
    status, answer = await run_script(world, skill, raw, "build", "create", "pipeline=web", "branch=main")
    assert (status, answer["state"]) == (0, "done")
    build = world.buildkite.builds[-1]
    assert build.branch == "main"
    assert (await run_script(world, skill, raw, "build", "create", "colour=red"))[0] == 1
    cancel = ("build", "cancel", "pipeline=web", f"number={build.number}")
    status, answer = await run_script(world, skill, raw, *cancel)
    assert (status, answer["status"]) == (1, 409)
    assert (await run_script(world, skill, raw, *cancel, "--yes"))[0] == 0
    assert build.state in ("canceling", "canceled")
    assert (await run_script(world, skill, raw))[0] == 2
    assert (await run_script(world, skill, "kst_wrong", "whoami"))[1]["status"] == 401


async def test_the_skill_is_served(world: World, skill: Path) -> None:
    """The list, the files and the zip file are what the console writes."""
    async with httpx.AsyncClient(base_url=get_address(world, "")) as client:
        listed = (await client.get("/skills")).json()["skills"]
        assert [found["name"] for found in listed] == ["kitestring"]
        names = (await client.get("/skills/kitestring/contents")).json()["files"]
        assert (await client.get("/skills/kitestring")).json()["files"] == names
        for name in names:
            served = await client.get(f"/skills/kitestring/contents/{name}")
            assert served.text == (skill / name).read_text("utf-8")
        packed = (await client.get("/skills/kitestring/download")).content
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            assert sorted(archive.namelist()) == [f"kitestring/{name}" for name in names]
        assert (await client.get("/skills/other")).status_code == 404
        assert (await client.get("/skills/kitestring/contents/../../../bot/settings.py")).status_code == 404
        assert (await client.post("/skills")).status_code == 405
