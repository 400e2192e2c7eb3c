"""Where the older documents and the newer ones differ, both are understood."""

import pytest

from bot.buildkite.models import Agent, Job
from tests.conversations.acts import asks
from tests.conversations.world import World

STATES = ("connected", "disconnected", "stopping", "stopped", "lost", "never_connected")


@pytest.mark.parametrize("state", STATES)
async def test_every_state_of_an_agent_has_its_word(world: World, state: str) -> None:
    """The four states of the older page and the two newer ones are all shown."""
    agent = world.buildkite.find_agent("ci-linux-1")
    agent.connection_state = state
    told = await asks(world, world.alice, f"agent view {agent.id}")
    assert ("ci-linux-1 is idle" if state == "connected" else state.replace("_", " ")) in told


async def test_an_agent_that_is_stopping_is_listed(world: World) -> None:
    """The older page lists connected agents only, Buildkite lists those that stop too."""
    world.buildkite.find_agent("ci-linux-1").connection_state = "stopping"
    told = await asks(world, world.alice, "agent list")
    assert next(line for line in told.splitlines() if "ci-linux-1" in line).count("stopping") == 1


async def test_a_gate_is_listed_whatever_its_type_is_called(world: World) -> None:
    """The older document has jobs of the type `block`; Buildkite calls them manual."""
    told = await asks(world, world.alice, "job list deploy-prod 1")
    assert "Release to production?" in told
    assert Job(id="1", type="block", label="Release?", state="blocked").waits


def test_agents_without_the_newer_fields_are_read() -> None:
    """An agent of the older page has neither `paused` nor a queue."""
    older = Agent.model_validate({"id": "1", "name": "a", "connection_state": "connected", "job": None})
    assert (older.activity, older.resumes_at, older.queue) == ("idle", None, None)
