"""Client for the public part of the Agent API: a cluster's load and its stacks.

https://buildkite.com/docs/apis/agent-api
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Annotated, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, BeforeValidator, Field

from bot.buildkite import error_responses
from bot.buildkite.models import Vendor
from bot.buildkite.response_parsing import parse_object, read_json
from bot.buildkite.stack_models import (
    JobStates,
    ScheduledJob,
    ScheduledJobs,
    StackConfiguration,
    parse_configuration,
)
from bot.errors import Unavailable
from bot.runtime.clock import Clock

ENDPOINT = "https://agent.buildkite.com/v3"
AGENT_API_TIMEOUT = 15.0
POLL_HEADER = "Buildkite-Agent-Metrics-Poll-Duration"
VARIABLE = "BUILDKITE_AGENT_TOKEN"
DEFAULT_QUEUE = "__default__"
# The API allows up to 1,000 jobs a page. The cap of 100,000 jobs only guards against endless paging.
_PAGE_SIZE = 1000
_MAX_PAGES = 100
M = TypeVar("M", bound=BaseModel)


class AgentCounts(Vendor):
    """Agents of a queue or cluster; Buildkite omits numbers that are 0."""

    idle: int = 0
    busy: int = 0
    total: int = 0


class JobCounts(Vendor):
    """Unfinished jobs of a queue or cluster; Buildkite omits numbers that are 0."""

    scheduled: int = 0
    running: int = 0
    waiting: int = 0
    total: int = 0


class ClusterAgents(AgentCounts):
    """Agents of the cluster and of each of its queues."""

    queues: dict[str, AgentCounts] = Field(default_factory=dict)


class ClusterJobs(JobCounts):
    """Jobs of the cluster and of each of its queues."""

    queues: dict[str, JobCounts] = Field(default_factory=dict)


def _replace_null(value: object) -> object:
    return value or {}


NullableObject = Annotated[dict[str, object], BeforeValidator(_replace_null)]


class Metrics(Vendor):
    """Counts of one cluster; `poll_seconds` is the shortest polling interval that Buildkite allows, if known."""

    agents: ClusterAgents = ClusterAgents()
    jobs: ClusterJobs = ClusterJobs()
    organization: NullableObject = Field(default_factory=dict)
    cluster: NullableObject = Field(default_factory=dict)
    poll_seconds: int | None = None


class QueueMetrics(Vendor):
    """Counts of one queue."""

    agents: AgentCounts = AgentCounts()
    jobs: JobCounts = JobCounts()


class AgentApi:
    """Reads the cluster that an agent token belongs to.

    Every call raises Refused for a wrong token, NotFound for an unknown object and Unavailable if nothing answers.
    """

    def __init__(self, http: httpx.AsyncClient, token: str, endpoint: str = ENDPOINT) -> None:
        self._http = http
        self._base = endpoint.rstrip("/")
        self._headers = {"Authorization": f"Token {token}"}

    async def metrics(self) -> Metrics:
        """Read the current counts of the cluster. https://buildkite.com/docs/apis/agent-api/metrics"""
        response = await self._request("GET", "metrics", "metrics")
        interval = response.headers.get(POLL_HEADER, "")
        seconds = int(interval) if interval.isascii() and interval.isdigit() else None
        return parse_object(Metrics, response).model_copy(update={"poll_seconds": seconds})

    async def queue_metrics(self, queue: str) -> QueueMetrics:
        """Read the current counts of one queue, by its key.

        Only https://github.com/buildkite/buildkite-agent-metrics shows this call; Buildkite's docs don't.
        """
        response = await self._request("GET", "metrics/queue", f"queue {queue}", {"name": queue})
        return parse_object(QueueMetrics, response)

    async def stacks(self) -> StackConfiguration:
        """Read the stacks configuration that older docs describe; raises NotFound where the call doesn't exist."""
        return parse_configuration(read_json(await self._request("GET", "stacks", "list of stacks")))

    async def scheduled_jobs(self, stack: str, queue: str = DEFAULT_QUEUE) -> AsyncGenerator[ScheduledJob, None]:
        """Yield the jobs waiting for a stack, oldest first; `stack` is the key it was registered with.

        https://buildkite.com/docs/apis/agent-api/stacks
        """
        path, after = f"stacks/{_quote_segment(stack)}/scheduled-jobs", ""
        for _page in range(_MAX_PAGES):
            query = {"queue_key": queue, "limit": str(_PAGE_SIZE), **({"after": after} if after else {})}
            page = parse_object(ScheduledJobs, await self._request("GET", path, f"stack {stack}", query))
            for job in page.jobs:
                yield job
            after = page.page_info.end_cursor or ""
            if not (page.page_info.has_next_page and after):
                return

    async def job_states(self, stack: str, jobs: Sequence[str]) -> dict[str, str]:
        """Return the states of up to 1,000 jobs by UUID. https://buildkite.com/docs/apis/agent-api/stacks"""
        path = f"stacks/{_quote_segment(stack)}/jobs/get-states"
        response = await self._request("POST", path, f"stack {stack}", json={"job_uuids": list(jobs)})
        return parse_object(JobStates, response).states

    async def _request(
        self,
        method: str,
        path: str,
        subject: str,
        params: dict[str, str] | None = None,
        json: Mapping[str, object] | None = None,
    ) -> httpx.Response:
        url = f"{self._base}/{path}"
        try:
            response = await self._http.request(
                method, url, params=params, json=json, headers=self._headers, timeout=AGENT_API_TIMEOUT
            )
        except httpx.TransportError as lost:
            raise Unavailable("Buildkite's Agent API didn't answer.", "Try again in a moment.") from lost
        error = error_responses.parse_error(response, subject, sent=False, variable=VARIABLE)
        if error is not None:
            raise error
        return response


def _quote_segment(key: str) -> str:
    """Quote a key for use in a path; dots have to become `%2E`. https://buildkite.com/docs/apis/agent-api/stacks"""
    return quote(key, safe="").replace(".", "%2E")


# Used when an answer names no interval.
DEFAULT_POLL_SECONDS = 5


class PacedAgentApi(AgentApi):
    """Caches metrics for as long as Buildkite's polling interval, and shares one request among concurrent callers.

    https://github.com/buildkite/buildkite-agent-metrics (Buildkite-Agent-Metrics-Poll-Duration)
    """

    def __init__(self, http: httpx.AsyncClient, token: str, endpoint: str = ENDPOINT, *, clock: Clock) -> None:
        super().__init__(http, token, endpoint)
        self._clock = clock
        self._lock = asyncio.Lock()
        self._last: Metrics | None = None
        self._fresh_until = 0.0

    async def metrics(self) -> Metrics:
        """Return the counts, at most as old as Buildkite's polling interval."""
        async with self._lock:
            if self._last is None or self._clock.monotonic() >= self._fresh_until:
                self._last = await super().metrics()
                self._fresh_until = self._clock.monotonic() + (self._last.poll_seconds or DEFAULT_POLL_SECONDS)
            return self._last
