"""The audit names what a request was about, whether it was carried out, refused, failed or left unknown."""

from __future__ import annotations

from pathlib import Path

from inline_snapshot import snapshot

from bot.access.queries import AuditEntry, find_newest_entries
from tests.conversations.acts import ask_privately
from tests.conversations.world import World, open_world


async def read_entries(world: World, pipeline: str | None = None) -> list[AuditEntry]:
    """Return the entries of the audit, oldest first."""
    async with world.bot.platform.store.read() as tx:
        return list(reversed(await find_newest_entries(tx, pipeline=pipeline)))


async def test_refusals_and_failures_are_found_by_their_pipeline(world: World) -> None:
    """Refused, failed and proposed requests are found by `audit -p`, with what they were about."""
    await world.bob.types(world.deploys, "/bk build create api -b hotfix -e RING=canary")
    await world.settle(1)
    await world.bob.types(world.deploys, "/bk build cancel api#999")
    await world.settle(1)
    await world.gwen.types(world.deploys, "/bk build create api -b nightly")
    await world.settle(1)
    await world.bob.types(world.deploys, "/bk build create mobile -b main")
    await world.settle(2)
    entries = [*await read_entries(world, "api"), *await read_entries(world, "mobile")]
    assert [(entry.operation, entry.transition, entry.detail["args"]) for entry in entries] == snapshot(
        [
            (
                "build create",
                "refused",
                {
                    "pipeline": "api",
                    "branch": "hotfix",
                    "commit": "HEAD",
                    "env": ["RING"],
                    "metadata": [],
                    "ignore_branch_filters": False,
                },
            ),
            ("build cancel", "refused", {"pipeline": "api", "number": 999}),
            ("build create", "refused", {"pipeline": "api", "branch": "nightly"}),
            (
                "build create",
                "proposed",
                {
                    "pipeline": "mobile",
                    "branch": "main",
                    "commit": "HEAD",
                    "env": [],
                    "metadata": [],
                    "ignore_branch_filters": False,
                },
            ),
        ]
    )
    assert all(entry.detail.get("rule") for entry in entries if entry.transition in ("refused", "proposed"))


async def test_the_list_shows_targets(tmp_path: Path) -> None:
    """`audit` shows pipeline and branch, build, agent or lock of what was refused or failed."""
    async with open_world(tmp_path) as world:
        await world.gwen.types(world.deploys, "/bk build create api -b hotfix")
        await world.settle(1)
        await world.bob.types(world.deploys, "/bk agent stop ci-linux-1 --yes")
        await world.settle(1)
        await world.bob.types(world.deploys, "/bk build cancel web#7")
        await world.settle(1)
        await world.bob.types(world.deploys, "/bk can build create web -e KEY=hunter2")
        await world.settle(1)
        await world.settle(2)
        assert await ask_privately(world, world.alice, "audit") == snapshot("""\
Entries, newest first
When · Who · What · Outcome
2026-11-02 09:00 UTC · <@U0BOB0001> · can build create web -e KEY=••• · done (default: full members read and build)
2026-11-02 09:00 UTC · <@U0BOB0001> · build cancel web#7 · failed (default: full members read and build)
2026-11-02 09:00 UTC · <@U0BOB0001> · agent stop ci-linux-1 · refused (default: agents is for workspace admins)
2026-11-02 09:00 UTC · <@U0GWEN001> · build create api on hotfix · refused (default: nothing for guests)\
""")


async def test_an_unknown_outcome_names_its_target(world: World) -> None:
    """A request whose answer was lost is found by its pipeline at once."""
    world.buildkite.faults.reset(times=9, method="POST", path="/pipelines/web/builds$")
    await world.alice.types(world.deploys, "/bk build create web -b main")
    await world.settle(2)
    assert [(entry.transition, entry.detail["args"]["branch"]) for entry in await read_entries(world, "web")] == (
        snapshot([("unknown", "main")])
    )
