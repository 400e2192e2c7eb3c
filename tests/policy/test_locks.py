"""Locks, as conversations."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately, fail_build
from tests.conversations.world import World, format_message

NOTHING = "There are no locks.\nLock one with `/bk lock <pipeline> <reason>`."


async def test_a_locked_pipeline_refuses_others_with_the_reason(world: World) -> None:
    """Bob locks web: Alice can neither create, rebuild nor retry there; he can."""
    build, card = await fail_build(world)
    await world.bob.types(world.deploys, '/bk lock web "release 42" --for 2h')
    await world.settle(2)
    assert format_message(world.card()) == snapshot(
        "<@U0BOB0001> locked `web` until 2026-11-02 11:00 UTC: release 42"
    )
    assert await ask_privately(world, world.alice, "build create web") == snapshot("""\
⚠️ `web` is locked by <@U0BOB0001> until 2026-11-02 11:00 UTC: release 42
Ask them to unlock it, or see `help lock` to take it over.\
""")
    for words in (f"build rebuild web {build.number}", f"build retry web {build.number}"):
        assert "release 42" in await ask_privately(world, world.alice, words)
    await world.alice.clicks(card, "Rebuild")
    await world.settle(1)
    assert len(world.buildkite.builds) == 1
    await world.bob.types(world.deploys, "/bk build create web")
    await world.settle(2)
    assert len(world.buildkite.builds) == 2


async def test_a_lock_of_a_branch_leaves_the_others_free(world: World) -> None:
    """`release/*` is locked, main is not."""
    await world.bob.types(world.deploys, '/bk lock web release/* "cutting it"')
    await world.settle(1)
    assert "cutting it" in await ask_privately(world, world.alice, "build create web -b release/2")
    await world.alice.types(world.deploys, "/bk build create web -b main")
    await world.settle(2)
    assert [build.branch for build in world.buildkite.builds] == ["main"]


async def test_a_takeover_is_explicit_and_notifies_the_holder(world: World) -> None:
    """Without --take the lock stays; with it the one who held it gets a direct message, once."""
    await world.bob.types(world.deploys, '/bk lock web "release 42"')
    await world.settle(1)
    assert await ask_privately(world, world.alice, "lock web hotfix") == snapshot("""\
⚠️ `web` is locked by <@U0BOB0001> until 2026-11-02 11:00 UTC: release 42
Add `--take` to take it over. They'll be notified.\
""")
    await world.alice.types(world.deploys, "/bk lock web hotfix --take")
    await world.settle(3)
    assert [message.plain() for message in world.slack.messages(world.bob.dm)] == snapshot(
        ["<@U0ALICE01> ended your lock on `web`. Its reason was: release 42"]
    )
    assert "hotfix" in await ask_privately(world, world.bob, "locks")


async def test_a_lock_runs_out(world: World) -> None:
    """After its time a lock is not there any more."""
    await world.bob.types(world.deploys, '/bk lock web "short" --for 30m')
    await world.settle(1)
    await world.settle(1800, step=300)
    assert await ask_privately(world, world.alice, "locks") == NOTHING
    await world.alice.types(world.deploys, "/bk build create web")
    await world.settle(2)
    assert len(world.buildkite.builds) == 1


async def test_a_lock_is_released_by_its_holder_or_explicitly(world: World) -> None:
    """Alice learns who holds the lock; Bob releases it; a missing lock is reported."""
    await world.bob.types(world.deploys, '/bk lock web "release 42"')
    await world.settle(1)
    assert "--take" in await ask_privately(world, world.alice, "unlock web")
    await world.bob.types(world.deploys, "/bk unlock web")
    await world.settle(2)
    assert format_message(world.card()) == snapshot("<@U0BOB0001> unlocked `web`")
    assert await ask_privately(world, world.bob, "unlock web") == snapshot("""\
⚠️ web isn't locked.
See `/bk locks`.\
""")


@pytest.mark.parametrize("words", ["lock web", "lock web why --for soon", "lock web why --for 90d"])
async def test_a_lock_needs_a_reason_and_a_span(world: World, words: str) -> None:
    """A missing or malformed argument is reported, and nothing is locked."""
    assert await ask_privately(world, world.bob, words)
    assert await ask_privately(world, world.bob, "locks") == NOTHING
