"""The Agent API client reads a cluster's load and stacks."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bot.buildkite.agent_api import AgentApi, PacedAgentApi
from bot.errors import NotFound, Refused, Unavailable
from bot.runtime.clock import ManualClock
from simulators.buildkite.sim import BuildkiteSim


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


async def test_cluster_metrics_are_read(sim: BuildkiteSim, http: httpx.AsyncClient) -> None:
    """The metrics count agents and jobs of the cluster and each queue, and include the polling interval."""
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


async def test_a_wrong_agent_token_is_reported(sim: BuildkiteSim, http: httpx.AsyncClient) -> None:
    """The error for a refused agent token names its environment variable."""
    with pytest.raises(Refused, match="Invalid access token") as caught:
        await AgentApi(http, "bkct_wrong", f"{sim.base_url}/v3").metrics()
    assert "BUILDKITE_AGENT_TOKEN" in caught.value.hint


async def test_a_silent_agent_api_is_an_outage(http: httpx.AsyncClient) -> None:
    """If no server listens, the Agent API is unavailable."""
    with pytest.raises(Unavailable, match="Agent API didn't answer"):
        await AgentApi(http, "bkct_x", "http://127.0.0.1:1/v3").metrics()


async def test_queue_metrics_are_read(sim: BuildkiteSim, http: httpx.AsyncClient) -> None:
    """A queue is read by its key; an unknown queue has no jobs."""
    sim.agent("linux-2", queue="deploy")
    api = AgentApi(http, sim.agent_token, f"{sim.base_url}/v3")
    assert (await api.queue_metrics("deploy")).agents.idle == 1
    assert (await api.queue_metrics("nonesuch")).jobs.total == 0


async def test_waiting_jobs_are_read_page_by_page(sim: BuildkiteSim, http: httpx.AsyncClient) -> None:
    """All jobs waiting for a stack are read, oldest first, and so are their states."""
    sim.pipeline("web", steps=[{"label": "Test", "command": "make", "parallelism": 700}])
    sim.stacks["k8s"] = {"key": "k8s"}
    builds = [sim.create_build("web"), sim.create_build("web")]
    api = AgentApi(http, sim.agent_token, f"{sim.base_url}/v3")
    jobs = [job async for job in api.scheduled_jobs("k8s", "default")]
    assert [job.id for job in jobs] == [job.id for build in builds for job in build.jobs]
    assert (jobs[0].pipeline.slug, jobs[-1].build.number) == ("web", 2)
    assert await api.job_states("k8s", [jobs[0].id]) == {jobs[0].id: "scheduled"}


async def test_dots_in_stack_keys_are_escaped(sim: BuildkiteSim, http: httpx.AsyncClient) -> None:
    """A key can't lead to another path."""
    api = AgentApi(http, sim.agent_token, f"{sim.base_url}/v3")
    for key in ("..", "a.b", "a/../../metrics"):
        with pytest.raises(NotFound, match="Buildkite has no stack"):
            await anext(api.scheduled_jobs(key))
    assert all("/v3/stacks/" in request.path for request in sim.requests)


@pytest.mark.parametrize("answer", [[{"key": "k8s"}], {"stacks": [{"key": "k8s"}], "limits": {"jobs": 1}}])
async def test_a_configuration_of_either_form_is_parsed(
    sim: BuildkiteSim, http: httpx.AsyncClient, answer: Any
) -> None:
    """The undocumented answer may be a list or an object with stacks; unknown keys are named."""
    sim.faults.fail(200, body=answer)
    found = await AgentApi(http, sim.agent_token, f"{sim.base_url}/v3").stacks()
    assert ([stack.key for stack in found.stacks], found.others) == (
        ["k8s"],
        tuple(answer)[1:] if isinstance(answer, dict) else (),
    )


async def test_metrics_respect_the_polling_interval(sim: BuildkiteSim, http: httpx.AsyncClient) -> None:
    """Concurrent callers share one answer until the interval is over; a failure isn't cached."""
    clock = ManualClock(datetime(2026, 8, 21, 12, 0, tzinfo=UTC))
    api = PacedAgentApi(http, sim.agent_token, f"{sim.base_url}/v3", clock=clock)
    sim.faults.fail(500)
    with pytest.raises(Unavailable):
        await api.metrics()
    await asyncio.gather(*(api.metrics() for _ in range(5)))
    clock.advance(sim.poll_duration)
    await api.metrics()
    assert [request.status for request in sim.requests] == [500, 200, 200]
