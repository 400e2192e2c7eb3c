"""The Agent API asked no more often than it wants to be asked."""

from __future__ import annotations

import asyncio

import httpx

from bot.buildkite.agent_api import ENDPOINT, AgentApi, Metrics
from bot.clock import Clock

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
