"""Buildkite's documented refusals to stop, pause and resume reach the person."""

import pytest

from tests.conversations.acts import ask_privately
from tests.conversations.world import World


@pytest.mark.parametrize(
    ("words", "state", "reply"),
    [
        ("agent stop ci-linux-1 --yes", "stopping", "Can only stop connected agents"),
        ("agent pause ci-linux-1", "stopping", "Only connected agents may be paused"),
        ("agent resume ci-linux-1", "connected", "ci-linux-1 isn't paused."),
    ],
)
async def test_a_wrong_state_is_explained(world: World, words: str, state: str, reply: str) -> None:
    """If the agent is in the wrong state, the person reads Buildkite's own sentence, or a better one."""
    world.buildkite.find_agent("ci-linux-1").connection_state = state
    assert reply in await ask_privately(world, world.alice, words)


@pytest.mark.parametrize("verb", ["pause", "resume", "stop"])
async def test_an_agent_that_disappeared_is_reported(world: World, verb: str) -> None:
    """If the agent disappears between the question and the request, the person reads Buildkite's words."""
    world.buildkite.faults.fail(404, method="PUT", path="/agents/", body={"message": "No agent found"})
    sure = " --yes" if verb == "stop" else ""
    reply = await ask_privately(world, world.alice, f"agent {verb} ci-linux-1{sure}")
    assert "Buildkite has no agent" in reply
    assert "No agent found" in reply
