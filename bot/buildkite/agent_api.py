"""How busy a cluster is, by the Agent API. https://buildkite.com/docs/apis/agent-api/metrics"""

from __future__ import annotations

from typing import Any

import httpx
from pydantic import Field

from bot import __version__
from bot.buildkite import answers
from bot.buildkite.request import parsed
from bot.errors import Unavailable
from bot.model import Vendor

ENDPOINT = "https://agent.buildkite.com/v3"
TIMEOUT = 15.0
POLL = "Buildkite-Agent-Metrics-Poll-Duration"


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


class Metrics(Vendor):
    """One answer; `poll_seconds` is the shortest interval that Buildkite wants, where it said so."""

    agents: AllAgents = AllAgents()
    jobs: AllJobs = AllJobs()
    organization: dict[str, Any] = Field(default_factory=dict)
    cluster: dict[str, Any] = Field(default_factory=dict)
    poll_seconds: int | None = None


class AgentMetrics:
    """Reads the metrics that one agent token may see: those of its cluster."""

    def __init__(self, http: httpx.AsyncClient, token: str, endpoint: str = ENDPOINT) -> None:
        self._http = http
        self._url = f"{endpoint.rstrip('/')}/metrics"
        self._headers = {"Authorization": f"Token {token}", "User-Agent": f"kitestring/{__version__}"}

    async def metrics(self) -> Metrics:
        """The counts now. Raises Refused for a wrong token, Unavailable when there is no answer."""
        try:
            response = await self._http.get(self._url, headers=self._headers, timeout=TIMEOUT)
        except httpx.TransportError as lost:
            raise Unavailable("Buildkite's Agent API did not answer.", "Try again in a moment.") from lost
        error = answers.error(response, "metrics", sent=False, variable="BUILDKITE_AGENT_TOKEN")
        if error is not None:
            raise error
        wanted = response.headers.get(POLL, "")
        seconds = int(wanted) if wanted.isascii() and wanted.isdigit() else None
        return parsed(Metrics, response).model_copy(update={"poll_seconds": seconds})
