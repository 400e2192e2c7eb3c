"""The reason why a build is waiting, on its card."""
# ruff: noqa: E501 - the lines stand here as people read them

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import start_build
from tests.conversations.world import World, format_message


async def _card_after_waiting(world: World, pipeline: str = "web") -> str:
    """Return the card of a build that no agent has taken for over a minute."""
    await start_build(world, pipeline)
    await world.settle(90, step=15)
    return format_message(world.card())


async def test_no_agent_fits(world: World) -> None:
    """If all agents of the queue are disconnected, the card says which agents are missing."""
    for name in ("ci-linux-1", "ci-linux-2", "ci-linux-3"):
        world.buildkite.disconnect_agent(name)
    assert await _card_after_waiting(world) == snapshot("""\
🕒 *web#1* is scheduled on `main`
requested by alice created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
⏳ *:eslint: Lint* (with 2 more) waits for an agent in queue `default`: none is connected.
[Agents]
[Cancel] [Open in Buildkite]\
""")


async def test_a_card_says_nothing_before_a_minute_has_passed(world: World) -> None:
    """In a build's first minute there's no explanation and no request for one."""
    for name in ("ci-linux-1", "ci-linux-2", "ci-linux-3"):
        world.buildkite.disconnect_agent(name)
    await start_build(world)
    await world.settle(40, step=10)
    assert "⏳" not in format_message(world.card())
    assert not [ask for ask in world.buildkite.requests if ask.path.endswith("/clusters")]


async def test_a_paused_queue_can_be_resumed_from_the_card(world: World) -> None:
    """The card says who paused the queue and why; admins can resume it with the button."""
    queue = world.buildkite.find_queue("default")
    assert queue is not None
    queue.paused, queue.paused_note, queue.paused_by = True, "moving house", world.buildkite.user
    assert await _card_after_waiting(world) == snapshot("""\
🕒 *web#1* is scheduled on `main`
requested by alice created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
⏳ Queue `default` is paused by Sam Kim: moving house.
[Resume queue]
[Cancel] [Open in Buildkite]\
""")
    await world.bob.clicks(world.card(), "Resume queue")
    await world.settle(2)
    assert queue.paused
    assert world.whispers(world.bob)[-1] == snapshot("""\
⚠️ `queue resume` is for workspace admins.
Ask a workspace admin to do it.\
""")
    await world.alice.clicks(world.card(), "Resume queue")
    await world.settle(70, step=10)
    assert not queue.paused
    assert "⏳" not in format_message(world.slack.messages(world.deploys)[0])


async def test_all_agents_are_busy(world: World) -> None:
    """The card names a busy agent and its job."""
    for _ in range(2):
        other = world.buildkite.create_build("web")
        for _ in range(3):
            world.buildkite.advance(other)
    assert await _card_after_waiting(world) == snapshot("""\
🕒 *web#3* is scheduled on `main`
requested by alice created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
⏳ *:eslint: Lint* (with 2 more) waits: all 3 agents that could take it are busy (ci-linux-1 is running :eslint: Lint).
[Agents]
[Cancel] [Open in Buildkite]\
""")


async def test_a_paused_agent_can_be_resumed_from_the_card(world: World) -> None:
    """The card says until when and why; the button resumes the agent whose pause ends first."""
    for name in ("ci-linux-2", "ci-linux-3"):
        world.buildkite.disconnect_agent(name)
    agent = world.buildkite.find_agent("ci-linux-1")
    world.buildkite.agent_pause(agent, note="disk full", timeout=60)
    assert await _card_after_waiting(world) == snapshot("""\
🕒 *web#1* is scheduled on `main`
requested by alice created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
⏳ *:eslint: Lint* (with 2 more) waits: its only agent is paused (ci-linux-1, until 2026-11-02 10:00 UTC: disk full).
[Resume agent]
[Cancel] [Open in Buildkite]\
""")
    await world.alice.clicks(world.card(), "Resume agent")
    await world.settle(3)
    assert not agent.paused


async def test_the_reason_disappears_once_the_build_runs(world: World) -> None:
    """The reason disappears when the first job starts."""
    for name in ("ci-linux-1", "ci-linux-2", "ci-linux-3"):
        world.buildkite.disconnect_agent(name)
    card = await _card_after_waiting(world)
    assert "⏳" in card
    world.buildkite.connect_agent("ci-linux-1")
    world.buildkite.advance(world.buildkite.builds[-1])
    await world.settle(5)
    assert "⏳" not in format_message(world.slack.messages(world.deploys)[0])


async def test_a_concurrency_limit_is_explained(world: World) -> None:
    """The card says that a job is waiting for its concurrency group."""
    build = await start_build(world)
    job = build.jobs[0]
    job.state = "limited"
    for other in build.jobs[1:]:
        other.state = "waiting"
    await world.settle(90, step=15)
    assert format_message(world.card()) == snapshot("""\
🕒 *web#1* is scheduled on `main`
requested by alice created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
⏳ *:eslint: Lint* waits for its concurrency group: other jobs of that group are running.
[Cancel] [Open in Buildkite]\
""")
