"""What Buildkite documents as the refusals of stop, pause and resume reaches the person in its words."""

import pytest

from tests.conversations.acts import asks
from tests.conversations.world import World


@pytest.mark.parametrize(
    ("words", "state", "said"),
    [
        ("agent stop ci-linux-1 --yes", "stopping", "Can only stop connected agents"),
        ("agent pause ci-linux-1", "stopping", "Only connected agents may be paused"),
        ("agent resume ci-linux-1", "connected", "Agent is not paused"),
    ],
)
async def test_what_buildkite_refuses_is_told_in_its_words(
    world: World, words: str, state: str, said: str
) -> None:
    """An agent in another state than the act needs: Buildkite's own sentence, to the one who asked."""
    world.buildkite.find_agent("ci-linux-1").connection_state = state
    assert said in await asks(world, world.alice, words)


@pytest.mark.parametrize("verb", ["pause", "resume", "stop"])
async def test_an_agent_that_went_is_told(world: World, verb: str) -> None:
    """The agent is gone between the look and the act: that is said, in Buildkite's words too."""
    world.buildkite.faults.fail(404, method="PUT", path="/agents/", body={"message": "No agent found"})
    sure = " --yes" if verb == "stop" else ""
    told = await asks(world, world.alice, f"agent {verb} ci-linux-1{sure}")
    assert "Buildkite has no agent" in told
    assert "No agent found" in told
