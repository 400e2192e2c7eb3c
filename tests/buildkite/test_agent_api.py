"""How busy a cluster is, by the Agent API."""

from collections.abc import AsyncIterator

import httpx
import pytest

from bot.buildkite.agent_api import AgentApi
from bot.errors import Refused, Unavailable
from bot.sim.buildkite import BuildkiteSim


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


async def test_a_cluster_is_counted(sim: BuildkiteSim, http: httpx.AsyncClient) -> None:
    """Agents and jobs of the cluster and of each queue, and how often Buildkite wants to be asked."""
    sim.agent("linux-1")
    sim.agent("linux-2", queue="deploy")
    sim.pipeline("web")
    sim.create_build("web")
    found = await AgentApi(http, sim.agent_token, f"{sim.base_url}/v3").metrics()
    assert (found.agents.total, found.agents.queues["deploy"].idle) == (2, 1)
    assert (found.jobs.scheduled, found.jobs.queues["default"].scheduled) == (1, 1)
    assert found.poll_seconds == sim.poll_duration


async def test_absent_numbers_are_zero(sim: BuildkiteSim, http: httpx.AsyncClient) -> None:
    """An answer without counts is an idle cluster."""
    sim.faults.fail(200, body={"agents": {}, "jobs": {}})
    found = await AgentApi(http, sim.agent_token, f"{sim.base_url}/v3").metrics()
    assert (found.agents.total, found.jobs.waiting, found.poll_seconds) == (0, 0, None)


async def test_a_wrong_agent_token_is_told(sim: BuildkiteSim, http: httpx.AsyncClient) -> None:
    """A refused agent token: the variable that holds it is named."""
    with pytest.raises(Refused, match="Invalid access token") as caught:
        await AgentApi(http, "bkct_wrong", f"{sim.base_url}/v3").metrics()
    assert "BUILDKITE_AGENT_TOKEN" in caught.value.hint


async def test_a_silent_agent_api_is_an_outage(http: httpx.AsyncClient) -> None:
    """Where nobody listens the Agent API is not available."""
    with pytest.raises(Unavailable, match="Agent API did not answer"):
        await AgentApi(http, "bkct_x", "http://127.0.0.1:1/v3").metrics()
