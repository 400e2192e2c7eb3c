"""Buildkite's REST API as one object. https://buildkite.com/docs/apis/rest-api"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from copy import copy
from types import TracebackType

import httpx

from bot import __version__
from bot.buildkite.endpoints.agents import AgentCalls
from bot.buildkite.endpoints.annotations import AnnotationCalls
from bot.buildkite.endpoints.artifacts import ArtifactCalls
from bot.buildkite.endpoints.builds import BuildCalls
from bot.buildkite.endpoints.clusters import ClusterCalls
from bot.buildkite.endpoints.graphql import GraphqlCalls
from bot.buildkite.endpoints.jobs import JobCalls
from bot.buildkite.endpoints.organization import EmojiCalls, OrganizationCalls, RuleCalls, TeamCalls, TemplateCalls
from bot.buildkite.endpoints.pipelines import PipelineCalls
from bot.buildkite.endpoints.raw import DocumentCalls
from bot.buildkite.endpoints.services import ServiceCalls
from bot.buildkite.personal_token import Bearer
from bot.buildkite.request_budget import Budget
from bot.buildkite.transport import BACKGROUND_WAITS, PERSON_WAITS, Requests
from bot.errors import Ambiguous, NotFound, UsageError
from bot.runtime.clock import Clock, SystemClock

ENDPOINT = "https://api.buildkite.com"
TIMEOUT = 10.0


class Buildkite(
    BuildCalls,
    JobCalls,
    ArtifactCalls,
    AnnotationCalls,
    GraphqlCalls,
    AgentCalls,
    ClusterCalls,
    OrganizationCalls,
    TeamCalls,
    TemplateCalls,
    RuleCalls,
    EmojiCalls,
    PipelineCalls,
    ServiceCalls,
    DocumentCalls,
):
    """All calls, in one of two lanes: people's requests go first, background ones keep a reserve for them.

    Every call raises Refused (401, 403), NotFound (404), Conflict (400, 409, 410, 422) or
    Unavailable (429, 5xx, no answer), each in Buildkite's own words. `jitter()` gives a number in [0, 1).
    """

    def __init__(
        self,
        token: str,
        organization: str | None = None,
        *,
        endpoint: str = ENDPOINT,
        clock: Clock | None = None,
        timeout: float = TIMEOUT,
        patience: float = BACKGROUND_WAITS,
        variable: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """A client for `async with`, with connections of its own; raises UsageError for what can be no token.

        `organization` is a slug; without one it is looked up on entering (scope read_organizations), which raises
        Ambiguous or NotFound when there is not exactly one. `endpoint` is the base without `/v2`. `timeout`:
        seconds for each of connecting, sending and reading; `patience`: seconds that a call may wait for its turn
        and for repeating what failed. `variable` is the environment variable that hints name as the token's place.
        """
        time = clock or SystemClock()
        http = _connections(token, endpoint, timeout, transport)
        requests = Requests(http, Budget(time), time, True, jitter, patience=patience, variable=variable)
        super().__init__(requests, organization or "")

    @property
    def budget(self) -> Budget:
        """The budget of the token, shared by both lanes."""
        return self.requests.budget

    def patient(self) -> Buildkite:
        """The same connection and budget in the background lane."""
        mine = self.requests
        return self._over(mine.budget, urgent=False, patience=BACKGROUND_WAITS, bearer=mine.bearer)

    def personal(self, bearer: Bearer, *, patience: float | None = None) -> Buildkite:
        """The same connections with a person's own token and a budget of its own; `patience` in seconds.

        https://buildkite.com/docs/apis/rest-api/limits: 50 requests a minute for each user
        """
        mine = self.requests
        waits = mine.patience if patience is None else patience
        return self._over(Budget(mine.clock), urgent=True, patience=waits, bearer=bearer)

    def _over(self, budget: Budget, *, urgent: bool, patience: float, bearer: Bearer | None) -> Buildkite:
        """The same connections, asked in another way."""
        mine, other = self.requests, copy(self)
        other.requests = Requests(
            mine.http, budget, mine.clock, urgent, mine.jitter, bearer, patience=patience, variable=mine.variable
        )
        return other

    async def _only_organization(self) -> str:
        """The slug of the one organization that the token sees."""
        seen = [organization async for organization in self.organizations()]
        if not seen:
            raise NotFound("The token sees no organization.", "Add it to one at Buildkite, or use another token.")
        if len(seen) > 1:
            slugs = ", ".join(item.slug for item in seen)
            hint = f'Name one of them: Buildkite(token, "{seen[0].slug}").'
            options = tuple((item.name or item.slug, item.slug) for item in seen)
            raise Ambiguous(f"The token sees {len(seen)} organizations: {slugs}.", "organization", options, hint)
        return seen[0].slug

    async def __aenter__(self) -> Buildkite:
        async with AsyncExitStack() as failed:
            failed.push_async_callback(self.requests.http.aclose)
            self.organization = self.organization or await self._only_organization()
            failed.pop_all()
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
    """The bot's own client: people wait for it, and its hints name the bot's settings."""
    return Buildkite(
        token,
        organization,
        endpoint=endpoint,
        clock=clock,
        timeout=timeout,
        patience=PERSON_WAITS,
        variable="BUILDKITE_API_TOKEN",
        transport=transport,
        jitter=jitter,
    )


def _connections(
    token: str, endpoint: str, timeout: float, transport: httpx.AsyncBaseTransport | None
) -> httpx.AsyncClient:
    if not re.fullmatch(r"[!-~]+", token):
        raise UsageError(
            "That can be no API token: it is empty, or holds spaces, line breaks or letters beyond ASCII.",
            "Copy it again, or make another at https://buildkite.com/user/api-access-tokens.",
        )
    return httpx.AsyncClient(
        base_url=f"{endpoint.rstrip('/')}/v2/",
        headers={
            "Authorization": f"Bearer {token}",
            "User-Agent": f"kitestring/{__version__}",
            "Accept": "application/json",
        },
        timeout=timeout,
        transport=transport,
    )
