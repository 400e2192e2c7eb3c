"""When the wall clock is set back by hours, nothing that was due soon waits for the old time to come again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.notifications.subscriptions.queries import forget_cached_subscriptions
from bot.store.clock_jumps import ClockWatch
from tests.conversations.acts import start_build
from tests.conversations.world import World, format_message
from tests.robustness.lives import open_town
from tests.robustness.test_proposal_crashes import POLICY, find_proposal
from tests.robustness.truth import find_cards

HOUR = 3600


async def set_clock_back(world: World, seconds: float = 5 * HOUR) -> None:
    """Set the wall clock back and let the bot notice it."""
    watch = ClockWatch(world.bot.platform.store, world.clock, lambda: None, forget_cached_subscriptions)
    await watch.tick()
    world.clock.jump(-seconds)
    assert await watch.tick() > 0


@pytest.fixture
async def protected_world(tmp_path: Path) -> AsyncIterator[World]:
    """A world in which deployments need approval."""
    folder = tmp_path / "town"
    folder.mkdir()
    policy = folder / "policy.toml"
    policy.write_text(POLICY)
    async with open_town(folder, policy=policy) as lives:
        await lives.start_first_life()
        yield lives.world


def read_channel(world: World) -> list[str]:
    """Return the messages in the channel as people read them."""
    return [format_message(message) for message in world.slack.messages(world.deploys)]


async def test_a_lost_agent_is_reported(world: World) -> None:
    """A message about agents that was due within seconds is posted within seconds."""
    await world.bob.types(world.deploys, "/bk agent watch")
    await world.settle(2)
    world.buildkite.lose_agent("ci-linux-1")
    await world.settle(2)
    await set_clock_back(world)
    await world.settle(30)
    assert "is lost" in read_channel(world)[-1]


async def test_the_end_of_a_pause_is_announced_at_its_time(world: World) -> None:
    """Reminders about a pause come when it ends by Buildkite's clock, not five hours later and not at once."""
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-1 --timeout-in-minutes 60")
    await world.settle(2)
    await set_clock_back(world)
    world.clock.jump(5 * HOUR)  # the clock was wrong for a moment only
    await ClockWatch(world.bot.platform.store, world.clock, lambda: None, forget_cached_subscriptions).tick()
    await world.settle(50 * 60, step=15)
    assert len(read_channel(world)) == 1
    await world.settle(6 * 60, step=15)
    assert "resumes automatically in" in read_channel(world)[-1]
    await world.settle(6 * 60, step=15)
    assert "is taking jobs again" in read_channel(world)[-1]


async def test_a_proposal_is_posted(protected_world: World) -> None:
    """A proposal's card that Slack refused at first is posted by the next try."""
    world = protected_world
    world.slack.person("U0CARA001", "cara", "cara@acme.example")
    world.slack.faults.fail("chat.postMessage", times=2)
    await world.alice.types(world.deploys, "/bk build create deploy-prod")
    await world.settle(1)
    assert find_proposal(world) is None
    await set_clock_back(world)
    await world.settle(60)
    assert find_proposal(world) is not None


async def test_a_failure_is_explained(world: World) -> None:
    """The reason of a failure that couldn't be read at first is on the card after the next try."""
    build = await start_build(world)
    lint = build.find_job("lint").id
    world.buildkite.start_job(lint)
    world.buildkite.log(lint, "src/basket.js is broken\n")
    world.buildkite.finish_job(lint, 1)
    world.buildkite.faults.fail(503, times=8, path="/log$|/annotations$")
    world.buildkite.run_build(build)
    await world.settle(4)
    world.buildkite.faults.clear()
    assert "src/basket.js is broken" not in format_message(find_cards(world, build)[-1])
    await set_clock_back(world)
    await world.settle(90)
    assert "src/basket.js is broken" in format_message(find_cards(world, build)[-1])


async def test_an_open_home_stays_up_to_date(world: World) -> None:
    """A home that its owner has open shows that a build fails afterwards."""
    build = await start_build(world, "mobile")
    await world.alice.opens_home()
    await world.settle(2)
    await set_clock_back(world)
    world.buildkite.run_build(build, fail=["ios"])
    await world.settle(30)
    view = world.slack.home_of(world.alice)
    assert view is not None
    assert "mobile#1* failed on" in view.plain()


async def test_a_subscription_works_after_the_clock_was_corrected(world: World) -> None:
    """A subscription made while the clock was fast reports builds from before the time it was made."""
    world.clock.jump(4 * 60)  # Slack's requests are still believed
    await world.alice.types(world.deploys, "/bk subscribe web --state failed")
    await world.settle(2)
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Save")
    await world.settle(2)
    await set_clock_back(world, 4 * 60)
    world.buildkite.run_build(world.buildkite.create_build("web"), fail=["lint"])
    await world.settle(60)
    assert " failed on " in read_channel(world)[-1]
