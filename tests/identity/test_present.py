"""Rights end with a person's place in the workspace, and so does what is kept for them."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from bot.store.tables_people import audit, tokens
from tests.conversations.acts import ask_privately
from tests.conversations.world import World
from tests.identity.connecting import connect_alice, type_command


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"deleted": True}, "deactivated"),
        ({"guest": "restricted"}, "Guests of this workspace"),
        ({"stranger": True}, "another workspace"),
        ({"is_bot": True}, "bots"),
    ],
)
async def test_lost_rights_take_effect_within_a_minute(world: World, change: dict[str, Any], answer: str) -> None:
    """Bob was a member a minute ago and is none now: his next build is refused, for the reason that holds now."""
    await ask_privately(world, world.bob, "whoami")
    for name, value in change.items():
        setattr(world.bob.profile, name, value)
    world.clock.advance(60)
    assert answer in await ask_privately(world, world.bob, "build create web")
    assert not world.buildkite.builds


async def test_old_answers_of_slack_are_not_trusted(world: World) -> None:
    """While Slack doesn't answer, a person's data is trusted for five minutes."""
    await ask_privately(world, world.bob, "whoami")
    world.slack.faults.fail("users.info", times=20)
    world.clock.advance(240)
    await type_command(world, world.bob, "build create web")
    assert len(world.buildkite.builds) == 1
    world.clock.advance(120)
    assert "couldn't ask Slack who you are" in await ask_privately(world, world.bob, "build create api")
    assert len(world.buildkite.builds) == 1


async def test_the_token_of_a_deactivated_person_is_deleted_at_their_next_request(world: World) -> None:
    """Alice is deactivated and asks again, as with an old button: refused, and her token is deleted."""
    await connect_alice(world)
    world.alice.profile.deleted = True
    world.clock.advance(60)
    await ask_privately(world, world.alice, "build create web")
    assert not world.buildkite.builds
    await deactivate_alice(world)


async def test_the_token_of_a_deactivated_person_is_deleted_within_the_hour(world: World) -> None:
    """Alice never comes back: an hour later nothing of her token is left, and the audit says why."""
    await connect_alice(world)
    await world.bot.workspace.maintenance.account_upkeep.tick()
    world.alice.profile.deleted = True
    world.clock.advance(3601)
    assert await world.bot.workspace.maintenance.account_upkeep.tick() == 1
    await deactivate_alice(world)


async def test_the_token_of_a_member_stays(world: World) -> None:
    """Looked at every hour, kept for as long as she is a member; a Slack that does not answer deletes nothing."""
    await connect_alice(world)
    for _ in range(2):
        world.clock.advance(3601)
        assert await world.bot.workspace.maintenance.account_upkeep.tick() == 1
    world.alice.profile.deleted = True
    world.slack.faults.fail("users.info", times=20)
    world.clock.advance(3601)
    assert await world.bot.workspace.maintenance.account_upkeep.tick() == 0
    async with world.bot.platform.store.read() as tx:
        assert await tx.scalar(sa.select(sa.func.count()).select_from(tokens)) == 1


async def deactivate_alice(world: World) -> None:
    """The row is not there, and the audit knows."""
    async with world.bot.platform.store.read() as tx:
        assert await tx.scalar(sa.select(sa.func.count()).select_from(tokens)) == 0
        noted = await tx.scalars(sa.select(audit.c.detail).where(audit.c.transition == "disconnected"))
        assert list(noted) == [{"why": "no longer in the workspace"}]
