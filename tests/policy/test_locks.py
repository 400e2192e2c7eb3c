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
    assert format_message(world.card()) == snapshot("bob locked `web` until 2026-11-02 11:00 UTC: release 42")
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
    await world.bob.types(world.deploys, "/bk lock web -b release/* cutting it")
    await world.settle(1)
    assert "cutting it" in await ask_privately(world, world.alice, "build create web -b release/2")
    await world.alice.types(world.deploys, "/bk build create web -b main")
    await world.settle(2)
    assert [build.branch for build in world.buildkite.builds] == ["main"]


@pytest.mark.parametrize("words", ["web hotfix running", "web release/2 hotfix running", 'web "hotfix running"'])
async def test_what_follows_the_pipeline_is_the_reason(world: World, words: str) -> None:
    """No word of the reason is taken for a branch, so every branch is locked."""
    await world.bob.types(world.deploys, f"/bk lock {words}")
    await world.settle(2)
    reason = words.removeprefix("web ").strip('"')
    assert f"locked `web` until 2026-11-02 11:00 UTC: {reason}" in format_message(world.card())
    assert reason in await ask_privately(world, world.alice, "build create web -b main")
    assert world.buildkite.builds == []


async def test_a_branch_is_locked_by_its_flag_or_its_address(world: World) -> None:
    """`web@main` and `-b` lock and unlock one branch; a branch without its flag is refused when unlocking."""
    await world.bob.types(world.deploys, "/bk lock web@main hotfix running")
    await world.settle(2)
    assert "locked `web`, branch `main` until" in format_message(world.card())
    assert "unlock web -b main" in await ask_privately(world, world.bob, "unlock web main")
    assert "hotfix running" in await ask_privately(world, world.bob, "locks")
    await world.bob.types(world.deploys, "/bk unlock web -b main")
    await world.settle(2)
    assert format_message(world.card()) == snapshot("bob unlocked `web`, branch `main`")


async def test_a_lock_without_a_reason_opens_the_form(world: World) -> None:
    """The form has what was typed filled in; a mention offers it with a button."""
    await world.bob.types(world.deploys, "/bk lock web@main --for 30m")
    await world.settle(1)
    form = world.slack.modal_of(world.bob)
    assert form is not None
    assert form.plain() == snapshot("""\
# Lock
Pipeline: [web@main]
Branch or pattern such as release/*: [every branch]
Reason: []
Duration: [30m]
[Lock]\
""")
    await world.bob.submits({"Reason": "hotfix running"})
    await world.settle(2)
    assert format_message(world.card()) == snapshot(
        "bob locked `web`, branch `main` until 2026-11-02 09:30 UTC: hotfix running"
    )
    await world.alice.posts(world.deploys, "@kitestring lock api")
    await world.settle(1)
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Lock")
    await world.settle(1)
    await world.alice.submits({"Reason": "audit"})
    await world.settle(2)
    assert "locked `api` until" in world.transcript()


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
    assert format_message(world.card()) == snapshot("bob unlocked `web`")
    assert await ask_privately(world, world.bob, "unlock web") == snapshot("""\
⚠️ web isn't locked.
See `/bk locks`.\
""")


@pytest.mark.parametrize("words", ["lock web why --for soon", "lock web why --for 90d"])
async def test_a_lock_needs_a_duration(world: World, words: str) -> None:
    """A malformed duration is reported, and nothing is locked."""
    assert await ask_privately(world, world.bob, words)
    assert await ask_privately(world, world.bob, "locks") == NOTHING
