"""Channels that watch agents."""

from __future__ import annotations

from dataclasses import replace

from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately
from tests.conversations.world import World


async def _watch(world: World, words: str = "") -> None:
    await world.bob.types(world.deploys, f"/bk agent watch {words}")
    await world.settle(2)


async def test_lost_stopped_and_blocked_agents_are_reported(world: World) -> None:
    """Lost, stopped and blocked agents are reported with their job; disconnected ones aren't."""
    await _watch(world)
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
kitestring: bob started watching agents in every queue for this channel: `lost`, `stopped`, `blocked`
kitestring: 👻 Agent ci-linux-1 in queue `default` is lost: it stopped responding; it was running :eslint: Lint.
kitestring: ⏹️ Agent ci-linux-2 in queue `default` was stopped.
kitestring: ⛔ Agent deploy-1 in queue `deploy` was blocked: its IP address is no longer allowed.\
""")


async def test_a_lost_agent_that_is_back_is_reported(world: World) -> None:
    """The channel that was told of the loss is told once that the agent is back, and of no other connection."""
    await _watch(world)
    world.buildkite.lose_agent("ci-linux-1")
    await world.settle(15)
    for name in ("ci-linux-1", "ci-linux-1", "ci-linux-2"):
        world.buildkite.connect_agent(name)
        await world.settle(15)
    assert [message.plain() for message in world.slack.messages(world.deploys)][1:] == snapshot(
        [
            "👻 Agent ci-linux-1 in queue `default` is lost: it stopped responding.",
            "🟢 Agent ci-linux-1 in queue `default` is back.",
        ]
    )


async def test_a_repeated_event_is_one_event(world: World) -> None:
    """A loss that Buildkite reports again under other delivery ids, at once or late, is one loss of one agent."""
    await _watch(world)
    world.buildkite.lose_agent("ci-linux-1")
    [lost] = [delivery for delivery in world.buildkite.outbox if delivery.event == "agent.lost"]
    for number, wait in enumerate((1, 30, 600)):
        again = replace(lost, id=f"repeat-{number}", due=world.buildkite.now() + wait, status=None)
        world.buildkite.outbox.append(again)
    await world.settle(20)
    world.buildkite.connect_agent("ci-linux-1")
    await world.settle(700, step=5)
    assert [message.plain() for message in world.slack.messages(world.deploys)][1:] == snapshot(
        [
            "👻 Agent ci-linux-1 in queue `default` is lost: it stopped responding.",
            "🟢 Agent ci-linux-1 in queue `default` is back.",
        ]
    )
    world.buildkite.lose_agent("ci-linux-1")
    await world.settle(20)
    assert world.slack.messages(world.deploys)[-1].plain() == snapshot(
        "👻 Agent ci-linux-1 in queue `default` is lost: it stopped responding."
    )


async def test_agents_lost_together_are_one_message(world: World) -> None:
    """A host with three agents is lost; one message names all of them."""
    await _watch(world)
    for name in ("ci-linux-1", "ci-linux-2", "ci-linux-3"):
        world.buildkite.lose_agent(name)
    await world.settle(30)
    assert [message.plain() for message in world.slack.messages(world.deploys)][1:] == snapshot(
        [
            """\
👻 Agents: 3 lost
👻 Agent ci-linux-1 in queue `default` is lost: it stopped responding.
👻 Agent ci-linux-2 in queue `default` is lost: it stopped responding.
👻 Agent ci-linux-3 in queue `default` is lost: it stopped responding.\
"""
        ]
    )


async def test_a_watch_is_limited_to_its_queue_and_states(world: World) -> None:
    """Agents in other queues and other states aren't reported."""
    await _watch(world, "--queue deploy --state connected,lost")
    world.buildkite.lose_agent("ci-linux-1")
    world.buildkite.lose_agent("deploy-1")
    await world.settle(15)
    world.buildkite.connect_agent("deploy-1")
    await world.settle(15)
    assert [message.plain() for message in world.slack.messages(world.deploys)] == snapshot(
        [
            "bob started watching agents in queue `deploy` for this channel: `connected`, `lost`",
            "👻 Agent deploy-1 in queue `deploy` is lost: it stopped responding.",
            "🟢 Agent deploy-1 in queue `deploy` is connected.",
        ]
    )


async def test_watches_are_listed_and_removed(world: World) -> None:
    """A channel's watches can be listed and removed; removing one that doesn't exist is an error."""
    await _watch(world)
    await _watch(world, "--queue deploy --state lost")
    assert await ask_privately(world, world.bob, "agent watches") == snapshot("""\
Agents this channel is watching
Queue · States
every queue · lost, stopped, blocked
deploy · lost\
""")
    await world.bob.types(world.deploys, "/bk agent unwatch")
    await world.settle(2)
    assert await ask_privately(world, world.bob, "agent watches") == snapshot(
        "This channel isn't watching any agents. Start with `/bk agent watch`."
    )
    assert await ask_privately(world, world.bob, "agent unwatch") == snapshot("""\
⚠️ This channel isn't watching those agents.
See `/bk agent watches`.\
""")
    world.buildkite.lose_agent("deploy-1")
    await world.settle(15)
    assert [message.plain() for message in world.slack.messages(world.deploys)][2:] == snapshot(
        ["bob stopped watching all agents in this channel"]
    )


async def test_an_invalid_watch_is_explained(world: World) -> None:
    """An unknown state or queue is quoted, with the valid ones."""
    assert await ask_privately(world, world.bob, "agent watch --state dead") == snapshot("""\
⚠️ `dead` isn't valid for `--state`: use lost, stopped, blocked, disconnected or connected, separated by commas.
Usage: `/bk agent watch [-q queue] [-s state]`\
""")
    assert await ask_privately(world, world.bob, "agent watch --queue deplyo") == snapshot("""\
⚠️ There's no queue “deplyo”.
Did you mean deploy?\
""")
