"""The organization's emoji in messages."""

from __future__ import annotations

from bot.app.emoji_cache import REFRESH_SECONDS, RETRY_SECONDS
from tests.conversations.acts import ask_privately, start_build
from tests.conversations.world import World


def count_emoji_reads(world: World) -> int:
    """Return how often the list of emoji was read."""
    return sum(request.path.endswith("/emojis") for request in world.buildkite.requests)


async def test_cards_do_not_wait_for_the_emoji_list(world: World) -> None:
    """The first card has Buildkite's code; the next one has the emoji, and the list is read daily."""
    held = world.buildkite.faults.hang(path="emojis")
    await start_build(world, "web -m ':rocket: Faster'")
    assert ":rocket: Faster" in world.transcript()
    held.release()
    await world.bot.workspace.deps.buildkite.emoji_cache.wait_for_read()
    assert "🚀 Faster" in await ask_privately(world, world.bob, "build list web")
    await ask_privately(world, world.bob, "build list web")
    assert count_emoji_reads(world) == 1
    world.clock.advance(REFRESH_SECONDS + 1)
    await ask_privately(world, world.bob, "build list web")
    await world.bot.workspace.deps.buildkite.emoji_cache.wait_for_read()
    assert count_emoji_reads(world) == 2


async def test_without_the_list_codes_stay(world: World) -> None:
    """If the token may not read the list, codes stay, and it isn't read again at once."""
    world.buildkite.faults.fail(403, path="emojis")
    await start_build(world, "web -m ':rocket: Faster'")
    await world.bot.workspace.deps.buildkite.emoji_cache.wait_for_read()
    assert ":rocket: Faster" in await ask_privately(world, world.bob, "build list web")
    assert count_emoji_reads(world) == 1
    world.clock.advance(RETRY_SECONDS + 1)
    await ask_privately(world, world.bob, "build list web")
    await world.bot.workspace.deps.buildkite.emoji_cache.wait_for_read()
    assert "🚀 Faster" in await ask_privately(world, world.bob, "build list web")
