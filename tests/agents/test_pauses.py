"""Pauses of agents: their effect, and how they end."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately
from tests.conversations.world import World, format_message


async def _read_channel(world: World) -> list[str]:
    return [format_message(message) for message in world.slack.messages(world.deploys)]


async def test_a_pause_states_its_effect(world: World) -> None:
    """Pausing a queue's last agent asks first; otherwise the reply counts those that remain."""
    build = world.buildkite.create_build("web")
    world.buildkite.advance(build)
    assert await ask_privately(world, world.alice, "agent pause deploy-1") == snapshot("""\
Pause agent *deploy-1*? No other agent in queue `deploy` is taking jobs, so new jobs will wait.
[Pause agent] [Never mind]\
""")
    assert not world.buildkite.find_agent("deploy-1").paused
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Pause agent")
    await world.settle(2)
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-1")
    await world.settle(2)
    assert await _read_channel(world) == snapshot(
        [
            """\
alice paused agent deploy-1 for 5 minutes
No other agent in queue `deploy` is taking jobs, so new jobs will wait.
[Resume]\
""",
            """\
alice paused agent ci-linux-1 for 5 minutes
It finishes :eslint: Lint first. 2 other agents in queue `default` keep taking jobs.
[Resume]\
""",
        ]
    )


async def test_the_end_of_a_pause_is_announced_and_reported(world: World) -> None:
    """The person who paused the agent is reminded before it resumes, and notified afterwards."""
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-1 --timeout-in-minutes 10 --note disk")
    await world.settle(7 * 60, step=30)
    assert len(await _read_channel(world)) == 1
    await world.settle(2 * 60, step=30)
    assert (await _read_channel(world))[1:] == snapshot(
        ["<@U0ALICE01> ⏰ Agent ci-linux-1 resumes automatically in 2m at 2026-11-02 09:10 UTC."]
    )
    await world.settle(3 * 60, step=30)
    assert (await _read_channel(world))[2:] == snapshot(
        ["▶️ Agent ci-linux-1 is taking jobs again: its pause has ended."]
    )


async def test_resuming_by_hand_cancels_the_reminders(world: World) -> None:
    """An agent resumed with its button gets no further messages."""
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-1 --timeout-in-minutes 10")
    await world.settle(2)
    await world.alice.clicks(world.slack.messages(world.deploys)[-1], "Resume")
    await world.settle(15 * 60, step=30)
    assert len(await _read_channel(world)) == 2


async def test_a_pause_extended_in_buildkite_is_reported_when_it_ends(world: World) -> None:
    """Someone pauses the agent again in the browser, for longer; only the true end is reported."""
    agent = world.buildkite.find_agent("ci-linux-1")
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-1 --timeout-in-minutes 2")
    await world.settle(60, step=30)
    world.buildkite.agent_resume(agent)
    world.buildkite.agent_pause(agent, timeout=20)
    await world.settle(10 * 60, step=30)
    assert len(await _read_channel(world)) == 1
    await world.settle(12 * 60, step=30)
    assert (await _read_channel(world))[1:] == snapshot(
        ["▶️ Agent ci-linux-1 is taking jobs again: its pause has ended."]
    )


async def test_an_agent_lost_during_its_pause_is_reported(world: World) -> None:
    """A lost agent can't resume, so the message says that it's lost."""
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-1 --timeout-in-minutes 2")
    await world.settle(60, step=30)
    world.buildkite.lose_agent("ci-linux-1")
    await world.settle(3 * 60, step=30)
    assert (await _read_channel(world))[1:] == snapshot(
        ["👻 The pause of agent ci-linux-1 has ended, but the agent is lost."]
    )
