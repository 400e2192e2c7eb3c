"""Buildkite's REST API as one object. https://buildkite.com/docs/apis/rest-api"""

from __future__ import annotations

import random
from collections.abc import Callable
from types import TracebackType

import httpx

from bot import __version__
from bot.buildkite.agents import AgentCalls
from bot.buildkite.budget import Budget
from bot.buildkite.builds import BuildCalls
from bot.buildkite.jobs import JobCalls
from bot.buildkite.organization import OrganizationCalls
from bot.buildkite.personal import Bearer
from bot.buildkite.request import Requests
from bot.clock import Clock

ENDPOINT = "https://api.buildkite.com"
TIMEOUT = 10.0


class Buildkite(BuildCalls, JobCalls, AgentCalls, OrganizationCalls):
    """All calls, in one of two lanes: people's requests go first, background ones keep a reserve for them.

    Every call raises Refused (401, 403), NotFound (404), Conflict (400, 409, 410, 422) or
    Unavailable (429, 5xx, no answer), each in Buildkite's own words. `jitter()` gives a number in [0, 1).
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        organization: str,
        budget: Budget,
        clock: Clock,
        *,
        urgent: bool = True,
        jitter: Callable[[], float] = random.random,
        bearer: Bearer | None = None,
    ) -> None:
        super().__init__(Requests(http, budget, clock, urgent, jitter, bearer), organization)

    @property
    def budget(self) -> Budget:
        """The budget of the token, shared by both lanes."""
        return self.requests.budget

    def patient(self) -> Buildkite:
        """The same connection and budget in the background lane."""
        mine = self.requests
        return Buildkite(
            mine.http,
            self.organization,
            mine.budget,
            mine.clock,
            urgent=False,
            jitter=mine.jitter,
            bearer=mine.bearer,
        )

    def personal(self, bearer: Bearer, *, patience: float | None = None) -> Buildkite:
        """The same connections with a person's own token and a budget of its own; `patience` in seconds.

        https://buildkite.com/docs/apis/rest-api/limits: 50 requests a minute for each user
        """
        mine = self.requests
        own = Buildkite(
            mine.http, self.organization, Budget(mine.clock), mine.clock, jitter=mine.jitter, bearer=bearer
        )
        own.requests.patience = mine.patience if patience is None else patience
        return own

    async def __aenter__(self) -> Buildkite:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.requests.http.aclose()


def connect(
    token: str,
    organization: str,
    *,
    endpoint: str = ENDPOINT,
    clock: Clock,
    transport: httpx.AsyncBaseTransport | None = None,
    jitter: Callable[[], float] = random.random,
    timeout: float = TIMEOUT,
) -> Buildkite:
    """A client for `async with`, with connections of its own; `endpoint` is the base without `/v2`.

    `timeout`: seconds for each of connecting, sending and reading.
    """
    http = httpx.AsyncClient(
        base_url=f"{endpoint.rstrip('/')}/v2/",
        headers={
            "Authorization": f"Bearer {token}",
            "User-Agent": f"kitestring/{__version__}",
            "Accept": "application/json",
        },
        timeout=timeout,
        transport=transport,
    )
    return Buildkite(http, organization, Budget(clock), clock, jitter=jitter)
