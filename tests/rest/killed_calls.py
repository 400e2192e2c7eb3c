"""Lets the bot die while it carries out a program's call, and the program repeat it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from tests.api_tokens.acts import make_token
from tests.conversations.world import World
from tests.rest.caller import announcing
from tests.robustness.lives import Crash, Lives, open_town, settle
from tests.sampling import Sample

ARGS = {"pipeline": "web", "branch": "main"}
Create = Callable[[World, str], Awaitable[str]]
"""Asks with a token for a build of web, always by the same key; returns its result, if it's there."""


async def kill_after_each_commit(folder: Path, create: Create, sample: Sample) -> None:
    """Hold that wherever the process dies, the same key gives the same build, and one card."""
    commits = await _live(folder / "whole", create, None)
    assert commits > 4
    for number in sample(range(1, commits + 1), keep=4):
        await _live(folder / str(number), create, number)


async def _live(folder: Path, create: Create, die_after: int | None) -> int:
    """Let a program create a build, killed after that commit, and repeat the call; return the commits it took."""
    async with open_town(folder) as lives:
        raws: list[str] = []

        async def prepare(world: World) -> None:
            raws.append(await make_token(world, world.bob, **announcing(world)))

        await lives.play(prepare)
        before = lives.commits
        lives.die_after = before + die_after if die_after else None

        async def call(world: World) -> None:
            try:
                await create(world, raws[0])
                await settle(world)
            except httpx.HTTPError as error:
                raise Crash from error

        await lives.play(call)
        took = lives.commits - before
        result = await _repeat(lives, create, raws[0])
        builds = lives.world.buildkite.builds
        assert [build.pipeline.slug for build in builds] == ["web"], die_after
        assert builds[0].id in result, result
        await settle(lives.world)
        cards = [
            message for message in lives.world.slack.messages(lives.world.deploys) if "web#1" in message.plain()
        ]
        assert len(cards) == 1, die_after
    return took


async def _repeat(lives: Lives, create: Create, raw: str) -> str:
    """Send the call again as a careful program does: until it is answered with a result."""
    for _ in range(10):
        if result := await create(lives.world, raw):
            return result
        await settle(lives.world, 60)
    return ""
