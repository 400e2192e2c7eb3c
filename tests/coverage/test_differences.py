"""Both forms are understood where older and newer Buildkite documents differ."""

import pytest

from bot.buildkite.models import Job
from bot.buildkite.resources import Agent
from tests.conversations.acts import ask_privately
from tests.conversations.world import World

STATES = ("connected", "disconnected", "stopping", "stopped", "lost", "never_connected")


@pytest.mark.exhaustive(keep=3)
@pytest.mark.parametrize("state", STATES)
async def test_every_agent_state_is_shown(world: World, state: str) -> None:
    """The older document's four states and the two newer ones are all shown."""
    agent = world.buildkite.find_agent("ci-linux-1")
    agent.connection_state = state
    reply = await ask_privately(world, world.alice, f"agent view {agent.id}")
    assert ("ci-linux-1 is idle" if state == "connected" else state.replace("_", " ")) in reply


async def test_an_agent_that_is_stopping_is_listed(world: World) -> None:
    """The older document lists only connected agents, but Buildkite also lists stopping ones."""
    world.buildkite.find_agent("ci-linux-1").connection_state = "stopping"
    reply = await ask_privately(world, world.alice, "agent list")
    assert next(line for line in reply.splitlines() if "ci-linux-1" in line).count("stopping") == 1


async def test_a_block_step_is_listed_under_either_type(world: World) -> None:
    """The older document has jobs of type `block`, but Buildkite calls them manual."""
    reply = await ask_privately(world, world.alice, "job list deploy-prod 1")
    assert "Release to production?" in reply
    assert Job(id="1", type="block", label="Release?", state="blocked").awaits_unblock


def test_agents_without_the_newer_fields_are_read() -> None:
    """An agent in the older form has neither `paused` nor a queue."""
    older = Agent.model_validate({"id": "1", "name": "a", "connection_state": "connected", "job": None})
    assert (older.activity, older.resumes_at, older.queue) == ("idle", None, None)
