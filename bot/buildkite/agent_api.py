"""The public part of the Agent API: how busy a cluster is, and its stacks.

https://buildkite.com/docs/apis/agent-api
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, BeforeValidator, Field

from bot import __version__
from bot.buildkite import responses
from bot.buildkite.models import Vendor
from bot.buildkite.stack_models import Configuration, JobStates, ScheduledJob, ScheduledJobs, configuration
from bot.buildkite.transport import body, parsed
from bot.errors import Unavailable
from bot.runtime.clock import Clock

ENDPOINT = "https://agent.buildkite.com/v3"
TIMEOUT = 15.0
POLL = "Buildkite-Agent-Metrics-Poll-Duration"
VARIABLE = "BUILDKITE_AGENT_TOKEN"
DEFAULT_QUEUE = "__default__"
# Jobs a page, and pages at most: a hundred thousand jobs wait nowhere.
_PAGE = 1000
_PAGES = 100
M = TypeVar("M", bound=BaseModel)


class AgentCounts(Vendor):
    """Agents of a queue or cluster; absent numbers are 0."""

    idle: int = 0
    busy: int = 0
    total: int = 0


class JobCounts(Vendor):
    """Unfinished jobs of a queue or cluster; absent numbers are 0."""

    scheduled: int = 0
    running: int = 0
    waiting: int = 0
    total: int = 0


class AllAgents(AgentCounts):
    """The cluster's agents, and each queue's."""

    queues: dict[str, AgentCounts] = Field(default_factory=dict)


class AllJobs(JobCounts):
    """The cluster's jobs, and each queue's."""

    queues: dict[str, JobCounts] = Field(default_factory=dict)


def _absent(value: Any) -> Any:
    return value or {}


Object = Annotated[dict[str, Any], BeforeValidator(_absent)]


class Metrics(Vendor):
    """One answer; `poll_seconds` is the shortest interval that Buildkite wants, where it said so."""

    agents: AllAgents = AllAgents()
    jobs: AllJobs = AllJobs()
    organization: Object = Field(default_factory=dict)
    cluster: Object = Field(default_factory=dict)
    poll_seconds: int | None = None


class QueueMetrics(Vendor):
    """The counts of one queue."""

    agents: AgentCounts = AgentCounts()
    jobs: JobCounts = JobCounts()


class AgentApi:
    """Reads what one agent token may see: its cluster.

    Every call raises Refused for a wrong token, NotFound for what is not there, Unavailable without an answer.
    """

    def __init__(self, http: httpx.AsyncClient, token: str, endpoint: str = ENDPOINT) -> None:
        self._http = http
        self._base = endpoint.rstrip("/")
        self._headers = {"Authorization": f"Token {token}", "User-Agent": f"kitestring/{__version__}"}

    async def metrics(self) -> Metrics:
        """The counts of the cluster now. https://buildkite.com/docs/apis/agent-api/metrics"""
        response = await self._ask("GET", "metrics", "metrics")
        wanted = response.headers.get(POLL, "")
        seconds = int(wanted) if wanted.isascii() and wanted.isdigit() else None
        return parsed(Metrics, response).model_copy(update={"poll_seconds": seconds})

    async def queue_metrics(self, queue: str) -> QueueMetrics:
        """The counts of one queue, by its key.

        https://github.com/buildkite/buildkite-agent-metrics (in no documentation of the vendor's)
        """
        response = await self._ask("GET", "metrics/queue", f"queue {queue}", {"name": queue})
        return parsed(QueueMetrics, response)

    async def stacks(self) -> Configuration:
        """The configuration that older documents promise; raises NotFound where Buildkite has no such call."""
        return configuration(body(await self._ask("GET", "stacks", "list of stacks")))

    async def scheduled_jobs(self, stack: str, queue: str = DEFAULT_QUEUE) -> AsyncGenerator[ScheduledJob, None]:
        """The jobs that wait for a stack, by the key it was registered with, oldest first.

        https://buildkite.com/docs/apis/agent-api/stacks
        """
        path, after = f"stacks/{_segment(stack)}/scheduled-jobs", ""
        for _page in range(_PAGES):
            asked = {"queue_key": queue, "limit": str(_PAGE), **({"after": after} if after else {})}
            page = parsed(ScheduledJobs, await self._ask("GET", path, f"stack {stack}", asked))
            for job in page.jobs:
                yield job
            after = page.page_info.end_cursor or ""
            if not (page.page_info.has_next_page and after):
                return

    async def job_states(self, stack: str, jobs: Sequence[str]) -> dict[str, str]:
        """The states of at most 1,000 jobs, by UUID. https://buildkite.com/docs/apis/agent-api/stacks"""
        path = f"stacks/{_segment(stack)}/jobs/get-states"
        response = await self._ask("POST", path, f"stack {stack}", json={"job_uuids": list(jobs)})
        return parsed(JobStates, response).states

    async def _ask(
        self, method: str, path: str, what: str, params: dict[str, str] | None = None, json: Any = None
    ) -> httpx.Response:
        url = f"{self._base}/{path}"
        try:
            response = await self._http.request(
                method, url, params=params, json=json, headers=self._headers, timeout=TIMEOUT
            )
        except httpx.TransportError as lost:
            raise Unavailable("Buildkite's Agent API did not answer.", "Try again in a moment.") from lost
        error = responses.error(response, what, sent=False, variable=VARIABLE)
        if error is not None:
            raise error
        return response


def _segment(key: str) -> str:
    """A key in a path: a dot has to be written as `%2E`. https://buildkite.com/docs/apis/agent-api/stacks"""
    return quote(key, safe="").replace(".", "%2E")


# Where Buildkite names no interval.
OFTEN = 5


class PacedAgentApi(AgentApi):
    """Gives the metrics that it has until those may be asked for again; asks once for all who wait.

    https://github.com/buildkite/buildkite-agent-metrics (Buildkite-Agent-Metrics-Poll-Duration)
    """

    def __init__(self, http: httpx.AsyncClient, token: str, endpoint: str = ENDPOINT, *, clock: Clock) -> None:
        super().__init__(http, token, endpoint)
        self._clock = clock
        self._lock = asyncio.Lock()
        self._kept: Metrics | None = None
        self._until = 0.0

    async def metrics(self) -> Metrics:
        """The counts, as old as Buildkite wants them to be at most."""
        async with self._lock:
            if self._kept is None or self._clock.monotonic() >= self._until:
                self._kept = await super().metrics()
                self._until = self._clock.monotonic() + (self._kept.poll_seconds or OFTEN)
            return self._kept
