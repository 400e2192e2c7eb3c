"""Channels that are told of agents."""
# ruff: noqa: E501 - the lines stand here as people read them

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import asks
from tests.conversations.world import World


async def _watches(world: World, words: str = "") -> None:
    await world.bob.types(world.deploys, f"/bk agent watch {words}")
    await world.settle(2)


async def test_a_channel_is_told_of_lost_stopped_and_blocked_agents(world: World) -> None:
    """Agents that are lost, stopped or shut out are told, with the job that they ran; one that leaves is not."""
    await _watches(world)
    build = world.buildkite.create_build("web")
    world.buildkite.advance(build)
    world.buildkite.lose_agent("ci-linux-1")
    world.buildkite.disconnect_agent("ci-linux-3")
    await world.settle(15)
    world.buildkite.agent_stop(world.buildkite.find_agent("ci-linux-2"))
    await world.settle(15)
    world.buildkite.block_agent("deploy-1")
    await world.settle(15)
    assert world.transcript(world.deploys) == snapshot("""\
#deploys
kitestring: <@U0BOB0001> asked me to tell this channel of agents of every queue: `lost`, `stopped`, `blocked`
kitestring: 👻 Agent ci-linux-1 of queue `default` is lost: it does not answer any more; it ran :eslint: Lint.
kitestring: ⏹️ Agent ci-linux-2 of queue `default` was stopped.
kitestring: ⛔ Agent deploy-1 of queue `deploy` was shut out: its address is not allowed any more.\
""")


async def test_agents_that_go_together_are_one_message(world: World) -> None:
    """A host that dies takes three agents with it: the channel gets one message that names them."""
    await _watches(world)
    for name in ("ci-linux-1", "ci-linux-2", "ci-linux-3"):
        world.buildkite.lose_agent(name)
    await world.settle(30)
    assert [message.plain() for message in world.slack.messages(world.deploys)][1:] == snapshot(
        [
            """\
👻 Agents: 3 lost
👻 Agent ci-linux-1 of queue `default` is lost: it does not answer any more.
👻 Agent ci-linux-2 of queue `default` is lost: it does not answer any more.
👻 Agent ci-linux-3 of queue `default` is lost: it does not answer any more.\
"""
        ]
    )


async def test_a_channel_may_want_one_queue_and_some_states(world: World) -> None:
    """Agents of other queues, and other states, are not told."""
    await _watches(world, "--queue deploy --state connected,lost")
    world.buildkite.lose_agent("ci-linux-1")
    world.buildkite.lose_agent("deploy-1")
    await world.settle(15)
    world.buildkite.connect_agent("deploy-1")
    await world.settle(15)
    assert [message.plain() for message in world.slack.messages(world.deploys)] == snapshot(
        [
            "<@U0BOB0001> asked me to tell this channel of agents of queue `deploy`: `connected`, `lost`",
            "👻 Agent deploy-1 of queue `deploy` is lost: it does not answer any more.",
            "🟢 Agent deploy-1 of queue `deploy` is connected.",
        ]
    )


async def test_wishes_are_listed_and_taken_back(world: World) -> None:
    """What a channel is told of can be seen, and taken back; what was never wished for is said so."""
    await _watches(world)
    await _watches(world, "--queue deploy --state lost")
    assert await asks(world, world.bob, "agent watches") == snapshot("""\
Agents that this channel is told of
Queue · States
every queue · lost, stopped, blocked
deploy · lost\
""")
    await world.bob.types(world.deploys, "/bk agent unwatch")
    await world.settle(2)
    assert await asks(world, world.bob, "agent watches") == snapshot(
        "I tell this channel of no agents. Begin: `/bk agent watch`"
    )
    assert await asks(world, world.bob, "agent unwatch") == snapshot("""\
⚠️ I tell this channel of no such agents.
See `/bk agent watches`.\
""")
    world.buildkite.lose_agent("deploy-1")
    await world.settle(15)
    assert [message.plain() for message in world.slack.messages(world.deploys)][2:] == snapshot(
        ["<@U0BOB0001> asked me to tell this channel of agents of any queue no more"]
    )


async def test_a_wish_that_makes_no_sense_is_explained(world: World) -> None:
    """A state or a queue that does not exist is quoted, with what there is."""
    assert await asks(world, world.bob, "agent watch --state dead") == snapshot("""\
⚠️ `dead` does not do for `--state`: it should be lost, stopped, blocked, disconnected or connected, several by comma.
Usage: `/bk agent watch [-q queue] [-s state]`\
""")
    assert await asks(world, world.bob, "agent watch --queue deplyo") == snapshot("""\
⚠️ There is no queue “deplyo”.
Did you mean deploy?\
""")
