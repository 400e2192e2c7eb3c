"""Reports contain only what the person may see."""

from __future__ import annotations

from pathlib import Path

from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately
from tests.conversations.world import open_world
from tests.health.played import build, settle_reports

POLICY = """\
[[grant]]
name = "everyone reads web"
standings = ["member"]
permissions = ["help", "read"]
pipelines = ["web", "mobile"]
"""


async def test_only_visible_pipelines_are_counted(tmp_path: Path) -> None:
    """Bob may see web and mobile; a report on everything covers those, and one on api is refused."""
    rules = tmp_path / "policy.toml"
    rules.write_text(POLICY, "utf-8")
    async with open_world(tmp_path, policy=rules) as world:
        for pipeline in ("web", "api"):
            build(world, pipeline)
        await settle_reports(world)
        reply = (await ask_privately(world, world.bob, "health --since 24h")).split("\n")
        assert reply[:3] == snapshot(
            ["*Health of mobile and web over the last 24 hours*", "*Builds*", "1 (was 0)"]
        )
        assert await ask_privately(world, world.bob, "health api") == snapshot("""\
⚠️ You may not run `health` on `api` here.
Your grant “everyone reads web” is for pipelines `web`, `mobile`. Ask a workspace admin to do it.\
""")
        assert (await ask_privately(world, world.bob, "health '*i*' --since 24h")).split("\n")[0] == snapshot(
            "*Health of mobile over the last 24 hours*"
        )
        assert await ask_privately(world, world.bob, "health 'a*'") == snapshot("""\
⚠️ No pipeline you may see matches `a*`.
For all pipelines, use `/bk health` without a name.\
""")
