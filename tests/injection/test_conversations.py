"""The injection corpus end to end: set in Buildkite, typed in Slack, read in channels and threads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulators.slack.mentions import reach
from simulators.slack.models import Message
from tests.conversations.world import World, open_world
from tests.injection.corpus import CALLS, LINKS, LOGGED, MARKUP

# A job's log can hold many of these texts at once, one per line.
OUTSIDE = (*CALLS, *LINKS, *MARKUP)
# Where cards link besides Buildkite: to the commits of this repository.
REPOSITORY = "https://github.com/acme-inc/odd/"
NAMES = ("<!channel>", "<https://evil.example|Open>", "<@U0EVE0001> `x` *y*", "\u202eevil")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Alice, Bob and Gwen in #deploys, with a pipeline whose names and fields are hostile."""
    async with open_world(tmp_path) as ready:
        fields = [{"text": text, "key": f"k{at}", "hint": text} for at, text in enumerate(NAMES)]
        steps = [{"label": text, "command": "x"} for text in NAMES[:3]]
        ready.buildkite.pipeline("odd", steps=[*steps, "wait", {"block": NAMES[0], "fields": fields}])
        yield ready


def check_messages(world: World) -> None:
    """Assert that messages mention only Alice and Bob and link only to Buildkite and their repository."""
    messages = [
        message for channel in world.slack.posted.values() for message in channel
    ] + world.slack.ephemeral_messages
    assert world.slack.problems == []
    for message in messages:
        if message.bot:
            check_message(world, message)


def check_message(world: World, message: Message) -> None:
    """Assert that a message mentions only Alice and Bob and links only to Buildkite and its repository."""
    mentions = reach(message.text, message.blocks)
    assert mentions.calls <= {world.alice.id, world.bob.id}, message.plain()
    assert mentions.channels == frozenset(), message.plain()
    known = (world.buildkite.base_url, REPOSITORY)
    assert [link for link in mentions.links if not link.startswith(known)] == [], message.plain()


async def test_builds_with_hostile_words_call_nobody(world: World) -> None:
    """Builds with hostile messages, branches, creators and steps appear as text in cards, replies and lists."""
    for text in OUTSIDE[::15]:
        build = world.buildkite.create_build_elsewhere("odd", text, text, creator=text)
        await world.alice.types(world.deploys, f"/bk watch odd {build.number}")
        world.buildkite.run_build(build, fail=[NAMES[1]])
        await world.settle(2)
    await world.alice.types(world.deploys, "/bk build list odd")
    await world.settle(3)
    assert "<!channel>" in world.transcript()
    check_messages(world)


async def test_a_hostile_log_is_words(world: World) -> None:
    """A job's output can't leave its code block, and terminal sequences in it link nowhere."""
    build = world.buildkite.create_build_elsewhere("odd", "main", "x", creator="Noor Haddad")
    world.buildkite.run_build(build, fail=[NAMES[0]])
    job = next(job for job in build.jobs if job.name == NAMES[0])
    for at in range(0, len(OUTSIDE), 30):
        world.buildkite.log(job.id, "\n".join((*OUTSIDE[at : at + 30], *LOGGED)))
        await world.alice.types(world.deploys, f"/bk job log -p odd -n {build.number} --job {job.id}")
        await world.settle(1)
    assert any("▸" in answer or "<!here>" in answer for answer in world.whispers(world.alice))
    check_messages(world)


async def test_hostile_words_are_quoted_back_as_words(world: World) -> None:
    """Unknown commands, a lock's reason and wrong arguments are quoted without mentioning anyone."""
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
    check_messages(world)
