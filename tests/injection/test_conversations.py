"""The injection corpus end to end: written at Buildkite, typed at Slack, read in channels and threads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulators.slack.mentions import reach
from simulators.slack.models import Message
from tests.conversations.world import World, opened
from tests.injection.corpus import CALLS, LINKS, LOGGED, MARKUP

# A job's log and its commit message take all of them at once, line by line.
OUTSIDE = (*CALLS, *LINKS, *MARKUP)
NAMES = ("<!channel>", "<https://evil.example|Open>", "<@U0EVE0001> `x` *y*", "\u202eevil")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Alice, Bob and Gwen in #deploys, with a pipeline whose names and fields are hostile."""
    async with opened(tmp_path) as ready:
        fields = [{"text": text, "key": f"k{at}", "hint": text} for at, text in enumerate(NAMES)]
        steps = [{"label": text, "command": "x"} for text in NAMES[:3]]
        ready.buildkite.pipeline("odd", steps=[*steps, "wait", {"block": NAMES[0], "fields": fields}])
        yield ready


def in_order(world: World) -> None:
    """In every message, private or not, as it is and as it was: only Alice and Bob are called; links are ours."""
    said = [message for channel in world.slack.posted.values() for message in channel] + world.slack.ephemeral_messages
    assert world.slack.problems == []
    for message in said:
        if message.bot:
            check(world, message)


def check(world: World, message: Message) -> None:
    """One message of the bot."""
    drawn = reach(message.text, message.blocks)
    assert drawn.calls <= {world.alice.id, world.bob.id}, message.plain()
    assert drawn.channels == frozenset(), message.plain()
    assert [link for link in drawn.links if not link.startswith(world.buildkite.base_url)] == [], message.plain()


async def test_builds_with_hostile_words_call_nobody(world: World) -> None:
    """Cards, replies and a listing of builds whose message, branch, creator and steps are hostile."""
    for text in OUTSIDE[::15]:
        build = world.buildkite.create_build_elsewhere("odd", text, text, creator=text)
        await world.alice.types(world.deploys, f"/bk watch odd {build.number}")
        world.buildkite.run_build(build, fail=[NAMES[1]])
        await world.settle(2)
    await world.alice.types(world.deploys, "/bk build list odd")
    await world.settle(3)
    assert "<!channel>" in world.transcript()
    in_order(world)


async def test_a_hostile_log_is_words(world: World) -> None:
    """What a job prints stands in a block that it cannot leave; sequences for terminals link nowhere."""
    build = world.buildkite.create_build_elsewhere("odd", "main", "x", creator="Noor Haddad")
    world.buildkite.run_build(build, fail=[NAMES[0]])
    job = next(job for job in build.jobs if job.name == NAMES[0])
    for at in range(0, len(OUTSIDE), 30):
        world.buildkite.log(job.id, "\n".join((*OUTSIDE[at : at + 30], *LOGGED)))
        await world.alice.types(world.deploys, f"/bk job log -p odd -n {build.number} --job {job.id}")
        await world.settle(1)
    assert any("▸" in told or "<!here>" in told for told in world.whispers(world.alice))
    in_order(world)


async def test_hostile_words_are_quoted_back_as_words(world: World) -> None:
    """Unknown words, a lock's reason and arguments that do not fit are answered without calling anybody."""
    for text in OUTSIDE[::15]:
        await world.bob.types(world.deploys, f"/bk {text}")
        await world.bob.types(world.deploys, f"/bk build create {text!r}")
        await world.bob.types(world.deploys, f"/bk help {text}")
    await world.bob.types(world.deploys, '/bk lock odd "<!channel> <https://evil.example|x>"')
    await world.settle(2)
    await world.alice.types(world.deploys, "/bk build create odd")
    await world.alice.types(world.deploys, "/bk locks")
    await world.alice.types(world.deploys, "/bk audit")
    await world.settle(2)
    assert "<!channel>" in world.whispers(world.alice)[-1] or "locked" in str(world.whispers(world.alice))
    in_order(world)
