"""The organization's emoji, in what people read."""

from __future__ import annotations

from bot.app.emoji_cache import RETRY_SECONDS, REFRESH_SECONDS
from tests.conversations.acts import asks, started
from tests.conversations.world import World


def lists(world: World) -> int:
    """How often the list of emoji was read."""
    return sum(request.path.endswith("/emojis") for request in world.buildkite.requests)


async def test_nobody_waits_for_the_list(world: World) -> None:
    """The first card has the code as Buildkite writes it; the list is there for the next, and is read daily."""
    held = world.buildkite.faults.hang(path="emojis")
    await started(world, "web -m ':rocket: Faster'")
    assert ":rocket: Faster" in world.transcript()
    held.release()
    await world.bot.emoji_cache.wait_for_read()
    assert "🚀 Faster" in await asks(world, world.bob, "build list web")
    await asks(world, world.bob, "build list web")
    assert lists(world) == 1
    world.clock.advance(REFRESH_SECONDS + 1)
    await asks(world, world.bob, "build list web")
    await world.bot.emoji_cache.wait_for_read()
    assert lists(world) == 2


async def test_without_the_list_codes_stay(world: World) -> None:
    """Where the token may not read the list, codes stay, and it is not asked for again at once."""
    world.buildkite.faults.fail(403, path="emojis")
    await started(world, "web -m ':rocket: Faster'")
    await world.bot.emoji_cache.wait_for_read()
    assert ":rocket: Faster" in await asks(world, world.bob, "build list web")
    assert lists(world) == 1
    world.clock.advance(RETRY_SECONDS + 1)
    await asks(world, world.bob, "build list web")
    await world.bot.emoji_cache.wait_for_read()
    assert "🚀 Faster" in await asks(world, world.bob, "build list web")
